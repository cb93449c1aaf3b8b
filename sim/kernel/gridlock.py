"""Gridlock: a cycle of yards, each full of loads that wait for the next (R14)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import compiled
from sim.plan import NEVER

Ints = NDArray[np.int64]

H_YARD, H_POOL, H_VEHICLE, H_WAITS_FOR, H_LOAD = 0, 1, 2, 3, 4
"""Columns of `Trace.gridlock`, with yards by their index here."""


@compiled
def cycle(holders: Ints, is_refusing: NDArray[np.bool_], occupied: Ints) -> Ints:
    """Return a cycle of holders, each waiting for the yard of the next; empty if none.

    Parameters
    ----------
    holders
        (M, 5) loads that take room in one yard and wait for room in another.
    is_refusing
        (Y,) yards in which the first who waits does not fit.
    occupied
        (Y,) room taken or reserved.
    """
    none = np.zeros((0, 5), np.int64)
    yards = len(occupied)
    is_stuck = is_refusing.copy()
    has_changed = True
    while has_changed:
        has_changed = False
        held = np.zeros(yards, np.int64)
        for at in range(len(holders)):
            if is_stuck[holders[at, H_YARD]] and is_stuck[holders[at, H_WAITS_FOR]]:
                held[holders[at, H_YARD]] += holders[at, H_LOAD]
        for y in range(yards):
            if is_stuck[y] and held[y] < occupied[y]:
                is_stuck[y] = False
                has_changed = True
    onward = np.full(yards, NEVER, np.int64)
    for at in range(len(holders) - 1, -1, -1):
        if is_stuck[holders[at, H_WAITS_FOR]]:
            onward[holders[at, H_YARD]] = at
    y = 0
    while y < yards and not is_stuck[y]:
        y += 1
    if y == yards:
        return none
    walk = np.full(yards + 1, NEVER, np.int64)
    seen_at = np.full(yards, NEVER, np.int64)
    steps = 0
    while seen_at[y] == NEVER:
        seen_at[y] = steps
        walk[steps] = onward[y]
        steps += 1
        y = holders[onward[y], H_WAITS_FOR]
    return holders[walk[seen_at[y] : steps]]
