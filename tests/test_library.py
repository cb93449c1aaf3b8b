"""The library: a patch and a scenario for every row of the interventions table."""

import importlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from network.load import apply_changes, corridor_folder, intervention_changes, read_tables
from network.schema import RawRow, RawTables, RawValue, RowChange
from sim.compiler.build import compile_plan
from sim.engine.run import run as reference
from sim.experiment.replicate import Task, places, replicate
from sim.kernel.difference import first_difference
from sim.plan import Legend, Plan
from sim.scenario import (
    PatchHead,
    Scenario,
    Shipped,
    diff,
    load,
    locate,
    network_of,
    patch_head,
    question_yaml,
    shipped,
    shipped_folder,
)

LIBRARY = shipped_folder() / "library"
PATCHES = shipped_folder() / "patches"
NAMES = sorted(path.stem for path in LIBRARY.glob("*.yaml"))
PACKAGES = sorted(path.stem for path in LIBRARY.glob("packages/*.yaml"))
FILES = [*NAMES, *(f"packages/{name}" for name in PACKAGES)]
UNSTACKED = {
    "third_rail_port": "the railway Ayagoz-Bakhty again",
    "semey_hub": "its sum is stacked, its gate is that of bakhty_smart",
    "east_west": "a market, no work",
}
"""Rows that add to the base of 2028 and are not in the package of all."""
WORDS = {"notes", "source", "confidence", "commodity", "vehicle"}

Cells = Mapping[tuple[str, str], Mapping[str, object]]
"""(table, id) -> column -> cell."""


@cache
def raw() -> RawTables:
    return read_tables(corridor_folder())


@cache
def interventions() -> Mapping[str, RawRow]:
    return {str(row.values["id"]): row for row in raw().interventions}


@cache
def scenario(name: str) -> Scenario:
    """Scenario by its name in the library, or as ``compare_with`` names one."""
    is_file = name.endswith(".yaml")
    return load(locate(name, shipped_folder()) if is_file else LIBRARY / f"{name}.yaml")


@cache
def heads() -> Mapping[str, PatchHead]:
    names = [path.name for path in PATCHES.glob("*.yaml")]
    return {name: patch_head(f"patches/{name}", shipped_folder()) for name in names}


def of_shipped(name: str) -> Shipped:
    (one,) = (one for one in shipped() if one.file == f"library/{name}.yaml")
    return one


def cell(value: RawValue) -> object:
    """A cell as a thing to compare: lists as text, numbers as numbers, empty as None."""
    text = ";".join(map(str, value)) if isinstance(value, tuple) else str(value or "")
    if value == 0:
        text = "0"
    try:
        return float(text)
    except ValueError:
        return text or None


def written(changes: Iterable[RowChange]) -> Cells:
    """What changes say of rows, cells that are empty in a new row left out."""
    found: dict[tuple[str, str], dict[str, object]] = defaultdict(dict)
    added: set[tuple[str, str]] = set()
    for change in changes:
        key = (change.table, change.id)
        added |= {key} if change.kind == "add" else set()
        found[key] |= {
            name: cell(value)
            for name, value in change.values.items()
            if cell(value) is not None or key not in added
        }
    return dict(found)


def in_force(one: Scenario) -> Cells:
    """All that counts on the base's day: dated rows in force then, and the demand."""
    day = one.network.as_of
    assert day is not None
    tables = apply_changes(raw(), one.network.changes)
    found: dict[tuple[str, str], dict[str, object]] = {}
    for table in ("links", "facilities", "services", "demand", "closures"):
        for row in getattr(tables, table):
            if not open_on(row, day):
                continue
            cells = {k: cell(v) for k, v in row.values.items() if k not in WORDS}
            found[table, str(row.values["id"])] = {
                k: v for k, v in cells.items() if v is not None and k[:9] != "available"
            }
    return found


def open_on(row: RawRow, day: date) -> bool:
    begins, ends = (str(row.values.get(f"available_{end}") or "") for end in ("from", "to"))
    return (begins or "0") <= day.isoformat() <= (ends or "9")


# --- every row has one --------------------------------------------------------------------------


def test_every_row_of_the_interventions_table_has_a_scenario_and_no_other_does() -> None:
    assert len(interventions()) == 57
    assert set(NAMES) == set(interventions())
    for name in NAMES:
        said = scenario(name).library
        assert said is not None
        assert (said.intervention, scenario(name).name) == (name, name)


