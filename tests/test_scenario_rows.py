"""Rows that scenarios and patches write: order, conflicts, dates under ``as_of``."""

from datetime import date
from pathlib import Path

import pytest

from network.errors import NetworkError
from network.schema import FacilityRow, LinkRow, Network, ServiceRow
from sim.errors import ScenarioError
from sim.scenario import load, network_of

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
HEAD = "schema_version: 1\nname: x\nwindow: {start: 2028-01-01, days: 10}\n"
ONE_PLACE = """\
schema_version: 1
name: base
window: {start: 2028-01-01, days: 10}
network:
  source: none
  nodes: [{id: a}, {id: b}]
  facilities:
    - {id: f, node: a, operation: handling, servers: 1, mean_h: 1, law: exponential}
    - {id: g, node: a, operation: gate, servers: 1, mean_h: 1, law: exponential}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one scenario of two nodes, ``base.yaml``."""
    monkeypatch.chdir(tmp_path)
    Path("s").mkdir()
    written(Path("s"), ONE_PLACE, "base.yaml")
    return Path("s")


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def patch(folder: Path, name: str, text: str) -> str:
    written(folder, f"schema_version: 1\nname: {name}\n{text}", f"{name}.yaml")
    return f"{name}.yaml"


def scenario_of(folder: Path, text: str) -> Path:
    return written(folder, f"{HEAD}extends: base.yaml\n{text}")


def refusal(path: Path) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path)
    return str(caught.value)


def facilities(network: Network) -> dict[str, FacilityRow]:
    return {row.id: row for row in network.facilities}


def test_rows_are_added_changed_and_retired(folder: Path) -> None:
    path = scenario_of(
        folder,
        "add:\n  facilities:\n"
        "    - {id: h, node: b, operation: gate, servers: 2, mean_h: 3, law: exponential}\n"
        "change: {facilities: [{id: f, servers: 4, cv: null}]}\n"
        "retire: {facilities: [g]}\n",
    )

    found = facilities(network_of(load(path)))

    assert sorted(found) == ["f", "h"]
    assert (found["f"].servers, found["f"].mean_h, found["h"].mean_h) == (4, 1, 3)


def test_an_inline_row_of_a_file_changes_that_of_the_file_it_extends(folder: Path) -> None:
    path = scenario_of(folder, "network:\n  facilities: [{id: f, servers: 5}]\n")

    found = facilities(network_of(load(path)))

    assert sorted(found) == ["f", "g"]
    assert (found["f"].servers, found["f"].mean_h) == (5, 1)


def test_the_stronger_layer_sets_the_cell(folder: Path) -> None:
    """The extended file says 1, the file 2, the patch 3, ``--set`` 4; one row stops at each."""
    name = patch(
        folder,
        "p",
        "change: {facilities: [{id: f, servers: 3, mean_h: 3}]}\n",
    )
    path = scenario_of(
        folder,
        f"patches: [{name}]\n"
        "change: {facilities: [{id: f, servers: 2, mean_h: 2}, {id: g, servers: 2}]}\n",
    )

    found = facilities(network_of(load(path, sets=["network.facilities[f].servers=4"])))

    assert (found["f"].servers, found["f"].mean_h) == (4, 3)
    assert (found["g"].servers, found["g"].mean_h) == (2, 1)


def test_an_extended_file_comes_with_its_patches(folder: Path) -> None:
    name = patch(folder, "p", "change: {facilities: [{id: f, servers: 3, mean_h: 3}]}\n")
    written(folder, f"{HEAD}extends: base.yaml\npatches: [{name}]\n", "middle.yaml")
    path = written(
        folder, f"{HEAD}extends: middle.yaml\nchange: {{facilities: [{{id: f, servers: 7}}]}}\n"
    )

    found = facilities(network_of(load(path)))

    assert (found["f"].servers, found["f"].mean_h) == (7, 3)


def test_two_patches_that_disagree_are_both_named(folder: Path) -> None:
    patch(folder, "p", "change: {facilities: [{id: f, servers: 3}]}\n")
    patch(folder, "q", "change: {facilities: [{id: f, servers: 4, mean_h: 2}]}\n")
    path = scenario_of(folder, "patches: [p.yaml, q.yaml]\n")

    assert refusal(path).splitlines()[0] == (
        "s/q.yaml:3:23: facilities[f]: servers is set to 4 by patch 'q' and 3 by patch 'p' at"
        " s/p.yaml:3:31"
    )


