"""Several scenarios against one base, or each against its own: claims that hold together.

In: `Experiment` of each base and scenario, under the same draws. Out: the table
`family` (columns: `sim.measures.columns`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.intervals import CONFIDENCE, paired_interval, rounded
from sim.experiment.replicate import Experiment, values_of
from sim.experiment.together import adjusted, p_value, t_multiplier
from sim.measures.columns import names

VERDICT_KPIS = ("teu_delivered", "transit_mean_d", "usd_per_teu", "waiting_teu_d")
"""On which a verdict rests (R22)."""


class Pair(NamedTuple):
    """Two experiments under the same draws."""

    base: Experiment
    other: Experiment


def family(
    base: Experiment, others: Mapping[str, Experiment], kpis: Sequence[str] = VERDICT_KPIS
) -> pd.DataFrame:
    """Return what several scenarios change against a base, true together at 95 %.

    Parameters
    ----------
    base
        Under the same draws as the others, with at least two replications.
    others
        Scenario -> its experiment.
    kpis
        That are compared; one that some experiment lacks is left out.
    """
    return family_of_pairs({name: Pair(base, one) for name, one in others.items()}, kpis)


def family_of_pairs(pairs: Mapping[str, Pair], kpis: Sequence[str] = VERDICT_KPIS) -> pd.DataFrame:
    """Return what several scenarios change, each against its base, true together at 95 %.

    Parameters
    ----------
    pairs
        Scenario -> its base and itself, with at least two replications.
    kpis
        Figures that are judged; one that a pair lacks is left out for all.

    Notes
    -----
    Of each KPI, intervals by Bonferroni over the scenarios, verdicts by Holm.
    """
    rows: list[tuple[object, ...]] = []
    for kpi in kpis:
        sides = {name: _sides(pair, kpi) for name, pair in pairs.items()}
        if all(base.size == other.size > 1 for base, other in sides.values()):
            rows += _of_kpi(kpi, _unit(next(iter(pairs.values())).base, kpi), sides)
    table = pd.DataFrame(rows, columns=names("family"))
    for column in names("family", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    return table


def _sides(pair: Pair, kpi: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a KPI of base and scenario by replication."""
    return values_of(pair.base.replications, kpi), values_of(pair.other.replications, kpi)


def _of_kpi(
    kpi: str, unit: str, sides: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
) -> list[tuple[object, ...]]:
    """Return the rows of one KPI."""
    found = {name: paired_interval(base, other) for name, (base, other) in sides.items()}
    p = adjusted([p_value(interval) for interval in found.values()])
    rows: list[tuple[object, ...]] = []
    for (name, interval), chance in zip(found.items(), p.tolist(), strict=True):
        assert interval.half_width is not None
        word = "no difference shown"
        if chance < 1 - CONFIDENCE:
            word = "more" if interval.mean > 0 else "less"
        wider = t_multiplier(len(sides), interval.n) / t_multiplier(1, interval.n)
        means = (float(side.mean()) for side in sides[name])
        half = interval.half_width * wider
        rows.append((kpi, name, *means, interval.mean, half, interval.n, unit, chance, word))
    return rows


def _unit(experiment: Experiment, kpi: str) -> str:
    table = experiment.replications
    found = table.loc[table["kpi"] == kpi, "unit"]
    return str(found.iloc[0]) if len(found) else ""
