"""Queues before stations, and rows of the trace, inside the kernel (R1, R18, R26).

A queue is a linked list through the rows of its travellers, one for each priority
where priority counts: first come, first in the list; of one second, by index.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.heap import mark
from sim.kernel.jit import called, compiled, inlined
from sim.kernel.layout import (
    B_STATE,
    B_STATE_END,
    DAYS_FROM,
    DAYS_NEXT,
    DAYS_TO,
    F_LYING_2,
    F_SIZE,
    FREE,
    K_FINISHED,
    K_FREE_ROOMS,
    K_GONE,
    K_STOPPING,
    N_FINISHED,
    N_ROUTE,
    N_STATUS,
    N_STEP,
    R_DAY,
    R_FREE,
    R_MIDNIGHT,
    R_SLOTS,
    R_STATION,
    R_USED,
    ROOM_LOAD,
    ROOM_NEXT,
    ROOM_YARD,
    S_BATCH_MAX,
    S_BATCH_MIN,
    S_BLOCKS,
    S_CLASS,
    S_GRANTS_ONLY,
    S_LENGTH,
    S_PEAK,
    S_QUEUE_MAX,
    S_ROW,
    S_SINCE,
    S_UNSEEN,
    T_CLASS,
    T_NEXT,
    T_PREV,
    T_REQUEST,
    T_ROW,
    V_ROOM,
    X_FROM,
    Y_OCCUPIED,
    Y_STATION,
    Rows,
)
from sim.plan import NEVER

DAY_S = 86_400
NO_LIMIT = 1 << 62

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@inlined
def note_length(station: Ints, s: int, now_s: int) -> None:
    """Note how long a queue has been until now: it is about to change."""
    if station[s, S_SINCE] < now_s:
        length = station[s, S_LENGTH] - station[s, S_UNSEEN]
        station[s, S_PEAK] = max(station[s, S_PEAK], length)
        station[s, S_SINCE] = now_s


@compiled
def settle_queues(station: Ints, queue_max: Ints, days: Ints, now_s: int) -> None:
    """Note how long queues have been since the last midnight.

    Parameters
    ----------
    queue_max, days
        As in `Tables`; the next midnight, or the window's end, is noted in `days`.
    now_s
        A midnight of the window, its start or its end, or an end of the run before.
    """
    from_s, to_s = days[DAYS_FROM], days[DAYS_TO]
    day = (now_s - from_s - 1) // DAY_S
    for s in range(len(station)):
        if now_s > from_s:
            length = station[s, S_LENGTH] - station[s, S_UNSEEN]
            if station[s, S_SINCE] >= now_s:
                length = 0
            queue_max[s, day] = max(queue_max[s, day], station[s, S_PEAK], length)
        station[s, S_PEAK], station[s, S_SINCE] = 0, now_s
    days[DAYS_NEXT] = min(now_s + DAY_S, to_s) if now_s < to_s else NO_LIMIT


@inlined
def queue(
    trav: Rows,
    queue_first: Ints,
    queue_last: Ints,
    station: Ints,
    classes: int,
    t: int,
    s: int,
    now_s: int,
) -> None:
    """Put a traveller in its place in a station's queue."""
    q = s * classes
    if station[s, S_CLASS]:
        q += trav[t, T_CLASS]
    trav[t, T_REQUEST] = now_s
    before = queue_last[q]
    while before != NEVER and before > t and trav[before, T_REQUEST] == now_s:
        before = trav[before, T_PREV]
    trav[t, T_PREV] = before
    if before == NEVER:
        after = queue_first[q]
        queue_first[q] = t
    else:
        after = trav[before, T_NEXT]
        trav[before, T_NEXT] = t
    trav[t, T_NEXT] = after
    if after == NEVER:
        queue_last[q] = t
    else:
        trav[after, T_PREV] = t
    note_length(station, s, now_s)
    station[s, S_LENGTH] += 1


@inlined
def ask(
    trav: Rows,
    queue_first: Ints,
    queue_last: Ints,
    station: Ints,
    row_table: Ints,
    ready: Ints,
    is_ready: Flags,
    classes: int,
    t: int,
    s: int,
    now_s: int,
) -> None:
    """Put a traveller in its place in a queue, and the station among the ready if need be."""
    queue(trav, queue_first, queue_last, station, classes, t, s, now_s)
    if not station[s, S_GRANTS_ONLY] or row_table[station[s, S_ROW], R_FREE]:
        mark(ready, is_ready, s)


@inlined
def may_serve(station: Ints, row_table: Ints, s: int) -> bool:
    """Return whether enough wait at a station, and a server may be free.

    Where there is one row both are known at once: nobody can guess either alone.
    """
    row = station[s, S_ROW]
    return bool(
        (station[s, S_LENGTH] >= station[s, S_BATCH_MIN])
        & ((station[s, S_GRANTS_ONLY] == 0) | (row_table[row, R_FREE] > 0))
    )


@called
def blocks_anywhere(station: Ints) -> bool:
    """Return whether who was served ever keeps the server until the next station lets it in."""
    is_found = False
    for s in range(len(station)):
        is_found |= station[s, S_BLOCKS] != 0
    return is_found


@inlined
def keeps_server(
    trav: Rows,
    route_step: Ints,
    step_station: Ints,
    station: Ints,
    row_table: Ints,
    n: int,
    row: int,
) -> bool:
    """Return whether a consignment keeps the server of a row until the next lets it in (R18)."""
    at = trav[n, N_STEP] + 1
    if station[row_table[row, R_STATION], S_BATCH_MAX] > 1:
        return False
    if at == route_step[trav[n, N_ROUTE] + 1]:
        return False
    return bool(station[step_station[at], S_BLOCKS])


