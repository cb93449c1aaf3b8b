"""Vehicles that shuttle between two ends: calls, orders, size, empty trips (R12)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import lift_s, mix
from sim.kernel.books import Ledger, begin
from sim.kernel.forming import is_filled
from sim.kernel.heap import call, mark, push
from sim.kernel.jit import borrowed, called, inlined
from sim.kernel.layout import (
    ARRIVE,
    B_STATE,
    CALLED,
    CALLED_LADEN,
    CLAIM_WAITS,
    F_BERTH_2,
    F_COUNT,
    F_CRUISE,
    F_DAY,
    F_DUE_2,
    F_HANDLING_2,
    F_IDLE_2,
    F_IDLE_LAST_2,
    F_LAID_FIRST,
    F_LAID_LAST,
    F_LEG_2,
    F_LYING_2,
    F_NEXT_EMPTY_2,
    F_POOL_2,
    F_SERVICE,
    F_SIZE,
    F_STATION,
    F_TURNAROUND,
    K_ACTING,
    K_LANDING,
    K_NOW,
    K_RUNNING,
    K_VEHICLES,
    K_VESSELS,
    K_VISITS,
    KIND_BIT,
    L_ELEMENT,
    LAY_UP,
    LYING,
    MOORED,
    MOORING,
    ORDERED,
    P_CLAIM,
    P_LOAD,
    P_OLDEST,
    P_STATION,
    R_FREE,
    R_OUT,
    R_PAYLOAD,
    R_SHUT,
    REST,
    S_BATCH_MIN,
    S_LENGTH,
    S_LYING,
    S_ROW,
    SAIL,
    T_CLASS,
    T_NEXT,
    T_REQUEST,
    TO_ELEMENT,
    U_BERTH_ROW,
    U_BERTH_START,
    U_BERTHED,
    U_CALL,
    U_END,
    U_FLEET,
    U_LAID,
    U_NEXT,
    U_PHASE,
    U_PREV,
    U_SINCE,
    U_TRIP,
    V_DEPARTED,
    V_ELEMENT,
    V_LEG,
    V_LOAD,
    V_PHASE,
    V_POOL,
    V_VESSEL,
    VESSEL,
    X_CAPACITY,
    X_MIN,
    X_UNIT,
    X_VEHICLES,
    X_WAIT,
    Rows,
)
from sim.kernel.queues import Flags, ask, calls_left, state_of, write_visit
from sim.plan import NEVER, PPM, Cause

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

DAY_S = 86_400
LOAD_CLASSES = 5
SERVICE = int(Cause.SERVICE)
INITIAL, EMPTY = 1, 2
"""Set apart the keys of first moorings and of empty trips from those of loaded ones."""


@inlined
def fleet_target(
    fleet: Ints, service: Ints, state: Ints, station: Ints, row_table: Ints, g: int
) -> int:
    """Return how many vehicles a fleet should have; its service's state is up to date."""
    vehicles = state[service[fleet[g, F_SERVICE], B_STATE], X_VEHICLES]
    out = row_table[station[fleet[g, F_STATION], S_ROW], R_OUT]
    return max(0, int(vehicles - out))


@inlined
def begin_empty(
    fleet: Ints,
    vehicle: Rows,
    vehicle_key: Words,
    trav: Rows,
    vessel: Ints,
    run: Ints,
    g: int,
    u: int,
    kind: int,
    service_key: np.uint64,
    first_day: int,
    first_vehicle: int,
    priority_class: int,
) -> int:
    """Return a trip without load that a vessel makes from its end (R3, R12)."""
    i: int = run[K_VEHICLES]
    run[K_VEHICLES] += 1
    day = first_day + run[K_NOW] // DAY_S
    kind_and_end = 2 * kind + vessel[u, U_END]
    if fleet[g, F_DAY + kind_and_end - 2] != day:
        fleet[g, F_DAY + kind_and_end - 2] = day
        fleet[g, F_COUNT + kind_and_end - 2] = 0
    fleet[g, F_COUNT + kind_and_end - 2] += 1
    key = mix(mix(service_key, np.uint64(kind_and_end)), np.uint64(day))
    vehicle_key[i] = mix(key, np.uint64(fleet[g, F_COUNT + kind_and_end - 2]))
    vehicle[i, V_DEPARTED] = run[K_NOW]
    vehicle[i, V_LOAD] = 0
    vehicle[i, V_VESSEL] = u
    trav[first_vehicle + i, T_CLASS] = priority_class
    vessel[u, U_TRIP] = i
    return i


