"""A run of the kernel left at an instant, and taken up again by a run of the same stations.

Between two instants nothing is under way inside the loop, so the tables are the state. What
is known beforehand is taken from the plan and draws of the run that goes on: arrivals,
closures, departures and dated states may be others from that instant on. Two kinds of number
move: travellers after the last consignment, when there are more of them; and closures, when
some were added.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import SERVICE, stream
from sim.draws.replication import draw
from sim.errors import ResultsError
from sim.kernel import layout as k
from sim.kernel.books import CAUSES, keys_in
from sim.kernel.core import Growing
from sim.kernel.drive import LEDGER_SIZE, Ended, begin, close, consignments, go_on
from sim.kernel.heap import heap_of
from sim.kernel.run import trace_of
from sim.kernel.tables import Tables
from sim.plan import NEVER, Draws, Legend, Plan, Trace
from sim.state import State, closure_map, keep, over_before

Ints = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]

FROM_THE_PLAN = frozenset({
    "station_key", "row_law", "row_mean_fp", "service_key", "service_pool", "departure_s",
    "state", "leg", "element", "flow", "route_step", "step_station", "step_ordinal", "closure",
    "closure_target", "gap_key", "length_key", "law_table", "law_middle", "entry", "entry_s",
    "change", "wagon", "place_pool", "empty_s", "loop_caller",
})  # fmt: skip
"""Tables that do not change in a run."""

BETWEEN = frozenset({
    "ready", "is_ready", "used", "locks", "queue_max", "days", "recent", "gone", "pool_joined",
})  # fmt: skip
"""Tables that hold nothing between two instants, or only what is to be fetched ahead."""

TRAVELLERS = {"trav": (k.T_NEXT, k.T_PREV), "hand": (k.H_FIRST,)}
"""Columns that name a traveller; so do the queues, and some events."""

CLOSURES = {
    "station": k.S_CLOSURE, "breakdown": k.D_CLOSURE, "hand": k.H_CLOSURE,
    "spell": k.SPELL_CLOSURE, "force": k.FORCE_CLOSURE, "outage": 0,
}  # fmt: skip
"""Columns that name a closure; so do the keys of the ledger."""

COUNTED = {
    "vehicle": k.K_VEHICLES, "vehicle_key": k.K_VEHICLES, "vessel": k.K_VESSELS,
    "spell": k.K_SPELLS, "visits": k.K_VISITS, "stays": k.K_STAYS, "outage": k.K_OUTAGES,
}  # fmt: skip
"""Growing tables of which only so many rows are in use."""


def run_saving(
    plan: Plan, legend: Legend, seed: int, replication: int, at_s: int
) -> tuple[Trace, State]:
    """Return what happens in one replication, and its state at an instant.

    Parameters
    ----------
    plan, legend, seed, replication
        As for `run.run`.
    at_s
        Second of the run, from 1.

    Raises
    ------
    ResultsError
        If the run is over before.
    """
    draws = draw(plan, seed, replication)
    left, tables = leave(plan, draws, at_s, seed, replication)
    trace = trace_of(plan, draws, finish(left, plan, seed, replication))
    return trace, keep(plan, legend, draws, at_s, tables)


def leave(
    plan: Plan, draws: Draws, at_s: int, seed: int, replication: int
) -> tuple[Ended, Arrays]:
    """Return a run at an instant, and what is to be kept of it."""
    size = LEDGER_SIZE
    while True:
        begun = begin(plan, draws, ledger_size=size)
        left = go_on(begun, plan, stream(seed, replication, SERVICE), at_s)
        if not left.tables.run[k.K_WANTING]:
            break
        size = 4 * len(left.growing.ledger)
    if left.tables.run[k.K_NOW] < at_s:
        raise ResultsError(over_before(replication, int(left.tables.run[k.K_NOW])))
    return left, _snapshot(left, int(np.searchsorted(draws.consignment_created_s, at_s)))


def finish(left: Ended, plan: Plan, seed: int, replication: int) -> Ended:
    """Return what a run leaves behind that goes on from an instant to its end."""
    ended = close(go_on(left, plan, stream(seed, replication, SERVICE), plan.horizon_s))
    if ended.tables.run[k.K_WANTING]:
        raise ResultsError("--from-state: one instant brought more bookings than expected")
    return ended


def run_from(state: State, plan: Plan, draws: Draws, seed: int, replication: int) -> Trace:
    """Return the trace of a run that goes on from a state, its past included.

    Parameters
    ----------
    state
        With the tables of this engine.
    plan, draws
        Of the run that goes on; the draws of `go_on_drawn`.
    """
    left = restored(state, plan, draws)
    return trace_of(plan, draws, finish(left, plan, seed, replication))


# --- out


def _snapshot(left: Ended, past: int) -> dict[str, NDArray[Any]]:
    """Return what is kept: travellers stand after the consignments created by then."""
    tables, growing = left
    run, created = tables.run, len(consignments(*left))
    found: dict[str, NDArray[Any]] = {}
    for name, table in tables._asdict().items():
        if name not in FROM_THE_PLAN and name not in BETWEEN:
            found[name] = table.copy()
    for name, table in growing._asdict().items():
        found[name] = table[: run[COUNTED[name]]].copy() if name in COUNTED else table.copy()
    found["events"] = growing.events[: growing.events[0] + 1].copy()
    found["ledger"] = _listed(found["ledger"], found.pop("booked_s"))
    others = slice(created, created + len(tables.pool) + int(run[k.K_VEHICLES]))
    found["trav"] = np.concatenate((growing.trav[:past], growing.trav[others]))
    _move_travellers(found, created, past - created)
    return found


# --- in


def restored(state: State, plan: Plan, draws: Draws) -> Ended:
    """Return the tables of a run that goes on from a state."""
    fresh = begin(plan, draws)
    saved = {name: table.copy() for name, table in state.tables.items()}
    _bring_up_to_date(saved, fresh.tables)
    past = int(np.searchsorted(draws.consignment_created_s, state.at_s))
    created = len(consignments(*fresh))
    _move_travellers(saved, past, created - past)
    _name_closures(saved, closure_map(state, plan))
    has_entered = draws.consignment_entered_s[:past] < state.at_s
    is_measured = fresh.growing.trav[:past, k.T_SHARE] != NEVER
    if (is_measured != (saved["trav"][:past, k.T_SHARE] != NEVER)).any():
        _forget_books(saved, fresh)
    saved["ledger"], saved["booked_s"] = _unlisted(saved["ledger"], state, plan)
    saved["run"][k.K_KEYS] = np.count_nonzero(saved["ledger"][:, 0])
    tables = _tables(state, saved, fresh.tables)
    tables.run[k.K_ENTERED] = np.count_nonzero(draws.consignment_entered_s < state.at_s)
    tables.run[k.K_PROVIDED] = created
    tables.run[[k.K_GONE, k.K_ARRIVED]] = 0, NEVER
    tables.run[k.K_CHANGED] = np.searchsorted(tables.change[:, 0], state.at_s)
    growing = _growing(saved, fresh, past, has_entered)
    events = _events(saved["events"], state, fresh.tables, tables)
    return Ended(tables, growing._replace(events=events))


def _bring_up_to_date(saved: dict[str, NDArray[Any]], fresh: Tables) -> None:
    """Let a state of an earlier version have the tables of this one."""
    for name in ("station", "pool"):
        # It lacks columns that say what the plan says, or nothing yet.
        known, table = saved[name], getattr(fresh, name)
        saved[name] = np.concatenate((known, table[:, known.shape[1] :]), axis=1)
    if "cause_s" in saved:
        # Of a traveller it has two tables, and a third of consignments.
        cons, rows = saved.pop("consignment"), (saved.pop("trav"), saved.pop("cause_s"))
        trav = np.full((len(rows[0]), k.TRAVELLER_COLUMNS), NEVER, dtype=np.int32)
        trav[:, : k.T_SECONDS], trav[:, k.T_SECONDS : k.T_SECONDS + CAUSES] = rows
        trav[: len(cons), k.N_FLOW : k.N_FLOW + cons.shape[1]] = cons
        saved["trav"] = trav


def _tables(state: State, saved: dict[str, NDArray[Any]], fresh: Tables) -> Tables:
    """Return tables: what changes in a run from the state, the rest from the plan."""
    kept = {
        name: saved[name]
        for name in fresh._fields
        if name not in FROM_THE_PLAN and name not in BETWEEN
    }
    service = saved["service"]
    pointers = [k.B_DEPARTURE, k.B_DEPARTURE_END, k.B_STATE_END]
    service[:, pointers] = fresh.service[:, pointers]
    service[:, k.B_STATE] += fresh.service[:, k.B_STATE] - state.plan["state_first"][:-1]
    days = np.zeros_like(fresh.pool_days)
    shared = min(days.shape[1], saved["pool_days"].shape[1])
    days[:, :shared] = saved["pool_days"][:, :shared]
    return fresh._replace(**{**kept, "pool_days": days})


def _growing(
    saved: dict[str, NDArray[Any]], fresh: Ended, past: int, has_entered: NDArray[np.bool_]
) -> Growing:
    """Return the growing tables, with room after the rows in use."""
    trav = np.concatenate((consignments(*fresh), saved["trav"][past:].astype(np.int32)))
    trav[:past, : k.T_SECONDS + CAUSES] = saved["trav"][:past, : k.T_SECONDS + CAUSES]
    entered = np.flatnonzero(has_entered)
    for column in (k.N_STEP, k.N_YARD, k.N_FINISHED, k.N_STATUS):
        trav[entered, column] = saved["trav"][entered, column]
    # A state of an earlier version has wider rows.
    kept = {
        name: saved[name].astype(table.dtype) for name, table in fresh.growing._asdict().items()
    }
    return fresh.growing._replace(**{**kept, "trav": trav})


def _forget_books(saved: dict[str, NDArray[Any]], fresh: Ended) -> None:
    """Let nothing that was created before count: the window begins later."""
    saved["trav"][:, k.T_SHARE] = NEVER
    saved["share"] = fresh.growing.share
    saved["ledger"] = saved["ledger"][:0]
    saved["run"][k.K_FREE_SHARES] = fresh.tables.run[k.K_FREE_SHARES]


def _move_travellers(found: dict[str, NDArray[Any]], after: int, by: int) -> None:
    """Let every name of a traveller after so many consignments move."""
    for name, columns in TRAVELLERS.items():
        for column in columns:
            at = found[name][:, column]
            at[at >= after] += by
    for name in ("queue_first", "queue_last"):
        found[name][found[name] >= after] += by
    events = found["events"][1:]
    mine = (events >> k.KIND_BIT & k.KINDS == k.TRAVELLER) & (events & k.INDEX_MASK >= after)
    events[mine] += by


def _name_closures(saved: dict[str, NDArray[Any]], renamed: Ints) -> None:
    """Let closures have the index that they have in the plan that goes on."""
    known = np.append(renamed, NEVER)
    for name, column in CLOSURES.items():
        saved[name][:, column] = known[saved[name][:, column]]


def _listed(ledger: Ints, booked_s: Ints) -> Ints:
    """Return `(M, 2)` key, with the flow in it, + 1 and seconds of what has been booked."""
    rows = ledger[ledger[:, 0] != 0]
    at, flow = np.nonzero(booked_s[rows[:, 1]])
    key = (rows[at, 0] - 1) * booked_s.shape[1] + flow
    return np.stack((key + 1, booked_s[rows[at, 1], flow]), axis=1)


def _unlisted(listed: Ints, state: State, plan: Plan) -> tuple[Ints, Ints]:
    """Return the two tables of the ledger for a plan that may know more closures.

    Parameters
    ----------
    listed
        Of `_listed`. In a state of an earlier version there are rows of zeros between.
    """
    renamed, flows = closure_map(state, plan), len(plan.flow_class)
    before, after = len(renamed) + 1, len(plan.closure_key) + 1
    listed = listed[listed[:, 0] != 0]
    rest, flow = np.divmod(listed[:, 0] - 1, max(flows, 1))
    rest, closure = np.divmod(rest, before)
    key = rest * after + np.append(NEVER, renamed)[closure] + 1
    keys, row = np.unique(key, return_inverse=True)
    size = max(LEDGER_SIZE, 1 << (4 * len(keys)).bit_length())
    booked_s = np.zeros((size, flows), dtype=np.int64)
    booked_s[row, flow] = listed[:, 1]
    with np.errstate(over="ignore"):
        return keys_in(np.stack((keys + 1, np.arange(len(keys))), axis=1), size), booked_s


def _events(events: Ints, state: State, fresh: Tables, tables: Tables) -> Ints:
    """Return the calendar with the departures and dated states of the plan that goes on."""
    kept = events[1:][events[1:] >> k.KIND_BIT & k.KINDS != k.TIMETABLE].tolist()
    known = {*state.plan["state_from_s"].tolist()}
    service = tables.service
    for v, row in enumerate(service):
        first, end = int(fresh.service[v, k.B_DEPARTURE]), int(row[k.B_DEPARTURE_END])
        at = first + int(np.searchsorted(fresh.departure_s[first:end], state.at_s))
        row[k.B_DEPARTURE] = at
        if row[k.B_TIMETABLE] and at < end:
            kept.append(int(fresh.departure_s[at]) << 32 | k.TIMETABLE << k.KIND_BIT | v)
        pools = fresh.service_pool[row[k.B_POOL] : row[k.B_POOL_END]]
        ranks = fresh.pool[pools, k.P_STATION].tolist()
        if row[k.B_FLEET] != NEVER:
            ranks.append(int(fresh.fleet[row[k.B_FLEET], k.F_STATION]))
        from_s = fresh.state[row[k.B_STATE] : row[k.B_STATE_END], k.X_FROM].tolist()
        kept += [
            at_s << 32 | k.MARK << k.KIND_BIT | rank
            for at_s in from_s
            for rank in ranks
            if at_s >= state.at_s and at_s not in known
        ]
    kept.sort()
    return heap_of(kept, 1)
