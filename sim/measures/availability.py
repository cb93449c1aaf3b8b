"""When stations were open: what closures took away, and service that ran on through them.

In: Plan, the closures of a run, its window. Out: the spans in which rows were shut, and
server time by station.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.measures.scope import Flags, Floats, Integers, sum_by_group
from sim.plan import Effect, Kind, Plan

Ints = NDArray[np.int64]


class Closures(NamedTuple):
    """The closures of a run, arrays `(N,)`, and its window [from_s, to_s)."""

    which: Integers
    """Index in the plan."""
    start_s: Integers
    end_s: Integers
    from_s: int
    to_s: int


class Shut(NamedTuple):
    """Spans in which rows were shut, overlaps of closures merged; by (row, start).

    Arrays `(N,)`; seconds of the window.
    """

    row: Integers
    start_s: Integers
    end_s: Integers


def shut_spans(plan: Plan, closed: Closures) -> Shut:
    """Return when each row was shut inside the window (R15)."""
    window_s = closed.to_s - closed.from_s
    shuts = plan.closure_effect[closed.which] == Effect.SHUT
    closure = closed.which[shuts]
    count = np.diff(plan.closure_target_first)[closure]
    span = np.repeat(np.arange(closure.size), count)
    within = np.arange(span.size) - np.repeat(np.cumsum(count) - count, count)
    row = plan.closure_target[plan.closure_target_first[closure][span] + within]
    start = np.clip(closed.start_s[shuts][span].astype(np.int64) - closed.from_s, 0, window_s)
    end = np.clip(closed.end_s[shuts][span].astype(np.int64) - closed.from_s, 0, window_s)
    some = end > start
    return _merged(row[some], start[some], end[some], window_s)


def open_seconds(plan: Plan, shut: Shut, window_s: int) -> Floats:
    """Return `(R,)` seconds of the window in which each row was open."""
    rows = plan.row_servers.size
    return window_s - sum_by_group(shut.row, shut.end_s - shut.start_s, rows)


def late_services(plan: Plan, closed: Closures, services: Ints) -> Ints:
    """Return the services that overlap a time in which a row of their station was shut.

    Parameters
    ----------
    plan, closed
        As for `shut_spans`.
    services
        `(N, 3)` station, start, end.

    Returns
    -------
    `(M, 3)` those of them, sorted, inside the window; not of batches.
    """
    window_s = closed.to_s - closed.from_s
    shut = shut_spans(plan, closed)
    at = _row_station(plan)[shut.row]
    spans = _merged(at, shut.start_s, shut.end_s, window_s)
    is_mine = _is_mine(plan, shut)
    mine = services[is_mine[services[:, 0]]]
    mine[:, 1:] = np.clip(mine[:, 1:], closed.from_s, closed.to_s)
    base = mine[:, 0] * (window_s + 1) - closed.from_s
    # Spans of one station do not overlap: the last that began before the end is the one.
    last = np.searchsorted(spans.row * (window_s + 1) + spans.start_s, base + mine[:, 2]) - 1
    reach = np.r_[spans.row * (window_s + 1) + spans.end_s, -1][last]
    late = mine[(mine[:, 2] > mine[:, 1]) & (last >= 0) & (reach > base + mine[:, 1])]
    ordered: Ints = late[np.lexsort((late[:, 2], late[:, 1], late[:, 0]))]
    return ordered


def overtime_seconds(plan: Plan, closed: Closures, late_s: Ints, shut: Shut) -> Floats:
    """Return `(S,)` server-seconds of service by more servers than were open at the time.

    A service in hand goes on when its row shuts; its server was then at hand after all.

    Parameters
    ----------
    plan, closed
        As for `shut_spans`.
    late_s
        Of `late_services`: others do not run on.
    shut
        Of `shut_spans`.
    """
    stations, window_s = plan.station_kind.size, closed.to_s - closed.from_s
    is_mine = _is_mine(plan, shut)
    at, since, until = late_s[:, 0], late_s[:, 1] - closed.from_s, late_s[:, 2] - closed.from_s
    shut_at, servers = _row_station(plan)[shut.row], plan.row_servers[shut.row]
    closing = is_mine[shut_at]
    shut_at, servers = shut_at[closing], servers[closing]
    all_servers = np.add.reduceat(plan.row_servers, plan.row_first[:-1])
    mine = np.flatnonzero(is_mine)
    station: Integers = np.concatenate((mine, at, at, shut_at, shut_at))
    second = np.concatenate(
        (np.zeros(mine.size, np.int64), since, until, shut.start_s[closing], shut.end_s[closing])
    )
    one = np.ones(at.size, np.int64)
    change = np.concatenate((-all_servers[mine], one, -one, servers, -servers))
    return _positive_part(station, second, change, (stations, window_s))


def _row_station(plan: Plan) -> Integers:
    """Return `(R,)` the station of each row."""
    return np.repeat(np.arange(plan.station_kind.size), np.diff(plan.row_first))


def _is_mine(plan: Plan, shut: Shut) -> Flags:
    """Return `(S,)` which servers, batches aside, had a row that was shut."""
    is_mine: Flags = np.zeros(plan.station_kind.size, bool)
    is_mine[_row_station(plan)[shut.row]] = True
    is_mine &= (plan.station_kind == Kind.SERVER) & (plan.station_batch_max == 1)
    return is_mine


def _positive_part(
    station: Integers, second: Integers, change: Integers, shape: tuple[int, int]
) -> Floats:
    """Return by station the integral over the window of the level where it is above zero."""
    stations, window = shape
    if not station.size:
        return np.zeros(stations)
    order = np.argsort(station * (window + 1) + second, kind="stable")
    station, second = station[order], second[order]
    total = np.cumsum(change[order])
    is_last: Flags = np.r_[station[1:] != station[:-1], True]
    # levels of one station begin where those of the one before it ended
    ends = total[is_last]
    before = np.repeat(np.r_[0, ends[:-1]], np.diff(np.r_[-1, np.flatnonzero(is_last)]))
    until = np.where(is_last, window, np.r_[second[1:], window])
    above = np.maximum(total - before, 0) * (until - second)
    return sum_by_group(station, above, stations)


def _merged(row: Integers, start: Integers, end: Integers, window: int) -> Shut:
    """Return spans with those that touch or overlap made one."""
    # each row on its own stretch of one long axis, so that one running maximum serves all
    order = np.argsort(row * (window + 1) + start, kind="stable")
    row, start, end = row[order], start[order], end[order]
    base = row * (window + 1)
    reach = np.maximum.accumulate(base + end)
    is_first: Flags = np.r_[True, (base + start)[1:] > reach[:-1]] if row.size else row == 0
    first = np.flatnonzero(is_first)
    last = np.r_[first[1:], row.size][: first.size] - 1
    return Shut(row[first], start[first], reach[last] - base[last])
