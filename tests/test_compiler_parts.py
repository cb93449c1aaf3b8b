"""Parts of the compiler by themselves: hours, capacities, demand, lines, closures' dates."""

from datetime import date

import pytest

from network.schema import ClosureRow, DemandRow, FacilityRow, LinkRow, NodeRow, ServiceRow
from sim.compiler.clock import Clock
from sim.compiler.closures import demand_windows
from sim.compiler.flows import yearly_amount
from sim.compiler.hours import gaps, shut_by_dates, shut_by_hours
from sim.compiler.laws import Laws, cv_of
from sim.compiler.meters import meter, move_hours
from sim.compiler.services import default_row, fitting_lots, service_part
from sim.compiler.stations import station_id, station_name
from sim.errors import PlanError
from sim.plan import NEVER, TrackRule

DAY_S = 86_400
HOUR_S = 3_600
# 2024-01-01 is a Monday.
WEEK = Clock(date(2024, 1, 1), date(2024, 1, 1), 0, 7 * DAY_S, 7 * DAY_S)


def desk(opens: str = "00:00", closes: str = "24:00", days: str = "Mon-Sun") -> FacilityRow:
    return FacilityRow("f", "n", "customs", opens=opens, closes=closes, days=days)


def hours(row: FacilityRow, offset_h: float = 5.0) -> list[tuple[float, float]]:
    return [(s / HOUR_S, e / HOUR_S) for s, e in shut_by_hours(row, offset_h, WEEK)]


# --- hours -------------------------------------------------------------------------------------


def test_a_desk_open_all_day_is_never_shut() -> None:
    assert hours(desk()) == []


def test_hours_past_midnight_end_on_the_next_day() -> None:
    # Open 22-06: shut from 6 to 22 on each of seven days.
    assert hours(desk("22:00", "06:00")) == [(24 * d + 6, 24 * d + 22) for d in range(7)]


def test_days_off_are_shut_from_midnight_to_midnight() -> None:
    assert hours(desk(days="Mon-Fri")) == [(120, 168)]


def test_a_week_may_wrap_round_and_have_gaps() -> None:
    # Sat-Mon and Wed: shut on Tuesday, Thursday and Friday.
    assert hours(desk(days="Sat-Mon;Wed")) == [(24, 48), (72, 120)]


def test_local_midnight_is_another_corridor_hour() -> None:
    # Mon-Fri at UTC+8 begins at 21 h of Sunday and ends at 21 h of Friday, corridor time.
    assert hours(desk(days="Mon-Fri"), 8.0) == [(117, 165)]


@pytest.mark.parametrize(
    ("row", "words"),
    [(desk(opens="9"), "opens or closes is '9'"), (desk(days="Mo-Xy"), "days is 'Mo-Xy'")],
)
def test_hours_that_cannot_be_read_are_named(row: FacilityRow, words: str) -> None:
    with pytest.raises(PlanError, match=f"facilities f: {words}"):
        shut_by_hours(row, 5.0, WEEK)


def test_gaps_are_what_no_interval_covers() -> None:
    assert gaps([], 10) == ((0, 10),)


def test_rows_that_end_last_stay_open() -> None:
    shut = shut_by_dates({"a": (0, 4), "b": (4, 8), "c": (2, 8)}, 10)

    assert shut == {"a": ((4, 10),), "b": ((0, 4),), "c": ((0, 2),)}


# --- stations and lines ------------------------------------------------------------------------


def test_pooled_rows_share_a_station_by_direction() -> None:
    row = desk()

    assert station_id(row) == "f"
    assert station_id(row._replace(pool="main", direction="to_china")) == "n/customs/main/to_china"


def test_stations_have_names_in_words() -> None:
    node = NodeRow("dostyk", name="Dostyk, border station (Kazakhstan)")

    assert station_name(desk()._replace(direction="from_china"), node) == (
        "customs, from China, Dostyk"
    )


LINE = LinkRow("r", "a", "b", "rail", 100.0, paths_per_day=10.0, metered=True)


def test_a_line_without_own_paths_is_refused() -> None:
    with pytest.raises(PlanError, match=r"links r: paths_per_day is 10 .* more than 0 paths"):
        meter(LINE._replace(background_per_day=10.0))


def test_a_track_both_ways_has_clearing_and_fleets() -> None:
    found = meter(LINE._replace(track_rule="alternating", clearing_min=3.0, fleet_size=2))

    assert found is not None
    assert (found.rule, found.clearing_s, found.fleet) == (TrackRule.ALTERNATING, 180, 2)


def test_a_line_that_is_not_metered_has_no_meter() -> None:
    assert meter(LINE._replace(metered=False)) is None


def test_cruising_time_serves_where_links_have_no_speed() -> None:
    links = [
        LINE._replace(speed_kmh=50.0),
        LINE._replace(length_km=30.0),
        LINE._replace(length_km=10.0),
    ]

    # 100 km at 50 = 2 h; of 6 h, 4 are left for 30 and 10 km.
    assert move_hours(links, 6.0) == (2.0, 3.0, 1.0)


def test_a_link_without_speed_or_cruising_time_is_refused() -> None:
    with pytest.raises(PlanError, match="links r: speed_kmh is empty"):
        move_hours([LINE], None)


