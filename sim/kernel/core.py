"""The event loop of the kernel: one flat function over arrays.

Everything of an instant happens first, in any order: it only counts, queues and
marks stations. Then the ready station of least rank grants, what it set in motion
happens, and so on until none is ready (R1). Branches of the loop, in their order:
a consignment goes on, a load is let go, a vehicle or a vessel acts, an event comes,
a consignment enters, a closure begins or ends, a station grants, the clock moves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import draw_s, lift_s, mix, scaled_mean_fp, slowed_s
from sim.kernel.books import CAUSES, SHUT_SINCE, book, book_wait, enlarged
from sim.kernel.closing import (
    book_forming,
    close_queues,
    first_of,
    give_back,
    holders_of,
    is_at_hand,
    leave_origin,
    put_in,
    state_of,
    take_out,
    write_stay,
    write_visit,
)
from sim.kernel.closures import (
    EFFECTS,
    FLEET_MINUS,
    PAYLOAD,
    RATE,
    SHUT,
    holder,
    put_to_work,
    settle_row,
    settle_station,
    take_off,
)
from sim.kernel.gridlock import cycle
from sim.kernel.heap import (
    call,
    grown,
    grown_rows,
    grown_table,
    grown_words,
    mark,
    pop,
    push,
    refilled,
)
from sim.kernel.jit import compiled
from sim.kernel.layout import (
    ALARM,
    ARRIVE,
    AT_SERVER,
    CALLED,
    CALLED_LADEN,
    CLAIM_GRANTED,
    CLAIM_WAITS,
    F_DUE,
    F_IDLE,
    F_LAID_FIRST,
    F_LAID_LAST,
    F_LYING,
    F_NEXT_EMPTY,
    F_SIZE,
    FLEET_COLUMNS,
    FORCE_NEXT,
    FOUND,
    H_CAUSE,
    H_CLOSURE,
    H_DRAWN,
    H_ENDS,
    H_FIRST,
    H_LEFT,
    H_NEXT,
    H_PREV,
    H_ROW,
    H_START,
    H_STOPPED,
    HAND,
    HAND_COLUMNS,
    IN_HOLD,
    IN_LONG_HOLD,
    INDEX_MASK,
    KIND_BIT,
    LAY_UP,
    MARK,
    MOORED,
    MOORING,
    MOVING,
    NO_CLAIM,
    ORDERED,
    P_AT_HAND,
    P_BEFORE,
    P_CLAIM,
    P_CLAIM_LOAD,
    P_FILLED,
    P_FIRST,
    P_FREE,
    P_HELD,
    P_LAST,
    P_LEFT,
    P_LOAD,
    P_OLDEST,
    P_OPEN,
    POOL_COLUMNS,
    REST,
    ROOM_LOAD,
    ROOM_NEXT,
    ROOM_YARD,
    SAIL,
    SHARE_COUNT,
    SHARE_FLOW,
    SHARE_NEXT,
    T_BEGUN,
    T_CLASS,
    T_NEXT,
    T_REQUEST,
    T_ROW,
    T_SHARE,
    T_UNTIL,
    TIMETABLE,
    TO_ELEMENT,
    TRAVELLER,
    TRAVELLER_COLUMNS,
    TURNED_AWAY,
    U_BERTH_ROW,
    U_BERTH_START,
    U_BERTHED,
    U_CALL,
    U_END,
    U_FLEET,
    U_LAID,
    U_NEXT,
    U_PHASE,
    U_SINCE,
    U_TRIP,
    V_ABOARD,
    V_AFTER,
    V_DEPARTED,
    V_ELEMENT,
    V_ENDED,
    V_FILLED,
    V_LEG,
    V_LOAD,
    V_PHASE,
    V_POOL,
    V_ROOM,
    V_VESSEL,
    V_YARD,
    VEHICLE_COLUMNS,
    VESSEL,
    VESSEL_COLUMNS,
)
from sim.kernel.tables import Sent, Tables
from sim.kernel.trips import EMPTY, INITIAL, begin_empty
from sim.plan import NEVER, PPM, AtClosing, Cause, Kind, Status, TrackRule

Ints = NDArray[np.int64]

SERVER = int(Kind.SERVER)
METER = int(Kind.METER)
POOL = int(Kind.POOL)
YARD = int(Kind.YARD)
MOVING_CAUSE = int(Cause.MOVING)
SERVICE_CAUSE = int(Cause.SERVICE)
QUEUE_CAUSE = int(Cause.QUEUE)
CLOSED_CAUSE = int(Cause.CLOSED)
STORAGE_CAUSE = int(Cause.STORAGE)
PATH_CAUSE = int(Cause.PATH)
DELIVERED = int(Status.DELIVERED)
REFUSED_QUEUE = int(Status.REFUSED_QUEUE)
REFUSED_NO_ROUTE = int(Status.REFUSED_NO_ROUTE)
REFUSED_STORAGE = int(Status.REFUSED_STORAGE)
SLOTS = int(TrackRule.SLOTS)
ALTERNATING = int(TrackRule.ALTERNATING)
FINISH = int(AtClosing.FINISH)
RESTART = int(AtClosing.RESTART)

DAY_S = 86_400
DECKS = 4
LOAD_CLASSES = 5
UNITS_PER_PATH = 86_400 * 1000
UNLIMITED = 1 << 62
FREE = 0
"""Head of the unused rows of a linked table."""


class Ended(NamedTuple):
    """What a run leaves behind, before it is put in the order of the Trace."""

    ended_s: int
    is_ledger_full: int
    """1: the ledger had no room for a key; the run is to be repeated with a larger one."""
    ledger: Ints
    cause_s: NDArray[np.int32]
    finished_s: NDArray[np.int32]
    status: NDArray[np.int32]
    vehicle: Ints
    visit: NDArray[np.int32]
    stay: NDArray[np.int32]
    gridlock: Ints


@compiled
def simulate(
    plan: Tables,
    sent: Sent,
    stream: np.uint64,
    horizon_s: int,
    first_day: int,
    stop_after: int,
    ledger_size: int,
) -> Ended:
    """Return what happens in one replication.

    Parameters
    ----------
    plan, sent
        Of `tables_of` and `sent_of`.
    stream
        From which the keys of service times begin (R3).
    horizon_s, first_day, stop_after
        As in the Plan.
    ledger_size
        Keys for which the ledger has room at first, a power of two.
    """
    closure_effect = plan.closure_effect
    closure_is_weather = plan.closure_is_weather
    closure_target = plan.closure_target
    closure_first = plan.closure_target_first
    closure_value_ppm = plan.closure_value_ppm
    departure_first = plan.departure_first
    departure_s = plan.departure_s
    element_first = plan.element_first
    element_move_s = plan.element_move_s
    element_ordinal = plan.element_ordinal
    element_place = plan.element_place
    element_station = plan.element_station
    fleet_berth = plan.fleet_berth
    fleet_cruise_s = plan.fleet_cruise_s
    fleet_handling = plan.fleet_handling
    fleet_leg = plan.fleet_leg
    fleet_pool = plan.fleet_pool
    fleet_service = plan.fleet_service
    fleet_station = plan.fleet_station
    fleet_turnaround_s = plan.fleet_turnaround_s
    flow_class = plan.flow_class
    flow_lot = plan.flow_lot
    flow_lot_teu = plan.flow_lot_teu
    flow_rank = plan.flow_rank
    flow_size = plan.flow_size
    law_table = plan.law_table
    leg_hold = plan.leg_hold
    leg_yard = plan.leg_yard
    meter_burst = plan.meter_burst
    meter_clearing_s = plan.meter_clearing_s
    meter_fleet = plan.meter_fleet
    meter_headway_s = plan.meter_headway_s
    meter_opposite = plan.meter_opposite
    meter_paths_milli = plan.meter_paths_milli
    meter_rule = plan.meter_rule
    pool_end = plan.pool_end
    pool_leg = plan.pool_leg
    pool_min_class = plan.pool_min_class
    pool_min_lot = plan.pool_min_lot
    pool_service = plan.pool_service
    pool_station = plan.pool_station
    row_at_closing = plan.row_at_closing
    row_factor_ppm = plan.row_factor_ppm
    row_first = plan.row_first
    row_law = plan.row_law
    row_mean_fp = plan.row_mean_fp
    row_mean_teu_fp = plan.row_mean_teu_fp
    row_ref_load = plan.row_ref_load
    row_servers = plan.row_servers
    row_station = plan.row_station
    service_fleet = plan.service_fleet
    service_headway_s = plan.service_headway_s
    service_key = plan.service_key
    service_pool = plan.service_pool
    service_pool_first = plan.service_pool_first
    service_timetable = plan.service_timetable
    state_capacity = plan.state_capacity
    state_deck = plan.state_deck
    state_first = plan.state_first
    state_from_s = plan.state_from_s
    state_wait_s = plan.state_max_wait_s
    state_min = plan.state_min
    state_unit = plan.state_unit
    state_vehicles = plan.state_vehicles
    station_batch_max = plan.station_batch_max
    station_batch_min = plan.station_batch_min
    station_class = plan.station_class
    station_detail = plan.station_detail
    station_key = plan.station_key
    station_kind = plan.station_kind
    station_queue_max = plan.station_queue_max
    step_first = plan.step_first
    step_ordinal = plan.step_ordinal
    step_station = plan.step_station
    yard_capacity = plan.yard_capacity
    yard_embargo_s = plan.yard_embargo_s
    yard_refuses = plan.yard_refuses
    yard_station = plan.yard_station
    change_began_s = sent.change_began_s
    change_closure = sent.change_closure
    change_is_begin = sent.change_is_begin
    change_s = sent.change_s
    cons_created_s = sent.created_s
    cons_entered_s = sent.entered_s
    cons_entry = sent.entry
    cons_flow = sent.flow
    cons_is_measured = sent.is_measured
    cons_key = sent.key
    cons_route = sent.route

    stations, rows, pools = len(station_kind), len(row_servers), len(pool_station)
    services, fleets, yards = len(service_fleet), len(fleet_station), len(yard_station)
    flows, consignments = len(flow_class), len(cons_flow)
    sizes = (len(closure_effect), flows)
    classes = 1
    for f in range(flows + 1):
        classes = max(classes, flow_rank[f] + 1)

    station_stream = np.zeros(stations, np.uint64)
    for s in range(stations):
        station_stream[s] = mix(stream, station_key[s])

    # --- travellers
    first_vehicle = consignments + pools
    trav = np.full((first_vehicle + 64, TRAVELLER_COLUMNS), NEVER, np.int64)
    cause_s = np.zeros((first_vehicle + 64, CAUSES), np.int32)
    for n in range(consignments):
        trav[n, T_CLASS] = flow_rank[cons_flow[n]]
        trav[n, T_SHARE] = cons_flow[n] if cons_is_measured[n] else NEVER
    for p in range(pools):
        trav[consignments + p, T_CLASS] = flow_rank[flows]
    cons_step = np.full(consignments, NEVER, np.int64)
    cons_yard = np.full(consignments, NEVER, np.int64)
    finished_s = np.full(consignments, NEVER, np.int32)
    status = np.zeros(consignments, np.int32)
    vehicle = np.full((64, VEHICLE_COLUMNS), NEVER, np.int64)
    vehicle_key = np.zeros(64, np.uint64)
    vessel = np.full((16, VESSEL_COLUMNS), NEVER, np.int64)
    vehicles, vessels = 0, 0

    # --- books
    free_share = flows
    share = np.full((flows + 1, 3), NEVER, np.int64)
    for f in range(flows):
        share[f, SHARE_FLOW], share[f, SHARE_COUNT] = f, 1
    share = refilled(share, free_share)
    room = refilled(np.full((1, 3), NEVER, np.int64), FREE)
    force = refilled(np.full((1, 3), NEVER, np.int64), FREE)
    ledger = np.zeros((ledger_size, 2), np.int64)
    filled = np.zeros(2, np.int64)
    visits = np.zeros((256, 5), np.int32)
    stays = np.zeros((256, 6), np.int32)
    visit_count, stay_count = 0, 0

    # --- stations
    queue_first = np.full(stations * classes, NEVER, np.int64)
    queue_last = np.full(stations * classes, NEVER, np.int64)
    queue_length = np.zeros(stations, np.int64)
    shut = np.full((stations, 4), NEVER, np.int64)
    spell = np.full((64, 5), NEVER, np.int64)
    spell[0, 0] = 0
    row_now = np.zeros((rows, EFFECTS), np.int64)
    row_free = np.zeros(rows, np.int64)
    for row in range(rows):
        row_now[row, RATE] = row_factor_ppm[row]
        row_now[row, PAYLOAD] = PPM
        row_free[row] = row_servers[row]
    row_force = np.full((rows, EFFECTS), NEVER, np.int64)
    meter_unit = np.zeros(len(meter_paths_milli), np.int64)
    meter_next_s = np.zeros(len(meter_paths_milli), np.int64)
    meter_station = np.full(len(meter_paths_milli), NEVER, np.int64)
    for s in range(stations):
        if station_kind[s] == METER:
            meter_station[station_detail[s]] = s
    section_from = np.full(len(meter_paths_milli), NEVER, np.int64)
    section_inside = np.zeros(len(meter_paths_milli), np.int64)
    section_followed = np.zeros(len(meter_paths_milli), np.int64)
    section_cleared_s = np.zeros(len(meter_paths_milli), np.int64)
    hand = np.full((16, HAND_COLUMNS), NEVER, np.int64)
    hands, free_hand, at_work = 0, NEVER, NEVER
    pool = np.full((pools, POOL_COLUMNS), NEVER, np.int64)
    pool[:, P_LOAD : P_LOAD + LOAD_CLASSES] = 0
    pool[:, P_CLAIM] = NO_CLAIM
    pool[:, P_HELD] = 0
    pool_rooms = np.zeros((pools, yards), np.int64)
    pool_days = np.zeros((pools, horizon_s // DAY_S + 1), np.int32)
    service_state = state_first[:-1].copy()
    service_next_s = np.zeros((services, 2), np.int64)
    service_departing_s = np.full((services, 2), NEVER, np.int64)
    departure_at = departure_first[:-1].copy()
    occupied = np.zeros(yards, np.int64)
    fleet = np.zeros((fleets, FLEET_COLUMNS), np.int64)
    fleet[:, F_IDLE : F_LAID_LAST + 1] = NEVER
    used = np.zeros(DECKS, np.int64)

    # --- what comes and what is ready
    events = np.zeros(256, np.int64)
    ready = np.zeros(stations + 2, np.int64)
    is_ready = np.zeros(stations, np.bool_)
    called_s = np.full(stations, NEVER, np.int64)
    now = 0
    entered, changed, finished = 0, 0, 0
    is_stopping, is_watching = False, False
    going, running, acting, landing = NEVER, NEVER, NEVER, NEVER
    locks = np.zeros((0, 5), np.int64)

    # --- timetables, dated states, vessels at their ends
    for v in range(services):
        if events[0] + pools + fleets + 2 > len(events):
            events = grown(events, pools + fleets + 2)
        at = departure_at[v]
        while at < departure_first[v + 1] and departure_s[at] < 0:
            at += 1
        departure_at[v] = at
        if service_timetable[v] and at < departure_first[v + 1]:
            push(events, departure_s[at] << 32 | TIMETABLE << KIND_BIT | v)
        for state in range(state_first[v] + 1, state_first[v + 1]):
            if events[0] + pools + fleets + 2 > len(events):
                events = grown(events, pools + fleets + 2)
            for at in range(service_pool_first[v], service_pool_first[v + 1]):
                call(events, called_s, pool_station[service_pool[at]], state_from_s[state])
            if service_fleet[v] != NEVER:
                call(events, called_s, fleet_station[service_fleet[v]], state_from_s[state])
    begun = 0

    while True:
        asking, at_station = NEVER, NEVER
        if events[0] + 8 > len(events):
            events = grown(events, 64)
        if going != NEVER:
            # ----------------------------------------------- a consignment goes on
            n = going
            going = trav[n, T_NEXT]
            f = cons_flow[n]
            step = cons_step[n] + 1
            cons_step[n] = step
            if step == step_first[cons_route[n] + 1]:
                finished_s[n] = now
                status[n] = DELIVERED
                finished += 1
                is_stopping |= finished == stop_after
                if cons_yard[n] != NEVER:
                    occupied[cons_yard[n]] -= flow_lot_teu[f]
                    mark(ready, is_ready, yard_station[cons_yard[n]])
                continue
            s = step_station[step]
            asking, at_station = n, s
            if station_kind[s] == POOL:
                p = station_detail[s]
                pool[p, P_LOAD + flow_class[f]] += flow_lot[f]
                if cons_yard[n] != NEVER:
                    pool_rooms[p, cons_yard[n]] += flow_lot_teu[f]
                trav[n, T_ROW] = pool[p, P_BEFORE] if pool[p, P_LEFT] == now else pool[p, P_LAST]
                v = pool_service[p]
                if pool[p, P_OLDEST] == NEVER:
                    pool[p, P_OLDEST] = now
                    state = state_of(service_state, state_first, state_from_s, v, now)
                    if state_wait_s[state] != NEVER:
                        call(events, called_s, s, now + state_wait_s[state])
                g = service_fleet[v]
                if g != NEVER and fleet[g, F_LYING + 1 - pool_end[p]]:
                    mark(ready, is_ready, fleet_station[g])

        elif landing != NEVER:
            # ---------------------------------------------------- a load is let go
            i = landing
            landing = NEVER
            t = first_vehicle + i
            is_turned_away = vehicle[i, V_PHASE] == TURNED_AWAY
            at = trav[t, T_SHARE]
            while at != NEVER:
                after = share[at, SHARE_NEXT]
                share[at, SHARE_NEXT] = share[free_share, SHARE_NEXT]
                share[free_share, SHARE_NEXT] = at
                at = after
            trav[t, T_SHARE] = NEVER
            n = vehicle[i, V_ABOARD]
            vehicle[i, V_ABOARD] = NEVER
            while n != NEVER:
                after = trav[n, T_NEXT]
                for cause in range(CAUSES):
                    cause_s[n, cause] += cause_s[t, cause]
                if is_turned_away:
                    finished_s[n] = now
                    status[n] = REFUSED_STORAGE
                    finished += 1
                    is_stopping |= finished == stop_after
                else:
                    cons_yard[n] = vehicle[i, V_YARD]
                    trav[n, T_NEXT] = going
                    going = n
                n = after
            cause_s[t, :] = 0
            if is_turned_away:
                vehicle[i, V_PHASE] = FOUND
                trav[t, T_NEXT] = running
                running = t
            else:
                vehicle[i, V_ENDED] = now
                leave_origin(vehicle, i, room, occupied, ready, is_ready, yard_station)
            continue

        elif running != NEVER:
            # ------------------------------------------------------ a vehicle acts
            t = running
            running = trav[t, T_NEXT]
            i = t - first_vehicle
            e = vehicle[i, V_ELEMENT]
            phase = vehicle[i, V_PHASE]
            leg = vehicle[i, V_LEG]
            if phase == TURNED_AWAY:
                landing = i
                continue
            is_moving = phase == AT_SERVER and element_move_s[e] > 0
            if not is_moving:
                if phase in (AT_SERVER, MOVING):
                    e += 1
                    vehicle[i, V_ELEMENT] = e
                if e == element_first[leg + 1]:
                    u = vehicle[i, V_VESSEL]
                    if u == NEVER:
                        landing = i
                    else:
                        vessel[u, U_END] = 1 - vessel[u, U_END]
                        vessel[u, U_PHASE] = ARRIVE
                        vessel[u, U_NEXT] = acting
                        acting = u
                    continue
                if e == leg_hold[leg] and phase != FOUND and vehicle[i, V_ABOARD] != NEVER:
                    asking, at_station = t, yard_station[leg_yard[leg]]
                    vehicle[i, V_PHASE] = IN_HOLD
                    until_s = now + yard_embargo_s[leg_yard[leg]]
                    push(events, until_s << 32 | ALARM << KIND_BIT | i)
                elif element_station[e] == NEVER:
                    is_moving = True
                else:
                    asking, at_station = t, element_station[e]
                    is_metered = station_kind[element_station[e]] == METER
                    vehicle[i, V_PHASE] = MOVING if is_metered else AT_SERVER
            if is_moving:
                vehicle[i, V_PHASE] = MOVING
                leave_origin(vehicle, i, room, occupied, ready, is_ready, yard_station)
                move_s = element_move_s[e]
                book(
                    cause_s, trav, share, ledger, filled, sizes,
                    t, element_place[e], MOVING_CAUSE, NEVER, move_s,
                )  # fmt: skip
                trav[t, T_UNTIL] = now + move_s
                trav[t, T_BEGUN] = element_place[e] * CAUSES + MOVING_CAUSE
                push(events, now + move_s << 32 | TRAVELLER << KIND_BIT | t)

        elif acting != NEVER:
            # ------------------------------------------------------- a vessel acts
            u = acting
            acting = vessel[u, U_NEXT]
            g, end, trip = vessel[u, U_FLEET], vessel[u, U_END], vessel[u, U_TRIP]
            berth, handling = fleet_berth[g, end], fleet_handling[g, end]
            phase = vessel[u, U_PHASE]
            t = first_vehicle + trip
            wait_s = NEVER
            if phase == ARRIVE and berth != NEVER:
                asking, at_station = t, berth
                vehicle[trip, V_PHASE] = MOORING
            elif phase == MOORED:
                wait_s = vessel[u, U_CALL]
                if handling == NEVER:
                    vessel[u, U_PHASE] = CALLED_LADEN
                    book(
                        cause_s, trav, share, ledger, filled, sizes,
                        t, berth, SERVICE_CAUSE, NEVER, wait_s,
                    )  # fmt: skip
                    trav[t, T_UNTIL] = now + wait_s
                    trav[t, T_BEGUN] = berth * CAUSES + SERVICE_CAUSE
                else:
                    vessel[u, U_PHASE] = CALLED
                    landing = trip
                    span = (row_first[handling], row_first[handling + 1])
                    wait_s = max(
                        wait_s,
                        lift_s(row_servers, row_mean_teu_fp, row_now, span, vehicle[trip, V_LOAD]),
                    )
            elif phase in (ARRIVE, CALLED_LADEN, CALLED):
                if phase != CALLED:
                    landing = trip
                vessel[u, U_PHASE] = REST
                wait_s = fleet_turnaround_s[g]
            elif phase == REST:
                vessel[u, U_SINCE] = now
                before, after = NEVER, fleet[g, F_IDLE + end]
                while after != NEVER and (
                    vessel[after, U_SINCE] < now or vessel[after, U_TRIP] < trip
                ):
                    before, after = after, vessel[after, U_NEXT]
                vessel[u, U_NEXT] = after
                if before == NEVER:
                    fleet[g, F_IDLE + end] = u
                else:
                    vessel[before, U_NEXT] = u
                fleet[g, F_LYING + end] += 1
                if fleet_pool[g, end] != NEVER:
                    mark(ready, is_ready, pool_station[fleet_pool[g, end]])
                mark(ready, is_ready, fleet_station[g])
            elif phase == ORDERED:
                vessel[u, U_PHASE] = SAIL
                wait_s = 0
                if vessel[u, U_BERTHED] != NEVER and handling != NEVER:
                    load_teu = vehicle[vessel[u, U_BERTHED], V_LOAD] + vehicle[trip, V_LOAD]
                    span = (row_first[handling], row_first[handling + 1])
                    lifted_s = lift_s(row_servers, row_mean_teu_fp, row_now, span, load_teu)
                    wait_s = max(0, vessel[u, U_BERTH_START] + lifted_s - now)
                if wait_s:
                    book(
                        cause_s, trav, share, ledger, filled, sizes,
                        t, berth, SERVICE_CAUSE, NEVER, wait_s,
                    )  # fmt: skip
                    trav[t, T_UNTIL] = now + wait_s
                    trav[t, T_BEGUN] = berth * CAUSES + SERVICE_CAUSE
            else:  # SAIL or LAY_UP
                if vessel[u, U_BERTHED] != NEVER:
                    if visit_count == len(visits):
                        visits = grown_rows(visits, 2 * visit_count)
                    moored = first_vehicle + vessel[u, U_BERTHED]
                    write_visit(visits, visit_count, vessel[u, U_BERTHED], berth, trav[moored, T_REQUEST], vessel[u, U_BERTH_START], now)
                    visit_count += 1
                    row_free[vessel[u, U_BERTH_ROW]] += 1
                    mark(ready, is_ready, berth)
                    vessel[u, U_BERTHED] = NEVER
                if phase == SAIL:
                    vehicle[trip, V_PHASE] = TO_ELEMENT
                    trav[t, T_NEXT] = running
                    running = t
            if wait_s > 0:
                push(events, now + wait_s << 32 | VESSEL << KIND_BIT | u)
            elif wait_s == 0:
                vessel[u, U_NEXT] = acting
                acting = u

        elif events[0] and events[1] >> 32 == now:
            # ------------------------------------------------------ an event comes
            event = pop(events)
            event_kind, index = event >> KIND_BIT & 7, event & INDEX_MASK
            if event_kind == MARK:
                mark(ready, is_ready, index)
            elif event_kind == TRAVELLER:
                row = trav[index, T_ROW]
                if row != NEVER:
                    trav[index, T_ROW] = NEVER
                    row_free[row] += 1
                    mark(ready, is_ready, row_station[row])
                if index < consignments:
                    trav[index, T_NEXT] = going
                    going = index
                else:
                    trav[index, T_NEXT] = running
                    running = index
                    s = element_station[vehicle[index - first_vehicle, V_ELEMENT]]
                    if s != NEVER and station_kind[s] == METER:
                        m = station_detail[s]
                        if meter_rule[m] == ALTERNATING:
                            opposite = meter_opposite[m]
                            section = m if opposite == NEVER else min(m, opposite)
                            section_inside[section] -= 1
                            section_cleared_s[section] = now + meter_clearing_s[m]
                            mark(ready, is_ready, s)
                            call(events, called_s, s, section_cleared_s[section])
                            if opposite not in (NEVER, m):
                                so = meter_station[opposite]
                                mark(ready, is_ready, so)
                                call(events, called_s, so, section_cleared_s[section])
            elif event_kind == HAND:
                if hand[index, H_ENDS] == now and hand[index, H_STOPPED] == NEVER:
                    row = hand[index, H_ROW]
                    s = row_station[row]
                    row_free[row] += 1
                    mark(ready, is_ready, s)
                    t = hand[index, H_FIRST]
                    while t != NEVER:
                        after = trav[t, T_NEXT]
                        if visit_count == len(visits):
                            visits = grown_rows(visits, 2 * visit_count)
                        if stay_count == len(stays):
                            stays = grown_rows(stays, 2 * stay_count)
                        if t >= first_vehicle:
                            write_visit(visits, visit_count, t - first_vehicle, s, trav[t, T_REQUEST], hand[index, H_START], now)
                            visit_count += 1
                            trav[t, T_NEXT] = running
                            running = t
                        else:
                            write_stay(stays, stay_count, t, s, trav[t, T_REQUEST], hand[index, H_START], now, NEVER)
                            stay_count += 1
                            trav[t, T_NEXT] = going
                            going = t
                        t = after
                    before, after = hand[index, H_PREV], hand[index, H_NEXT]
                    if before == NEVER:
                        at_work = after
                    else:
                        hand[before, H_NEXT] = after
                    if after != NEVER:
                        hand[after, H_PREV] = before
                    hand[index, H_ENDS] = NEVER
                    hand[index, H_NEXT] = free_hand
                    free_hand = index
            elif event_kind == TIMETABLE:
                service_departing_s[index, 0] = now
                service_departing_s[index, 1] = now
                for at in range(service_pool_first[index], service_pool_first[index + 1]):
                    mark(ready, is_ready, pool_station[service_pool[at]])
                at = departure_at[index]
                while at < departure_first[index + 1] and departure_s[at] <= now:
                    at += 1
                departure_at[index] = at
                if at < departure_first[index + 1]:
                    push(events, departure_s[at] << 32 | TIMETABLE << KIND_BIT | index)
            elif event_kind == VESSEL:
                vessel[index, U_NEXT] = acting
                acting = index
            elif vehicle[index, V_PHASE] == IN_HOLD:
                vehicle[index, V_PHASE] = IN_LONG_HOLD
                p = vehicle[index, V_POOL]
                pool[p, P_HELD] += 1
                mark(ready, is_ready, pool_station[p])
                is_watching |= not is_stopping
                v = pool_service[p]
                for at in range(service_pool_first[v], service_pool_first[v + 1]):
                    o = service_pool[at]
                    if o != p and pool_end[o] == pool_end[p] and pool[o, P_FILLED] != NEVER:
                        mark(ready, is_ready, pool_station[o])

        elif entered < consignments and cons_entered_s[cons_entry[entered]] == now:
            # ------------------------------------------------- a consignment enters
            n = cons_entry[entered]
            entered += 1
            waited_s = now - cons_created_s[n]
            if waited_s:
                book(
                    cause_s, trav, share, ledger, filled, sizes,
                    n, NEVER, CLOSED_CAUSE, NEVER, waited_s,
                )  # fmt: skip
            if cons_route[n] == NEVER:
                finished_s[n] = now
                status[n] = REFUSED_NO_ROUTE
                finished += 1
                is_stopping |= finished == stop_after
            else:
                cons_step[n] = step_first[cons_route[n]] - 1
                trav[n, T_NEXT] = going
                going = n

        elif changed < len(change_s) and change_s[changed] == now:
            # ---------------------------------------------- a closure begins or ends
            closure = change_closure[changed]
            effect = closure_effect[closure]
            start_s = change_began_s[changed]
            for at in range(closure_first[closure], closure_first[closure + 1]):
                row = closure_target[at]
                s = row_station[row]
                if spell[0, 0] + 1 == len(spell):
                    spell = grown_table(spell, 2 * len(spell))
                if change_is_begin[changed]:
                    if force[FREE, FORCE_NEXT] == NEVER:
                        force = refilled(force, FREE)
                    put_to_work(force, row_force, (row, effect), closure, start_s)
                else:
                    take_off(force, row_force, (row, effect), closure, start_s)
                settle_row(
                    closure_value_ppm, row_factor_ppm, force, row_force, row_now, row
                )
                settle_station(
                    (row_first[s], row_first[s + 1]), closure_is_weather, force, row_force,
                    row_now, shut, spell, s, now,
                )  # fmt: skip
                mark(ready, is_ready, s)
            changed += 1
            h = at_work
            if changed < len(change_s) and change_s[changed] == now:
                h = NEVER
            while h != NEVER:
                # After the last change of an instant services in hand stop or go on.
                row, t = hand[h, H_ROW], hand[h, H_FIRST]
                s = row_station[row]
                if not row_now[row, SHUT] and hand[h, H_STOPPED] != NEVER:
                    left_s = hand[h, H_LEFT]
                    while t != NEVER:
                        book(
                            cause_s, trav, share, ledger, filled, sizes,
                            t, s, hand[h, H_CAUSE], hand[h, H_CLOSURE], now - hand[h, H_STOPPED],
                        )  # fmt: skip
                        book(
                            cause_s, trav, share, ledger, filled, sizes,
                            t, s, SERVICE_CAUSE, NEVER, left_s,
                        )  # fmt: skip
                        trav[t, T_UNTIL] = now + left_s
                        t = trav[t, T_NEXT]
                    hand[h, H_STOPPED] = NEVER
                    hand[h, H_ENDS] = now + left_s
                    if events[0] + 8 > len(events):
                        events = grown(events, 64)
                    push(events, now + left_s << 32 | HAND << KIND_BIT | h)
                elif row_now[row, SHUT] and hand[h, H_STOPPED] == NEVER and hand[h, H_ENDS] > now:
                    while t != NEVER:
                        give_back(cause_s, trav, share, ledger, filled, sizes, t, now)
                        trav[t, T_UNTIL] = now
                        t = trav[t, T_NEXT]
                    if row_at_closing[row] == RESTART:
                        hand[h, H_LEFT] = hand[h, H_DRAWN]
                    else:
                        hand[h, H_LEFT] = hand[h, H_ENDS] - now
                    cause, closure = holder(
                        force, row_force, (row, row + 1), closure_is_weather
                    )
                    hand[h, H_STOPPED], hand[h, H_CAUSE], hand[h, H_CLOSURE] = now, cause, closure
                h = hand[h, H_NEXT]

        elif begun < fleets:
            # ------------------------------------- a fleet begins, vessels at both ends
            g = begun
            begun += 1
            v = fleet_service[g]
            out = row_now[row_first[fleet_station[g]], FLEET_MINUS]
            for k in range(state_vehicles[state_first[v]] - out):
                if vehicles == len(vehicle):
                    vehicle = grown_table(vehicle, 2 * vehicles)
                    vehicle_key = grown_words(vehicle_key, 2 * vehicles)
                    trav = grown_table(trav, first_vehicle + 2 * vehicles)
                    cause_s = grown_rows(cause_s, first_vehicle + 2 * vehicles)
                if vessels == len(vessel):
                    vessel = grown_table(vessel, 2 * vessels)
                vehicle_key[vehicles] = begin_empty(
                    vehicle, fleet, vehicles, g, vessels, INITIAL * 2 + k % 2,
                    service_key[v], (NEVER, NEVER), now, first_day,
                )  # fmt: skip
                trav[first_vehicle + vehicles, T_CLASS] = flow_rank[flows]
                fleet[g, F_SIZE] += 1
                fleet[g, F_DUE + k % 2] += 1
                vessel[vessels, U_END] = k % 2
                vessel[vessels, U_FLEET] = g
                vessel[vessels, U_TRIP] = vehicles
                vessel[vessels, U_PHASE] = ARRIVE
                vessel[vessels, U_NEXT] = acting
                acting = vessels
                vehicles += 1
                vessels += 1

        elif ready[0]:
            # ----------------------------------------------------- a station grants
            s = pop(ready)
            is_ready[s] = False
            need = queue_length[s] + 8
            if events[0] + need >= len(events):
                events = grown(events, need)
            if visit_count + need > len(visits):
                visits = grown_rows(visits, 2 * (visit_count + need))
            if stay_count + need > len(stays):
                stays = grown_rows(stays, 2 * (stay_count + need))
            if 2 * filled[0] > len(ledger):
                ledger = enlarged(ledger)
            q_first = s * classes
            q_end = q_first + (classes if station_class[s] else 1)

            if station_kind[s] == SERVER:
                while queue_length[s] >= station_batch_min[s]:
                    row = row_first[s]
                    while row < row_first[s + 1] and (row_now[row, SHUT] or not row_free[row]):
                        row += 1
                    if row == row_first[s + 1]:
                        break
                    row_free[row] -= 1
                    size = min(station_batch_max[s], queue_length[s])
                    queue_length[s] -= size
                    served_s = 0
                    q = q_first
                    for k in range(size):
                        while queue_first[q] == NEVER:
                            q += 1
                        t = queue_first[q]
                        take_out(trav, queue_first, queue_last, q, t)
                        is_vehicle = t >= first_vehicle
                        i = t - first_vehicle
                        if k == 0:
                            column = 0 if is_vehicle else flow_size[cons_flow[t]]
                            mean_fp = row_mean_fp[row, column]
                            if row_ref_load[row]:
                                load_teu = (
                                    vehicle[i, V_LOAD] if is_vehicle else flow_lot_teu[cons_flow[t]]
                                )
                                mean_fp = scaled_mean_fp(mean_fp, load_teu, row_ref_load[row])
                            key = vehicle_key[i] if is_vehicle else cons_key[t]
                            if is_vehicle and vehicle[i, V_PHASE] == MOORING:
                                ordinal = 0
                            elif is_vehicle:
                                ordinal = element_ordinal[vehicle[i, V_ELEMENT]]
                            else:
                                ordinal = step_ordinal[cons_step[t]]
                            drawn = mix(mix(station_stream[s], key), np.uint64(ordinal))
                            served_s = draw_s(
                                law_table, row_law[row, column], drawn, mean_fp
                            )
                            served_s = slowed_s(served_s, row_now[row, RATE])
                        request_s = trav[t, T_REQUEST]
                        if request_s < now:
                            book_wait(
                                cause_s, trav, share, ledger, filled, sizes, shut, spell,
                                t, s, QUEUE_CAUSE, request_s, now,
                            )  # fmt: skip
                        if is_vehicle and vehicle[i, V_PHASE] == MOORING:
                            u = vehicle[i, V_VESSEL]
                            vessel[u, U_BERTHED] = i
                            vessel[u, U_BERTH_START] = now
                            vessel[u, U_BERTH_ROW] = row
                            vessel[u, U_CALL] = served_s
                            vessel[u, U_PHASE] = MOORED
                            vessel[u, U_NEXT] = acting
                            acting = u
                            continue
                        book(
                            cause_s, trav, share, ledger, filled, sizes,
                            t, s, SERVICE_CAUSE, NEVER, served_s,
                        )  # fmt: skip
                        trav[t, T_UNTIL] = now + served_s
                        trav[t, T_BEGUN] = s * CAUSES + SERVICE_CAUSE
                        if row_at_closing[row] != FINISH:
                            if k == 0:
                                h = free_hand
                                if h == NEVER:
                                    if hands == len(hand):
                                        hand = grown_table(hand, 2 * hands)
                                    h = hands
                                    hands += 1
                                else:
                                    free_hand = hand[h, H_NEXT]
                                hand[h, H_ROW], hand[h, H_FIRST] = row, NEVER
                                hand[h, H_START], hand[h, H_DRAWN] = now, served_s
                                hand[h, H_ENDS], hand[h, H_STOPPED] = now + served_s, NEVER
                                hand[h, H_NEXT], hand[h, H_PREV] = at_work, NEVER
                                if at_work != NEVER:
                                    hand[at_work, H_PREV] = h
                                at_work = h
                                push(events, now + served_s << 32 | HAND << KIND_BIT | h)
                            trav[t, T_NEXT] = hand[at_work, H_FIRST]
                            hand[at_work, H_FIRST] = t
                            continue
                        trav[t, T_ROW] = row if k == 0 else NEVER
                        push(events, now + served_s << 32 | TRAVELLER << KIND_BIT | t)
                        if is_vehicle:
                            write_visit(visits, visit_count, i, s, request_s, now, now + served_s)
                            visit_count += 1
                        else:
                            write_stay(stays, stay_count, t, s, request_s, now, now + served_s, NEVER)
                            stay_count += 1
                queue_max = station_queue_max[s]
                q = q_end - 1
                while queue_max != NEVER and queue_length[s] > queue_max:
                    # Of those that have just come, the last in order.
                    while queue_last[q] == NEVER or trav[queue_last[q], T_REQUEST] < now:
                        q -= 1
                    n = queue_last[q]
                    take_out(trav, queue_first, queue_last, q, n)
                    queue_length[s] -= 1
                    write_stay(stays, stay_count, n, s, trav[n, T_REQUEST], NEVER, NEVER, NEVER)
                    stay_count += 1
                    finished_s[n] = now
                    status[n] = REFUSED_QUEUE
                    finished += 1
                    is_stopping |= finished == stop_after
                    if cons_yard[n] != NEVER:
                        occupied[cons_yard[n]] -= flow_lot_teu[cons_flow[n]]
                        mark(ready, is_ready, yard_station[cons_yard[n]])

            elif station_kind[s] == METER:
                m = station_detail[s]
                units_per_s = meter_paths_milli[m]
                saved = (meter_burst[m] - 1) * UNITS_PER_PATH
                factor_ppm = row_now[row_first[s], RATE]
                opposite = meter_opposite[m]
                section = m if opposite == NEVER else min(m, opposite)
                while queue_length[s] and shut[s, SHUT_SINCE] == NEVER:
                    first_s = now
                    if meter_rule[m] == ALTERNATING:
                        if section_from[section] == m:
                            if section_followed[section] >= meter_fleet[m]:
                                so = s if opposite == NEVER else meter_station[opposite]
                                if so != s and queue_length[so] and shut[so, SHUT_SINCE] == NEVER:
                                    break
                            first_s = max(now, meter_next_s[m])
                        elif section_inside[section]:
                            break
                        else:
                            first_s = max(now, section_cleared_s[section])
                    elif units_per_s and meter_rule[m] == SLOTS:
                        slot = max(now * units_per_s // UNITS_PER_PATH, meter_unit[m])
                        first_s = -(-slot * UNITS_PER_PATH // units_per_s)
                        if first_s < now:
                            first_s = -(-(slot + 1) * UNITS_PER_PATH // units_per_s)
                    elif units_per_s:
                        first_s = -(-(meter_unit[m] - saved) // units_per_s)
                        first_s = max(now, first_s, meter_next_s[m])
                    if first_s > now:
                        call(events, called_s, s, first_s)
                        break
                    q = q_first
                    while queue_first[q] == NEVER:
                        q += 1
                    t = queue_first[q]
                    take_out(trav, queue_first, queue_last, q, t)
                    queue_length[s] -= 1
                    if meter_rule[m] == ALTERNATING:
                        if section_from[section] != m:
                            section_from[section] = m
                            section_followed[section] = 0
                        section_followed[section] += 1
                        section_inside[section] += 1
                        meter_next_s[m] = now + meter_headway_s[m]
                    elif units_per_s and meter_rule[m] == SLOTS:
                        slot = now * units_per_s // UNITS_PER_PATH
                        meter_unit[m] = slot - (-PPM // factor_ppm)
                    elif units_per_s:
                        path = (UNITS_PER_PATH * PPM + factor_ppm // 2) // factor_ppm
                        due, unit = meter_unit[m] - saved, now * units_per_s
                        # A path that fell due within this second was free from then: no drift.
                        begun = due if 0 <= unit - due < units_per_s else unit
                        meter_unit[m] = max(begun, meter_unit[m]) + path
                        headway_s = meter_headway_s[m]
                        meter_next_s[m] = now
                        if headway_s:
                            meter_next_s[m] = now + slowed_s(headway_s, factor_ppm)
                    i = t - first_vehicle
                    e = vehicle[i, V_ELEMENT]
                    request_s, move_s = trav[t, T_REQUEST], element_move_s[e]
                    if request_s < now:
                        book_wait(
                            cause_s, trav, share, ledger, filled, sizes, shut, spell,
                            t, s, PATH_CAUSE, request_s, now,
                        )  # fmt: skip
                    leave_origin(vehicle, i, room, occupied, ready, is_ready, yard_station)
                    book(
                        cause_s, trav, share, ledger, filled, sizes,
                        t, element_place[e], MOVING_CAUSE, NEVER, move_s,
                    )  # fmt: skip
                    trav[t, T_UNTIL] = now + move_s
                    trav[t, T_BEGUN] = element_place[e] * CAUSES + MOVING_CAUSE
                    push(events, now + move_s << 32 | TRAVELLER << KIND_BIT | t)
                    write_visit(visits, visit_count, i, s, request_s, now, now + move_s)
                    visit_count += 1

            elif station_kind[s] == POOL:
                p = station_detail[s]
                v, end, leg = pool_service[p], pool_end[p], pool_leg[p]
                g, yard = service_fleet[v], leg_yard[leg]
                state = state_of(service_state, state_first, state_from_s, v, now)
                capacity = state_capacity[state] * row_now[row_first[s], PAYLOAD] // PPM
                target = 0
                if g != NEVER:
                    out = row_now[row_first[fleet_station[g]], FLEET_MINUS]
                    target = max(0, state_vehicles[state] - out)
                while queue_length[s]:
                    if events[0] + 4 > len(events):
                        events = grown(events, 4)
                    # Gates: filled, a vehicle at hand, free to depart, open, room (R10, R23).
                    if pool[p, P_FILLED] == NEVER:
                        load, on_deck = 0, 0
                        deck = state_deck[state, pool_min_class[p]]
                        for c in range(LOAD_CLASSES):
                            units = pool[p, P_LOAD + c] * state_unit[state, c]
                            load += units
                            if state_deck[state, c] == deck:
                                on_deck += units
                        least = pool_min_lot[p] * state_unit[state, pool_min_class[p]]
                        wait_s = state_wait_s[state]
                        if service_timetable[v] and state_min[state] == NEVER:
                            is_filled = True
                        else:
                            is_filled = (
                                (state_min[state] != NEVER and load >= state_min[state])
                                or (wait_s != NEVER and now - pool[p, P_OLDEST] >= wait_s)
                                or on_deck + least > capacity
                            )
                        if not is_filled:
                            break
                        pool[p, P_FILLED] = now
                    has_vehicle = g == NEVER or is_at_hand(fleet, g, end, target)
                    if pool[p, P_AT_HAND] == NEVER:
                        if not has_vehicle:
                            break
                        pool[p, P_AT_HAND] = now
                    headway_s = service_headway_s[v]
                    if service_timetable[v]:
                        if service_departing_s[v, end] != now:
                            break
                    elif headway_s and now < service_next_s[v, end]:
                        call(events, called_s, s, service_next_s[v, end])
                        break
                    is_next = True
                    if has_vehicle and (service_timetable[v] or headway_s):
                        for at in range(service_pool_first[v], service_pool_first[v + 1]):
                            o = service_pool[at]
                            so = pool_station[o]
                            if (
                                pool_end[o] == end
                                and pool[o, P_AT_HAND] != NEVER
                                and shut[so, SHUT_SINCE] == NEVER
                                and not pool[o, P_HELD]
                                and pool[o, P_CLAIM] != CLAIM_WAITS
                                and (
                                    pool[o, P_FILLED] < pool[p, P_FILLED]
                                    or (pool[o, P_FILLED] == pool[p, P_FILLED] and so < s)
                                )
                            ):
                                f = cons_flow[first_of(queue_first, so, classes)]
                                units = flow_lot[f] * state_unit[state, flow_class[f]]
                                factor_ppm = row_now[row_first[so], PAYLOAD]
                                room_units = state_capacity[state] * factor_ppm // PPM
                                is_next &= units > room_units
                    if not is_next:
                        break
                    if pool[p, P_FREE] == NEVER:
                        pool[p, P_FREE] = now
                    f = cons_flow[first_of(queue_first, s, classes)]
                    is_fitting = flow_lot[f] * state_unit[state, flow_class[f]] <= capacity
                    if shut[s, SHUT_SINCE] != NEVER or not has_vehicle or not is_fitting:
                        break
                    if pool[p, P_OPEN] == NEVER:
                        pool[p, P_OPEN] = now
                    is_claiming, limit = False, UNLIMITED
                    if yard != NEVER and leg_hold[leg] != NEVER:
                        if pool[p, P_HELD]:
                            break
                    elif yard != NEVER:
                        if pool[p, P_CLAIM] == CLAIM_WAITS:
                            break
                        if (
                            pool[p, P_CLAIM] == CLAIM_GRANTED
                            and flow_lot_teu[f] > pool[p, P_CLAIM_LOAD]
                        ):
                            # Too small for a load that has come since and boards first.
                            occupied[yard] -= pool[p, P_CLAIM_LOAD]
                            mark(ready, is_ready, yard_station[yard])
                            pool[p, P_CLAIM] = NO_CLAIM
                        is_claiming = pool[p, P_CLAIM] == NO_CLAIM
                        if not is_claiming:
                            limit = pool[p, P_CLAIM_LOAD]

                    # Boarding in order; the first that does not fit closes its deck.
                    if vehicles == len(vehicle):
                        vehicle = grown_table(vehicle, 2 * vehicles)
                        vehicle_key = grown_words(vehicle_key, 2 * vehicles)
                        trav = grown_table(trav, first_vehicle + 2 * vehicles)
                        cause_s = grown_rows(cause_s, first_vehicle + 2 * vehicles)
                    i = vehicles
                    tv = first_vehicle + i
                    used[:] = 0
                    open_decks = 0
                    for c in range(LOAD_CLASSES):
                        if pool[p, P_LOAD + c]:
                            open_decks |= 1 << state_deck[state, c]
                    load_teu, first_s, best = 0, UNLIMITED, NEVER
                    aboard, last = NEVER, NEVER
                    q = q_first
                    n = queue_first[q]
                    while open_decks:
                        while n == NEVER and q + 1 < q_end:
                            q += 1
                            n = queue_first[q]
                        if n == NEVER:
                            break
                        after = trav[n, T_NEXT]
                        f = cons_flow[n]
                        deck = state_deck[state, flow_class[f]]
                        units = flow_lot[f] * state_unit[state, flow_class[f]]
                        if not open_decks >> deck & 1:
                            n = after
                            continue
                        if used[deck] + units > capacity or flow_lot_teu[f] > limit - load_teu:
                            open_decks &= ~(1 << deck)
                            n = after
                            continue
                        used[deck] += units
                        load_teu += flow_lot_teu[f]
                        if is_claiming:
                            n = after
                            continue
                        take_out(trav, queue_first, queue_last, q, n)
                        queue_length[s] -= 1
                        pool[p, P_LOAD + flow_class[f]] -= flow_lot[f]
                        trav[n, T_NEXT] = NEVER
                        if last == NEVER:
                            aboard = n
                        else:
                            trav[last, T_NEXT] = n
                        last = n
                        joined_s = trav[n, T_REQUEST]
                        first_s = min(first_s, joined_s)
                        if best == NEVER or flow_rank[f] < best:
                            best = flow_rank[f]

                        places = (s, s if yard == NEVER else yard_station[yard])
                        book_forming(
                            pool, p, vehicle, cause_s, trav, share, ledger, filled, sizes,
                            shut, spell, n, places, now,
                        )  # fmt: skip
                        trav[n, T_ROW] = NEVER
                        write_stay(stays, stay_count, n, s, joined_s, now, now, i)
                        stay_count += 1

                        if trav[n, T_SHARE] != NEVER:
                            at = trav[tv, T_SHARE]
                            while at != NEVER and share[at, SHARE_FLOW] != f:
                                at = share[at, SHARE_NEXT]
                            if at == NEVER:
                                if share[free_share, SHARE_NEXT] == NEVER:
                                    share = refilled(share, free_share)
                                at = share[free_share, SHARE_NEXT]
                                share[free_share, SHARE_NEXT] = share[at, SHARE_NEXT]
                                share[at, SHARE_FLOW] = f
                                share[at, SHARE_COUNT] = 0
                                share[at, SHARE_NEXT] = trav[tv, T_SHARE]
                                trav[tv, T_SHARE] = at
                            share[at, SHARE_COUNT] += 1
                        y = cons_yard[n]
                        if y != NEVER:
                            cons_yard[n] = NEVER
                            pool_rooms[p, y] -= flow_lot_teu[f]
                            at = vehicle[i, V_ROOM]
                            while at != NEVER and room[at, ROOM_YARD] != y:
                                at = room[at, ROOM_NEXT]
                            if at == NEVER:
                                if room[FREE, ROOM_NEXT] == NEVER:
                                    room = refilled(room, FREE)
                                at = room[FREE, ROOM_NEXT]
                                room[FREE, ROOM_NEXT] = room[at, ROOM_NEXT]
                                room[at, ROOM_YARD] = y
                                room[at, ROOM_LOAD] = 0
                                room[at, ROOM_NEXT] = vehicle[i, V_ROOM]
                                vehicle[i, V_ROOM] = at
                            room[at, ROOM_LOAD] += flow_lot_teu[f]
                        n = after

                    if is_claiming:
                        asking, at_station = consignments + p, yard_station[yard]
                        pool[p, P_CLAIM] = CLAIM_WAITS
                        pool[p, P_CLAIM_LOAD] = load_teu
                        break
                    if aboard == NEVER:
                        break

                    # The vehicle leaves.
                    vehicles += 1
                    day = first_s // DAY_S
                    pool_days[p, day] += 1
                    key = mix(mix(service_key[v], station_key[s]), np.uint64(first_day + day))
                    vehicle_key[i] = mix(key, np.uint64(pool_days[p, day]))
                    trav[tv, T_CLASS] = best
                    vehicle[i, V_POOL] = p
                    vehicle[i, V_DEPARTED] = now
                    vehicle[i, V_LOAD] = load_teu
                    vehicle[i, V_LEG] = leg
                    vehicle[i, V_ELEMENT] = element_first[leg]
                    vehicle[i, V_PHASE] = TO_ELEMENT
                    vehicle[i, V_ABOARD] = aboard
                    for gate in range(4):
                        vehicle[i, V_FILLED + gate] = pool[p, P_FILLED + gate]
                        pool[p, P_FILLED + gate] = NEVER
                    if pool[p, P_CLAIM] == CLAIM_GRANTED:
                        vehicle[i, V_YARD] = yard
                        occupied[yard] -= pool[p, P_CLAIM_LOAD] - load_teu
                        mark(ready, is_ready, yard_station[yard])
                        pool[p, P_CLAIM] = NO_CLAIM
                    if pool[p, P_LAST] == NEVER:
                        pool[p, P_FIRST] = i
                    else:
                        vehicle[pool[p, P_LAST], V_AFTER] = i
                    if pool[p, P_LEFT] != now:
                        pool[p, P_BEFORE] = pool[p, P_LAST]
                    pool[p, P_LAST], pool[p, P_LEFT] = i, now
                    service_departing_s[v, end] = NEVER
                    if headway_s:
                        gap_s = slowed_s(headway_s, row_now[row_first[s], RATE])
                        service_next_s[v, end] = now + gap_s
                    for at in range(service_pool_first[v], service_pool_first[v + 1]):
                        o = service_pool[at]
                        if o != p and pool_end[o] == end and pool[o, P_FILLED] != NEVER:
                            mark(ready, is_ready, pool_station[o])
                    pool[p, P_OLDEST] = NEVER
                    for q in range(q_first, q_end):
                        n = queue_first[q]
                        if n != NEVER and (
                            pool[p, P_OLDEST] == NEVER or trav[n, T_REQUEST] < pool[p, P_OLDEST]
                        ):
                            pool[p, P_OLDEST] = trav[n, T_REQUEST]
                    if queue_length[s] and state_wait_s[state] != NEVER:
                        until_s = max(now, pool[p, P_OLDEST] + state_wait_s[state])
                        call(events, called_s, s, until_s)
                    if g == NEVER:
                        trav[tv, T_NEXT] = running
                        running = tv
                    else:
                        u = fleet[g, F_IDLE + end]
                        fleet[g, F_IDLE + end] = vessel[u, U_NEXT]
                        fleet[g, F_LYING + end] -= 1
                        fleet[g, F_DUE + end] -= 1
                        fleet[g, F_DUE + 1 - end] += 1
                        vehicle[i, V_VESSEL] = u
                        vessel[u, U_TRIP] = i
                        vessel[u, U_PHASE] = ORDERED
                        vessel[u, U_NEXT] = acting
                        acting = u
                        if queue_length[s] and fleet[g, F_LYING + 1 - end]:
                            mark(ready, is_ready, fleet_station[g])
                if queue_length[s] and pool[p, P_FILLED] == NEVER and state_wait_s[state] != NEVER:
                    # A state that has just begun may have another longest wait.
                    until_s = max(now, pool[p, P_OLDEST] + state_wait_s[state])
                    call(events, called_s, s, until_s)

            elif station_kind[s] == YARD:
                y = station_detail[s]
                while queue_length[s] and shut[s, SHUT_SINCE] == NEVER:
                    q = q_first
                    while queue_first[q] == NEVER:
                        q += 1
                    t = queue_first[q]
                    i, p = t - first_vehicle, t - consignments
                    is_vehicle = t >= first_vehicle
                    load_teu = vehicle[i, V_LOAD] if is_vehicle else pool[p, P_CLAIM_LOAD]
                    has_room = not occupied[y] or occupied[y] + load_teu <= yard_capacity[y]
                    if not has_room and not yard_refuses[y]:
                        is_watching |= not is_stopping
                        break
                    take_out(trav, queue_first, queue_last, q, t)
                    queue_length[s] -= 1
                    request_s = trav[t, T_REQUEST]
                    if has_room:
                        occupied[y] += load_teu
                        if request_s < now:
                            book_wait(
                                cause_s, trav, share, ledger, filled, sizes, shut, spell,
                                t, s, STORAGE_CAUSE, request_s, now,
                            )  # fmt: skip
                    if not is_vehicle:
                        pool[p, P_CLAIM] = CLAIM_GRANTED
                        mark(ready, is_ready, pool_station[p])
                        continue
                    if vehicle[i, V_PHASE] == IN_LONG_HOLD:
                        p = vehicle[i, V_POOL]
                        pool[p, P_HELD] -= 1
                        mark(ready, is_ready, pool_station[p])
                        if pool[p, P_HELD]:
                            is_watching |= not is_stopping
                            v = pool_service[p]
                            for at in range(service_pool_first[v], service_pool_first[v + 1]):
                                o = service_pool[at]
                                is_same_end = o != p and pool_end[o] == pool_end[p]
                                if is_same_end and pool[o, P_FILLED] != NEVER:
                                    mark(ready, is_ready, pool_station[o])
                    vehicle[i, V_PHASE] = FOUND if has_room else TURNED_AWAY
                    trav[t, T_NEXT] = running
                    running = t
                    if has_room:
                        vehicle[i, V_YARD] = y
                        write_visit(visits, visit_count, i, s, request_s, now, now)
                        visit_count += 1

            else:  # FLEET
                g = station_detail[s]
                v = fleet_service[g]
                state = state_of(service_state, state_first, state_from_s, v, now)
                out = row_now[row_first[s], FLEET_MINUS]
                target = max(0, state_vehicles[state] - out)
                need = max(0, target - fleet[g, F_SIZE]) + 2
                if vehicles + need > len(vehicle):
                    vehicle = grown_table(vehicle, 2 * (vehicles + need))
                    vehicle_key = grown_words(vehicle_key, 2 * (vehicles + need))
                    trav = grown_table(trav, first_vehicle + 2 * (vehicles + need))
                    cause_s = grown_rows(cause_s, first_vehicle + 2 * (vehicles + need))
                if vessels + need > len(vessel):
                    vessel = grown_table(vessel, 2 * (vessels + need))
                while fleet[g, F_SIZE] < target:
                    u = fleet[g, F_LAID_FIRST]
                    if u != NEVER:
                        fleet[g, F_LAID_FIRST] = vessel[u, U_LAID]
                    else:
                        u = vessels
                        vessels += 1
                        vessel[u, U_END], vessel[u, U_FLEET] = 0, g
                    end = vessel[u, U_END]
                    vehicle_key[vehicles] = begin_empty(
                        vehicle, fleet, vehicles, g, u, INITIAL * 2 + end,
                        service_key[v], (NEVER, NEVER), now, first_day + now // DAY_S,
                    )  # fmt: skip
                    trav[first_vehicle + vehicles, T_CLASS] = flow_rank[flows]
                    fleet[g, F_SIZE] += 1
                    fleet[g, F_DUE + end] += 1
                    vessel[u, U_TRIP] = vehicles
                    vehicles += 1
                    vessel[u, U_PHASE] = ARRIVE
                    vessel[u, U_NEXT] = acting
                    acting = u
                while fleet[g, F_SIZE] > target and (
                    fleet[g, F_IDLE] != NEVER or fleet[g, F_IDLE + 1] != NEVER
                ):
                    end = 0 if fleet[g, F_IDLE] != NEVER else 1
                    u = fleet[g, F_IDLE + end]
                    fleet[g, F_IDLE + end] = vessel[u, U_NEXT]
                    fleet[g, F_LYING + end] -= 1
                    fleet[g, F_SIZE] -= 1
                    fleet[g, F_DUE + end] -= 1
                    vessel[u, U_LAID] = NEVER
                    if fleet[g, F_LAID_FIRST] == NEVER:
                        fleet[g, F_LAID_FIRST] = u
                    else:
                        vessel[fleet[g, F_LAID_LAST], U_LAID] = u
                    fleet[g, F_LAID_LAST] = u
                    vessel[u, U_PHASE] = LAY_UP
                    vessel[u, U_NEXT] = acting
                    acting = u
                for end in range(2):
                    # An empty vessel goes from `end` to the load at the other (R12).
                    p = fleet_pool[g, 1 - end]
                    if fleet[g, F_IDLE + end] == NEVER or p == NEVER or pool[p, P_OLDEST] == NEVER:
                        continue
                    capacity, wait_s = state_capacity[state], state_wait_s[state]
                    least = capacity if state_min[state] == NEVER else state_min[state]
                    load = 0
                    for c in range(LOAD_CLASSES):
                        load += pool[p, P_LOAD + c] * state_unit[state, c]
                    cruise_s = fleet_cruise_s[g]
                    due = fleet[g, F_DUE + 1 - end]
                    is_wanted = False
                    own = fleet_pool[g, end]
                    if load >= least and own != NEVER and wait_s != NEVER:
                        if pool[own, P_CLAIM] == CLAIM_WAITS:
                            until_s = trav[consignments + own, T_REQUEST] + wait_s
                            is_wanted = now >= until_s
                            if not is_wanted:
                                call(events, called_s, s, until_s)
                    if not is_wanted and load - capacity * due >= least:
                        is_wanted = True
                    elif not is_wanted and not due and wait_s != NEVER:
                        until_s = pool[p, P_OLDEST] + wait_s - cruise_s
                        is_wanted = now >= until_s
                        if not is_wanted:
                            call(events, called_s, s, until_s)
                    if not is_wanted:
                        continue
                    if now < fleet[g, F_NEXT_EMPTY + end]:
                        call(events, called_s, s, fleet[g, F_NEXT_EMPTY + end])
                        continue
                    gap_s = -(-cruise_s // max(1, fleet[g, F_SIZE]))
                    fleet[g, F_NEXT_EMPTY + end] = now + gap_s
                    u = fleet[g, F_IDLE + end]
                    fleet[g, F_IDLE + end] = vessel[u, U_NEXT]
                    fleet[g, F_LYING + end] -= 1
                    fleet[g, F_DUE + end] -= 1
                    fleet[g, F_DUE + 1 - end] += 1
                    i = vehicles
                    vehicles += 1
                    leg = fleet_leg[g, end]
                    vehicle_key[i] = begin_empty(
                        vehicle, fleet, i, g, u, EMPTY * 2 + end,
                        service_key[v], (own, leg), now, first_day + now // DAY_S,
                    )  # fmt: skip
                    trav[first_vehicle + i, T_CLASS] = flow_rank[flows]
                    vehicle[i, V_ELEMENT] = element_first[leg]
                    vessel[u, U_TRIP] = i
                    vessel[u, U_PHASE] = ORDERED
                    vessel[u, U_NEXT] = acting
                    acting = u
                    call(events, called_s, s, fleet[g, F_NEXT_EMPTY + end])

        else:
            # ------------------------------------------------------ the clock moves
            if is_watching:
                is_watching = False
                holders, is_refusing = holders_of(
                    pool_station, pool_leg, leg_yard, yard_station, yard_capacity, trav, vehicle, pool, pool_rooms, room, occupied,
                    queue_first, classes, consignments,
                )  # fmt: skip
                locks = cycle(holders, is_refusing, occupied)
                is_stopping |= len(locks) > 0
            if is_stopping:
                break
            upcoming_s = horizon_s
            if events[0]:
                upcoming_s = min(upcoming_s, events[1] >> 32)
            if entered < consignments:
                upcoming_s = min(upcoming_s, cons_entered_s[cons_entry[entered]])
            if changed < len(change_s):
                upcoming_s = min(upcoming_s, change_s[changed])
            now = upcoming_s
            if now >= horizon_s:
                break

        if asking != NEVER:
            # ---------------------------------------------------- a request is queued
            q = at_station * classes
            if station_class[at_station]:
                q += trav[asking, T_CLASS]
            put_in(trav, queue_first, queue_last, q, asking, now)
            queue_length[at_station] += 1
            mark(ready, is_ready, at_station)

    need = queue_length.sum()
    stays = grown_rows(stays, len(stays) + need)
    visits = grown_rows(visits, len(visits) + need + vessels)
    visit_count, stay_count = close_queues(
        station_kind, station_detail, pool_leg, leg_yard, yard_station, trav, pool, vehicle, cause_s, share, ledger, filled, sizes, shut, spell,
        queue_first, classes, consignments, now, visits, visit_count, stays, stay_count,
    )  # fmt: skip
    h = at_work
    while h != NEVER:
        s, t = row_station[hand[h, H_ROW]], hand[h, H_FIRST]
        visits = grown_rows(visits, len(visits) + station_batch_max[s])
        stays = grown_rows(stays, len(stays) + station_batch_max[s])
        while t != NEVER:
            if hand[h, H_STOPPED] != NEVER:
                book(
                    cause_s, trav, share, ledger, filled, sizes,
                    t, s, hand[h, H_CAUSE], hand[h, H_CLOSURE], now - hand[h, H_STOPPED],
                )  # fmt: skip
            if t >= first_vehicle:
                write_visit(visits, visit_count, t - first_vehicle, s, trav[t, T_REQUEST], hand[h, H_START], NEVER)
                visit_count += 1
            else:
                write_stay(stays, stay_count, t, s, trav[t, T_REQUEST], hand[h, H_START], NEVER, NEVER)
                stay_count += 1
            t = trav[t, T_NEXT]
        h = hand[h, H_NEXT]
    for u in range(vessels):
        if vessel[u, U_BERTHED] != NEVER:
            write_visit(visits, visit_count, vessel[u, U_BERTHED], fleet_berth[vessel[u, U_FLEET], vessel[u, U_END]], trav[first_vehicle + vessel[u, U_BERTHED], T_REQUEST], vessel[u, U_BERTH_START], NEVER)
            visit_count += 1
    for i in range(vehicles):
        if vehicle[i, V_ENDED] == NEVER:
            t = first_vehicle + i
            give_back(cause_s, trav, share, ledger, filled, sizes, t, now)
            n = vehicle[i, V_ABOARD]
            while n != NEVER:
                for cause in range(CAUSES):
                    cause_s[n, cause] += cause_s[t, cause]
                n = trav[n, T_NEXT]
    for k in range(consignments):
        n = cons_entry[k]
        if k < entered and finished_s[n] == NEVER:
            give_back(cause_s, trav, share, ledger, filled, sizes, n, now)
        elif k >= entered and cons_created_s[n] < now:
            book(
                cause_s, trav, share, ledger, filled, sizes,
                n, NEVER, CLOSED_CAUSE, NEVER, now - cons_created_s[n],
            )  # fmt: skip
    return Ended(
        now, filled[1], ledger, cause_s[:consignments], finished_s, status,
        vehicle[:vehicles, :4], visits[:visit_count], stays[:stay_count], locks,
    )  # fmt: skip
