"""From a file and what the command line adds to one resolved `Scenario`."""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from pathlib import Path

from network.errors import Problem
from sim.errors import ScenarioError
from sim.scenario import rows
from sim.scenario.arrivals import read_arrivals
from sim.scenario.check import ROW_TABLES, check_scenario, check_sweep, without_rows
from sim.scenario.layers import Layer, Stack, stack
from sim.scenario.models import Scenario
from sim.scenario.sets import override_layer, set_layer, strong_layers
from sim.scenario.sweeps import SweepSection
from sim.scenario.tree import Branch, Tree, merge_branches

MAX_PROBLEMS = 50


def load(
    path: Path,
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    search: Sequence[Path] = (),
) -> Scenario:
    """Return the scenario of a file with all that it extends, patches and is told.

    Weak to strong: defaults < extended file < this file < patches in order < named
    overrides < ``--set``.

    Parameters
    ----------
    path
        The scenario file.
    sets
        ``path=value`` each.
    overrides
        Names under ``overrides`` of the scenario, in order.
    search
        Folders in which extended files and patches are sought after the file's own and
        before that of the shipped scenarios.

    Raises
    ------
    ScenarioError
        With every problem of every file at once (the first fifty).
    """
    return _read(stack(path, search), sets, overrides, search)[0]


def load_sweep(
    path: Path,
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    search: Sequence[Path] = (),
) -> tuple[Scenario, SweepSection]:
    """Return what the points of a sweep file share, and what is varied.

    Raises
    ------
    ScenarioError
        As `load`; or the file has no section `sweep`, or a factor's path is none.
    """
    scenario, section = _read(stack(path, search), sets, overrides, search)
    if section is None:
        raise ScenarioError([Problem(str(path), "sweep: is missing; it says what is varied")])
    wrong = [
        Problem(str(path), f"sweep.factors[{factor.id}].path: {problem.message}")
        for factor in section.factors
        for one in factor.paths
        for problem in _path_problems(one)
    ]
    if wrong:
        raise ScenarioError(wrong)
    return scenario, section


def load_points(
    path: Path,
    points: Iterable[Sequence[str]],
    *,
    sets: Sequence[str] = (),
    overrides: Sequence[str] = (),
    search: Sequence[Path] = (),
) -> Iterator[Scenario]:
    """Yield the scenario of each point of a sweep; the files are read once.

    Parameters
    ----------
    path, sets, overrides, search
        As in `load`.
    points
        What each sets beyond that, as `path=value`.
    """
    files = stack(path, search)
    for point in points:
        yield _read(files, [*sets, *point], overrides, search)[0]


def _path_problems(path: str) -> tuple[Problem, ...]:
    """Return what is wrong with the path of a factor."""
    try:
        set_layer(f"{path}=1")
    except ScenarioError as error:
        return error.problems
    return ()


def _read(
    files: Stack, sets: Sequence[str], overrides: Sequence[str], search: Sequence[Path]
) -> tuple[Scenario, SweepSection | None]:
    """Return the scenario of files and what the command line adds, and its sweep."""
    problems = list(files.problems)
    tree = _merged(files.layers)
    known = tree.entries["overrides"].value if "overrides" in tree.entries else None
    strong, wrong = strong_layers(sets, overrides, known)
    problems += wrong
    merged = _merged((Layer(tree, ()), *strong))
    problems += _unused_problems(tree, known, overrides)
    inline = _inline(merged)
    problems += inline.problems
    layers = (*files.layers, *strong)
    folded = rows.fold([*inline.edits, *(edit for layer in layers for edit in layer.edits)])
    problems += folded.problems
    arrived = read_arrivals(folded.edits, search)
    problems += arrived.problems
    section: SweepSection | None = None
    try:
        section = check_sweep(merged)
    except ScenarioError as error:
        problems += error.problems
    try:
        scenario = check_scenario(without_rows(merged))
    except ScenarioError as error:
        raise ScenarioError(_limited([*problems, *error.problems])) from None
    if problems:
        raise ScenarioError(_limited(problems))
    network = scenario.network.model_copy(update={"changes": rows.changes(arrived.edits)})
    return scenario.model_copy(update={"network": network}), section


def _merged(layers: Sequence[Layer]) -> Branch:
    """Return the settings of all layers as one tree; ``null`` is the default everywhere."""
    trees = [layer.settings for layer in layers if not layer.patch]
    return reduce(merge_branches, trees, Branch({}, trees[-1].mark))


def _inline(tree: Branch) -> rows.Reading:
    """Return the rows that stand under ``network`` and ``demand``."""
    readings = list(_inline_readings(tree))
    return rows.Reading(
        tuple(edit for reading in readings for edit in reading.edits),
        tuple(problem for reading in readings for problem in reading.problems),
    )


def _inline_readings(tree: Branch) -> Iterator[rows.Reading]:
    for section, names in (("network", ROW_TABLES), ("demand", ("rows",))):
        value = tree.entries[section].value if section in tree.entries else None
        if not isinstance(value, Branch):
            continue
        for name, entry in value.entries.items():
            if name in names:
                table = "demand" if section == "demand" else name
                yield rows.read_table("add", table, entry.value, f"{section}.{name}")


def _unused_problems(tree: Branch, known: Tree | None, used: Sequence[str]) -> list[Problem]:
    """Return what is wrong with named overrides that this run does not use."""
    names = known.entries if isinstance(known, Branch) else {}
    problems: list[Problem] = []
    for name in names:
        if name in used:
            continue
        try:
            layer = override_layer(name, known)
            own = {problem.where for problem in _schema_problems(tree)}
            merged = merge_branches(tree, layer.settings)
            problems += [p for p in _schema_problems(merged) if p.where not in own]
            problems += _inline(layer.settings).problems
        except ScenarioError as error:
            problems += error.problems
    return problems


def _schema_problems(tree: Branch) -> tuple[Problem, ...]:
    try:
        check_scenario(without_rows(tree))
    except ScenarioError as error:
        return error.problems
    return ()


def _limited(problems: Sequence[Problem]) -> list[Problem]:
    """Return each problem once, by file and line, the first fifty and how many more."""
    files = list(dict.fromkeys(_place(problem)[0] for problem in problems))
    once = sorted(
        dict.fromkeys(problems), key=lambda p: (files.index(_place(p)[0]), *_place(p)[1:])
    )
    rest = len(once) - MAX_PROBLEMS
    more = [Problem(_place(once[0])[0], f"and {rest} more problems")] if rest > 0 else []
    return once[:MAX_PROBLEMS] + more


def _place(problem: Problem) -> tuple[str, int, int]:
    """Return file, line and column of a problem; 0 where it has none."""
    parts = problem.where.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():  # noqa: PLR2004
        return parts[0], int(parts[1]), int(parts[2])
    return problem.where, 0, 0
