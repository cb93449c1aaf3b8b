"""Every KPI of one replication, in one long table (definitions: `columns.KPIS`).

In: Scope and the other tables. Out: the table `kpis`: kpi, value, unit, bound. A KPI
without anything to average (no cohort, no visit) is absent, never zero or NaN.
"""

import datetime as dt
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.measures.bans import refused_by_ban
from sim.measures.flows import best_free_flow_d
from sim.measures.scope import (
    DAY_S,
    HOUR_S,
    Flags,
    Scope,
    mean_by_group,
    percentile,
    percentiles_by_group,
    sum_by_group,
)
from sim.measures.stations import Served
from sim.measures.waits import Waits, ratio
from sim.plan import NEVER, Cause, Status

LOWER_BOUND_OVER = 0.05
"""Share of the cohort that may be unfinished before its mean is called a lower bound (R20)."""

_FLOWS_IN_DETAIL = 20
_REFUSED = {
    "queue": Status.REFUSED_QUEUE,
    "ban": Status.REFUSED_BAN,
    "no_route": Status.REFUSED_NO_ROUTE,
    "storage": Status.REFUSED_STORAGE,
}


class Row(NamedTuple):
    """One KPI of one replication."""

    kpi: str
    value: float
    unit: str
    bound: str = ""


class Sources(NamedTuple):
    """What has been found out of the run before its KPIs."""

    waited: Waits
    work: Served
    crossings: pd.DataFrame
    held: tuple[int, float] | None
    corridor: tuple[str, ...]


def kpis_table(run: Scope, found: Sources) -> pd.DataFrame:
    """Return all KPIs of the run, the overall ones first."""
    rows = [
        *_volumes(run),
        *_group_times(run, "", run.is_cohort, DAY_S, "d"),
        *_causes(run),
        *_money(run, "", run.is_cohort),
        *_vehicles(run, found.held),
        *_classes(run),
        *_borders(found.crossings),
        *_corridors(run, found.corridor),
        *_flows(run),
        *_stations(run, found.waited, found.work),
        *_waits_by_flow(run),
        *_waits_over(run),
        *_first(run),
        *_pools(run),
    ]
    existing = [row for row in rows if np.isfinite(row.value)]
    return pd.DataFrame(existing, columns=list(Row._fields))


def years(run: Scope) -> int:
    """Return the number of whole calendar years that the window is, 0 if it is none."""
    days, rest = divmod(run.end_s - run.start_s, DAY_S)
    first = dt.date.fromisoformat(run.legend.window_start)
    last = first + dt.timedelta(days=days)
    is_whole = rest == 0 and (last.month, last.day) == (first.month, first.day)
    return last.year - first.year if is_whole else 0


def _volumes(run: Scope) -> list[Row]:
    """Return what came, left, was refused and stayed, in TEU."""
    status, ended = run.seen.consignment_status, run.is_gone
    delivered = float(run.teu[ended & (status == Status.DELIVERED)].sum())
    start, end = (float(run.teu[run.is_inside(t)].sum()) for t in (run.start_s, run.end_s))
    present = np.minimum(run.until_s, run.end_s) - np.maximum(
        run.seen.consignment_created_s, run.start_s
    )
    present_s = np.maximum(present, 0)
    rows = [
        Row("teu_created", float(run.teu[run.is_created].sum()), "TEU"),
        Row("teu_delivered", delivered, "TEU"),
        Row("teu_delivered_per_day", delivered / run.days, "TEU/d"),
        Row("teu_refused", float(run.teu[ended & (status > Status.DELIVERED)].sum()), "TEU"),
        Row("stock_start_teu", start, "TEU"),
        Row("stock_end_teu", end, "TEU"),
        Row("stock_growth_teu", end - start, "TEU"),
        Row("stock_mean_teu", float(run.teu @ present_s) / (run.end_s - run.start_s), "TEU"),
    ]
    rows += [
        Row(f"teu_refused.{name}", float(run.teu[ended & (status == code)].sum()), "TEU")
        for name, code in _REFUSED.items()
    ]
    rows += [Row(f"teu_refused.ban.{ban}", teu, "TEU") for ban, teu in refused_by_ban(run)]
    if years(run):
        rows.insert(3, Row("teu_delivered_per_year", delivered / years(run), "TEU/a"))
    return rows


def _group_times(run: Scope, prefix: str, chosen: Flags, unit_s: int, unit: str) -> list[Row]:
    """Return transit, delay and the unfinished share of a part of the cohort."""
    at = run.cohort[chosen[run.cohort]]
    if not at.size:
        return []
    teu, transit = run.teu[at], run.transit_s[at]
    is_open = run.seen.consignment_status[at] == Status.INSIDE
    unfinished = float(teu[is_open].sum() / teu.sum())
    bound = "at least" if unfinished > LOWER_BOUND_OVER else ""
    middle, ninety, ninety_five = percentile(transit, teu, (50.0, 90.0, 95.0)) / unit_s
    mean = float(np.average(transit, weights=teu)) / unit_s
    delay = float(np.average(run.seen.consignment_delay_s[at], weights=teu)) / unit_s
    return [
        Row(f"{prefix}unfinished_percent", 100 * unfinished, "%"),
        Row(f"{prefix}transit_mean_{unit}", mean, unit, bound),
        Row(f"{prefix}transit_p50_{unit}", float(middle), unit),
        Row(f"{prefix}transit_p90_{unit}", float(ninety), unit),
        Row(f"{prefix}transit_p95_{unit}", float(ninety_five), unit),
        Row(f"{prefix}delay_mean_{unit}", delay, unit, bound),
    ]


