"""Which rules acted in a run, by name; so that tests on random plans prove what they cover."""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
from recount import DAY_S, Recount, Seen
from recount_fleets import states_of
from recount_loops import Loops
from recount_pools import form
from recount_stations import started_s

from sim.plan import NEVER, PPM, AtClosing, Cause, Effect, Kind, Status, TrackRule

ACTS = (
    *("several rows", "batch", "queue_max", "priority", "load scales time", "standing factor"),
    *("bucket", "burst", "headway", "slots", "no limit"),
    *("full", "least load", "longest wait", "least gap", "several pools", "timetable"),
    *("held departure",),
    *("boarding by priority", "left behind", "two decks", "dated state"),
    *("berth", "berth given up", "crane", "turnaround", "empty trip"),
    *("growth", "shrinkage", "wagons"),
    *("check not met", "slots of a day", "ban", "shut yard"),
    *("wait for shared wagons", "empty wagons", "locomotive", "full loop"),
    *("weather", "hours", "shut server", "shut meter", "shut pool", "shut row", "overlap"),
    *("rate", "payload", "fleet minus", "shut at 0", "shut to the end"),
    *(
        "suspend",
        "restart",
        "breakdown",
        "single track",
        "storage",
        "embargo",
        "refused storage",
        "gridlock",
    ),
    *("cut by the horizon", "stop by count", "station twice", "late entry", "no route", "tie"),
)


def acts(recount: Recount) -> set[str]:
    """Return the names of the rules that made a difference, or at least came into play."""
    found: set[str] = set()
    for rank, visits in recount.seen.items():
        kind = recount.kind(rank)
        if kind == Kind.SERVER:
            found |= _at_server(recount, rank, visits)
        elif kind == Kind.METER:
            found |= _at_meter(recount, rank, [v.start_s for v in visits if v.start_s != NEVER])
        found |= _in_queue(recount, rank, visits, is_pool=kind == Kind.POOL)
    found |= _in_services(recount) | _in_fleets(recount) | _in_ledger(recount)
    found |= _in_wagons(recount) | _at_depots(recount) | _in_loops(recount)
    return found | _in_run(recount) | _in_closures(recount)


