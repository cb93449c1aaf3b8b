"""Commands that look at scenarios, routes and results without running anything."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commands.given import network_of, scenario_of
from commands.options import AsJson, OfScenario, Overrides, ScenarioFile, Sets
from commands.tables import print_table
from sim.errors import ResultsError

if TYPE_CHECKING:
    from sim.compiler.choices import Choice


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

    loaded = scenario_of(scenario, sets)
    found = choices(loaded, network_of(loaded), origin, destination)
    if as_json:
        print(json.dumps([choice._asdict() for choice in found], indent=1))
        return
    head = ("flow", "share", "legs", "USD/TEU: tariff", "handling", "time",
            "h: moving", "stops", "handling", "waiting", "km")  # fmt: skip
    print_table(head, [_routed(choice) for choice in found])


def _routed(choice: "Choice") -> list[str]:
    figures = (*choice[4:11], choice.km)
    legs = "\n".join(choice.legs)
    return [choice.flow, f"{choice.share:.1%}", legs, *(f"{figure:,.0f}" for figure in figures)]


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


def open_report(
    folder: Annotated[Path, typer.Argument(help="Folder of a run or of a comparison.")],
) -> None:
    """Open the report of results in the browser."""
    page = folder / "report.html"
    if not page.is_file():
        raise ResultsError(f"{page}: no such file; keruen report {folder} writes it")
    typer.launch(page.resolve().as_uri())


def scenarios(*, as_json: AsJson = False) -> None:
    """List the scenarios that come with Keruen."""
    from sim.scenario import shipped

    rows = [(one.file, one.mark, one.title, one.question) for one in shipped()]
    print_table(("scenario", "mark", "title", "question"), rows, as_json=as_json)


def validate(
    files: Annotated[list[str], typer.Argument(metavar="SCENARIO...", help="Files to read.")],
    *,
    sets: Sets = None,
    overrides: Overrides = None,
) -> None:
    """Read scenarios and their networks; say every fault with its place."""
    from network.validate import check

    for name in files:
        network = network_of(scenario_of(name, sets, overrides))
        for warning in check(network).warnings:
            print(f"warning: {warning.where}: {warning.message}")
        print(f"{name}: valid")


def diff(
    base: ScenarioFile,
    scenario: Annotated[str, typer.Argument(metavar="OTHER", help="The scenario beside it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Say in words and numbers in what two scenarios differ."""
    from sim.scenario import diff as differences

    rows = [
        (one.kind, one.where, one.words)
        for one in differences(scenario_of(base), scenario_of(scenario))
    ]
    print_table(("kind", "where", "difference"), rows, as_json=as_json)


def schema(
    *,
    patch: Annotated[bool, typer.Option("--patch", help="The schema of patches instead.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors."""
    from sim.scenario import json_schema, patch_schema

    print(patch_schema() if patch else json_schema())
