"""The map of a page: land, flows as curves that can be hovered, places with labels.

Width is TEU and colour utilisation, as on the static map; the page's script zooms, drags,
switches layers and hides labels that would cover others.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from sim.plots.basemap import Projection, Ring, fit
from sim.plots.flowmap import bends, curve, widths
from sim.plots.sheet import Land, land
from sim.plots.style import busy_colour
from sim.report import drawn
from sim.report.material import Comparison, Run
from sim.report.numbers import figure, share, signed

WIDTH = 1000.0
WIDEST = 11.0
_THINNEST = 0.7


class Stroke(NamedTuple):
    """One flow: a curve, its width and colour, and the words of its tip."""

    path: str
    width: str
    colour: str
    tip: str


class Layer(NamedTuple):
    """One set of flows; one is shown at a time."""

    key: str
    name: str
    strokes: tuple[Stroke, ...]
    note: str


class Dot(NamedTuple):
    """One place."""

    x: str
    y: str
    name: str


class WorldMap(NamedTuple):
    """All that the template draws."""

    width: str
    height: str
    land: str
    """Path data of the land."""
    layers: tuple[Layer, ...]
    dots: tuple[Dot, ...]
    note: str
    heart: str
    """``x y width height`` around the places of Kazakhstan; empty where it has none."""
    ramp: str
    """Colours of 0, 1/8 ... 1 for the key."""
    label: str


def of_run(run: Run, basemap: str) -> WorldMap | None:
    """The map of one run, or None where no link with traffic has places."""
    return _world_map([(run, drawn.lines(run))], None, basemap)


def of_comparison(comparison: Comparison, basemap: str) -> WorldMap | None:
    """The map of a comparison: scenario, base, and the change from one to the other."""
    runs = [comparison.scenario, comparison.base]
    return _world_map([(run, drawn.lines(run)) for run in runs], comparison, basemap)


def _world_map(
    parts: Sequence[tuple[Run, pd.DataFrame]], comparison: Comparison | None, basemap: str
) -> WorldMap | None:
    lines = pd.concat([table for _, table in parts], ignore_index=True)
    places = drawn.map_places(parts[0][0], lines)
    if lines.empty or places.empty:
        return None
    where = list(zip(places["lat"].astype(float), places["lon"].astype(float), strict=True))
    projection = fit(where, width=WIDTH, shape=(1.5, 2.0))
    spots = {str(n): projection.at(*at) for n, at in zip(places["node"], where, strict=True)}
    names = dict(zip(places["node"], places["name"], strict=True))
    most = float(lines["teu"].max())
    layers = [_layer(run, table, spots, names, most) for run, table in parts]
    if comparison is not None:
        layers.append(_change(comparison, spots, names))
    ground = land(basemap, projection)
    return WorldMap(
        f"{projection.width:.0f}", f"{projection.height:.0f}", _outline(ground), tuple(layers),
        _dots(places, projection), ground.note, _heart(places, projection), _ramp(),
        "Map of flows: width is TEU, colour is utilisation. " + "; ".join(_told(lines, names)),
    )  # fmt: skip


def _told(lines: pd.DataFrame, names: dict[str, str]) -> list[str]:
    """The greatest flows in words, for those who do not see the map."""
    first = lines.drop_duplicates("link").sort_values("teu", ascending=False).head(3)
    return [
        f"{names[a]} – {names[b]} {figure(teu, 0)} TEU"
        for a, b, teu in zip(first["start"], first["end"], first["teu"], strict=True)
    ]


def _outline(ground: Land) -> str:
    return "".join(_ring(ring) for ring in ground.outlines)


def _ring(ring: Ring) -> str:
    points = [f"{x:.1f} {y:.1f}" for x, y in ring]
    return f"M{'L'.join(points)}Z"


def _path(start: tuple[float, float], end: tuple[float, float], bend: float) -> str:
    (x0, y0), (x1, y1) = start, end
    if bend == 0:
        return f"M{x0:.1f} {y0:.1f}L{x1:.1f} {y1:.1f}"
    cx, cy = curve(start, end, bend)
    return f"M{x0:.1f} {y0:.1f}Q{cx:.1f} {cy:.1f} {x1:.1f} {y1:.1f}"


def _layer(
    run: Run,
    table: pd.DataFrame,
    spots: dict[str, tuple[float, float]],
    names: dict[str, str],
    most: float,
) -> Layer:
    width = widths(table["teu"], WIDEST) * (
        (float(table["teu"].max()) / most) ** 0.5 if most else 0
    )
    drawn_lines = table.assign(width=width, bend=bends(table)).sort_values("teu", kind="stable")
    strokes = []
    for _, row in drawn_lines.iterrows():
        busy = float(row["utilisation"])
        is_limited = not math.isnan(busy)
        strokes.append(Stroke(
            _path(spots[row["start"]], spots[row["end"]], float(row["bend"])),
            f"{max(float(row['width']), _THINNEST):.2f}",
            busy_colour(busy) if is_limited else "var(--base)",
            _tip(row, names),
        ))  # fmt: skip
    return Layer(
        run.role,
        run.title,
        tuple(strokes),
        "Width: TEU both ways. Colour: utilisation; grey: no limit of its own.",
    )


def _tip(row: "pd.Series[float]", names: dict[str, str]) -> str:
    start, end = names[str(row["start"])], names[str(row["end"])]
    busy = float(row["utilisation"])
    limit = "no limit of its own" if math.isnan(busy) else f"utilisation {share(busy)}"
    return (
        f"{start} – {end}, {row['mode']}\n"
        f"to {end}: {figure(row['teu_forward'], 0)} TEU\n"
        f"to {start}: {figure(row['teu_backward'], 0)} TEU\n"
        f"{figure(row['vehicles'], 0)} vehicles, {limit}"
    )


def _change(
    comparison: Comparison, spots: dict[str, tuple[float, float]], names: dict[str, str]
) -> Layer:
    table = drawn.changes(comparison)
    table = table.assign(teu=table["change"].abs())
    table = table.assign(width=widths(table["teu"], WIDEST), bend=bends(table))
    strokes = [
        Stroke(
            _path(spots[row["start"]], spots[row["end"]], float(row["bend"])),
            f"{max(float(row['width']), _THINNEST):.2f}",
            "var(--scenario)" if row["change"] > 0 else "var(--warning)",
            f"{names[row['start']]} – {names[row['end']]}, {row['mode']}\n"
            f"{signed(row['change'], 0)} TEU\n"
            f"base {figure(row['teu_base'], 0)}, scenario {figure(row['teu_scenario'], 0)} TEU",
        )
        for _, row in table.sort_values("teu", kind="stable").iterrows()
    ]
    note = "Change – width: TEU both ways more (blue) or fewer (orange) than in the base."
    return Layer("change", "Change", tuple(strokes), note)


def _dots(places: pd.DataFrame, projection: Projection) -> tuple[Dot, ...]:
    dots = []
    for name, lat, lon in zip(places["name"], places["lat"], places["lon"], strict=True):
        x, y = projection.at(float(lat), float(lon))
        dots.append(Dot(f"{x:.1f}", f"{y:.1f}", str(name)))
    return tuple(dots)


def _heart(places: pd.DataFrame, projection: Projection) -> str:
    ours = places[places["country"] == "KZ"]
    if len(ours) < 2:  # noqa: PLR2004  (one place has no extent)
        return ""
    left, top = projection.at(ours["lat"].max(), ours["lon"].min())
    right, low = projection.at(ours["lat"].min(), ours["lon"].max())
    x, y = 0.06 * (right - left), 0.12 * (low - top)
    return f"{left - x:.0f} {top - y:.0f} {right - left + 2 * x:.0f} {low - top + 2 * y:.0f}"


def _ramp() -> str:
    return ", ".join(busy_colour(i / 8) for i in range(9))
