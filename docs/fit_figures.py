"""Figures of one replication, one for each metric that `fit_metrics` can read.

In: Trace, Plan, Legend, the network, and a `Metric`. Out: the figure, or None where the
model has nothing to measure. Instants of a leg are those of its end, so that a month's
traffic is what arrived in it.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
from fit_metrics import Metric
from fit_run import TERMINALS, Leg, Run, has_flow, has_leg, span_s

from sim.measures.scope import DAY_S, Flags, most_at_once
from sim.plan import NEVER, Effect

CLASS_OF_MODE = {"rail": "box", "road": "truck"}
"""Whose border hours are published: container trains and trucks."""

SCALE = {"kTEU": 1e3, "kt": 1e3, "Mt": 1e6}


def figure(metric: Metric, unit: str, run: Run) -> float | None:
    """Return what the replication says of a metric, in the target's unit.

    Raises
    ------
    KeyError
        If the measure is not made here.
    """
    found = _FIGURES[metric.measure](metric, run)
    return None if found is None or not np.isfinite(found) else float(found) / SCALE.get(unit, 1)


# --- counts


def _throughput(metric: Metric, run: Run) -> float:
    """Return what was carried over the legs, each consignment once."""
    (unit,) = metric.statistics
    trace = run.trace
    since, until = span_s(metric.window, run)
    chosen = np.flatnonzero(has_leg(metric, run)[run.stay_leg])
    ended = trace.vehicle_ended_s[trace.stay_vehicle[chosen]]
    chosen = chosen[(ended >= since) & (ended < until)]
    carried = np.unique(trace.stay_consignment[chosen])
    flow = trace.consignment_flow[carried]
    if unit == "teu":
        per_flow = np.where(has_flow(metric, run, "box"), run.scope.plan.flow_lot_teu / 1_000, 0)
    else:
        per_flow = np.where(has_flow(metric, run), run.tonnes, 0)
    return float(per_flow[flow].sum())


def _trains(metric: Metric, run: Run) -> float:
    """Return the trains over a border, by the share of the flows that are meant in their load."""
    trace = run.trace
    since, until = span_s(metric.window, run)
    ended = (trace.vehicle_ended_s >= since) & (trace.vehicle_ended_s < until)
    is_mine = has_leg(metric, run) & np.array(
        [*(leg.mode == "rail" and bool(leg.crossings) for leg in run.legs), False]
    )
    if metric.values("node"):
        is_mine &= np.array(
            [*(("CN" in leg.countries and "KZ" in leg.countries) for leg in run.legs), False]
        )
    trains = ended & is_mine[run.vehicle_leg] & (trace.vehicle_load > 0)
    load_class = "box" if metric.statistics[:1] == ("box",) or metric.values("flows") else ""
    aboard = np.flatnonzero((trace.stay_vehicle != NEVER) & trains[trace.stay_vehicle])
    flow = trace.consignment_flow[trace.stay_consignment[aboard]]
    meant = np.where(has_flow(metric, run, load_class), run.scope.plan.flow_lot_teu, 0)[flow]
    share = np.bincount(
        trace.stay_vehicle[aboard], weights=meant, minlength=trace.vehicle_load.size
    )
    return float((share[trains] / trace.vehicle_load[trains]).sum())


def _trains_per_day(metric: Metric, run: Run) -> float:
    since, until = span_s(metric.window, run)
    return _trains(metric, run) * DAY_S / (until - since)


# --- hours


def _border_nodes(metric: Metric, run: Run) -> tuple[str, ...]:
    """Return the nodes that are meant; of all borders those with a link over one by the mode."""
    nodes, (mode,) = metric.values("node", "nodes"), metric.values("mode")
    if not nodes[0].startswith("all_"):
        return nodes
    country = nodes[0].split("_")[1].upper()
    passed = run.measures.crossings[run.measures.crossings["mode"] == mode]
    ends = {*passed["from"], *passed["to"]}
    return tuple(sorted(node for node in ends if run.country[node] == country))


def _border_hours(metric: Metric, run: Run) -> float | None:
    """Return the hours that a load spends at a border's node for each time it crosses."""
    nodes, (mode,) = _border_nodes(metric, run), metric.values("mode")
    legend = run.scope.legend
    (direction,) = metric.values("direction") or ("both",)
    passed = run.measures.crossings
    passed = passed[(passed["mode"] == mode) & (passed["load_class"] == CLASS_OF_MODE[mode])]
    if direction != "both":
        side = "cn_" if direction == "from_china" else "_cn"
        passed = passed[passed["border"].str.contains(side)]
    ends = dict(
        zip(
            legend.flow_id,
            zip(legend.flow_origin, legend.flow_destination, strict=True),
            strict=True,
        )
    )
    hours = teu = 0.0
    spent = _hours_at_nodes(run)
    for node in nodes:
        over = passed[(passed["from"] == node) | (passed["to"] == node)]
        over = over[np.array([node not in ends[flow] for flow in over["flow"]], bool)]
        there = spent[spent["at"].isin([node, *TERMINALS.get(node, ())])]
        hours += float(there.loc[there["flow"].isin(set(over["flow"])), "teu_h"].sum())
        teu += float(over["teu"].sum())
    return hours / teu if teu else None


