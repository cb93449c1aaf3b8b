"""Who uses which trips: the routes of all epochs gathered by leg.

In: assignments of the epochs and their journeys. Out: `Use`s, and legs whose ids
do not depend on what other rows, closures or unused routes there are.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from network.routing.records import Leg, Route
from sim.compiler.flows import FlowPart
from sim.compiler.journeys import Journey, Trip, class_index, moving_s
from sim.compiler.parts import ElementPart, LegPart, ServicePart
from sim.draws import stable_key

HASH_DIGITS = 8
RAIL = "rail"


class Use(NamedTuple):
    """A flow on a route in one epoch."""

    flow: FlowPart
    route: Route
    journey: Journey
    epoch: int
    share: float
    amount_milli: float
    """Thousandths of its class's unit in the part of the measured window in the epoch."""
    day: date
    """First day of the epoch."""

    @property
    def block(self) -> str:
        """Return the route's last rail node (R10)."""
        ends = [leg.destination for leg in self.route.legs if leg.mode == RAIL]
        return ends[-1] if ends else ""


class TripKey(NamedTuple):
    """What makes two trips one leg: the service, the way and the stations on it."""

    service: str
    links: tuple[str, ...]
    forward: tuple[bool, ...]
    elements: tuple[ElementPart, ...]
    ends: tuple[str, str]


def service_key(leg: Leg) -> str:
    """Return the id of a leg's service: its line, or the default between two places."""
    return f"{leg.service}/{leg.origin}/{leg.destination}" if leg.is_default else leg.line


def trip_key(trip: Trip) -> TripKey:
    """Return what makes a trip the same leg as another."""
    leg = trip.leg
    ends = (leg.origin, leg.destination)
    return TripKey(service_key(leg), leg.links, leg.forward, trip.elements, ends)


def leg_ids(uses: Iterable[Use], fleets: frozenset[str]) -> dict[TripKey, str]:
    """Return the ids of all legs.

    Parameters
    ----------
    uses
        All of them, in order of epoch.
    fleets
        Services with a fleet: one leg leaves each end, whatever the load.

    Notes
    -----
    An id is made of the service, its way and who first rides: load class, modes before
    and after, and lanes of their own. Other stations are not in it, so a new one does not
    change the draws of those who pass the old ones; where it parts two epochs, the date does.
    """
    labels: dict[TripKey, set[str]] = {}
    days: dict[TripKey, date] = {}
    for use in uses:
        modes = ["", *(leg.mode for leg in use.route.legs), ""]
        for number, trip in enumerate(use.journey.trips):
            key = trip_key(trip)
            label = f"{trip.leg.load_class}/{modes[number]}>{modes[number + 2]}"
            label += "".join(f"/{lane}" for lane in trip.lanes)
            labels.setdefault(key, set()).add(label)
            days.setdefault(key, use.day)
    ids: dict[TripKey, str] = {}
    taken: set[str] = set()
    for key in sorted(labels, key=lambda one: (days[one], min(labels[one]), one)):
        if key.service in fleets:
            ids[key] = f"{key.service}/{key.ends[0]}"
            continue
        way = ";".join(f"{link}{'>' if on else '<'}" for link, on in zip(*key[1:3], strict=True))
        found = f"{key.service}/{stable_key(way):016x}"[: len(key.service) + 1 + HASH_DIGITS]
        found = f"{found}/{min(labels[key])}"
        while found in taken:
            found = f"{found}+{days[key].isoformat()}"
        taken.add(found)
        ids[key] = found
    return ids


def leg_part(leg_id: str, trip: Trip, service: ServicePart, yard: str) -> LegPart:
    """Return a leg before it has an index."""
    leg = trip.leg
    return LegPart(
        id=leg_id,
        service=service.id,
        elements=trip.elements,
        nodes=leg.nodes,
        links=leg.links,
        link_forward=leg.forward,
        name=f"{leg.mode} {leg.origin} to {leg.destination}",
        yard=yard,
        moving_s=moving_s(trip.elements),
    )


def busiest(uses: Sequence[Use], ids: dict[TripKey, str]) -> dict[str, Trip]:
    """Return leg id -> the trip with the greatest load among those of that id."""
    loads: dict[str, dict[TripKey, float]] = {}
    trips: dict[TripKey, Trip] = {}
    for use in uses:
        for trip in use.journey.trips:
            key = trip_key(trip)
            trips.setdefault(key, trip)
            by_key = loads.setdefault(ids[key], {})
            by_key[key] = by_key.get(key, 0.0) + use.amount_milli / use.flow.lot_milli
    chosen = {
        leg: max(by_key, key=lambda key: (by_key[key], key)) for leg, by_key in loads.items()
    }
    return {leg: trips[key] for leg, key in chosen.items()}


def classes_of(uses: Iterable[Use], ids: dict[TripKey, str]) -> dict[str, frozenset[int]]:
    """Return leg id -> load classes that ride on it."""
    found: dict[str, set[int]] = {}
    for use in uses:
        for trip in use.journey.trips:
            found.setdefault(ids[trip_key(trip)], set()).add(class_index(trip.leg))
    return {leg: frozenset(classes) for leg, classes in found.items()}
