"""Scenario files: layers, ``--set``, and the words of what is wrong."""

import re
from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from network.errors import NetworkError
from sim.errors import ScenarioError
from sim.scenario import Scenario, load, locate, network_of

HEAD = "schema_version: 1\nname: x\n"
WINDOW = "window: {start: 2024-01-01, days: 10}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that paths in messages are relative to."""
    monkeypatch.chdir(tmp_path)
    Path("scenarios").mkdir()
    return Path("scenarios")


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(path: Path, *sets: str, overrides: tuple[str, ...] = ()) -> str:
    with pytest.raises(ScenarioError) as caught:
        load(path, sets=sets, overrides=overrides)
    return str(caught.value)


def places(text: str) -> list[str]:
    return re.findall(r"^\S+:\d+:\d+(?=: )", text, re.MULTILINE)


# --- messages, word for word -----------------------------------------------------------------


def test_a_misspelt_key_names_the_nearest(folder: Path) -> None:
    path = written(
        folder,
        f"{HEAD}{WINDOW}change:\n  facilities:\n    - id: f_x\n      servrs: 6\n",
    )

    assert refusal(path) == (
        "scenarios/x.yaml:7:7: change.facilities[f_x].servrs: unknown key 'servrs'; did you mean"
        " 'servers'?\n"
        "     7 |       servrs: 6\n"
        "       |       ^"
    )


def test_a_wrong_unit_names_the_right_one(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}change: {{facilities: [{{id: f_x, mean_min: 40}}]}}\n")

    assert refusal(path).splitlines()[0] == (
        "scenarios/x.yaml:4:33: change.facilities[f_x].mean_min: unknown key 'mean_min'; the unit"
        " stands in the key: write 'mean_h' (hours)"
    )


def test_a_wrong_unit_of_a_setting_names_the_right_one(folder: Path) -> None:
    path = written(folder, f"{HEAD}window: {{start: 2024-01-01, days: 9, warm_up_h: 12}}\n")

    assert refusal(path).splitlines()[0] == (
        "scenarios/x.yaml:3:38: window.warm_up_h: unknown key 'warm_up_h'; the unit stands in the"
        " key: write 'warm_up_days' (days)"
    )


def test_an_unknown_node_names_the_nearest(folder: Path) -> None:
    path = written(
        folder,
        f"{HEAD}{WINDOW}add:\n  links:\n"
        "    - {id: r_new, from: dostik, to: aktogay, mode: rail, gauge_mm: 1520, length_km: 9,\n"
        "       speed_kmh: 50}\n",
    )

    with pytest.raises(NetworkError) as caught:
        network_of(load(path))

    assert str(caught.value) == (
        "scenarios/x.yaml:6:19: links[r_new].from: 'dostik' is not in nodes; did you mean"
        " 'dostyk'?"
    )


def test_a_cyclic_extends_prints_the_cycle(folder: Path) -> None:
    written(folder, f"{HEAD}extends: b.yaml\n", "a.yaml")
    written(folder, f"{HEAD}extends: c.yaml\n", "b.yaml")
    written(folder, f"{HEAD}extends: b.yaml\n", "c.yaml")

    assert refusal(folder / "a.yaml").splitlines()[0] == (
        "scenarios/c.yaml:3:10: extends: cyclic: b.yaml -> c.yaml -> b.yaml"
    )


def test_a_scenario_that_extends_itself_is_a_cycle(folder: Path) -> None:
    path = written(folder, f"{HEAD}extends: x.yaml\n")

    assert "x.yaml:3:10: extends: cyclic: x.yaml -> x.yaml" in refusal(path)


def test_an_unknown_set_path_names_the_nearest(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}")

    assert refusal(path, "windw.days=30") == (
        "--set windw.days=30: windw: unknown key 'windw'; did you mean 'window'?"
    )


