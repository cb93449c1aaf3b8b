"""Demand rows as flows: lots, equivalents and intensities over time (R4, R16).

In: demand, seasons and the scenario's factors. Out: `FlowPart`s in byte order of
their ids, which are the ids of demand without the year.
"""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from network.lanes import flow_of, matches
from network.routing.cost import teu_per_unit
from network.schema import DemandRow, Network
from sim.compiler.clock import DAY_S, HOUR_S, Clock
from sim.plan import LOAD_CLASSES, NEVER
from sim.scenario.models import Scenario

MILLI = 1000
MONTHS = 12
STEADY_PIECE_DAYS = 30
STEADY_YEAR_DAYS = 365


class FlowPart(NamedTuple):
    """One flow and what it sends."""

    id: str
    row: DemandRow
    """Of the year nearest the window's start: everything but the amount."""
    load_class: int
    lot: float
    """In the flow's unit."""
    lot_milli: int
    """Thousandths of what the load class is counted in: TEU, t or trucks."""
    lot_teu_milli: int
    starts_s: tuple[int, ...]
    """(M + 1,) bounds of the pieces, from the window's start."""
    amounts: tuple[float, ...]
    """(M,) in the flow's unit, by piece."""
    is_followed: bool
    patience_s: int = NEVER

    def amount_between(self, begin_s: int, end_s: int) -> float:
        """Return what the flow sends between two seconds from the window's start."""
        bounds = np.array(self.starts_s, dtype=np.float64)
        sums = np.concatenate(([0.0], np.cumsum(self.amounts)))
        begun, ended = np.interp([begin_s, end_s], bounds, sums)
        return float(ended - begun)


class DemandWindow(NamedTuple):
    """Seconds from the window's start in which a factor changes what some flows send."""

    flows: frozenset[str]
    start_s: int
    end_s: int
    factor: float


def read_flows(
    network: Network, scenario: Scenario, clock: Clock, changes: Sequence[DemandWindow]
) -> tuple[FlowPart, ...]:
    """Return the flows that send anything during the run.

    Parameters
    ----------
    network, scenario, clock
        Rows of demand, factors and `keep`, and the run's dates.
    changes
        Of closures whose effect is on demand.
    """
    by_flow: dict[str, list[DemandRow]] = {}
    for row in network.demand:
        by_flow.setdefault(flow_of(row), []).append(row)
    seasons = {(row.profile, row.month): row.factor for row in network.season}
    ordered = sorted(by_flow.items(), key=lambda item: item[0].encode())
    flows = [
        _flow(
            key,
            sorted(rows, key=lambda row: row.year),
            seasons,
            scenario,
            clock,
            changes=[change for change in changes if key in change.flows],
        )
        for key, rows in ordered
    ]
    run_s = (-clock.start_s, clock.horizon_s - clock.start_s)
    return tuple(flow for flow in flows if flow.amount_between(*run_s) > 0)


def yearly_amount(rows: Sequence[DemandRow], year: int, growth_per_year: float) -> float:
    """Return what a flow sends in a calendar year.

    Parameters
    ----------
    rows
        Dated rows of the flow, in order of year.
    year
        Calendar year.
    growth_per_year
        After the last dated year; 0.05 = 5 %.

    Returns
    -------
    Linear between dated years; nothing before the first.
    """
    years = [row.year for row in rows]
    if year < years[0]:
        return 0.0
    if year >= years[-1]:
        return float(rows[-1].amount * (1 + growth_per_year) ** (year - years[-1]))
    return float(np.interp(year, years, [row.amount for row in rows]))


def with_own_lot(flow: FlowPart) -> FlowPart:
    """Return a flow whose lot is as its rows state it, whatever the scenario raised it to."""
    lot_milli, lot_teu_milli = _lot(flow.row, flow.row.lot)
    return flow._replace(lot=flow.row.lot, lot_milli=lot_milli, lot_teu_milli=lot_teu_milli)


def _flow(
    key: str,
    rows: Sequence[DemandRow],
    seasons: dict[tuple[str, int], float],
    scenario: Scenario,
    clock: Clock,
    *,
    changes: Sequence[DemandWindow],
) -> FlowPart:
    row = min(rows, key=lambda one: (abs(one.year - clock.start.year), one.year))
    starts, amounts = _pieces(rows, row.season or "flat", seasons, scenario, clock)
    factor = scenario.demand.factor * _own_factor(key, scenario)
    starts, amounts = _changed(starts, [amount * factor for amount in amounts], changes)
    lot = row.lot
    if row.load_class == "box" and scenario.demand.lot_teu is not None:
        lot = scenario.demand.lot_teu
    lot_milli, lot_teu_milli = _lot(row, lot)
    return FlowPart(
        id=key,
        row=row,
        load_class=LOAD_CLASSES.index(row.load_class),
        lot=lot,
        lot_milli=lot_milli,
        lot_teu_milli=lot_teu_milli,
        starts_s=tuple(starts),
        amounts=tuple(amounts),
        is_followed=_is_followed(key, row, scenario),
    )


