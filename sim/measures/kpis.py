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
from sim.measures.groups import Groups, Transits, by_flow, is_of_class, is_of_corridor, tail_s
from sim.measures.scope import DAY_S, HOUR_S, Flags, Scope, percentiles_by_group
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
    groups: Groups
    transits: Transits


def kpis_table(run: Scope, found: Sources) -> pd.DataFrame:
    """Return all KPIs of the run, the overall ones first."""
    every = np.ones(found.groups.flow.size, np.bool_)
    rows = [
        *_volumes(run),
        *_times(found, "", every),
        *_causes(run, found.groups),
        *_money(run, found.groups, "", every),
        *_vehicles(run, found.held),
        *_classes(run, found),
        *_borders(found.crossings),
        *_corridors(found.groups, found.corridor),
        *_flows(run, found),
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
    delivered = float(run.teu(ended & (status == Status.DELIVERED)).sum())
    start, end = (float(run.teu(run.is_inside(t)).sum()) for t in (run.start_s, run.end_s))
    rows = [
        Row("teu_created", float(run.teu(run.is_created).sum()), "TEU"),
        Row("teu_delivered", delivered, "TEU"),
        Row("teu_delivered_per_day", delivered / run.days, "TEU/d"),
        Row("teu_refused", float(run.teu(ended & (status > Status.DELIVERED)).sum()), "TEU"),
        Row("stock_start_teu", start, "TEU"),
        Row("stock_end_teu", end, "TEU"),
        Row("stock_growth_teu", end - start, "TEU"),
        Row("stock_mean_teu", _present_teu_s(run) / (run.end_s - run.start_s), "TEU"),
    ]
    rows += [
        Row(f"teu_refused.{name}", float(run.teu(ended & (status == code)).sum()), "TEU")
        for name, code in _REFUSED.items()
    ]
    rows += [Row(f"teu_refused.ban.{ban}", teu, "TEU") for ban, teu in refused_by_ban(run)]
    if years(run):
        rows.insert(3, Row("teu_delivered_per_year", delivered / years(run), "TEU/a"))
    return rows


def _present_teu_s(run: Scope) -> float:
    """Return the TEU-seconds of all consignments inside in the window."""
    present_s = run.until_s(slice(None)).astype(np.float64)
    np.minimum(present_s, run.end_s, out=present_s)
    present_s -= np.maximum(run.seen.consignment_created_s, run.start_s)
    np.maximum(present_s, 0, out=present_s)
    return float(run.teu(slice(None)) @ present_s)


def _times(found: Sources, prefix: str, of: Flags) -> list[Row]:
    """Return transit, delay and the unfinished share of some groups of the cohort."""
    groups = found.groups
    tail = tail_s(groups, found.transits, of, (50.0, 90.0, 95.0))
    if tail is None:
        return []
    middle, ninety, ninety_five = (tail / DAY_S).tolist()
    teu = groups.teu[of]
    unfinished = float(teu @ groups.unfinished[of] / (teu @ groups.cohort[of]))
    mean, delay = _means(groups, prefix, of)
    return [
        Row(f"{prefix}unfinished_percent", 100 * unfinished, "%"),
        mean,
        Row(f"{prefix}transit_p50_d", middle, "d"),
        Row(f"{prefix}transit_p90_d", ninety, "d"),
        Row(f"{prefix}transit_p95_d", ninety_five, "d"),
        delay,
    ]


def _means(found: Groups, prefix: str, of: Flags) -> list[Row]:
    """Return mean transit and delay of groups by TEU, nothing without a cohort."""
    teu = found.teu[of]
    weight = float(teu @ found.cohort[of])
    if not weight:
        return []
    is_late = float(teu @ found.unfinished[of]) > LOWER_BOUND_OVER * weight
    bound = "at least" if is_late else ""
    return [
        Row(f"{prefix}{name}_mean_d", float(teu @ total_s[of]) / weight / DAY_S, "d", bound)
        for name, total_s in (("transit", found.transit_s), ("delay", found.delay_s))
    ]


def _causes(run: Scope, found: Groups) -> list[Row]:
    """Return the cohort's mean time by cause, its waiting in all and its excess."""
    weight = float(found.teu @ found.cohort)
    if not weight:
        return []
    seconds = (run.plan.flow_lot_teu / 1_000) @ run.seen.cohort_cause_s
    is_late = float(found.teu @ found.unfinished) > LOWER_BOUND_OVER * weight
    bound = "at least" if is_late else ""
    rows = [
        Row(f"cause.{c.name.lower()}.mean_d", seconds[c] / weight / DAY_S, "d", bound)
        for c in Cause
    ]
    rows.append(Row("waiting_teu_d", float(found.teu @ found.delay_s) / DAY_S, "TEU d", bound))
    free_s = best_free_flow_d(run)[found.flow] * DAY_S
    known = np.isfinite(free_s) & (found.cohort > 0)
    if known.any():
        teu, count = found.teu[known], found.cohort[known]
        excess = teu @ (found.transit_s[known] - count * free_s[known]) / (teu @ count)
        rows.append(Row("excess_mean_d", float(excess) / DAY_S, "d", bound))
    return rows


def _money(run: Scope, found: Groups, prefix: str, of: Flags) -> list[Row]:
    """Return cost and emissions per TEU of those of groups that have a route."""
    at = np.flatnonzero(of & (found.route != NEVER) & (found.cohort > 0))
    if not at.size:
        return []
    route, teu = found.route[at], (found.teu * found.cohort)[at]
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


def _classes(run: Scope, found: Sources) -> list[Row]:
    """Return volumes, times and money of each load class."""
    groups = found.groups
    rows: list[Row] = []
    for name in sorted(set(run.legend.flow_class)):
        of, prefix = is_of_class(run, groups, name), f"class.{name}."
        for word, count in (("created", groups.created), ("delivered", groups.delivered)):
            rows.append(Row(f"{prefix}teu_{word}", float(groups.teu[of] @ count[of]), "TEU"))
        rows += _times(found, prefix, of)
        rows += _money(run, groups, prefix, of)
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


def _corridors(found: Groups, corridor: tuple[str, ...]) -> list[Row]:
    """Return what each corridor delivered, and its cohort's times."""
    rows: list[Row] = []
    for name in sorted(set(corridor)):
        on = is_of_corridor(found, corridor, name)
        teu = float(found.teu[on] @ found.delivered[on])
        rows.append(Row(f"corridor.{name}.teu", teu, "TEU"))
        rows += _means(found, f"corridor.{name}.", on)
    return rows


def _flows(run: Scope, found: Sources) -> list[Row]:
    """Return volumes and times of each flow, times in hours."""
    groups, transits, flows = found.groups, found.transits, len(run.legend.flow_id)
    created_teu = by_flow(groups, groups.created * groups.teu, flows)
    delivered_teu = by_flow(groups, groups.delivered * groups.teu, flows)
    count = by_flow(groups, groups.cohort, flows)
    mean = ratio(by_flow(groups, groups.transit_s, flows), count) / HOUR_S
    flow = groups.flow.astype(np.min_scalar_type(flows))[transits.group]
    p95 = percentiles_by_group(flow, transits.transit_s, flows, (95.0,))[:, 0] / HOUR_S
    delay = ratio(by_flow(groups, groups.delay_s, flows), count) / HOUR_S
    is_bound = ratio(by_flow(groups, groups.unfinished, flows), count) > LOWER_BOUND_OVER
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
        Row("first.transit_mean_h", float(run.transit_s(at).mean()) / HOUR_S, "h", bound),
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
