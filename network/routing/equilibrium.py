"""Who takes which route: logit over generalised cost, with a shadow time per full place.

The default method shares flows out so that places that have no more to give are dear to
everyone: shadow times follow from loads, shares from costs and shadow times, loads from
shares, until the three agree (R19).
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from network.load import on
from network.routing import cost
from network.routing.candidates import Finder
from network.routing.places import Burden, Ints, Ledger, Reals
from network.routing.records import (
    Assignment,
    FlowDemand,
    FlowShare,
    Options,
    PlaceLoad,
    Route,
    Shadow,
)
from network.schema import Network

_FIRST_STEP = 0.2
_LONGER = 1.2
_SHORTER = 0.5
_LEAST_STEP = 1e-4
"""Steps of the averaging: the first, their growth, their cut at a change of sign, the least."""
_MOST_ROUNDS = 40
"""Rounds of closing routes by half-empty trains."""
_HALF_FULL = 0.5
"""While loads are averaged a train leaves with this part of its least load at least."""
_BY_FAR = 3.0
"""Odds of e³ in the logit."""
_ROUGH_ITERATIONS = 200
"""Rounds that only find half-empty trains need not settle."""
_WELL_FILLED = 0.9
"""A train that leaves with less than this part of its least load is a half-empty one."""


_NONE = np.zeros(0)
_NONE.flags.writeable = False


class _Table(NamedTuple):
    """All routes of all flows in a row; (R,) arrays, F flows."""

    flow: Ints
    cost_usd: Reals
    teu_per_day: Reals
    """TEU a day of the route's flow."""
    first: Ints
    """(F,) first route of each flow."""
    group: Ints
    """Number of the routes of which one always stays: those of a flow, or of a chain."""

    def amounts(self, shares: Reals) -> Reals:
        """Return TEU a day by route."""
        return shares * self.teu_per_day


def shares(
    network: Network,
    day: date | None,
    flows: Sequence[FlowDemand],
    options: Options | None = None,
) -> Assignment:
    """Return how flows split over their candidate routes, and the load of every place.

    Parameters
    ----------
    network
        Rows of all dates, with `day`; or the network of one day, with None.
    day
        The day whose links, facilities and services are open.
    flows
        What each flow sends a day in the period that the shares are for.
    options
        Method, candidates, scale of the logit, shadow times, stopping rule.

    Returns
    -------
    Assignment
        Deterministic; the order of the flows changes nothing.

    Notes
    -----
    Share of route i of a flow ∝ exp(−scale × (cost_i + Σ shadow_h × value of time)), the sum
    over the places on the route; a place's shadow hours are those of `Shadow` at its averaged
    load. Averaged loads move towards offered ones until the two differ by at most
    `tolerance` at every place, or `max_iterations` are done. The step is each place's own: it
    shrinks where the difference changed its sign and grows where it did not, because a step
    of 1 / n takes thousands of rounds where a small service hangs on a great flow. Where
    trains are to be filled, routes by trains that would leave under their least load are then
    closed round by round, the least of each flow first and the greatest never, and the rest is
    shared out anew after each round. On routes that leave the rails the greatest of each chain
    of handlings stays, because ports and fleets cannot take a whole flow.

    References
    ----------
    Sheffi (1985), Urban Transportation Networks, chapter 12 (successive averages). Liu, He
    and He (2009), Transportation Research Record 2091, 3-9 (steps that regulate themselves).
    """
    options = options or Options()
    today = on(network, day) if day is not None else network
    finder = Finder(today, options)
    placed = sorted(flows, key=lambda flow: flow.flow.encode())
    found = [(flow, finder.routes(flow.row)) for flow in placed]
    reached = [(flow, routes) for flow, routes in found if routes]
    table, burden = _tabulate(finder, reached, today)
    outcome = _settle(table, burden, reached, options)
    kept = _without_crumbs(table, outcome.shares, options)
    loads = burden.offered(table.amounts(kept))
    return Assignment(
        flows=tuple(_split(reached, table, kept)),
        unreachable=tuple(flow.flow for flow, routes in found if not routes),
        places=_loads(burden, loads, options.shadow),
        iterations=outcome.iterations,
        converged=outcome.converged,
        default_teu_per_day=_on_defaults(reached, table, kept, "teu"),
        default_t_per_day=_on_defaults(reached, table, kept, "t"),
        default_trucks_per_day=_on_defaults(reached, table, kept, "truck"),
    )


Reached = Sequence[tuple[FlowDemand, tuple[Route, ...]]]


