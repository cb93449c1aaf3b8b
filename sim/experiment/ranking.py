"""Scenarios ranked, each against the base of its own, and whether packages add up.

In: `Pair` of each scenario. Out: the table `ranking` (columns: `sim.measures.columns`), and
the `Interval` of an interaction.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.families import Pair, family_of_pairs
from sim.experiment.intervals import Interval, paired_interval, rounded, t_interval
from sim.experiment.pairing import waiting_by_node
from sim.experiment.replicate import values_of
from sim.experiment.together import t_multiplier
from sim.measures.columns import names

KPIS = {
    "teu": "teu_delivered",
    "transit": "transit_mean_d",
    "waiting": "waiting_teu_d",
    "usd": "usd_per_teu",
    "co2e": "co2e_kg_per_teu",
}
"""Beginning of columns -> KPI."""

GRIDLOCK = "gridlock"
"""Verdict on a pair that has no figures because a run of it failed."""

_FIGURES = ("base", "difference", "half_width", "p_adjusted", "verdict")
_HOURS_A_DAY = 24.0


def ranking(pairs: Mapping[str, Pair], cost_usd: Mapping[str, float]) -> pd.DataFrame:
    """Return scenarios by the throughput they gain, the greatest first, true together at 95 %.

    Parameters
    ----------
    pairs
        Scenario -> its base and itself, with at least two replications.
    cost_usd
        Scenario -> what it costs, where that is known.

    Notes
    -----
    Intervals of a figure hold together over the scenarios (Bonferroni), and so do its verdicts
    (Holm). Cost is divided by the gain only where more is shown. Of a pair in which a replication
    ended in a gridlock nothing is averaged: a run that failed has no year (R14).
    """
    whole = {name: pair for name, pair in pairs.items() if not locked(pair)}
    family = family_of_pairs(whole, tuple(KPIS.values()))
    judged = {(row["scenario"], row["kpi"]): row for row in family.to_dict("records")}
    rows = []
    for name, pair in pairs.items():
        row: dict[str, object] = {"scenario": name, "n": pair.base.setting.replications}
        row["locked"] = locked(pair)
        if name not in whole:
            rows.append(row | {f"{short}_verdict": GRIDLOCK for short in KPIS})
            continue
        for short, kpi in KPIS.items():
            if (name, kpi) in judged:
                found = judged[name, kpi]
                row |= {f"{short}_{figure}": found[figure] for figure in _FIGURES}
        row |= _moved(pair, len(whole))
        row |= _priced(row, cost_usd.get(name))
        rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=names("ranking"))
    for column in names("ranking", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    return table.sort_values(
        ["teu_difference", "scenario"], ascending=[False, True], ignore_index=True
    )


def locked(pair: Pair) -> int:
    """Return in how many replications base or scenario ended in a gridlock."""
    said = [holder for side in pair for holder in side.gridlock]
    return len({holder.partition(":")[0] for holder in said})


def interaction(package: Pair, parts: Sequence[Pair], kpi: str) -> Interval:
    """Return the effect of a package less the sum of those of its parts, by replication.

    Parameters
    ----------
    package, parts
        Under the same draws.
    kpi
        Figure whose differences are added.
    """
    together = _difference(package, kpi)
    return t_interval(together - np.sum([_difference(part, kpi) for part in parts], axis=0))


def _difference(pair: Pair, kpi: str) -> NDArray[np.float64]:
    """Return scenario less base of a KPI in each replication."""
    base, other = (values_of(side.replications, kpi) for side in pair)
    return other - base


def _priced(row: Mapping[str, object], cost: float | None) -> dict[str, object]:
    """Return the cost of a scenario, and that of a TEU a year where one is gained."""
    if cost is None:
        return {}
    said: dict[str, object] = {"cost_usd": cost}
    if row.get("teu_verdict") == "more":
        said["usd_per_teu_gained"] = cost / float(str(row["teu_difference"]))
    return said


def _moved(pair: Pair, comparisons: int) -> dict[str, object]:
    """Return the cause of waiting that changes most, and the node at which it does so most."""
    index, base, other = waiting_by_node(*pair)
    causes, nodes = (index.get_level_values(key).to_numpy(str) for key in ("cause", "node"))
    if not causes.size:
        return {}
    change = (other - base).mean(axis=1)
    known = np.unique(causes)
    sums = np.array([change[causes == name].sum() for name in known])
    cause = known[np.abs(sums).argmax()]
    mine = causes == cause
    at = int(np.where(mine, change * np.copysign(1.0, change[mine].sum()), -np.inf).argmax())
    found = paired_interval(base[mine].sum(axis=0), other[mine].sum(axis=0))
    assert found.half_width is not None
    wider = t_multiplier(comparisons, found.n) / t_multiplier(1, found.n)
    return {
        "cause": str(cause),
        "cause_teu_d": found.mean / _HOURS_A_DAY,
        "cause_half_width": found.half_width * wider / _HOURS_A_DAY,
        "node": str(nodes[at]),
        "node_teu_d": float(change[at]) / _HOURS_A_DAY,
    }
