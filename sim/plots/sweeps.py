"""Charts of sweeps: what each factor does, alone and with another."""

import math
from collections.abc import Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plots.bars import in_order, legend, thousands
from sim.plots.style import BASE, INK, SCENARIO, WIDTH_IN, new_figure, two_lines

_HEAD_IN = 0.9
_ROW_IN = 0.42
_ACROSS = 3
_DARK = 0.5
"""Shade above which letters on a heat map are dark."""


def tornado(table: pd.DataFrame) -> Figure | None:
    """Change of a KPI when each factor alone goes to its ends, the greatest first.

    Parameters
    ----------
    table
        One row per factor: ``label``, ``low`` and ``high``, changes against the base; and
        ``said``, the unit.
    """
    if table.empty:
        return None
    figure, axes = new_figure(_HEAD_IN + _ROW_IN * len(table))
    at = np.arange(len(table))
    low, high = table["low"].to_numpy(float), table["high"].to_numpy(float)
    axes.barh(at, low, height=0.62, color=BASE)
    axes.barh(at, high, height=0.62, color=SCENARIO)
    axes.axvline(0, color=INK, linewidth=0.9)
    _named(axes, table["label"].astype(str).tolist())
    axes.set_xlabel(f"change against the base, {table['said'].iloc[0]}")
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    return figure


def effects(table: pd.DataFrame) -> Figure | None:
    """How much of a KPI each factor makes, by one or two measures, with 95 % intervals.

    Parameters
    ----------
    table
        One row per (label, measure): ``value``, ``half_width_95`` and ``said``, what the axis
        counts; the greatest first.
    """
    if table.empty:
        return None
    labels, measures = in_order(table["label"]), in_order(table["measure"])
    figure, axes = new_figure(_HEAD_IN + (_ROW_IN + 0.12 * len(measures)) * len(labels))
    shades = [SCENARIO] if len(measures) == 1 else [BASE, SCENARIO]
    thick = 0.74 / len(measures)
    for i, (measure, shade) in enumerate(zip(measures, shades, strict=True)):
        rows = table[table["measure"] == measure].set_index("label").reindex(labels)
        at = np.arange(len(labels)) + (i - (len(measures) - 1) / 2) * thick
        value, half = rows["value"].to_numpy(float), rows["half_width_95"].to_numpy(float)
        axes.barh(at, np.nan_to_num(value), height=thick * 0.92, color=shade)
        known = np.isfinite(half) & np.isfinite(value)
        axes.errorbar(
            value[known], at[known], xerr=half[known], fmt="none", ecolor=INK, elinewidth=1.0,
            capsize=2.0,
        )  # fmt: skip
    _named(axes, labels)
    axes.set_xlabel(str(table["said"].iloc[0]))
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    if len(measures) > 1:
        words = zip(shades, measures, strict=True)
        legend(figure, [Patch(color=shade, label=name) for shade, name in words], columns=2)
    return figure


def responses(table: pd.DataFrame) -> Figure | None:
    """Mean of a KPI along each factor, with the span of the points behind it.

    Parameters
    ----------
    table
        One row per (label, level): ``value``, ``low``, ``high`` and ``said``, what is counted.
    """
    if table.empty:
        return None
    labels = in_order(table["label"])
    across = min(_ACROSS, len(labels))
    down = math.ceil(len(labels) / across)
    figure = Figure(figsize=(WIDTH_IN, 0.5 + 2.1 * down), layout="constrained")
    grid = figure.subplots(down, across, sharey=True, squeeze=False)
    for axes, label in zip(grid.flat, labels, strict=False):
        rows = table[table["label"] == label]
        at = np.arange(len(rows))
        axes.fill_between(
            at, rows["low"].to_numpy(float), rows["high"].to_numpy(float), color=SCENARIO,
            alpha=0.18, linewidth=0,
        )  # fmt: skip
        axes.plot(at, rows["value"].to_numpy(float), "o-", color=SCENARIO, markersize=4)
        axes.set_xticks(at, rows["level"].astype(str).tolist())
        axes.set_title(two_lines(label, 26), fontsize=8.5)
        axes.grid(axis="y")
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(thousands))
    for axes in grid.flat[len(labels) :]:
        axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel(two_lines(str(table["said"].iloc[0]), 24))
    return figure


def interactions(table: pd.DataFrame) -> Figure | None:
    """Mean of a KPI over each pair of levels of two factors.

    Parameters
    ----------
    table
        One row per (pair, x, y): ``value``, ``x_label``, ``y_label``, in the order of levels.
    """
    if table.empty:
        return None
    pairs = in_order(table["pair"])
    across = min(_ACROSS, len(pairs))
    down = math.ceil(len(pairs) / across)
    figure = Figure(figsize=(WIDTH_IN, 0.4 + 2.6 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False)
    ends = float(table["value"].min()), float(table["value"].max())
    for axes, pair in zip(grid.flat, pairs, strict=False):
        _heat(axes, table[table["pair"] == pair], ends)
    for axes in grid.flat[len(pairs) :]:
        axes.set_visible(False)
    return figure


def _heat(axes: Axes, table: pd.DataFrame, ends: tuple[float, float]) -> None:
    across, up = in_order(table["x"]), in_order(table["y"])
    cells = np.full((len(up), len(across)), np.nan)
    for x, y, value in zip(table["x"], table["y"], table["value"], strict=True):
        cells[up.index(str(y)), across.index(str(x))] = value
    low, high = ends
    colours = mpl.colormaps["cividis"]
    axes.imshow(cells, origin="lower", aspect="auto", cmap=colours, vmin=low, vmax=high)
    for row, col in np.argwhere(np.isfinite(cells)):
        shade = (cells[row, col] - low) / (high - low) if high > low else 0.0
        axes.text(
            col, row, f"{cells[row, col]:.3g}", ha="center", va="center", fontsize=7,
            color="#000000" if shade > _DARK else "#ffffff",
        )  # fmt: skip
    axes.set_xticks(range(len(across)), across)
    axes.set_yticks(range(len(up)), up)
    axes.set_xlabel(two_lines(str(table["x_label"].iloc[0]), 26))
    axes.set_ylabel(two_lines(str(table["y_label"].iloc[0]), 26))
    axes.tick_params(length=0)


def _named(axes: Axes, labels: Sequence[str]) -> None:
    axes.set_yticks(range(len(labels)), [two_lines(label, 30) for label in labels])
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
