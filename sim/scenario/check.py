"""A merged tree against the schema, every problem with its place, all at once."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeGuard, TypeVar, cast, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from network.errors import Problem
from network.schema import TABLES
from sim.errors import ScenarioError
from sim.scenario.models import PatchHead, Scenario
from sim.scenario.rows import KINDS
from sim.scenario.sweeps import SweepFile, SweepSection
from sim.scenario.tree import Branch, Mark, Path, Tree, marks, plain, problem
from sim.scenario.words import broken, spoken, unknown

ROW_TABLES = tuple(table for table in TABLES if table != "demand")
"""Tables that may stand under ``network``; demand rows stand under ``demand.rows``."""
FILE_KEYS: Mapping[Path, tuple[str, ...]] = {
    (): ("extends", "patches", "overrides", "sweep", *KINDS),
    ("network",): ROW_TABLES,
    ("demand",): ("rows",),
}
"""Keys that a file may have beside those of the model, by section."""
OF_FILES = ("overrides", "sweep")
"""Sections of a file that are no part of its scenario."""

Model = TypeVar("Model", bound=BaseModel)


def check_scenario(tree: Branch) -> Scenario:
    """Return the scenario of a merged tree without rows.

    Raises
    ------
    ScenarioError
        With every key and value that breaks the schema.
    """
    scenario = _check(Scenario, tree, FILE_KEYS)
    scenario._marks = marks(tree)  # noqa: SLF001 - the one place where a scenario is made
    return scenario


def check_sweep(tree: Branch) -> SweepSection | None:
    """Return the section `sweep` of a merged tree, None without one; raises likewise."""
    if "sweep" not in tree.entries:
        return None
    alone = tree._replace(entries={"sweep": tree.entries["sweep"]})
    return _check(SweepFile, alone, {}).sweep


def check_head(tree: Branch) -> PatchHead:
    """Return what a patch file says of itself; raises as `check_scenario`."""
    return _check(PatchHead, tree, {(): KINDS})


def _check(model: type[Model], tree: Branch, more: Mapping[Path, Sequence[str]]) -> Model:
    # JSON mode is strict about types and still takes a date from its ISO text.
    text = json.dumps(plain(tree))
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        found = _problems(model, tree, more, error)
    raise ScenarioError(found)


def _problems(
    model: type[BaseModel],
    tree: Branch,
    more: Mapping[Path, Sequence[str]],
    error: ValidationError,
) -> list[Problem]:
    where = marks(tree)
    said: dict[Path, tuple[Mark, list[str]]] = {}
    for each in error.errors(include_url=False):
        path = _in_tree(each["loc"], where)
        kind, value = each["type"], each["input"]
        if kind == "extra_forbidden":
            known = [*_keys(model, path[:-1]), *more.get(path[:-1], ())]
            message = unknown("key", str(path[-1]), known)
        elif kind == "missing":
            path = (*path, str(each["loc"][-1]))
            message = f"is missing; {_meaning(model, path)}"
        else:
            message = broken(kind, value, each.get("ctx", {}))
        mark = where[path] if path in where else where[path[:-1]]
        said.setdefault(path, (mark, []))[1].append(message)
    return [
        problem(mark, f"{spoken(path, tree)}: {_joined(messages)}" if path else _joined(messages))
        for path, (mark, messages) in said.items()
    ]


def _joined(messages: Sequence[str]) -> str:
    """Return the alternatives of a value that may be one of two types as one sentence."""
    first, *others = messages
    for other in others:
        allowed = other.removeprefix("must be ").partition(";")[0]
        first = first.replace("; found", f" or {allowed}; found", 1)
    return first


def _in_tree(loc: Sequence[str | int], where: Mapping[Path, Mark]) -> Path:
    """Return the longest beginning of pydantic's location that is a path of the file.

    pydantic puts names of alternatives and ``[key]`` into its locations.
    """
    path: Path = ()
    for part in loc:
        if (*path, part) not in where:
            break
        path = (*path, part)
    return path


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel]:
    """Return the model of the section at a path, through mappings and lists."""
    at: object = model
    for part in path:
        if _is_model(at):
            at = _fields(at)[str(part)].annotation
        else:
            # Of dict[str, X], tuple[X, ...] and X | None the X.
            at = next(arg for arg in reversed(get_args(at)) if arg not in (..., type(None)))
    assert _is_model(at)
    return at


def _is_model(at: object) -> TypeGuard[type[BaseModel]]:
    return isinstance(at, type) and issubclass(at, BaseModel)


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields under the keys by which a file writes them."""
    fields = model.model_fields.items()
    return {field.alias or name: field for name, field in fields if field.exclude is not True}


def _keys(model: type[BaseModel], path: Path) -> list[str]:
    return list(_fields(_model_at(model, path)))


def _meaning(model: type[BaseModel], path: Path) -> str:
    field = _fields(_model_at(model, path[:-1]))[str(path[-1])]
    return field.description or "it must be given"


def without_rows(tree: Tree) -> Branch:
    """Return a merged tree without what is no scenario's: rows, overrides, the sweep."""
    branch = cast("Branch", tree)
    entries = {key: entry for key, entry in branch.entries.items() if key not in OF_FILES}
    for section, keys in (("network", ROW_TABLES), ("demand", ("rows",))):
        if section in entries and isinstance(entries[section].value, Branch):
            value = cast("Branch", entries[section].value)
            kept = {k: e for k, e in value.entries.items() if k not in keys}
            entries[section] = entries[section]._replace(value=value._replace(entries=kept))
    return branch._replace(entries=entries)
