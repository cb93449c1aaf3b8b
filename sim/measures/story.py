"""One consignment's story: what it did from second to second, and why it waited.

In: Trace and Plan of a run, and the seconds of one consignment by place, cause and closure.
Out: a `Story`, whose spans follow each other from creation to the end without a gap.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from sim.plan import NEVER, PPM, Cause, Kind, Plan, Status, Trace

ORDER = (
    Cause.FILLING,
    Cause.WAGONS,
    Cause.DEPARTURE,
    Cause.CLOSED,
    Cause.WEATHER,
    Cause.STORAGE,
    Cause.QUEUE,
    Cause.PATH,
)
"""The order in which the causes of one wait are told: that of the gates (R23)."""

_CLOSINGS = (Cause.CLOSED, Cause.WEATHER)


class Deed(IntEnum):
    """What a consignment does in a span."""

    WAIT = 0
    SERVICE = 1
    MOVE = 2


class Booking(NamedTuple):
    """Seconds of one consignment at one place, by one cause."""

    place: int
    """Index in `Legend.place_id`, or NEVER: before any route was open."""
    cause: Cause
    closure: int
    """Index in `Legend.closure_id`, or NEVER."""
    seconds: int


class Span(NamedTuple):
    """One deed, from an instant to the next."""

    begin_s: int
    end_s: int
    deed: Deed
    place: int
    """Station, place of a plain move, or NEVER: before any route was open."""
    vehicle: int
    """Number of the vehicle that it is aboard, or NEVER."""
    element: int
    """Element of the leg that a move is, or NEVER."""
    causes: tuple[Booking, ...]
    """Why it waited, or why a service stood still; they sum to no more than the span."""


class Ride(NamedTuple):
    """A trip that it made aboard a vehicle."""

    vehicle: int
    """Number of the trip."""
    leg: int
    departed_s: int
    ended_s: int
    """Instant at which it left the vehicle, or at which the story ends."""
    load: int
    """Thousandths of a TEU equivalent aboard."""


class Story(NamedTuple):
    """A consignment from its creation to its end, or to the end of the run."""

    flow: int
    number: int
    route: int
    """Index, or NEVER: none was open."""
    created_s: int
    ended_s: int
    """Second of delivery or refusal; still inside: at which the run ended."""
    status: Status
    spans: tuple[Span, ...]
    rides: tuple[Ride, ...]
    ledger: tuple[Booking, ...]
    """Every second from creation to end; sorted by place, cause and closure."""


def tell(
    trace: Trace, plan: Plan, consignment: int, ledger: Sequence[tuple[int, int, int, int]]
) -> Story:
    """Return the story of a consignment.

    Parameters
    ----------
    trace, plan
        Of the run.
    consignment
        Index in the trace.
    ledger
        (place, cause, closure, seconds) of this consignment alone.
    """
    finished_s = int(trace.consignment_finished_s[consignment])
    ended_s = trace.ended_s if finished_s == NEVER else finished_s
    bookings = [Booking(p, Cause(c), by, s) for p, c, by, s in sorted(ledger) if s]
    teller = _Teller(trace, plan, ended_s, bookings)
    created_s = int(trace.consignment_created_s[consignment])
    teller.live(consignment, created_s)
    return Story(
        flow=int(trace.consignment_flow[consignment]),
        number=int(trace.consignment_number[consignment]),
        route=int(trace.consignment_route[consignment]),
        created_s=created_s,
        ended_s=ended_s,
        status=Status(int(trace.consignment_status[consignment])),
        spans=tuple(_explained(teller.spans, bookings, plan)),
        rides=tuple(teller.rides),
        ledger=tuple(bookings),
    )


class _Visit(NamedTuple):
    """One row of the trace."""

    station: int
    request_s: int
    start_s: int
    end_s: int


class _Teller:
    """Follows a consignment through the trace; spans have no causes yet."""

    def __init__(self, trace: Trace, plan: Plan, ended_s: int, ledger: Sequence[Booking]) -> None:
        self._trace = trace
        self._served = Counter(
            {one.place: one.seconds for one in ledger if one.cause == Cause.SERVICE}
        )
        self._plan = plan
        self._ended_s = ended_s
        self.spans: list[Span] = []
        self.rides: list[Ride] = []

    def live(self, consignment: int, created_s: int) -> None:
        """Tell everything from creation on."""
        trace, at_s = self._trace, created_s
        rows = np.searchsorted(trace.stay_consignment, [consignment, consignment + 1])
        for row in range(int(rows[0]), int(rows[1])):
            visit = _Visit(
                int(trace.stay_station[row]),
                int(trace.stay_request_s[row]),
                int(trace.stay_start_s[row]),
                int(trace.stay_end_s[row]),
            )
            self._add(at_s, visit.request_s, Deed.WAIT, NEVER)
            vehicle = int(trace.stay_vehicle[row])
            if self._plan.station_kind[visit.station] == Kind.POOL:
                at_s = self._gather(visit, vehicle)
            else:
                at_s = self._be_served(visit, NEVER)
        self._add(at_s, self._ended_s, Deed.WAIT, NEVER)

    def _gather(self, visit: _Visit, vehicle: int) -> int:
        """Tell a wait in a pool and the trip that follows; return when it ends."""
        left_s = self._ended_s if visit.start_s == NEVER else visit.start_s
        self._add(visit.request_s, left_s, Deed.WAIT, visit.station)
        if vehicle == NEVER:
            return left_s
        ended_s = int(self._trace.vehicle_ended_s[vehicle])
        until_s = self._ended_s if ended_s == NEVER else min(ended_s, self._ended_s)
        self._ride(visit.station, vehicle, left_s, until_s)
        return until_s

    def _be_served(self, visit: _Visit, vehicle: int) -> int:
        """Tell a visit at a server; return when it ends."""
        start_s = self._ended_s if visit.start_s == NEVER else visit.start_s
        end_s = self._ended_s if visit.end_s == NEVER else visit.end_s
        self._add(visit.request_s, start_s, Deed.WAIT, visit.station, vehicle)
        self._add(start_s, end_s, Deed.SERVICE, visit.station, vehicle)
        return end_s

    def _ride(self, pool_station: int, vehicle: int, at_s: int, until_s: int) -> None:
        """Tell a trip, element by element."""
        plan = self._plan
        pool = plan.station_detail[pool_station]
        leg = int(plan.pool_leg[pool])
        load = int(self._trace.vehicle_load[vehicle])
        self.rides.append(Ride(vehicle, leg, at_s, until_s, load))
        elements = range(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
        hold = max((e for e in elements if plan.element_move_s[e]), default=elements.start)
        visits = self._visits(vehicle)
        berth = self._berth(leg, int(pool))
        if berth != NEVER:
            has_ended = self._trace.vehicle_ended_s[vehicle] != NEVER
            anchor_s = visits[0].request_s if visits else until_s if has_ended else NEVER
            is_in_hold = bool(visits) and plan.station_kind[visits[0].station] == Kind.YARD
            before = range(elements.start, hold) if is_in_hold else elements
            loaded_s = self._loaded_s(before, at_s, anchor_s, berth)
            self._add(at_s, loaded_s, Deed.SERVICE, berth, vehicle)
            at_s = loaded_s
        for element in elements:
            is_in_hold = bool(visits) and plan.station_kind[visits[0].station] == Kind.YARD
            if is_in_hold and visits[0].request_s <= at_s:
                at_s = self._be_served(visits.pop(0), vehicle)
            station, move_s = int(plan.element_station[element]), int(plan.element_move_s[element])
            is_visit = bool(visits) and visits[0].station == station
            if station != NEVER and not is_visit and plan.station_share_ppm[station] == PPM:
                break
            if station != NEVER and is_visit:
                visit = visits.pop(0)
                if plan.station_kind[station] == Kind.METER or self._couples(element):
                    at_s = self._ended_s if visit.start_s == NEVER else visit.start_s
                    self._add(visit.request_s, at_s, Deed.WAIT, station, vehicle)
                else:
                    at_s = self._be_served(visit, vehicle)
            place = int(plan.element_place[element])
            self._add(at_s, at_s + move_s, Deed.MOVE, place, vehicle, element=element)
            at_s += move_s
        for visit in visits:
            self._be_served(visit._replace(end_s=until_s), vehicle)

    def _couples(self, element: int) -> bool:
        """Return whether an element gives a locomotive, with which the train goes on."""
        station = int(self._plan.element_station[element])
        return station != NEVER and bool(self._plan.station_couples[station])

    def _visits(self, vehicle: int) -> list[_Visit]:
        trace = self._trace
        rows = slice(*np.searchsorted(trace.visit_vehicle, [vehicle, vehicle + 1]).tolist())
        columns = (
            trace.visit_station[rows],
            trace.visit_request_s[rows],
            trace.visit_start_s[rows],
            trace.visit_end_s[rows],
        )
        return [_Visit(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]

    def _berth(self, leg: int, pool: int) -> int:
        """Return the berth at which a leg's vessel boards, or NEVER."""
        plan = self._plan
        fleet = int(plan.service_fleet[plan.leg_service[leg]])
        return NEVER if fleet == NEVER else int(plan.fleet_berth[fleet][plan.pool_end[pool]])

    def _loaded_s(self, elements: range, at_s: int, anchor_s: int, berth: int) -> int:
        """Return when a vessel that boarded at an instant has loaded and sails.

        Parameters
        ----------
        elements
            Of the leg, up to where it asked for room.
        anchor_s
            When it asked for the first thing after its first moves, or ended its leg; NEVER:
            it has come to neither, and what it was served at the berth says it.
        """
        if anchor_s == NEVER:
            told_s = sum(
                s.end_s - s.begin_s
                for s in self.spans
                if s.place == berth and s.deed == Deed.SERVICE
            )
            return at_s + self._served[berth] - told_s
        moving_s = 0
        for element in elements:
            if self._plan.element_station[element] != NEVER:
                break
            moving_s += int(self._plan.element_move_s[element])
        return anchor_s - moving_s

    def _add(
        self,
        begin_s: int,
        end_s: int,
        deed: Deed,
        place: int,
        vehicle: int = NEVER,
        *,
        element: int = NEVER,
    ) -> None:
        end_s = min(end_s, self._ended_s)
        if end_s > begin_s:
            self.spans.append(Span(begin_s, end_s, deed, place, vehicle, element, ()))


