"""Routes as steps of consignments and elements of vehicles (R6, R8, R12).

In: routes of the assignment on the network of one day. Out: `Trip`s, one per leg,
and what consignments pass between them; all by ids of stations.
"""

from collections.abc import Sequence
from typing import NamedTuple

from network.lanes import names_flows
from network.routing.atlas import Atlas, survey
from network.routing.passage import stops, visits
from network.routing.records import Leg, Route
from network.routing.views import Closed, Views
from network.schema import FacilityRow, Network
from network.visit import Visit
from sim.compiler.meters import depot_id, meter, meter_id, move_hours, move_s
from sim.compiler.parts import ElementPart
from sim.compiler.stations import station_id
from sim.plan import LOAD_CLASSES

OPPOSITE = {
    "from_china": "to_china",
    "to_china": "from_china",
    "east": "west",
    "west": "east",
    "north": "south",
    "south": "north",
}
BERTHED = frozenset({"sea", "river"})
"""Modes whose vessels moor; other vehicles pass a berth's row as any other."""


class Day(NamedTuple):
    """The network that routes of one day pass."""

    views: Views
    atlas: Atlas
    """As the flow at hand sees it."""
    lines: frozenset[str]
    """Links with a line meter."""
    struck: frozenset[str]
    """Links whose entry some closure may bar or slow."""
    hauled: frozenset[str]
    """Links on which a train needs one of so many locomotives."""

    def seen_without(self, closed: Closed) -> "Day":
        """Return the day without the facility rows that are not for a flow (R8)."""
        return self._replace(atlas=self.views.of(closed))


class Trip(NamedTuple):
    """One leg with everything that its vehicle does."""

    leg: Leg
    elements: tuple[ElementPart, ...]
    berths: tuple[str, str]
    """Stations at which a vessel moors where it leaves and where it ends, or empty."""
    handlings: tuple[str, str]
    """Stations that lift a vessel's boxes there, or empty (R12)."""
    storage: tuple[str, ...]
    """Rows that give room to the load at the end."""
    lanes: tuple[str, ...]
    """Rows for flows by name that the vehicle passes: it forms of those flows alone."""


class Journey(NamedTuple):
    """What a consignment of one route passes."""

    trips: tuple[Trip, ...]
    before: tuple[tuple[str, ...], ...]
    """Stations that serve it by itself before each leg, and after the last: one more."""


def read_day(network: Network, struck: frozenset[str]) -> Day:
    """Return the network of one day as routes pass it.

    Parameters
    ----------
    network
        Of `network.load.on`.
    struck
        Links whose entry some closure may bar or slow.
    """
    lines = frozenset(row.id for row in network.links if meter(row) is not None)
    hauled = frozenset(row.id for row in network.links if row.locomotives is not None)
    views = Views(survey(network))
    return Day(views, views.whole, lines, struck, hauled)


def journey(route: Route, day: Day) -> Journey:
    """Return what vehicles and consignments of a route pass, in order."""
    passed = visits(day.atlas, route.legs, route.origin, route.load_class)
    trips = [
        trip(leg, passed[number], passed[number + 1], day) for number, leg in enumerate(route.legs)
    ]
    return Journey(tuple(trips), tuple(_stations(visit.consignment) for visit in passed))


def trip(leg: Leg, leaving: Visit, ending: Visit, day: Day) -> Trip:
    """Return a leg with everything that its vehicle does between two visits."""
    moors = leg.mode in BERTHED
    first = _without_berth(leaving.departing, moors=moors)
    last = _without_berth(ending.arriving, moors=moors)
    under_way = [one.rows for one in stops(day.atlas, leg)]
    elements = [*_served(first), *_way(leg, day, under_way), *_served(last)]
    passed = (*first, *(row for rows in under_way for row in rows), *last)
    return Trip(
        leg=leg,
        elements=tuple(elements),
        berths=(_berth(leaving, moors=moors), _berth(ending, moors=moors)),
        handlings=(_lifting(leaving, moors=moors), _lifting(ending, moors=moors)),
        storage=tuple(row.id for row in ending.storage),
        lanes=tuple(sorted({row.id for row in passed if names_flows(row.flows)})),
    )


