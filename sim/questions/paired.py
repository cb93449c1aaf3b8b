"""Variants against their base: paired effects that hold together, screened or confirmed.

In: a base scenario, `Variant`s, how runs are obtained. Out: `Effects`.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import pandas as pd

from sim.experiment.families import family
from sim.experiment.replicate import Experiment
from sim.measures.columns import names
from sim.questions.answers import Asking, experiments
from sim.questions.variants import Variant, with_changes, with_experiment
from sim.scenario import Scenario


class Stage(NamedTuple):
    """One base and what was run against it under the same draws."""

    name: Literal["all", "screened", "confirmed"]
    base: Experiment
    others: Mapping[str, Experiment]
    """Variant -> its experiment, those that gridlocked left out."""
    gridlocked: Mapping[str, str]
    """Variant -> who waits for whom."""
    family: pd.DataFrame
    """Their table `family`."""


class Effect(NamedTuple):
    """One variant's paired difference of one KPI."""

    difference: float
    half_width: float
    """Widened to hold with those of the other variants of its stage."""
    p_adjusted: float
    verdict: str
    """`more`, `less`, `no difference shown`."""


class Screening(NamedTuple):
    """A first pass over all variants before the best of them are confirmed."""

    replications: int
    """Of the first pass, at least 2."""
    confirm: int
    """Variants that are run again, with draws of their own, at least 1."""
    kpi: str
    """By whose difference they are chosen."""
    want: Literal["most", "least"]


def stage(
    base: Scenario,
    variants: Sequence[Variant],
    asking: Asking,
    kpis: Sequence[str],
    *,
    question: str,
    name: Literal["all", "screened", "confirmed"] = "all",
) -> Stage:
    """Return what variants change against their base.

    Parameters
    ----------
    base
        With its seed and replications.
    variants
        At least one, ids unlike.
    asking
        How runs are obtained.
    kpis
        Of the family.
    question
        For the names of the variants' scenarios.
    name
        Of the stage.
    """
    scenarios = [
        with_changes(base, one.changes, name=f"{base.name}-{question}", title=one.what)
        for one in variants
    ]
    first, *rest = experiments([base, *scenarios], asking)
    found = dict(zip((one.id for one in variants), rest, strict=True))
    stuck = {key: one.gridlock[0] for key, one in found.items() if one.gridlock}
    moving = {key: one for key, one in found.items() if key not in stuck}
    table = family(first, moving, kpis) if moving else pd.DataFrame(columns=names("family"))
    return Stage(name, first, moving, stuck, table)


def stages(
    base: Scenario,
    variants: Sequence[Variant],
    asking: Asking,
    kpis: Sequence[str],
    *,
    question: str,
    screening: Screening | None,
) -> tuple[Stage, ...]:
    """Return one stage with all variants, or the screening of all and the test of the best.

    Who was best in the first pass was also lucky in it: those are run again under another
    seed, and only that is said of them.

    Parameters
    ----------
    base, variants, asking, kpis, question
        As for `stage`.
    screening
        None: one stage.
    """
    if screening is None or len(variants) <= screening.confirm:
        return (stage(base, variants, asking, kpis, question=question),)
    few = with_experiment(base, replications=screening.replications)
    first = stage(few, variants, asking, kpis, question=question, name="screened")
    chosen = set(_best(first, screening))
    fresh = with_experiment(base, seed=base.experiment.seed + 1)
    best = [one for one in variants if one.id in chosen]
    return stage(fresh, best, asking, kpis, question=question, name="confirmed"), first


def _best(found: Stage, screening: Screening) -> list[str]:
    table = found.family[found.family["kpi"] == screening.kpi]
    ordered = table.sort_values("difference", ascending=screening.want == "least", kind="stable")
    return ordered["scenario"].astype(str).tolist()[: screening.confirm]


def effect(found: Stage, variant: str, kpi: str) -> Effect | None:
    """Return what a variant changes of a KPI, None where it is not known."""
    table = found.family
    rows = table[(table["kpi"] == kpi) & (table["scenario"] == variant)]
    if rows.empty:
        return None
    row = rows.iloc[0]
    return Effect(
        float(row["difference"]),
        float(row["half_width"]),
        float(row["p_adjusted"]),
        str(row["verdict"]),
    )
