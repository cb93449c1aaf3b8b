"""The compiled engine: the same rules and the same Trace as the reference engine.

In: a Plan, and the draws of a replication. Out: a Trace, bit for bit that of
`sim.engine`, two orders faster; or the reductions of a run without its trace.
The one room that needs numba.
"""
