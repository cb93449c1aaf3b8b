"""How much demand the network can carry at most, by its narrowest cut (max-flow/min-cut).

In: the network of one day, closures, the demand of flows by the day. Out: `Bound`: a multiplier
that no run can beat, and the cut that says so. Queues, empty paths and vehicles that leave
half full are not in it, so a run carries less.

A load moves over states (node, mode and gauge): along links, whose capacity is own paths times
the largest train; and from state to state where facilities let it, as fast as their servers
work in the mean. What the network does not say, and what more than one cut would have to share,
counts as without limit: the bound is never too low.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import networkx as nx

from network.routing.atlas import CHINA, Atlas, survey
from network.routing.capacity import (
    Station,
    departures_per_day,
    paths_per_day,
    stations,
)
from network.routing.passage import capacity_teu
from network.schema import (
    ClosureRow,
    DefaultRow,
    FacilityRow,
    LinkRow,
    Network,
    ServiceRow,
)
from network.visit import Side, Visit, handling, lets_change, station_key, stop

MILLI = 1_000
"""Flows are whole thousandths of a TEU a day: floating point would not end."""
_TEU_PER_TRUCK = 2.0
_MOST_ROUNDS = 100
_SOURCE, _SINK = "source", "sink"
_BY_SERVICE = frozenset({"sea", "river", "air"})
"""Modes in which only services run, from end to end."""

Web = tuple[str, int, str]
"""(mode, gauge in mm, vessel group)."""
_State = tuple[str, Web, str] | tuple[str, str]


class Wanted(NamedTuple):
    """What one flow wants to send a day, TEU equivalents."""

    flow: str
    origin: str
    destination: str
    load_class: str
    modes: frozenset[str]
    """By which it may go; empty: any."""
    scaled_teu: float
    """That is multiplied."""
    fixed_teu: float
    """That is not."""
    lot_teu: float


class Cut(NamedTuple):
    """One place of a cut."""

    place: str
    teu_per_day: float


class Bound(NamedTuple):
    """What no run can beat."""

    multiplier: float
    """Of the demand that is scaled; infinite where nothing limits it."""
    about: str
    """Which flows, in words."""
    cut: tuple[Cut, ...]
    """The places through which they must pass, together at their limit."""


class _Limit(NamedTuple):
    """What lets so much through; compares by how much."""

    teu_per_day: float
    place: str


_FREE = _Limit(math.inf, "")


class _Way(NamedTuple):
    """How a load gets from node to node in one vehicle."""

    tail: str
    head: str
    web: Web
    limit: _Limit


class _Group(NamedTuple):
    name: str
    load_class: str
    sign: str
    """from_china or to_china where all flows of it cross that border so; else empty."""
    flows: tuple[Wanted, ...]


def bounds(
    network: Network, closures: tuple[ClosureRow, ...], demand: Sequence[Wanted]
) -> tuple[Bound, ...]:
    """Return the bounds of all groups of flows that share an end, the least first.

    Parameters
    ----------
    network
        Of one day.
    closures
        Rows that apply; their mean over the year is taken off capacities.
    demand
        Of each flow.

    Returns
    -------
    Each cut once, under the first of the groups that it bounds most; groups that nothing
    limits are left out. The first is the bound of all.

    Notes
    -----
    For each group (flows of one load class from or to one node or one country) the multiplier
    at which the maximum flow falls short of the demand, by Dinkelbach's (1967) iteration: from
    the minimum cut (Ford and Fulkerson 1956) at one multiplier to the multiplier that this cut
    allows, until it carries it all. Flows with both ends at one node are held against what is
    there.
    """
    atlas = survey(network)
    ground = _Ground(atlas, closures)
    found = [_of_group(ground, group) for group in _groups(atlas, demand)]
    found.sort(key=lambda one: one.multiplier)
    by_cut: dict[tuple[Cut, ...], Bound] = {}
    for one in found:
        if one.cut:
            by_cut.setdefault(one.cut, one)
    return tuple(by_cut.values())


def _groups(atlas: Atlas, demand: Sequence[Wanted]) -> list[_Group]:
    """Return the groups of flows that may meet in one cut, each set of flows once."""
    members: dict[tuple[str, str], list[Wanted]] = {}
    for one in demand:
        ends = (("from", one.origin), ("to", one.destination))
        for word, node in ends:
            members.setdefault((f"{word} {node}", one.load_class), []).append(one)
            if country := atlas.nodes[node].country:
                key = (f"{word} country {country}", one.load_class)
                members.setdefault(key, []).append(one)
    found: dict[frozenset[str], _Group] = {}
    for (name, load_class), flows in members.items():
        if any(one.scaled_teu > 0 for one in flows):
            together = frozenset(one.flow for one in flows)
            found.setdefault(together, _Group(name, load_class, _sign(atlas, flows), tuple(flows)))
    return list(found.values())


def _sign(atlas: Atlas, flows: Sequence[Wanted]) -> str:
    """Return the direction over China's border that all flows share, or an empty text."""
    pairs = {
        (atlas.nodes[one.origin].country == CHINA, atlas.nodes[one.destination].country == CHINA)
        for one in flows
    }
    signs = {(True, False): "from_china", (False, True): "to_china"}
    return signs.get(pairs.pop(), "") if len(pairs) == 1 else ""


