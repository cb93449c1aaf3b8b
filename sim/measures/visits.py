"""All visits of a run in one list, and what waits where: means, peaks, integrals.

In: Scope. Out: `Visits`, `Waits` by station, the queues' peaks and daily figures. An
unfinished wait or service lasts to the run's end. Sorting packed integers instead of
rows keeps a year at container level within seconds and two gigabytes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.measures.scope import (
    DAY_S,
    HOUR_S,
    Flags,
    Floats,
    Integers,
    Numbers,
    Scope,
    mean_by_group,
    percentiles_by_group,
    sum_by_group,
)
from sim.plan import NEVER


class Visits(NamedTuple):
    """Visits of vehicles, then of consignments; one row each."""

    station: NDArray[np.int32]
    request_s: NDArray[np.int32]
    start_s: NDArray[np.int32]
    """Start, or the run's end for one that never started."""
    end_s: NDArray[np.int32]
    is_started: Flags
    is_ended: Flags
    load: NDArray[np.int32]
    """Thousandths of a TEU: sums of load times seconds stay exact."""
    flow: NDArray[np.int32]
    """Flow of the consignment, NEVER for a vehicle."""


class Waits(NamedTuple):
    """What the visits of each station waited; arrays `(S,)`."""

    visits: Integers
    """Requested in the window."""
    unstarted: Integers
    mean_h: Floats
    p90_h: Floats
    p95_h: Floats
    max_h: Floats
    queue_mean: Floats
    queue_max: Integers


class Peaks(NamedTuple):
    """Most that waited, from a sweep over all instants at which a queue changed."""

    by_station: Integers
    """`(S,)`."""
    by_day: Integers
    """`(S, D)`; a queue that stands since yesterday counts today."""


def visits(run: Scope) -> Visits:
    """Return every visit of the run."""
    trace = run.trace
    start = np.r_[trace.visit_start_s, trace.stay_start_s]
    end = np.r_[trace.visit_end_s, trace.stay_end_s]
    is_started, is_ended = start != NEVER, end != NEVER
    flow = trace.consignment_flow[trace.stay_consignment]
    # Who is turned away waits no longer; all others to the run's end.
    left = trace.consignment_finished_s[trace.stay_consignment]
    last = np.full(start.size, trace.ended_s, np.int32)
    last[trace.visit_station.size :][left != NEVER] = left[left != NEVER]
    lot = run.plan.flow_lot_teu.astype(np.int32)
    return Visits(
        station=np.r_[trace.visit_station, trace.stay_station],
        request_s=np.r_[trace.visit_request_s, trace.stay_request_s],
        start_s=np.where(is_started, start, last),
        end_s=np.where(is_ended, end, last),
        is_started=is_started,
        is_ended=is_ended,
        load=np.r_[trace.vehicle_load[trace.visit_vehicle], lot[flow]],
        flow=np.r_[np.full(trace.visit_station.size, NEVER, np.int32), flow],
    )


def waits(run: Scope, visited: Visits, queue_max: Integers) -> Waits:
    """Return what the visits requested in the window waited, by station."""
    stations = len(run.legend.station_id)
    asked = run.is_within(visited.request_s)
    begun = asked & visited.is_started
    station = visited.station[begun].astype(np.int64)
    wait = (visited.start_s[begun] - visited.request_s[begun]).astype(np.int64)
    tail = percentiles_by_group(station, wait, stations, (90.0, 95.0, 100.0)) / HOUR_S
    count = np.bincount(visited.station[asked], minlength=stations)
    waiting_s = overlap_by_station(run, visited, visited.request_s, visited.start_s)
    return Waits(
        visits=count,
        unstarted=count - np.bincount(station, minlength=stations),
        mean_h=mean_by_group(station, wait, stations) / HOUR_S,
        p90_h=tail[:, 0],
        p95_h=tail[:, 1],
        max_h=tail[:, 2],
        queue_mean=waiting_s / (run.end_s - run.start_s),
        queue_max=queue_max,
    )


def overlap_by_station(
    run: Scope, visited: Visits, from_s: NDArray[np.int32], to_s: NDArray[np.int32]
) -> Floats:
    """Return by station the seconds inside the window of all spans from `from_s` to `to_s`."""
    inside = np.minimum(to_s, run.end_s) - np.maximum(from_s, run.start_s)
    return sum_by_group(visited.station, np.maximum(inside, 0), len(run.legend.station_id))


