"""Paired differences of two experiments under the same draws (R22).

In: `Experiment` of the base and of the scenario. Out: `Comparison`: by KPI and replication,
by consignment over those created in both, by node and cause, and where the bottleneck
stands in each.
"""

from collections.abc import Sequence
from concurrent.futures import Executor
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.errors import ResultsError
from sim.experiment.averages import ZERO_WITHOUT, rows_by_kpi
from sim.experiment.intervals import Interval, paired_interval, rounded, variance_saved
from sim.experiment.replicate import Experiment, does_stock_grow
from sim.experiment.steady import is_withheld
from sim.experiment.workers import Here, share
from sim.measures.build import Cohort
from sim.measures.columns import names

FEW = 10
"""Fewer replications than this make a verdict indicative."""

Means = tuple[str, float, float, str]
"""KPI, mean in the base, mean in the scenario, unit."""

_TIMES = ("d", "h")
_DAY_S = 86_400


class Comparison(NamedTuple):
    """What changes from base to scenario (columns: `sim.measures.columns`)."""

    comparison: pd.DataFrame
    differences: pd.DataFrame
    ledger_differences: pd.DataFrame
    bottleneck_moves: pd.DataFrame
    remarks: tuple[str, ...]


def compare(base: Experiment, other: Experiment, executor: Executor | None = None) -> Comparison:
    """Return the paired differences of two experiments.

    Parameters
    ----------
    base, other
        Of the same seed, window and number of replications.
    executor
        Workers that pair consignments; without them they are paired here.

    Raises
    ------
    ResultsError
        If they were not run under the same draws and window.
    """
    _check_comparable(base, other)
    numbers = range(base.setting.replications)
    pairs = share(executor or Here(), partial(_pair, base.cohorts, other.cohorts), numbers)
    kpis = _kpi_differences(base, other)
    differences = pd.concat([kpis, _consignment_differences(pairs())], ignore_index=True)
    for column in ("base", "scenario", "difference"):
        differences[column] = rounded(differences[column].to_numpy(float))
    grows = any(
        does_stock_grow(one.replications) or is_withheld(one.summary) for one in (base, other)
    )
    return Comparison(
        comparison=_comparison(differences, grows=grows),
        differences=differences,
        ledger_differences=_ledger_differences(base, other),
        bottleneck_moves=_moves(base.bottlenecks, other.bottlenecks),
        remarks=_remarks(base, other),
    )


def verdict(difference: Interval, unit: str, *, grows: bool) -> str:
    """Return what a paired difference shows, in words.

    Parameters
    ----------
    difference
        Scenario less base.
    unit
        Of the KPI: times depend on the window where stock grows.
    grows
        Whether stock grew in either.
    """
    if unit in _TIMES and grows:
        return "depends on the window"
    if difference.half_width is None:
        return "no interval"
    word = "no difference shown"
    if abs(difference.mean) > difference.half_width:
        word = "more" if difference.mean > 0 else "less"
    return f"indicative: {word}" if difference.n < FEW else word


def _check_comparable(base: Experiment, other: Experiment) -> None:
    """Raise if draws, window or number of replications differ."""
    for field in base.setting._fields:
        mine, theirs = getattr(base.setting, field), getattr(other.setting, field)
        if mine != theirs:
            raise ResultsError(
                f"compare: {field} of the base is {mine}, of the scenario {theirs}; both must be "
                "the same to be paired"
            )


def _kpi_differences(base: Experiment, other: Experiment) -> pd.DataFrame:
    """Return base and scenario of every KPI by replication; NaN where one has it not."""
    keys = ["replication", "kpi", "unit"]
    sides = [
        experiment.replications[[*keys, "value"]].rename(columns={"value": name})
        for experiment, name in ((base, "base"), (other, "scenario"))
    ]
    order = pd.concat([side[["kpi"]] for side in sides]).drop_duplicates()["kpi"].tolist()
    table = sides[0].merge(sides[1], on=keys, how="outer")
    counted = table["unit"].isin(ZERO_WITHOUT)
    for name in ("base", "scenario"):
        table.loc[counted, name] = table.loc[counted, name].fillna(0.0)
    rank = {kpi: i for i, kpi in enumerate(order)}
    table = table.assign(difference=table["scenario"] - table["base"], rank=table["kpi"].map(rank))
    table = table.sort_values(["rank", "replication"], ignore_index=True)
    return table[names("differences")]