def test_two_patches_that_agree_or_change_other_cells_stack(folder: Path) -> None:
    patch(folder, "p", "change: {facilities: [{id: f, servers: 3}]}\n")
    patch(folder, "q", "change: {facilities: [{id: f, servers: 3, mean_h: 2}]}\n")
    path = scenario_of(folder, "patches: [p.yaml, q.yaml]\n")

    found = facilities(network_of(load(path)))

    assert (found["f"].servers, found["f"].mean_h) == (3, 2)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (
            "retire: {facilities: [g]}",
            "change: {facilities: [{id: g, servers: 2}]}",
            "was retired",
        ),
        ("change: {nodes: [{id: b, lat: 2}]}", "retire: {nodes: [b]}", "is retired here and chan"),
        ("add: {nodes: [{id: c}]}", "add: {nodes: [{id: c}]}", "is added here and is added at"),
        ("retire: {nodes: [b]}", "add: {nodes: [{id: b}]}", "was retired at s/p.yaml"),
    ],
)
def test_two_patches_that_undo_each_other_are_both_named(
    folder: Path, first: str, second: str, message: str
) -> None:
    patch(folder, "p", f"{first}\n")
    patch(folder, "q", f"{second}\n")
    path = written(
        folder,
        f"{HEAD}patches: [p.yaml, q.yaml]\n",
    )

    text = refusal(path)

    assert text.startswith("s/q.yaml:3:")
    assert message in text
    assert "s/p.yaml:3:" in text


def test_a_row_that_the_extended_file_brought_may_be_retired(folder: Path) -> None:
    path = scenario_of(folder, "retire: {facilities: [g], nodes: [b]}\n")

    network = network_of(load(path))

    assert [row.id for row in network.nodes] == ["a"]
    assert list(facilities(network)) == ["f"]


def test_a_patch_needs_those_it_requires_before_it(folder: Path) -> None:
    patch(folder, "p", "")
    patch(folder, "q", "requires: [p]\n")
    wrong = scenario_of(folder, "patches: [q.yaml, p.yaml]\n")

    assert "x.yaml:5:11: patches[0]: 'q' requires patch 'p' before it" in refusal(wrong)

    right = scenario_of(folder, "patches: [p.yaml, q.yaml]\n")

    assert load(right).name == "x"


def test_a_patch_is_stacked_once(folder: Path) -> None:
    patch(folder, "p", "")
    path = scenario_of(folder, "patches: [p.yaml, p.yaml]\n")

    assert "patches[1]: patch 'p' is stacked twice" in refusal(path)


def test_a_patch_file_has_no_sections(folder: Path) -> None:
    patch(folder, "p", "window: {days: 3}\nassumption: [a]\n")
    path = scenario_of(folder, "patches: [p.yaml]\n")

    text = refusal(path)

    assert "s/p.yaml:3:1: window: unknown key 'window'" in text
    assert (
        "s/p.yaml:4:1: assumption: unknown key 'assumption'; did you mean 'assumptions'?" in text
    )


def test_ids_are_text_even_where_they_look_like_numbers(folder: Path) -> None:
    path = written(
        folder,
        f"{HEAD}network:\n  source: none\n"
        "  nodes: [{id: 7, name: 1e3, country: NO}, {id: no}]\n",
    )

    network = network_of(load(path))

    assert [(row.id, row.name, row.country) for row in network.nodes] == [
        ("7", "1e3", "NO"),
        ("no", "", ""),
    ]


def test_no_servers_are_refused_where_no_other_row_serves(folder: Path) -> None:
    path = scenario_of(folder, "change:\n  facilities:\n    - {id: f, servers: 0}\n")

    with pytest.raises(NetworkError, match=r"facilities\[f\]: servers 0 needs another row"):
        network_of(load(path))


@pytest.mark.parametrize("value", ["2.5", "true", "'3 '", "-1", "three"])
def test_a_wrong_cell_is_placed_at_its_column(folder: Path, value: str) -> None:
    path = scenario_of(folder, f"change:\n  facilities:\n    - {{id: f, servers: {value}}}\n")

    with pytest.raises(NetworkError) as caught:
        network_of(load(path))

    assert str(caught.value).startswith("s/x.yaml:7:15: facilities[f].servers: ")


def test_a_list_or_text_with_semicolons_is_a_list(folder: Path) -> None:
    path = scenario_of(
        folder,
        "change:\n  facilities:\n"
        "    - {id: f, applies_to: [box, grain]}\n"
        "    - {id: g, applies_to: box;bulk}\n",
    )

    found = facilities(network_of(load(path)))

    assert found["f"].applies_to == ("box", "grain")
    assert found["g"].applies_to == ("box", "bulk")


