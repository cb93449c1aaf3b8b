"""Rows that a scenario writes: inline tables, and the patch language add/change/retire.

Layers are folded into at most one change per row, in which every cell remembers where
it was written. Types and ranges of cells are the network's to check; here only what
needs the layers is: names of tables and columns, rows written twice, conflicts.
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias, cast

from network import attributes
from network.errors import Problem
from network.schema import TABLES, RawValue, RowChange
from sim.scenario.tree import Branch, Items, Mark, Scalar, Tree, problem, row_id
from sim.scenario.words import unknown

Kind: TypeAlias = Literal["add", "change", "retire"]
KINDS: tuple[Kind, ...] = ("add", "change", "retire")
SEASON_KEYS = ("profile", "month")


class Cell(NamedTuple):
    """One cell as written."""

    value: RawValue
    mark: Mark
    patch: str
    """Name of the patch that wrote it; empty where a scenario or ``--set`` did."""


class Edit(NamedTuple):
    """One row that one layer adds, changes or retires."""

    kind: Kind
    table: str
    id: str
    cells: Mapping[str, Cell]
    mark: Mark
    patch: str
    """As in `Cell`."""


class Reading(NamedTuple):
    """What one place in a file says of rows, and what is wrong with it."""

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]


class Folded(NamedTuple):
    """All layers' edits, one per row, and the conflicts between them."""

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]


def read_section(kind: Kind, tables: Tree, where: str, patch: str = "") -> Reading:
    """Return the edits of one mapping of tables: ``add``, ``change``, ``retire``, inline.

    Parameters
    ----------
    kind
        What the rows do.
    tables
        Table -> list of rows; of ids for ``retire``.
    where
        Path of the mapping in messages: ``network`` or the kind.
    patch
        Name of the patch file; empty for a scenario.
    """
    if not isinstance(tables, Branch):
        return Reading(
            (), (problem(tables.mark, f"{where}: must be a mapping of tables to rows"),)
        )
    edits: list[Edit] = []
    problems: list[Problem] = []
    for table, entry in tables.entries.items():
        if table not in TABLES:
            problems.append(
                problem(entry.mark, f"{where}.{table}: {unknown('table', table, TABLES)}")
            )
            continue
        reading = read_table(kind, table, entry.value, f"{where}.{table}", patch)
        edits += reading.edits
        problems += reading.problems
    return Reading(tuple(edits), tuple(problems))


def read_table(kind: Kind, table: str, items: Tree, where: str, patch: str = "") -> Reading:
    """Return the edits of one list of rows; parameters as for `read_section`."""
    if not isinstance(items, Items):
        return Reading((), (problem(items.mark, f"{where}: must be a list of rows"),))
    return read_rows(kind, table, items.values, where, patch)


def read_rows(
    kind: Kind, table: str, items: Sequence[Tree], where: str, patch: str = ""
) -> Reading:
    """Return the edits of rows of one table; parameters as for `read_section`."""
    edits: list[Edit] = []
    problems: list[Problem] = []
    first: dict[str, Edit] = {}
    for item in items:
        edit = _edit(kind, table, item, where, patch)
        if isinstance(edit, Problem):
            problems.append(edit)
            continue
        known = first.setdefault(_same_name(edit.id), edit)
        if known is not edit:
            again = f"{where}[{edit.id}]: written twice; first as {known.id!r} at {known.mark}"
            problems.append(problem(edit.mark, again))
            continue
        wrong = list(_unknown_columns(edit, where))
        problems += wrong
        edits += [] if wrong else [edit]
    return Reading(tuple(edits), tuple(problems))


def _same_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def _edit(kind: Kind, table: str, item: Tree, where: str, patch: str) -> Edit | Problem:
    """Return the edit of one row, or what keeps it from being one."""
    if kind == "retire":
        if not isinstance(item, Scalar) or item.value is None:
            return problem(item.mark, f"{where}: must be a list of ids")
        return Edit(kind, table, item.raw, {}, item.mark, patch)
    if not isinstance(item, Branch):
        return problem(item.mark, f"{where}: a row must be a mapping of columns to values")
    key = _season_id(item) if table == "season" else row_id(item)
    if key is None:
        needed = " and ".join(map(repr, SEASON_KEYS)) if table == "season" else "'id'"
        return problem(item.mark, f"{where}: a row without {needed}")
    own = SEASON_KEYS if table == "season" else ("id",)
    cells: dict[str, Cell] = {}
    for column, entry in item.entries.items():
        if column in own:
            continue
        value = cell_value(table, column, entry.value)
        if isinstance(value, Problem):
            return value._replace(message=f"{where}[{key}].{column}: {value.message}")
        cells[column] = Cell(value, entry.mark, patch)
    return Edit(kind, table, key, cells, item.mark, patch)


