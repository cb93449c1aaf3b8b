"""Shifts, holidays, seasons, storms and low water as a planner writes them, by hand."""

from pathlib import Path

import numpy as np
from compiler_cases import FERRY, LINE, QUEUE, compiled, intervals_of, rows_of, station, targets_of

from sim.draws.replication import draw
from sim.engine.run import run
from sim.plan import NEVER, Cause

DAY_S = 86_400
HOUR_S = 3_600

ROW = "operation: handling, servers: 1, mean_h: 0.5, law: exponential,\n       per: consignment}"
SHIFTS = QUEUE.replace(
    f"    - {{id: f_desk, node: a, {ROW}",
    "".join(
        f"    - {{id: f_{name}, node: a, operation: handling, pool: desk, servers: {servers},\n"
        f"       mean_h: 0.5, law: exponential, per: consignment, opens: '{opens}',\n"
        f"       closes: '{closes}', days: {days}}}\n"
        for name, servers, opens, closes, days in (
            ("morning", 2, "06:00", "12:00", "Mon-Sat"),
            ("afternoon", 1, "14:00", "20:00", "Mon-Fri"),
        )
    ).rstrip(),
).replace("amount: 730", "amount: 14600")


def test_shifts_are_rows_of_one_pool_with_their_hours_days_and_servers(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, SHIFTS)

    assert rows_of(plan, legend, "a/handling/desk/any") == ["f_afternoon", "f_morning"]
    trace = run(plan, 1, 0)
    begun_s = trace.stay_start_s[trace.stay_start_s != NEVER]
    hour, weekday = begun_s // HOUR_S % 24, begun_s // DAY_S % 7
    # 2024-01-01 is a Monday. 06-12 and 14-20 at a, whose time is that of the corridor.
    assert set(hour.tolist()) == {*range(6, 12), *range(14, 20)}
    assert 6 not in weekday
    assert set(hour[weekday == 5].tolist()) <= {*range(6, 12)}
    # Noon to two is shut to everybody, and booked so.
    assert (trace.consignment_cause_s[:, Cause.CLOSED] > 0).any()


def test_holidays_of_a_country_shut_its_posts_on_their_dates(tmp_path: Path) -> None:
    rows = (
        "  closures:\n    - {id: nauryz, kind: holiday, effect: shut, target_kind: station,"
        " target: [f_desk], start: [01-02, 2024-01-07], mean_h: 24, law: deterministic}\ndemand:\n"
    )
    plan, legend = compiled(tmp_path, QUEUE.replace("demand:\n", rows))

    assert targets_of(plan, legend, "nauryz") == ["f_desk"]
    assert intervals_of(plan, legend, "nauryz") == [
        (DAY_S, 2 * DAY_S),
        (6 * DAY_S, 7 * DAY_S),
    ]


def test_holidays_of_a_country_shut_the_facilities_of_a_load_and_no_others(
    tmp_path: Path,
) -> None:
    rows = (
        "\n  closures:\n    - {id: nauryz, kind: holiday, effect: shut, target_kind: country,"
        " target: [KZ], start: [2024-01-03], mean_h: 24, law: deterministic}\ndemand:"
    )
    line = LINE.replace("{id: f_b_handling,", "{id: f_b_handling, applies_to: [box],")
    line = line.replace("\ndemand:", rows)

    every, legend = compiled(tmp_path, line)
    some, own_legend = compiled(tmp_path, line.replace("KZ], ", "KZ], applies_to: [truck], "))

    # m is in China; the customs of n are for all loads, the handling at b for boxes alone.
    customs = ["f_n_customs_new", "f_n_customs_old"]
    assert sorted(targets_of(every, legend, "nauryz")) == ["f_b_handling", *customs]
    assert sorted(targets_of(some, own_legend, "nauryz")) == customs


def test_a_temporary_post_serves_between_its_dates(tmp_path: Path) -> None:
    second = (
        "operation: handling, pool: desk, servers: 1, mean_h: 0.5, law: exponential,\n"
        "       per: consignment}\n"
        "    - {id: f_summer, node: a, operation: handling, pool: desk, servers: 3, mean_h: 0.5,\n"
        "       law: exponential, available_from: 2024-01-04, available_to: 2024-01-06}"
    )
    plan, legend = compiled(tmp_path, QUEUE.replace(ROW, second))

    assert rows_of(plan, legend, "a/handling/desk/any") == ["f_desk", "f_summer"]
    # Open from 4 January 00:00 to 6 January 24:00, the fourth to the sixth day of the run.
    assert intervals_of(plan, legend, "dates:f_summer") == [
        (0, 3 * DAY_S),
        (6 * DAY_S, 10 * DAY_S),
    ]


