"""The names behind a plan's numbers.

In: flows, parts and closures in the order of their indices. Out: a `Legend`.
"""

from collections.abc import Sequence

from sim.compiler.assemble import index_of, place_ids
from sim.compiler.clock import Clock, seconds
from sim.compiler.closures import Closures
from sim.compiler.flows import FlowPart
from sim.compiler.parts import Parts
from sim.plan import LOAD_CLASSES, Legend

MILLI = 1000


def legend(
    clock: Clock,
    flows: Sequence[FlowPart],
    parts: Parts,
    closures: Closures,
    wait_over_h: Sequence[float],
) -> Legend:
    """Return the names of everything in a plan.

    Parameters
    ----------
    clock, flows, parts, closures
        As they were assembled.
    wait_over_h
        As the scenario asks.
    """
    stations = parts.stations
    places = place_ids(parts)
    leg = index_of(one.id for one in parts.legs)
    flow = index_of(one.id for one in flows)
    return Legend(
        station_id=tuple(one.id for one in stations),
        station_node=tuple(one.node for one in stations),
        station_name=tuple(one.name for one in stations),
        station_kind=tuple(one.operation for one in stations),
        row_id=tuple(row.id for one in stations for row in one.rows),
        place_id=places,
        place_node=(*(one.node for one in stations), *places[len(stations) :]),
        service_id=tuple(one.id for one in parts.services),
        leg_name=tuple(one.name for one in parts.legs),
        leg_service=tuple(one.service for one in parts.legs),
        leg_nodes=tuple(one.nodes for one in parts.legs),
        leg_links=tuple(one.links for one in parts.legs),
        leg_link_forward=tuple(one.link_forward for one in parts.legs),
        flow_id=tuple(one.id for one in flows),
        flow_origin=tuple(one.row.origin for one in flows),
        flow_destination=tuple(one.row.destination for one in flows),
        flow_class=tuple(LOAD_CLASSES[one.load_class] for one in flows),
        flow_commodity=tuple(one.row.commodity for one in flows),
        flow_unit=tuple(one.row.unit for one in flows),
        flow_lot=tuple(one.lot for one in flows),
        flow_lot_teu=tuple(one.lot_teu_milli / MILLI for one in flows),
        route_id=tuple(one.id for one in parts.routes),
        route_flow=tuple(flow[one.flow] for one in parts.routes),
        route_legs=tuple(tuple(leg[key] for key in one.legs) for one in parts.routes),
        route_usd_per_teu=tuple(one.usd_per_teu for one in parts.routes),
        route_co2e_kg_per_teu=tuple(one.co2e_kg_per_teu for one in parts.routes),
        route_free_flow_h=tuple(one.free_flow_h for one in parts.routes),
        route_km=tuple(one.km for one in parts.routes),
        closure_id=tuple(one.id for one in closures.all),
        window_start=clock.start.isoformat(),
        notes=parts.notes,
        wait_over_s=tuple(seconds(hours) for hours in wait_over_h),
    )