def _lot(row: DemandRow, lot: float) -> tuple[int, int]:
    """Return a lot in thousandths of its class's unit, and of a TEU equivalent.

    Lorry loads stated in tonnes are lorries: one lot is one lorry.
    """
    teu_milli = max(1, round(lot * teu_per_unit(row.load_class, row.unit) * MILLI))
    if row.load_class == "truck" and row.unit != "truck":
        return MILLI, teu_milli
    return round(lot * MILLI), teu_milli


def _own_factor(key: str, scenario: Scenario) -> float:
    """Return the factor of a flow's longest match."""
    found = [pattern for pattern in scenario.demand.factors if matches(key, pattern)]
    return scenario.demand.factors[max(found, key=len)] if found else 1.0


def _is_followed(key: str, row: DemandRow, scenario: Scenario) -> bool:
    keep = scenario.keep
    by_mode = keep.modes is None or not {*row.allowed_modes} - {*keep.modes}
    by_flow = keep.flows is None or any(matches(key, pattern) for pattern in keep.flows)
    return row.followed and by_mode and by_flow


def _pieces(
    rows: Sequence[DemandRow],
    profile: str,
    seasons: dict[tuple[str, int], float],
    scenario: Scenario,
    clock: Clock,
) -> tuple[list[int], list[float]]:
    """Return bounds from the window's start and amounts between them, without factors.

    A dated window has calendar months. In a steady experiment demand is as steady:
    the amount of the window's first year, 1/365 of it a day, whatever the month.
    """
    growth = scenario.demand.growth_per_year
    if rows[0].arrivals_at_h:
        return _stated(rows[0], clock)
    if scenario.experiment.kind == "steady":
        per_day = yearly_amount(rows, clock.start.year, growth) / STEADY_YEAR_DAYS
        back = -(-clock.start_s // (STEADY_PIECE_DAYS * DAY_S))
        ahead = -(-(clock.horizon_s - clock.start_s) // (STEADY_PIECE_DAYS * DAY_S))
        starts = [n * STEADY_PIECE_DAYS * DAY_S for n in range(-back, ahead + 1)]
        return starts, [per_day * STEADY_PIECE_DAYS] * (len(starts) - 1)
    months = _months(clock)
    starts = [clock.second(month) - clock.start_s for month in months]
    amounts = [
        yearly_amount(rows, month.year, growth) / MONTHS * seasons[profile, month.month]
        for month in months[:-1]
    ]
    return starts, amounts


def _stated(row: DemandRow, clock: Clock) -> tuple[list[int], list[float]]:
    """Return pieces that reach the next whole lots at each stated arrival, and nothing after."""
    arrivals = [round(float(hour) * HOUR_S) for hour in row.arrivals_at_h]
    bounds = [-max(1, clock.start_s), 0, *arrivals]
    end_s = max(clock.horizon_s - clock.start_s, arrivals[-1]) + 1
    lots = row.lots_together * row.lot
    return [*bounds, end_s], [0.0, *([lots] * len(arrivals)), 0.0]


def _months(clock: Clock) -> list[date]:
    """Return the first days of the months of the run, and of the month after it."""
    end = clock.day(clock.horizon_s - 1)
    months = [clock.first.replace(day=1)]
    while months[-1] <= end:
        last = months[-1]
        months.append(date(last.year + last.month // MONTHS, last.month % MONTHS + 1, 1))
    return months


def _changed(
    starts: list[int], amounts: list[float], changes: Sequence[DemandWindow]
) -> tuple[list[int], list[float]]:
    """Return pieces cut where demand changes, the amounts inside multiplied."""
    for change in changes:
        bounds = sorted({*starts, *(s for s in change[1:3] if starts[0] < s < starts[-1])})
        sums = np.concatenate(([0.0], np.cumsum(amounts)))
        amounts = [float(amount) for amount in np.diff(np.interp(bounds, starts, sums))]
        starts = bounds
        amounts = [
            amount * change.factor if change.start_s <= start < change.end_s else amount
            for start, amount in zip(starts[:-1], amounts, strict=True)
        ]
    return starts, amounts
