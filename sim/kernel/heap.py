"""Heaps of integers: the events to come, and the stations that are ready.

A heap is an int64 array whose first number says how many follow; after them comes `LAST`.
Each has four children: fewer levels than with two, and the least of four is found without a
guess.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import inlined
from sim.kernel.layout import KIND_BIT, MARK, S_CALLED

Ints = NDArray[np.int64]

LAST, BEYOND = (1 << 63) - 1, 3
"""What lies beyond the heap, and so many times at least: later than everything."""


def empty_heap(most: int) -> Ints:
    """Return a heap with room for so many numbers."""
    heap = np.full(1 + most + BEYOND, LAST)
    heap[0] = 0
    return heap


@inlined
def push(heap: Ints, key: int) -> None:
    """Put a number in; there must be room, and beyond it."""
    at = heap[0] + 1
    heap[0] = at
    while at > 1 and heap[(at + 2) >> 2] > key:
        heap[at] = heap[(at + 2) >> 2]
        at = (at + 2) >> 2
    heap[at] = key


@inlined
def pop(heap: Ints) -> int:
    """Take the least number out.

    The gap goes down to the bottom along the lesser children, which needs no guess about
    the last number; that then rises, seldom and not far.
    """
    least: int = heap[1]
    count = heap[0] - 1
    heap[0] = count
    key = heap[count + 1]
    heap[count + 1] = LAST
    at, child = 1, 2
    while child <= count:
        # Each is read once: numbers are compared while places are still being worked out.
        a, b, c, d = heap[child], heap[child + 1], heap[child + 2], heap[child + 3]
        one, other = child + (b < a), child + 2 + (d < c)
        left, right = min(a, b), min(c, d)
        heap[at] = min(left, right)
        at = other if right < left else one
        child = 4 * at - 2
    while at > 1 and heap[(at + 2) >> 2] > key:
        heap[at] = heap[(at + 2) >> 2]
        at = (at + 2) >> 2
    heap[at] = key
    return least


@inlined
def mark(ready: Ints, is_ready: NDArray[np.bool_], rank: int) -> None:
    """Put a station among those that are ready, if it is not."""
    if not is_ready[rank]:
        is_ready[rank] = True
        push(ready, rank)


@inlined
def call(events: Ints, station: Ints, rank: int, instant_s: int) -> None:
    """Let a station look again at an instant, unless that was the last it was called to.

    Parameters
    ----------
    events
        Heap with room for one more.
    station
        Table of stations.
    """
    if station[rank, S_CALLED] != instant_s:
        station[rank, S_CALLED] = instant_s
        push(events, instant_s << 32 | MARK << KIND_BIT | rank)
