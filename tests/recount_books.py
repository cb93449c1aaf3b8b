"""The ledger counted again from visits, stays and closures (R23), and what must balance.

A consignment's life is laid out as spans at places, each span to causes. The
engine's own sums by consignment and by place must come out the same.
"""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import NamedTuple

from recount import Recount
from recount_pools import Formed, Passed, form

from sim.plan import NEVER, Cause, Kind, Status

Booked = Counter[tuple[int, int, int]]
"""Seconds by place, cause and closure."""


class Span(NamedTuple):
    """A time at a place."""

    place: int
    from_s: int
    to_s: int


class Life(NamedTuple):
    """Where a traveller was, span after span, and to which causes its seconds go."""

    spans: list[Span]
    booked: Booked
    faults: list[str]


class Books:
    """The lives of all vehicles and consignments of a run."""

    def __init__(self, recount: Recount) -> None:
        self._recount = recount
        self._formed: Formed = form(recount)
        self._departure = {
            (rank, left.departed_s, number): i
            for rank, group in self._formed.left.items()
            for i, left in enumerate(group)
            for number in left.numbers
        }
        self.vehicles = [self._vehicle(v) for v in range(len(recount.vehicle_pool))]
        self.consignments = [
            self._consignment(number) for number in range(len(recount.trace.consignment_flow))
        ]

    def is_unclear(self, place: int) -> bool:
        """Return whether a place is a pool whose gates cannot be replayed."""
        return (
            0 <= place < len(self._recount.plan.station_kind)
            and self._recount.kind(place) == Kind.POOL
            and place not in self._formed.left
        )

    # --- lives

    def _clip(self, instant_s: int) -> int:
        return (
            self._recount.ended_s if instant_s == NEVER else min(instant_s, self._recount.ended_s)
        )

    def _stand(self, life: Life, place: int, cause: Cause, from_s: int, to_s: int) -> None:
        """Book a span to one cause."""
        to_s = self._clip(to_s)
        if to_s > from_s:
            life.spans.append(Span(place, from_s, to_s))
            life.booked[place, cause, NEVER] += to_s - from_s

    def _wait(self, life: Life, rank: int, from_s: int, to_s: int) -> None:
        """Book a wait at a station: what was shut to its closure, the rest to queue or path."""
        to_s = self._clip(to_s)
        if to_s <= from_s:
            return
        life.spans.append(Span(rank, from_s, to_s))
        rest_s = to_s - from_s
        for (cause, closure), shut_s in self._recount.closures.shut_s(rank, from_s, to_s).items():
            life.booked[rank, cause, closure] += shut_s
            rest_s -= shut_s
        is_meter = self._recount.kind(rank) == Kind.METER
        life.booked[rank, Cause.PATH if is_meter else Cause.QUEUE, NEVER] += rest_s

    def _vehicle(self, vehicle: int) -> Life:
        """Walk a vehicle from its departure to the letting go of its load."""
        life = Life([], Counter(), [])
        recount, plan = self._recount, self._recount.plan
        visits = iter(recount.visits_of.get(vehicle, []))
        now_s = recount.departed_s[vehicle]
        pool = recount.vehicle_pool[vehicle]
        if pool == NEVER:
            return life
        leg = int(plan.pool_leg[pool])
        fleet = int(plan.service_fleet[plan.leg_service[leg]])
        end = int(plan.pool_end[pool])
        if fleet != NEVER and plan.fleet_berth[fleet][end] != NEVER:
            # The call lasts until load and landed load are lifted; then the first station.
            first = recount.visits_of.get(vehicle)
            begins_s = first[0][1] if first else recount.ended_s
            self._stand(life, int(plan.fleet_berth[fleet][end]), Cause.SERVICE, now_s, begins_s)
            now_s = begins_s
        for element in range(int(plan.element_first[leg]), int(plan.element_first[leg + 1])):
            station, move_s = int(plan.element_station[element]), int(plan.element_move_s[element])
            place = int(plan.element_place[element])
            if station == NEVER:
                self._stand(life, place, Cause.MOVING, now_s, now_s + move_s)
                now_s += move_s
                continue
            visit = next(visits, None)
            if visit is None:
                if recount.has_come(now_s):
                    life.faults.append(f"vehicle {vehicle} did not ask at {station} at {now_s}")
                return life
            if visit[:2] != (station, now_s):
                life.faults.append(f"vehicle {vehicle} is at {visit}, not {station} at {now_s}")
            self._wait(life, station, now_s, visit[2])
            if visit[2] == NEVER:
                return life
            if recount.kind(station) == Kind.METER:
                self._stand(life, place, Cause.MOVING, visit[2], visit[2] + move_s)
                now_s = visit[2] + move_s
            else:
                self._stand(life, station, Cause.SERVICE, visit[2], visit[3])
                self._stand(life, place, Cause.MOVING, visit[3], visit[3] + move_s)
                now_s = visit[3] + move_s
        return self._land(life, vehicle, (fleet, 1 - end), now_s, next(visits, None))

    def _land(
        self,
        life: Life,
        vehicle: int,
        at: tuple[int, int],
        now_s: int,
        visit: tuple[int, int, int, int] | None,
    ) -> Life:
        """Let go at once, at mooring, or at the end of the call (R12)."""
        recount, plan = self._recount, self._recount.plan
        fleet, end = at
        ended_s = int(recount.trace.vehicle_ended_s[vehicle])
        if fleet != NEVER and plan.fleet_berth[fleet][end] != NEVER and visit is not None:
            berth = int(plan.fleet_berth[fleet][end])
            self._wait(life, berth, now_s, visit[2])
            now_s = visit[2]
            if now_s != NEVER and plan.fleet_handling[fleet][end] == NEVER:
                self._stand(life, berth, Cause.SERVICE, now_s, ended_s)
                return life
        if now_s != NEVER and recount.has_come(now_s) and ended_s != now_s:
            life.faults.append(f"vehicle {vehicle} lets go at {ended_s}, not {now_s}")
        return life

    def _consignment(self, number: int) -> Life:
        """Walk a consignment from its creation to its end."""
        life = Life([], Counter(), [])
        recount, trace = self._recount, self._recount.trace
        created_s = int(trace.consignment_created_s[number])
        now_s = int(recount.draws.consignment_entered_s[number])
        self._stand(life, NEVER, Cause.CLOSED, created_s, now_s)
        for rank, request_s, start_s, end_s, vehicle in recount.stays_of.get(number, []):
            if request_s != now_s:
                life.faults.append(f"consignment {number} asks at {rank} at {request_s}: {now_s}")
            if recount.kind(rank) == Kind.POOL:
                self._gather(life, rank, number, request_s, start_s)
                if vehicle == NEVER:
                    return life
                aboard = self.vehicles[vehicle]
                life.spans.extend(aboard.spans)
                life.booked.update(aboard.booked)
                now_s = int(trace.vehicle_ended_s[vehicle])
                continue
            if trace.consignment_status[number] == Status.REFUSED_QUEUE and start_s == NEVER:
                now_s = request_s
                continue
            self._wait(life, rank, request_s, start_s)
            if start_s == NEVER:
                return life
            self._stand(life, rank, Cause.SERVICE, start_s, end_s)
            now_s = end_s if recount.has_come(end_s) else NEVER
        self._end(life, number, now_s)
        return life

    def _end(self, life: Life, number: int, now_s: int) -> None:
        trace = self._recount.trace
        finished_s = int(trace.consignment_finished_s[number])
        if now_s != NEVER and self._recount.has_come(now_s) and finished_s != now_s:
            life.faults.append(f"consignment {number} is finished at {finished_s}, not {now_s}")

    def _gather(self, life: Life, rank: int, number: int, joined_s: int, left_s: int) -> None:
        """Book a wait in a pool through the gates (R23)."""
        to_s = self._clip(left_s)
        if to_s > joined_s:
            life.spans.append(Span(rank, joined_s, to_s))
        if self.is_unclear(rank):
            life.booked[rank, NEVER, NEVER] += to_s - joined_s
            return
        group = self._formed.left[rank]
        i = self._departure.get((rank, left_s, number), len(group))
        own = group[i].passed if i < len(group) else self._formed.passed[rank]
        missed = [left for left in group[:i] if joined_s <= left.departed_s]
        if missed:
            at_s = missed[0].departed_s
            self._gates(life.booked, rank, joined_s, at_s, missed[0].passed)
            own = own._replace(filled_s=at_s, at_hand_s=at_s)
            joined_s = at_s
        self._gates(life.booked, rank, joined_s, to_s, own)

    def _gates(self, booked: Booked, rank: int, from_s: int, to_s: int, passed: Passed) -> None:
        gates = (Cause.FILLING, Cause.WAGONS, Cause.DEPARTURE)
        for gate, passed_s in zip(gates, passed, strict=True):
            gate_s = to_s if passed_s == NEVER else min(max(passed_s, from_s), to_s)
            booked[rank, gate, NEVER] += gate_s - from_s
            from_s = gate_s
        rest_s = to_s - from_s
        for (cause, closure), shut_s in self._recount.closures.shut_s(rank, from_s, to_s).items():
            booked[rank, cause, closure] += shut_s
            rest_s -= shut_s
        booked[rank, Cause.DEPARTURE, NEVER] += rest_s