def test_marks_say_how_a_row_stands_to_the_base() -> None:
    wrong = []
    for name in NAMES:
        values, one = interventions()[name].values, scenario(name)
        late = str(values["available_from"]) > str(one.network.as_of)
        mark = "open" if values["effect_in_2028"] == "remove" else "early" if late else "due"
        base = f"library/without/{name}.yaml" if mark == "open" else one.experiment.compare_with
        said = one.library
        assert said is not None
        if (said.mark, one.experiment.compare_with) != (mark, base):
            wrong.append(name)

    assert wrong == []


def test_rows_that_repeat_or_add_up_others_stack_them_and_are_not_ranked() -> None:
    unranked = {}
    for name in NAMES:
        said = scenario(name).library
        assert said is not None
        if not said.ranked:
            unranked[name] = set(said.stacks)
        required = {
            part for part in str(interventions()[name].values["requires"] or "").split(";") if part
        }
        assert required <= set(said.stacks)

    assert unranked == {
        "third_rail_port": {"ayagoz_bakhty"},
        "semey_hub": {"ayagoz_bakhty", "dry_ports_abai", "temp_border"},
        "inland_nav": {"irtysh"},
    }


def test_names_of_scenarios_and_patches_are_used_once() -> None:
    files = [*shipped_folder().glob("*.yaml"), *LIBRARY.rglob("*.yaml")]
    names = [load(path).name for path in files]

    assert len(set(names)) == len(names)
    assert [name for name, head in heads().items() if name != f"{head.name}.yaml"] == []
    used = {Path(patch).name for path in LIBRARY.rglob("*.yaml") for patch in of_file(path)}
    assert set(heads()) == used


def of_file(path: Path) -> tuple[str, ...]:
    """Names of the patches that a file of the library stacks."""
    lines = path.read_text(encoding="utf-8").replace("patches: [", "  - ").replace("]", "")
    return tuple(
        line.removeprefix("  - ") for line in lines.splitlines() if line.startswith("  - patches/")
    )


# --- what the patches say -----------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_patches_write_the_rows_of_the_table_and_explain_any_other(name: str) -> None:
    one = scenario(name)
    said = one.library
    assert said is not None
    rows = [name] if said.mark == "open" else [*said.stacks, name]
    table = written(c for row in rows for c in intervention_changes(row, corridor_folder()))
    undone = scenario(f"without/{name}") if said.mark == "open" else one

    assert written(undone.network.changes) == table
    if said.mark == "open":
        words = " ".join(text for head in own_heads(name) for text in head.assumptions)
        unsaid = [
            row
            for table, row in written(one.network.changes)
            if f"`{row.removesuffix('_2028') if table == 'demand' else row}`" not in words
        ]
        assert unsaid == []


def own_heads(name: str) -> list[PatchHead]:
    return [head for head in heads().values() if head.intervention == name]


def test_every_patch_says_what_it_needs_costs_and_rests_on() -> None:
    sources = {str(row.values["id"]) for row in raw().sources}
    poor = [
        name
        for name, head in heads().items()
        if not (head.title and head.description and head.capacity and head.cost and head.needs)
        or not head.publications
        or head.intervention not in interventions()
        or not set(head.publications) <= sources
    ]

    assert poor == []


def test_every_patch_that_adds_demand_keeps_it_apart_in_words() -> None:
    silent = []
    for name in NAMES:
        said, one = scenario(name).library, scenario(name)
        assert said is not None
        undone = scenario(f"without/{name}") if said.mark == "open" else one
        changes = written([*one.network.changes, *undone.network.changes])
        sends = any(table == "demand" for table, _ in changes)
        stacked = [head for row in [name, *said.stacks] for head in own_heads(row)]
        if sends != any(head.demand for head in stacked):
            silent.append(name)

    assert silent == []


def test_published_costs_are_in_dollars_at_a_rate_with_a_source() -> None:
    priced = {name: head for name, head in heads().items() if head.cost_usd is not None}

    published = {n for n, row in interventions().items() if row.values["cost_usd_or_local"]}
    assert {head.intervention for head in priced.values()} == published - {"third_rail_port"}
    for head in priced.values():
        assert "a USD" in head.cost or "published in USD" in head.cost
        assert "x_kzt24" in head.publications or "published in USD" in head.cost


