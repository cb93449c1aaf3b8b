"""Pages of the documentation that follow from the attribute tables."""

from network import attributes
from network.attributes import Attribute
from network.schema import TABLES

_HEAD = """# Attributes

Every column of every table of a network: a folder of CSV files, or the inline tables and
patches of a scenario. Generated from `network/attributes.py` by
`python docs/generate_attributes.py`; do not edit.

A cell may be empty unless the column is required (bold). Lists are `;`-separated. Dates are
YYYY-MM-DD, both ends included; a row that begins on 2099-12-31 is never in force. Clocks are
HH:MM in the node's local time. `yes_no` is yes or no. Numbers have a decimal point.
"""


def attributes_page() -> str:
    """Return ``docs/attributes.md``: one Markdown table for each table of a network."""
    return "\n".join([_HEAD, *(_section(table) for table in TABLES)])


def _section(table: str) -> str:
    head = "| column | type | unit | allowed | default | meaning |"
    lines = [f"## {table}", "", head, "|---|---|---|---|---|---|"]
    lines += [_line(column) for column in attributes.of_table(table)]
    return "\n".join(lines) + "\n"


def _line(column: Attribute) -> str:
    name = f"**{column.name}**" if column.required else column.name
    cells = (name, column.dtype, column.unit, _allowed(column), column.default, column.meaning)
    return "| " + " | ".join(cells) + " |"


def _allowed(column: Attribute) -> str:
    """Return what the column allows, in words: values, another table's ids, a range."""
    parts = []
    if column.refers_to:
        parts.append(f"ids of {column.refers_to}")
    if column.allowed:
        parts.append(", ".join(column.allowed))
    if column.above is not None:
        parts.append(f"> {column.above:g}")
    if column.least is not None:
        parts.append(f"≥ {column.least:g}")
    if column.most is not None:
        parts.append(f"≤ {column.most:g}")
    return "; ".join(parts)