def test_an_unknown_column_and_table_of_set_name_the_nearest(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}")

    text = refusal(path, "network.facilities[f].servrs=6", "network.facilitys[f].servers=6")

    column, table = text.splitlines()
    assert column == (
        "--set network.facilities[f].servrs=6: network.facilities[f].servrs: unknown key"
        " 'servrs'; did you mean 'servers'?"
    )
    assert table == (
        "--set network.facilitys[f].servers=6: network.facilitys: unknown table 'facilitys'; did"
        " you mean 'facilities'?"
    )


def test_an_unknown_row_of_set_names_the_nearest(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}")
    scenario = load(path, sets=["network.links[r_ayagoz__bakhti].paths_per_day=20"])

    with pytest.raises(NetworkError) as caught:
        network_of(scenario)

    assert str(caught.value) == (
        "--set network.links[r_ayagoz__bakhti].paths_per_day=20: links[r_ayagoz__bakhti]: no such"
        " row; did you mean 'r_ayagoz__bakhty'?"
    )


def test_all_problems_of_a_file_come_at_once_by_line(folder: Path) -> None:
    path = written(
        folder,
        f"{HEAD}"
        "limits: {storage: no}\n"
        "demand: {factor: -2}\n"
        "experiment: {replications: 2.5, kind: windw}\n"
        "add: {link: []}\n"
        "window: {start: 2023-02-29, days: yera}\n",
    )

    text = refusal(path)

    assert places(text) == [
        "scenarios/x.yaml:3:10",
        "scenarios/x.yaml:4:10",
        "scenarios/x.yaml:5:14",
        "scenarios/x.yaml:5:33",
        "scenarios/x.yaml:6:7",
        "scenarios/x.yaml:7:10",
        "scenarios/x.yaml:7:29",
    ]
    for words in (
        "limits.storage: must be true or false; found the text 'no'",
        "demand.factor: must be > 0.0; found -2",
        "experiment.replications: must be a whole number; found 2.5",
        "kind: must be window or steady; found the text 'windw'; did you mean 'window'?",
        "add.link: unknown table 'link'; did you mean 'links'?",
        "window.start: must be a date YYYY-MM-DD that exists; found the text '2023-02-29'",
        "window.days: must be a whole number or year; found the text 'yera'",
    ):
        assert words in text


def test_the_first_fifty_problems_are_listed(folder: Path) -> None:
    rows = "".join(f"    - {{id: f{n}, servrs: 1}}\n" for n in range(53))
    path = written(folder, f"{HEAD}{WINDOW}change:\n  facilities:\n{rows}")

    text = refusal(path)

    assert len(places(text)) == 50
    assert text.endswith("scenarios/x.yaml: and 3 more problems")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("experiment: {replications: 0}", "replications: must be ≥ 1; found 0"),
        ("experiment: {replications: -3}", "replications: must be ≥ 1; found -3"),
        ("experiment: {replications: 10000000}", "replications: must be ≤ 100000"),
        ("experiment: {replications: true}", "must be a whole number; found true"),
        ("experiment: {replications: '3 '}", "must be a whole number; found the text '3 '"),
        ("experiment: {seed: abc}", "seed: must be a whole number; found the text 'abc'"),
        ("experiment: {seed: 18446744073709551616}", "seed: must be < 9223372036854775808"),
        ("experiment: {seed: -1}", "seed: must be ≥ 0; found -1"),
        ("routing: {min_share: 1}", "min_share: must be < 0.5; found 1"),
        ("demand: {factor: 0}", "factor: must be > 0.0; found 0"),
        ("demand: {factors: {'a*b': 2}}", "found 'a*b'; a * may only end the beginning"),
        (
            "keep: {modes: [rail, ship]}",
            "keep.modes[1]: must be one of rail, road, sea, river, air",
        ),
        ("keep: {modes: []}", "keep.modes: must be of at least this length: 1"),
        (
            "forming: {blocks: {s: mix}}",
            "must be mixed or own; found the text 'mix'; did you mean",
        ),
        ("routing: {method: fixed}", "`method: fixed` and `routes` go together"),
        (
            "routing: {method: fixed, routes: {f: {0123456789ab: 0.99}}}",
            "shares of flow 'f' sum to 0.99; must sum to 1",
        ),
        ("network: {as_of: 2027-13-01}", "as_of: must be a date YYYY-MM-DD that exists"),
        ("network: corridor", "network: must be a mapping; found the text 'corridor'"),
        ("network: {nodes: 3}", "network.nodes: must be a list of rows"),
        ("network: {nodes: [{name: a}]}", "network.nodes: a row without 'id'"),
        ("network: {nodes: [{id: a}, {id: A}]}", "network.nodes[A]: written twice; first as 'a'"),
        ("network: {demand: []}", "network.demand: unknown key 'demand'"),
        ("retire: {links: [{id: a}]}", "retire.links: must be a list of ids"),
        ("change: [a]", "change: must be a mapping of tables to rows"),
        ("extends: [a]", "extends: must be the name of one scenario file"),
        ("patches: a.yaml", "patches: must be a list of patch files"),
        ("stop: {after_consignments: 1000000000000}", "must be ≤ 1000000000"),
    ],
)
def test_a_wrong_value_says_what_is_allowed(folder: Path, line: str, message: str) -> None:
    path = written(folder, f"{HEAD}{WINDOW}{line}\n")

    assert message in refusal(path)


