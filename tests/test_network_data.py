"""The shipped corridor: held to the rules, to its own README figures and to what it mends."""

import re
from collections import Counter, defaultdict
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from network.errors import NetworkError
from network.load import (
    apply_changes,
    build,
    corridor_folder,
    freeze,
    intervention_changes,
    load,
    on,
    read_tables,
)
from network.plausibility import needs_yard
from network.schema import TABLES, FacilityRow, Network, RawTables
from network.validate import check

BASE_DAY = date(2027, 12, 31)


@cache
def corridor() -> Network:
    return load(corridor_folder())


@cache
def raw() -> RawTables:
    return read_tables(corridor_folder())


def facility(name: str) -> FacilityRow:
    return next(row for row in corridor().facilities if row.id == name)


def own_paths(name: str) -> float:
    link = next(row for row in corridor().links if row.id == name)
    assert link.paths_per_day is not None
    return link.paths_per_day - link.background_per_day


def test_the_corridor_breaks_no_rule_and_holds_nothing_odd() -> None:
    report = check(corridor())

    assert [str(problem) for problem in (*report.errors, *report.warnings)] == []


def test_every_row_says_where_it_comes_from() -> None:
    sources = {row.id for row in corridor().sources}
    for table in ("nodes", "links", "facilities", "services", "defaults", "demand", "closures",
                  "costs", "targets", "interventions"):  # fmt: skip
        for row in getattr(corridor(), table):
            assert row.source, (table, row.id)
            assert set(row.source) <= sources, (table, row.id)
            assert row.confidence, (table, row.id)


def test_publications_keep_titles_and_addresses() -> None:
    own = {"own_est", "own_geo"}
    without = {row.id for row in corridor().sources if not row.url} - own

    assert all(row.title and row.publisher for row in corridor().sources)
    # five press reports and one encyclopaedia page came without an address
    assert without == {
        "akim_abai_2024", "third_port_2023", "akorda_2025", "portnews_2022",
        "astanatimes_2023", "ld_l20",
    }  # fmt: skip


def test_every_place_where_boxes_change_vehicle_has_a_yard_with_a_range() -> None:
    yards = [row for row in corridor().facilities if row.operation == "storage"]
    handled = {row.node for row in corridor().facilities if needs_yard(row)}

    assert handled <= {row.node for row in yards}
    for row in yards:
        assert row.storage_teu is not None
        assert row.storage_low is not None
        assert row.storage_high is not None
        assert row.storage_low <= row.storage_teu <= row.storage_high


def test_an_assumed_yard_is_tracks_times_the_load_of_a_train() -> None:
    assumed = [row for row in corridor().facilities if row.notes.startswith("assumption: ")]
    for row in assumed:
        match = re.match(r"assumption: (\d+) tracks x (\d+) TEU", row.notes)
        assert match, row.id
        assert row.storage_teu == int(match[1]) * int(match[2]), row.id

    assert len(assumed) == 45


def test_the_base_of_2028_has_nothing_of_the_bakhty_railway() -> None:
    base = freeze(corridor(), BASE_DAY)

    assert not any(link.id.startswith(("r_ayagoz__bakhty", "r_baktu")) for link in base.links)
    at_bakhty = [row for row in base.facilities if row.node in {"bakhty", "baktu"}]
    assert {row.mode_in for row in at_bakhty} == {"road"}
    ends = {service.id for service in base.services if service.mode == "rail"
            and {service.origin, service.destination} & {"bakhty", "baktu"}}  # fmt: skip
    assert ends == set()


def test_every_intervention_can_be_stacked_on_the_corridor() -> None:
    broken = []
    for row in corridor().interventions:
        names = [*row.requires, row.id]
        changes = [one for name in names for one in intervention_changes(name, corridor_folder())]
        touched = {one.id for one in changes if one.table == "demand"}
        # one year of every flow is enough, and what no change touches: typing takes the time
        kept = tuple(
            flow
            for flow in raw().demand
            if flow.values["year"] == "2030" or flow.values["id"] in touched
        )
        try:
            build(
                apply_changes(raw()._replace(demand=kept, targets=(), interventions=()), changes)
            )
        except NetworkError as error:
            broken.append((row.id, str(error)))

    assert len(corridor().interventions) == 57
    assert broken == []


def test_the_project_opens_all_that_is_planned_at_bakhty_and_baktu() -> None:
    changes = intervention_changes("ayagoz_bakhty", corridor_folder())
    opened = freeze(build(apply_changes(raw(), changes)), BASE_DAY)
    planned = {
        row.id
        for row in corridor().facilities
        if row.node in {"bakhty", "baktu"} and row.available_from == date(2028, 1, 1)
    }

    assert len(planned) == 13
    assert planned <= {row.id for row in opened.facilities}