def _consignment_differences(pairs: Sequence[Sequence[Means]]) -> pd.DataFrame:
    """Return means over the consignments created in both, by replication and flow."""
    rows = [(r, *row) for r, found in enumerate(pairs, 1) for row in found]
    columns = ["replication", "kpi", "base", "scenario", "unit"]
    table = pd.DataFrame(rows, columns=columns)
    table = table.assign(difference=table["scenario"] - table["base"])
    return table[names("differences")]


def _pair(base: Sequence[Cohort], other: Sequence[Cohort], replication: int) -> list[Means]:
    """Return the KPIs of the consignments of one replication, counted from 0."""
    return _paired(base[replication], other[replication])


def _paired(base: Cohort, other: Cohort) -> list[Means]:
    """Return the KPIs of the consignments that are in both cohorts: all, by class, by flow."""
    at, to = _common(base, other)
    if not at.size:
        return []
    rows = _means("paired.", base, other, at, to)
    flow = base.flow[at]
    count = np.bincount(flow, minlength=base.flow_id.size)
    for name in np.unique(base.flow_class[count > 0]):
        mine = (base.flow_class == name)[flow]
        rows += _means(f"paired.class.{name}.", base, other, at[mine], to[mine])
    sums = [
        np.bincount(flow, weights=seconds / _DAY_S, minlength=base.flow_id.size)
        for seconds in (base.transit_s[at], other.transit_s[to])
    ]
    for f in np.flatnonzero(count):
        name = f"paired.flow.{base.flow_id[f]}.transit_mean_d"
        rows.append((name, float(sums[0][f] / count[f]), float(sums[1][f] / count[f]), "d"))
    return rows


def _means(
    prefix: str, base: Cohort, other: Cohort, at: NDArray[np.int64], to: NDArray[np.int64]
) -> list[Means]:
    """Return TEU, times and money of the same consignments in base and scenario."""
    teu = base.flow_teu[base.flow[at]]
    rows = [(f"{prefix}teu", float(teu.sum()), float(other.flow_teu[other.flow[to]].sum()), "TEU")]
    for name, mine, theirs, unit in (
        ("transit_mean_d", base.transit_s[at] / _DAY_S, other.transit_s[to] / _DAY_S, "d"),
        ("delay_mean_d", base.delay_s[at] / _DAY_S, other.delay_s[to] / _DAY_S, "d"),
        ("usd_per_teu", *_of_route(base, other, at, to, "route_usd_per_teu"), "USD/TEU"),
        ("co2e_kg_per_teu", *_of_route(base, other, at, to, "route_co2e_kg_per_teu"), "kg/TEU"),
    ):
        means = float(np.average(mine, weights=teu)), float(np.average(theirs, weights=teu))
        rows.append((f"{prefix}{name}", *means, unit))
    return rows


def _common(base: Cohort, other: Cohort) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the consignments of both (same flow id and number) stand in each."""
    if np.array_equal(base.flow_id, other.flow_id) and (
        np.array_equal(base.number, other.number) and np.array_equal(base.flow, other.flow)
    ):
        everyone = np.arange(base.number.size)
        return everyone, everyone
    ids = np.union1d(base.flow_id, other.flow_id)
    keys = [
        (np.searchsorted(ids, side.flow_id)[side.flow].astype(np.int64) << 32) | side.number
        for side in (base, other)
    ]
    _, at, to = np.intersect1d(keys[0], keys[1], assume_unique=True, return_indices=True)
    return at, to


def _of_route(
    base: Cohort, other: Cohort, at: NDArray[np.int64], to: NDArray[np.int64], field: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a constant of each consignment's route, in base and scenario."""
    return getattr(base, field)[base.route[at]], getattr(other, field)[other.route[to]]


