"""What the model promises, on whole scenarios through the path of `keruen run`."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from acceptance import (
    CORRIDOR,
    SHORT,
    changed,
    measured,
    scope_of,
    shuffled,
    traced,
    unused,
    written,
)

from sim.compiler.build import compile_plan
from sim.engine.ledger import Account
from sim.engine.run import run
from sim.errors import ResultsError
from sim.measures.build import Measures, measure
from sim.measures.checks import check_ledger
from sim.plan import Cause, Plan
from sim.results.obtain import Engine, obtain_comparison, obtain_run
from sim.scenario import load, network_of

ROOT = Path(__file__).resolve().parents[1]


def keruen(
    folder: Path, *arguments: str, hash_seed: str = "0"
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        check=False,
    )


# --- same seed, same bytes


@pytest.mark.slow
def test_same_seed_gives_the_same_files_with_any_number_of_jobs(tmp_path: Path) -> None:
    """Two processes whose sets are in different order, one of them with two workers."""
    command = ["run", str(CORRIDOR), *short_options(), "--replications", "2", "--engine", "simpy"]
    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(keruen, tmp_path, *command, "--out", out, "--jobs", jobs, hash_seed=out)
            for out, jobs in (("1", "1"), ("2", "2"))
        ]
        results = [one.result() for one in runs]

    assert [one.returncode for one in results] == [0, 0], results
    first, second = (untimed(tmp_path / out) for out in ("1", "2"))
    assert len(first) > 20
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def untimed(folder: Path) -> dict[str, bytes]:
    """Return the files below a folder, without the seconds that a run took."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.name == "manifest.json":
            manifest = json.loads(path.read_text())
            assert manifest.pop("timings")
            found[name] = json.dumps(manifest).encode()
        elif path.name == "report.html":
            found[name] = re.sub(rb"compile [\d.]+ s, run [\d.]+ s", b"", path.read_bytes())
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


# --- what nobody uses, and the order in which things are written


@pytest.fixture(scope="module")
def base() -> Measures:
    return measured(load(CORRIDOR, sets=SHORT), run)


@pytest.mark.parametrize("mark", ["0", "n", "f_n_", "~"])
def test_what_nobody_uses_changes_no_figure(base: Measures, mark: str, tmp_path: Path) -> None:
    """Ids before, between (of places, then of facilities) and after all others."""
    used = ("dostyk", "almaty", "horgos_road")
    text = unused(mark, parent="examples/small-corridor.yaml", used=used)

    more = measured(load(written(tmp_path, text), sets=SHORT), run)

    assert changed(base, more) == []


@pytest.mark.parametrize("mark", ["0", "n", "~"])
def test_traffic_elsewhere_changes_no_figure_about_the_rest(
    base: Measures, mark: str, tmp_path: Path
) -> None:
    text = f"""
schema_version: 1
name: elsewhere
extends: examples/small-corridor.yaml
add:
  nodes:
    - {{id: {mark}a, country: TR, lat: 39, lon: 33, kind: city, utc_offset_h: 3}}
    - {{id: {mark}b, country: TR, lat: 38, lon: 32, kind: city, utc_offset_h: 3}}
  links:
    - {{id: {mark}road, from: {mark}a, to: {mark}b, mode: road, length_km: 150, speed_kmh: 60}}
  facilities:
    - {{id: {mark}desk, node: {mark}a, operation: customs, mode_in: road, mode_out: road,
        servers: 1, mean_h: 0.5, law: lognormal, cv: 0.6, per: truck}}
  services:
    - {{id: {mark}truck, mode: road, from: {mark}a, to: {mark}b, load_classes: [truck],
        vehicle: truck, capacity_trucks: 1}}
demand:
  rows:
    - {{id: {mark}flow, origin: {mark}a, destination: {mark}b, load_class: truck, unit: truck,
        year: 2024, amount: 9000, lot: 1, allowed_modes: [road]}}
"""

    more = measured(load(written(tmp_path, text), sets=SHORT), run)

    assert f"{mark}flow" in set(more.flows["flow"])
    of_the_whole = re.compile(
        r"kpis \('(?!flow|station|border|crossing|pool|corridor\.(?!outside))"
        r"|stock \('(aboard|origin)'|transit \('(all|class.truck|corridor.outside)'"
        r"|conservation \('truck'"
    )
    assert [one for one in changed(base, more) if not of_the_whole.match(one)] == []


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_in_which_a_scenario_is_written_changes_nothing(seed: int, tmp_path: Path) -> None:
    path = written(tmp_path, shuffled(CORRIDOR, seed))
    plans = []
    for one in (CORRIDOR, path):
        scenario = load(one, sets=SHORT)
        plans.append(compile_plan(scenario, network_of(scenario)))

    (plan, legend), (other, others) = plans
    assert path.read_text() != CORRIDOR.read_text()
    assert legend == others
    assert [
        name
        for name in Plan._fields
        if not np.array_equal(getattr(plan, name), getattr(other, name))
    ] == []