def _hours_at_nodes(run: Run) -> pd.DataFrame:
    """Return TEU-hours by at, flow: at stations there, and before the lines that leave it."""
    ledger = run.measures.ledger
    at = [
        _end_before(place, node, run) if waits == "yes" else node
        for place, node, waits in zip(
            ledger["place"], ledger["node"], ledger["is_waiting"], strict=True
        )
    ]
    return ledger.assign(at=at).groupby(["at", "flow"])["teu_h"].sum().reset_index()


def _end_before(place: str, node: str, run: Run) -> str:
    """Return the node at which a train waits to enter a line, or the station's own."""
    link = run.links.get(node)
    if link is None:
        return node
    return link.destination if place.endswith("<") else link.origin


def _station_hours(metric: Metric, run: Run) -> float | None:
    """Return wait and service at the stations of an operation."""
    found = _stations(metric, run)
    visits = found["visits"] - found["unstarted"]
    hours = (found["wait_mean_h"] + found["service_mean_h"]) * visits
    return float(hours.sum() / visits.sum()) if visits.sum() else None


def _wait_hours(metric: Metric, run: Run) -> float | None:
    """Return what one train waits on its way past the nodes, station after station."""
    found = _stations(metric, run)
    visits = found["visits"] - found["unstarted"]
    waited = (found["wait_mean_h"] * visits).sum()
    return float(waited / visits.max()) if visits.max() else None


def _stations(metric: Metric, run: Run) -> pd.DataFrame:
    """Return the visited stations of vehicles and loads at nodes, by operation and direction."""
    table = run.measures.stations
    nodes, kinds = metric.values("node", "nodes"), metric.values("operation")
    table = table[table["node"].isin(nodes) & (table["visits"] > table["unstarted"])]
    table = table[table["kind"].isin(kinds) if kinds else ~table["kind"].isin(["pool", "fleet"])]
    (direction,) = metric.values("direction") or ("both",)
    if direction != "both":
        table = table[table["station"].str.contains(f"_{direction}_|/{direction}$")]
    for group in metric.values("group"):
        table = table[table["station"].str.endswith("_vessel" if group == "feeder" else group)]
    return table