@pytest.mark.parametrize(
    ("window", "message"),
    [
        ("{days: 10}", "window.start: is missing; first day of the measured window"),
        ("{start: 2024-01-01T06:00, days: 1}", "must be a date YYYY-MM-DD that exists"),
        ("{start: 2024-01-01 00:00+05:00, days: 1}", "must be a date YYYY-MM-DD that exists"),
        ("{start: 2024-01-01, days: 0}", "window.days: must be ≥ 1 or year; found 0"),
        ("{start: 2024-01-01, days: 24855}", "a run holds at most 24855 (2^31 seconds)"),
        ("{start: 0001-01-02, days: 1}", "window.start: must be from 1900 to 2200"),
        ("{start: 9999-12-01, days: year}", "window.start: must be from 1900 to 2200"),
    ],
)
def test_a_wrong_window_says_what_is_allowed(folder: Path, window: str, message: str) -> None:
    path = written(folder, f"{HEAD}window: {window}\n")

    assert message in refusal(path)


@pytest.mark.parametrize("name", ["../x", "a/b", "C:\\x", ".", "", "A", "x" * 61])
def test_a_name_is_fit_for_a_folder(folder: Path, name: str) -> None:
    path = written(folder, f"schema_version: 1\nname: '{name}'\n{WINDOW}")

    assert "x.yaml:2:1: name: must be" in refusal(path)


def test_version_and_name_must_be_said(folder: Path) -> None:
    text = refusal(written(folder, WINDOW))

    assert "schema_version: is missing" in text
    assert "name: is missing" in text


def test_a_later_version_of_the_format_is_refused(folder: Path) -> None:
    path = written(folder, f"schema_version: 2\nname: x\n{WINDOW}")

    assert "schema_version: must be 1; found 2" in refusal(path)


# --- windows ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "days"),
    [("2024-01-01", 366), ("2023-01-01", 365), ("2024-02-29", 366), ("2023-03-01", 366)],
)
def test_a_year_ends_the_day_before_its_date_returns(folder: Path, start: str, days: int) -> None:
    """29 February 2024 to 1 March 2025 is 366 days: 2025 has no 29 February."""
    path = written(folder, f"{HEAD}window: {{start: {start}, days: year}}\n")

    assert load(path).window.length_days == days


# --- layers ----------------------------------------------------------------------------------


def test_each_layer_is_stronger_than_the_one_below(folder: Path) -> None:
    """Keys 1 to 4 are last said by the default, the base, the file, an override, --set."""
    written(
        folder,
        f"{HEAD}window: {{start: 2024-01-01, days: 1, warm_up_days: 1, run_out_days: 1}}\n"
        "experiment: {replications: 1, seed: 1}\n",
        "base.yaml",
    )
    path = written(
        folder,
        f"{HEAD}extends: base.yaml\nwindow: {{days: 2, warm_up_days: 2}}\n"
        "experiment: {replications: 2}\n"
        "overrides:\n  long: {window: {days: 3, warm_up_days: 3}}\n",
    )

    scenario = load(path, overrides=["long"], sets=["window.days=4"])

    assert scenario.experiment.kind == "window"
    assert scenario.experiment.seed == 1
    assert scenario.experiment.replications == 2
    assert scenario.window.run_out_days == 1
    assert scenario.window.warm_up_days == 3
    assert scenario.window.days == 4


