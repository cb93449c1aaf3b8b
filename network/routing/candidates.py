"""Candidate routes of a flow: the cheapest chains of handlings, each over several lines."""

from collections.abc import Sequence
from itertools import product

from network.routing import cost
from network.routing.atlas import Atlas, make_leg, sign_ahead, sign_left, survey, with_sign
from network.routing.expanded import Chain, Errand, Search, Sketch
from network.routing.lines import Terms
from network.routing.passage import co2e_kg
from network.routing.records import Costs, FlowDemand, Hours, Leg, Options, Route, route_id
from network.routing.views import Closed, Views
from network.schema import DemandRow, Network

_SAME_ROUTE = 0.9
_NOTHING = Costs(0.0, 0.0, 0.0)
_NO_TIME = Hours(0.0, 0.0, 0.0, 0.0)


class Finder:
    """Finds the candidates of flows on one network; flows that agree share a search."""

    def __init__(self, network: Network, options: Options) -> None:
        self.views = Views(survey(network))
        self._options = options
        self._seekers: dict[Closed, _Seeker] = {}

    def terms(self, row: DemandRow) -> Terms:
        """Return what a flow's load brings to the search."""
        value = self._options.value_of_time_usd_per_teu_h
        return Terms(
            row.load_class,
            cost.value_of_time(self.views.whole.prices, row) if value is None else value,
            row.lot * cost.teu_per_unit(row.load_class, row.lot_unit or row.unit),
        )

    def routes(self, row: DemandRow) -> tuple[Route, ...]:
        """Return a flow's candidate routes, cheapest first; none where it has no route."""
        closed = self.views.closed(row)
        if closed not in self._seekers:
            self._seekers[closed] = _Seeker(self.views.of(closed), self._options)
        errand = Errand(row.origin, row.destination, frozenset(row.allowed_modes), row.via)
        return self._seekers[closed].routes(errand, self.terms(row))


class _Seeker:
    """Finds the routes of flows for which the same rows are open."""

    def __init__(self, atlas: Atlas, options: Options) -> None:
        self._atlas = atlas
        self._options = options
        self._search = Search(atlas, options.detour_limit)
        self._found: dict[tuple[Errand, Terms], tuple[Route, ...]] = {}

    def routes(self, errand: Errand, terms: Terms) -> tuple[Route, ...]:
        """Return the candidate routes of an errand, cheapest first."""
        key = (errand, terms)
        if key not in self._found:
            self._found[key] = self._find(errand, terms)
        return self._found[key]

    def _find(self, errand: Errand, terms: Terms) -> tuple[Route, ...]:
        if errand.origin == errand.destination:
            return (self._served_there(errand.origin, terms),)
        chains = self._search.chains(errand, terms, self._options.k)
        if not chains:
            return ()
        routes = [route for chain in chains for route in self._over_lines(chain, errand, terms)]
        routes.sort(key=lambda route: (route.cost.total_usd, route.id))
        most = routes[0].cost.total_usd * self._options.detour_limit
        return tuple(route for route in routes if route.cost.total_usd <= most)

    def _served_there(self, node: str, terms: Terms) -> Route:
        hours, fees = self._search.price_at(node, None, None, terms)
        costs = Costs(0.0, fees, hours * terms.value_usd_per_h)
        return Route(
            route_id(()), node, node, terms.load_class, (), (), costs,
            Hours(0.0, 0.0, hours, 0.0), 0.0, 0.0,
        )  # fmt: skip

    def _over_lines(self, chain: Chain, errand: Errand, terms: Terms) -> list[Route]:
        """Return up to `paths` routes of one chain that differ in a tenth of their way."""
        options = [self._alternatives(sketch, terms) for sketch in chain.sketches]
        kept: list[tuple[Sketch, ...]] = []
        for sketches in sorted(product(*options), key=_price):
            if not _passes(sketches, errand.via):
                continue
            if all(_differ(self._atlas, sketches, other) for other in kept):
                kept.append(sketches)
            if len(kept) == self._options.paths:
                break
        return [self._route(sketches, errand, terms) for sketches in kept]

    def _alternatives(self, sketch: Sketch, terms: Terms) -> list[Sketch]:
        leg = sketch.leg
        web = (leg.mode, leg.gauge_mm)
        ends = (leg.origin, leg.destination)
        found = self._search.lines.ways(web, terms, ends, sketch.through, self._options.paths)
        legs = [make_leg(self._atlas, sketch.carrier, path, leg.load_class) for path in found]
        return [
            sketch._replace(
                leg=one,
                price_usd=self._search.price(one, sketch.carrier, terms).costs.total_usd,
            )
            for one in legs
        ]

    def _route(self, sketches: Sequence[Sketch], errand: Errand, terms: Terms) -> Route:
        legs = signed(self._atlas, [sketch.leg for sketch in sketches])
        placed = [sketch._replace(leg=leg) for sketch, leg in zip(sketches, legs, strict=True)]
        costs, hours = _NOTHING, _NO_TIME
        for sketch in placed:
            price = self._search.price(sketch.leg, sketch.carrier, terms)
            costs, hours = _add(costs, price.costs), _add_hours(hours, price.hours)
        for before, after in zip((None, *placed), (*placed, None), strict=True):
            node = after.leg.origin if after else errand.destination
            spent, fees = self._search.price_at(node, before, after, terms)
            hours = hours._replace(handling_h=hours.handling_h + spent)
            costs = _add(costs, Costs(0.0, fees, spent * terms.value_usd_per_h))
        return Route(
            id=route_id(legs),
            origin=errand.origin,
            destination=errand.destination,
            load_class=terms.load_class,
            legs=legs,
            handlings=tuple(leg.destination for leg in legs[:-1]),
            cost=costs,
            hours=hours,
            co2e_kg=sum(co2e_kg(self._atlas, leg) for leg in legs),
            km=sum(leg.km for leg in legs),
        )


