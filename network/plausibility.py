"""What is odd about a network without breaking a rule: the warnings.

Lengths against the great circle, running hours against lengths and speeds, capacities
against lots, values outside their own ranges, places that nothing reaches, handlings
without a yard.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import networkx as nx

from network.errors import Problem
from network.schema import FacilityRow, Network, NodeRow, ServiceRow

_EARTH_KM = 6371.0088  # mean radius, IUGG
_ROUNDING_KM = 1.5  # coordinates with two decimals are good to that
_DETOUR_MOST = 2.0
_SHORT_KM = 40.0  # below it a winding line is no surprise
_CRUISE_SLACK = 0.15  # R11
_LOT_SLACK = 0.05  # R16
_SPEED_MOST = {"rail": 160.0, "road": 110.0, "sea": 40.0, "river": 30.0, "air": 950.0}
_SPEED_LEAST = 5.0
_WAGON_T_MOST = 77.0  # four axles of 25 t less a tare of 23 t

Found = Iterator[tuple[str, str, str]]


def warnings(network: Network) -> tuple[Problem, ...]:
    """Return everything odd, with file and line, in the order of the tables."""
    return tuple(
        Problem(network.origins.get((table, key), table), f"{table}[{key}]: {message}")
        for finder in _FINDERS
        for table, key, message in finder(network)
    )


def great_circle_km(one: NodeRow, other: NodeRow) -> float | None:
    """Return the distance of two nodes on the sphere in km, if both have coordinates."""
    if one.lat is None or one.lon is None or other.lat is None or other.lon is None:
        return None
    lat, lat_other = math.radians(one.lat), math.radians(other.lat)
    half_lat = (lat_other - lat) / 2
    half_lon = math.radians(other.lon - one.lon) / 2
    h = math.sin(half_lat) ** 2 + math.cos(lat) * math.cos(lat_other) * math.sin(half_lon) ** 2
    return 2 * _EARTH_KM * math.asin(math.sqrt(h))


def _unreached(network: Network) -> Found:
    if not network.links:
        return
    parts = sorted(nx.weakly_connected_components(network.graph), key=len, reverse=True)
    for part in parts[1:]:
        first = min(part)
        rest = f" with {len(part) - 1} others" if len(part) > 1 else ""
        yield "nodes", first, f"is not joined to the rest of the network{rest}"


def _links(network: Network) -> Found:
    nodes = {node.id: node for node in network.nodes}
    for link in network.links:
        km = great_circle_km(nodes[link.origin], nodes[link.destination])
        if km is not None and link.length_km < km - _ROUNDING_KM:
            yield "links", link.id, f"length_km {link.length_km:g}; the ends are {km:.0f} km apart"
        if km is not None and link.length_km > max(_SHORT_KM, _DETOUR_MOST * km):
            yield (
                "links",
                link.id,
                f"length_km {link.length_km:g} is over twice the {km:.0f} km between its ends",
            )
        most = _SPEED_MOST[link.mode]
        if link.speed_kmh is not None and not _SPEED_LEAST <= link.speed_kmh <= most:
            yield "links", link.id, f"speed_kmh {link.speed_kmh:g} is unusual by {link.mode}"


def _single_tracks(network: Network) -> Found:
    """Yield loops at which no trains can meet: no two sections of one track end there."""
    ends: Counter[str] = Counter()
    for link in network.links:
        if link.track_rule == "alternating":
            ends.update({link.origin, link.destination})
    for node in network.nodes:
        if node.loop_tracks is not None and ends[node.id] <= 1:
            yield "nodes", node.id, "has loop_tracks, but no two alternating sections meet there"


def _ranges(network: Network) -> Found:
    """Yield values that lie outside the range stated beside them."""
    for link in network.links:
        yield from _outside("links", link.id, link.paths_per_day, link.paths_low, link.paths_high)
    for row in network.facilities:
        for value, low, high in (
            (row.servers, row.servers_low, row.servers_high),
            (row.mean_h, row.mean_low, row.mean_high),
            (row.storage_teu, row.storage_low, row.storage_high),
        ):
            yield from _outside("facilities", row.id, value, low, high)
    for cost in network.costs:
        yield from _outside("costs", cost.id, cost.value, cost.low_value, cost.high_value)
    for target in network.targets:
        yield from _outside("targets", target.id, target.value, target.low, target.high)


def _outside(
    table: str, key: str, value: float | None, low: float | None, high: float | None
) -> Found:
    if value is None:
        return
    if (low is not None and low > value) or (high is not None and high < value):
        yield table, key, f"{value:g} is outside its range {low} to {high}"


def _day_of(service: ServiceRow) -> date:
    """Return a day on which the service is in force, 2024-01-01 where it is."""
    return max(
        service.available_from or date.min, min(date(2024, 1, 1), service.available_to or date.max)
    )


def running_hours(network: Network, service: ServiceRow) -> float | None:
    """Return the hours of the quickest way over links of the service's mode and gauge.

    None where the links do not join its ends, or have no speed.
    """
    day = _day_of(service)
    hours: nx.Graph[str] = nx.Graph()
    for link in network.links:
        begun = link.available_from is None or link.available_from <= day
        ended = link.available_to is not None and link.available_to < day
        fits = link.mode == service.mode and link.gauge_mm == service.gauge_mm
        if link.speed_kmh is None or not begun or ended or not fits:
            continue
        known = hours.get_edge_data(link.origin, link.destination, {"h": math.inf})["h"]
        h = min(known, link.length_km / link.speed_kmh)
        hours.add_edge(link.origin, link.destination, h=h)
    stops = [service.origin, *service.via, service.destination]
    if any(stop not in hours for stop in stops):
        return None
    try:
        return math.fsum(
            nx.dijkstra_path_length(hours, one, other, weight="h")
            for one, other in pairwise(stops)
        )
    except nx.NetworkXNoPath:
        return None


def _cruise(network: Network) -> Found:
    for service in network.services:
        if service.cruise_h is None:
            continue
        hours = running_hours(network, service)
        if hours is None:
            yield "services", service.id, "no links of its mode and gauge join its ends that day"
        elif abs(hours / service.cruise_h - 1) > _CRUISE_SLACK:
            yield (
                "services",
                service.id,
                f"cruise_h {service.cruise_h:g}; lengths and speeds make {hours:.1f} h",
            )


def _lots(network: Network) -> Found:
    """Yield capacities of which whole lots leave more than 5 % unused (R16)."""
    lots: dict[tuple[str, str], set[float]] = defaultdict(set)
    for row in network.demand:
        for mode in row.allowed_modes or tuple(_SPEED_MOST):
            lots[mode, row.load_class].add(row.lot)
    for service in network.services:
        for load_class in service.load_classes:
            nominal = service.capacity_teu if load_class == "box" else service.capacity_t
            if load_class == "truck" or nominal is None:
                continue
            usable = nominal * (service.load_factor or 1.0)
            sizes = [lot for lot in lots[service.mode, load_class] if lot <= usable]
            poor = [lot for lot in sizes if 1 - usable // lot * lot / usable > _LOT_SLACK]
            if poor and len(poor) == len(sizes):
                those = ", ".join(f"{lot:g}" for lot in sorted(poor))
                yield (
                    "services",
                    service.id,
                    f"usable capacity {usable:g} loses over 5 % to {load_class} lots of {those}",
                )


def _wagons(network: Network) -> Found:
    """Yield capacities that are more than the wagons stated beside them carry."""
    for service in network.services:
        if service.capacity_t is not None and service.capacity_wagons:
            each_t = service.capacity_t / service.capacity_wagons
            if each_t > _WAGON_T_MOST:
                found = f"capacity_t {service.capacity_t:g} is {each_t:.0f} t a wagon"
                yield "services", service.id, found


def _yards(network: Network) -> Found:
    """Yield nodes where boxes change vehicle but no storage row counts the room (R13)."""
    room = {row.node for row in network.facilities if row.operation == "storage"}
    if not room:
        return
    for node in sorted({row.node for row in network.facilities if needs_yard(row)} - room):
        yield "nodes", node, "boxes are handled here, but no storage row says how many fit"


def needs_yard(row: FacilityRow) -> bool:
    """Return whether boxes leave trains or vessels at this facility and wait in a yard."""
    box = not row.applies_to or "box" in row.applies_to
    landed = row.operation in {"handling", "gauge_change"} and row.mode_in in {
        "rail",
        "sea",
        "river",
    }
    return box and landed


_FINDERS = (_unreached, _links, _single_tracks, _ranges, _cruise, _lots, _wagons, _yards)
