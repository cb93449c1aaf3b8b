"""The compiler on networks worked by hand: what stands in the plan, in which units."""

from pathlib import Path

import numpy as np
import pytest
from compiler_cases import (
    FERRY,
    LINE,
    QUEUE,
    compiled,
    elements_of,
    intervals_of,
    read,
    rows_of,
    station,
    targets_of,
)

from sim.compiler.clock import read_clock
from sim.compiler.epochs import priced
from sim.draws import stable_key
from sim.draws.replication import draw
from sim.errors import PlanError
from sim.plan import NEVER, PPM, Effect, Kind, Plan
from sim.scenario import network_of

DAY_S = 86_400
HOUR_S = 3_600


# --- one desk ----------------------------------------------------------------------------------


def test_a_flow_from_a_node_to_itself_is_served_there(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, QUEUE)

    assert legend.station_id == ("f_desk",)
    assert plan.step_station.tolist() == [0]
    assert len(plan.pool_station) == len(plan.leg_service) == 0
    # 0.5 h = 1800 s, in 1/256 s.
    assert plan.row_mean_fp.tolist() == [[1800 * 256]]
    assert plan.row_servers.tolist() == [1]


def test_demand_of_a_steady_experiment_is_even(tmp_path: Path) -> None:
    plan, _ = compiled(tmp_path, QUEUE, "window.days=90")

    # 730 TEU / 365 / 2 TEU = 1 consignment a day, in February as in March.
    rate = np.diff(plan.intensity_fp) / np.diff(plan.intensity_s) * DAY_S / 2**20
    assert rate == pytest.approx(1.0, rel=1e-6)


def test_a_row_without_servers_gives_its_loads_a_law_at_the_servers_of_others(
    tmp_path: Path,
) -> None:
    desk = QUEUE.replace(
        "operation: handling, servers: 1", "operation: handling, pool: p, servers: 1"
    )
    lorries = (
        "    - {id: f_lorries, node: a, operation: handling, pool: p, servers: 0, mean_h: 0.25,\n"
        "       law: deterministic, applies_to: [truck]}\ndemand:"
    )
    flow = (
        "\n    - {id: tt, origin: a, destination: a, load_class: truck, unit: truck, year: 2023,\n"
        "       amount: 365, lot: 1}\n"
    )

    plan, legend = compiled(tmp_path, desk.replace("demand:", lorries) + flow)

    assert rows_of(plan, legend, "a/handling/p/any") == ["f_desk"]
    # 0.5 h for boxes, 0.25 h for lorries, by the same server; both are lots of 2 TEU.
    assert plan.row_mean_fp[0, plan.flow_size].tolist() == [1800 * 256, 900 * 256]
    box, truck = plan.law_table[plan.row_law[0, plan.flow_size]]
    assert np.ptp(truck[0]) == 0
    assert np.ptp(box[0]) > 0


def test_stated_arrivals_come_when_they_are_stated(tmp_path: Path) -> None:
    stated = QUEUE.replace("amount: 730", "amount: 12, lots_together: 3, arrivals_at_h: [1, 30.5]")

    plan, _ = compiled(tmp_path, stated)
    sent = draw(plan, 1, 0)

    assert sent.consignment_created_s.tolist() == [3600] * 3 + [109_800] * 3


def test_the_run_has_the_seconds_of_its_days(tmp_path: Path) -> None:
    plan, legend = compiled(
        tmp_path, QUEUE, "window.warm_up_days=3", "window.days=4", "window.run_out_days=5"
    )

    assert (plan.window_start_s, plan.window_end_s, plan.horizon_s) == (
        3 * DAY_S,
        7 * DAY_S,
        12 * DAY_S,
    )
    # 2023-12-29 is day 738883 of the proleptic calendar: 2024-01-01 is 738886.
    assert plan.first_day == 738_883
    assert legend.window_start == "2024-01-01"