@inlined
def let_act(vessel: Ints, run: Ints, u: int, phase: int) -> None:
    """Let a vessel act at this instant."""
    vessel[u, U_PHASE] = phase
    vessel[u, U_NEXT] = run[K_ACTING]
    run[K_ACTING] = u


@inlined
def take_idle(fleet: Ints, vessel: Ints, station: Ints, g: int, end: int) -> int:
    """Return the vehicle that has lain ready longest at an end, and take it from there."""
    u: int = fleet[g, F_IDLE_2 + end]
    if vessel[u, U_BERTHED] != NEVER:
        station[fleet[g, F_BERTH_2 + end], S_LYING] -= 1
    after = vessel[u, U_NEXT]
    fleet[g, F_IDLE_2 + end] = after
    if after == NEVER:
        fleet[g, F_IDLE_LAST_2 + end] = NEVER
    else:
        vessel[after, U_PREV] = NEVER
    fleet[g, F_LYING_2 + end] -= 1
    fleet[g, F_DUE_2 + end] -= 1
    return u


@inlined
def send(
    fleet: Ints, vehicle: Rows, vessel: Ints, station: Ints, run: Ints, g: int, end: int, i: int
) -> None:
    """Give the vehicle that has lain ready longest its next trip."""
    u = take_idle(fleet, vessel, station, g, end)
    fleet[g, F_DUE_2 + 1 - end] += 1
    vehicle[i, V_VESSEL] = u
    vessel[u, U_TRIP] = i
    let_act(vessel, run, u, ORDERED)


@inlined
def lie_idle(
    fleet: Ints,
    vessel: Ints,
    pool: Ints,
    station: Ints,
    ready: Ints,
    is_ready: Flags,
    u: int,
    target: int,
    now_s: int,
) -> None:
    """Put a vehicle among those that lie ready at its end, in order of (instant, trip).

    Its pool looks if load waits there, its fleet if load waits at the other end or there are
    more vehicles than `target`, its berth if others wait for it.
    """
    g, end = vessel[u, U_FLEET], vessel[u, U_END]
    vessel[u, U_SINCE], vessel[u, U_PHASE] = now_s, LYING
    if vessel[u, U_BERTHED] != NEVER:
        berth = fleet[g, F_BERTH_2 + end]
        station[berth, S_LYING] += 1
        if station[berth, S_LENGTH]:
            mark(ready, is_ready, berth)
    before = fleet[g, F_IDLE_LAST_2 + end]
    first = fleet[g, F_IDLE_2 + end]
    trip = vessel[u, U_TRIP]
    if first != NEVER and vessel[first, U_SINCE] == now_s and vessel[first, U_TRIP] > trip:
        before = NEVER
    while before != NEVER and vessel[before, U_SINCE] == now_s and vessel[before, U_TRIP] > trip:
        before = vessel[before, U_PREV]
    after = first if before == NEVER else vessel[before, U_NEXT]
    vessel[u, U_PREV], vessel[u, U_NEXT] = before, after
    if before == NEVER:
        fleet[g, F_IDLE_2 + end] = u
    else:
        vessel[before, U_NEXT] = u
    if after == NEVER:
        fleet[g, F_IDLE_LAST_2 + end] = u
    else:
        vessel[after, U_PREV] = u
    fleet[g, F_LYING_2 + end] += 1
    own, other = fleet[g, F_POOL_2 + end], fleet[g, F_POOL_2 + 1 - end]
    if own != NEVER and pool[own, P_OLDEST] != NEVER:
        mark(ready, is_ready, pool[own, P_STATION])
    is_wanted_there = other != NEVER and pool[other, P_OLDEST] != NEVER
    if is_wanted_there or fleet[g, F_SIZE] > target:
        mark(ready, is_ready, fleet[g, F_STATION])


@inlined
def unmoor(
    vessel: Ints,
    trav: Rows,
    row_table: Ints,
    visits: Rows,
    run: Ints,
    u: int,
    berth: int,
    first_vehicle: int,
) -> None:
    """Take a vessel off its berth and write its stay there down."""
    moored = vessel[u, U_BERTHED]
    request_s, start_s = trav[first_vehicle + moored, T_REQUEST], vessel[u, U_BERTH_START]
    write_visit(visits, run[K_VISITS], moored, berth, request_s, start_s, run[K_NOW])
    run[K_VISITS] += 1
    row_table[vessel[u, U_BERTH_ROW], R_FREE] += 1
    vessel[u, U_BERTHED] = NEVER


