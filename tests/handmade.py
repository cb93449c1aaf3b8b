"""A run small enough to be worked by hand: four consignments, two trains, three days.

A train gathers boxes at `a`, takes a path on the metered link a-b, passes China's gate at
`b` and goes on over the border to `c`, where each box is handled. Lots are 2 TEU. The first
day is warm-up, the second the window [86 400, 172 800), the third run-out.

====  =======  ========  =========================================================
box   created  finished  what befell it
====  =======  ========  =========================================================
-1     82 800   110 400  train 0, handled 3 600 s
1      90 000   108 600  train 0, handled 1 800 s
2     100 000     never  train 1 leaves at 170 000 and still stands in the gate
3     120 000   130 000  refused: no route
====  =======  ========  =========================================================

Train 0 leaves at 93 600, waits 600 s for its path, travels 3 600 s, waits 1 800 s at
the gate, is served 3 600 s, travels 3 600 s to `c` (106 800). Train 1 has its path at
once, is at the gate from 173 600 and is never through.
"""

from typing import Any

import numpy as np

from sim.measures.places import Places
from sim.plan import NEVER, Cause, Effect, Kind, Legend, Plan, Status, Trace

GATE, HANDLING, METER, POOL, TRACK = range(5)
"""Stations by index, and the place of the plain move behind the border."""

PLACES = Places(
    node_id=("a", "b", "c"),
    node_country=("KZ", "KZ", "CN"),
    link_id=("l_ab", "l_bc"),
    link_from=("a", "b"),
    link_to=("b", "c"),
    link_mode=("rail", "rail"),
)


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def plan(**changes: object) -> Plan:
    """Return the plan; fields that no measure reads are empty."""
    empty: dict[str, Any] = dict.fromkeys(Plan._fields, ints())
    filled: dict[str, Any] = {
        "horizon_s": 259_200,
        "window_start_s": 86_400,
        "window_end_s": 172_800,
        "first_day": 738_885,
        "stop_after_consignments": NEVER,
        "station_kind": ints(Kind.SERVER, Kind.SERVER, Kind.METER, Kind.POOL),
        "station_detail": ints(0, 0, 0, 0),
        "station_batch_max": ints(1, 1, 1, 1),
        "station_couples": ints(0, 0, 0, 0),
        "row_first": ints(0, 1, 2, 3, 4),
        "row_servers": ints(1, 2, 1, 1),
        "meter_paths_milli": ints(10_000),
        "service_fleet": ints(NEVER),
        "state_first": ints(0, 1),
        "pool_leg": ints(0),
        "pool_station": ints(POOL),
        "leg_service": ints(0),
        "element_first": ints(0, 3),
        "element_station": ints(METER, GATE, NEVER),
        "element_place": ints(METER, GATE, TRACK),
        "flow_class": ints(0),
        "flow_lot": ints(2_000),
        "flow_lot_teu": ints(2_000),
        "closure_effect": ints(Effect.SHUT),
        "closure_target_first": ints(0, 1),
        "closure_target": ints(0),
    }
    return Plan(**(empty | filled | changes))


def legend(**changes: object) -> Legend:
    """Return the names."""
    filled: dict[str, Any] = {
        "station_id": ("gate_to_china", "handling_c", "l_ab>", "pool_a"),
        "station_node": ("b", "c", "l_ab", "a"),
        "station_name": ("gate, to China, B", "handling, C", "A to B", "trains, A"),
        "station_kind": ("gate", "handling", "line", "pool"),
        "row_id": ("r_gate", "r_handling", "l_ab>", "pool_a"),
        "place_id": ("gate_to_china", "handling_c", "l_ab>", "pool_a", "l_bc"),
        "place_node": ("b", "c", "l_ab", "a", "l_bc"),
        "service_id": ("shuttle",),
        "leg_name": ("a to c",),
        "leg_service": ("shuttle",),
        "leg_nodes": (("a", "b", "c"),),
        "leg_links": (("l_ab", "l_bc"),),
        "leg_link_forward": ((True, True),),
        "flow_id": ("boxes",),
        "flow_origin": ("a",),
        "flow_destination": ("c",),
        "flow_class": ("box",),
        "flow_commodity": ("containers",),
        "flow_unit": ("teu",),
        "flow_lot": (2.0,),
        "flow_lot_teu": (2.0,),
        "route_id": ("q1",),
        "route_flow": (0,),
        "route_legs": ((0,),),
        "route_usd_per_teu": (1_000.0,),
        "route_co2e_kg_per_teu": (300.0,),
        "route_free_flow_h": (4.0,),
        "route_km": (500.0,),
        "closure_id": ("hours:r_gate",),
        "window_start": "2024-01-02",
        "notes": (),
    }
    return Legend(**(filled | changes))


