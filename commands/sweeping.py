"""The command that runs sweeps."""

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from commands.given import Chosen, engine_of, path_of, settings_of
from commands.options import (
    RESULTS,
    AsJson,
    Days,
    EngineName,
    Jobs,
    Out,
    Overrides,
    Replications,
    ScenarioFile,
    Seed,
    Sets,
)
from commands.progress import progress
from commands.tables import print_table

if TYPE_CHECKING:
    from sim.sweep.conduct import Plan, Progress, State
    from sim.sweep.crews import Keys
    from sim.sweep.folder import Estimate

SOME_FAILED: Final = 3


def sweep(
    file: ScenarioFile,
    *,
    out: Out = RESULTS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say how many runs, how long, how much disk; stop.")
    ] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw away what is there.")] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Make the runs again that failed.")
    ] = False,
    cluster: Annotated[
        str | None,
        typer.Option("--cluster", metavar="tcp://…|tls://…", help="Scheduler of a Dask cluster."),
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option("--tls-ca", help="Certificate of the CA.")] = None,
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Own certificate.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Own key.")] = None,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Run the points of a sweep that are missing; write tables, figures and a report.

    A sweep that was interrupted goes on where it stopped.
    """
    from sim.report.sweep import write
    from sim.sweep.folder import estimate, obtain, sweep_folder
    from sim.sweep.points import points

    told = settings_of(sets, seed, replications, days)
    found = points(path_of(file), sets=told, overrides=overrides or ())
    folder = sweep_folder(out, found)
    keys = _keys(tls_ca, tls_cert, tls_key)
    plan = _plan(jobs, cluster, keys, engine_of(engine))
    if dry_run:
        asked = estimate(found, folder, plan, time.time)
        _print_estimate(asked, jobs, as_json=as_json)
        return
    with _progress(found.name) as tell, _resumable():
        done = obtain(
            found,
            folder,
            plan._replace(tell=tell),
            fresh=fresh,
            retry_failed=retry_failed,
            now_s=time.time,
        )
    page = write(folder, found, done)
    _finish(done.state, page, as_json=as_json)


def _plan(jobs: int, cluster: str | None, keys: "Keys | None", chosen: Chosen) -> "Plan":
    """Return how runs are made: here, or on a cluster."""
    from keruen.work import carry_out
    from sim.sweep.conduct import Plan
    from sim.sweep.crews import cluster_crew, local_crew

    engine = chosen.counting or chosen.run
    crew = (
        partial(local_crew, jobs, (engine.__module__,))
        if cluster is None
        else partial(cluster_crew, cluster, keys, carry_out)
    )
    return Plan(crew, chosen.run, time.perf_counter, lambda _: None, chosen.counting)


def _keys(authority: Path | None, certificate: Path | None, key: Path | None) -> "Keys | None":
    from sim.sweep.crews import Keys

    given = [path for path in (authority, certificate, key) if path is not None]
    if given and len(given) < len(Keys._fields):
        raise typer.BadParameter("--tls-ca, --tls-cert and --tls-key go together")
    return Keys(*given) if given else None


@contextmanager
def _resumable() -> Iterator[None]:
    """Treat an order to end as Ctrl-C; after it, say the command that goes on."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        words = [
            word for word in sys.argv[1:] if word not in {"--fresh", "--debug", "--retry-failed"}
        ]
        print(f"What is done is kept. Go on with: keruen {' '.join(words)}", file=sys.stderr)
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(name: str) -> "Iterator[Callable[[Progress], None]]":
    """Yield what is told how far the sweep is; a bar with the time left on a terminal."""
    with progress() as bar:
        task = bar.add_task(name, total=None)

        def tell(so_far: "Progress") -> None:
            words = name if not so_far.failed else f"{name}, {so_far.failed} failed"
            bar.update(
                task,
                description=words,
                completed=so_far.done + so_far.failed,
                total=so_far.total,
            )

        yield tell


def _print_estimate(asked: "Estimate", jobs: int, *, as_json: bool) -> None:
    """Print what a sweep asks for."""
    work_s = asked.missing * asked.run_s
    source = "one run made for this" if asked.is_measured_now else "runs that are there"
    rows = [
        ("points", asked.points),
        ("different points", asked.different),
        ("replications", asked.replications),
        ("runs", asked.runs),
        ("done", asked.done),
        ("failed", asked.failed),
        ("missing", asked.missing),
        (f"one run, by {source}", f"{asked.run_s:.2f} s"),
        (f"time with {jobs} jobs, about", f"{work_s / jobs:.0f} s"),
        ("disk, about", f"{asked.disk_bytes / 1e6:.1f} MB"),
    ]
    print_table(("what", "value"), rows, as_json=as_json)


def _finish(done: "State", page: Path, *, as_json: bool) -> None:
    """Say what is there; exit 3 if some runs failed."""
    so_far = done.progress
    stream = sys.stderr if as_json else sys.stdout
    if done.damaged:
        print(f"{done.damaged} damaged records were made again", file=stream)
    print(f"{so_far.done} of {so_far.total} runs done, {so_far.failed} failed", file=stream)
    print(f"Report: {page}", file=stream)
    if as_json:
        print_table(
            ("runs", "done", "failed", "folder"),
            [(so_far.total, so_far.done, so_far.failed, page.parent)],
            as_json=True,
        )
    if so_far.failed:
        print("failed.csv says why; --retry-failed makes them again", file=sys.stderr)
        raise typer.Exit(SOME_FAILED)
