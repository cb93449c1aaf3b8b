"""Far more demand than the corridor carries: it ends, and says where it ended (R14, R21)."""

from pathlib import Path

import pytest

from sim.kernel.run import run as run_compiled
from sim.results.obtain import Engine, obtain_run
from sim.results.store import RunResult
from sim.scenario import find, load


def overloaded(name: str, out: Path, *sets: str) -> RunResult:
    path = find(name, Path.cwd())
    scenario = load(path, sets=["experiment.replications=1", *sets])
    return obtain_run(scenario, Engine("compiled", run_compiled), out, clock_s=lambda: 0.0)


def how_it_ended(run: RunResult) -> str:
    """Return whether everything was carried, some queues grew, or nothing moved any more."""
    experiment = run.experiment
    if experiment.gridlock:
        assert all("waits for room in the yard of" in holder for holder in experiment.gridlock)
        return "gridlocked"
    if any(remark.startswith("not carried: ") for remark in experiment.remarks):
        (grows,) = (one for one in experiment.remarks if one.startswith("stock grows at: "))
        assert "TEU" in grows
        return "saturated"
    return "delivered"


@pytest.mark.parametrize(("factor", "ending"), [(0.5, "delivered"), (6, "saturated")])
def test_small_corridor_ends_delivered_or_with_the_growing_queues_named(
    factor: float, ending: str, tmp_path: Path
) -> None:
    run = overloaded("small-corridor", tmp_path, f"demand.factor={factor}")

    assert how_it_ended(run) == ending


def test_queues_that_grow_are_those_before_the_trains_that_are_too_few(tmp_path: Path) -> None:
    # From Xi'an a train of 110 TEU leaves every four hours at most: 660 TEU a day, for which
    # 6 x 104 000 x 1.1 / 365 = 1 880 are sent.
    run = overloaded("small-corridor", tmp_path, "demand.factor=6")

    (grows,) = (one for one in run.experiment.remarks if one.startswith("stock grows at: "))
    places = grows.removeprefix("stock grows at: ").split(", ")
    assert [one.startswith("pool:bt1435_xian_dostyk/") for one in places[:4]] == [True] * 3 + [
        False
    ]


@pytest.mark.verify
def test_corridor_of_2024_at_three_times_its_demand_ends(tmp_path: Path) -> None:
    # Every flow for the year, warm-up and run-out, in lots of 10 TEU.
    run = overloaded("baseline.yaml", tmp_path, "demand.factor=3", "demand.lot_teu=10")

    assert how_it_ended(run) in {"saturated", "gridlocked"}
