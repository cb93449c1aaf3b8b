"""The points of a sweep as scenarios, each with the key under which its runs are kept.

In: the sweep file. Out: `Points`. Two points that resolve to the same are one.
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from network.errors import Problem
from network.load import corridor_folder
from sim.errors import ScenarioError
from sim.results.identity import code_hash, hash_files
from sim.scenario import SweepSection, Value, load_points, load_sweep, network_of
from sim.scenario.models import Scenario
from sim.scenario.tree import problem
from sim.sweep.designs import Design, design

_NO_MATTER: dict[str, bool | set[str]] = {
    "name": True,
    "title": True,
    "question": True,
    "description": True,
    "basemap": True,
    "experiment": {"replications", "precision", "compare_with"},
}
"""What changes no run: more replications keep those that are there."""


class Points(NamedTuple):
    """All points of a sweep, in the order of the design."""

    name: str
    title: str
    section: SweepSection
    design: Design
    keys: tuple[str, ...]
    scenarios: dict[str, Scenario]
    """Key -> scenario, each once."""
    replications: int


def points(
    path: Path,
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
) -> Points:
    """Return the points of a sweep file.

    Raises
    ------
    ScenarioError
        If the file is no sweep, a factor sets what there is not, there are more runs than it
        allows, or their number is left to a precision.
    NetworkError
        If the first point has no valid network.
    """
    base, section = load_sweep(path, sets=sets, overrides=overrides)
    if base.experiment.precision is not None:
        mark = base.mark(("experiment", "precision"))
        message = "experiment.precision: a sweep runs a fixed number of replications; take it out"
        raise ScenarioError([problem(mark, message)])
    made = design(section)
    runs = len(made.points) * base.experiment.replications
    if runs > section.at_most:
        message = (
            f"{len(made.points)} points x {base.experiment.replications} replications = {runs} "
            f"runs; at most {section.at_most} are allowed (sweep.at_most)"
        )
        raise ScenarioError([Problem(str(path), message)])
    chosen = [_settings(section, point) for point in made.points]
    stamp = f"{code_hash()} {hash_files(corridor_folder(), _tables())}"
    keys: list[str] = []
    scenarios: dict[str, Scenario] = {}
    for scenario in load_points(path, chosen, sets=sets, overrides=overrides):
        key = point_key(scenario, stamp)
        keys.append(key)
        scenarios.setdefault(key, scenario)
    network_of(next(iter(scenarios.values())))
    title = base.title or base.name
    replications = base.experiment.replications
    return Points(base.name, title, section, made, tuple(keys), scenarios, replications)


def _tables() -> list[Path]:
    return sorted(corridor_folder().rglob("*.csv"))


def _settings(section: SweepSection, point: Sequence[Value]) -> list[str]:
    """Return a point as `--set` takes it."""
    return [
        f"{path}={json.dumps(value)}"
        for factor, value in zip(section.factors, point, strict=True)
        for path in factor.paths
    ]


def point_key(scenario: Scenario, stamp: str) -> str:
    """Return what a point is called: a hash of all that its runs depend on.

    Parameters
    ----------
    scenario
        Resolved, its seed in it.
    stamp
        Of the code and the network's files.
    """
    said = scenario.model_dump(mode="json", by_alias=True, exclude=_NO_MATTER)
    changes = [(c.kind, c.table, c.id, dict(c.values)) for c in scenario.network.changes]
    text = json.dumps([stamp, said, changes], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:24]
