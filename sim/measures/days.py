"""Each day of the window for the corridor as a whole: TEU created, delivered, inside.

In: Scope. Out: the table `days`.
"""

import datetime as dt

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import DAY_S, Floats, Integers, Scope, day_lengths_s, sum_by_group
from sim.plan import Status


def days_table(run: Scope) -> pd.DataFrame:
    """Return one row per day of the window."""
    lengths_s = day_lengths_s(run.start_s, run.end_s)
    created_s, finished_s = run.seen.consignment_created_s, run.seen.consignment_finished_s
    is_delivered = run.is_gone & (run.seen.consignment_status == Status.DELIVERED)
    spent = _spent(run, created_s, lengths_s) - _spent(run, run.until_s, lengths_s)
    first = dt.date.fromisoformat(run.legend.window_start)
    table = {
        "date": [(first + dt.timedelta(days=day)).isoformat() for day in range(lengths_s.size)],
        "teu_created": _by_day(run, created_s[run.is_created], run.teu[run.is_created]),
        "teu_delivered": _by_day(run, finished_s[is_delivered], run.teu[is_delivered]),
        "teu_inside": np.diff(spent, prepend=0.0) / lengths_s,
    }
    return pd.DataFrame(table)[names("days")]


def _by_day(run: Scope, at_s: Integers, teu: Floats) -> Floats:
    """Return the sum of `teu` by the day of each instant, all of the window."""
    count = -(-(run.end_s - run.start_s) // DAY_S)
    return sum_by_group((at_s - run.start_s) // DAY_S, teu, count)


def _spent(run: Scope, from_s: Integers, lengths_s: Integers) -> Floats:
    """Return TEU-seconds of the window from each consignment's instant to each day's end."""
    since_s = np.maximum(from_s - np.int32(run.start_s), 0)
    is_before_end = since_s < run.end_s - run.start_s
    since_s, teu = since_s[is_before_end], run.teu[is_before_end]
    day, count = since_s // DAY_S, lengths_s.size
    held = np.cumsum(sum_by_group(day, teu, count))
    # In place: of a long run these are the largest arrays that the tables need.
    teu *= since_s
    begun = np.cumsum(sum_by_group(day, teu, count))
    result: Floats = held * np.cumsum(lengths_s) - begun
    return result
