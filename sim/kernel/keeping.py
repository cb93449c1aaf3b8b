"""Vehicles of which the run may still ask something, so that their rows stay (R23)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import called, compiled
from sim.kernel.layout import (
    P_FIRST,
    P_LAST,
    P_STATION,
    T_ROW,
    U_BERTHED,
    V_AFTER,
    V_ENDED,
    Rows,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@compiled
def needed(
    known: Ints,
    vehicle: Rows,
    vessel: Ints,
    vessels: int,
    pool: Ints,
    trav: Rows,
    queue_first: Ints,
    classes: int,
) -> Flags:
    """Return which vehicles are under way, at a berth, or may be asked about by their pool.

    Parameters
    ----------
    known
        (M,) numbers of vehicles whose rows are there, ascending.
    vessels
        How many there are.

    Notes
    -----
    Who waits in a pool asks about the vehicles that left since it joined (R23); in a queue
    the first has joined first. Who is yet to join asks about those after the last that left.
    """
    is_needed = np.empty(len(known), np.bool_)
    for at in range(len(known)):
        is_needed[at] = vehicle[known[at], V_ENDED] == NEVER
    for u in range(vessels):
        if vessel[u, U_BERTHED] != NEVER:
            is_needed[np.searchsorted(known, vessel[u, U_BERTHED])] = True
    for p in range(len(pool)):
        need_from(is_needed, known, vehicle, pool[p, P_LAST])
        for q in range(pool[p, P_STATION] * classes, (pool[p, P_STATION] + 1) * classes):
            n = queue_first[q]
            if n != NEVER:
                before = trav[n, T_ROW]
                since = pool[p, P_FIRST] if before == NEVER else before
                need_from(is_needed, known, vehicle, since)
    return is_needed


@called
def need_from(is_needed: Flags, known: Ints, vehicle: Rows, i: int) -> None:
    """Need a vehicle, if there is one, and those that left its pool after it."""
    while i != NEVER:
        is_needed[np.searchsorted(known, i)] = True
        i = vehicle[i, V_AFTER]
