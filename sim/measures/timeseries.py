"""Each day of the window at each place with visits: throughput, queue, stored TEU.

In: Scope, Visits, Peaks. Out: the table `timeseries`. Second 0 of a run is a midnight of
Kazakh time, so whole days since the window's start are calendar days.
"""

import datetime as dt

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import DAY_S, Floats, Integers, Numbers, Scope, sum_by_group
from sim.measures.visits import Peaks, Visits, daily_integral


def days(run: Scope) -> int:
    """Return the number of days that the window touches."""
    return -(-(run.end_s - run.start_s) // DAY_S)


def timeseries_table(run: Scope, visited: Visits, peak: Peaks) -> pd.DataFrame:
    """Return one row per day and station, by (day, station), of stations with visits."""
    end_s = visited.end_s
    is_there = (visited.request_s < run.end_s) & (end_s >= run.start_s)
    used = np.unique(visited.station[is_there])
    shape = (used.size, days(run))
    lane = np.searchsorted(used, visited.station)
    throughput, teu = _ended(run, visited, lane, shape)
    lengths = _day_lengths(run, shape[1])
    waiting = _spread(run, (visited.request_s, visited.start_s), lane, None, shape)
    stored = _spread(run, (visited.request_s, end_s), lane, visited.teu, shape)
    dates = _dates(run, shape[1])
    legend = run.legend
    nodes = sorted({legend.station_node[s] for s in used})
    node_code = np.array([nodes.index(legend.station_node[s]) for s in used], int)
    table = {
        "date": _words(np.repeat(np.arange(shape[1]), used.size), dates),
        "place": _words(
            np.tile(np.arange(used.size), shape[1]), [legend.station_id[s] for s in used]
        ),
        "node": _words(np.tile(node_code, shape[1]), nodes),
        "throughput": throughput.T.reshape(-1).astype(np.int64),
        "teu": teu.T.reshape(-1),
        "queue_mean": (waiting / lengths).T.reshape(-1),
        "queue_max": peak.by_day[used].T.reshape(-1),
        "teu_stored": (stored / lengths).T.reshape(-1),
    }
    return pd.DataFrame(table)[names("timeseries")]


def _ended(
    run: Scope, visited: Visits, lane: Integers, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Return the visits that ended by (lane, day), and their TEU."""
    ended = visited.is_ended & run.is_within(visited.end_s)
    cell = lane[ended] * shape[1] + (visited.end_s[ended] - run.start_s) // DAY_S
    size = shape[0] * shape[1]
    count = sum_by_group(cell, np.ones(cell.size), size)
    teu = sum_by_group(cell, visited.teu[ended], size)
    return count.reshape(shape), teu.reshape(shape)


def _spread(
    run: Scope,
    spans: tuple[Integers, Integers],
    lane: Integers,
    weights: Numbers | None,
    shape: tuple[int, int],
) -> Floats:
    """Return weight times seconds by (lane, day) of the parts of spans inside the window."""
    from_s, to_s = spans
    begins = np.maximum(from_s, run.start_s).astype(np.int64)
    ends = np.minimum(to_s, run.end_s).astype(np.int64)
    chosen = np.flatnonzero(ends > begins)
    weight = np.ones(chosen.size) if weights is None else weights[chosen].astype(float)
    return daily_integral(
        lane[chosen], begins[chosen] - run.start_s, ends[chosen] - run.start_s, weight, shape
    )


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
