"""Each day of the window at each place with visits: throughput, queue, stored TEU.

In: Scope, Visits, Peaks. Out: the table `timeseries`. Second 0 of a run is a midnight of
Kazakh time, so whole days since the window's start are calendar days.
"""

import datetime as dt

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import DAY_S, Floats, Integers, Numbers, Scope, sum_by_group
from sim.measures.visits import Peaks, Visits, daily_integral, days_of


def days(run: Scope) -> int:
    """Return the number of days that the window touches."""
    return -(-(run.end_s - run.start_s) // DAY_S)


def timeseries_table(run: Scope, visited: Visits, peak: Peaks) -> pd.DataFrame:
    """Return one row per day and station, by (day, station), of stations with visits."""
    is_there = (visited.request_s < run.end_s) & (visited.end_s >= run.start_s)
    used = np.unique(visited.station[is_there])
    shape = (used.size, days(run))
    lane = np.searchsorted(used, np.arange(len(run.legend.station_id))).astype(np.int32)
    figures = _figures(run, visited, lane[visited.station] * np.int32(shape[1] + 1), shape)
    return _table(run, used, {**figures, "queue_max": peak.by_day[used]})


def _figures(
    run: Scope, visited: Visits, lane: Integers, shape: tuple[int, int]
) -> dict[str, Numbers]:
    """Return the figures of each (station, day); `lane` is the first cell of each visit."""
    count = shape[1]
    one = np.ones(1)
    lengths = _day_lengths(run, count)
    day, rest = days_of(run, visited.request_s, count)
    waiting = daily_integral(lane + day, rest, np.broadcast_to(one, day.shape), shape)
    stored = daily_integral(lane + day, rest, visited.load, shape)
    day, rest = days_of(run, visited.start_s, count)
    waiting -= daily_integral(lane + day, rest, np.broadcast_to(one, day.shape), shape)
    day, rest = days_of(run, visited.end_s, count)
    stored -= daily_integral(lane + day, rest, visited.load, shape)
    ended = visited.is_ended & run.is_within(visited.end_s)
    cell, size = (lane + day)[ended], shape[0] * (count + 1)
    throughput = np.bincount(cell, minlength=size).reshape(-1, count + 1)[:, :count]
    load = sum_by_group(cell, visited.load[ended], size).reshape(-1, count + 1)[:, :count]
    return {
        "throughput": throughput,
        "teu": load / 1_000,
        "queue_mean": waiting / lengths,
        "teu_stored": stored / lengths / 1_000,
    }


def _table(run: Scope, used: Integers, figures: dict[str, Numbers]) -> pd.DataFrame:
    """Return `(station, day)` figures as rows."""
    legend, count = run.legend, days(run)
    nodes = sorted({legend.station_node[s] for s in used})
    rank = {node: i for i, node in enumerate(nodes)}
    node = np.array([rank[legend.station_node[s]] for s in used], int)
    words = {
        "date": _words(np.repeat(np.arange(count), used.size), _dates(run, count)),
        "place": _words(
            np.tile(np.arange(used.size), count), [legend.station_id[s] for s in used]
        ),
        "node": _words(np.tile(node, count), nodes),
    }
    columns = {name: figure.T.reshape(-1) for name, figure in figures.items()}
    return pd.DataFrame(words | columns)[names("timeseries")]


def _words(codes: Integers, words: list[str]) -> "pd.Categorical[str]":
    """Return a column of few words as pandas keeps it smallest."""
    return pd.Categorical.from_codes(codes.tolist(), pd.Index(words))


def _day_lengths(run: Scope, count: int) -> Floats:
    """Return the seconds of each day that lie in the window: the last may be shorter."""
    bounds = np.minimum(np.arange(count + 1) * DAY_S, run.end_s - run.start_s)
    return np.diff(bounds).astype(float)


def _dates(run: Scope, count: int) -> list[str]:
    """Return the ISO dates of the window's days."""
    first = dt.date.fromisoformat(run.legend.window_start)
    return [(first + dt.timedelta(days=day)).isoformat() for day in range(count)]
