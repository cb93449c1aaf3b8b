"""A scenario and a network made into a plan and its legend.

In: a resolved scenario and the network that it means. Out: what engines read, and
the names behind it. Only what a followed flow may use is in the plan.
"""

from collections.abc import Iterable, Mapping, Sequence

from network.schema import Network
from sim.compiler.assemble import assemble, with_demand
from sim.compiler.background import background_notes, row_factors
from sim.compiler.clock import read_clock
from sim.compiler.closures import (
    ClosurePart,
    Closures,
    Struck,
    applied,
    closure_parts,
    demand_windows,
)
from sim.compiler.fleets import Shuttle, shuttle
from sim.compiler.flows import read_flows
from sim.compiler.forming import blocks, check_lots, payload_notes, pool_parts
from sim.compiler.journeys import Trip
from sim.compiler.legend import legend
from sim.compiler.loops import with_stands
from sim.compiler.meters import depot_id, depot_station, meter_station
from sim.compiler.notes import calendar_notes, read_notes
from sim.compiler.parts import LegPart, Parts, PoolPart, RoutePart, ServicePart, StationPart
from sim.compiler.routes import read_routes
from sim.compiler.stations import read_facilities, server_station, shuttings, window_shares
from sim.compiler.traffic import Traffic, World, read_traffic
from sim.compiler.uses import busiest, leg_ids, leg_part, service_key, trip_key
from sim.compiler.wagons import wagon_parts, wagon_station
from sim.compiler.yards import side, yard_stations
from sim.plan import Effect, Kind, Legend, Plan
from sim.scenario.models import Scenario


def compile_plan(scenario: Scenario, network: Network) -> tuple[Plan, Legend]:
    """Return the plan of a scenario on its network, and the names behind it.

    Parameters
    ----------
    scenario
        Resolved.
    network
        With the scenario's changes, and frozen where it says so.

    Raises
    ------
    PlanError
        If the run is too long, a followed flow has no route, a vehicle takes no lot
        of its flow, or a number does not fit in the plan's whole units.
    """
    clock = read_clock(scenario)
    world = World(scenario, network, clock, read_facilities(network, clock), applied(network))
    traffic = read_traffic(world)
    parts = _parts(world, traffic)
    closures = _closures(world, traffic, parts)
    light = payload_notes(traffic.followed, traffic.services, parts.pools, closures.all)
    parts = parts._replace(notes=(*parts.notes, *light))
    plan = assemble(scenario, clock, traffic.flows, parts, closures)
    return plan, legend(clock, traffic.flows, parts, closures, scenario.measures.wait_over_h)


def with_own_demand(plan: Plan, legend: Legend, scenario: Scenario, network: Network) -> Plan:
    """Return a plan made for another demand, in which flows send what a scenario says.

    Vehicles form and routes are shared out as the plan has it; a flow to which the scenario
    gives nothing sends nothing.

    Parameters
    ----------
    plan, legend
        Of `compile_plan`, with the same window and lots.
    scenario, network
        Whose demand is meant.
    """
    clock = read_clock(scenario)
    origins = {row.flow or row.id: row.origin for row in network.demand}
    changes = demand_windows(applied(network), origins, clock)
    found = {flow.id: flow for flow in read_flows(network, scenario, clock, changes)}
    some = next(iter(found.values()))
    nothing = some._replace(amounts=(0.0,) * len(some.amounts))
    flows = [
        found.get(flow, nothing)._replace(lot=lot)
        for flow, lot in zip(legend.flow_id, legend.flow_lot, strict=True)
    ]
    return with_demand(plan, flows)


def _parts(world: World, traffic: Traffic) -> Parts:
    uses, services, clock = traffic.followed, traffic.services, world.clock
    fleets = frozenset(key for key, one in services.items() if one.has_fleet)
    ids = leg_ids(uses, fleets)
    gathered = blocks(uses, ids, services, world.scenario, clock)
    pools, pool_stations = pool_parts(uses, ids, services, gathered, clock)
    trips = busiest(uses, ids)
    shuttles = _shuttles(traffic, trips, pools, fleets)
    yards = _yards(world, trips)
    legs = _legs(world, trips, services, shuttles, frozenset(yard.id for yard in yards))
    legs, loops = with_stands(legs, world.network)
    routing = read_routes(uses, traffic.flows, len(traffic.epochs), ids, gathered)
    served = _served(world, legs, routing.routes, shuttles)
    wagons = wagon_parts(services, legs, world.network, clock)
    others = [*(one.station for one in shuttles), *map(wagon_station, wagons)]
    stations = sorted((*served, *pool_stations, *others, *yards), key=lambda one: one.id.encode())
    by_id = {station.id: station for station in stations}
    used = {leg.service for leg in legs}
    every = tuple(services[key] for key in sorted(used, key=str.encode))
    lots = check_lots(uses, services)
    factors = row_factors(
        traffic.background,
        by_id,
        services,
        clock,
        in_force=window_shares(world.network.facilities, clock),
        shared=fleets & used,
    )
    return Parts(
        stations=tuple(stations),
        services=every,
        pools=pools,
        legs=legs,
        fleets=tuple(one.fleet for one in shuttles),
        wagons=wagons,
        loops=loops,
        routes=routing.routes,
        epochs_s=tuple(epoch.start_s for epoch in traffic.epochs),
        choices=routing.choices,
        row_factor_ppm=factors,
        notes=(
            *traffic.notes,
            *lots,
            *background_notes(traffic.background, factors),
            *read_notes(traffic.epochs, clock),
            *calendar_notes(world.closures, traffic.flows, clock),
        ),
    )