def _tabulate(finder: Finder, reached: Reached, network: Network) -> tuple[_Table, Burden]:
    ledger = Ledger(finder.views, network.closures)
    flow_of: list[int] = []
    costs: list[float] = []
    teu: list[float] = []
    first: list[int] = []
    groups: dict[tuple[int, tuple[str, ...]], int] = {}
    group: list[int] = []
    for index, (flow, routes) in enumerate(reached):
        terms, closed = finder.terms(flow.row), finder.views.closed(flow.row)
        amount = flow.per_day * cost.teu_per_unit(flow.row.load_class, flow.row.unit)
        first.append(len(costs))
        for route in routes:
            ledger.add(route, terms, closed)
            flow_of.append(index)
            costs.append(route.cost.total_usd)
            teu.append(amount)
            group.append(groups.setdefault((index, _group(route)), len(groups)))
    table = _Table(
        np.array(flow_of, dtype=np.int64),
        np.array(costs, dtype=np.float64),
        np.array(teu, dtype=np.float64),
        np.array(first, dtype=np.int64),
        np.array(group, dtype=np.int64),
    )
    return table, ledger.burden()


def _group(route: Route) -> tuple[str, ...]:
    if all(leg.mode == "rail" for leg in route.legs):
        return ()
    return tuple(part for leg in route.legs for part in (leg.service, leg.destination))


class _Outcome(NamedTuple):
    shares: Reals
    iterations: int
    converged: bool
    loads: Reals
    """(P,) averaged loads, empty where nothing was averaged."""


def _settle(table: _Table, burden: Burden, reached: Reached, options: Options) -> _Outcome:
    """Return the shares of the method asked for."""
    if not len(table.flow):
        return _Outcome(np.zeros(0), 0, converged=True, loads=_NONE)
    if options.method == "all_or_nothing":
        return _Outcome(_cheapest(table), 1, converged=True, loads=_NONE)
    if options.method == "fixed":
        return _Outcome(_given(table, reached, options), 1, converged=True, loads=_NONE)
    if options.method == "logit":
        return _Outcome(_logit(table, table.cost_usd, options), 1, converged=True, loads=_NONE)
    if options.fills_trains:
        return _filled(table, burden, options)
    return _average(table, burden, options, np.zeros(len(burden.places)))


def _average(table: _Table, burden: Burden, options: Options, average: Reals) -> _Outcome:
    """Return the shares at which loads, shadow times and shares agree."""
    step = np.full(len(average), _FIRST_STEP)
    before = np.zeros(len(average))
    found = np.zeros(len(table.flow))
    for iteration in range(1, options.max_iterations + 1):
        felt = burden.felt.spread(shadow_h(average, options.shadow), len(table.flow))
        found = _logit(table, table.cost_usd + felt, options)
        # Crumbs of flows would send trains of two boxes until they are dropped.
        offered = burden.offered(table.amounts(found), _HALF_FULL)
        gap = offered - average
        if gap.size == 0 or np.abs(gap).max() <= options.tolerance:
            return _Outcome(found, iteration, converged=True, loads=average)
        turned = gap * before < 0.0
        shorter = np.maximum(step * _SHORTER, _LEAST_STEP)
        step = np.where(turned, shorter, np.minimum(step * _LONGER, 1.0))
        average, before = average + step * gap, gap
    return _Outcome(found, options.max_iterations, converged=False, loads=average)


def shadow_h(load: Reals, shadow: Shadow) -> Reals:
    """Return the shadow hours of places by their load, (P,), ≥ 0."""
    over = np.maximum(load - shadow.begin, 0.0) / (1.0 - shadow.begin)
    hours: Reals = shadow.at_full_h * over**shadow.power
    return hours


def _logit(table: _Table, cost_usd: Reals, options: Options) -> Reals:
    utility = -options.scale_per_usd * cost_usd
    best = np.maximum.reduceat(utility, table.first)
    weight = np.exp(utility - best[table.flow])
    total = np.add.reduceat(weight, table.first)
    part: Reals = weight / total[table.flow]
    return part


def _filled(table: _Table, burden: Burden, options: Options) -> _Outcome:
    """Return the outcome once routes by half-empty trains are closed.

    Splitting a small flow over many lines sends more trains, each with less, through the
    same gates; nobody who runs trains does that.
    """
    rough = options._replace(max_iterations=min(options.max_iterations, _ROUGH_ITERATIONS))
    outcome = _average(table, burden, rough, np.zeros(len(burden.places)))
    spent, given_usd = outcome.iterations, table.cost_usd
    for _ in range(_MOST_ROUNDS):
        closed = _half_empty(table, burden, outcome.shares, options.min_share)
        if not closed.any():
            break
        table = table._replace(cost_usd=np.where(closed, np.inf, table.cost_usd))
        outcome = _average(table, burden, rough, outcome.loads)
        spent += outcome.iterations
    last = _average(table, burden, options, outcome.loads)
    reopened = _reopened(table, given_usd, burden, last, options)
    spent += last.iterations
    last = _average(reopened, burden, options, last.loads)
    return last._replace(iterations=spent + last.iterations)


