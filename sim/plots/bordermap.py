"""The map of delays at borders: how much is waited at each crossing, and how long by one TEU."""

import math

import matplotlib as mpl
import pandas as pd
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.plots.sheet import Sheet, Spot, draw_places, sheet
from sim.plots.style import INK, SHORE

_WIDE_IN = 11.0
_GREATEST_PT = 24.0
"""Diameter of the circle of the crossing at which most is waited; area counts."""
_LEAST_PT = 3.0
_LONGEST_H = 48.0
"""Hours from which on all are of the last colour."""
_COLOURS = mpl.colormaps["cividis"].resampled(8)
"""So few that an SVG holds them as shapes, not as a picture."""


def border_map(table: pd.DataFrame, *, basemap: str, title: str) -> Figure | None:
    """Crossings as circles on the coastline.

    Parameters
    ----------
    table
        One row per crossing, the longest waiting first: ``name``, ``lat``, ``lon``,
        ``waiting_teu_d``, ``hours_a_teu``.
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.
    """
    table = table[table["lat"].notna() & table["lon"].notna()]
    if table.empty or not (table["waiting_teu_d"] > 0).any():
        return None
    at = [(float(lat), float(lon)) for lat, lon in zip(table["lat"], table["lon"], strict=True)]
    blank = sheet(at, basemap=basemap, title=title, wide_in=_WIDE_IN, foot_in=0.62)
    spots = {
        str(name): blank.projection.at(*where)
        for name, where in zip(table["name"], at, strict=True)
    }
    most = float(table["waiting_teu_d"].max())
    unit_pt = blank.projection.width / (_WIDE_IN * 72)
    covered: list[Spot] = []
    for name, waiting, hours in zip(
        table["name"], table["waiting_teu_d"], table["hours_a_teu"], strict=True
    ):
        x, y = spots[str(name)]
        size = _diameter(float(waiting) / most)
        covered += _rim(x, y, size / 2 * unit_pt)
        blank.axes.plot(
            x, y, "o", markersize=size, markeredgecolor=INK,
            markeredgewidth=0.6, alpha=0.9, zorder=5,
            markerfacecolor=_COLOURS(min(float(hours) / _LONGEST_H, 1.0)),
        )  # fmt: skip
    draw_places(blank, table.assign(node=table["name"]), spots, covered)
    _key(blank, most)
    return blank.figure


def _diameter(share: float) -> float:
    return max(_GREATEST_PT * math.sqrt(share), _LEAST_PT)


def _rim(x: float, y: float, radius: float) -> list[Spot]:
    """Points of a circle, close enough that no name covers it."""
    turns = (2 * math.pi * i / 16 for i in range(16))
    return [(x + radius * math.cos(turn), y + radius * math.sin(turn)) for turn in turns]


def _key(blank: Sheet, most: float) -> None:
    figure, foot = blank.figure, blank.foot
    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=_diameter(part),
               markerfacecolor="none", markeredgecolor=SHORE,
               label=f"{float(f'{most * part:.2g}'):,.0f} TEU-days".replace(",", "\u202f"))
        for part in (0.5, 0.1, 0.01)
    ]  # fmt: skip
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.05 * foot),
        ncols=3, fontsize=7.5, columnspacing=2.0,
    )  # fmt: skip
    bar = figure.add_axes((0.62, foot * 0.52, 0.2, foot * 0.2))
    figure.colorbar(
        ScalarMappable(Normalize(0, _LONGEST_H), _COLOURS),
        cax=bar, orientation="horizontal", extend="max",
    )  # fmt: skip
    bar.tick_params(labelsize=7, length=2, pad=1)
    figure.text(
        0.613, foot * 0.62, "hours a TEU", fontsize=7.5, ha="right", va="center", color=INK
    )
