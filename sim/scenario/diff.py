"""What differs between two scenarios, in words and numbers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Literal, NamedTuple, TypeGuard

from network import attributes
from network.schema import TABLES, AnyRow, Network
from sim.scenario.models import Scenario
from sim.scenario.world import network_of

Kind = Literal["setting", "added", "removed", "changed"]
HEAD_KEYS = ("name", "title", "question", "description", "library")
SAID_OF_A_ROW = 4
"""Columns by which an added or removed row is described."""


class Difference(NamedTuple):
    """One thing in which two scenarios differ."""

    kind: Kind
    """``setting``, or what happened to a row of the network."""
    where: str
    """``demand.factor``, ``facilities[f_x].servers`` or ``links[r_x]``."""
    base: str
    """Value in the first scenario; empty where it has none."""
    scenario: str
    """Value in the second scenario; empty where it has none."""
    words: str
    """The difference as a sentence without the place: ``3 -> 6 (+100 %)``."""


def diff(base: Scenario, scenario: Scenario) -> tuple[Difference, ...]:
    """Return what the second scenario has otherwise than the first: settings, then rows.

    Names, titles, questions, descriptions, the base of comparison, and the columns notes,
    source and confidence are no differences.

    Raises
    ------
    NetworkError, ScenarioError
        One of the two has no valid network.
    """
    settings = _settings(_flat(base), _flat(scenario))
    rows = _rows(network_of(base), network_of(scenario))
    return (*settings, *rows)


def _flat(scenario: Scenario) -> dict[str, object]:
    said = scenario.model_dump(by_alias=True, exclude=set(HEAD_KEYS))
    del said["experiment"]["compare_with"]
    return dict(_leaves(said, ""))


def _leaves(value: object, path: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif value != {}:
        yield path, value


def _settings(base: Mapping[str, object], other: Mapping[str, object]) -> Iterator[Difference]:
    for path in dict.fromkeys([*base, *other]):
        ours, theirs = base.get(path), other.get(path)
        if ours != theirs:
            yield Difference("setting", path, said(ours), said(theirs), _change(ours, theirs))


def _rows(base: Network, other: Network) -> Iterator[Difference]:
    for table in TABLES:
        ours, theirs = _by_id(base, table), _by_id(other, table)
        for key in sorted({*ours, *theirs}, key=str.encode):
            where = f"{table}[{key}]"
            if key not in ours:
                text = _described(table, theirs[key])
                yield Difference("added", where, "", text, f"added: {text}")
            elif key not in theirs:
                text = _described(table, ours[key])
                yield Difference("removed", where, text, "", f"removed: {text}")
            else:
                yield from _columns(table, where, ours[key], theirs[key])


def _by_id(network: Network, table: str) -> dict[str, AnyRow]:
    rows: Sequence[Any] = getattr(network, table)
    if table == "season":
        return {f"{row.profile}:{row.month}": row for row in rows}
    return {row.id: row for row in rows}


def _columns(table: str, where: str, ours: AnyRow, theirs: AnyRow) -> Iterator[Difference]:
    for column in attributes.of_table(table):
        if column.name in ("notes", "source", "confidence"):
            continue
        old, new = getattr(ours, column.field), getattr(theirs, column.field)
        if old != new:
            words = _change(old, new, column.unit)
            yield Difference("changed", f"{where}.{column.name}", said(old), said(new), words)


def _described(table: str, row: AnyRow) -> str:
    """Return the ends or the place of a row, and its first numbers."""
    columns = [column for column in attributes.of_table(table) if column.name != "id"]
    texts = [column for column in columns if column.required and column.dtype == "text"]
    numbers = [
        column
        for column in columns
        if column.dtype in ("number", "integer") and not column.name.endswith(("_low", "_high"))
    ]
    filled = [c for c in (*texts, *numbers) if getattr(row, c.field) not in (None, "", 0)]
    chosen = [c for c in filled if c in texts] + [c for c in filled if c in numbers][
        :SAID_OF_A_ROW
    ]
    return ", ".join(f"{c.name} {said(getattr(row, c.field))}{_unit(c.unit)}" for c in chosen)


def _unit(unit: str) -> str:
    return "" if unit in ("", "count") else f" {unit.replace('1/', 'a ')}"


def _change(old: object, new: object, unit: str = "") -> str:
    text = f"{said(old) or 'nothing'} -> {said(new) or 'nothing'}{_unit(unit)}"
    if _is_number(old) and _is_number(new) and old:
        text += f" ({100 * (new - old) / abs(old):+.3g} %)"
    return text


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def said(value: object) -> str:
    """Return a cell or a setting as text; empty for none."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return ";".join(map(said, value))
    return str(value)