def test_a_mapping_is_no_cell(folder: Path) -> None:
    path = scenario_of(folder, "change: {facilities: [{id: f, servers: {low: 1}}]}\n")

    assert "facilities[f].servers: a cell must be a value or a list" in refusal(path)


def test_seasons_are_named_by_profile_and_month(folder: Path) -> None:
    months = ", ".join(f"{{profile: p, month: {m}, factor: 1}}" for m in range(1, 13))
    written(
        folder,
        f"{HEAD}network: {{source: none, nodes: [{{id: a}}], season: [{months}]}}\n",
        "m.yaml",
    )
    path = written(
        folder,
        f"{HEAD}extends: m.yaml\nchange: {{season: [{{profile: p, month: 2, factor: 0.9}}]}}\n",
    )

    network = network_of(load(path, sets=["network.season[p:3].factor=1.1"]))

    assert [row.factor for row in network.season if row.profile == "p"][:3] == [1, 0.9, 1.1]


# --- as_of ------------------------------------------------------------------------------------


def dated(network: Network) -> dict[str, date | None]:
    """Id -> opening of every link, facility and service."""
    rows: list[LinkRow | FacilityRow | ServiceRow] = []
    rows += [*network.links, *network.facilities, *network.services]
    return {row.id: row.available_from for row in rows}


def test_the_base_of_2028_holds_nothing_that_opens_in_it() -> None:
    found = dated(network_of(load(SCENARIOS / "baseline-2028.yaml")))

    assert set(found.values()) == {None}
    assert not [name for name in found if "bakhty" in name and name.startswith(("r_", "bt", "wa"))]


def test_a_patch_opens_links_facilities_and_trains_for_the_whole_run() -> None:
    base = network_of(load(SCENARIOS / "baseline-2028.yaml"))
    network = network_of(load(SCENARIOS / "ayagoz-tacheng.yaml"))

    opened = set(dated(network)) - set(dated(base))
    rows = next(row for row in network.interventions if row.id == "ayagoz_bakhty").rows
    assert opened == {row.split(":")[1] for row in rows}
    assert {row.available_from for row in network.links} == {None}
    assert network.graph.has_edge("bakhty", "ayagoz", key="r_ayagoz__bakhty")
    assert not base.graph.has_edge("bakhty", "ayagoz", key="r_ayagoz__bakhty")


def test_a_row_opened_after_the_day_keeps_the_date_that_the_scenario_gives_it(
    folder: Path,
) -> None:
    """The scenario opens the line by Bakhty on 1 June 2028; the data set alone would not."""
    name = patch(
        folder,
        "p",
        "change: {links: [{id: r_ayagoz__bakhty, available_from: 2028-06-01}]}\n",
    )
    path = written(folder, f"{HEAD}extends: baseline-2028.yaml\npatches: [{name}]\n")

    network = network_of(load(path))

    openings = {row.id: row.available_from for row in network.links if row.available_from}
    assert openings == {"r_ayagoz__bakhty": date(2028, 6, 1)}
    assert network.graph.has_edge("ayagoz", "bakhty", key="r_ayagoz__bakhty")


def test_what_a_later_row_replaces_ends_the_day_before(folder: Path) -> None:
    name = patch(
        folder,
        "p",
        "add:\n  facilities:\n    - {id: f_new, node: dostyk, operation: customs,"
        " replaces: f_dostyk_customs_from_china_train, pool: main, direction: from_china,"
        " mode_in: rail, mode_out: rail, servers: 6, mean_h: 0.5, law: gamma, cv: 0.5,"
        " per: train, available_from: 2028-06-01}\n",
    )
    path = written(folder, f"{HEAD}extends: baseline-2028.yaml\npatches: [{name}]\n")

    found = facilities(network_of(load(path)))

    assert found["f_new"].available_from == date(2028, 6, 1)
    assert found["f_dostyk_customs_from_china_train"].available_to == date(2028, 5, 31)


def test_changing_a_number_does_not_open_a_row_before_its_date() -> None:
    scenario = load(
        SCENARIOS / "baseline-2028.yaml",
        sets=["network.links[r_ayagoz__bakhty].paths_per_day=40"],
    )

    network = network_of(scenario)

    assert "r_ayagoz__bakhty" not in {row.id for row in network.links}
