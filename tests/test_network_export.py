"""A network as files, tables and a drawing; the page of attributes."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import networkx as nx
import pytest

from commands.tables import print_table, without_empty
from network.errors import NetworkError
from network.export.describe import describe
from network.export.drawing import svg
from network.export.files import geojson, graphml
from network.export.pages import attributes_page
from network.load import corridor_folder, load
from network.schema import Network, RawValue, RowChange

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"


def row(table: str, key: str, **cells: RawValue) -> RowChange:
    values = {"from" if name == "from_" else name: value for name, value in cells.items()}
    return RowChange("add", table, key, values, f"x.yaml:1:{len(key)}")


def small() -> Network:
    return load(None, [
        row("nodes", "a", name='<script>alert("1")</script> & é', lat=50, lon=70),
        row("nodes", "b", lat=51, lon=72),
        row("nodes", "nowhere"),
        row("links", "ab", from_="a", to="b", mode="rail", gauge_mm=1520, length_km=200,
            available_from="2025-06-19", source="own_est;assumption"),
        row("links", "bn", from_="b", to="nowhere", mode="road", length_km=9),
        row("facilities", "gate", node="b", operation="gate", servers=2, mean_h=1.5,
            law="exponential"),
        row("services", "t", mode="rail", from_="a", to="b", gauge_mm=1520),
    ])  # fmt: skip


def test_geojson_holds_points_and_lines_with_their_attributes() -> None:
    features = {one["id"]: one for one in json.loads(geojson(small()))["features"]}

    assert len(features) == 5
    assert features["nodes/a"]["geometry"] == {"type": "Point", "coordinates": [70.0, 50.0]}
    line = features["links/ab"]
    assert line["geometry"] == {"type": "LineString", "coordinates": [[70.0, 50.0], [72.0, 51.0]]}
    assert line["properties"]["layer"] == "links"
    assert line["properties"]["from"] == "a"
    assert line["properties"]["length_km"] == 200
    assert line["properties"]["available_from"] == "2025-06-19"
    assert line["properties"]["source"] == "own_est;assumption"
    assert line["properties"]["available_to"] is None


def test_a_place_without_coordinates_has_no_geometry() -> None:
    features = {one["id"]: one for one in json.loads(geojson(small()))["features"]}

    assert features["nodes/nowhere"]["geometry"] is None
    assert features["links/bn"]["geometry"] is None


def test_graphml_is_read_back_with_every_link_once_under_its_id() -> None:
    graph = nx.parse_graphml(graphml(small()), force_multigraph=True)

    assert set(graph) == {"a", "b", "nowhere"}
    assert {key for *_, key in graph.edges(keys=True)} == {"ab", "bn"}
    assert graph.edges["a", "b", "ab"]["gauge_mm"] == 1520
    assert "gauge_mm" not in graph.edges["b", "nowhere", "bn"]


def test_the_whole_corridor_is_exported() -> None:
    network = load(corridor_folder())

    features = json.loads(geojson(network))["features"]
    graph = nx.parse_graphml(graphml(network), force_multigraph=True)

    assert len(features) == len(network.nodes) + len(network.links) == 149 + 263
    assert graph.number_of_edges() == 263


def test_a_node_is_described_with_all_that_stands_there() -> None:
    found = describe(small(), "b")

    assert (found.table, found.origin) == ("nodes", "x.yaml:1:1")
    facts = {fact.attribute: (fact.value, fact.unit) for fact in found.facts}
    assert facts["lat"] == ("51", "deg")
    assert "name" not in facts
    rows = {one.table: one.rows for one in found.related}
    assert [line[0] for line in rows["links"]] == ["ab", "bn"]
    assert rows["facilities"][0][:6] == ("gate", "gate", "any", "", "2", "1.5")
    assert rows["services"][0][0] == "t"


def test_ids_are_never_broken_on_a_narrow_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    name = "f_alashankou_inspection_to_china_train_grain"

    print_table(*without_empty(("id", "opens", "closes"), [(name, "08:00", ""), ("b", "", "")]))

    said = capsys.readouterr().out
    assert name in said
    assert "closes" not in said


def test_table_that_is_wider_than_the_window_becomes_a_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    thin = "\u202f"
    difference = f"+12{thin}700 (+8{thin}200 to +17{thin}200)"
    row = ("TEU delivered in the measured window", f"3{thin}815{thin}700", difference, "more")

    for columns in (200, 60, 40):
        monkeypatch.setenv("COLUMNS", str(columns))
        print_table(("figure", "base", "difference (95 % interval)", "verdict"), [row])
        said = capsys.readouterr().out
        assert all(len(line) <= columns for line in said.splitlines())
        # A number stands in one piece, whatever the window.
        assert all(number in said for number in (row[1], f"+17{thin}200)"))
        assert ("verdict: more" in said) == (columns < 100)


def test_a_link_is_described_under_the_names_of_its_columns() -> None:
    facts = {fact.attribute: fact.value for fact in describe(small(), "ab").facts}

    assert (facts["from"], facts["to"], facts["metered"]) == ("a", "b", "no")


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(NetworkError, match=r"nothing is called 'gaet'; did you mean 'gate'\?"):
        describe(small(), "gaet")


def test_the_map_is_well_formed_and_holds_every_place_with_coordinates() -> None:
    root = ET.fromstring(svg(small()))  # noqa: S314 - our own text

    assert len(root.findall(f"{SVG}circle")) == 2
    assert len(root.findall(f"{SVG}polyline")) == 1
    titles = [one.text for one in root.iter(f"{SVG}title")]
    assert titles == [
        "ab: rail, 1520 mm, 200 km",
        'a: <script>alert("1")</script> & é',
        "b: ",
    ]


def test_a_network_without_coordinates_has_no_map() -> None:
    with pytest.raises(NetworkError, match="no node has lat and lon"):
        svg(load(None, [row("nodes", "a")]))


def test_the_page_of_attributes_is_up_to_date() -> None:
    page = (ROOT / "docs" / "attributes.md").read_text(encoding="utf-8")

    assert page == attributes_page(), "stale: run `python docs/generate_attributes.py`"
