"""When a facility's row is shut by its own dates and opening hours (R15).

In: rows in local time of their node. Out: intervals in seconds of the run.
"""

from datetime import date, timedelta
from typing import NamedTuple

from network.schema import FacilityRow
from sim.compiler.clock import CORRIDOR_UTC_H, DAY_S, HOUR_S, Clock
from sim.errors import PlanError

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Interval(NamedTuple):
    """Seconds of the run, the end outside."""

    start_s: int
    end_s: int


def shut_by_hours(row: FacilityRow, utc_offset_h: float, clock: Clock) -> tuple[Interval, ...]:
    """Return the intervals in which a row's opening hours shut it.

    Parameters
    ----------
    row
        `opens`, `closes` and `days` are read; `closes` at or before `opens` is
        on the next day.
    utc_offset_h
        Local time of the node minus UTC.
    clock
        Of the run.
    """
    opens_s, closes_s = _clock_time_s(row, row.opens), _clock_time_s(row, row.closes)
    days = _weekdays(row)
    if closes_s <= opens_s:
        closes_s += DAY_S
    if (closes_s - opens_s) >= DAY_S and len(days) == len(WEEKDAYS):
        return ()
    shift_s = local_midnight_s(utc_offset_h)
    opened: list[Interval] = []
    # Two days of margin: local midnight and hours past it fall on other corridor dates.
    for ordinal in range(-2, clock.horizon_s // DAY_S + 3):
        day: date = clock.first + timedelta(days=ordinal)
        if day.weekday() in days:
            midnight_s = ordinal * DAY_S + shift_s
            opened.append(Interval(midnight_s + opens_s, midnight_s + closes_s))
    return gaps(opened, clock.horizon_s)


def local_midnight_s(utc_offset_h: float) -> int:
    """Return the second of the run at which its first date begins in local time."""
    return round((CORRIDOR_UTC_H - utc_offset_h) * HOUR_S)


def gaps(opened: list[Interval], horizon_s: int) -> tuple[Interval, ...]:
    """Return the parts of the run that no interval covers.

    Parameters
    ----------
    opened
        Sorted by start; may touch and overlap, and reach beyond the run.
    horizon_s
        End of the run.
    """
    shut: list[Interval] = []
    free_from_s = 0
    for start_s, end_s in opened:
        if start_s > free_from_s:
            shut.append(Interval(free_from_s, min(start_s, horizon_s)))
        free_from_s = max(free_from_s, end_s)
        if free_from_s >= horizon_s:
            return tuple(shut)
    return (*shut, Interval(free_from_s, horizon_s))


def shut_by_dates(
    spans: dict[str, tuple[int, int]], horizon_s: int
) -> dict[str, tuple[Interval, ...]]:
    """Return the intervals in which the rows of one station are not in force.

    Parameters
    ----------
    spans
        Row id -> first second and end of its time in force, within the run.
    horizon_s
        End of the run.

    Notes
    -----
    The rows that end last stay open to those already on their way: new routes
    avoid a station that has ended, and nobody is left standing before it.
    """
    last_s = max(end_s for _, end_s in spans.values())
    shut: dict[str, tuple[Interval, ...]] = {}
    for row_id, (begin_s, end_s) in spans.items():
        stays = end_s == last_s
        opened = [Interval(begin_s, horizon_s if stays else end_s)]
        shut[row_id] = gaps(opened, horizon_s)
    return shut


def _clock_time_s(row: FacilityRow, text: str) -> int:
    """Return HH:MM as seconds after midnight."""
    try:
        hour, minute = (int(part) for part in text.split(":"))
    except ValueError as error:
        msg = f"facilities {row.id}: opens or closes is {text!r}; must be HH:MM"
        raise PlanError(msg) from error
    return hour * HOUR_S + minute * 60


def _weekdays(row: FacilityRow) -> frozenset[int]:
    """Return the weekdays of a row, Monday 0, from `Mon-Sun`, `Mon-Fri` or `Mon;Wed`."""
    days: set[int] = set()
    try:
        for part in row.days.replace(",", ";").lower().split(";"):
            ends = [WEEKDAYS.index(day.strip()[:3]) for day in part.split("-")]
            first, last = ends[0], ends[-1]
            days.update((first + step) % 7 for step in range((last - first) % 7 + 1))
    except ValueError as error:
        msg = f"facilities {row.id}: days is {row.days!r}; must be like Mon-Sun or Mon;Wed"
        raise PlanError(msg) from error
    return frozenset(days)
