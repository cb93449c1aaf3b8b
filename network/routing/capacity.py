"""What links, stations and services can take a day, by their rows and closures (R19)."""

from collections.abc import Mapping
from typing import NamedTuple

from network.routing.atlas import Atlas
from network.routing.passage import capacity_teu
from network.schema import ClosureRow, FacilityRow, LinkRow, ServiceRow
from network.visit import station_key

_DAY_H = 24.0
_YEAR_H = 8760.0
YEAR_OF_WORK_H = 8766.0
"""Hours of work in which `rate_per_year` breakdowns of `clock: busy` come."""
_METERED_AT_MOST = 200.0
"""Links with more own paths a day are not metered (R11)."""
_WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNLIMITED = float("inf")


class Station(NamedTuple):
    """The rows at one node that share an operation and a pool, as one server group."""

    id: str
    hours_per_day: float
    """Server-hours a day that are open, closures taken off in the mean."""
    mean_h: float
    """Mean of the station as a whole: servers over their daily number."""


def open_share(closures: tuple[ClosureRow, ...], kind: str, target: str) -> float:
    """Return the part of its capacity that a target keeps in the mean year, in (0, 1]."""
    share = 1.0
    for row in closures:
        if row.target_kind != kind or target not in row.target or not row.applied:
            continue
        if row.clock == "busy":
            # As long down as its work so far made it: hours down for each hour of work.
            share /= 1.0 + (row.rate_per_year or 0.0) * (row.mean_h or 0.0) / YEAR_OF_WORK_H
        elif row.effect == "shut":
            share *= 1.0 - _time_share(row)
        elif row.effect in {"rate_factor", "payload_factor"} and row.value is not None:
            share *= 1.0 - _time_share(row) * (1.0 - row.value)
    return max(share, 1e-3)


def _time_share(row: ClosureRow) -> float:
    rate = row.rate_per_year if row.rate_per_year is not None else float(bool(row.start))
    return min(1.0, rate * (row.mean_h or 0.0) / _YEAR_H)


def paths_per_day(closures: tuple[ClosureRow, ...], link: LinkRow) -> float:
    """Return the trains a day that a link takes in one direction; infinite without a limit.

    By its own paths, background off, and by its locomotives.
    """
    if link.mode != "rail":
        return _UNLIMITED
    share = open_share(closures, "link", link.id)
    return min(_own_paths(link), _runs_per_day(link)) * share


def _own_paths(link: LinkRow) -> float:
    if link.paths_per_day is None:
        return _UNLIMITED
    own = link.paths_per_day - link.background_per_day
    return _UNLIMITED if own > _METERED_AT_MOST or not link.metered else own


def _runs_per_day(link: LinkRow) -> float:
    """Return the runs a day of one direction that the locomotives make, half of all (R11)."""
    if link.locomotives is None or not link.speed_kmh:
        return _UNLIMITED
    run_h = link.length_km / link.speed_kmh + (link.locomotive_turn_h or 0.0)
    return link.locomotives * _DAY_H / run_h / 2.0


def stations(
    atlas: Atlas, closures: tuple[ClosureRow, ...]
) -> Mapping[tuple[str, str, str], Station]:
    """Return the stations of all nodes by (node, operation, pool)."""
    groups: dict[tuple[str, str, str], list[FacilityRow]] = {}
    for rows in atlas.facilities.values():
        for row in rows:
            if row.servers and row.mean_h:
                groups.setdefault(station_key(row), []).append(row)
    return {key: _station(key, rows, closures) for key, rows in groups.items()}


def _station(
    key: tuple[str, str, str], rows: list[FacilityRow], closures: tuple[ClosureRow, ...]
) -> Station:
    servers = sum(row.servers or 0 for row in rows)
    per_hour = sum((row.servers or 0) / (row.mean_h or 1.0) for row in rows)
    mean_h = servers / per_hour
    hours = sum(_worked_h(row, mean_h) * open_share(closures, "station", row.id) for row in rows)
    return Station(" ".join(key), hours, mean_h)


def _worked_h(row: FacilityRow, mean_h: float) -> float:
    """Return the server-hours a day that a row can work by its hours and its calls."""
    hours = (row.servers or 0) * _DAY_H * _hours_open(row)
    if row.slots_per_day is None:
        return hours
    called = row.slots_per_day * len(_days(row.days)) / len(_WEEK)
    return min(hours, called * mean_h)


def _hours_open(row: FacilityRow) -> float:
    """Return the part of a week in which a row is open, in (0, 1]."""
    opens, closes = _clock_h(row.opens), _clock_h(row.closes)
    # A row that closes no later than it opens is open over midnight.
    hours = closes - opens if closes > opens else closes - opens + _DAY_H
    return hours / _DAY_H * len(_days(row.days)) / len(_WEEK)


def _clock_h(text: str) -> float:
    hours, _, minutes = text.partition(":")
    return float(hours) + float(minutes or 0) / 60.0


def _days(text: str) -> set[str]:
    found: set[str] = set()
    for part in text.replace(",", ";").split(";"):
        first, _, last = part.strip().partition("-")
        if first not in _WEEK:
            continue
        begin, end = _WEEK.index(first), _WEEK.index(last or first)
        found |= {_WEEK[(begin + n) % 7] for n in range((end - begin) % 7 + 1)}
    return found or set(_WEEK)


def departures_per_day(
    atlas: Atlas, closures: tuple[ClosureRow, ...], row: ServiceRow, moving_h: float
) -> float:
    """Return the most departures a day from one end of a service; infinite without a limit.

    By headway or timetable, and by the fleet: its vehicles over the time of a round trip,
    in which each end takes its turnaround and its berth (R12).
    """
    gap = row.departures_every_h or row.headway_h
    most = _DAY_H / gap if gap else _UNLIMITED
    if row.fleet is None:
        return most
    line = row.line or row.id
    fleet = row.fleet - _fleet_out(closures, line)
    ends = sum(call_h(atlas, row, node) for node in (row.origin, row.destination))
    trip = 2.0 * (moving_h + (row.turnaround_h or 0.0)) + ends
    by_fleet = fleet * _DAY_H / trip if trip else _UNLIMITED
    return min(most, by_fleet) * open_share(closures, "service", line)


def _fleet_out(closures: tuple[ClosureRow, ...], line: str) -> float:
    return sum(
        _time_share(row) * (row.value or 0.0)
        for row in closures
        if row.effect == "fleet_minus" and line in row.target and row.applied
    )


def call_h(atlas: Atlas, row: ServiceRow, node: str) -> float:
    """Return the hours of a vessel's call: the berth, or the lifts if they take longer."""
    rows = [
        facility
        for facility in atlas.facilities.get(node, ())
        if row.group and row.group in facility.service_group
    ]
    berth = max((r.mean_h or 0.0 for r in rows if r.operation == "berth"), default=0.0)
    rate = sum(
        (r.servers or 0) / r.mean_h
        for r in rows
        if r.operation == "handling" and r.per == "teu" and r.mean_h
    )
    moved = 2.0 * (capacity_teu(row, "box") or 0.0)
    return max(berth, moved / rate) if rate else berth
