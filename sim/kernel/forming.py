"""How vehicles form in pools: gates, turns, boarding, leaving (R10, R13)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import mix, slowed_s
from sim.kernel.heap import mark
from sim.kernel.jit import called, inlined
from sim.kernel.layout import (
    B_DEPARTING_2,
    B_HEADWAY,
    B_HOLD,
    B_NEXT_2,
    B_POOL,
    B_POOL_END,
    B_TIMETABLE,
    CLAIM_GRANTED,
    CLAIM_WAITS,
    FETCHED,
    FREE,
    K_FREE_ROOMS,
    K_FREE_SHARES,
    L_ELEMENT,
    L_YARD,
    N_FLOW,
    N_YARD,
    NO_CLAIM,
    O_CLASS,
    O_LOT,
    O_RANK,
    O_TEU,
    P_AT_HAND,
    P_BEFORE,
    P_CLAIM,
    P_CLAIM_LOAD,
    P_END,
    P_FILLED,
    P_FIRST,
    P_HELD,
    P_LAST,
    P_LEFT,
    P_LEG,
    P_LOAD,
    P_MIN_CLASS,
    P_MIN_LOT,
    P_OLDEST,
    P_SERVICE,
    P_STATION,
    R_PAYLOAD,
    R_RATE,
    ROOM_LOAD,
    ROOM_NEXT,
    ROOM_YARD,
    S_ROW,
    S_SHUT,
    SHARE_COUNT,
    SHARE_FLOW,
    SHARE_NEXT,
    T_CLASS,
    T_FIRST,
    T_NEXT,
    T_PREV,
    T_SHARE,
    TO_ELEMENT,
    V_ABOARD,
    V_AFTER,
    V_DEPARTED,
    V_ELEMENT,
    V_GATES,
    V_LEG,
    V_LOAD,
    V_PHASE,
    V_POOL,
    V_ROOM,
    V_YARD,
    X_CAPACITY,
    X_DECK,
    X_MIN,
    X_UNIT,
    X_WAIT,
    Y_OCCUPIED,
    Y_STATION,
    Rows,
)
from sim.kernel.queues import first_queue
from sim.plan import NEVER, PPM

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_S = 86_400
LOAD_CLASSES = 5


@inlined
def is_filled(
    pool: Ints, service: Ints, state: Ints, p: int, x: int, capacity: int, now_s: int
) -> bool:
    """Return whether a vehicle may leave for its load, or for its oldest's wait (R10)."""
    least, wait_s, c = state[x, X_MIN], state[x, X_WAIT], pool[p, P_MIN_CLASS]
    v = pool[p, P_SERVICE]
    if service[v, B_TIMETABLE] and least == NEVER:
        return True
    called_s = service[v, B_DEPARTING_2 + pool[p, P_END]]
    if called_s != NEVER and service[v, B_HOLD] and now_s == called_s + service[v, B_HOLD]:
        return True
    if wait_s != NEVER and now_s - pool[p, P_OLDEST] >= wait_s:
        return True
    load, on_deck = 0, pool[p, P_MIN_LOT] * state[x, X_UNIT + c]
    for other in range(LOAD_CLASSES):
        units = pool[p, P_LOAD + other] * state[x, X_UNIT + other]
        load += units
        if state[x, X_DECK + other] == state[x, X_DECK + c]:
            on_deck += units
    return bool((least != NEVER and load >= least) or on_deck > capacity)


