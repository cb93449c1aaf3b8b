"""The reference engine: SimPy processes on a small layer of one-event stations.

In: a Plan, a seed, a replication. Out: a Trace. It is the specification: where
a rule of `docs/model.md` speaks of what happens at an instant, the sentence
stands here in code. `clock` holds the phases of an instant; `servers`,
`meters`, `pools` and `fleets` are the stations; `travel` is what vehicles and
consignments do; `ledger` books every second; `run` puts them together.
"""