def test_null_takes_back_to_the_default(folder: Path) -> None:
    written(folder, f"{HEAD}{WINDOW}network: {{as_of: 2024-01-01}}\n", "base.yaml")
    path = written(folder, f"{HEAD}extends: base.yaml\nnetwork: {{as_of: null}}\n")

    assert load(path).network.as_of is None
    assert load(folder / "base.yaml", sets=["network.as_of="]).network.as_of is None


def test_what_a_file_says_of_itself_is_not_handed_on(folder: Path) -> None:
    written(folder, f"{HEAD}title: base\nquestion: why?\n{WINDOW}", "base.yaml")
    path = written(folder, "schema_version: 1\nname: own\nextends: base.yaml\n")

    scenario = load(path)

    assert (scenario.name, scenario.title, scenario.question) == ("own", "", "")


def test_a_problem_in_an_extended_file_is_placed_there(folder: Path) -> None:
    written(folder, f"{HEAD}{WINDOW}demand: {{factr: 2}}\n", "base.yaml")
    path = written(folder, f"{HEAD}extends: base.yaml\nlimits: {{storag: true}}\n")

    assert sorted(places(refusal(path))) == ["scenarios/base.yaml:4:10", "scenarios/x.yaml:4:10"]


def test_an_extended_file_is_sought_beside_then_among_the_shipped(folder: Path) -> None:
    path = written(folder, f"{HEAD}extends: baseline.yaml\n")

    assert load(path).window.start == date(2024, 1, 1)

    written(folder, f"{HEAD}{WINDOW}demand: {{factor: 3}}\n", "baseline.yaml")

    assert load(path).demand.factor == 3


@pytest.mark.parametrize(
    "name", ["../base.yaml", "/etc/passwd", "https://example.org/a.yaml", "..\\base.yaml"]
)
def test_extends_stays_inside(folder: Path, name: str) -> None:
    path = written(folder, f"{HEAD}{WINDOW}extends: '{name}'\n")

    text = refusal(path)

    assert "x.yaml:4:10: extends:" in text
    assert "leads outside" in text


def test_a_link_that_leads_outside_is_refused(folder: Path, tmp_path: Path) -> None:
    written(tmp_path, f"{HEAD}{WINDOW}", "secret.yaml")
    (folder / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    path = written(folder, f"{HEAD}extends: link.yaml\n")

    assert "'link.yaml' is a link that leads outside its folder" in refusal(path)


def test_a_missing_parent_names_the_nearest(folder: Path) -> None:
    path = written(folder, f"{HEAD}extends: baselin.yaml\n")

    assert (
        "x.yaml:3:10: extends: no file 'baselin.yaml' beside this file or among the shipped"
        " scenarios; did you mean 'baseline.yaml'?" in refusal(path)
    )


def test_more_than_twenty_files_deep_is_refused(folder: Path) -> None:
    for n in range(25):
        written(folder, f"{HEAD}{WINDOW}extends: d{n + 1}.yaml\n", f"d{n}.yaml")
    written(folder, f"{HEAD}{WINDOW}", "d25.yaml")

    assert "extends: more than 20 files deep" in refusal(folder / "d0.yaml")
    assert load(folder / "d5.yaml").window.days == 10


def test_an_unknown_override_names_the_nearest(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}overrides: {{fast: {{}}}}\n")

    assert refusal(path, overrides=("fats",)) == (
        "--override fats: unknown override 'fats'; did you mean 'fast'?"
    )


def test_an_override_that_is_not_used_is_checked_too(folder: Path) -> None:
    path = written(folder, f"{HEAD}{WINDOW}overrides:\n  fast: {{windw: {{days: 3}}}}\n")

    assert "x.yaml:5:10: windw: unknown key 'windw'; did you mean 'window'?" in refusal(path)


# --- set -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("x", "must be path=value, as in window.days=30"),
        ("=3", "must be path=value"),
        ("a..b=3", "'a..b' is no path"),
        (".a=3", "'.a' is no path"),
        ("a[b=3", "'a[b' is no path"),
        ("name=y", "name: only a file can say this"),
        ("extends=y.yaml", "extends: only a file can say this"),
        ("window=5", "window: must be a mapping; found 5"),
        ("window.days=[", "not YAML"),
        ("network.links[r]=5", "network.links[r]: name the column too"),
        ("window.days=1e1", "window.days: must be a whole number or year; found 10.0"),
    ],
)
def test_a_wrong_set_says_what_is_wrong(folder: Path, argument: str, message: str) -> None:
    path = written(folder, f"{HEAD}{WINDOW}")

    text = refusal(path, argument)

    assert text.startswith(f"--set {argument}: ")
    assert message in text


