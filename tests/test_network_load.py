"""From files and changes to a network: shape of tables, cells, changes, dates."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import networkx as nx
import pytest

from network.attributes import of_table
from network.cells import to_typed
from network.errors import NetworkError
from network.load import apply_changes, build, freeze, in_force, load, on, read_tables
from network.schema import TABLES, Network, RawRow, RawTables, RawValue, RowChange

NODES = "id,name\na,Almaty\nb,Beyneu\n"
LINKS = "id,from,to,mode,gauge_mm,length_km\nab,a,b,rail,1520,100\n"


def folder_of(path: Path, **files: str | bytes) -> Path:
    folder = path / "small"
    folder.mkdir()
    for table, text in files.items():
        content = text if isinstance(text, bytes) else text.encode()
        (folder / f"{table}.csv").write_bytes(content)
    return folder


def problems_of(path: Path, **files: str | bytes) -> list[str]:
    with pytest.raises(NetworkError) as caught:
        load(folder_of(path, **files))
    return str(caught.value).splitlines()


def add(table: str, key: str, **values: RawValue) -> RowChange:
    renamed = {"from" if name == "from_" else name: value for name, value in values.items()}
    return RowChange("add", table, key, renamed, f"x.yaml:{len(values)}:1")


def change(key: str, origin: str, *, overrides: bool = False, **values: RawValue) -> RowChange:
    return RowChange("change", "links", key, values, origin, overrides)


def small(*changes: RowChange) -> Network:
    base = [
        add("nodes", "a"),
        add("nodes", "b"),
        add("links", "ab", from_="a", to="b", mode="rail", gauge_mm=1520, length_km=100),
    ]
    return load(None, [*base, *changes])


def test_a_folder_of_tables_becomes_a_frozen_graph_with_both_directions(tmp_path: Path) -> None:
    network = load(folder_of(tmp_path, nodes=NODES, links=LINKS))

    assert [node.id for node in network.nodes] == ["a", "b"]
    assert nx.is_frozen(network.graph)
    assert network.graph.edges["a", "b", "ab"]["row"].length_km == 100
    assert network.graph.edges["b", "a", "ab"]["row"] is network.links[0]
    assert network.graph.nodes["a"]["row"].name == "Almaty"
    assert network.origins["links", "ab"] == "small/links.csv:2"


def test_the_season_flat_need_not_be_written(tmp_path: Path) -> None:
    network = load(folder_of(tmp_path, nodes=NODES))

    assert [(row.month, row.factor) for row in network.season if row.profile == "flat"] == [
        (month, 1.0) for month in range(1, 13)
    ]


def test_byte_order_mark_and_blank_lines_at_the_end_are_accepted(tmp_path: Path) -> None:
    network = load(folder_of(tmp_path, nodes=b"\xef\xbb\xbf" + NODES.encode() + b"\n\n"))

    assert len(network.nodes) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "small/nodes.csv:1: empty file; a header is needed: id,name,"),
        ("id;name\na;b\n", "small/nodes.csv:1: delimiter ';' found; use a comma"),
        ("id,id\na,b\n", "small/nodes.csv:1: column 'id' stands twice"),
        ("ID,name\na,b\n", "small/nodes.csv:1: unknown column 'ID'; did you mean 'id'?"),
        ("id,nmae\na,b\n", "small/nodes.csv:1: unknown column 'nmae'; did you mean 'name'?"),
        ("name\nb\n", "small/nodes.csv:1: column 'id' is missing"),
        ("id,name\na,b,c\n", "small/nodes.csv:2: 3 cells, the header has 2"),
        ("id,name\na,b\n\nc,d\n", "small/nodes.csv:3: blank line between rows"),
        ('id,name\na,"b\n', "not a CSV line: unexpected end of data"),
        ("id\tname\na\tb\n", "small/nodes.csv:1: delimiter '\\t' found; use a comma"),
        ("id,name\na,b\x07c\n", r"small/nodes.csv:2: nodes[a].name: 'b\x07c' holds a control"),
        ("id,name\na,b\u202ec\n", r"small/nodes.csv:2: nodes[a].name: 'b\u202ec' holds a control"),
        ("id,name\na,Алматы\n".encode("cp1251"), "small/nodes.csv:2: byte 0xc0 is not UTF-8"),
        ("id,name\na,b\n".encode("utf-16"), "small/nodes.csv:1: encoded as UTF-16"),
        (f"id,name\na,{'x' * 100_001}\n", "small/nodes.csv:2: a cell has more than 100000"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    assert message in problems_of(tmp_path, nodes=text)[0]


def test_quoted_commas_quotes_and_line_feeds_are_kept_and_lines_still_counted(
    tmp_path: Path,
) -> None:
    text = 'id,name,lat\na,"Say ""no"",\ntwice",\nb,é عربى 🚂,x\n'

    assert problems_of(tmp_path, nodes=text) == [
        "small/nodes.csv:4: nodes[b].lat: 'x' is not a number"
    ]


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"no table found; expected nodes\.csv"):
        read_tables(tmp_path)


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("length_km", "12,5", "'12,5' is not a number; write 12.5"),
        ("length_km", "nan", "'nan' is not a number"),
        ("length_km", "1e999", "inf is not a finite number"),
        ("length_km", "0", "0 km found; must be greater than 0"),
        ("length_km", "-3", "-3 km found; must be greater than 0"),
        ("length_km", "1_000", "'1_000' is not a number"),
        ("length_km", "3 ", "'3 ' begins or ends with a blank"),
        ("length_km", "", "is empty; a value is needed"),
        ("tracks", "2.5", "'2.5' is not a whole number"),
        ("mode", "rial", "'rial' is not one of rail, road, sea, river, air; did you mean 'rail'?"),
        ("to", "bb", "'bb' is not in nodes"),
        ("metered", "true", "'true' is not yes or no"),
        ("available_from", "2023-02-29", "'2023-02-29' is no day of the calendar"),
        ("available_from", "1.2.2024", "'1.2.2024' is not a date; write YYYY-MM-DD"),
        ("source", "x1;x1", "'x1;x1' names an item twice"),
        ("source", "x1; x2", "has an empty item or a blank beside a semicolon"),
    ],
)
def test_a_wrong_cell_is_named_by_row_and_column(
    tmp_path: Path, column: str, cell: str, message: str
) -> None:
    row = {"id": "ab", "from": "a", "to": "b", "mode": "rail", "gauge_mm": "1520"}
    row |= {"length_km": "9", column: cell}
    links = ",".join(row) + "\n" + ",".join(f'"{text}"' for text in row.values()) + "\n"

    found = problems_of(tmp_path, nodes=NODES, links=links)

    assert found[0].startswith(f"small/links.csv:2: links[ab].{column}: ")
    assert message in found[0]


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("servers", True, "True is not a whole number"),
        ("servers", 2.5, "2.5 is not a whole number"),
        ("servers", 10**9, "must be at most 100000"),
        ("mean_h", float("nan"), "nan is not a finite number"),
        ("mean_h", False, "False is not a number"),
        ("node", 7, "7 is not text; quote it"),
        ("opens", 480, "480 is not a time of day; write HH:MM"),
        ("servres", 2, "unknown column 'servres'; did you mean 'servers'?"),
    ],
)
def test_a_wrong_value_of_an_inline_row_is_named(
    column: str, value: RawValue, message: str
) -> None:
    cells: dict[str, RawValue] = {"node": "a", "operation": "gate", "servers": 1, "mean_h": 1.0}
    cells |= {"law": "exponential", column: value}

    with pytest.raises(NetworkError) as caught:
        small(add("facilities", "f", **cells))

    assert message in str(caught.value)


def test_problems_of_all_tables_are_reported_at_once(tmp_path: Path) -> None:
    links = "id,from,to,mode,length_km\nx,a,a,road,5\ny,a,c,road,-5\n"

    found = problems_of(tmp_path, nodes="id,lat\na,95\nb,\n", links=links)

    assert [line.split(": ")[0] for line in found] == [
        "small/nodes.csv:2",
        "small/links.csv:3",
        "small/links.csv:3",
        "small/links.csv:2",
    ]


def test_ids_that_differ_only_in_case_or_form_are_refused_with_both_places(
    tmp_path: Path,
) -> None:
    # e + combining acute and the single letter are the same text to a reader
    nodes = "id\nAktau\naktau\ncafe\u0301\ncaf\u00e9\n"

    first, second = problems_of(tmp_path, nodes=nodes)

    assert first.startswith("small/nodes.csv:3: nodes: id 'aktau' differs from 'Aktau' only in")
    assert first.endswith("stands at small/nodes.csv:2 too")
    assert second.startswith("small/nodes.csv:5: nodes: id 'caf\u00e9' differs from 'cafe\u0301'")


def test_defaults_that_hang_on_other_cells_are_filled() -> None:
    network = small(
        add("links", "busy", from_="a", to="b", mode="rail", gauge_mm=1520, length_km=5,
            paths_per_day=30, background_per_day=10, tracks=2),
        add("services", "s", mode="rail", from_="a", to="b", gauge_mm=1520),
        add("services", "v", mode="sea", from_="a", to="b", fleet=2),
        add("demand", "d", origin="a", destination="b", load_class="box", unit="teu",
            year=2024, amount=10, lot=2),
        add("facilities", "f", node="a", operation="gate", servers=1, mean_h=1,
            law="exponential"),
    )  # fmt: skip

    busy = next(link for link in network.links if link.id == "busy")
    assert (busy.metered, busy.min_headway_min) == (True, 8.0)
    assert [(row.line, row.direction) for row in network.services] == [
        ("s", "one_way"),
        ("v", "both"),
    ]
    flow = network.demand[0]
    assert (flow.flow, flow.lot_unit, flow.season, flow.priority) == ("d", "teu", "flat", 3)
    assert (flow.arrival_law, flow.arrival_cv) == ("exponential", 1.0)
    assert (network.facilities[0].cv, network.facilities[0].opens) == (1.0, "00:00")


def test_a_change_sets_cells_and_a_retired_row_is_gone() -> None:
    network = small(
        change("ab", "p.yaml:3:1", length_km=120, tracks=2),
        add("nodes", "c"),
        RowChange("retire", "nodes", "c", {}, "p.yaml:9:1"),
    )

    assert (network.links[0].length_km, network.links[0].tracks) == (120, 2)
    assert [node.id for node in network.nodes] == ["a", "b"]


def test_an_emptied_cell_takes_its_default() -> None:
    network = small(
        change("ab", "p.yaml:3:1", status="planned"),
        change("ab", "q.yaml:3:1", overrides=True, status=None),
    )

    assert network.links[0].status == "open"


def test_a_bad_value_of_a_change_is_reported_where_the_change_stands() -> None:
    with pytest.raises(NetworkError, match=r"^p\.yaml:3:1: links\[ab\]\.length_km: -1 km found"):
        small(change("ab", "p.yaml:3:1", length_km=-1))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ([add("nodes", "a")], r"nodes\[a\]: is there already, at x\.yaml:0:1"),
        ([change("abc", "p:1", tracks=1)], r"p:1: links\[abc\]: no such row; did you mean 'ab'\?"),
        ([change("ab", "p:1", track=1)], r"unknown column 'track'; did you mean 'tracks'\?"),
        (
            [change("ab", "p:1", tracks=1), change("ab", "q:1", tracks=2)],
            r"q:1: links\[ab\]\.tracks: set to 2 here and to 1 at p:1",
        ),
        (
            [change("ab", "p:1", tracks=1), RowChange("retire", "links", "ab", {}, "q:1")],
            r"q:1: links\[ab\]: is retired here and changed at p:1",
        ),
        (
            [RowChange("retire", "links", "ab", {}, "p:1"), change("ab", "q:1", tracks=2)],
            r"q:1: links\[ab\]: was retired at p:1",
        ),
        (
            [RowChange("retire", "links", "ab", {}, "p:1"), add("links", "ab")],
            r"links\[ab\]: was retired at p:1",
        ),
        (
            [RowChange("add", "link", "z", {}, "p:1")],
            r"p:1: unknown table 'link'; did you mean 'links'\?",
        ),
    ],
)
def test_changes_that_do_not_fit_are_refused(changes: list[RowChange], message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        small(*changes)


def test_two_changes_to_the_same_value_are_no_conflict_and_an_override_wins() -> None:
    network = small(
        change("ab", "p:1", tracks=2),
        change("ab", "q:1", tracks=2),
        change("ab", "--set", overrides=True, tracks=4),
    )

    assert network.links[0].tracks == 4


def dated() -> Network:
    """Two states of a link, and a facility that succeeds another on 2026-07-01."""
    server: Mapping[str, RawValue] = {"servers": 1, "mean_h": 1, "law": "exponential"}
    link: Mapping[str, RawValue] = {"mode": "road", "length_km": 5}
    return small(
        add("links", "r_a", from_="a", to="b", available_to="2025-06-18", **link),
        add("links", "r_b", from_="a", to="b", available_from="2025-06-19", **link),
        add("facilities", "old", node="a", operation="gate", **server),
        add("facilities", "new", node="a", operation="gate", replaces="old",
            available_from="2026-07-01", **server),
    )  # fmt: skip


def test_both_dates_of_a_row_are_days_in_force() -> None:
    rows = {row.id: row for row in dated().links}

    assert in_force(rows["r_a"], date(2025, 6, 18))
    assert not in_force(rows["r_a"], date(2025, 6, 19))
    assert not in_force(rows["r_b"], date(2025, 6, 18))
    assert in_force(rows["r_b"], date(2025, 6, 19))


def test_a_replaced_row_ends_the_day_before() -> None:
    old = next(row for row in dated().facilities if row.id == "old")

    assert old.available_to == date(2026, 6, 30)


def test_the_network_of_a_day_has_only_the_rows_of_that_day() -> None:
    network = on(dated(), date(2026, 7, 1))

    assert [row.id for row in network.facilities] == ["new"]
    assert [row.id for row in network.links] == ["ab", "r_b"]
    assert {key for *_, key in network.graph.edges(keys=True)} == {"ab", "r_b"}


def test_a_frozen_network_keeps_the_day_and_drops_the_dates() -> None:
    network = freeze(dated(), date(2025, 6, 18))

    assert [row.id for row in network.links] == ["ab", "r_a"]
    assert all(row.available_from is row.available_to is None for row in network.links)
    assert network.facilities[0].available_to is None
    assert network.graph.edges["a", "b", "r_a"]["row"].available_to is None


def test_rows_are_sorted_by_id_in_byte_order() -> None:
    names = ["Z", "z2", "é", "a1", "a_"]

    network = load(None, [add("nodes", name) for name in names])

    # UTF-8: 'Z' 5a, 'a1' 61 31, 'a_' 61 5f, 'z2' 7a, 'é' c3
    assert [node.id for node in network.nodes] == ["Z", "a1", "a_", "z2", "é"]


def test_every_column_has_its_field_in_the_typed_row_and_the_same_default() -> None:
    empty: dict[str, RawValue] = {
        "id": "i", "profile": "p", "month": 1, "factor": 1, "from": "i", "to": "i", "node": "i",
        "origin": "i", "destination": "i", "mode": "road", "length_km": 1, "operation": "gate",
        "load_class": "box", "unit": "teu", "year": 2024, "amount": 1, "lot": 1, "effect": "shut",
        "target_kind": "node", "item": "x", "value": 1, "quantity": "q", "title": "t",
    }  # fmt: skip
    filled = {"line", "direction", "flow", "lot_unit", "arrival_cv"}  # by other cells

    for table in TABLES:
        required = {column.name for column in of_table(table) if column.required}
        values = {name: empty[name] for name in required}
        raw = RawTables(nodes=(RawRow("x", {"id": "i"}),))
        raw = raw._replace(**{table: (RawRow("x", values),)})
        row = to_typed(raw).rows[table][0]

        assert set(row._fields) == {column.field for column in of_table(table)}, table
        defaults = type(row)._field_defaults
        got = {name: getattr(row, name) for name in defaults if name not in filled}
        assert got == {name: defaults[name] for name in got}, table


def test_an_unchanged_table_is_left_alone() -> None:
    raw = RawTables(nodes=(RawRow("x:1", {"id": "a"}),))

    assert apply_changes(raw, []) == raw
    assert build(raw).nodes[0].id == "a"