@inlined
def has_turn(
    pool: Ints,
    service: Ints,
    service_pool: Ints,
    state: Ints,
    station: Ints,
    row_table: Ints,
    trav: Rows,
    flow: Ints,
    queue_first: Ints,
    classes: int,
    p: int,
    x: int,
) -> bool:
    """Return whether no other pool of the service that could leave now was filled before.

    A vehicle is at hand at the pools' end.
    """
    v, s = pool[p, P_SERVICE], pool[p, P_STATION]
    for at in range(service[v, B_POOL], service[v, B_POOL_END]):
        other = service_pool[at]
        so, filled_s = pool[other, P_STATION], pool[other, P_FILLED]
        is_due = pool[other, P_END] == pool[p, P_END] and pool[other, P_AT_HAND] != NEVER
        is_held = pool[other, P_HELD] > 0 or pool[other, P_CLAIM] == CLAIM_WAITS
        if not is_due or is_held or station[so, S_SHUT] != NEVER:
            continue
        if filled_s > pool[p, P_FILLED] or (filled_s == pool[p, P_FILLED] and so >= s):
            continue
        f = trav[queue_first[first_queue(queue_first, so, classes)], N_FLOW]
        units = flow[f, O_LOT] * state[x, X_UNIT + flow[f, O_CLASS]]
        payload_ppm = row_table[station[so, S_ROW], R_PAYLOAD]
        if units <= state[x, X_CAPACITY] * payload_ppm // PPM:
            return False
    return True


@inlined
def pass_on_turn(
    pool: Ints, service: Ints, service_pool: Ints, ready: Ints, is_ready: Flags, p: int
) -> None:
    """Let the pools look again that may have waited for this one's turn."""
    v = pool[p, P_SERVICE]
    for at in range(service[v, B_POOL], service[v, B_POOL_END]):
        other = service_pool[at]
        is_same_end = other != p and pool[other, P_END] == pool[p, P_END]
        if is_same_end and pool[other, P_FILLED] != NEVER:
            mark(ready, is_ready, pool[other, P_STATION])


@inlined
def know_ahead(trav: Rows, recent: Ints, tv: int, n: int, aboard: int) -> None:
    """Let who comes aboard be known to the one some places before, or to the vehicle."""
    if aboard < FETCHED:
        trav[tv, T_FIRST + aboard] = n
    else:
        trav[recent[aboard & (FETCHED - 1)], T_PREV] = n
    recent[aboard & (FETCHED - 1)] = n


@inlined
def take_aboard(
    trav: Rows,
    flow: Ints,
    pool: Ints,
    pool_rooms: Ints,
    vehicle: Rows,
    share: Ints,
    room: Ints,
    recent: Ints,
    run: Ints,
    flows: int,
    p: int,
    i: int,
    tv: int,
    n: int,
    last: int,
    aboard: int,
) -> None:
    """Let a consignment board vehicle `i`, traveller `tv`, after `last` (NEVER: as the first).

    There must be an unused share and an unused room.

    Parameters
    ----------
    recent
        (FETCHED,) the last that boarded.
    flows
        Of the plan: the row of `share` that heads the unused ones.
    aboard
        How many are aboard already.
    """
    f, y = trav[n, N_FLOW], trav[n, N_YARD]
    pool[p, P_LOAD + flow[f, O_CLASS]] -= flow[f, O_LOT]
    trav[n, T_NEXT], trav[n, T_PREV] = NEVER, n
    know_ahead(trav, recent, tv, n, aboard)
    if last == NEVER:
        vehicle[i, V_ABOARD] = n
        trav[tv, T_CLASS] = flow[f, O_RANK]
    else:
        trav[last, T_NEXT] = n
        trav[tv, T_CLASS] = min(trav[tv, T_CLASS], flow[f, O_RANK])
    if trav[n, T_SHARE] != NEVER:
        at = trav[tv, T_SHARE]
        while at != NEVER and share[at, SHARE_FLOW] != f:
            at = share[at, SHARE_NEXT]
        if at == NEVER:
            at = share[flows, SHARE_NEXT]
            share[flows, SHARE_NEXT] = share[at, SHARE_NEXT]
            run[K_FREE_SHARES] -= 1
            share[at, SHARE_FLOW], share[at, SHARE_COUNT] = f, 0
            share[at, SHARE_NEXT] = trav[tv, T_SHARE]
            trav[tv, T_SHARE] = at
        share[at, SHARE_COUNT] += 1
    if y != NEVER:
        trav[n, N_YARD] = NEVER
        pool_rooms[p, y] -= flow[f, O_TEU]
        at = vehicle[i, V_ROOM]
        while at != NEVER and room[at, ROOM_YARD] != y:
            at = room[at, ROOM_NEXT]
        if at == NEVER:
            at = room[FREE, ROOM_NEXT]
            room[FREE, ROOM_NEXT] = room[at, ROOM_NEXT]
            run[K_FREE_ROOMS] -= 1
            room[at, ROOM_YARD], room[at, ROOM_LOAD] = y, 0
            room[at, ROOM_NEXT] = vehicle[i, V_ROOM]
            vehicle[i, V_ROOM] = at
        room[at, ROOM_LOAD] += flow[f, O_TEU]


