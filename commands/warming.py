"""What a run from twice the warm-up says of the run itself (R21)."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from sim.results.store import RunResult
    from sim.scenario import Scenario


def twice(scenario: "Scenario") -> str:
    """Return the setting that makes a scenario's warm-up twice as long."""
    days = scenario.window.warm_up_days
    if not days:
        raise typer.BadParameter(
            f"--check-warm-up: {scenario.name} has window.warm_up_days 0, and twice that is the "
            "same run; state a warm-up"
        )
    return f"window.warm_up_days={2 * days}"


def run_words(done: "RunResult", longer: "RunResult") -> str:
    """Return whether a run's warm-up was enough."""
    from sim.experiment.pairing import compare
    from sim.experiment.warmup import longer_changes

    moved = longer_changes(compare(done.experiment, longer.experiment).comparison)
    if not moved:
        return f"{_length(done)}: enough; twice as long a one changes nothing by 1 %."
    return f"{_length(done)}: too short; twice as long a one changes {', '.join(moved)}."


def comparison_words(done: "RunResult", first: Path, longer: Path) -> str:
    """Return whether the verdicts of a comparison stand if both have twice the warm-up."""
    from sim.experiment.warmup import turns
    from sim.results.store import load_comparison

    found = turns(*(load_comparison(folder)[1].comparison for folder in (first, longer)))
    if not found:
        return f"{_length(done)}: enough; twice as long a one changes no verdict."
    told = "; ".join(f"{one.kpi}: {one.verdict}, then {one.longer}" for one in found)
    return f"{_length(done)}: too short; twice as long a one changes verdicts: {told}."


def _length(done: "RunResult") -> str:
    return f"Warm-up of {done.manifest.window.warm_up_days:g} days"
