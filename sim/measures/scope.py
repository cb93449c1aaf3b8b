"""What every table needs to know of one run: its window, its cohort, its TEU.

In: Tallies, Plan, Legend. Out: `Scope`, and the small statistics that the tables
share (`percentile`, `percentiles_by_group`, `mean_by_group`).
"""

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
Flags = NDArray[np.bool_]
Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]] | NDArray[np.bool_]

WAITING_CAUSES = tuple(c for c in Cause if c not in (Cause.MOVING, Cause.SERVICE))
"""The causes whose sum is the delay (R24)."""


class Cohort(NamedTuple):
    """The consignments created in the window and not refused, in order of their transit (R20).

    Put in this order once: to gather them anew for each part of them took most of the time.
    """

    transit_s: Integers
    """(K,) ascending."""
    delay_s: Integers
    teu: Floats
    flow: Integers
    route: Integers
    is_open: Flags
    """(K,) still inside when the run ended."""


class Scope(NamedTuple):
    """One run, with what is asked of every consignment again and again.

    Instants are seconds from the run's first; the window is [start_s, end_s).
    """

    seen: Tallies
    plan: Plan
    legend: Legend
    start_s: int
    end_s: int
    """The window's end, or the second after the run's end where that came first."""
    teu: Floats
    """(N,) TEU equivalents of each consignment."""
    until_s: Integers
    """(N,) delivery, refusal or, for what is still inside, the run's end."""
    is_created: Flags
    """(N,) created in the window."""
    is_gone: Flags
    """(N,) delivered or refused in the window."""
    is_cohort: Flags
    """(N,) created in the window and not refused: whose times are reported (R20)."""
    transit_s: Integers
    """(N,) from creation to `until_s`."""
    cohort: Cohort

    @property
    def days(self) -> float:
        """Return the length of the window in days, > 0."""
        return (self.end_s - self.start_s) / DAY_S

    def is_inside(self, instant_s: int) -> Flags:
        """Return which consignments were inside just before an instant."""
        finished = self.seen.consignment_finished_s
        stays: Flags = (finished == NEVER) | (finished >= instant_s)
        stays &= self.seen.consignment_created_s < instant_s
        return stays


def scope(seen: Tallies, plan: Plan, legend: Legend) -> Scope:
    """Return the run's window, cohort and times.

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
    until = np.where(finished == NEVER, np.int32(seen.ended_s), finished)
    transit_s = until - created
    is_created = (created >= start_s) & (created < end_s)
    is_cohort = is_created & (seen.consignment_status <= Status.DELIVERED)
    return Scope(
        seen=seen,
        plan=plan,
        legend=legend,
        start_s=start_s,
        end_s=end_s,
        teu=(plan.flow_lot_teu / 1_000)[seen.consignment_flow],
        until_s=until,
        is_created=is_created,
        is_gone=(finished >= start_s) & (finished < end_s),
        is_cohort=is_cohort,
        transit_s=transit_s,
        cohort=_cohort(seen, plan, np.flatnonzero(is_cohort), transit_s),
    )


def _cohort(seen: Tallies, plan: Plan, members: Integers, transit_s: Integers) -> Cohort:
    """Return the cohort in order of its transit."""
    # Sorted as one number each, which takes a fraction of the time of an order by transit.
    at = transit_s[members].astype(np.int64)
    at <<= 32
    at |= members
    at.sort()
    at &= 0xFFFFFFFF
    flow = seen.consignment_flow[at]
    return Cohort(
        transit_s=transit_s[at],
        delay_s=seen.consignment_delay_s[at],
        teu=(plan.flow_lot_teu / 1_000)[flow],
        flow=flow,
        route=seen.consignment_route[at],
        is_open=seen.consignment_status[at] == Status.INSIDE,
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
    order = np.argsort(group.astype(np.min_scalar_type(groups)), kind="stable")
    count = np.bincount(group, minlength=groups)
    first = np.cumsum(count) - count
    rank = np.ceil(np.outer(count, np.asarray(percents) / 100) - 1e-9).astype(np.int64) - 1
    result = np.full((groups, len(percents)), np.nan)
    is_there = count > 0
    at = (first[:, None] + np.maximum(rank, 0))[is_there]
    result[is_there] = values[order[at]]
    return result


def sum_by_group(group: Integers, values: Numbers, groups: int) -> Floats:
    """Return the sum of `values` for each of `groups`."""
    total: Floats = np.bincount(group, weights=values, minlength=groups).astype(np.float64)
    return total


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
