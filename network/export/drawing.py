"""A network as a drawing: an SVG map on the coastline, for ``keruen network map``."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from network.errors import NetworkError, Problem
from network.schema import LinkRow, Network, NodeRow

_LAND = Path(__file__).resolve().parents[1] / "data" / "basemap" / "eurasia_land_50m.geojson"
_MARGIN_DEG = 2.0
_WIDTH = 1600
# Colours of Okabe and Ito (2008), which colour-blind readers tell apart.
_COLOURS = (
    ("rail", "#0072b2"),
    ("road", "#999999"),
    ("sea", "#56b4e9"),
    ("river", "#009e73"),
    ("air", "#cc79a7"),
)


class Frame(NamedTuple):
    """Where a place on earth falls on the sheet: plate carrée, true at the middle latitude."""

    west: float
    north: float
    scale_x: float
    """Pixels per degree of longitude."""
    scale_y: float
    """Pixels per degree of latitude."""
    height: float
    """Pixels."""

    def point(self, lon: float, lat: float) -> str:
        """Return ``x,y`` in pixels."""
        return f"{(lon - self.west) * self.scale_x:.1f},{(self.north - lat) * self.scale_y:.1f}"


def svg(network: Network) -> str:
    """Return an SVG map: land, links coloured by mode, nodes; titles show on hovering.

    Raises
    ------
    NetworkError
        If no node has coordinates.
    """
    at = {node.id: node for node in network.nodes if node.lat is not None}
    if not at:
        raise NetworkError([Problem("nodes", "no node has lat and lon, so there is no map")])
    frame = _frame(list(at.values()))
    lines = [link for link in network.links if link.origin in at and link.destination in at]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {frame.height:.0f}">',
        "<style>text{font:9px sans-serif}</style>",
        f'<rect width="{_WIDTH}" height="{frame.height:.0f}" fill="#dfeaf2"/>',
        f'<path fill="#f6f4ee" stroke="#bbb" stroke-width=".5" d="{_land(frame)}"/>',
        *(_line(frame, link, at) for link in lines),
        *(_dot(frame, node) for node in at.values()),
        *_legend(),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _frame(nodes: Sequence[NodeRow]) -> Frame:
    places = [(node.lon or 0.0, node.lat or 0.0) for node in nodes]
    west = min(lon for lon, _ in places) - _MARGIN_DEG
    east = max(lon for lon, _ in places) + _MARGIN_DEG
    south = min(lat for _, lat in places) - _MARGIN_DEG
    north = max(lat for _, lat in places) + _MARGIN_DEG
    scale_x = _WIDTH / (east - west)
    scale_y = scale_x / math.cos(math.radians((north + south) / 2))
    return Frame(west, north, scale_x, scale_y, (north - south) * scale_y)


def _land(frame: Frame) -> str:
    collection = json.loads(_LAND.read_text(encoding="utf-8"))
    return " ".join(
        "M" + " ".join(frame.point(lon, lat) for lon, lat in ring) + "Z"
        for feature in collection["features"]
        for ring in _rings(feature["geometry"]["coordinates"])
    )


def _rings(coordinates: Iterable[list[list[list[float]]]]) -> Iterator[list[list[float]]]:
    for polygon in coordinates:
        yield from polygon


def _line(frame: Frame, link: LinkRow, at: dict[str, NodeRow]) -> str:
    ends = [at[link.origin], at[link.destination]]
    points = " ".join(frame.point(end.lon or 0.0, end.lat or 0.0) for end in ends)
    gauge = f", {link.gauge_mm} mm" if link.gauge_mm else ""
    dash = ' stroke-dasharray="4 3"' if link.available_from or link.available_to else ""
    title = escape(f"{link.id}: {link.mode}{gauge}, {link.length_km:g} km")
    return (
        f'<polyline points="{points}" fill="none" stroke="{dict(_COLOURS)[link.mode]}"'
        f' stroke-width="1.4"{dash}><title>{title}</title></polyline>'
    )


def _dot(frame: Frame, node: NodeRow) -> str:
    x, y = frame.point(node.lon or 0.0, node.lat or 0.0).split(",")
    title = escape(f"{node.id}: {node.name}")
    return (
        f'<circle cx="{x}" cy="{y}" r="3" fill="#222"><title>{title}</title></circle>'
        f'<text x="{float(x) + 4:.1f}" y="{float(y) - 3:.1f}">{escape(node.id)}</text>'
    )


def _legend() -> Iterator[str]:
    for place, (mode, colour) in enumerate(_COLOURS):
        y = 20 + 16 * place
        yield f'<path d="M12,{y}h24" stroke="{colour}" stroke-width="3"/>'
        yield f'<text x="42" y="{y + 3}">{mode}</text>'
    y = 20 + 16 * len(_COLOURS)
    yield f'<text x="12" y="{y}">dashed: not in force on every day</text>'
    yield f'<text x="12" y="{y + 16}">Land: Natural Earth</text>'
