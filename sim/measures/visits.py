"""All visits of a Trace in one list, and what is counted of them by station and day.

In: Window. Out: `Visits`, and the sums of `Tallies` that come from them. An unfinished
wait or service lasts to the run's end. Sorting packed integers instead of rows keeps a
year at container level within seconds and two gigabytes.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.measures.scope import DAY_S, Flags, Integers, day_lengths_s, sum_by_group
from sim.measures.window import Window
from sim.plan import NEVER
from sim.tallies import BIN_BITS, bins_up_to

Ints = NDArray[np.int64]


class Visits(NamedTuple):
    """Visits of vehicles, then of consignments; one row each."""

    station: NDArray[np.int32]
    request_s: NDArray[np.int32]
    start_s: NDArray[np.int32]
    """Start, or the run's end for one that never started."""
    end_s: NDArray[np.int32]
    gone_s: NDArray[np.int32]
    """When the load has left the station: its end, or the start where it leaves with a server."""
    is_started: Flags
    is_ended: Flags
    load: NDArray[np.int32]
    """Thousandths of a TEU."""
    flow: NDArray[np.int32]
    """Flow of the consignment, NEVER for a vehicle."""


def visits(run: Window) -> Visits:
    """Return every visit of the run."""
    trace = run.trace
    start = np.r_[trace.visit_start_s, trace.stay_start_s]
    end = np.r_[trace.visit_end_s, trace.stay_end_s]
    is_started = start != NEVER
    is_ended = is_started & (end != NEVER)
    flow = trace.consignment_flow[trace.stay_consignment]
    # Who is turned away waits no longer; all others to the run's end.
    left = trace.consignment_finished_s[trace.stay_consignment]
    last = np.full(start.size, trace.ended_s, np.int32)
    last[trace.visit_station.size :][left != NEVER] = left[left != NEVER]
    is_away = ~is_started & (end != NEVER)
    last[is_away] = end[is_away]
    lot = run.plan.flow_lot_teu.astype(np.int32)
    station = np.r_[trace.visit_station, trace.stay_station]
    goes_along = (run.plan.station_couples[station] != 0) & is_started
    start_s, end_s = np.where(is_started, start, last), np.where(is_ended, end, last)
    return Visits(
        station=station,
        request_s=np.r_[trace.visit_request_s, trace.stay_request_s],
        start_s=start_s,
        end_s=end_s,
        gone_s=np.where(goes_along, start_s, end_s),
        is_started=is_started,
        is_ended=is_ended,
        load=np.r_[trace.vehicle_load[trace.visit_vehicle], lot[flow]],
        flow=np.r_[np.full(trace.visit_station.size, NEVER, np.int32), flow],
    )


def by_station(run: Window, visited: Visits) -> dict[str, Any]:
    """Return the fields of `Tallies` about stations over the whole window."""
    size = run.stations
    asked = run.is_within(visited.request_s)
    begun, ended = asked & visited.is_started, asked & visited.is_ended
    at = visited.station[begun].astype(np.int64)
    wait_s = (visited.start_s - visited.request_s)[begun].astype(np.int64)
    longest = np.full(size, NEVER, np.int64)
    np.maximum.at(longest, at, wait_s)
    entered = visited.is_started & run.is_within(visited.start_s)
    is_there = (visited.request_s < run.end_s) & (visited.end_s >= run.start_s)
    inside_s = np.minimum(visited.end_s, run.end_s) - np.maximum(visited.start_s, run.start_s)
    service_s = (visited.end_s - visited.start_s)[ended]
    bins = bins_up_to(run.plan.horizon_s)
    cell, cells = at * bins + _bin(wait_s), size * bins
    return {
        "visits": np.bincount(visited.station[asked], minlength=size),
        "load": summed(visited.station[asked], visited.load[asked], size),
        "begun": np.bincount(at, minlength=size),
        "wait_s": summed(at, wait_s, size),
        "wait_max_s": longest,
        "wait_count": np.bincount(cell, minlength=cells).reshape(size, bins),
        "wait_sum_s": summed(cell, wait_s, cells).reshape(size, bins),
        "ended": np.bincount(visited.station[ended], minlength=size),
        "service_s": summed(visited.station[ended], service_s, size),
        "busy_s": summed(visited.station, np.maximum(inside_s, 0), size),
        "entered": np.bincount(visited.station[entered], minlength=size),
        "is_used": np.bincount(visited.station[is_there], minlength=size) > 0,
    }


