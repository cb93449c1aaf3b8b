"""The manifest: how a folder of results came about, without a trace of the machine.

In: what is known of the run. Out: `Manifest`, written as `manifest.json` and read back.
"""

import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from sim.errors import ResultsError
from sim.version import VERSION

SCHEMA = 1
FINISHED = "finished"
FAILED = "failed"

_FILE = "manifest.json"
_PACKAGES = ("numpy", "pandas", "scipy", "networkx", "simpy")


class Window(NamedTuple):
    """The measured window and what runs before and after it."""

    start: str
    days: float
    warm_up_days: float
    run_out_days: float


class Hashes(NamedTuple):
    """Of what went in."""

    scenario: str
    network: str
    code: str


class Manifest(NamedTuple):
    """One folder of results."""

    kind: str
    """`run` or `comparison`."""
    run_id: str
    scenario: str
    """Name of the scenario; of a comparison, of the one that is compared with the base."""
    title: str
    status: str
    """`finished`, or `failed`: its tables hold what happened until then."""
    seed: int
    replications: int
    engine: str
    window: Window
    hashes: Hashes
    overrides: tuple[str, ...]
    """As given, in order."""
    notes: tuple[str, ...]
    """Of the compiler: what the scenario leans on."""
    remarks: tuple[str, ...]
    """Of the figures: what must be said beside them."""
    gridlock: tuple[str, ...]
    base: str
    """Of a comparison: scenario and run id of the base, `name/id`; else empty."""
    compared: str
    """Of a comparison: scenario and run id of the other, `name/id`; else empty."""
    versions: tuple[tuple[str, str], ...]
    timings: tuple[tuple[str, float], ...]
    """Seconds by what they were spent on; the only figures that differ from run to run."""


def versions() -> tuple[tuple[str, str], ...]:
    """Return the versions of this project, of Python and of the packages that compute."""
    found = [("keruen", VERSION), ("python", platform.python_version())]
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into a folder."""
    content = {"schema": SCHEMA, **manifest._asdict()}
    content["window"] = manifest.window._asdict()
    content["hashes"] = manifest.hashes._asdict()
    content["versions"] = dict(manifest.versions)
    content["timings"] = dict(manifest.timings)
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / _FILE).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Manifest:
    """Return the manifest of a folder.

    Raises
    ------
    ResultsError
        If there is none, it is damaged, or it is of another version of the format.
    """
    path = folder / _FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            raise ResultsError(f"{path}: of another version of the format; run it again")
        content["window"] = Window(**content["window"])
        content["hashes"] = Hashes(**content["hashes"])
        for field in ("overrides", "notes", "remarks", "gridlock"):
            content[field] = tuple(content[field])
        for field in ("versions", "timings"):
            content[field] = tuple(content[field].items())
        return Manifest(**content)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise ResultsError(f"{path}: no manifest of results ({fault}); run it again") from fault


def is_finished(folder: Path) -> bool:
    """Return whether a folder holds a run that was finished."""
    try:
        return read(folder).status == FINISHED
    except ResultsError:
        return False
