"""Vessels and departures counted again: who lay where, how full, how far apart (R10, R12).

Each check takes a Recount and returns faults; an empty list is what a sound run gives.
"""

from bisect import bisect_right
from collections import defaultdict
from itertools import pairwise
from typing import NamedTuple

from recount import Recount, Seen, slowed_s

from sim.plan import NEVER, PPM


class State(NamedTuple):
    """A service between two dates."""

    capacity: int
    unit: list[int]
    deck: list[int]
    least: int
    max_wait_s: int
    vehicles: int
    wagons: int


def states_of(recount: Recount, service: int) -> list[tuple[int, State]]:
    """Return the dated states of a service and the second each begins."""
    plan = recount.plan
    return [
        (
            int(plan.state_from_s[t]),
            State(
                int(plan.state_capacity[t]),
                plan.state_unit[t].tolist(),
                plan.state_deck[t].tolist(),
                int(plan.state_min[t]),
                int(plan.state_max_wait_s[t]),
                int(plan.state_vehicles[t]),
                int(plan.state_wagons[t]),
            ),
        )
        for t in range(int(plan.state_first[service]), int(plan.state_first[service + 1]))
    ]


def has_constant_size(recount: Recount, fleet: int) -> bool:
    """Return whether a fleet neither grows nor shrinks, so that all its vessels are seen."""
    service = int(recount.plan.fleet_service[fleet])
    sizes = {state.vehicles for _, state in states_of(recount, service)}
    return len(sizes) == 1 and not recount.closures.edges(int(recount.plan.fleet_station[fleet]))


def vessels(recount: Recount, fleet: int, end: int) -> tuple[dict[int, int], dict[int, int]]:
    """Return how many vessels become ready at an end, and leave it empty, by instant."""
    coming: dict[int, int] = defaultdict(int)
    taken: dict[int, int] = defaultdict(int)
    if fleet == NEVER:
        return coming, taken
    plan, trace = recount.plan, recount.trace
    own, other = (int(plan.fleet_pool[fleet][e]) for e in (end, 1 - end))
    pool_of = recount.vehicle_pool
    for vehicle, pool in enumerate(pool_of):
        if pool == own and not recount.aboard.get(vehicle):
            taken[recount.departed_s[vehicle]] += 1
        is_first = pool == NEVER and vehicle % 2 == end
        if (is_first or pool == other) and trace.vehicle_ended_s[vehicle] != NEVER:
            coming[_ready_s(recount, fleet, end, vehicle)] += 1
    return coming, taken


def _ready_s(recount: Recount, fleet: int, end: int, vehicle: int) -> int:
    """Return when a vessel has done with its call and turned round (R12)."""
    plan = recount.plan
    berth, handling = int(plan.fleet_berth[fleet][end]), int(plan.fleet_handling[fleet][end])
    ended_s = int(recount.trace.vehicle_ended_s[vehicle])
    turnaround_s = int(plan.fleet_turnaround_s[fleet])
    if NEVER in (berth, handling):
        return ended_s + turnaround_s
    visit = next(
        seen
        for seen in recount.seen[berth]
        if seen.is_vehicle and seen.number == vehicle and seen.start_s == ended_s
    )
    call_s = recount.served_s(berth, recount.closures.rows(berth)[0], visit)
    return ended_s + max(call_s, lift_s(recount, handling, visit.load_teu, ended_s)) + turnaround_s


def lift_s(recount: Recount, handling: int, load_teu: int, now_s: int) -> int:
    """Return how long the open cranes take for a load in thousandths of a TEU (R12)."""
    plan = recount.plan
    teu_per_2_40_s = sum(
        (int(plan.row_servers[row]) << 48) // int(plan.row_mean_teu_fp[row])
        for row in recount.closures.open_rows(handling, now_s)
        if plan.row_mean_teu_fp[row]
    )
    return (load_teu << 40) // (1000 * teu_per_2_40_s) if teu_per_2_40_s else 0


