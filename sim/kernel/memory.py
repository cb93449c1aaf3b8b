"""Tables of which the system gives memory only for rows that are touched, and takes it back.

Rows of things that come and go in order of their numbers: those that are over are given
back in groups, so that a long run needs no more memory than a short one.
"""

import mmap
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

GROUP = 1 << 10
"""Rows that are given back together: whole pages of any table."""


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
    size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
    memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return Slab(
        np.frombuffer(memory, dtype, size // np.dtype(dtype).itemsize).reshape(shape), memory
    )


def give_back(table: Slab, first: int, end: int) -> None:
    """Give back the memory of rows, whole pages of it; if they are read again, they are zeros."""
    if table.memory is not None:
        width = table.rows.strides[0]
        begin = -(-first * width // mmap.PAGESIZE) * mmap.PAGESIZE
        until = end * width // mmap.PAGESIZE * mmap.PAGESIZE
        if until > begin:
            table.memory.madvise(mmap.MADV_DONTNEED, begin, until - begin)
