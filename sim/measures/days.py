"""Each day of the window for the corridor as a whole: TEU created, delivered, inside.

In: Scope. Out: the table `days`.
"""

import datetime as dt
from collections.abc import Callable

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import (
    DAY_S,
    Flags,
    Floats,
    Integers,
    Scope,
    added_by_group,
    day_lengths_s,
    pieces,
)
from sim.plan import Status


def days_table(run: Scope) -> pd.DataFrame:
    """Return one row per day of the window."""
    lengths_s = day_lengths_s(run.start_s, run.end_s)
    seen = run.seen
    is_delivered = run.is_gone & (seen.consignment_status == Status.DELIVERED)
    created_s, finished_s = seen.consignment_created_s, seen.consignment_finished_s
    spent = _spent(run, created_s.__getitem__, lengths_s) - _spent(run, run.until_s, lengths_s)
    first = dt.date.fromisoformat(run.legend.window_start)
    table = {
        "date": [(first + dt.timedelta(days=day)).isoformat() for day in range(lengths_s.size)],
        "teu_created": _by_day(run, run.is_created, created_s),
        "teu_delivered": _by_day(run, is_delivered, finished_s),
        "teu_inside": np.diff(spent, prepend=0.0) / lengths_s,
    }
    return pd.DataFrame(table)[names("days")]


def _by_day(run: Scope, chosen: Flags, at_s: Integers) -> Floats:
    """Return the TEU of consignments by the day of an instant of each, all of the window."""
    total = np.zeros(-(-(run.end_s - run.start_s) // DAY_S))
    for piece in pieces(chosen.size):
        mine = np.flatnonzero(chosen[piece]) + piece.start
        total = added_by_group(total, (at_s[mine] - run.start_s) // DAY_S, run.teu(mine))
    return total


def _spent(run: Scope, from_s: Callable[[slice], Integers], lengths_s: Integers) -> Floats:
    """Return TEU-seconds of the window from each consignment's instant to each day's end."""
    held, begun = np.zeros(lengths_s.size), np.zeros(lengths_s.size)
    for piece in pieces(run.is_created.size):
        since_s = np.maximum(from_s(piece) - np.int32(run.start_s), 0)
        is_before_end = since_s < run.end_s - run.start_s
        since_s, teu = since_s[is_before_end], run.teu(piece)[is_before_end]
        day = since_s // DAY_S
        held = added_by_group(held, day, teu)
        begun = added_by_group(begun, day, teu * since_s)
    result: Floats = np.cumsum(held) * np.cumsum(lengths_s) - np.cumsum(begun)
    return result
