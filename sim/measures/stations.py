"""Stations: visits, waits, queues, service and utilisation over the window.

In: Scope, Visits, Waits. Out: the table `stations`, and server time by station.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.measures.availability import open_seconds, overtime_seconds, shut_spans
from sim.measures.columns import names
from sim.measures.scope import HOUR_S, Flags, Floats, Scope, mean_by_group, sum_by_group
from sim.measures.visits import Visits, Waits, overlap_by_station
from sim.plan import NEVER, Kind


class Served(NamedTuple):
    """What each station did; arrays `(S,)`."""

    teu: Floats
    service_mean_h: Floats
    utilisation: Floats
    """NaN where a station has no limit (pools, yards, meters without one)."""
    shut_share: Floats


def served(run: Scope, visited: Visits) -> Served:
    """Return the load, mean service and utilisation of each station."""
    stations = len(run.legend.station_id)
    asked = run.is_within(visited.request_s)
    ended = asked & visited.is_ended
    service = (visited.end_s - visited.start_s)[ended].astype(np.int64)
    shut = shut_spans(run)
    open_s = open_seconds(run, shut)
    row_open = np.add.reduceat(open_s, run.plan.row_first[:-1])
    rows = np.diff(run.plan.row_first)
    return Served(
        teu=sum_by_group(visited.station[asked], visited.load[asked], stations) / 1_000,
        service_mean_h=mean_by_group(visited.station[ended], service, stations) / HOUR_S,
        utilisation=_utilisation(run, visited, open_s, overtime_seconds(run, visited, shut)),
        shut_share=1 - row_open / (rows * (run.end_s - run.start_s)),
    )


def stations_table(run: Scope, waited: Waits, work: Served) -> pd.DataFrame:
    """Return one row per station."""
    legend = run.legend
    is_of_vehicles = _is_of_vehicles(run)
    table = {
        "station": legend.station_id,
        "node": legend.station_node,
        "name": legend.station_name,
        "kind": legend.station_kind,
        "serves": np.where(is_of_vehicles, "vehicle", "consignment"),
        "visits": waited.visits,
        "wait_mean_h": waited.mean_h,
        "wait_p90_h": waited.p90_h,
        "wait_max_h": waited.max_h,
        "unstarted": waited.unstarted,
        "queue_mean": waited.queue_mean,
        "queue_max": waited.queue_max,
        "teu": work.teu,
        "service_mean_h": work.service_mean_h,
        "utilisation": work.utilisation,
        "shut_percent": 100 * work.shut_share,
    }
    return pd.DataFrame(table)[names("stations")]


def _is_of_vehicles(run: Scope) -> Flags:
    """Return which stations a vehicle visits, by the plan: also those that none did."""
    plan = run.plan
    visited = np.r_[plan.element_station, plan.fleet_berth.reshape(-1)]
    is_mine: Flags = np.isin(plan.station_kind, (Kind.METER, Kind.FLEET, Kind.YARD))
    is_mine[visited[visited != NEVER]] = True
    return is_mine


def _utilisation(run: Scope, visited: Visits, open_s: Floats, overtime_s: Floats) -> Floats:
    """Return busy over available time: of servers, of train paths, of vehicles."""
    plan = run.plan
    at_rows = plan.row_first[:-1]
    capacity = np.add.reduceat(plan.row_servers * open_s, at_rows) + overtime_s
    busy = _busy_seconds(run, visited)
    is_meter = plan.station_kind == Kind.METER
    if is_meter.any():
        paths = np.r_[plan.meter_paths_milli, 0]
        per_s = np.where(is_meter, paths[np.where(is_meter, plan.station_detail, -1)], 0)
        entered = visited.is_started & run.is_within(visited.start_s)
        entries = np.bincount(visited.station[entered], minlength=is_meter.size)
        capacity = np.where(is_meter, capacity * per_s / (1_000 * 86_400), capacity)
        busy = np.where(is_meter, entries, busy)
    is_fleet = plan.station_kind == Kind.FLEET
    if is_fleet.any():
        away, owned = _fleet_seconds(run)
        detail = plan.station_detail[is_fleet]
        busy[is_fleet], capacity[is_fleet] = away[detail], owned[detail]
    capacity[(plan.station_kind == Kind.POOL) | (plan.station_kind == Kind.YARD)] = 0
    share: Floats = np.full(busy.size, np.nan)
    return np.divide(busy, capacity, out=share, where=capacity > 0)


def _busy_seconds(run: Scope, visited: Visits) -> Floats:
    """Return server-seconds of service inside the window; a batch takes one server (R18)."""
    busy = overlap_by_station(run, visited, visited.start_s, visited.end_s)
    batch_max = run.plan.station_batch_max
    for station in np.flatnonzero(batch_max > 1):
        mine = (visited.station == station) & visited.is_started
        spans = np.c_[visited.start_s[mine], visited.end_s[mine]]
        if spans.size:
            together, size = np.unique(spans, axis=0, return_counts=True)
            inside = np.minimum(together[:, 1], run.end_s) - np.maximum(
                together[:, 0], run.start_s
            )
            servers = np.ceil(size / batch_max[station])
            busy[station] = (np.maximum(inside, 0) * servers).sum()
    return busy


def _fleet_seconds(run: Scope) -> tuple[Floats, Floats]:
    """Return by fleet the vehicle-seconds under way and the vehicle-seconds owned."""
    plan, trace = run.plan, run.trace
    fleets = plan.fleet_service.size
    fleet_of_service = np.full(plan.service_fleet.size + 1, NEVER)
    fleet_of_service[:-1] = plan.service_fleet
    pool_service = np.r_[plan.leg_service[plan.pool_leg], NEVER]
    fleet = fleet_of_service[pool_service[trace.vehicle_pool]]
    is_mine: Flags = (fleet != NEVER) & (trace.vehicle_departed_s != NEVER)
    left = np.maximum(trace.vehicle_departed_s[is_mine], run.start_s)
    back = np.where(trace.vehicle_ended_s == NEVER, trace.ended_s, trace.vehicle_ended_s)[is_mine]
    away = np.maximum(np.minimum(back, run.end_s) - left, 0)
    owned = np.zeros(fleets)
    for fleet_index, service in enumerate(plan.fleet_service):
        first, last = plan.state_first[service], plan.state_first[service + 1]
        begins = np.clip(plan.state_from_s[first:last], run.start_s, run.end_s)
        spans = np.diff(np.r_[begins, run.end_s])
        owned[fleet_index] = (spans * plan.state_vehicles[first:last]).sum()
    return sum_by_group(fleet[is_mine], away, fleets), owned
