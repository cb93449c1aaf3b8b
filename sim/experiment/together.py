"""What several intervals and claims must be like to hold together.

In: intervals, p values. Out: a wider t, and p values that may be read side by side.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.experiment.intervals import CONFIDENCE, Interval


def t_multiplier(comparisons: int, n: int, confidence: float = CONFIDENCE) -> float:
    """Return the t by which each of several intervals is widened to hold with the others.

    Parameters
    ----------
    comparisons
        Number of intervals that are to hold together, at least 1.
    n
        Values behind each, at least 2.
    confidence
        Of all together.

    Notes
    -----
    Bonferroni: each at 1 - (1 - confidence) / comparisons.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import

    return float(stdtrit(n - 1, 1 - (1 - confidence) / comparisons / 2))


def p_value(difference: Interval) -> float:
    """Return how often chance alone makes so great a difference, two-sided, from its interval.

    Parameters
    ----------
    difference
        At the usual confidence, with a half-width.
    """
    from scipy.special import stdtr  # noqa: PLC0415 - slow to import

    half = difference.half_width
    assert half is not None
    if half == 0:
        return 0.0 if difference.mean else 1.0
    t = abs(difference.mean) / half * t_multiplier(1, difference.n)
    return float(2 * stdtr(difference.n - 1, -t))


def adjusted(p_values: Sequence[float]) -> NDArray[np.float64]:
    """Return p values such that all claims under a level hold together at that level (Holm).

    Notes
    -----
    Holm (1979): the i-th smallest of k times (k - i + 1), never less than the one before it.
    Claims at least as much as Bonferroni, under any dependence.
    """
    p = np.asarray(p_values, float)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * (p.size - np.arange(p.size)))
    result = np.empty(p.size)
    result[order] = np.minimum(stepped, 1.0)
    return result