def _explained(spans: Sequence[Span], ledger: Sequence[Booking], plan: Plan) -> list[Span]:
    """Return the spans with the causes of their waits and stops."""
    served: Counter[int] = Counter()
    for span in spans:
        if span.deed == Deed.SERVICE:
            served[span.place] += span.end_s - span.begin_s
    for booking in ledger:
        if booking.cause == Cause.SERVICE:
            served[booking.place] -= booking.seconds
    waits = _Causes(booking for booking in ledger if booking.cause in ORDER)
    stops = {place: waits.closings(place, seconds) for place, seconds in served.items()}
    told = []
    for span in spans:
        seconds = span.end_s - span.begin_s
        causes: list[Booking] = []
        if span.deed == Deed.WAIT:
            causes = waits.taken(span.place, seconds, _yard(plan, span.place))
        elif span.deed == Deed.SERVICE and stops[span.place]:
            causes, stops[span.place] = stops[span.place], []
        told.append(span._replace(causes=tuple(causes)))
    return told


def _yard(plan: Plan, place: int) -> int:
    """Return the yard whose want of room holds what waits in a pool, or NEVER."""
    if place == NEVER or plan.station_kind[place] != Kind.POOL:
        return NEVER
    yard = plan.leg_yard[plan.pool_leg[plan.station_detail[place]]]
    return NEVER if yard == NEVER else int(plan.yard_station[yard])


