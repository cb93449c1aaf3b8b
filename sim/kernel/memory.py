"""Tables of which the system gives memory only for rows that are touched, and takes it back.

Rows of vehicles come and go in order of their numbers: those that are over are given back,
so that a long run needs no more memory than a short one.
"""

import mmap
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

Ints = NDArray[np.int64]

GROUP = 1 << 10
"""Rows that are looked at together."""


class Slab(NamedTuple):
    """A table of zeros and the memory that holds it."""

    rows: NDArray[Any]
    memory: mmap.mmap | None
    """None where the system cannot take back a part of it."""


def slab(shape: tuple[int, ...], dtype: DTypeLike) -> Slab:
    """Return a table of zeros of which no row takes memory yet.

    Parameters
    ----------
    shape
        Rows first.
    """
    if not hasattr(mmap, "MADV_DONTNEED"):
        return Slab(np.zeros(shape, dtype), None)
    size = prod(shape) * np.dtype(dtype).itemsize
    memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return Slab(
        np.frombuffer(memory, dtype, size // np.dtype(dtype).itemsize).reshape(shape), memory
    )


def give_back(table: Slab, first: Ints, end: Ints) -> None:
    """Give back the memory of runs of rows, whole pages of it; read again, they are zeros.

    Parameters
    ----------
    first, end
        (M,) first row of each run, and the one after its last.
    """
    if table.memory is None:
        return
    width = table.rows.strides[0]
    begin = -(-first * width // mmap.PAGESIZE) * mmap.PAGESIZE
    size = end * width // mmap.PAGESIZE * mmap.PAGESIZE - begin
    has_page = size > 0
    for at, length in zip(begin[has_page].tolist(), size[has_page].tolist(), strict=True):
        table.memory.madvise(mmap.MADV_DONTNEED, at, length)


def copy_into(larger: Slab, table: Slab) -> None:
    """Copy the rows of a table into a larger one; those that are zeros take no memory there."""
    for first in range(0, len(table.rows), GROUP):
        rows = table.rows[first : first + GROUP]
        if rows.any():
            larger.rows[first : first + len(rows)] = rows
