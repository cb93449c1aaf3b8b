"""Rows of consignments moved together when most of those in use have finished.

Between two instants; their order stays, and with it every tie (R1).
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import borrowed, called, inlined, rows_of
from sim.kernel.layout import (
    FETCHED,
    H_FIRST,
    INDEX_MASK,
    K_HANDS,
    K_VEHICLES,
    KIND_BIT,
    KINDS,
    N_FINISHED,
    T_FIRST,
    T_NEXT,
    T_PREV,
    TRAVELLER,
    TRAVELLER_COLUMNS,
    V_ABOARD,
    Rows,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]


@called
def compact(
    trav: Rows,
    vehicle: Rows,
    kept: Ints,
    seen: int,
    hand: Ints,
    events: Ints,
    queue_first: Ints,
    queue_last: Ints,
    pool_joined: Rows,
    run: Ints,
    to: Rows,
) -> int:
    """Move the rows of consignments that have not finished to the front; return how many.

    Parameters
    ----------
    kept, seen
        Vehicles whose rows are there: those, and all from the second on.
    to
        (M,) NEVER for each row in use, written over: where it moves.
    """
    vehicle, hand, to = borrowed((vehicle, hand, to))
    first_vehicle, trav = len(trav) - len(vehicle), rows_of(trav, TRAVELLER_COLUMNS)
    rows = 0
    for n in range(len(to)):
        if trav[n, N_FINISHED] == NEVER:
            to[n] = rows
            for column in range(TRAVELLER_COLUMNS):
                trav[rows, column] = trav[n, column]
            rows += 1
    for n in range(rows):
        name_neighbours(trav, to, n)
    for at in range(len(kept) + run[K_VEHICLES] - seen):
        i = kept[at] if at < len(kept) else seen + at - len(kept)
        vehicle[i, V_ABOARD] = moved(to, vehicle[i, V_ABOARD])
        name_neighbours(trav, to, first_vehicle + i)
        name_first(trav, to, first_vehicle + i)
    for h in range(run[K_HANDS]):
        hand[h, H_FIRST] = moved(to, hand[h, H_FIRST])
    for q in range(len(queue_first)):
        queue_first[q] = moved(to, queue_first[q])
        queue_last[q] = moved(to, queue_last[q])
    joined = pool_joined.reshape(pool_joined.size)
    for at in range(len(joined)):
        joined[at] = moved(to, joined[at])
    name_turns(events, to)
    return rows


@inlined
def moved(to: Rows, t: int) -> int:
    """Return the name that a traveller has now; a finished one has none."""
    return int(to[t]) if NEVER < t < len(to) else t


@inlined
def name_neighbours(trav: Rows, to: Rows, t: int) -> None:
    """Let a traveller know its neighbours by their new names."""
    trav[t, T_NEXT], trav[t, T_PREV] = moved(to, trav[t, T_NEXT]), moved(to, trav[t, T_PREV])


@inlined
def name_first(trav: Rows, to: Rows, t: int) -> None:
    """Let a vehicle know the first aboard by their new names."""
    for column in range(T_FIRST, T_FIRST + FETCHED):
        trav[t, column] = moved(to, trav[t, column])


@inlined
def name_turns(events: Ints, to: Rows) -> None:
    """Let events know travellers by their new names."""
    for at in range(1, events[0] + 1):
        if events[at] >> KIND_BIT & KINDS == TRAVELLER:
            t = events[at] & INDEX_MASK
            events[at] += moved(to, t) - t