def _at_server(recount: Recount, rank: int, visits: list[Seen]) -> set[str]:
    plan = recount.plan
    rows = recount.closures.rows(rank)
    served = [v for v in visits if v.start_s != NEVER]
    found = set()
    if len(rows) > 1 and served:
        busy = max(
            sum(o.start_s <= v.start_s and not NEVER < o.end_s <= v.start_s for o in served)
            for v in served
        )
        if busy > plan.row_servers[rows[0]]:
            found.add("several rows")
    together = Counter((v.start_s, v.end_s) for v in served)
    if plan.station_batch_max[rank] > 1 and max(together.values(), default=0) > 1:
        found.add("batch")
    if any(v.is_refused for v in visits):
        found.add("queue_max")
    if plan.row_ref_load[rows[0]] and served:
        found.add("load scales time")
    if plan.row_factor_ppm[rows[0]] != PPM and served:
        found.add("standing factor")
    slots, midnight_s = int(plan.row_slots[rows[0]]), int(plan.row_midnight_s[rows[0]])
    days = Counter((v.start_s - midnight_s) // DAY_S for v in served)
    if slots != NEVER and max(days.values(), default=0) >= slots:
        found.add("slots of a day")
    rule = AtClosing(int(plan.row_at_closing[rows[0]]))
    if rule != AtClosing.FINISH and any(
        v.start_s < edge_s < (recount.ended_s if v.end_s == NEVER else v.end_s)
        and recount.closures.at_work(rows[0], Effect.SHUT, edge_s)
        for v in served
        for edge_s in recount.closures.edges(rank)
    ):
        found.add(rule.name.lower())
    if any(
        recount.closures.at_work(rows[0], Effect.SHUT, v.start_s)
        and recount.closures.open_rows(rank, v.start_s)
        for v in served
    ):
        found.add("shut row")
    return found


def _at_meter(recount: Recount, rank: int, entries_s: list[int]) -> set[str]:
    plan = recount.plan
    meter = int(plan.station_detail[rank])
    milli = int(plan.meter_paths_milli[meter])
    if plan.meter_rule[meter] == TrackRule.ALTERNATING:
        return {"single track"} if entries_s else set()
    if not milli:
        return {"no limit"} if entries_s else set()
    entries_s.sort()
    gaps_s = [later_s - first_s for first_s, later_s in pairwise(entries_s)]
    if plan.meter_rule[meter] == TrackRule.SLOTS:
        return {"slots"} if entries_s else set()
    found = {"bucket"} if entries_s else set()
    path_s = 86_400_000 / milli
    if any(gap_s < path_s - 1 for gap_s in gaps_s):
        found.add("burst")
    if any(0 < gap_s == plan.meter_headway_s[meter] for gap_s in gaps_s):
        found.add("headway")
    return found


def _in_queue(recount: Recount, rank: int, visits: list[Seen], *, is_pool: bool) -> set[str]:
    found = set()
    if recount.plan.station_priority[rank]:
        by_request = sorted(visits, key=lambda v: (v.request_s, v.number))
        if any(started_s(b) < started_s(a) for a, b in pairwise(by_request)):
            found.add("boarding by priority" if is_pool else "priority")
    ends = {v.end_s for v in visits} | recount.closures.edges(rank)
    if ends & {v.request_s for v in visits}:
        found.add("tie")
    return found


def _in_services(recount: Recount) -> set[str]:
    plan = recount.plan
    found = set()
    pools: dict[int, set[int]] = defaultdict(set)
    for vehicle, numbers in recount.aboard.items():
        pool, at_s = recount.vehicle_pool[vehicle], recount.departed_s[vehicle]
        rank = int(plan.pool_station[pool])
        service = int(plan.leg_service[plan.pool_leg[pool]])
        states = [(f, s) for f, s in states_of(recount, service) if f <= at_s]
        state = states[-1][1]
        pools[service].add(pool)
        joined_s = [v.request_s for v in recount.seen[rank] if v.number in set(numbers)]
        load = sum(recount.lots[n] * state.unit[recount.classes[n]] for n in numbers)
        found |= {"timetable"} if plan.service_timetable[service] else set()
        if plan.service_hold_s[service] and at_s not in plan.departure_s:
            found.add("held departure")
        found |= {"dated state"} if len(states) > 1 else set()
        if len({state.deck[recount.classes[n]] for n in numbers}) > 1:
            found.add("two decks")
        if recount.closures.payload_ppm(rank, at_s) < PPM:
            found.add("payload")
        if state.max_wait_s != NEVER and min(joined_s) + state.max_wait_s == at_s:
            found.add("longest wait")
        elif NEVER != state.least <= load:
            found.add("least load")
        elif load > state.capacity * 3 // 4:
            found.add("full")
        if any(v.request_s < at_s < started_s(v) for v in recount.seen[rank]):
            found.add("left behind")
    if any(len(group) > 1 for group in pools.values()):
        found.add("several pools")
    return found


def _in_fleets(recount: Recount) -> set[str]:
    plan = recount.plan
    found = set()
    for fleet, service in enumerate(plan.fleet_service.tolist()):
        pools = plan.fleet_pool[fleet].tolist()
        trips = [v for v, pool in enumerate(recount.vehicle_pool) if pool in pools]
        if not trips:
            continue
        found |= {"empty trip"} if any(not recount.aboard.get(v) for v in trips) else set()
        found |= {"berth"} if any(plan.fleet_berth[fleet] != NEVER) else set()
        found |= _at_berths(recount, plan.fleet_berth[fleet].tolist(), trips)
        found |= {"turnaround"} if plan.fleet_turnaround_s[fleet] else set()
        for crane in plan.fleet_handling[fleet].tolist():
            found |= {"crane"} if recount.seen.get(crane) else set()
        first = [v for v, pool in enumerate(recount.vehicle_pool) if pool == NEVER]
        found |= {"growth"} if any(recount.departed_s[v] for v in first) else set()
        sizes = [(f, s.vehicles) for f, s in states_of(recount, service) if recount.has_come(f)]
        if any(after < before for (_, before), (_, after) in pairwise(sizes)):
            found.add("shrinkage")
        rank = int(plan.fleet_station[fleet])
        if any(recount.closures.vehicles_out(rank, t) for t in recount.closures.edges(rank)):
            found.add("fleet minus")
    return found


def _at_berths(recount: Recount, berths: list[int], trips: list[int]) -> set[str]:
    """Return whether a vessel left a berth at an instant in which none of its fleet sailed."""
    sailed_s = {recount.departed_s[v] for v in trips}
    sailed_s |= {recount.visits_of[v][0][1] for v in trips if recount.visits_of.get(v)}
    left_s = {v.end_s for berth in berths for v in recount.seen.get(berth, [])} - {NEVER}
    return {"berth given up"} if left_s - sailed_s else set()


def _at_depots(recount: Recount) -> set[str]:
    waited = any(
        visit.start_s > visit.request_s
        for rank, visits in recount.seen.items()
        if recount.plan.station_couples[rank]
        for visit in visits
    )
    return {"locomotive"} if waited else set()


def _in_loops(recount: Recount) -> set[str]:
    loops = Loops(recount)
    waits = (
        (rank, visit)
        for rank, visits in recount.seen.items()
        if recount.kind(rank) == Kind.METER
        for visit in visits
    )
    is_full = any(not loops.has_room(rank, visit, visit.request_s) for rank, visit in waits)
    return {"full loop"} if is_full else set()


def _in_wagons(recount: Recount) -> set[str]:
    plan, formed = recount.plan, form(recount)
    waited = any(
        leaving.passed.at_hand_s > leaving.passed.filled_s
        for rank, group in formed.left.items()
        if plan.pool_wagons[plan.station_detail[rank]] != NEVER
        for leaving in group
    )
    found = {"wait for shared wagons"} if waited else set()
    return found | ({"empty wagons"} if formed.fetched else set())


def _in_ledger(recount: Recount) -> set[str]:
    trace = recount.trace
    found = set()
    names = {Kind.SERVER: "shut server", Kind.METER: "shut meter", Kind.POOL: "shut pool"}
    names[Kind.YARD] = "shut yard"
    for place, cause in zip(trace.ledger_place.tolist(), trace.ledger_cause.tolist(), strict=True):
        if cause in (Cause.WEATHER, Cause.CLOSED) and place != NEVER:
            found.add("weather" if cause == Cause.WEATHER else "hours")
            found.add(names[recount.kind(place)])
        found |= {"storage"} if cause == Cause.STORAGE else set()
        found |= {"wagons"} if cause == Cause.WAGONS else set()
        if cause == Cause.DEPARTURE:
            service = recount.plan.leg_service[
                recount.plan.pool_leg[recount.plan.station_detail[place]]
            ]
            found |= {"least gap"} if recount.plan.service_headway_s[service] else set()
    return found


def _in_run(recount: Recount) -> set[str]:
    trace, plan = recount.trace, recount.plan
    found = set()
    if recount.is_cut_by_horizon and np.any(trace.consignment_status == Status.INSIDE):
        found.add("cut by the horizon")
    if not recount.is_cut_by_horizon:
        found.add("gridlock" if len(trace.gridlock) else "stop by count")
    if np.any(trace.consignment_status == Status.REFUSED_STORAGE):
        found.add("refused storage")
    for rank in recount.ranks(Kind.YARD):
        embargo_s = int(plan.yard_embargo_s[plan.station_detail[rank]])
        if any(
            min(started_s(v), recount.ended_s) - v.request_s > embargo_s
            for v in recount.seen.get(rank, [])
        ):
            found.add("embargo")
    if np.any(trace.consignment_status == Status.REFUSED_NO_ROUTE):
        found.add("no route")
    if np.any(trace.consignment_status == Status.REFUSED_BAN):
        found.add("ban")
    found |= _unmet(recount)
    if np.any(recount.draws.consignment_entered_s > recount.draws.consignment_created_s):
        found.add("late entry")
    if any(len({s[0] for s in stays}) < len(stays) for stays in recount.stays_of.values()):
        found.add("station twice")
    return found


def _unmet(recount: Recount) -> set[str]:
    """Return whether someone passed a station that serves a share of all."""
    plan, trace = recount.plan, recount.trace
    for number, route in enumerate(trace.consignment_route.tolist()):
        if route != NEVER and trace.consignment_status[number] == Status.DELIVERED:
            steps = plan.step_station[plan.step_first[route] : plan.step_first[route + 1]].tolist()
            if not all(recount.met(steps, int(recount.draws.consignment_key[number]))):
                return {"check not met"}
    return set()


def _in_closures(recount: Recount) -> set[str]:
    found = set()
    if np.isin(recount.trace.closure_index, recount.plan.busy_closure).any():
        found.add("breakdown")
    for rank in recount.seen:
        for row in recount.closures.rows(rank):
            edges = sorted(recount.closures.edges(rank))
            shut = [recount.closures.at_work(row, Effect.SHUT, at_s) for at_s in edges]
            found |= {"overlap"} if any(len(forces) > 1 for forces in shut) else set()
            found |= {"shut at 0"} if any(f.start_s == 0 for fs in shut for f in fs) else set()
            last = recount.plan.horizon_s
            found |= (
                {"shut to the end"} if any(f.end_s > last for fs in shut for f in fs) else set()
            )
        visits = recount.seen[rank]
        row = recount.closures.rows(rank)[0]
        if any(
            recount.closures.at_work(row, Effect.RATE, v.start_s)
            for v in visits
            if v.start_s != NEVER
        ):
            found.add("rate")
    return found