def _causes(run: Scope) -> list[Row]:
    """Return the cohort's mean time by cause, its waiting in all and its excess."""
    at = np.flatnonzero(run.is_cohort)
    if not at.size:
        return []
    teu = run.teu[at]
    seconds = (run.plan.flow_lot_teu / 1_000) @ run.seen.cohort_cause_s
    is_open = run.seen.consignment_status[at] == Status.INSIDE
    bound = "at least" if teu[is_open].sum() > LOWER_BOUND_OVER * teu.sum() else ""
    rows = [
        Row(f"cause.{c.name.lower()}.mean_d", seconds[c] / teu.sum() / DAY_S, "d", bound)
        for c in Cause
    ]
    delay_s = run.seen.consignment_delay_s[at]
    rows.append(Row("waiting_teu_d", float(teu @ delay_s) / DAY_S, "TEU d", bound))
    free_s = best_free_flow_d(run)[run.seen.consignment_flow[at]] * DAY_S
    known = np.isfinite(free_s)
    if known.any():
        excess = np.average((run.transit_s[at] - free_s)[known], weights=teu[known])
        rows.append(Row("excess_mean_d", float(excess) / DAY_S, "d", bound))
    return rows


def _money(run: Scope, prefix: str, chosen: Flags) -> list[Row]:
    """Return cost and emissions per TEU of those of a group that have a route."""
    at = np.flatnonzero(chosen & (run.seen.consignment_route != NEVER))
    if not at.size:
        return []
    route, teu = run.seen.consignment_route[at], run.teu[at]
    usd = np.asarray(run.legend.route_usd_per_teu)[route]
    co2e = np.asarray(run.legend.route_co2e_kg_per_teu)[route]
    return [
        Row(f"{prefix}usd_per_teu", float(np.average(usd, weights=teu)), "USD/TEU"),
        Row(f"{prefix}co2e_kg_per_teu", float(np.average(co2e, weights=teu)), "kg/TEU"),
    ]


def _vehicles(run: Scope, held: tuple[int, float] | None) -> list[Row]:
    """Return departures of vehicles, and the trains held for China."""
    rows = [
        Row("vehicles_departed", float(run.seen.vehicles_laden), ""),
        Row("vehicles_empty", float(run.seen.vehicles_empty), ""),
    ]
    if held is not None:
        rows.append(Row("trains_held_for_china_max", held[0], ""))
        rows.append(Row("trains_held_for_china_mean", held[1], ""))
    return rows


def _classes(run: Scope) -> list[Row]:
    """Return volumes, times and money of each load class."""
    rows: list[Row] = []
    delivered = run.is_gone & (run.seen.consignment_status == Status.DELIVERED)
    for name in sorted(set(run.legend.flow_class)):
        is_class = np.array([c == name for c in run.legend.flow_class])
        mine = is_class[run.seen.consignment_flow]
        prefix = f"class.{name}."
        for word, chosen in (("created", run.is_created), ("delivered", delivered)):
            rows.append(Row(f"{prefix}teu_{word}", float(run.teu[mine & chosen].sum()), "TEU"))
        rows += _group_times(run, prefix, mine, DAY_S, "d")
        rows += _money(run, prefix, mine & run.is_cohort)
    return rows


def _borders(crossings: pd.DataFrame) -> list[Row]:
    """Return TEU over each border and over each crossing, by direction and mode."""
    borders = crossings["border"] + "." + crossings["mode"]
    pairs = crossings["from"] + "__" + crossings["to"] + "." + crossings["mode"]
    return [
        Row(f"{kind}.{name}.teu", float(value), "TEU")
        for kind, keys in (("border", borders), ("crossing", pairs))
        for name, value in crossings["teu"].groupby(keys).sum().items()
    ]


def _corridors(run: Scope, corridor: tuple[str, ...]) -> list[Row]:
    """Return what each corridor delivered, and its cohort's times."""
    rows: list[Row] = []
    route = run.seen.consignment_route
    delivered = run.is_gone & (run.seen.consignment_status == Status.DELIVERED)
    for name in sorted(set(corridor)):
        on = np.array([c == name for c in corridor] + [False])[route]
        rows.append(Row(f"corridor.{name}.teu", float(run.teu[on & delivered].sum()), "TEU"))
        rows += [
            r for r in _group_times(run, f"corridor.{name}.", on, DAY_S, "d") if "_mean_" in r.kpi
        ]
    return rows


