"""Yards: room at the end of a leg, in TEU (R13).

In: storage rows that visits pass. Out: one yard per node, or one per direction where rows
state directions; and the yard of each leg.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from network.load import in_force
from network.schema import FacilityRow
from sim.compiler.clock import HOUR_S
from sim.compiler.journeys import Trip
from sim.compiler.parts import RowPart, StationPart, YardPart
from sim.compiler.stations import WORDS, Facilities, place_name
from sim.errors import PlanError
from sim.plan import Kind

MILLI = 1000
ANY = "any"
"""Direction of rows that serve all."""

EMBARGO_H = 72
"""A hold longer than that stops departures at the origin (R13)."""


class Side(NamedTuple):
    """A yard: that of a node, or of one direction where rows part it."""

    node: str
    direction: str
    """Of its rows; `ANY`: all that have no side of their own."""

    @property
    def id(self) -> str:
        """Return the id of the yard's station."""
        return f"yard:{self.node}" + (f"/{self.direction}" if self.direction != ANY else "")


def side(trip: Trip, rows: Mapping[str, FacilityRow]) -> Side:
    """Return the yard in which the load of a trip that passes storage must find room.

    Parameters
    ----------
    trip
        With a row of storage at its end.
    rows
        Facility row id -> row.

    Raises
    ------
    PlanError
        If rows of more than one direction give room to the load.
    """
    node = trip.leg.destination
    own = [rows[key] for key in trip.storage if rows[key].direction != ANY]
    directions = sorted({row.direction for row in own})
    if len(directions) > 1:
        names = " and ".join(f"{row.id} ({row.direction})" for row in own)
        raise PlanError(
            f"facilities at {node}: the load of {trip.leg.service} from {trip.leg.origin} has "
            f"room in {names}; it must be in one yard: state one direction, or none"
        )
    return Side(node, directions[0] if directions else ANY)


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
    by_side: dict[Side, set[str]] = {}
    for trip in trips:
        if trip.storage:
            found = side(trip, rows)
            mine = (key for key in trip.storage if rows[key].direction == found.direction)
            by_side.setdefault(found, set()).update(mine)
    return tuple(
        _yard(one, [rows[key] for key in sorted(by_side[one])], facilities, day)
        for one in sorted(by_side)
    )


def _yard(one: Side, rows: list[FacilityRow], facilities: Facilities, day: date) -> StationPart:
    present = [row for row in rows if in_force(row, day)] or rows[:1]
    room = round(sum(row.storage_teu or 0.0 for row in present) * MILLI)
    way = f"{WORDS[one.direction]}, " if one.direction != ANY else ""
    return StationPart(
        id=one.id,
        kind=Kind.YARD,
        node=one.node,
        name=f"yard, {way}{place_name(facilities.nodes[one.node])}",
        operation="yard",
        rows=(RowPart(one.id),),
        yard=YardPart(room, any(row.when_full == "refuse" for row in rows), EMBARGO_H * HOUR_S),
    )
