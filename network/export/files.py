"""A network as GeoJSON (QGIS and other maps) and as GraphML (graph tools)."""

import json
from datetime import date

import networkx as nx

from network import attributes
from network.schema import LinkRow, Network, NodeRow

Scalar = str | int | float | bool | None


def scalars(table: str, row: NodeRow | LinkRow) -> dict[str, Scalar]:
    """Return the cells of a row under their CSV names; lists joined by ``;``, dates as text."""
    return {
        column.name: _scalar(getattr(row, column.field)) for column in attributes.of_table(table)
    }


def _scalar(value: object) -> Scalar:
    if isinstance(value, tuple):
        return ";".join(map(str, value))
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float):
        return value
    raise AssertionError(value)


def geojson(network: Network) -> str:
    """Return a FeatureCollection in WGS 84: nodes as points, links as lines.

    A node without coordinates, and a link with such an end, has no geometry. ``layer`` in
    the properties is ``nodes`` or ``links``, so that the two can be styled apart.
    """
    at = {node.id: _position(node) for node in network.nodes}
    features = [
        _feature("nodes", node, None if at[node.id] is None else ("Point", at[node.id]))
        for node in network.nodes
    ]
    for link in network.links:
        ends = (at[link.origin], at[link.destination])
        line = None if None in ends else ("LineString", list(ends))
        features.append(_feature("links", link, line))
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, ensure_ascii=False, allow_nan=False, indent=1) + "\n"


def _position(node: NodeRow) -> list[float] | None:
    return None if node.lat is None or node.lon is None else [node.lon, node.lat]


def _feature(
    layer: str, row: NodeRow | LinkRow, shape: tuple[str, object] | None
) -> dict[str, object]:
    geometry = None if shape is None else {"type": shape[0], "coordinates": shape[1]}
    return {
        "type": "Feature",
        "id": f"{layer}/{row.id}",
        "geometry": geometry,
        "properties": {"layer": layer, **scalars(layer, row)},
    }


def graphml(network: Network) -> str:
    """Return an undirected GraphML graph: one edge for each link, its id as the key."""
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    for node in network.nodes:
        graph.add_node(node.id, **_given("nodes", node))
    for link in network.links:
        graph.add_edge(link.origin, link.destination, key=link.id, **_given("links", link))
    return "\n".join(nx.generate_graphml(graph, named_key_ids=True)) + "\n"


def _given(table: str, row: NodeRow | LinkRow) -> dict[str, str | int | float | bool]:
    """Return the cells that are not empty: GraphML knows no null."""
    cells = scalars(table, row).items()
    return {name: value for name, value in cells if value is not None and name != "id"}
