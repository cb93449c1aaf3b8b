"""CSV tables and changes of scenarios -> a typed, validated, frozen `Network`.

``read_tables`` reads a folder, ``apply_changes`` adds, changes and retires raw rows,
``build`` types and validates them; ``load`` is the three in a row. ``in_force``, ``on``
and ``freeze`` give the network of any day.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, TypeVar, cast

import networkx as nx

from network import attributes
from network.cells import key_of, rows, to_typed
from network.errors import NetworkError, Problem
from network.reader import nearest, read_table
from network.schema import (
    TABLES,
    DatedRow,
    FacilityRow,
    LinkRow,
    Network,
    NodeRow,
    RawRow,
    RawTables,
    RowChange,
    SeasonRow,
    ServiceRow,
)
from network.validate import errors

_MONTHS = 12
_Row = TypeVar("_Row", LinkRow, FacilityRow, ServiceRow)


def corridor_folder() -> Path:
    """Return the folder of the shipped Trans-Kazakhstan data set."""
    return Path(__file__).parent / "data" / "corridor"


def read_tables(folder: Path) -> RawTables:
    """Return the raw rows of ``<table>.csv`` in a folder; a table without file is empty.

    Raises
    ------
    NetworkError
        If the folder holds no table, or a file is no plain table: all files' problems.
    """
    paths = {table: folder / f"{table}.csv" for table in TABLES}
    files = {table: read_table(path, table) for table, path in paths.items() if path.is_file()}
    problems = [problem for file in files.values() for problem in file.problems]
    if not files:
        problems = [Problem(folder.name, f"no table found; expected {TABLES[0]}.csv and others")]
    if problems:
        raise NetworkError(problems)
    return RawTables(**{table: file.rows for table, file in files.items()})


def load(source: Path | None, changes: Sequence[RowChange] = ()) -> Network:
    """Return the network of a folder of tables (None: of nothing) after the changes.

    Raises
    ------
    NetworkError
        With all problems at once.
    """
    raw = RawTables() if source is None else read_tables(source)
    return build(apply_changes(raw, changes))


def apply_changes(raw: RawTables, changes: Sequence[RowChange]) -> RawTables:
    """Return the tables with rows added, changed and retired, in order.

    Raises
    ------
    NetworkError
        If a change adds an id that is there, names a table, row or column that is not, or
        sets what another change has set or retired (both are named): all at once.
    """
    by_id = {
        table: {key_of(table, row.values): row for row in rows(raw, table)} for table in TABLES
    }
    retired: dict[tuple[str, str], str] = {}
    problems: list[Problem] = []
    for change in changes:
        if change.table not in by_id:
            found = f"unknown table {change.table!r}{nearest(change.table, TABLES)}"
            problems.append(Problem(change.origin, found))
            continue
        problem = _apply(by_id[change.table], change, retired)
        if problem:
            problems += problem
    if problems:
        raise NetworkError(problems)
    touched = {change.table for change in changes}
    return raw._replace(**{table: tuple(by_id[table].values()) for table in touched})


def _apply(
    table: dict[str, RawRow], change: RowChange, retired: dict[tuple[str, str], str]
) -> list[Problem]:
    """Apply one change to the rows of its table, or return what is wrong with it."""
    name = f"{change.table}[{change.id}]"
    row = table.get(change.id)
    gone = retired.get((change.table, change.id))
    problems = _column_problems(change, name)
    if change.kind == "add":
        if row is not None:
            problems.append(Problem(change.origin, f"{name}: is there already, at {row.origin}"))
        elif gone:
            problems.append(Problem(change.origin, f"{name}: was retired at {gone}"))
        else:
            table[change.id] = RawRow(change.origin, _with_id(change))
        return problems
    if row is None:
        known = nearest(change.id, tuple(table))
        found = f"{name}: was retired at {gone}" if gone else f"{name}: no such row{known}"
        return [*problems, Problem(change.origin, found)]
    if change.kind == "retire":
        if row.changed and not change.overrides:
            other = next(iter(row.changed.values()))
            problems.append(
                Problem(change.origin, f"{name}: is retired here and changed at {other}")
            )
        retired[change.table, change.id] = change.origin
        del table[change.id]
        return problems
    problems += _conflicts(row, change, name)
    marks = dict.fromkeys(change.values, change.origin)
    table[change.id] = row._replace(
        values={**row.values, **change.values}, changed={**row.changed, **marks}
    )
    return problems


def _with_id(change: RowChange) -> Mapping[str, Any]:
    if change.table == "season":
        profile, _, month = change.id.rpartition(":")
        return {"profile": profile, "month": month, **change.values}
    return {**change.values, "id": change.id}


def _column_problems(change: RowChange, name: str) -> list[Problem]:
    known = [column.name for column in attributes.of_table(change.table)]
    return [
        Problem(change.origin, f"{name}: unknown column {column!r}{nearest(column, known)}")
        for column in change.values
        if column not in known
    ]


def _conflicts(row: RawRow, change: RowChange, name: str) -> list[Problem]:
    if change.overrides:
        return []
    return [
        Problem(
            change.origin,
            f"{name}.{column}: set to {value!r} here and to {row.values[column]!r}"
            f" at {row.changed[column]}",
        )
        for column, value in change.values.items()
        if column in row.changed and row.values[column] != value
    ]


def intervention_changes(name: str, folder: Path) -> tuple[RowChange, ...]:
    """Return the changes of one intervention of a data set, in the order of its ``rows``.

    ``file:id:column=value`` changes a cell, ``add file:id`` adds a row that stands in
    ``intervention_rows/<name>/<file>.csv``.

    Raises
    ------
    NetworkError
        If there is no such intervention, or it names a row that is nowhere.
    """
    file = read_table(folder / "interventions.csv", "interventions")
    table = {key_of("interventions", row.values): row for row in file.rows}
    if name not in table:
        found = f"no intervention {name!r}{nearest(name, tuple(table))}"
        raise NetworkError([*file.problems, Problem(f"{folder.name}/interventions.csv", found)])
    row = table[name]
    own = folder / "intervention_rows" / name
    added = read_tables(own) if own.is_dir() else RawTables()
    orders = [order for order in str(row.values["rows"] or "").split(";") if order]
    changes = [_change_of(order, row.origin, added) for order in orders]
    problems = [change for change in changes if isinstance(change, Problem)]
    if problems:
        raise NetworkError(problems)
    return tuple(change for change in changes if isinstance(change, RowChange))


_ADD = re.compile(r"add (\w+):(\w+)")
_CELL = re.compile(r"(\w+):(\w+):(\w+)=(.*)")


def _change_of(order: str, origin: str, added: RawTables) -> RowChange | Problem:
    if (match := _ADD.fullmatch(order)) and match[1] in TABLES:
        for row in rows(added, match[1]):
            if key_of(match[1], row.values) == match[2]:
                values = {name: value for name, value in row.values.items() if name != "id"}
                return RowChange("add", match[1], match[2], values, row.origin)
        return Problem(origin, f"{order!r}: no such row in intervention_rows")
    if (match := _CELL.fullmatch(order)) and match[1] in TABLES:
        return RowChange("change", match[1], match[2], {match[3]: match[4] or None}, origin)
    return Problem(origin, f"{order!r} is neither file:id:column=value nor add file:id")


def build(raw: RawTables) -> Network:
    """Return the typed and validated network of raw rows.

    Raises
    ------
    NetworkError
        With every problem of every table at once.
    """
    typed = to_typed(raw)
    tables: dict[str, Any] = dict(typed.rows)
    tables["season"] = _with_flat(tables["season"])
    draft = Network(graph=nx.MultiDiGraph(), origins=typed.origins, **tables)
    problems = [*typed.problems, *errors(draft)]
    if problems:
        raise NetworkError(problems)
    ended = _end_replaced(draft)
    return ended._replace(graph=_graph(ended.nodes, ended.links))


def _with_flat(season: tuple[SeasonRow, ...]) -> tuple[SeasonRow, ...]:
    """Return the seasons with the profile ``flat``, which need not be written down."""
    if any(row.profile == "flat" for row in season):
        return season
    flat = (SeasonRow("flat", month, 1.0) for month in range(1, _MONTHS + 1))
    return tuple(sorted((*season, *flat), key=lambda row: (row.profile.encode(), row.month)))


def _end_replaced(network: Network) -> Network:
    """Return the network in which a replaced facility ends the day before."""
    last = {
        row.replaces: row.available_from - timedelta(days=1)
        for row in network.facilities
        if row.replaces and row.available_from
    }
    return network._replace(
        facilities=tuple(
            row._replace(available_to=min(last[row.id], row.available_to or last[row.id]))
            if row.id in last
            else row
            for row in network.facilities
        )
    )


def _graph(nodes: Sequence[NodeRow], links: Sequence[LinkRow]) -> "nx.MultiDiGraph[str]":
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in nodes:
        graph.add_node(node.id, row=node)
    for link in links:
        graph.add_edge(link.origin, link.destination, key=link.id, row=link)
        graph.add_edge(link.destination, link.origin, key=link.id, row=link)
    return cast("nx.MultiDiGraph[str]", nx.freeze(graph))


def in_force(row: DatedRow, day: date) -> bool:
    """Return whether a dated row is in force on a day, both its dates included."""
    begun = row.available_from is None or row.available_from <= day
    return begun and (row.available_to is None or day <= row.available_to)


def on(network: Network, day: date) -> Network:
    """Return the network of the links, facilities and services in force on a day."""
    links = tuple(row for row in network.links if in_force(row, day))
    return network._replace(
        links=links,
        facilities=tuple(row for row in network.facilities if in_force(row, day)),
        services=tuple(row for row in network.services if in_force(row, day)),
        graph=_graph(network.nodes, links),
    )


def freeze(network: Network, day: date) -> Network:
    """Return the network of a day without dates: nothing opens or ends after it (R25)."""
    today = on(network, day)
    links = tuple(_undated(row) for row in today.links)
    return today._replace(
        links=links,
        facilities=tuple(_undated(row) for row in today.facilities),
        services=tuple(_undated(row) for row in today.services),
        graph=_graph(today.nodes, links),
    )


def _undated(row: _Row) -> _Row:
    return row._replace(available_from=None, available_to=None)
