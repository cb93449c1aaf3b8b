"""Every rule about a network: one broken row each, and the message that it gives."""

import pytest

from network.errors import NetworkError
from network.load import load
from network.plausibility import great_circle_km, warnings
from network.schema import Network, NodeRow, RawValue, RowChange
from network.validate import check, weekdays

Cells = dict[str, RawValue]

BASE: dict[str, dict[str, Cells]] = {
    "nodes": {"a": {}, "b": {}, "c": {}},
    "links": {
        "ab": {"from": "a", "to": "b", "mode": "rail", "gauge_mm": 1520, "length_km": 60,
               "paths_per_day": 20, "speed_kmh": 60},
    },
    "facilities": {
        "gate": {"node": "a", "operation": "gate", "servers": 2, "mean_h": 1, "law": "gamma",
                 "cv": 0.5, "per": "train"},
        "yard": {"node": "b", "operation": "storage", "storage_teu": 500},
        "quay": {"node": "b", "operation": "berth", "servers": 1, "mean_h": 9,
                 "law": "exponential", "per": "vessel"},
    },
    "services": {
        "train": {"mode": "rail", "from": "a", "to": "b", "gauge_mm": 1520, "load_classes": "box",
                  "capacity_teu": 100, "min_load_teu": 60, "cruise_h": 1},
    },
    "defaults": {
        "road_box": {"mode": "road", "load_class": "box", "capacity_teu": 2},
    },
    "demand": {
        "f_2024": {"flow": "f", "origin": "a", "destination": "b", "load_class": "box",
                   "unit": "teu", "year": 2024, "amount": 100, "lot": 2},
    },
    "closures": {
        "storm": {"effect": "shut", "target_kind": "link", "target": "ab", "rate_per_year": 3,
                  "mean_h": 24, "law": "lognormal", "cv": 0.8, "months": "1;2"},
    },
    "season": {f"half:{month}": {"factor": 2 if month > 6 else 0} for month in range(1, 13)},
}  # fmt: skip


def network_with(table: str, key: str, **cells: RawValue) -> Network:
    """Network of BASE with one row set or added."""
    rows = {name: dict(given) for name, given in BASE.items()}
    own = {"from" if name == "from_" else name: value for name, value in cells.items()}
    rows.setdefault(table, {})
    rows[table][key] = {**rows[table].get(key, {}), **own}
    changes = [
        RowChange("add", name, row, values, f"{name}.csv:{row}")
        for name, given in rows.items()
        for row, values in given.items()
    ]
    return load(None, changes)


def test_the_base_of_these_tests_breaks_no_rule_and_is_not_odd() -> None:
    report = check(network_with("nodes", "a", name="A"))

    assert report.errors == ()
    assert [problem.message for problem in report.warnings] == [
        "nodes[c]: is not joined to the rest of the network"
    ]


SECOND: Cells = {"node": "a", "operation": "gate", "servers": 1, "mean_h": 1, "law": "exponential"}
FLOW: Cells = {"flow": "f", "origin": "a", "destination": "b", "load_class": "box", "unit": "teu",
        "amount": 1, "lot": 2}  # fmt: skip