@called
def turn_away(
    trav: Rows,
    flow: Ints,
    pool: Ints,
    pool_rooms: Ints,
    yard: Ints,
    ready: Ints,
    is_ready: Flags,
    p: int,
    n: int,
) -> None:
    """Take a consignment that is refused out of the books of its pool and of its yard (R17)."""
    f, y = trav[n, N_FLOW], trav[n, N_YARD]
    pool[p, P_LOAD + flow[f, O_CLASS]] -= flow[f, O_LOT]
    if y != NEVER:
        pool_rooms[p, y] -= flow[f, O_TEU]
        yard[y, Y_OCCUPIED] -= flow[f, O_TEU]
        mark(ready, is_ready, yard[y, Y_STATION])


@inlined
def leave_pool(
    pool: Ints,
    pool_days: NDArray[np.int32],
    service: Ints,
    service_pool: Ints,
    station: Ints,
    leg: Ints,
    vehicle: Rows,
    yard: Ints,
    row_table: Ints,
    ready: Ints,
    is_ready: Flags,
    pool_key: np.uint64,
    first_day: int,
    p: int,
    i: int,
    load_teu: int,
    first_s: int,
    now_s: int,
) -> np.uint64:
    """Let a vehicle leave with what has boarded; return its key (R3).

    Parameters
    ----------
    first_s
        When the first of those aboard joined the pool.
    """
    v, end, way = pool[p, P_SERVICE], pool[p, P_END], pool[p, P_LEG]
    vehicle[i, V_POOL], vehicle[i, V_DEPARTED] = p, now_s
    vehicle[i, V_LOAD], vehicle[i, V_LEG] = load_teu, way
    vehicle[i, V_ELEMENT], vehicle[i, V_PHASE] = leg[way, L_ELEMENT], TO_ELEMENT
    for gate in range(4):
        vehicle[i, V_GATES + gate] = pool[p, P_FILLED + gate]
        pool[p, P_FILLED + gate] = NEVER
    if pool[p, P_CLAIM] == CLAIM_GRANTED:
        y = leg[way, L_YARD]
        vehicle[i, V_YARD] = y
        yard[y, Y_OCCUPIED] -= pool[p, P_CLAIM_LOAD] - load_teu
        mark(ready, is_ready, yard[y, Y_STATION])
        pool[p, P_CLAIM] = NO_CLAIM
    if pool[p, P_LAST] == NEVER:
        pool[p, P_FIRST] = i
    else:
        vehicle[pool[p, P_LAST], V_AFTER] = i
    if pool[p, P_LEFT] != now_s:
        pool[p, P_BEFORE] = pool[p, P_LAST]
    pool[p, P_LAST], pool[p, P_LEFT] = i, now_s
    service[v, B_DEPARTING_2 + end] = NEVER
    if service[v, B_HEADWAY]:
        rate_ppm = row_table[station[pool[p, P_STATION], S_ROW], R_RATE]
        service[v, B_NEXT_2 + end] = now_s + slowed_s(service[v, B_HEADWAY], rate_ppm)
    pass_on_turn(pool, service, service_pool, ready, is_ready, p)
    day = first_s // DAY_S
    pool_days[p, day] += 1
    return mix(mix(pool_key, np.uint64(first_day + day)), np.uint64(pool_days[p, day]))
