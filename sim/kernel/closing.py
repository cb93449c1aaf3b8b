"""Smaller steps of the kernel: room given back, states in force, the books closed at the end."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import CAUSES, book, book_gates, book_wait
from sim.kernel.heap import mark
from sim.kernel.jit import compiled
from sim.kernel.layout import (
    CLAIM_WAITS,
    F_LYING,
    F_SIZE,
    P_AT_HAND,
    P_CLAIM,
    P_CLAIM_LOAD,
    P_FILLED,
    P_FIRST,
    P_FREE,
    P_HELD,
    P_OPEN,
    ROOM_LOAD,
    ROOM_NEXT,
    ROOM_YARD,
    T_BEGUN,
    T_NEXT,
    T_PREV,
    T_REQUEST,
    T_ROW,
    T_UNTIL,
    V_AFTER,
    V_AT_HAND,
    V_DEPARTED,
    V_FILLED,
    V_FREE,
    V_LOAD,
    V_OPEN,
    V_ROOM,
)
from sim.plan import NEVER, Cause, Kind

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]

METER = int(Kind.METER)
POOL = int(Kind.POOL)
YARD = int(Kind.YARD)
QUEUE = int(Cause.QUEUE)
PATH = int(Cause.PATH)
STORAGE = int(Cause.STORAGE)
FREE = 0


@compiled
def state_of(
    service_state: Ints, state_first: Ints, state_from_s: Ints, service: int, now_s: int
) -> int:
    """Return the state of a service in force, and remember it in `service_state`."""
    state: int = service_state[service]
    while state + 1 < state_first[service + 1] and state_from_s[state + 1] <= now_s:
        state += 1
    service_state[service] = state
    return state


@compiled
def write_visit(
    visits: Rows, at: int, i: int, station: int, request_s: int, start_s: int, end_s: int
) -> None:
    """Write down a vehicle's visit."""
    visits[at, 0] = i
    visits[at, 1] = station
    visits[at, 2] = request_s
    visits[at, 3] = start_s
    visits[at, 4] = end_s


@compiled
def write_stay(
    stays: Rows, at: int, n: int, station: int, request_s: int, start_s: int, end_s: int, i: int
) -> None:
    """Write down a consignment's visit, or its time in a pool until vehicle `i` left."""
    stays[at, 0] = n
    stays[at, 1] = station
    stays[at, 2] = request_s
    stays[at, 3] = start_s
    stays[at, 4] = end_s
    stays[at, 5] = i


@compiled
def put_in(trav: Ints, queue_first: Ints, queue_last: Ints, q: int, t: int, now_s: int) -> None:
    """Put a traveller that has just come in its place in a queue: by request, then index."""
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


@compiled
def take_out(trav: Ints, queue_first: Ints, queue_last: Ints, q: int, t: int) -> None:
    """Take a traveller out of a queue."""
    before, after = trav[t, T_PREV], trav[t, T_NEXT]
    if before == NEVER:
        queue_first[q] = after
    else:
        trav[before, T_NEXT] = after
    if after == NEVER:
        queue_last[q] = before
    else:
        trav[after, T_PREV] = before


@compiled
def first_of(queue_first: Ints, station: int, classes: int) -> int:
    """Return the first traveller of a queue; there must be one."""
    q = station * classes
    while queue_first[q] == NEVER:
        q += 1
    first: int = queue_first[q]
    return first


@compiled
def is_at_hand(fleet: Ints, g: int, end: int, target: int) -> bool:
    """Return whether a vehicle lies ready at an end, and is not about to be retired (R12)."""
    surplus = max(0, fleet[g, F_SIZE] - target)
    retired = min(surplus, fleet[g, F_LYING])
    return bool(fleet[g, F_LYING + end] > (surplus - retired if end else retired))


@compiled
def leave_origin(
    vehicle: Ints,
    i: int,
    room: Ints,
    occupied: Ints,
    ready: Ints,
    is_ready: NDArray[np.bool_],
    yard_station: Ints,
) -> None:
    """Give back the room that a vehicle's load took where it boarded: it is leaving (R13)."""
    at = vehicle[i, V_ROOM]
    while at != NEVER:
        y = room[at, ROOM_YARD]
        occupied[y] -= room[at, ROOM_LOAD]
        mark(ready, is_ready, yard_station[y])
        after = room[at, ROOM_NEXT]
        room[at, ROOM_NEXT] = room[FREE, ROOM_NEXT]
        room[FREE, ROOM_NEXT] = at
        at = after
    vehicle[i, V_ROOM] = NEVER


@compiled
def give_back(
    cause_s: Rows,
    trav: Ints,
    share: Ints,
    ledger: Ints,
    filled: Ints,
    sizes: tuple[int, int],
    t: int,
    end_s: int,
) -> None:
    """Take away what a traveller began and lies beyond the end of the run."""
    if trav[t, T_UNTIL] > end_s:
        place, cause = trav[t, T_BEGUN] // CAUSES, trav[t, T_BEGUN] % CAUSES
        book(
            cause_s, trav, share, ledger, filled, sizes,
            t, place, cause, NEVER, end_s - trav[t, T_UNTIL],
        )  # fmt: skip