def by_flow(run: Window, visited: Visits) -> dict[str, Any]:
    """Return waits of consignments by station and flow."""
    shape = (run.stations, run.plan.flow_lot.size)
    begun = run.is_within(visited.request_s) & visited.is_started & (visited.flow != NEVER)
    pair = visited.station[begun].astype(np.int64) * shape[1] + visited.flow[begun]
    wait_s = (visited.start_s - visited.request_s)[begun]
    size = shape[0] * shape[1]
    return {
        "flow_begun": np.bincount(pair, minlength=size).reshape(shape),
        "flow_wait_s": summed(pair, wait_s, size).reshape(shape),
    }


def longer_waits(run: Window, visited: Visits, over_s: Ints) -> Ints:
    """Return `(O, S)` how many visits requested in the window waited longer than stated."""
    begun = run.is_within(visited.request_s) & visited.is_started
    station = visited.station[begun]
    wait_s = (visited.start_s - visited.request_s)[begun]
    rows = [np.bincount(station[wait_s > s], minlength=run.stations) for s in over_s]
    return np.array(rows, dtype=np.int64).reshape(len(over_s), run.stations)


def by_day(run: Window, visited: Visits) -> dict[str, Any]:
    """Return the fields of `Tallies` about the days of the window."""
    count = run.days
    shape = (run.stations, count)
    lane = visited.station * np.int32(count + 1)
    one = np.ones(visited.station.size, np.int32)
    day, rest = _days_of(run, visited.request_s, count)
    length_s = day_lengths_s(run.start_s, run.end_s)
    waiting = _daily_integral(lane + day, rest, one, shape[0], length_s)
    stored = _daily_integral(lane + day, rest, visited.load, shape[0], length_s)
    day, rest = _days_of(run, visited.start_s, count)
    waiting -= _daily_integral(lane + day, rest, one, shape[0], length_s)
    day, rest = _days_of(run, visited.gone_s, count)
    stored -= _daily_integral(lane + day, rest, visited.load, shape[0], length_s)
    day, _ = _days_of(run, visited.end_s, count)
    ended = visited.is_ended & run.is_within(visited.end_s)
    cell, size = (lane + day)[ended], shape[0] * (count + 1)
    return {
        "day_ended": np.bincount(cell, minlength=size).reshape(-1, count + 1)[:, :count],
        "day_load": summed(cell, visited.load[ended], size).reshape(-1, count + 1)[:, :count],
        "day_waiting_s": waiting,
        "day_load_s": stored,
        "day_queue_max": _peaks(run, visited, count),
    }


def summed(group: Integers, values: Integers, groups: int) -> Ints:
    """Return the sum of whole numbers for each of `groups`, exact below 2**53."""
    return sum_by_group(group, values, groups).astype(np.int64)


def _bin(values: Ints) -> Ints:
    """Return the bin of each wait (`sim.tallies.BIN_BITS`)."""
    bits: Ints = np.frexp(values)[1].astype(np.int64)
    shift = np.maximum(bits - BIN_BITS - 1, 0)
    return (shift << BIN_BITS) + (values >> shift)


def _peaks(run: Window, visited: Visits, days: int) -> Ints:
    """Return `(S, D)` the longest queue of each station on each day of the window.

    A queue is counted after all changes of an instant, so a visit that is granted in
    the second of its request never waited; one that stands since yesterday counts today.
    """
    from_s = np.maximum(visited.request_s, run.start_s)
    to_s = np.minimum(visited.start_s, run.end_s)
    waited = np.flatnonzero(to_s > from_s)
    peak = np.zeros((run.stations, days), np.int64)
    if not waited.size:
        return peak
    # station, instant, 0 for a request and 1 for a start: one sortable integer
    lane = visited.station[waited].astype(np.int64) << 33
    events = np.concatenate((lane | _doubled(from_s, waited), lane | _doubled(to_s, waited) | 1))
    events.sort()
    level = np.cumsum(1 - 2 * (events & 1).astype(np.int8), dtype=np.int32)
    moment = events >> 1
    is_last = np.r_[moment[1:] != moment[:-1], True]
    moment, level = moment[is_last], level[is_last]
    station, instant = moment >> 32, moment & 0xFFFFFFFF
    _fill_days(peak, station, (instant - run.start_s), level)
    return peak


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


def _days_of(run: Window, instants_s: NDArray[np.int32], days: int) -> tuple[Integers, Integers]:
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


def _daily_integral(
    cell: Integers, rest: Integers, load: Integers, lanes: int, length_s: Ints
) -> Ints:
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
    lanes
        Number of stations.
    length_s
        `(D,)` seconds of each day that lie in the window.
    """
    days = length_s.size
    first = summed(cell, load * rest.astype(np.int64), lanes * (days + 1))
    begun = summed(cell, load, lanes * (days + 1)).reshape(lanes, days + 1)
    before = np.cumsum(begun, axis=1) - begun
    return first.reshape(lanes, days + 1)[:, :days] + length_s * before[:, :days]
