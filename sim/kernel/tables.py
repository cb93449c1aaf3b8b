"""A Plan and its Draws as the kernel takes them: one tuple of arrays, always of one type."""

from collections import Counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.plan import NEVER, Draws, Plan

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]


class Tables(NamedTuple):
    """What the kernel reads of a Plan; names and index letters as there."""

    station_kind: Ints
    station_key: Words
    station_detail: Ints
    station_class: Ints
    """(S,) 1: priority counts."""
    station_batch_min: Ints
    station_batch_max: Ints
    station_queue_max: Ints
    row_first: Ints
    row_station: Ints
    row_servers: Ints
    row_law: Ints
    row_mean_fp: Ints
    row_mean_teu_fp: Ints
    row_ref_load: Ints
    row_at_closing: Ints
    row_factor_ppm: Ints
    meter_paths_milli: Ints
    meter_burst: Ints
    meter_headway_s: Ints
    meter_rule: Ints
    meter_opposite: Ints
    meter_clearing_s: Ints
    meter_fleet: Ints
    service_key: Words
    service_fleet: Ints
    service_headway_s: Ints
    service_timetable: Ints
    service_pool_first: Ints
    service_pool: Ints
    """Pools of each service, a list of lists."""
    departure_first: Ints
    departure_s: Ints
    state_first: Ints
    state_from_s: Ints
    state_capacity: Ints
    state_unit: Ints
    state_deck: Ints
    state_min: Ints
    state_max_wait_s: Ints
    state_vehicles: Ints
    pool_station: Ints
    pool_leg: Ints
    pool_service: Ints
    pool_end: Ints
    pool_min_lot: Ints
    pool_min_class: Ints
    leg_yard: Ints
    leg_hold: Ints
    """(L,) element before which the vehicle must have found room, or NEVER (R13)."""
    element_first: Ints
    element_station: Ints
    element_move_s: Ints
    element_place: Ints
    element_ordinal: Ints
    """(E,) how often the leg has named the station before (R3: visit count)."""
    fleet_station: Ints
    fleet_service: Ints
    fleet_pool: Ints
    fleet_leg: Ints
    fleet_berth: Ints
    fleet_handling: Ints
    fleet_turnaround_s: Ints
    fleet_cruise_s: Ints
    yard_station: Ints
    yard_capacity: Ints
    yard_refuses: Ints
    yard_embargo_s: Ints
    flow_class: Ints
    flow_lot: Ints
    flow_lot_teu: Ints
    flow_size: Ints
    flow_rank: Ints
    """(F,) which of the plan's priorities, in ascending order; that of an empty vehicle last."""
    step_first: Ints
    step_station: Ints
    step_ordinal: Ints
    closure_effect: Ints
    closure_value_ppm: Ints
    closure_is_weather: Ints
    closure_target_first: Ints
    closure_target: Ints
    law_table: Ints


class Sent(NamedTuple):
    """What the kernel reads of Draws."""

    created_s: Ints
    entered_s: Ints
    entry: Ints
    """(N,) consignments in order of entering."""
    flow: Ints
    key: Words
    route: Ints
    is_measured: Ints
    """(N,) 1: created in the window."""
    change_s: Ints
    """Beginnings and ends of closures, in order; at one instant, ends come first."""
    change_is_begin: Ints
    change_closure: Ints
    change_began_s: Ints


def tables_of(plan: Plan) -> Tables:
    """Return the plan's arrays, read-only and contiguous, with what follows from them."""
    _, rank = np.unique(np.append(plan.flow_priority, 0), return_inverse=True)
    pool_service = plan.leg_service[plan.pool_leg]
    derived = {
        "station_class": plan.station_priority != 0,
        "row_station": np.repeat(np.arange(len(plan.station_kind)), np.diff(plan.row_first)),
        "service_pool_first": np.searchsorted(
            np.sort(pool_service), np.arange(len(plan.service_key) + 1)
        ),
        "service_pool": np.argsort(pool_service, kind="stable"),
        "pool_service": pool_service,
        "leg_hold": _holds(plan),
        "element_ordinal": _ordinals(plan.element_first, plan.element_station),
        "flow_rank": rank,
        "step_ordinal": _ordinals(plan.step_first, plan.step_station),
    }
    return Tables(
        **{name: _fixed(derived.get(name, getattr(plan, name, None))) for name in Tables._fields}
    )


def sent_of(plan: Plan, draws: Draws) -> Sent:
    """Return the draws' arrays, read-only and contiguous, with what follows from them."""
    created_s = draws.consignment_created_s
    start_s = np.maximum(draws.closure_start_s, 0)
    end_s = draws.closure_end_s
    begins, ends = np.flatnonzero(end_s > start_s), np.flatnonzero(end_s > start_s)
    change_s = np.concatenate((end_s[ends], start_s[begins]))
    is_begin = np.repeat([0, 1], [len(ends), len(begins)])
    index = np.concatenate((ends, begins))
    order = np.lexsort((index, is_begin, change_s))
    return Sent(
        created_s=_fixed(created_s),
        entered_s=_fixed(draws.consignment_entered_s),
        entry=_fixed(np.argsort(draws.consignment_entered_s, kind="stable")),
        flow=_fixed(draws.consignment_flow),
        key=_fixed(draws.consignment_key),
        route=_fixed(draws.consignment_route),
        is_measured=_fixed((created_s >= plan.window_start_s) & (created_s < plan.window_end_s)),
        change_s=_fixed(change_s[order]),
        change_is_begin=_fixed(is_begin[order]),
        change_closure=_fixed(draws.closure_index[index[order]]),
        change_began_s=_fixed(start_s[index[order]]),
    )


def _fixed(array: Any) -> Any:  # noqa: ANN401 - words stay words, all else becomes int64
    """Return an array as the kernel was compiled for: contiguous, read-only, 64 bits."""
    kind = np.uint64 if array.dtype == np.uint64 else np.int64
    fixed = np.ascontiguousarray(array, dtype=kind).view()
    fixed.flags.writeable = False
    return fixed


def _ordinals(first: Ints, station: Ints) -> Ints:
    """Return how often each list has named the same station before."""
    ordinals = np.zeros(len(station), dtype=np.int64)
    for begin, end in zip(first[:-1].tolist(), first[1:].tolist(), strict=True):
        seen: Counter[int] = Counter()
        for at in range(begin, end):
            ordinals[at] = seen[int(station[at])]
            seen[int(station[at])] += 1
    return np.where(station == NEVER, 0, ordinals)


def _holds(plan: Plan) -> Ints:
    """Return the element before which each leg's vehicle must have found room, or NEVER.

    It is the last that moves; a load that goes by vessel to a berth asks before it boards.
    """
    hold = np.full(len(plan.leg_yard), NEVER, dtype=np.int64)
    to_berth = plan.fleet_leg[plan.fleet_berth[:, ::-1] != NEVER]
    for leg in np.flatnonzero(plan.leg_yard != NEVER).tolist():
        if leg not in to_berth:
            elements = slice(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
            moves = np.flatnonzero(plan.element_move_s[elements])
            hold[leg] = elements.start + (moves[-1] if len(moves) else 0)
    return hold
