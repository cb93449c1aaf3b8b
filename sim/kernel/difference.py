"""Whether two traces are the same, bit for bit; if not, the first row that differs, in words."""

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from sim.plan import NEVER, Cause, Legend, Trace

TABLES = ("vehicle", "visit", "consignment", "stay", "ledger", "closure")
"""Prefixes of the Trace's fields: fields of one prefix are the columns of one table."""

NAMED = {"station": "station_id", "flow": "flow_id", "route": "route_id", "place": "place_id"}
"""What a column counts -> names of the Legend."""


def first_difference(one: Trace, other: Trace, legend: Legend | None = None) -> str:
    """Return in words where two traces differ first; empty if they are the same.

    Parameters
    ----------
    one, other
        Traces of the same plan and draws.
    legend
        Names to say beside the numbers.
    """
    for table in TABLES:
        told = _table_difference(table, _columns(one, table), _columns(other, table), legend)
        if told:
            return told
    if one.ended_s != other.ended_s:
        return f"ended_s is {one.ended_s} in one and {other.ended_s} in the other"
    return _table_difference("gridlock", {"": one.gridlock}, {"": other.gridlock}, legend)


def digest(trace: Trace) -> str:
    """Return a hash of all that a trace holds: 64 hexadecimal digits."""
    found = sha256(str(trace.ended_s).encode())
    for name, value in trace._asdict().items():
        if isinstance(value, np.ndarray):
            found.update(f"{name} {value.dtype} {value.shape}".encode())
            found.update(np.ascontiguousarray(value).tobytes())
    return found.hexdigest()


def _columns(trace: Trace, table: str) -> dict[str, NDArray[np.generic]]:
    return {
        name: value
        for name, value in trace._asdict().items()
        if name.startswith(f"{table}_") and isinstance(value, np.ndarray)
    }


def _table_difference(
    table: str,
    one: dict[str, NDArray[np.generic]],
    other: dict[str, NDArray[np.generic]],
    legend: Legend | None,
) -> str:
    """Return the first differing row of a table in words, or that its columns differ in kind."""
    for name, column in one.items():
        if column.dtype != other[name].dtype:
            return f"{name} is {column.dtype} in one and {other[name].dtype} in the other"
    lengths = [len(next(iter(columns.values()))) for columns in (one, other)]
    shared = min(lengths)
    rows = [_first_row(column, other[name], shared) for name, column in one.items()]
    row = min(rows)
    if row < shared:
        told = [_told(columns, row, legend) for columns in (one, other)]
        return f"row {row} of {table}: {told[0]} in one, {told[1]} in the other"
    if lengths[0] != lengths[1]:
        longer = one if lengths[0] > lengths[1] else other
        which = "one" if longer is one else "the other"
        return (
            f"{table} has {lengths[0]} rows in one and {lengths[1]} in the other; "
            f"the first too many is row {shared} of {which}: {_told(longer, shared, legend)}"
        )
    return ""


def _first_row(one: NDArray[np.generic], other: NDArray[np.generic], shared: int) -> int:
    """Return the first row in which two columns differ, or `shared`."""
    differs = one[:shared] != other[:shared]
    differs = differs.reshape(shared, -1).any(axis=1) if shared else differs
    return int(np.argmax(differs)) if differs.any() else shared


def _told(columns: dict[str, NDArray[np.generic]], row: int, legend: Legend | None) -> str:
    """Return a row as `name value, ...`; seconds by cause by the names of causes."""
    parts = []
    for name, column in columns.items():
        value = column[row]
        short = name.partition("_")[2]
        if name == "consignment_cause_s":
            value = {cause.name: int(value[cause]) for cause in Cause if value[cause]}
        parts.append(f"{short} {value}")
        if legend is not None and short in NAMED and value != NEVER:
            names: tuple[str, ...] = getattr(legend, NAMED[short])
            parts[-1] += f" ({names[value.item()]})"
    return ", ".join(parts)