def _season_id(row: Branch) -> str | None:
    parts = [row.entries[key].value for key in SEASON_KEYS if key in row.entries]
    texts = [part.raw for part in parts if isinstance(part, Scalar) and part.raw]
    return ":".join(texts) if len(texts) == len(SEASON_KEYS) else None


def cell_value(table: str, column: str, tree: Tree) -> RawValue | Problem:
    """Return a cell as the network reads it: of a text column the text as written."""
    dtypes = {attribute.name: attribute.dtype for attribute in attributes.of_table(table)}
    is_text = dtypes.get(column) in {"text", "list", "date", "clock"}
    if isinstance(tree, Branch):
        return problem(tree.mark, "a cell must be a value or a list of values, not a mapping")
    if isinstance(tree, Scalar):
        return _scalar(tree, is_text=is_text)
    if not all(isinstance(item, Scalar) and item.value is not None for item in tree.values):
        return problem(tree.mark, "a list in a cell must hold plain values")
    return tuple(cast("Scalar", item).raw for item in tree.values)


def _scalar(scalar: Scalar, *, is_text: bool) -> RawValue:
    is_plain_text = is_text and scalar.value is not None and not isinstance(scalar.value, bool)
    return scalar.raw if is_plain_text else scalar.value


def _unknown_columns(edit: Edit, where: str) -> Iterable[Problem]:
    known = [attribute.name for attribute in attributes.of_table(edit.table)]
    for column, cell in edit.cells.items():
        if column not in known:
            message = f"{where}[{edit.id}].{column}: {unknown('key', column, known)}"
            yield problem(cell.mark, message)


def fold(edits: Iterable[Edit]) -> Folded:
    """Return one edit per row of all layers, weak to strong, and their conflicts.

    A scenario or ``--set`` may overrule what lies below it. Two patches may not
    disagree: which of them is right is not for their order to say.
    """
    rows: dict[tuple[str, str], Edit] = {}
    problems: list[Problem] = []
    for edit in edits:
        key = (edit.table, edit.id)
        below = rows.get(key)
        conflict = _conflict(below, edit) if below else None
        if conflict:
            problems.append(problem(edit.mark, f"{edit.table}[{edit.id}]: {conflict}"))
        elif below is None:
            rows[key] = edit
        elif edit.kind == "retire":
            # A row that a layer below brought is gone as if it had never been there.
            rows.pop(key) if below.kind == "add" else rows.__setitem__(key, edit)
        else:
            rows[key] = below._replace(cells={**below.cells, **edit.cells})
    return Folded(tuple(rows.values()), tuple(problems))


def _conflict(below: Edit, edit: Edit) -> str | None:
    """Return why an edit cannot stand on what is below it, None where it can."""
    if below.kind == "retire":
        return None if edit.kind == "retire" else f"was retired at {below.mark}"
    if edit.kind == "add":
        is_there = "is added" if below.kind == "add" else "is changed as a row that exists"
        return f"is added here and {is_there} at {below.mark}; use 'change' for one of them"
    if not edit.patch:
        return None
    patched = {
        name: cell for name, cell in below.cells.items() if cell.patch not in ("", edit.patch)
    }
    if edit.kind == "retire" and patched:
        return f"is retired here and changed at {next(iter(patched.values())).mark}"
    for column, cell in edit.cells.items():
        other = patched.get(column)
        if other and other.value != cell.value:
            ours = f"{cell.value!r} by patch {edit.patch!r}"
            both = f"{ours} and {other.value!r} by patch {other.patch!r}"
            return f"{column} is set to {both} at {other.mark}"
    return None


def changes(edits: Iterable[Edit]) -> tuple[RowChange, ...]:
    """Return what the network has to apply, every cell with its own origin."""
    found: list[RowChange] = []
    for edit in edits:
        if edit.kind != "change":
            found.append(_change(edit, edit.kind, {}, edit.mark))
        for column, cell in edit.cells.items():
            found.append(_change(edit, "change", {column: cell.value}, cell.mark))
        if edit.kind == "change" and not edit.cells:
            found.append(_change(edit, "change", {}, edit.mark))
    return tuple(found)


def _change(edit: Edit, kind: Kind, values: Mapping[str, RawValue], mark: Mark) -> RowChange:
    # Conflicts between layers have been settled here.
    return RowChange(kind, edit.table, edit.id, values, str(mark), overrides=True)
