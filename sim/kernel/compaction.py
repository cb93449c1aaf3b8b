"""Rows of consignments moved together when most of those in use have finished.

Between two instants; their order stays, and with it every tie (R1).
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import Seconds
from sim.kernel.jit import borrowed, called, inlined
from sim.kernel.layout import (
    H_FIRST,
    INDEX_MASK,
    K_HANDS,
    K_VEHICLES,
    KIND_BIT,
    KINDS,
    N_FINISHED,
    T_NEXT,
    T_PREV,
    TRAVELLER,
    V_ABOARD,
    Rows,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]


@called
def compact(
    cons: Rows,
    cons_key: NDArray[np.uint64],
    place: Rows,
    number: Seconds,
    trav: Rows,
    cause_s: Seconds,
    vehicle: Rows,
    kept: Ints,
    seen: int,
    hand: Ints,
    events: Ints,
    queue_first: Ints,
    queue_last: Ints,
    run: Ints,
    to: Ints,
) -> int:
    """Move the rows of consignments that have not finished to the front; return how many.

    Parameters
    ----------
    place, number
        Of the same rows, as in `counts.Counts`.
    kept, seen
        Vehicles whose rows are there: those, and all from the second on.
    to
        (M,) NEVER for each row in use, written over: where it moves.
    """
    cons, trav, place, cause_s, vehicle, hand, to = borrowed((
        cons, trav, place, cause_s, vehicle, hand, to,
    ))  # fmt: skip
    rows = 0
    for n in range(len(to)):
        if cons[n, N_FINISHED] == NEVER:
            to[n] = rows
            move_row(cons, n, rows)
            move_row(trav, n, rows)
            move_row(place, n, rows)
            move_row(cause_s, n, rows)
            cons_key[rows], number[rows] = cons_key[n], number[n]
            rows += 1
    for n in range(rows):
        name_neighbours(trav, to, n)
    for at in range(len(kept) + run[K_VEHICLES] - seen):
        i = kept[at] if at < len(kept) else seen + at - len(kept)
        vehicle[i, V_ABOARD] = moved(to, vehicle[i, V_ABOARD])
        name_neighbours(trav, to, len(trav) - len(vehicle) + i)
    for h in range(run[K_HANDS]):
        hand[h, H_FIRST] = moved(to, hand[h, H_FIRST])
    for q in range(len(queue_first)):
        queue_first[q] = moved(to, queue_first[q])
        queue_last[q] = moved(to, queue_last[q])
    for at in range(1, events[0] + 1):
        if events[at] >> KIND_BIT & KINDS == TRAVELLER:
            t = events[at] & INDEX_MASK
            events[at] += moved(to, t) - t
    return rows


@inlined
def move_row(table: Rows, row: int, to: int) -> None:
    """Write a row over another; a whole row at a time, machine code would copy it first."""
    for column in range(table.shape[1]):
        table[to, column] = table[row, column]


@inlined
def moved(to: Ints, t: int) -> int:
    """Return the name that a traveller has now; a finished one has none."""
    return int(to[t]) if NEVER < t < len(to) else t


@inlined
def name_neighbours(trav: Rows, to: Ints, t: int) -> None:
    """Let a traveller know its neighbours by their new names."""
    trav[t, T_NEXT], trav[t, T_PREV] = moved(to, trav[t, T_NEXT]), moved(to, trav[t, T_PREV])
