"""The points of a design: which values the factors take together.

In: `SweepSection`. Out: `Design`. The same section gives the same points for ever.
"""

from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from network.errors import Problem
from sim.errors import ScenarioError
from sim.scenario import Factor, SweepSection, Value

if TYPE_CHECKING:
    from scipy.stats import qmc

GRID_LEVELS = 3
MORRIS_LEVELS = 4

Floats = NDArray[np.float64]
Point = tuple[Value, ...]


class Design(NamedTuple):
    """Points, and where they lie between 0 and 1."""

    points: tuple[Point, ...]
    """Value of each factor, in the order of the factors."""
    unit: Floats
    """`(P, F)` in [0, 1], from which the values were made; the analysis reads it."""


def design(section: SweepSection) -> Design:
    """Return the points of a sweep.

    Raises
    ------
    ScenarioError
        If there are more points than the sweep allows.
    """
    count = size(section)
    if count > section.at_most:
        message = f"{count} points; at most {section.at_most} are run (sweep.at_most)"
        raise ScenarioError([Problem("sweep", message)])
    if section.design == "grid":
        return _listed(section.factors, list(product(*map(levels, section.factors))))
    if section.design == "one_at_a_time":
        return _listed(section.factors, _one_at_a_time(section.factors))
    unit = _drawn(section)
    columns = [
        [_value(factor, float(u)) for u in unit[:, f]] for f, factor in enumerate(section.factors)
    ]
    return Design(tuple(zip(*columns, strict=True)), unit)


def size(section: SweepSection) -> int:
    """Return the number of points without making them."""
    factors, points = len(section.factors), section.points or 0
    counts = [len(levels(factor)) for factor in section.factors]
    sizes = {
        "grid": int(np.prod(np.array(counts, dtype=object))),
        "one_at_a_time": 1 + sum(counts) - factors,
        "saltelli": points * (factors + 2),
        "morris": points * (factors + 1),
    }
    return sizes.get(section.design, points)


def levels(factor: Factor) -> tuple[Value, ...]:
    """Return the values that a grid takes of a factor, in order."""
    if factor.values is not None:
        return factor.values
    if factor.levels is None and factor.whole and _span(factor) < GRID_LEVELS:
        return tuple(_value(factor, u) for u in (0.0, 1.0))
    steps = np.linspace(0.0, 1.0, factor.levels or GRID_LEVELS)
    return tuple(dict.fromkeys(_between(factor, float(u)) for u in steps))


def _span(factor: Factor) -> int:
    return round((factor.high or 0) - (factor.low or 0)) + 1


def _between(factor: Factor, u: float) -> Value:
    """Return what lies at a share of the range, both ends included."""
    assert factor.low is not None
    assert factor.high is not None
    value = factor.low + u * (factor.high - factor.low)
    return round(value) if factor.whole else float(f"{value:.12g}")


def _value(factor: Factor, u: float) -> Value:
    """Return the value of a factor at u in [0, 1]: every value of a list is as likely."""
    if factor.values is not None:
        return factor.values[min(int(u * len(factor.values)), len(factor.values) - 1)]
    if factor.whole:
        assert factor.low is not None
        return round(factor.low) + min(int(u * _span(factor)), _span(factor) - 1)
    return _between(factor, u)


def _one_at_a_time(factors: Sequence[Factor]) -> list[Point]:
    """Return the base point, then each factor's other values with the rest at the base."""
    base = tuple(_base(factor) for factor in factors)
    points = [base]
    for f, factor in enumerate(factors):
        points += [(*base[:f], x, *base[f + 1 :]) for x in levels(factor) if x != base[f]]
    return points


def _base(factor: Factor) -> Value:
    if factor.base is not None:
        return factor.base
    among = levels(factor)
    return among[len(among) // 2]


def _listed(factors: Sequence[Factor], points: Sequence[Point]) -> Design:
    """Return points that were listed, with their places among the levels as shares."""
    unit = np.zeros((len(points), len(factors)))
    for f, factor in enumerate(factors):
        among = list(dict.fromkeys([*levels(factor), *(point[f] for point in points)]))
        among.sort(key=lambda x: (isinstance(x, str), x))
        rank = {x: i / max(len(among) - 1, 1) for i, x in enumerate(among)}
        unit[:, f] = [rank[point[f]] for point in points]
    return Design(tuple(points), unit)


def problem_of(section: SweepSection) -> dict[str, object]:
    """Return the factors as SALib takes them: all between 0 and 1."""
    names = [factor.id for factor in section.factors]
    return {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}


def _drawn(section: SweepSection) -> Floats:
    """Return `(P, F)` shares of a design that is drawn."""
    from scipy.stats import qmc  # noqa: PLC0415 - slow to import

    factors, points = len(section.factors), section.points
    assert points is not None
    if section.design == "latin_hypercube":
        sample: Floats = qmc.LatinHypercube(factors, rng=section.seed).random(points)
        return sample
    if section.design == "sobol":
        return _sobol(qmc.Sobol(factors, rng=section.seed), points)
    if section.design == "saltelli":
        from SALib.sample import sobol  # noqa: PLC0415

        # SALib takes a seed of 0 for none.
        saltelli: Floats = sobol.sample(
            problem_of(section), points, calc_second_order=False, seed=section.seed + 1
        )
        return saltelli
    from SALib.sample import morris  # noqa: PLC0415

    trajectories: Floats = morris.sample(
        problem_of(section), points, num_levels=MORRIS_LEVELS, seed=section.seed + 1
    )
    return trajectories


def _sobol(engine: "qmc.Sobol", points: int) -> Floats:
    """Return the first points of a scrambled sequence, of any number: balance is the user's."""
    exponent = max(points - 1, 1).bit_length()
    sample: Floats = engine.random_base2(exponent)[:points]
    return sample
