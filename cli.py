"""The command line: gives each command its name, parses arguments, sets the exit code.

What a command does stands in ``commands``; that folder and this file are all that prints.
"""

import sys
from functools import partial
from typing import Annotated

import typer

from commands import asking, choosing, networks, reading, running, sweeping, verifying
from commands.door import degrade_gently, status_of
from sim.version import VERSION

_SETTINGS = {"help_option_names": ["-h", "--help"]}


def _show_version(asked: bool) -> None:
    if asked:
        print(f"keruen {VERSION}")
        raise typer.Exit


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


app = typer.Typer(
    callback=keruen,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings=_SETTINGS,
)
app.command("run")(running.run)
app.command("compare")(running.compare)
app.command("select")(choosing.select)
app.command("sweep")(sweeping.sweep)
app.command("marginal")(asking.marginal)
app.command("saturate")(asking.saturate)
app.command("stress")(asking.stress)
app.command("routes")(reading.routes)
app.command("report")(reading.report)
app.command("open")(reading.open_report)
app.command("scenarios")(reading.scenarios)
app.command("validate")(reading.validate)
app.command("diff")(reading.diff)
app.command("schema")(reading.schema)
app.command("verify-engines")(verifying.verify_engines)

network = typer.Typer(no_args_is_help=True, rich_markup_mode=None, context_settings=_SETTINGS)
network.command("check")(networks.check_network)
network.command("show")(networks.show_row)
network.command("visit")(networks.list_visit)
network.command("map")(networks.draw_map)
network.command("export")(networks.export_network)
app.add_typer(network, name="network", help="Look at a network.")


def main() -> int:
    """Exit status of this process's command line: 0, 1, 2, 3 or 130."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    degrade_gently()
    return status_of(partial(app, arguments, prog_name="keruen"), debug=debug)


if __name__ == "__main__":
    sys.exit(main())
