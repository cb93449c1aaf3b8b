"""The mode- and gauge-expanded search: chains of legs, cheapest first.

A chain says where handlings stand and who carries each leg; over which lines a leg runs is
settled afterwards (`routing.candidates`). Loads are told apart here only by load class and
value of time, so flows that agree in both share every search tree.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count, islice
from math import inf, isfinite
from typing import NamedTuple

from network.routing import cost
from network.routing.atlas import (
    Atlas,
    Carrier,
    Web,
    carriers,
    make_leg,
    run_on,
    side_of,
    sign_ahead,
    sign_left,
    with_sign,
)
from network.routing.passage import (
    border_fees_usd,
    handling_fees_usd,
    hours_at,
    mean_h,
    stops,
    tariff_usd,
    typical_load_teu,
    waiting_h,
)
from network.routing.paths import Roads, Step, cheapest, distances_from, distances_to, settle
from network.routing.records import Costs, Hours, Leg
from network.routing.regions import Haul
from network.schema import FacilityRow, LinkRow
from network.visit import Visit, handling, lets_change

_COUNTED_DEFAULTS = frozenset({"rail", "river", "air"})
"""Modes in which a default vehicle has still to be formed; a truck is hired for any leg."""
_FETCH_KM = 500.0
"""Trucks bring air cargo to its airport and fetch it, no farther than this; an assumption."""
_HOPELESS = 50.0
"""Chains dearer than this over the least conceivable are not looked for."""
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


class LegPrice(NamedTuple):
    """A leg's part of a route's cost and time, end handlings apart."""

    costs: Costs
    hours: Hours


class Sketch(NamedTuple):
    """A leg over its cheapest path, as a link of a chain."""

    carrier: Carrier
    through: str
    """Node that the path is led through, empty: none."""
    leg: Leg
    price_usd: float
    """Generalised cost per TEU."""

    @property
    def counts_as_default(self) -> bool:
        """Return whether the leg leans on a default vehicle that must form."""
        return self.carrier.is_default and self.leg.mode in _COUNTED_DEFAULTS


class Chain(NamedTuple):
    """Sketches from origin to destination."""

    sketches: tuple[Sketch, ...]
    price_usd: float

    @property
    def defaults(self) -> int:
        """Return how many legs lean on defaults."""
        return sum(sketch.counts_as_default for sketch in self.sketches)


class Errand(NamedTuple):
    """What a chain must do."""

    origin: str
    destination: str
    modes: frozenset[str]
    """Allowed; empty: all."""
    via: tuple[str, ...]
    """Nodes of which one must be passed; empty: none."""


class Search:
    """Legs, ways and chains of one network; keeps what it has found."""

    def __init__(self, atlas: Atlas, paths: int, detour_limit: float) -> None:
        self.atlas = atlas
        self._paths = paths
        self._limit = detour_limit
        self._roads: dict[tuple[Web, Terms], Roads] = {}
        self._remaining: dict[tuple[Web, Terms, str], Mapping[str, float]] = {}
        self._reach: dict[tuple[Web, Terms, str], Mapping[str, float]] = {}
        self._ways: dict[
            tuple[Web, Terms, str, str, str, int], tuple[tuple[Step, ...], ...]
        ] = {}
        self._prices: dict[tuple[Leg, Carrier, Terms], LegPrice] = {}
        self._hub_nodes: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self._sketches: dict[
            tuple[Web, Terms, tuple[str, str], tuple[str, ...], str], tuple[Sketch, ...]
        ] = {}
        self._visits: dict[tuple[str, Leg | None, Leg | None, str], Visit] = {}

    # --- ways over the lines of one mode and gauge

    def roads(self, web: Web, terms: Terms) -> Roads:
        """Return the steps of a web by the node that they leave, weighted for a load."""
        key = (web, terms)
        if key not in self._roads:
            steps: dict[str, list[Step]] = {}
            for link in self.atlas.lines.get(web, ()):
                for step in self._steps(web, link, terms):
                    steps.setdefault(step.tail, []).append(step)
            self._roads[key] = steps
        return self._roads[key]

    def _steps(self, web: Web, link: LinkRow, terms: Terms) -> Iterator[Step]:
        hourly = terms.value_usd_per_h + cost.wagon_hire(self.atlas.prices, web[0])
        hours = link.length_km / link.speed_kmh if link.speed_kmh else 0.0
        for tail, head, forward in (
            (link.origin, link.destination, True),
            (link.destination, link.origin, False),
        ):
            nodes = (self.atlas.nodes[tail], self.atlas.nodes[head])
            is_border = nodes[0].country != nodes[1].country
            # On one leg the tariff per km is the same on all rails, so a mean serves to
            # rank paths; on roads it changes with the country.
            haul = Haul(*web, terms.load_class, "", frozenset({nodes[1].country}), False, False)  # noqa: FBT003 - a record
            tariff = cost.tariff_per_km(self.atlas.prices, haul) if web[0] == "road" else (
                self._mean_tariff(haul)
            )
            waits = self._stop_h(head, web[0], is_border=is_border)
            if is_border:
                waits += self._customs_h(tail, web[0])
            yield Step(tail, head, link.id, forward, tariff * link.length_km
                       + hourly * (hours + waits))

    def _mean_tariff(self, haul: Haul) -> float:
        rows = [
            cost.per_teu(row, haul.load_class)
            for row in self.atlas.prices.tariffs
            if row.mode == haul.mode
            and (row.gauge_mm is None or row.gauge_mm == haul.gauge_mm)
            and (not row.load_class or haul.load_class in row.load_class)
        ]
        return sum(rows) / len(rows) if rows else 0.0

    def _stop_h(self, node: str, mode: str, *, is_border: bool) -> float:
        """Return the hours of the stations that any vehicle passes at a node under way."""
        hours = sum(
            mean_h(row, 0.0, None)
            for row in self.atlas.facilities.get(node, ())
            if row.mode_in == row.mode_out == mode
            and row.direction == "any"
            and row.operation in {"lock", "gate", "inspection", "formation"}
            and row.per not in {"teu", "consignment"}
        )
        return hours + (self._customs_h(node, mode) if is_border else 0.0)

    def _customs_h(self, node: str, mode: str) -> float:
        return sum(
            mean_h(row, 0.0, None)
            for row in self.atlas.facilities.get(node, ())
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
        key = (web, terms, *ends, through, most)
        if key not in self._ways:
            self._ways[key] = tuple(self._find_ways(web, terms, ends, through, most))
        return self._ways[key]

    def _find_ways(
        self, web: Web, terms: Terms, ends: tuple[str, str], through: str, most: int
    ) -> Iterator[tuple[Step, ...]]:
        found: list[tuple[Step, ...]] = []
        for path in islice(self._paths_between(web, terms, ends, through, most), _LOOKED_AT * most):
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
        km = [(self.atlas.links[step.link].length_km, step.link in links) for step in path]
        return sum(k for k, shared in km if shared) <= _SAME_WAY * sum(k for k, _ in km)

    # --- legs

    def sketches(
        self, web: Web, terms: Terms, ends: tuple[str, str], via: tuple[str, ...], sign: str
    ) -> tuple[Sketch, ...]:
        """Return the ways in which a leg can be carried, own services before defaults.

        Defaults come in only where no own service does what is asked (pass a via node, or
        just run). At sea there is none (R7).
        """
        key = (web, terms, ends, via, sign)
        if key not in self._sketches:
            self._sketches[key] = self._sketch(web, terms, ends, via, sign)
        return self._sketches[key]

    def _sketch(
        self, web: Web, terms: Terms, ends: tuple[str, str], via: tuple[str, ...], sign: str
    ) -> tuple[Sketch, ...]:
        own, spare = carriers(self.atlas, web, ends, terms.load_class)
        found = self._carried(own, web, terms, ends, via, sign)
        if not own and spare:
            plain = self.ways(web, terms, ends, "", 1)
            if plain:
                leg = make_leg(self.atlas, spare[0], plain[0], terms.load_class)
                own = run_on(self.atlas, web, leg)
                found = self._carried(own, web, terms, ends, via, sign)
        does_all = [s for s in found if not via or set(via) & set(s.leg.nodes)]
        if does_all or not spare:
            return tuple(found)
        return (*found, *self._carried(spare[:1], web, terms, ends, via, sign))

    def _carried(
        self,
        with_carriers: Sequence[Carrier],
        web: Web,
        terms: Terms,
        ends: tuple[str, str],
        via: tuple[str, ...],
        sign: str,
    ) -> list[Sketch]:
        found: list[Sketch] = []
        for carrier in with_carriers:
            # A ship or an aircraft calls nowhere between the ends of its line.
            led = carrier.via or (("",) if web[0] in {"sea", "air"} else ("", *via))
            for through in led:
                if through in ends:
                    continue
                for path in self.ways(web, terms, ends, through, 1):
                    leg = with_sign(make_leg(self.atlas, carrier, path, terms.load_class), sign)
                    price = self.price(leg, carrier, terms).costs.total_usd
                    sketch = Sketch(carrier, through, leg, price)
                    if all(sketch.leg != other.leg for other in found):
                        found.append(sketch)
        return found

    def price(self, leg: Leg, carrier: Carrier, terms: Terms) -> LegPrice:
        """Return what a leg costs, and its hours, end handlings apart."""
        key = (leg, carrier, terms)
        if key not in self._prices:
            load = typical_load_teu(carrier, terms.load_class)
            at_stops = sum(
                mean_h(row, terms.lot_teu, load)
                for at in stops(self.atlas, leg)
                for row in at.rows
            )
            hours = Hours(leg.moving_h, at_stops, 0.0, waiting_h(carrier, terms.lot_teu))
            hourly = terms.value_usd_per_h + cost.wagon_hire(self.atlas.prices, leg.mode)
            costs = Costs(
                tariff_usd=tariff_usd(self.atlas, leg),
                handling_usd=border_fees_usd(self.atlas, leg),
                time_usd=hourly * (hours.moving_h + hours.stops_h)
                + terms.value_usd_per_h * hours.waiting_h,
            )
            self._prices[key] = LegPrice(costs, hours)
        return self._prices[key]

    def visit(self, node: str, before: Leg | None, after: Leg | None, load_class: str) -> Visit:
        """Return who passes which rows at a handling."""
        key = (node, before, after, load_class)
        if key not in self._visits:
            self._visits[key] = handling(
                self.atlas.facilities.get(node, ()),
                node,
                side_of(before) if before else None,
                side_of(after) if after else None,
                load_class,
            )
        return self._visits[key]

    def price_at(
        self, node: str, before: Sketch | None, after: Sketch | None, terms: Terms
    ) -> tuple[float, float]:
        """Return the hours and the fees (USD per TEU) of the visit between two legs."""
        legs = (before.leg if before else None, after.leg if after else None)
        visit = self.visit(node, *legs, terms.load_class)
        loads = (
            typical_load_teu(before.carrier, terms.load_class) if before else None,
            typical_load_teu(after.carrier, terms.load_class) if after else None,
        )
        hours = hours_at(visit, terms.lot_teu, loads)
        return hours, handling_fees_usd(self.atlas, visit, *legs)

    # --- chains

    def chains(self, errand: Errand, terms: Terms, most: int) -> tuple[Chain, ...]:
        """Return up to `most` chains with the fewest default legs, cheapest first.

        Best-first by (defaults, cost so far + least cost to go); dearer than the detour
        limit over the least conceivable, or over the first found, is not looked at.
        """
        to_go = self._costs_to_go(errand, terms)
        least = to_go.get((errand.origin, not errand.via), inf)
        found: list[Chain] = []
        limit = self._limit * least if isfinite(least) else 0.0
        while not found and isfinite(least) and limit < _HOPELESS * (least + 1.0):
            found = self._find_chains(errand, terms, most, to_go, limit)
            # Fees at handlings are not in the least cost to go: a chain may need more room.
            limit = 2.0 * limit + 1.0
        return tuple(found)

    def _find_chains(
        self,
        errand: Errand,
        terms: Terms,
        most: int,
        to_go: Mapping[tuple[str, bool], float],
        limit: float,
    ) -> list[Chain]:
        found: list[Chain] = []
        order = count()
        queue: list[tuple[int, float, int, Chain]] = [(0, 0.0, next(order), Chain((), 0.0))]
        while queue and len(found) < most:
            defaults, price, _, chain = heappop(queue)
            if found and (
                defaults > found[0].defaults or price > self._limit * found[0].price_usd
            ):
                break
            if chain.sketches and chain.sketches[-1].leg.destination == errand.destination:
                if self._flies(chain, errand, terms):
                    found.append(chain)
                continue
            for longer in self._onward(chain, errand, terms):
                state = (longer.sketches[-1].leg.destination, self._has_via(longer, errand))
                bound = longer.price_usd + to_go.get(state, inf)
                if bound <= limit:
                    heappush(queue, (longer.defaults, bound, next(order), longer))
        return found

    def _costs_to_go(self, errand: Errand, terms: Terms) -> Mapping[tuple[str, bool], float]:
        """Return the least price of the legs that remain from (node, via passed or none)."""
        ends = self._hubs(errand, terms) | {errand.origin}
        entering: dict[tuple[str, bool], list[tuple[tuple[str, bool], float]]] = {}
        for node in sorted(ends - {errand.destination}):
            for done in (True, False) if errand.via else (True,):
                for sketch in self._leaving(node, errand, terms, () if done else errand.via, ""):
                    head = (sketch.leg.destination, done or bool(_passed(sketch, errand.via)))
                    entering.setdefault(head, []).append(((node, done), sketch.price_usd))
        return settle((errand.destination, True), entering)

    def _leaving(
        self, node: str, errand: Errand, terms: Terms, via: tuple[str, ...], sign: str
    ) -> Iterator[Sketch]:
        """Yield the sketches from a node to every hub and to the destination."""
        targets = self._hubs(errand, terms) | {errand.destination}
        for web in sorted(self.atlas.lines):
            if errand.modes and web[0] not in errand.modes:
                continue
            for target in sorted(targets & self.reach(web, terms, node).keys() - {node}):
                yield from self.sketches(web, terms, (node, target), via, sign)

    def _flies(self, chain: Chain, errand: Errand, terms: Terms) -> bool:
        """Return whether air cargo flies: a truck all the way would be another flow."""
        is_flown = any(sketch.leg.mode == "air" for sketch in chain.sketches)
        return is_flown or not _must_fly(errand, terms)

    def _has_via(self, chain: Chain, errand: Errand) -> bool:
        return not errand.via or any(_passed(sketch, errand.via) for sketch in chain.sketches)

    def _onward(self, chain: Chain, errand: Errand, terms: Terms) -> Iterator[Chain]:
        last = chain.sketches[-1] if chain.sketches else None
        node = last.leg.destination if last else errand.origin
        sign = sign_left(self.atlas, last.leg) if last else ""
        seen = {errand.origin, *(sketch.leg.destination for sketch in chain.sketches)}
        via = () if chain.sketches and self._has_via(chain, errand) else errand.via
        for sketch in self._leaving(node, errand, terms, via, sign):
            if sketch.leg.destination not in seen:
                longer = self._joined(chain, last, sketch, errand, terms)
                if longer is not None:
                    yield longer

    def _joined(
        self, chain: Chain, last: Sketch | None, sketch: Sketch, errand: Errand, terms: Terms
    ) -> Chain | None:
        """Return the chain with one leg more, or None where no facility lets the load over."""
        leg = sketch.leg
        if last is not None and not self._lets_over(last.leg, leg, terms):
            return None
        if leg.mode == "road" and leg.km > _FETCH_KM and _must_fly(errand, terms):
            return None
        hours, fees = self.price_at(leg.origin, last, sketch, terms)
        if leg.destination == errand.destination:
            more, end_fees = self.price_at(leg.destination, sketch, None, terms)
            hours, fees = hours + more, fees + end_fees
        added = sketch.price_usd + fees + hours * terms.value_usd_per_h
        return Chain((*chain.sketches, sketch), chain.price_usd + added)

    def _lets_over(self, before: Leg, after: Leg, terms: Terms) -> bool:
        is_same_web = (before.mode, before.gauge_mm) == (after.mode, after.gauge_mm)
        if is_same_web and before.mode == "rail":
            return False
        coming = with_sign(before, sign_ahead(self.atlas, after))
        visit = self.visit(before.destination, coming, after, terms.load_class)
        return lets_change(visit, side_of(coming), side_of(after))

    def _hubs(self, errand: Errand, terms: Terms) -> frozenset[str]:
        """Return the nodes where a facility may let a load change between allowed modes."""
        key = (terms.load_class, errand.modes)
        if key not in self._hub_nodes:
            self._hub_nodes[key] = frozenset(
                node
                for node, rows in self.atlas.facilities.items()
                if any(_may_change(row, terms.load_class, errand.modes) for row in rows)
            )
        return self._hub_nodes[key]


def _must_fly(errand: Errand, terms: Terms) -> bool:
    return terms.load_class == "air" and (not errand.modes or "air" in errand.modes)


def _passed(sketch: Sketch, via: tuple[str, ...]) -> set[str]:
    return set(via) & set(sketch.leg.nodes)


def _may_change(row: FacilityRow, load_class: str, modes: frozenset[str]) -> bool:
    """Return whether a row lets a load change between two of the modes (none given: all)."""
    if row.applies_to and load_class not in row.applies_to:
        return False
    own = {row.mode_in, row.mode_out} - {""}
    if row.operation == "berth":
        return not modes or bool(own & modes & {"sea", "river"})
    return row.operation in {"gauge_change", "handling"} and (not modes or own <= modes)