def load_faults(recount: Recount) -> list[str]:
    """No vehicle is over its capacity, deck by deck, nor leaves shut, early or off the table."""
    faults = []
    plan = recount.plan
    for vehicle, numbers in recount.aboard.items():
        rank = int(plan.pool_station[recount.vehicle_pool[vehicle]])
        service = int(plan.leg_service[plan.pool_leg[recount.vehicle_pool[vehicle]]])
        at_s = recount.departed_s[vehicle]
        state = [s for from_s, s in states_of(recount, service) if from_s <= at_s][-1]
        used: dict[int, int] = defaultdict(int)
        for number in numbers:
            load_class = recount.classes[number]
            used[state.deck[load_class]] += recount.lots[number] * state.unit[load_class]
        room = state.capacity * recount.closures.payload_ppm(rank, at_s) // PPM
        if max(used.values()) > room:
            faults.append(f"vehicle {vehicle}: {dict(used)} on decks of {room}")
        if not recount.closures.open_rows(rank, at_s):
            faults.append(f"vehicle {vehicle}: left at {at_s} while its service was shut")
    return faults + _gap_faults(recount)


def _gap_faults(recount: Recount) -> list[str]:
    """Compare the departures of each service from each end with its gap or timetable."""
    faults = []
    plan = recount.plan
    departures: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for vehicle in recount.aboard:
        pool = recount.vehicle_pool[vehicle]
        service = int(plan.leg_service[plan.pool_leg[pool]])
        rank = int(plan.pool_station[pool])
        departures[service, int(plan.pool_end[pool])].append((recount.departed_s[vehicle], rank))
    for (service, end), group in departures.items():
        group.sort()
        if plan.service_timetable[service]:
            first, last = plan.departure_first[service : service + 2]
            table = plan.departure_s[first:last].tolist()
            used = [bisect_right(table, at_s) - 1 for at_s, _ in group]
            hold_s = int(plan.service_hold_s[service])
            off = [
                at_s
                for (at_s, _), i in zip(group, used, strict=True)
                if i < 0 or at_s > table[i] + hold_s
            ]
            twice = [table[a] for a, b in pairwise(used) if a == b]
            faults += [f"service {service}/{end}: left at {at_s}" for at_s in off + twice]
            continue
        for (first_s, rank), (later_s, _) in pairwise(group):
            row = recount.closures.rows(rank)[0]
            ppm = recount.closures.factor_ppm(row, first_s)
            gap_s = int(plan.service_headway_s[service])
            if gap_s and later_s - first_s < slowed_s(gap_s, ppm):
                faults.append(f"service {service}/{end}: {later_s} too soon after {first_s}")
    return faults


def fleet_faults(recount: Recount) -> list[str]:
    """No more vessels are under way than the fleet has, and each leaves where it lies."""
    faults = []
    plan, trace = recount.plan, recount.trace
    for fleet in range(len(plan.fleet_service)):
        states = states_of(recount, int(plan.fleet_service[fleet]))
        rank = int(plan.fleet_station[fleet])
        pools = plan.fleet_pool[fleet].tolist()
        trips = [v for v, pool in enumerate(recount.vehicle_pool) if pool in pools]
        for vehicle in trips:
            at_s = recount.departed_s[vehicle]
            has = [s.vehicles for from_s, s in states if from_s <= at_s][-1]
            size = has - recount.closures.vehicles_out(rank, at_s)
            ended_s = trace.vehicle_ended_s
            under_way = sum(
                recount.departed_s[v] <= at_s and (ended_s[v] == NEVER or ended_s[v] > at_s)
                for v in trips
            )
            if under_way > size:
                faults.append(f"fleet {fleet}: {under_way} of {size} under way at {at_s}")
        if has_constant_size(recount, fleet):
            faults += _parting_faults(recount, fleet)
            faults += [f for end in (0, 1) for f in _call_faults(recount, fleet, end)]
    return faults


