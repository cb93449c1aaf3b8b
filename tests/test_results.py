"""Folders of results: their names, their bytes, and what comes back from them."""

import json
import zipfile
from pathlib import Path

import handmade
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from sim.engine.run import run
from sim.errors import ResultsError
from sim.experiment.pairing import compare
from sim.experiment.replicate import Experiment, run_experiment
from sim.measures.columns import names
from sim.plan import Plan, Trace
from sim.results import files, manifest
from sim.results.files import read_arrays, write_arrays
from sim.results.identity import Identity, identify
from sim.results.obtain import Engine, obtain_comparison, obtain_run, obtain_runs
from sim.results.store import (
    COMPARED,
    TABLES,
    Facts,
    RunResult,
    load_comparison,
    load_run,
    run_folder,
    save_comparison,
    save_run,
)
from sim.scenario.resolve import load

QUEUE = """\
schema_version: 1
name: queue
network:
  source: none
  nodes: [{id: q, name: Queue, country: KZ, lat: 50, lon: 70, kind: city, utc_offset_h: 5}]
  facilities:
    - {id: server, node: q, operation: handling, direction: any, servers: 1, mean_h: 1, cv: 1,
       law: exponential, per: consignment}
demand:
  rows:
    - {id: c, origin: q, destination: q, load_class: box, unit: teu, year: 2024, amount: 4392,
       lot: 1, allowed_modes: [rail]}
window: {start: 2024-01-01, days: 10, warm_up_days: 1, run_out_days: 1}
experiment: {replications: 2, seed: 1}
"""
"""One server at load 0.5, for ten days."""

FACTS = Facts("By hand", "simpy", 1, 1, ("demand.factor=1.0",), (("run_s", 0.5),))


def same(plan: Plan, seed: int, replication: int) -> Trace:
    """Return the run of `handmade`, whatever is asked."""
    del plan, seed, replication
    return handmade.trace()


@pytest.fixture(scope="module")
def experiment() -> Experiment:
    return run_experiment(
        handmade.plan(),
        handmade.legend(notes=("leans on a default",)),
        seed=7,
        replications=2,
        run=same,
        places=handmade.PLACES,
    )


def identity(resolved: str = "name: x\n", **changes: int) -> Identity:
    return identify("x", resolved, None, **({"seed": 7, "replications": 2} | changes))


def saved(root: Path, experiment: Experiment) -> Path:
    return save_run(root, identity(), experiment, FACTS, "name: x\n")


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_id_is_the_same_for_the_same_question_and_another_for_any_other(tmp_path: Path) -> None:
    (tmp_path / "nodes.csv").write_text("id\na\n")
    on_network = identify("x", "name: x\n", tmp_path, seed=7, replications=2)
    (tmp_path / "nodes.csv").write_text("id\nb\n")
    on_other = identify("x", "name: x\n", tmp_path, seed=7, replications=2)

    ids = [
        identity(),
        identity("name: y\n"),
        identity(seed=8),
        identity(replications=3),
        on_network,
        on_other,
    ]

    assert identity() == ids[0]
    assert len({i.run_id for i in ids}) == len(ids)
    assert all(len(i.run_id) == 12 for i in ids)


def test_run_lies_under_its_scenario_and_its_id(tmp_path: Path) -> None:
    assert run_folder(tmp_path, identity()) == tmp_path / "x" / identity().run_id


@pytest.mark.parametrize("name", ["../x", "a/b", ".", ""])
def test_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ResultsError, match="cannot name a folder"):
        run_folder(tmp_path, identity()._replace(scenario=name))


