"""Raw rows -> typed rows: types, units' ranges, allowed words, unique ids, known names."""

import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple, cast

from network import attributes
from network.attributes import Attribute
from network.errors import Problem
from network.reader import FORBIDDEN, nearest
from network.schema import (
    TABLES,
    AnyRow,
    ClosureRow,
    CostRow,
    DefaultRow,
    DemandRow,
    FacilityRow,
    InterventionRow,
    LinkRow,
    NodeRow,
    RawRow,
    RawTables,
    RawValue,
    SeasonRow,
    ServiceRow,
    SourceRow,
    TargetRow,
)

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_OWN = frozenset({"assumption", "own_est", "own_geo"})
"""Sources that are nobody's publication and need no row in sources."""
_INT_MOST = 2**53
_EMPTY: tuple[RawValue, ...] = (None, "", ())

_ROW_TYPES: Mapping[str, Callable[..., AnyRow]] = MappingProxyType(
    {
        "nodes": NodeRow,
        "links": LinkRow,
        "facilities": FacilityRow,
        "services": ServiceRow,
        "defaults": DefaultRow,
        "demand": DemandRow,
        "season": SeasonRow,
        "closures": ClosureRow,
        "costs": CostRow,
        "targets": TargetRow,
        "interventions": InterventionRow,
        "sources": SourceRow,
    }
)

Cell = str | int | float | bool | date | tuple[str, ...]


class Typed(NamedTuple):
    """The typed rows of all tables, and every problem that was met on the way."""

    rows: Mapping[str, tuple[AnyRow, ...]]
    """Table -> rows without a problem, sorted by id in byte order."""
    origins: Mapping[tuple[str, str], str]
    """(table, id) -> ``file:line``."""
    problems: tuple[Problem, ...]


class _CellError(Exception):
    """A cell that cannot be read; the text is the message."""


def key_of(table: str, values: Mapping[str, RawValue]) -> str:
    """Return the id of a raw row; of a season row ``profile:month``."""
    if table == "season":
        return f"{values.get('profile', '')}:{values.get('month', '')}"
    return str(values.get("id") or "")


def to_typed(raw: RawTables) -> Typed:
    """Return the typed rows of all tables, with every problem of cells, ids and names."""
    ids = {
        table: frozenset(key_of(table, row.values) for row in rows(raw, table)) for table in TABLES
    }
    typed: dict[str, tuple[AnyRow, ...]] = {}
    origins: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    for table in TABLES:
        problems += _twice(table, rows(raw, table))
        good: list[tuple[bytes, AnyRow]] = []
        for row in rows(raw, table):
            key = key_of(table, row.values)
            origins.setdefault((table, key), row.origin)
            result = _typed_row(table, row, ids)
            if isinstance(result, list):
                problems += result
            else:
                good.append((_rank(table, key), result))
        good.sort(key=lambda pair: pair[0])
        typed[table] = tuple(row for _, row in good)
    return Typed(typed, origins, tuple(problems))


def rows(raw: RawTables, table: str) -> tuple[RawRow, ...]:
    """Return the raw rows of a table."""
    return cast("tuple[RawRow, ...]", getattr(raw, table))


def _rank(table: str, key: str) -> bytes:
    if table == "season":
        profile, _, month = key.rpartition(":")
        return f"{profile}:{month:>2}".encode()
    return key.encode()


def _twice(table: str, table_rows: Iterable[RawRow]) -> list[Problem]:
    """Return one problem for each id that equals an earlier one but for case and form."""
    first: dict[str, tuple[str, str]] = {}
    problems = []
    for row in table_rows:
        key = key_of(table, row.values)
        folded = unicodedata.normalize("NFC", key).casefold().strip()
        if not folded:
            continue
        if folded in first:
            earlier, origin = first[folded]
            same = "" if earlier == key else f" differs from {earlier!r} only in case or form:"
            problems.append(
                Problem(row.origin, f"{table}: id {key!r}{same} stands at {origin} too")
            )
        first.setdefault(folded, (key, row.origin))
    return problems


def _typed_row(
    table: str, row: RawRow, ids: Mapping[str, frozenset[str]]
) -> AnyRow | list[Problem]:
    """Return the typed row, or everything that is wrong with its cells."""
    key = key_of(table, row.values)
    values: dict[str, Cell] = {}
    problems: list[Problem] = []
    columns = attributes.of_table(table)
    for column in columns:
        given = row.values.get(column.name)
        if given in _EMPTY and not column.default and not column.required:
            continue
        try:
            value = _cell(column, given)
            if value is not None:
                values[column.field] = value
                if column.refers_to:
                    _check_names(column, value, ids)
        except _CellError as error:
            where = row.changed.get(column.name, row.origin)
            problems.append(Problem(where, f"{table}[{key}].{column.name}: {error}"))
    for name in sorted(row.values.keys() - {column.name for column in columns}):
        hint = nearest(name, [column.name for column in columns])
        problems.append(Problem(row.origin, f"{table}[{key}]: unknown column {name!r}{hint}"))
    return problems or _ROW_TYPES[table](**_completed(table, values))


