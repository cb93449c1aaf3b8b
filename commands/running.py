"""Commands that run scenarios and compare them."""

import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TextIO

import typer

from commands.following import tell
from commands.given import Work, engine_of, restart_of, scenario_of, settings_of
from commands.options import (
    RESULTS,
    AsJson,
    CheckWarmUp,
    Days,
    EngineName,
    Force,
    FromState,
    Jobs,
    Out,
    Overrides,
    Replications,
    SaveState,
    ScenarioFile,
    Seed,
    Sets,
)
from commands.progress import progress
from commands.ranking import base_of, light, print_ranking, projects_of
from commands.tables import print_family, print_table
from commands.warming import comparison_words, run_words, twice
from sim.errors import GridlockError

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from rich.progress import TaskID

    from network.schema import Network
    from sim.report.material import Comparison
    from sim.results.store import RunResult
    from sim.scenario import Scenario

MOST_NOTES: Final = 4


def run(
    scenario: ScenarioFile,
    *,
    out: Out = RESULTS,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    force: Force = False,
    follow: Annotated[
        str | None,
        typer.Option(
            "--follow",
            metavar="FLOW:NUMBER",
            help="Tell one consignment's story instead, e.g. ceu_w_1:17 or ceu_w_1:slowest.",
        ),
    ] = None,
    check_warm_up: CheckWarmUp = False,
    save_state: SaveState = None,
    from_state: FromState = None,
    as_json: AsJson = False,
) -> None:
    """Run a scenario; write tables, figures and a report."""
    from sim.experiment.workers import workers
    from sim.report.answer import HEADLINES, run_sentences
    from sim.report.material import read_run
    from sim.report.tables import headline
    from sim.report.words import names

    told = settings_of(sets, seed, replications, days)
    loaded = scenario_of(scenario, told, overrides)
    if follow is not None and (save_state is not None or from_state is not None):
        raise typer.BadParameter("--follow tells a run from its beginning: it takes no state")
    if follow is not None:
        tell(loaded, follow, engine, as_json=as_json)
        return
    restart = restart_of(save_state, from_state)
    with workers(jobs) as executor:
        work = Work(out, engine, jobs, force=force, restart=restart, executor=executor)
        (done,) = _obtain([loaded], told, work)
        if check_warm_up:
            longer = [*told, twice(loaded)]
            (again,) = _obtain([scenario_of(scenario, longer, overrides)], longer, work)
            print(run_words(done, again), file=_beside(as_json=as_json))
    found = read_run(done.folder)
    if not as_json:
        print(found.title)
        for sentence in run_sentences(found):
            print(f"  {sentence}")
    table = headline(found, HEADLINES, names(found.world.places), "summary.csv")
    rows = [[cell.text for cell in row] for row in table.rows]
    print_table([head.text for head in table.heads], rows, as_json=as_json)
    _finish(done, as_json=as_json)


def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="BASE SCENARIO...",
            help="The base and what is held against it; or one scenario that names its base; or "
            "projects of the library: each against the base it names, ranked.",
        ),
    ],
    *,
    out: Out = RESULTS,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    force: Force = False,
    check_warm_up: CheckWarmUp = False,
    save_state: SaveState = None,
    from_state: FromState = None,
    as_json: AsJson = False,
) -> None:
    """Run scenarios and their base under the same random numbers; say what differs.

    Named overrides are for what is held against the base.
    """
    from sim.experiment.workers import workers

    settings = settings_of(sets, seed, replications, days)
    restart = restart_of(save_state, from_state)
    projects = projects_of(files, settings)
    if projects is not None and (overrides or check_warm_up or restart is not None):
        raise typer.BadParameter("projects of the library take no override, check or state")
    with workers(jobs) as executor:
        work = Work(out, engine, jobs, force=force, restart=restart, executor=executor)
        if projects is not None:
            done = [light(_obtain([one], settings, work)[0]) for one in projects.scenarios]
            folder = print_ranking(projects, done, out, as_json=as_json)
            print(f"Table: {folder / 'ranking.csv'}", file=_beside(as_json=as_json))
        else:
            told = [(name, overrides if at else None) for at, name in enumerate(_with_base(files))]
            done = _compare(told, settings, work, check_warm_up=check_warm_up, as_json=as_json)
    _fail_if_locked(done)