def _reopened(
    table: _Table, given_usd: Reals, burden: Burden, outcome: _Outcome, options: Options
) -> _Table:
    """Return the table with routes open again that beat what was left of their flow by far.

    What was worth closing while a place was full may be the better way once it is not.
    """
    felt = burden.felt.spread(shadow_h(outcome.loads, options.shadow), len(table.flow))
    least = np.minimum.reduceat(table.cost_usd + felt, table.first)[table.flow]
    is_better = given_usd + felt < least - _BY_FAR / options.scale_per_usd
    return table._replace(cost_usd=np.where(is_better, given_usd, table.cost_usd))


def _half_empty(
    table: _Table, burden: Burden, part: Reals, least_share: float
) -> NDArray[np.bool_]:
    """Return which routes to close: by a half-empty train, the least of their group."""
    ratio = burden.filled_ratio(table.amounts(part))
    greatest = np.zeros(len(part))
    np.maximum.at(greatest, table.group, part)
    is_small = (part >= least_share) & (part < greatest[table.group])
    # What carries nothing yet stays open: it may be wanted once others are closed.
    is_weak = is_small & (ratio < _WELL_FILLED)
    least = np.full(len(part), np.inf)
    np.minimum.at(least, table.group[is_weak], part[is_weak])
    closed: NDArray[np.bool_] = is_weak & (part <= least[table.group])
    return closed


def _cheapest(table: _Table) -> Reals:
    """Return share 1 for the first, that is the cheapest, route of each flow."""
    part = np.zeros(len(table.flow))
    part[table.first] = 1.0
    return part


def _given(table: _Table, reached: Reached, options: Options) -> Reals:
    """Return the shares that the options fix; the cheapest where they say nothing."""
    part = _cheapest(table)
    for index, (flow, routes) in enumerate(reached):
        weights = (options.fixed or {}).get(flow.flow, {})
        given = np.array([max(0.0, weights.get(route.id, 0.0)) for route in routes])
        if given.sum() > 0.0:
            start = table.first[index]
            part[start : start + len(routes)] = given / given.sum()
    return part


def _without_crumbs(table: _Table, part: Reals, options: Options) -> Reals:
    """Return the shares with those under the least share dropped, the rest scaled up."""
    if not len(part) or options.method == "fixed":
        return part
    greatest = np.maximum.reduceat(part, table.first)[table.flow]
    kept = np.where(part >= np.minimum(options.min_share, greatest), part, 0.0)
    scaled: NDArray[np.float64] = kept / np.add.reduceat(kept, table.first)[table.flow]
    return scaled


def _split(reached: Reached, table: _Table, part: Reals) -> list[FlowShare]:
    splits: list[FlowShare] = []
    for index, (flow, routes) in enumerate(reached):
        start = int(table.first[index])
        mine = part[start : start + len(routes)].tolist()
        taken = [(route, share) for route, share in zip(routes, mine, strict=True) if share > 0]
        splits.append(
            FlowShare(
                flow.flow,
                tuple(route for route, _ in taken),
                tuple(share for _, share in taken),
            )
        )
    return splits


def _loads(burden: Burden, load: Reals, shadow: Shadow) -> tuple[PlaceLoad, ...]:
    hours = shadow_h(load, shadow)
    rows = [
        PlaceLoad(
            spec.kind,
            spec.id,
            float(load[index]),
            float(hours[index]),
            spec.capacity_per_day,
            spec.unit,
        )
        for index, spec in enumerate(burden.places)
    ]
    return tuple(sorted(rows, key=lambda row: (-row.load, row.kind, row.id)))


def _on_defaults(reached: Reached, table: _Table, part: Reals, unit: str) -> float:
    """Return the amount a day, in one unit, on routes with a default leg."""
    total = 0.0
    for index, (flow, routes) in enumerate(reached):
        if flow.row.unit != unit:
            continue
        start = int(table.first[index])
        leaning = [
            float(part[start + n])
            for n, route in enumerate(routes)
            if any(leg.is_default for leg in route.legs)
        ]
        total += flow.per_day * sum(leaning)
    return total
