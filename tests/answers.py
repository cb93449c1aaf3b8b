"""Known answers: cases, their runs through scenario files, and the rule that judges them.

A case of `known_answers.json` names a scenario of `known_answers/`, the figure of its
results that is judged, and how long one unit of time is in it.
"""

import json
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from sim.experiment.replicate import Experiment, Run
from sim.results.obtain import Engine, obtain_run
from sim.scenario import load
from sim.scenario.models import Scenario

FOLDER = Path(__file__).with_name("known_answers")
BANK = Path(__file__).with_name("known_answers.json")
LEAST_REPLICATIONS = 20
AT_ONCE = 500
"""Replications of one run: all their tables are in memory together."""
FRESH = 1000
"""From the first seeds to those of a second try."""
DAY_S = 86_400
HOUR_S = 3_600

Floats = NDArray[np.float64]


class Case(NamedTuple):
    """One quantity with its exact value, and where a run states it."""

    id: str
    family: str
    parameters: Mapping[str, Any]
    quantity: str
    exact: tuple[float, ...]
    source: str
    max_rel_half_width: float | None
    """Share of the exact value; None: the run is deterministic, or held to a bound."""
    is_bound: bool
    """The exact value is the least that may come out."""
    scenario: str
    unit_s: int
    """Seconds of one unit of time."""
    figure: Mapping[str, Any]
    thinned: Mapping[str, int]
    """Settings of the short run, as `--set` takes them."""


class Verdict(NamedTuple):
    """What the replications say of a case."""

    measured: tuple[float, ...]
    half_width: float | None
    """Of the 95 % interval; None for a deterministic run."""
    n: int
    is_close: bool
    """Within t(0.9995, n - 1) standard errors, not below its bound, or equal to the second."""
    is_sharp: bool
    """The half-width is at most the stated share of the exact value."""
    is_second: bool = False
    """It was run once more with fresh seeds, and these are the figures."""

    @property
    def passes(self) -> bool:
        """Return whether the case is met: a wide interval is no proof."""
        return self.is_close and self.is_sharp


@cache
def cases() -> tuple[Case, ...]:
    """Return all cases, in the order of the file."""
    return tuple(_case(entry) for entry in json.loads(BANK.read_text())["cases"])


def _case(entry: Mapping[str, Any]) -> Case:
    exact = entry["exact_value"]
    return Case(
        id=entry["id"],
        family=entry["family"],
        parameters=entry["parameters"],
        quantity=entry["quantity"],
        exact=tuple(exact) if isinstance(exact, list) else (exact,),
        source=entry["source"],
        max_rel_half_width=entry.get("max_rel_half_width"),
        is_bound=entry.get("bound") == "at least",
        scenario=entry["scenario"],
        unit_s=entry["unit_s"],
        figure=entry["figure"],
        thinned=entry.get("thinned", {}),
    )


@cache
def left_out() -> Mapping[str, str]:
    """Return what the language does not say, by case, and why."""
    reasons: Mapping[str, str] = json.loads(BANK.read_text())["left_out"]
    return reasons


def scenario_of(case: Case, **settings: int) -> Scenario:
    """Return the scenario of a case, with settings by name as in `seed=3`."""
    sets = [f"experiment.{key}={value}" for key, value in settings.items()]
    return load(FOLDER / case.scenario, sets=sets)


def thinned(case: Case) -> Scenario:
    """Return the short scenario of a case."""
    sets = [f"{key}={value}" for key, value in case.thinned.items()]
    return load(FOLDER / case.scenario, sets=sets)


def answer(scenario: Scenario, root: Path, run: Run, *, jobs: int = 1) -> Experiment:
    """Return the results of a scenario as `keruen run` makes them, figures apart."""
    engine = Engine(run.__module__, run, jobs)
    return obtain_run(scenario, engine, root, clock_s=time.perf_counter).experiment


