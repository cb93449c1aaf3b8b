"""The built wheel at work: in an environment of its own, far from the source tree."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SHORT = ("--days", "10", "--engine", "simpy", "--set", "demand.lot_teu=10")
OWN = """
schema_version: 1
name: own
title: A third feeder
extends: examples/small-corridor.yaml
change:
  services: [{id: feeder_aktau_alat, fleet: 3}]
window: {warm_up_days: 5, run_out_days: 5}
"""
BASE = """
schema_version: 1
name: two-feeders
extends: own.yaml
change:
  services: [{id: feeder_aktau_alat, fleet: 2}]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Command of the wheel in a new environment, beside what the project depends on."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(ROOT)], capture_output=True, check=True)
    (wheel,) = folder.glob("*.whl")
    home = folder / "env"
    venv.create(home, symlinks=True)
    python = home / "bin/python"
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    options = ["--no-deps", "--no-index", "--disable-pip-version-check"]
    subprocess.run([*install, *options, str(wheel)], capture_output=True, check=True)
    # A path of a .pth file has no .pth files of its own: the editable install stays unseen.
    (packages,) = home.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin/keruen"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds nothing but two scenarios of the user."""
    here = tmp_path_factory.mktemp("away")
    (here / "own.yaml").write_text(OWN)
    (here / "base.yaml").write_text(BASE)
    return here


def keruen(command: Path, folder: Path, *arguments: str) -> str:
    """Return what the installed command prints as it exits 0."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    result = subprocess.run(
        [str(command), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=kept,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_wheel_brings_all_it_needs_and_lists_its_scenarios(installed: Path, folder: Path) -> None:
    python = installed.with_name("python")
    rooms = "cli, commands, sim, network"
    where = f"import keruen, {rooms}; print(*(room.__file__ for room in ({rooms})))"
    places = keruen(python, folder, "-c", where).split()

    assert [Path(place).is_relative_to(installed.parents[1]) for place in places] == [True] * 4
    listed = json.loads(keruen(installed, folder, "scenarios", "--json"))
    tree = ROOT / "scenarios"
    below = ("", "library", "library/packages", "examples")
    shipped = [path for folder in below for path in (tree / folder).glob("*.yaml")]
    assert {one["scenario"] for one in listed} == {
        path.relative_to(tree).as_posix() for path in shipped
    }


def test_wheel_runs_a_shipped_scenario(installed: Path, folder: Path) -> None:
    said = keruen(installed, folder, "run", "small-corridor", "--replications", "1", *SHORT)

    (page,) = folder.glob("results/small-corridor/*/report.html")
    assert str(page.relative_to(folder)) in said
    assert {"summary.csv", "ledger.csv", "figures"} <= {
        path.name for path in page.parent.iterdir()
    }


def test_wheel_reads_the_corridor(installed: Path, folder: Path) -> None:
    assert "valid" in keruen(installed, folder, "network", "check", "--scenario", "baseline")


def test_wheel_finds_the_bases_and_patches_of_the_library(installed: Path, folder: Path) -> None:
    (folder / "mine.yaml").write_text(
        "schema_version: 1\nname: mine\nextends: library/without/dm_second.yaml\n"
        "patches: [patches/dostyk_tt_final.yaml]\n"
    )
    said = json.loads(keruen(installed, folder, "diff", "dm_second", "mine.yaml", "--json"))

    rows = {one["where"]: one["kind"] for one in said}
    assert rows["links[r_dostyk__aktogay_a]"] == "added"
    assert rows["facilities[f_dostyk_tt_gauge_change_from_china_train_final]"] == "added"


def test_wheel_compares_own_scenarios_with_two_jobs(installed: Path, folder: Path) -> None:
    said = keruen(
        installed, folder, "compare", "base.yaml", "own.yaml", "--jobs", "2",
        "--replications", "2", *SHORT
    )  # fmt: skip

    assert "A third feeder against" in said
    (table,) = folder.glob("results/compare-*/comparison.csv")
    kpis = pd.read_csv(table).set_index("kpi")
    assert kpis.loc["teu_delivered", "n"] == 2
    assert kpis.loc["corridor.middle.transit_mean_d", "difference"] != 0


def test_wheel_has_no_machine_code_or_results_of_whoever_built_it(installed: Path) -> None:
    (packages,) = installed.parents[1].glob("lib/python*/site-packages")
    record = next(packages.glob("keruen-*.dist-info/RECORD")).read_text()
    files = [line.split(",")[0] for line in record.splitlines()]

    assert len(files) > 200
    # pip itself compiles what it installs.
    assert [one for one in files if one.endswith((".nbc", ".nbi"))] == []
    assert [one for one in files if "/results/" in one and "/sim/results/" not in one] == []