def trip_back(leg: Leg, day: Day) -> Trip:
    """Return the way back of a leg, for a vehicle that no route gives a load."""
    back = leg._replace(
        origin=leg.destination,
        destination=leg.origin,
        links=leg.links[::-1],
        forward=tuple(not forward for forward in leg.forward[::-1]),
        nodes=leg.nodes[::-1],
        directions=tuple(sorted(OPPOSITE.get(one, one) for one in leg.directions)),
    )
    day = day.seen_without(day.views.named)
    leaving, ending = visits(day.atlas, (back,), back.origin, back.load_class)
    return trip(back, leaving, ending, day)


def moving_s(elements: Sequence[ElementPart]) -> int:
    """Return the seconds in motion of a trip."""
    return sum(element.move_s for element in elements)


def class_index(leg: Leg) -> int:
    """Return the index of a leg's load class."""
    return LOAD_CLASSES.index(leg.load_class)


def _stations(rows: Sequence[FacilityRow]) -> tuple[str, ...]:
    """Return the stations of rows in order; rows of one pool are one station."""
    return tuple(dict.fromkeys(station_id(row) for row in rows))


def _served(rows: Sequence[FacilityRow]) -> list[ElementPart]:
    return [ElementPart(station, 0, station) for station in _stations(rows)]


def _without_berth(rows: Sequence[FacilityRow], *, moors: bool) -> list[FacilityRow]:
    return [row for row in rows if not (moors and row.operation == "berth")]


def _berth(visit: Visit, *, moors: bool) -> str:
    rows = (*visit.arriving, *visit.departing)
    found = [row for row in rows if moors and row.operation == "berth"]
    return station_id(found[0]) if found else ""


def _lifting(visit: Visit, *, moors: bool) -> str:
    """Return the station that lifts boxes between vessel and quay."""
    rows = visit.consignment if moors else ()
    found = [row for row in rows if row.operation == "handling" and row.per == "teu"]
    return station_id(found[0]) if found else ""


def _way(leg: Leg, day: Day, under_way: Sequence[tuple[FacilityRow, ...]]) -> list[ElementPart]:
    """Return meters, moves and stops from a leg's first node to its last.

    Times between two stops or line meters are rounded as one: a gate put on a link because
    some closure may shut it moves no arrival.
    """
    links = [day.atlas.links[link] for link in leg.links]
    hours = move_hours(links, leg.moving_h)
    passed = [(), *under_way]
    elements: list[ElementPart] = []
    run = _Run()
    for number, link in enumerate(links):
        served = _served(passed[number])
        key = meter_id(link, forward=leg.forward[number])
        is_line = link.id in day.lines
        is_hauled = link.id in day.hauled
        if served or is_line or is_hauled:
            elements.extend(run.flushed())
            run = _Run()
        elements.extend(served)
        if is_hauled:
            elements.append(ElementPart(depot_id(link.id), 0, depot_id(link.id)))
        if is_line:
            elements.append(ElementPart(key, move_s(hours[number]), key))
        elif link.id in day.struck or is_hauled:
            elements.extend(run.flushed())
            run.add(hours[number], link.id)
            is_gate = link.id in day.struck
            elements.extend(
                part._replace(station=key, place=key) if is_gate else part
                for part in run.flushed()
            )
        else:
            run.add(hours[number], link.id)
    return [*elements, *run.flushed()]


class _Run:
    """Links in a row on which nobody asks for a path: their times are rounded as one."""

    def __init__(self) -> None:
        self._hours = 0.0
        self._booked_s = 0
        self._place = ""

    def add(self, hours: float, link: str) -> None:
        """Go on along a link."""
        self._hours += hours
        self._place = self._place or link

    def flushed(self) -> list[ElementPart]:
        """Return the move up to here, if any, booked to its first link."""
        if not self._place:
            return []
        until_s = max(move_s(self._hours), self._booked_s + 1)
        part = ElementPart("", until_s - self._booked_s, self._place)
        self._booked_s, self._place = until_s, ""
        return [part]