LOW = """  closures:
    - {id: low_water, kind: low_water, effect: payload_factor, value: 0.75, target_kind: service,
       target: [ferry], start: [2024-01-05], mean_h: 72, law: deterministic}
demand:
"""


def test_low_water_cuts_what_ferries_take_between_its_dates(tmp_path: Path) -> None:
    text = FERRY.replace("demand:\n", LOW).replace("amount: 1200, lot: 2", "amount: 36500, lot: 2")
    plan, legend = compiled(tmp_path, text)

    assert intervals_of(plan, legend, "low_water") == [(4 * DAY_S, 7 * DAY_S)]
    trace = run(plan, 1, 0)
    boxes = trace.consignment_flow[trace.stay_consignment] == legend.flow_id.index("pq_box")
    aboard = trace.stay_vehicle[boxes & (trace.stay_vehicle != NEVER)]
    load_teu = 2 * np.bincount(aboard, minlength=len(trace.vehicle_departed_s))
    in_low_water = (trace.vehicle_departed_s >= 4 * DAY_S) & (trace.vehicle_departed_s < 7 * DAY_S)
    # 41 lots of 2 TEU in 82.5, 55 in 110.
    assert load_teu[in_low_water].max() == 82
    assert load_teu[~in_low_water].max() == 110


def test_lots_that_low_water_leaves_no_room_for_are_told(tmp_path: Path) -> None:
    _, legend = compiled(tmp_path, FERRY.replace("demand:\n", LOW.replace("0.75", "0.95")))

    assert (
        "services ferry: lots of 1800 of bulk do not fit and wait, while closure low_water"
        " leaves 0.95"
    ) in legend.notes


def test_lots_that_fill_a_vehicle_in_low_water_badly_are_told(tmp_path: Path) -> None:
    boxes = FERRY.replace("amount: 1200, lot: 2", "amount: 1200, lot: 22")

    _, dry = compiled(tmp_path, boxes)
    _, low = compiled(tmp_path, boxes.replace("demand:\n", LOW))

    # Five lots of 22 TEU fill 110; of 82.5 they leave 16.5, a fifth.
    assert not [note for note in dry.notes if "of box" in note]
    assert (
        "services ferry: lots of 22 of box leave 20% of a vehicle empty; lots of 20.625 or 27.5"
        " fit, while closure low_water leaves 0.75"
    ) in low.notes


STORMS = """  closures:
    - {id: storm_p, kind: storm, effect: shut, target_kind: station, target: [f_p_berth],
       rate_per_year: 60, mean_h: 24, law: lognormal, cv: 0.8, months: [1, 2]}
    - {id: storm_q, kind: storm, effect: shut, target_kind: station, target: [f_q_berth],
       with_id: storm_p, with_probability: 0.8}
demand:
"""


def test_storms_of_two_ports_come_together_as_often_as_stated(tmp_path: Path) -> None:
    plan, legend = compiled(
        tmp_path, FERRY.replace("demand:\n", STORMS), "window.days=59", "window.warm_up_days=0"
    )
    p, q = legend.closure_id.index("storm_p"), legend.closure_id.index("storm_q")
    starts: dict[int, list[int]] = {p: [], q: []}
    for replication in range(60):
        drawn = draw(plan, 1, replication)
        for closure, own in starts.items():
            at = drawn.closure_start_s[drawn.closure_index == closure]
            own.extend((at + replication * 10**9).tolist())

    assert set(starts[q]) <= set(starts[p])
    # Binomial with 0.8: 60 x 60 events, standard deviation 0.0067; four are 0.027.
    assert abs(len(starts[q]) / len(starts[p]) - 0.8) < 0.027
    assert np.all(plan.closure_is_weather[[p, q]] == 1)
    assert station(legend, "f_p_berth") != station(legend, "f_q_berth")
