"""A Trace, counted: `tally(trace, plan, watch)` returns the Tallies that the tables are made of.

In: Trace, Plan, Watch. Out: `Tallies`: the same that the compiled engine counts as it runs
if no trace is asked for.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.measures.availability import Closures, late_services
from sim.measures.scope import WAITING_CAUSES, Flags, Integers
from sim.measures.visits import (
    Ints,
    Visits,
    by_day,
    by_flow,
    by_station,
    longer_waits,
    summed,
    visits,
)
from sim.measures.window import Window, vehicle_leg, window
from sim.plan import LOAD_CLASSES, NEVER, Cause, Kind, Plan, Status, Trace
from sim.tallies import Tallies, Watch, instants_by_class


def tally(trace: Trace, plan: Plan, watch: Watch) -> Tallies:
    """Return what is counted of a run.

    Parameters
    ----------
    trace
        What happened.
    plan
        What it was made from.
    watch
        Of `sim.measures.watch.watch`.
    """
    run = window(trace, plan)
    visited = visits(run)
    none: Ints = np.zeros((0, 0), np.int64)
    flows = by_flow(run, visited) if watch.by_flow else {"flow_begun": none, "flow_wait_s": none}
    return Tallies(
        ended_s=trace.ended_s,
        end_s=run.end_s,
        **_consignments(run),
        **_vehicles(run),
        **by_station(run, visited),
        **_passages(run, watch),
        **by_day(run, visited),
        **flows,
        wait_over=longer_waits(run, visited, watch.wait_over_s),
        held_s=_held(run, visited, watch),
        late_s=late_services(plan, _closures(run), _spans(visited, visited.is_started)),
        batch_s=_batches(run, visited),
        stock=np.stack([_stock(run, at_s) for at_s in (run.start_s, run.end_s)]),
        ledger_place=trace.ledger_place,
        ledger_cause=trace.ledger_cause,
        ledger_closure=trace.ledger_closure,
        ledger_flow=trace.ledger_flow,
        ledger_s=trace.ledger_s,
        closure_index=trace.closure_index,
        closure_start_s=trace.closure_start_s,
        closure_end_s=trace.closure_end_s,
        gridlock=trace.gridlock,
        gridlock_pool=_holding_pools(run),
        misplaced=_misplaced(trace),
        misloaded=_misloaded(run),
    )


def _consignments(run: Window) -> dict[str, Any]:
    """Return the fields about consignments: those created by the run's end."""
    trace, flows = run.trace, run.plan.flow_lot.size
    at = slice(0, int(np.searchsorted(trace.consignment_created_s, trace.ended_s, "right")))
    cause_s, flow = trace.consignment_cause_s[at], trace.consignment_flow[at]
    created_s, finished_s = trace.consignment_created_s[at], trace.consignment_finished_s[at]
    status = trace.consignment_status[at]
    is_created = run.is_within(created_s)
    is_cohort = is_created & (status <= Status.DELIVERED)
    return {
        "consignment_flow": flow.astype(np.int16),
        "consignment_number": trace.consignment_number[at],
        "consignment_route": trace.consignment_route[at],
        "consignment_created_s": created_s,
        "consignment_finished_s": finished_s,
        "consignment_status": status.astype(np.int8),
        "consignment_delay_s": cause_s[:, list(WAITING_CAUSES)].sum(axis=1, dtype=np.int32),
        "consignment_booked_s": cause_s.sum(axis=1, dtype=np.int32),
        "created_cause_s": _by_flow_and_cause(flow[is_created], cause_s[is_created], flows),
        "cohort_cause_s": _by_flow_and_cause(flow[is_cohort], cause_s[is_cohort], flows),
        "class_instants": instants_by_class(
            run.plan.flow_class[flow], created_s, finished_s, len(LOAD_CLASSES)
        ),
    }


def _by_flow_and_cause(flow: Integers, cause_s: Integers, flows: int) -> Ints:
    """Return `(F, causes)` sums of `(N, causes)` seconds."""
    return np.stack([summed(flow, cause_s[:, c], flows) for c in range(len(Cause))], axis=1)


