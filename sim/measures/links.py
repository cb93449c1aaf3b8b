"""Links by direction, and what crosses borders.

In: Scope, Visits, Waits, Served, Passages. Out: the tables `links` and `crossings`, and the
trains held for China. On a metered link the instant of a passage is the end of the
move; on others the end of the leg.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.places import Passage
from sim.measures.scope import Flags, Integers, Scope, sum_by_group
from sim.measures.stations import Served
from sim.measures.visits import Visits, Waits, most_at_once
from sim.plan import NEVER, Kind


class Line(NamedTuple):
    """One link in one direction, and where its passages are recorded."""

    passage: Passage
    meter: int
    """Station of its meter, or NEVER."""
    legs: tuple[int, ...]
    """Legs that travel it."""


def lines(run: Scope, travelled: tuple[tuple[Passage, ...], ...]) -> tuple[Line, ...]:
    """Return every link and direction that a leg of the plan travels, by (link, direction)."""
    meters = _meters_by_leg(run)
    found: dict[tuple[str, bool], tuple[Passage, set[int], set[int]]] = {}
    for leg, passages in enumerate(travelled):
        for passage in passages:
            key = (passage.link, not passage.is_forward)
            _, legs, stations = found.setdefault(key, (passage, set(), set()))
            legs.add(leg)
            stations.update(s for s in meters[leg] if run.legend.station_node[s] == passage.link)
    return tuple(
        Line(passage, min(stations, default=NEVER), tuple(sorted(legs)))
        for _, (passage, legs, stations) in sorted(found.items())
    )


def vehicle_leg(run: Scope) -> Integers:
    """Return `(V,)` the leg of each vehicle, NEVER for one that never left a pool."""
    leg: Integers = np.r_[run.plan.pool_leg, NEVER]
    return leg[run.trace.vehicle_pool]


def links_table(run: Scope, found: tuple[Line, ...], waited: Waits, work: Served) -> pd.DataFrame:
    """Return one row per link and direction that is travelled."""
    passed = _passed(run, found)
    rows = []
    for line, (vehicles, teu) in zip(found, passed, strict=True):
        s = line.meter
        is_metered = s != NEVER
        waits = _waits(waited, s) if is_metered else (vehicles, np.nan, np.nan, np.nan, 0, 0.0, 0)
        rows.append(
            (
                line.passage.link,
                "forward" if line.passage.is_forward else "backward",
                line.passage.origin,
                line.passage.destination,
                line.passage.mode,
                "yes" if is_metered else "no",
                vehicles,
                teu,
                work.utilisation[s] if is_metered else np.nan,
                *waits,
            )
        )
    return pd.DataFrame(rows, columns=names("links"))


def crossings_table(run: Scope, found: tuple[Line, ...]) -> pd.DataFrame:
    """Return what each flow carried over each pair of nodes with a border between them."""
    legend, trace = run.legend, run.trace
    aboard = np.flatnonzero(trace.stay_vehicle != NEVER)
    vehicle = trace.stay_vehicle[aboard]
    flow = trace.consignment_flow[trace.stay_consignment[aboard]]
    flows = len(legend.flow_id)
    rows = []
    for line in found:
        if line.passage.is_border:
            has_passed = _has_passed(run, line)
            counts = np.bincount(flow[has_passed[vehicle]], minlength=flows)
            rows += [
                (
                    line.passage.origin,
                    line.passage.destination,
                    line.passage.mode,
                    legend.flow_id[f],
                    "_".join(line.passage.countries).lower(),
                    legend.flow_class[f],
                    float(counts[f] * run.plan.flow_lot_teu[f]) / 1_000,
                    float(counts[f] * run.plan.flow_lot[f]) / 1_000,
                    legend.flow_unit[f],
                )
                for f in np.flatnonzero(counts)
            ]
    table = pd.DataFrame(rows, columns=names("crossings"))
    keys = names("crossings", "key", "label")
    return table.groupby(keys, as_index=False, sort=True)[["teu", "amount"]].sum()[
        names("crossings")
    ]


def trains_held(run: Scope, visited: Visits, found: tuple[Line, ...]) -> tuple[int, float] | None:
    """Return the most and the mean number of trains that wait for China, None without any way.

    They wait at gates, customs and inspections of trains towards China, at the meter of a
    rail link into China, or for room in a yard behind it.
    """
    entries = [
        line for line in found if line.passage.mode == "rail" and _leads_into(line.passage, "CN")
    ]
    if not entries:
        return None
    towards = {line.meter for line in entries if line.meter != NEVER}
    towards |= _controls_towards_china(run)
    is_rail = np.zeros(len(run.legend.leg_name) + 1, bool)
    for line in found:
        if line.passage.mode == "rail":
            is_rail[list(line.legs)] = True
    station = run.trace.visit_station
    leg = vehicle_leg(run)[run.trace.visit_vehicle]
    is_chosen = np.isin(station, sorted(towards)) & is_rail[leg]
    entering = sorted({leg for line in entries for leg in line.legs})
    is_chosen |= np.isin(station, _yards_in(run, found, "CN")) & np.isin(leg, entering)
    chosen = np.flatnonzero(is_chosen)
    since = np.maximum(visited.request_s[chosen], run.start_s).astype(np.int64)
    until = np.minimum(visited.start_s[chosen], run.end_s).astype(np.int64)
    waited = until > since
    held_s = float((until - since)[waited].sum())
    return most_at_once(since[waited], until[waited]), held_s / (run.end_s - run.start_s)


def _leads_into(passage: Passage, country: str) -> bool:
    """Return whether a passage enters a country."""
    return passage.is_border and passage.countries[1] == country


def _controls_towards_china(run: Scope) -> set[int]:
    """Return the controls of vehicles towards China."""
    legend = run.legend
    return {
        s
        for s, (name, kind) in enumerate(zip(legend.station_id, legend.station_kind, strict=True))
        if kind in {"gate", "customs", "inspection"} and "to_china" in name
    }


def _yards_in(run: Scope, found: tuple[Line, ...], country: str) -> list[int]:
    """Return the yards at nodes of a country."""
    passed = [line.passage for line in found]
    nodes = {p.origin for p in passed if p.countries[0] == country}
    nodes |= {p.destination for p in passed if p.countries[1] == country}
    return [
        s
        for s, kind in enumerate(run.plan.station_kind)
        if kind == Kind.YARD and run.legend.station_node[s] in nodes
    ]


def _waits(waited: Waits, s: int) -> tuple[float, ...]:
    """Return one station's waits in the order of the tables' columns."""
    return (
        waited.visits[s],
        waited.mean_h[s],
        waited.p90_h[s],
        waited.max_h[s],
        waited.unstarted[s],
        waited.queue_mean[s],
        waited.queue_max[s],
    )


def _meters_by_leg(run: Scope) -> list[Integers]:
    """Return by leg the meters among its elements."""
    plan = run.plan
    station = plan.element_station
    is_meter = (station != NEVER) & (np.r_[plan.station_kind, NEVER][station] == Kind.METER)
    bounds = plan.element_first
    return [station[first:last][is_meter[first:last]] for first, last in pairwise(bounds)]


def _has_passed(run: Scope, line: Line) -> Flags:
    """Return `(V,)` which vehicles passed the line in the window."""
    trace = run.trace
    has_passed = np.zeros(trace.vehicle_pool.size, bool)
    if line.meter == NEVER:
        return np.isin(vehicle_leg(run), line.legs) & run.is_within(trace.vehicle_ended_s)
    mine = (trace.visit_station == line.meter) & run.is_within(trace.visit_end_s)
    has_passed[trace.visit_vehicle[mine]] = True
    return has_passed


def _passed(run: Scope, found: tuple[Line, ...]) -> list[tuple[int, float]]:
    """Return by line the number of vehicles that passed in the window and their TEU."""
    trace = run.trace
    stations, legs = len(run.legend.station_id), len(run.legend.leg_name)
    load = np.r_[trace.vehicle_load, 0] / 1_000
    through = run.is_within(trace.visit_end_s)
    station = trace.visit_station[through]
    by_meter = np.bincount(station, minlength=stations)
    teu_by_meter = sum_by_group(station, load[trace.visit_vehicle[through]], stations)
    leg = vehicle_leg(run)
    ended = run.is_within(trace.vehicle_ended_s) & (leg != NEVER)
    by_leg = np.bincount(leg[ended], minlength=legs)
    teu_by_leg = sum_by_group(leg[ended], load[:-1][ended], legs)
    return [
        (int(by_leg[list(line.legs)].sum()), float(teu_by_leg[list(line.legs)].sum()))
        if line.meter == NEVER
        else (int(by_meter[line.meter]), float(teu_by_meter[line.meter]))
        for line in found
    ]
