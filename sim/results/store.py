"""Runs and comparisons as folders: written whole, found by their id, read back.

In: Experiment, Comparison. Out: `results/<scenario>/<run-id>/` and `results/compare-<id>/`.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Any, NamedTuple, overload

import pandas as pd

from sim.errors import ResultsError
from sim.experiment.pairing import Comparison
from sim.experiment.replicate import Experiment, Setting
from sim.experiment.workers import Here, share
from sim.measures.build import Cohort
from sim.measures.columns import columns_table, kpis_table
from sim.results import files, manifest
from sim.results.identity import Identity, compare_id
from sim.results.manifest import Hashes, Manifest, Window

TABLES = (
    "summary",
    "replications",
    "quantiles",
    "flows",
    "stations",
    "links",
    "crossings",
    "ledger",
    "timeseries",
    "days",
    "days_replications",
    "trends",
    "stock",
    "transit",
    "conservation",
    "bottlenecks",
    "ledger_replications",
)
"""Tables of a run: fields of `Experiment` and names of files."""

COMPARED = ("comparison", "differences", "ledger_differences", "bottleneck_moves")
"""Tables of a comparison."""

_DAY_S = 86_400
_SCENARIO = "scenario.resolved.yaml"
_COHORTS = "cohorts"


class Facts(NamedTuple):
    """What the command line knows of a run and its tables do not."""

    title: str
    engine: str
    warm_up_days: float
    run_out_days: float
    overrides: tuple[str, ...] = ()
    timings: tuple[tuple[str, float], ...] = ()
    """(what, seconds)."""


class RunResult(NamedTuple):
    """One run, read back."""

    folder: Path
    manifest: Manifest
    experiment: Experiment


def run_folder(root: Path, identity: Identity) -> Path:
    """Return where a run lies.

    Raises
    ------
    ResultsError
        If the scenario's name leads out of the root.
    """
    folder = root / identity.scenario / identity.run_id
    if folder.resolve().parent.parent != root.resolve():
        raise ResultsError(f"{identity.scenario!r}: cannot name a folder inside {root}")
    return folder


def save_run(
    root: Path,
    identity: Identity,
    experiment: Experiment,
    facts: Facts,
    resolved: str,
    *,
    extra: Callable[[Path], None] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Write a run and return its folder.

    Parameters
    ----------
    root
        Folder of all results.
    identity, facts
        What the run is called, and what is known of it.
    experiment
        Its tables.
    resolved
        Text of the resolved scenario.
    extra
        Adds files (figures, report) before the folder gets its name.
    executor
        Workers that help; without them all is written here.

    Raises
    ------
    ResultsError
        If the disk does not take it.
    """
    folder = run_folder(root, identity)

    def fill(draft: Path) -> None:
        cohorts = _begin_cohorts(draft / _COHORTS, experiment.cohorts, executor or Here())
        _write_tables(draft, experiment, TABLES)
        cohorts()
        (draft / _SCENARIO).write_text(resolved, encoding="utf-8")
        manifest.write(draft, _manifest(identity, experiment, facts))
        if extra is not None:
            extra(draft)

    files.write_folder(folder, fill)
    return folder


class _Cohorts(Sequence[Cohort]):
    """The times by consignment of every replication, read when one is asked for.

    A year at container level has 20 MB of them a replication; most who read a run want none.
    """

    def __init__(self, folder: Path, count: int) -> None:
        self._paths = [folder / _cohort_name(r) for r in range(1, count + 1)]
        for path in self._paths:
            files.check_arrays(path)

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, at: int) -> Cohort: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Cohort]: ...

    def __getitem__(self, at: int | slice) -> Cohort | Sequence[Cohort]:
        if isinstance(at, slice):
            return [self[r] for r in range(*at.indices(len(self)))]
        arrays: dict[str, Any] = files.read_arrays(self._paths[at])
        return Cohort(**arrays)


def load_run(folder: Path) -> RunResult:
    """Return a run as it was saved.

    Raises
    ------
    ResultsError
        If the folder is no complete run.
    """
    found = manifest.read(folder)
    if found.kind != "run":
        raise ResultsError(f"{folder}: holds a {found.kind}; the folder of a run is wanted")
    tables = {
        name: files.read_table(folder / f"{name}.csv", files.words_of(name)) for name in TABLES
    }
    cohorts = _Cohorts(folder / _COHORTS, found.replications)
    window_s = round(found.window.days * _DAY_S)
    experiment = Experiment(
        setting=Setting(found.seed, found.replications, found.window.start, window_s),
        **tables,
        cohorts=cohorts,
        notes=found.notes,
        remarks=found.remarks,
        gridlock=found.gridlock,
    )
    return RunResult(folder, found, experiment)


