"""A scenario as text again: resolved, as a JSON Schema, and against another."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from network import attributes
from network.schema import TABLES
from sim.errors import ScenarioError
from sim.scenario import (
    diff,
    find,
    json_schema,
    load,
    network_of,
    patch_schema,
    resolved_yaml,
    shipped,
    shipped_folder,
)
from sim.scenario.models import Scenario

SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
FOLDERS = ("", "library", "library/packages", "examples")
FILES = sorted(path for below in FOLDERS for path in (SCENARIOS / below).glob("*.yaml"))
HEAD = "schema_version: 1\nname: x\n"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_shipped_scenario_resolves_to_a_file_that_says_the_same(
    path: Path, tmp_path: Path
) -> None:
    scenario = load(path)
    text = resolved_yaml(scenario)
    copy = tmp_path / "copy.yaml"
    copy.write_text(text, encoding="utf-8")

    again = load(copy)

    assert resolved_yaml(again) == text
    assert again.model_dump() == scenario.model_dump()
    # All but the graph, which is made of the links, and the origins, which differ.
    assert network_of(again)[1:13] == network_of(scenario)[1:13]


def test_what_the_command_line_says_is_in_the_resolved_file(tmp_path: Path) -> None:
    sets = ["demand.factor=1.2", "network.facilities[f_dostyk_storage].storage_teu=900"]
    scenario = load(SCENARIOS / "examples" / "small-corridor.yaml", sets=sets)
    copy = tmp_path / "copy.yaml"
    copy.write_text(resolved_yaml(scenario), encoding="utf-8")

    again = load(copy)

    assert again.demand.factor == 1.2
    yard = next(row for row in network_of(again).facilities if row.id == "f_dostyk_storage")
    assert yard.storage_teu == 900


def test_text_that_looks_like_something_else_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        f"{HEAD}title: '1e3'\nquestion: '012'\ndescription: 'true'\n"
        "window: {start: 2024-01-01, days: 1}\n"
        "network: {source: none, nodes: [{id: '007', name: '0x1F'}]}\n",
        encoding="utf-8",
    )
    scenario = load(path)

    path.write_text(resolved_yaml(scenario), encoding="utf-8")

    assert load(path).model_dump() == scenario.model_dump()
    assert network_of(load(path)).nodes[0][:2] == ("007", "0x1F")


# --- differences ------------------------------------------------------------------------------


def words(*, sets: list[str], path: Path = SCENARIOS / "baseline.yaml") -> list[str]:
    base, other = load(path), load(path, sets=sets)
    return [f"{each.where}: {each.words}" for each in diff(base, other)]


def test_a_scenario_differs_in_nothing_from_itself() -> None:
    assert words(sets=[]) == []


def test_settings_and_cells_differ_in_words_and_numbers() -> None:
    """1.2 / 1 = +20 %; 3 to 6 servers = +100 %."""
    found = words(
        sets=[
            "demand.factor=1.2",
            "window.days=30",
            "network.facilities[f_alat_berth_any_vessel].servers=6",
            "network.facilities[f_alat_berth_any_vessel].notes=other words",
        ]
    )

    assert found == [
        "demand.factor: 1 -> 1.2 (+20 %)",
        "window.days: year -> 30",
        "facilities[f_alat_berth_any_vessel].servers: 3 -> 6 (+100 %)",
    ]


def test_rows_of_one_only_are_described() -> None:
    base = load(SCENARIOS / "baseline-2028.yaml")
    other = load(SCENARIOS / "ayagoz-tacheng.yaml")

    found = {each.where: each for each in diff(base, other)}
    back = {each.where: each for each in diff(other, base)}

    line = found["links[r_ayagoz__bakhty]"]
    assert line.kind == "added"
    assert line.words.startswith(
        "added: from ayagoz, to bakhty, mode rail, gauge_mm 1520 mm, length_km 303 km"
    )
    assert back["links[r_ayagoz__bakhty]"].kind == "removed"
    assert {each.kind for each in found.values()} == {"added"}
    tables = [where.partition("[")[0] for where in found]
    assert [tables.count(each) for each in ("links", "facilities", "services")] == [4, 13, 22]


# --- shipped ----------------------------------------------------------------------------------


def test_the_shipped_scenarios_are_listed_with_a_title() -> None:
    names = [each.name for each in shipped()]

    assert {"baseline", "baseline-2028", "ayagoz-tacheng", "small-corridor"} <= set(names)
    assert len(set(names)) == len(names) == len(FILES)
    assert all(each.title and each.path.is_file() for each in shipped())


def test_a_scenario_is_found_by_its_path_or_its_shipped_name(tmp_path: Path) -> None:
    own = tmp_path / "baseline.yaml"
    own.write_text("x: 1")

    assert find(str(own), Path.cwd()) == own
    for name in ("baseline", "baseline.yaml", "small-corridor", "examples/small-corridor.yaml"):
        path = find(name, Path.cwd())
        assert (path.stem, path.is_relative_to(shipped_folder())) == (Path(name).stem, True)
    with pytest.raises(ScenarioError, match=r"^no file 'base-line' .* did you mean 'baseline"):
        find("base-line", Path.cwd())


def test_the_patch_writes_every_row_of_its_project_and_no_other() -> None:
    scenario = load(SCENARIOS / "ayagoz-tacheng.yaml")
    project = next(row for row in network_of(scenario).interventions if row.id == "ayagoz_bakhty")

    said = {
        f"{change.table}:{change.id}:{column}={value}"
        for change in scenario.network.changes
        for column, value in change.values.items()
    }

    assert said == set(project.rows)


def test_the_shipped_scenarios_of_one_question_share_seed_and_window() -> None:
    base, other = load(SCENARIOS / "baseline-2028.yaml"), load(SCENARIOS / "ayagoz-tacheng.yaml")

    assert base.experiment.seed == other.experiment.seed
    assert base.window == other.window
    assert base.demand == other.demand


# --- JSON Schema ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"), [("schema.json", json_schema()), ("patches/schema.json", patch_schema())]
)
def test_the_schema_beside_the_scenarios_is_fresh(path: str, text: str) -> None:
    assert (SCENARIOS / path).read_text(encoding="utf-8") == text, (
        f"scenarios/{path} is stale: write it again from sim.scenario"
    )


def test_the_schema_takes_every_shipped_file_and_refuses_a_misspelt_key() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    scenario = jsonschema.Draft202012Validator(json.loads(json_schema()))
    patch = jsonschema.Draft202012Validator(json.loads(patch_schema()))

    for path in FILES:
        scenario.validate(content(path))
    for path in SCENARIOS.glob("patches/*.yaml"):
        patch.validate(content(path))
    wrong = content(FILES[0]) | {"windw": {}}
    assert not scenario.is_valid(wrong)
    assert not scenario.is_valid(content(FILES[0]) | {"change": {"links": [{"id": "a", "x": 1}]}})


def content(path: Path) -> dict[str, Any]:
    from sim.scenario import reader, tree

    plain = tree.plain(reader.read(path))
    assert isinstance(plain, dict)
    return plain


def test_every_key_of_a_section_says_what_it_means() -> None:
    lacking = [path for path, schema in keys(json.loads(json_schema())) if not described(schema)]

    assert lacking == []


def keys(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every key of every section, but the sections themselves."""
    for name, section in {**schema["$defs"], "": schema}.items():
        for key, value in section.get("properties", {}).items():
            is_section = "$ref" in value or (value.get("type") == "array" and "row" in str(value))
            if not is_section:
                yield f"{name}.{key}", value


def described(schema: dict[str, Any]) -> bool:
    return bool(schema.get("description"))


def test_every_column_of_every_table_is_in_the_schema() -> None:
    definitions = json.loads(json_schema())["$defs"]

    for table in TABLES:
        columns = [attribute.name for attribute in attributes.of_table(table)]
        assert list(definitions[f"{table}_row"]["properties"]) == columns


def test_every_number_has_its_range() -> None:
    """A number without a range would take any size: 1e300 replications."""
    bare = [
        f"{section}.{key}"
        for section, definition in Scenario.model_json_schema(by_alias=True)["$defs"].items()
        for key, value in definition.get("properties", {}).items()
        if value.get("type") in ("number", "integer")
        and not {"minimum", "exclusiveMinimum"} & set(value)
    ]

    assert bare == []
