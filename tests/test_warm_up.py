"""`--check-warm-up`: the same draws from twice the warm-up, and what that changes (R21)."""

from pathlib import Path

import pytest
import typer
from handmade import legend, plan, trace

from commands.running import compare as run_compare
from commands.running import run
from sim.experiment.pairing import compare
from sim.experiment.replicate import Experiment, run_experiment
from sim.experiment.warmup import Turn, turns
from sim.plan import Plan, Trace

QUEUE = """
schema_version: 1
name: desk
network:
  source: none
  nodes: [{id: a, utc_offset_h: 5}]
  facilities:
    - {id: desk, node: a, operation: handling, servers: 1, mean_h: 2, law: exponential,
       per: consignment}
demand:
  rows:
    - {id: aa, origin: a, destination: a, load_class: box, unit: teu, year: 2023, amount: AMOUNT,
       lot: 2}
window: {start: 2024-01-01, days: 20, warm_up_days: WARM, run_out_days: 2}
experiment: {kind: steady, replications: 10, seed: 3}
"""
"""A desk that serves 12 consignments a day; 730 TEU a year are one a day."""


def desk(folder: Path, name: str, a_day: int, warm_up_days: int) -> str:
    """Return the file of a desk with so many consignments a day."""
    text = QUEUE.replace("AMOUNT", str(730 * a_day)).replace("WARM", str(warm_up_days))
    (folder / f"{name}.yaml").write_text(text.replace("name: desk", f"name: {name}"))
    return str(folder / f"{name}.yaml")


def same(plan: Plan, seed: int, replication: int) -> Trace:
    del plan, seed, replication
    return trace()


def experiment() -> Experiment:
    return run_experiment(plan(), legend(), seed=0, replications=3, run=same)


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return " ".join(capsys.readouterr().out.split())


def test_queue_that_grows_from_an_empty_start_has_too_short_a_warm_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Three a day are left over: after ten days 30 wait and after twenty 60, five hours each.
    run(desk(tmp_path, "desk", 15, 10), out=tmp_path, engine="simpy", check_warm_up=True)

    told = said(capsys)
    assert "Warm-up of 10 days: too short; twice as long a one changes" in told
    assert "transit_mean_d" in told.partition("a one changes")[2]


@pytest.mark.slow
def test_comparison_of_desks_that_forget_their_start_keeps_its_verdicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [desk(tmp_path, "few", 4, 5), desk(tmp_path, "more", 5, 5)]

    run_compare(files, out=tmp_path, engine="simpy", check_warm_up=True)

    assert "Warm-up of 5 days: enough; twice as long a one changes no verdict." in said(capsys)


def test_warm_up_of_nothing_cannot_be_doubled(tmp_path: Path) -> None:
    file = desk(tmp_path, "desk", 4, 0)

    with pytest.raises(typer.BadParameter, match="warm_up_days 0"):
        run(file, out=tmp_path, engine="simpy", check_warm_up=True)


def test_verdict_that_turns_is_named() -> None:
    table = compare(experiment(), experiment()).comparison
    other = table.copy()
    other.loc[other["kpi"] == "teu_delivered", "verdict"] = "less"

    assert turns(table, table) == ()
    assert turns(table, other) == (
        Turn("teu_delivered", "indicative: no difference shown", "less"),
    )
