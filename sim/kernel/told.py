"""Tables for a count, and the Tallies that they make at the end.

In: Plan, Watch, Draws. Out: `counts.Counts` and `counts.Marks`; of a run that has been
counted, `Tallies`.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel import counts as c
from sim.kernel import layout as k
from sim.kernel.books import CAUSES, Seconds
from sim.kernel.core import Growing
from sim.kernel.counting import WORD, count_instants
from sim.kernel.run import closure_rows, gridlock_rows, ledger_rows
from sim.kernel.tables import DAY_S, Tables
from sim.kernel.visited import apart, late_rows
from sim.plan import LOAD_CLASSES, NEVER, Draws, Effect, Kind, Plan
from sim.tallies import Tallies, Watch, bins_up_to

Ints = NDArray[np.int64]


def counts_of(
    plan: Plan,
    watch: Watch,
    end_s: int,
    vehicles: tuple[Ints, Seconds],
) -> c.Counts:
    """Return a count of nothing.

    Parameters
    ----------
    plan, watch
        What is counted.
    end_s
        The window's end, or the second after the run's end.
    vehicles
        Tables `Counts.vehicle` and `ended_s`.
    """
    stations, flows = len(plan.station_kind), len(plan.flow_lot)
    days = -(-(end_s - plan.window_start_s) // DAY_S)
    totals = np.zeros((stations, c.STATION_COUNTS), np.int64)
    totals[:, c.A_LONGEST] = NEVER
    numbers = np.zeros(c.NUMBERS, np.int64)
    numbers[c.I_FREE_MIX] = NEVER
    return c.Counts(
        window=np.array([plan.window_start_s, end_s]),
        numbers=numbers,
        station=totals,
        day=np.zeros((stations, days + 1, c.DAY_COUNTS), np.int64),
        wait=np.zeros((stations, bins_up_to(plan.horizon_s), 2), np.int64),
        flow_wait=np.zeros((*((stations, flows) if watch.by_flow else (0, 0)), 2), np.int64),
        over_s=watch.wait_over_s,
        over=np.zeros((len(watch.wait_over_s), stations), np.int64),
        line=np.zeros((watch.lines, flows), np.int64),
        stock=np.zeros((2, stations + 1), np.int64),
        fleet_away_s=np.zeros(len(plan.fleet_service), np.int64),
        leg=np.zeros((len(plan.leg_service), 2), np.int64),
        cause_s=np.zeros((2, flows, CAUSES), np.int64),
        held_s=np.zeros((0, 2), np.int64),
        late_s=np.zeros((0, 3), np.int64),
        batch_s=np.zeros((0, 3), np.int64),
        shut_at=np.zeros(stations, np.int64),
        mix=np.zeros((0, 3), np.int64),
        vehicle=vehicles[0],
        ended_s=vehicles[1],
        misplaced=np.full((1, 3), NEVER, np.int64),
        misloaded=np.full((1, 4), NEVER, np.int64),
    )


def marks_of(plan: Plan, watch: Watch, closures: Ints, end_s: int) -> c.Marks:
    """Return what is fixed about a count.

    Parameters
    ----------
    plan, watch, end_s
        As for `counts_of`.
    closures
        `(M, 3)` index, begin and end of closures known before the run, and of one without
        end for every row that may break down in it.
    """
    legs = len(plan.leg_service)
    has_line = watch.leg_line != NEVER
    element_leg = np.repeat(np.arange(legs), np.diff(plan.element_first))
    on_line = np.append(watch.station_line, NEVER)[plan.element_station] != NEVER
    has_line[element_leg[on_line]] = True
    shut_first, shut_s = _shut(plan, closures, end_s)
    is_batched = (plan.station_kind == Kind.SERVER) & (plan.station_batch_max > 1)
    return c.Marks(
        station_line=watch.station_line,
        leg_line=watch.leg_line,
        leg_has_line=has_line,
        station_holds=watch.station_holds,
        leg_holds=watch.leg_holds,
        pool_leg=np.asarray(plan.pool_leg, np.int64),
        leg_fleet=np.asarray(plan.service_fleet[plan.leg_service], np.int64),
        is_special=(plan.station_kind == Kind.POOL) | is_batched | (np.diff(shut_first) > 0),
        shut_first=shut_first,
        shut_s=shut_s,
    )


def _shut(plan: Plan, closures: Ints, end_s: int) -> tuple[Ints, Ints]:
    """Return `(S + 1,)` and `(M, 2)` spans of the window in which a row of a server was shut."""
    start_s, stop_s = np.clip(closures[:, 1:], plan.window_start_s, end_s).T
    is_shut = plan.closure_effect[closures[:, 0]] == Effect.SHUT
    row_station = np.repeat(np.arange(len(plan.station_kind)), np.diff(plan.row_first))
    is_server = (plan.station_kind == Kind.SERVER) & (plan.station_batch_max == 1)
    kinds = len(plan.closure_effect)
    closure_of = np.repeat(np.arange(kinds), np.diff(plan.closure_target_first))
    target = row_station[plan.closure_target]
    of_both = (closure_of * len(is_server) + target)[is_server[target]]
    struck, struck_station = np.divmod(np.unique(of_both), len(is_server))
    first_struck = np.searchsorted(struck, np.arange(kinds + 1))
    lasting = np.flatnonzero(is_shut & (stop_s > start_s))
    closure = closures[lasting, 0]
    strikes = first_struck[closure + 1] - first_struck[closure]
    # The stations that each strikes, one closure after the other.
    within = np.arange(strikes.sum()) - np.repeat(np.cumsum(strikes) - strikes, strikes)
    station = struck_station[np.repeat(first_struck[closure], strikes) + within]
    times = np.repeat(np.stack((start_s, stop_s), axis=1)[lasting], strikes, axis=0)
    spans = apart(_sorted(np.concatenate((station[:, None], times), axis=1)))
    first_of = np.searchsorted(spans[:, 0], np.arange(len(plan.station_kind) + 1))
    return first_of, np.ascontiguousarray(spans[:, 1:])


def tallies_of(
    plan: Plan,
    draws: Draws,
    tables: Tables,
    growing: Growing,
    counts: c.Counts,
    records: c.Records,
    known: int,
) -> Tallies:
    """Return what has been counted of a run that is over.

    Parameters
    ----------
    known
        How many consignments have a record.
    """
    ended_s, numbers = int(tables.run[k.K_NOW]), counts.numbers
    created = int(np.searchsorted(records.created_s[:known], ended_s, "right"))
    records = c.Records._make(column[:created] for column in records)
    gridlock = gridlock_rows(plan, tables)
    closures = closure_rows(draws, growing.outage[: tables.run[k.K_OUTAGES]])
    late_s = counts.late_s[: numbers[c.I_LATE]]
    if len(tables.breakdown):
        # It is known only now when what breaks down was shut.
        shut = _shut(plan, closures.astype(np.int64), int(counts.window[1]))
        late_s = late_rows(*shut, late_s)
    ledger = ledger_rows(plan, growing)
    waiting_s, stored_s = _daily(counts)
    days = counts.day[:, :-1]
    totals, wait_count, wait_s = counts.station.T, *np.moveaxis(counts.wait, 2, 0)
    whole, whole_s = totals[c.A_WHOLE], totals[c.A_WHOLE_S]
    batches, size = _alike(counts.batch_s[: numbers[c.I_BATCH]])
    return Tallies(
        ended_s=ended_s,
        end_s=int(counts.window[1]),
        **{f"consignment_{name}": column for name, column in records._asdict().items()},
        created_cause_s=counts.cause_s.sum(axis=0),
        cohort_cause_s=counts.cause_s[1],
        class_instants=_instants(plan, records, ended_s),
        vehicles_laden=int(numbers[c.I_LADEN]),
        vehicles_empty=int(numbers[c.I_EMPTY]),
        fleet_away_s=counts.fleet_away_s,
        leg_vehicles=counts.leg[:, 0],
        leg_load=counts.leg[:, 1],
        visits=totals[c.A_VISITS] + whole,
        load=totals[c.A_LOAD],
        begun=wait_count.sum(axis=1),
        wait_s=wait_s.sum(axis=1),
        wait_max_s=totals[c.A_LONGEST],
        wait_count=wait_count,
        wait_sum_s=wait_s,
        ended=totals[c.A_ENDED] + whole,
        service_s=totals[c.A_SERVICE] + whole_s,
        busy_s=totals[c.A_BUSY] + whole_s,
        entered=totals[c.A_ENTERED] + whole,
        passed=totals[c.A_PASSED],
        passed_load=totals[c.A_PASSED_LOAD],
        pool_joined=totals[c.A_JOINED],
        is_used=totals[c.A_USED] + whole > 0,
        day_ended=days[:, :, c.D_ENDED],
        day_load=days[:, :, c.D_LOAD],
        day_waiting_s=waiting_s,
        day_load_s=stored_s,
        day_queue_max=tables.queue_max,
        flow_begun=counts.flow_wait[:, :, 0],
        flow_wait_s=counts.flow_wait[:, :, 1],
        wait_over=counts.over,
        line_passed=counts.line,
        held_s=_sorted(counts.held_s[: numbers[c.I_HELD]]),
        late_s=_sorted(late_s),
        batch_s=np.concatenate((batches, size[:, None]), axis=1),
        stock=counts.stock,
        ledger_place=ledger[0].astype(np.int32),
        ledger_cause=ledger[1].astype(np.int32),
        ledger_closure=ledger[2].astype(np.int32),
        ledger_flow=ledger[3].astype(np.int32),
        ledger_s=ledger[4],
        closure_index=closures[:, 0].copy(),
        closure_start_s=closures[:, 1].copy(),
        closure_end_s=closures[:, 2].copy(),
        gridlock=gridlock,
        gridlock_pool=_holding_pools(plan, gridlock, growing.vehicle),
        misplaced=counts.misplaced[counts.misplaced[:, 0] != NEVER],
        misloaded=counts.misloaded[counts.misloaded[:, 0] != NEVER],
    )


def _instants(plan: Plan, records: c.Records, ended_s: int) -> Ints:
    """Return what `tallies.instants_by_class` does, with a bit for each instant."""
    present, load_class = np.unique(plan.flow_class, return_inverse=True)
    is_met = np.zeros((len(present), ended_s // WORD + 1), np.uint64)
    met = np.zeros(len(present), np.int64)
    created_s, finished_s = records.created_s, records.finished_s
    count_instants(load_class, records.flow, created_s, finished_s, is_met, met)
    instants = np.zeros(len(LOAD_CLASSES), np.int64)
    instants[present] = met
    return instants


def _holding_pools(plan: Plan, gridlock: NDArray[np.int32], vehicle: k.Rows) -> NDArray[np.int32]:
    """Return the pool of each holder in a gridlock."""
    pools = [
        plan.station_detail[pool] if train == NEVER else vehicle[train, k.V_POOL]
        for _, pool, train, *_ in gridlock.tolist()
    ]
    return np.array(pools, dtype=np.int32)


def _daily(counts: c.Counts) -> tuple[Ints, Ints]:
    """Return `(S, D)` visits waiting and load stored, times seconds."""
    from_s, to_s = counts.window.tolist()
    days = counts.day.shape[1] - 1
    bounds = np.minimum(np.arange(days + 1) * DAY_S, to_s - from_s)
    integrals = []
    for begun, seconds in ((c.D_WAITING, c.D_WAITING_S), (c.D_STORED, c.D_STORED_S)):
        before = np.cumsum(counts.day[:, :days, begun], axis=1) - counts.day[:, :days, begun]
        integrals.append(counts.day[:, :days, seconds] + before * np.diff(bounds))
    return integrals[0], integrals[1]


def _alike(rows: Ints) -> tuple[Ints, Ints]:
    """Return each row once, in order of their columns, and how often it was there."""
    if not len(rows):
        return rows, np.zeros(0, np.int64)
    return np.unique(rows, axis=0, return_counts=True)


def _sorted(rows: Ints) -> Ints:
    """Return rows in order of their columns, the first one first."""
    ordered: Ints = rows[np.lexsort(rows.T[::-1])]
    return ordered
