"""The event loop of the kernel: one flat function over tables of integers.

Everything of an instant happens first, in any order: it only counts, queues and
marks stations. Then the ready station of least rank grants, what it set in motion
happens, and so on until none is ready (R1). Branches of the loop, in their order:
a consignment goes on, a load is let go, a vehicle or a vessel acts, an event comes,
a consignment enters, a closure begins or ends, a fleet begins, services in hand stop or go
on, a station grants, the clock moves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import (
    around_s,
    foresee,
    is_among,
    key_of,
    mix,
    scaled_mean_fp,
    slowed_s,
    value_drawn,
)
from sim.kernel.books import CAUSES, Ledger, begin, book, book_forming, book_wait
from sim.kernel.breakdowns import break_or_mend, work
from sim.kernel.closures import put_to_work, settle, take_off
from sim.kernel.forming import (
    has_turn,
    is_filled,
    leave_pool,
    pass_on_turn,
    take_aboard,
    turn_away,
)
from sim.kernel.gridlock import note_gridlock
from sim.kernel.hands import let_out_of_hand, stop_and_go_on, take_in_hand, write_hand
from sim.kernel.heap import call, mark, pop, push, room_of
from sim.kernel.jit import (
    borrowed,
    compiled,
    fetch,
    inlined,
    rows_of,
)
from sim.kernel.layout import (
    A_BOUND,
    A_STATION,
    ALARM,
    ARRIVE,
    AT_SERVER,
    B_DEPARTING_2,
    B_DEPARTURE,
    B_DEPARTURE_END,
    B_FLEET,
    B_HEADWAY,
    B_HOLD,
    B_NEXT_2,
    B_POOL,
    B_POOL_END,
    B_STATE,
    B_TIMETABLE,
    BANNED,
    BREAKDOWN,
    C_EFFECT,
    C_TARGET,
    C_TARGET_END,
    CLAIM_GRANTED,
    CLAIM_REFUSED,
    CLAIM_WAITS,
    COUNT_BITS,
    DAYS_NEXT,
    DONE,
    E_MOVE,
    E_ORDINAL,
    E_PLACE,
    E_STAND,
    E_STATION,
    ELEMENT_COLUMNS,
    EVENTS,
    F_LYING_2,
    F_SERVICE,
    F_SIZE,
    F_STATION,
    FETCHED,
    FLEET_COLUMNS,
    FLOW_COLUMNS,
    FORCES,
    FOUND,
    H_ENDS,
    H_FIRST,
    H_ROW,
    H_SIZE,
    H_STOPPED,
    HAND,
    HANDS,
    IN_HOLD,
    IN_LONG_HOLD,
    INDEX_MASK,
    JOINED,
    K_ACTING,
    K_ARRIVED,
    K_BEGUN,
    K_CHANGED,
    K_ENTERED,
    K_FREE_FORCES,
    K_FREE_ROOMS,
    K_FREE_SHARES,
    K_GOING,
    K_HANDS,
    K_KEYS,
    K_LANDING,
    K_NEED,
    K_NOW,
    K_OUTAGES,
    K_PAUSE,
    K_PROVIDED,
    K_REACTING,
    K_RUNNING,
    K_SPELLS,
    K_STAYS,
    K_STOPPING,
    K_VEHICLES,
    K_VESSELS,
    K_VISITS,
    K_WATCHING,
    KIND_BIT,
    KINDS,
    L_ELEMENT_END,
    L_HOLD,
    L_PLACE,
    L_TURN,
    L_YARD,
    LEDGER,
    LEG_COLUMNS,
    LOCOMOTIVE,
    M_OPPOSITE,
    M_RULE,
    M_STATION,
    MARK,
    METER_COLUMNS,
    MOORED,
    MOORING,
    MOVING,
    N_CREATED,
    N_DRAWN,
    N_FLOW,
    N_ROUTE,
    N_STEP,
    N_YARD,
    NO_CLAIM,
    O_CLASS,
    O_LOT,
    O_RANK,
    O_SIZE,
    O_TEU,
    OUTAGES,
    P_AT_HAND,
    P_BEFORE,
    P_CLAIM,
    P_CLAIM_LOAD,
    P_END,
    P_FILLED,
    P_FREE,
    P_HELD,
    P_JOINED,
    P_LAST,
    P_LEFT,
    P_LEG,
    P_LOAD,
    P_OLDEST,
    P_OPEN,
    P_PLACE,
    P_SERVICE,
    P_STATION,
    P_WAGONS,
    P_WANTS,
    PAUSE,
    PLACE_COLUMNS,
    POOL_COLUMNS,
    R_AT_CLOSING,
    R_BREAKDOWN,
    R_FREE,
    R_MIDNIGHT,
    R_PAYLOAD,
    R_RATE,
    R_REF_LOAD,
    R_SHUT,
    R_SLOTS,
    R_STATION,
    R_USED,
    ROOMS,
    ROW_COLUMNS,
    S_BATCH_MAX,
    S_BATCH_MIN,
    S_BLOCKS,
    S_BREAKDOWNS,
    S_COUPLES,
    S_DETAIL,
    S_KIND,
    S_LENGTH,
    S_LYING,
    S_QUEUE_MAX,
    S_ROW,
    S_ROW_END,
    S_SHARE,
    S_SHUT,
    S_UNSEEN,
    SERVICE_COLUMNS,
    SHARE_NEXT,
    SHARES,
    SPELLS,
    STATE_COLUMNS,
    STATION_COLUMNS,
    STAYS,
    T_FIRST,
    T_NEXT,
    T_PREV,
    T_REQUEST,
    T_ROW,
    T_SECONDS,
    T_SHARE,
    TIMETABLE,
    TRAVELLER,
    TRAVELLER_COLUMNS,
    TURNED_AWAY,
    U_BERTH_ROW,
    U_BERTH_START,
    U_BERTHED,
    U_CALL,
    U_END,
    U_NEXT,
    U_PHASE,
    V_ABOARD,
    V_ASKED,
    V_BACK,
    V_DEPOT,
    V_ELEMENT,
    V_ENDED,
    V_LEG,
    V_LOAD,
    V_PHASE,
    V_POOL,
    V_STAND,
    V_TAKEN,
    V_VESSEL,
    V_WAGONS,
    V_YARD,
    VEHICLE_COLUMNS,
    VEHICLES,
    VESSEL,
    VESSELS,
    VISITS,
    WAGONS,
    X_CAPACITY,
    X_DECK,
    X_UNIT,
    X_WAGONS,
    X_WAIT,
    Y_CAPACITY,
    Y_EMBARGO,
    Y_OCCUPIED,
    Y_REFUSES,
    Y_STATION,
    YARD_COLUMNS,
    Rows,
)
from sim.kernel.queues import (
    ask,
    blocks_anywhere,
    calls_left,
    finish,
    first_queue,
    give_back_server,
    is_at_hand,
    keeps_server,
    leave_origin,
    let_in,
    may_serve,
    queue,
    settle_queues,
    state_of,
    take_first,
    take_out,
    write_stay,
    write_visit,
)
from sim.kernel.tables import Tables
from sim.kernel.tracks import (
    change_stand,
    enter_section,
    first_entry_s,
    leave_section,
    may_move,
    run_locomotive,
)
from sim.kernel.vessels import (
    act,
    add_vessel,
    clear_berth,
    fleet_target,
    grant_fleet,
    send,
)
from sim.kernel.wagons import grant_wagons, wagons_come
from sim.plan import NEVER, PPM, AtClosing, Cause, Kind, Status, TrackRule

Ints = NDArray[np.int64]

SERVER = int(Kind.SERVER)
METER = int(Kind.METER)
POOL = int(Kind.POOL)
FLEET = int(Kind.FLEET)
YARD = int(Kind.YARD)
WAGON_POOL = int(Kind.WAGONS)
MOVING_CAUSE = int(Cause.MOVING)
SERVICE_CAUSE = int(Cause.SERVICE)
QUEUE_CAUSE = int(Cause.QUEUE)
CLOSED_CAUSE = int(Cause.CLOSED)
STORAGE_CAUSE = int(Cause.STORAGE)
PATH_CAUSE = int(Cause.PATH)
DELIVERED = int(Status.DELIVERED)
REFUSED_QUEUE = int(Status.REFUSED_QUEUE)
REFUSED_BAN = int(Status.REFUSED_BAN)
REFUSED_NO_ROUTE = int(Status.REFUSED_NO_ROUTE)
REFUSED_STORAGE = int(Status.REFUSED_STORAGE)
ALTERNATING = int(TrackRule.ALTERNATING)
FINISH = int(AtClosing.FINISH)

DAY_S = 86_400
DECKS = 4
LOAD_CLASSES = 5
UNLIMITED = 1 << 62
GREATEST = (1 << 31) - 1


class Growing(NamedTuple):
    """Tables that grow with the run: when one is full the loop stops, and goes on with a larger.

    If the loop replaced them itself, it would count references at every step.
    """

    events: Ints
    vehicle: Rows
    vehicle_key: NDArray[np.uint64]
    trav: Rows
    """(N + P + vehicles,) travellers: consignments, claims, vehicles."""
    vessel: Ints
    hand: Ints
    spell: Ints
    share: Ints
    room: Ints
    force: Ints
    outage: Ints
    """(N, 3) breakdowns on busy time that came: closure, begin, end."""
    ledger: Ints
    booked_s: Ints
    """The two tables of the `Ledger`."""
    visits: NDArray[np.int32]
    stays: NDArray[np.int32]


@inlined
def next_entry_s(run: Ints, entry_s: Ints) -> int:
    """Return when the next consignment enters that is known, or later than any run ends."""
    if run[K_ENTERED] == run[K_PROVIDED]:
        return UNLIMITED
    enters_s: int = entry_s[run[K_ENTERED]]
    return enters_s


@inlined
def next_change_s(run: Ints, change: Ints) -> int:
    """Return when a closure begins or ends next, or later than any run ends."""
    if run[K_CHANGED] == len(change):
        return UNLIMITED
    changes_s: int = change[run[K_CHANGED], 0]
    return changes_s


@compiled
def advance(  # noqa: C901, PLR0911, PLR0912, PLR0915 - the one event loop of the engine
    tables: Tables,
    growing: Growing,
    station_stream: NDArray[np.uint64],
    horizon_s: int,
    first_day: int,
    stop_after: int,
) -> int:
    """Let the run go on to its end, a pause, or until a table is full; return which.

    Parameters
    ----------
    tables, growing
        Written over. When a table is full, `run[K_NEED]` is the length it must have.
    station_stream
        (S,) from which the keys of service times at each station begin (R3).
    horizon_s, first_day, stop_after
        As in the Plan.
    """
    station = rows_of(tables.station, STATION_COLUMNS)
    station_key = rows_of(tables.station_key, 1)
    station_stream = rows_of(station_stream, 1)
    row_table = rows_of(tables.row, ROW_COLUMNS)
    row_law = rows_of(tables.row_law, tables.row_law.shape[1])
    row_mean_fp = rows_of(tables.row_mean_fp, tables.row_mean_fp.shape[1])
    meter = rows_of(tables.meter, METER_COLUMNS)
    service = rows_of(tables.service, SERVICE_COLUMNS)
    service_key = rows_of(tables.service_key, 1)
    state = rows_of(tables.state, STATE_COLUMNS)
    service_pool = rows_of(tables.service_pool, 1)
    departure_s = rows_of(tables.departure_s, 1)
    pool, all_pools = rows_of(tables.pool, POOL_COLUMNS), borrowed(tables.pool)
    pool_rooms = rows_of(tables.pool_rooms, tables.pool_rooms.shape[1])
    pool_days, pool_joined = borrowed(tables.pool_days), rows_of(tables.pool_joined, JOINED)
    leg = rows_of(tables.leg, LEG_COLUMNS)
    element = rows_of(tables.element, ELEMENT_COLUMNS)
    fleet = rows_of(tables.fleet, FLEET_COLUMNS)
    stand = borrowed(tables.stand)
    loop = borrowed(tables.loop)
    loop_caller = borrowed(tables.loop_caller)
    wagon = borrowed(tables.wagon)
    place_table = rows_of(tables.place, PLACE_COLUMNS)
    place_pool = borrowed(tables.place_pool)
    empty_s = borrowed(tables.empty_s)
    yard, all_yards = rows_of(tables.yard, YARD_COLUMNS), borrowed(tables.yard)
    flow = rows_of(tables.flow, FLOW_COLUMNS)
    route_step = rows_of(tables.route_step, 1)
    closure = borrowed(tables.closure)
    step_station = rows_of(tables.step_station, 1)
    step_ordinal = rows_of(tables.step_ordinal, 1)
    closure_target = rows_of(tables.closure_target, 1)
    breakdown = borrowed(tables.breakdown)
    gap_key = borrowed(tables.gap_key)
    length_key = borrowed(tables.length_key)
    law_table = borrowed(tables.law_table)
    law_middle = rows_of(tables.law_middle, tables.law_middle.shape[1])
    entry, entry_s = rows_of(tables.entry, 1), rows_of(tables.entry_s, 1)
    change = borrowed(tables.change)
    row_force = borrowed(tables.row_force)
    run = rows_of(tables.run, 1)
    locks = borrowed(tables.locks)
    queue_first = rows_of(tables.queue_first, 1)
    queue_last = rows_of(tables.queue_last, 1)
    ready = rows_of(tables.ready, 1)
    is_ready = rows_of(tables.is_ready, 1)
    events = rows_of(growing.events, 1)
    vehicle = rows_of(growing.vehicle, VEHICLE_COLUMNS)
    vehicle_key = rows_of(growing.vehicle_key, 1)
    trav = rows_of(growing.trav, TRAVELLER_COLUMNS)
    vessel = borrowed(growing.vessel)
    hand = borrowed(growing.hand)
    spell = borrowed(growing.spell)
    share = rows_of(growing.share, 3)
    room = borrowed(growing.room)
    force = borrowed(growing.force)
    outage = borrowed(growing.outage)
    visits = rows_of(growing.visits, 5)
    stays = rows_of(growing.stays, 6)

    most_events, most_vehicles = room_of(growing.events), len(growing.vehicle)
    most_visits, most_stays = len(growing.visits), len(growing.stays)
    pools, flows = len(tables.pool), len(tables.flow) - 1
    ledger = Ledger(rows_of(growing.ledger, 2), rows_of(growing.booked_s, flows))
    sizes = (len(closure), len(growing.ledger) - 1)
    fleets, classes = len(tables.fleet), len(tables.queue_first) // max(1, len(tables.station))
    first_vehicle, last_traveller = len(growing.trav) - most_vehicles, len(growing.trav) - 1
    consignments = first_vehicle - pools
    used, days = borrowed(tables.used), borrowed(tables.days)
    recent, gone = rows_of(tables.recent, 1), rows_of(tables.gone, 1)
    has_blocking = blocks_anywhere(tables.station)
    now = run[K_NOW]
    enters_s, changes_s = next_entry_s(run, entry_s), next_change_s(run, change)

    while True:
        if run[K_GOING] & run[K_LANDING] & run[K_RUNNING] & run[K_ACTING] != NEVER:
            if events[0] + 8 > most_events:
                run[K_NEED] = events[0] + 8
                return EVENTS
            if run[K_GOING] != NEVER:
                # ----------------------------------------------- a consignment goes on
                n = run[K_GOING]
                run[K_GOING] = trav[n, T_NEXT]
                f, y = trav[n, N_FLOW], trav[n, N_YARD]
                step = trav[n, N_STEP] + 1
                trav[n, N_STEP] = step
                if step == route_step[trav[n, N_ROUTE] + 1]:
                    finish(trav, gone, run, n, now, DELIVERED, stop_after)
                    if y != NEVER:
                        yard[y, Y_OCCUPIED] -= flow[f, O_TEU]
                        mark(ready, is_ready, yard[y, Y_STATION])
                    continue
                s = step_station[step]
                if station[s, S_KIND] == POOL:
                    p = station[s, S_DETAIL]
                    pool[p, P_LOAD + flow[f, O_CLASS]] += flow[f, O_LOT]
                    if y != NEVER:
                        pool_rooms[p, y] += flow[f, O_TEU]
                    trav[n, T_ROW] = (
                        pool[p, P_BEFORE] if pool[p, P_LEFT] == now else pool[p, P_LAST]
                    )
                    v = pool[p, P_SERVICE]
                    x = state_of(service, state, v, now)
                    if pool[p, P_OLDEST] == NEVER:
                        pool[p, P_OLDEST] = now
                        if state[x, X_WAIT] != NEVER:
                            call(events, station, s, now + state[x, X_WAIT])
                    g = service[v, B_FLEET]
                    if g != NEVER and fleet[g, F_LYING_2 + 1 - pool[p, P_END]]:
                        mark(ready, is_ready, fleet[g, F_STATION])
                    payload_ppm = row_table[station[s, S_ROW], R_PAYLOAD]
                    capacity = state[x, X_CAPACITY] * payload_ppm // PPM
                    queue(trav, queue_first, queue_last, station, classes, n, s, now)
                    pool_joined[p, pool[p, P_JOINED] & (JOINED - 1)] = n
                    pool[p, P_JOINED] += 1
                    if pool[p, P_FILLED] != NEVER or is_filled(
                        pool, service, state, p, x, capacity, now
                    ):
                        mark(ready, is_ready, s)
                    continue
                drawn = mix(mix(station_stream[s], key_of(trav, n)), np.uint64(step_ordinal[step]))
                if station[s, S_SHARE] < PPM and not is_among(drawn, station[s, S_SHARE]):
                    trav[n, T_NEXT] = run[K_GOING]
                    run[K_GOING] = n
                    continue
                row = station[s, S_ROW]
                law = row_law[row, flow[f, O_SIZE]]
                if row + 1 == station[s, S_ROW_END]:
                    # Nothing hangs on it now; when it is served, everything does.
                    value = value_drawn(law_table, law_middle, law, drawn)
                    trav[n, N_DRAWN] = value if value <= GREATEST else NEVER
                else:
                    trav[n, N_DRAWN] = NEVER
                    foresee(law_middle, law, drawn)
                ask(
                    trav, queue_first, queue_last, station, row_table, ready, is_ready, classes,
                    n, s, now,
                )  # fmt: skip

            elif run[K_LANDING] != NEVER:
                # ---------------------------------------------------- a load is let go
                i = run[K_LANDING]
                run[K_LANDING] = NEVER
                t = first_vehicle + i
                is_turned_away = vehicle[i, V_PHASE] == TURNED_AWAY
                at = trav[t, T_SHARE]
                while at != NEVER:
                    after = share[at, SHARE_NEXT]
                    share[at, SHARE_NEXT] = share[flows, SHARE_NEXT]
                    share[flows, SHARE_NEXT] = at
                    run[K_FREE_SHARES] += 1
                    at = after
                trav[t, T_SHARE] = NEVER
                n, last = vehicle[i, V_ABOARD], NEVER
                first = n
                vehicle[i, V_ABOARD] = NEVER
                for at in range(FETCHED):
                    if trav[t, T_FIRST + at] == NEVER:
                        break
                    fetch(trav, trav[t, T_FIRST + at])
                while n != NEVER:
                    after, soon = trav[n, T_NEXT], trav[n, T_PREV]
                    fetch(trav, soon)
                    for cause in range(CAUSES):
                        trav[n, T_SECONDS + cause] += trav[t, T_SECONDS + cause]
                    if is_turned_away:
                        finish(trav, gone, run, n, now, REFUSED_STORAGE, stop_after)
                    else:
                        trav[n, N_YARD] = vehicle[i, V_YARD]
                        last = n
                    n = after
                if last != NEVER:
                    # They go on in the order in which they boarded: nearly that of their numbers,
                    # so that each soon finds its place in the next queue.
                    trav[last, T_NEXT], run[K_GOING] = run[K_GOING], first
                for cause in range(CAUSES):
                    trav[t, T_SECONDS + cause] = 0
                if is_turned_away:
                    vehicle[i, V_PHASE] = FOUND
                    trav[t, T_NEXT] = run[K_RUNNING]
                    run[K_RUNNING] = t
                else:
                    vehicle[i, V_ENDED] = now
                    if vehicle[i, V_WAGONS] > 0:
                        way, wagons = vehicle[i, V_LEG], vehicle[i, V_WAGONS]
                        turned_s = now + leg[way, L_TURN]
                        index = leg[way, L_PLACE] << COUNT_BITS | wagons
                        push(events, turned_s << 32 | WAGONS << KIND_BIT | index)
                    trav[t, T_NEXT] = run[K_ARRIVED]
                    run[K_ARRIVED] = t
                    leave_origin(vehicle, i, room, yard, ready, is_ready, run)

            elif run[K_RUNNING] != NEVER:
                # ------------------------------------------------------ a vehicle acts
                if run[K_VISITS] == most_visits:
                    run[K_NEED] = run[K_VISITS] + 1
                    return VISITS
                t = run[K_RUNNING]
                run[K_RUNNING] = trav[t, T_NEXT]
                i = t - first_vehicle
                e, phase, way = vehicle[i, V_ELEMENT], vehicle[i, V_PHASE], vehicle[i, V_LEG]
                if phase == TURNED_AWAY:
                    run[K_LANDING] = i
                    continue
                is_moving = phase == AT_SERVER and element[e, E_MOVE] > 0
                if not is_moving:
                    if phase in (AT_SERVER, MOVING):
                        e += 1
                        vehicle[i, V_ELEMENT] = e
                    if e == leg[way, L_ELEMENT_END]:
                        u = vehicle[i, V_VESSEL]
                        if u == NEVER:
                            run[K_LANDING] = i
                        else:
                            vessel[u, U_END] = 1 - vessel[u, U_END]
                            vessel[u, U_PHASE], vessel[u, U_NEXT] = ARRIVE, run[K_ACTING]
                            run[K_ACTING] = u
                        continue
                    is_held = e == leg[way, L_HOLD] and phase != FOUND
                    if is_held and vehicle[i, V_ABOARD] != NEVER:
                        y = leg[way, L_YARD]
                        s = yard[y, Y_STATION]
                        vehicle[i, V_PHASE] = IN_HOLD
                        until_s = now + yard[y, Y_EMBARGO]
                        push(events, until_s << 32 | ALARM << KIND_BIT | i)
                        ask(
                            trav, queue_first, queue_last, station, row_table, ready, is_ready,
                            classes, t, s, now,
                        )  # fmt: skip
                    elif element[e, E_STATION] == NEVER:
                        is_moving = True
                    else:
                        s = element[e, E_STATION]
                        drawn = mix(
                            mix(station_stream[s], vehicle_key[i]),
                            np.uint64(element[e, E_ORDINAL]),
                        )
                        if station[s, S_SHARE] < PPM and not is_among(drawn, station[s, S_SHARE]):
                            # It passes as if it had been served.
                            vehicle[i, V_PHASE] = AT_SERVER
                            trav[t, T_NEXT] = run[K_RUNNING]
                            run[K_RUNNING] = t
                            continue
                        if station[s, S_KIND] == METER:
                            vehicle[i, V_PHASE] = MOVING
                        else:
                            vehicle[i, V_PHASE] = AT_SERVER
                            foresee(law_middle, row_law[station[s, S_ROW], 0], drawn)
                        ask(
                            trav, queue_first, queue_last, station, row_table, ready, is_ready,
                            classes, t, s, now,
                        )  # fmt: skip
                if is_moving:
                    vehicle[i, V_PHASE] = MOVING
                    leave_origin(vehicle, i, room, yard, ready, is_ready, run)
                    place, move_s = element[e, E_PLACE], element[e, E_MOVE]
                    if vehicle[i, V_DEPOT] != NEVER:
                        run_locomotive(vehicle, row_table, visits, events, run, i, now + move_s)
                    begin(trav, share, ledger, run, sizes, t, place, MOVING_CAUSE, now, move_s)
                    push(events, now + move_s << 32 | TRAVELLER << KIND_BIT | t)

            else:
                # ------------------------------------------------------- a vessel acts
                if run[K_VISITS] == most_visits:
                    run[K_NEED] = run[K_VISITS] + 1
                    return VISITS
                u = run[K_ACTING]
                run[K_ACTING] = vessel[u, U_NEXT]
                act(
                    fleet, vessel, vehicle, pool, service, state, station, row_table,
                    queue_first, queue_last, events, ready, is_ready, visits,
                    trav, share, ledger, run, sizes, classes, first_vehicle, u,
                )  # fmt: skip

        elif events[1] >> 32 == now:
            # ------------------------------------------------------ an event comes
            if events[0] + 8 > most_events:
                run[K_NEED] = events[0] + 8
                return EVENTS
            kind, index = events[1] >> KIND_BIT & KINDS, events[1] & INDEX_MASK
            if kind == HAND:
                if run[K_VISITS] + hand[index, H_SIZE] > most_visits:
                    run[K_NEED] = run[K_VISITS] + hand[index, H_SIZE]
                    return VISITS
                if run[K_STAYS] + hand[index, H_SIZE] > most_stays:
                    run[K_NEED] = run[K_STAYS] + hand[index, H_SIZE]
                    return STAYS
            elif kind == BREAKDOWN:
                if run[K_OUTAGES] == len(outage):
                    run[K_NEED] = run[K_OUTAGES] + 1
                    return OUTAGES
                if run[K_SPELLS] == len(spell):
                    run[K_NEED] = run[K_SPELLS] + 1
                    return SPELLS
                if not run[K_FREE_FORCES]:
                    run[K_NEED] = len(force) + 1
                    return FORCES
            if kind == TIMETABLE:
                called = service[index, B_POOL_END] - service[index, B_POOL]
                if events[0] + called + 8 > most_events:
                    run[K_NEED] = events[0] + called + 8
                    return EVENTS
            pop(events)
            # Whose turn it is next is in no cache, if it has been under way for long.
            soon = min(events[1] & INDEX_MASK, last_traveller)
            fetch(trav, soon)
            fetch(vehicle, max(0, soon - first_vehicle))
            if kind == MARK:
                mark(ready, is_ready, index)
            elif kind == TRAVELLER:
                row = trav[index, T_ROW]
                if row != NEVER and row_table[row, R_BREAKDOWN] != NEVER:
                    work(breakdown, row_table, events, row, -1, now)
                if (
                    index >= consignments
                    or row == NEVER
                    or not has_blocking
                    or not keeps_server(
                        trav, route_step, step_station, station, row_table, index, row
                    )
                ):
                    give_back_server(trav, station, row_table, ready, is_ready, index)
                if index < consignments:
                    trav[index, T_NEXT] = run[K_GOING]
                    run[K_GOING] = index
                else:
                    trav[index, T_NEXT] = run[K_RUNNING]
                    run[K_RUNNING] = index
                    aboard = vehicle[index - first_vehicle, V_ABOARD]
                    fetch(trav, aboard)
                    s = element[vehicle[index - first_vehicle, V_ELEMENT], E_STATION]
                    if s != NEVER and station[s, S_KIND] == METER:
                        m = station[s, S_DETAIL]
                        if meter[m, M_RULE] == ALTERNATING:
                            leave_section(meter, station, events, ready, is_ready, m, now)
            elif kind == HAND:
                if hand[index, H_ENDS] == now and hand[index, H_STOPPED] == NEVER:
                    row, t = hand[index, H_ROW], hand[index, H_FIRST]
                    if row_table[row, R_BREAKDOWN] != NEVER:
                        work(breakdown, row_table, events, row, -1, now)
                    s = row_table[row, R_STATION]
                    if t < consignments and keeps_server(
                        trav, route_step, step_station, station, row_table, t, row
                    ):
                        trav[t, T_ROW] = row
                    else:
                        row_table[row, R_FREE] += 1
                        mark(ready, is_ready, s)
                    write_hand(hand, trav, visits, stays, run, index, s, now, first_vehicle)
                    let_out_of_hand(hand, trav, run, index, first_vehicle)
            elif kind == TIMETABLE:
                service[index, B_DEPARTING_2] = now
                service[index, B_DEPARTING_2 + 1] = now
                for at in range(service[index, B_POOL], service[index, B_POOL_END]):
                    mark(ready, is_ready, pool[service_pool[at], P_STATION])
                    if service[index, B_HOLD]:
                        until_s = now + service[index, B_HOLD]
                        call(events, station, pool[service_pool[at], P_STATION], until_s)
                at = service[index, B_DEPARTURE]
                while at < service[index, B_DEPARTURE_END] and departure_s[at] <= now:
                    at += 1
                service[index, B_DEPARTURE] = at
                if at < service[index, B_DEPARTURE_END]:
                    push(events, departure_s[at] << 32 | TIMETABLE << KIND_BIT | index)
            elif kind == VESSEL:
                vessel[index, U_NEXT] = run[K_ACTING]
                run[K_ACTING] = index
            elif kind == LOCOMOTIVE:
                row_table[index, R_FREE] += 1
                mark(ready, is_ready, row_table[index, R_STATION])
            elif kind == WAGONS:
                wagons_come(place_table, ready, is_ready, index)
            elif kind == BREAKDOWN:
                break_or_mend(
                    breakdown, gap_key, length_key, law_table, law_middle, force, row_force,
                    closure, row_table, station, spell, outage, events, ready, is_ready, run,
                    index, now,
                )  # fmt: skip
            elif vehicle[index, V_PHASE] == IN_HOLD:
                vehicle[index, V_PHASE] = IN_LONG_HOLD
                p = vehicle[index, V_POOL]
                pool[p, P_HELD] += 1
                mark(ready, is_ready, pool[p, P_STATION])
                pass_on_turn(pool, service, service_pool, ready, is_ready, p)
                run[K_WATCHING] |= not run[K_STOPPING]

        elif enters_s == now:
            # ------------------------------------------------- a consignment enters
            n = entry[run[K_ENTERED]]
            run[K_ENTERED] += 1
            # Rows are made at a pause, since when much else has been in the cache.
            fetch(trav, entry[min(run[K_ENTERED] + FETCHED, run[K_PROVIDED]) - 1])
            enters_s = next_entry_s(run, entry_s)
            waited_s = now - trav[n, N_CREATED]
            if waited_s:
                book(
                    trav, share, ledger, run, sizes,
                    n, NEVER, CLOSED_CAUSE, NEVER, waited_s,
                )  # fmt: skip
            if trav[n, N_ROUTE] in (NEVER, BANNED):
                is_banned = trav[n, N_ROUTE] == BANNED
                status = REFUSED_BAN if is_banned else REFUSED_NO_ROUTE
                finish(trav, gone, run, n, now, status, stop_after)
            else:
                trav[n, N_STEP] = route_step[trav[n, N_ROUTE]] - 1
                trav[n, T_NEXT] = run[K_GOING]
                run[K_GOING] = n

        elif changes_s == now:
            # ---------------------------------------------- a closure begins or ends
            changed = run[K_CHANGED]
            c, began_s = change[changed, 2], change[changed, 3]
            targets = closure[c, C_TARGET_END] - closure[c, C_TARGET]
            if run[K_SPELLS] + targets > len(spell):
                run[K_NEED] = run[K_SPELLS] + targets
                return SPELLS
            if run[K_FREE_FORCES] < targets:
                run[K_NEED] = len(force) + targets
                return FORCES
            for at in range(closure[c, C_TARGET], closure[c, C_TARGET_END]):
                row = closure_target[at]
                s = row_table[row, R_STATION]
                if change[changed, 1]:
                    run[K_FREE_FORCES] -= 1
                    put_to_work(force, row_force, row, closure[c, C_EFFECT], c, began_s)
                else:
                    run[K_FREE_FORCES] += 1
                    take_off(force, row_force, row, closure[c, C_EFFECT], c, began_s)
                settle(force, row_force, closure, row_table, station, spell, run, row, s, now)
                mark(ready, is_ready, s)
            run[K_CHANGED] += 1
            changes_s = next_change_s(run, change)
            run[K_REACTING] = 1

        elif run[K_REACTING]:
            if run[K_BEGUN] < fleets:
                # ------------------------------------- a fleet begins, vessels at both ends
                g = run[K_BEGUN]
                v = fleet[g, F_SERVICE]
                target = fleet_target(fleet, service, state, station, row_table, g)
                if run[K_VEHICLES] + target > most_vehicles:
                    run[K_NEED] = run[K_VEHICLES] + target
                    return VEHICLES
                if run[K_VESSELS] + target > len(vessel):
                    run[K_NEED] = run[K_VESSELS] + target
                    return VESSELS
                run[K_BEGUN] += 1
                for k in range(target):
                    add_vessel(
                        fleet, vehicle, vehicle_key, trav, vessel, run, g, k % 2,
                        service_key[v], first_day, first_vehicle, flow[flows, O_RANK],
                    )  # fmt: skip
            else:
                # ------------------------ services in hand are stopped, or taken up again
                need = events[0] + (1 + len(breakdown)) * run[K_HANDS] + 8
                if need > most_events:
                    run[K_NEED] = need
                    return EVENTS
                run[K_REACTING] = 0
                stop_and_go_on(
                    hand, row_table, force, row_force, closure, breakdown, events,
                    trav, share, ledger, run, sizes, now,
                )  # fmt: skip

        elif ready[0]:
            # ----------------------------------------------------- a station grants
            s = ready[1]
            kind, length = station[s, S_KIND], station[s, S_LENGTH]
            # Before anything moves, whatever this grant may need is there.
            need = events[0] + (2 + station[s, S_BREAKDOWNS]) * length + 8
            if need > most_events:
                run[K_NEED] = need
                return EVENTS
            if run[K_VISITS] + 2 * length + 8 > most_visits:
                run[K_NEED] = run[K_VISITS] + 2 * length + 8
                return VISITS
            if run[K_STAYS] + length + 8 > most_stays:
                run[K_NEED] = run[K_STAYS] + length + 8
                return STAYS
            if 2 * run[K_KEYS] > len(growing.ledger):
                return LEDGER
            if kind == SERVER:
                if run[K_HANDS] + length > len(hand):
                    run[K_NEED] = run[K_HANDS] + length
                    return HANDS
            elif kind == WAGON_POOL:
                if events[0] + pools + 8 > most_events:
                    run[K_NEED] = events[0] + pools + 8
                    return EVENTS
            elif kind == POOL:
                if run[K_FREE_SHARES] < length:
                    run[K_NEED] = len(growing.share) + length
                    return SHARES
                if run[K_FREE_ROOMS] < length:
                    run[K_NEED] = len(room) + length
                    return ROOMS
                if run[K_VEHICLES] + length > most_vehicles:
                    run[K_NEED] = run[K_VEHICLES] + length
                    return VEHICLES
            elif kind == FLEET:
                g = station[s, S_DETAIL]
                state_of(service, state, fleet[g, F_SERVICE], now)
                target = fleet_target(fleet, service, state, station, row_table, g)
                news = max(0, target - fleet[g, F_SIZE])
                if run[K_VEHICLES] + news + 2 > most_vehicles:
                    run[K_NEED] = run[K_VEHICLES] + news + 2
                    return VEHICLES
                if run[K_VESSELS] + news > len(vessel):
                    run[K_NEED] = run[K_VESSELS] + news
                    return VESSELS
            pop(ready)
            is_ready[s] = False

            if kind == SERVER:
                while may_serve(station, row_table, s):
                    row, end_row = station[s, S_ROW], station[s, S_ROW_END]
                    tomorrow_s = NEVER
                    while row < end_row and (
                        row_table[row, R_SHUT]
                        or not row_table[row, R_FREE]
                        or calls_left(row_table, row, now) < station[s, S_BATCH_MIN]
                    ):
                        if row_table[row, R_SLOTS] != NEVER:
                            tomorrow_s = now + DAY_S - (now - row_table[row, R_MIDNIGHT]) % DAY_S
                        row += 1
                    if row == end_row and station[s, S_LYING]:
                        row = clear_berth(
                            fleet,
                            vessel,
                            trav,
                            station,
                            row_table,
                            visits,
                            run,
                            fleets,
                            s,
                            first_vehicle,
                        )
                    if row in (end_row, NEVER):
                        if tomorrow_s != NEVER:
                            call(events, station, s, tomorrow_s)
                        break
                    size = min(station[s, S_BATCH_MAX], station[s, S_LENGTH])
                    if row_table[row, R_SLOTS] != NEVER:
                        size = min(size, calls_left(row_table, row, now))
                        row_table[row, R_USED] += size
                    row_table[row, R_FREE] -= 1
                    served_s, h = 0, NEVER
                    for k in range(size):
                        q = first_queue(queue_first, s, classes)
                        t = take_first(trav, queue_first, queue_last, station, s, q, now)
                        i = t - first_vehicle
                        is_vehicle = i >= 0
                        is_mooring = is_vehicle and vehicle[i, V_PHASE] == MOORING
                        if k == 0:
                            value = NEVER
                            if is_vehicle:
                                column, load_teu = 0, vehicle[i, V_LOAD]
                                key, ordinal = vehicle_key[i], 0
                                if not is_mooring:
                                    ordinal = element[vehicle[i, V_ELEMENT], E_ORDINAL]
                            else:
                                f = trav[t, N_FLOW]
                                column, load_teu = flow[f, O_SIZE], flow[f, O_TEU]
                                key, ordinal = key_of(trav, t), step_ordinal[trav[t, N_STEP]]
                                value = trav[t, N_DRAWN]
                            mean_fp = row_mean_fp[row, column]
                            if row_table[row, R_REF_LOAD]:
                                mean_fp = scaled_mean_fp(
                                    mean_fp, load_teu, row_table[row, R_REF_LOAD]
                                )
                            if value == NEVER:
                                drawn = mix(mix(station_stream[s], key), np.uint64(ordinal))
                                law = row_law[row, column]
                                value = value_drawn(law_table, law_middle, law, drawn)
                            served_s = slowed_s(around_s(value, mean_fp), row_table[row, R_RATE])
                        if station[s, S_BLOCKS]:
                            give_back_server(trav, station, row_table, ready, is_ready, t)
                        request_s = trav[t, T_REQUEST]
                        if request_s < now:
                            book_wait(
                                trav, share, ledger, run, sizes, station, spell,
                                t, s, QUEUE_CAUSE, request_s, now,
                            )  # fmt: skip
                        if is_mooring:
                            u = vehicle[i, V_VESSEL]
                            vessel[u, U_BERTHED], vessel[u, U_BERTH_START] = i, now
                            vessel[u, U_BERTH_ROW], vessel[u, U_CALL] = row, served_s
                            vessel[u, U_PHASE], vessel[u, U_NEXT] = MOORED, run[K_ACTING]
                            run[K_ACTING] = u
                            continue
                        if station[s, S_COUPLES]:
                            vehicle[i, V_DEPOT], vehicle[i, V_BACK] = row, served_s
                            vehicle[i, V_ASKED], vehicle[i, V_TAKEN] = request_s, now
                            trav[t, T_NEXT] = run[K_RUNNING]
                            run[K_RUNNING] = t
                            continue
                        begin(
                            trav, share, ledger, run, sizes,
                            t, s, SERVICE_CAUSE, now, served_s,
                        )  # fmt: skip
                        if k == 0 and row_table[row, R_BREAKDOWN] != NEVER:
                            work(breakdown, row_table, events, row, 1, now)
                        if row_table[row, R_AT_CLOSING] != FINISH:
                            if k == 0:
                                h = take_in_hand(hand, events, run, row, now, served_s)
                            trav[t, T_NEXT] = hand[h, H_FIRST]
                            hand[h, H_FIRST] = t
                            hand[h, H_SIZE] += 1
                            continue
                        trav[t, T_ROW] = row if k == 0 else NEVER
                        end_s = now + served_s
                        push(events, end_s << 32 | TRAVELLER << KIND_BIT | t)
                        if is_vehicle:
                            write_visit(visits, run[K_VISITS], i, s, request_s, now, end_s)
                            run[K_VISITS] += 1
                        else:
                            write_stay(stays, run[K_STAYS], t, s, request_s, now, end_s, NEVER)
                            run[K_STAYS] += 1
                queue_max = station[s, S_QUEUE_MAX]
                if station[s, S_BLOCKS]:
                    let_in(trav, queue_first, station, row_table, ready, is_ready, classes, s)
                    continue
                q = (s + 1) * classes - 1
                while queue_max != NEVER and station[s, S_LENGTH] > queue_max:
                    # Of those that have just come, the last in order.
                    while queue_last[q] == NEVER or trav[queue_last[q], T_REQUEST] < now:
                        q -= 1
                    n = queue_last[q]
                    take_out(trav, queue_first, queue_last, station, s, q, n, now)
                    write_stay(stays, run[K_STAYS], n, s, now, NEVER, NEVER, NEVER)
                    run[K_STAYS] += 1
                    finish(trav, gone, run, n, now, REFUSED_QUEUE, stop_after)
                    if trav[n, N_YARD] != NEVER:
                        y = trav[n, N_YARD]
                        yard[y, Y_OCCUPIED] -= flow[trav[n, N_FLOW], O_TEU]
                        mark(ready, is_ready, yard[y, Y_STATION])

            elif kind == METER:
                m = station[s, S_DETAIL]
                factor_ppm = row_table[station[s, S_ROW], R_RATE]
                so = NEVER
                if meter[m, M_RULE] == ALTERNATING and meter[m, M_OPPOSITE] not in (NEVER, m):
                    so = meter[meter[m, M_OPPOSITE], M_STATION]
                while may_move(
                    station, queue_first, vehicle, element, stand, loop, classes, first_vehicle, s
                ):
                    is_wanted = 0
                    if so != NEVER and may_move(
                        station, queue_first, vehicle, element, stand, loop, classes,
                        first_vehicle, so,
                    ):  # fmt: skip
                        is_wanted = 1
                    first_s = first_entry_s(meter, m, is_wanted, now)
                    if first_s > now:
                        call(events, station, s, first_s)
                    if first_s != now:
                        break
                    enter_section(meter, m, factor_ppm, now)
                    q = first_queue(queue_first, s, classes)
                    t = take_first(trav, queue_first, queue_last, station, s, q, now)
                    i = t - first_vehicle
                    e, request_s = vehicle[i, V_ELEMENT], trav[t, T_REQUEST]
                    place, move_s = element[e, E_PLACE], element[e, E_MOVE]
                    if request_s < now:
                        book_wait(
                            trav, share, ledger, run, sizes, station, spell,
                            t, s, PATH_CAUSE, request_s, now,
                        )  # fmt: skip
                    leave_origin(vehicle, i, room, yard, ready, is_ready, run)
                    begin(
                        trav, share, ledger, run, sizes,
                        t, place, MOVING_CAUSE, now, move_s,
                    )  # fmt: skip
                    push(events, now + move_s << 32 | TRAVELLER << KIND_BIT | t)
                    if vehicle[i, V_DEPOT] != NEVER:
                        run_locomotive(vehicle, row_table, visits, events, run, i, now + move_s)
                    write_visit(visits, run[K_VISITS], i, s, request_s, now, now + move_s)
                    run[K_VISITS] += 1
                    left, taken = vehicle[i, V_STAND], element[e, E_STAND]
                    vehicle[i, V_STAND] = taken
                    if left != NEVER:
                        change_stand(stand, loop, loop_caller, ready, is_ready, left, -1)
                    if taken != NEVER:
                        change_stand(stand, loop, loop_caller, ready, is_ready, taken, 1)
                if so != NEVER and station[s, S_LENGTH]:
                    # One that cannot move no longer keeps the other side from following on.
                    is_stuck = not may_move(
                        station, queue_first, vehicle, element, stand, loop, classes,
                        first_vehicle, s,
                    )  # fmt: skip
                    if is_stuck and may_move(
                        station, queue_first, vehicle, element, stand, loop, classes,
                        first_vehicle, so,
                    ):  # fmt: skip
                        mark(ready, is_ready, so)

            elif kind == POOL:
                p = station[s, S_DETAIL]
                v, end, way = pool[p, P_SERVICE], pool[p, P_END], pool[p, P_LEG]
                g, y = service[v, B_FLEET], leg[way, L_YARD]
                x = state_of(service, state, v, now)
                payload_ppm = row_table[station[s, S_ROW], R_PAYLOAD]
                capacity = state[x, X_CAPACITY] * payload_ppm // PPM
                places = (s, s if y == NEVER else yard[y, Y_STATION])
                q_end = (s + 1) * classes
                target = 0
                if g != NEVER:
                    target = fleet_target(fleet, service, state, station, row_table, g)
                while station[s, S_LENGTH]:
                    # Gates: filled, a vehicle at hand, free to depart, open, room (R10, R23).
                    if pool[p, P_FILLED] == NEVER:
                        if not is_filled(pool, service, state, p, x, capacity, now):
                            break
                        pool[p, P_FILLED] = now
                        if pool[p, P_PLACE] != NEVER:
                            pool[p, P_WANTS] = state[x, X_WAGONS]
                            mark(ready, is_ready, place_table[pool[p, P_PLACE], A_STATION])
                    has_vehicle = g == NEVER or is_at_hand(fleet, g, end, target)
                    if pool[p, P_PLACE] != NEVER:
                        has_vehicle = pool[p, P_WAGONS] > 0
                    if pool[p, P_AT_HAND] == NEVER:
                        if not has_vehicle:
                            break
                        pool[p, P_AT_HAND] = now
                    headway_s = service[v, B_HEADWAY]
                    if service[v, B_TIMETABLE]:
                        called_s = service[v, B_DEPARTING_2 + end]
                        if called_s == NEVER or now > called_s + service[v, B_HOLD]:
                            break
                    elif headway_s and now < service[v, B_NEXT_2 + end]:
                        call(events, station, s, service[v, B_NEXT_2 + end])
                        break
                    takes_turns = service[v, B_TIMETABLE] or headway_s
                    if has_vehicle and takes_turns and not has_turn(
                        pool, service, service_pool, state, station, row_table, trav, flow,
                        queue_first, classes, p, x,
                    ):  # fmt: skip
                        break
                    if pool[p, P_FREE] == NEVER:
                        pool[p, P_FREE] = now
                    f = trav[queue_first[first_queue(queue_first, s, classes)], N_FLOW]
                    units = flow[f, O_LOT] * state[x, X_UNIT + flow[f, O_CLASS]]
                    if station[s, S_SHUT] != NEVER or not has_vehicle or units > capacity:
                        break
                    if pool[p, P_OPEN] == NEVER:
                        pool[p, P_OPEN] = now
                    is_claiming, is_refused, limit = False, False, UNLIMITED
                    if y != NEVER and leg[way, L_HOLD] != NEVER:
                        if pool[p, P_HELD]:
                            break
                    elif y != NEVER:
                        if pool[p, P_CLAIM] == CLAIM_WAITS:
                            break
                        if pool[p, P_CLAIM] == CLAIM_GRANTED:
                            limit = pool[p, P_CLAIM_LOAD]
                            if flow[f, O_TEU] > limit:
                                # Too small for a load that has come since and boards first.
                                yard[y, Y_OCCUPIED] -= limit
                                mark(ready, is_ready, yard[y, Y_STATION])
                                pool[p, P_CLAIM], limit = NO_CLAIM, UNLIMITED
                        elif pool[p, P_CLAIM] == CLAIM_REFUSED:
                            is_refused, limit = True, pool[p, P_CLAIM_LOAD]
                        is_claiming = pool[p, P_CLAIM] == NO_CLAIM

                    # Boarding in order; the first that does not fit closes its deck.
                    i = run[K_VEHICLES]
                    tv = first_vehicle + i
                    used[:] = 0
                    open_decks = 0
                    for c in range(LOAD_CLASSES):
                        if pool[p, P_LOAD + c]:
                            open_decks |= 1 << state[x, X_DECK + c]
                    load_teu, first_s, last, boarded = 0, UNLIMITED, NEVER, 0
                    # Who is not among those that joined last is not known ahead.
                    ahead = pool[p, P_JOINED] - min(station[s, S_LENGTH], JOINED)
                    for _ in range(min(FETCHED, pool[p, P_JOINED] - ahead)):
                        fetch(trav, pool_joined[p, ahead & (JOINED - 1)])
                        ahead += 1
                    q = s * classes
                    n = queue_first[q]
                    while open_decks:
                        while n == NEVER and q + 1 < q_end:
                            q += 1
                            n = queue_first[q]
                        if n == NEVER:
                            break
                        after, f = trav[n, T_NEXT], trav[n, N_FLOW]
                        if ahead < pool[p, P_JOINED]:
                            fetch(trav, pool_joined[p, ahead & (JOINED - 1)])
                            ahead += 1
                        deck = state[x, X_DECK + flow[f, O_CLASS]]
                        units = flow[f, O_LOT] * state[x, X_UNIT + flow[f, O_CLASS]]
                        if not open_decks >> deck & 1:
                            n = after
                            continue
                        if used[deck] + units > capacity or flow[f, O_TEU] > limit - load_teu:
                            open_decks &= ~(1 << deck)
                            n = after
                            continue
                        used[deck] += units
                        load_teu += flow[f, O_TEU]
                        if is_claiming:
                            n = after
                            continue
                        joined_s = trav[n, T_REQUEST]
                        first_s = min(first_s, joined_s)
                        take_out(trav, queue_first, queue_last, station, s, q, n, now)
                        book_forming(
                            trav, share, ledger, run, sizes, station, spell,
                            pool, p, vehicle, n, places, now,
                        )  # fmt: skip
                        trav[n, T_ROW] = NEVER
                        if is_refused:
                            write_stay(stays, run[K_STAYS], n, s, joined_s, NEVER, NEVER, NEVER)
                            run[K_STAYS] += 1
                            turn_away(trav, flow, pool, pool_rooms, yard, ready, is_ready, p, n)
                            finish(trav, gone, run, n, now, REFUSED_STORAGE, stop_after)
                            n = after
                            continue
                        write_stay(stays, run[K_STAYS], n, s, joined_s, now, now, i)
                        run[K_STAYS] += 1
                        take_aboard(
                            trav, flow, pool, pool_rooms, vehicle, share, room, recent, run,
                            flows, p, i, tv, n, last, boarded,
                        )  # fmt: skip
                        last, n, boarded = n, after, boarded + 1
                    if is_claiming:
                        pool[p, P_CLAIM], pool[p, P_CLAIM_LOAD] = CLAIM_WAITS, load_teu
                        t = consignments + p
                        to = yard[y, Y_STATION]
                        ask(
                            trav, queue_first, queue_last, station, row_table, ready, is_ready,
                            classes, t, to, now,
                        )  # fmt: skip
                        station[to, S_UNSEEN] += 1
                        mark(ready, is_ready, fleet[g, F_STATION])
                        break
                    if is_refused:
                        pool[p, P_FILLED : P_OPEN + 1] = NEVER
                        pool[p, P_CLAIM] = NO_CLAIM
                        mark(ready, is_ready, s)
                    elif last == NEVER:
                        break
                    else:
                        # The vehicle leaves.
                        run[K_VEHICLES] += 1
                        if pool[p, P_PLACE] != NEVER:
                            vehicle[i, V_WAGONS] = pool[p, P_WAGONS]
                            place_table[leg[way, L_PLACE], A_BOUND] += pool[p, P_WAGONS]
                            pool[p, P_WAGONS] = 0
                        pool_key = mix(service_key[v], station_key[s])
                        vehicle_key[i] = leave_pool(
                            pool, pool_days, service, service_pool, station, leg, vehicle, yard,
                            row_table, ready, is_ready, pool_key, first_day,
                            p, i, load_teu, first_s, now,
                        )  # fmt: skip
                    pool[p, P_OLDEST] = NEVER
                    for q in range(s * classes, q_end):
                        n = queue_first[q]
                        if n != NEVER and (
                            pool[p, P_OLDEST] == NEVER or trav[n, T_REQUEST] < pool[p, P_OLDEST]
                        ):
                            pool[p, P_OLDEST] = trav[n, T_REQUEST]
                    if station[s, S_LENGTH] and state[x, X_WAIT] != NEVER:
                        call(events, station, s, max(now, pool[p, P_OLDEST] + state[x, X_WAIT]))
                    if is_refused:
                        break
                    if g == NEVER:
                        trav[tv, T_NEXT] = run[K_RUNNING]
                        run[K_RUNNING] = tv
                    else:
                        send(fleet, vehicle, vessel, station, run, g, end, i)
                        if fleet[g, F_LYING_2 + end]:
                            mark(ready, is_ready, fleet[g, F_STATION])
                        if station[s, S_LENGTH] and fleet[g, F_LYING_2 + 1 - end]:
                            mark(ready, is_ready, fleet[g, F_STATION])
                is_forming = station[s, S_LENGTH] > 0 and pool[p, P_FILLED] == NEVER
                if is_forming and state[x, X_WAIT] != NEVER:
                    # A state that has just begun may have another longest wait.
                    call(events, station, s, max(now, pool[p, P_OLDEST] + state[x, X_WAIT]))

            elif kind == YARD:
                y = station[s, S_DETAIL]
                while station[s, S_LENGTH] and station[s, S_SHUT] == NEVER:
                    q = first_queue(queue_first, s, classes)
                    t = queue_first[q]
                    i, p = t - first_vehicle, t - consignments
                    is_vehicle = i >= 0
                    load_teu = vehicle[i, V_LOAD] if is_vehicle else pool[p, P_CLAIM_LOAD]
                    occupied = yard[y, Y_OCCUPIED]
                    has_room = not occupied or occupied + load_teu <= yard[y, Y_CAPACITY]
                    if not has_room and not yard[y, Y_REFUSES]:
                        run[K_WATCHING] |= not run[K_STOPPING]
                        break
                    take_first(trav, queue_first, queue_last, station, s, q, now)
                    request_s = trav[t, T_REQUEST]
                    if has_room:
                        yard[y, Y_OCCUPIED] += load_teu
                    if request_s < now:
                        book_wait(
                            trav, share, ledger, run, sizes, station, spell,
                            t, s, STORAGE_CAUSE, request_s, now,
                        )  # fmt: skip
                    if not is_vehicle:
                        station[s, S_UNSEEN] -= 1
                        pool[p, P_CLAIM] = CLAIM_GRANTED if has_room else CLAIM_REFUSED
                        mark(ready, is_ready, pool[p, P_STATION])
                        continue
                    if vehicle[i, V_PHASE] == IN_LONG_HOLD:
                        p = vehicle[i, V_POOL]
                        pool[p, P_HELD] -= 1
                        mark(ready, is_ready, pool[p, P_STATION])
                        if pool[p, P_HELD]:
                            run[K_WATCHING] |= not run[K_STOPPING]
                            pass_on_turn(pool, service, service_pool, ready, is_ready, p)
                    trav[t, T_NEXT] = run[K_RUNNING]
                    run[K_RUNNING] = t
                    vehicle[i, V_PHASE] = TURNED_AWAY
                    if has_room:
                        vehicle[i, V_PHASE], vehicle[i, V_YARD] = FOUND, y
                        write_visit(visits, run[K_VISITS], i, s, request_s, now, now)
                    else:
                        write_visit(visits, run[K_VISITS], i, s, request_s, NEVER, now)
                    run[K_VISITS] += 1

            elif kind == WAGON_POOL:
                grant_wagons(
                    wagon, place_table, place_pool, empty_s, pool, events, ready, is_ready,
                    station[s, S_DETAIL], now,
                )  # fmt: skip

            else:  # FLEET
                g = station[s, S_DETAIL]
                v = fleet[g, F_SERVICE]
                x = service[v, B_STATE]
                target = fleet_target(fleet, service, state, station, row_table, g)
                grant_fleet(
                    fleet, vessel, vehicle, vehicle_key, trav, all_pools, service, leg, state,
                    station, row_table, events, run, g, x, target, service_key[v], first_day,
                    consignments, flow[flows, O_RANK],
                )  # fmt: skip

        else:
            # ------------------------------------------------------ the clock moves
            if run[K_WATCHING]:
                run[K_WATCHING] = 0
                note_gridlock(
                    all_pools, leg, all_yards, trav, vehicle, pool_rooms, room, queue_first,
                    classes, consignments, locks, run,
                )  # fmt: skip
            if run[K_STOPPING]:
                return DONE
            now = min(horizon_s, enters_s, changes_s, events[1] >> 32)
            # Who enters after the pause is not known yet.
            while min(now, run[K_PAUSE]) >= days[DAYS_NEXT]:
                settle_queues(tables.station, tables.queue_max, days, days[DAYS_NEXT])
            if now >= run[K_PAUSE]:
                return PAUSE
            run[K_NOW] = now
            if now >= horizon_s:
                return DONE