def test_a_run_of_2_to_the_31_seconds_is_refused(tmp_path: Path) -> None:
    scenario = read(tmp_path, QUEUE)
    window = scenario.window.model_copy(update={"days": 24_856})  # 24856 d > 2^31 s > 24855 d
    too_long = scenario.model_copy(update={"window": window})

    with pytest.raises(PlanError, match=r"case: window: .* must be below 2147483648 s"):
        read_clock(too_long)


def test_a_scenario_that_sends_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="no flow sends anything"):
        compiled(tmp_path, QUEUE.replace("amount: 730", "amount: 0"))


# --- a line over a border ----------------------------------------------------------------------


def test_a_train_passes_lines_and_stops_in_order(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE, "window.days=2")

    # 100 km at 50 = 2 h; 10 km at 30 = 20 min, against the link's direction; 90 at 45 = 2 h.
    assert elements_of(plan, legend, 0) == [
        ("r_a__m>", 7200, "r_a__m>"),
        ("f_m_gate", 0, "f_m_gate"),
        ("f_m_customs", 0, "f_m_customs"),
        ("r_n__m<", 1200, "r_n__m<"),
        ("n/customs/main/any", 0, "n/customs/main/any"),
        ("-", 7200, "r_n__b"),
    ]
    assert legend.place_id[-1] == "r_n__b"
    steps = [legend.station_id[s] for s in plan.step_station]
    assert steps[1:] == ["f_b_handling"]
    assert plan.station_kind[plan.step_station[0]] == Kind.POOL


def test_a_meter_has_own_paths_burst_and_headway(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE)

    single = plan.station_detail[station(legend, "r_a__m>")]
    double = plan.station_detail[station(legend, "r_n__m<")]
    # 10 - 2 = 8 paths: b = 1, 12 min on one track. 60 - 30 = 30: b = round(3.75), 8 min on two.
    assert plan.meter_paths_milli[[single, double]].tolist() == [8000, 30_000]
    assert plan.meter_burst[[single, double]].tolist() == [1, 4]
    assert plan.meter_headway_s[[single, double]].tolist() == [720, 480]


def test_pooled_dated_rows_are_one_station_with_known_closures(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE)

    assert rows_of(plan, legend, "n/customs/main/any") == ["f_n_customs_new", "f_n_customs_old"]
    # The old row ends with 3 January, the new one begins with the fourth.
    assert intervals_of(plan, legend, "dates:f_n_customs_old") == [(3 * DAY_S, 10 * DAY_S)]
    assert intervals_of(plan, legend, "dates:f_n_customs_new") == [(0, 3 * DAY_S)]
    assert targets_of(plan, legend, "dates:f_n_customs_new") == ["f_n_customs_new"]
    shut = legend.closure_id.index("dates:f_n_customs_new")
    assert plan.closure_effect[shut] == Effect.SHUT


def test_a_station_that_ends_still_serves_who_is_on_the_way(tmp_path: Path) -> None:
    ended = LINE.replace(
        "mean_h: 1, law: exponential, per: train}",
        "mean_h: 1, law: exponential, per: train, available_to: 2024-01-05}",
    )

    _, legend = compiled(tmp_path, ended)

    assert "dates:f_m_customs" not in legend.closure_id


def test_dated_rows_begin_an_epoch_and_a_new_station_a_new_route(tmp_path: Path) -> None:
    opened = LINE.replace(
        "mean_h: 0.5, law: deterministic, per: train}",
        "mean_h: 0.5, law: deterministic, per: train, available_from: 2024-01-06}",
    )

    plan, legend = compiled(tmp_path, opened)

    assert plan.epoch_start_s.tolist() == [0, 3 * DAY_S, 5 * DAY_S]
    old, new = legend.route_id
    assert new == f"{old}+2024-01-06"
    assert plan.route_key.tolist() == [stable_key(old)] * 2
    assert plan.choice_route.tolist() == [0, 0, 1]


def test_epochs_begin_in_the_measured_window_alone(tmp_path: Path) -> None:
    # The new customs row opens on 4 January, in the warm-up of 2 to 5 January.
    plan, _ = compiled(
        tmp_path,
        LINE.replace("start: 2024-01-01, days: 10", "start: 2024-01-06, days: 5"),
        "window.warm_up_days=4",
        "window.run_out_days=30",
    )

    assert plan.epoch_start_s.tolist() == [0, 4 * DAY_S]