BROKEN: list[tuple[str, str, Cells, str]] = [
    ("nodes", "a", {"lat": 43}, "needs both lat and lon, or neither"),
    ("links", "ab", {"to": "a"}, "joins a to itself"),
    ("links", "ab", {"gauge_mm": None}, "a rail link needs gauge_mm"),
    ("links", "ab", {"mode": "road"}, "any other has none"),
    ("links", "ab", {"background_per_day": 20}, "leaves nothing of paths_per_day 20"),
    ("links", "ab", {"metered": "yes", "paths_per_day": None}, "needs paths_per_day"),
    ("links", "ab", {"track_rule": "alternating", "tracks": 2}, "tracks must be 1"),
    (
        "links",
        "ab",
        {"available_from": "2025-01-01", "available_to": "2024-01-01"},
        "available_to 2024-01-01 is before available_from 2025-01-01",
    ),
    ("facilities", "gate", {"mean_h": None}, "needs servers, mean_h and law"),
    ("facilities", "gate", {"servers": 0}, "needs another row of its node, operation, pool and"),
    ("facilities", "gate", {"servers": 0}, "servers 0 is for rows per teu or consignment"),
    ("facilities", "gate", {"servers": 0}, "needs applies_to: the loads to which its law belongs"),
    ("facilities", "gate", {"cv": None}, "law gamma needs cv"),
    ("facilities", "gate", {"cv": 0}, "law gamma with cv 0 is law deterministic"),
    ("facilities", "gate", {"law": "deterministic"}, "law deterministic has cv 0, not 0.5"),
    ("facilities", "gate", {"law": "exponential"}, "law exponential has cv 1, not 0.5"),
    ("facilities", "gate", {"law": "uniform", "cv": 0.6}, "has cv at most 0.5774, not 0.6"),
    ("facilities", "gate", {"law": "erlang", "cv": 0.6}, "cv 1/sqrt(k) for a whole k"),
    ("facilities", "gate", {"law": None, "servers": None, "mean_h": None}, "cv 0.5 without a law"),
    ("facilities", "gate", {"storage_teu": 5}, "belongs to a row of operation storage"),
    ("facilities", "gate", {"opens": "08:00", "closes": "08:00"}, "leave no hours"),
    ("facilities", "gate", {"days": "Mo-Fr"}, "days 'Mo-Fr' is not like Mon-Sun"),
    ("facilities", "gate", {"per": "teu", "ref_teu": 90}, "ref_teu belongs to per: train"),
    ("facilities", "gate", {"batch_min": 5, "batch_max": 3}, "batch_min 5 is more than batch_max"),
    ("facilities", "yard", {"storage_teu": None}, "a storage row needs storage_teu"),
    ("facilities", "yard", {"servers": 1}, "a storage row has no servers, mean_h or law"),
    ("facilities", "new", {**SECOND, "replaces": "gate"}, "so it needs available_from"),
    (
        "facilities",
        "new",
        {**SECOND, "replaces": "yard", "available_from": "2025-01-01"},
        "replaces yard, which is storage at b",
    ),
    ("services", "train", {"to": "a"}, "goes from a to itself"),
    ("services", "train", {"gauge_mm": None}, "a rail service needs gauge_mm"),
    ("services", "train", {"load_classes": "box;bulk"}, "takes bulk, but has no capacity for it"),
    ("services", "train", {"min_load_teu": 101}, "more than the usable capacity 100"),
    ("services", "train", {"load_factor": 0.5}, "more than the usable capacity 50"),
    ("services", "train", {"capacity_teu": 1, "min_load_teu": 0}, "takes no box lot of 2"),
    (
        "services",
        "train",
        {"departures_every_h": 24, "departures_at_h": "1;2"},
        "departures_every_h and departures_at_h; give one",
    ),
    ("services", "train", {"departures_first_h": 3}, "needs departures_every_h"),
    ("services", "train", {"departures_at_h": "5;3"}, "departures_at_h must rise"),
    ("services", "train", {"departures_at_h": "-1;3"}, "departures_at_h must be 0 or more"),
    ("services", "train", {"hold_min": 30}, "hold_min needs a timetable"),
    ("services", "train", {"departures_at_h": "1;x"}, "'1;x' are not all numbers"),
    (
        "services",
        "later",
        {"line": "train", "mode": "road", "from": "a", "to": "b", "available_from": "2025-01-01"},
        "overlaps train, a state of the same line",
    ),
    (
        "defaults",
        "again",
        {"mode": "road", "load_class": "box", "capacity_teu": 2},
        "is for the same mode, gauge and load as",
    ),
    ("defaults", "road_box", {"gauge_mm": 1520}, "any other has none"),
    ("defaults", "road_box", {"capacity_teu": None}, "has no capacity for box"),
    ("demand", "f_2024", {"arrivals_at_h": "1;3"}, "amount is 100; the stated arrivals are 4"),
    ("demand", "f_2024", {"arrivals_at_h": "0;3"}, "arrivals_at_h must be a second or more"),
    ("closures", "storm", {"clock": "up"}, "clock up is for rows with rate_per_year alone"),
    (
        "closures",
        "storm",
        {"clock": "up", "rate_per_year": 366, "months": None},
        "rate_per_year times mean_h leaves no time between events",
    ),
    (
        "closures",
        "storm",
        {"clock": "busy", "months": None},
        "clock busy is for effect shut of target_kind station or node",
    ),
    (
        "closures",
        "storm",
        {"clock": "busy", "months": None, "rate_per_year": 0},
        "clock busy: rate_per_year must be above 0",
    ),
    (
        "closures",
        "storm",
        {"clock": "busy", "months": None, "target_kind": "station", "target": "quay"},
        "clock busy: quay is a berth, kept by vessels and not worked",
    ),
    (
        "closures",
        "storm",
        {"clock": "busy", "with_id": "storm", "with_probability": 0.5},
        "with_id storm has clock busy: its events hang on its rows",
    ),
    (
        "demand",
        "f_2024",
        {"season": "hlaf"},
        "season 'hlaf' is not in season; did you mean 'half'",
    ),
    ("demand", "f_2024", {"unit": "t"}, "load class box is counted in teu, not t"),
    ("demand", "f_2024", {"lot_unit": "t"}, "lot_unit t is not the unit teu"),
    ("demand", "f_2024", {"arrival_law": "gamma"}, "law gamma needs arrival_cv"),
    ("demand", "f_again", {**FLOW, "year": 2024}, "flow f has year 2024 in"),
    ("demand", "f_2026", {**FLOW, "year": 2026, "destination": "c"}, "destination differs from"),
    ("season", "half:7", {"factor": 2.5}, "the factors have mean 1.0417; it must be 1"),
    ("season", "odd:3", {"factor": 1}, "months [1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12] are missing"),
    ("closures", "storm", {"value": 0.5}, "effect shut has no value"),
    ("closures", "storm", {"effect": "rate_factor"}, "effect rate_factor needs a value"),
    ("closures", "storm", {"effect": "payload_factor", "value": 1.5}, "must be at most 1"),
    ("closures", "storm", {"target": "abb"}, "target 'abb' is no link; did you mean 'ab'?"),
    ("closures", "storm", {"target": None}, "is applied, but has no target"),
    ("closures", "storm", {"mean_h": None}, "needs mean_h and law"),
    ("closures", "storm", {"rate_per_year": None}, "needs rate_per_year or start"),
    ("closures", "storm", {"start": "02-30"}, "start '02-30' is not a day"),
    ("closures", "storm", {"start": "02-29"}, "start '02-29' is not a day"),
    ("closures", "storm", {"node_or_link": "x"}, "'x' is neither a node nor a link"),
    ("closures", "storm", {"with_id": "storm"}, "with_id and with_probability belong together"),
    (
        "closures",
        "storm",
        {"with_id": "storm", "with_probability": 0.5},
        "with_id storm leads back to the row itself",
    ),
]


