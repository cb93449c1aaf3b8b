"""When stations were open: what closures took away, and service that ran on through them.

In: Scope, Visits. Out: the spans in which rows were shut, and server time by station.
"""

from typing import NamedTuple

import numpy as np

from sim.measures.scope import Flags, Floats, Integers, Scope, sum_by_group
from sim.measures.visits import Visits
from sim.plan import Effect, Kind


class Shut(NamedTuple):
    """Spans in which rows were shut, overlaps of closures merged; by (row, start).

    Arrays `(N,)`; seconds of the window.
    """

    row: Integers
    start_s: Integers
    end_s: Integers


def shut_spans(run: Scope) -> Shut:
    """Return when each row was shut inside the window (R15)."""
    plan, trace = run.plan, run.trace
    window = run.end_s - run.start_s
    shuts = plan.closure_effect[trace.closure_index] == Effect.SHUT
    closure = trace.closure_index[shuts]
    count = np.diff(plan.closure_target_first)[closure]
    span = np.repeat(np.arange(closure.size), count)
    within = np.arange(span.size) - np.repeat(np.cumsum(count) - count, count)
    row = plan.closure_target[plan.closure_target_first[closure][span] + within]
    start = np.clip(trace.closure_start_s[shuts][span], run.start_s, run.end_s) - run.start_s
    end = np.clip(trace.closure_end_s[shuts][span], run.start_s, run.end_s) - run.start_s
    some = end > start
    return _merged(row[some], start[some], end[some], window)


def open_seconds(run: Scope, shut: Shut) -> Floats:
    """Return `(R,)` seconds of the window in which each row was open."""
    rows = run.plan.row_servers.size
    return run.end_s - run.start_s - sum_by_group(shut.row, shut.end_s - shut.start_s, rows)


def overtime_seconds(run: Scope, visited: Visits, shut: Shut) -> Floats:
    """Return `(S,)` server-seconds of service by more servers than were open at the time.

    A service in hand goes on when its row shuts; its server was then at hand after all.
    """
    plan = run.plan
    stations = plan.station_kind.size
    row_station = np.repeat(np.arange(stations), np.diff(plan.row_first))
    is_mine = np.zeros(stations, bool)
    is_mine[row_station[shut.row]] = True
    is_mine &= (plan.station_kind == Kind.SERVER) & (plan.station_batch_max == 1)
    served = np.flatnonzero(is_mine[visited.station] & visited.is_started)
    at = visited.station[served].astype(np.int64)
    since, until = (
        np.clip(instants[served], run.start_s, run.end_s).astype(np.int64) - run.start_s
        for instants in (visited.start_s, visited.end_s)
    )
    closed = is_mine[row_station[shut.row]]
    shut_at, servers = row_station[shut.row][closed], plan.row_servers[shut.row[closed]]
    all_servers = np.add.reduceat(plan.row_servers, plan.row_first[:-1])
    mine = np.flatnonzero(is_mine)
    station: Integers = np.concatenate((mine, at, at, shut_at, shut_at))
    second = np.concatenate(
        (np.zeros(mine.size, np.int64), since, until, shut.start_s[closed], shut.end_s[closed])
    )
    one = np.ones(at.size, np.int64)
    change = np.concatenate((-all_servers[mine], one, -one, servers, -servers))
    return _positive_part(station, second, change, (stations, run.end_s - run.start_s))


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
