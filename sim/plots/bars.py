"""Charts of bars and dots: throughput, where the time goes, how busy places are."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

from sim.plots.style import (
    BASE,
    CAUSE_COLOUR,
    GRID,
    INK,
    MUTED,
    PAPER,
    SCENARIO,
    WARNING,
    WIDTH_IN,
    new_figure,
    one_line,
    two_lines,
)

_ROW_IN = 0.34
_HEAD_IN = 0.95
_LINE_PT = 10.5
_IN_A_ROW = 7
"""Names of causes that fit side by side."""


def colours(sides: list[str]) -> dict[str, str]:
    """Colour of each side: one run is blue; of two, the base is grey and the other blue."""
    return dict(zip(sides, [SCENARIO] if len(sides) == 1 else [BASE, SCENARIO], strict=False))


def in_order(column: "pd.Series[str]") -> list[str]:
    """Distinct values in order of appearance."""
    return [str(value) for value in column.drop_duplicates()]


def thousands(value: float, _: object = None) -> str:
    """A figure of an axis with thin spaces between thousands."""
    return f"{value:,.10g}".replace(",", "\u202f")


def legend(figure: Figure, handles: Sequence[Artist], *, columns: int = 1) -> None:
    """Put the legend above all axes, flush left."""
    figure.legend(
        handles=handles, loc="outside upper left", ncols=columns, handlelength=1.4,
        columnspacing=1.5, borderpad=0.1,
    )  # fmt: skip


def throughput(table: pd.DataFrame) -> Figure | None:
    """TEU by corridor and by border crossing, with 95 % intervals.

    Parameters
    ----------
    table
        One row per (group, label, side): ``teu`` and ``half_width_95``, in the order in
        which bars are to stand.
    """
    if table.empty:
        return None
    groups = in_order(table["group"])
    rows = [table[table["group"] == group]["label"].nunique() for group in groups]
    sides = in_order(table["side"])
    height = _HEAD_IN + 0.4 * len(groups) + _ROW_IN * sum(rows)
    figure = Figure(figsize=(WIDTH_IN, height), layout="constrained")
    axes = figure.subplots(len(groups), 1, height_ratios=[n + 0.6 for n in rows], squeeze=False)
    for panel, group in zip(axes[:, 0], groups, strict=True):
        _grouped(panel, table[table["group"] == group], sides)
        panel.set_title(group, pad=6)
        panel.set_xlabel("TEU in the window")
    if len(sides) > 1:
        shades = colours(sides)
        legend(figure, [Patch(color=shades[side], label=one_line(side)) for side in sides])
    return figure


def _grouped(axes: Axes, table: pd.DataFrame, sides: list[str]) -> None:
    labels = in_order(table["label"])
    thick = 0.78 / len(sides)
    for i, side in enumerate(sides):
        rows = table[table["side"] == side].set_index("label").reindex(labels)
        at = np.arange(len(labels)) + (i - (len(sides) - 1) / 2) * thick
        value = rows["teu"].to_numpy(float)
        half = rows["half_width_95"].to_numpy(float)
        axes.barh(at, np.nan_to_num(value), height=thick * 0.92, color=colours(sides)[side])
        known = np.isfinite(half) & np.isfinite(value)
        axes.errorbar(
            value[known], at[known], xerr=half[known],
            fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.0,
        )  # fmt: skip
    _rows(axes, labels)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))


def _rows(axes: Axes, labels: list[str], *, gap: float = 4.0) -> None:
    """Name the rows, each line of a name on its own so that it ends where the others end."""
    axes.set_yticks(range(len(labels)), [""] * len(labels))
    for row, label in enumerate(labels):
        lines = two_lines(label).split("\n")
        for i, line in enumerate(lines):
            axes.annotate(
                line, (0.0, row), (-gap, ((len(lines) - 1) / 2 - i) * _LINE_PT),
                xycoords=axes.get_yaxis_transform(), textcoords="offset points",
                ha="right", va="center",
            )  # fmt: skip
    axes.set_ylim(len(labels) - 0.45, -0.55)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def causes(table: pd.DataFrame) -> Figure | None:
    """Time by cause as stacked bars, one for each (label, side).

    Parameters
    ----------
    table
        One row per (label, side, cause): ``value`` in ``unit``; labels from top to bottom.
    """
    if table.empty or not (table["value"] > 0).any():
        return None
    labels, sides = in_order(table["label"]), in_order(table["side"])
    booked = set(table.loc[table["value"] > 0, "cause"])
    drawn = [cause for cause in CAUSE_COLOUR if cause in booked]
    two = len(sides) > 1
    figure, axes = new_figure(1.2 + (0.44 if two else 0.33) * len(labels) + 0.1 * two)
    thick = 0.84 / len(sides)
    widest = table.groupby(["label", "side"])["value"].sum().max()
    for i, side in enumerate(sides):
        at = np.arange(len(labels)) + (i - (len(sides) - 1) / 2) * thick
        _stack(
            axes, table[table["side"] == side], labels, drawn,
            at=at, thick=thick * 0.9, widest=widest,
        )  # fmt: skip
        if two:
            for y in at:
                word = side.split(":", 1)[0]
                axes.annotate(
                    word, (0, y), (-4, 0), textcoords="offset points",
                    ha="right", va="center", fontsize=7.5, color=MUTED,
                )  # fmt: skip
    _rows(axes, labels if len(labels) > 1 or not two else [""], gap=52.0 if two else 4.0)
    axes.set_xlim(left=0)
    axes.set_xlabel(str(table["unit"].iloc[0]))
    axes.xaxis.set_major_formatter(FuncFormatter(thousands))
    columns = len(drawn) if len(drawn) <= _IN_A_ROW else (len(drawn) + 1) // 2
    legend(figure, [Patch(color=CAUSE_COLOUR[c], label=c) for c in drawn], columns=columns)
    return figure


def _stack(
    axes: Axes,
    table: pd.DataFrame,
    labels: list[str],
    drawn: list[str],
    *,
    at: "NDArray[np.floating[Any]]",
    thick: float,
    widest: float,
) -> None:
    wide = table.pivot_table(index="label", columns="cause", values="value", aggfunc="sum")
    wide = wide.reindex(index=labels, columns=drawn).fillna(0.0)
    left = np.zeros(len(labels))
    for cause in drawn:
        value = wide[cause].to_numpy(float)
        axes.barh(
            at, value, left=left, height=thick,
            color=CAUSE_COLOUR[cause], edgecolor=PAPER, linewidth=0.6,
        )  # fmt: skip
        for y, x, length in zip(at, left, value, strict=True):
            if length > 0.07 * widest:
                axes.text(
                    x + length / 2, y, _brief(length),
                    ha="center", va="center", fontsize=7.5, color=_over(cause),
                )  # fmt: skip
        left = left + value


def _brief(value: float) -> str:
    digits = 0 if value >= 10 else 1 if value >= 0.95 else 2  # noqa: PLR2004
    return f"{value:,.{digits}f}".replace(",", "\u202f")


def _over(cause: str) -> str:
    """Colour of writing on a cause's bar, dark or light by the bar's own lightness."""
    red, green, blue = (int(CAUSE_COLOUR[cause][i : i + 2], 16) for i in (1, 3, 5))
    is_light = 0.299 * red + 0.587 * green + 0.114 * blue > 125  # noqa: PLR2004  (of 255)
    return "#111111" if is_light else "#fefefe"


def utilisation(table: pd.DataFrame) -> Figure | None:
    """Busiest places as dots on a scale from 0 to 1.

    Parameters
    ----------
    table
        One row per (label, side): ``utilisation`` and ``half_width_95``, busiest first.
    """
    if table.empty:
        return None
    labels, sides = in_order(table["label"]), in_order(table["side"])
    figure, axes = new_figure(_HEAD_IN + 0.31 * len(labels))
    wide = table.pivot_table(index="label", columns="side", values="utilisation", aggfunc="first")
    wide = wide.reindex(index=labels, columns=sides)
    at = np.arange(len(labels))
    axes.hlines(at, wide.min(axis=1), wide.max(axis=1), color=MUTED, linewidth=1.2)
    for i, side in enumerate(sides):
        rows = table[table["side"] == side].set_index("label").reindex(labels)
        is_base = i == 0 and len(sides) > 1
        axes.errorbar(
            rows["utilisation"].to_numpy(float),
            at,
            xerr=rows["half_width_95"].fillna(0.0).to_numpy(float),
            fmt="o" if not is_base else "D",
            markersize=6 if not is_base else 5,
            markerfacecolor=PAPER if is_base else colours(sides)[side],
            markeredgecolor=MUTED if is_base else colours(sides)[side],
            ecolor=MUTED if is_base else colours(sides)[side],
            elinewidth=1.0,
            label=one_line(side),
        )
    _rows(axes, labels)
    right = max(1.0, float(np.nanmax(wide.to_numpy(float)))) * 1.02
    axes.set_xlim(0, right)
    axes.axvline(1.0, color=WARNING, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.hlines(at, 0, right, color=GRID, linewidth=0.6, zorder=0)
    axes.set_xlabel("utilisation (1 = busy whenever open)")
    if len(sides) > 1:
        legend(figure, axes.get_legend_handles_labels()[0])
    return figure
