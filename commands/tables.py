"""Tables on the screen, or one JSON document for machines."""

import json
from collections.abc import Iterable, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_LONG = 31
"""Letters up to which a cell is never broken."""
_LEAST = 18
"""Letters that a column of longer cells is given at least."""
_GAP = 3


def print_table(
    head: Sequence[str], rows: Iterable[Sequence[object]], *, as_json: bool = False
) -> None:
    """Print a table: lines that fit the window, or one JSON document.

    Ids in the first column are never broken: they are copied into files.
    """
    if as_json:
        print(json.dumps([dict(zip(head, map(str, row), strict=True)) for row in rows], indent=1))
        return
    from rich.console import Console

    console = Console(highlight=False, markup=False)
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    is_id = not any(" " in row[0] for row in cells)
    needed = [
        width if width <= _LONG or (is_id and not at) else _LEAST
        for at, width in enumerate(widths)
    ]
    if sum(needed) + _GAP * (len(head) - 1) > console.width:
        _print_lists(head, cells, console.width)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name, width, least in zip(head, widths, needed, strict=True):
        table.add_column(name, no_wrap=width == least, min_width=least, overflow="fold")
    for row in cells:
        table.add_row(*row)
    console.print(table)


def _print_lists(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """Print each row as a name and what is said of it: a window too narrow for columns."""
    for name, *said in rows:
        print(name)
        facts = "; ".join(f"{h}: {cell}" for h, cell in zip(head[1:], said, strict=True) if cell)
        # Unlike `print` of a console it breaks no number at its thin spaces.
        lines = wrap(facts, width, initial_indent="  ", subsequent_indent="  ",
                     break_long_words=False, break_on_hyphens=False)  # fmt: skip
        print(*lines, sep="\n")


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
