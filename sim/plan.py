"""The records of the core: what is simulated (Plan), what happened (Trace), names (Legend).

In: nothing. Out: named tuples of flat, read-only integer arrays. The compiler
fills a Plan and a Legend; `draws.draw` fills Draws; an engine turns Plan and
Draws into a Trace; `measures` reads Trace and Legend. Everything below the
compiler is whole seconds since the run's first instant and whole units.

Index letters: S stations, R rows, K sizes, V services, T service states,
P pools, L legs, E elements, G fleets, F flows, Q routes, X steps, C closures,
D breakdowns on busy time, W pools of wagons, A places of wagons,
N stands, O passing loops.
A pair of arrays `thing_first (N + 1,)` and `thing_* (M,)` is a list of lists:
the things of i stand at `thing_first[i]:thing_first[i + 1]`.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Words = NDArray[np.uint64]

NEVER = -1
"""An instant that has not come, an index of nothing, a limit that is not there."""

PPM = 1_000_000
"""Factors are parts per million."""

LOAD_CLASSES = ("box", "bulk", "grain", "truck", "air")
"""Load classes by index (`flow_class`, columns of `state_unit`, `state_deck`)."""


class Kind(IntEnum):
    """What a station is (R1): how it grants, not what it is called in the trade."""

    SERVER = 0
    METER = 1
    POOL = 2
    FLEET = 3
    YARD = 4
    WAGONS = 5


class Effect(IntEnum):
    """What a closure does to the rows it targets (R15)."""

    SHUT = 0
    RATE = 1
    PAYLOAD = 2
    FLEET_MINUS = 3
    BAN = 4


class Cause(IntEnum):
    """Where a consignment's second goes (R23); waiting is all but MOVING and SERVICE."""

    MOVING = 0
    SERVICE = 1
    QUEUE = 2
    FILLING = 3
    WAGONS = 4
    DEPARTURE = 5
    WEATHER = 6
    CLOSED = 7
    STORAGE = 8
    PATH = 9


class AtClosing(IntEnum):
    """What a row does with the service in hand when it shuts (R15)."""

    FINISH = 0
    SUSPEND = 1
    RESTART = 2


class TrackRule(IntEnum):
    """How a metered section gives its train paths (R11)."""

    BUCKET = 0
    SLOTS = 1
    ALTERNATING = 2


class Status(IntEnum):
    """What has become of a consignment at the end of the run (R17)."""

    INSIDE = 0
    DELIVERED = 1
    REFUSED_QUEUE = 2
    REFUSED_BAN = 3
    REFUSED_NO_ROUTE = 4
    REFUSED_STORAGE = 5


