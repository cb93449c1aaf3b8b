"""Laws as integer quantile tables, and draws from them (R3).

In: a law and its cv, once per plan. Out: tables; and from a table and a hash,
by integers alone, values around a mean of 1 in steps of 2**-20, or durations
in whole seconds. scipy is imported only where a table is built.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix_array
from sim.errors import PlanError

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Floats = NDArray[np.floating[Any]]

Quantiles = Callable[[Ints, "Words | int", "Words | Ints | int"], Ints]
"""`mixed_quantiles`, or another that gives the same numbers sooner."""

STEPS = 65_536
"""Steps of a table; its first and last step are divided into as many again."""

UNIT = 1 << 20
"""The mean of a law in its table."""

MEAN_UNIT_PER_S = 256
"""Means of durations are stated in 1/256 s."""

GUMBEL_UNIT = 1 << 32
"""One nat of utility in the table of route choice (R5)."""

LAWS = ("deterministic", "uniform", "exponential", "gamma", "erlang", "lognormal")
GREATEST_CV = 5.0
"""Beyond this the outermost step, 2**-32 wide, would hold a visible part of the variance."""

_LAST = STEPS - 1
_FRACTION = 0xFF_FFFF
_FRACTION_BITS = 24
_FRACTION_HALF = 1 << 23
_DURATION_BITS = 28  # 20 of the table, 8 of the mean
_DURATION_HALF = 1 << 27


@lru_cache(maxsize=64)
def build_table(law: str, cv: float) -> Ints:
    """Return the quantile table of a law with mean 1.

    Parameters
    ----------
    law
        One of `LAWS`. `erlang` is gamma; an exponential whose cv is not 1 is the
        gamma law of a sum of exponentials, which is what R9 makes of it.
    cv
        Standard deviation over mean; above 0 and at most 5, at most 1 / sqrt(3)
        for `uniform`; not read for `deterministic`.

    Returns
    -------
    (3, 65537) int64, ascending, read-only, in 1 / `UNIT`: [0] quantiles at
    i / 65536; [1] and [2] the first and the last step again in 65536 steps.

    Raises
    ------
    PlanError
        If the law is unknown or the cv is outside its range.

    Notes
    -----
    Knots are exact quantiles, scaled together so that the piecewise-linear law
    has mean 1: with convex quantiles straight steps would lie above the law.
    """
    if law not in LAWS:
        msg = f"law is {law!r}; must be one of {', '.join(LAWS)}"
        raise PlanError(msg)
    if law == "deterministic":
        return _freeze(np.full((3, STEPS + 1), UNIT, dtype=np.int64))
    greatest = 3**-0.5 + 1e-12 if law == "uniform" else GREATEST_CV
    if not 0 < cv <= greatest:
        msg = f"cv of a {law} law is {cv}; must be above 0 and at most {greatest:.6g}"
        raise PlanError(msg)
    knots = _knots(*_quantiles(law, cv))
    return _freeze(np.rint(knots * (UNIT / table_mean(knots))).astype(np.int64))


@lru_cache(maxsize=1)
def exponential_table() -> Ints:
    """Return the table of the exponential law, which Poisson starts use (R15)."""
    return build_table("exponential", 1.0)


@lru_cache(maxsize=1)
def gumbel_table() -> Ints:
    """Return the table of the standard Gumbel law, in 1 / `GUMBEL_UNIT` (R5).

    Notes
    -----
    Quantile -ln(-ln u). Same shape as `build_table`; values of either sign.
    """
    knots = _knots(lambda u: -np.log(-np.log(u)), lambda p: -np.log(-np.log1p(-p)))
    return _freeze(np.rint(knots * GUMBEL_UNIT).astype(np.int64))


def table_mean(table: Ints | Floats) -> float:
    """Return the mean of the piecewise-linear law, in the table's unit.

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    """
    main, first, last = ((row[1:] + row[:-1]) / 2 for row in table.astype(np.float64))
    return float((main[1:-1].sum() + first.mean() + last.mean()) / STEPS)


def table_variance(table: Ints | Floats) -> float:
    """Return the variance of the piecewise-linear law, in the table's unit squared.

    Notes
    -----
    Over a step from a to b the mean square is (a**2 + a b + b**2) / 3.
    """
    centred = table.astype(np.float64) - table_mean(table)
    main, first, last = (
        (a * a + a * b + b * b) / 3 for a, b in ((r[:-1], r[1:]) for r in centred)
    )
    return float((main[1:-1].sum() + first.mean() + last.mean()) / STEPS)


def check_range(table: Ints, mean_fp: int) -> None:
    """Refuse a mean whose longest draw would not fit in 64 bits.

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    mean_fp
        Mean duration in 1/256 s.

    Raises
    ------
    PlanError
        If greatest quantile x mean reaches 2**63.
    """
    greatest = int(table.max())
    if greatest * mean_fp + _DURATION_HALF >= 1 << 63:
        allowed_h = ((1 << 63) // greatest) / (MEAN_UNIT_PER_S * 3600)
        found_h = mean_fp / (MEAN_UNIT_PER_S * 3600)
        msg = f"mean is {found_h:.6g} h; must be below {allowed_h:.6g} h for this law and cv"
        raise PlanError(msg)


def quantile(table: Ints, h: int) -> int:
    """Return the value that a hash draws from a table.

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    h
        Hash of the draw's key, a Python integer, 0 to 2**64 - 1.

    Returns
    -------
    Value in the table's unit: bits 63-48 choose the step, the next 24 the place
    in it; in the first and last step 16 more choose the finer step before that.
    """
    row, step, fraction = 0, h >> 48, h >> 24
    if step in (0, _LAST):
        row, step, fraction = 2 if step else 1, (h >> 32) & _LAST, h >> 8
    low = table.item(row, step)
    rise = table.item(row, step + 1) - low
    value: int = low + ((rise * (fraction & _FRACTION) + _FRACTION_HALF) >> _FRACTION_BITS)
    return value


def quantile_array(table: Ints, h: Words) -> Ints:
    """Return `quantile` of every hash.

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    h
        Hashes, any shape.
    """
    step = (h >> np.uint64(48)).astype(np.int64)
    fraction = h >> np.uint64(24)
    outer = (step == 0) | (step == _LAST)
    step[outer] = np.where(step[outer] == 0, 1, 2) * (STEPS + 1) + _finer_step(h[outer])
    fraction[outer] = h[outer] >> np.uint64(8)
    flat = table.ravel()
    low = flat[step]
    part = (fraction & np.uint64(_FRACTION)).astype(np.int64)
    return low + (((flat[step + 1] - low) * part + _FRACTION_HALF) >> _FRACTION_BITS)


def mixed_quantiles(table: Ints, a: Words | int, b: Words | Ints | int) -> Ints:
    """Return the values that the hashes `mix(a, b)` draw from a table.

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    a, b
        As for `mix_array`, one of them an array.
    """
    return quantile_array(table, mix_array(a, b))


def duration_s(table: Ints, h: int, mean_fp: int) -> int:
    """Return a duration in whole seconds, half up, at least 1 (R2).

    Parameters
    ----------
    table
        (3, 65537), as of `build_table`.
    h
        Hash of the draw's key.
    mean_fp
        Mean duration in 1/256 s; in the range of `check_range`.
    """
    return max(1, (quantile(table, h) * mean_fp + _DURATION_HALF) >> _DURATION_BITS)


def duration_array_s(table: Ints, h: Words, mean_fp: Ints | int) -> Ints:
    """Return `duration_s` of every hash; means broadcast against the hashes."""
    product = quantile_array(table, h) * mean_fp
    rounded: Ints = np.maximum(1, (product + _DURATION_HALF) >> _DURATION_BITS)
    return rounded


def _finer_step(h: Words) -> Ints:
    """Return the step within the first or last step of the main table."""
    return ((h >> np.uint64(32)) & np.uint64(_LAST)).astype(np.int64)


def _quantiles(
    law: str, cv: float
) -> tuple[Callable[[Floats], Floats], Callable[[Floats], Floats]]:
    """Return quantiles of a law with mean 1, by lower and by upper tail probability."""
    if law == "uniform":
        half = 3**0.5 * cv
        return (lambda u: 1 + half * (2 * u - 1)), (lambda p: 1 + half * (1 - 2 * p))
    if law == "exponential" and cv == 1:
        return (lambda u: -np.log1p(-u)), (lambda p: -np.log(p))
    from scipy.special import (  # noqa: PLC0415 - workers draw without scipy
        gammainccinv,
        gammaincinv,
        ndtri,
    )

    if law == "lognormal":
        spread = np.log1p(cv * cv) ** 0.5
        centre = -spread * spread / 2
        return (
            lambda u: np.exp(centre + spread * ndtri(u)),
            lambda p: np.exp(centre - spread * ndtri(p)),
        )
    shape = cv**-2
    return (lambda u: gammaincinv(shape, u) / shape), (lambda p: gammainccinv(shape, p) / shape)


def _knots(lower: Callable[[Floats], Floats], upper: Callable[[Floats], Floats]) -> Floats:
    """Return (3, 65537) exact quantiles; the ends stand for a tail of 2**-32.

    Each half is taken from its own tail probability, which loses no digits. An
    end is the quantile at 2**-32 / e**2: the knot with which a straight last step
    keeps the mean of an exponential tail.
    """
    tail = np.arange(STEPS + 1) / STEPS
    half = STEPS // 2
    fine = np.maximum(tail / STEPS, np.exp(-2) / STEPS**2)
    main = np.empty(STEPS + 1)
    main[1 : half + 1] = lower(tail[1 : half + 1])
    main[half:-1] = upper(tail[1 : half + 1][::-1])
    first, last = lower(fine), upper(fine[::-1])
    main[0], main[-1] = first[0], last[-1]
    return np.stack([main, first, last])


def _freeze(table: Ints) -> Ints:
    """Return the table, read-only."""
    table.flags.writeable = False
    return table
