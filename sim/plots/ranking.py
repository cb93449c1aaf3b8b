"""Chart of a ranking: what each scenario gains, at each demand, with its interval."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from sim.plots.bars import in_order, legend, thousands
from sim.plots.style import BASE, GRID, INK, MUTED, SCENARIO, WIDTH_IN

_HEAD_IN = 1.1
_ROW_IN = 0.21
_SHADES = (BASE, SCENARIO)
_SHAPES = {"open": "o", "early": "^", "due": "s", "package": "D"}
"""Mark of a project -> shape of its points; filled where a difference is shown."""
_LINEAR = 1_000.0
"""Differences up to this stand on a linear piece of the axis, beyond it logarithmic."""


def ranking(table: pd.DataFrame) -> Figure | None:
    """Difference of a figure by scenario, with 95 % intervals that hold together.

    Parameters
    ----------
    table
        One row per (label, side): ``mark``, ``difference``, ``half_width``, ``is_shown`` and
        ``said``, what the axis counts; the greatest first. Sides are demands, at most two.
    """
    if table.empty:
        return None
    labels, sides = in_order(table["label"]), in_order(table["side"])
    figure = Figure(figsize=(WIDTH_IN, _HEAD_IN + _ROW_IN * len(labels)), layout="constrained")
    axes = figure.subplots()
    rank = {label: i for i, label in enumerate(labels)}
    for at, side in enumerate(sides):
        shade = _SHADES[-1] if len(sides) == 1 else _SHADES[at]
        rows = table[table["side"] == side]
        ys = [rank[str(label)] + 0.2 * (2 * at - (len(sides) - 1)) for label in rows["label"]]
        values, halves = (rows[name].to_numpy(float) for name in ("difference", "half_width"))
        for x, y, half, mark, is_shown in zip(
            values,
            ys,
            halves,
            rows["mark"].astype(str),
            rows["is_shown"].to_numpy(bool),
            strict=True,
        ):
            axes.errorbar(
                x, y, xerr=half, fmt=_SHAPES[mark], color=shade, markersize=4.5,
                markerfacecolor=shade if is_shown else "none", elinewidth=0.9,
                alpha=1.0 if is_shown else 0.55,
            )  # fmt: skip
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set_xscale("symlog", linthresh=_LINEAR, linscale=0.8)
    left, right = axes.get_xlim()
    ticks = [x for x in axes.get_xticks() if left <= x <= right and (not x or abs(x) >= _LINEAR)]
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    axes.set_xlabel(str(table["said"].iloc[0]))
    axes.set_yticks(np.arange(len(labels)), labels, fontsize=8)
    axes.set_ylim(len(labels) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="both", color=GRID)
    shades = _SHADES[-1:] if len(sides) == 1 else _SHADES
    handles = [Line2D([], [], color=c, label=s) for c, s in zip(shades, sides, strict=True)]
    marks = in_order(table["mark"])
    handles += [
        Line2D([], [], linestyle="", marker=_SHAPES[mark], color=MUTED, label=mark)
        for mark in marks
    ]
    handles.append(
        Line2D(
            [],
            [],
            linestyle="",
            marker="o",
            color=MUTED,
            markerfacecolor="none",
            label="hollow: no difference shown",
        )
    )
    legend(figure, handles, columns=min(len(handles), 4))
    return figure
