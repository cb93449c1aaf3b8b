"""Charts of lines: how long the way takes, and how queues grow and shrink."""

import math
from typing import Literal

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.plots.bars import colours, in_order, legend, thousands
from sim.plots.style import BASE, INK, MUTED, WIDTH_IN, one_line, two_lines

_LOW, _HIGH = 5, 95


def _dash(side: str, sides: list[str]) -> Literal["-", "--"]:
    return "--" if len(sides) > 1 and side == sides[0] else "-"


def _line_colour(side: str, sides: list[str]) -> str:
    """Colour of a side's line: the grey of bars is too faint for a thin stroke."""
    colour = colours(sides)[side]
    return MUTED if colour == BASE else colour


def transit(table: pd.DataFrame) -> Figure | None:
    """Transit times: share arrived by day, and the range of each corridor.

    Parameters
    ----------
    table
        One row per (label, side, percent): ``transit_d``. The first label is drawn as a
        curve; each of the others as its 5th to 95th percentile with quartiles and median.
    """
    if table.empty:
        return None
    labels, sides = in_order(table["label"]), in_order(table["side"])
    rest = labels[1:]
    height = 3.1 + (0.55 + 0.42 * len(rest) if rest else 0)
    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    ratios = [2.6, 0.35 + 0.42 * len(rest)] if rest else [1.0]
    panels = figure.subplots(len(ratios), 1, height_ratios=ratios, sharex=True, squeeze=False)[
        :, 0
    ]
    _curve(panels[0], table[table["label"] == labels[0]], sides)
    panels[0].set_title(one_line(labels[0]))
    if rest:
        _ranges(panels[1], table[table["label"].isin(rest)], rest, sides)
    panels[-1].set_xlabel("days from creation to delivery")
    handles = [
        Line2D([], [], color=_line_colour(s, sides), linestyle=_dash(s, sides), label=one_line(s))
        for s in sides
    ]
    if len(sides) > 1:
        legend(figure, handles)
    return figure


def _curve(axes: Axes, table: pd.DataFrame, sides: list[str]) -> None:
    for side in sides:
        rows = table[table["side"] == side].sort_values("percent")
        axes.plot(
            rows["transit_d"],
            rows["percent"],
            color=_line_colour(side, sides),
            linestyle=_dash(side, sides),
            linewidth=1.8,
        )
    axes.set_ylim(0, 100)
    axes.set_xlim(left=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}\u202f%"))
    axes.set_ylabel("TEU delivered within")
    axes.grid()


def _ranges(axes: Axes, table: pd.DataFrame, labels: list[str], sides: list[str]) -> None:
    shown = table.set_index(["label", "side", "percent"])["transit_d"]
    step = 0.34
    for row, label in enumerate(labels):
        for i, side in enumerate(sides):
            wanted = [(label, side, percent) for percent in (_LOW, 25, 50, 75, _HIGH)]
            low, quarter, half, most, high = shown.reindex(wanted).to_numpy(float)
            y = row + (i - (len(sides) - 1) / 2) * step
            colour = _line_colour(side, sides)
            axes.plot([low, high], [y, y], color=colour, linewidth=1.0)
            axes.plot([quarter, most], [y, y], color=colour, linewidth=5, alpha=0.55)
            axes.plot([half], [y], "o", color=INK, markersize=4.2)
    axes.set_yticks(range(len(labels)), [two_lines(label, 30) for label in labels])
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_title(
        "By corridor: median (dot), middle half (thick), 5 % to 95 % (thin)",
        fontweight="normal", fontsize=8.5, color=MUTED,
    )  # fmt: skip


def queues(table: pd.DataFrame) -> Figure | None:
    """Queues day by day at the worst places, with 95 % bands over replications.

    Parameters
    ----------
    table
        One row per (label, side, date): ``queue_mean`` and ``half_width_95``; worst first.
    """
    if table.empty:
        return None
    labels, sides = in_order(table["label"]), in_order(table["side"])
    across = 2 if len(labels) > 1 else 1
    down = math.ceil(len(labels) / across)
    figure = Figure(figsize=(WIDTH_IN, 0.55 + 1.75 * down), layout="constrained")
    grid = figure.subplots(down, across, sharex=True, squeeze=False)
    for axes, label in zip(grid.flat, labels, strict=False):
        _queue(axes, table[table["label"] == label], sides)
        axes.set_title(two_lines(label, 44), fontsize=8.5)
    for axes in grid.flat[len(labels) :]:
        axes.set_visible(False)
    grid[0, 0].set_ylabel("waiting")
    handles = [
        Line2D([], [], color=_line_colour(s, sides), linestyle=_dash(s, sides), label=one_line(s))
        for s in sides
    ]
    if len(sides) > 1:
        legend(figure, handles)
    return figure


def _queue(axes: Axes, table: pd.DataFrame, sides: list[str]) -> None:
    for side in sides:
        rows = table[table["side"] == side]
        days = pd.to_datetime(rows["date"]).to_numpy()
        mean = rows["queue_mean"].to_numpy(float)
        half = np.nan_to_num(rows["half_width_95"].to_numpy(float))
        colour = _line_colour(side, sides)
        low = np.maximum(mean - half, 0)
        axes.fill_between(days, low, mean + half, color=colour, alpha=0.22, linewidth=0)
        axes.plot(days, mean, color=colour, linestyle=_dash(side, sides), linewidth=1.2)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(thousands))
    locator = mdates.AutoDateLocator(minticks=3, maxticks=7)
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator))
    axes.grid(axis="y")
