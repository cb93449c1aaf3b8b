"""A Plan and its Draws as the kernel takes them: tables of integers, one row a thing.

In: Plan and Draws. Out: `Tables`, fresh for every run, because the kernel keeps what
changes in the same rows (`layout`).
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from sim.kernel import layout as k
from sim.kernel.heap import empty_heap
from sim.plan import NEVER, PPM, Draws, Effect, Kind, Plan

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

DAY_S = 86_400
NO_PAUSE = 1 << 62


class Tables(NamedTuple):
    """What one run of the kernel begins with; letters in brackets as in the Plan."""

    station: Ints
    station_key: Words
    row: Ints
    row_law: Ints
    row_mean_fp: Ints
    meter: Ints
    service: Ints
    service_key: Words
    service_pool: Ints
    """Pools of each service, one after the other."""
    departure_s: Ints
    state: Ints
    pool: Ints
    pool_rooms: Ints
    """(P, Y) room that the load in a pool takes."""
    pool_joined: k.Rows
    """(P, JOINED) who joined each pool last; the last place in use is that before `P_JOINED`."""
    pool_days: NDArray[np.int32]
    """(P, days) vehicles by the day on which their first consignment joined."""
    leg: Ints
    element: Ints
    stand: Ints
    loop: Ints
    loop_caller: Ints
    """Stations that look again when something changes in each loop, loop after loop."""
    fleet: Ints
    wagon: Ints
    place: Ints
    place_pool: Ints
    """Pools that take wagons at each place, one place after the other, by rank."""
    empty_s: Ints
    """(A, places) as `Plan.wagon_empty_s`."""
    yard: Ints
    flow: Ints
    route_step: Ints
    """(Q + 1,) first step of each route."""
    step_station: Ints
    step_ordinal: Ints
    closure: Ints
    closure_target: Ints
    breakdown: Ints
    gap_key: Words
    length_key: Words
    """(D,) from which times of work and durations of breakdowns are drawn."""
    law_table: Ints
    law_middle: NDArray[np.int32]
    """(N, 65537) first rows of `law_table`; the last quantile, for which 32 bits may be too
    few, is never asked for."""
    entry: Ints
    entry_s: Ints
    """(N,) consignments in order of entering, and when they do."""
    change: Ints
    """(M, 4) beginnings and ends of closures in order: instant, 1 for a beginning, closure,
    when it began; at one instant ends come first."""
    row_force: Ints
    """(R, effects) first force of each list."""
    queue_first: Ints
    queue_last: Ints
    """(S x priorities,) first and last traveller of each queue."""
    ready: Ints
    """Heap of the ranks of stations that are ready."""
    is_ready: NDArray[np.bool_]
    used: Ints
    """(decks,) units taken on each deck while a vehicle is boarded."""
    recent: Ints
    """(FETCHED,) who boarded it last."""
    gone: k.Rows
    """(N,) who has finished and is not yet counted."""
    locks: Ints
    """(Y, 5) rows of the gridlock, if there is one."""
    queue_max: Ints
    """(S, D) longest queue on each day of the window, (S, 0) where days are not counted."""
    days: Ints
    """(3,) midnight that comes next in the window, its start and its end (`DAYS_*`)."""
    run: Ints


class _Same:
    """A plan that equals only itself: arrays have no hash."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def __hash__(self) -> int:
        return id(self.plan)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.plan is other.plan


def tables_of(plan: Plan, draws: Draws) -> Tables:
    """Return the tables with which a run of the plan begins."""
    begun: dict[str, NDArray[Any]] = _begun(_Same(plan))._asdict()
    entry = np.argsort(draws.consignment_entered_s, kind="stable")
    fresh = Tables(
        **{name: array.copy() if array.flags.writeable else array for name, array in begun.items()}
    )
    fresh.run[k.K_PROVIDED] = len(draws.consignment_key)
    return fresh._replace(
        gap_key=_words(draws.busy_gap_key),
        length_key=_words(draws.busy_length_key),
        entry=entry,
        entry_s=_ints(draws.consignment_entered_s[entry]),
        change=_changes(draws),
        gone=np.zeros(len(entry), dtype=np.int32),
    )