def _share_shut(metric: Metric, run: Run) -> float:
    """Return the share of the window in which a row was shut."""
    scope, (row,) = run.scope, metric.values("station")
    index = scope.legend.row_id.index(row)
    plan, trace = scope.plan, run.trace
    strikes = np.array(
        [
            plan.closure_effect[c] == Effect.SHUT
            and index
            in plan.closure_target[plan.closure_target_first[c] : plan.closure_target_first[c + 1]]
            for c in range(plan.closure_effect.size)
        ]
    )
    mine = strikes[trace.closure_index]
    since, until = span_s(metric.window, run)
    shut = np.zeros((until - since) // 60, bool)
    for begin, end in zip(trace.closure_start_s[mine], trace.closure_end_s[mine], strict=True):
        shut[max(0, begin - since) // 60 : max(0, end - since) // 60] = True
    return float(shut.mean())


# --- days and speeds


def _transit_days(metric: Metric, run: Run) -> float | None:
    """Return the days of boxes from leaving the first places to reaching the last."""
    trace = run.trace
    left = _instants(metric.values("from"), run, arriving=False)
    reached = _instants(metric.values("to"), run, arriving=True)
    since, until = span_s(metric.window, run)
    created = trace.consignment_created_s
    meant = has_flow(metric, run, "box")[trace.consignment_flow]
    chosen = meant & (created >= since) & (created < until) & (left != NEVER) & (reached > left)
    return float((reached - left)[chosen].mean()) / DAY_S if chosen.any() else None


def _instants(nodes: tuple[str, ...], run: Run, *, arriving: bool) -> npt.NDArray[np.int64]:
    """Return `(N,)` when each consignment reached or left one of some nodes, else NEVER."""
    trace = run.trace
    by_vehicle = vehicle_instants(nodes, run, arriving=arriving)
    stays = np.flatnonzero(trace.stay_vehicle != NEVER)
    at = by_vehicle[trace.stay_vehicle[stays]]
    stays, at = stays[at != NEVER], at[at != NEVER]
    result = np.full(trace.consignment_flow.size, NEVER, np.int64)
    # stays stand in order of travel: the first arrival counts, and the last departure
    order = slice(None, None, -1) if arriving else slice(None)
    result[trace.stay_consignment[stays][order]] = at[order]
    return result


def vehicle_instants(nodes: tuple[str, ...], run: Run, *, arriving: bool) -> npt.NDArray[np.int64]:
    """Return `(V,)` when each vehicle reached or left one of some nodes, else NEVER."""
    trace = run.trace
    wanted = {n for node in nodes for n in (node, *TERMINALS.get(node, ()))}
    result = np.full(trace.vehicle_pool.size, NEVER, np.int64)
    ends = [leg.nodes[-1] in wanted if arriving else leg.nodes[0] in wanted for leg in run.legs]
    instant = trace.vehicle_ended_s if arriving else trace.vehicle_departed_s
    at_end = np.array([*ends, False])[run.vehicle_leg]
    result[at_end] = instant[at_end]
    inside = np.array([*(bool(wanted & set(leg.nodes[1:-1])) for leg in run.legs), False])
    passing = (inside[run.vehicle_leg] & ~at_end)[trace.visit_vehicle]
    stations = _meters_beside(wanted, run, arriving=arriving)
    rows = np.flatnonzero(passing & stations[trace.visit_station] & (trace.visit_end_s != NEVER))
    instants = trace.visit_end_s if arriving else trace.visit_start_s
    result[trace.visit_vehicle[rows]] = instants[rows]
    return result


def _meters_beside(nodes: set[str], run: Run, *, arriving: bool) -> Flags:
    """Return `(S,)` the meters of lines that lead into nodes, or out of them."""
    flags = []
    for station, node in zip(
        run.scope.legend.station_id, run.scope.legend.station_node, strict=True
    ):
        link = run.links.get(node)
        ends = ("", "") if link is None else (link.origin, link.destination)
        ends = ends[::-1] if station.endswith("<") else ends
        flags.append(ends[1 if arriving else 0] in nodes)
    return np.array(flags)


def _speed(metric: Metric, run: Run) -> float | None:
    if metric.statistics == ("km_per_day",):
        return _km_per_day(metric, run)
    return _speed_in_country(metric, run)


def _km_per_day(metric: Metric, run: Run) -> float | None:
    """Return how far container trains come in a day between two places of their leg."""
    origin, destination = metric.values("route")[0].split("-")
    trace = run.trace
    left = vehicle_instants((origin,), run, arriving=False)
    reached = vehicle_instants((destination,), run, arriving=True)
    km = np.array([*(_km_between(leg, origin, destination, run) for leg in run.legs), 0.0])[
        run.vehicle_leg
    ]
    boxes = np.array(["/box/" in s for s in run.scope.legend.station_id])[
        run.scope.plan.pool_station[trace.vehicle_pool]
    ]
    chosen = (
        boxes
        & (km > 0)
        & (left != NEVER)
        & (reached > left)
        & (trace.vehicle_departed_s >= run.scope.start_s)
        & (trace.vehicle_departed_s < run.scope.end_s)
    )
    return (
        float(km[chosen].sum() / (reached - left)[chosen].sum()) * DAY_S if chosen.any() else None
    )


def _km_between(leg: Leg, origin: str, destination: str, run: Run) -> float:
    starts = [
        n for n, node in enumerate(leg.nodes) if node in (origin, *TERMINALS.get(origin, ()))
    ]
    if not starts or destination not in leg.nodes[starts[-1] :]:
        return 0.0
    links = leg.links[starts[-1] : leg.nodes.index(destination)]
    return sum(run.links[link].length_km for link in links)


def _speed_in_country(metric: Metric, run: Run) -> float | None:
    """Return the km an hour of boxes that go by rail alone, moving or with every stop."""
    (country,), scope = metric.values("country"), run.scope
    legend, trace = scope.legend, run.trace
    by_rail = {
        flow for flow, unit in zip(legend.flow_id, legend.flow_class, strict=True)
        if unit == "box" and not flow.startswith(("titr", "ckg"))
    }  # fmt: skip
    inside = {
        key
        for key, link in run.links.items()
        if link.mode == "rail"
        and {run.country[link.origin], run.country[link.destination]} == {country}
    }
    km = np.array(
        [*(sum(run.links[k].length_km for k in leg.links if k in inside) for leg in run.legs), 0.0]
    )
    flow = trace.consignment_flow[trace.stay_consignment]
    counts = np.array([f in by_rail for f in legend.flow_id])[flow]
    counts &= scope.is_cohort[trace.stay_consignment]
    teu_km = float((km[run.stay_leg] * scope.plan.flow_lot_teu[flow] / 1_000)[counts].sum())
    ledger = run.measures.ledger
    ledger = ledger[ledger["flow"].isin(by_rail)]
    on_line = ledger["node"].isin(inside)
    if metric.statistics == ("moving",):
        ledger = ledger[on_line & (ledger["cause"] == "moving")]
    else:
        ends = {
            f: {o, d}
            for f, o, d in zip(
                legend.flow_id, legend.flow_origin, legend.flow_destination, strict=True
            )
        }
        stops = [
            run.country.get(node) == country and node not in ends[f]
            for node, f in zip(ledger["node"], ledger["flow"], strict=True)
        ]
        ledger = ledger[on_line | np.array(stops)]
    hours = float(ledger["teu_h"].sum())
    return teu_km / hours if hours else None


# --- queues


def _queue(metric: Metric, run: Run) -> int:
    """Return the most that waited at one instant: trains at stations, or trucks at a node."""
    legend, trace = run.scope.legend, run.trace
    since, until = span_s(metric.window, run)
    rows, nodes = metric.values("station"), metric.values("node")
    index = np.array([legend.row_id.index(row) for row in rows], int)
    stations = set((np.searchsorted(run.scope.plan.row_first, index, "right") - 1).tolist())
    stations |= {
        s
        for s, node in enumerate(legend.station_node)
        if node in nodes and legend.station_kind[s] in {"pool", "customs", "gate"}
    }
    every = np.ones(len(trace.visit_station), bool)
    spans = [(trace.visit_station, trace.visit_request_s, trace.visit_start_s, every)]
    if nodes:
        trucks = np.array([c == "truck" for c in legend.flow_class])
        is_truck = trucks[trace.consignment_flow[trace.stay_consignment]]
        spans.append((trace.stay_station, trace.stay_request_s, trace.stay_start_s, is_truck))
    begins, ends = [], []
    for station, request, start, meant in spans:
        chosen = np.isin(station, sorted(stations)) & meant
        begins.append(np.maximum(request[chosen], since).astype(np.int64))
        end = np.where(start[chosen] == NEVER, until, start[chosen])
        ends.append(np.minimum(end, until).astype(np.int64))
    begin, end = np.concatenate(begins), np.concatenate(ends)
    return most_at_once(begin[end > begin], end[end > begin])


_FIGURES: Mapping[str, Callable[[Metric, Run], float | None]] = {
    "throughput": _throughput,
    "trains": _trains,
    "trains_per_day": _trains_per_day,
    "border_hours": _border_hours,
    "station_hours": _station_hours,
    "wait_hours": _wait_hours,
    "share_shut": _share_shut,
    "transit_days": _transit_days,
    "speed": _speed,
    "queue": _queue,
}