def most_at_once(from_s: Integers, to_s: Integers) -> int:
    """Return the most spans [from, to) that overlap at one instant, 0 without any."""
    if not from_s.size:
        return 0
    events = np.sort(np.r_[from_s << 1, (to_s << 1) | 1].astype(np.int64))
    level = np.cumsum(1 - 2 * (events & 1))
    is_last = np.r_[events[1:] >> 1 != events[:-1] >> 1, True]
    return int(level[is_last].max())


def peaks(run: Scope, visited: Visits, days: int) -> Peaks:
    """Return the longest queue of each station in the window, and of each of its days.

    A queue is counted after all changes of an instant, so a visit that is granted in
    the second of its request never waited.
    """
    stations = len(run.legend.station_id)
    from_s = np.maximum(visited.request_s, run.start_s)
    to_s = np.minimum(visited.start_s, run.end_s)
    waited = np.flatnonzero(to_s > from_s)
    by_day = np.zeros((stations, days), np.int64)
    if not waited.size:
        return Peaks(np.zeros(stations, np.int64), by_day)
    # station, instant, 0 for a request and 1 for a start: one sortable integer
    lane = visited.station[waited].astype(np.int64) << 33
    events = np.concatenate((lane | _doubled(from_s, waited), lane | _doubled(to_s, waited) | 1))
    events.sort()
    level = np.cumsum(1 - 2 * (events & 1).astype(np.int8), dtype=np.int32)
    moment = events >> 1
    is_last = np.r_[moment[1:] != moment[:-1], True]
    moment, level = moment[is_last], level[is_last]
    station, instant = moment >> 32, moment & 0xFFFFFFFF
    _fill_days(by_day, station, (instant - run.start_s), level)
    return Peaks(by_day.max(axis=1), by_day)


def _doubled(instants_s: NDArray[np.int32], rows: Integers) -> NDArray[np.int64]:
    """Return instants times two, which leaves a bit for what happens at them."""
    return instants_s[rows].astype(np.int64) << 1


def _fill_days(by_day: Integers, station: Integers, second: Integers, level: Integers) -> None:
    """Write the daily peaks of levels that are sorted by (station, second of the window)."""
    days = by_day.shape[1]
    day = np.minimum(second // DAY_S, days - 1)
    cell = station * days + day
    first = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    last = np.r_[first[1:], cell.size] - 1
    peak = np.maximum.reduceat(level, first)
    closing = np.full(by_day.size, NEVER, np.int64)
    closing[cell[first]] = level[last]
    carried = _carried(closing.reshape(by_day.shape))
    # a change in the day's first second leaves nothing of yesterday's queue
    opens_at_once = second[first] == day[first] * DAY_S
    flat = carried.reshape(-1).copy()
    flat[cell[first]] = np.where(opens_at_once, 0, flat[cell[first]])
    flat[cell[first]] = np.maximum(flat[cell[first]], peak)
    by_day[:] = flat.reshape(by_day.shape)


def _carried(closing: Integers) -> Integers:
    """Return the level at which each day opens, from those at which days close (or NEVER)."""
    stations, days = closing.shape
    column = np.where(closing != NEVER, np.arange(days), NEVER)
    np.maximum.accumulate(column, axis=1, out=column)
    known = np.take_along_axis(closing, np.maximum(column, 0), axis=1)
    known[column == NEVER] = 0
    return np.concatenate((np.zeros((stations, 1), np.int64), known[:, :-1]), axis=1)


def days_of(run: Scope, instants_s: NDArray[np.int32], days: int) -> tuple[Integers, Integers]:
    """Return the day of the window of each instant, and the seconds left of that day.

    Instants before the window count as its first; those after it as day `days`.
    """
    second = np.clip(instants_s, run.start_s, run.end_s) - np.int32(run.start_s)
    day = second // np.int32(DAY_S)
    after = instants_s >= run.end_s
    day[after] = days
    rest = np.minimum((day + 1) * np.int32(DAY_S), np.int32(run.end_s - run.start_s)) - second
    rest[after] = 0
    return day, rest


def daily_integral(
    cell: Integers, rest: Integers, load: Numbers, shape: tuple[int, int]
) -> Floats:
    """Return load times seconds by (lane, day) of what began and never ended.

    The integral of spans is this of their starts less this of their ends.

    Parameters
    ----------
    cell
        `(N,)`, lane times (days + 1) plus the day of the start.
    rest
        `(N,)`, seconds left of that day.
    load
        `(N,)`.
    shape
        Lanes and days.
    """
    lanes, days = shape
    size = lanes * (days + 1)
    first = sum_by_group(cell, load * rest.astype(np.float64), size).reshape(lanes, days + 1)
    begun = sum_by_group(cell, load, size).reshape(lanes, days + 1)
    before = np.cumsum(begun, axis=1) - begun
    return (first + DAY_S * before)[:, :days]
