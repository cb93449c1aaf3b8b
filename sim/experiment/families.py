"""Several scenarios against one base: claims that hold together.

In: `Experiment` of the base and of each scenario, under the same draws. Out: the table
`family` (columns: `sim.measures.columns`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.intervals import CONFIDENCE, paired_interval, rounded
from sim.experiment.replicate import Experiment, values_of
from sim.experiment.together import adjusted, p_value, t_multiplier
from sim.measures.columns import names

VERDICT_KPIS = ("teu_delivered", "transit_mean_d", "usd_per_teu", "waiting_teu_d")
"""On which a verdict rests (R22)."""


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

    Notes
    -----
    Of each KPI, intervals by Bonferroni over the scenarios, verdicts by Holm.
    """
    rows: list[tuple[object, ...]] = []
    for kpi in kpis:
        mine = values_of(base.replications, kpi)
        theirs = {name: values_of(one.replications, kpi) for name, one in others.items()}
        if all(values.size == mine.size > 1 for values in theirs.values()):
            rows += _of_kpi(kpi, _unit(base, kpi), mine, theirs)
    table = pd.DataFrame(rows, columns=names("family"))
    for column in names("family", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    return table


def _of_kpi(
    kpi: str, unit: str, base: NDArray[np.float64], others: Mapping[str, NDArray[np.float64]]
) -> list[tuple[object, ...]]:
    """Return the rows of one KPI."""
    found = {name: paired_interval(base, values) for name, values in others.items()}
    p = adjusted([p_value(interval) for interval in found.values()])
    wider = t_multiplier(len(others), base.size) / t_multiplier(1, base.size)
    rows: list[tuple[object, ...]] = []
    for (name, interval), chance in zip(found.items(), p.tolist(), strict=True):
        assert interval.half_width is not None
        word = "no difference shown"
        if chance < 1 - CONFIDENCE:
            word = "more" if interval.mean > 0 else "less"
        half = interval.half_width * wider
        sides = float(base.mean()), float(others[name].mean())
        rows.append((kpi, name, *sides, interval.mean, half, interval.n, unit, chance, word))
    return rows


def _unit(experiment: Experiment, kpi: str) -> str:
    table = experiment.replications
    found = table.loc[table["kpi"] == kpi, "unit"]
    return str(found.iloc[0]) if len(found) else ""
