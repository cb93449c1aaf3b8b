"""Lives of vehicles and consignments, from visits, stays and closures (R23).

A life is laid out as spans at places, each span to causes; the books of the engine
are not looked at.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from recount import Recount
from recount_pools import Formed, Passed, form
from recount_yards import hold_before, unclear_yards

from sim.plan import NEVER, Cause, Kind, Status

UNCLEAR = -2
"""One name for all places whose waits the Trace cannot tell apart."""

WAITS = {Kind.SERVER: Cause.QUEUE, Kind.METER: Cause.PATH, Kind.YARD: Cause.STORAGE}

Booked = Counter[tuple[int, int, int]]
"""Seconds by place, cause and closure."""


Visit = tuple[int, int, int, int]
"""Station, request, start and end."""


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
        self._unclear_yards = unclear_yards(recount)
        self._turned_away: dict[int, tuple[int, Life]] = {}
        """When the load of a vehicle was refused, and its life up to there."""
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
        """Return whether a place is a pool whose gates cannot be replayed, or its yard."""
        if not 0 <= place < len(self._recount.plan.station_kind):
            return False
        is_pool = self._recount.kind(place) == Kind.POOL
        return (is_pool and place not in self._formed.left) or place in self._unclear_yards

    def clear(self, place: int) -> int:
        """Return a place, or one name for all that are unclear."""
        return UNCLEAR if self.is_unclear(place) else place

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
        life.spans.append(Span(self.clear(rank), from_s, to_s))
        if self.is_unclear(rank):
            life.booked[UNCLEAR, NEVER, NEVER] += to_s - from_s
            return
        rest_s = to_s - from_s
        for (cause, closure), shut_s in self._recount.closures.shut_s(rank, from_s, to_s).items():
            life.booked[rank, cause, closure] += shut_s
            rest_s -= shut_s
        life.booked[rank, WAITS[self._recount.kind(rank)], NEVER] += rest_s

    def _serve(self, life: Life, rank: int, start_s: int, end_s: int) -> None:
        """Book a service, and the stops that closings make in it (R15)."""
        recount, (row, *others) = self._recount, self._recount.closures.rows(rank)
        if others or not recount.plan.row_at_closing[row]:
            self._stand(life, rank, Cause.SERVICE, start_s, end_s)
            return
        together = [v for v in recount.seen[rank] if (v.start_s, v.end_s) == (start_s, end_s)]
        for visit in together:
            work = recount.closures.work(row, start_s, recount.served_s(rank, row, visit))
            if work[-1].to_s == end_s or (end_s == NEVER and not recount.has_come(work[-1].to_s)):
                break
        for part in work:
            to_s = self._clip(part.to_s)
            if to_s > part.from_s:
                life.spans.append(Span(rank, part.from_s, to_s))
                life.booked[rank, part.cause, part.closure] += to_s - part.from_s

    def _vehicle(self, vehicle: int) -> Life:
        """Walk a vehicle from its departure to the letting go of its load."""
        life = Life([], Counter(), [])
        recount, plan = self._recount, self._recount.plan
        pool = recount.vehicle_pool[vehicle]
        if pool == NEVER:
            return life
        visits = iter(recount.visits_of.get(vehicle, []))
        leg = int(plan.pool_leg[pool])
        fleet = int(plan.service_fleet[plan.leg_service[leg]])
        end = int(plan.pool_end[pool])
        now_s = recount.departed_s[vehicle]
        if fleet != NEVER and plan.fleet_berth[fleet][end] != NEVER:
            # The call lasts until load and landed load are lifted; then the first station.
            first = recount.visits_of.get(vehicle)
            begins_s = first[0][1] if first else recount.ended_s
            self._stand(life, int(plan.fleet_berth[fleet][end]), Cause.SERVICE, now_s, begins_s)
            if not first:
                return life
            now_s = begins_s
        hold = hold_before(recount, leg)
        way = range(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
        met = recount.met(plan.element_station[way].tolist(), recount.vehicle_key[vehicle])
        coupled: Visit | None = None
        for element, is_served in zip(way, met, strict=True):
            if element == hold and recount.aboard.get(vehicle):
                now_s = self._find_room(life, vehicle, visits, now_s)
            visit: Visit | None = None
            if now_s != NEVER and is_served:
                visit, now_s = self._pass(life, vehicle, element, visits, now_s)
            elif now_s != NEVER:
                now_s = self._move(life, element, now_s)
            self._uncouple(life, vehicle, coupled, now_s)
            coupled = visit
            if now_s == NEVER:
                return life
        return self._land(life, vehicle, (fleet, 1 - end), now_s, next(visits, None))

    def _pass(
        self, life: Life, vehicle: int, element: int, visits: Iterator[Visit], now_s: int
    ) -> tuple[Visit | None, int]:
        """Return when a vehicle has passed an element of its leg, or NEVER.

        Before it the visit at which it has taken a locomotive there, if so.
        """
        plan = self._recount.plan
        station = int(plan.element_station[element])
        if station != NEVER:
            visit = next(visits, None)
            if visit is None:
                if self._recount.has_come(now_s):
                    life.faults.append(f"vehicle {vehicle} did not ask at {station} at {now_s}")
                return None, NEVER
            if visit[:2] != (station, now_s):
                life.faults.append(f"vehicle {vehicle} is at {visit}, not {station} at {now_s}")
            self._wait(life, station, now_s, visit[2])
            now_s = visit[2]
            if plan.station_couples[station]:
                return visit, now_s
            if now_s != NEVER and self._recount.kind(station) == Kind.SERVER:
                self._serve(life, station, *visit[2:])
                now_s = visit[3]
            if now_s == NEVER:
                return None, NEVER
        return None, self._move(life, element, now_s)

    def _move(self, life: Life, element: int, now_s: int) -> int:
        """Return when the motion of an element has ended."""
        plan = self._recount.plan
        until_s = now_s + int(plan.element_move_s[element])
        self._stand(life, int(plan.element_place[element]), Cause.MOVING, now_s, until_s)
        return until_s

    def _uncouple(self, life: Life, vehicle: int, coupled: Visit | None, now_s: int) -> None:
        """Look when a locomotive was back: a turn after the end of the run, which begins once."""
        if coupled is None or coupled[2] == NEVER:
            return
        recount, (rank, request_s, start_s, end_s) = self._recount, coupled
        seen = next(
            visit
            for visit in recount.seen[rank]
            if visit.number == vehicle and (visit.request_s, visit.start_s) == (request_s, start_s)
        )
        back_s = now_s + recount.served_s(rank, recount.closures.rows(rank)[0], seen)
        if end_s != (NEVER if now_s == NEVER else back_s):
            life.faults.append(f"vehicle {vehicle}: locomotive back at {end_s}, must be {back_s}")

    def _find_room(self, life: Life, vehicle: int, visits: Iterator[Visit], now_s: int) -> int:
        """Return when a vehicle has found room at the end of its leg, or NEVER (R13)."""
        recount = self._recount
        status = recount.trace.consignment_status[recount.aboard[vehicle]]
        last = {recount.stays_of[number][-1][4] for number in recount.aboard[vehicle]}
        if last == {vehicle} and np.all(status == Status.REFUSED_STORAGE):
            refused_s = int(recount.trace.consignment_finished_s[recount.aboard[vehicle][0]])
            leg = int(recount.plan.pool_leg[recount.vehicle_pool[vehicle]])
            yard = int(recount.plan.yard_station[recount.plan.leg_yard[leg]])
            self._wait(life, yard, now_s, refused_s)
            if recount.turned_away_of.get(vehicle) != [(yard, now_s, NEVER, refused_s)]:
                life.faults.append(f"vehicle {vehicle}: turned away by {yard} at {refused_s}")
            before = Life(list(life.spans), life.booked.copy(), [])
            self._turned_away[vehicle] = (refused_s, before)
            return refused_s
        if vehicle in recount.turned_away_of:
            life.faults.append(f"vehicle {vehicle} has its load and was turned away")
        visit = next(visits, None)
        if visit is None:
            if recount.has_come(now_s):
                life.faults.append(f"vehicle {vehicle} did not ask for room at {now_s}")
            return NEVER
        if visit[1] != now_s or recount.kind(visit[0]) != Kind.YARD:
            life.faults.append(f"vehicle {vehicle} asks for room at {visit}, not at {now_s}")
        self._wait(life, visit[0], now_s, visit[2])
        return visit[2]

    def _land(
        self,
        life: Life,
        vehicle: int,
        at: tuple[int, int],
        now_s: int,
        visit: Visit | None,
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
        for rank, request_s, begun_s, end_s, vehicle in recount.stays_of.get(number, []):
            start_s = begun_s
            if request_s != now_s:
                life.faults.append(f"consignment {number} asks at {rank} at {request_s}: {now_s}")
            if recount.kind(rank) == Kind.POOL:
                if vehicle == NEVER:
                    # It waits still, or was turned away from a vessel: room was refused.
                    start_s = int(trace.consignment_finished_s[number])
                self._gather(life, rank, number, request_s, start_s)
                if vehicle == NEVER:
                    return life
                ended_s = int(trace.vehicle_ended_s[vehicle])
                now_s, aboard = self._turned_away.get(vehicle, (ended_s, self.vehicles[vehicle]))
                life.spans.extend(aboard.spans)
                life.booked.update(aboard.booked)
                continue
            if trace.consignment_status[number] == Status.REFUSED_QUEUE and start_s == NEVER:
                now_s = request_s
                continue
            self._wait(life, rank, request_s, start_s)
            if start_s == NEVER:
                return life
            self._serve(life, rank, start_s, end_s)
            if end_s == NEVER:
                return life
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
            life.spans.append(Span(self.clear(rank), joined_s, to_s))
        if self.is_unclear(rank):
            life.booked[UNCLEAR, NEVER, NEVER] += to_s - joined_s
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