def _compare(
    told: Sequence[tuple[str, Sequence[str] | None]],
    settings: Sequence[str],
    work: Work,
    *,
    check_warm_up: bool,
    as_json: bool,
) -> list["RunResult"]:
    """Hold scenarios, each with its overrides, against the first of them; return all runs."""
    from sim.report.material import read_comparison
    from sim.results.obtain import obtain_comparison, obtain_family

    loaded = [scenario_of(name, settings, own) for name, own in told]
    if check_warm_up:
        loaded += [
            scenario_of(name, [*settings, twice(one)], own)
            for (name, own), one in zip(told, loaded, strict=True)
        ]
    done = _obtain(loaded, settings, work)
    (base, *others), longer = done[: len(told)], done[len(told) :]
    page = partial(_write_page, executor=work.executor)
    pairing = partial(obtain_comparison, root=work.out, extra=page, executor=work.executor)
    for at, other in enumerate(others, 1):
        folder = pairing(base, other)
        _print_comparison(read_comparison(folder, base.folder, other.folder), as_json=as_json)
        if longer:
            again = pairing(longer[0], longer[at])
            print(comparison_words(other, folder, again), file=_beside(as_json=as_json))
        print(f"Report: {folder / 'report.html'}", file=_beside(as_json=as_json))
    if len(others) > 1:
        print_family(obtain_family(base, others, work.out), as_json=as_json)
    return done


def _print_comparison(found: "Comparison", *, as_json: bool) -> None:
    """Print what differs between a scenario and its base."""
    from sim.report.answer import HEADLINES, lines, sentences
    from sim.report.words import names

    if not as_json:
        print(f"{found.scenario.title} against {found.base.title}")
        for sentence in sentences(found):
            print(f"  {sentence}")
    head = ("figure", "base", "scenario", "difference (95 % interval)", "verdict")
    rows = [
        (row.what, row.base, row.scenario, f"{row.difference} ({row.interval})", row.verdict)
        for row in lines(found.comparison, HEADLINES, names(found.scenario.world.places))
    ]
    print_table(head, rows, as_json=as_json)


def _beside(*, as_json: bool) -> TextIO:
    """Return where words go that are no part of the one JSON document."""
    return sys.stderr if as_json else sys.stdout


def _with_base(files: Sequence[str]) -> list[str]:
    """Return the base and the scenarios held against it."""
    if len(files) > 1:
        return list(files)
    base = scenario_of(files[0]).experiment.compare_with
    if base is None:
        raise typer.BadParameter(f"{files[0]}: names no base; give it: BASE {files[0]}")
    return [base_of(files[0], base), files[0]]


def _obtain(scenarios: Sequence["Scenario"], told: Sequence[str], work: Work) -> list["RunResult"]:
    """Return the results of scenarios; run those that are not there."""
    from sim.results.obtain import obtain_runs
    from sim.results.states import state_folder

    for scenario in scenarios:
        print(_asked(scenario, work), file=sys.stderr)
    with progress() as bar:
        tasks: dict[str, TaskID] = {}

        def tell(run: str, done: int, of: int) -> None:
            if run not in tasks:
                tasks[run] = bar.add_task(run.partition("/")[0], total=of)
            bar.update(tasks[run], completed=done)

        results = obtain_runs(
            scenarios,
            engine_of(work.engine).at_work(work.jobs, tell, work.restart),
            work.out,
            clock_s=time.perf_counter,
            overrides=tuple(told),
            force=work.force,
            extra=partial(_write_page, executor=work.executor),
            executor=work.executor,
        )
    for result in results:
        _print_notes(result)
        if work.restart is not None and work.restart.save_on is not None:
            about = result.manifest
            folder = state_folder(work.out, about.scenario, about.run_id, work.restart.save_on)
            print(f"State: {folder}", file=sys.stderr)
    return results


def _print_notes(result: "RunResult") -> None:
    """Print what the compiler wants the reader to know first."""
    notes = result.experiment.notes
    if notes:
        print(result.manifest.scenario, file=sys.stderr)
    for note in notes[:MOST_NOTES]:
        print(f"  note: {note}", file=sys.stderr)
    if len(notes) > MOST_NOTES:
        print("  more notes stand in the report", file=sys.stderr)


def _asked(scenario: "Scenario", work: Work) -> str:
    """Return in a line what is run: length, replications, what is followed, engine."""
    window, keep, lot = scenario.window, scenario.keep, scenario.demand.lot_teu
    parts = [
        f"{scenario.name}: {window.start}, {window.length_days} days",
        f"{scenario.experiment.replications} replications",
        f"only flows by {' and '.join(keep.modes)}" if keep.modes else "all flows",
        f"lots of {lot:g} TEU" if lot else "lots as in the data",
        f"engine {work.engine}",
    ]
    return ", ".join(parts)


def _write_page(
    folder: Path, network: "Network | None" = None, *, executor: "Executor | None"
) -> None:
    from sim.report.page import write

    write(folder, network=network, executor=executor)


def _finish(done: "RunResult", *, as_json: bool) -> None:
    """Say where the report is; exit 1 if the run failed."""
    print(f"Report: {done.folder / 'report.html'}", file=_beside(as_json=as_json))
    _fail_if_locked([done])


def _fail_if_locked(done: "Sequence[RunResult]") -> None:
    """End with exit code 1 if a replication of any run ended in a gridlock (R14)."""
    said = [f"{one.manifest.scenario}: {s}" for one in done for s in one.experiment.gridlock]
    if said:
        raise GridlockError("\n".join(said))