# --- the size of lots

BORDER = """
schema_version: 1
name: border
network:
  source: none
  nodes:
    - {{id: a, country: CN, utc_offset_h: 8}}
    - {{id: b, country: KZ, utc_offset_h: 5}}
    - {{id: c, country: KZ, utc_offset_h: 5}}
  links:
    - {{id: ab, from: a, to: b, mode: rail, gauge_mm: 1435, tracks: 1, length_km: 60,
        speed_kmh: 60, paths_per_day: 24}}
    - {{id: bc, from: b, to: c, mode: rail, gauge_mm: 1520, tracks: 1, length_km: 120,
        speed_kmh: 60, paths_per_day: 24}}
  facilities:
    - {{id: f_gate, node: b, operation: gate, mode_in: rail, mode_out: rail, servers: 1,
        mean_h: {gate_h}, law: gamma, cv: 0.5, per: train}}
    - {{id: f_cranes, node: b, operation: gauge_change, mode_in: rail, mode_out: rail, servers: 2,
        mean_h: {crane_h}, law: gamma, cv: 0.2, per: {per}}}
    - {{id: f_yard, node: b, operation: storage, mode_in: rail, mode_out: rail, per: teu,
        storage_teu: 200}}
  services:
    - {{id: west, mode: rail, from: a, to: b, load_classes: [box], gauge_mm: 1435,
        capacity_teu: 20, max_wait_h: 48}}
    - {{id: on, mode: rail, from: b, to: c, load_classes: [box], gauge_mm: 1520,
        capacity_teu: 20, max_wait_h: 48}}
demand:
  rows:
    - {{id: boxes, origin: a, destination: c, load_class: box, unit: teu, year: 2024,
        amount: 120000, lot: {lot}}}
window: {{start: 2024-03-01, days: 30, warm_up_days: 10, run_out_days: 0}}
experiment: {{replications: 1, seed: 1}}
"""


@pytest.mark.parametrize(
    ("gate_h", "crane_h", "per", "teu_per_h"),
    [
        # 20 TEU every 2 h at the gate.
        (2, 1, "train", 10.0),
        # Two cranes of 0.2 h a TEU.
        (0.5, 0.2, "teu", 10.0),
    ],
    ids=["gate", "cranes"],
)
def test_size_of_lots_does_not_change_what_a_full_border_passes(
    tmp_path: Path, gate_h: float, crane_h: float, per: str, teu_per_h: float
) -> None:
    passed = []
    for lot in (1, 2, 10):
        text = BORDER.format(gate_h=gate_h, crane_h=crane_h, per=per, lot=lot)
        kpis = measured(load(written(tmp_path, text)), run).kpis
        found = kpis.loc[kpis["kpi"] == "teu_delivered_per_day", "value"]
        passed.append(float(found.iloc[0]) / 24)

    assert max(passed) <= 1.01 * min(passed), passed
    # cv 0.5 over 360 trains: three standard errors are 8 %; cv 0.2 over 7200 TEU: 0.7 %.
    assert passed[0] == pytest.approx(teu_per_h, rel=0.08)


# --- the books


