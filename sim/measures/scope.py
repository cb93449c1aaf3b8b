"""What every table needs to know of one run: its window, and what came and went in it.

In: Tallies, Plan, Legend. Out: `Scope`, and the small statistics that the tables
share (`percentile`, `percentiles_by_group`, `sum_by_group`).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import GridlockError, ResultsError
from sim.plan import NEVER, Cause, Legend, Plan, Status
from sim.tallies import Tallies

HOUR_S = 3_600
DAY_S = 86_400
MILLI = 1_000

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]
Seconds = NDArray[np.int32]
Flags = NDArray[np.bool_]
Chosen = Flags | Integers | slice
"""Which consignments: of all flags, or their indices, or a part of the rows."""
Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]] | NDArray[np.bool_]

WAITING_CAUSES = tuple(c for c in Cause if c not in (Cause.MOVING, Cause.SERVICE))
"""The causes whose sum is the delay (R24)."""


PIECE = 1 << 16
"""Consignments that are looked at at a time where sums over all of them are made: what is
worked out of each on the way then needs no memory to speak of, and stays in the cache."""


class Scope(NamedTuple):
    """One run and its window, with the little that is kept of every consignment.

    What else is asked of consignments is worked out where it is used, of those it is asked of:
    in a long run it would be most of what the tables need. Instants are seconds from the run's
    first; the window is [start_s, end_s).
    """

    seen: Tallies
    plan: Plan
    legend: Legend
    start_s: int
    end_s: int
    """The window's end, or the second after the run's end where that came first."""
    is_created: Flags
    """(N,) created in the window."""
    is_gone: Flags
    """(N,) delivered or refused in the window."""

    @property
    def days(self) -> float:
        """Return the length of the window in days, > 0."""
        return (self.end_s - self.start_s) / DAY_S

    @property
    def is_cohort(self) -> Flags:
        """Return which were created in the window and not refused: whose times count (R20)."""
        refused: Flags = self.seen.consignment_status > Status.DELIVERED
        return self.is_created & ~refused

    def teu(self, chosen: Chosen) -> Floats:
        """Return the TEU equivalents of some consignments."""
        of_flow: Floats = self.plan.flow_lot_teu / MILLI
        return of_flow[self.seen.consignment_flow[chosen]]

    def until_s(self, chosen: Chosen) -> Seconds:
        """Return when some were delivered or refused, the run's end for those still inside."""
        finished_s = self.seen.consignment_finished_s[chosen]
        return np.where(finished_s == NEVER, np.int32(self.seen.ended_s), finished_s)

    def transit_s(self, chosen: Chosen) -> Seconds:
        """Return the time from their creation to `until_s` of some consignments."""
        transit_s = self.until_s(chosen)
        transit_s -= self.seen.consignment_created_s[chosen]
        return transit_s

    def is_inside(self, instant_s: int) -> Flags:
        """Return which consignments were inside just before an instant."""
        finished = self.seen.consignment_finished_s
        stays: Flags = (finished == NEVER) | (finished >= instant_s)
        stays &= self.seen.consignment_created_s < instant_s
        return stays


def scope(seen: Tallies, plan: Plan, legend: Legend) -> Scope:
    """Return the run's window, and what came and went in it.

    Raises
    ------
    GridlockError, ResultsError
        If the run ended before its window began, by gridlock or by count.
    """
    start_s, end_s = plan.window_start_s, seen.end_s
    if end_s <= start_s:
        fault = (
            f"run: ended at second {seen.ended_s}, before its window began at second "
            f"{start_s}; there is nothing to measure"
        )
        if len(seen.gridlock):
            raise GridlockError("\n".join((fault, *gridlock_words(seen, plan, legend))))
        raise ResultsError(fault)
    created, finished = seen.consignment_created_s, seen.consignment_finished_s
    return Scope(
        seen=seen,
        plan=plan,
        legend=legend,
        start_s=start_s,
        end_s=end_s,
        is_created=(created >= start_s) & (created < end_s),
        is_gone=(finished >= start_s) & (finished < end_s),
    )


