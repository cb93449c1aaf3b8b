"""Who goes how during the run: flows on routes by epoch, and the services they need.

In: a scenario and its network. Out: a `Traffic`; flows that are not followed stand
apart, since they only load the stations that they share.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from network.lanes import flow_of
from network.schema import ClosureRow, Network, ServiceRow
from sim.compiler.clock import Clock
from sim.compiler.closures import demand_windows, struck_links
from sim.compiler.epochs import Epoch, read_epochs
from sim.compiler.flows import FlowPart, read_flows, with_own_lot
from sim.compiler.journeys import Journey, journey
from sim.compiler.parts import ServicePart
from sim.compiler.services import default_row, lots_lost, service_part
from sim.compiler.stations import Facilities
from sim.compiler.uses import Use, service_key
from sim.errors import PlanError
from sim.scenario.models import Scenario

LEAST_SHARE = 1e-6
"""A route that fewer take is not taken."""


class World(NamedTuple):
    """What all steps read."""

    scenario: Scenario
    network: Network
    clock: Clock
    facilities: Facilities
    closures: tuple[ClosureRow, ...]


class Traffic(NamedTuple):
    """Who goes how: uses of followed flows, and of the others."""

    epochs: tuple[Epoch, ...]
    flows: tuple[FlowPart, ...]
    """Followed, in the order of their index."""
    followed: tuple[Use, ...]
    background: tuple[Use, ...]
    services: Mapping[str, ServicePart]
    rows: Mapping[str, ServiceRow]
    """Service -> one of its rows."""
    notes: tuple[str, ...]
    """What became of lots that the scenario raised."""


def read_traffic(world: World) -> Traffic:
    """Return who goes how during the run.

    Raises
    ------
    PlanError
        If nothing is sent, or a followed flow has no route in any epoch.
    """
    scenario, network, clock = world.scenario, world.network, world.clock
    origins = {flow_of(row): row.origin for row in network.demand}
    changes = demand_windows(world.closures, origins, clock)
    flows = read_flows(network, scenario, clock, changes)
    if not any(flow.is_followed for flow in flows):
        msg = f"{scenario.name}: no flow sends anything during the run; check demand and keep"
        raise PlanError(msg)
    epochs = read_epochs(network, scenario, clock, flows, struck_links(world.closures))
    uses = _uses(epochs, flows, clock)
    _check_reached(flows, uses)
    services, rows = _services(world, uses)
    uses, notes = _own_lots(uses, services)
    lots = {use.flow.id: use.flow for use in uses}
    return Traffic(
        epochs=epochs,
        flows=tuple(lots[flow.id] for flow in flows if flow.is_followed),
        followed=tuple(use for use in uses if use.flow.is_followed),
        background=tuple(use for use in uses if not use.flow.is_followed),
        services=services,
        rows=rows,
        notes=notes,
    )


def _uses(epochs: Sequence[Epoch], flows: Sequence[FlowPart], clock: Clock) -> tuple[Use, ...]:
    """Return who takes which route in which epoch, with the amounts of the window."""
    by_id = {flow.id: flow for flow in flows}
    length_s = clock.end_s - clock.start_s
    uses: list[Use] = []
    for number, epoch in enumerate(epochs):
        journeys: dict[tuple[str, str, str, frozenset[str]], Journey] = {}
        from_s = min(max(epoch.start_s - clock.start_s, 0), length_s)
        until_s = min(max(epoch.end_s - clock.start_s, 0), length_s)
        for split in epoch.assignment.flows:
            flow = by_id[split.flow]
            amount = flow.amount_between(from_s, until_s) / flow.lot * flow.lot_milli
            closed = epoch.day.views.closed(flow.row)
            for route, share in zip(split.routes, split.shares, strict=True):
                if share < LEAST_SHARE:
                    continue
                key = (route.id, route.load_class, route.origin, closed)
                if key not in journeys:
                    journeys[key] = journey(route, epoch.day.seen_without(closed))
                day = clock.day(epoch.start_s)
                use = Use(flow, route, journeys[key], number, share, amount * share, day)
                uses.append(use)
    return tuple(uses)


def _check_reached(flows: Sequence[FlowPart], uses: Sequence[Use]) -> None:
    reached = {use.flow.id for use in uses}
    lost = [flow for flow in flows if flow.is_followed and flow.id not in reached]
    if lost:
        lines = [
            f"demand {flow.id}: no route from {flow.row.origin} to {flow.row.destination} for "
            f"{flow.row.load_class} by {', '.join(flow.row.allowed_modes) or 'any mode'}; check "
            "links, gauges, handlings and services"
            for flow in lost
        ]
        raise PlanError("\n".join(lines))


def _own_lots(
    uses: Sequence[Use], services: Mapping[str, ServicePart]
) -> tuple[tuple[Use, ...], tuple[str, ...]]:
    """Return the uses; flows whose raised lot some vehicle does not take have their own again."""
    small = {
        use.flow.id
        for use in uses
        if use.flow.lot != use.flow.row.lot
        for trip in use.journey.trips
        for state in services[service_key(trip.leg)].states
        if lots_lost(state, use.flow.load_class, use.flow.lot_milli) is None
    }
    if not small:
        return tuple(uses), ()
    back = {use.flow.id: with_own_lot(use.flow) for use in uses if use.flow.id in small}
    note = (
        f"demand.lot_teu is more than a vehicle of {len(small)} flows takes; they keep the lots "
        f"of their rows: {', '.join(sorted(small, key=str.encode))}"
    )
    return tuple(use._replace(flow=back.get(use.flow.id, use.flow)) for use in uses), (note,)


def _services(
    world: World, uses: Sequence[Use]
) -> tuple[dict[str, ServicePart], dict[str, ServiceRow]]:
    """Return the services of all trips, by id."""
    lines: dict[str, list[ServiceRow]] = {}
    for row in world.network.services:
        lines.setdefault(row.line or row.id, []).append(row)
    defaults = {row.id: row for row in world.network.defaults}
    parts: dict[str, ServicePart] = {}
    rows: dict[str, ServiceRow] = {}
    for trip in (trip for use in uses for trip in use.journey.trips):
        leg = trip.leg
        key = service_key(leg)
        if key in parts:
            continue
        if leg.is_default:
            states = [default_row(defaults[leg.service], leg.origin, leg.destination)]
        else:
            states = sorted(lines[key], key=_since)
        rows[key] = states[0]
        parts[key] = service_part(key, states, world.clock, is_default=leg.is_default)
    return parts, rows


def _since(row: ServiceRow) -> int:
    return row.available_from.toordinal() if row.available_from else 0