@pytest.mark.parametrize(
    ("name", "message"),
    [("ayagoz_bakthy", r"no intervention 'ayagoz_bakthy'; did you mean 'ayagoz_bakhty'\?")],
)
def test_an_unknown_intervention_is_named(name: str, message: str) -> None:
    with pytest.raises(NetworkError, match=message):
        intervention_changes(name, corridor_folder())


def test_the_gates_to_china_take_the_trains_of_2024() -> None:
    # 24/1.5 = 16 at Alashankou, 24/2.85 = 8.4 at Horgos
    gates = [
        row
        for row in on(corridor(), date(2024, 6, 1)).facilities
        if row.operation == "gate" and row.direction == "to_china" and row.per == "train"
    ]
    a_day = sum((row.servers or 0) * 24 / (row.mean_h or 1) for row in gates)

    assert a_day == pytest.approx(16 + 24 / 2.85)


def test_two_directions_share_a_station_that_is_counted_for_both() -> None:
    # servers x hours a day / mean = units of both directions together
    for name, hours, each_way in [
        ("f_marmaray_gate_any_train", 5, 4),
        ("f_gisht_kuprik_customs_any_truck", 24, 300),
        ("f_syrym_inspection_any_truck", 24, 480),
        ("f_irkeshtam_customs_any_truck", 24, 180),
    ]:
        row = facility(name)
        assert row.direction == "any"
        assert (row.servers or 0) * hours / (row.mean_h or 1) == pytest.approx(2 * each_way), name


def test_half_a_load_in_low_water_still_takes_a_lot() -> None:
    low = next(row for row in corridor().closures if row.id == "low_irtysh")
    for service in corridor().services:
        if service.line in low.target:
            lots = {row.lot for row in corridor().demand
                    if row.origin == service.origin and row.load_class == "bulk"
                    and row.allowed_modes == ("river",)
                    and row.destination == service.destination}  # fmt: skip
            assert lots, service.id
            assert (service.capacity_t or 0) * (low.value or 0) >= max(lots), service.id


def test_every_metered_link_has_paths_of_its_own() -> None:
    for link in corridor().links:
        if link.metered:
            assert link.mode == "rail"
            assert 0 < own_paths(link.id) <= 200


def test_states_of_a_link_follow_each_other_without_gap_or_overlap() -> None:
    rows = {row.id: row for row in corridor().links}
    gaps = []
    for name, later in rows.items():
        earlier = rows.get(f"{name[:-2]}_a") if name.endswith("_b") else None
        if earlier is not None and earlier.available_to and later.available_from:
            gaps.append((name, (later.available_from - earlier.available_to).days))

    # the line to Akhalkalaki was shut for works from May 2023 to 20 May 2024
    assert {name for name, days in gaps if days != 1} == {"r_marabda__akhalkalaki_b"}


def test_totals_of_2024_agree_with_the_published_ones() -> None:
    amount: dict[str, float] = defaultdict(float)
    for row in corridor().demand:
        if row.year == 2024:
            amount[row.flow.rsplit("_", 1)[0]] += row.amount
    north = amount["ceu_w"] + amount["ceu_e"]

    # China-EU-China by the north: 380 kTEU (ERAI 2024)
    assert north == pytest.approx(380_000, rel=0.01)


def test_a_flow_is_written_once_a_year_and_years_are_the_same_for_most() -> None:
    years = Counter(row.year for row in corridor().demand)

    assert set(years) == {2019, 2021, 2022, 2023, 2024, 2026, 2030}
    assert len({row.flow for row in corridor().demand}) == 183


def test_the_page_on_data_counts_the_rows_of_every_table() -> None:
    page = (Path(__file__).resolve().parents[1] / "docs" / "data.md").read_text(encoding="utf-8")
    stated = {table: int(count) for table, count in re.findall(r"\| (\w+) \| (\d+) \|", page)}

    assert stated == {table: len(getattr(raw(), table)) for table in TABLES}


def test_mended_values_that_the_page_states_are_those_of_the_tables() -> None:
    services = {row.id: row for row in corridor().services}

    assert (services["bs_poti_ambarli"].capacity_teu, services["barge_tugyl"].fleet) == (150, 90)
    assert (facility("f_baktu_customs_any_train").servers, services.get("barge_sand")) == (
        14,
        None,
    )
