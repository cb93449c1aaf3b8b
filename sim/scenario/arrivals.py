"""Files of arrivals: what a demand row names is read once, when the scenario is (R4).

In: edits of rows. Out: the same with `arrivals_at_h` in place of `arrivals_file`, so that
the resolved scenario holds every instant and looks nothing up.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from network.errors import Problem
from sim.errors import ScenarioError
from sim.scenario.layers import locate
from sim.scenario.rows import Cell, Edit
from sim.scenario.tree import Mark, problem

COLUMN = "at_h"
FILE = "arrivals_file"
MOST = 200_000


class Arrived(NamedTuple):
    """Edits without files, and what is wrong with the files."""

    edits: tuple[Edit, ...]
    problems: tuple[Problem, ...]


def read_arrivals(edits: Sequence[Edit], search: Sequence[Path] = ()) -> Arrived:
    """Return the edits with the arrivals that stand in the files they name.

    Parameters
    ----------
    edits
        Folded.
    search
        Folders in which a file is sought after that of the file which names it.
    """
    problems: list[Problem] = []
    found: list[Edit] = []
    for edit in edits:
        cell = edit.cells.get(FILE) if edit.table == "demand" else None
        if cell is None or cell.value is None:
            found.append(edit)
            continue
        try:
            found.append(_with_arrivals(edit, cell, search))
        except ScenarioError as error:
            problems += error.problems
    return Arrived(tuple(found), tuple(problems))


def _with_arrivals(edit: Edit, cell: Cell, search: Sequence[Path]) -> Edit:
    where = f"demand[{edit.id}].{FILE}"
    if "arrivals_at_h" in edit.cells:
        _refuse(cell.mark, f"{where}: the row has arrivals_at_h too; give one")
    try:
        path = locate(str(cell.value), Path(cell.mark.source).parent, search)
    except ScenarioError as error:
        _refuse(cell.mark, f"{where}: {error.problems[0].message}")
    hours = _read(path)
    cells = {name: value for name, value in edit.cells.items() if name != FILE}
    cells["arrivals_at_h"] = cell._replace(value=tuple(hours))
    lot = cells.get("lot")
    if "amount" not in cells and lot is not None and isinstance(lot.value, int | float):
        together = cells["lots_together"].value if "lots_together" in cells else 1
        if isinstance(together, int):
            cells["amount"] = cell._replace(value=len(hours) * together * lot.value)
    return edit._replace(cells=cells)


def _read(path: Path) -> list[str]:
    """Return the hours of a file as they are written; raise with every line that is wrong."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise ScenarioError([Problem(path.name, "is not UTF-8; save it as UTF-8")]) from error
    table = list(csv.reader(lines))
    problems = list(_shape(path.name, table)) or list(_order(path.name, table))
    if problems:
        raise ScenarioError(problems)
    return [cells[0].strip() for cells in table[1:]]


def _shape(name: str, table: Sequence[Sequence[str]]) -> Iterator[Problem]:
    if not table or list(table[0]) != [COLUMN]:
        head = f"must have one column, {COLUMN}: hours from the window's start"
        yield Problem(f"{name}:1", head)
        return
    if not 1 < len(table) <= MOST + 1:
        yield Problem(name, f"has {len(table) - 1} arrivals; must have 1 to {MOST}")
    for number, cells in enumerate(table[1:], start=2):
        if len(cells) != 1 or _hour(cells[0]) is None:
            yield Problem(f"{name}:{number}", f"{','.join(cells)!r} is not one number of hours")


def _order(name: str, table: Sequence[Sequence[str]]) -> Iterator[Problem]:
    """Yield what is negative or out of order: a file is never sorted in silence."""
    before = 0.0
    for number, cells in enumerate(table[1:], start=2):
        hour = _hour(cells[0]) or 0.0
        if hour < 0:
            yield Problem(f"{name}:{number}", f"{cells[0]} is before the window's start")
        elif number > 2 and hour <= before:  # noqa: PLR2004 - the first line of numbers
            yield Problem(f"{name}:{number}", f"{cells[0]} follows {before:g}; hours must rise")
        before = hour


def _hour(text: str) -> float | None:
    try:
        hour = float(text)
    except ValueError:
        return None
    return hour if math.isfinite(hour) else None


def _refuse(mark: Mark, message: str) -> None:
    raise ScenarioError([problem(mark, message)])
