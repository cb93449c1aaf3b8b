"""The arguments and options that mean the same in every command."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

RESULTS: Final = Path("results")

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
SaveState = Annotated[
    datetime | None,
    typer.Option(
        "--save-state", formats=["%Y-%m-%d"], help="Keep the state on this day, for --from-state."
    ),
]
FromState = Annotated[
    Path | None,
    typer.Option(
        "--from-state", metavar="FOLDER", help="Go on from the state that a run has kept."
    ),
]
CheckWarmUp = Annotated[
    bool,
    typer.Option(
        "--check-warm-up",
        help="Run again from twice the warm-up under the same draws; say what changes.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
OfScenario = Annotated[str, typer.Option("--scenario", help="Scenario whose network is meant.")]
Mode = Literal["rail", "road", "sea", "river", "air"]
LoadClass = Literal["box", "bulk", "grain", "truck", "air"]
