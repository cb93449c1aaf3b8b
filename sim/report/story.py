"""A consignment's story in words: what happened when and where, and its ledger.

In: a `Story`, the names behind its numbers, the nodes of the network. Out: a `Tale` of lines
and rows, or the same as plain values for machines.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from itertools import groupby, pairwise
from typing import Any, NamedTuple

from sim.measures.story import Booking, Deed, Ride, Span, Story
from sim.plan import NEVER, Cause, Legend, Plan, Status
from sim.report.words import Names, country, sentence_case

DAY_S = 86_400
HOUR_S = 3_600
MINUTE_S = 60
MILLI = 1_000
MOST_PLACES = 3
KAZAKH = timezone(timedelta(hours=5))
"""Legal time of Kazakhstan since 2024-03-01, and of the model on every date."""

_VEHICLES = {
    "rail": "train",
    "road": "lorry",
    "sea": "vessel",
    "river": "barge",
    "air": "aircraft",
}
_CAUSES = {
    Cause.MOVING: "moving",
    Cause.SERVICE: "being served",
    Cause.QUEUE: "in the queue",
    Cause.FILLING: "until the vehicle is full",
    Cause.WAGONS: "for a vehicle",
    Cause.DEPARTURE: "for the departure",
    Cause.WEATHER: "for the weather",
    Cause.CLOSED: "because it is closed",
    Cause.STORAGE: "for room",
    Cause.PATH: "for a train path",
}
_ENDS = {
    Status.INSIDE: "still inside when the run ended",
    Status.DELIVERED: "delivered",
    Status.REFUSED_QUEUE: "turned away: the queue was full",
    Status.REFUSED_BAN: "turned away: its commodity is banned",
    Status.REFUSED_NO_ROUTE: "turned away: no route was open",
    Status.REFUSED_STORAGE: "turned away: the yard was full",
}


class Tale(NamedTuple):
    """A story as it is printed."""

    heading: tuple[str, ...]
    events: tuple[tuple[str, str, str, str], ...]
    """When, where, what, how long."""
    ledger: tuple[tuple[str, str, str, str], ...]
    """Cause, time, share of the whole, places; the last row is the sum."""


class World(NamedTuple):
    """What the numbers of a story stand for."""

    plan: Plan
    legend: Legend
    names: Names
    countries: Mapping[str, str]
    """Node id to the two letters of its country."""
    ends: Mapping[str, tuple[str, str]]
    """Link id to the nodes between which it lies."""


class _Event(NamedTuple):
    """Something that happened."""

    begin_s: int
    end_s: int
    what: str
    where: str
    words: str
    causes: tuple[Booking, ...] = ()
    ride: Ride | None = None


def tale(story: Story, world: World) -> Tale:
    """Return a story as it is printed."""
    events = tuple(
        (
            _instant(world, event.begin_s).strftime("%Y-%m-%d %H:%M"),
            event.where,
            event.words,
            duration(event.end_s - event.begin_s) if event.end_s > event.begin_s else "",
        )
        for event in _events(story, world)
    )
    return Tale(_heading(story, world), events, tuple(_ledger(story, world)))


def document(story: Story, world: World) -> dict[str, Any]:
    """Return a story as plain values: instants in Kazakh time, durations in seconds."""
    legend = world.legend
    return {
        "consignment": f"{legend.flow_id[story.flow]}:{story.number}",
        "flow": legend.flow_id[story.flow],
        "number": story.number,
        "teu": legend.flow_lot_teu[story.flow],
        "origin": legend.flow_origin[story.flow],
        "destination": legend.flow_destination[story.flow],
        "route": None if story.route == NEVER else legend.route_id[story.route],
        "legs": [legend.leg_name[leg] for leg in _legs(story, legend)],
        "created": _instant(world, story.created_s).isoformat(),
        "ended": _instant(world, story.ended_s).isoformat(),
        "status": story.status.name.lower(),
        "transit_s": story.ended_s - story.created_s,
        "events": [_plain(event, world) for event in _events(story, world)],
        "ledger": [_booked(booking, world) for booking in story.ledger],
    }


def duration(seconds: int) -> str:
    """Return seconds as days, hours, minutes and seconds: `1 d 02:03:04`."""
    days, rest = divmod(seconds, DAY_S)
    hours, rest = divmod(rest, HOUR_S)
    minutes, rest = divmod(rest, MINUTE_S)
    clock = f"{hours:02d}:{minutes:02d}:{rest:02d}"
    return f"{days} d {clock}" if days else clock


# --- what happened


def _events(story: Story, world: World) -> Iterator[_Event]:
    """Yield events in order: spans, departures, arrivals, the end."""
    legend, names = world.legend, world.names
    origin = names.of(legend.flow_origin[story.flow])
    yield _Event(story.created_s, story.created_s, "created", origin, "created")
    rides = {ride.vehicle: ride for ride in story.rides}
    for vehicle, group in groupby(story.spans, key=lambda span: span.vehicle):
        spans = list(group)
        if vehicle == NEVER:
            yield from (_stand(span, world, None) for span in spans)
            continue
        ride = rides[vehicle]
        yield _departure(ride, world)
        yield from _ridden(spans, ride, world)
        if ride.ended_s < story.ended_s or story.status == Status.DELIVERED:
            to = names.of(legend.leg_nodes[ride.leg][-1])
            noun = _noun(ride, legend)
            yield _Event(ride.ended_s, ride.ended_s, "arrives", to, f"leaves the {noun}", (), ride)
    to = names.of(legend.flow_destination[story.flow])
    is_there = story.status == Status.DELIVERED
    yield _Event(story.ended_s, story.ended_s, "ends", to if is_there else "", _ENDS[story.status])


def _ridden(spans: Sequence[Span], ride: Ride, world: World) -> Iterator[_Event]:
    """Yield what happens aboard; moves that follow each other are one."""
    at = world.legend.leg_nodes[ride.leg][0]
    for is_moving, group in groupby(spans, key=lambda span: span.deed == Deed.MOVE):
        if is_moving:
            moves = list(group)
            at = _passed(moves, ride, world)[-1]
            yield _motion(moves, ride, world)
            continue
        for span in group:
            event = _stand(span, world, ride)
            # A train that is held stands where it is, not where it is refused (R13).
            is_held = span.place in world.plan.yard_station
            yield event._replace(where=world.names.of(at)) if is_held else event


def _departure(ride: Ride, world: World) -> _Event:
    legend = world.legend
    nodes = legend.leg_nodes[ride.leg]
    words = (
        f"boards {_noun(ride, legend)} {ride.vehicle} of {legend.leg_service[ride.leg]} for "
        f"{world.names.of(nodes[-1])}, {ride.load / MILLI:,.0f} TEU aboard"
    )
    at_s = ride.departed_s
    return _Event(at_s, at_s, "boards", world.names.of(nodes[0]), words, (), ride)


def _motion(spans: Sequence[Span], ride: Ride, world: World) -> _Event:
    """Return moves in a row as one event, with the border if it is crossed."""
    nodes = _passed(spans, ride, world)
    names = [world.names.of(node) for node in nodes]
    words = f"{names[0]} → {names[-1]}"
    if len(names) > len(("from", "to")):
        words += f" by {', '.join(names[1:-1])}"
    sides = [world.countries.get(node, "") for node in nodes]
    crossed = [f"{country(a)} → {country(b)}" for a, b in pairwise(sides) if a != b]
    if crossed:
        words += f"; over the border: {', '.join(crossed)}"
    begin_s, end_s = spans[0].begin_s, spans[-1].end_s
    return _Event(begin_s, end_s, "moves", names[0], words, (), ride)


def _passed(spans: Sequence[Span], ride: Ride, world: World) -> list[str]:
    """Return the nodes that moves in a row pass, from the first's beginning to the last's end."""
    plan, legend = world.plan, world.legend
    links, nodes = legend.leg_links[ride.leg], legend.leg_nodes[ride.leg]
    first = int(plan.element_first[ride.leg])
    moving = [
        element
        for element in range(first, int(plan.element_first[ride.leg + 1]))
        if plan.element_move_s[element]
    ]
    begins: dict[int, int] = {}
    at = 0
    for element in moving:
        link = legend.place_id[plan.element_place[element]].rstrip("<>")
        at = links.index(link, at)
        begins[element] = at
        at += 1
    after = dict(
        zip(moving, [*(begins[element] for element in moving[1:]), len(links)], strict=True)
    )
    return list(nodes[begins[spans[0].element] : after[spans[-1].element] + 1])


def _stand(span: Span, world: World, ride: Ride | None) -> _Event:
    """Return a wait or a service."""
    where, what = _place(span.place, world)
    if span.deed == Deed.SERVICE:
        words = what
        if span.causes:
            words += f"; of it stopped {_why(span.causes, world)}"
        return _Event(span.begin_s, span.end_s, "served", where, words, span.causes, ride)
    target = what if span.place != NEVER else "an open route"
    words = f"waits for {target}: {_why(span.causes, world)}"
    return _Event(span.begin_s, span.end_s, "waits", where, words, span.causes, ride)


def _why(causes: Sequence[Booking], world: World) -> str:
    """Return causes with their times, each with the closure that it is booked to."""
    told = []
    for booking in causes:
        words = _CAUSES[booking.cause]
        if booking.closure != NEVER:
            words += f" ({world.legend.closure_id[booking.closure]})"
        if booking.cause == Cause.STORAGE:
            words += f" at {_place(booking.place, world)[0]}"
        if len(causes) > 1:
            words += f" {duration(booking.seconds)}"
        told.append(words)
    return ", ".join(told)


def _place(place: int, world: World) -> tuple[str, str]:
    """Return where a place is and what it is, in words."""
    legend = world.legend
    if place == NEVER:
        return "", ""
    node = legend.place_node[place]
    if node in world.ends:
        start, end = world.ends[node]
        backward = legend.place_id[place].endswith("<")
        way = world.names.way(end, start) if backward else world.names.way(start, end)
        is_line = legend.place_id[place][:-1] == node or legend.place_id[place] == node
        return way, "the line" if is_line else "a locomotive"
    kind = legend.station_kind[place]
    if kind == "pool":
        leg = int(world.plan.pool_leg[world.plan.station_detail[place]])
        to = world.names.of(legend.leg_nodes[leg][-1])
        return world.names.of(node), f"a {_VEHICLES[_mode(leg, legend)]} to {to}"
    if kind == "yard":
        return world.names.of(node), f"room in the yard of {world.names.of(node)}"
    what, _, rest = legend.station_name[place].partition(", ")
    way = rest.rpartition(", ")[0]
    return world.names.of(node), f"{what} ({way})" if way else what


def _noun(ride: Ride, legend: Legend) -> str:
    return _VEHICLES[_mode(ride.leg, legend)]


def _mode(leg: int, legend: Legend) -> str:
    return legend.leg_name[leg].split(" ", 1)[0]


# --- head and ledger


def _heading(story: Story, world: World) -> tuple[str, ...]:
    legend, names = world.legend, world.names
    flow = legend.flow_id[story.flow]
    way = names.way(legend.flow_origin[story.flow], legend.flow_destination[story.flow])
    teu = legend.flow_lot_teu[story.flow]
    took = duration(story.ended_s - story.created_s)
    what = legend.flow_commodity[story.flow] or legend.flow_class[story.flow]
    begin, end = (_instant(world, at_s) for at_s in (story.created_s, story.ended_s))
    legs = [
        f"{_mode(leg, legend)} {names.way(legend.leg_nodes[leg][0], legend.leg_nodes[leg][-1])}"
        for leg in _legs(story, legend)
    ]
    return (
        f"{flow}:{story.number}: {teu:g} TEU of {what}, {way}",
        f"created {begin:%Y-%m-%d %H:%M:%S}, Kazakh time (UTC+5)",
        f"{_ENDS[story.status]} {end:%Y-%m-%d %H:%M:%S}, after {took}",
        f"route: {', '.join(legs) or 'none'}",
    )


def _legs(story: Story, legend: Legend) -> tuple[int, ...]:
    return () if story.route == NEVER else legend.route_legs[story.route]


def _ledger(story: Story, world: World) -> Iterator[tuple[str, str, str, str]]:
    """Yield causes by their order, then the sum."""
    whole_s = story.ended_s - story.created_s
    for cause in Cause:
        mine = [booking for booking in story.ledger if booking.cause == cause]
        if not mine:
            continue
        places: Counter[str] = Counter()
        for booking in mine:
            places[_place(booking.place, world)[0]] += booking.seconds
        most = places.most_common()
        where = ", ".join(f"{name} {duration(s)}" for name, s in most[:MOST_PLACES] if name)
        where += f" and {len(most) - MOST_PLACES} more" if len(most) > MOST_PLACES else ""
        seconds = sum(booking.seconds for booking in mine)
        share = f"{seconds / whole_s:.1%}"
        yield sentence_case(_CAUSES[cause]), duration(seconds), share, where
    total_s = sum(booking.seconds for booking in story.ledger)
    yield "Sum", duration(total_s), "", f"transit time {duration(whole_s)}"


# --- plain values


def _plain(event: _Event, world: World) -> dict[str, Any]:
    ride = event.ride
    return {
        "begin": _instant(world, event.begin_s).isoformat(),
        "end": _instant(world, event.end_s).isoformat(),
        "seconds": event.end_s - event.begin_s,
        "what": event.what,
        "where": event.where,
        "words": event.words,
        "vehicle": None if ride is None else ride.vehicle,
        "service": None if ride is None else world.legend.leg_service[ride.leg],
        "causes": [_booked(booking, world) for booking in event.causes],
    }


def _booked(booking: Booking, world: World) -> dict[str, Any]:
    legend = world.legend
    return {
        "place": None if booking.place == NEVER else legend.place_id[booking.place],
        "cause": booking.cause.name.lower(),
        "closure": None if booking.closure == NEVER else legend.closure_id[booking.closure],
        "seconds": booking.seconds,
    }


def _instant(world: World, second: int) -> datetime:
    """Return an instant of the run in Kazakh time."""
    first = datetime.fromordinal(world.plan.first_day).replace(tzinfo=KAZAKH)
    return first + timedelta(seconds=second)