def _shuttles(
    traffic: Traffic,
    trips: Mapping[str, Trip],
    pools: Sequence[PoolPart],
    fleets: frozenset[str],
) -> tuple[Shuttle, ...]:
    found: list[Shuttle] = []
    for key in sorted(fleets, key=str.encode):
        own = {
            end: trips[f"{key}/{end}"]
            for end in traffic.services[key].ends
            if f"{key}/{end}" in trips
        }
        if not own:
            continue
        by_end = {
            traffic.services[key].ends[pool.end]: pool for pool in pools if pool.service == key
        }
        last = max(
            use.epoch
            for use in traffic.followed
            for trip in use.journey.trips
            if trip_key(trip).service == key
        )
        cruise_h = traffic.rows[key].cruise_h
        found.append(
            shuttle(traffic.services[key], own, by_end, cruise_h, traffic.epochs[last].day)
        )
    return tuple(found)


def _yards(world: World, trips: Mapping[str, Trip]) -> tuple[StationPart, ...]:
    if not world.scenario.limits.storage:
        return ()
    rows = {row.id: row for row in world.network.facilities}
    return yard_stations(trips.values(), rows, world.facilities, world.clock.start)


def _legs(
    world: World,
    trips: Mapping[str, Trip],
    services: Mapping[str, ServicePart],
    shuttles: Sequence[Shuttle],
    yards: frozenset[str],
) -> tuple[LegPart, ...]:
    legs = [leg for one in shuttles for leg in one.empty_legs]
    rows = {row.id: row for row in world.network.facilities}
    for key, trip in trips.items():
        yard = side(trip, rows).id if trip.storage else ""
        service = services[service_key(trip.leg)]
        legs.append(leg_part(key, trip, service, yard if yard in yards else ""))
    return tuple(sorted(legs, key=lambda leg: leg.id.encode()))


def _served(
    world: World,
    legs: Iterable[LegPart],
    routes: Iterable[RoutePart],
    shuttles: Iterable[Shuttle],
) -> tuple[StationPart, ...]:
    """Return the servers and meters that legs, routes and vessels pass."""
    links = {link.id: link for link in world.network.links}
    wanted = {element.station for leg in legs for element in leg.elements} - {""}
    wanted |= {step for route in routes for step in route.steps if not step.startswith("pool:")}
    wanted |= {station for one in shuttles for station in one.stations}
    parts: list[StationPart] = []
    for key in sorted(wanted, key=str.encode):
        if (hauled := links.get(key.partition(":")[2])) and key == depot_id(hauled.id):
            parts.append(depot_station(hauled))
        elif key[:-1] in links and key not in world.facilities.rows:
            parts.append(meter_station(links[key[:-1]], forward=key.endswith(">")))
        else:
            parts.append(server_station(world.facilities, key))
    return tuple(parts)


def _closures(world: World, traffic: Traffic, parts: Parts) -> Closures:
    """Return all closures of the plan: by rows of closures, by dates, by opening hours."""
    struck = Struck(
        stations={station.id: station for station in parts.stations},
        pools=parts.pools,
        legs={leg.id: leg for leg in parts.legs},
        line_of={
            service.id: traffic.rows[service.id].id.split("/")[0]
            if service.is_default
            else service.line
            for service in parts.services
        },
        fleet_of={fleet.service: fleet.station for fleet in parts.fleets},
        classes={row.id: frozenset(row.applies_to) for row in world.network.facilities},
        country={node.id: node.country for node in world.network.nodes},
        routes=parts.routes,
        load_class={flow.id: flow.row.load_class for flow in traffic.flows},
    )
    found = closure_parts(world.closures, struck, world.clock)
    servers = [one.id for one in parts.stations if one.kind is Kind.SERVER and not one.couples]
    own = tuple(
        ClosurePart(
            shutting.closure,
            Effect.SHUT,
            0,
            is_weather=False,
            rows=(shutting.row,),
            intervals=shutting.intervals,
        )
        for shutting in shuttings(world.facilities, servers, world.clock)
    )
    return found._replace(known=(*found.known, *own))