def test_a_stated_value_of_time_holds_for_all_loads(tmp_path: Path) -> None:
    scenario = read(tmp_path, LINE, "routing.value_of_time_usd_per_teu_h=2.5")

    costs = priced(network_of(scenario), scenario).costs

    # 2.5 USD an hour are 60 a day.
    assert [(row.value, row.unit) for row in costs] == [(60.0, "USD/TEU-day")]


def test_opening_hours_are_local_time(tmp_path: Path) -> None:
    by_day = LINE.replace(
        "mean_h: 0.5, law: deterministic, per: train}",
        'mean_h: 0.5, law: deterministic, per: train, opens: "09:00", closes: "18:00"}',
    )

    plan, legend = compiled(tmp_path, by_day, "window.days=2")

    # 09-18 h in China (UTC+8) is 06-15 h corridor time (UTC+5).
    assert [
        (start / HOUR_S, end / HOUR_S)
        for start, end in intervals_of(plan, legend, "hours:f_m_gate")
    ] == [(0, 6), (15, 30), (39, 48)]


def test_a_consignment_of_k_teu_takes_k_means_with_less_scatter(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE, "demand.lot_teu=4")

    row = plan.row_first[station(legend, "f_b_handling")]
    # 4 TEU x 0.1 h = 1440 s.
    assert plan.row_mean_fp[row, 0] == 1440 * 256
    assert plan.row_mean_teu_fp[row] == 360 * 256
    table = plan.law_table[plan.row_law[row, 0]]
    # cv 1 / sqrt(4) = 0.5: quartiles of the gamma law of shape 4 and mean 1.
    assert table[0, 16_384] / 2**20 == pytest.approx(0.6338, abs=2e-3)
    assert plan.flow_lot.tolist() == [4000]


def test_a_pool_waits_for_its_least_load(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE)

    (pool,) = plan.pool_station
    assert legend.station_id[pool].startswith("pool:train/")
    assert legend.station_id[pool].endswith("/b")
    # The unit is a thousandth of a TEU: 100 TEU are 100 000, 60 TEU 60 000.
    assert plan.state_unit.tolist() == [[1, 0, 0, 0, 0]]
    assert plan.state_capacity.tolist() == [100_000]
    assert plan.state_min.tolist() == [60_000]
    assert plan.state_max_wait_s.tolist() == [48 * HOUR_S]
    assert plan.service_headway_s.tolist() == [6 * HOUR_S]
    assert plan.pool_min_lot.tolist() == [2000]


def test_a_block_too_small_for_its_least_load_is_mixed(tmp_path: Path) -> None:
    # 12 000 TEU a year are 66 TEU in 48 h, above the least load of 60; 6 000 are below it.
    plan, legend = compiled(tmp_path, LINE, "demand.factor=0.5")

    assert legend.station_id[plan.pool_station[0]].endswith("/mixed")


def test_a_scenario_may_fix_the_blocks(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE + "forming: {blocks: {train: mixed}}\n")

    assert legend.station_id[plan.pool_station[0]].endswith("/mixed")


def test_a_timetable_runs_from_the_windows_start_both_ways(tmp_path: Path) -> None:
    timed = LINE.replace("headway_h: 6", "departures_every_h: 10, departures_first_h: 5")

    plan, _ = compiled(tmp_path, timed, "window.warm_up_days=1", "window.days=1")

    # Window from hour 24: departures at 29 and 39, back at 19 and 9, on to 48 outside.
    assert (plan.departure_s / HOUR_S).tolist() == [9, 19, 29, 39]
    assert plan.service_timetable.tolist() == [1]