def _vehicles(run: Window) -> dict[str, Any]:
    """Return the fields about vehicles."""
    plan, trace = run.plan, run.trace
    left = run.is_within(trace.vehicle_departed_s)
    leg, legs = vehicle_leg(run), plan.leg_service.size
    ended = run.is_within(trace.vehicle_ended_s) & (leg != NEVER)
    fleet = np.r_[plan.service_fleet[plan.leg_service[plan.pool_leg]], NEVER][trace.vehicle_pool]
    is_mine: Flags = (fleet != NEVER) & (trace.vehicle_departed_s != NEVER)
    since = np.maximum(trace.vehicle_departed_s[is_mine], run.start_s)
    back = np.where(trace.vehicle_ended_s == NEVER, trace.ended_s, trace.vehicle_ended_s)[is_mine]
    away = np.maximum(np.minimum(back, run.end_s) - since, 0)
    return {
        "vehicles_laden": int((left & (trace.vehicle_load != 0)).sum()),
        "vehicles_empty": int((left & (trace.vehicle_load == 0)).sum()),
        "fleet_away_s": summed(fleet[is_mine], away, plan.fleet_service.size),
        "leg_vehicles": np.bincount(leg[ended], minlength=legs),
        "leg_load": summed(leg[ended], trace.vehicle_load[ended], legs),
    }


def _passages(run: Window, watch: Watch) -> dict[str, Any]:
    """Return what passed meters and the lines of the Watch, and what joined pools."""
    trace, plan, size = run.trace, run.plan, run.stations
    through = np.flatnonzero(run.is_within(trace.visit_end_s) & (trace.visit_start_s != NEVER))
    station, vehicle = trace.visit_station[through], trace.visit_vehicle[through]
    is_ended = run.is_within(trace.vehicle_ended_s)
    line_of_vehicle = np.where(is_ended, np.r_[watch.leg_line, NEVER][vehicle_leg(run)], NEVER)
    aboard = np.flatnonzero(trace.stay_vehicle != NEVER)
    order = np.argsort(trace.stay_vehicle[aboard], kind="stable")
    carrier = trace.stay_vehicle[aboard][order]
    flow = trace.consignment_flow[trace.stay_consignment[aboard][order]].astype(np.int64)
    passed = np.zeros((watch.lines, plan.flow_lot.size), np.int64)
    passages: list[tuple[Integers, Integers]] = [
        (watch.station_line[station], vehicle),
        (line_of_vehicle, np.arange(trace.vehicle_pool.size)),
    ]
    for line, by in passages:
        for x in np.unique(line[line != NEVER]):
            # A vehicle that passes twice counts twice, as in the table of links.
            times = np.bincount(by[line == x], minlength=trace.vehicle_pool.size)[carrier]
            passed[x] += summed(flow, times, plan.flow_lot.size)
    is_created = run.is_within(trace.consignment_created_s)
    is_created &= trace.consignment_created_s <= trace.ended_s
    is_pool = plan.station_kind == Kind.POOL
    joined = is_pool[trace.stay_station] & is_created[trace.stay_consignment]
    return {
        "passed": np.bincount(station, minlength=size),
        "passed_load": summed(station, trace.vehicle_load[vehicle], size),
        "pool_joined": np.bincount(trace.stay_station[joined], minlength=size),
        "line_passed": passed,
    }


def _held(run: Window, visited: Visits, watch: Watch) -> Ints:
    """Return `(M, 2)` the waits of vehicles that the Watch notes, inside the window."""
    trace = run.trace
    count = trace.visit_station.size
    leg = vehicle_leg(run)[trace.visit_vehicle]
    bits = watch.station_holds[trace.visit_station] & np.r_[watch.leg_holds, 0][leg]
    since = np.maximum(visited.request_s[:count], run.start_s)[bits != 0].astype(np.int64)
    until = np.minimum(visited.start_s[:count], run.end_s)[bits != 0].astype(np.int64)
    spans = np.stack((since, until), axis=1)[until > since]
    ordered: Ints = spans[np.lexsort((spans[:, 1], spans[:, 0]))]
    return ordered


def _closures(run: Window) -> Closures:
    """Return the closures of the run."""
    trace = run.trace
    index, start_s, end_s = trace.closure_index, trace.closure_start_s, trace.closure_end_s
    return Closures(index, start_s, end_s, run.start_s, run.end_s)


def _spans(visited: Visits, chosen: Flags) -> Ints:
    """Return `(M, 3)` station, start and end of visits."""
    columns = (visited.station, visited.start_s, visited.end_s)
    return np.stack([column[chosen] for column in columns], axis=1).astype(np.int64)


