"""The static map: width is TEU, colour is utilisation, dash is mode, on a plain coast."""

import math

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from sim.plots.sheet import Sheet, draw_places, sheet, strokes
from sim.plots.style import INK, MUTED, PAPER, SHORE, busy_colour

WIDEST = 9.0
"""Width of the line that carries most, in points; others by the square root of their TEU."""

MODE_DASH = {
    "rail": "solid",
    "sea": (0, (1.2, 0.9)),
    "road": (0, (3, 1)),
    "river": (0, (2, 0.8, 0.5, 0.8)),
    "air": (0, (0.6, 1.4)),
}
_BEND = 0.09


def widths(teu: "pd.Series[float]", widest: float) -> "pd.Series[float]":
    """Width of each line, by the square root of its TEU, so that small flows stay visible."""
    most = float(teu.max()) if len(teu) else 0.0
    if most <= 0:
        return teu * 0.0
    share: pd.Series[float] = (teu.clip(lower=0.0) / most) ** 0.5
    return share * widest


def curve(
    start: tuple[float, float], end: tuple[float, float], bend: float
) -> tuple[float, float]:
    """Control point of the quadratic curve from start to end, off the straight by ``bend``."""
    (x0, y0), (x1, y1) = start, end
    return (x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0)


def bends(lines: pd.DataFrame) -> list[float]:
    """Bend of each line, so that lines between the same two places lie side by side.

    Parameters
    ----------
    lines
        Columns ``start`` and ``end``.
    """
    pairs = [tuple(sorted(pair)) for pair in zip(lines["start"], lines["end"], strict=True)]
    seen: dict[tuple[str, ...], int] = {}
    out = []
    for pair, start in zip(pairs, lines["start"], strict=True):
        number = seen.get(pair, 0)
        seen[pair] = number + 1
        side = (number + 1) // 2 * (1 if number % 2 else -1)
        out.append(_BEND * side * (1 if start == pair[0] else -1))
    return out


def flow_map(
    lines: pd.DataFrame, places: pd.DataFrame, *, basemap: str, title: str
) -> Figure | None:
    """Flows on the coastline.

    Parameters
    ----------
    lines
        One row per link with traffic: ``start``, ``end`` (places), ``mode``, ``teu`` and
        ``utilisation`` (empty where there is no limit).
    places
        One row per place, the most important first: ``node``, ``name``, ``lat``, ``lon``.
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.
    """
    if lines.empty or places.empty:
        return None
    at = {
        str(node): (float(lat), float(lon))
        for node, lat, lon in zip(places["node"], places["lat"], places["lon"], strict=True)
    }
    blank = sheet(list(at.values()), basemap=basemap, title=title, wide_in=11.0, foot_in=0.62)
    spots = {node: blank.projection.at(*where) for node, where in at.items()}
    _draw_lines(blank.axes, lines, spots)
    used = set(lines["start"]) | set(lines["end"])
    draw_places(blank, places[places["node"].isin(used)], spots, strokes(lines, spots))
    _key(blank, lines)
    return blank.figure


def _draw_lines(axes: Axes, lines: pd.DataFrame, spots: dict[str, tuple[float, float]]) -> None:
    drawn = lines.assign(width=widths(lines["teu"], WIDEST), bend=bends(lines))
    for row in drawn.sort_values("teu", kind="stable").itertuples():
        start, end = spots[str(row.start)], spots[str(row.end)]
        width = max(float(row.width), 0.5)  # type: ignore[arg-type]
        path = Outline(
            [start, curve(start, end, float(row.bend)), end],  # type: ignore[arg-type]
            [Outline.MOVETO, Outline.CURVE3, Outline.CURVE3],
        )
        busy = float(row.utilisation)  # type: ignore[arg-type]
        colour = MUTED if math.isnan(busy) else busy_colour(busy)
        dash = MODE_DASH.get(str(row.mode), "solid")
        common = {"facecolor": "none", "capstyle": "round"}
        axes.add_patch(PathPatch(path, edgecolor=INK, linewidth=width + 1.1, alpha=0.55, **common))
        axes.add_patch(PathPatch(path, edgecolor=colour, linewidth=width, **common))
        if dash != "solid":
            gaps = {"edgecolor": PAPER, "linewidth": max(width * 0.3, 0.5), "linestyle": dash}
            axes.add_patch(PathPatch(path, facecolor="none", capstyle="butt", **gaps))


def _key(blank: Sheet, lines: pd.DataFrame) -> None:
    figure, foot = blank.figure, blank.foot
    most = float(lines["teu"].max())
    handles = [
        Line2D([], [], color=SHORE, linewidth=max(WIDEST * part**0.5, 0.5),
               label=f"{_rounded(most * part):,.0f} TEU".replace(",", "\u202f"))
        for part in (1.0, 0.25, 0.04)
    ]  # fmt: skip
    handles.append(Line2D([], [], color=MUTED, linewidth=2.0, label="no limit of its own"))
    figure.legend(
        handles=handles, loc="lower left", bbox_to_anchor=(0.0, 0.05 * foot),
        ncols=4, fontsize=7.5, handlelength=2.4, columnspacing=1.4,
    )  # fmt: skip
    bar = figure.add_axes((0.56, foot * 0.52, 0.2, foot * 0.2))
    figure.colorbar(
        ScalarMappable(Normalize(0, 1), mpl.colormaps["cividis"]),
        cax=bar,
        orientation="horizontal",
    )
    bar.tick_params(labelsize=7, length=2, pad=1)
    figure.text(
        0.553, foot * 0.62, "utilisation", fontsize=7.5, ha="right", va="center", color=INK
    )


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