def gridlock_words(seen: Tallies, plan: Plan, legend: Legend) -> tuple[str, ...]:
    """Return who waits for whom where nothing can move any more (R14).

    Returns
    -------
    One sentence a holder, each waiting for the yard of the next; empty if there is no gridlock.
    """
    start = datetime.fromisoformat(legend.window_start)
    at = start + timedelta(seconds=seen.ended_s - plan.window_start_s)
    said = []
    holders = zip(seen.gridlock.tolist(), seen.gridlock_pool.tolist(), strict=True)
    for (full, _, train, wanted, milli_teu), pool in holders:
        holder = "a load that waits" if train == NEVER else f"train {train}"
        leg = int(plan.pool_leg[pool])
        said.append(
            f"gridlock on {at:%Y-%m-%d at %H:%M}, Kazakh time: {holder} ("
            f"{legend.leg_service[leg]}, {legend.leg_name[leg]}) takes {milli_teu / MILLI:g} TEU "
            f"in {_yard(full, legend)}, which is full, and waits for room in "
            f"{_yard(wanted, legend)}"
        )
    return tuple(said)


def _yard(station: int, legend: Legend) -> str:
    """Return a yard in words."""
    kind, _, place = legend.station_name[station].partition(", ")
    return f"the {kind} of {place}"


def percentile(values: Integers, weights: Floats, percents: tuple[float, ...]) -> Floats:
    """Return weighted percentiles by order statistic: values that were observed.

    Parameters
    ----------
    values, weights
        `(N,)`, N > 0; values ascending, weights > 0.
    percents
        In (0, 100].

    Returns
    -------
    Floats
        For each percentage the smallest value that at least this share of the weight
        does not exceed.
    """
    reached = np.cumsum(weights)
    # A share that is met exactly must not be missed by the last bit of a sum of floats.
    wanted = np.asarray(percents) / 100 * reached[-1] * (1 - 1e-12)
    found: Floats = values[np.searchsorted(reached, wanted)].astype(np.float64)
    return found


def percentiles_by_group(
    group: Integers, values: Integers, groups: int, percents: tuple[float, ...]
) -> Floats:
    """Return unweighted percentiles by order statistic for each group.

    Parameters
    ----------
    group, values
        `(N,)`, group in [0, groups); values ascending.
    groups
        Number of groups G.
    percents
        P percentages in (0, 100].

    Returns
    -------
    Floats
        `(G, P)`; NaN for an empty group.
    """
    # Numbers of 16 bits are put in order digit by digit, in a fraction of the time.
    order = np.argsort(group.astype(np.min_scalar_type(groups), copy=False), kind="stable")
    count = count_by_group(group, groups)
    first = np.cumsum(count) - count
    rank = np.ceil(np.outer(count, np.asarray(percents) / 100) - 1e-9).astype(np.int64) - 1
    result = np.full((groups, len(percents)), np.nan)
    is_there = count > 0
    at = (first[:, None] + np.maximum(rank, 0))[is_there]
    result[is_there] = values[order[at]]
    return result


def pieces(count: int) -> Iterator[slice]:
    """Yield the parts of so many rows that are looked at one after the other."""
    for first in range(0, count, PIECE):
        yield slice(first, min(first + PIECE, count))


def count_by_group(group: Integers, groups: int) -> NDArray[np.int64]:
    """Return how many there are of each of `groups`."""
    count = np.zeros(groups, np.int64)
    for piece in pieces(group.size):
        count += np.bincount(group[piece], minlength=groups)
    return count


def sum_by_group(group: Integers, values: Numbers, groups: int) -> Floats:
    """Return the sum of `values` for each of `groups`."""
    total: Floats = np.zeros(groups)
    for piece in pieces(group.size):
        total = added_by_group(total, group[piece], values[piece])
    return total


def added_by_group(total: Floats, group: Integers, values: Numbers) -> Floats:
    """Return totals with more values: rounded as if all had been added up in one go."""
    # What is there comes first, as a value of each group, so that the order is the same.
    of = np.concatenate((np.arange(total.size), group))
    return np.bincount(of, np.concatenate((total, values)), total.size).astype(np.float64)


def most_at_once(from_s: Integers, to_s: Integers) -> int:
    """Return the most spans [from, to) that overlap at one instant, 0 without any."""
    if not from_s.size:
        return 0
    events = np.sort(np.r_[from_s << 1, (to_s << 1) | 1].astype(np.int64))
    level = np.cumsum(1 - 2 * (events & 1))
    is_last = np.r_[events[1:] >> 1 != events[:-1] >> 1, True]
    return int(level[is_last].max())


def day_lengths_s(start_s: int, end_s: int) -> NDArray[np.int64]:
    """Return the seconds of each day that lie in a window: the last may be shorter."""
    bounds = np.minimum(np.arange(-(-(end_s - start_s) // DAY_S) + 1) * DAY_S, end_s - start_s)
    return np.diff(bounds).astype(np.int64)
