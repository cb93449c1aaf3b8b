"""What must hold in every run: nothing is lost, nothing is in two places, every second is booked.

In: Scope. Out: the table `conservation`, or a ResultsError that names the instant.
"""

import numpy as np
import pandas as pd

from sim.errors import ResultsError
from sim.measures.scope import Integers, Scope, sum_by_group
from sim.plan import LOAD_CLASSES, NEVER, Cause, Status


def conservation(run: Scope) -> pd.DataFrame:
    """Return created, delivered, refused and inside by load class, checked at every event.

    Raises
    ------
    ResultsError
        If at some instant more of a class had left than had come, if a state contradicts
        its instants, if a consignment was in two places, or if a vehicle's load is not the
        sum of what boarded it; the message names the instant.
    """
    _check_states(run)
    _check_places(run)
    _check_loads(run)
    classes = run.plan.flow_class[run.trace.consignment_flow]
    rows = []
    for index, name in enumerate(LOAD_CLASSES):
        chosen = np.flatnonzero((classes == index) & run.is_in_run)
        if chosen.size:
            rows.append((name, _own_unit(run, index), *_balance(run, chosen, name)))
    columns = ["load_class", "unit", "created", "delivered", "refused", "inside", "instants"]
    return pd.DataFrame(rows, columns=columns)


def check_ledger(run: Scope) -> None:
    """Check that causes add up to transit times, and the ledger to the cohort's causes.

    Raises
    ------
    ResultsError
        If they differ by a second anywhere; the message names the first consignment or the
        cause and flow.
    """
    trace = run.trace
    booked = trace.consignment_cause_s.sum(axis=1, dtype=np.int64)
    wrong = np.flatnonzero((booked != run.transit_s) & run.is_in_run)
    if wrong.size:
        raise ResultsError(
            f"ledger: {_named(run, wrong[0])}: causes add up to {booked[wrong[0]]} s, its time "
            f"in the run is {run.transit_s[wrong[0]]} s ({wrong.size} consignments in all)"
        )
    is_created = (
        run.is_in_run
        & (trace.consignment_created_s >= run.start_s)
        & (trace.consignment_created_s < run.end_s)
    )
    flows, causes = len(run.legend.flow_id), len(Cause)
    of_cohort = np.zeros((flows, causes))
    for cause in range(causes):
        of_cohort[:, cause] = np.bincount(
            trace.consignment_flow[is_created],
            weights=trace.consignment_cause_s[is_created, cause],
            minlength=flows,
        )
    key = trace.ledger_flow.astype(np.int64) * causes + trace.ledger_cause
    of_ledger = np.bincount(key, weights=trace.ledger_s, minlength=flows * causes)
    differs = np.argwhere(of_ledger.reshape(flows, causes) != of_cohort)
    if differs.size:
        flow, cause = differs[0]
        raise ResultsError(
            f"ledger: flow {run.legend.flow_id[flow]}, cause {Cause(cause).name.lower()}: places "
            f"add up to {of_ledger.reshape(flows, causes)[flow, cause]:.0f} s, consignments to "
            f"{of_cohort[flow, cause]:.0f} s"
        )


def _check_states(run: Scope) -> None:
    """Raise if a consignment is finished without an end, ended without a fate, or backwards."""
    trace = run.trace
    is_open = trace.consignment_finished_s == NEVER
    wrong = run.is_in_run & (
        (is_open != (trace.consignment_status == Status.INSIDE))
        | (~is_open & (trace.consignment_finished_s < trace.consignment_created_s))
        | (trace.consignment_finished_s > trace.ended_s)
    )
    if wrong.any():
        n = int(np.flatnonzero(wrong)[0])
        status = Status(int(trace.consignment_status[n])).name.lower()
        raise ResultsError(
            f"conservation: {_named(run, n)}, created at second "
            f"{trace.consignment_created_s[n]}: state {status} with its end at second "
            f"{trace.consignment_finished_s[n]}"
        )


