"""The map of a project: which lines and places it changes, on a network drawn thin."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.plots.flowmap import MODE_DASH
from sim.plots.sheet import Sheet, Spot, draw_places, sheet, strokes
from sim.plots.style import INK, MUTED, PAPER, WARNING

_WIDE_IN = 7.2
_LEAST_DEG = 5.0
"""Around what is changed, so that a single post is seen where it lies."""


def change_map(
    lines: pd.DataFrame, places: pd.DataFrame, *, basemap: str, title: str
) -> Figure | None:
    """What is changed, and the network around it.

    Parameters
    ----------
    lines
        One row per link: ``start``, ``end`` (places), ``mode``, ``is_changed``.
    places
        One row per place: ``node``, ``name``, ``lat``, ``lon``, ``is_changed``; those first
        whose names matter most.
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.
    """
    changed = lines[lines["is_changed"]]
    own = set(places.loc[places["is_changed"], "node"])
    seen = places[places["node"].isin(own | set(changed["start"]) | set(changed["end"]))]
    if seen.empty:
        return None
    corners = [
        (lat + up * _LEAST_DEG / 2, lon + up * _LEAST_DEG)
        for lat, lon in zip(seen["lat"], seen["lon"], strict=True)
        for up in (-1, 1)
    ]
    blank = sheet(corners, basemap=basemap, title=title, wide_in=_WIDE_IN, foot_in=0.34)
    spots = {
        str(node): blank.projection.at(float(lat), float(lon))
        for node, lat, lon in zip(places["node"], places["lat"], places["lon"], strict=True)
    }
    _draw_lines(blank, lines, spots)
    marked = [spots[str(node)] for node in seen["node"] if node in own]
    blank.axes.plot(
        [x for x, _ in marked], [y for _, y in marked], "o", markersize=8,
        markerfacecolor="none", markeredgecolor=WARNING, markeredgewidth=2, zorder=8,
    )  # fmt: skip
    rest = places[~places["node"].isin(seen["node"])]
    shown = pd.concat([seen, rest])
    shown = shown[[_is_in_view(blank, spots[str(node)]) for node in shown["node"]]]
    draw_places(blank, shown, spots, strokes(changed, spots))
    _key(blank)
    return blank.figure


def _is_in_view(blank: Sheet, spot: Spot) -> bool:
    x, y = spot
    return 0 < x < blank.projection.width and 0 < y < blank.projection.height


def _draw_lines(blank: Sheet, lines: pd.DataFrame, spots: dict[str, Spot]) -> None:
    for row in lines.sort_values("is_changed", kind="stable").itertuples():
        (x0, y0), (x1, y1) = spots[str(row.start)], spots[str(row.end)]
        (line,) = blank.axes.plot([x0, x1], [y0, y1], color=MUTED, linewidth=0.8, alpha=0.6)
        line.set(linestyle=MODE_DASH.get(str(row.mode), "solid"))
        if row.is_changed:
            line.set(color=WARNING, linewidth=2.6, alpha=1.0, zorder=5)


def _key(blank: Sheet) -> None:
    blank.figure.legend(
        handles=[
            Line2D([], [], color=WARNING, linewidth=2.6, label="line changed"),
            _dot(8, WARNING, 2.0, "place with what is changed"),
            _dot(3, INK, 0.7, "place"),
        ],
        loc="lower left", bbox_to_anchor=(0.0, 0.0), ncols=3, fontsize=7.5,
    )  # fmt: skip


def _dot(size: float, edge: str, width: float, label: str) -> Line2D:
    return Line2D(
        [], [], linestyle="none", marker="o", markersize=size, markerfacecolor=PAPER,
        markeredgecolor=edge, markeredgewidth=width, label=label,
    )  # fmt: skip