def test_monthly_demand_follows_the_calendar(tmp_path: Path) -> None:
    seasonal = LINE.replace("lot: 2}", "lot: 2, season: s}").replace(
        "  facilities:",
        "  season:\n"
        + "".join(
            f"    - {{profile: s, month: {month}, factor: {0.5 if month < 7 else 1.5}}}\n"
            for month in range(1, 13)
        )
        + "  facilities:",
    )

    plan, _ = compiled(tmp_path, seasonal, "window.days=40")

    # 12 000 / 12 x 0.5 = 500 TEU = 250 lots, in January and in February, from its first day.
    assert plan.intensity_s.tolist() == [0, 31 * DAY_S, 60 * DAY_S]
    assert (plan.intensity_fp / 2**20).tolist() == [0, 250, 500]


def test_an_unreachable_pair_is_named(tmp_path: Path) -> None:
    broken = LINE.replace(
        "from: n, to: b, mode: rail, gauge_mm: 1520", "from: n, to: b, mode: road"
    )

    with pytest.raises(PlanError, match="demand ab: no route from a to b for box"):
        compiled(tmp_path, broken)


def test_a_lot_that_no_vehicle_takes_is_refused(tmp_path: Path) -> None:
    heavy = LINE.rstrip() + (
        "\n    - {id: heavy, origin: a, destination: b, load_class: box, unit: teu, year: 2023,"
        "\n       amount: 100, lot: 102}\n"
    )

    with pytest.raises(PlanError, match=r"takes 100 of box; the lot of flow heavy is 102: no lot"):
        compiled(tmp_path, heavy)


def test_a_raised_lot_that_no_vehicle_takes_is_not_raised(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE, "demand.lot_teu=102")

    assert plan.flow_lot.tolist() == [2000]
    assert legend.notes[0].endswith("they keep the lots of their rows: ab")


def test_lots_that_waste_a_vehicle_are_noted(tmp_path: Path) -> None:
    _, legend = compiled(tmp_path, LINE, "demand.lot_teu=30")

    # 3 x 30 = 90 of 100 TEU; 100 / 4 = 25 and 100 / 3 = 33.3 waste nothing.
    note = (
        "services train: lots of 30 of box leave 10% of a vehicle empty; lots of 25 or 33.3333 fit"
    )
    assert note in legend.notes


# --- a ferry -----------------------------------------------------------------------------------


def test_decks_are_shared_in_exact_units(tmp_path: Path) -> None:
    plan, _ = compiled(tmp_path, FERRY)

    # lcm(110, 1800, 39) = 257 400, so a vessel holds 257 400 000 units on each deck:
    # 2340 for a thousandth of a TEU, 143 of a tonne, 6600 of a lorry.
    assert plan.state_capacity.tolist() == [257_400_000]
    assert plan.state_unit.tolist() == [[2340, 143, 0, 6600, 0]]
    assert plan.state_deck[0, [0, 1, 3]].tolist() == [0, 0, 1]
    # Least load 60 TEU.
    assert plan.state_min.tolist() == [60_000 * 2340]
    assert plan.state_vehicles.tolist() == [4]


def test_a_fleet_has_two_ends_and_moors_at_both(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, FERRY)

    (berths,) = plan.fleet_berth.tolist()
    assert [legend.station_id[berth] for berth in berths] == ["f_p_berth", "f_q_berth"]
    pools = plan.fleet_pool.tolist()
    assert pools == [[0, NEVER]]
    assert legend.station_id[plan.pool_station[0]] == "pool:ferry/p/mixed"
    assert [legend.leg_nodes[leg] for leg in plan.fleet_leg[0]] == [("p", "q"), ("q", "p")]
    # 440 km at 20 = 22 h; a berth is no element.
    assert elements_of(plan, legend, plan.fleet_leg[0, 1]) == [("-", 22 * HOUR_S, "s_p__q")]
    assert plan.fleet_cruise_s.tolist() == [22 * HOUR_S]
    assert plan.fleet_turnaround_s.tolist() == [2 * HOUR_S]
    # 2 TEU are 2/110 of a deck, one lorry 1/39: the box is the smallest lot.
    assert plan.pool_min_lot.tolist() == [2000]
    assert plan.pool_min_class.tolist() == [0]


