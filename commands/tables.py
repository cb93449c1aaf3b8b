"""Tables on the screen, or one JSON document for machines."""

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool = False
) -> None:
    """Print a table: lines that fit the window, or one JSON document.

    What stands in the first column is never broken: it is copied into files.
    """
    if as_json:
        print(json.dumps([dict(zip(head, map(str, row), strict=True)) for row in rows], indent=1))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for at, name in enumerate(head):
        table.add_column(name, overflow="fold", no_wrap=not at)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    Console(highlight=False, markup=False).print(table)


def without_empty(
    head: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[list[str], list[list[str]]]:
    """Return the columns of a table in which any row says something."""
    said = [at for at in range(len(head)) if any(row[at] for row in rows)]
    return [head[at] for at in said], [[row[at] for at in said] for row in rows]


def print_family(table: "pd.DataFrame", *, as_json: bool = False) -> None:
    """Print what several scenarios change against one base, true together at 95 %."""
    from sim.report.numbers import signed, spread

    if not as_json:
        print("All scenarios together, at 95 % over the scenarios of each figure:")
    head = ("figure", "scenario", "base", "difference", "n", "verdict")
    rows = [
        (
            row["kpi"],
            row["scenario"],
            signed(row["base"]).lstrip("+"),
            spread(row["difference"], row["half_width"], row["unit"]),
            row["n"],
            row["verdict"],
        )
        for _, row in table.iterrows()
    ]
    print_table(head, rows, as_json=as_json)
