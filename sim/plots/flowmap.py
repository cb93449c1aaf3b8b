"""The static map: width is TEU, colour is utilisation, dash is mode, on a plain coast."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import matplotlib as mpl
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from sim.plots.basemap import CREDIT, DISCLAIMER, Projection, Ring, clipped, fit, rings
from sim.plots.labels import Box, place
from sim.plots.style import INK, LAND, MUTED, PAPER, SHORE, busy_colour

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


class Land(NamedTuple):
    """What lies under the flows."""

    outlines: list[Ring]
    """Closed rings, in map units."""
    note: str
    """Credit, and the disclaimer where borders are drawn."""


def land(basemap: str, projection: Projection) -> Land:
    """The land in view of a map.

    Parameters
    ----------
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.
    """
    p = projection
    view = Box(p.west, p.south, p.east, p.north)
    cut = [clipped(ring, view) for ring in rings(basemap)]
    outlines = [[p.at(lat, lon) for lon, lat in ring] for ring in cut if len(ring) > 2]  # noqa: PLR2004
    if basemap == "land":
        return Land(outlines, CREDIT)
    return Land(outlines, f"{CREDIT} {DISCLAIMER}" if basemap == "borders" else "")


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
    projection = fit(list(at.values()), width=1000.0, shape=(1.55, 2.1))
    wide = 11.0
    figure = Figure(figsize=(wide, wide * projection.height / projection.width + 0.75))
    foot = 0.62 / figure.get_figheight()
    top = 0.30 / figure.get_figheight()
    axes = figure.add_axes((0.005, foot, 0.99, 1 - foot - top))
    axes.set_xlim(0, projection.width)
    axes.set_ylim(projection.height, 0)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[["left", "bottom", "right", "top"]].set_visible(True)
    axes.spines[["left", "bottom", "right", "top"]].set_color(SHORE)
    axes.set_title(title, pad=5)
    ground = land(basemap, projection)
    _draw_land(axes, ground.outlines)
    spots = {node: projection.at(*where) for node, where in at.items()}
    _draw_lines(axes, lines, spots)
    used = set(lines["start"]) | set(lines["end"])
    strokes = _strokes(lines, spots)
    _draw_places(figure, axes, places[places["node"].isin(used)], spots, strokes)
    _key(figure, axes, lines, ground.note, foot)
    return figure


def _draw_land(axes: Axes, outlines: Sequence[Ring]) -> None:
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for ring in outlines:
        points += [*ring, ring[0]]
        codes += [int(Outline.MOVETO), *[int(Outline.LINETO)] * (len(ring) - 1)]
        codes.append(int(Outline.CLOSEPOLY))
    if points:
        shape = Outline(points, codes)
        axes.add_patch(PathPatch(shape, facecolor=LAND, edgecolor=SHORE, linewidth=0.5))


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


def _strokes(
    lines: pd.DataFrame, spots: dict[str, tuple[float, float]]
) -> list[tuple[float, float]]:
    """Points along the lines, close enough that no label slips between two."""
    points = []
    for start, end in zip(lines["start"], lines["end"], strict=True):
        (x0, y0), (x1, y1) = spots[start], spots[end]
        count = int(max(abs(x1 - x0), abs(y1 - y0)) / 6.0) + 1
        points += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(count)]
    return points


def _draw_places(
    figure: Figure,
    axes: Axes,
    places: pd.DataFrame,
    spots: dict[str, tuple[float, float]],
    strokes: Sequence[tuple[float, float]],
) -> None:
    canvas = FigureCanvasAgg(figure)
    renderer = canvas.get_renderer()
    shown = [spots[str(node)] for node in places["node"]]
    x, y = [spot[0] for spot in shown], [spot[1] for spot in shown]
    axes.plot(x, y, "o", markersize=3.0, markerfacecolor=PAPER, markeredgecolor=INK,
              markeredgewidth=0.7, zorder=7)  # fmt: skip
    texts = [
        axes.text(0, 0, str(name), fontsize=7.0, ha="center", va="center", zorder=6)
        for name in places["name"]
    ]
    extents = [text.get_window_extent(renderer) for text in texts]
    points = [tuple(map(float, axes.transData.transform(spot))) for spot in shown]
    frame = axes.get_window_extent(renderer)
    dots = [Box(px - 2, py - 2, px + 2, py + 2) for px, py in points]
    centres = place(
        [(px, py) for px, py in points],
        [(box.width + 2, box.height * 0.9) for box in extents],
        gap=4.0,
        bounds=Box(frame.x0 + 2, frame.y0 + 2, frame.x1 - 2, frame.y1 - 2),
        taken=dots,
        avoided=[
            Box(sx - 3, sy - 3, sx + 3, sy + 3)
            for sx, sy in (map(float, axes.transData.transform(spot)) for spot in strokes)
        ],
    )
    back = axes.transData.inverted()
    for text, centre in zip(texts, centres, strict=True):
        if centre is None:
            text.remove()
            continue
        text.set_position(tuple(back.transform(centre)))
        text.set_bbox({"facecolor": PAPER, "alpha": 0.6, "edgecolor": "none", "pad": 0.4})


def _key(figure: Figure, axes: Axes, lines: pd.DataFrame, note: str, foot: float) -> None:
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
    axes.annotate(
        note, (1, 0), (-4, 4), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="bottom", fontsize=6.5, color=MUTED,
    )  # fmt: skip


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