@called
def clear_berth(
    fleet: Ints,
    vessel: Ints,
    trav: Rows,
    station: Ints,
    row_table: Ints,
    visits: Rows,
    run: Ints,
    fleets: int,
    berth: int,
    first_vehicle: int,
) -> int:
    """Return the row of the berth that the vessel idle longest has given up, or NEVER (R12)."""
    fleet, vessel, trav, station, row_table, visits, run = borrowed((
        fleet, vessel, trav, station, row_table, visits, run,
    ))  # fmt: skip
    longest = NEVER
    for at in range(2 * fleets):
        g, end = at >> 1, at & 1
        u = fleet[g, F_IDLE_2 + end] if fleet[g, F_BERTH_2 + end] == berth else NEVER
        while u != NEVER:
            if can_give_up(vessel, station, row_table, u, berth, run[K_NOW]) and (
                longest == NEVER
                or vessel[u, U_SINCE] < vessel[longest, U_SINCE]
                or (
                    vessel[u, U_SINCE] == vessel[longest, U_SINCE]
                    and vessel[u, U_BERTHED] < vessel[longest, U_BERTHED]
                )
            ):
                longest = u
            u = vessel[u, U_NEXT]
    if longest == NEVER:
        return NEVER
    station[berth, S_LYING] -= 1
    unmoor(vessel, trav, row_table, visits, run, longest, berth, first_vehicle)
    return int(vessel[longest, U_BERTH_ROW])


@inlined
def can_give_up(
    vessel: Ints, station: Ints, row_table: Ints, u: int, berth: int, now_s: int
) -> bool:
    """Return whether a vessel that lies idle has a berth that may call another."""
    if vessel[u, U_BERTHED] == NEVER:
        return False
    row = vessel[u, U_BERTH_ROW]
    is_full = calls_left(row_table, row, now_s) < station[berth, S_BATCH_MIN]
    return bool(not row_table[row, R_SHUT] and not is_full)


@inlined
def act(  # noqa: C901, PLR0912 - one branch for each phase of a vessel's life
    fleet: Ints,
    vessel: Ints,
    vehicle: Rows,
    pool: Ints,
    service: Ints,
    state: Ints,
    station: Ints,
    row_table: Ints,
    queue_first: Ints,
    queue_last: Ints,
    events: Ints,
    ready: Ints,
    is_ready: Flags,
    visits: Rows,
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    classes: int,
    first_vehicle: int,
    u: int,
) -> None:
    """Let a vessel do what its phase says; there must be room for an event and a visit."""
    now_s, phase = run[K_NOW], vessel[u, U_PHASE]
    g, end, trip = vessel[u, U_FLEET], vessel[u, U_END], vessel[u, U_TRIP]
    berth, handling = fleet[g, F_BERTH_2 + end], fleet[g, F_HANDLING_2 + end]
    t = first_vehicle + trip
    wait_s, next_phase = NEVER, NEVER
    if phase == ARRIVE and berth != NEVER:
        vehicle[trip, V_PHASE] = MOORING
        ask(
            trav, queue_first, queue_last, station, row_table, ready, is_ready, classes,
            t, berth, now_s,
        )  # fmt: skip
    elif phase == MOORED:
        wait_s, next_phase = vessel[u, U_CALL], CALLED_LADEN
        if handling == NEVER:
            begin(trav, share, ledger, run, sizes, t, berth, SERVICE, now_s, wait_s)
        else:
            next_phase = CALLED
            run[K_LANDING] = trip
            wait_s = max(wait_s, lift_s(station, row_table, handling, vehicle[trip, V_LOAD]))
    elif phase in (ARRIVE, CALLED_LADEN, CALLED):
        if phase != CALLED:
            run[K_LANDING] = trip
        wait_s, next_phase = fleet[g, F_TURNAROUND], REST
    elif phase == REST:
        state_of(service, state, fleet[g, F_SERVICE], now_s)
        target = fleet_target(fleet, service, state, station, row_table, g)
        lie_idle(fleet, vessel, pool, station, ready, is_ready, u, target, now_s)
    elif phase == ORDERED:
        wait_s, next_phase = 0, SAIL
        if vessel[u, U_BERTHED] != NEVER and handling != NEVER:
            load_teu = vehicle[vessel[u, U_BERTHED], V_LOAD] + vehicle[trip, V_LOAD]
            lifted_s = lift_s(station, row_table, handling, load_teu)
            wait_s = max(0, vessel[u, U_BERTH_START] + lifted_s - now_s)
        if wait_s:
            begin(trav, share, ledger, run, sizes, t, berth, SERVICE, now_s, wait_s)
    else:  # SAIL or LAY_UP
        if vessel[u, U_BERTHED] != NEVER:
            unmoor(vessel, trav, row_table, visits, run, u, berth, first_vehicle)
            mark(ready, is_ready, berth)
        if phase == SAIL:
            vehicle[trip, V_PHASE] = TO_ELEMENT
            trav[t, T_NEXT] = run[K_RUNNING]
            run[K_RUNNING] = t
    if wait_s > 0:
        vessel[u, U_PHASE] = next_phase
        push(events, now_s + wait_s << 32 | VESSEL << KIND_BIT | u)
    elif wait_s == 0:
        let_act(vessel, run, u, next_phase)


