"""Heaps of integers: the events to come, and the stations that are ready.

A heap is an int64 array whose first number says how many follow.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import compiled
from sim.kernel.layout import KIND_BIT, MARK, S_CALLED
from sim.plan import NEVER

Ints = NDArray[np.int64]

NEXT = 2


@compiled
def push(heap: Ints, key: int) -> None:
    """Put a number in; there must be room."""
    at = heap[0] + 1
    heap[0] = at
    while at > 1 and heap[at >> 1] > key:
        heap[at] = heap[at >> 1]
        at >>= 1
    heap[at] = key


@compiled
def pop(heap: Ints) -> int:
    """Take the least number out."""
    least: int = heap[1]
    count = heap[0] - 1
    heap[0] = count
    key = heap[count + 1]
    at = 1
    child = 2
    while child <= count:
        if child < count and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= key:
            break
        heap[at] = heap[child]
        at = child
        child = at << 1
    heap[at] = key
    return least


@compiled
def mark(ready: Ints, is_ready: NDArray[np.bool_], rank: int) -> None:
    """Put a station among those that are ready, if it is not."""
    if not is_ready[rank]:
        is_ready[rank] = True
        push(ready, rank)


@compiled
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


@compiled
def grown(heap: Ints, room: int) -> Ints:
    """Return a heap with room for more, twice as long as it needs to be."""
    longer = np.zeros(2 * (heap[0] + room), np.int64)
    longer[: len(heap)] = heap
    return longer


def pushed(events: Ints, key: int) -> Ints:
    """Return a heap with one number more in it."""
    if events[0] + 2 > len(events):
        events = grown(events, 16)
    push(events, key)
    return events


def called(events: Ints, station: Ints, rank: int, instant_s: int) -> Ints:
    """Return the events with a call to a station in them, as of `call`."""
    if events[0] + 2 > len(events):
        events = grown(events, 16)
    call(events, station, rank, instant_s)
    return events


@compiled
def grown_words(words: NDArray[np.uint64], size: int) -> NDArray[np.uint64]:
    """Return (size,) words, 0 where they are new."""
    longer = np.zeros(size, np.uint64)
    longer[: len(words)] = words
    return longer


@compiled
def grown_rows(table: NDArray[np.int32], size: int) -> NDArray[np.int32]:
    """Return a table (size, M) of int32, 0 where it is new."""
    longer = np.zeros((size, table.shape[1]), np.int32)
    longer[: len(table)] = table
    return longer


@compiled
def grown_table(table: Ints, size: int) -> Ints:
    """Return a table (size, M) of int64, NEVER where it is new."""
    longer = np.full((size, table.shape[1]), NEVER, np.int64)
    longer[: len(table)] = table
    return longer


@compiled
def refilled(table: Ints, head: int) -> Ints:
    """Return a table of linked rows with more of them unused.

    Parameters
    ----------
    table
        (M, 3); the third column links.
    head
        Row that heads the list of unused rows.
    """
    longer = grown_table(table, 2 * len(table) + 16)
    for at in range(len(table), len(longer)):
        longer[at, NEXT] = longer[head, NEXT]
        longer[head, NEXT] = at
    return longer
