"""Tables of replications become one: means and half-widths, row by row.

In: the same table of every replication. Out: that table with, for each figure `x`, its
mean and `x_half_width_95`, and with `n`, the number of replications that had the row.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.experiment.intervals import (
    CONFIDENCE,
    quantile_interval,
    rounded,
    t_interval,
    t_quantile,
)
from sim.measures.columns import COLUMNS, names

PERCENTS = (10, 50, 90)
"""Of the replications: what lies below in a bad, a middling and a good one."""

ZERO_WITHOUT = ("TEU", "TEU/d", "TEU/a", "TEU d")
"""Units of KPIs that are zero where a replication does not have them: nothing crossed."""

_ONE_BAND = {"timeseries": ("queue_mean",)}
"""Tables too long for a half-width beside every figure."""

_DIGITS = {"timeseries": 6}
"""Significant digits of tables that are too long for ten."""


def averaged(table: str, parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the means of a table over its replications, in order of its keys.

    Parameters
    ----------
    table
        Name in `sim.measures.columns.COLUMNS`.
    parts
        The table of each replication, at least one.
    """
    keys, words = names(table, "key"), names(table, "key", "label")
    figures = [c for c in COLUMNS if c.table == table and c.use in ("total", "mean")]
    plain = _alike(parts, words)
    rows = pd.concat([part[words] for part in plain], ignore_index=True)
    rows = rows.drop_duplicates(keys).sort_values(keys, ignore_index=True, kind="stable")
    index = pd.MultiIndex.from_frame(rows[keys])
    at = [index.get_indexer(pd.MultiIndex.from_frame(part[keys])) for part in plain]
    columns: dict[str, NDArray[np.float64]] = {}
    for figure in figures:
        cells = np.full((len(parts), len(rows)), 0.0 if figure.use == "total" else np.nan)
        for r, part in enumerate(plain):
            cells[r, at[r]] = part[figure.column].to_numpy(float)
        mean, half = _mean_and_half_width(cells, _DIGITS.get(table, 10))
        columns[figure.column] = mean
        if figure.column in _ONE_BAND.get(table, (figure.column,)):
            columns[f"{figure.column}_half_width_95"] = half
    present = np.zeros(len(rows), np.int64)
    for rows_of_part in at:
        present[rows_of_part] += 1
    result = _plain(rows, words).assign(**columns)
    order = [c for c in names(table) if c in result.columns]
    bands = [f"{c}_half_width_95" for c in order if f"{c}_half_width_95" in columns]
    return result[order + bands].assign(n=present)


def summary(replications: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return each KPI's mean, half-width and number of replications.

    Parameters
    ----------
    replications
        The table `replications`.
    count
        Number of replications of the experiment.
    """
    every, units, bounds = (replications[c].to_numpy() for c in ("value", "unit", "bound"))
    rows = []
    for kpi, at in rows_by_kpi(replications):
        values, unit = every[at], units[at[0]]
        if unit in ZERO_WITHOUT:
            values = np.r_[values, np.zeros(count - values.size)]
        mean, half, n = t_interval(values)
        half_width = np.nan if half is None else half
        rows.append((kpi, mean, half_width, n, unit, max(bounds[at])))
    table = pd.DataFrame(rows, columns=names("summary"))
    for column in ("value", "half_width_95"):
        table[column] = rounded(table[column].to_numpy(float))
    return table


def rows_by_kpi(table: pd.DataFrame) -> Iterator[tuple[str, NDArray[np.int64]]]:
    """Yield each KPI of a table, as they come in it, and where its rows are, in order.

    To take a table of thousands of KPIs apart into as many tables took most of the time.
    """
    code, kpis = pd.factorize(table["kpi"])
    ends = np.cumsum(np.bincount(code, minlength=len(kpis)))
    yield from zip(kpis, np.split(np.argsort(code, kind="stable"), ends)[:-1], strict=True)


def quantiles(replications: pd.DataFrame) -> pd.DataFrame:
    """Return between which values the overall KPIs lie from replication to replication.

    Parameters
    ----------
    replications
        The table `replications`; KPIs with a dot in their name are of a part and left out.
    """
    rows = []
    whole = replications[~replications["kpi"].str.contains(".", regex=False)]
    every, units = whole["value"].to_numpy(), whole["unit"].to_numpy()
    for kpi, at in rows_by_kpi(whole):
        values, unit = every[at], units[at[0]]
        for percent in PERCENTS:
            value, low, high = quantile_interval(values, percent / 100)
            ends = (np.nan if end is None else end for end in (low, high))
            rows.append((kpi, percent, value, *ends, values.size, unit))
    table = pd.DataFrame(rows, columns=names("quantiles"))
    for column in names("quantiles", "mean"):
        table[column] = rounded(table[column].to_numpy(float))
    return table


def numbered(parts: Sequence[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return tables of replications below each other, with the replication's number first."""
    tables = [part.assign(replication=r) for r, part in enumerate(parts, 1)]
    return pd.concat(tables, ignore_index=True)[columns]


def _alike(parts: Sequence[pd.DataFrame], words: list[str]) -> list[pd.DataFrame]:
    """Return tables whose columns of categories have the same ones in all, in their order.

    Numbers of categories are compared ten times as fast as what they stand for.
    """
    coded = [w for w in words if all(_is_coded(part[w]) for part in parts)]
    known = {w: sorted(set().union(*(part[w].cat.categories for part in parts))) for w in coded}
    kinds = {word: pd.CategoricalDtype(pd.Index(of_all)) for word, of_all in known.items()}
    rest = [w for w in words if w not in kinds]
    return [_plain(part, rest).astype(kinds) for part in parts]


def _is_coded(column: pd.Series) -> bool:
    return isinstance(column.dtype, pd.CategoricalDtype)


def _plain(part: pd.DataFrame, words: list[str]) -> pd.DataFrame:
    """Return the table with categories as what they stand for."""
    coded = [w for w in words if _is_coded(part[w])]
    return part.astype(dict.fromkeys(coded, "object")) if coded else part


def _mean_and_half_width(
    cells: NDArray[np.float64], digits: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return `(K,)` means and half-widths of `(R, K)` cells; NaN where there is none."""
    is_there = np.isfinite(cells)
    count = is_there.sum(axis=0)
    total = np.where(is_there, cells, 0).sum(axis=0)
    mean = np.divide(total, count, out=np.full(count.size, np.nan), where=count > 0)
    square = np.where(is_there, (cells - mean) ** 2, 0).sum(axis=0)
    half = np.full(count.size, np.nan)
    for n in np.unique(count[count > 1]):
        mine = count == n
        half[mine] = t_quantile(int(n), CONFIDENCE) * np.sqrt(square[mine] / (n - 1) / n)
    return rounded(mean, digits), rounded(half, digits)
