"""Spans of the run in which the network does not change for routing, and who goes how.

In: dated rows, flows and the scenario's way of routing. Out: `Epoch`s, each with the
routes and shares of every flow (R19).
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from network.load import on
from network.routing.candidates import candidates
from network.routing.equilibrium import shares
from network.routing.records import Assignment, FlowDemand, FlowShare, Options, Shadow
from network.schema import CostRow, DatedRow, Network
from sim.compiler.clock import DAY_S, HOUR_S, Clock
from sim.compiler.flows import FlowPart
from sim.compiler.journeys import Day, read_day
from sim.scenario.models import Scenario


class Epoch(NamedTuple):
    """One span of the run, its network and its assignment."""

    start_s: int
    end_s: int
    day: Day
    assignment: Assignment


def read_epochs(
    network: Network,
    scenario: Scenario,
    clock: Clock,
    flows: Sequence[FlowPart],
    struck: frozenset[str],
) -> tuple[Epoch, ...]:
    """Return the epochs of a run in order.

    Parameters
    ----------
    network
        Rows of all dates.
    scenario, clock
        The way of routing, and the run.
    flows
        All that send anything, followed or not: all of them load places.
    struck
        Links whose entry some closure may bar or slow.
    """
    starts = _starts(network, clock)
    network = priced(network, scenario)
    return tuple(
        _epoch(network, scenario, clock, flows, struck, span_s=(start_s, end_s))
        for start_s, end_s in zip(starts, (*starts[1:], clock.horizon_s), strict=True)
    )


def priced(network: Network, scenario: Scenario) -> Network:
    """Return the network with the scenario's value of time for all loads, if it states one."""
    hourly = scenario.routing.value_of_time_usd_per_teu_h
    if hourly is None:
        return network
    item = "value_of_time_usd_per_teu_day"
    stated = CostRow("value_of_time", "value", item, hourly * DAY_S / HOUR_S, "USD/TEU-day")
    others = [row for row in network.costs if not row.item.startswith("value_of_time")]
    return network._replace(costs=(*others, stated))


def read_options(scenario: Scenario) -> Options:
    """Return the scenario's way of routing as the routing room takes it."""
    routing = scenario.routing
    shadow = Shadow(routing.shadow.from_load, routing.shadow.at_full_h, routing.shadow.power)
    return Options(
        method=routing.method,
        k=routing.candidates,
        detour_limit=routing.detour_limit,
        paths=routing.paths,
        scale_per_usd=routing.scale_per_usd,
        min_share=routing.min_share,
        shadow=shadow,
        fixed=routing.routes or None,
    )


def _epoch(
    network: Network,
    scenario: Scenario,
    clock: Clock,
    flows: Sequence[FlowPart],
    struck: frozenset[str],
    *,
    span_s: tuple[int, int],
) -> Epoch:
    start_s, end_s = span_s
    today = on(network, clock.day(start_s))
    days = (end_s - start_s) / DAY_S
    from_s = start_s - clock.start_s
    demand = [
        FlowDemand(flow.id, flow.row, flow.amount_between(from_s, end_s - clock.start_s) / days)
        for flow in flows
    ]
    sending = [one for one in demand if one.per_day > 0]
    assigned = _assigned(today, sending, read_options(scenario))
    return Epoch(start_s, end_s, read_day(today, struck), assigned)


def _assigned(today: Network, demand: Sequence[FlowDemand], options: Options) -> Assignment:
    """Return who takes which route; where nobody moves there is nothing to share out."""
    moving = [one for one in demand if one.row.origin != one.row.destination]
    if any(candidates(today, one.row, k=1, paths=1) for one in moving):
        return shares(today, None, demand, options)
    found = [(one.flow, candidates(today, one.row)) for one in demand]
    return Assignment(
        flows=tuple(FlowShare(flow, routes[:1], (1.0,)) for flow, routes in found if routes),
        unreachable=tuple(flow for flow, routes in found if not routes),
        places=(),
        iterations=0,
        converged=True,
        default_teu_per_day=0.0,
        default_t_per_day=0.0,
        default_trucks_per_day=0.0,
    )


def _starts(network: Network, clock: Clock) -> tuple[int, ...]:
    """Return the seconds at which epochs begin: 0, and the window's days of change.

    Who is created in the warm-up or the run-out is not measured: what changes in the
    warm-up is chosen from the window's start on, what changes in the run-out never.
    Rows open and shut on their own days all the same.
    """
    seconds = {clock.second(day) for day in _turning_days(network)}
    inside = {max(second, clock.start_s) for second in seconds if 0 < second < clock.end_s}
    return tuple(sorted({0, *inside}))


def _turning_days(network: Network) -> Iterator[date]:
    rows: tuple[DatedRow, ...] = (*network.links, *network.facilities, *network.services)
    for row in rows:
        if row.available_from is not None:
            yield row.available_from
        if row.available_to is not None:
            yield row.available_to + timedelta(days=1)
