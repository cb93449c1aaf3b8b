"""When the consignments of a flow are created (R4).

In: lots per month, a law of unit gaps. Out: instants and numbers. Arrival n
stands where the cumulative intensity reaches the sum of n unit gaps, counted
from the window's start both ways, so the length of the warm-up moves none.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix, mix_array
from sim.draws.tables import UNIT, Ints, Quantiles, Words, mixed_quantiles
from sim.errors import PlanError

GREATEST_LOTS = 1 << 25
"""Most lots in one month: with it the inverse stays inside 64 bits."""

_HALF_BITS = 16


class Intensity(NamedTuple):
    """Cumulative lots of a flow, linear between breakpoints."""

    time_s: Ints
    """(B,) ascending, relative to the window's start."""
    value_fp: Ints
    """(B,) lots in 1 / `UNIT`, not descending; 0 at the window's start, negative before."""


class Arrivals(NamedTuple):
    """Consignments of one flow in order of creation."""

    time_s: Ints
    """(N,) relative to the window's start."""
    number: NDArray[np.int32]
    """(N,) ..., -2, -1 back from the window's start, 1, 2, ... from it on."""


def build_intensity(month_starts_s: Ints, amounts: NDArray[np.float64]) -> Intensity:
    """Return the cumulative intensity of a flow.

    Parameters
    ----------
    month_starts_s
        (M + 1,) beginnings of M months and the end of the last, ascending, relative
        to the window's start, which lies within them. Whole months, or pieces laid
        out from the window's start: a piece cut at the end of the run would let the
        length of the run move arrivals.
    amounts
        (M,) lots in each whole month, 0 or more.

    Raises
    ------
    PlanError
        If a month holds so many lots that integers overflow.
    """
    starts = np.asarray(month_starts_s, dtype=np.int64)
    lots_fp = np.rint(np.asarray(amounts, dtype=np.float64) * UNIT).astype(np.int64)
    if lots_fp.max() > GREATEST_LOTS * UNIT:
        msg = (
            f"a month has {lots_fp.max() / UNIT:.6g} lots; must be at most {GREATEST_LOTS}: "
            "raise lot_teu, or give the amount by shorter pieces"
        )
        raise PlanError(msg)
    value = np.concatenate(([0], np.cumsum(lots_fp)))
    at_start = int(np.clip(np.searchsorted(starts, 0, side="right") - 1, 0, len(lots_fp) - 1))
    passed = -int(starts[at_start]) * int(lots_fp[at_start])
    before = int(value[at_start]) + passed // int(starts[at_start + 1] - starts[at_start])
    return Intensity(starts, value - before)


def arrival_times(
    stream: int,
    flow_key: int,
    gap_table: Ints,
    intensity_time_s: Ints,
    intensity_value_fp: Ints,
    *,
    begin_s: int,
    end_s: int,
    together: int = 1,
    quantiles: Quantiles = mixed_quantiles,
) -> Arrivals:
    """Return when the consignments of a flow are created, and their numbers.

    Parameters
    ----------
    stream
        Of `stream(seed, replication, ARRIVAL)`.
    flow_key
        `stable_key` of the flow's id without the year.
    gap_table
        Law of the unit gaps; exponential for Poisson arrivals.
    intensity_time_s, intensity_value_fp
        (B,) of `build_intensity`.
    begin_s, end_s
        First second and end (outside) of the run, relative to the window's start.
    together
        Consignments that come at once: the law is that of the gaps between their arrivals,
        which are so many times longer.
    quantiles
        `mixed_quantiles`, or another that gives the same.

    Raises
    ------
    PlanError
        If the intensity does not cover the run.
    """
    time_s, value_fp = intensity_time_s, intensity_value_fp
    if time_s[0] > min(begin_s, 0) or time_s[-1] < max(end_s, 0):
        msg = (
            f"demand is known from {time_s[0]} to {time_s[-1]} s from the window's start; "
            f"the run needs {begin_s} to {end_s} s"
        )
        raise PlanError(msg)
    own = mix(stream, flow_key)
    first = value_fp[np.searchsorted(time_s, begin_s, side="right") - 1]
    last = value_fp[np.searchsorted(time_s, end_s, side="left")]
    back = _sums(own, -1, gap_table, -int(first) // together, quantiles) * together
    ahead = _sums(own, 1, gap_table, int(last) // together, quantiles) * together
    number = np.concatenate(
        (np.arange(-len(back) * together, 0), np.arange(1, len(ahead) * together + 1))
    )
    reached_fp = np.repeat(np.concatenate((-back[::-1], ahead)), together)
    instant_s = _instants(reached_fp, time_s, value_fp)
    is_inside = (instant_s >= begin_s) & (instant_s < end_s)
    return Arrivals(instant_s[is_inside], number[is_inside].astype(np.int32))


def consignment_keys(flow_key: int, number: NDArray[np.int32]) -> Words:
    """Return the keys of a flow's consignments.

    Parameters
    ----------
    flow_key
        `stable_key` of the flow's id without the year.
    number
        (N,) of `Arrivals`.
    """
    return mix_array(flow_key, number)


def _sums(own: int, sign: int, gap_table: Ints, limit_fp: int, quantiles: Quantiles) -> Ints:
    """Return the sums of unit gaps up to a limit, itself included.

    Gap n is drawn from `mix(own, n)`, n = 1, 2, ... or, where `sign` is -1, -1, -2, ....
    """
    if limit_fp <= 0:
        return np.zeros(0, dtype=np.int64)
    expected = limit_fp / UNIT
    count = int(expected + 6 * expected**0.5) + 16
    while True:
        ordinal = sign * np.arange(1, count + 1)
        sums = np.cumsum(quantiles(gap_table, own, ordinal))
        if sums[-1] > limit_fp:
            return sums[: np.searchsorted(sums, limit_fp, side="right")]
        count *= 2


def _instants(wanted_fp: Ints, time_s: Ints, value_fp: Ints) -> Ints:
    """Return when the intensity first reaches each value, half up to a second (R2).

    Notes
    -----
    rest x length may pass 2**63, so the length is divided in two halves of digits:
    exact for lots below 2**25 a piece and pieces below 2**31 s.
    """
    # The lowest value is reached at the first breakpoint, which ends no piece.
    after = np.maximum(np.searchsorted(value_fp, wanted_fp, side="left"), 1)
    rest_fp = wanted_fp - value_fp[after - 1]
    rise_fp = np.maximum(value_fp[after] - value_fp[after - 1], 1)
    length_s = time_s[after] - time_s[after - 1]
    high, over_fp = np.divmod(rest_fp * (length_s >> _HALF_BITS), rise_fp)
    low_fp = rest_fp * (length_s & ((1 << _HALF_BITS) - 1))
    low = ((over_fp << _HALF_BITS) + low_fp + rise_fp // 2) // rise_fp
    passed: Ints = time_s[after - 1] + (high << _HALF_BITS) + low
    return passed