def _flows(run: Scope) -> list[Row]:
    """Return volumes and times of each flow, times in hours."""
    flow, flows = run.seen.consignment_flow, len(run.legend.flow_id)
    created = run.is_created
    delivered = run.is_gone & (run.seen.consignment_status == Status.DELIVERED)
    created_teu = sum_by_group(flow[created], run.teu[created], flows)
    delivered_teu = sum_by_group(flow[delivered], run.teu[delivered], flows)
    at = np.flatnonzero(run.is_cohort)
    mine, transit = flow[at].astype(np.int64), run.transit_s[at]
    mean = mean_by_group(mine, transit, flows) / HOUR_S
    p95 = percentiles_by_group(mine, transit, flows, (95.0,))[:, 0] / HOUR_S
    delay = mean_by_group(mine, run.seen.consignment_delay_s[at], flows) / HOUR_S
    is_open = run.seen.consignment_status[at] == Status.INSIDE
    is_bound = mean_by_group(mine, is_open, flows) > LOWER_BOUND_OVER
    rows: list[Row] = []
    for f, name in enumerate(run.legend.flow_id):
        bound = "at least" if is_bound[f] else ""
        rows += [
            Row(f"flow.{name}.teu_created", float(created_teu[f]), "TEU"),
            Row(f"flow.{name}.teu_delivered", float(delivered_teu[f]), "TEU"),
            Row(f"flow.{name}.transit_mean_h", float(mean[f]), "h", bound),
            Row(f"flow.{name}.transit_p95_h", float(p95[f]), "h"),
            Row(f"flow.{name}.delay_mean_h", float(delay[f]), "h", bound),
        ]
    return rows


def _stations(run: Scope, waited: Waits, work: Served) -> list[Row]:
    """Return waits, queues and utilisation of each station that was visited."""
    rows: list[Row] = []
    for s in np.flatnonzero((waited.visits > 0) | (waited.queue_mean > 0)):
        name = f"station.{run.legend.station_id[s]}"
        rows += [
            Row(f"{name}.wait_mean_h", float(waited.mean_h[s]), "h"),
            Row(f"{name}.wait_p95_h", float(waited.p95_h[s]), "h"),
            Row(f"{name}.queue_mean", float(waited.queue_mean[s]), ""),
            Row(f"{name}.queue_max", float(waited.queue_max[s]), ""),
            Row(f"{name}.utilisation", float(work.utilisation[s]), ""),
            Row(f"{name}.visits", float(waited.visits[s]), ""),
        ]
    return rows


def _waits_by_flow(run: Scope) -> list[Row]:
    """Return waits by flow at stations of consignments, in models of few flows."""
    mean_h = ratio(run.seen.flow_wait_s, run.seen.flow_begun) / HOUR_S
    return [
        Row(
            f"station.{run.legend.station_id[s]}.wait_mean_h.flow.{run.legend.flow_id[f]}",
            float(mean_h[s, f]),
            "h",
        )
        for s, f in np.argwhere(run.seen.flow_begun)
    ]


def _waits_over(run: Scope) -> list[Row]:
    """Return at each station the share of visits that waited longer than is asked."""
    rows: list[Row] = []
    for over_s, longer in zip(run.legend.wait_over_s, run.seen.wait_over, strict=True):
        percent = 100 * ratio(longer, run.seen.begun)
        rows += [
            Row(
                f"station.{run.legend.station_id[s]}.wait_over_{over_s / HOUR_S:g}_h_percent",
                float(percent[s]),
                "%",
            )
            for s in np.flatnonzero(run.seen.begun)
        ]
    return rows


def _first(run: Scope) -> list[Row]:
    """Return the times of the first that were created, in a run that stops by count."""
    count = run.plan.stop_after_consignments
    at = np.flatnonzero(run.is_created)[:count]
    if count == NEVER or not at.size:
        return []
    is_open = run.seen.consignment_status[at] == Status.INSIDE
    delay_s = run.seen.consignment_delay_s[at]
    bound = "at least" if is_open.any() else ""
    return [
        Row("first.transit_mean_h", float(run.transit_s[at].mean()) / HOUR_S, "h", bound),
        Row("first.delay_mean_h", float(delay_s.mean()) / HOUR_S, "h", bound),
    ]


def _pools(run: Scope) -> list[Row]:
    """Return the mean time for which the cohort's loads waited for others in each pool."""
    seen, count = run.seen, run.seen.pool_joined
    filling = seen.ledger_cause == Cause.FILLING
    places = max(count.size, len(run.legend.place_id))
    spent = np.bincount(seen.ledger_place[filling], seen.ledger_s[filling], places)
    return [
        Row(
            f"pool.{run.legend.station_id[s]}.filling_mean_h",
            float(spent[s] / count[s]) / HOUR_S,
            "h",
        )
        for s in np.flatnonzero(count)
    ]
