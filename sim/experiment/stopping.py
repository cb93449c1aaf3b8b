"""Replications until a mean is known well enough, with a cap and an honest word.

In: one value per replication, in order of replication. Out: `Stop`. Which replications are
run at once changes nothing: the rule looks at them in their order.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.experiment.intervals import CONFIDENCE, t_interval, t_quantile

MOST = 1_000_000
"""Replications beyond which no plan is made."""


class Precision(NamedTuple):
    """When replications are enough."""

    kpi: str
    relative: float
    """Half-width over mean, in (0, 1)."""
    at_most: int
    """Replications, the cap."""


class Stop(NamedTuple):
    """Where the rule stopped, and how it stood then."""

    n: int
    is_reached: bool
    achieved: float | None
    """Half-width over the mean; None: no interval, or a mean of zero."""


def is_precise(values: Sequence[float] | NDArray[np.float64], relative: float) -> bool:
    """Return whether the mean of values is known to a relative error.

    Notes
    -----
    h / |mean| <= g / (1 + g): so the error is at most g of the true mean, not of the found
    one (Law, Simulation Modeling and Analysis, section 9.4.1).
    """
    interval = t_interval(values)
    if interval.half_width is None:
        return False
    return interval.half_width <= relative / (1 + relative) * abs(interval.mean)


def stop(values: Sequence[float] | NDArray[np.float64], first: int, wanted: Precision) -> Stop:
    """Return where the rule stops among the values, at their end if nowhere.

    Parameters
    ----------
    values
        Of replications 1, 2, ...
    first
        Replications before which it does not look, at least 1.
    wanted
        The precision.
    """
    x = np.asarray(values, float)
    looks = range(min(first, x.size), x.size + 1)
    n = next((n for n in looks if is_precise(x[:n], wanted.relative)), x.size)
    interval = t_interval(x[:n])
    achieved = None
    if interval.half_width is not None and interval.mean:
        achieved = interval.half_width / abs(interval.mean)
    return Stop(n, is_precise(x[:n], wanted.relative), achieved)


def needed(pilot: Sequence[float] | NDArray[np.float64], relative: float) -> int:
    """Return the replications that the spread of a pilot asks for.

    Parameters
    ----------
    pilot
        At least two values, their mean not zero.
    relative
        As in `is_precise`.

    Raises
    ------
    ValueError
        If a million are not enough.
    """
    x = np.asarray(pilot, float)
    bound = relative / (1 + relative) * abs(float(x.mean()))
    spread = float(x.std(ddof=1))
    for n in range(x.size, MOST):
        if t_quantile(n, CONFIDENCE) * spread / n**0.5 <= bound:
            return n
    raise ValueError(f"more than {MOST} replications are needed")


def stop_words(found: Stop, wanted: Precision) -> str:
    """Return the rule's end in words."""
    error = "no interval" if found.achieved is None else f"± {100 * found.achieved:.3g} %"
    asked = f"asked ± {100 * wanted.relative:g} %"
    if found.is_reached:
        return f"precision reached: {wanted.kpi} {error} after {found.n} replications ({asked})"
    return (
        f"precision not reached: {wanted.kpi} {error} after the cap of {found.n} replications "
        f"({asked})"
    )
