"""What waits where: means, tails and queues by station.

In: Scope. Out: `Waits`.
"""

from typing import NamedTuple

import numpy as np

from sim.measures.scope import HOUR_S, Floats, Integers, Scope
from sim.plan import NEVER


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


def waits(run: Scope) -> Waits:
    """Return what the visits requested in the window waited, by station."""
    seen = run.seen
    longest = np.where(seen.wait_max_s == NEVER, np.nan, seen.wait_max_s)
    return Waits(
        visits=seen.visits,
        unstarted=seen.visits - seen.begun,
        mean_h=ratio(seen.wait_s, seen.begun) / HOUR_S,
        p90_h=_tail_s(run, 90) / HOUR_S,
        p95_h=_tail_s(run, 95) / HOUR_S,
        max_h=longest / HOUR_S,
        queue_mean=seen.day_waiting_s.sum(axis=1) / (run.end_s - run.start_s),
        queue_max=seen.day_queue_max.max(axis=1, initial=0),
    )


def ratio(total: Integers | Floats, count: Integers | Floats) -> Floats:
    """Return total over count, NaN where there is none."""
    none: Floats = np.full(total.shape, np.nan)
    return np.divide(total, count, out=none, where=count > 0)


def _tail_s(run: Scope, percent: int) -> Floats:
    """Return by station the mean of the bin in which a percentile of the waits lies.

    The percentile is an order statistic, and all that lies in its bin is within 1/128 of it.
    """
    seen = run.seen
    rank = -(-seen.begun * percent // 100)
    found = np.full(seen.begun.size, np.nan)
    for s in np.flatnonzero(seen.begun):
        reached = np.cumsum(seen.wait_count[s])
        b = np.searchsorted(reached, rank[s])
        found[s] = seen.wait_sum_s[s, b] / seen.wait_count[s, b]
    return found