def _completed(table: str, values: dict[str, Cell]) -> dict[str, Any]:
    """Return the cells with the defaults that depend on other cells."""
    more: dict[str, Cell] = {}
    law, cv = "law", "cv"
    if table == "services":
        more = {"line": values["id"], "direction": "both" if "fleet" in values else "one_way"}
    if table == "demand":
        more = {"flow": values["id"], "lot_unit": values["unit"]}
        law, cv = "arrival_law", "arrival_cv"
    if table == "links" and values["mode"] == "rail" and "paths_per_day" in values:
        own = cast("float", values["paths_per_day"]) - cast("float", values["background_per_day"])
        more = {"metered": own <= 200}  # noqa: PLR2004 - R11
        more["min_headway_min"] = 12.0 if values.get("tracks", 1) == 1 else 8.0
    if values.get(law) in {"deterministic", "exponential"}:
        more[cv] = 0.0 if values[law] == "deterministic" else 1.0
    return {**more, **values}


def _cell(column: Attribute, raw: RawValue) -> Cell | None:
    """Return the value of a cell, its default, or None for an empty one."""
    if raw in _EMPTY:
        if column.required:
            raise _CellError("is empty; a value is needed")
        return _cell(column._replace(default=""), column.default) if column.default else None
    if isinstance(raw, str) and raw != raw.strip():
        raise _CellError(f"{raw!r} begins or ends with a blank")
    return _READERS[column.dtype](column, raw)


def _text(column: Attribute, raw: RawValue) -> str:
    if not isinstance(raw, str):
        raise _CellError(f"{raw!r} is not text; quote it")
    if FORBIDDEN.search(raw):
        raise _CellError(f"{raw!r} holds a control, zero-width or direction-changing character")
    if column.allowed and raw not in column.allowed:
        raise _CellError(
            f"{raw!r} is not one of {', '.join(column.allowed)}{nearest(raw, column.allowed)}"
        )
    return raw


def _list(column: Attribute, raw: RawValue) -> tuple[str, ...]:
    items = raw.split(";") if isinstance(raw, str) else raw if isinstance(raw, tuple) else (raw,)
    texts = [str(item) if isinstance(item, int | float) else item for item in items]
    found = tuple(_text(column, text) for text in texts)
    if any(text != text.strip() or not text for text in found):
        raise _CellError(f"{raw!r} has an empty item or a blank beside a semicolon")
    if len(set(found)) < len(found):
        raise _CellError(f"{raw!r} names an item twice")
    return found


def _number(column: Attribute, raw: RawValue) -> float:
    if isinstance(raw, str):
        if not _NUMBER.fullmatch(raw):
            hint = f"; write {raw.replace(',', '.')}" if _COMMA.fullmatch(raw) else ""
            raise _CellError(f"{raw!r} is not a number{hint}")
        raw = float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise _CellError(f"{raw!r} is not a number")
    if not math.isfinite(raw):
        raise _CellError(f"{raw} is not a finite number")
    return _in_range(column, float(raw))


def _integer(column: Attribute, raw: RawValue) -> int:
    if isinstance(raw, str) and re.fullmatch(r"[+-]?\d{1,18}", raw):
        raw = int(raw)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise _CellError(f"{raw!r} is not a whole number")
    if abs(raw) > _INT_MOST:
        raise _CellError(f"{raw} is too large")
    return int(_in_range(column, raw))


def _in_range(column: Attribute, value: float) -> float:
    unit = f" {column.unit}" if column.unit not in {"", "count"} else ""
    if column.above is not None and not value > column.above:
        raise _CellError(f"{value:g}{unit} found; must be greater than {column.above:g}")
    if column.least is not None and not value >= column.least:
        raise _CellError(f"{value:g}{unit} found; must be at least {column.least:g}")
    if column.most is not None and not value <= column.most:
        raise _CellError(f"{value:g}{unit} found; must be at most {column.most:g}")
    return value


def _date(_column: Attribute, raw: RawValue) -> date:
    if isinstance(raw, date):
        return raw
    if isinstance(raw, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        try:
            return date.fromisoformat(raw)
        except ValueError:
            raise _CellError(f"{raw!r} is no day of the calendar") from None
    raise _CellError(f"{raw!r} is not a date; write YYYY-MM-DD")


def _yes_no(_column: Attribute, raw: RawValue) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw not in ("yes", "no"):
        raise _CellError(f"{raw!r} is not yes or no")
    return raw == "yes"


def _clock(_column: Attribute, raw: RawValue) -> str:
    if not isinstance(raw, str) or not _CLOCK.fullmatch(raw):
        raise _CellError(f"{raw!r} is not a time of day; write HH:MM from 00:00 to 24:00, quoted")
    return raw


_READERS: Mapping[str, Callable[[Attribute, RawValue], Cell]] = MappingProxyType(
    {
        "text": _text,
        "list": _list,
        "number": _number,
        "integer": _integer,
        "date": _date,
        "yes_no": _yes_no,
        "clock": _clock,
    }
)


def _check_names(column: Attribute, value: Cell, ids: Mapping[str, frozenset[str]]) -> None:
    """Raise if the cell names a row that is not in the table that it refers to."""
    known = ids[column.refers_to]
    names: Sequence[str] = value if isinstance(value, tuple) else (str(value),)
    for name in names:
        if name in known or (column.refers_to == "sources" and (name in _OWN or not known)):
            continue
        raise _CellError(f"{name!r} is not in {column.refers_to}{nearest(name, sorted(known))}")