@lru_cache(maxsize=2)
def _begun(same: _Same) -> Tables:
    """Return the tables with which all runs of a plan begin, before anything is drawn."""
    plan = same.plan
    stations, pools, flow = _stations(plan), _pools(plan), _flows(plan)
    wagon, place, place_pool = _wagons(plan)
    loop, loop_caller = _loops(plan)
    classes = int(flow[:, k.O_RANK].max()) + 1
    service, service_pool = _services(plan)
    rows, breakdown = _rows(plan), _breakdowns(plan)
    _join_breakdowns(stations, rows, breakdown)
    run = np.zeros(k.RUN_COLUMNS, dtype=np.int64)
    run[[k.K_GOING, k.K_RUNNING, k.K_ACTING, k.K_LANDING, k.K_FREE_HAND, k.K_AT_WORK]] = NEVER
    run[k.K_ARRIVED] = NEVER
    run[k.K_PAUSE] = NO_PAUSE
    run[k.K_REACTING] = 1
    return Tables(
        station=stations,
        station_key=_words(plan.station_key),
        row=rows,
        row_law=_ints(plan.row_law),
        row_mean_fp=_ints(plan.row_mean_fp),
        meter=_meters(plan),
        service=service,
        service_key=_words(plan.service_key),
        service_pool=service_pool,
        departure_s=_ints(plan.departure_s),
        state=_states(plan),
        pool=pools,
        pool_rooms=np.zeros((len(pools), len(plan.yard_station)), dtype=np.int64),
        pool_joined=np.zeros((len(pools), k.JOINED), dtype=np.int32),
        pool_days=np.zeros((len(pools), plan.horizon_s // DAY_S + 1), dtype=np.int32),
        leg=_legs(plan),
        element=_elements(plan),
        stand=_stands(plan),
        loop=loop,
        loop_caller=loop_caller,
        fleet=_fleets(plan),
        wagon=wagon,
        place=place,
        place_pool=place_pool,
        empty_s=_ints(plan.wagon_empty_s),
        yard=_yards(plan),
        flow=flow,
        route_step=_ints(plan.step_first),
        step_station=_ints(plan.step_station),
        step_ordinal=_ordinals(plan.step_first, plan.step_station),
        closure=_closures(plan),
        closure_target=_ints(plan.closure_target),
        breakdown=breakdown,
        gap_key=_words([]),
        length_key=_words([]),
        law_table=_read_only(plan.law_table, np.int64),
        law_middle=_read_only(plan.law_table[:, 0], np.int32),
        entry=_ints([]),
        entry_s=_ints([]),
        change=_ints([]),
        row_force=np.full((len(plan.row_servers), len(Effect)), NEVER, dtype=np.int64),
        queue_first=np.full(len(stations) * classes, NEVER, dtype=np.int64),
        queue_last=np.full(len(stations) * classes, NEVER, dtype=np.int64),
        ready=empty_heap(len(stations)),
        is_ready=np.zeros(len(stations), dtype=np.bool_),
        used=np.zeros(4, dtype=np.int64),
        recent=np.zeros(k.FETCHED, dtype=np.int64),
        gone=np.zeros(0, dtype=np.int32),
        locks=np.zeros((len(plan.yard_station), 5), dtype=np.int64),
        queue_max=np.zeros((len(stations), 0), dtype=np.int64),
        days=np.full(3, NO_PAUSE),
        run=run,
    )


# --- stations


def _stations(plan: Plan) -> Ints:
    table = _filled(len(plan.station_kind), k.STATION_COLUMNS)
    table[:, k.S_KIND] = plan.station_kind
    table[:, k.S_DETAIL] = plan.station_detail
    table[:, k.S_CLASS] = plan.station_priority != 0
    table[:, k.S_BATCH_MIN] = plan.station_batch_min
    table[:, k.S_BATCH_MAX] = plan.station_batch_max
    table[:, k.S_QUEUE_MAX] = plan.station_queue_max
    table[:, k.S_ROW] = plan.row_first[:-1]
    table[:, k.S_ROW_END] = plan.row_first[1:]
    table[:, [k.S_LENGTH, k.S_PEAK, k.S_UNSEEN]] = 0
    table[:, k.S_BLOCKS] = plan.station_blocks
    table[:, k.S_BREAKDOWNS] = 0
    table[:, k.S_SHARE] = plan.station_share_ppm
    table[:, k.S_LYING] = 0
    table[:, k.S_COUPLES] = plan.station_couples
    table[:, k.S_GRANTS_ONLY] = _grants_only(plan)
    return table


def _grants_only(plan: Plan) -> NDArray[np.bool_]:
    """Return (S,) which servers have one row, and do nothing but to grant it.

    Others refuse who is too many, let in, call up to a number a day, or have vessels put out.
    """
    stations, rows = np.arange(len(plan.station_kind)), np.diff(plan.row_first)
    calls = np.repeat(stations, rows)[plan.row_slots != NEVER]
    is_other = np.isin(stations, np.append(calls, plan.fleet_berth))
    grants: NDArray[np.bool_] = (
        (plan.station_kind == Kind.SERVER)
        & (rows == 1)
        & (plan.station_queue_max == NEVER)
        & (plan.station_blocks == 0)
        & ~is_other
    )
    return grants


def _rows(plan: Plan) -> Ints:
    table = _filled(len(plan.row_servers), k.ROW_COLUMNS)
    table[:, k.R_STATION] = np.repeat(np.arange(len(plan.station_kind)), np.diff(plan.row_first))
    table[:, k.R_SERVERS] = plan.row_servers
    table[:, k.R_MEAN_TEU] = plan.row_mean_teu_fp
    table[:, k.R_REF_LOAD] = plan.row_ref_load
    table[:, k.R_AT_CLOSING] = plan.row_at_closing
    table[:, k.R_STANDING] = plan.row_factor_ppm
    table[:, k.R_FREE] = plan.row_servers
    table[:, k.R_SHUT] = 0
    table[:, k.R_RATE] = plan.row_factor_ppm
    table[:, k.R_PAYLOAD] = PPM
    table[:, k.R_OUT] = 0
    table[:, k.R_WORKING] = 0
    table[:, k.R_SLOTS] = plan.row_slots
    table[:, k.R_MIDNIGHT] = plan.row_midnight_s
    table[:, k.R_USED] = 0
    return table


def _breakdowns(plan: Plan) -> Ints:
    table = _filled(len(plan.busy_closure), k.BREAKDOWN_COLUMNS)
    table[:, k.D_CLOSURE] = plan.busy_closure
    table[:, k.D_ROW] = plan.closure_target[plan.closure_target_first[plan.busy_closure]]
    table[:, k.D_GAP] = plan.busy_gap_fp
    table[:, k.D_GAP_LAW] = plan.busy_gap_law
    table[:, k.D_LENGTH] = plan.busy_mean_fp
    table[:, k.D_LENGTH_LAW] = plan.busy_law
    table[:, k.D_ORDINAL] = 0
    return table


def _join_breakdowns(stations: Ints, rows: Ints, breakdowns: Ints) -> None:
    """Let rows find their breakdowns, and stations the most that one of their rows has."""
    count = np.bincount(breakdowns[:, k.D_ROW], minlength=len(rows))
    np.maximum.at(stations[:, k.S_BREAKDOWNS], rows[:, k.R_STATION], count)
    for d, row in enumerate(breakdowns[:, k.D_ROW].tolist()):
        breakdowns[d, k.D_NEXT] = rows[row, k.R_BREAKDOWN]
        rows[row, k.R_BREAKDOWN] = d


def _meters(plan: Plan) -> Ints:
    table = np.zeros((len(plan.meter_paths_milli), k.METER_COLUMNS), dtype=np.int64)
    table[:, k.M_PATHS] = plan.meter_paths_milli
    table[:, k.M_BURST] = plan.meter_burst
    table[:, k.M_HEADWAY] = plan.meter_headway_s
    table[:, k.M_RULE] = plan.meter_rule
    table[:, k.M_OPPOSITE] = plan.meter_opposite
    table[:, k.M_CLEARING] = plan.meter_clearing_s
    table[:, k.M_FLEET] = plan.meter_fleet
    station = np.flatnonzero(plan.station_kind == Kind.METER)
    table[plan.station_detail[station], k.M_STATION] = station
    table[:, k.M_FROM] = NEVER
    return table


def _yards(plan: Plan) -> Ints:
    table = np.zeros((len(plan.yard_station), k.YARD_COLUMNS), dtype=np.int64)
    table[:, k.Y_STATION] = plan.yard_station
    table[:, k.Y_CAPACITY] = plan.yard_capacity
    table[:, k.Y_REFUSES] = plan.yard_refuses
    table[:, k.Y_EMBARGO] = plan.yard_embargo_s
    return table


# --- services, pools, legs, fleets


def _services(plan: Plan) -> tuple[Ints, Ints]:
    """Return services, and their pools one after the other."""
    pool_service = plan.leg_service[plan.pool_leg]
    first = np.searchsorted(np.sort(pool_service), np.arange(len(plan.service_key) + 1))
    table = _filled(len(plan.service_key), k.SERVICE_COLUMNS)
    table[:, k.B_FLEET] = plan.service_fleet
    table[:, k.B_HEADWAY] = plan.service_headway_s
    table[:, k.B_TIMETABLE] = plan.service_timetable
    table[:, k.B_HOLD] = plan.service_hold_s
    table[:, k.B_POOL] = first[:-1]
    table[:, k.B_POOL_END] = first[1:]
    table[:, k.B_DEPARTURE] = plan.departure_first[:-1]
    table[:, k.B_DEPARTURE_END] = plan.departure_first[1:]
    table[:, k.B_STATE] = plan.state_first[:-1]
    table[:, k.B_STATE_END] = plan.state_first[1:]
    table[:, k.B_NEXT_2 : k.B_NEXT_2 + 2] = 0
    return table, np.argsort(pool_service, kind="stable")


def _states(plan: Plan) -> Ints:
    table = np.zeros((len(plan.state_from_s), k.STATE_COLUMNS), dtype=np.int64)
    table[:, k.X_FROM] = plan.state_from_s
    table[:, k.X_CAPACITY] = plan.state_capacity
    table[:, k.X_MIN] = plan.state_min
    table[:, k.X_WAIT] = plan.state_max_wait_s
    table[:, k.X_VEHICLES] = plan.state_vehicles
    table[:, k.X_UNIT : k.X_UNIT + 5] = plan.state_unit
    table[:, k.X_DECK : k.X_DECK + 5] = plan.state_deck
    table[:, k.X_WAGONS] = plan.state_wagons
    return table


def _pools(plan: Plan) -> Ints:
    table = _filled(len(plan.pool_station), k.POOL_COLUMNS)
    table[:, k.P_CLAIM] = k.NO_CLAIM
    table[:, k.P_HELD] = 0
    table[:, k.P_LOAD : k.P_LOAD + 5] = 0
    table[:, k.P_STATION] = plan.pool_station
    table[:, k.P_LEG] = plan.pool_leg
    table[:, k.P_SERVICE] = plan.leg_service[plan.pool_leg]
    table[:, k.P_END] = plan.pool_end
    table[:, k.P_MIN_LOT] = plan.pool_min_lot
    table[:, k.P_MIN_CLASS] = plan.pool_min_class
    table[:, k.P_PLACE] = plan.pool_wagons
    table[:, [k.P_WANTS, k.P_WAGONS, k.P_JOINED]] = 0
    return table


def _wagons(plan: Plan) -> tuple[Ints, Ints, Ints]:
    """Return pools of wagons, their places, and the pools that take wagons at each."""
    wagon = np.zeros((len(plan.wagon_station), k.WAGON_COLUMNS), dtype=np.int64)
    wagon[:, k.W_STATION] = plan.wagon_station
    wagon[:, k.W_PLACE] = plan.wagon_place_first[:-1]
    wagon[:, k.W_PLACE_END] = plan.wagon_place_first[1:]
    place = np.zeros((len(plan.wagon_ready), k.PLACE_COLUMNS), dtype=np.int64)
    place[:, k.A_STATION] = np.repeat(plan.wagon_station, np.diff(plan.wagon_place_first))
    place[:, k.A_READY] = plan.wagon_ready
    takes = np.flatnonzero(plan.pool_wagons != NEVER)
    place_pool = takes[np.argsort(plan.pool_wagons[takes], kind="stable")]
    ends = np.searchsorted(plan.pool_wagons[place_pool], np.arange(len(place) + 1))
    place[:, k.A_POOL], place[:, k.A_POOL_END] = ends[:-1], ends[1:]
    return wagon, place, place_pool


def _legs(plan: Plan) -> Ints:
    table = _filled(len(plan.leg_yard), k.LEG_COLUMNS)
    table[:, k.L_ELEMENT] = plan.element_first[:-1]
    table[:, k.L_ELEMENT_END] = plan.element_first[1:]
    table[:, k.L_YARD] = plan.leg_yard
    table[:, k.L_PLACE] = plan.leg_wagons
    table[:, k.L_TURN] = plan.leg_wagons_s
    # A load that goes by vessel to a berth asks before it boards, others before they move last.
    to_berth = plan.fleet_leg.reshape(-1, 2)[plan.fleet_berth.reshape(-1, 2)[:, ::-1] != NEVER]
    for leg in np.flatnonzero(plan.leg_yard != NEVER).tolist():
        if leg not in to_berth:
            first, end = int(plan.element_first[leg]), int(plan.element_first[leg + 1])
            moves = np.flatnonzero(plan.element_move_s[first:end])
            last = first + (int(moves[-1]) if len(moves) else 0)
            # The way through passing loops counts as one section: nobody stands in them for room.
            for element in range(last - 1, first - 1, -1):
                s = int(plan.element_station[element])
                if s != NEVER and plan.station_kind[s] == Kind.METER:
                    if plan.element_stand[element] == NEVER:
                        break
                    last = element
            # A locomotive for the last move is taken when there is room, not before.
            before = int(plan.element_station[last - 1]) if last > first else NEVER
            has_locomotive = before != NEVER and plan.station_couples[before]
            table[leg, k.L_HOLD] = last - 1 if has_locomotive else last
    return table


def _elements(plan: Plan) -> Ints:
    table = np.zeros((len(plan.element_station), k.ELEMENT_COLUMNS), dtype=np.int64)
    table[:, k.E_STATION] = plan.element_station
    table[:, k.E_MOVE] = plan.element_move_s
    table[:, k.E_PLACE] = plan.element_place
    table[:, k.E_STAND] = plan.element_stand
    table[:, k.E_ORDINAL] = _ordinals(plan.element_first, plan.element_station)
    return table


def _stands(plan: Plan) -> Ints:
    table = np.zeros((len(plan.stand_loop), k.STAND_COLUMNS), dtype=np.int64)
    table[:, k.N_LOOP] = plan.stand_loop
    table[:, k.N_MOST] = plan.stand_most
    return table


def _loops(plan: Plan) -> tuple[Ints, Ints]:
    """Return passing loops, and the meters around each, one loop after the other."""
    table = np.zeros((len(plan.loop_tracks), k.LOOP_COLUMNS), dtype=np.int64)
    table[:, k.Z_TRACKS] = plan.loop_tracks
    takes = plan.element_stand != NEVER
    entry = plan.station_detail[plan.element_station[takes]]
    loop_of = np.tile(plan.stand_loop[plan.element_stand[takes]], 2)
    meters = np.concatenate((entry, plan.meter_opposite[entry]))
    station = np.flatnonzero(plan.station_kind == Kind.METER)
    both = (loop_of * len(station) + meters)[meters != NEVER]
    of_loop, meter = np.divmod(np.unique(both), max(1, len(station)))
    ends = np.searchsorted(of_loop, np.arange(len(table) + 1))
    table[:, k.Z_CALLER], table[:, k.Z_CALLER_END] = ends[:-1], ends[1:]
    return table, _ints(station[meter])


def _fleets(plan: Plan) -> Ints:
    table = np.zeros((len(plan.fleet_station), k.FLEET_COLUMNS), dtype=np.int64)
    table[:, k.F_IDLE_2 : k.F_IDLE_2 + 2] = NEVER
    table[:, k.F_IDLE_LAST_2 : k.F_IDLE_LAST_2 + 2] = NEVER
    table[:, [k.F_LAID_FIRST, k.F_LAID_LAST]] = NEVER
    table[:, k.F_STATION] = plan.fleet_station
    table[:, k.F_SERVICE] = plan.fleet_service
    table[:, k.F_TURNAROUND] = plan.fleet_turnaround_s
    table[:, k.F_CRUISE] = plan.fleet_cruise_s
    table[:, k.F_POOL_2 : k.F_POOL_2 + 2] = plan.fleet_pool.reshape(-1, 2)
    table[:, k.F_LEG_2 : k.F_LEG_2 + 2] = plan.fleet_leg.reshape(-1, 2)
    table[:, k.F_BERTH_2 : k.F_BERTH_2 + 2] = plan.fleet_berth.reshape(-1, 2)
    table[:, k.F_HANDLING_2 : k.F_HANDLING_2 + 2] = plan.fleet_handling.reshape(-1, 2)
    return table


# --- flows, consignments, closures


def _flows(plan: Plan) -> Ints:
    """Return flows, and a last row with the priority of vehicles without load."""
    table = np.zeros((len(plan.flow_class) + 1, k.FLOW_COLUMNS), dtype=np.int64)
    table[:-1, k.O_CLASS] = plan.flow_class
    table[:-1, k.O_LOT] = plan.flow_lot
    table[:-1, k.O_TEU] = plan.flow_lot_teu
    table[:-1, k.O_SIZE] = plan.flow_size
    _, table[:, k.O_RANK] = np.unique(np.append(plan.flow_priority, 0), return_inverse=True)
    return table


def routes_of(draws: Draws) -> Ints:
    """Return `(N,)` the route of each consignment, NEVER or BANNED for one that has none."""
    return np.where(draws.consignment_is_banned != 0, k.BANNED, draws.consignment_route)


def _closures(plan: Plan) -> Ints:
    table = np.zeros((len(plan.closure_effect), k.CLOSURE_COLUMNS), dtype=np.int64)
    table[:, k.C_EFFECT] = plan.closure_effect
    table[:, k.C_VALUE] = plan.closure_value_ppm
    table[:, k.C_WEATHER] = plan.closure_is_weather
    table[:, k.C_TARGET] = plan.closure_target_first[:-1]
    table[:, k.C_TARGET_END] = plan.closure_target_first[1:]
    return table


def _changes(draws: Draws) -> Ints:
    start_s, end_s = np.maximum(draws.closure_start_s, 0), draws.closure_end_s
    lasting = np.flatnonzero(end_s > start_s)
    index = np.concatenate((lasting, lasting))
    is_begin = np.repeat([0, 1], len(lasting))
    change_s = np.concatenate((end_s[lasting], start_s[lasting]))
    order = np.lexsort((index, is_begin, change_s))
    columns = (change_s, is_begin, draws.closure_index[index], start_s[index])
    return _ints(np.stack(columns, axis=1)[order])


# --- arrays


def _ordinals(first: Ints, station: Ints) -> Ints:
    """Return how often each list has named the same station before (R3: visit count)."""
    of = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.lexsort((station, of))
    is_new = np.diff(of[order], prepend=NEVER) != 0
    is_new |= np.diff(station[order], prepend=NEVER) != 0
    begin = np.flatnonzero(is_new)
    ordinals = np.empty(len(station), dtype=np.int64)
    ordinals[order] = np.arange(len(order)) - np.repeat(begin, np.diff(begin, append=len(order)))
    return np.where(station == NEVER, 0, ordinals)


def _filled(rows: int, columns: int) -> Ints:
    return np.full((rows, columns), NEVER, dtype=np.int64)


def _ints(array: ArrayLike) -> Ints:
    return np.array(array, dtype=np.int64, order="C")


def _words(array: ArrayLike) -> Words:
    return np.array(array, dtype=np.uint64, order="C")


def _read_only(array: Ints, dtype: DTypeLike) -> NDArray[Any]:
    """Return laws, the one great array, contiguous and read-only: they are not copied again."""
    fixed = np.ascontiguousarray(array, dtype=dtype).view()
    fixed.flags.writeable = False
    return fixed
