"""``--set path=value`` and ``--override name`` as the strongest layers of a scenario."""

import re
from collections.abc import Sequence

from network.errors import Problem
from network.schema import TABLES
from sim.errors import ScenarioError
from sim.scenario import reader, rows
from sim.scenario.layers import Layer
from sim.scenario.tree import Branch, Entry, Mark, Tree, problem, without
from sim.scenario.words import unknown

FIXED_KEYS = ("extends", "patches", "overrides", "schema_version", "name")
"""Keys that only a file can have."""

_STEP = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_]*)|\[([^\[\]]+)\]")
_ROW = re.compile(
    r"(?:network\.(?P<table>[a-z_]+)|demand\.rows)\[(?P<id>[^\[\]]+)\](?:\.(?P<column>\w+))?"
)
_EXAMPLE = "as in window.days=30 or network.facilities[ID].servers=6"


def set_layer(argument: str) -> Layer:
    """Return the layer of one ``path=value``.

    Parameters
    ----------
    argument
        Keys joined by dots; ids of rows and keys with other characters in ``[ ]``. The
        value is YAML: ``6``, ``[rail, sea]``, ``yes``; empty = back to the default.

    Raises
    ------
    ScenarioError
        The argument has no ``=``, no path, no YAML value, or a path that only a file has.
    """
    source = f"--set {argument}"
    path, equals, text = argument.partition("=")
    mark = Mark(source, 0, 0, "")
    if not equals or not path.strip():
        raise ScenarioError([problem(mark, f"must be path=value, {_EXAMPLE}")])
    value = reader.parse_value(text, source)
    row = _ROW.fullmatch(path.strip())
    if row:
        return _row_layer(row, value, mark)
    keys = _keys(path.strip(), mark)
    if keys[0] in FIXED_KEYS:
        raise ScenarioError([problem(mark, f"{keys[0]}: only a file can say this")])
    tree = value
    for key in reversed(keys):
        tree = Branch({key: Entry(mark, tree)}, mark)
    return _layer(tree, mark)


def _keys(path: str, mark: Mark) -> list[str]:
    keys: list[str] = []
    at = 0
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None or (step.group(1) and (at == 0) == path[at:].startswith(".")):
            raise ScenarioError([problem(mark, f"{path!r} is no path, {_EXAMPLE}")])
        keys.append(step.group(1) or step.group(2))
        at = step.end()
    return keys


def _row_layer(row: re.Match[str], value: Tree, mark: Mark) -> Layer:
    """Return the layer that changes one cell of one row."""
    table = row["table"] or "demand"
    if table not in TABLES:
        message = f"network.{table}: {unknown('table', table, TABLES)}"
        raise ScenarioError([problem(mark, message)])
    where = f"network.{table}" if row["table"] else "demand.rows"
    if row["column"] is None:
        message = f"{where}[{row['id']}]: name the column too, {_EXAMPLE}"
        raise ScenarioError([problem(mark, message)])
    cells = {"id": Entry(mark, reader.parse_value(f"'{row['id']}'", mark.source))}
    if table == "season":
        profile, _, month = row["id"].rpartition(":")
        parts = zip(rows.SEASON_KEYS, (profile, month), strict=True)
        cells = {key: Entry(mark, reader.parse_value(part, mark.source)) for key, part in parts}
    branch = Branch({**cells, row["column"]: Entry(mark, value)}, mark)
    return _layer(Branch({}, mark), mark, rows.read_rows("change", table, (branch,), where))


def override_layer(name: str, overrides: Tree | None) -> Layer:
    """Return the layer of a named override of the scenario.

    Parameters
    ----------
    name
        As given to ``--override``.
    overrides
        The scenario's ``overrides``: name -> what it says; None where it has none.

    Raises
    ------
    ScenarioError
        The scenario has no such override, or it says what only a file can say.
    """
    entries = overrides.entries if isinstance(overrides, Branch) else {}
    if name not in entries:
        message = unknown("override", name, tuple(entries))
        raise ScenarioError([Problem(f"--override {name}", message)])
    tree = entries[name].value
    if not isinstance(tree, Branch):
        message = f"overrides.{name}: must be a mapping of sections"
        raise ScenarioError([problem(tree.mark, message)])
    fixed = [key for key in FIXED_KEYS if key in tree.entries]
    if fixed:
        raise ScenarioError(
            [
                problem(
                    tree.entries[key].mark, f"overrides.{name}.{key}: only a file can say this"
                )
                for key in fixed
            ]
        )
    return _layer(tree, tree.mark)


def _layer(tree: Tree, mark: Mark, more: rows.Reading | None = None) -> Layer:
    """Return the layer of a tree whose add, change and retire become edits."""
    if not isinstance(tree, Branch):
        raise ScenarioError([problem(mark, "must be a mapping of sections")])
    readings = [
        rows.read_section(k, tree.entries[k].value, k) for k in rows.KINDS if k in tree.entries
    ]
    readings += [more] if more else []
    problems = [each for reading in readings for each in reading.problems]
    if problems:
        raise ScenarioError(problems)
    edits = tuple(edit for reading in readings for edit in reading.edits)
    return Layer(without(tree, rows.KINDS), edits)


def strong_layers(
    sets: Sequence[str], overrides: Sequence[str], known: Tree | None
) -> tuple[list[Layer], list[Problem]]:
    """Return the layers of named overrides, then of ``--set``, and what is wrong with them."""
    layers: list[Layer] = []
    problems: list[Problem] = []
    for name in overrides:
        try:
            layers.append(override_layer(name, known))
        except ScenarioError as error:
            problems += error.problems
    for argument in sets:
        try:
            layers.append(set_layer(argument))
        except ScenarioError as error:
            problems += error.problems
    return layers, problems
