"""Land under the maps, from files that are shipped, and the projection of every map.

``land`` is the coast alone. ``borders`` also draws countries, as Natural Earth does (de
facto lines), and then the map carries ``DISCLAIMER``. A path to a GeoJSON file takes the
institution's own.
"""

import json
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sim.errors import ResultsError
from sim.plots.labels import Box

DISCLAIMER = "Boundaries are indicative and imply no opinion on legal status."
CREDIT = "Made with Natural Earth."

_SHIPPED = Path(__file__).resolve().parents[2] / "network" / "data" / "basemap"
_FILES = {"land": "eurasia_land_50m.geojson", "borders": "eurasia_countries_50m.geojson"}

Ring = list[tuple[float, float]]


class Projection(NamedTuple):
    """Degrees to a flat map, true to scale along its middle latitude."""

    west: float
    south: float
    east: float
    north: float
    scale: float
    """Map units per degree of latitude."""

    @property
    def stretch(self) -> float:
        """Length of a degree of longitude over one of latitude at mid-map, in (0, 1]."""
        return math.cos(math.radians((self.south + self.north) / 2))

    @property
    def width(self) -> float:
        """Width of the map in its own units."""
        return (self.east - self.west) * self.stretch * self.scale

    @property
    def height(self) -> float:
        """Height of the map in its own units."""
        return (self.north - self.south) * self.scale

    def at(self, lat: float, lon: float) -> tuple[float, float]:
        """Distance right of and below the map's upper left corner."""
        return (lon - self.west) * self.stretch * self.scale, (self.north - lat) * self.scale


def fit(
    places: Sequence[tuple[float, float]], *, width: float, shape: tuple[float, float] = (1.5, 2.2)
) -> Projection:
    """The projection that shows all places with a margin.

    Parameters
    ----------
    places
        Latitude and longitude in degrees; at least one.
    width
        Width of the map in its own units.
    shape
        Least and greatest width over height; the shorter side is widened to it.
    """
    lats, lons = [lat for lat, _ in places], [lon for _, lon in places]
    tall = max(max(lats) - min(lats), 2.0) * 1.16
    stretch = math.cos(math.radians((max(lats) + min(lats)) / 2))
    wide = max(max(lons) - min(lons), 2.0) * stretch * 1.12
    wide, tall = max(wide, tall * shape[0]), max(tall, wide / shape[1])
    lat, lon = (max(lats) + min(lats)) / 2, (max(lons) + min(lons)) / 2
    half = wide / stretch / 2
    return Projection(lon - half, lat - tall / 2, lon + half, lat + tall / 2, width / wide)


def rings(basemap: str) -> list[Ring]:
    """Outlines of land as closed rings of (longitude, latitude).

    Parameters
    ----------
    basemap
        ``land``, ``borders`` or the path of a GeoJSON file.

    Raises
    ------
    ResultsError
        If the file cannot be read as GeoJSON.
    """
    path = _SHIPPED / _FILES[basemap] if basemap in _FILES else Path(basemap)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        geometries = [feature["geometry"] for feature in found["features"]]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        allowed = "basemap must be land, borders or the path of a GeoJSON file"
        raise ResultsError(f"{basemap}: no readable GeoJSON ({fault}); {allowed}") from fault
    return [
        [(float(lon), float(lat)) for lon, lat, *_ in ring]
        for geometry in geometries
        for polygon in _polygons(geometry)
        for ring in polygon
    ]


def _polygons(geometry: dict[str, Any]) -> Iterable[Iterable[Sequence[Sequence[float]]]]:
    coordinates = geometry["coordinates"]
    return coordinates if geometry["type"] == "MultiPolygon" else [coordinates]


def clipped(ring: Ring, box: Box) -> Ring:
    """The part of a ring inside the box, closed along the box's edges.

    References
    ----------
    Sutherland and Hodgman (1974), Reentrant polygon clipping, CACM 17(1).
    """
    for axis, limit, keeps_more in (
        (0, box.left, True), (0, box.right, False), (1, box.low, True), (1, box.high, False),
    ):  # fmt: skip
        ring = _cut(ring, axis, limit, keeps_more=keeps_more)
    return ring


def _cut(ring: Ring, axis: int, limit: float, *, keeps_more: bool) -> Ring:
    out: Ring = []
    for before, after in zip(ring[-1:] + ring[:-1], ring, strict=True):
        inside = [(point[axis] >= limit) == keeps_more for point in (before, after)]
        if inside[0] != inside[1]:
            part = (limit - before[axis]) / (after[axis] - before[axis])
            other = before[1 - axis] + part * (after[1 - axis] - before[1 - axis])
            out.append((limit, other) if axis == 0 else (other, limit))
        if inside[1]:
            out.append(after)
    return out