def test_every_second_is_booked_and_nothing_is_lost_on_the_small_corridor(
    base: Measures,
) -> None:
    """`measure` checks the ledger and conservation; the row says how often."""
    kept = base.conservation.set_index("load_class")

    assert set(kept.index) == {"box", "truck"}
    assert (kept["instants"] > 200).all()
    assert (kept["created"] == kept["delivered"] + kept["refused"] + kept["inside"]).all()
    assert (kept["delivered"] > 0).all()


STORMY = (
    *SHORT,
    "network.closures[wx_aktau].rate_per_year=100",
    "network.closures[wx_aktau].target=[f_alat_berth]",
)
"""Storms at the port where laden vessels arrive."""


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.name.lower())
def test_engine_that_leaves_out_one_kind_of_booking_is_found_out(
    cause: Cause, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Trains are held for room at the full border, not on the small corridor."""
    border = written(tmp_path, BORDER.format(gate_h=2, crane_h=1, per="train", lot=10))
    scenario = load(border) if cause is Cause.STORAGE else load(CORRIDOR, sets=STORMY)
    book = Account.book

    def forgetful(self: Account, place: int, kind: int, closure: int, seconds: int) -> None:
        book(self, place, kind, closure, 0 if kind == cause else seconds)

    monkeypatch.setattr(Account, "book", forgetful)
    trace, plan, legend, _ = traced(scenario, run)

    with pytest.raises(ResultsError, match="causes add up to"):
        measure(trace, plan, legend)


def test_any_one_row_of_the_ledger_that_is_missing_is_found_out() -> None:
    trace, plan, legend, _ = traced(load(CORRIDOR, sets=SHORT), run)
    check_ledger(scope_of(trace, plan, legend))

    assert len(trace.ledger_s) > 50
    for row in range(len(trace.ledger_s)):
        seconds = trace.ledger_s.copy()
        seconds[row] = 0
        with pytest.raises(ResultsError, match="places add up to"):
            check_ledger(scope_of(trace._replace(ledger_s=seconds), plan, legend))


# --- what a comparison says

WIDER = """
schema_version: 1
name: wider
extends: examples/small-corridor.yaml
change:
  services: [{id: feeder_aktau_alat, fleet: 3}]
  facilities: [{id: f_dostyk_gauge_change, servers: 3}]
"""


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of results: two scenarios of three replications each, and their comparison."""
    root = tmp_path_factory.mktemp("results")
    engine = Engine("simpy", run)
    base, wider = (
        obtain_run(load(path, sets=(*SHORT, "experiment.replications=3")), engine, root,
                   clock_s=lambda: 0.0)
        for path in (CORRIDOR, written(root, WIDER))
    )  # fmt: skip
    obtain_comparison(base, wider, root)
    return root


def test_comparison_says_what_is_asked_of_it_each_with_an_interval(comparison: Path) -> None:
    (path,) = comparison.glob("compare-*/comparison.csv")
    table = pd.read_csv(path).set_index("kpi")

    for kpi in (
        "teu_delivered",
        "border.cn_kz.rail.teu",
        "border.kz_cn.rail.teu",
        "crossing.alashankou__dostyk.rail.teu",
        "crossing.horgos_road__nur_zholy.road.teu",
        "corridor.northern.teu",
        "corridor.middle.teu",
        "corridor.middle.transit_mean_d",
        "transit_mean_d",
        "transit_p90_d",
        "delay_mean_d",
        "cause.filling.mean_d",
        "cause.queue.mean_d",
        "paired.transit_mean_d",
    ):
        assert table.loc[kpi, ["base", "scenario", "difference", "half_width"]].notna().all(), kpi
        assert table.loc[kpi, "n"] == 3


def test_no_mean_of_a_comparison_is_bare(comparison: Path) -> None:
    """One replication has no interval; from two on each mean has one."""
    (folder,) = comparison.glob("compare-*")
    table = pd.read_csv(folder / "comparison.csv")
    waits = pd.read_csv(folder / "ledger_differences.csv")
    moves = pd.read_csv(folder / "bottleneck_moves.csv")

    bare = table[table["half_width"].isna() & (table["n"] > 1)]
    assert bare["verdict"].isin(["only in the base", "only in the scenario"]).all()
    assert len(table[table["half_width"].notna()]) > 300
    assert waits["half_width"].notna().all()
    assert {"queue", "filling"} <= set(waits["cause"])
    assert set(moves["by"]) == {"ledger", "utilisation"}
    for side in ("base", "scenario"):
        known = moves[f"{side}_value"].notna()
        assert known.sum() >= 20
        assert moves.loc[known, f"{side}_half_width_95"].notna().all()


@pytest.mark.parametrize(
    "name",
    ["flows", "stations", "links", "crossings", "ledger", "stock", "transit", "conservation"],
)
def test_no_mean_of_a_run_is_bare(comparison: Path, name: str) -> None:
    for path in comparison.glob(f"*/*/{name}.csv"):
        table = pd.read_csv(path)
        bands = [c for c in table.columns if c.endswith("_half_width_95")]
        assert bands
        for band in bands:
            mean = table[band.removesuffix("_half_width_95")]
            bare = table[mean.notna() & table[band].isna() & (table["n"] > 1)]
            assert bare.empty, f"{path.name}: {band}"


def test_no_kpi_of_a_run_is_bare(comparison: Path) -> None:
    for path in comparison.glob("*/*/summary.csv"):
        table = pd.read_csv(path)
        assert table.loc[table["n"] > 1, "half_width_95"].notna().all()


# --- bad input

HEAD = "schema_version: 1\nname: x\nextends: examples/small-corridor.yaml\n"
BAD_FILES = {
    "misspelt key": (f"{HEAD}windw: {{days: 9}}\n", "unknown key 'windw'; did you mean 'window'?"),
    "wrong unit": (
        f"{HEAD}change: {{facilities: [{{id: f_dostyk_customs, mean_min: 40}}]}}\n",
        "the unit stands in the key: write 'mean_h' (hours)",
    ),
    "unknown node": (
        f"{HEAD}add:\n  links: [{{id: l, from: dostik, to: almaty, mode: road, length_km: 9}}]\n",
        "'dostik' is not in nodes; did you mean 'dostyk'?",
    ),
    "unreachable pair": (
        f"{HEAD}change: {{demand: [{{id: xian_almaty, destination: horgos_road}}]}}\n",
        "demand xian_almaty: no route from xian to horgos_road for box",
    ),
    "duplicate key": (f"{HEAD}name: y\n", "duplicate key 'name'"),
    "cyclic extends": (
        "schema_version: 1\nname: x\nextends: x.yaml\n",
        "extends: cyclic: x.yaml -> x.yaml",
    ),
    "no such scenario": ("", "no file 'x.yaml'"),
}
BAD_OPTIONS = {
    "no replication": (("--replications", "0"), "Invalid value for '--replications'"),
    "negative seed": (("--seed", "-1"), "Invalid value for '--seed'"),
    "no job": (("--jobs", "0"), "Invalid value for '--jobs'"),
    "unknown engine": (("--engine", "quick"), "--engine quick: must be auto, simpy or compiled"),
    "word for a number": (("--days", "many"), "Invalid value for '--days'"),
    "unknown setting": (("--set", "window.dayz=3"), "did you mean 'days'?"),
}


def refused(folder: Path, *command: str) -> str:
    """Return what a command says on stderr as it exits 2, and writes nothing."""
    result = keruen(folder, *command, "--out", "out")

    assert (result.returncode, result.stdout) == (2, ""), result.stderr
    assert "Traceback" not in result.stderr
    assert not (folder / "out").exists()
    return " ".join(result.stderr.split())


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD_FILES)
def test_bad_file_is_refused_with_its_fault_and_exit_2(what: str, tmp_path: Path) -> None:
    text, message = BAD_FILES[what]
    if text:
        written(tmp_path, text)

    assert message in refused(tmp_path, "run", "x.yaml", *short_options())


@pytest.mark.slow
@pytest.mark.parametrize("what", BAD_OPTIONS)
def test_bad_option_is_refused_with_its_name_and_exit_2(what: str, tmp_path: Path) -> None:
    options, message = BAD_OPTIONS[what]

    assert message in refused(tmp_path, "run", "small-corridor", *options)


def short_options() -> list[str]:
    return [word for one in SHORT for word in ("--set", one)]
