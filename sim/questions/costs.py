"""What one more costs, from a file of the planner's.

In: a CSV file with the columns `capacity` and `usd`. Out: `Costs`.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from network.errors import Problem
from network.reader import nearest
from sim.errors import ScenarioError

COLUMNS = ("capacity", "usd")


class Costs(NamedTuple):
    """USD of one more, by id of the capacity (`server:ID`) or by its kind (`server`)."""

    usd: Mapping[str, float]

    def of(self, capacity: str) -> float | None:
        """Return what a capacity costs: its own cost, else that of its kind."""
        return self.usd.get(capacity, self.usd.get(capacity.partition(":")[0]))


NONE = Costs({})


def read_costs(path: Path, known: Sequence[str]) -> Costs:
    """Return the costs of a file.

    Parameters
    ----------
    path
        CSV file in UTF-8 with the columns `capacity` and `usd`; others are for its readers.
    known
        Ids of capacities, and kinds.

    Raises
    ------
    ScenarioError
        With every problem of the file.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            head = reader.fieldnames or ()
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ScenarioError([Problem(str(path), f"cannot be read as CSV: {error}")]) from error
    lacking = [column for column in COLUMNS if column not in head]
    if lacking:
        message = f"has no column {' and '.join(lacking)}; its head must hold {', '.join(COLUMNS)}"
        raise ScenarioError([Problem(f"{path}:1", message)])
    usd: dict[str, float] = {}
    problems: list[Problem] = []
    for line, row in rows:
        name, cell = (row["capacity"] or "").strip(), (row["usd"] or "").strip()
        value = _positive(cell)
        if name not in known:
            message = f"capacity: found {name!r}, which is none{nearest(name, known)}"
            problems.append(Problem(f"{path}:{line}", message))
        elif name in usd:
            problems.append(Problem(f"{path}:{line}", f"capacity: {name!r} stands twice"))
        elif value is None:
            message = f"usd: found {cell!r}; must be a number above 0"
            problems.append(Problem(f"{path}:{line}", message))
        else:
            usd[name] = value
    if problems:
        raise ScenarioError(problems)
    return Costs(usd)


def _positive(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