def _check_places(run: Scope) -> None:
    """Raise if a consignment began a stay before the one before it, or its vehicle, let it go."""
    trace = run.trace
    who = trace.stay_consignment
    if not who.size:
        return
    release = trace.stay_end_s.copy()
    is_aboard = trace.stay_vehicle != NEVER
    if trace.vehicle_ended_s.size:
        release[is_aboard] = trace.vehicle_ended_s[trace.stay_vehicle[is_aboard]]
    forever = np.int32(np.iinfo(np.int32).max)
    release[release == NEVER] = forever
    is_next = who[1:] == who[:-1]
    early = np.flatnonzero(is_next & (trace.stay_request_s[1:] < release[:-1])) + 1
    first = np.r_[True, ~is_next]
    unborn = np.flatnonzero(first & (trace.stay_request_s < trace.consignment_created_s[who]))
    wrong = np.r_[early, unborn]
    if wrong.size:
        row = int(wrong[0])
        station = run.legend.station_id[trace.stay_station[row]]
        raise ResultsError(
            f"conservation: at second {trace.stay_request_s[row]} {_named(run, int(who[row]))} "
            f"asks at {station} while it is still elsewhere"
        )


def _check_loads(run: Scope) -> None:
    """Raise if a vehicle carries more or less than what boarded it."""
    trace = run.trace
    boarded = trace.stay_vehicle != NEVER
    lots = run.plan.flow_lot_teu[trace.consignment_flow[trace.stay_consignment[boarded]]]
    aboard = np.bincount(
        trace.stay_vehicle[boarded], weights=lots, minlength=trace.vehicle_load.size
    )
    wrong = np.flatnonzero(aboard != trace.vehicle_load)
    if wrong.size:
        v = int(wrong[0])
        raise ResultsError(
            f"conservation: at second {trace.vehicle_departed_s[v]} vehicle {v} leaves with "
            f"{trace.vehicle_load[v] / 1000:g} TEU, but {aboard[v] / 1000:g} TEU boarded it"
        )


def _balance(run: Scope, chosen: Integers, name: str) -> tuple[float, float, float, float, int]:
    """Return created, delivered, refused, inside and instants of one class in its own unit."""
    trace = run.trace
    lot = run.plan.flow_lot[trace.consignment_flow[chosen]]
    finished_s = trace.consignment_finished_s[chosen].astype(np.int64)
    is_gone = finished_s != NEVER
    # at one instant what comes counts before what goes: it may be the same consignment
    came = trace.consignment_created_s[chosen].astype(np.int64) << 1
    events = np.concatenate((came, (finished_s[is_gone] << 1) | 1))
    order = np.argsort(events, kind="stable")
    inside = np.cumsum(np.concatenate((lot, -lot[is_gone]))[order])
    instants = events[order] >> 1
    short = np.flatnonzero(inside < 0)
    if short.size:
        raise ResultsError(
            f"conservation: at second {instants[short[0]]} {-inside[short[0]] / 1_000:g} more of "
            f"{name} had left than had come"
        )
    by_status = sum_by_group(trace.consignment_status[chosen], lot, len(Status)) / 1_000
    delivered, remains = by_status[Status.DELIVERED], by_status[Status.INSIDE]
    if remains != inside[-1] / 1_000:
        raise ResultsError(
            f"conservation: at second {trace.ended_s} {remains:g} of {name} is marked inside, "
            f"but {inside[-1] / 1_000:g} came and did not leave"
        )
    refused = by_status.sum() - delivered - remains
    count = 1 + int(np.count_nonzero(np.diff(instants)))
    return float(lot.sum() / 1_000), float(delivered), float(refused), float(remains), count


def _own_unit(run: Scope, load_class: int) -> str:
    """Return the unit of the class's flows (`;` between them if they differ)."""
    flows = np.flatnonzero(run.plan.flow_class == load_class)
    return ";".join(sorted({run.legend.flow_unit[f] for f in flows}))


def _named(run: Scope, n: int) -> str:
    """Return a consignment in words: its flow and number."""
    flow = run.legend.flow_id[run.trace.consignment_flow[n]]
    return f"consignment {run.trace.consignment_number[n]} of flow {flow}"
