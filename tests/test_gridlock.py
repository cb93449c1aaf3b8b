"""Gridlock through scenario files and the public run command (R13, R14)."""

import json
from pathlib import Path

import pandas as pd
import pytest

from commands.door import status_of
from commands.running import compare, run

TWO_YARDS = "examples/two-yards.yaml"
PORTS = Path(__file__).with_name("known_answers") / "full-port.yaml"


def results(out: Path) -> Path:
    """Return the one folder of results below another."""
    (manifest,) = out.glob("*/*/manifest.json")
    return manifest.parent


def figure(out: Path, kpi: str) -> float:
    """Return a KPI of the one run below a folder."""
    summary = pd.read_csv(results(out) / "summary.csv")
    return float(summary.loc[summary["kpi"] == kpi, "value"].iloc[0])


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_two_full_yards_fail_the_run_in_the_instant_with_the_cycle(
    engine: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = status_of(lambda: run(TWO_YARDS, out=tmp_path, engine=engine), debug=False)

    # By hand, in hours; both sides do the same. The first load goes straight through. The
    # second waits at its first yard, 37 to 68, for the first to leave the other; the third, 75
    # to 123, for the second. The fourth has room at 123 and is ready at 130, but behind it the
    # fifth asked first, at 79: it gets the room that the third leaves at 178, and is ready at
    # 185. Now all four loads in the yards wait for the other yard.
    assert status == 1
    told = capsys.readouterr().err
    assert told.count("gridlock on 2024-06-08 at 17:00, Kazakh time: train ") == 2
    assert "(line_west, rail east_yard to west_yard) takes 100 TEU in the yard of Eastern" in told
    assert "which is full, and waits for room in the yard of Western border" in told
    manifest = json.loads((results(tmp_path) / "manifest.json").read_text())
    assert manifest["status"] == "failed"
    assert len(manifest["gridlock"]) == 2
    assert figure(tmp_path, "teu_delivered") == 600


def test_comparison_with_a_run_that_locked_has_its_report_and_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = status_of(
        lambda: compare(
            [TWO_YARDS, TWO_YARDS], out=tmp_path, engine="simpy", overrides=["split"],
            replications=2,
        ),
        debug=False,
    )  # fmt: skip

    assert status == 1
    assert "replication 1: gridlock on 2024-06-08" in capsys.readouterr().err
    assert list(tmp_path.glob("compare-*/report.html"))


@pytest.mark.parametrize("remedy", ["split", "siding"])
def test_remedy_of_the_scenario_keeps_the_yards_from_locking(remedy: str, tmp_path: Path) -> None:
    run(TWO_YARDS, out=tmp_path, engine="simpy", overrides=[remedy])

    flows = pd.read_csv(results(tmp_path) / "flows.csv")
    assert flows["teu_offered"].sum() == 1400
    assert figure(tmp_path, "unfinished_percent") == 0


def test_yards_parted_by_direction_are_stations_of_their_own(tmp_path: Path) -> None:
    run(TWO_YARDS, out=tmp_path, engine="simpy", overrides=["split"])

    stations = pd.read_csv(results(tmp_path) / "stations.csv")
    yards = stations[stations["station"].str.startswith("yard:")]
    assert yards["station"].tolist() == [
        "yard:east_yard/east",
        "yard:east_yard/west",
        "yard:west_yard/east",
        "yard:west_yard/west",
    ]


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_port_full_of_boxes_for_the_vessels_it_refuses_does_not_lock(
    engine: str, tmp_path: Path
) -> None:
    # Aktau is full of westbound boxes; both feeders lie at Alat with boxes for Aktau.
    run(str(PORTS), out=tmp_path, engine=engine)

    assert figure(tmp_path, "unfinished_percent") == 0
    ledger = pd.read_csv(results(tmp_path) / "ledger.csv")
    held = ledger[(ledger["place"] == "yard:aktau") & (ledger["cause"] == "storage")]
    assert held["teu_h"].sum() > 0
