"""One replication of a plan by the compiled engine (Plan x seed x replication -> Trace)."""

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import SERVICE, stream
from sim.kernel.books import CAUSES
from sim.kernel.core import Growing
from sim.kernel.drawing import drawn
from sim.kernel.drive import Ended, consignments, drive
from sim.kernel.layout import (
    K_LOCKS,
    K_NOW,
    K_OUTAGES,
    K_STAYS,
    K_VEHICLES,
    K_VISITS,
    N_FINISHED,
    N_STATUS,
    T_SECONDS,
)
from sim.kernel.order import sorted_by_first
from sim.kernel.tables import Tables
from sim.plan import Draws, Plan, Trace

Ints = NDArray[np.int64]


def run(plan: Plan, seed: int, replication: int) -> Trace:
    """Return what happens in one replication of a plan.

    Parameters
    ----------
    plan
        Of the compiler.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0; each has random numbers of its own.
    """
    return run_drawn(plan, drawn(plan, seed, replication), seed, replication)


def run_drawn(plan: Plan, draws: Draws, seed: int, replication: int) -> Trace:
    """Return what happens with given arrivals, routes and closures.

    Parameters
    ----------
    plan, seed, replication
        As for `run`.
    draws
        Of `draw`, or made by hand.
    """
    return trace_of(plan, draws, drive(plan, draws, stream(seed, replication, SERVICE)))


def trace_of(plan: Plan, draws: Draws, ended: Ended) -> Trace:
    """Return what happened in the order the Trace states."""
    run, cons = ended.tables.run, consignments(*ended)
    ended_s, vehicles = int(run[K_NOW]), int(run[K_VEHICLES])
    visit = sorted_by_first(ended.growing.visits[: run[K_VISITS]], vehicles)
    stay = sorted_by_first(ended.growing.stays[: run[K_STAYS]], len(cons))
    vehicle = ended.growing.vehicle[:vehicles, :4].astype(np.int32)
    ledger = ledger_rows(plan, ended.growing)
    closure = closure_rows(draws, ended.growing.outage[: ended.tables.run[K_OUTAGES]])
    # A run that stops by count has created no one after that instant.
    created = slice(0, int(np.searchsorted(draws.consignment_created_s, ended_s, "right")))
    return Trace(
        vehicle_pool=_column(vehicle, 0),
        vehicle_departed_s=_column(vehicle, 1),
        vehicle_ended_s=_column(vehicle, 2),
        vehicle_load=_column(vehicle, 3),
        visit_vehicle=_column(visit, 0),
        visit_station=_column(visit, 1),
        visit_request_s=_column(visit, 2),
        visit_start_s=_column(visit, 3),
        visit_end_s=_column(visit, 4),
        consignment_flow=draws.consignment_flow[created].astype(np.int32),
        consignment_number=draws.consignment_number[created].astype(np.int32),
        consignment_route=draws.consignment_route[created].astype(np.int32),
        consignment_created_s=draws.consignment_created_s[created].astype(np.int32),
        consignment_finished_s=cons[created, N_FINISHED].astype(np.int32),
        consignment_status=cons[created, N_STATUS].astype(np.int32),
        consignment_cause_s=cons[created, T_SECONDS : T_SECONDS + CAUSES].copy(),
        stay_consignment=_column(stay, 0),
        stay_station=_column(stay, 1),
        stay_request_s=_column(stay, 2),
        stay_start_s=_column(stay, 3),
        stay_end_s=_column(stay, 4),
        stay_vehicle=_column(stay, 5),
        ledger_place=ledger[0].astype(np.int32),
        ledger_cause=ledger[1].astype(np.int32),
        ledger_closure=ledger[2].astype(np.int32),
        ledger_flow=ledger[3].astype(np.int32),
        ledger_s=ledger[4],
        closure_index=_column(closure, 0),
        closure_start_s=_column(closure, 1),
        closure_end_s=_column(closure, 2),
        ended_s=ended_s,
        gridlock=gridlock_rows(plan, ended.tables),
    )


def closure_rows(draws: Draws, outage: Ints) -> NDArray[np.int32]:
    """Return `(closures, 3)` of index, begin and end, in order of begin and index.

    Parameters
    ----------
    outage
        `(M, 3)` breakdowns that the run has brought, in the same columns.
    """
    known = (draws.closure_index, draws.closure_start_s, draws.closure_end_s)
    every = np.concatenate((np.stack(known, axis=1), outage)).astype(np.int32)
    return every[np.lexsort((every[:, 2], every[:, 0], every[:, 1]))]


def _column(table: NDArray[np.int32], column: int) -> NDArray[np.int32]:
    return np.ascontiguousarray(table[:, column])


def ledger_rows(plan: Plan, growing: Growing) -> tuple[Ints, Ints, Ints, Ints, Ints]:
    """Return place, cause, closure, flow and seconds, sorted by the first four."""
    rows = growing.ledger[growing.ledger[:, 0] != 0]
    rows = rows[np.argsort(rows[:, 0])]
    booked_s = growing.booked_s[rows[:, 1]]
    at, flow = np.nonzero(booked_s)
    key, closure = np.divmod(rows[at, 0] - 1, len(plan.closure_effect) + 1)
    place, cause = np.divmod(key, CAUSES)
    return place - 1, cause, closure - 1, flow, booked_s[at, flow]


def gridlock_rows(plan: Plan, tables: Tables) -> NDArray[np.int32]:
    """Return the cycle of holders as the Trace states it."""
    found = tables.locks[: tables.run[K_LOCKS]].copy()
    found[:, 0] = plan.yard_station[found[:, 0]]
    found[:, 3] = plan.yard_station[found[:, 3]]
    return found.astype(np.int32)