def test_a_line_is_one_service_with_dated_states(tmp_path: Path) -> None:
    grown = FERRY.replace("{id: ferry, mode", "{id: ferry_1, line: ferry, mode").replace(
        "demand:\n",
        "    - {id: ferry_2, line: ferry, mode: sea, from: p, to: q, group: ferry,\n"
        "       load_classes: [box, bulk, truck], fleet: 6, capacity_teu: 110, capacity_t: 1800,\n"
        "       capacity_trucks: 39, available_from: 2024-01-05}\n"
        "demand:\n",
        1,
    )
    grown = grown.replace("turnaround_h: 2}", "turnaround_h: 2, available_to: 2024-01-04}")

    plan, legend = compiled(tmp_path, grown)

    assert legend.service_id == ("ferry",)
    assert plan.state_from_s.tolist() == [0, 4 * DAY_S]
    assert plan.state_vehicles.tolist() == [4, 6]
    assert plan.state_min[1] == NEVER


# --- closures ----------------------------------------------------------------------------------

CLOSURES = """
  closures:
    - {id: wind, kind: wind, effect: shut, target_kind: link, target: [r_n__b], rate_per_year: 12,
       mean_h: 20, law: exponential, months: ["1", "2"]}
    - {id: strike, kind: political, effect: rate_factor, value: 0.5, target_kind: station,
       target: [f_m_gate], with_id: wind, with_probability: 0.25, rate_per_year: 3, mean_h: 20,
       law: exponential}
    - {id: feast, kind: holiday, effect: shut, target_kind: node, target: [m], start: ["01-03"],
       mean_h: 24, law: deterministic}
    - {id: light, kind: low_water, effect: payload_factor, value: 0.5, target_kind: service,
       target: [train], start: ["2024-01-02"], mean_h: 48, law: deterministic}
    - {id: elsewhere, kind: wind, effect: shut, target_kind: link, target: [r_gone],
       rate_per_year: 1, mean_h: 10, law: exponential}
  services:"""
CLOSED = LINE.replace("\n  services:", CLOSURES).replace(
    "  facilities:",
    "    - {id: r_gone, from: a, to: b, mode: road, length_km: 9999, speed_kmh: 1}\n  facilities:",
)


def test_closures_strike_rows_of_the_plan_alone(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, CLOSED)

    assert targets_of(plan, legend, "wind") == ["r_n__b>"]
    assert targets_of(plan, legend, "strike") == ["f_m_gate"]
    assert targets_of(plan, legend, "feast") == ["f_m_customs", "f_m_gate"]
    (pool,) = (legend.station_id[one] for one in plan.pool_station)
    assert targets_of(plan, legend, "light") == [pool]
    assert "elsewhere" not in legend.closure_id
    weather = {
        key: bool(plan.closure_is_weather[legend.closure_id.index(key)])
        for key in ("wind", "strike", "feast", "light")
    }
    assert weather == {"wind": True, "strike": False, "feast": False, "light": True}


def test_a_link_that_may_shut_has_a_gate_without_limit(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, CLOSED)

    gate = plan.station_detail[station(legend, "r_n__b>")]
    assert plan.meter_paths_milli[gate] == 0
    assert elements_of(plan, legend, 0)[-1] == ("r_n__b>", 7200, "r_n__b>")