def test_set_reaches_sections_keys_in_brackets_lists_and_rows(folder: Path) -> None:
    path = written(
        folder,
        f"{HEAD}{WINDOW}network:\n  source: none\n  nodes: [{{id: a}}]\n"
        "  facilities: [{id: f, node: a, operation: handling, servers: 1, mean_h: 1,\n"
        "                law: exponential}]\n"
        "demand:\n  rows: [{id: q, origin: a, destination: a, load_class: box, unit: teu,\n"
        "          year: 2024, amount: 100, lot: 1}]\n",
    )

    scenario = load(
        path,
        sets=[
            "demand.factors[q*]=1.5",
            "keep.modes=[rail, sea]",
            "network.facilities[f].servers=6",
            "demand.rows[q].amount=250",
            "window.days=year",
        ],
    )
    network = network_of(scenario)

    assert scenario.demand.factors == {"q*": 1.5}
    assert scenario.keep.modes == ("rail", "sea")
    assert scenario.window.days == "year"
    assert network.facilities[0].servers == 6
    assert network.demand[0].amount == 250


# --- the resolved scenario --------------------------------------------------------------------


def test_a_scenario_does_not_change(folder: Path) -> None:
    scenario = load(written(folder, f"{HEAD}{WINDOW}"))

    with pytest.raises(ValidationError):
        scenario.name = "y"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("demand: {factors: {nope: 2}}", "demand.factors.nope: unknown flow 'nope'"),
        ("demand: {factors: {'nope*': 2}}", "no flow begins with 'nope'"),
        ("keep: {flows: [ceu_w_1, ceu_x_1]}", "keep.flows[1]: unknown flow 'ceu_x_1'; did you"),
        ("forming: {blocks: {feeder_aktau: own}}", "unknown service 'feeder_aktau'"),
        (
            "routing: {method: fixed, routes: {f: {0123456789ab: 1}}}",
            "routing.routes.f: unknown flow 'f'",
        ),
    ],
)
def test_a_name_that_the_network_has_not_is_placed(folder: Path, line: str, message: str) -> None:
    path = written(folder, f"{HEAD}{WINDOW}{line}\n")

    with pytest.raises(ScenarioError) as caught:
        network_of(load(path))

    assert message in str(caught.value)
    assert places(str(caught.value))[0].startswith("scenarios/x.yaml:4:")


def test_locate_finds_the_base_of_a_comparison(folder: Path) -> None:
    assert locate("baseline.yaml", folder).name == "baseline.yaml"
    with pytest.raises(ScenarioError, match=r"no file 'none\.yaml'"):
        locate("none.yaml", folder)


def test_a_mark_of_an_unsaid_value_is_that_of_its_section(folder: Path) -> None:
    scenario: Scenario = load(written(folder, f"{HEAD}{WINDOW}"))

    assert str(scenario.mark(("window", "warm_up_days"))) == "scenarios/x.yaml:3:1"
    assert str(scenario.mark(("keep",))) == "scenarios/x.yaml:1:1"
