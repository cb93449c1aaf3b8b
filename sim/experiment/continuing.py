"""Replications that leave a state at an instant, and replications that go on from one.

In: Plan and Legend, a State, the name of an engine. Out: Trace and State. The compiled engine
keeps its tables and takes them up again. The reference engine, whose processes cannot be
written down, goes through the past again: the same draws give the same past.
"""

from sim.draws.replication import draw
from sim.engine.run import run_drawn
from sim.errors import ResultsError
from sim.plan import Legend, Plan, Trace
from sim.state import State, go_on_drawn, keep, over_before

COMPILED = "compiled"


def leave(
    engine: str, plan: Plan, legend: Legend, seed: int, replication: int, *, at_s: int
) -> tuple[Trace, State]:
    """Return what happens in a replication, and its state at an instant.

    Parameters
    ----------
    engine
        `simpy` or `compiled`.
    plan, legend, seed, replication
        Of the run.
    at_s
        Second of the run, from 1.

    Raises
    ------
    ResultsError
        If the run is over before.
    """
    if engine == COMPILED:
        from sim.kernel.state import run_saving  # noqa: PLC0415 - numba may be missing

        return run_saving(plan, legend, seed, replication, at_s)
    draws = draw(plan, seed, replication)
    trace = run_drawn(plan, draws, seed, replication)
    if trace.ended_s < at_s:
        raise ResultsError(over_before(replication, trace.ended_s))
    return trace, keep(plan, legend, draws, at_s, {})


def go_on(engine: str, state: State, plan: Plan, seed: int, replication: int) -> Trace:
    """Return what happens in a replication that goes on from a state, its past included.

    Parameters
    ----------
    engine
        `simpy` or `compiled`.
    state
        Of the same seed and replication.
    plan, seed, replication
        Of the run that goes on.
    """
    draws = go_on_drawn(state, plan, seed, replication)
    if engine != COMPILED:
        return run_drawn(plan, draws, seed, replication)
    from sim.kernel.run import run_drawn as run_compiled  # noqa: PLC0415 - numba may be missing
    from sim.kernel.state import run_from  # noqa: PLC0415

    if not state.tables:
        return run_compiled(plan, draws, seed, replication)
    return run_from(state, plan, draws, seed, replication)