def test_a_gate_that_a_closure_needs_moves_no_arrival(tmp_path: Path) -> None:
    # 50 km at 90 = 2000 s; 1 km at 7 = 514.286 s; 1 km at 7 again: 3028.57 s in all.
    road = LINE.replace(
        "length_km: 90, speed_kmh: 45}",
        "length_km: 50, speed_kmh: 90}\n"
        + "".join(
            f"    - {{id: r_{tail}__{head}, from: {tail}, to: {head}, mode: rail,\n"
            "       gauge_mm: 1520, length_km: 1, speed_kmh: 7}\n"
            for tail, head in (("b", "c"), ("c", "d"))
        ).rstrip(),
    )
    road = road.replace("to: b, load_classes", "to: d, load_classes")
    road = road.replace("destination: b, load_class", "destination: d, load_class")
    road = road.replace("node: b, operation", "node: d, operation").replace(
        "  links:\n", "    - {id: c, country: KZ}\n    - {id: d, country: KZ}\n  links:\n"
    )
    gate = (
        "\n  closures:\n"
        "    - {id: slide, kind: slide, effect: shut, target_kind: link, target: [r_b__c],\n"
        "       rate_per_year: 1, mean_h: 1, law: exponential}\n"
        "  services:"
    )

    plan, legend = compiled(tmp_path, road)
    other, others = compiled(tmp_path, road.replace("\n  services:", gate))

    assert elements_of(plan, legend, 0)[-1] == ("-", 3029, "r_n__b")
    # Gates at 2000 s and at 2514.286 s: 514 s on the middle link, 515 s on the last.
    assert elements_of(other, others, 0)[-3:] == [
        ("-", 2000, "r_n__b"),
        ("r_b__c>", 514, "r_b__c>"),
        ("-", 515, "r_c__d"),
    ]
    assert set(plan.station_key.tolist()) <= set(other.station_key.tolist())


def test_closures_on_dates_are_known_and_others_drawn(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, CLOSED)

    assert intervals_of(plan, legend, "feast") == [(2 * DAY_S, 3 * DAY_S)]
    assert intervals_of(plan, legend, "light") == [(DAY_S, 3 * DAY_S)]
    assert plan.closure_value_ppm[legend.closure_id.index("light")] == PPM // 2
    drawn = [legend.closure_id[closure] for closure in plan.random_closure]
    assert drawn == ["strike", "wind"]
    # January and February have 31 + 28.25 days = 1422 h a year: 118.5 h to each of 12 events.
    assert plan.random_gap_fp[1] == round(118.5 * HOUR_S * 256)
    # All three strikes a year are copies: 0.25 x 12.
    assert plan.random_gap_fp[0] == 0
    assert plan.random_with.tolist() == [1, NEVER]
    assert plan.random_with_ppm.tolist() == [250_000, 0]


def test_windows_of_random_closures_are_their_months(tmp_path: Path) -> None:
    plan, _ = compiled(tmp_path, CLOSED)

    windows = slice(plan.random_window_first[1], plan.random_window_first[2])
    starts = plan.random_window_start_s[windows] / DAY_S
    ends = plan.random_window_end_s[windows] / DAY_S
    # From a year before the run: January and February 2023, then January 2024.
    assert list(zip(starts, ends, strict=True)) == [(-365, -306), (0, 31)]


def test_vehicles_out_count_and_strike_the_fleet(tmp_path: Path) -> None:
    docked = FERRY.replace(
        "  services:",
        "  closures:\n"
        "    - {id: dock, kind: fleet_out, effect: fleet_minus, value: 1, target_kind: service,\n"
        "       target: [ferry], rate_per_year: 5, mean_h: 480, law: exponential}\n"
        "  services:",
    )

    plan, legend = compiled(tmp_path, docked)

    assert targets_of(plan, legend, "dock") == ["fleet:ferry"]
    assert plan.closure_value_ppm.tolist() == [1]


def test_a_closure_of_demand_thins_the_flow(tmp_path: Path) -> None:
    thinned = LINE.replace(
        "\n  services:",
        "\n  closures:\n"
        "    - {id: feast, kind: holiday_demand, effect: demand_factor, value: 0.5,\n"
        '       target_kind: flow, target: [ab], start: ["01-11"], mean_h: 240,\n'
        "       law: deterministic}\n"
        "  services:",
    )

    plan, legend = compiled(tmp_path, thinned, "window.days=31")

    # 1000 TEU in January are 500 lots; of the ten days from the 11th, 161.3, half stay.
    assert plan.intensity_fp[-1] / 2**20 == pytest.approx(500 - 500 * 10 / 31 / 2, abs=1e-5)
    assert plan.intensity_s.tolist() == [0, 10 * DAY_S, 20 * DAY_S, 31 * DAY_S]
    assert "feast" not in legend.closure_id


