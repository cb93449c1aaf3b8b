"""Each day of the window at each place with visits: throughput, queue, stored TEU.

In: Scope. Out: the table `timeseries`. Second 0 of a run is a midnight of
Kazakh time, so whole days since the window's start are calendar days.
"""

import datetime as dt

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import Integers, Numbers, Scope, day_lengths_s


def timeseries_table(run: Scope) -> pd.DataFrame:
    """Return one row per day and station, by (day, station), of stations with visits."""
    seen = run.seen
    used = np.flatnonzero(seen.is_used)
    lengths_s = day_lengths_s(run.start_s, run.end_s)

    def rows(figures: Numbers) -> Numbers:
        return figures.T.reshape(-1)

    columns = _words_of_rows(run, used) | {
        "throughput": rows(seen.day_ended[used]),
        "teu": rows(seen.day_load[used] / 1_000),
        "queue_mean": rows(seen.day_waiting_s[used] / lengths_s),
        "queue_max": rows(seen.day_queue_max[used]),
        "teu_stored": rows(seen.day_load_s[used] / lengths_s / 1_000),
    }
    # Not copied: in a long run this is the longest table.
    return pd.DataFrame({name: columns[name] for name in names("timeseries")}, copy=False)


def _words_of_rows(run: Scope, used: Integers) -> "dict[str, pd.Categorical[str] | Numbers]":
    """Return date, place and node of each row."""
    legend, count = run.legend, run.seen.day_ended.shape[1]
    nodes = sorted({legend.station_node[s] for s in used})
    rank = {node: i for i, node in enumerate(nodes)}
    node = np.array([rank[legend.station_node[s]] for s in used], int)
    return {
        "date": _words(np.repeat(np.arange(count), used.size), _dates(run, count)),
        "place": _words(
            np.tile(np.arange(used.size), count), [legend.station_id[s] for s in used]
        ),
        "node": _words(np.tile(node, count), nodes),
    }


def _words(codes: Integers, words: list[str]) -> "pd.Categorical[str]":
    """Return a column of few words as pandas keeps it smallest."""
    return pd.Categorical.from_codes(codes.tolist(), pd.Index(words))


def _dates(run: Scope, count: int) -> list[str]:
    """Return the ISO dates of the window's days."""
    first = dt.date.fromisoformat(run.legend.window_start)
    return [(first + dt.timedelta(days=day)).isoformat() for day in range(count)]
