"""Sweeps: designs, keys, the journal, workers that die, tables that do not care."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.errors import GridlockError, ResultsError, ScenarioError
from sim.kernel.run import run
from sim.plan import Plan as Compiled
from sim.plan import Trace
from sim.scenario import SweepSection, load, load_sweep
from sim.sweep.analysis import interaction, response, sensitivity
from sim.sweep.conduct import Plan, State
from sim.sweep.crews import local_crew
from sim.sweep.designs import design
from sim.sweep.folder import estimate, obtain
from sim.sweep.points import Points, points
from sim.sweep.store import DONE, FAILED, Journal, Record, journal
from sim.sweep.tables import FILES

ROOT = Path(__file__).resolve().parents[1]
SMALL = ROOT / "tests/sweeps/small.yaml"


def section(kind: str, count: int | None = None, **factors: dict[str, Any]) -> SweepSection:
    return SweepSection.model_validate_json(
        json.dumps(
            {
                "design": kind,
                "points": count,
                "factors": [
                    {"id": name, "path": f"demand.{name}", **said}
                    for name, said in factors.items()
                ],
            }
        )
    )


UNIT = {"low": 0.0, "high": 1.0}


def test_grid_has_every_combination_in_order() -> None:
    made = design(section("grid", a={"values": [3, 1]}, b={"low": 0, "high": 1, "levels": 3}))

    assert made.points == ((3, 0.0), (3, 0.5), (3, 1.0), (1, 0.0), (1, 0.5), (1, 1.0))
    assert made.unit.tolist()[0] == [1.0, 0.0]


def test_grid_of_whole_numbers_has_no_number_twice() -> None:
    made = design(section("grid", a={"low": 1, "high": 2, "whole": True}))

    assert made.points == ((1,), (2,))


def test_latin_hypercube_hits_each_stratum_once_and_again_the_same() -> None:
    asked = section("latin_hypercube", 40, a=UNIT, b=UNIT, c=UNIT)
    one, two = design(asked), design(asked)

    for column in one.unit.T:
        assert sorted((column * 40).astype(int)) == list(range(40))
    assert np.array_equal(one.unit, two.unit)


def test_sobol_points_lie_more_evenly_than_a_latin_hypercube() -> None:
    from scipy.stats import qmc

    factors = dict.fromkeys("abcd", UNIT)
    even = qmc.discrepancy(design(section("sobol", 256, **factors)).unit)

    assert even < qmc.discrepancy(design(section("latin_hypercube", 256, **factors)).unit)


def test_whole_numbers_are_equally_likely_and_words_are_chosen() -> None:
    made = design(
        section("sobol", 64, a={"low": 1, "high": 4, "whole": True}, b={"values": ["x", "y"]})
    )

    counts = pd.Series([point[0] for point in made.points]).value_counts()
    assert counts.to_dict() == {1: 16, 2: 16, 3: 16, 4: 16}
    assert {point[1] for point in made.points} == {"x", "y"}


def test_one_at_a_time_starts_at_the_base_and_moves_one() -> None:
    made = design(section("one_at_a_time", a={"values": [1, 2, 3]}, b={**UNIT, "base": 0.0}))

    assert made.points == ((2, 0.0), (1, 0.0), (3, 0.0), (2, 0.5), (2, 1.0))


@pytest.mark.parametrize(
    ("kind", "count", "size"), [("saltelli", 8, 8 * 5), ("morris", 4, 4 * 4), ("sobol", 5, 5)]
)
def test_design_has_the_points_that_its_rule_says(kind: str, count: int, size: int) -> None:
    made = design(section(kind, count, a=UNIT, b=UNIT, c=UNIT))

    assert len(made.points) == size
    assert made.unit.shape == (size, 3)


def test_too_many_points_are_refused_with_their_count() -> None:
    with pytest.raises(ScenarioError, match="1000000 points; at most 100000"):
        design(section("grid", None, **{f: {"levels": 10, **UNIT} for f in "abcdef"}))


def ishigami(u: np.ndarray) -> np.ndarray:
    x = np.pi * (2 * u - 1)
    result: np.ndarray = (
        np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])
    )
    return result


def found(table: pd.DataFrame, measure: str) -> list[float]:
    return table.loc[table["measure"] == measure, "value"].tolist()


@pytest.mark.slow
def test_sobol_indices_of_the_ishigami_function_are_the_known_ones() -> None:
    asked = section("saltelli", 4096, a=UNIT, b=UNIT, c=UNIT)
    made = design(asked)

    table = sensitivity(asked, made, ishigami(made.unit), kpi="y", unit="")

    assert found(table, "S1") == pytest.approx([0.3139, 0.4424, 0.0], abs=0.03)
    assert found(table, "ST") == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.03)


def test_morris_effects_of_a_plane_with_a_twist_are_the_known_ones() -> None:
    asked = section("morris", 100, a=UNIT, b=UNIT, c=UNIT)
    made = design(asked)
    a, b, _ = made.unit.T

    table = sensitivity(asked, made, 10 * a + 5 * b + a * b, kpi="y", unit="")

    assert found(table, "mu_star") == pytest.approx([10.5, 5.5, 0.0], abs=0.4)


def test_one_at_a_time_gives_the_ends_of_the_tornado_and_gaps_are_left_out() -> None:
    asked = section("one_at_a_time", a={"values": [1, 2, 3]}, b={"values": [5, 6]})
    made = design(asked)

    table = sensitivity(asked, made, np.array([10.0, 7.0, 14.0, np.nan]), kpi="y", unit="d")

    assert found(table, "low") == [-3.0]
    assert found(table, "high") == [4.0]
    # the base's level is the base alone, not the points at which others move
    alone = response(asked, made, np.array([10.0, 7.0, 14.0, np.nan]), 0)
    assert alone["value"].tolist() == [7.0, 10.0, 14.0]


def test_response_and_interaction_are_means_over_the_points_there() -> None:
    asked = section("grid", a={"values": [1, 2]}, b={"values": ["x", "y"]})
    made = design(asked)
    values = np.array([1.0, 3.0, 5.0, np.nan])

    assert response(asked, made, values, 0)["value"].tolist() == [2.0, 5.0]
    assert interaction(asked, made, values, (0, 1))["value"].tolist() == [1.0, 3.0, 5.0]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("  design: gird", "design: must be one of"),
        ("  design: grid\n  points: 8", "design grid takes no `points`"),
        ("  design: morris", "design morris needs `points`"),
        ("  design: grid\n  sed: 1", "unknown key 'sed'; did you mean 'seed'?"),
    ],
)
def test_wrong_sweep_is_told_with_its_line(tmp_path: Path, said: str, message: str) -> None:
    text = SMALL.read_text(encoding="utf-8").replace("  design: grid", said)
    path = tmp_path / "wrong.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError) as error:
        load(path)

    assert message in str(error.value)
    assert "wrong.yaml:" in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("values: [1, 2, 3]", "values: [1, 1]", "a value stands twice"),
        ("low: 0.8, ", "", "low must be below high"),
        ("low: 0.8, high: 1.2", "values: [1], low: 3", "either values, or low and high"),
        ("path: demand.factor", "path: 'demand..factor'", "sweep.factors[demand].path"),
        ("path: demand.factor", "path: demand.faktor", "unknown key 'faktor'"),
        ("facilities[server]", "facilities[serverr]", "serverr"),
    ],
)
def test_wrong_factor_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = tmp_path / "wrong.yaml"
    path.write_text(SMALL.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")

    with pytest.raises(Exception, match=r"sweep|unknown|server") as error:
        points(path)

    assert message in str(error.value)


def test_file_without_a_sweep_is_none() -> None:
    with pytest.raises(ScenarioError, match="sweep: is missing"):
        load_sweep(ROOT / "scenarios/examples/small-corridor.yaml")


def test_key_depends_on_what_changes_a_run_and_on_nothing_else() -> None:
    keys = points(SMALL).keys

    assert len(set(keys)) == 9
    assert points(SMALL, sets=["experiment.replications=7", "title=x"]).keys == keys
    assert set(points(SMALL, sets=["experiment.seed=7"]).keys).isdisjoint(keys)
    assert set(points(SMALL, sets=["window.days=4"]).keys).isdisjoint(keys)


def test_point_that_stands_twice_is_run_once(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    text = SMALL.read_text(encoding="utf-8").replace("low: 0.8, high: 1.2", "values: [1]")
    text = text.replace("design: grid", "design: latin_hypercube\n  points: 6")
    path.write_text(text, encoding="utf-8")
    made = points(path)

    assert len(made.keys) == 6
    assert len(made.scenarios) == 3
    assert swept(made, tmp_path / "s").total == 6
    assert len(pd.read_csv(tmp_path / "s/points.csv")) == 6


def plan(jobs: int = 1, engine: Callable[[Compiled, int, int], Trace] = run) -> Plan:
    return Plan(
        partial(local_crew, jobs, (run.__module__,)), engine, time.perf_counter, lambda _: None
    )


def swept(
    made: Points,
    folder: Path,
    jobs: int = 1,
    *,
    engine: Callable[[Compiled, int, int], Trace] = run,
    retry_failed: bool = False,
) -> State:
    work = plan(jobs, engine)
    return obtain(made, folder, work, retry_failed=retry_failed, now_s=time.time).state


def written(folder: Path) -> dict[str, bytes]:
    return {name: (folder / f"{name}.csv").read_bytes() for name in (*FILES, "sensitivity")}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    assert swept(points(SMALL), folder).progress == (18, 18, 0)
    return written(folder)


@pytest.mark.slow
@pytest.mark.parametrize("jobs", [2, 4])
def test_number_of_workers_changes_no_byte(
    jobs: int, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    swept(points(SMALL), tmp_path, jobs)

    assert written(tmp_path) == undisturbed


def test_tables_hold_what_was_run(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "sweep.csv").write_bytes(undisturbed["sweep"])
    table = pd.read_csv(tmp_path / "sweep.csv")

    assert table.groupby(["point", "replication"]).ngroups == 18
    assert set(table["servers"]) == {1, 2, 3}
    # kept beside the overall ones: three points of each number of servers
    busy = table[table["kpi"] == "station.server.utilisation"]
    assert len(busy) == 18
    mean = busy.groupby("servers")["value"].mean()
    assert mean[1] > mean[2] > mean[3]


@pytest.mark.slow
def test_what_is_there_is_not_run_again_and_more_replications_are_added(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    told: list[int] = []
    few = points(SMALL, sets=["experiment.replications=1"])
    swept(few, tmp_path)
    counting = plan()._replace(tell=lambda progress: told.append(progress.done))

    obtain(points(SMALL), tmp_path, counting, now_s=time.time)

    assert (told[0], told[-1]) == (9, 18)
    assert written(tmp_path) == undisturbed


@pytest.mark.slow
def test_damaged_record_is_found_and_made_again(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    made = points(SMALL)
    swept(made, tmp_path)
    base = sqlite3.connect(tmp_path / "sweep.sqlite")
    with base:
        base.execute(
            "UPDATE run SET content = replace(content, '1', '2') WHERE point = ?", made.keys[:1]
        )
    base.close()

    again = swept(made, tmp_path)

    assert again.damaged == 2
    assert written(tmp_path) == undisturbed


def faulty(compiled: Compiled, seed: int, replication: int) -> Trace:
    """Fail where there are three servers, in the second replication."""
    if replication == 1 and compiled.row_servers.max() == 3:
        raise GridlockError("a waits for b waits for a")
    return run(compiled, seed, replication)


def deadly(compiled: Compiled, seed: int, replication: int) -> Trace:
    """Kill the worker where there are three servers, in the second replication."""
    if replication == 1 and compiled.row_servers.max() == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return run(compiled, seed, replication)


@pytest.mark.slow
def test_failed_runs_are_kept_with_their_message_and_tried_again_when_asked(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    made = points(SMALL)
    first = swept(made, tmp_path, engine=faulty)
    untouched = swept(made, tmp_path)
    table = pd.read_csv(tmp_path / "failed.csv")
    summary = pd.read_csv(tmp_path / "summary.csv")

    assert first.progress == untouched.progress == (18, 15, 3)
    assert set(table["message"]) == {"a waits for b waits for a"}
    # who failed is in no mean: six points of nine are left
    assert set(summary["servers"]) == {1, 2}

    assert swept(made, tmp_path, retry_failed=True).progress == (18, 18, 0)
    assert written(tmp_path) == undisturbed


@pytest.mark.slow
def test_who_kills_its_worker_twice_is_given_up_and_nobody_else(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    made = points(SMALL)
    first = swept(made, tmp_path, 2, engine=deadly)

    assert first.progress == (18, 15, 3)
    assert "its worker died twice" in pd.read_csv(tmp_path / "failed.csv")["message"].iloc[0]
    swept(made, tmp_path, retry_failed=True)
    assert written(tmp_path) == undisturbed


def test_second_process_is_refused_with_owner_and_age(tmp_path: Path) -> None:
    with (
        journal(tmp_path, fresh=False, now_s=time.time),
        pytest.raises(ResultsError, match=rf"process {os.getpid()} on .* for 0 min"),
        journal(tmp_path, fresh=False, now_s=time.time),
    ):
        pass


def test_foreign_file_and_newer_version_are_no_journal(tmp_path: Path) -> None:
    (tmp_path / "sweep.sqlite").write_text("hello, I am not a database, not at all" * 40)
    with pytest.raises(ResultsError, match="no journal of a sweep"):
        Journal(tmp_path)
    (tmp_path / "sweep.sqlite").unlink()
    Journal(tmp_path).close()
    base = sqlite3.connect(tmp_path / "sweep.sqlite")
    with base:
        base.execute("UPDATE about SET value = '2'")
    base.close()

    with pytest.raises(ResultsError, match="of version 2 of the format"):
        Journal(tmp_path)


def test_fresh_throws_away_what_is_there(tmp_path: Path) -> None:
    with journal(tmp_path, fresh=False, now_s=time.time) as opened:
        opened.write([Record("p", 0, DONE, "[]", 1.0), Record("p", 1, FAILED, "no", 0.0)])
        assert len(opened.read()[0]) == 2

    with journal(tmp_path, fresh=True, now_s=time.time) as opened:
        assert opened.read() == ({}, 0)


def test_precision_has_no_place_in_a_sweep() -> None:
    with pytest.raises(ScenarioError, match="a fixed number of replications"):
        points(SMALL, sets=["experiment.precision={relative: 0.1}"])


@pytest.mark.parametrize("name", ["bakhty-capacity", "caspian-capacity"])
def test_shipped_sweep_has_points_that_are_valid(name: str) -> None:
    made = points(ROOT / f"scenarios/sweeps/{name}.yaml")

    assert len(made.scenarios) == len(made.keys) >= 24


def test_engine_that_counts_gives_the_bytes_of_one_that_traces(tmp_path: Path) -> None:
    pytest.importorskip("numba")
    from sim.kernel.tallied import run_tallied

    made = points(SMALL)
    swept(made, tmp_path / "traced")
    counted = plan()._replace(counting=run_tallied)
    obtain(made, tmp_path / "counted", counted, now_s=time.time)

    assert written(tmp_path / "counted") == written(tmp_path / "traced")


def test_estimate_counts_and_measures(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    asked = estimate(points(SMALL), folder, plan(), time.time)

    assert not folder.exists()

    assert asked[:7] == (9, 9, 2, 18, 0, 0, 18)
    assert asked.is_measured_now
    assert asked.run_s > 0
    assert asked.disk_bytes > 10_000


def begun(file: Path, out: Path, *options: str) -> subprocess.Popen[bytes]:
    """Return the command `sweep`, running in a group of its own."""
    return subprocess.Popen(
        [sys.executable, "cli.py", "sweep", str(file), "--out", str(out), *options],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def done(folder: Path) -> int:
    """Return the records in a journal that somebody else may be writing."""
    path = folder / "sweep.sqlite"
    if not path.exists():
        return 0
    base = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return int(base.execute("SELECT count(*) FROM run").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        base.close()


def killed(file: Path, out: Path, folder: Path, *, more: int) -> bool:
    """Kill the command with SIGKILL when it has made some more runs; False if it ended first."""
    before = done(folder)
    process = begun(file, out, "--jobs", "2")
    limit = time.monotonic() + 120
    while process.poll() is None and done(folder) < before + more and time.monotonic() < limit:
        time.sleep(0.01)
    ended = process.poll() is not None
    process.kill()
    process.communicate()
    return not ended


@pytest.mark.slow
def test_killed_sweep_ends_with_the_file_of_an_undisturbed_one(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    folder = tmp_path / "sweeps/small"
    kills = [killed(SMALL, tmp_path, folder, more=more) for more in (1, 5)]

    last = begun(SMALL, tmp_path, "--jobs", "2")
    _, said = last.communicate(timeout=200)

    assert any(kills)
    assert last.returncode == 0, said
    assert written(folder) == undisturbed


@pytest.mark.slow
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path: Path) -> None:
    process = begun(SMALL, tmp_path, "--set", "experiment.replications=200", "--fresh")
    limit = time.monotonic() + 120
    while done(tmp_path / "sweeps/small") < 3 and time.monotonic() < limit:
        time.sleep(0.05)

    os.killpg(process.pid, signal.SIGINT)
    began = time.monotonic()
    _, said = process.communicate(timeout=60)

    assert process.returncode == 130
    assert b"Go on with: keruen sweep" in said
    assert b"--fresh" not in said
    assert time.monotonic() - began < 10
    with journal(tmp_path / "sweeps/small", fresh=False, now_s=time.time) as opened:
        assert len(opened.read()[0]) >= 3
