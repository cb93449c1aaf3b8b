"""What must hold in every run: nothing is lost, nothing is in two places, every second is booked.

In: Scope. Out: the table `conservation`, or a ResultsError that names the instant.
"""

import numpy as np
import pandas as pd

from sim.errors import ResultsError
from sim.measures.scope import Integers, Scope, pieces
from sim.plan import LOAD_CLASSES, NEVER, Cause, Status


def conservation(run: Scope) -> pd.DataFrame:
    """Return created, delivered, refused and inside by load class.

    Nobody leaves before having come: so at no instant have more left than had come.

    Raises
    ------
    ResultsError
        If a consignment left before it came, if a state contradicts its instants, if one was
        in two places, or if a vehicle's load is not the sum of what boarded it; the message
        names the instant.
    """
    _check_states(run)
    _check_places(run)
    _check_loads(run)
    counts = _counts(run)
    there = np.unique(run.plan.flow_class[counts.any(axis=1)]).tolist()
    rows = [
        (LOAD_CLASSES[index], _own_unit(run, index), *_balance(run, counts, index))
        for index in there
    ]
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
    seen = run.seen
    booked = seen.consignment_booked_s
    transit_s = run.transit_s(slice(None))
    wrong = np.flatnonzero(booked != transit_s)
    if wrong.size:
        raise ResultsError(
            f"ledger: {_named(run, wrong[0])}: causes add up to {booked[wrong[0]]} s, its time "
            f"in the run is {transit_s[wrong[0]]} s ({wrong.size} consignments in all)"
        )
    flows, causes = seen.created_cause_s.shape
    of_cohort = seen.created_cause_s
    key = seen.ledger_flow.astype(np.int64) * causes + seen.ledger_cause
    of_ledger = np.bincount(key, weights=seen.ledger_s, minlength=flows * causes)
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
    seen = run.seen
    is_open = seen.consignment_finished_s == NEVER
    wrong = (
        (is_open != (seen.consignment_status == Status.INSIDE))
        | (~is_open & (seen.consignment_finished_s < seen.consignment_created_s))
        | (seen.consignment_finished_s > seen.ended_s)
    )
    if wrong.any():
        n = int(np.flatnonzero(wrong)[0])
        status = Status(int(seen.consignment_status[n])).name.lower()
        raise ResultsError(
            f"conservation: {_named(run, n)}, created at second "
            f"{seen.consignment_created_s[n]}: state {status} with its end at second "
            f"{seen.consignment_finished_s[n]}"
        )


def _check_places(run: Scope) -> None:
    """Raise if a consignment began a stay before the one before it, or its vehicle, let it go."""
    for n, station, second in run.seen.misplaced:
        raise ResultsError(
            f"conservation: at second {second} {_named(run, n)} asks at "
            f"{run.legend.station_id[station]} while it is still elsewhere"
        )


def _check_loads(run: Scope) -> None:
    """Raise if a vehicle carries more or less than what boarded it."""
    for v, second, load, boarded in run.seen.misloaded:
        raise ResultsError(
            f"conservation: at second {second} vehicle {v} leaves with {load / 1000:g} TEU, but "
            f"{boarded / 1000:g} TEU boarded it"
        )


def _counts(run: Scope) -> Integers:
    """Return `(F, statuses)` how many consignments of each flow met which fate."""
    flows, fates = run.plan.flow_lot.size, len(Status)
    counts = np.zeros(flows * fates, np.int64)
    for piece in pieces(run.is_created.size):
        key = run.seen.consignment_flow[piece].astype(np.int64) * fates
        key += run.seen.consignment_status[piece]
        counts += np.bincount(key, minlength=counts.size)
    return counts.reshape(flows, fates)


def _balance(
    run: Scope, counts: Integers, load_class: int
) -> tuple[float, float, float, float, int]:
    """Return created, delivered, refused, inside and instants of one class in its own unit."""
    mine = run.plan.flow_class == load_class
    amount = run.plan.flow_lot[mine] @ counts[mine] / 1_000
    delivered, remains = float(amount[Status.DELIVERED]), float(amount[Status.INSIDE])
    created = float(amount.sum())
    instants = int(run.seen.class_instants[load_class])
    return created, delivered, created - delivered - remains, remains, instants


def _own_unit(run: Scope, load_class: int) -> str:
    """Return the unit of the class's flows (`;` between them if they differ)."""
    flows = np.flatnonzero(run.plan.flow_class == load_class)
    return ";".join(sorted({run.legend.flow_unit[f] for f in flows}))


def _named(run: Scope, n: int) -> str:
    """Return a consignment in words: its flow and number."""
    flow = run.legend.flow_id[run.seen.consignment_flow[n]]
    return f"consignment {run.seen.consignment_number[n]} of flow {flow}"
