"""Gridlock: a cycle of yards, each full of loads that wait for the next (R14)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import called
from sim.kernel.layout import (
    CLAIM_WAITS,
    K_LOCKS,
    K_STOPPING,
    L_YARD,
    P_CLAIM,
    P_CLAIM_LOAD,
    P_HELD,
    P_LEG,
    P_STATION,
    ROOM_LOAD,
    ROOM_NEXT,
    ROOM_YARD,
    T_NEXT,
    V_LOAD,
    V_ROOM,
    Y_CAPACITY,
    Y_OCCUPIED,
    Y_STATION,
    Rows,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]

H_YARD, H_POOL, H_VEHICLE, H_WAITS_FOR, H_LOAD = 0, 1, 2, 3, 4
"""Columns of `Trace.gridlock`, with yards by their index here."""


@called
def note_gridlock(
    pool: Ints,
    leg: Ints,
    yard: Ints,
    trav: Rows,
    vehicle: Rows,
    pool_rooms: Ints,
    room: Ints,
    queue_first: Ints,
    classes: int,
    consignments: int,
    locks: Ints,
    run: Ints,
) -> None:
    """Note a cycle of yards if there is one, and let the run stop.

    Parameters
    ----------
    locks
        (M, 5) rows of `holders_of`, written over.
    """
    is_refusing = refusing(yard, vehicle, pool, queue_first, classes, consignments + len(pool))
    if not is_refusing.any():
        # Where nobody is refused, nobody holds up another.
        return
    holders = holders_of(
        pool, leg, yard, trav, vehicle, pool_rooms, room, queue_first, classes, consignments
    )
    found = cycle(holders, is_refusing, yard[:, Y_OCCUPIED].copy())
    run[K_LOCKS] = len(found)
    run[K_STOPPING] |= len(found) > 0
    for at in range(len(found)):
        for column in range(5):
            locks[at, column] = found[at, column]


@called
def refusing(
    yard: Ints,
    vehicle: Rows,
    pool: Ints,
    queue_first: Ints,
    classes: int,
    first_vehicle: int,
) -> NDArray[np.bool_]:
    """Return (Y,) in which yards the first who waits does not fit."""
    is_refusing = np.zeros(len(yard), np.bool_)
    for y in range(len(yard)):
        q, s = 0, yard[y, Y_STATION]
        while q < classes and queue_first[s * classes + q] == NEVER:
            q += 1
        if q < classes:
            i = queue_first[s * classes + q] - first_vehicle
            load = vehicle[i, V_LOAD] if i >= 0 else pool[i + len(pool), P_CLAIM_LOAD]
            taken = yard[y, Y_OCCUPIED]
            is_refusing[y] = taken != 0 and taken + load > yard[y, Y_CAPACITY]
    return is_refusing


@called
def holders_of(
    pool: Ints,
    leg: Ints,
    yard: Ints,
    trav: Rows,
    vehicle: Rows,
    pool_rooms: Ints,
    room: Ints,
    queue_first: Ints,
    classes: int,
    consignments: int,
) -> Ints:
    """Return loads that take room and wait for room.

    Returns
    -------
    (M, 5) yard, pool's station, vehicle, yard waited for, thousandths of a TEU: pools by
    rank, then vehicles by number.
    """
    first_vehicle = consignments + len(pool)
    holders = np.zeros((16, 5), np.int64)
    count = 0
    for p in range(len(pool)):
        waits_for = leg[pool[p, P_LEG], L_YARD]
        is_held = pool[p, P_HELD] > 0 or pool[p, P_CLAIM] == CLAIM_WAITS
        for y in range(len(yard)):
            if waits_for != NEVER and is_held and pool_rooms[p, y]:
                holders = with_row(holders, count)
                holders[count, H_YARD], holders[count, H_POOL] = y, pool[p, P_STATION]
                holders[count, H_VEHICLE], holders[count, H_WAITS_FOR] = NEVER, waits_for
                holders[count, H_LOAD] = pool_rooms[p, y]
                count += 1
    in_pools = count
    for waits_for in range(len(yard)):
        s = yard[waits_for, Y_STATION]
        for q in range(s * classes, (s + 1) * classes):
            t = queue_first[q]
            while t != NEVER:
                i = t - first_vehicle
                at = vehicle[i, V_ROOM] if i >= 0 else NEVER
                while at != NEVER:
                    holders = with_row(holders, count)
                    holders[count, H_YARD], holders[count, H_POOL] = room[at, ROOM_YARD], NEVER
                    holders[count, H_VEHICLE], holders[count, H_WAITS_FOR] = i, waits_for
                    holders[count, H_LOAD] = room[at, ROOM_LOAD]
                    count += 1
                    at = room[at, ROOM_NEXT]
                t = trav[t, T_NEXT]
    aboard = holders[in_pools:count].copy()
    order = np.argsort(aboard[:, H_VEHICLE] * len(yard) + aboard[:, H_YARD])
    for at in range(len(order)):
        holders[in_pools + at] = aboard[order[at]]
    return holders[:count].copy()


@called
def with_row(table: Ints, count: int) -> Ints:
    """Return a table with room for a row after the first `count`."""
    return table if count < len(table) else np.concatenate((table, np.zeros_like(table)))


@called
def cycle(  # noqa: C901 - loops of one plain search
    holders: Ints, is_refusing: NDArray[np.bool_], occupied: Ints
) -> Ints:
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