# --- against their bases ------------------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_what_is_in_force_differs_from_the_base_of_its_own(name: str) -> None:
    one = scenario(name)
    base = scenario(str(one.experiment.compare_with))

    assert (one.window, one.experiment.seed) == (base.window, base.experiment.seed)
    assert one.network.as_of == base.network.as_of == date(2027, 12, 31)
    assert in_force(one) != in_force(base)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["packages/road-map", "aktobe_air"])
def test_differences_are_told_in_words(name: str) -> None:
    """Of the two that stack rows which no other test puts into one network."""
    one = scenario(name)
    told = diff(scenario(str(one.experiment.compare_with)), one)

    rows = {each.where.partition("]")[0] + "]" for each in told}
    changed = set(written(one.network.changes)) & set(in_force(one))
    assert {f"{table}[{row}]" for table, row in changed} <= rows
    assert all(each.words for each in told)


def test_the_package_of_all_stacks_every_row_that_adds_to_the_base() -> None:
    adds = {n for n, row in interventions().items() if row.values["effect_in_2028"] == "add"}
    said = scenario("packages/road-map").library
    assert said is not None

    assert set(said.stacks) == adds - set(UNSTACKED)
    for name in PACKAGES:
        package = scenario(f"packages/{name}").library
        assert package is not None
        assert (package.mark, package.ranked) == ("package", False)
        own = {head.intervention for head in map(patch_of, of_shipped(f"packages/{name}").patches)}
        assert own == set(package.stacks) <= set(said.stacks)


def patch_of(name: str) -> PatchHead:
    return heads()[Path(name).name]


# --- as they run ---------------------------------------------------------------------------------


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "docs"))
    return importlib.import_module("scenarios_matrix")


def first_that_asks(name: str) -> str:
    """The first that asks the same: works in force all ask what the base of 2028 asks."""
    return asking().setdefault(question_yaml(scenario(name)), name)


@cache
def asking() -> dict[str, str]:
    return {question_yaml(scenario("baseline-2028.yaml")): "baseline-2028.yaml"}


def followed(name: str, keep: str) -> Scenario:
    """A scenario in lots of 10 TEU, of the flows that it concerns."""
    modes = None if keep == "null" else tuple(keep.strip("[]").split(","))
    one = scenario(name)
    lots = one.demand.model_copy(update={"lot_teu": 10.0})
    kept = one.keep.model_copy(update={"modes": modes})
    return one.model_copy(update={"demand": lots, "keep": kept})


@lru_cache(maxsize=6)
def month_of(name: str, keep: str) -> tuple[Plan, Legend, int]:
    """Plan of June 2028, when rivers and seasonal posts are open, from an empty network."""
    one = followed(name, keep)
    june = {"start": date(2028, 6, 1), "days": 30, "warm_up_days": 0, "run_out_days": 0}
    short = one.model_copy(update={"window": one.window.model_copy(update=june)})
    return *compile_plan(short, network_of(short)), one.experiment.seed


@cache
def difference_of_engines(name: str, keep: str) -> str:
    from sim.kernel.run import run as compiled

    plan, legend, seed = month_of(name, keep)
    return first_difference(reference(plan, seed, 0), compiled(plan, seed, 0), legend)


@cache
def year_of(name: str, keep: str) -> Mapping[str, float]:
    """KPIs of a whole year, counted as it runs; raises where the books do not close."""
    from sim.kernel.run import run as compiled
    from sim.kernel.tallied import run_tallied

    one = followed(name, keep)
    network = network_of(one)
    plan, legend = compile_plan(one, network)
    found = replicate(
        Task(plan, legend, places(network), compiled, one.experiment.seed, run_tallied), 0
    )
    assert found.gridlock == ()
    kpis = found.kpis.set_index("kpi")["value"]
    return {str(kpi): float(value) for kpi, value in kpis.items()}


@pytest.mark.verify
@pytest.mark.parametrize("name", FILES)
def test_plan_is_not_that_of_its_base_and_engines_agree_on_a_month(
    matrix: ModuleType, name: str
) -> None:
    keep = matrix.KEPT[matrix.flows_of(Path(name).name)]
    mine, its_base = (
        first_that_asks(one) for one in (name, str(scenario(name).experiment.compare_with))
    )
    of_base, _, _ = month_of(its_base, keep)
    plan, _, _ = month_of(mine, keep)

    fields = ((getattr(plan, field), getattr(of_base, field)) for field in plan._fields)
    assert not all(np.array_equal(ours, theirs) for ours, theirs in fields)
    assert difference_of_engines(mine, keep) == ""


