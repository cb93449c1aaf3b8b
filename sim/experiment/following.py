"""One consignment followed through a run, by a name that a planner can give it.

In: Plan, Legend, an engine, a name: `flow:number`, or `flow:slowest`. Out: its `Story`.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from network.reader import nearest
from sim.draws.replication import draw
from sim.errors import ResultsError
from sim.measures.story import Story, tell
from sim.plan import NEVER, Draws, Legend, Plan, Trace

SLOWEST = "slowest"
MOST_FLOWS = 20

RunDrawn = Callable[[Plan, Draws, int, int], Trace]
"""An engine: plan, draws, seed, replication (from 0)."""


class _Wanted(NamedTuple):
    flow: int
    number: int
    """Or 0: the slowest."""


def follow(
    plan: Plan, legend: Legend, name: str, *, seed: int, replication: int, run_drawn: RunDrawn
) -> Story:
    """Return the story of one consignment of a replication.

    Parameters
    ----------
    plan, legend
        Of the compiler.
    name
        `flow:number`, numbered as R4 says (1, 2, ... from the window's start, -1, -2, ... back
        from it); `flow:slowest`: of those created in the window, the one longest under way.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0.
    run_drawn
        An engine's function.

    Raises
    ------
    ResultsError
        If there is no such flow or consignment; the nearest are named.
    """
    wanted = _wanted(name, legend)
    draws = draw(plan, seed, replication)
    if not wanted.number:
        found = _slowest(run_drawn(plan, draws, seed, replication), plan, wanted.flow, name)
    else:
        found = _numbered(draws, wanted, legend)
    return followed(plan, draws, found, seed=seed, replication=replication, run_drawn=run_drawn)


def followed(
    plan: Plan, draws: Draws, found: int, *, seed: int, replication: int, run_drawn: RunDrawn
) -> Story:
    """Return the story of one consignment under given draws.

    Parameters
    ----------
    plan, seed, replication, run_drawn
        As for `follow`.
    draws
        Of the replication.
    found
        Index of the consignment in them.

    Raises
    ------
    ResultsError
        If the run ended before it was created.

    Notes
    -----
    The ledger of a run is kept by flow. So the consignment is given a flow of its own, alike in
    everything: nothing else changes, and the ledger's rows of that flow are its seconds.
    """
    flow, own = int(draws.consignment_flow[found]), len(plan.flow_key)
    flows = draws.consignment_flow.copy()
    flows[found] = own
    draws = draws._replace(consignment_flow=flows)
    trace = run_drawn(_alone(plan, flow), draws, seed, replication)
    if found >= len(trace.consignment_flow):
        raise ResultsError(
            f"--follow: the run ended at second {trace.ended_s}, before it was created at second "
            f"{draws.consignment_created_s[found]}"
        )
    columns = (trace.ledger_place, trace.ledger_cause, trace.ledger_closure, trace.ledger_s)
    mine = (column[trace.ledger_flow == own].tolist() for column in columns)
    return tell(trace, plan, found, list(zip(*mine, strict=True)))._replace(flow=flow)


def _alone(plan: Plan, flow: int) -> Plan:
    """Return the plan with one flow more, alike to another, and everything measured."""
    columns: dict[str, Any] = {
        name: np.append(column, column[flow])
        for name, column in plan._asdict().items()
        if name.startswith("flow_")
    }
    return plan._replace(window_start_s=0, window_end_s=plan.horizon_s, **columns)


def _wanted(name: str, legend: Legend) -> _Wanted:
    """Return what a name means."""
    flow, _, which = name.rpartition(":")
    if not flow or not (which == SLOWEST or which.lstrip("-").isdigit()):
        raise ResultsError(
            f"--follow {name}: must be a flow and a number, or a flow and the word {SLOWEST}; "
            f"for example {legend.flow_id[0]}:1 or {legend.flow_id[0]}:{SLOWEST}"
        )
    if flow not in legend.flow_id:
        shown = ", ".join(legend.flow_id[:MOST_FLOWS])
        more = len(legend.flow_id) - MOST_FLOWS
        rest = f" and {more} more" if more > 0 else ""
        raise ResultsError(
            f"--follow {name}: no flow {flow!r} is followed{nearest(flow, legend.flow_id)}; "
            f"flows are {shown}{rest}"
        )
    return _Wanted(legend.flow_id.index(flow), 0 if which == SLOWEST else int(which))


def _numbered(draws: Draws, wanted: _Wanted, legend: Legend) -> int:
    """Return the index of a consignment by its number."""
    mine = np.flatnonzero(draws.consignment_flow == wanted.flow)
    numbers = draws.consignment_number[mine]
    found = mine[numbers == wanted.number]
    if found.size:
        return int(found[0])
    flow = legend.flow_id[wanted.flow]
    if not numbers.size:
        raise ResultsError(f"--follow {flow}:{wanted.number}: the flow sends nothing in this run")
    close = int(numbers[np.argmin(np.abs(numbers - wanted.number))])
    raise ResultsError(
        f"--follow {flow}:{wanted.number}: this run has {flow}:{numbers.min()} to "
        f"{flow}:{numbers.max()}, numbered from the window's start both ways; nearest: "
        f"{flow}:{close}"
    )


def _slowest(trace: Trace, plan: Plan, flow: int, name: str) -> int:
    """Return the consignment of a flow's cohort that is longest under way; of some, the first."""
    created_s = trace.consignment_created_s
    is_cohort = (created_s >= plan.window_start_s) & (created_s < plan.window_end_s)
    mine = np.flatnonzero(is_cohort & (trace.consignment_flow == flow))
    if not mine.size:
        raise ResultsError(f"--follow {name}: the flow sends nothing in the window")
    finished_s = trace.consignment_finished_s[mine]
    until_s = np.where(finished_s == NEVER, trace.ended_s, finished_s)
    return int(mine[np.argmax(until_s - created_s[mine])])
