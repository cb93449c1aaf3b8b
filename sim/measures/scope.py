"""What every table needs to know of one run: its window, its cohort, its TEU.

In: Trace, Plan, Legend. Out: `Scope`, and the small statistics that the tables
share (`percentile`, `percentiles_by_group`, `mean_by_group`).
"""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.errors import GridlockError, ResultsError
from sim.plan import NEVER, Cause, Legend, Plan, Status, Trace

HOUR_S = 3_600
DAY_S = 86_400
MILLI = 1_000

Floats = NDArray[np.float64]
Integers = NDArray[np.integer[Any]]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.floating[Any]] | NDArray[np.integer[Any]] | NDArray[np.bool_]

WAITING_CAUSES = tuple(c for c in Cause if c not in (Cause.MOVING, Cause.SERVICE))
"""The causes whose sum is the delay (R24)."""


class Scope(NamedTuple):
    """One run, with what is asked of every consignment again and again.

    Instants are seconds from the run's first; the window is [start_s, end_s).
    """

    trace: Trace
    plan: Plan
    legend: Legend
    start_s: int
    end_s: int
    """The window's end, or the second after the run's end where that came first."""
    teu: Floats
    """(N,) TEU equivalents of each consignment."""
    until_s: Integers
    """(N,) delivery, refusal or, for what is still inside, the run's end."""
    is_in_run: Flags
    """(N,) created by the run's end."""
    is_cohort: Flags
    """(N,) created in the window and not refused: whose times are reported (R20)."""
    transit_s: Integers
    """(N,) from creation to `until_s`; 0 outside the run."""
    delay_s: Integers
    """(N,) sum of the waiting causes."""

    @property
    def days(self) -> float:
        """Return the length of the window in days, > 0."""
        return (self.end_s - self.start_s) / DAY_S

    def is_within(self, instants_s: NDArray[np.int32]) -> Flags:
        """Return which instants lie in the window."""
        return (instants_s >= self.start_s) & (instants_s < self.end_s)


def scope(trace: Trace, plan: Plan, legend: Legend) -> Scope:
    """Return the run's window, cohort and times.

    Raises
    ------
    GridlockError, ResultsError
        If the run ended before its window began, by gridlock or by count.
    """
    end_s = min(plan.window_end_s, trace.ended_s + 1)
    if end_s <= plan.window_start_s:
        fault = (
            f"run: ended at second {trace.ended_s}, before its window began at second "
            f"{plan.window_start_s}; there is nothing to measure"
        )
        if len(trace.gridlock):
            raise GridlockError("\n".join((fault, *gridlock_words(trace, plan, legend))))
        raise ResultsError(fault)
    created = trace.consignment_created_s
    finished = trace.consignment_finished_s
    is_in_run = created <= trace.ended_s
    until = np.where(finished == NEVER, trace.ended_s, finished).astype(np.int64)
    is_created = (created >= plan.window_start_s) & (created < end_s) & is_in_run
    return Scope(
        trace=trace,
        plan=plan,
        legend=legend,
        start_s=plan.window_start_s,
        end_s=end_s,
        teu=(plan.flow_lot_teu / 1_000)[trace.consignment_flow],
        until_s=until,
        is_in_run=is_in_run,
        is_cohort=is_created & (trace.consignment_status <= Status.DELIVERED),
        transit_s=np.where(is_in_run, until - created, 0),
        delay_s=trace.consignment_cause_s[:, list(WAITING_CAUSES)].sum(axis=1, dtype=np.int64),
    )


def gridlock_words(trace: Trace, plan: Plan, legend: Legend) -> tuple[str, ...]:
    """Return who waits for whom where nothing can move any more (R14).

    Returns
    -------
    One sentence a holder, each waiting for the yard of the next; empty if there is no gridlock.
    """
    start = datetime.fromisoformat(legend.window_start)
    at = start + timedelta(seconds=trace.ended_s - plan.window_start_s)
    said = []
    for full, pool, train, wanted, milli_teu in trace.gridlock.reshape(-1, 5).tolist():
        holder, index = "a load that waits", plan.station_detail[pool]
        if train != NEVER:
            holder, index = f"train {train}", trace.vehicle_pool[train]
        leg = int(plan.pool_leg[index])
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
        `(N,)`, N > 0; weights > 0.
    percents
        In (0, 100].

    Returns
    -------
    Floats
        For each percentage the smallest value that at least this share of the weight
        does not exceed.
    """
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    # A share that is met exactly must not be missed by the last bit of a sum of floats.
    wanted = np.asarray(percents) / 100 * reached[-1] * (1 - 1e-12)
    found: Floats = values[order][np.searchsorted(reached, wanted)].astype(np.float64)
    return found


def percentiles_by_group(
    group: Integers, values: Integers, groups: int, percents: tuple[float, ...]
) -> Floats:
    """Return unweighted percentiles by order statistic for each group.

    Parameters
    ----------
    group, values
        `(N,)`, group in [0, groups), values in [0, 2**31).
    groups
        Number of groups G.
    percents
        P percentages in (0, 100].

    Returns
    -------
    Floats
        `(G, P)`; NaN for an empty group.
    """
    keys = (group << 31) | values
    keys.sort()
    count = np.bincount(group, minlength=groups)
    first = np.cumsum(count) - count
    rank = np.ceil(np.outer(count, np.asarray(percents) / 100) - 1e-9).astype(np.int64) - 1
    result = np.full((groups, len(percents)), np.nan)
    is_there = count > 0
    at = (first[:, None] + np.maximum(rank, 0))[is_there]
    result[is_there] = keys[at] & ((1 << 31) - 1)
    return result


def sum_by_group(group: Integers, values: Numbers, groups: int) -> Floats:
    """Return the sum of `values` for each of `groups`."""
    total: Floats = np.bincount(group, weights=values, minlength=groups).astype(np.float64)
    return total


def mean_by_group(group: Integers, values: Numbers, groups: int) -> Floats:
    """Return the mean of `values` for each of `groups`; NaN where there is none."""
    weight = np.bincount(group, minlength=groups)
    total = sum_by_group(group, values, groups)
    mean: Floats = np.full(groups, np.nan)
    return np.divide(total, weight, out=mean, where=weight > 0)
