"""What the factors do: indices, ranges, interactions.

In: the design and one value per point. Out: the table `sensitivity`. Textbook procedures are
SALib's.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.intervals import rounded
from sim.scenario import SweepSection
from sim.sweep.designs import MORRIS_LEVELS, Design, problem_of

COLUMNS = ("kpi", "factor", "measure", "value", "half_width_95", "unit")
LEVELS = 6
"""Bands into which a range is cut for its response."""


Floats = NDArray[np.float64]


def sensitivity(
    section: SweepSection, design: Design, values: Floats, *, kpi: str, unit: str
) -> pd.DataFrame:
    """Return what each factor does to one KPI, as far as the design can tell.

    Parameters
    ----------
    section, design
        Of the sweep.
    values
        `(P,)` mean of the KPI at each point; NaN where a point is not complete.
    kpi, unit
        Of the values.

    Notes
    -----
    `S1`, `ST`: Sobol' indices of first order and total (design saltelli; Saltelli 2010, Jansen
    1999 as in SALib). `mu_star`, `mu`, `sigma`: Morris (1991), Campolongo et al. (2007), per
    full range. `low`, `high`: one factor alone against the base (one_at_a_time). `range`: the
    greatest less the least of the means over the levels or bands of a factor (other designs).
    """
    whole = bool(np.isfinite(values).all())
    rows: list[tuple[str, str, float, float]] = []
    if section.design == "saltelli" and whole and values.std() > 0:
        rows += _sobol(section, values)
    elif section.design == "morris" and whole:
        rows += _morris(section, design, values)
    elif section.design == "one_at_a_time":
        rows += _alone(section, design, values)
    if section.design != "one_at_a_time":
        rows += _ranges(section, design, values)
    units = {"S1": "share", "ST": "share"}
    table = pd.DataFrame(
        [(kpi, factor, what, x, half, units.get(what, unit)) for factor, what, x, half in rows],
        columns=list(COLUMNS),
    )
    figures = ("value", "half_width_95")
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _sobol(section: SweepSection, values: Floats) -> list[tuple[str, str, float, float]]:
    from SALib.analyze import sobol  # noqa: PLC0415 - slow to import

    found: dict[str, Any] = sobol.analyze(
        problem_of(section),
        values,
        calc_second_order=False,
        num_resamples=200,
        seed=section.seed + 1,
    )
    return [
        (factor.id, what, float(found[what][f]), float(found[f"{what}_conf"][f]))
        for what in ("S1", "ST")
        for f, factor in enumerate(section.factors)
    ]


def _morris(
    section: SweepSection, design: Design, values: Floats
) -> list[tuple[str, str, float, float]]:
    from SALib.analyze import morris  # noqa: PLC0415 - slow to import

    found: dict[str, Any] = morris.analyze(
        problem_of(section),
        design.unit,
        values,
        num_levels=MORRIS_LEVELS,
        num_resamples=200,
        seed=section.seed + 1,
    )
    halves = {"mu_star": found["mu_star_conf"]}
    nothing = np.full(len(section.factors), np.nan)
    return [
        (factor.id, what, float(found[what][f]), float(halves.get(what, nothing)[f]))
        for what in ("mu_star", "mu", "sigma")
        for f, factor in enumerate(section.factors)
    ]


def _alone(
    section: SweepSection, design: Design, values: Floats
) -> list[tuple[str, str, float, float]]:
    """Return the least and the greatest change that each factor makes alone."""
    base = values[0]
    rows: list[tuple[str, str, float, float]] = []
    for f, factor in enumerate(section.factors):
        mine = [p for p, point in enumerate(design.points) if point[f] != design.points[0][f]]
        changes = values[mine] - base
        if changes.size and np.isfinite(changes).all():
            rows.append((factor.id, "low", float(min(changes.min(), 0.0)), np.nan))
            rows.append((factor.id, "high", float(max(changes.max(), 0.0)), np.nan))
    return rows


def _ranges(
    section: SweepSection, design: Design, values: Floats
) -> list[tuple[str, str, float, float]]:
    rows: list[tuple[str, str, float, float]] = []
    for f, factor in enumerate(section.factors):
        means = response(section, design, values, f)["value"].to_numpy(float)
        if np.isfinite(means).any():
            rows.append((factor.id, "range", float(np.nanmax(means) - np.nanmin(means)), np.nan))
    return rows


def response(section: SweepSection, design: Design, values: Floats, factor: int) -> pd.DataFrame:
    """Return the mean of a KPI over the points at each level or band of one factor.

    Returns
    -------
    Columns level (its value, or the middle of the band), value, low and high (of the points'
    values there), n.
    """
    place = _places(section, design, factor)
    if section.design == "one_at_a_time":
        base = design.points[0]
        is_alone = [
            all(x == base[f] for f, x in enumerate(point) if f != factor)
            for point in design.points
        ]
        values = np.where(is_alone, values, np.nan)
    rows = []
    for name in dict.fromkeys(sorted(place, key=_order)):
        mine = values[[p for p, at in enumerate(place) if at == name]]
        mine = mine[np.isfinite(mine)]
        if mine.size:
            rows.append((name, mine.mean(), mine.min(), mine.max(), mine.size))
    return pd.DataFrame(rows, columns=["level", "value", "low", "high", "n"])


def interaction(
    section: SweepSection, design: Design, values: Floats, pair: tuple[int, int]
) -> pd.DataFrame:
    """Return the mean of a KPI over the points at each pair of levels of two factors.

    Returns
    -------
    Columns x, y, value.
    """
    first, second = (_places(section, design, f) for f in pair)
    cells: dict[tuple[Any, Any], list[float]] = {}
    for x, y, value in zip(first, second, values.tolist(), strict=True):
        if np.isfinite(value):
            cells.setdefault((x, y), []).append(value)
    order = sorted(cells, key=lambda cell: (_order(cell[0]), _order(cell[1])))
    rows = [(x, y, float(np.mean(cells[x, y]))) for x, y in order]
    return pd.DataFrame(rows, columns=["x", "y", "value"])


def _places(section: SweepSection, design: Design, factor: int) -> list[Any]:
    """Return the level of each point, or the middle of the band in which it lies."""
    one = section.factors[factor]
    points = [point[factor] for point in design.points]
    if one.low is None or len(set(map(repr, points))) <= LEVELS:
        return points
    assert one.high is not None
    width = (one.high - one.low) / LEVELS
    bands = [min(int((float(x) - one.low) / width), LEVELS - 1) for x in points]
    return [float(f"{one.low + (band + 0.5) * width:.6g}") for band in bands]


def _order(level: object) -> tuple[bool, Any]:
    return isinstance(level, str), level


def pairs(count: int) -> Sequence[tuple[int, int]]:
    """Return every pair of factors once."""
    return [(i, j) for i in range(count) for j in range(i + 1, count)]
