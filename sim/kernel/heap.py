"""Heaps of integers: the events to come, and the stations that are ready.

A heap is an int64 array whose first number says how many follow; after them comes `LAST`, to
the end of a level.
Each has four children: fewer levels than with two, and the least of four is found without a
guess.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import bit_length, compiled, inlined
from sim.kernel.layout import KIND_BIT, MARK, S_CALLED

Ints = NDArray[np.int64]

LAST = (1 << 63) - 1
"""What fills a heap beyond its numbers: later than everything."""


def empty_heap(most: int) -> Ints:
    """Return a heap with room for so many numbers."""
    heap = np.full(length_for(most), LAST)
    heap[0] = 0
    return heap


def heap_of(keys: Sequence[int], room: int) -> Ints:
    """Return a heap of numbers in ascending order, with room for so many more."""
    heap = empty_heap(len(keys) + room)
    heap[: len(keys) + 1] = [len(keys), *keys]
    return heap


def length_for(most: int) -> int:
    """Return the length of a heap with room for so many numbers: whole levels."""
    level, room = 1, 1
    while room < most:
        level *= 4
        room += level
    return 1 + room


@compiled
def room_of(heap: Ints) -> int:
    """Return for how many numbers a heap has room: as many as there are in whole levels."""
    level, room = 1, 0
    while room + level < len(heap):
        room += level
        level *= 4
    return room


@inlined
def push(heap: Ints, key: int) -> None:
    """Put a number in; there must be room."""
    at = heap[0] + 1
    heap[0] = at
    rise(heap, at, key)


@inlined
def rise(heap: Ints, at: int, key: int) -> None:
    """Put a number into a gap at the bottom, or above, where what lies above it is greater.

    Whether it rises by one place nobody can guess; by more it seldom does.
    """
    if at > 1:
        up = (at + 2) >> 2
        above = heap[up]
        heap[at] = max(above, key)
        key = min(above, key)
        at = up
        while at > 1 and heap[(at + 2) >> 2] > key:
            heap[at] = heap[(at + 2) >> 2]
            at = (at + 2) >> 2
    heap[at] = key


@inlined
def pop(heap: Ints) -> int:
    """Take the least number out.

    The gap goes down to the last level along the lesser children, all the way even where
    nothing lies there any more: no step needs a guess. The last number then fills it.
    """
    least: int = heap[1]
    count = heap[0] - 1
    heap[0] = count
    key = heap[count + 1]
    heap[count + 1] = LAST
    if count:
        at = 1
        # Place n lies log4(3 n - 2) levels below the first.
        for _ in range((bit_length(3 * count - 2) - 1) >> 1):
            child = 4 * at - 2
            # Each is read once: numbers are compared while places are still being worked out.
            a, b, c, d = heap[child], heap[child + 1], heap[child + 2], heap[child + 3]
            one, other = child + (b < a), child + 2 + (d < c)
            left, right = min(a, b), min(c, d)
            heap[at] = min(left, right)
            at = other if right < left else one
        rise(heap, at, key)
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
