"""Parts into a plan: every id becomes an index, every list of lists two arrays.

In: the parts, in the order of their indices. Out: a `Plan` of read-only arrays.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np

from sim.compiler.clock import Clock
from sim.compiler.closures import Closures
from sim.compiler.flows import FlowPart
from sim.compiler.laws import Laws, cv_of, mean_fp
from sim.compiler.meters import NO_METER, opposite_id
from sim.compiler.parts import CLASSES, Parts, RowPart, StationPart
from sim.compiler.wagons import turn, wagon_id
from sim.draws import stable_key
from sim.draws.arrivals import build_intensity
from sim.draws.choice import log_share_fp
from sim.draws.closures import build_closures
from sim.draws.tables import Ints, Words
from sim.plan import NEVER, PPM, Kind, Plan, TrackRule
from sim.scenario.models import Scenario

MILLI = 1000
Arrays = dict[str, Any]


def assemble(
    scenario: Scenario,
    clock: Clock,
    flows: Sequence[FlowPart],
    parts: Parts,
    closures: Closures,
) -> Plan:
    """Return the plan that the parts make.

    Parameters
    ----------
    scenario, clock
        For the instants of the run.
    flows
        Followed flows, in the order of their index.
    parts, closures
        The rest, by id.
    """
    laws = Laws()
    sizes = _sizes(flows)
    after = scenario.stop.after_consignments
    arrays: Arrays = {
        **_stations(parts),
        **_rows(parts, flows, sizes, laws),
        **_services(parts),
        **_pools_and_legs(parts),
        **_fleets(parts),
        **_wagons(parts),
        **_yards(parts),
        **_flows(flows, sizes, laws),
        **_routes(parts, flows),
        **_closures(parts, closures, laws),
        "law_table": laws.stack(),
    }
    for array in arrays.values():
        array.flags.writeable = False
    return Plan(
        horizon_s=clock.horizon_s,
        window_start_s=clock.start_s,
        window_end_s=clock.end_s,
        first_day=clock.first.toordinal(),
        stop_after_consignments=NEVER if after is None else after,
        **arrays,
    )


def ints(values: Iterable[int]) -> Ints:
    """Return whole numbers as an array."""
    return np.array(list(values), dtype=np.int64)


def keys(ids: Iterable[str]) -> Words:
    """Return the stable keys of ids."""
    return np.array([stable_key(one) for one in ids], dtype=np.uint64)


def firsts(lists: Iterable[Sequence[object]]) -> Ints:
    """Return where each list begins in their concatenation, and its end."""
    return np.concatenate(([0], np.cumsum(ints(len(one) for one in lists)))).astype(np.int64)


def index_of(ids: Iterable[str]) -> dict[str, int]:
    """Return id -> index; the empty id is NEVER."""
    return {"": NEVER, **{one: index for index, one in enumerate(ids)}}


class Size(NamedTuple):
    """What the service of a consignment may depend on: a column of row laws."""

    teu_milli: int
    load_class: int


def _size(flow: FlowPart) -> Size:
    return Size(flow.lot_teu_milli, flow.load_class)


def _sizes(flows: Sequence[FlowPart]) -> tuple[Size, ...]:
    """Return the sizes of consignments in the order of their columns."""
    return tuple(sorted({_size(flow) for flow in flows})) or (Size(MILLI, 0),)


def _stations(parts: Parts) -> Arrays:
    stations = parts.stations
    counts = dict.fromkeys(Kind, 0)
    detail = []
    for station in stations:
        detail.append(0 if station.kind is Kind.SERVER else counts[station.kind])
        counts[station.kind] += 1
    meters = [one.meter or NO_METER for one in stations if one.kind is Kind.METER]
    return {
        "station_kind": ints(one.kind for one in stations),
        "station_key": keys(one.id for one in stations),
        "station_detail": ints(detail),
        "station_priority": ints(one.is_priority for one in stations),
        "station_batch_min": ints(one.batch_min for one in stations),
        "station_batch_max": ints(one.batch_max for one in stations),
        "station_queue_max": ints(one.queue_max for one in stations),
        "station_blocks": ints(one.blocks for one in stations),
        "station_share_ppm": ints(one.share_ppm for one in stations),
        "station_couples": ints(one.couples for one in stations),
        "row_first": firsts([one.rows for one in stations]),
        "meter_paths_milli": ints(one.paths_milli for one in meters),
        "meter_burst": ints(one.burst for one in meters),
        "meter_headway_s": ints(one.headway_s for one in meters),
        "meter_rule": ints(one.rule for one in meters),
        "meter_opposite": ints(_opposites(stations)),
        "meter_clearing_s": ints(one.clearing_s for one in meters),
        "meter_fleet": ints(one.fleet for one in meters),
    }


def _opposites(stations: Sequence[StationPart]) -> list[int]:
    """Return the meter of the other direction of each alternating section, or NEVER."""
    index = index_of(one.id for one in stations if one.kind is Kind.METER)
    rules = {one.id: one.meter.rule for one in stations if one.meter is not None}
    return [
        index.get(opposite_id(one.id), NEVER)
        if rules.get(one.id) is TrackRule.ALTERNATING
        else NEVER
        for one in stations
        if one.kind is Kind.METER
    ]


def _rows(parts: Parts, flows: Sequence[FlowPart], sizes: tuple[Size, ...], laws: Laws) -> Arrays:
    rows = [row for station in parts.stations for row in station.rows]
    served = _served_sizes(parts, flows, sizes)
    used = [
        served.get(station.id, frozenset()) for station in parts.stations for _ in station.rows
    ]
    pairs = [_row_laws(row, sizes, own, laws) for row, own in zip(rows, used, strict=True)]
    return {
        "row_servers": ints(row.servers for row in rows),
        "row_law": np.array([[law for law, _ in row] for row in pairs], dtype=np.int64),
        "row_mean_fp": np.array([[mean for _, mean in row] for row in pairs], dtype=np.int64),
        "row_mean_teu_fp": ints(mean_fp(row.mean_h) if row.is_per_teu else 0 for row in rows),
        "row_ref_load": ints(row.ref_load for row in rows),
        "row_at_closing": ints(row.at_closing for row in rows),
        "row_slots": ints(row.slots for row in rows),
        "row_midnight_s": ints(row.midnight_s for row in rows),
        "row_factor_ppm": ints(parts.row_factor_ppm.get(row.id, PPM) for row in rows),
    }


def _served_sizes(
    parts: Parts, flows: Sequence[FlowPart], sizes: tuple[Size, ...]
) -> dict[str, frozenset[int]]:
    """Return station -> columns of the sizes of consignments that visit it."""
    column = {flow.id: sizes.index(_size(flow)) for flow in flows}
    found: dict[str, set[int]] = {}
    for route in parts.routes:
        for step in route.steps:
            found.setdefault(step, set()).add(column[route.flow])
    return {station: frozenset(columns) for station, columns in found.items()}


def _row_laws(
    row: RowPart, sizes: tuple[Size, ...], used: frozenset[int], laws: Laws
) -> list[tuple[int, int]]:
    """Return law and mean of a row by size: k TEU take k means with cv / sqrt(k) (R9)."""
    if row.mean_h == 0:
        return [(laws.index("deterministic", 0.0), 0)] * len(sizes)
    found: list[tuple[int, int]] = []
    for column, size in enumerate(sizes):
        others = (other for other in row.others if size.load_class in other.classes)
        own = next(others, row)
        teu = size.teu_milli / MILLI if own.is_per_teu else 1.0
        mean = mean_fp(own.mean_h * teu)
        # A size that never comes needs no table of its own.
        cv = own.cv / teu**0.5 if column in used else own.cv
        found.append((laws.index(own.law, cv, mean_fp=mean), mean))
    return found


def _services(parts: Parts) -> Arrays:
    services = parts.services
    states = [state for service in services for state in service.states]
    fleet = index_of(one.service for one in parts.fleets)
    return {
        "service_key": keys(one.id for one in services),
        "service_fleet": ints(fleet.get(one.id, NEVER) for one in services),
        "service_headway_s": ints(one.headway_s for one in services),
        "service_timetable": ints(one.is_timetabled for one in services),
        "service_hold_s": ints(one.hold_s for one in services),
        "departure_first": firsts([one.departures_s for one in services]),
        "departure_s": ints(chain.from_iterable(one.departures_s for one in services)),
        "state_first": firsts([one.states for one in services]),
        "state_from_s": ints(one.from_s for one in states),
        "state_capacity": ints(one.capacity for one in states),
        "state_unit": np.array([one.unit for one in states], np.int64).reshape(-1, CLASSES),
        "state_deck": np.array([one.deck for one in states], np.int64).reshape(-1, CLASSES),
        "state_min": ints(one.least for one in states),
        "state_max_wait_s": ints(one.max_wait_s for one in states),
        "state_vehicles": ints(one.vehicles for one in states),
        "state_wagons": ints(one.wagons for one in states),
    }


def _pools_and_legs(parts: Parts) -> Arrays:
    station = _station_index(parts.stations)
    service = index_of(one.id for one in parts.services)
    leg = index_of(one.id for one in parts.legs)
    yards = index_of(one.id for one in parts.stations if one.kind is Kind.YARD)
    place = index_of(place_ids(parts))
    elements = [element for one in parts.legs for element in one.elements]
    stand = index_of(key for one in parts.loops for key, _ in one.stands)
    return {
        "pool_station": ints(station[one.station] for one in parts.pools),
        "pool_leg": ints(leg[one.leg] for one in parts.pools),
        "pool_end": ints(one.end for one in parts.pools),
        "pool_min_lot": ints(one.lot[0] for one in parts.pools),
        "pool_min_class": ints(one.lot[1] for one in parts.pools),
        "leg_service": ints(service[one.service] for one in parts.legs),
        "leg_class": ints(range(len(parts.legs))),
        "leg_yard": ints(yards[one.yard] for one in parts.legs),
        "element_first": firsts([one.elements for one in parts.legs]),
        "element_station": ints(station[one.station] for one in elements),
        "element_move_s": ints(one.move_s for one in elements),
        "element_place": ints(place[one.place] for one in elements),
        "element_stand": ints(stand[one.stand] for one in elements),
        "stand_loop": ints(loop for loop, one in enumerate(parts.loops) for _ in one.stands),
        "stand_most": ints(most for one in parts.loops for _, most in one.stands),
        "loop_tracks": ints(one.tracks for one in parts.loops),
    }


def place_ids(parts: Parts) -> tuple[str, ...]:
    """Return the places of the ledger: stations in order, then plain moves."""
    stations = [one.id for one in parts.stations]
    moves = {element.place for leg in parts.legs for element in leg.elements} - {*stations}
    return (*stations, *sorted(moves, key=str.encode))


def _station_index(stations: Sequence[StationPart]) -> dict[str, int]:
    return index_of(one.id for one in stations)


def _fleets(parts: Parts) -> Arrays:
    station = _station_index(parts.stations)
    service = index_of(one.id for one in parts.services)
    pool = index_of(one.station for one in parts.pools)
    leg = index_of(one.id for one in parts.legs)

    def ends(index: Mapping[str, int], pairs: Iterable[tuple[str, str]]) -> Ints:
        found = [[index[end] for end in pair] for pair in pairs]
        return np.array(found, dtype=np.int64).reshape(-1, 2)

    fleets = parts.fleets
    return {
        "fleet_station": ints(station[one.station] for one in fleets),
        "fleet_service": ints(service[one.service] for one in fleets),
        "fleet_pool": ends(pool, (one.pools for one in fleets)),
        "fleet_leg": ends(leg, (one.legs for one in fleets)),
        "fleet_berth": ends(station, (one.berths for one in fleets)),
        "fleet_handling": ends(station, (one.handlings for one in fleets)),
        "fleet_turnaround_s": ints(one.turnaround_s for one in fleets),
        "fleet_cruise_s": ints(one.cruise_s for one in fleets),
    }


def _wagons(parts: Parts) -> Arrays:
    """Return the pools of wagons; their stations stand in the order of the parts."""
    station = _station_index(parts.stations)
    place = index_of(f"{one.pool}/{node}" for one in parts.wagons for node in one.places)
    pools = {one.pool: one for one in parts.wagons}
    services = {one.id: one for one in parts.services}
    turns: list[tuple[int, int]] = []
    takes: dict[str, int] = {}
    for leg in parts.legs:
        service = services[leg.service]
        if not service.wagon_pool:
            turns.append((NEVER, 0))
            continue
        turned = turn(leg, pools[service.wagon_pool], service.turnaround_s)
        turns.append((place[f"{service.wagon_pool}/{turned.place}"], turned.after_s))
        takes[leg.id] = place[f"{service.wagon_pool}/{leg.nodes[0]}"]
    most = max((len(one.places) for one in parts.wagons), default=0)
    rows = [row for one in parts.wagons for row in one.empty_s]
    empty_s = [[*row, *[NEVER] * (most - len(row))] for row in rows]
    return {
        "wagon_station": ints(station[wagon_id(one.pool)] for one in parts.wagons),
        "wagon_place_first": firsts([one.places for one in parts.wagons]),
        "wagon_ready": ints(count for one in parts.wagons for count in one.ready),
        "wagon_empty_s": np.array(empty_s, dtype=np.int64).reshape(len(rows), most),
        "pool_wagons": ints(takes.get(one.leg, NEVER) for one in parts.pools),
        "leg_wagons": ints(at for at, _ in turns),
        "leg_wagons_s": ints(after_s for _, after_s in turns),
    }


def _yards(parts: Parts) -> Arrays:
    yards = [one.yard for one in parts.stations if one.yard is not None]
    return {
        "yard_station": ints(
            index for index, one in enumerate(parts.stations) if one.yard is not None
        ),
        "yard_capacity": ints(one.capacity for one in yards),
        "yard_refuses": ints(one.refuses for one in yards),
        "yard_embargo_s": ints(one.embargo_s for one in yards),
    }


def _flows(flows: Sequence[FlowPart], sizes: tuple[Size, ...], laws: Laws) -> Arrays:
    curves = _curves(flows)
    gaps = [
        laws.index(law, cv_of(f"demand {flow.id}", law, flow.row.arrival_cv))
        for flow in flows
        for law in ("deterministic" if flow.row.arrivals_at_h else flow.row.arrival_law,)
    ]
    return {
        "flow_key": keys(flow.id for flow in flows),
        "flow_class": ints(flow.load_class for flow in flows),
        "flow_lot": ints(flow.lot_milli for flow in flows),
        "flow_lot_teu": ints(flow.lot_teu_milli for flow in flows),
        "flow_size": ints(sizes.index(_size(flow)) for flow in flows),
        "flow_priority": ints(flow.row.priority for flow in flows),
        "flow_patience_s": ints(flow.patience_s for flow in flows),
        "flow_gap_law": ints(gaps),
        "flow_together": ints(flow.row.lots_together for flow in flows),
        **curves,
    }


def _curves(flows: Sequence[FlowPart]) -> Arrays:
    """Return the cumulative lots of flows over time (R4)."""
    curves = [
        build_intensity(ints(flow.starts_s), np.array(flow.amounts) / flow.lot) for flow in flows
    ]
    empty = [ints([])]
    return {
        "intensity_first": firsts([curve.time_s.tolist() for curve in curves]),
        "intensity_s": np.concatenate([*empty, *(curve.time_s for curve in curves)]),
        "intensity_fp": np.concatenate([*empty, *(curve.value_fp for curve in curves)]),
    }


def with_demand(plan: Plan, flows: Sequence[FlowPart]) -> Plan:
    """Return a plan whose flows send what the parts say, and are otherwise as they were.

    Parameters
    ----------
    flows
        One for each flow of the plan, in its order.
    """
    return plan._replace(**_curves(flows))


def _routes(parts: Parts, flows: Sequence[FlowPart]) -> Arrays:
    station = _station_index(parts.stations)
    flow = index_of(one.id for one in flows)
    route = {(one.flow, one.id): index for index, one in enumerate(parts.routes)}
    lists = [
        [(route[flows[number].id, one.route], one.share) for one in choices]
        for epoch in parts.choices
        for number, choices in enumerate(epoch)
    ]
    return {
        "route_key": keys(one.key for one in parts.routes),
        "route_flow": ints(flow[one.flow] for one in parts.routes),
        "step_first": firsts([one.steps for one in parts.routes]),
        "step_station": ints(station[step] for one in parts.routes for step in one.steps),
        "epoch_start_s": ints(parts.epochs_s),
        "choice_first": firsts(lists),
        "choice_route": ints(index for one in lists for index, _ in one),
        "choice_log_share": ints(log_share_fp(share) for one in lists for _, share in one),
    }


def _closures(parts: Parts, closures: Closures, laws: Laws) -> Arrays:
    row = index_of(row.id for station in parts.stations for row in station.rows)
    route = {(one.flow, one.id): index for index, one in enumerate(parts.routes)}
    every = closures.all
    bans = [index for index, one in enumerate(every) if one.routes]
    known = sorted(
        (interval.start_s, index, interval.end_s)
        for index, one in enumerate(closures.known)
        for interval in one.intervals
    )
    position = index_of(one.closure.id for one in closures.random)
    drawn = build_closures(
        [
            one.draw._replace(
                law=laws.index(one.law, one.cv, mean_fp=mean_fp(one.draw.mean_h)),
                partner=position[one.partner],
            )
            for one in closures.random
        ]
    )
    return {
        "closure_key": keys(one.id for one in every),
        "closure_effect": ints(one.effect for one in every),
        "closure_value_ppm": ints(one.value_ppm for one in every),
        "closure_is_weather": ints(one.is_weather for one in every),
        "closure_target_first": firsts([one.rows for one in every]),
        "closure_target": ints(row[target] for one in every for target in one.rows),
        "ban_closure": ints(bans),
        "ban_first": firsts([every[index].routes for index in bans]),
        "ban_route": ints(route[one] for index in bans for one in every[index].routes),
        "interval_closure": ints(index for _, index, _ in known),
        "interval_start_s": ints(start_s for start_s, _, _ in known),
        "interval_end_s": ints(end_s for _, _, end_s in known),
        "random_closure": ints(range(len(closures.known), len(every) - len(closures.busy))),
        "random_gap_fp": drawn.gap_mean_fp,
        "random_law": drawn.law,
        "random_mean_fp": drawn.mean_fp,
        "random_with": drawn.partner,
        "random_with_ppm": drawn.partner_ppm,
        "random_is_up": drawn.is_up,
        "random_window_first": drawn.window_first,
        "random_window_start_s": drawn.window_start_s,
        "random_window_end_s": drawn.window_end_s,
        **_breakdowns(closures, laws),
    }


def _breakdowns(closures: Closures, laws: Laws) -> Arrays:
    """Return the closures on busy time, which stand last."""
    busy = closures.busy
    gaps = [mean_fp(one.gap_h) for one in busy]
    means = [mean_fp(one.mean_h) for one in busy]
    first = len(closures.all) - len(busy)
    return {
        "busy_closure": ints(range(first, first + len(busy))),
        "busy_gap_law": ints(laws.index("exponential", 1.0, mean_fp=gap) for gap in gaps),
        "busy_gap_fp": ints(gaps),
        "busy_law": ints(
            laws.index(one.law, one.cv, mean_fp=mean)
            for one, mean in zip(busy, means, strict=True)
        ),
        "busy_mean_fp": ints(means),
    }
