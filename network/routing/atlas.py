"""The network of one day, arranged for routing: lines by mode and gauge, who carries what.

The mode- and gauge-expanded graph is never stored whole. A state is (node, mode, gauge);
within a mode and gauge a vehicle moves over `Atlas.lines`, and between two such states a
load goes over only where `network.visit.lets_change` finds a facility that allows it.
"""

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from network.routing.cost import Prices, read_prices
from network.routing.paths import Step
from network.routing.records import Leg
from network.schema import DefaultRow, FacilityRow, LinkRow, Network, NodeRow, ServiceRow
from network.visit import Side

CHINA = "CN"
NEAR_BORDER_KM = 50.0
"""A leg that does not cross China's border itself takes the direction of a crossing of the
leg before or after it within this distance (R8)."""

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")
Web = tuple[str, int]
"""(mode, gauge in mm): the links over which one vehicle can run; 0 off the rails."""


class Carrier(NamedTuple):
    """The service or default row by which the vehicles of a leg form."""

    row: ServiceRow | DefaultRow
    is_default: bool

    @property
    def group(self) -> str:
        """Return the vessel group, empty where there is none."""
        return self.row.group if isinstance(self.row, ServiceRow) else ""

    @property
    def line(self) -> str:
        """Return the line of the service, or the row's id."""
        return (self.row.line if isinstance(self.row, ServiceRow) else "") or self.row.id

    @property
    def via(self) -> tuple[str, ...]:
        """Return the nodes of which the leg must pass one; empty: any."""
        return self.row.via if isinstance(self.row, ServiceRow) else ()


class Atlas(NamedTuple):
    """The rows of a network of one day by what routing asks for."""

    nodes: Mapping[str, NodeRow]
    links: Mapping[str, LinkRow]
    facilities: Mapping[str, tuple[FacilityRow, ...]]
    """Node -> its facility rows."""
    lines: Mapping[Web, tuple[LinkRow, ...]]
    services: Mapping[tuple[str, str], tuple[ServiceRow, ...]]
    """(from, to) -> services that run so; a shuttle stands under both directions."""
    leaving: Mapping[str, tuple[ServiceRow, ...]]
    """Node -> one-way services that begin there."""
    defaults: tuple[DefaultRow, ...]
    prices: Prices


def survey(network: Network) -> Atlas:
    """Return the atlas of a network of one day (`network.load.on`)."""
    return Atlas(
        nodes={node.id: node for node in network.nodes},
        links={link.id: link for link in network.links},
        facilities=_grouped((row.node, row) for row in network.facilities),
        lines=_grouped((web_of(link), link) for link in network.links),
        services=_grouped((ends, row) for row in network.services for ends in _ends(row)),
        leaving=_grouped((row.origin, row) for row in network.services if not is_both_ways(row)),
        defaults=network.defaults,
        prices=read_prices(network),
    )


def _grouped(pairs: Iterable[tuple[Key, Row]]) -> dict[Key, tuple[Row, ...]]:
    groups: dict[Key, list[Row]] = {}
    for key, row in pairs:
        groups.setdefault(key, []).append(row)
    return {key: tuple(rows) for key, rows in groups.items()}


def _ends(row: ServiceRow) -> tuple[tuple[str, str], ...]:
    there = (row.origin, row.destination)
    return (
        (there, there[::-1]) if is_both_ways(row) and row.origin != row.destination else (there,)
    )


def web_of(link: LinkRow) -> Web:
    """Return the mode and gauge of a link."""
    return (link.mode, link.gauge_mm or 0)


def carriers(
    atlas: Atlas, web: Web, ends: tuple[str, str], load_class: str
) -> tuple[tuple[Carrier, ...], tuple[Carrier, ...]]:
    """Return the own services and the defaults that cover a leg, path apart (R7)."""
    own = tuple(
        Carrier(row, is_default=False)
        for row in atlas.services.get(ends, ())
        if _carries(row, web, load_class)
    )
    spare = tuple(
        Carrier(row, is_default=True)
        for row in atlas.defaults
        if row.mode == web[0]
        and row.load_class == load_class
        and (row.gauge_mm is None or row.gauge_mm == web[1])
    )
    return own, spare


def run_on(atlas: Atlas, web: Web, leg: Leg) -> tuple[Carrier, ...]:
    """Return the rail services that end on a leg's path where its load cannot be handled.

    Such a service runs on along the links of its gauge to where it can (R7).
    """
    if web[0] != "rail":
        return ()
    return tuple(
        Carrier(row, is_default=False)
        for row in atlas.leaving.get(leg.origin, ())
        if _carries(row, web, leg.load_class)
        and row.destination in leg.nodes[1:-1]
        and not _is_handled(atlas, row.destination, leg)
    )