@called
def add_vessel(
    fleet: Ints,
    vehicle: Rows,
    vehicle_key: Words,
    trav: Rows,
    vessel: Ints,
    run: Ints,
    g: int,
    end: int,
    service_key: np.uint64,
    first_day: int,
    first_vehicle: int,
    priority_class: int,
) -> None:
    """Bring a vehicle into service: one that was laid up first, at its end, else a new one."""
    u = fleet[g, F_LAID_FIRST]
    if u == NEVER:
        u = run[K_VESSELS]
        run[K_VESSELS] += 1
        vessel[u, U_END], vessel[u, U_FLEET] = end, g
    else:
        fleet[g, F_LAID_FIRST] = vessel[u, U_LAID]
    begin_empty(
        fleet, vehicle, vehicle_key, trav, vessel, run, g, u, INITIAL,
        service_key, first_day, first_vehicle, priority_class,
    )  # fmt: skip
    fleet[g, F_SIZE] += 1
    fleet[g, F_DUE_2 + vessel[u, U_END]] += 1
    let_act(vessel, run, u, ARRIVE)


@called
def lay_up(fleet: Ints, vessel: Ints, station: Ints, run: Ints, g: int) -> None:
    """Take a vehicle that lies idle out of service."""
    end = 0 if fleet[g, F_IDLE_2] != NEVER else 1
    u = take_idle(fleet, vessel, station, g, end)
    fleet[g, F_SIZE] -= 1
    vessel[u, U_LAID] = NEVER
    if fleet[g, F_LAID_FIRST] == NEVER:
        fleet[g, F_LAID_FIRST] = u
    else:
        vessel[fleet[g, F_LAID_LAST], U_LAID] = u
    fleet[g, F_LAID_LAST] = u
    let_act(vessel, run, u, LAY_UP)


@inlined
def is_wanted(
    fleet: Ints, pool: Ints, state: Ints, station: Ints, events: Ints, trav: Rows,
    g: int, end: int, x: int, consignments: int, now_s: int,
) -> bool:  # fmt: skip
    """Return whether load at the other end wants an empty vehicle from this one (R12, R13)."""
    p, own, s = fleet[g, F_POOL_2 + 1 - end], fleet[g, F_POOL_2 + end], fleet[g, F_STATION]
    capacity, wait_s = state[x, X_CAPACITY], state[x, X_WAIT]
    least = capacity if state[x, X_MIN] == NEVER else state[x, X_MIN]
    load = 0
    for c in range(LOAD_CLASSES):
        load += pool[p, P_LOAD + c] * state[x, X_UNIT + c]
    is_held = own != NEVER and pool[own, P_CLAIM] == CLAIM_WAITS
    if load >= least and is_held and wait_s != NEVER:
        barred_s = trav[consignments + own, T_REQUEST] + wait_s
        if now_s >= barred_s:
            return True
        call(events, station, s, barred_s)
    due = fleet[g, F_DUE_2 + 1 - end]
    if load - capacity * due >= least:
        return True
    if due or wait_s == NEVER:
        return False
    from_s = pool[p, P_OLDEST] + wait_s - fleet[g, F_CRUISE]
    if now_s < from_s:
        call(events, station, s, from_s)
    return bool(now_s >= from_s)


