"""Rows of the trace put in order: those of one traveller together, as they came."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import compiled


@compiled
def sorted_by_first(table: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Return a table's rows in order of the first column, equal ones as they stood.

    Parameters
    ----------
    table
        (M, N); first column 0 to size - 1.
    size
        Of the first column's range.
    """
    begin = np.zeros(size + 1, np.int64)
    for at in range(len(table)):
        begin[table[at, 0] + 1] += 1
    for value in range(size):
        begin[value + 1] += begin[value]
    ordered = np.empty_like(table)
    for at in range(len(table)):
        to = begin[table[at, 0]]
        begin[table[at, 0]] = to + 1
        ordered[to] = table[at]
    return ordered