def measured(case: Case, experiment: Experiment) -> Floats:
    """Return the figure of a case in its units, (replications, values)."""
    if "completions" in case.figure:
        return _completions(case, experiment)
    if "makespan" in case.figure:
        longest_s = _transits_s(case.figure["makespan"], experiment).max()
        return np.array([[longest_s / case.unit_s]])
    values = _values(experiment.replications, case.figure["kpi"])
    if "over" in case.figure:
        values = values / _values(experiment.replications, case.figure["over"])
    scale = {
        "h": HOUR_S / case.unit_s,
        "d": DAY_S / case.unit_s,
        "1/d": case.unit_s / DAY_S,
        "1/window": case.unit_s / experiment.setting.window_s,
        "%": 0.01,
        "1": 1.0,
    }
    found: Floats = (values * scale[case.figure["unit"]])[:, None]
    return found


def judge(case: Case, figures: Floats, *, max_rel_half_width: float | None = None) -> Verdict:
    """Return the verdict on a case.

    Parameters
    ----------
    figures
        Of `measured`.
    max_rel_half_width
        In place of the case's own.

    Notes
    -----
    |mean - exact| <= t(0.9995, n - 1) SE, n >= 20, and a 95 % half-width of at most the
    stated share. A deterministic run must agree to the second: half of one is rounding.
    """
    exact = np.array(case.exact)
    mean = figures.mean(axis=0)
    n = len(figures)
    if n < LEAST_REPLICATIONS:
        is_equal = bool(np.all(np.abs(mean - exact) * case.unit_s < 0.5))
        return Verdict(tuple(mean.tolist()), None, n, is_equal, is_sharp=True)
    error = float(figures.std(ddof=1)) / n**0.5
    width = float(stdtrit(n - 1, 0.975)) * error
    distance = exact[0] - mean[0] if case.is_bound else abs(mean[0] - exact[0])
    share = case.max_rel_half_width if max_rel_half_width is None else max_rel_half_width
    is_sharp = share is None or width <= share * abs(exact[0])
    is_close = bool(distance <= float(stdtrit(n - 1, 0.9995)) * error)
    return Verdict(tuple(mean.tolist()), width, n, is_close, is_sharp)


def judged(case: Case, root: Path, run: Run, *, jobs: int = 1) -> Verdict:
    """Return the verdict of a full run; what fails is run once more with fresh seeds."""
    verdict = judge(case, _full(case, root, run, jobs, first_seed=0))
    if not verdict.passes and verdict.half_width is not None:
        verdict = judge(case, _full(case, root, run, jobs, first_seed=FRESH))
        verdict = verdict._replace(is_second=True)
    return verdict


def _full(case: Case, root: Path, run: Run, jobs: int, *, first_seed: int) -> Floats:
    """Return the figures of all replications; many are run in parts, each with its seed."""
    experiment = scenario_of(case).experiment
    seed, left = experiment.seed + first_seed, experiment.replications
    parts: list[Floats] = []
    while left:
        part = min(left, AT_ONCE)
        scenario = scenario_of(case, seed=seed, replications=part)
        parts.append(measured(case, answer(scenario, root, run, jobs=jobs)))
        seed, left = seed + 1, left - part
    return np.concatenate(parts)


def _values(replications: pd.DataFrame, kpi: str) -> Floats:
    found = replications.loc[replications["kpi"] == kpi, "value"].to_numpy(float)
    assert found.size, f"no KPI {kpi}"
    return found


def _transits_s(flow: str, experiment: Experiment) -> Floats:
    """Return the transit times of a flow in the first replication, in order of number."""
    cohort = experiment.cohorts[0]
    mine = cohort.flow_id[cohort.flow] == flow
    order = np.argsort(cohort.number[mine])
    transits: Floats = cohort.transit_s[mine][order].astype(np.float64)
    return transits


def _completions(case: Case, experiment: Experiment) -> Floats:
    """Return arrival plus transit of each consignment, (1, consignments)."""
    arrivals: Sequence[float] = case.parameters["arrivals"]
    transit_s = _transits_s(case.figure["completions"], experiment)
    spent_s = transit_s - case.figure.get("less_s", 0)
    found: Floats = (np.array(arrivals) + spent_s / case.unit_s)[None, :]
    return found