def candidates(
    network: Network,
    row: DemandRow,
    *,
    k: int = 6,
    detour_limit: float = 1.5,
    paths: int = 5,
) -> tuple[Route, ...]:
    """Return a flow's candidate routes on the network of one day, cheapest first.

    Parameters
    ----------
    network
        Of one day (`network.load.on`).
    row
        Any row of the flow: ends, load class, allowed modes and via are read.
    k
        Most chains of handlings (sequences of services and handling nodes).
    detour_limit
        Generalised cost of the dearest route over that of the cheapest, ≥ 1.
    paths
        Most ways over the lines for each chain; two ways differ in a tenth of their length.

    Returns
    -------
    tuple of Route
        None leans on a default where a chain of own services is within the detour limit
        (R7); a truck that is hired for a leg does not count as one. Empty where no
        facility or service lets the load through.
    """
    options = Options(k=k, detour_limit=detour_limit, paths=paths)
    return Finder(network, options).routes(row)


def find_all(
    network: Network, flows: Sequence[FlowDemand], options: Options
) -> tuple[tuple[Route, ...], ...]:
    """Return the candidate routes of each flow, in the order of the flows."""
    finder = Finder(network, options)
    return tuple(finder.routes(flow.row) for flow in flows)


def signed(atlas: Atlas, legs: Sequence[Leg]) -> tuple[Leg, ...]:
    """Return the legs of a route with the direction of crossings before and after (R8)."""
    turned: list[Leg] = []
    for at, leg in enumerate(legs):
        before = sign_left(atlas, legs[at - 1]) if at else ""
        after = sign_ahead(atlas, legs[at + 1]) if at + 1 < len(legs) else ""
        turned.append(with_sign(leg, before or after))
    return tuple(turned)


def _price(sketches: Sequence[Sketch]) -> float:
    return sum(sketch.price_usd for sketch in sketches)


def _passes(sketches: Sequence[Sketch], via: tuple[str, ...]) -> bool:
    return not via or any(node in via for sketch in sketches for node in sketch.leg.nodes)


def _differ(atlas: Atlas, sketches: Sequence[Sketch], other: Sequence[Sketch]) -> bool:
    passed = {link for sketch in other for link in sketch.leg.links}
    km = [
        (atlas.links[link].length_km, link in passed)
        for sketch in sketches
        for link in sketch.leg.links
    ]
    return sum(k for k, shared in km if shared) <= _SAME_ROUTE * sum(k for k, _ in km)


def _add(one: Costs, other: Costs) -> Costs:
    return Costs(*(a + b for a, b in zip(one, other, strict=True)))


def _add_hours(one: Hours, other: Hours) -> Hours:
    return Hours(*(a + b for a, b in zip(one, other, strict=True)))
