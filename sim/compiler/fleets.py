"""Fleets: vehicles that shuttle between the two ends of a service (R12).

In: the trips that leave each end. Out: `FleetPart`s, with ways back where no load
takes them.
"""

from collections.abc import Mapping
from typing import NamedTuple

from sim.compiler.clock import seconds
from sim.compiler.journeys import Day, Trip, trip_back
from sim.compiler.parts import FleetPart, LegPart, PoolPart, RowPart, ServicePart, StationPart
from sim.compiler.uses import leg_part
from sim.plan import Kind


class Shuttle(NamedTuple):
    """A fleet, its station, and the legs that only empty vehicles take."""

    fleet: FleetPart
    station: StationPart
    empty_legs: tuple[LegPart, ...]
    stations: tuple[str, ...]
    """Berths and lifting stations beside those on its legs."""


def fleet_id(service: str) -> str:
    """Return the id of a fleet's station."""
    return f"fleet:{service}"


def shuttle(
    service: ServicePart,
    trips: Mapping[str, Trip],
    pools: Mapping[str, PoolPart],
    cruise_h: float | None,
    day: Day,
) -> Shuttle:
    """Return the fleet of a service.

    Parameters
    ----------
    service
        With a fleet.
    trips
        End at which it begins -> the trip that leaves it; at least one.
    pools
        End -> pool there; absent: no load leaves it.
    cruise_h
        One way without waits as its row states it; None: by its links.
    day
        Network on which a way back is looked up.
    """
    ends = service.ends
    empty: list[LegPart] = []
    both: list[Trip] = []
    for end, other in (ends, ends[::-1]):
        if end in trips:
            both.append(trips[end])
            continue
        back = trip_back(trips[other].leg, day)
        both.append(back)
        empty.append(leg_part(f"{service.id}/{end}", back, service, ""))
    berths = tuple(_first(both[n].berths[0], both[1 - n].berths[1]) for n in (0, 1))
    handlings = tuple(_first(both[n].handlings[0], both[1 - n].handlings[1]) for n in (0, 1))
    moving = [sum(element.move_s for element in one.elements) for one in both]
    station = StationPart(
        id=fleet_id(service.id),
        kind=Kind.FLEET,
        node=ends[0],
        name=f"fleet, {ends[0]} to {ends[1]}",
        operation="fleet",
        rows=(RowPart(fleet_id(service.id)),),
    )
    fleet = FleetPart(
        station=station.id,
        service=service.id,
        pools=(_pool(pools, ends[0]), _pool(pools, ends[1])),
        legs=(f"{service.id}/{ends[0]}", f"{service.id}/{ends[1]}"),
        berths=(berths[0], berths[1]),
        handlings=(handlings[0], handlings[1]),
        turnaround_s=service.turnaround_s,
        cruise_s=max(1, *moving) if cruise_h is None else seconds(cruise_h),
    )
    used = tuple(one for one in (*berths, *handlings) if one)
    return Shuttle(fleet, station, tuple(empty), used)


def _first(one: str, other: str) -> str:
    return one or other


def _pool(pools: Mapping[str, PoolPart], end: str) -> str:
    return pools[end].station if end in pools else ""
