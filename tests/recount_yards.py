"""Yards counted again from loads that came and went: never over their room, in order (R13)."""

from collections import Counter

from recount import Recount

from sim.plan import NEVER, Kind, Status


def is_moored(recount: Recount, leg: int) -> bool:
    """Return whether a leg ends at a berth, so that its load asks for room before it boards."""
    plan = recount.plan
    return any(
        int(plan.fleet_leg[fleet][end]) == leg and plan.fleet_berth[fleet][1 - end] != NEVER
        for fleet in range(len(plan.fleet_service))
        for end in (0, 1)
    )


def hold_before(recount: Recount, leg: int) -> int:
    """Return the element before which a leg's vehicle asks for room, or NEVER."""
    plan = recount.plan
    if plan.leg_yard[leg] == NEVER or is_moored(recount, leg):
        return NEVER
    elements = range(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
    last = max(element for element in elements if plan.element_move_s[element])
    # No train stands in a loop for want of room: the way through loops counts as one section.
    for element in range(last - 1, elements[0] - 1, -1):
        station = int(plan.element_station[element])
        if station != NEVER and recount.kind(station) == Kind.METER:
            if plan.element_stand[element] == NEVER:
                break
            last = element
    before = int(plan.element_station[last - 1]) if last > elements[0] else NEVER
    return last - 1 if before != NEVER and plan.station_couples[before] else last


def waits_for_room(recount: Recount, service: int) -> bool:
    """Return whether departures of a service may hang on room: by a claim, or an embargo."""
    plan = recount.plan
    return any(
        plan.leg_service[leg] == service
        and yard != NEVER
        and (is_moored(recount, leg) or plan.yard_embargo_s[yard] < plan.horizon_s)
        for leg, yard in enumerate(plan.leg_yard.tolist())
    )


def unclear_yards(recount: Recount) -> set[int]:
    """Return the yards to which pools book waits that the Trace cannot tell apart."""
    plan = recount.plan
    return {
        int(plan.yard_station[yard])
        for leg, yard in enumerate(plan.leg_yard.tolist())
        if yard != NEVER and waits_for_room(recount, int(plan.leg_service[leg]))
    }


def yard_faults(recount: Recount) -> list[str]:
    """Compare the loads in each yard with its room, and who waits with the room that is left."""
    faults = []
    yards = recount.ranks(Kind.YARD)
    changes = _changes(recount)
    for rank in yards:
        capacity = int(recount.plan.yard_capacity[recount.plan.station_detail[rank]])
        waits = recount.seen.get(rank, [])
        inside = 0
        loads: Counter[int] = Counter()
        for (at_s, vehicle), teu in sorted(changes.get(rank, {}).items()):
            if not recount.has_come(at_s):
                break
            inside += teu
            loads[vehicle] += teu
            if teu > 0 and inside > capacity and inside > teu:
                faults.append(f"yard {rank}: {inside} of {capacity} at {at_s}")
        faults += [
            f"yard {rank}: {later} before {first}"
            for i, first in enumerate(waits)
            for later in waits[i + 1 :]
            if later.start_s != NEVER and not NEVER < first.start_s <= later.start_s
        ]
    return faults + _idle_faults(recount, changes) + _embargo_faults(recount)


def _changes(recount: Recount) -> dict[int, Counter[tuple[int, int]]]:
    """Return thousandths of a TEU that come and go, by yard, instant and vehicle.

    What goes has vehicle NEVER, so that it goes first in an instant.
    """
    plan, trace = recount.plan, recount.trace
    changes: dict[int, Counter[tuple[int, int]]] = {r: Counter() for r in recount.ranks(Kind.YARD)}
    for vehicle, numbers in recount.aboard.items():
        leg = int(plan.pool_leg[recount.vehicle_pool[vehicle]])
        if plan.leg_yard[leg] == NEVER:
            continue
        rank = int(plan.yard_station[plan.leg_yard[leg]])
        came_s = recount.departed_s[vehicle]
        if not is_moored(recount, leg):
            visits = [visit for visit in recount.visits_of.get(vehicle, []) if visit[0] == rank]
            came_s = visits[0][2] if visits else NEVER
        if came_s == NEVER:
            continue
        for number in numbers:
            teu = int(plan.flow_lot_teu[trace.consignment_flow[number]])
            changes[rank][came_s, vehicle] += teu
            gone_s = _gone_s(recount, number, vehicle)
            if gone_s != NEVER:
                changes[rank][gone_s, NEVER] -= teu
    return changes


def _gone_s(recount: Recount, number: int, vehicle: int) -> int:
    """Return when a consignment that came by a vehicle has left the yard, or NEVER."""
    vehicles = [stay[4] for stay in recount.stays_of[number] if stay[4] != NEVER]
    after = vehicles[vehicles.index(vehicle) + 1 :]
    if not after:
        return int(recount.trace.consignment_finished_s[number])
    return _leaves_s(recount, after[0])


def _leaves_s(recount: Recount, vehicle: int) -> int:
    """Return when a vehicle first moves: enters a section, or begins a plain move."""
    plan = recount.plan
    leg = int(plan.pool_leg[recount.vehicle_pool[vehicle]])
    visits = recount.visits_of.get(vehicle, [])
    stations = [visit for visit in visits if recount.kind(visit[0]) != Kind.YARD]
    first = int(plan.element_first[leg])
    now_s = int(recount.departed_s[vehicle])
    hold = hold_before(recount, leg)
    way = range(first, int(plan.element_first[leg + 1]))
    met = recount.met(plan.element_station[way].tolist(), recount.vehicle_key[vehicle])
    for element, is_served in zip(way, met, strict=True):
        if element == hold:
            held = [visit for visit in visits if recount.kind(visit[0]) == Kind.YARD]
            now_s = int(held[0][2]) if held else _refused_s(recount, vehicle)
            if now_s == NEVER:
                return NEVER
        station = int(plan.element_station[element])
        if station == NEVER or (not is_served and plan.element_move_s[element]):
            return now_s
        if not is_served:
            continue
        if not stations:
            return NEVER
        _, _, start_s, end_s = stations.pop(0)
        if plan.station_couples[station]:
            # The train goes on with its locomotive as soon as it has it.
            end_s = start_s
        if recount.kind(station) == Kind.METER or NEVER in (start_s, end_s):
            return int(start_s) if recount.kind(station) == Kind.METER else NEVER
        now_s = int(end_s)
        if plan.element_move_s[element]:
            return now_s
    return now_s


def _refused_s(recount: Recount, vehicle: int) -> int:
    """Return when the load of a vehicle was refused, or NEVER."""
    trace = recount.trace
    refused = [
        int(trace.consignment_finished_s[number])
        for number in recount.aboard[vehicle]
        if trace.consignment_status[number] == Status.REFUSED_STORAGE
    ]
    return min(refused, default=NEVER)


def _idle_faults(recount: Recount, changes: dict[int, Counter[tuple[int, int]]]) -> list[str]:
    """Find who waits for room while there is room; not where vessels claim it unseen."""
    faults = []
    for rank in recount.ranks(Kind.YARD):
        if rank in unclear_yards(recount):
            continue
        capacity = int(recount.plan.yard_capacity[recount.plan.station_detail[rank]])
        instants = sorted({at_s for at_s, _ in changes[rank]})
        for now_s in (at_s for at_s in instants if recount.has_come(at_s)):
            inside = sum(teu for (at_s, _), teu in changes[rank].items() if at_s <= now_s)
            waits = [v for v in recount.seen.get(rank, []) if v.request_s <= now_s]
            heads = [v for v in waits if v.start_s == NEVER or v.start_s > now_s]
            is_open = bool(recount.closures.open_rows(rank, now_s))
            if is_open and heads and (not inside or inside + heads[0].load_teu <= capacity):
                faults.append(f"yard {rank}: room at {now_s} for {heads[0]}")
    return faults


def _embargo_faults(recount: Recount) -> list[str]:
    """Find departures of a pool while a train of it has been held for too long."""
    plan = recount.plan
    faults = []
    for rank in recount.ranks(Kind.YARD):
        embargo_s = int(plan.yard_embargo_s[plan.station_detail[rank]])
        for visit in recount.seen.get(rank, []):
            pool = recount.vehicle_pool[visit.number]
            until_s = recount.ended_s + 1 if visit.start_s == NEVER else visit.start_s
            faults += [
                f"pool {pool}: vehicle {vehicle} left while {visit} was held"
                for vehicle, of in enumerate(recount.vehicle_pool)
                if of == pool
                and recount.aboard.get(vehicle)
                and visit.request_s + embargo_s <= recount.departed_s[vehicle] < until_s
            ]
    return faults