def life_faults(recount: Recount, books: Books) -> list[str]:
    """Each span begins where the last ended: at every instant, one place each."""
    faults = [fault for life in books.vehicles for fault in life.faults]
    trace = recount.trace
    for number, life in enumerate(books.consignments):
        faults += life.faults
        finished_s = int(trace.consignment_finished_s[number])
        until_s = recount.ended_s if finished_s == NEVER else finished_s
        edges = [int(trace.consignment_created_s[number])]
        for span in life.spans:
            if span.from_s != edges[-1]:
                faults.append(f"consignment {number}: from {edges[-1]} to {span}")
            edges.append(span.to_s)
        if edges[-1] != until_s:
            faults.append(f"consignment {number} is seen until {edges[-1]}, not {until_s}")
        if trace.consignment_cause_s[number].sum() != until_s - edges[0]:
            faults.append(f"consignment {number}: ledger does not add up to {until_s - edges[0]}")
        faults += _route_faults(recount, number)
    return faults


def _route_faults(recount: Recount, number: int) -> list[str]:
    """Compare the stations a consignment passed with its route, and its status with both."""
    trace, plan = recount.trace, recount.plan
    route, status = int(trace.consignment_route[number]), trace.consignment_status[number]
    passed = [stay[0] for stay in recount.stays_of.get(number, [])]
    if route == NEVER:
        steps: list[int] = []
    else:
        steps = plan.step_station[plan.step_first[route] : plan.step_first[route + 1]].tolist()
    if passed != steps[: len(passed)] or (status == Status.DELIVERED and passed != steps):
        return [f"consignment {number} ({status}) passed {passed} of {steps}"]
    if (status == Status.INSIDE) != (trace.consignment_finished_s[number] == NEVER):
        return [f"consignment {number} has status {status}"]
    return []