class _Causes:
    """What is left to tell of the waits at each place, in order of the gates."""

    def __init__(self, ledger: Iterable[Booking]) -> None:
        self._left: dict[int, list[Booking]] = {}
        for booking in ledger:
            self._left.setdefault(booking.place, []).append(booking)
        for left in self._left.values():
            left.sort(key=lambda booking: (ORDER.index(booking.cause), booking.closure))

    def taken(self, place: int, seconds: int, yard: int) -> list[Booking]:
        """Take a wait at a place; what the place itself does not account for, at its yard."""
        told = _cut(self._left.get(place, []), seconds)
        rest_s = seconds - sum(booking.seconds for booking in told)
        return [*told, *_cut(self._left.get(yard, []), rest_s)]

    def closings(self, place: int, seconds: int) -> list[Booking]:
        """Take time shut at a place, in which services in hand stood still (R15)."""
        left = self._left.get(place, [])
        shut = [booking for booking in left if booking.cause in _CLOSINGS]
        self._left[place] = [booking for booking in left if booking.cause not in _CLOSINGS]
        told = _cut(shut, seconds)
        self._left[place][:0] = shut
        return told


def _cut(left: list[Booking], seconds: int) -> list[Booking]:
    """Take bookings from the front of a list, the last one in part, up to so many seconds."""
    told: list[Booking] = []
    while left and seconds > 0:
        taken_s = min(seconds, left[0].seconds)
        told.append(left[0]._replace(seconds=taken_s))
        rest_s = left[0].seconds - taken_s
        left[:1] = [left[0]._replace(seconds=rest_s)] if rest_s else []
        seconds -= taken_s
    return told