def _call_faults(recount: Recount, fleet: int, end: int) -> list[str]:
    """Follow each vessel through its call: who has lain ready longest leaves first (R12)."""
    plan = recount.plan
    berth, handling = int(plan.fleet_berth[fleet][end]), int(plan.fleet_handling[fleet][end])
    own, other = (int(plan.fleet_pool[fleet][e]) for e in (end, 1 - end))
    if berth == NEVER:
        return []
    moored = {v.number: v for v in recount.seen.get(berth, []) if v.is_vehicle}
    came = sorted(
        (_ready_s(recount, fleet, end, vehicle), vehicle)
        for vehicle, pool in enumerate(recount.vehicle_pool)
        if (pool == other or (pool == NEVER and vehicle % 2 == end))
        and recount.trace.vehicle_ended_s[vehicle] != NEVER
    )
    left = [vehicle for vehicle, pool in enumerate(recount.vehicle_pool) if pool == own]
    faults = []
    for (ready_s, arrived), vehicle in zip(came, left, strict=False):
        call = moored[arrived]
        faults += _waits_beside_idlers(recount, berth, ready_s, recount.departed_s[vehicle], call)
        load_teu = recount.vehicle_load[arrived] + recount.vehicle_load[vehicle]
        sails_s = departed_s = recount.departed_s[vehicle]
        if handling != NEVER:
            lifted_s = call.start_s + lift_s(recount, handling, load_teu, departed_s)
            sails_s = max(departed_s, lifted_s)
        is_given_up = NEVER != call.end_s <= departed_s and call.end_s < sails_s
        if is_given_up:
            sails_s = departed_s
            faults += _left_for_nobody(recount, berth, ready_s, call)
        elif recount.has_come(sails_s) != (call.end_s != NEVER) or call.end_s not in (
            NEVER,
            sails_s,
        ):
            faults.append(f"vehicle {vehicle}: berth of {arrived} kept to {call.end_s}: {sails_s}")
        first = recount.visits_of.get(vehicle)
        if first and first[0][1] != sails_s and not _is_held_first(recount, own):
            faults.append(f"vehicle {vehicle} sails at {first[0][1]}, must at {sails_s}")
    return faults


def _is_held_first(recount: Recount, pool: int) -> bool:
    """Return whether vehicles of a pool may be held for room before their first element (R13)."""
    plan = recount.plan
    leg = int(plan.pool_leg[pool])
    moves = plan.element_move_s[plan.element_first[leg] : plan.element_first[leg + 1]]
    return plan.leg_yard[leg] != NEVER and not moves[1:].any()


def _waits_beside_idlers(
    recount: Recount, berth: int, ready_s: int, departed_s: int, call: Seen
) -> list[str]:
    """Nobody waits for a berth that an idle vessel keeps, as long as the berth is open (R12)."""
    until_s = departed_s if call.end_s == NEVER else min(departed_s, call.end_s)
    is_open = bool(recount.closures.open_rows(berth, ready_s))
    if not is_open or any(ready_s <= at_s <= until_s for at_s in recount.closures.edges(berth)):
        return []
    faults = []
    for other in recount.seen[berth]:
        moored_s = recount.ended_s if other.start_s == NEVER else other.start_s
        if max(other.request_s, ready_s) < min(moored_s, until_s):
            faults.append(f"{other.number} waits at berth {berth} beside {call.number}, idle")
    return faults


def _left_for_nobody(recount: Recount, berth: int, ready_s: int, call: Seen) -> list[str]:
    """An idle vessel gives its berth up only to one that moors in that instant (R12)."""
    if call.end_s < ready_s:
        return [f"{call.number} left berth {berth} at {call.end_s} before its call was over"]
    if any(other.start_s == call.end_s and other is not call for other in recount.seen[berth]):
        return []
    return [f"{call.number} left berth {berth} at {call.end_s} for nobody"]


def _parting_faults(recount: Recount, fleet: int) -> list[str]:
    """Count who lies at each end: nobody leaves an end where no vessel is ready."""
    faults = []
    for end in (0, 1):
        coming, _ = vessels(recount, fleet, end)
        pool = int(recount.plan.fleet_pool[fleet][end])
        left_s = sorted(
            recount.departed_s[v] for v, of in enumerate(recount.vehicle_pool) if of == pool
        )
        for i, at_s in enumerate(left_s):
            ready = sum(count for ready_s, count in coming.items() if ready_s <= at_s)
            if i + 1 > ready:
                faults.append(f"fleet {fleet}: {i + 1} of {ready} left end {end} at {at_s}")
    return faults