class _Ground:
    """Builds the graph of capacities for the loads of a group."""

    def __init__(self, atlas: Atlas, closures: tuple[ClosureRow, ...]) -> None:
        self.atlas = atlas
        self.closures = closures
        self.stations = stations(atlas, closures)

    def graph(self, group: _Group) -> "nx.DiGraph[Any]":
        """Return states and arcs; an arc has `capacity` in thousandths where it has a limit."""
        modes: frozenset[str] = frozenset()
        if all(one.modes for one in group.flows):
            modes = frozenset().union(*(one.modes for one in group.flows))
        graph: nx.DiGraph[Any] = nx.DiGraph()
        at: dict[str, set[Web]] = {}
        for way in (*self._by_links(group), *self._by_services(group)):
            if not modes or way.web[0] in modes:
                _arc(graph, (way.tail, way.web, "out"), (way.head, way.web, "in"), way.limit)
                for node in (way.tail, way.head):
                    at.setdefault(node, set()).add(way.web)
        for node, webs in at.items():
            self._node(graph, node, sorted(webs), group)
        return graph

    def _by_links(self, group: _Group) -> Iterator[_Way]:
        """Yield both directions of every link over which a vehicle of no fleet may run."""
        spare = {row.mode for row in self.atlas.defaults if row.load_class == group.load_class}
        for link in self.atlas.links.values():
            if link.mode in _BY_SERVICE and link.mode not in spare:
                continue
            web = (link.mode, link.gauge_mm or 0, "")
            for tail, head in ((link.origin, link.destination), (link.destination, link.origin)):
                limit = _Limit(self._carried(link, web, group), f"{link.id} {tail} > {head}")
                # Controls towards China fall once a route, and who crosses must pass them.
                sign = self._crossing(tail, head)
                if sign and sign == group.sign:
                    limit = min(limit, *(self._controls(at, web, group) for at in (tail, head)))
                yield _Way(tail, head, web, limit)

    def _by_services(self, group: _Group) -> Iterator[_Way]:
        """Yield every service of ships, barges or aircraft, from end to end."""
        for (tail, head), rows in self.atlas.services.items():
            for row in rows:
                size = capacity_teu(row, group.load_class)
                is_for = not row.load_classes or group.load_class in row.load_classes
                if row.mode in _BY_SERVICE and is_for and size:
                    most = departures_per_day(self.atlas, self.closures, row, row.cruise_h or 0.0)
                    limit = _Limit(most * size, f"{row.id} {tail} > {head}")
                    yield _Way(tail, head, (row.mode, 0, row.group), limit)

    def _crossing(self, tail: str, head: str) -> str:
        is_out, is_in = (self.atlas.nodes[node].country == CHINA for node in (tail, head))
        return "" if is_out == is_in else "from_china" if is_out else "to_china"

    def _controls(self, node: str, web: Web, group: _Group) -> _Limit:
        """Return what the controls of one direction over China's border let through."""
        side = Side(web[0], "", frozenset({group.sign}))
        rows = stop(self.atlas.facilities.get(node, ()), side, group.load_class)
        return self._served((row for row in rows if row.direction == group.sign), web, group)

    def _carried(self, link: LinkRow, web: Web, group: _Group) -> float:
        """Return the TEU a day of one direction: own paths by the largest train."""
        paths = paths_per_day(self.closures, link)
        return paths * self._largest(web, group.load_class) if math.isfinite(paths) else paths

    def _largest(self, web: Web, load_class: str) -> float:
        """Return the TEU of the largest vehicle of a web for a load class."""
        rows: list[ServiceRow | DefaultRow] = list(self.atlas.defaults)
        rows += [row for group in self.atlas.services.values() for row in group]
        sizes = [
            capacity_teu(row, load_class)
            for row in rows
            if row.mode == web[0] and row.gauge_mm in {None, web[1]}
        ]
        return max((size for size in sizes if size), default=math.inf)

    def _node(
        self, graph: "nx.DiGraph[Any]", node: str, webs: Sequence[Web], group: _Group
    ) -> None:
        """Enter what a load may do at a node: pass whole, change, begin, end."""
        rows = self.atlas.facilities.get(node, ())
        directions = frozenset({group.sign} - {""})
        sides = {web: Side(web[0], web[2], directions, crosses=False) for web in webs}
        for web, side in sides.items():
            passed = stop(rows, side, group.load_class, at_border=False)
            common = (row for row in passed if row.direction == "any")
            _arc(graph, (node, web, "in"), (node, web, "out"), self._served(common, web, group))
            for other, after in sides.items():
                visit = handling(rows, node, side, after, group.load_class)
                if other != web and lets_change(visit, side, after):
                    limit = self._served(_rows(visit), web, group)
                    _arc(graph, (node, web, "in"), (node, other, "out"), limit)
            begun = handling(rows, node, None, side, group.load_class)
            ended = handling(rows, node, side, None, group.load_class)
            begin, end = (self._served(_rows(visit), web, group) for visit in (begun, ended))
            _arc(graph, (node, "begin"), (node, web, "out"), begin)
            _arc(graph, (node, web, "in"), (node, "end"), end)

    def at_one_place(self, node: str, group: _Group) -> _Limit:
        """Return the TEU a day that a node serves of what begins and ends there."""
        rows = self.atlas.facilities.get(node, ())
        visit = handling(rows, node, None, None, group.load_class)
        return self._served(_rows(visit), ("", 0, ""), group)

    def _served(self, rows: Iterable[FacilityRow], web: Web, group: _Group) -> _Limit:
        """Return the TEU a day of the slowest of stations in series, and its id."""
        limits = [
            _Limit(self._rate(row, self.stations[station_key(row)], web, group), row.id)
            for row in rows
            if station_key(row) in self.stations and not row.flows
        ]
        return min(limits, default=_FREE)

    def _rate(self, row: FacilityRow, station: Station, web: Web, group: _Group) -> float:
        """Return the TEU a day that a station serves."""
        mean_h = (station.mean_h if row.servers else row.mean_h or 0.0) * row.share
        sizes = {
            "teu": 1.0,
            "consignment": max(one.lot_teu for one in group.flows),
            "truck": _TEU_PER_TRUCK,
            "train": row.ref_teu or self._largest(web, group.load_class),
        }
        return station.hours_per_day / mean_h * sizes.get(row.per, math.inf)