@pytest.mark.verify
@pytest.mark.parametrize("name", FILES)
def test_a_whole_year_runs_to_its_end(matrix: ModuleType, name: str) -> None:
    keep = matrix.KEPT[matrix.flows_of(Path(name).name)]
    kpis = year_of(first_that_asks(name), keep)

    assert scenario(name).window.length_days == 366
    assert kpis["teu_delivered"] > 0.5 * kpis["teu_created"] > 0


# --- the page -----------------------------------------------------------------------------------


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "docs"))
    return importlib.import_module("generate_scenarios")


def test_the_pages_of_scenarios_are_up_to_date(page: ModuleType) -> None:
    pages = page.written()
    said = {file.name: file.read_text(encoding="utf-8") for file in page.FOLDER.glob("*.md")}

    assert said == pages, "stale: run `python docs/generate_scenarios.py`"
    assert set(pages) == {"README.md", *(f"{name}.md" for name in [*NAMES, *PACKAGES])}


def test_every_page_has_the_map_of_what_it_changes(page: ModuleType) -> None:
    pages = {file.stem for file in page.FOLDER.glob("*.md")} - {"README"}

    assert {file.stem for file in (page.FOLDER / "maps").glob("*.png")} == pages


@pytest.fixture
def maps(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[1] / "docs"))
    return importlib.import_module("scenario_maps")


def test_map_marks_lines_and_places_that_are_changed(maps: ModuleType) -> None:
    one = scenario("dm_second")

    lines, places = maps.tables(maps.changes_of(one), raw())

    changed = lines[lines["is_changed"]]
    links = {c.id for c in maps.changes_of(one) if c.table == "links"}
    cells = [row.values for row in raw().links if row.values["id"] in links]
    assert set(zip(changed["start"], changed["end"], strict=True)) == {
        (row["from"], row["to"]) for row in cells
    }
    assert not places["is_changed"].any()
    _, places = maps.tables(maps.changes_of(scenario("alat2")), raw())
    assert list(places.loc[places["is_changed"], "node"]) == ["alat"]


def test_ends_of_flows_are_marked_only_where_nothing_else_is_changed(maps: ModuleType) -> None:
    flow = raw().demand[0].values
    far = RowChange("change", "demand", str(flow["id"]), {"amount": 1}, "here")
    near = RowChange("change", "facilities", "f_alat_handling_any_container_a", {}, "here")

    def marked(*changes: RowChange) -> set[str]:
        _, places = maps.tables(changes, raw())
        return set(places.loc[places["is_changed"], "node"])

    assert marked(far) == {flow["origin"], flow["destination"]}
    assert marked(far, near) == {"alat"}


def test_stored_figures_stand_on_the_pages(page: ModuleType) -> None:
    row = {
        "demand_factor": "1.0",
        "n": "4",
        "locked": "0",
        "flows": "all",
        "mark": "due",
        "ranked": "yes",
    }
    row |= {
        "cause": "path",
        "cause_teu_d": "-40.0",
        "node": "dostyk",
        "cause_half_width": "10",
        "usd_per_teu_gained": "250",
    }
    for short in page.FIGURES:
        row |= {f"{short}_difference": "1200", f"{short}_half_width": "100"}
        row |= {f"{short}_verdict": "more" if short == "teu" else "no difference shown"}
    part = {"package": "p", "kpi": "teu_delivered", "demand_factor": "1.5", "interaction": "-3"}
    part |= {"package_difference": "10", "parts_sum": "13", "half_width": "1"}

    answer = "\n".join(page.answer([row]))
    index = "\n".join(page.ranked({"x": [row]}))
    beyond = "\n".join(page.beyond([part]))

    assert all("1,200 ± 100" in text.replace("\u202f", ",") for text in (answer, index))
    assert "(1" in answer
    assert "path -40 ± 10 TEU-days, most at dostyk" in index.replace("\u2212", "-")
    assert "| 250 |" in index
    assert "1.5 times that demand" in beyond
