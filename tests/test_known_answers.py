"""Queues whose answers are known, as scenario files through the public run path.

Thinned here; in full under `verify`, whose figures stand in `docs/verification.md`.
"""

import csv
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from answers import FOLDER, Case, Floats, answer, cases, judge, judged, left_out, measured, thinned
from verification import page

from sim.engine.run import run as run_simpy
from sim.experiment.replicate import Experiment
from sim.kernel.run import run as run_compiled
from sim.scenario import load

ROOT = Path(__file__).resolve().parents[1]
THINNED_HALF_WIDTH = 0.35
"""Share of the value: a short run must say something."""
RESULTS = ROOT / "results" / "known-answers"
"""Kept: what is finished is not run again."""
FIRST = frozenset(
    [
        "mm1-a",
        "mmc-3",
        "mmc-20",
        "mg1-det-a",
        "mg1-ln-a",
        "mg1-gam-a",
        "mdc-2",
        "prio-2-np-c1",
        "prio-2-np-c2",
        "tandem-3",
        "kbatch-40",
        "bulk-ab",
        "ferry-inf",
        "cal-mm1-finish",
    ]
)
SHORT = [
    pytest.param(case, id=case.id, marks=[] if case.id in FIRST else pytest.mark.slow)
    for case in cases()
]


@pytest.mark.parametrize("case", SHORT)
def test_short_run_agrees_with_the_known_answer(case: Case, tmp_path: Path) -> None:
    experiment = answer(thinned(case), tmp_path, run_simpy)

    verdict = judge(case, measured(case, experiment), max_rel_half_width=THINNED_HALF_WIDTH)

    assert verdict.passes, verdict


@pytest.mark.verify
@pytest.mark.parametrize("case", cases(), ids=[case.id for case in cases()])
def test_full_run_agrees_with_the_known_answer(case: Case) -> None:
    verdict = judged(case, RESULTS, run_compiled)

    assert verdict.passes, verdict


@pytest.mark.verify
def test_figures_of_the_full_runs_are_written_down() -> None:
    verdicts = [judged(case, RESULTS, run_compiled) for case in cases()]

    text = page(cases(), verdicts, left_out(), datetime.now(UTC).date())
    (ROOT / "docs" / "verification.md").write_text(text, encoding="utf-8")

    assert all(verdict.passes for verdict in verdicts)


def test_the_run_command_gives_the_same_figure(tmp_path: Path) -> None:
    case = next(case for case in cases() if case.id == "dd1-close-total")
    command = [
        sys.executable,
        "cli.py",
        "run",
        str(FOLDER / case.scenario),
        "--out",
        str(tmp_path),
    ]

    done = subprocess.run(
        [*command, "--engine", "simpy", "--json"], cwd=ROOT, capture_output=True, check=True
    )

    assert json.loads(done.stdout)
    (written,) = tmp_path.glob("*/*/summary.csv")
    with written.open(encoding="utf-8") as file:
        value = next(r["value"] for r in csv.DictReader(file) if r["kpi"] == case.figure["kpi"])
    # TEU-days of one TEU each; a unit of the case is a minute.
    assert float(value) * 1440 == pytest.approx(case.exact[0], abs=1e-6)


def short(name: str, folder: Path, *sets: str) -> Experiment:
    """Return two replications of some days of a case's scenario, without days around them."""
    window = [f"window.{key}={value}" for key, value in (("warm_up_days", 0), ("run_out_days", 0))]
    more = ["window.days=6", "experiment.replications=2", *window, *sets]
    return answer(load(FOLDER / f"{name}.yaml", sets=more), folder, run_simpy)


def kpis(experiment: Experiment, name: str) -> Floats:
    table = experiment.replications
    return table.loc[table["kpi"] == name, "value"].to_numpy(float)


@pytest.mark.parametrize("name", ["mm1-a", "mmc-3", "tandem-3", "bulk-ab", "cal-mm1-finish"])
def test_number_inside_is_rate_times_time_on_every_path(name: str, tmp_path: Path) -> None:
    experiment = short(name, tmp_path)

    # All come in the window, none is refused, and the unfinished count at their age, so the
    # two sides of Little's law are the same integral (prop-little).
    days = experiment.setting.window_s / 86_400
    inside = kpis(experiment, "stock_mean_teu") * days
    stayed = kpis(experiment, "teu_created") * kpis(experiment, "transit_mean_d")
    assert inside == pytest.approx(stayed, rel=1e-6)


@pytest.mark.parametrize("name", ["mmck-1-5-block", "prio-3-np-c2", "batcharr", "bas-3-1"])
def test_all_that_came_left_is_inside_or_was_refused(name: str, tmp_path: Path) -> None:
    experiment = short(name, tmp_path)

    # In the mean of the replications by load class; every run checks every instant itself
    # (prop-conserve).
    table = experiment.conservation
    assert (table["instants"] > 0).all()
    accounted = table["delivered"] + table["inside"] + table["refused"]
    assert accounted.to_numpy() == pytest.approx(table["created"].to_numpy(), rel=1e-9)


@pytest.mark.parametrize("servers", [1, 2, 3])
def test_shorter_services_delay_no_start_at_one_station(servers: int, tmp_path: Path) -> None:
    name, staff = "mmc-3", f"network.facilities[server].servers={servers}"
    rate = f"demand.factor={servers * 0.3}"
    before = short(name, tmp_path, staff, rate)
    after = short(name, tmp_path, staff, rate, "network.facilities[server].mean_h=0.15")

    # Nine tenths of the service, the same draws: each consignment, wait for wait
    # (prop-mono-service).
    for old, new in zip(before.cohorts, after.cohorts, strict=True):
        assert np.array_equal(old.number, new.number)
        assert (new.delay_s <= old.delay_s).all()
        assert (new.delay_s < old.delay_s).any()