@pytest.mark.parametrize(("table", "key", "cells", "message"), BROKEN)
def test_a_broken_rule_is_named(table: str, key: str, cells: Cells, message: str) -> None:
    with pytest.raises(NetworkError) as caught:
        network_with(table, key, **cells)

    assert message in str(caught.value)


def test_a_start_on_29_february_may_be_a_full_date() -> None:
    network = network_with("closures", "storm", start="2024-02-29")

    assert network.closures[0].start == ("2024-02-29",)


def test_a_row_dated_never_is_no_state_of_its_line() -> None:
    network = network_with(
        "services", "never", line="train", mode="road", from_="a", to="b",
        available_from="2099-12-31",
    )  # fmt: skip

    assert [row.id for row in network.services] == ["never", "train"]


@pytest.mark.parametrize(
    ("days", "numbers"),
    [
        ("Mon-Sun", (0, 1, 2, 3, 4, 5, 6)),
        ("Mon-Fri", (0, 1, 2, 3, 4)),
        ("Sat-Mon", (0, 5, 6)),
        ("Mon;Wed;Fri-Sat", (0, 2, 4, 5)),
        ("Monday", ()),
        ("", ()),
    ],
)
def test_weekdays_are_read(days: str, numbers: tuple[int, ...]) -> None:
    assert weekdays(days) == numbers


ODD: list[tuple[str, str, Cells, str]] = [
    # 30 km/h: 2 h for a service that says 1 h
    ("links", "ab", {"speed_kmh": 30}, "cruise_h 1; lengths and speeds make 2.0 h"),
    ("links", "ab", {"speed_kmh": 300}, "speed_kmh 300 is unusual by rail"),
    ("links", "ab", {"paths_low": 25, "paths_high": 30}, "20 is outside its range 25.0 to 30.0"),
    ("services", "train", {"from": "b", "to": "c"}, "no links of its mode and gauge join"),
    # 31 TEU take 15 lots of 2 = 30 TEU (3 % lost); 3.5 take one = 2 (43 % lost)
    (
        "services",
        "train",
        {"capacity_teu": 3.5, "min_load_teu": 0},
        "usable capacity 3.5 loses over 5 % to box lots of 2",
    ),
    (
        "facilities",
        "crane",
        {"node": "a", "operation": "handling", "mode_in": "rail", "mode_out": "road",
         "servers": 1, "mean_h": 1, "law": "exponential", "per": "teu"},
        "nodes[a]: boxes are handled here, but no storage row",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("table", "key", "cells", "message"), ODD)
def test_an_odd_value_is_a_warning_and_no_error(
    table: str, key: str, cells: Cells, message: str
) -> None:
    found = [str(problem) for problem in warnings(network_with(table, key, **cells))]

    assert any(message in text for text in found), found


def test_a_capacity_of_whole_lots_gives_no_warning() -> None:
    network = network_with("services", "train", capacity_teu=31, min_load_teu=0)

    assert not any("loses" in problem.message for problem in warnings(network))


@pytest.mark.parametrize(
    ("length_km", "message"),
    [(100, "the ends are 111 km apart"), (250, "is over twice the 111 km between its ends")],
)
def test_a_length_is_held_against_the_great_circle(length_km: float, message: str) -> None:
    # one degree of latitude = 2 pi 6371 / 360 = 111.2 km
    nodes = [
        RowChange("add", "nodes", "n", {"lat": 51, "lon": 70}, "n:1"),
        RowChange("add", "nodes", "s", {"lat": 50, "lon": 70}, "s:1"),
    ]
    cells: Cells = {"from": "n", "to": "s", "mode": "road", "length_km": length_km}
    network = load(None, [*nodes, RowChange("add", "links", "ns", cells, "l:1")])

    assert message in str(warnings(network)[0])


def test_the_great_circle_is_that_of_the_sphere() -> None:
    # a quarter of the equator: 6371.0088 x pi / 2 = 10007.6 km
    quarter = great_circle_km(NodeRow("x", lat=0, lon=0), NodeRow("y", lat=0, lon=90))

    assert quarter == pytest.approx(10007.557, abs=0.01)
