"""Commands that look at a network."""

from pathlib import Path
from typing import Annotated

import typer

from commands.given import network_of, scenario_of
from commands.options import AsJson, LoadClass, Mode, OfScenario
from commands.tables import print_table, without_empty


def check_network(*, scenario: OfScenario = "baseline.yaml") -> None:
    """Check a network as one would a stranger's data."""
    from network.validate import check

    network = network_of(scenario_of(scenario))
    warnings = check(network).warnings
    for warning in warnings:
        print(f"warning: {warning.where}: {warning.message}")
    size = f"{len(network.nodes)} nodes, {len(network.links)} links"
    print(f"{size}: valid, {len(warnings)} warnings")


def show_row(
    name: Annotated[str, typer.Argument(metavar="ID", help="A node, link or other row.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Show what stands about a node or link, and what is there."""
    from network.export.describe import describe

    found = describe(network_of(scenario_of(scenario)), name)
    print(f"{found.table} {found.id}, {found.origin}")
    print_table(("column", "value", "unit", "meaning"), found.facts)
    for group in found.related:
        print(group.table)
        print_table(*without_empty(group.columns, group.rows))


def list_visit(
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
    flow: Annotated[str, typer.Option("--flow", help="Id of a flow, if rows name some.")] = "",
    scenario: OfScenario = "baseline-2028.yaml",
    as_json: AsJson = False,
) -> None:
    """List the facilities that a load passes at a node on the window's first day, in order."""
    from network.lanes import is_for
    from network.load import on
    from network.visit import visit

    bound = {"to_china": to_china, "from_china": from_china}
    loaded = scenario_of(scenario)
    network = on(network_of(loaded), loaded.window.start)
    open_to = tuple(row for row in network.facilities if is_for(row.flows, flow))
    rows = visit(
        network._replace(facilities=open_to),
        node,
        mode_in=mode,
        mode_out=onward or mode,
        load_class=load,
        direction=frozenset(name for name, holds in bound.items() if holds),
        kind="stop" if stop else "handling",
    )
    head = ("facility", "operation", "per", "servers", "mean_h", "opens", "closes")
    print_table(
        head, [[getattr(row, name) for name in ("id", *head[1:])] for row in rows], as_json=as_json
    )


def draw_map(
    out: Annotated[Path, typer.Argument(help="SVG file to write.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Draw a network on the coastline."""
    from network.export.drawing import svg

    out.write_text(svg(network_of(scenario_of(scenario))), encoding="utf-8")
    print(out)


def export_network(
    out: Annotated[Path, typer.Argument(help="File to write: .geojson or .graphml.")],
    *,
    scenario: OfScenario = "baseline.yaml",
) -> None:
    """Write a network for QGIS (GeoJSON) or for graph tools (GraphML)."""
    from network.export.files import geojson, graphml

    writers = {".geojson": geojson, ".graphml": graphml}
    if out.suffix not in writers:
        raise typer.BadParameter(f"{out}: must end in {' or '.join(writers)}")
    out.write_text(writers[out.suffix](network_of(scenario_of(scenario))), encoding="utf-8")
    print(out)