def conservation_faults(recount: Recount, books: Books) -> list[str]:
    """By load class, at every instant: created = delivered + refused + seen at some place."""
    inside: dict[int, Counter[int]] = defaultdict(Counter)
    counted: dict[int, Counter[int]] = defaultdict(Counter)
    trace = recount.trace
    for number, life in enumerate(books.consignments):
        load_class, lot = recount.classes[number], recount.lots[number]
        inside[load_class][int(trace.consignment_created_s[number])] += lot
        if trace.consignment_finished_s[number] != NEVER:
            inside[load_class][int(trace.consignment_finished_s[number])] -= lot
        for span in life.spans:
            counted[load_class][span.from_s] += lot
            counted[load_class][span.to_s] -= lot
    faults = []
    for load_class, changes in inside.items():
        should_be = is_there = 0
        instants = set(changes) | set(counted[load_class])
        for at_s in sorted(at_s for at_s in instants if at_s < recount.ended_s):
            should_be += changes[at_s]
            is_there += counted[load_class][at_s]
            if should_be != is_there:
                faults.append(f"class {load_class} at {at_s}: {is_there} of {should_be}")
    return faults


def ledger_faults(recount: Recount, books: Books) -> list[str]:
    """Compare causes by consignment, and the ledger by place, cause, closure and flow."""
    faults = []
    trace, plan = recount.trace, recount.plan
    expected: Counter[tuple[int, int, int, int]] = Counter()
    for number, life in enumerate(books.consignments):
        causes: Counter[int] = Counter()
        for (place, cause, closure), spent_s in life.booked.items():
            causes[cause] += spent_s
            if plan.window_start_s <= trace.consignment_created_s[number] < plan.window_end_s:
                flow = int(trace.consignment_flow[number])
                expected[place, cause, closure, flow] += spent_s
        if causes[NEVER]:
            continue
        found = trace.consignment_cause_s[number].tolist()
        if found != [causes[cause] for cause in Cause]:
            faults.append(f"consignment {number} is booked {found}, must be {dict(causes)}")
    columns = (trace.ledger_place, trace.ledger_cause, trace.ledger_closure, trace.ledger_flow)
    seen: Counter[tuple[int, int, int, int]] = Counter()
    for place, cause, closure, flow, spent_s in zip(
        *(column.tolist() for column in columns), trace.ledger_s.tolist(), strict=True
    ):
        if books.is_unclear(place):
            seen[place, NEVER, NEVER, flow] += spent_s
        else:
            seen[place, cause, closure, flow] += spent_s
    return faults + [
        f"ledger {key}: {seen[key]} s, must be {expected[key]} s"
        for key in sorted(set(seen) | set(expected))
        if seen[key] != expected[key]
    ]


def little_faults(recount: Recount, books: Books) -> list[str]:
    """Little's law in the path: the number at a place over time is the sum of sojourns there."""
    trace, plan = recount.trace, recount.plan
    steps: dict[int, Counter[int]] = defaultdict(Counter)
    for number, life in enumerate(books.consignments):
        if plan.window_start_s <= trace.consignment_created_s[number] < plan.window_end_s:
            for span in life.spans:
                steps[span.place][span.from_s] += 1
                steps[span.place][span.to_s] -= 1
    booked_s: Counter[int] = Counter()
    for place, spent_s in zip(trace.ledger_place.tolist(), trace.ledger_s.tolist(), strict=True):
        booked_s[place] += spent_s
    faults = []
    for place in sorted(set(steps) | set(booked_s)):
        present = area_s = 0
        for at_s, next_s in pairwise([*sorted(steps[place]), recount.ended_s]):
            present += steps[place][at_s]
            area_s += present * (next_s - at_s)
        if area_s != booked_s[place]:
            faults.append(f"place {place}: {area_s} by number, {booked_s[place]} by sojourn")
    return faults


def books_faults(recount: Recount) -> list[str]:
    """Return all that does not balance."""
    books = Books(recount)
    checks = (life_faults, conservation_faults, ledger_faults, little_faults)
    return [fault for check in checks for fault in check(recount, books)]
