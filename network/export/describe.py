"""What stands about one node, link or other row: the tables of ``keruen network show``."""

from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import NamedTuple, cast

from network import attributes
from network.errors import NetworkError, Problem
from network.schema import TABLES, AnyRow, Network

_OF_NODE = {
    "links": ("id", "from", "to", "mode", "gauge_mm", "length_km", "paths_per_day"),
    "facilities": (
        "id",
        "operation",
        "direction",
        "applies_to",
        "servers",
        "mean_h",
        "per",
        "opens",
        "closes",
    ),
    "services": ("id", "mode", "from", "to", "load_classes", "capacity_teu", "headway_h"),
    "demand": ("id", "origin", "destination", "commodity", "year", "amount", "unit"),
    "closures": ("id", "kind", "effect", "value", "months", "rate_per_year", "mean_h"),
}
_DATES = ("available_from", "available_to")


class Fact(NamedTuple):
    """One cell of a row, with what it means."""

    attribute: str
    value: str
    unit: str
    meaning: str


class Related(NamedTuple):
    """Rows of another table that concern the one described."""

    table: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Description(NamedTuple):
    """All that stands about one row."""

    table: str
    id: str
    origin: str
    """``file:line`` where it is written."""
    facts: tuple[Fact, ...]
    """Cells that are not empty."""
    related: tuple[Related, ...]


def describe(network: Network, name: str) -> Description:
    """Return what stands about the node, link or other row of an id.

    Raises
    ------
    NetworkError
        If no table has that id.
    """
    for table in TABLES:
        for row in _rows(network, table):
            if table != "season" and getattr(row, "id", None) == name:
                origin = network.origins.get((table, name), table)
                return Description(
                    table, name, origin, _facts(table, row), _related(network, name)
                )
    known = [getattr(row, "id", "") for table in TABLES for row in _rows(network, table)]
    hint = "".join(f"; did you mean {close!r}?" for close in get_close_matches(name, known, n=1))
    raise NetworkError([Problem("network", f"nothing is called {name!r}{hint}")])


def _rows(network: Network, table: str) -> Sequence[AnyRow]:
    return cast("Sequence[AnyRow]", getattr(network, table))


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ";".join(map(str, value))
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _facts(table: str, row: AnyRow) -> tuple[Fact, ...]:
    columns = attributes.of_table(table)
    facts = (
        Fact(column.name, _text(getattr(row, column.field)), column.unit, column.meaning)
        for column in columns
    )
    return tuple(fact for fact in facts if fact.value)


def _related(network: Network, name: str) -> tuple[Related, ...]:
    """Return the rows of other tables that name this one at a node, as an end or a target."""
    found = []
    for table, columns in _OF_NODE.items():
        dated = _DATES if table in {"links", "facilities", "services"} else ()
        fields = {column.name: column.field for column in attributes.of_table(table)}
        lines = tuple(
            tuple(_text(getattr(row, fields[column])) for column in (*columns, *dated))
            for row in _rows(network, table)
            if _concerns(row, name)
        )
        if lines:
            found.append(Related(table, (*columns, *dated), lines))
    return tuple(found)


def _concerns(row: AnyRow, name: str) -> bool:
    singles = (getattr(row, field, "") for field in ("node", "origin", "destination"))
    lists = (getattr(row, field, ()) for field in ("node_or_link", "target", "via"))
    return name in singles or any(name in items for items in lists)
