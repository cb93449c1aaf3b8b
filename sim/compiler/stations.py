"""Facility rows as stations: pooled rows together, the others each its own (R8, R9).

In: rows of facilities and their nodes. Out: `StationPart`s whose ids do not
depend on what other rows there are.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from network.schema import FacilityRow, Network, NodeRow
from sim.compiler.clock import Clock
from sim.compiler.hours import Interval, local_midnight_s, shut_by_dates, shut_by_hours
from sim.compiler.laws import cv_of
from sim.compiler.parts import LawPart, RowPart, StationPart
from sim.errors import PlanError
from sim.plan import LOAD_CLASSES, NEVER, PPM, AtClosing, Kind

MILLI = 1000
WORDS = {
    "from_china": "from China",
    "to_china": "to China",
    "east": "eastbound",
    "west": "westbound",
    "north": "northbound",
    "south": "southbound",
}


class Shutting(NamedTuple):
    """Known intervals in which one row is shut, under the name of their closure."""

    closure: str
    row: str
    intervals: tuple[Interval, ...]


class Facilities(NamedTuple):
    """Rows of facilities by the station to which they belong."""

    rows: Mapping[str, tuple[FacilityRow, ...]]
    """Station id -> its rows that are in force at some time of the run, sorted by id."""
    nodes: Mapping[str, NodeRow]
    midnight_s: Mapping[str, int]
    """Node -> a second of the run at which a day of its own time begins."""


def station_id(row: FacilityRow) -> str:
    """Return the id of the station to which a row belongs."""
    if row.pool:
        return f"{row.node}/{row.operation}/{row.pool}/{row.direction}"
    return row.id


def read_facilities(network: Network, clock: Clock) -> Facilities:
    """Return the rows that serve at some time of the run, by station."""
    rows: dict[str, list[FacilityRow]] = {}
    for row in network.facilities:
        begin_s, end_s = clock.span(row.available_from, row.available_to)
        if row.servers is not None and row.mean_h is not None and begin_s < end_s:
            rows.setdefault(station_id(row), []).append(row)
    grouped = {key: tuple(group) for key, group in rows.items()}
    return Facilities(
        grouped,
        {node.id: node for node in network.nodes},
        {node.id: local_midnight_s(node.utc_offset_h) for node in network.nodes},
    )


def server_station(facilities: Facilities, key: str) -> StationPart:
    """Return the station that the rows of one id make.

    Parameters
    ----------
    facilities
        Of `read_facilities`.
    key
        Of `station_id`.

    Raises
    ------
    PlanError
        If no row of it serves during the run, or a row has no law.
    """
    every = facilities.rows.get(key, ())
    rows = tuple(row for row in every if row.servers)
    if not rows:
        msg = f"station {key}: no row of it has servers and is in force during the run"
        raise PlanError(msg)
    first = rows[0]
    others = tuple(_law_part(row) for row in every if not row.servers)
    return StationPart(
        id=key,
        kind=Kind.SERVER,
        node=first.node,
        name=station_name(first, facilities.nodes[first.node]),
        operation=first.operation,
        rows=tuple(_row_part(row, others, facilities.midnight_s[row.node]) for row in rows),
        is_priority=any(row.discipline == "priority" for row in rows),
        batch_min=max(row.batch_min or 1 for row in rows),
        batch_max=max(row.batch_max or row.batch_min or 1 for row in rows),
        queue_max=max(NEVER if row.queue_max is None else row.queue_max for row in rows),
        blocks=any(row.blocking for row in rows),
        share_ppm=round(first.share * PPM),
    )


def station_name(row: FacilityRow, node: NodeRow) -> str:
    """Return words for a station: operation, direction and place."""
    direction = WORDS.get(row.direction, "")
    kind = f"{row.operation.replace('_', ' ')}" + (" of trucks" if row.per == "truck" else "")
    return ", ".join(word for word in (kind, direction, place_name(node)) if word)


def place_name(node: NodeRow) -> str:
    """Return a node's name up to its first explanation, or its id."""
    return node.name.split(",")[0].split(" (")[0] or node.id


def shuttings(facilities: Facilities, stations: Iterable[str], clock: Clock) -> list[Shutting]:
    """Return the known closures of rows by their dates and opening hours.

    Parameters
    ----------
    facilities
        Of `read_facilities`.
    stations
        Ids of the stations in the plan.
    clock
        Of the run.
    """
    found: list[Shutting] = []
    for key in stations:
        rows = [row for row in facilities.rows[key] if row.servers]
        spans = {row.id: clock.span(row.available_from, row.available_to) for row in rows}
        dated = shut_by_dates(spans, clock.horizon_s)
        for row in rows:
            offset_h = facilities.nodes[row.node].utc_offset_h
            hours = shut_by_hours(row, offset_h, clock)
            found.append(Shutting(f"dates:{row.id}", row.id, dated[row.id]))
            found.append(Shutting(f"hours:{row.id}", row.id, hours))
    return [one for one in found if one.intervals]


def window_shares(rows: Iterable[FacilityRow], clock: Clock) -> dict[str, float]:
    """Return row -> part of the measured window in which it is in force."""
    found: dict[str, float] = {}
    for row in rows:
        begin_s, end_s = clock.span(row.available_from, row.available_to)
        inside_s = min(end_s, clock.end_s) - max(begin_s, clock.start_s)
        found[row.id] = max(0, inside_s) / (clock.end_s - clock.start_s)
    return found


def _law_part(row: FacilityRow) -> LawPart:
    """Return the law of the loads of a row that has no servers of its own."""
    assert row.mean_h is not None
    return LawPart(
        classes=frozenset(LOAD_CLASSES.index(name) for name in row.applies_to),
        law=row.law,
        cv=cv_of(f"facilities {row.id}", row.law, row.cv),
        mean_h=row.mean_h,
        is_per_teu=row.per == "teu",
    )


def _row_part(row: FacilityRow, others: tuple[LawPart, ...], midnight_s: int) -> RowPart:
    assert row.servers is not None
    assert row.mean_h is not None
    return RowPart(
        id=row.id,
        servers=row.servers,
        law=row.law,
        cv=cv_of(f"facilities {row.id}", row.law, row.cv),
        mean_h=row.mean_h,
        is_per_teu=row.per == "teu",
        ref_load=round((row.ref_teu or 0.0) * MILLI),
        at_closing=AtClosing[row.at_closing.upper()],
        slots=NEVER if row.slots_per_day is None else row.slots_per_day,
        midnight_s=midnight_s,
        others=others,
    )
