"""The lines of each mode and gauge, weighted for a load: who reaches what, by which ways."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from network.routing import cost
from network.routing.atlas import Atlas, Web
from network.routing.passage import mean_h
from network.routing.paths import Roads, Step, cheapest, distances_from, distances_to
from network.routing.regions import Haul
from network.schema import LinkRow

_LOOKED_AT = 12
"""Paths looked at for each that is kept."""
_SAME_WAY = 0.9
"""Two paths are one way if they share more than this part of their length."""


class Terms(NamedTuple):
    """What a load brings to a search."""

    load_class: str
    value_usd_per_h: float
    """Value of time per TEU."""
    lot_teu: float


class Lines:
    """The lines of one network; keeps what it has found.

    Loads are told apart by load class and value of time alone, so flows that agree in both
    share every search tree.
    """

    def __init__(self, atlas: Atlas, detour_limit: float) -> None:
        self._atlas = atlas
        self._limit = detour_limit
        self._roads: dict[tuple[Web, Terms], Roads] = {}
        self._remaining: dict[tuple[Web, Terms, str], Mapping[str, float]] = {}
        self._reach: dict[tuple[Web, Terms, str], Mapping[str, float]] = {}
        self._ways: dict[
            tuple[Web, Terms, tuple[str, str], str, int], tuple[tuple[Step, ...], ...]
        ] = {}

    def roads(self, web: Web, terms: Terms) -> Roads:
        """Return the steps of a web by the node that they leave, weighted for a load."""
        key = (web, terms)
        if key not in self._roads:
            steps: dict[str, list[Step]] = {}
            for link in self._atlas.lines.get(web, ()):
                for step in self._steps(web, link, terms):
                    steps.setdefault(step.tail, []).append(step)
            self._roads[key] = steps
        return self._roads[key]

    def _steps(self, web: Web, link: LinkRow, terms: Terms) -> Iterator[Step]:
        hourly = terms.value_usd_per_h + cost.wagon_hire(self._atlas.prices, web[0])
        hours = link.length_km / link.speed_kmh if link.speed_kmh else 0.0
        for tail, head, forward in (
            (link.origin, link.destination, True),
            (link.destination, link.origin, False),
        ):
            nodes = (self._atlas.nodes[tail], self._atlas.nodes[head])
            is_border = nodes[0].country != nodes[1].country
            # On one leg the tariff per km is the same on all rails, so a mean serves to
            # rank paths; on roads it changes with the country.
            haul = Haul(*web, terms.load_class, "", frozenset({nodes[1].country}), False, False)  # noqa: FBT003 - a record
            tariff = (
                cost.tariff_per_km(self._atlas.prices, haul)
                if web[0] == "road"
                else (self._mean_tariff(haul))
            )
            waits = self._stop_h(head, web[0], is_border=is_border)
            if is_border:
                waits += self._customs_h(tail, web[0])
            yield Step(
                tail, head, link.id, forward, tariff * link.length_km + hourly * (hours + waits)
            )

    def _mean_tariff(self, haul: Haul) -> float:
        rows = [
            cost.per_teu(row, haul.load_class)
            for row in self._atlas.prices.tariffs.rows
            if row.mode == haul.mode
            and (row.gauge_mm is None or row.gauge_mm == haul.gauge_mm)
            and (not row.load_class or haul.load_class in row.load_class)
        ]
        return sum(rows) / len(rows) if rows else 0.0

    def _stop_h(self, node: str, mode: str, *, is_border: bool) -> float:
        """Return the hours of the stations that any vehicle passes at a node under way."""
        hours = sum(
            mean_h(row, 0.0, None)
            for row in self._atlas.facilities.get(node, ())
            if row.mode_in == row.mode_out == mode
            and row.direction == "any"
            and row.operation in {"lock", "gate", "inspection", "formation"}
            and row.per not in {"teu", "consignment"}
        )
        return hours + (self._customs_h(node, mode) if is_border else 0.0)

    def _customs_h(self, node: str, mode: str) -> float:
        return sum(
            mean_h(row, 0.0, None)
            for row in self._atlas.facilities.get(node, ())
            if row.mode_in == row.mode_out == mode
            and row.direction == "any"
            and row.operation == "customs"
        )

    def reach(self, web: Web, terms: Terms, source: str) -> Mapping[str, float]:
        """Return the nodes that a vehicle reaches from a node, with the least cost."""
        key = (web, terms, source)
        if key not in self._reach:
            self._reach[key] = distances_from(source, self.roads(web, terms))
        return self._reach[key]

    def ways(
        self, web: Web, terms: Terms, ends: tuple[str, str], through: str, most: int
    ) -> tuple[tuple[Step, ...], ...]:
        """Return up to `most` ways between two nodes, cheapest first, led through a node.

        Two ways differ in at least a tenth of their length.
        """
        most = 1 if web[0] in {"sea", "air"} else most
        key = (web, terms, ends, through, most)
        if key not in self._ways:
            self._ways[key] = tuple(self._find_ways(web, terms, ends, through, most))
        return self._ways[key]

    def _find_ways(
        self, web: Web, terms: Terms, ends: tuple[str, str], through: str, most: int
    ) -> Iterator[tuple[Step, ...]]:
        found: list[tuple[Step, ...]] = []
        for path in islice(
            self._paths_between(web, terms, ends, through, most), _LOOKED_AT * most
        ):
            if all(self._differs(path, other) for other in found):
                found.append(path)
                yield path
            if len(found) == most:
                return

    def _paths_between(
        self, web: Web, terms: Terms, ends: tuple[str, str], through: str, most: int
    ) -> Iterator[tuple[Step, ...]]:
        roads = self.roads(web, terms)
        if not through:
            yield from cheapest(roads, *ends, self._to(web, terms, ends[1]), self._limit)
            return
        first = self.ways(web, terms, (ends[0], through), "", most)
        second = self.ways(web, terms, (through, ends[1]), "", most)
        joined = [(*a, *b) for a in first for b in second]
        loopless = [
            path for path in joined if len({step.head for step in path} | {ends[0]}) > len(path)
        ]
        yield from sorted(loopless, key=lambda path: (sum(s.cost for s in path), path))

    def _to(self, web: Web, terms: Terms, target: str) -> Mapping[str, float]:
        key = (web, terms, target)
        if key not in self._remaining:
            steps = [s for leaving in self.roads(web, terms).values() for s in leaving]
            self._remaining[key] = distances_to(target, steps)
        return self._remaining[key]

    def _differs(self, path: Sequence[Step], other: Sequence[Step]) -> bool:
        links = {step.link for step in other}
        km = [(self._atlas.links[step.link].length_km, step.link in links) for step in path]
        return sum(k for k, shared in km if shared) <= _SAME_WAY * sum(k for k, _ in km)
