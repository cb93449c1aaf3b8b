"""The command that finds the best of several scenarios."""

from typing import Annotated, Literal

import typer

from commands.given import engine_of, scenario_of, settings_of
from commands.options import AsJson, Days, EngineName, Jobs, Seed, Sets
from commands.tables import print_table


def select(
    files: Annotated[
        list[str], typer.Argument(metavar="SCENARIO SCENARIO...", help="Two or more scenarios.")
    ],
    *,
    difference: Annotated[
        float, typer.Option("--difference", help="Difference of means that is worth finding.")
    ],
    kpi: Annotated[str, typer.Option("--by", metavar="KPI", help="Figure that decides.")] = (
        "teu_delivered"
    ),
    want: Annotated[
        Literal["most", "least"], typer.Option("--want", help="Whether more of it is better.")
    ] = "most",
    confidence: Annotated[
        float, typer.Option("--confidence", help="Chance of being right, below 1.")
    ] = 0.95,
    first: Annotated[
        int, typer.Option("--first", min=2, help="Replications before one may be dropped.")
    ] = 10,
    at_most: Annotated[
        int, typer.Option("--at-most", min=2, help="Replications of one scenario.")
    ] = 200,
    seed: Seed = None,
    days: Days = None,
    engine: EngineName = "auto",
    jobs: Jobs = 1,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Find the best of several scenarios; those clearly worse are dropped on the way."""
    from sim.experiment.selection import Aim
    from sim.results.obtain import obtain_best

    if len(set(files)) < len(files) or len(files) == 1:
        raise typer.BadParameter("give two or more different scenarios")
    if difference <= 0 or not 1 / len(files) < confidence < 1:
        raise typer.BadParameter(
            f"--difference must be > 0 and --confidence above {1 / len(files):.2g} and below 1"
        )
    told = settings_of(sets, seed, None, days)
    scenarios = {name: scenario_of(name, told) for name in files}
    aim = Aim(difference, confidence, first, at_most, is_most=want == "most")
    found = obtain_best(scenarios, engine_of(engine).at_work(jobs), kpi, aim)
    left = [one.scenario for one in found if one.is_left]
    if not as_json:
        print(
            f"Best by {kpi}: {left[0]}, with {100 * confidence:g} % if it is better by "
            f"{difference:g}"
            if len(left) == 1
            else f"Undecided after {at_most} replications: {', '.join(left)}"
        )
    rows = [
        (f.scenario, f"{f.mean:.6g}", f.replications, "yes" if f.is_left else "") for f in found
    ]
    print_table(("scenario", kpi, "replications", "left"), rows, as_json=as_json)