@inlined
def give_back_server(
    trav: Rows, station: Ints, row_table: Ints, ready: Ints, is_ready: Flags, t: int
) -> None:
    """Give back the server that a traveller has, if any; nobody need look if nobody waits."""
    row = trav[t, T_ROW]
    if row != NEVER:
        trav[t, T_ROW] = NEVER
        row_table[row, R_FREE] += 1
        s = row_table[row, R_STATION]
        if station[s, S_LENGTH]:
            mark(ready, is_ready, s)


@called
def let_in(
    trav: Rows,
    queue_first: Ints,
    station: Ints,
    row_table: Ints,
    ready: Ints,
    is_ready: Flags,
    classes: int,
    s: int,
) -> None:
    """Let those that have a place in the queue give back the servers that they kept (R18)."""
    places, q = station[s, S_QUEUE_MAX], s * classes
    while places > 0 and q < (s + 1) * classes:
        t = queue_first[q]
        while places > 0 and t != NEVER:
            give_back_server(trav, station, row_table, ready, is_ready, t)
            t = trav[t, T_NEXT]
            places -= 1
        q += 1


@inlined
def calls_left(row_table: Ints, row: int, now_s: int) -> int:
    """Return how many a row may still call to service on this day of its node (R15)."""
    if row_table[row, R_SLOTS] == NEVER:
        return NO_LIMIT
    day = (now_s - row_table[row, R_MIDNIGHT]) // DAY_S
    if day != row_table[row, R_DAY]:
        row_table[row, R_DAY], row_table[row, R_USED] = day, 0
    left: int = row_table[row, R_SLOTS] - row_table[row, R_USED]
    return left


@inlined
def take_out(
    trav: Rows,
    queue_first: Ints,
    queue_last: Ints,
    station: Ints,
    s: int,
    q: int,
    t: int,
    now_s: int,
) -> None:
    """Take a traveller out of queue `q` of a station."""
    before, after = trav[t, T_PREV], trav[t, T_NEXT]
    if before == NEVER:
        queue_first[q] = after
    else:
        trav[before, T_NEXT] = after
    if after == NEVER:
        queue_last[q] = before
    else:
        trav[after, T_PREV] = before
    note_length(station, s, now_s)
    station[s, S_LENGTH] -= 1


@inlined
def take_first(
    trav: Rows, queue_first: Ints, queue_last: Ints, station: Ints, s: int, q: int, now_s: int
) -> int:
    """Take the first traveller out of queue `q` of a station, and return which it is."""
    t: int = queue_first[q]
    after = trav[t, T_NEXT]
    queue_first[q] = after
    if after == NEVER:
        queue_last[q] = NEVER
    else:
        trav[after, T_PREV] = NEVER
    note_length(station, s, now_s)
    station[s, S_LENGTH] -= 1
    return t


@inlined
def first_queue(queue_first: Ints, s: int, classes: int) -> int:
    """Return the queue of a station in which the next traveller stands; there must be one."""
    q = s * classes
    while queue_first[q] == NEVER:
        q += 1
    return q


@inlined
def state_of(service: Ints, state: Ints, v: int, now_s: int) -> int:
    """Return the state of a service in force, and remember it."""
    x: int = service[v, B_STATE]
    while x + 1 < service[v, B_STATE_END] and state[x + 1, X_FROM] <= now_s:
        x += 1
    service[v, B_STATE] = x
    return x


@called
def is_at_hand(fleet: Ints, g: int, end: int, target: int) -> bool:
    """Return whether a vehicle lies ready at an end, and is not about to be retired (R12)."""
    surplus = max(0, fleet[g, F_SIZE] - target)
    retired = min(surplus, fleet[g, F_LYING_2])
    return bool(fleet[g, F_LYING_2 + end] > (surplus - retired if end else retired))


@inlined
def leave_origin(
    vehicle: Rows, i: int, room: Ints, yard: Ints, ready: Ints, is_ready: Flags, run: Ints
) -> None:
    """Give back the room that a vehicle's load took where it boarded: it is leaving (R13)."""
    at = vehicle[i, V_ROOM]
    while at != NEVER:
        y = room[at, ROOM_YARD]
        yard[y, Y_OCCUPIED] -= room[at, ROOM_LOAD]
        mark(ready, is_ready, yard[y, Y_STATION])
        after = room[at, ROOM_NEXT]
        room[at, ROOM_NEXT] = room[FREE, ROOM_NEXT]
        room[FREE, ROOM_NEXT] = at
        run[K_FREE_ROOMS] += 1
        at = after
    vehicle[i, V_ROOM] = NEVER


@inlined
def finish(
    trav: Rows, gone: Rows, run: Ints, n: int, now_s: int, status: int, stop_after: int
) -> None:
    """End a consignment's time in the run, delivered or refused."""
    trav[n, N_FINISHED], trav[n, N_STATUS] = now_s, status
    gone[run[K_GONE]] = n
    run[K_GONE] += 1
    run[K_FINISHED] += 1
    run[K_STOPPING] |= run[K_FINISHED] == stop_after


@inlined
def write_visit(
    visits: Rows, at: int, i: int, s: int, request_s: int, start_s: int, end_s: int
) -> None:
    """Write down a vehicle's visit."""
    visits[at, 0] = i
    visits[at, 1] = s
    visits[at, 2] = request_s
    visits[at, 3] = start_s
    visits[at, 4] = end_s


@inlined
def write_stay(
    stays: Rows, at: int, n: int, s: int, request_s: int, start_s: int, end_s: int, i: int
) -> None:
    """Write down a consignment's visit, or its time in a pool until vehicle `i` left."""
    stays[at, 0] = n
    stays[at, 1] = s
    stays[at, 2] = request_s
    stays[at, 3] = start_s
    stays[at, 4] = end_s
    stays[at, 5] = i
