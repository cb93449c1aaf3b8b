"""Intervals of means: what replications say and what they cannot.

In: one figure per replication. Out: `Interval`. One replication has no interval: None,
never zero and never NaN.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CONFIDENCE = 0.95


class Interval(NamedTuple):
    """A mean and the half-width of its t interval."""

    mean: float
    half_width: float | None
    """None with one value: no interval."""
    n: int


def t_quantile(n: int, confidence: float = CONFIDENCE) -> float:
    """Return the t quantile for a two-sided interval from n values, n >= 2."""
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import, and not for one value

    return float(stdtrit(n - 1, (1 + confidence) / 2))


def t_interval(
    values: Sequence[float] | NDArray[np.float64], confidence: float = CONFIDENCE
) -> Interval:
    """Return the mean and the half-width of its t interval.

    Parameters
    ----------
    values
        One independent value per replication, at least one, finite.
    confidence
        In (0, 1).

    Notes
    -----
    Half-width = t(n - 1, (1 + confidence) / 2) s / sqrt(n), s with n - 1 in its divisor.
    """
    x = np.asarray(values, dtype=float)
    mean = float(x.mean())
    if x.size == 1:
        return Interval(mean, None, 1)
    spread = float(x.std(ddof=1)) / x.size**0.5
    return Interval(mean, t_quantile(x.size, confidence) * spread, int(x.size))


def paired_interval(
    base: Sequence[float] | NDArray[np.float64],
    other: Sequence[float] | NDArray[np.float64],
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the interval of other less base, replication by replication.

    Under common random numbers the two go up and down together, and the interval of
    their differences is much narrower than either's own.
    """
    return t_interval(np.asarray(other, float) - np.asarray(base, float), confidence)


def variance_saved(
    base: Sequence[float] | NDArray[np.float64], other: Sequence[float] | NDArray[np.float64]
) -> float | None:
    """Return the share of variance that pairing saved, None where there is none to save.

    Notes
    -----
    1 - var(other - base) / (var(base) + var(other)); negative if pairing did harm.
    """
    x, y = np.asarray(base, float), np.asarray(other, float)
    if x.size == 1 or not x.var(ddof=1) + y.var(ddof=1) > 0:
        return None
    return float(1 - (y - x).var(ddof=1) / (x.var(ddof=1) + y.var(ddof=1)))


def rounded(values: NDArray[np.float64], digits: int = 10) -> NDArray[np.float64]:
    """Return values to so many significant digits: what is written is what is compared."""
    size = np.abs(np.where(np.isfinite(values) & (values != 0), values, 1.0))
    scale = 10.0 ** np.clip(digits - 1 - np.floor(np.log10(size)), -300, 300)
    short: NDArray[np.float64] = np.round(values * scale) / scale
    return short
