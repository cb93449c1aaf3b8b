"""Tables that grow when the loop finds them full, outside machine code."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sim.kernel.layout import FORCE_NEXT, FREE
from sim.plan import NEVER

Ints = NDArray[np.int64]
Row = TypeVar("Row", bound=np.generic)


def longer(table: NDArray[Row], size: int, fill: int) -> NDArray[Row]:
    """Return the table if it has at least `size` rows, else a copy with twice as many.

    Parameters
    ----------
    fill
        Value in new rows. Those of zeros take no memory before they are used.
    """
    if len(table) >= size:
        return table
    larger = np.zeros((max(size, 2 * len(table)), *table.shape[1:]), dtype=table.dtype)
    larger[: len(table)] = table
    if fill:
        larger[len(table) :] = fill
    return larger


def refilled(table: Ints, size: int, head: int = FREE) -> Ints:
    """Return a table of linked rows with at least `size`, new ones among the unused.

    Parameters
    ----------
    table
        (M, 3); the third column links.
    head
        Row that heads the list of unused rows.
    """
    larger = longer(table, size, NEVER)
    new = np.arange(len(table), len(larger))
    larger[new[:-1], FORCE_NEXT] = new[1:]
    larger[new[-1], FORCE_NEXT] = larger[head, FORCE_NEXT]
    larger[head, FORCE_NEXT] = new[0]
    return larger