def comparison_folder(root: Path, base: Manifest, other: Manifest) -> Path:
    """Return where the comparison of two runs lies."""
    return root / f"compare-{compare_id(base.run_id, other.run_id)}"


def save_comparison(
    root: Path,
    base: Manifest,
    other: Manifest,
    comparison: Comparison,
    *,
    timings: tuple[tuple[str, float], ...] = (),
    extra: Callable[[Path], None] | None = None,
) -> Path:
    """Write a comparison and return its folder.

    Parameters
    ----------
    root
        Folder of all results.
    base, other
        Manifests of the runs.
    comparison
        Its tables.
    timings
        (what, seconds).
    extra
        Adds files before the folder gets its name.

    Raises
    ------
    ResultsError
        If the disk does not take it.
    """
    folder = comparison_folder(root, base, other)
    is_failed = manifest.FAILED in (base.status, other.status)
    about = other._replace(
        kind="comparison",
        run_id=compare_id(base.run_id, other.run_id),
        status=manifest.FAILED if is_failed else manifest.FINISHED,
        notes=tuple(dict.fromkeys(base.notes + other.notes)),
        remarks=comparison.remarks,
        gridlock=base.gridlock + other.gridlock,
        base=f"{base.scenario}/{base.run_id}",
        compared=f"{other.scenario}/{other.run_id}",
        versions=manifest.versions(),
        timings=timings,
    )

    def fill(draft: Path) -> None:
        _write_tables(draft, comparison, COMPARED)
        manifest.write(draft, about)
        if extra is not None:
            extra(draft)

    files.write_folder(folder, fill)
    return folder


def load_comparison(folder: Path) -> tuple[Manifest, Comparison]:
    """Return a comparison as it was saved, with its manifest.

    Raises
    ------
    ResultsError
        If the folder is no complete comparison.
    """
    found = manifest.read(folder)
    if found.kind != "comparison":
        raise ResultsError(f"{folder}: holds a {found.kind}; that of a comparison is wanted")
    tables = [files.read_table(folder / f"{name}.csv", files.words_of(name)) for name in COMPARED]
    return found, Comparison(tables[0], tables[1], tables[2], tables[3], found.remarks)


def _manifest(identity: Identity, experiment: Experiment, facts: Facts) -> Manifest:
    """Return the manifest of a run."""
    setting = experiment.setting
    return Manifest(
        kind="run",
        run_id=identity.run_id,
        scenario=identity.scenario,
        title=facts.title,
        status=manifest.FAILED if experiment.gridlock else manifest.FINISHED,
        seed=setting.seed,
        replications=setting.replications,
        engine=facts.engine,
        window=Window(
            setting.window_start,
            setting.window_s / _DAY_S,
            facts.warm_up_days,
            facts.run_out_days,
        ),
        hashes=Hashes(identity.scenario_hash, identity.network_hash, identity.code_hash),
        overrides=facts.overrides,
        notes=experiment.notes,
        remarks=experiment.remarks,
        gridlock=experiment.gridlock,
        base="",
        compared="",
        versions=manifest.versions(),
        timings=facts.timings,
    )


def _write_tables(draft: Path, holder: Experiment | Comparison, tables: tuple[str, ...]) -> None:
    """Write tables and their definitions."""
    for name in tables:
        table: pd.DataFrame = getattr(holder, name)
        files.write_table(draft / f"{name}.csv", table, files.words_of(name))
    columns = columns_table()
    mine = columns[columns["table"].isin(tables)]
    files.write_table(draft / "columns.csv", mine, list(mine.columns))
    kpis = kpis_table()
    files.write_table(draft / "kpis.csv", kpis, list(kpis.columns))


def _begin_cohorts(
    folder: Path, cohorts: Sequence[Cohort], executor: Executor
) -> Callable[[], object]:
    """Begin to write the times by consignment of every replication; return what waits for it.

    A later comparison pairs them.
    """
    folder.mkdir()
    paths = [folder / _cohort_name(r) for r in range(1, len(cohorts) + 1)]
    return share(executor, _write_cohort, zip(paths, cohorts, strict=True))


def _write_cohort(path_and_cohort: tuple[Path, Cohort]) -> None:
    """Write the times by consignment of one replication."""
    path, cohort = path_and_cohort
    files.write_arrays(path, cohort._asdict())


def _cohort_name(replication: int) -> str:
    """Return the name of the file of one replication."""
    return f"{replication:05d}.npz"