def _rows(visit: Visit) -> tuple[FacilityRow, ...]:
    return (*visit.arriving, *visit.consignment, *visit.departing)


def _arc(graph: "nx.DiGraph[Any]", tail: _State, head: _State, limit: _Limit) -> None:
    """Enter an arc; with one that is there it makes one with the capacity of both."""
    place, is_limited = limit.place, math.isfinite(limit.teu_per_day)
    capacity = math.ceil(limit.teu_per_day * MILLI) if is_limited else 0
    if graph.has_edge(tail, head):
        there = graph.edges[tail, head]
        is_limited = is_limited and "capacity" in there
        place, capacity = f"{there['place']} + {place}", there.get("capacity", 0) + capacity
        graph.remove_edge(tail, head)
    graph.add_edge(tail, head, place=place)
    if is_limited:
        graph.edges[tail, head]["capacity"] = capacity


def _of_group(ground: _Ground, group: _Group) -> Bound:
    """Return the bound of a group of flows."""
    here = [one for one in group.flows if one.origin == one.destination]
    found = Bound(math.inf, group.name, ())
    for node in sorted({one.origin for one in here}):
        found = min(found, _at_node(ground, group, node), key=lambda one: one.multiplier)
    graph = ground.graph(group)
    flows = [one for one in group.flows if one not in here and _is_reached(graph, one)]
    if sum(one.scaled_teu for one in flows) <= 0:
        return found
    return min(found, _over_lines(graph, group.name, flows), key=lambda one: one.multiplier)