def _is_handled(atlas: Atlas, node: str, leg: Leg) -> bool:
    """Return whether a load on a leg could leave the train at a node."""
    return any(
        row.operation in {"gauge_change", "handling", "berth"}
        and (not row.applies_to or leg.load_class in row.applies_to)
        and (row.direction == "any" or row.direction in leg.directions)
        for row in atlas.facilities.get(node, ())
    )


def _carries(row: ServiceRow, web: Web, load_class: str) -> bool:
    return (
        row.mode == web[0]
        and (row.gauge_mm is None or not web[1] or row.gauge_mm == web[1])
        and (not row.load_classes or load_class in row.load_classes)
    )


def is_both_ways(row: ServiceRow) -> bool:
    """Return whether a service shuttles: as `direction` says, else where it has a fleet."""
    return row.direction == "both" or (row.direction == "" and row.fleet is not None)


def make_leg(atlas: Atlas, carrier: Carrier, path: Sequence[Step], load_class: str) -> Leg:
    """Return the leg of a carrier over a path of at least one link."""
    links = [atlas.links[step.link] for step in path]
    mode, gauge_mm = web_of(links[0])
    nodes = (path[0].tail, *(step.head for step in path))
    signs = set(_signs(atlas, nodes))
    return Leg(
        service=carrier.row.id,
        is_default=carrier.is_default,
        line=carrier.line,
        group=carrier.group,
        mode=mode,
        gauge_mm=gauge_mm,
        origin=nodes[0],
        destination=nodes[-1],
        links=tuple(step.link for step in path),
        forward=tuple(step.forward for step in path),
        nodes=nodes,
        load_class=load_class,
        directions=tuple(sorted((signs - {""}) | _compass(atlas, nodes[0], nodes[-1]))),
        crosses=bool(signs - {""}),
        km=sum(link.length_km for link in links),
        moving_h=_moving_h(carrier, links),
    )


def _moving_h(carrier: Carrier, links: Sequence[LinkRow]) -> float:
    """Return length over speed; the service's cruise serves where a link has no speed."""
    if all(link.speed_kmh for link in links):
        return sum(link.length_km / (link.speed_kmh or 1.0) for link in links)
    row = carrier.row
    return (row.cruise_h if isinstance(row, ServiceRow) else None) or 0.0


def _signs(atlas: Atlas, nodes: Sequence[str]) -> Iterator[str]:
    """Yield, link by link, from_china, to_china or an empty text."""
    for tail, head in pairwise(nodes):
        is_out = atlas.nodes[tail].country == CHINA
        is_in = atlas.nodes[head].country == CHINA
        yield "" if is_out == is_in else "from_china" if is_out else "to_china"


def _compass(atlas: Atlas, origin: str, destination: str) -> set[str]:
    start, end = atlas.nodes[origin], atlas.nodes[destination]
    found: set[str] = set()
    if start.lon is not None and end.lon is not None and start.lon != end.lon:
        found.add("east" if end.lon > start.lon else "west")
    if start.lat is not None and end.lat is not None and start.lat != end.lat:
        found.add("north" if end.lat > start.lat else "south")
    return found


def sign_left(atlas: Atlas, leg: Leg) -> str:
    """Return the sign of a leg's last crossing if it lies within 50 km of the leg's end."""
    return _near_sign(atlas, leg.nodes[::-1], leg.links[::-1], turned=True)


def sign_ahead(atlas: Atlas, leg: Leg) -> str:
    """Return the sign of a leg's first crossing if it lies within 50 km of its start."""
    return _near_sign(atlas, leg.nodes, leg.links, turned=False)


def _near_sign(atlas: Atlas, nodes: Sequence[str], links: Sequence[str], *, turned: bool) -> str:
    km = 0.0
    for sign, link in zip(_signs(atlas, nodes), links, strict=True):
        km += atlas.links[link].length_km
        if km > NEAR_BORDER_KM:
            return ""
        if sign:
            other = "to_china" if sign == "from_china" else "from_china"
            return other if turned else sign
    return ""


def with_sign(leg: Leg, sign: str) -> Leg:
    """Return a leg that takes the direction of a crossing of another leg, if it has none."""
    if leg.crosses or not sign or sign in leg.directions:
        return leg
    return leg._replace(directions=tuple(sorted({*leg.directions, sign})))


def side_of(leg: Leg) -> Side:
    """Return the vehicle of a leg as one side of a visit."""
    return Side(leg.mode, leg.group, frozenset(leg.directions), leg.crosses)
