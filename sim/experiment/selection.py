"""The best of several scenarios, with a stated chance of being right.

In: a function that runs (scenario, replication) pairs. Out: `Selection`. Fully sequential: a
scenario that is clearly worse is run no longer.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Pairs = Sequence[tuple[int, int]]
Draw = Callable[[Pairs], Sequence[float]]
"""Values of (scenario, replication), both from 0, in the order of the pairs."""


class Aim(NamedTuple):
    """What is sought, and how surely."""

    indifference: float
    """Difference of means that is worth finding, > 0: within it any is as good."""
    confidence: float = 0.95
    """Chance of the best one, if it is better by at least that; in (1 / scenarios, 1)."""
    first: int = 10
    """Replications before the first scenario may be dropped, at least 2."""
    at_most: int = 1_000
    """Replications of one scenario, the cap."""
    is_most: bool = True
    """Whether the greatest mean is sought, or the least."""


class Selection(NamedTuple):
    """Who is left, and what was spent on each."""

    survivors: tuple[int, ...]
    """One if the procedure ended; more if the cap was met."""
    n: NDArray[np.int64]
    """`(K,)` replications of each scenario."""
    means: NDArray[np.float64]
    """`(K,)` over them."""


def select(count: int, draw: Draw, aim: Aim) -> Selection:
    """Return the best of `count` scenarios by the procedure KN.

    Parameters
    ----------
    count
        Scenarios, at least 2.
    draw
        Runs pairs of scenario and replication; the same replication has the same draws in
        every scenario.
    aim
        What is sought.

    Notes
    -----
    Kim and Nelson (2001), c = 1: eta = ((2 a / (k - 1))^(-2 / (n0 - 1)) - 1) / 2,
    h^2 = 2 eta (n0 - 1). After r replications i is dropped if some l that is left has a mean
    greater by more than max(0, d / (2 r) (h^2 S_il^2 / d^2 - r)), S_il^2 the variance of
    their n0 first differences. Holds for normal values, paired ones too: common random
    numbers make the differences, and so the work, smaller.
    """
    alternatives = list(range(count))
    first = _drawn(draw, alternatives, range(aim.first)) * (1 if aim.is_most else -1)
    apart = first[:, None, :] - first[None, :, :]
    spread = apart.var(axis=2, ddof=1)
    share = 2 * (1 - aim.confidence) / (count - 1)
    eta = (share ** (-2 / (aim.first - 1)) - 1) / 2
    reach = 2 * eta * (aim.first - 1) * spread / aim.indifference**2
    sums, n = first.sum(axis=1), np.full(count, aim.first)
    left, r = alternatives, aim.first
    while True:
        slack = np.maximum(0.0, aim.indifference / (2 * r) * (reach - r))
        left = [i for i in left if not _is_beaten(i, left, sums / r, slack)]
        if len(left) == 1 or r >= aim.at_most:
            break
        sums[left] += _drawn(draw, left, range(r, r + 1))[:, 0] * (1 if aim.is_most else -1)
        r += 1
        n[left] = r
    means = sums / n * (1 if aim.is_most else -1)
    return Selection(tuple(left), n, means)


def _is_beaten(
    i: int, left: Sequence[int], means: NDArray[np.float64], slack: NDArray[np.float64]
) -> bool:
    return any(means[i] < means[j] - slack[i, j] for j in left if j != i)


def _drawn(draw: Draw, alternatives: Sequence[int], replications: range) -> NDArray[np.float64]:
    """Return `(alternatives, replications)` values."""
    pairs = [(i, r) for i in alternatives for r in replications]
    return np.array(draw(pairs), float).reshape(len(alternatives), len(replications))