class Plan(NamedTuple):
    """One scenario, compiled: everything an engine reads, and no name.

    Invariants: stations stand in byte order of their ids, so a station's index
    is its rank (R1); every station has at least one row; keys are stable hashes
    of ids (R3), never of row numbers; all arrays are read-only and int64 but
    for the keys (uint64).
    """

    # --- time: the run covers [0, horizon_s), the measured window lies inside (R20)
    horizon_s: int
    window_start_s: int
    window_end_s: int
    first_day: int
    """Proleptic ordinal of the corridor date on which second 0 falls (R3)."""
    stop_after_consignments: int
    """End the run when this many are finished, or NEVER."""

    # --- stations (S,)
    station_kind: Ints
    station_key: Words
    station_detail: Ints
    """(S,) index in the table of its kind: meter, pool, fleet, yard, wagons; 0 for a server."""
    station_priority: Ints
    """(S,) 1: smaller priority first (R18); 0: FIFO."""
    station_batch_min: Ints
    station_batch_max: Ints
    """(S,) visits served together by one server; 1 and 1 but for `batch` (R18)."""
    station_queue_max: Ints
    """(S,) most that may wait, or NEVER; one more is refused (R17)."""
    station_blocks: Ints
    """(S,) 1: one more is not refused; a consignment that comes from a server keeps it until
    it is among those that may wait, or served (R18). Servers of batches are not kept."""
    station_share_ppm: Ints
    """(S,) share of its visitors that are served; the others pass at once (R8). PPM: all."""
    station_couples: Ints
    """(S,) 1: a vehicle goes on as soon as it has a server, keeps it until it has run the next
    element of its leg, a meter or a plain move, and the server is back after its drawn time: a
    locomotive (R11)."""

    # --- rows (R,): the parts of a station that open, shut and slow on their own
    row_first: Ints
    row_servers: Ints
    """(R,) servers of the row; 1 for meters, pools, fleets, yards and wagons."""
    row_law: Ints
    """(R, K) index of the law in `law_table` for each size of consignment; a
    vehicle and `per: consignment` have the same in every column (R9)."""
    row_mean_fp: Ints
    """(R, K) mean service time in 1/256 s."""
    row_mean_teu_fp: Ints
    """(R,) mean per TEU in 1/256 s where the row is `per: teu`, else 0 (R12: its rate)."""
    row_ref_load: Ints
    """(R,) thousandths of a TEU on which a `per: train` mean was found, or 0 (R9)."""
    row_at_closing: Ints
    row_slots: Ints
    """(R,) visitors that the row may call to service in one day of its node, or NEVER (R15)."""
    row_midnight_s: Ints
    """(R,) a second at which a day of the node begins, of either sign."""
    row_factor_ppm: Ints
    """(R,) standing rate factor: PPM, or less where background load is carried (R16)."""

    # --- meters (M,): one direction of a section, or a gate that only opens and shuts
    meter_paths_milli: Ints
    """(M,) own train paths in thousandths a day; 0: no limit (R11)."""
    meter_burst: Ints
    """(M,) trains that may enter at the technical headway, b."""
    meter_headway_s: Ints
    meter_rule: Ints
    """(M,) `TrackRule`: token bucket, an even grid of slots, or one track both ways."""
    meter_opposite: Ints
    """(M,) meter of the other direction of an ALTERNATING section, else NEVER."""
    meter_clearing_s: Ints
    """(M,) from the exit of the last train to the entry of one from the other side."""
    meter_fleet: Ints
    """(M,) trains that may follow each other one way while one waits to go the other."""

    # --- services (V,) and their dated states (T,)
    service_key: Words
    service_fleet: Ints
    """(V,) fleet, or NEVER: vehicles are always at hand."""
    service_headway_s: Ints
    """(V,) least gap between departures of the service from one end, 0: none."""
    service_timetable: Ints
    """(V,) 1: departs only at the instants in `departure_s`."""
    service_hold_s: Ints
    """(V,) how long a departure of the timetable waits for its least load, then goes without."""
    departure_first: Ints
    departure_s: Ints
    """Instants of departure, ascending, by service (R10)."""
    state_first: Ints
    state_from_s: Ints
    """(T,) first second of the state; the first state of a service begins at 0."""
    state_capacity: Ints
    """(T,) usable capacity of each deck, in the state's own units (below)."""
    state_unit: Ints
    """(T, 5) units that a thousandth of the load class's amount takes; 0: not carried.
    A lot of `a` thousandths takes `a * state_unit`: exact, so decks never drift (R16)."""
    state_deck: Ints
    """(T, 5) deck (0-3) on which the load class stands."""
    state_min: Ints
    """(T,) least load over all decks in units, or NEVER: only when full (R10)."""
    state_max_wait_s: Ints
    """(T,) longest wait of the oldest, or NEVER."""
    state_vehicles: Ints
    """(T,) vehicles of the fleet, 0 without one (R12)."""
    state_wagons: Ints
    """(T,) wagons that a train takes of its pool of wagons, 0 without one (R12)."""

    # --- pools (P,): where loads gather for a leg
    pool_station: Ints
    pool_leg: Ints
    pool_end: Ints
    """(P,) end of the fleet at which the pool lies, 0 or 1; 0 without a fleet."""
    pool_min_lot: Ints
    """(P,) thousandths of the smallest lot that may join, by its class in `pool_min_class`;
    a vehicle is full when this lot no longer fits (R10)."""
    pool_min_class: Ints

    # --- legs (L,) and their elements (E,): what a vehicle does from departure to handling
    leg_service: Ints
    leg_class: Ints
    """(L,) free for reports: index in `Legend.leg`."""
    element_first: Ints
    element_station: Ints
    """(E,) station visited (server: served; meter: entered), or NEVER: a plain move."""
    element_move_s: Ints
    """(E,) time in motion that follows, 0: none."""
    element_place: Ints
    """(E,) place to which the motion is booked (`Legend.place_id`)."""
    element_stand: Ints
    """(E,) stand that a vehicle takes as it enters this section of one track and keeps until it
    enters the next meter of its leg, or NEVER (R11)."""
    stand_loop: Ints
    """(N,) passing loop of each stand: its trains that go on one way."""
    stand_most: Ints
    loop_tracks: Ints
    """(O,) trains that may be in a passing loop, or bound for it, one way and the other."""

    # --- fleets (G,): vessels, trucks or aircraft that shuttle between two ends (R12)
    fleet_station: Ints
    fleet_service: Ints
    fleet_pool: Ints
    """(G, 2) pool at each end, or NEVER: no load there."""
    fleet_leg: Ints
    """(G, 2) leg that leaves each end."""
    fleet_berth: Ints
    """(G, 2) station at which a vessel moors at each end, or NEVER: none needed."""
    fleet_handling: Ints
    """(G, 2) station that lifts the boxes at each end, or NEVER; boxes are then let go at
    mooring and its rate bounds the call from below."""
    fleet_turnaround_s: Ints
    """(G,) from arrival (or the end of the berth call) to readiness."""
    fleet_cruise_s: Ints
    """(G,) one way without waits, for the rule of empty repositioning."""

    # --- wagons (W,) that several services share, and the places (A,) where they stand (R12)
    wagon_station: Ints
    wagon_place_first: Ints
    """(W + 1,) places of each pool of wagons."""
    wagon_ready: Ints
    """(A,) wagons that are ready there when the run begins."""
    wagon_empty_s: Ints
    """(A, most places of a pool) running time, empty, to each place of the same pool in its
    order; NEVER: no way."""
    pool_wagons: Ints
    """(P,) place (index A) from which the trains of the pool take wagons, or NEVER."""
    leg_wagons: Ints
    """(L,) place (index A) at which the wagons are ready again after the leg, or NEVER."""
    leg_wagons_s: Ints
    """(L,) time from the end of the leg until then."""

    # --- yards (Y,): room in thousandths of a TEU (R13)
    yard_station: Ints
    yard_capacity: Ints
    leg_yard: Ints
    """(L,) yard (index Y) in which the leg's load must find room, or NEVER."""
    yard_refuses: Ints
    yard_embargo_s: Ints

    # --- flows (F,), in byte order of their ids
    flow_key: Words
    flow_class: Ints
    flow_lot: Ints
    """(F,) thousandths of the flow's unit in one consignment."""
    flow_lot_teu: Ints
    """(F,) thousandths of a TEU equivalent of one consignment, for yards and reports."""
    flow_size: Ints
    """(F,) column of `row_law` and `row_mean_fp`."""
    flow_priority: Ints
    flow_patience_s: Ints
    flow_gap_law: Ints
    """(F,) index in `law_table` of the law of the unit gaps (R4)."""
    flow_together: Ints
    """(F,) consignments that come at once."""
    intensity_first: Ints
    intensity_s: Ints
    """Breakpoints in seconds relative to the window's start, by flow."""
    intensity_fp: Ints
    """Cumulative consignments at the breakpoints, fixed point (see `draws`)."""

    # --- routes (Q,) and their steps (X,)
    route_key: Words
    route_flow: Ints
    step_first: Ints
    step_station: Ints
    """(X,) stations a consignment passes in order: servers that serve it by itself, and
    pools, after which it is aboard until its vehicle's leg ends."""
    epoch_start_s: Ints
    """(B,) first second of each span in which the network does not change for routing."""
    choice_first: Ints
    """(B * F + 1,) candidates of flow f in epoch b: list number b * F + f."""
    choice_route: Ints
    choice_log_share: Ints
    """Logarithm of the route's share, fixed point (see `draws`)."""

    # --- closures (C,) and the rows they strike (R15)
    closure_key: Words
    closure_effect: Ints
    closure_value_ppm: Ints
    """(C,) factor for RATE and PAYLOAD; number of vehicles for FLEET_MINUS."""
    closure_is_weather: Ints
    """(C,) 1: booked as WEATHER, 0: as CLOSED."""
    closure_target_first: Ints
    closure_target: Ints
    """Rows struck, by closure."""
    ban_closure: Ints
    """(N,) closures with effect BAN: who would enter while one is in force takes none of its
    routes; who is left without one is refused (R17)."""
    ban_first: Ints
    ban_route: Ints
    """Routes that are banned, by row of `ban_closure`."""
    interval_closure: Ints
    interval_start_s: Ints
    interval_end_s: Ints
    """Closures known in advance (hours, seasons, dated rows): sorted by (start, closure)."""
    random_closure: Ints
    """(N,) closures drawn for each replication, by rate."""
    random_gap_fp: Ints
    """(N,) mean gap between starts within the allowed windows, in 1/256 s; 0: only copies;
    NEVER: one event at the beginning of every window."""
    random_law: Ints
    random_mean_fp: Ints
    random_with: Ints
    """(N,) row of this table whose events are copied, or NEVER."""
    random_with_ppm: Ints
    random_is_up: Ints
    """(N,) 1: the gap runs from the end of an event to the next start, 0: from its start."""
    random_window_first: Ints
    random_window_start_s: Ints
    random_window_end_s: Ints
    """Spans in which events may begin, relative to the window's start, by row."""
    busy_closure: Ints
    """(D,) closures of one row each that strike it only while one of its servers works."""
    busy_gap_law: Ints
    busy_gap_fp: Ints
    """(D,) mean time of work from the end of one to the next, in 1/256 s."""
    busy_law: Ints
    busy_mean_fp: Ints
    """(D,) mean duration in 1/256 s."""

    # --- laws: quantile tables (see `draws`)
    law_table: Ints
    """(N, 3, 65537) one per law and cv."""


