"""The command line: parses arguments, prints, sets exit codes; nothing else.

A command is a function of this module marked ``@app.command()``, above ``main``. It imports
the rooms it needs inside itself, so that ``--help`` stays fast, calls one function of them,
and prints what comes back. It catches nothing: ``status_of`` turns every error into one
message and an exit code, for all commands alike.
"""

import codecs
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal, NamedTuple

import typer

from network.errors import KeruenError
from sim.errors import GridlockError, ResultsError
from sim.version import VERSION

if TYPE_CHECKING:
    from network.schema import Network
    from sim.compiler.choices import Choice
    from sim.experiment.replicate import Run
    from sim.results.store import RunResult
    from sim.scenario import Scenario

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

RESULTS: Final = Path("results")
MOST_NOTES: Final = 4

_PLAIN: Final = {
    "±": "+/-",
    "×": "x",
    "–": "-",
    "—": "-",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "₂": "2",
}

_SETTINGS: Final = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)
network_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS)
app.add_typer(network_app, name="network", help="Look at a network.")

ScenarioFile = Annotated[
    str, typer.Argument(metavar="SCENARIO", help="A YAML file, or the name of a shipped scenario.")
]
Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Set one key; may be repeated."),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option("--override", metavar="NAME", help="Use a named override of the scenario."),
]
Out = Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where results are kept.")]
Seed = Annotated[int | None, typer.Option("--seed", min=0, help="Seed of all random numbers.")]
Replications = Annotated[
    int | None, typer.Option("--replications", min=1, help="Replications of each scenario.")
]
Days = Annotated[int | None, typer.Option("--days", min=1, help="Length of the measured window.")]
EngineName = Annotated[
    str, typer.Option("--engine", metavar="auto|simpy|compiled", help="Engine that runs.")
]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Processes at work at once.")]
Force = Annotated[bool, typer.Option("--force", help="Run again what is finished.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
OfScenario = Annotated[str, typer.Option("--scenario", help="Scenario whose network is meant.")]


Mode = Literal["rail", "road", "sea", "river", "air"]
LoadClass = Literal["box", "bulk", "grain", "truck", "air"]


def _show_version(asked: bool) -> None:
    if asked:
        print(f"keruen {VERSION}")
        raise typer.Exit


@app.callback()
def keruen(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print it and stop."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Freight-routing simulation of the Trans-Kazakhstan corridors."""
    del version, debug  # the one has its callback, the other is taken by ``main``


@app.command()
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
    as_json: AsJson = False,
) -> None:
    """Run a scenario; write tables, figures and a report."""
    from sim.report.answer import HEADLINES, run_sentences
    from sim.report.material import read_run
    from sim.report.tables import headline
    from sim.report.words import names

    told = _told(sets, seed, replications, days)
    done = _obtain(_load(scenario, told, overrides), told, _Work(out, engine, jobs, force=force))
    found = read_run(done.folder)
    if not as_json:
        print(found.title)
        for sentence in run_sentences(found):
            print(f"  {sentence}")
    table = headline(found, HEADLINES, names(found.world.places), "summary.csv")
    rows = [[cell.text for cell in row] for row in table.rows]
    _show([head.text for head in table.heads], rows, as_json=as_json)
    _finish(done, as_json=as_json)


@app.command()
def compare(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="BASE SCENARIO...",
            help="The base and what is held against it; or one scenario that names its base.",
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
    as_json: AsJson = False,
) -> None:
    """Run scenarios and their base under the same random numbers; say what differs.

    Named overrides are for what is held against the base.
    """
    from sim.report.answer import HEADLINES, lines, sentences
    from sim.report.material import read_comparison
    from sim.report.words import names
    from sim.results.obtain import obtain_comparison

    settings = _told(sets, seed, replications, days)
    work = _Work(out, engine, jobs, force=force)
    base_file, *other_files = _with_base(files)
    loaded = [
        _load(base_file, settings),
        *(_load(name, settings, overrides) for name in other_files),
    ]
    base, *others = [_obtain(one, settings, work) for one in loaded]
    for other in others:
        folder = obtain_comparison(base, other, out, extra=_write_page)
        found = read_comparison(folder, base.folder, other.folder)
        if not as_json:
            print(f"{found.scenario.title} against {found.base.title}")
            for sentence in sentences(found):
                print(f"  {sentence}")
        rows = lines(found.comparison, HEADLINES, names(found.scenario.world.places))
        head = ("figure", "base", "scenario", "difference (95 % interval)", "verdict")
        told = [
            (row.what, row.base, row.scenario, f"{row.difference} ({row.interval})", row.verdict)
            for row in rows
        ]
        _show(head, told, as_json=as_json)
        print(f"Report: {folder / 'report.html'}", file=sys.stderr if as_json else sys.stdout)


@app.command()
def routes(
    origin: Annotated[str, typer.Argument(help="Id of a node.")],
    destination: Annotated[str, typer.Argument(help="Id of a node.")],
    *,
    scenario: OfScenario = "baseline-2028.yaml",
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """List what flows between two nodes may take: costs, times and shares."""
    from sim.compiler.choices import choices

    loaded = _load(scenario, sets)
    found = choices(loaded, _network(loaded), origin, destination)
    if as_json:
        print(json.dumps([choice._asdict() for choice in found], indent=1))
        return
    head = ("flow", "share", "legs", "USD/TEU: tariff", "handling", "time",
            "h: moving", "stops", "handling", "waiting", "km")  # fmt: skip
    _show(head, [_routed(choice) for choice in found])


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run or of a comparison.")],
    *,
    basemap: Annotated[
        str | None,
        typer.Option(
            "--basemap", help="land, borders, or a GeoJSON file; default as the scenario says."
        ),
    ] = None,
) -> None:
    """Write the report of results again."""
    from sim.report.page import write

    print(write(folder, basemap=basemap))


@app.command("open")
def open_report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run or of a comparison.")],
) -> None:
    """Open the report of results in the browser."""
    page = folder / "report.html"
    if not page.is_file():
        raise ResultsError(f"{page}: no such file; keruen report {folder} writes it")
    typer.launch(page.resolve().as_uri())


def _routed(choice: "Choice") -> list[str]:
    figures = (*choice[4:11], choice.km)
    legs = "\n".join(choice.legs)
    return [choice.flow, f"{choice.share:.1%}", legs, *(f"{figure:,.0f}" for figure in figures)]


class _Work(NamedTuple):
    """Where and how runs are made."""

    out: Path
    engine: str
    jobs: int
    force: bool


def _told(
    sets: Sequence[str] | None, seed: int | None, replications: int | None, days: int | None
) -> list[str]:
    """Return the settings of the command line as ``path=value``, in order."""
    options = {
        "experiment.seed": seed,
        "experiment.replications": replications,
        "window.days": days,
    }
    return [*(sets or ()), *(f"{k}={v}" for k, v in options.items() if v is not None)]


def _with_base(files: Sequence[str]) -> list[str]:
    """Return the base and the scenarios held against it."""
    if len(files) > 1:
        return list(files)
    base = _load(files[0]).experiment.compare_with
    if base is None:
        raise typer.BadParameter(f"{files[0]}: names no base; give it: BASE {files[0]}")
    beside = Path(files[0]).parent / base
    return [str(beside) if beside.is_file() else base, files[0]]


def _obtain(scenario: "Scenario", told: Sequence[str], work: _Work) -> "RunResult":
    """Return the results of a scenario; run it if they are not there."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from sim.results.obtain import Engine, obtain_run

    print(_asked(scenario, work), file=sys.stderr)
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(scenario.name, total=scenario.experiment.replications)
        engine = Engine(
            *_engine(work.engine),
            work.jobs,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
        done = obtain_run(
            scenario,
            engine,
            work.out,
            clock_s=time.perf_counter,
            overrides=tuple(told),
            force=work.force,
            extra=_write_page,
        )
    for note in done.experiment.notes[:MOST_NOTES]:
        print(f"  note: {note}", file=sys.stderr)
    if len(done.experiment.notes) > MOST_NOTES:
        print("  more notes stand in the report", file=sys.stderr)
    return done


def _asked(scenario: "Scenario", work: _Work) -> str:
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


def _engine(name: str) -> tuple[str, "Run"]:
    """Return the engine of a name: what it is called and its function."""
    from sim.engine.run import run as run_simpy

    if name not in {"auto", "simpy", "compiled"}:
        raise typer.BadParameter(f"--engine {name}: must be auto, simpy or compiled")
    if name == "simpy":
        return "simpy", run_simpy
    try:
        from sim.kernel.run import run as run_compiled
    except ImportError as error:
        if name == "compiled":
            raise typer.BadParameter("--engine compiled needs numba: the extra fast") from error
        print("warning: no numba, so the slower reference engine runs", file=sys.stderr)
        return "simpy", run_simpy
    return "compiled", run_compiled


def _write_page(folder: Path, network: "Network | None" = None) -> None:
    from sim.report.page import write

    write(folder, network=network)


def _finish(done: "RunResult", *, as_json: bool) -> None:
    """Say where the report is; exit 1 if the run failed."""
    print(f"Report: {done.folder / 'report.html'}", file=sys.stderr if as_json else sys.stdout)
    if done.experiment.gridlock:
        raise GridlockError("\n".join(done.experiment.gridlock))


@app.command()
def scenarios(*, as_json: AsJson = False) -> None:
    """List the scenarios that come with Keruen."""
    from sim.scenario import shipped

    rows = [(one.file, one.title, one.question) for one in shipped()]
    _show(("scenario", "title", "question"), rows, as_json=as_json)


@app.command()
def validate(
    files: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Files to read.")],
    *,
    sets: Sets = None,
    overrides: Overrides = None,
) -> None:
    """Read scenarios and their networks; say every fault with its place."""
    from network.validate import check

    for name in files:
        network = _network(_load(name, sets, overrides))
        for warning in check(network).warnings:
            print(f"warning: {warning.where}: {warning.message}")
        print(f"{name}: valid")


@app.command()
def diff(
    base: ScenarioFile,
    scenario: Annotated[str, typer.Argument(metavar="OTHER", help="The scenario beside it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say in words and numbers in what two scenarios differ."""
    from sim.scenario import diff as differences

    rows = [(one.kind, one.where, one.words) for one in differences(_load(base), _load(scenario))]
    _show(("kind", "where", "difference"), rows, as_json=as_json)


@app.command()
def schema(
    *,
    patch: Annotated[bool, typer.Option("--patch", help="The schema of patches instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from sim.scenario import json_schema, patch_schema

    print(patch_schema() if patch else json_schema())


@network_app.command("check")
def network_check(*, scenario: OfScenario = "baseline.yaml") -> None:
    """Check a network as one would a stranger's data."""
    from network.validate import check

    network = _network(_load(scenario))
    warnings = check(network).warnings
    for warning in warnings:
        print(f"warning: {warning.where}: {warning.message}")
    size = f"{len(network.nodes)} nodes, {len(network.links)} links"
    print(f"{size}: valid, {len(warnings)} warnings")


@network_app.command("show")
def network_show(
    name: Annotated[str, typer.Argument(metavar="ID", help="A node, link or other row.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Show what stands about a node or link, and what is there."""
    from network.export.describe import describe

    found = describe(_network(_load(scenario)), name)
    print(f"{found.table} {found.id}, {found.origin}")
    _show(("column", "value", "unit", "meaning"), found.facts)
    for group in found.related:
        print(group.table)
        _show(group.columns, group.rows)


@network_app.command("visit")
def network_visit(
    node: Annotated[str, typer.Argument(help="Id of a node.")],
    *,
    mode: Annotated[Mode, typer.Option("--mode", help="Mode of the vehicle that comes.")] = "rail",
    onward: Annotated[
        Mode | None,
        typer.Option("--onward", help="Mode of the vehicle that goes; default the same."),
    ] = None,
    load: Annotated[LoadClass, typer.Option("--load", help="What is carried.")] = "box",
    to_china: Annotated[bool, typer.Option("--to-china", help="On the way to China.")] = False,
    from_china: Annotated[bool, typer.Option("--from-china", help="On the way from it.")] = False,
    stop: Annotated[bool, typer.Option("--stop", help="The vehicle only stops there.")] = False,
    scenario: OfScenario = "baseline-2028.yaml",
    as_json: AsJson = False,
) -> None:
    """List the facilities that a load passes at a node on the window's first day, in order."""
    from network.load import on
    from network.visit import visit

    bound = {"to_china": to_china, "from_china": from_china}
    loaded = _load(scenario)
    rows = visit(
        on(_network(loaded), loaded.window.start),
        node,
        mode_in=mode,
        mode_out=onward or mode,
        load_class=load,
        direction=frozenset(name for name, holds in bound.items() if holds),
        kind="stop" if stop else "handling",
    )
    head = ("facility", "operation", "per", "servers", "mean_h", "opens", "closes")
    _show(
        head, [[getattr(row, name) for name in ("id", *head[1:])] for row in rows], as_json=as_json
    )


@network_app.command("map")
def network_map(
    out: Annotated[Path, typer.Argument(help="SVG file to write.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Draw a network on the coastline."""
    from network.export.drawing import svg

    out.write_text(svg(_network(_load(scenario))), encoding="utf-8")
    print(out)


@network_app.command("export")
def network_export(
    out: Annotated[Path, typer.Argument(help="File to write: .geojson or .graphml.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Write a network for QGIS (GeoJSON) or for graph tools (GraphML)."""
    from network.export.files import geojson, graphml

    writers = {".geojson": geojson, ".graphml": graphml}
    if out.suffix not in writers:
        raise typer.BadParameter(f"{out}: must end in {' or '.join(writers)}")
    out.write_text(writers[out.suffix](_network(_load(scenario))), encoding="utf-8")
    print(out)


def _load(
    name: str, sets: Sequence[str] | None = None, overrides: Sequence[str] | None = None
) -> "Scenario":
    """Return the scenario of a file, or of a shipped file of that name."""
    from sim.scenario import find, load

    return load(find(name, Path.cwd()), sets=sets or (), overrides=overrides or ())


def _network(scenario: "Scenario") -> "Network":
    from sim.scenario import network_of

    return network_of(scenario)


def _show(head: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool = False) -> None:
    """Print a table: lines that fit the window, or one JSON document."""
    if as_json:
        print(json.dumps([dict(zip(head, map(str, row), strict=True)) for row in rows], indent=1))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in head:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)


def main() -> int:
    """Exit status of this process's command line: 0, 1, 2, 3 or 130."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    _degrade_gently()
    return status_of(partial(app, arguments, prog_name="keruen"), debug=debug)


def status_of(action: Callable[[], object], *, debug: bool) -> int:
    """Exit status of an action, with one message on stderr if it failed.

    Parameters
    ----------
    action
        What the user asked for. A ``SystemExit`` it raises keeps its code.
    debug
        Whether an error shows its traceback above the message.

    Returns
    -------
    0 done, 1 the run failed, 2 bad input, 130 interrupted, or the code of a ``SystemExit``
    (3: some points of a sweep failed).
    """
    try:
        status = _code_of(action)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader has left (``keruen … | head``): nothing more can be said to it, not
        # even by Python while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last door: no user sees a traceback
        if debug:
            traceback.print_exc()
        message, status = _verdict(error)
        print(message, file=sys.stderr)
    if status == INTERRUPTED:
        print("Interrupted.", file=sys.stderr)
    return status


def _code_of(action: Callable[[], object]) -> int:
    try:
        action()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE if end.code is None else FAILED
    return DONE


def _verdict(error: Exception) -> tuple[str, int]:
    if isinstance(error, KeruenError):
        return str(error), FAILED if isinstance(error, GridlockError) else BAD_INPUT
    if isinstance(error, OSError):
        return f"keruen: {error}", FAILED
    kind = type(error).__name__
    return f"keruen: internal error, {kind}: {error}\nWith --debug it shows where.", FAILED


def _degrade_gently() -> None:
    """Let streams that cannot say ``±`` say ``+/-``, and ``?`` for what has no such form."""
    codecs.register_error("keruen.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="keruen.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unsayable = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in unsayable), error.end


if __name__ == "__main__":
    sys.exit(main())