def _at_node(ground: _Ground, group: _Group, node: str) -> Bound:
    mine = [one for one in group.flows if one.origin == one.destination == node]
    limit = ground.at_one_place(node, group)
    scaled = sum(one.scaled_teu for one in mine)
    left = limit.teu_per_day - sum(one.fixed_teu for one in mine)
    return Bound(
        left / scaled if scaled else math.inf, group.name, (Cut(limit.place, limit.teu_per_day),)
    )


def _is_reached(graph: "nx.DiGraph[Any]", one: Wanted) -> bool:
    ends = (one.origin, "begin"), (one.destination, "end")
    return all(end in graph for end in ends) and nx.has_path(graph, *ends)


def _over_lines(graph: "nx.DiGraph[Any]", about: str, flows: Sequence[Wanted]) -> Bound:
    """Return the multiplier up to which a maximum flow carries all, and the cut there."""
    at = Fraction(1_000_000)
    cut: tuple[Cut, ...] = ()
    for _ in range(_MOST_ROUNDS):
        wanted = _with_ends(graph, flows, at)
        total = sum(size for *_, size in wanted.out_edges(_SOURCE, data="capacity"))
        value, (near, _) = nx.minimum_cut(wanted, _SOURCE, _SINK)
        if value >= total:
            break
        over = [(tail, head) for tail, head in wanted.edges if tail in near and head not in near]
        inner = [edge for edge in over if _SOURCE not in edge and _SINK not in edge]
        carried = sum(wanted.edges[edge]["capacity"] for edge in inner)
        begun = [one for one in flows if (one.origin, "begin") in near]
        across = [one for one in begun if (one.destination, "end") not in near]
        scaled = sum(_milli(one.scaled_teu) for one in across)
        fixed = sum(_milli(one.fixed_teu) for one in across)
        if not scaled:
            break
        at = min(at, Fraction(carried - fixed, scaled))
        cut = tuple(
            Cut(wanted.edges[edge]["place"], wanted.edges[edge]["capacity"] / MILLI)
            for edge in sorted(inner, key=str)
        )
        if at <= 0:
            break
    return Bound(float(at) if cut else math.inf, about, cut)


def _with_ends(
    graph: "nx.DiGraph[Any]", flows: Sequence[Wanted], at: Fraction
) -> "nx.DiGraph[Any]":
    """Return the graph with what each origin sends and each destination takes."""
    wanted = graph.copy()
    for one in flows:
        sent = math.floor(at * _milli(one.scaled_teu)) + _milli(one.fixed_teu)
        for edge in (
            (_SOURCE, (one.origin, "begin")),
            ((one.destination, "end"), _SINK),
        ):
            before = wanted.edges[edge]["capacity"] if wanted.has_edge(*edge) else 0
            wanted.add_edge(*edge, capacity=before + sent, place="")
    return wanted


def _milli(teu: float) -> int:
    return round(teu * MILLI)