def test_run_comes_back_as_it_was_saved(tmp_path: Path, experiment: Experiment) -> None:
    back = load_run(saved(tmp_path, experiment))

    for table in TABLES:
        mine, theirs = getattr(experiment, table), getattr(back.experiment, table)
        pd.testing.assert_frame_equal(mine, theirs, check_dtype=False, check_exact=True)
    assert back.experiment.setting == experiment.setting
    assert back.experiment.notes == ("leans on a default",)
    assert back.experiment.remarks == experiment.remarks
    for mine, theirs in zip(experiment.cohorts, back.experiment.cohorts, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            np.testing.assert_array_equal(one, other)


def test_arrays_of_noise_are_not_compressed(tmp_path: Path) -> None:
    noise = np.random.default_rng(7).integers(0, 2**31, 50_000)
    arrays: dict[str, NDArray[np.generic]] = {
        "noise": noise.astype(np.int32),
        "same": np.ones(50_000),
        "none": np.empty(0),
    }

    write_arrays(tmp_path / "x.npz", arrays)

    with zipfile.ZipFile(tmp_path / "x.npz") as packed:
        kinds = {one.filename: one.compress_type for one in packed.infolist()}
    assert kinds["noise.npy"] == zipfile.ZIP_STORED
    assert kinds["same.npy"] == zipfile.ZIP_DEFLATED
    for name, back in read_arrays(tmp_path / "x.npz").items():
        np.testing.assert_array_equal(back, arrays[name])


def test_comparison_of_what_was_read_is_the_same(tmp_path: Path, experiment: Experiment) -> None:
    back = load_run(saved(tmp_path, experiment)).experiment

    direct, read = compare(experiment, experiment), compare(back, back)

    for table in COMPARED:
        pd.testing.assert_frame_equal(
            getattr(direct, table), getattr(read, table), check_dtype=False
        )


def test_same_run_has_the_same_bytes(tmp_path: Path, experiment: Experiment) -> None:
    one = saved(tmp_path / "one", experiment)
    two = saved(tmp_path / "two", experiment)

    assert content(one) == content(two)
    assert set(content(one)) >= {f"{table}.csv" for table in TABLES} | {
        "manifest.json",
        "scenario.resolved.yaml",
        "columns.csv",
        "kpis.csv",
    }


def test_manifest_says_how_it_came_about_and_nothing_of_the_machine(
    tmp_path: Path, experiment: Experiment
) -> None:
    folder = saved(tmp_path, experiment)
    written = json.loads((folder / "manifest.json").read_text())

    assert written["status"] == "finished"
    assert (written["seed"], written["replications"], written["engine"]) == (7, 2, "simpy")
    assert written["overrides"] == ["demand.factor=1.0"]
    assert written["hashes"]["scenario"] == identity().scenario_hash
    assert written["window"] == {
        "start": "2024-01-02",
        "days": 1.0,
        "warm_up_days": 1,
        "run_out_days": 1,
    }
    assert written["timings"] == {"run_s": 0.5}
    assert all(str(tmp_path).encode() not in text for text in content(folder).values())


def test_gridlock_fails_the_run_and_keeps_its_tables(
    tmp_path: Path, experiment: Experiment
) -> None:
    stuck = experiment._replace(gridlock=("replication 1: a waits for b, b for a",))
    folder = saved(tmp_path, stuck)

    assert not manifest.is_finished(folder)
    assert load_run(folder).experiment.gridlock == stuck.gridlock


def test_unfinished_writing_leaves_the_older_folder_and_no_draft(
    tmp_path: Path, experiment: Experiment
) -> None:
    folder = saved(tmp_path, experiment)
    before = content(folder)

    def full(draft: Path) -> None:
        (draft / "more").write_text("x")
        raise OSError(28, "No space left on device")

    with pytest.raises(ResultsError, match=r"could not be written \(No space left on device\)"):
        save_run(tmp_path, identity(), experiment, FACTS, "name: x\n", extra=full)

    assert content(folder) == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_saving_again_replaces_the_folder(tmp_path: Path, experiment: Experiment) -> None:
    folder = saved(tmp_path, experiment)
    (folder / "stale.txt").write_text("x")

    saved(tmp_path, experiment)

    assert not (folder / "stale.txt").exists()
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_text_that_a_spreadsheet_would_compute_is_neutralised(tmp_path: Path) -> None:
    words = ["name"]
    table = pd.DataFrame({"name": ["=1+1", "-x", "@y", "+z", "Aqtöbe, „қ“\n2", "'q"], "x": -1.5})

    files.write_table(tmp_path / "t.csv", table, words)
    text = (tmp_path / "t.csv").read_text(encoding="utf-8")
    back = files.read_table(tmp_path / "t.csv", words)

    assert text.splitlines()[1:5] == ["'=1+1,-1.5", "'-x,-1.5", "'@y,-1.5", "'+z,-1.5"]
    pd.testing.assert_frame_equal(back, table, check_dtype=False)


def test_comparison_is_saved_with_both_runs_named(tmp_path: Path, experiment: Experiment) -> None:
    run = load_run(saved(tmp_path, experiment)).manifest
    other = run._replace(run_id="0123456789ab", scenario="y", title="Other")
    compared = compare(experiment, experiment)

    folder = save_comparison(tmp_path, run, other, compared)
    about, back = load_comparison(folder)

    assert folder.name == f"compare-{about.run_id}"
    assert (about.base, about.compared) == (f"x/{run.run_id}", "y/0123456789ab")
    assert about.kind == "comparison"
    for table in COMPARED:
        pd.testing.assert_frame_equal(
            getattr(back, table), getattr(compared, table), check_dtype=False, check_exact=True
        )


def test_wrong_kind_of_folder_is_named(tmp_path: Path, experiment: Experiment) -> None:
    run = saved(tmp_path, experiment)

    with pytest.raises(ResultsError, match="holds a run; that of a comparison is wanted"):
        load_comparison(run)


@pytest.mark.parametrize(
    "damage", ["manifest.json", "summary.csv", "cohorts/00001.npz", "flows.csv"]
)
def test_missing_or_damaged_file_is_named(
    tmp_path: Path, experiment: Experiment, damage: str
) -> None:
    folder = saved(tmp_path, experiment)
    (folder / damage).write_bytes(b"\x00nothing")

    with pytest.raises(ResultsError, match=r"run it again") as error:
        load_run(folder)

    assert damage in str(error.value)


def test_other_format_is_refused(tmp_path: Path, experiment: Experiment) -> None:
    folder = saved(tmp_path, experiment)
    path = folder / "manifest.json"
    path.write_text(path.read_text().replace('"schema": 1', '"schema": 2'))

    with pytest.raises(ResultsError, match="another version of the format"):
        load_run(folder)
    assert not manifest.is_finished(folder)


def test_definitions_lie_beside_the_tables(tmp_path: Path, experiment: Experiment) -> None:
    folder = saved(tmp_path, experiment)
    columns = pd.read_csv(folder / "columns.csv")

    for table in TABLES:
        assert columns.loc[columns["table"] == table, "column"].tolist() == names(table)
    assert columns["meaning"].notna().all()


def test_folder_that_cannot_be_written_to_is_named_before_the_run(tmp_path: Path) -> None:
    path = tmp_path / "queue.yaml"
    path.write_text(QUEUE)
    (tmp_path / "out").write_text("a file")
    seen: list[int] = []

    def counted(plan: Plan, seed: int, replication: int) -> Trace:
        seen.append(replication)
        return run(plan, seed, replication)

    with pytest.raises(ResultsError, match=r"out: cannot be written to \(File exists\)"):
        obtain_run(load(path), Engine("simpy", counted), tmp_path / "out", clock_s=lambda: 0.0)
    assert seen == []


def test_finished_run_is_read_and_not_run_again(tmp_path: Path) -> None:
    path = tmp_path / "queue.yaml"
    path.write_text(QUEUE)
    scenario = load(path, sets=(), overrides=(), search=())
    seen: list[int] = []

    def counted(plan: Plan, seed: int, replication: int) -> Trace:
        seen.append(replication)
        return run(plan, seed, replication)

    def obtain(*, force: bool = False) -> RunResult:
        engine = Engine("simpy", counted)
        return obtain_run(scenario, engine, tmp_path / "out", clock_s=lambda: 0.0, force=force)

    first, again = obtain(), obtain()
    assert seen == [0, 1]
    forced = obtain(force=True)
    assert seen == [0, 1, 0, 1]
    assert content(first.folder) == content(again.folder) == content(forced.folder)

    folder = obtain_comparison(first, again, tmp_path / "out")
    differences = load_comparison(folder)[1].comparison["difference"]
    assert (differences == 0).all()


def test_runs_stand_in_the_order_asked_and_the_same_one_is_run_once(tmp_path: Path) -> None:
    path = tmp_path / "queue.yaml"
    path.write_text(QUEUE)
    first, second = (load(path, sets=[f"experiment.seed={seed}"]) for seed in (1, 2))
    seen: list[int] = []

    def counted(plan: Plan, seed: int, replication: int) -> Trace:
        seen.append(seed)
        return run(plan, seed, replication)

    results = obtain_runs(
        [first, second, first],
        Engine("simpy", counted),
        tmp_path / "out",
        clock_s=lambda: 0.0,
    )

    assert [result.manifest.seed for result in results] == [1, 2, 1]
    assert seen == [1, 1, 2, 2]


def test_runs_of_one_name_are_told_apart_as_they_go_on(tmp_path: Path) -> None:
    path = tmp_path / "queue.yaml"
    path.write_text(QUEUE)
    told: list[tuple[str, int, int]] = []

    obtain_runs(
        [load(path, sets=[f"experiment.seed={seed}"]) for seed in (1, 2)],
        Engine("simpy", run, progress=lambda *one: told.append(one)),
        tmp_path / "out",
        clock_s=lambda: 0.0,
    )

    assert len({name for name, _, _ in told}) == 2
    assert {name.partition("/")[0] for name, _, _ in told} == {"queue"}
    assert [done for _, done, _ in told] == [0, 0, 1, 2, 1, 2]