@compiled
def book_forming(
    pool: Ints,
    p: int,
    vehicle: Ints,
    cause_s: Rows,
    trav: Ints,
    share: Ints,
    ledger: Ints,
    filled: Ints,
    sizes: tuple[int, int],
    shut: Ints,
    spell: Ints,
    n: int,
    places: tuple[int, int],
    until_s: int,
) -> None:
    """Book a consignment's wait in a pool; who was left behind has passed two gates (R23)."""
    gates = (pool[p, P_FILLED], pool[p, P_AT_HAND], pool[p, P_FREE], pool[p, P_OPEN])
    from_s = trav[n, T_REQUEST]
    before = trav[n, T_ROW]
    missed = pool[p, P_FIRST] if before == NEVER else vehicle[before, V_AFTER]
    if missed != NEVER:
        left_s = vehicle[missed, V_DEPARTED]
        passed = (
            vehicle[missed, V_FILLED], vehicle[missed, V_AT_HAND],
            vehicle[missed, V_FREE], vehicle[missed, V_OPEN],
        )  # fmt: skip
        book_gates(
            cause_s, trav, share, ledger, filled, sizes, shut, spell,
            n, places, passed, from_s, left_s,
        )  # fmt: skip
        from_s = left_s
        gates = (left_s, left_s, gates[2], gates[3])
    book_gates(
        cause_s, trav, share, ledger, filled, sizes, shut, spell,
        n, places, gates, from_s, until_s,
    )  # fmt: skip


@compiled
def close_queues(
    station_kind: Ints,
    station_detail: Ints,
    pool_leg: Ints,
    leg_yard: Ints,
    yard_station: Ints,
    trav: Ints,
    pool: Ints,
    vehicle: Ints,
    cause_s: Rows,
    share: Ints,
    ledger: Ints,
    filled: Ints,
    sizes: tuple[int, int],
    shut: Ints,
    spell: Ints,
    queue_first: Ints,
    classes: int,
    consignments: int,
    end_s: int,
    visits: Rows,
    visit_count: int,
    stays: Rows,
    stay_count: int,
) -> tuple[int, int]:
    """Book and write down the waits that the end of the run cuts short; return both counts."""
    first_vehicle = consignments + len(pool)
    for q in range(len(queue_first)):
        s = q // classes
        kind = station_kind[s]
        t = queue_first[q]
        while t != NEVER:
            if kind == POOL:
                p = station_detail[s]
                yard = leg_yard[pool_leg[p]]
                book_forming(
                    pool, p, vehicle, cause_s, trav, share, ledger, filled, sizes, shut, spell,
                    t, (s, s if yard == NEVER else yard_station[yard]), end_s,
                )  # fmt: skip
            else:
                cause = STORAGE if kind == YARD else (PATH if kind == METER else QUEUE)
                book_wait(
                    cause_s, trav, share, ledger, filled, sizes, shut, spell,
                    t, s, cause, trav[t, T_REQUEST], end_s,
                )  # fmt: skip
            if t >= first_vehicle:
                write_visit(visits, visit_count, t - first_vehicle, s, trav[t, T_REQUEST], NEVER, NEVER)
                visit_count += 1
            elif t < consignments:
                write_stay(stays, stay_count, t, s, trav[t, T_REQUEST], NEVER, NEVER, NEVER)
                stay_count += 1
            t = trav[t, T_NEXT]
    return visit_count, stay_count


@compiled
def holders_of(
    pool_station: Ints,
    pool_leg: Ints,
    leg_yard: Ints,
    yard_station: Ints,
    yard_capacity: Ints,
    trav: Ints,
    vehicle: Ints,
    pool: Ints,
    pool_rooms: Ints,
    room: Ints,
    occupied: Ints,
    queue_first: Ints,
    classes: int,
    consignments: int,
) -> tuple[Ints, NDArray[np.bool_]]:
    """Return loads that take room and wait for room, and which yards refuse the first claim.

    Returns
    -------
    (M, 5) yard, pool's station, vehicle, yard waited for, thousandths of a TEU: pools by
    rank, then vehicles by number; and (Y,) booleans.
    """
    yards, pools = len(yard_station), len(pool_station)
    first_vehicle = consignments + pools
    rows = np.zeros((16, 5), np.int64)
    count = 0
    for p in range(pools):
        yard = leg_yard[pool_leg[p]]
        if yard != NEVER and (pool[p, P_HELD] or pool[p, P_CLAIM] == CLAIM_WAITS):
            for y in range(yards):
                if pool_rooms[p, y]:
                    if count == len(rows):
                        rows = np.concatenate((rows, np.zeros_like(rows)))
                    rows[count, 0], rows[count, 1], rows[count, 2] = y, pool_station[p], NEVER
                    rows[count, 3], rows[count, 4] = yard, pool_rooms[p, y]
                    count += 1
    begun = count
    is_refusing = np.zeros(yards, np.bool_)
    for yard in range(yards):
        is_first = True
        for q in range(yard_station[yard] * classes, (yard_station[yard] + 1) * classes):
            t = queue_first[q]
            while t != NEVER:
                is_vehicle = t >= first_vehicle
                i = t - first_vehicle
                if is_first:
                    is_first = False
                    load = vehicle[i, V_LOAD] if is_vehicle else pool[t - consignments, P_CLAIM_LOAD]
                    is_refusing[yard] = (
                        occupied[yard] > 0 and occupied[yard] + load > yard_capacity[yard]
                    )
                at = vehicle[i, V_ROOM] if is_vehicle else NEVER
                while at != NEVER:
                    if count == len(rows):
                        rows = np.concatenate((rows, np.zeros_like(rows)))
                    rows[count, 0], rows[count, 1], rows[count, 2] = room[at, ROOM_YARD], NEVER, i
                    rows[count, 3], rows[count, 4] = yard, room[at, ROOM_LOAD]
                    count += 1
                    at = room[at, ROOM_NEXT]
                t = trav[t, T_NEXT]
    aboard = rows[begun:count]
    order = np.argsort(aboard[:, 2] * yards + aboard[:, 0])
    rows[begun:count] = aboard[order]
    return rows[:count], is_refusing
