"""When the consignments of a flow are created (R4).

In: lots per month, a law of unit gaps. Out: instants and numbers. Arrival n
stands where the cumulative intensity reaches the sum of n unit gaps, counted
from the window's start both ways, so the length of the warm-up moves none.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix, mix_array
from sim.draws.tables import UNIT, Ints, Quantiles, Words, mixed_quantiles
from sim.errors import PlanError

GREATEST_LOTS = 1 << 25
"""Most lots in one month: with it the inverse stays inside 64 bits."""

_HALF_BITS = 16

Instants = Callable[[Ints, Ints, Ints], Ints]
"""`instants`, or another that gives the same numbers sooner."""


class Intensity(NamedTuple):
    """Cumulative lots of a flow, linear between breakpoints."""

    time_s: Ints
    """(B,) ascending, relative to the window's start."""
    value_fp: Ints
    """(B,) lots in 1 / `UNIT`, not descending; 0 at the window's start, negative before."""


class Stand(NamedTuple):
    """How far the arrivals of a flow have been drawn."""

    ordinal: int
    """Of the last: ..., -2, -1 back from the window's start, 1, 2, ... from it on; 0 is the
    start itself, at which none stands."""
    sum_fp: int
    """Unit gaps from the window's start to it, in 1 / `UNIT`; negative before."""


class Methods(NamedTuple):
    """How draws are worked out: by numpy, or by what gives the same numbers sooner."""

    quantiles: Quantiles
    instants: Instants


class Arrivals(NamedTuple):
    """Consignments of one flow in order of creation."""

    time_s: Ints
    """(N,) relative to the window's start."""
    number: NDArray[np.int32]
    """(N,) ..., -2, -1 back from the window's start, 1, 2, ... from it on."""
    stand: Stand
    """At the last of them: from it the next piece of the run is drawn."""


def instants(wanted_fp: Ints, time_s: Ints, value_fp: Ints) -> Ints:
    """Return when the intensity first reaches each value, half up to a second (R2).

    Parameters
    ----------
    wanted_fp
        (N,) ascending.
    time_s, value_fp
        (B,) of `Intensity`.

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


BY_NUMPY = Methods(mixed_quantiles, instants)


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
    since: Stand | None = None,
    methods: Methods = BY_NUMPY,
) -> Arrivals:
    """Return when the consignments of a flow are created, and their numbers.

    Piece by piece they are the same as for all of the run at once: sums are of integers.

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
        First second and end (outside) of the run or of a piece of it, relative to the
        window's start.
    together
        Consignments that come at once: the law is that of the gaps between their arrivals,
        which are so many times longer.
    since
        Of the piece that ends at `begin_s`; None for the first piece.
    methods
        How they are worked out.

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
    back_fp, last_fp = gaps_within(time_s, value_fp, begin_s, end_s, together)

    def gaps(ordinal: Ints) -> Ints:
        return methods.quantiles(gap_table, own, ordinal)

    stand = since or _opening(gaps, back_fp)
    sums_fp = _sums(gaps, 1, stand, last_fp)
    sums_fp = sums_fp[: np.searchsorted(sums_fp, last_fp, side="right")]
    ordinal = np.arange(stand.ordinal + 1, stand.ordinal + 1 + len(sums_fp))
    instant_s = methods.instants(sums_fp * together, time_s, value_fp)
    first, end = np.searchsorted(instant_s, (begin_s, end_s)).tolist()
    if end:
        stand = Stand(int(ordinal[end - 1]), int(sums_fp[end - 1]))
    return _numbered(ordinal[first:end], instant_s[first:end], together, stand)


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


def gaps_within(
    time_s: Ints, value_fp: Ints, begin_s: int, end_s: int, together: int
) -> tuple[int, int]:
    """Return the sums of unit gaps up to which arrivals can lie in a run, back and ahead.

    Parameters
    ----------
    time_s, value_fp
        (B,) of `build_intensity`.
    begin_s, end_s, together
        As for `arrival_times`.
    """
    first_fp = int(value_fp[np.searchsorted(time_s, begin_s, side="right") - 1])
    return -first_fp // together, _level_fp(time_s, value_fp, end_s) // together


def _numbered(ordinal: Ints, instant_s: Ints, together: int, stand: Stand) -> Arrivals:
    """Return the consignments that come with arrivals; none comes at ordinal 0."""
    if len(ordinal) and ordinal[0] <= 0 <= ordinal[-1]:
        at_start = -int(ordinal[0])
        ordinal, instant_s = np.delete(ordinal, at_start), np.delete(instant_s, at_start)
    if together == 1:
        return Arrivals(instant_s, ordinal.astype(np.int32), stand)
    first = ordinal * together - (together - 1) * (ordinal > 0)
    number: NDArray[np.int32] = np.repeat(first.astype(np.int32), together)
    number += np.tile(np.arange(together, dtype=np.int32), len(first))
    return Arrivals(np.repeat(instant_s, together), number, stand)


def _opening(gaps: Callable[[Ints], Ints], limit_fp: int) -> Stand:
    """Return the stand before the first arrival that is so far back from the window's start."""
    if limit_fp <= 0:
        return Stand(0, 0)
    sums_fp = _sums(gaps, -1, Stand(0, 0), limit_fp)
    before = int(np.searchsorted(sums_fp, limit_fp, side="right"))
    return Stand(-before - 1, -int(sums_fp[before]))


def _sums(gaps: Callable[[Ints], Ints], sign: int, since: Stand, limit_fp: int) -> Ints:
    """Return the sums of unit gaps after a stand, at least one of them beyond a limit.

    Gap n is the one that ends at arrival n from the window's start on, and the one that
    begins at it before. Where `sign` is -1, sums go back from the start.
    """
    parts, ordinal, sum_fp = [], since.ordinal, since.sum_fp
    while sum_fp <= limit_fp:
        expected = (limit_fp - sum_fp) / UNIT
        count = int(expected + expected**0.5) + 16
        gap = ordinal + sign * np.arange(1, count + 1)
        if ordinal < 0 < sign:
            gap -= gap <= 0
        part = np.cumsum(gaps(gap))
        part += sum_fp
        parts.append(part)
        ordinal, sum_fp = ordinal + sign * count, int(part[-1])
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _level_fp(time_s: Ints, value_fp: Ints, instant_s: int) -> int:
    """Return the intensity at an instant, rounded down; what is first reached later is above."""
    after = max(1, int(np.searchsorted(time_s, instant_s)))
    length_s = int(time_s[after] - time_s[after - 1])
    rise_fp = int(value_fp[after] - value_fp[after - 1])
    return int(value_fp[after - 1]) + (instant_s - int(time_s[after - 1])) * rise_fp // length_s
