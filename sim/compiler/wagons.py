"""Wagons that services share: where they stand, and how long they run empty (R12).

In: services that draw on a pool of wagons, their legs, rows of services and links. Out:
`WagonPart`s and their stations.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import networkx as nx

from network.load import in_force
from network.schema import LinkRow, Network, ServiceRow
from sim.compiler.clock import Clock
from sim.compiler.meters import move_s
from sim.compiler.parts import LegPart, RowPart, ServicePart, StationPart, WagonPart
from sim.errors import PlanError
from sim.plan import NEVER, Kind


class Turn(NamedTuple):
    """Where the wagons of a leg are ready again, and how long after its end."""

    place: str
    after_s: int


def wagon_parts(
    services: Mapping[str, ServicePart], legs: Sequence[LegPart], network: Network, clock: Clock
) -> tuple[WagonPart, ...]:
    """Return the pools of wagons on which legs of the plan draw, by name.

    Parameters
    ----------
    services
        Of the plan, by id.
    legs
        Of the plan.
    network
        Rows of all dates; ways are those of the first measured day.
    clock
        Of the run.
    """
    drawing = [(services[leg.service], leg) for leg in legs if services[leg.service].wagon_pool]
    return tuple(
        _part(
            pool,
            [leg for service, leg in drawing if service.wagon_pool == pool],
            [row for row in network.services if row.wagon_pool == pool],
            network.links,
            clock,
        )
        for pool in sorted({service.wagon_pool for service, _ in drawing}, key=str.encode)
    )


def wagon_id(pool: str) -> str:
    """Return the id of a pool's station."""
    return f"wagons:{pool}"


def wagon_station(part: WagonPart) -> StationPart:
    """Return the station of a pool of wagons."""
    return StationPart(
        id=wagon_id(part.pool),
        kind=Kind.WAGONS,
        node=part.places[0],
        name=f"wagons, {part.pool}",
        operation="wagons",
        rows=(RowPart(wagon_id(part.pool)),),
    )


def turn(leg: LegPart, part: WagonPart, turnaround_s: int) -> Turn:
    """Return where and when the wagons of a leg are ready again.

    They stay where the leg ends if trains of the pool leave there, else they run back empty.
    """
    origin, end = leg.nodes[0], leg.nodes[-1]
    if end in part.places:
        return Turn(end, turnaround_s)
    return Turn(origin, turnaround_s + part.back_s[end, origin])


def _part(
    pool: str,
    legs: Sequence[LegPart],
    rows: Sequence[ServiceRow],
    links: Sequence[LinkRow],
    clock: Clock,
) -> WagonPart:
    ready: dict[str, int] = {leg.nodes[0]: 0 for leg in legs}
    for row in rows:
        begin_s, end_s = clock.span(row.available_from, row.available_to)
        if row.wagons and begin_s <= 0 < end_s:
            ready[row.origin] = ready.get(row.origin, 0) + row.wagons
    places = tuple(sorted(ready, key=str.encode))
    gauge = next(row.gauge_mm for row in rows)
    ways = _ways(links, gauge, clock)
    empty_s = tuple(tuple(_way_s(ways, one, other) for other in places) for one in places)
    back_s = {
        (leg.nodes[-1], leg.nodes[0]): _way_s(ways, leg.nodes[-1], leg.nodes[0])
        for leg in legs
        if leg.nodes[-1] not in ready
    }
    for (end, origin), way_s in back_s.items():
        if way_s == NEVER:
            msg = (
                f"wagon_pool {pool}: no links of gauge {gauge} with a speed lead back from {end} "
                f"to {origin}; state speed_kmh, or a service of the pool that leaves {end}"
            )
            raise PlanError(msg)
    return WagonPart(pool, places, tuple(ready[place] for place in places), empty_s, back_s)


def _ways(links: Iterable[LinkRow], gauge_mm: int | None, clock: Clock) -> "nx.Graph[str]":
    """Return the links of a gauge on the first measured day, weighted by hours."""
    day = clock.day(clock.start_s)
    ways: nx.Graph[str] = nx.Graph()
    for link in links:
        if link.gauge_mm == gauge_mm and link.speed_kmh and in_force(link, day):
            hours = link.length_km / link.speed_kmh
            known = ways.get_edge_data(link.origin, link.destination, {"h": hours})["h"]
            ways.add_edge(link.origin, link.destination, h=min(known, hours))
    return ways


def _way_s(ways: "nx.Graph[str]", origin: str, end: str) -> int:
    """Return the running time of the quickest way in whole seconds, NEVER without one."""
    if origin == end:
        return 0
    try:
        return move_s(nx.dijkstra_path_length(ways, origin, end, weight="h"))
    except (nx.NetworkXNoPath, nx.NodeNotFound):
        return NEVER