# --- services ----------------------------------------------------------------------------------


LORRY = ServiceRow(
    "s", "road", "a", "b", load_classes=("truck", "box"), capacity_teu=2.0, capacity_trucks=1.0
)


def test_a_lorry_is_full_with_one_load_of_either_class() -> None:
    (state,) = service_part("s", [LORRY], WEEK, is_default=False).states

    # 2 TEU or one lorry load fill it: 2000 units, on the one deck.
    assert state.capacity == 2000
    assert state.unit == (1, 0, 0, 2, 0)
    assert state.deck == (0, 0, 0, 0, 0)
    assert (state.least, state.max_wait_s) == (NEVER, NEVER)


def test_load_factor_lowers_what_is_usable() -> None:
    row = ServiceRow(
        "s", "sea", "a", "b", load_classes=("box",), capacity_teu=200.0, load_factor=0.75
    )

    (state,) = service_part("s", [row], WEEK, is_default=False).states

    assert (state.capacity, state.unit[0]) == (150_000, 1)
    # 75 lots of 2 fit; 40 would leave 30 TEU empty, 37.5 and 50 nothing.
    assert fitting_lots(state, 0, 40_000) == (37.5, 50.0)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (LORRY._replace(capacity_teu=None, capacity_trucks=None), "no capacity for truck, box"),
        (
            LORRY._replace(capacity_teu=None, min_load_teu=2.0),
            "min_load_teu is 2 without capacity_teu",
        ),
        (
            LORRY._replace(capacity_teu=1e9 + 0.001, capacity_trucks=1e9 + 0.007),
            "capacities .* have no common unit",
        ),
        (LORRY._replace(available_to=date(2023, 12, 31)), "no row of the line is in force"),
    ],
)
def test_services_that_cannot_be_compiled_are_named(row: ServiceRow, words: str) -> None:
    with pytest.raises(PlanError, match=f"services s: {words}"):
        service_part("s", [row], WEEK, is_default=False)


def test_a_fleet_that_comes_later_begins_with_no_vehicle() -> None:
    row = LORRY._replace(fleet=3, available_from=date(2024, 1, 3))

    states = service_part("s", [row], WEEK, is_default=False).states

    assert [(state.from_s, state.vehicles) for state in states] == [(0, 0), (2 * DAY_S, 3)]


def test_departures_at_stated_hours_are_within_the_run() -> None:
    row = LORRY._replace(departures_at_h=("1", "30", "200"))

    part = service_part("s", [row], WEEK, is_default=False)

    assert part.departures_s == (HOUR_S, 30 * HOUR_S)
    assert part.is_timetabled


def test_a_default_is_a_service_of_its_own_between_two_places() -> None:
    from network.schema import DefaultRow

    row = default_row(DefaultRow("d_road_truck", "road", "truck", max_wait_h=1.0), "a", "b")

    assert (row.id, row.capacity_trucks) == ("d_road_truck/a/b", 1.0)


# --- laws and demand ---------------------------------------------------------------------------


def test_equal_laws_share_a_table() -> None:
    laws = Laws()

    indices = [
        laws.index("gamma", 0.5),
        laws.index("gamma", 0.500_000_1),
        laws.index("lognormal", 0.5),
        laws.index("gamma", 0.0),
        laws.index("deterministic", 0.0),
    ]

    assert indices == [0, 0, 1, 2, 2]
    assert laws.stack().shape == (3, 3, 65_537)


@pytest.mark.parametrize(("law", "words"), [("", "law is empty"), ("gamma", "cv is empty")])
def test_a_law_without_its_numbers_is_named(law: str, words: str) -> None:
    with pytest.raises(PlanError, match=f"facilities f: {words}"):
        cv_of("facilities f", law, None)


def test_demand_is_linear_between_years_and_grows_after_the_last() -> None:
    rows = [
        DemandRow(f"d_{year}", "a", "b", "box", "teu", year, amount, 2.0)
        for year, amount in ((2024, 100.0), (2026, 200.0))
    ]

    amounts = [yearly_amount(rows, year, 0.1) for year in (2023, 2024, 2025, 2026, 2028)]

    # 200 x 1.1^2 = 242; nothing before the first year.
    assert amounts == pytest.approx([0, 100, 150, 200, 242])


def test_demand_closed_at_random_is_thinned_by_its_share_of_the_month() -> None:
    row = ClosureRow(
        "c", "demand_factor", "flow", node_or_link=("a",), value=0.75, rate_per_year=1.0,
        mean_h=168.0, months=("1",), law="deterministic", cv=0.0,
    )  # fmt: skip

    windows = demand_windows([row], {"x": "a", "y": "b"}, WEEK)

    # 168 of 744 h of January at 0.75. The flows are those that begin at its node.
    assert windows[-1].flows == {"x"}
    assert windows[-1].factor == pytest.approx(1 - 168 / 744 * 0.25)
    assert (windows[-1].start_s, windows[-1].end_s) == (0, 31 * DAY_S)


def test_a_date_that_cannot_be_read_is_named() -> None:
    row = ClosureRow("c", "demand_factor", "flow", value=0.5, start=("13-45",), mean_h=1.0)

    with pytest.raises(PlanError, match="closures c: start is '13-45'"):
        demand_windows([row], {"x": "a"}, WEEK)
