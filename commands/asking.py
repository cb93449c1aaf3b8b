"""The commands that ask a planner's questions: families of runs against one base."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar, get_args

import typer

from commands.given import engine_of, scenario_of, settings_of
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
    from sim.questions.answers import Answer, Asking

Kind = TypeVar("Kind")

First = Annotated[
    int | None,
    typer.Option(
        "--first",
        min=2,
        help="Replications of a first pass over all; the best are then run again, fresh.",
    ),
]
Confirm = Annotated[
    int, typer.Option("--confirm", min=1, help="How many of the first pass are run again.")
]


def saturate(
    scenario: ScenarioFile,
    *,
    flow: Annotated[
        list[str] | None,
        typer.Option("--flow", metavar="FLOW", help="Multiply this flow alone; may be repeated."),
    ] = None,
    origin: Annotated[
        str, typer.Option("--from", metavar="NODE", help="Multiply flows that begin here.")
    ] = "",
    destination: Annotated[
        str, typer.Option("--to", metavar="NODE", help="Multiply flows that end here.")
    ] = "",
    step: Annotated[
        float, typer.Option("--step", min=0.001, max=1.0, help="How narrow the answer is.")
    ] = 0.05,
    most: Annotated[
        float, typer.Option("--most", min=0.001, max=1000, help="Greatest multiplier tried.")
    ] = 4.0,
    out: Out = RESULTS,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Find the largest demand that is carried with stable queues, and what binds there."""
    from sim.questions.answers import answer_folder
    from sim.questions.saturation import QUESTION, Load, ask

    if most < step:
        raise typer.BadParameter(f"--most {most:g}: must be at least --step {step:g}")
    told = settings_of(sets, seed, replications, days)
    base = scenario_of(scenario, told, overrides)
    load = Load(tuple(flow or ()), origin, destination, step, most)
    with _asking(out, engine, jobs, told) as asking:
        found = ask(base, load, asking)
    _finish(answer_folder(out, base, QUESTION, load), found, "trials", as_json=as_json)


def stress(
    scenario: ScenarioFile,
    *,
    kind: Annotated[
        str, typer.Option("--kind", metavar="node,link,facility", help="What is closed.")
    ] = "node",
    only: Annotated[
        str, typer.Option("--only", metavar="ID,ID,...", help="Close these alone.")
    ] = "",
    most: Annotated[
        int, typer.Option("--most", min=1, help="Close so many, the busiest first.")
    ] = 12,
    shut_days: Annotated[
        int, typer.Option("--shut-days", min=1, help="For how many days each is closed.")
    ] = 10,
    start: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="First day (after a quarter of the window)."
        ),
    ] = None,
    first: First = None,
    confirm: Confirm = 5,
    out: Out = RESULTS,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Close each node, link or facility in turn; rank them by what that costs."""
    from sim.questions.answers import answer_folder
    from sim.questions.paired import Screening
    from sim.questions.places import Kind as PlaceKind
    from sim.questions.stress import QUESTION, Shock, ask

    told = settings_of(sets, seed, replications, days)
    base = scenario_of(scenario, told, overrides)
    kinds = _kinds(kind, get_args(PlaceKind), "--kind")
    day = None if start is None else start.date()
    shock = Shock(kinds, _listed(only), most, day, shut_days)
    screening = None if first is None else Screening(first, confirm, "stock_mean_teu", "most")
    with _asking(out, engine, jobs, told) as asking:
        found = ask(base, shock, asking, screening=screening)
    folder = answer_folder(out, base, QUESTION, (shock, screening))
    _finish(folder, found, "stress", as_json=as_json)


def marginal(
    scenario: ScenarioFile,
    *,
    kind: Annotated[
        str,
        typer.Option(
            "--kind",
            metavar="path,server,…",
            help="Of path, server, hour, room, vessel, wagon, locomotive (all).",
        ),
    ] = "",
    only: Annotated[
        str, typer.Option("--only", metavar="ID,ID,...", help="Try one more of these alone.")
    ] = "",
    most: Annotated[
        int, typer.Option("--most", min=1, help="Try so many, those first where the base waits.")
    ] = 12,
    by: Annotated[
        Literal["auto", "teu", "days", "waiting"],
        typer.Option("--by", help="What ranks; auto: days, or TEU where stock grows."),
    ] = "auto",
    rounds: Annotated[
        int, typer.Option("--rounds", min=1, help="Apply the best and ask again, so many times.")
    ] = 1,
    costs: Annotated[
        Path | None,
        typer.Option("--costs", metavar="FILE", help="CSV: capacity (id or kind), usd of one."),
    ] = None,
    first: First = None,
    confirm: Confirm = 5,
    out: Out = RESULTS,
    seed: Seed = None,
    replications: Replications = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Try one more of each capacity; rank them by TEU a year and days saved."""
    from sim.questions.answers import answer_folder
    from sim.questions.capacities import Sort
    from sim.questions.costs import read_costs
    from sim.questions.marginal import QUESTION, Wish, ask
    from sim.questions.paired import Screening

    told = settings_of(sets, seed, replications, days)
    base = scenario_of(scenario, told, overrides)
    sorts = _kinds(kind, get_args(Sort), "--kind") if kind else ()
    wish = Wish(sorts, _listed(only), most, None if by == "auto" else by, rounds)
    screening = None if first is None else partial(Screening, first, confirm)
    priced = None if costs is None else partial(read_costs, costs)
    with _asking(out, engine, jobs, told) as asking:
        found = ask(base, wish, asking, screening=screening, costs=priced)
    stated = None if costs is None else costs.read_bytes()
    folder = answer_folder(out, base, QUESTION, (wish, first, confirm, stated))
    _finish(folder, found, "marginal", as_json=as_json)