class Draws(NamedTuple):
    """What chance decides before a run: arrivals, routes, closures (R3-R5, R15).

    Consignments stand in order of (created, flow, number); that order is their
    index in the Trace and their id where ties are broken (R1).
    """

    consignment_created_s: Ints
    """(N,) seconds, in [0, horizon_s)."""
    consignment_entered_s: Ints
    """(N,) first second with an open route; later than created if it had to wait."""
    consignment_flow: Ints
    consignment_number: Ints
    """(N,) 1, 2, ... from the window's start on, -1, -2, ... back from it (R4)."""
    consignment_key: Words
    consignment_route: Ints
    """(N,) route, or NEVER: refused at `entered`, for want of one or by a ban."""
    consignment_is_banned: Ints
    """(N,) 1: a ban is why it has no route."""
    closure_index: Ints
    closure_start_s: Ints
    closure_end_s: Ints
    """Closures known and drawn before the run, sorted by (start, closure)."""
    busy_gap_key: Words
    busy_length_key: Words
    """(D,) words that with an ordinal, from 1, draw a breakdown's time of work and duration."""


class Trace(NamedTuple):
    """What happened: int32 seconds from the run's first instant, NEVER where it did not (R26).

    Vehicles are numbered in order of departure (instant, then order of grant): one number
    a trip. Vessels that lie at their ends at the start come first, with pool NEVER.
    Visits are sorted by (vehicle or consignment, request, order of travel).
    """

    vehicle_pool: NDArray[np.int32]
    vehicle_departed_s: NDArray[np.int32]
    """Left the pool (boarded and began its leg)."""
    vehicle_ended_s: NDArray[np.int32]
    """End of the leg: its load was let go."""
    vehicle_load: NDArray[np.int32]
    """Thousandths of a TEU equivalent aboard; 0: an empty repositioning."""

    visit_vehicle: NDArray[np.int32]
    visit_station: NDArray[np.int32]
    visit_request_s: NDArray[np.int32]
    visit_start_s: NDArray[np.int32]
    visit_end_s: NDArray[np.int32]
    """Visits of vehicles; at a meter the end is the end of the move. An end without a start: a
    yard turned the vehicle away."""

    consignment_flow: NDArray[np.int32]
    consignment_number: NDArray[np.int32]
    consignment_route: NDArray[np.int32]
    consignment_created_s: NDArray[np.int32]
    consignment_finished_s: NDArray[np.int32]
    consignment_status: NDArray[np.int32]
    consignment_cause_s: NDArray[np.int32]
    """(N, len(Cause)) seconds by cause; the row's sum is its time in the run to the second."""

    stay_consignment: NDArray[np.int32]
    stay_station: NDArray[np.int32]
    stay_request_s: NDArray[np.int32]
    stay_start_s: NDArray[np.int32]
    stay_end_s: NDArray[np.int32]
    stay_vehicle: NDArray[np.int32]
    """Visits of consignments: at a server (vehicle NEVER), or in a pool, whose start and end
    are the departure of `vehicle`."""

    ledger_place: NDArray[np.int32]
    ledger_cause: NDArray[np.int32]
    ledger_closure: NDArray[np.int32]
    """Closure that shut the place (WEATHER, CLOSED), else NEVER."""
    ledger_flow: NDArray[np.int32]
    ledger_s: NDArray[np.int64]
    """Consignment-seconds of the cohort created in the window; rows sorted by the four keys."""

    closure_index: NDArray[np.int32]
    closure_start_s: NDArray[np.int32]
    closure_end_s: NDArray[np.int32]
    """Every closure of the run, those on busy time that came included, sorted by (start,
    closure)."""

    ended_s: int
    """Instant at which the run stopped: the horizon, or earlier (count reached, gridlock)."""
    gridlock: NDArray[np.int32]
    """(M, 5) the cycle of holders, empty if there was none (R14): station of the full yard;
    station of the pool whose load takes room there, or NEVER; number of the held train that
    takes it, or NEVER; station of the yard it waits for; thousandths of a TEU it takes."""


