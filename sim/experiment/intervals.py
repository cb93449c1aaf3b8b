"""Intervals of means: what replications say and what they cannot.

In: one figure per replication. Out: `Interval`. One replication has no interval: None,
never zero and never NaN.
"""

from collections.abc import Sequence
from functools import lru_cache
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


def batch_interval(
    series: Sequence[float] | NDArray[np.float64],
    batches: int = 10,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the interval of the mean of one long run, from the means of its batches.

    Parameters
    ----------
    series
        `(T,)` in order of time, at least `batches` values; what is left over is dropped at the
        end.
    batches
        Of equal length, next to each other; at least 2.
    confidence
        In (0, 1).

    Notes
    -----
    Honest only where a batch is much longer than what happens in it is remembered: on short
    runs it covers far less often than it says.
    """
    values = np.asarray(series, float)
    length = values.size // batches
    return t_interval(values[: length * batches].reshape(batches, length).mean(axis=1), confidence)


def quantile_interval(
    values: Sequence[float] | NDArray[np.float64], share: float, confidence: float = CONFIDENCE
) -> tuple[float, float | None, float | None]:
    """Return a quantile and the two order statistics that hold it, None where there is none.

    Parameters
    ----------
    values
        Independent, at least one, finite.
    share
        In (0, 1): 0.9 is the 90th percentile.
    confidence
        At least kept, whatever the law: ranks by the binomial law.
    """
    x = np.sort(np.asarray(values, float))
    ranks = _ranks(x.size, share, confidence)
    low, high = (None if rank is None else float(x[rank]) for rank in ranks)
    return float(np.quantile(x, share)), low, high


@lru_cache(maxsize=256)
def _ranks(count: int, share: float, confidence: float) -> tuple[int | None, int | None]:
    """Return which of so many values in order hold a quantile: the same for all of them.

    References
    ----------
    Conover (1999), Practical Nonparametric Statistics, section 3.2: the number of values under
    the quantile is binomial.
    """
    from scipy.special import bdtr, bdtrc  # noqa: PLC0415 - slow to import

    tail, under = (1 - confidence) / 2, np.arange(count)
    low = int((bdtr(under, count, share) < tail).sum()) - 1
    high = int((bdtrc(under, count, share) > tail).sum())
    return low if low >= 0 else None, high if high < count else None


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