@called
def is_spare(
    fleet: Ints, pool: Ints, service: Ints, state: Ints, station: Ints, row_table: Ints,
    events: Ints, trav: Rows, g: int, end: int, x: int, consignments: int, now_s: int,
) -> bool:  # fmt: skip
    """Return whether an end has a vehicle more than the load there is about to take (R12)."""
    fleet, pool, service, state, station, row_table, events, trav = borrowed((
        fleet, pool, service, state, station, row_table, events, trav,
    ))  # fmt: skip
    own = fleet[g, F_POOL_2 + end]
    if own == NEVER or pool[own, P_OLDEST] == NEVER:
        return True
    capacity, wait_s = state[x, X_CAPACITY], state[x, X_WAIT]
    payload_ppm = row_table[station[pool[own, P_STATION], S_ROW], R_PAYLOAD]
    if not is_filled(pool, service, state, own, x, capacity * payload_ppm // PPM, now_s):
        return True
    if pool[own, P_CLAIM] == CLAIM_WAITS and wait_s != NEVER:
        barred_s = trav[consignments + own, T_REQUEST] + wait_s
        if now_s >= barred_s:
            return True
        call(events, station, fleet[g, F_STATION], barred_s)
    load = 0
    for c in range(LOAD_CLASSES):
        load += pool[own, P_LOAD + c] * state[x, X_UNIT + c]
    return bool(fleet[g, F_LYING_2 + end] > max(1, load // capacity))


@called
def grant_fleet(
    fleet: Ints,
    vessel: Ints,
    vehicle: Rows,
    vehicle_key: Words,
    trav: Rows,
    pool: Ints,
    service: Ints,
    leg: Ints,
    state: Ints,
    station: Ints,
    row_table: Ints,
    events: Ints,
    run: Ints,
    g: int,
    x: int,
    target: int,
    service_key: np.uint64,
    first_day: int,
    consignments: int,
    priority_class: int,
) -> None:
    """Bring a fleet to its size, then send an empty vehicle where load waits.

    There must be room for the vehicles that are wanting and two more, and for six events.
    """
    fleet, vessel, vehicle, vehicle_key, trav, pool, service, leg = borrowed((
        fleet, vessel, vehicle, vehicle_key, trav, pool, service, leg,
    ))  # fmt: skip
    state, station, row_table, events, run = borrowed((state, station, row_table, events, run))
    now_s, s = run[K_NOW], fleet[g, F_STATION]
    first_vehicle = consignments + len(pool)
    while fleet[g, F_SIZE] < target:
        add_vessel(
            fleet, vehicle, vehicle_key, trav, vessel, run, g, 0,
            service_key, first_day, first_vehicle, priority_class,
        )  # fmt: skip
    while fleet[g, F_SIZE] > target and fleet[g, F_LYING_2] + fleet[g, F_LYING_2 + 1] > 0:
        lay_up(fleet, vessel, station, run, g)
    for end in range(2):
        p = fleet[g, F_POOL_2 + 1 - end]
        if fleet[g, F_IDLE_2 + end] == NEVER or p == NEVER or pool[p, P_OLDEST] == NEVER:
            continue
        if not is_spare(
            fleet, pool, service, state, station, row_table, events, trav, g, end, x,
            consignments, now_s,
        ):  # fmt: skip
            continue
        if not is_wanted(
            fleet, pool, state, station, events, trav, g, end, x, consignments, now_s
        ):
            continue
        if now_s < fleet[g, F_NEXT_EMPTY_2 + end]:
            call(events, station, s, fleet[g, F_NEXT_EMPTY_2 + end])
            continue
        gap_s = max(1, -(-fleet[g, F_CRUISE] // max(1, fleet[g, F_SIZE])))
        fleet[g, F_NEXT_EMPTY_2 + end] = now_s + gap_s
        i = begin_empty(
            fleet, vehicle, vehicle_key, trav, vessel, run, g, fleet[g, F_IDLE_2 + end], EMPTY,
            service_key, first_day, first_vehicle, priority_class,
        )  # fmt: skip
        vehicle[i, V_POOL] = fleet[g, F_POOL_2 + end]
        vehicle[i, V_LEG] = fleet[g, F_LEG_2 + end]
        vehicle[i, V_ELEMENT] = leg[fleet[g, F_LEG_2 + end], L_ELEMENT]
        send(fleet, vehicle, vessel, station, run, g, end, i)
        call(events, station, s, fleet[g, F_NEXT_EMPTY_2 + end])
