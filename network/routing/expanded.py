"""The mode- and gauge-expanded search: chains of legs, cheapest first.

A chain says where handlings stand and who carries each leg; over which lines a leg runs is
settled afterwards (`routing.candidates`). Loads are told apart here only by load class and
value of time, so flows that agree in both share every search tree.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count
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
from network.routing.lines import Lines, Terms
from network.routing.passage import (
    Stop,
    border_fees_usd,
    handling_fees_usd,
    hours_at,
    mean_h,
    once,
    stops,
    tariff_usd,
    typical_load_teu,
    waiting_h,
)
from network.routing.paths import settle
from network.routing.records import Costs, Hours, Leg
from network.schema import FacilityRow
from network.visit import Visit, handling, lets_change

_COUNTED_DEFAULTS = frozenset({"rail", "river", "air"})
"""Modes in which a default vehicle has still to be formed; a truck is hired for any leg."""
_FETCH_KM = 500.0
"""Trucks bring air cargo to its airport and fetch it, no farther than this; an assumption."""
_HOPELESS = 50.0
"""Chains dearer than this over the least conceivable are not looked for."""


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
    def leans(self) -> bool:
        """Return whether a leg of the chain leans on a default."""
        return any(sketch.counts_as_default for sketch in self.sketches)


class Errand(NamedTuple):
    """What a chain must do."""

    origin: str
    destination: str
    modes: frozenset[str]
    """Allowed; empty: all."""
    via: tuple[str, ...]
    """Nodes of which one must be passed; empty: none."""


class Need(NamedTuple):
    """What one leg must do."""

    web: Web
    ends: tuple[str, str]
    via: tuple[str, ...]
    """Nodes of which the route has still to pass one; empty: none."""
    sign: str
    """Direction of the crossing of China's border that lies just behind, or empty."""


class Search:
    """Legs, ways and chains of one network; keeps what it has found."""

    def __init__(self, atlas: Atlas, detour_limit: float) -> None:
        self.atlas = atlas
        self._limit = detour_limit
        self.lines = Lines(atlas, detour_limit)
        self._prices: dict[tuple[Leg, Carrier, Terms], LegPrice] = {}
        self._hub_nodes: dict[tuple[str, frozenset[str]], frozenset[str]] = {}
        self._sketches: dict[tuple[Terms, Need], tuple[Sketch, ...]] = {}
        self._stops: dict[Leg, tuple[Stop, ...]] = {}
        self._visits: dict[tuple[str, Leg | None, Leg | None, str], Visit] = {}

    # --- legs

    def sketches(self, terms: Terms, need: Need) -> tuple[Sketch, ...]:
        """Return the ways in which a leg can be carried, own services before defaults.

        Defaults come in only where no own service does what is asked (pass a via node, or
        just run). At sea there is none (R7).
        """
        key = (terms, need)
        if key not in self._sketches:
            self._sketches[key] = self._sketch(terms, need)
        return self._sketches[key]

    def _sketch(self, terms: Terms, need: Need) -> tuple[Sketch, ...]:
        own, spare = carriers(self.atlas, need.web, need.ends, terms.load_class)
        found = self._carried(own, terms, need)
        if not own and spare:
            for path in self.lines.ways(need.web, terms, need.ends, "", 1):
                leg = make_leg(self.atlas, spare[0], path, terms.load_class)
                found = self._carried(run_on(self.atlas, need.web, leg), terms, need)
        does_all = any(not need.via or _passed(sketch, need.via) for sketch in found)
        if does_all or not spare:
            return tuple(found)
        return (*found, *self._carried(spare[:1], terms, need))

    def _carried(self, who: Sequence[Carrier], terms: Terms, need: Need) -> list[Sketch]:
        """Return each carrier's cheapest ways, plain and led through via nodes."""
        web, ends, via, sign = need
        found: list[Sketch] = []
        for carrier in who:
            # A ship or an aircraft calls nowhere between the ends of its line.
            led = carrier.via or (("",) if web[0] in {"sea", "air"} else ("", *via))
            for through in led:
                if through in ends:
                    continue
                for path in self.lines.ways(web, terms, ends, through, 1):
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
            passed = self.stops(leg)
            at_stops = sum(
                mean_h(row, terms.lot_teu, load) for at in passed for row in once(at.rows)
            )
            hours = Hours(leg.moving_h, at_stops, 0.0, waiting_h(carrier, terms.lot_teu))
            hourly = terms.value_usd_per_h + cost.wagon_hire(self.atlas.prices, leg.mode)
            costs = Costs(
                tariff_usd=tariff_usd(self.atlas, leg),
                handling_usd=border_fees_usd(self.atlas, leg, passed),
                time_usd=hourly * (hours.moving_h + hours.stops_h)
                + terms.value_usd_per_h * hours.waiting_h,
            )
            self._prices[key] = LegPrice(costs, hours)
        return self._prices[key]

    def stops(self, leg: Leg) -> tuple[Stop, ...]:
        """Return the stops between the ends of a leg, as `passage.stops`."""
        if leg not in self._stops:
            self._stops[leg] = stops(self.atlas, leg)
        return self._stops[leg]

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
        """Return up to `most` chains, cheapest first; such as lean on defaults only if all do.

        Best-first by (leans, cost so far + least cost to go); dearer than the detour
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
        queue: list[tuple[bool, float, int, Chain]] = [(False, 0.0, next(order), Chain((), 0.0))]
        while queue and len(found) < most:
            leans, price, _, chain = heappop(queue)
            if found and (leans > found[0].leans or price > self._limit * found[0].price_usd):
                break
            if chain.sketches and chain.sketches[-1].leg.destination == errand.destination:
                if self._flies(chain, errand, terms):
                    found.append(chain)
                continue
            for longer in self._onward(chain, errand, terms):
                state = (longer.sketches[-1].leg.destination, self._has_via(longer, errand))
                bound = longer.price_usd + to_go.get(state, inf)
                if bound <= limit:
                    heappush(queue, (longer.leans, bound, next(order), longer))
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
            for target in sorted(targets & self.lines.reach(web, terms, node).keys() - {node}):
                yield from self.sketches(terms, Need(web, (node, target), via, sign))

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
        """Return whether the rows where two legs meet let the load over.

        From train to train of one gauge it goes only at a hub that consolidates (R6).
        """
        coming = with_sign(before, sign_ahead(self.atlas, after))
        visit = self.visit(before.destination, coming, after, terms.load_class)
        is_same_web = (before.mode, before.gauge_mm) == (after.mode, after.gauge_mm)
        if is_same_web and before.mode == "rail":
            passed = (*visit.arriving, *visit.consignment, *visit.departing)
            return any(row.consolidates for row in passed)
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