# --- background, and what nobody uses ----------------------------------------------------------


def test_flows_that_are_not_followed_slow_what_they_share(tmp_path: Path) -> None:
    two = LINE.rstrip() + (
        "\n    - {id: oil, origin: a, destination: b, load_class: box, unit: teu, year: 2023,"
        "\n       amount: 24000, lot: 2, followed: false}\n"
    )

    plan, legend = compiled(tmp_path, two, "window.days=31")

    assert legend.flow_id == ("ab",)
    row = plan.row_first[station(legend, "f_m_gate")]
    # 50 lots fit, 42 are aboard: 2000 TEU in January, 1000 lots, are 23.81 trains of half an
    # hour each: 11.905 of 744 h.
    assert plan.row_factor_ppm[row] == pytest.approx(PPM * (1 - 11.9048 / 744), abs=2)
    meter = plan.row_first[station(legend, "r_a__m>")]
    # 23.81 of 31 x 8 paths.
    assert plan.row_factor_ppm[meter] == pytest.approx(PPM * (1 - 23.8095 / 248), abs=2)
    row = plan.row_first[station(legend, "n/customs/main/any")]
    # The old row, one server, is in force on 3 of 31 days, the new one, two, on 28: 1.903
    # servers. Rows are in order of id; the new one's two hours stand for both.
    assert plan.row_factor_ppm[row] == pytest.approx(PPM * (1 - 23.8095 * 2 / 744 / 1.9032), abs=9)
    assert any(note.startswith("1 flow is not followed; it slows 7 rows") for note in legend.notes)


def plan_fields_that_differ(one: Plan, other: Plan) -> list[str]:
    return [
        name
        for name in Plan._fields
        if not np.array_equal(getattr(one, name), getattr(other, name))
    ]


@pytest.mark.parametrize("name", ["aaa", "n_between", "zzz"])
def test_what_nobody_uses_changes_nothing(tmp_path: Path, name: str) -> None:
    plan, _ = compiled(tmp_path, CLOSED)
    more = CLOSED.replace(
        "  links:\n",
        f"    - {{id: {name}, country: KZ, utc_offset_h: 5}}\n  links:\n"
        f"    - {{id: {name}_link, from: {name}, to: b, mode: rail, gauge_mm: 1520,\n"
        "       length_km: 5, speed_kmh: 10}\n",
    ).replace(
        "  facilities:\n",
        "  facilities:\n"
        f"    - {{id: {name}_desk, node: {name}, operation: customs, servers: 1, mean_h: 7,\n"
        "       law: gamma, cv: 0.37, per: train}\n",
    )
    more = more.rstrip() + (
        f"\n    - {{id: {name}_flow, origin: {name}, destination: a, load_class: grain, unit: t,"
        "\n       year: 2023, amount: 0, lot: 7}\n"
    )

    other, _ = compiled(tmp_path, more)

    assert plan_fields_that_differ(plan, other) == []


def test_a_new_station_on_the_way_moves_no_key_of_others(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LINE)
    more = LINE.replace(
        "  services:",
        "    - {id: f_a_formation, node: a, operation: formation, mode_in: rail, mode_out: rail,\n"
        "       servers: 1, mean_h: 1, law: exponential, per: train}\n"
        "  services:",
    )

    other, others = compiled(tmp_path, more)

    assert set(others.station_id) - set(legend.station_id) == {"f_a_formation"}
    assert set(plan.station_key.tolist()) <= set(other.station_key.tolist())
    assert plan.route_key.tolist() == other.route_key.tolist()


def test_arrays_are_read_only_and_stations_in_byte_order(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, CLOSED)

    arrays = [value for value in plan if isinstance(value, np.ndarray)]
    assert not any(array.flags.writeable for array in arrays)
    assert {array.dtype.name for array in arrays} == {"int64", "uint64"}
    assert list(legend.station_id) == sorted(legend.station_id, key=str.encode)