def _kinds(words: str, allowed: Sequence[Kind], option: str) -> tuple[Kind, ...]:
    """Return the kinds that a list names.

    Raises
    ------
    typer.BadParameter
        If one is none of those allowed, or none is named.
    """
    named = _listed(words)
    wrong = [word for word in named if word not in allowed]
    if wrong or not named:
        told = ", ".join(wrong) or "nothing"
        raise typer.BadParameter(
            f"{option}: found {told}; must be of {', '.join(map(str, allowed))}"
        )
    return tuple(one for one in allowed if one in named)


def _listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


@contextmanager
def _asking(out: Path, engine: str, jobs: int, told: list[str]) -> "Iterator[Asking]":
    """Yield how runs are obtained; a count of those that are done on a terminal."""
    from sim.questions.answers import Asking

    with _progress() as tell:
        yield Asking(
            engine_of(engine).at_work(jobs, tell),
            out,
            time.perf_counter,
            tuple(told),
        )


@contextmanager
def _progress() -> "Iterator[Callable[[str, int, int], None]]":
    with progress(is_open=True) as bar:
        task = bar.add_task("runs", total=None)
        total = 0

        def tell(run: str, done: int, of: int) -> None:
            nonlocal total
            total += of if done == 0 else 0
            name = run.partition("/")[0]
            bar.update(task, description=name, advance=min(done, 1), total=total)

        yield tell


def _finish(folder: Path, found: "Answer", shown: str, *, as_json: bool) -> None:
    """Write an answer and print it."""
    from sim.questions.answers import save
    from sim.report.page import PAGE
    from sim.report.question import SHORT, table, write

    save(folder, found, write)
    beside = sys.stderr if as_json else sys.stdout
    print(found.title, file=beside)
    for name, fact in found.facts:
        print(f"  {name}: {fact}", file=beside)
    for sentence in found.sentences:
        print(f"  {sentence}", file=beside)
    for warning in found.warnings:
        print(f"  note: {warning}", file=beside)
    if as_json:
        rows = found.tables[shown]
        print_table([str(c) for c in rows], rows.itertuples(index=False), as_json=True)
    else:
        drawn = table(found, shown, SHORT[shown])
        cells = [[cell.text for cell in row] for row in drawn.rows]
        print_table([head.text for head in drawn.heads], cells)
    print(f"Report: {folder / PAGE}", file=beside)
