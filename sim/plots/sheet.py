"""The sheet of every static map: land, a frame that fits the places, places with their names.

In: places in degrees. Out: `Sheet`: axes in map units, on which a map draws what it is about.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path as Outline

from sim.plots.basemap import CREDIT, DISCLAIMER, Projection, Ring, clipped, fit, rings
from sim.plots.labels import Box, place
from sim.plots.style import INK, LAND, MUTED, PAPER, SHORE

Spot = tuple[float, float]

_HEAD_IN = 0.30
"""Height of the title; the map itself gives a part of it."""
_ABOVE_IN = 0.13


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


class Sheet(NamedTuple):
    """A map with nothing on it but land."""

    figure: Figure
    axes: Axes
    """In map units, its upper left corner (0, 0)."""
    projection: Projection
    foot: float
    """Height below the map, for a key, as a share of the figure."""


def sheet(
    shown: Sequence[Spot], *, basemap: str, title: str, wide_in: float, foot_in: float
) -> Sheet:
    """Return a map of the land around some places.

    Parameters
    ----------
    shown
        Latitude and longitude, in degrees, of what must be in view; at least one.
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.
    title
        Above the map.
    wide_in, foot_in
        Width of the figure, and height below the map, in inches.
    """
    projection = fit(shown, width=1000.0, shape=(1.55, 2.1))
    tall_in = wide_in * projection.height / projection.width + foot_in + _ABOVE_IN
    figure = Figure(figsize=(wide_in, tall_in))
    foot, top = foot_in / tall_in, _HEAD_IN / tall_in
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
    axes.annotate(
        ground.note, (1, 0), (-4, 4), xycoords="axes fraction", textcoords="offset points",
        ha="right", va="bottom", fontsize=6.5, color=MUTED,
    )  # fmt: skip
    return Sheet(figure, axes, projection, foot)


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


def strokes(lines: pd.DataFrame, spots: Mapping[str, Spot]) -> list[Spot]:
    """Points along the lines, close enough that no label slips between two."""
    points = []
    for start, end in zip(lines["start"], lines["end"], strict=True):
        (x0, y0), (x1, y1) = spots[start], spots[end]
        count = int(max(abs(x1 - x0), abs(y1 - y0)) / 6.0) + 1
        points += [(x0 + (x1 - x0) * i / count, y0 + (y1 - y0) * i / count) for i in range(count)]
    return points


def draw_places(
    blank: Sheet, places: pd.DataFrame, spots: Mapping[str, Spot], avoided: Sequence[Spot]
) -> None:
    """Draw places, and the names for which there is room.

    Parameters
    ----------
    blank
        Drawn on.
    places
        ``node`` and ``name``, the most important first.
    spots
        Node -> where it lies, in map units.
    avoided
        Points in map units that no name may hide.
    """
    figure, axes = blank.figure, blank.axes
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
            for sx, sy in (map(float, axes.transData.transform(spot)) for spot in avoided)
        ],
    )
    back = axes.transData.inverted()
    for text, centre in zip(texts, centres, strict=True):
        if centre is None:
            text.remove()
            continue
        text.set_position(tuple(back.transform(centre)))
        text.set_bbox({"facecolor": PAPER, "alpha": 0.6, "edgecolor": "none", "pad": 0.4})