class Legend(NamedTuple):
    """The names behind a Plan's numbers, and what reports need but no engine reads."""

    station_id: tuple[str, ...]
    station_node: tuple[str, ...]
    """Node or link id at which each station stands."""
    station_name: tuple[str, ...]
    """Words for tables: operation, direction and place."""
    station_kind: tuple[str, ...]
    """Operation (gate, customs, gauge_change ...), `line`, `pool`, `fleet`, `yard`, `wagons`."""
    row_id: tuple[str, ...]
    place_id: tuple[str, ...]
    """First the stations in order, then the places of plain moves."""
    place_node: tuple[str, ...]
    service_id: tuple[str, ...]
    leg_name: tuple[str, ...]
    leg_service: tuple[str, ...]
    leg_nodes: tuple[tuple[str, ...], ...]
    leg_links: tuple[tuple[str, ...], ...]
    leg_link_forward: tuple[tuple[bool, ...], ...]
    flow_id: tuple[str, ...]
    flow_origin: tuple[str, ...]
    flow_destination: tuple[str, ...]
    flow_class: tuple[str, ...]
    flow_commodity: tuple[str, ...]
    flow_unit: tuple[str, ...]
    flow_lot: tuple[float, ...]
    """Amount of one consignment in the flow's unit (teu, t, truck)."""
    flow_lot_teu: tuple[float, ...]
    route_id: tuple[str, ...]
    route_flow: tuple[int, ...]
    route_legs: tuple[tuple[int, ...], ...]
    route_usd_per_teu: tuple[float, ...]
    route_co2e_kg_per_teu: tuple[float, ...]
    route_free_flow_h: tuple[float, ...]
    """Sum of means without any wait (R24)."""
    route_km: tuple[float, ...]
    closure_id: tuple[str, ...]
    window_start: str
    """ISO date of the first measured day."""
    notes: tuple[str, ...]
    """What the compiler wants the reader to know: defaults leant on, full places, lots lost."""
    wait_over_s: tuple[int, ...] = ()
    """Waits of which the share of longer ones is reported."""