def _batches(run: Window, visited: Visits) -> Ints:
    """Return `(M, 4)` station, start, end and size of what batches served together."""
    is_mine = (run.plan.station_batch_max > 1)[visited.station] & visited.is_started
    together, size = np.unique(_spans(visited, is_mine), axis=0, return_counts=True)
    return np.concatenate((together, size[:, None]), axis=1)


def _stock(run: Window, instant_s: int) -> Ints:
    """Return `(S + 1,)` load inside just before an instant: at stations, and aboard."""
    trace, size = run.trace, run.stations
    place = np.full(trace.consignment_flow.size, size + 1)
    under_way = np.zeros(trace.vehicle_pool.size + 1, bool)
    left = trace.vehicle_departed_s != NEVER
    rows = _standing(trace.vehicle_departed_s, trace.vehicle_ended_s, instant_s)
    under_way[rows[left[rows]]] = True
    aboard = np.flatnonzero(under_way[trace.stay_vehicle])
    at_s = np.full(trace.vehicle_pool.size, size)
    goes_along = run.plan.station_couples[trace.visit_station] != 0
    goes_along &= trace.visit_start_s != NEVER
    gone_s = np.where(goes_along, trace.visit_start_s, trace.visit_end_s)
    rows = _standing(trace.visit_request_s, gone_s, instant_s)
    at_s[trace.visit_vehicle[rows]] = trace.visit_station[rows]
    place[trace.stay_consignment[aboard]] = at_s[trace.stay_vehicle[aboard]]
    rows = _standing(trace.stay_request_s, trace.stay_end_s, instant_s)
    place[trace.stay_consignment[rows]] = trace.stay_station[rows]
    finished = trace.consignment_finished_s
    inside = (trace.consignment_created_s < instant_s) & (
        trace.consignment_created_s <= trace.ended_s
    )
    inside &= (finished == NEVER) | (finished >= instant_s)
    lot = run.plan.flow_lot_teu[trace.consignment_flow[inside]]
    return summed(place[inside], lot, size + 2)[: size + 1]


def _standing(from_s: Integers, to_s: Integers, instant_s: int) -> Integers:
    """Return the rows that had begun before an instant and ended no earlier."""
    return np.flatnonzero((from_s < instant_s) & ((to_s == NEVER) | (to_s >= instant_s)))


def _holding_pools(run: Window) -> NDArray[np.int32]:
    """Return the pool of each holder in a gridlock."""
    _, pool, train, *_ = run.trace.gridlock.reshape(-1, 5).T
    of_train = np.r_[run.trace.vehicle_pool, NEVER][train]
    detail = np.r_[run.plan.station_detail, NEVER][pool]
    holding: NDArray[np.int32] = np.where(train == NEVER, detail, of_train).astype(np.int32)
    return holding


def _misplaced(trace: Trace) -> Ints:
    """Return the first stay begun before the one before it, or its vehicle, had let go."""
    who = trace.stay_consignment
    release = trace.stay_end_s.copy()
    is_aboard = trace.stay_vehicle != NEVER
    if trace.vehicle_ended_s.size:
        release[is_aboard] = trace.vehicle_ended_s[trace.stay_vehicle[is_aboard]]
    release[release == NEVER] = np.iinfo(np.int32).max
    is_next = who[1:] == who[:-1]
    early = np.flatnonzero(is_next & (trace.stay_request_s[1:] < release[:-1])) + 1
    first = np.r_[np.ones(min(who.size, 1), bool), ~is_next]
    unborn = np.flatnonzero(first & (trace.stay_request_s < trace.consignment_created_s[who]))
    rows = np.r_[early, unborn][:1]
    columns = (who, trace.stay_station, trace.stay_request_s)
    return np.stack([column[rows] for column in columns], axis=1).astype(np.int64)


def _misloaded(run: Window) -> Ints:
    """Return the first vehicle that carries more or less than what boarded it."""
    trace = run.trace
    boarded = trace.stay_vehicle != NEVER
    lots = run.plan.flow_lot_teu[trace.consignment_flow[trace.stay_consignment[boarded]]]
    aboard = summed(trace.stay_vehicle[boarded], lots, trace.vehicle_load.size)
    rows = np.flatnonzero(aboard != trace.vehicle_load)[:1]
    columns = (rows, trace.vehicle_departed_s[rows], trace.vehicle_load[rows], aboard[rows])
    return np.stack(columns, axis=1).astype(np.int64)
