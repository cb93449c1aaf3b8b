"""Stations: visits, waits, queues, service and utilisation over the window.

In: Scope, Waits. Out: the table `stations`, and server time by station.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.measures.availability import Closures, open_seconds, overtime_seconds, shut_spans
from sim.measures.columns import names
from sim.measures.scope import HOUR_S, Flags, Floats, Scope, sum_by_group
from sim.measures.waits import Waits, ratio
from sim.plan import NEVER, Kind


class Served(NamedTuple):
    """What each station did; arrays `(S,)`."""

    teu: Floats
    service_mean_h: Floats
    utilisation: Floats
    """NaN where a station has no limit (pools, yards, meters without one)."""
    shut_share: Floats


def served(run: Scope) -> Served:
    """Return the load, mean service and utilisation of each station."""
    seen, plan, window_s = run.seen, run.plan, run.end_s - run.start_s
    closed = Closures(
        seen.closure_index, seen.closure_start_s, seen.closure_end_s, run.start_s, run.end_s
    )
    shut = shut_spans(plan, closed)
    open_s = open_seconds(plan, shut, window_s)
    row_open = np.add.reduceat(open_s, plan.row_first[:-1])
    overtime_s = overtime_seconds(plan, closed, seen.late_s, shut)
    return Served(
        teu=seen.load / 1_000,
        service_mean_h=ratio(seen.service_s, seen.ended) / HOUR_S,
        utilisation=_utilisation(run, open_s, overtime_s),
        shut_share=1 - row_open / (np.diff(plan.row_first) * window_s),
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
    is_mine: Flags = np.isin(plan.station_kind, (Kind.METER, Kind.FLEET, Kind.YARD, Kind.WAGONS))
    is_mine[visited[visited != NEVER]] = True
    return is_mine


def _utilisation(run: Scope, open_s: Floats, overtime_s: Floats) -> Floats:
    """Return busy over available time: of servers, of train paths, of vehicles."""
    plan = run.plan
    at_rows = plan.row_first[:-1]
    capacity = np.add.reduceat(plan.row_servers * open_s, at_rows) + overtime_s
    busy = _busy_seconds(run)
    is_meter = plan.station_kind == Kind.METER
    if is_meter.any():
        paths = np.r_[plan.meter_paths_milli, 0]
        per_s = np.where(is_meter, paths[np.where(is_meter, plan.station_detail, -1)], 0)
        capacity = np.where(is_meter, capacity * per_s / (1_000 * 86_400), capacity)
        busy = np.where(is_meter, run.seen.entered, busy)
    is_fleet = plan.station_kind == Kind.FLEET
    if is_fleet.any():
        detail = plan.station_detail[is_fleet]
        busy[is_fleet] = run.seen.fleet_away_s[detail]
        capacity[is_fleet] = _owned_seconds(run)[detail]
    capacity[np.isin(plan.station_kind, (Kind.POOL, Kind.YARD, Kind.WAGONS))] = 0
    share: Floats = np.full(busy.size, np.nan)
    return np.divide(busy, capacity, out=share, where=capacity > 0)


def _busy_seconds(run: Scope) -> Floats:
    """Return server-seconds of service inside the window; a batch takes one server (R18)."""
    batch_max = run.plan.station_batch_max
    busy: Floats = np.where(batch_max > 1, 0, run.seen.busy_s).astype(float)
    station, start_s, end_s, size = run.seen.batch_s.T
    inside_s = np.minimum(end_s, run.end_s) - np.maximum(start_s, run.start_s)
    servers = -(-size // batch_max[station])
    return busy + sum_by_group(station, np.maximum(inside_s, 0) * servers, busy.size)


def _owned_seconds(run: Scope) -> Floats:
    """Return by fleet the vehicle-seconds owned."""
    plan = run.plan
    owned = np.zeros(plan.fleet_service.size)
    for fleet, service in enumerate(plan.fleet_service):
        first, last = plan.state_first[service], plan.state_first[service + 1]
        begins = np.clip(plan.state_from_s[first:last], run.start_s, run.end_s)
        spans = np.diff(np.r_[begins, run.end_s])
        owned[fleet] = (spans * plan.state_vehicles[first:last]).sum()
    return owned
