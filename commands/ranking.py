"""Projects of the library ranked, each against the base that it names."""

from collections.abc import Hashable, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

from commands.given import scenario_of
from commands.tables import print_table

if TYPE_CHECKING:
    from sim.results.store import RunResult
    from sim.scenario import Scenario


class Projects(NamedTuple):
    """Projects and their bases; what asks the same is run once."""

    scenarios: tuple["Scenario", ...]
    """To be run, each another question."""
    pairs: Mapping[str, tuple[int, int]]
    """Project -> positions of its base and of itself among them."""
    cost_usd: Mapping[str, float]


def projects_of(files: Sequence[str], settings: Sequence[str]) -> Projects | None:
    """Return several projects with the bases that they name, or None where others are given.

    Parameters
    ----------
    files
        Of scenarios, as the command line has them.
    settings
        As ``path=value``, for projects and bases alike.
    """
    told = [scenario_of(name, settings) for name in files] if len(files) > 1 else []
    if not told or not all(one.library and one.experiment.compare_with for one in told):
        return None
    from sim.scenario import cost_usd, question_yaml, shipped

    at: dict[str, int] = {}
    kept: list[Scenario] = []

    def place(scenario: "Scenario") -> int:
        question = question_yaml(scenario)
        if question not in at:
            at[question] = len(kept)
            kept.append(scenario)
        return at[question]

    pairs = {}
    for name, one in zip(files, told, strict=True):
        base = scenario_of(base_of(name, str(one.experiment.compare_with)), settings)
        pairs[one.name] = place(base), place(one)
    if same := [name for name, (base, own) in pairs.items() if base == own]:
        raise typer.BadParameter(f"{', '.join(same)}: asks what its base asks")
    costs = {one.name: cost_usd(one) for one in shipped() if one.name in pairs}
    known = {name: cost for name, cost in costs.items() if cost is not None}
    return Projects(tuple(kept), pairs, known)


def base_of(name: str, base: str) -> str:
    """Return the file of the base that a scenario names, beside it or shipped."""
    beside = Path(name).parent / base
    return str(beside) if beside.is_file() else base


def light(run: "RunResult") -> "RunResult":
    """Return a run without its records of single consignments: those of many fill the memory."""
    return run._replace(experiment=run.experiment._replace(cohorts=()))


def print_ranking(
    projects: Projects, done: Sequence["RunResult"], out: Path, *, as_json: bool
) -> Path:
    """Print what the projects change, the greatest gain first; return the folder of the table."""
    from sim.results.obtain import obtain_ranking

    pairs = {name: (done[base], done[own]) for name, (base, own) in projects.pairs.items()}
    folder, table = obtain_ranking(pairs, projects.cost_usd, out)
    if not as_json:
        print("Each against its own base, all together at 95 % over the scenarios of each figure:")
    head = ("scenario", "TEU", "transit, d", "waits most for", "USD/TEU gained", "CO2e, kg/TEU")
    print_table(head, [_line(row) for row in table.to_dict("records")], as_json=as_json)
    return folder


def _line(row: Mapping[Hashable, object]) -> list[str]:
    """Return a row of the ranking in words; figures that are not shown stand in brackets."""
    from sim.experiment.ranking import GRIDLOCK
    from sim.report.numbers import signed, spread

    def told(short: str, unit: str) -> str:
        if row[f"{short}_verdict"] == GRIDLOCK:
            return f"gridlock in {row['locked']} of {row['n']}"
        half = float(str(row[f"{short}_half_width"]))
        said = spread(float(str(row[f"{short}_difference"])), half, unit)
        return said if row[f"{short}_verdict"] in {"more", "less"} else f"({said})"

    where = f"{row['cause']} {signed(float(str(row['cause_teu_d'])))} TEU d, most at {row['node']}"
    gained = float(str(row["usd_per_teu_gained"]))
    return [
        str(row["scenario"]),
        told("teu", "TEU"),
        told("transit", "d"),
        "" if row["locked"] else where,
        signed(gained).lstrip("+") if isfinite(gained) else "",
        told("co2e", "kg/TEU"),
    ]
