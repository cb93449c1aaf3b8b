"""What the flows of one origin and destination may take, and what they do take (R19).

In: a scenario and its network. Out: candidates with the parts of their cost and time, and
their shares in the plan. It is what `keruen routes` prints.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from network.errors import Problem
from network.lanes import flow_of
from network.load import on
from network.reader import nearest
from network.routing.candidates import find_all
from network.routing.records import FlowDemand, Route
from network.schema import DemandRow, Network
from sim.compiler.build import compile_plan
from sim.compiler.clock import read_clock
from sim.compiler.epochs import priced, read_options
from sim.draws.tables import GUMBEL_UNIT
from sim.errors import ScenarioError
from sim.plan import Legend, Plan
from sim.scenario.models import Scenario


class Choice(NamedTuple):
    """One candidate route of one flow."""

    flow: str
    route: str
    share: float
    """Of the flow, in the epoch in which the window starts; 0: not taken."""
    legs: tuple[str, ...]
    """Service and ends of each leg."""
    tariff_usd: float
    """Per TEU equivalent, as all money here."""
    handling_usd: float
    time_usd: float
    moving_h: float
    stops_h: float
    handling_h: float
    waiting_h: float
    km: float
    co2e_kg: float


def choices(
    scenario: Scenario, network: Network, origin: str, destination: str
) -> tuple[Choice, ...]:
    """Return the candidates of every flow between two nodes, most taken first.

    Raises
    ------
    ScenarioError
        No flow goes from the one to the other.
    """
    rows = _rows(network, origin, destination)
    plan, legend = compile_plan(scenario, network)
    shares = _shares(plan, legend)
    today = priced(on(network, read_clock(scenario).start), scenario)
    flows = [FlowDemand(name, row, 0.0) for name, row in rows.items()]
    found = find_all(today, flows, read_options(scenario))
    taken = [
        _choice(flow.flow, route, shares.get((flow.flow, route.id), 0.0))
        for flow, routes in zip(flows, found, strict=True)
        for route in routes
    ]
    return tuple(sorted(taken, key=lambda one: (one.flow, -one.share)))


def _rows(network: Network, origin: str, destination: str) -> dict[str, DemandRow]:
    rows = {
        flow_of(row): row
        for row in network.demand
        if (row.origin, row.destination) == (origin, destination)
    }
    if rows:
        return rows
    ends = {row.destination for row in network.demand if row.origin == origin}
    origins = {row.origin for row in network.demand}
    hint = nearest(destination, sorted(ends)) if ends else nearest(origin, sorted(origins))
    raise ScenarioError([Problem("demand", f"no flow from {origin!r} to {destination!r}{hint}")])


def _shares(plan: Plan, legend: Legend) -> dict[tuple[str, str], float]:
    epoch = int(np.searchsorted(plan.epoch_start_s, plan.window_start_s, side="right")) - 1
    return {
        key: share
        for flow in range(len(legend.flow_id))
        for key, share in _shares_of(plan, legend, epoch, flow)
    }


def _shares_of(
    plan: Plan, legend: Legend, epoch: int, flow: int
) -> Iterator[tuple[tuple[str, str], float]]:
    at = epoch * len(legend.flow_id) + flow
    span = slice(int(plan.choice_first[at]), int(plan.choice_first[at + 1]))
    weight = np.exp(plan.choice_log_share[span] / GUMBEL_UNIT)
    for route, share in zip(plan.choice_route[span], weight / weight.sum(), strict=True):
        yield (legend.flow_id[flow], legend.route_id[route]), float(share)


def _choice(flow: str, route: Route, share: float) -> Choice:
    legs = tuple(f"{leg.service} {leg.origin} > {leg.destination}" for leg in route.legs)
    return Choice(
        flow,
        route.id,
        share,
        legs,
        *route.cost,
        *route.hours,
        km=route.km,
        co2e_kg=route.co2e_kg,
    )
