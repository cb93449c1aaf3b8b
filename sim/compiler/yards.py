"""Yards: room at the end of a leg, in TEU (R13).

In: storage rows that visits pass. Out: one yard per node, and the yard of each leg.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from network.load import in_force
from network.schema import FacilityRow
from sim.compiler.clock import HOUR_S
from sim.compiler.journeys import Trip
from sim.compiler.parts import RowPart, StationPart, YardPart
from sim.compiler.stations import Facilities, place_name
from sim.plan import Kind

MILLI = 1000
EMBARGO_H = 72
"""A hold longer than that stops departures at the origin (R13)."""


def yard_id(node: str) -> str:
    """Return the id of a node's yard."""
    return f"yard:{node}"


def yard_stations(
    trips: Iterable[Trip], rows: Mapping[str, FacilityRow], facilities: Facilities, day: date
) -> tuple[StationPart, ...]:
    """Return the yards in which the loads of trips must find room.

    Parameters
    ----------
    trips
        Legs of followed loads.
    rows
        Facility row id -> row.
    facilities
        For the names of nodes.
    day
        First of the measured window: its rows give the room for the whole run.
    """
    by_node: dict[str, set[str]] = {}
    for trip in trips:
        if trip.storage:
            by_node.setdefault(trip.leg.destination, set()).update(trip.storage)
    return tuple(
        _yard(node, [rows[key] for key in sorted(by_node[node])], facilities, day)
        for node in sorted(by_node)
    )


def _yard(node: str, rows: list[FacilityRow], facilities: Facilities, day: date) -> StationPart:
    present = [row for row in rows if in_force(row, day)] or rows[:1]
    room = round(sum(row.storage_teu or 0.0 for row in present) * MILLI)
    return StationPart(
        id=yard_id(node),
        kind=Kind.YARD,
        node=node,
        name=f"yard, {place_name(facilities.nodes[node])}",
        operation="yard",
        rows=(RowPart(yard_id(node)),),
        yard=YardPart(room, any(row.when_full == "refuse" for row in rows), EMBARGO_H * HOUR_S),
    )
