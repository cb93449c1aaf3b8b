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
    words = names(table, "key", "label")
    figures = [c for c in COLUMNS if c.table == table and c.use in ("total", "mean")]
    sizes = [len(part) for part in parts]
    begin, of = np.cumsum([0, *sizes]), np.repeat(np.arange(len(parts)), sizes)
    row, first = _rows(parts, names(table, "key"), len(of))
    columns: dict[str, NDArray[np.float64]] = {}
    for figure in figures:
        cells = np.full((len(parts), len(first)), 0.0 if figure.use == "total" else np.nan)
        cells[of, row] = np.concatenate([part[figure.column].to_numpy(float) for part in parts])
        mean, half = _mean_and_half_width(cells, _DIGITS.get(table, 10))
        columns[figure.column] = mean
        if figure.column in _ONE_BAND.get(table, (figure.column,)):
            columns[f"{figure.column}_half_width_95"] = half
    picked = [
        _plain(parts[r][words].iloc[first[of[first] == r] - begin[r]], words)
        for r in np.unique(of[first])
    ]
    result = pd.concat(picked or [_plain(parts[0][words], words)]).set_axis(
        np.argsort(of[first], kind="stable")
    )
    result = result.sort_index().assign(**columns)
    order = [c for c in names(table) if c in result.columns]
    bands = [f"{c}_half_width_95" for c in order if f"{c}_half_width_95" in columns]
    return result[order + bands].assign(n=np.bincount(row, minlength=len(first)))


def _rows(
    parts: Sequence[pd.DataFrame], keys: Sequence[str], count: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which row of the means each row of the parts goes into, and who goes first into each.

    The rows of all parts are counted through, one part after the other.

    Returns
    -------
    `(count,)` and `(K,)`; rows of the means are in order of their keys.
    """
    row = np.zeros(count, np.int64)
    for key in keys:
        code, known = coded([part[key] for part in parts])
        row = pd.factorize(row * (len(known) + 1) + code, sort=True)[0]
    first = np.zeros(int(row.max(initial=-1)) + 1, np.int64)
    first[row[::-1]] = np.arange(count)[::-1]
    return row, first


def coded(columns: Sequence[pd.Series]) -> tuple[NDArray[np.int64], pd.Index]:
    """Return the values of all columns in order, and where each of them stands there.

    Numbers of categories are compared ten times as fast as what they stand for. What is in no
    category stands after all values.
    """
    if not all(map(_is_coded, columns)):
        values = pd.concat([column.astype(object) for column in columns])
        return pd.factorize(pd.Index(values), sort=True, use_na_sentinel=False)
    known = pd.Index(sorted(set().union(*(column.cat.categories for column in columns))))
    codes = [
        np.append(known.get_indexer(column.cat.categories), len(known))[column.cat.codes]
        for column in columns
    ]
    dense, used = pd.factorize(np.concatenate(codes), sort=True)
    return dense, known.insert(len(known), None)[used]


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
