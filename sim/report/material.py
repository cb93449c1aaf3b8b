"""What a report is made of: the files of one run, or of a comparison and its two runs.

In: folders of results. Out: `Run` and `Comparison`. A table whose file is missing is
empty; a folder without manifest is no result.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import yaml

from sim.errors import ResultsError
from sim.measures.columns import names
from sim.report.world import World, read_world
from sim.results import files


class Tables(NamedTuple):
    """The tables of a run, with the columns that `sim.measures.columns` describes."""

    summary: pd.DataFrame
    flows: pd.DataFrame
    stations: pd.DataFrame
    links: pd.DataFrame
    crossings: pd.DataFrame
    ledger: pd.DataFrame
    timeseries: pd.DataFrame
    stock: pd.DataFrame
    transit: pd.DataFrame
    bottlenecks: pd.DataFrame
    conservation: pd.DataFrame


class Run(NamedTuple):
    """One scenario's results."""

    folder: Path
    role: str
    """``run``, ``base`` or ``scenario``."""
    manifest: Mapping[str, Any]
    scenario: Mapping[str, Any]
    """The resolved scenario file."""
    tables: Tables
    world: World

    @property
    def name(self) -> str:
        """Name of the scenario."""
        return str(self.scenario.get("name") or self.manifest.get("scenario") or "")

    @property
    def title(self) -> str:
        """Title of the scenario, or its name."""
        return str(self.scenario.get("title") or self.manifest.get("title") or self.name)

    @property
    def side(self) -> str:
        """How charts and tables call this run."""
        return self.title if self.role == "run" else f"{self.role.capitalize()}: {self.title}"


class Comparison(NamedTuple):
    """Two runs and their paired differences."""

    folder: Path
    manifest: Mapping[str, Any]
    base: Run
    scenario: Run
    comparison: pd.DataFrame
    differences: pd.DataFrame
    ledger_differences: pd.DataFrame
    bottleneck_moves: pd.DataFrame

    @property
    def runs(self) -> tuple[Run, Run]:
        """The base, then what is held against it."""
        return self.base, self.scenario


def read_run(folder: Path, role: str = "run") -> Run:
    """The results of one run.

    Raises
    ------
    ResultsError
        If the folder has no readable manifest.
    """
    tables = Tables(*(read_table(folder / f"{name}.csv", name) for name in Tables._fields))
    return Run(
        folder, role, read_manifest(folder), read_scenario(folder), tables, read_world(folder)
    )


def read_comparison(folder: Path, base: Path, scenario: Path) -> Comparison:
    """The results of a comparison and of the two runs compared.

    Raises
    ------
    ResultsError
        If a folder has no readable manifest.
    """
    tables = ("comparison", "differences", "ledger_differences", "bottleneck_moves")
    return Comparison(
        folder,
        read_manifest(folder),
        read_run(base, "base"),
        read_run(scenario, "scenario"),
        *(read_table(folder / f"{name}.csv", name) for name in tables),
    )


def read_manifest(folder: Path) -> Mapping[str, Any]:
    """The manifest of a folder of results."""
    path = folder / "manifest.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise ResultsError(
            f"{folder}: no readable manifest.json ({fault}); not a result"
        ) from fault
    if not isinstance(found, dict):
        raise ResultsError(f"{path}: found {type(found).__name__}; must be an object")
    return found


def read_scenario(folder: Path) -> Mapping[str, Any]:
    """The resolved scenario beside the results; nothing where it is missing."""
    path = folder / "scenario.resolved.yaml"
    if not path.is_file():
        return {}
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found if isinstance(found, dict) else {}


def read_table(path: Path, table: str) -> pd.DataFrame:
    """A table of results; without file, an empty one with the same columns."""
    if not path.is_file():
        return pd.DataFrame(columns=names(table))
    found = pd.read_csv(path, nrows=0).columns
    words = [word for word in files.words_of(table) if word in found]
    rows = files.read_table(path, words)
    figures = [name for name in found if name not in words]
    return rows.assign(**{n: pd.to_numeric(rows[n], errors="coerce") for n in figures})
