"""What is shipped: the wheel's contents, the lock, the set-up's files."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import typer

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*command, str(ROOT)], capture_output=True, text=True, check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def unpacked(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def shipped(folder: str, *suffixes: str) -> set[str]:
    """Paths of the tree's files below a folder, relative to the tree."""
    files = (ROOT / folder).rglob("*")
    return {str(file.relative_to(ROOT)) for file in files if file.suffix in suffixes}


@pytest.mark.slow
def test_wheel_puts_one_name_into_site_packages(unpacked: Path) -> None:
    names = {entry.name for entry in unpacked.iterdir()}

    assert {name for name in names if not name.endswith(".dist-info")} == {"keruen"}
    inside = {entry.name for entry in (unpacked / "keruen").iterdir()}
    assert inside == {"__init__.py", "_root", "work.py"}


@pytest.mark.slow
def test_wheel_holds_every_room_scenario_and_table(unpacked: Path) -> None:
    files = {
        str(file.relative_to(unpacked / "keruen/_root"))
        for file in (unpacked / "keruen/_root").rglob("*")
        if file.is_file()
    }

    assert {"cli.py", *shipped("commands", ".py")} <= files
    assert shipped("network", ".py", ".csv", ".geojson") <= files
    assert shipped("sim", ".py", ".html", ".css", ".js") <= files
    assert shipped("scenarios", ".yaml", ".json") <= files
    assert not [name for name in files if name.endswith(".pyc")]


@pytest.mark.slow
def test_unpacked_wheel_runs_away_from_the_tree(unpacked: Path, tmp_path: Path) -> None:
    # -S leaves out site-packages, and with it the path of an editable install; what the
    # project depends on is put back by hand, behind the unpacked wheel.
    dependencies = str(Path(typer.__file__).parents[1])
    code = (
        f"import sys; sys.path[:0] = [{str(unpacked)!r}]; sys.path += [{dependencies!r}]; "
        "import keruen; sys.argv = ['keruen', '--version']; status = keruen.main(); "
        "import cli; print(cli.__file__); sys.exit(status)"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    version, place = result.stdout.splitlines()
    assert version.startswith("keruen ")
    assert place == str(unpacked / "keruen/_root/cli.py")


def requirements() -> list[str]:
    """Entries of the lock, each with its continuation lines."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return text.replace("\\\n", " ").splitlines()


def test_every_entry_of_the_lock_is_pinned_and_hashed() -> None:
    entries = requirements()

    assert len(entries) > 20
    assert [
        entry for entry in entries if not re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:", entry)
    ] == []


def test_lock_names_no_address() -> None:
    assert [entry for entry in requirements() if "/" in entry or "index" in entry] == []


def test_lock_holds_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["dev"], *extras["fast"]]
    names = {re.split(r"[^A-Za-z0-9_-]", entry)[0].lower().replace("_", "-") for entry in asked}

    locked = {entry.split("==")[0] for entry in requirements()}

    assert names - locked == set()
