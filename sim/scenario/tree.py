"""A scenario file as a tree in which every value knows where it was written.

The reader makes such trees, layers of a scenario are merged as trees, and only the
result is checked against the schema: so a message names the file, line and column (or
the ``--set``) that a value came from, through any number of layers.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

from network.errors import Problem

Value: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]

EXCERPT_WIDTH = 110
"""Characters of a source line that a message shows."""


class Mark(NamedTuple):
    """Where something was written."""

    source: str
    """Path of the file as it was given, or the ``--set`` argument."""
    line: int
    """Counts from 1; 0 = the source has no lines."""
    column: int
    """Counts from 1, in characters."""
    text: str
    """The whole source line."""

    def __str__(self) -> str:
        """Return ``file:line:column``, or the source alone where it has no lines."""
        return f"{self.source}:{self.line}:{self.column}" if self.line else self.source


class Scalar(NamedTuple):
    """One value that holds no others."""

    value: Value
    raw: str
    """The text as written: ids stay text even where they look like numbers."""
    mark: Mark


class Items(NamedTuple):
    """A list."""

    values: "tuple[Tree, ...]"
    mark: Mark


class Entry(NamedTuple):
    """What stands under one key."""

    mark: Mark
    """Of the key."""
    value: "Tree"


class Branch(NamedTuple):
    """A mapping; keys are unique text."""

    entries: dict[str, Entry]
    mark: Mark


Tree: TypeAlias = Scalar | Items | Branch


def problem(mark: Mark, message: str) -> Problem:
    """Return the problem at a mark, with the source line and a caret under the place.

    Parameters
    ----------
    mark
        The place; a mark without a line shows no excerpt.
    message
        What was found and what is allowed, without the place.
    """
    if not mark.line or not mark.text.strip():
        return Problem(str(mark), message)
    text = mark.text[:EXCERPT_WIDTH].rstrip()
    caret = " " * min(mark.column - 1, EXCERPT_WIDTH) + "^"
    number = f"{mark.line:6d}"
    return Problem(str(mark), f"{message}\n{number} | {text}\n{' ' * len(number)} | {caret}")


def row_id(tree: Tree) -> str | None:
    """Return the text of a mapping's ``id``, or None where it has none."""
    if not isinstance(tree, Branch) or "id" not in tree.entries:
        return None
    value = tree.entries["id"].value
    return value.raw if isinstance(value, Scalar) and value.value is not None else None


def is_rows(tree: Tree) -> bool:
    """Return whether a tree is a list in which every item is a mapping with an ``id``."""
    return isinstance(tree, Items) and all(row_id(item) is not None for item in tree.values)


def merge(base: Tree, over: Tree) -> Tree:
    """Return one tree in which ``over`` wins.

    Mappings merge key by key and ``null`` takes a key away (RFC 7396); lists of
    mappings with an ``id`` merge by id; any other list replaces the one below.

    Parameters
    ----------
    base
        The weaker tree.
    over
        The stronger tree; its marks stand where its values stand.
    """
    if isinstance(base, Branch) and isinstance(over, Branch):
        return merge_branches(base, over)
    if isinstance(base, Items) and isinstance(over, Items) and is_rows(base) and is_rows(over):
        return _merge_rows(base, over)
    return over


def merge_branches(base: Branch, over: Branch) -> Branch:
    """Return one mapping in which ``over`` wins; see `merge`."""
    entries = dict(base.entries)
    for key, entry in over.entries.items():
        if isinstance(entry.value, Scalar) and entry.value.value is None:
            entries.pop(key, None)
        else:
            below = entries[key].value if key in entries else Branch({}, entry.value.mark)
            entries[key] = Entry(entry.mark, merge(below, entry.value))
    return Branch(entries, over.mark if over.mark.line else base.mark)


def _merge_rows(base: Items, over: Items) -> Items:
    """Return rows merged by id; a null cell stays, since in a row it means an empty cell."""
    rows: dict[str | None, Tree] = {row_id(row): row for row in base.values}
    for row in over.values:
        key = row_id(row)
        below = rows.get(key)
        if isinstance(below, Branch) and isinstance(row, Branch):
            rows[key] = Branch({**below.entries, **row.entries}, row.mark)
        else:
            rows[key] = row
    return Items(tuple(rows.values()), over.mark)


def without(branch: Branch, keys: Sequence[str]) -> Branch:
    """Return a mapping without some of its keys."""
    return Branch({k: e for k, e in branch.entries.items() if k not in keys}, branch.mark)


def plain(tree: Tree) -> object:
    """Return the tree as plain dicts, lists and values."""
    if isinstance(tree, Scalar):
        return tree.value
    if isinstance(tree, Items):
        return [plain(item) for item in tree.values]
    return {key: plain(entry.value) for key, entry in tree.entries.items()}


def marks(tree: Tree) -> Mapping[Path, Mark]:
    """Return where each path of a tree was written: of a key its key, else its value."""
    found: dict[Path, Mark] = {(): tree.mark}
    _collect(tree, (), found)
    return found


def _collect(tree: Tree, path: Path, found: dict[Path, Mark]) -> None:
    if isinstance(tree, Items):
        for index, item in enumerate(tree.values):
            found[*path, index] = item.mark
            _collect(item, (*path, index), found)
    elif isinstance(tree, Branch):
        for key, entry in tree.entries.items():
            found[*path, key] = entry.mark
            _collect(entry.value, (*path, key), found)