def _comparison(differences: pd.DataFrame, *, grows: bool) -> pd.DataFrame:
    """Return one row per KPI with its interval and verdict."""
    bases, scenarios = (differences[c].to_numpy(float) for c in ("base", "scenario"))
    units = differences["unit"].to_numpy()
    rows: list[tuple[object, ...]] = []
    for kpi, at in rows_by_kpi(differences):
        unit, base, scenario = units[at[0]], bases[at], scenarios[at]
        both = np.isfinite(base) & np.isfinite(scenario)
        if not both.any():
            rows.append(_only_in_one(kpi, base, scenario, unit))
            continue
        difference = paired_interval(base[both], scenario[both])
        half = difference.half_width
        saved = variance_saved(base[both], scenario[both])
        rows.append(
            (
                kpi,
                base[both].mean(),
                scenario[both].mean(),
                difference.mean,
                np.nan if half is None else half,
                difference.n,
                unit,
                verdict(difference, unit, grows=grows),
                np.nan if saved is None else 100 * saved,
            )
        )
    table = pd.DataFrame(rows, columns=names("comparison"))
    for column in names("comparison", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    return table


def _only_in_one(
    kpi: str, base: NDArray[np.float64], scenario: NDArray[np.float64], unit: str
) -> tuple[object, ...]:
    """Return the row of a KPI that only one side has: a station that is new, or gone."""
    side = base if np.isfinite(base).any() else scenario
    mean = float(np.nanmean(side))
    is_base = side is base
    word = "only in the base" if is_base else "only in the scenario"
    values = (mean, np.nan) if is_base else (np.nan, mean)
    return (kpi, *values, np.nan, np.nan, int(np.isfinite(side).sum()), unit, word, np.nan)


def waiting_by_node(
    base: Experiment, other: Experiment
) -> tuple[pd.MultiIndex, NDArray[np.float64], NDArray[np.float64]]:
    """Return (node, cause) of all waiting in either, and `(K, replications)` TEU-hours in both."""
    count = base.setting.replications
    wide = [
        experiment.ledger_replications.pivot_table(
            index=["node", "cause"], columns="replication", values="teu_h", aggfunc="sum"
        )
        for experiment in (base, other)
    ]
    pairs = sorted({*wide[0].index, *wide[1].index})
    index = pd.MultiIndex.from_tuples(pairs, names=["node", "cause"])
    mine, theirs = (
        table.reindex(index=index, columns=range(1, count + 1)).fillna(0.0).to_numpy(float)
        for table in wide
    )
    return index, mine, theirs


def _ledger_differences(base: Experiment, other: Experiment) -> pd.DataFrame:
    """Return waiting by node and cause in both, the greatest differences first."""
    rows = []
    for key, mine, theirs in zip(*waiting_by_node(base, other), strict=True):
        difference = paired_interval(mine, theirs)
        half = np.nan if difference.half_width is None else difference.half_width
        rows.append((*key, mine.mean(), theirs.mean(), difference.mean, half, difference.n))
    table = pd.DataFrame(rows, columns=names("ledger_differences"))
    for column in names("ledger_differences", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    by_size = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[by_size].reset_index(drop=True)


def _moves(base: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Return where each bottleneck of either stands in both."""
    keys = ["by", "place", "node", "name", "unit"]
    figures = {"rank": "rank", "value": "value", "value_half_width_95": "half_width_95"}
    sides = [
        table[[*keys, *figures]].rename(
            columns={name: f"{side}_{kept}" for name, kept in figures.items()}
        )
        for table, side in ((base, "base"), (other, "scenario"))
    ]
    table = sides[0].merge(sides[1], on=keys, how="outer")
    table = table.sort_values(
        ["by", "base_rank", "scenario_rank", "place"], ignore_index=True, na_position="last"
    )
    return table[names("bottleneck_moves")]


def _remarks(base: Experiment, other: Experiment) -> tuple[str, ...]:
    """Return what must be said beside the differences."""
    said = [f"base: {remark}" for remark in base.remarks]
    said += [f"scenario: {remark}" for remark in other.remarks]
    if base.setting.replications < FEW:
        said.append(
            f"{base.setting.replications} replications: verdicts are indicative; {FEW} or more "
            "are wanted"
        )
    return tuple(said)
