"""Experiments of kind `steady`, stopping by precision, families and the best, on real runs."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from queues import TEXT, compiled

from cli import app
from commands.door import status_of
from sim.errors import ResultsError
from sim.experiment.best import best_of
from sim.experiment.families import family
from sim.experiment.pairing import compare
from sim.experiment.replicate import Claim, Experiment, Task, run_experiment
from sim.experiment.selection import Aim
from sim.experiment.stopping import Precision
from sim.kernel.run import run
from sim.measures.places import NOWHERE

SEED = 20260101


def experiment(
    folder: Path,
    load_of_server: float,
    customers: int = 2_000,
    *,
    seed: int = SEED,
    replications: int = 10,
    claim: Claim | None = None,
    jobs: int = 1,
) -> Experiment:
    plan, legend = compiled(folder, load_of_server, customers)
    return run_experiment(
        plan,
        legend,
        seed=seed,
        replications=replications,
        run=run,
        jobs=jobs,
        claim=claim or Claim("steady"),
    )


def row(table: pd.DataFrame, kpi: str) -> "pd.Series[Any]":
    found = table[table["kpi"] == kpi]
    assert len(found) == 1
    return found.iloc[0]


def test_over_capacity_times_and_queues_are_withheld_and_throughput_is_not(
    tmp_path: Path,
) -> None:
    found = experiment(tmp_path, 1.1)

    assert any(remark.startswith("over capacity: server:") for remark in found.remarks)
    assert row(found.summary, "transit_mean_d")["bound"] == "withheld"
    assert np.isnan(row(found.summary, "transit_mean_d")["value"])
    assert np.isnan(found.stations["wait_mean_h"]).all()
    assert row(found.summary, "teu_delivered")["value"] > 1_500
    assert not np.isnan(row(found.replications.head(40), "transit_mean_d")["value"])


def test_same_run_as_a_window_withholds_nothing(tmp_path: Path) -> None:
    found = experiment(tmp_path, 1.1, claim=Claim("window"))

    assert not np.isnan(row(found.summary, "transit_mean_d")["value"])
    assert not any(remark.startswith("over capacity") for remark in found.remarks)


def test_verdict_on_times_of_a_withheld_run_depends_on_the_window(tmp_path: Path) -> None:
    over, under = experiment(tmp_path, 1.1), experiment(tmp_path, 0.5)

    compared = compare(under, over).comparison

    assert row(compared, "transit_mean_d")["verdict"] == "depends on the window"


def test_queue_below_capacity_is_let_through(tmp_path: Path) -> None:
    found = experiment(tmp_path, 0.5)

    assert found.remarks == ()


def test_warm_up_that_was_forgotten_is_seen(tmp_path: Path) -> None:
    # load 0.95 from empty: it takes some 2 / (1 - 0.95)^2 = 800 gaps to fill
    found = experiment(tmp_path, 0.95, 1_500, replications=20)

    assert any(remark.startswith("warm-up too short") for remark in found.remarks)


def test_single_long_run_has_its_batches(tmp_path: Path) -> None:
    found = experiment(tmp_path, 0.5, replications=1)

    assert found.remarks[-1].startswith("one replication: batch means of ten batches give")


def flagged(folder: Path, load_of_server: float, experiments: int) -> float:
    found = [
        experiment(folder, load_of_server, 20_000, seed=seed, replications=5)
        for seed in range(experiments)
    ]
    return sum(any(r.startswith("over capacity") for r in f.remarks) for f in found) / experiments


@pytest.mark.slow
def test_two_per_cent_too_much_is_seen_and_a_fifth_too_little_is_not(tmp_path: Path) -> None:
    assert flagged(tmp_path, 1.02, 1) == 1
    assert flagged(tmp_path, 0.8, 1) == 0


@pytest.mark.verify
def test_two_per_cent_too_much_is_always_seen(tmp_path: Path) -> None:
    assert flagged(tmp_path, 1.02, 50) == 1
    assert flagged(tmp_path, 0.8, 50) <= 0.05


@pytest.mark.slow
def test_rule_stops_at_the_same_replication_whatever_runs_at_once(tmp_path: Path) -> None:
    claim = Claim("steady", Precision("delay_mean_d", 0.05, 60))

    one = experiment(tmp_path, 0.5, 500, replications=5, claim=claim)
    two = experiment(tmp_path, 0.5, 500, replications=5, claim=claim, jobs=3)

    assert 5 < one.setting.replications < 60
    assert one.remarks[0].startswith("precision reached: delay_mean_d")
    pd.testing.assert_frame_equal(one.replications, two.replications)
    assert one.remarks == two.remarks
    delay = row(one.summary, "delay_mean_d")
    assert delay["half_width_95"] / delay["value"] <= 0.05 / 1.05


def test_cap_is_kept_and_said(tmp_path: Path) -> None:
    claim = Claim("steady", Precision("delay_mean_d", 0.001, 7))

    found = experiment(tmp_path, 0.5, 500, replications=5, claim=claim)

    assert found.setting.replications == 7
    assert found.remarks[0].startswith("precision not reached: delay_mean_d")


def test_precision_of_an_unknown_figure_names_the_nearest(tmp_path: Path) -> None:
    claim = Claim("steady", Precision("delay_mean_h", 0.1, 7))

    with pytest.raises(ResultsError, match="no KPI 'delay_mean_h'; did you mean"):
        experiment(tmp_path, 0.5, 500, replications=2, claim=claim)


def test_family_widens_intervals_and_claims_only_what_holds_together(tmp_path: Path) -> None:
    base, faster = experiment(tmp_path, 0.6), experiment(tmp_path, 0.5)

    table = family(base, {"same": base, "faster": faster})
    alone = row(compare(base, faster).comparison, "transit_mean_d")
    mine = table[(table["kpi"] == "transit_mean_d") & (table["scenario"] == "faster")].iloc[0]

    assert mine["verdict"] == "less"
    # t(9, 1 - 0.05 / 4) / t(9, 1 - 0.05 / 2) = 2.6850 / 2.2622
    assert mine["half_width"] / alone["half_width"] == pytest.approx(1.18691, abs=1e-4)
    same = table[table["scenario"] == "same"]
    assert set(same["verdict"]) == {"no difference shown"}
    assert (same["p_adjusted"] == 1).all()


def test_best_server_is_found_with_few_replications(tmp_path: Path) -> None:
    tasks = {
        f"load {size}": Task(*compiled(tmp_path, size, 500), NOWHERE, run, SEED)
        for size in (0.9, 0.5, 0.7)
    }

    found = best_of(tasks, "transit_mean_d", Aim(0.01, 0.95, 10, 100, is_most=False))

    assert [one.scenario for one in found if one.is_left] == ["load 0.5"]
    assert found[0].replications < 100


def written(folder: Path, name: str, mean_h: float) -> str:
    path = folder / f"{name}.yaml"
    text = TEXT.format(mean_h=mean_h, days=10).replace("name: queue", f"name: {name}")
    path.write_text(text, encoding="utf-8")
    return str(path)


def asked(*words: str) -> int:
    return status_of(lambda: app(list(words), prog_name="keruen"), debug=True)


@pytest.mark.slow
def test_select_says_which_is_best(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow, fast = written(tmp_path, "slow", 0.14), written(tmp_path, "fast", 0.1)

    status = asked(
        "select", slow, fast, "--by", "transit_mean_d", "--want", "least",
        "--difference", "0.001", "--first", "3", "--json",
    )  # fmt: skip

    rows = json.loads(capsys.readouterr().out)
    assert status == 0
    assert [row["left"] for row in rows] == ["", "yes"]


def test_select_refuses_one_scenario_and_a_difference_of_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    slow, fast = written(tmp_path, "slow", 0.14), written(tmp_path, "fast", 0.1)

    assert asked("select", slow, "--difference", "1") == 2
    assert asked("select", slow, fast, "--difference", "0") == 2
    assert "two or more" in capsys.readouterr().err


@pytest.mark.slow
def test_warm_up_is_checked_and_several_are_compared_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path / "results"), "--replications", "4"]
    slow, fast = written(tmp_path, "slow", 0.1), written(tmp_path, "fast", 0.08)

    # it was begun a day before its window: the same from two days before
    checked = asked("run", slow, *out, "--check-warm-up", "--set", "window.warm_up_days=1")
    assert "Warm-up of 1 days: enough" in capsys.readouterr().out
    compared = asked("compare", slow, fast, slow, *out)

    assert (checked, compared) == (0, 0)
    assert "All scenarios together" in capsys.readouterr().out
    (table,) = (tmp_path / "results").glob("family-*/family.csv")
    verdicts = pd.read_csv(table).set_index(["kpi", "scenario"])["verdict"]
    assert set(verdicts) == {"less", "no difference shown"}