def causes(**seconds: int) -> list[int]:
    return [seconds.get(c.name.lower(), 0) for c in Cause]


def trace(**changes: object) -> Trace:
    """Return what happened; each row of causes adds up to the consignment's time."""
    ledger = [
        # box 1: 3 600 s, box 2: 70 000 s
        (POOL, Cause.FILLING, NEVER, 73_600),
        # box 3 until it is refused
        (POOL, Cause.CLOSED, NEVER, 10_000),
        (METER, Cause.PATH, NEVER, 600),
        (METER, Cause.MOVING, NEVER, 7_200),
        (GATE, Cause.QUEUE, NEVER, 1_800),
        # box 1: 3 600 s, box 2: from 173 600 to the run's end
        (GATE, Cause.SERVICE, NEVER, 89_200),
        (TRACK, Cause.MOVING, NEVER, 3_600),
        (HANDLING, Cause.SERVICE, NEVER, 1_800),
    ]
    ledger.sort()
    filled: dict[str, Any] = {
        "vehicle_pool": (0, 0),
        "vehicle_departed_s": (93_600, 170_000),
        "vehicle_ended_s": (106_800, NEVER),
        "vehicle_load": (4_000, 2_000),
        "visit_vehicle": (0, 0, 1, 1),
        "visit_station": (METER, GATE, METER, GATE),
        "visit_request_s": (93_600, 97_800, 170_000, 173_600),
        "visit_start_s": (94_200, 99_600, 170_000, 173_600),
        "visit_end_s": (97_800, 103_200, 173_600, NEVER),
        "consignment_flow": (0, 0, 0, 0),
        "consignment_number": (-1, 1, 2, 3),
        "consignment_route": (0, 0, 0, NEVER),
        "consignment_created_s": (82_800, 90_000, 100_000, 120_000),
        "consignment_finished_s": (110_400, 108_600, NEVER, 130_000),
        "consignment_status": (
            Status.DELIVERED,
            Status.DELIVERED,
            Status.INSIDE,
            Status.REFUSED_NO_ROUTE,
        ),
        "consignment_cause_s": (
            causes(filling=10_800, path=600, moving=7_200, queue=1_800, service=7_200),
            causes(filling=3_600, path=600, moving=7_200, queue=1_800, service=5_400),
            causes(filling=70_000, moving=3_600, service=85_600),
            causes(closed=10_000),
        ),
        "stay_consignment": (0, 0, 1, 1, 2),
        "stay_station": (POOL, HANDLING, POOL, HANDLING, POOL),
        "stay_request_s": (82_800, 106_800, 90_000, 106_800, 100_000),
        "stay_start_s": (93_600, 106_800, 93_600, 106_800, 170_000),
        "stay_end_s": (93_600, 110_400, 93_600, 108_600, 170_000),
        "stay_vehicle": (0, NEVER, 0, NEVER, 1),
        "ledger_place": tuple(row[0] for row in ledger),
        "ledger_cause": tuple(row[1] for row in ledger),
        "ledger_closure": tuple(row[2] for row in ledger),
        "ledger_flow": (0,) * len(ledger),
        # the gate is shut in the window's first hour
        "closure_index": (0,),
        "closure_start_s": (86_400,),
        "closure_end_s": (90_000,),
    }
    arrays = {name: np.array(v, dtype=np.int32) for name, v in (filled | changes).items()}
    fixed: dict[str, Any] = {
        "ledger_s": np.array([row[3] for row in ledger], dtype=np.int64),
        "ended_s": 259_200,
        "gridlock": np.empty((0, 5), dtype=np.int32),
    }
    return Trace(**(fixed | arrays))
