"""The measures of a run that was worked by hand (its story stands in `handmade`)."""

import handmade
import numpy as np
import pandas as pd
import pytest

from sim.errors import GridlockError, ResultsError
from sim.measures.build import Measures, measure
from sim.measures.columns import COLUMNS, names
from sim.measures.ledger import bottlenecks
from sim.plan import NEVER, Status, Trace


@pytest.fixture
def measured() -> Measures:
    return measure(handmade.trace(), handmade.plan(), handmade.legend(), handmade.PLACES)


def kpi(measures: Measures, name: str) -> float:
    row = measures.kpis[measures.kpis["kpi"] == name]
    return float(row["value"].iloc[0])


def only(table: pd.DataFrame, **key: str) -> pd.Series:
    chosen = table
    for column, value in key.items():
        chosen = chosen[chosen[column] == value]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_volumes_balance_over_the_window(measured: Measures) -> None:
    # box -1 is inside at the start; 1, 2, 3 are created; -1 and 1 leave; 3 is refused
    assert kpi(measured, "stock_start_teu") == 2
    assert kpi(measured, "teu_created") == 6
    assert kpi(measured, "teu_delivered") == 4
    assert kpi(measured, "teu_refused") == 2
    assert kpi(measured, "teu_refused.no_route") == 2
    assert kpi(measured, "teu_refused.ban") == 0
    # 2 + 6 - 4 - 2: box 2
    assert kpi(measured, "stock_end_teu") == 2
    assert kpi(measured, "stock_growth_teu") == 0


def test_mean_stock_is_time_inside_over_the_window(measured: Measures) -> None:
    # -1: 86 400-110 400; 1: 18 600 s; 2: 100 000-172 800; 3: 10 000 s; 2 TEU each
    expected = 2 * (24_000 + 18_600 + 72_800 + 10_000) / 86_400
    assert kpi(measured, "stock_mean_teu") == pytest.approx(expected)


def test_transit_belongs_to_the_cohort_and_counts_an_unfinished_one_at_its_age(
    measured: Measures,
) -> None:
    # box 1: 18 600 s; box 2: 259 200 - 100 000 = 159 200 s; the refused one is left out
    assert kpi(measured, "transit_mean_d") == pytest.approx((18_600 + 159_200) / 2 / 86_400)
    assert kpi(measured, "transit_p50_d") == pytest.approx(18_600 / 86_400)
    assert kpi(measured, "transit_p90_d") == pytest.approx(159_200 / 86_400)
    assert kpi(measured, "unfinished_percent") == 50


def test_mean_is_a_lower_bound_above_five_percent_unfinished(measured: Measures) -> None:
    assert only(measured.kpis, kpi="transit_mean_d")["bound"] == "at least"
    assert not only(measured.kpis, kpi="transit_p50_d")["bound"]


def test_mean_is_no_bound_when_all_arrive() -> None:
    # box 2 is served in the gate and moved to c by the run's end
    trace = handmade.trace(
        vehicle_ended_s=(106_800, 259_200),
        visit_end_s=(97_800, 103_200, 173_600, 255_600),
        consignment_finished_s=(110_400, 108_600, 259_200, 130_000),
        consignment_status=(1, 1, 1, Status.REFUSED_NO_ROUTE),
    )

    measured = measure(trace, handmade.plan(), handmade.legend())

    assert only(measured.kpis, kpi="transit_mean_d")["bound"] == ""
    assert kpi(measured, "unfinished_percent") == 0


def test_delay_is_the_sum_of_the_waiting_causes(measured: Measures) -> None:
    # box 1: filling 3 600 + path 600 + queue 1 800; box 2: filling 70 000
    assert kpi(measured, "delay_mean_d") == pytest.approx((6_000 + 70_000) / 2 / 86_400)
    assert kpi(measured, "waiting_teu_d") == pytest.approx(2 * 76_000 / 86_400)
    assert kpi(measured, "cause.filling.mean_d") == pytest.approx(73_600 / 2 / 86_400)
    assert kpi(measured, "excess_mean_d") == pytest.approx(88_900 / 86_400 - 4 / 24)


def test_a_year_is_stated_only_for_whole_years() -> None:
    assert "teu_delivered_per_year" not in set(
        measure(handmade.trace(), handmade.plan(), handmade.legend()).kpis["kpi"]
    )
    # 2024-01-02 to 2025-01-02 has 366 days
    end_s = 86_400 + 366 * 86_400
    plan = handmade.plan(window_end_s=end_s, horizon_s=end_s)
    trace = _ended_later(end_s)

    measured = measure(trace, plan, handmade.legend())

    assert kpi(measured, "teu_delivered_per_year") == 4


def _ended_later(end_s: int) -> Trace:
    """Return the run with box 2 still in the gate at a later end."""
    trace = handmade.trace()
    cause = trace.consignment_cause_s.copy()
    cause[2] = handmade.causes(filling=70_000, moving=3_600, service=end_s - 173_600)
    seconds = trace.ledger_s.copy()
    seconds[seconds == 89_200] = 3_600 + end_s - 173_600
    return trace._replace(ended_s=end_s, consignment_cause_s=cause, ledger_s=seconds)


def test_station_waits_queues_and_utilisation(measured: Measures) -> None:
    gate = only(measured.stations, station="gate_to_china")
    handling = only(measured.stations, station="handling_c")
    meter = only(measured.stations, station="l_ab>")

    # train 1 asks at 173 600, after the window
    assert (gate["visits"], gate["unstarted"], gate["serves"]) == (1, 0, "vehicle")
    assert gate["wait_mean_h"] == pytest.approx(0.5)
    assert gate["queue_mean"] == pytest.approx(1_800 / 86_400)
    assert gate["queue_max"] == 1
    # open from 90 000 on: 82 800 s, busy 3 600 s
    assert gate["utilisation"] == pytest.approx(3_600 / 82_800)
    assert gate["shut_percent"] == pytest.approx(100 * 3_600 / 86_400)
    # two servers, 3 600 + 1 800 s
    assert handling["utilisation"] == pytest.approx(5_400 / (2 * 86_400))
    assert handling["service_mean_h"] == pytest.approx(0.75)
    # two entries on ten paths a day
    assert meter["utilisation"] == pytest.approx(0.2)
    assert meter["wait_mean_h"] == pytest.approx(600 / 2 / 3_600)


def test_server_that_finishes_after_closing_was_available_that_long() -> None:
    # train 0 is served from 99 600 to 103 200; two closures cover 100 000-102 000 together
    trace = handmade.trace(
        closure_index=(0, 0, 0),
        closure_start_s=(86_400, 100_000, 100_500),
        closure_end_s=(90_000, 101_000, 102_000),
    )

    gate = only(
        measure(trace, handmade.plan(), handmade.legend()).stations, station="gate_to_china"
    )

    # open 86 400 - 3 600 - 2 000 s, and 2 000 s of overtime
    assert gate["utilisation"] == pytest.approx(3_600 / (80_800 + 2_000))
    assert gate["shut_percent"] == pytest.approx(100 * 5_600 / 86_400)


def test_pool_has_a_filling_time_and_no_utilisation(measured: Measures) -> None:
    pool = only(measured.stations, station="pool_a")

    assert np.isnan(pool["utilisation"])
    # boxes -1 and 1 wait together from 90 000 on
    assert pool["queue_max"] == 2
    # of boxes 1 and 2, which joined in the window
    assert kpi(measured, "pool.pool_a.filling_mean_h") == pytest.approx(73_600 / 2 / 3_600)
    assert kpi(measured, "station.pool_a.wait_mean_h.flow.boxes") == pytest.approx(
        73_600 / 2 / 3_600
    )


def test_border_counts_what_crossed_in_the_window(measured: Measures) -> None:
    # train 0 with 4 TEU; train 1 has not arrived
    assert kpi(measured, "border.kz_cn.rail.teu") == 4
    assert kpi(measured, "crossing.b__c.rail.teu") == 4
    crossing = only(measured.crossings, **{"from": "b", "to": "c"})
    assert (crossing["flow"], crossing["amount"], crossing["unit"]) == ("boxes", 4, "teu")
    assert kpi(measured, "corridor.china.teu") == 4


def test_links_have_directions_and_their_meter_s_waits(measured: Measures) -> None:
    metered = only(measured.links, link="l_ab")
    free = only(measured.links, link="l_bc")

    assert (metered["direction"], metered["metered"]) == ("forward", "yes")
    # train 1 leaves the section at 173 600, after the window
    assert (metered["vehicles"], metered["teu"]) == (1, 4)
    assert metered["wait_max_h"] == pytest.approx(600 / 3_600)
    assert (free["vehicles"], free["teu"], free["metered"]) == (1, 4, "no")


def test_trains_held_for_china_are_those_that_wait_at_its_gate(measured: Measures) -> None:
    assert kpi(measured, "trains_held_for_china_max") == 1
    assert kpi(measured, "trains_held_for_china_mean") == pytest.approx(1_800 / 86_400)


def test_flows_state_offered_delivered_inside_and_refused(measured: Measures) -> None:
    routed = only(measured.flows, route="q1")
    stranded = only(measured.flows, route="none")

    assert (routed["teu_offered"], routed["teu_delivered"], routed["teu_inside"]) == (4, 4, 2)
    assert routed["transit_p90_d"] == pytest.approx(159_200 / 86_400)
    assert routed["free_flow_d"] == pytest.approx(4 / 24)
    assert (routed["usd"], routed["co2e_t"]) == (4_000, 1.2)
    assert (stranded["teu_offered"], stranded["teu_refused"]) == (2, 2)
    assert np.isnan(stranded["transit_mean_d"])


def test_ledger_is_in_teu_hours_by_place_and_cause(measured: Measures) -> None:
    gate = only(measured.ledger, place="gate_to_china", cause="queue")
    # 1 800 s of 2 TEU
    assert gate["teu_h"] == pytest.approx(1)
    assert gate["is_waiting"] == "yes"
    # all causes of boxes 1, 2 and 3: 18 600 + 159 200 + 10 000 s
    assert measured.ledger["teu_h"].sum() == pytest.approx(2 * 187_800 / 3_600)


def test_bottleneck_by_ledger_and_by_utilisation(measured: Measures) -> None:
    table = bottlenecks(measured.ledger, measured.stations)

    worst = table[table["rank"] == 1].set_index("by")
    assert worst.loc["ledger", "place"] == "pool_a"
    assert worst.loc["ledger", "main_cause"] == "filling"
    # waits: pool 83 600, path 600, gate 1 800
    assert worst.loc["ledger", "share_percent"] == pytest.approx(100 * 83_600 / 86_000)
    assert worst.loc["utilisation", "place"] == "l_ab>"


def test_stock_stands_where_it_was(measured: Measures) -> None:
    stock = measured.stock.set_index("place")

    # box -1 waits in the pool at the start; box 2 is on its train's path at the end
    assert stock.loc["pool_a", "teu_start"] == 2
    assert stock.loc["l_ab>", "teu_end"] == 2
    assert stock["teu_growth"].sum() == kpi(measured, "stock_growth_teu")


def test_timeseries_of_the_one_day(measured: Measures) -> None:
    gate = only(measured.timeseries, place="gate_to_china")
    pool = only(measured.timeseries, place="pool_a")

    assert (gate["date"], gate["throughput"], gate["teu"]) == ("2024-01-02", 1, 4)
    assert gate["queue_max"] == 1
    # 4 TEU for 1 800 s of waiting and 3 600 s of service
    assert gate["teu_stored"] == pytest.approx(4 * 5_400 / 86_400)
    # -1 from midnight (7 200 s), 1 for 3 600 s, 2 for 70 000 s
    assert pool["queue_mean"] == pytest.approx((7_200 + 3_600 + 70_000) / 86_400)


def test_transit_percentiles_of_all_and_of_each_class(measured: Measures) -> None:
    transit = measured.transit.set_index(["group", "percent"])["transit_d"]

    assert transit[("all", 50)] == pytest.approx(18_600 / 86_400)
    assert transit[("class.box", 51)] == pytest.approx(159_200 / 86_400)


def test_conservation_is_stated_in_the_class_s_own_unit(measured: Measures) -> None:
    row = only(measured.conservation, load_class="box")

    assert row["unit"] == "teu"
    assert (row["created"], row["delivered"], row["refused"], row["inside"]) == (8, 4, 2, 2)
    # four creations and three ends
    assert row["instants"] == 7


def test_every_table_has_its_columns(measured: Measures) -> None:
    for table in measured._fields[1:-2]:
        assert list(getattr(measured, table).columns) == names(table)
    assert all(column.meaning for column in COLUMNS)


def test_second_that_is_booked_nowhere_is_an_error() -> None:
    cause = handmade.trace().consignment_cause_s.copy()
    cause[1, 0] -= 1

    with pytest.raises(ResultsError, match=r"consignment 1 of flow boxes: .* 18599 s"):
        measure(
            handmade.trace()._replace(consignment_cause_s=cause),
            handmade.plan(),
            handmade.legend(),
        )


def test_ledger_that_misses_a_booking_is_an_error() -> None:
    seconds = handmade.trace().ledger_s.copy()
    seconds[0] = 0

    with pytest.raises(ResultsError, match="places add up to"):
        measure(handmade.trace()._replace(ledger_s=seconds), handmade.plan(), handmade.legend())


def test_load_that_nobody_boarded_is_an_error() -> None:
    with pytest.raises(ResultsError, match=r"at second 93600 vehicle 0 leaves with 6 TEU"):
        measure(handmade.trace(vehicle_load=(6_000, 2_000)), handmade.plan(), handmade.legend())


def test_consignment_in_two_places_is_an_error() -> None:
    # box 1 asks to be handled before its train has arrived
    trace = handmade.trace(stay_request_s=(82_800, 106_800, 90_000, 106_799, 100_000))

    with pytest.raises(ResultsError, match="at second 106799 consignment 1 of flow boxes"):
        measure(trace, handmade.plan(), handmade.legend())


def test_state_that_contradicts_its_instant_is_an_error() -> None:
    trace = handmade.trace(consignment_status=(1, 0, 0, Status.REFUSED_NO_ROUTE))

    with pytest.raises(ResultsError, match="consignment 1 of flow boxes"):
        measure(trace, handmade.plan(), handmade.legend())


def test_run_that_ended_before_its_window_has_nothing_to_measure() -> None:
    with pytest.raises(ResultsError, match="before its window"):
        measure(handmade.trace()._replace(ended_s=1_000), handmade.plan(), handmade.legend())


def test_gridlock_is_told_in_words() -> None:
    # the pool's load fills a yard and waits for room in another, which a train fills
    cycle = np.array([(0, 3, NEVER, 1, 4_000), (1, NEVER, 1, 0, 2_000)], dtype=np.int32)

    measured = measure(
        handmade.trace()._replace(gridlock=cycle), handmade.plan(), handmade.legend()
    )

    load, train = measured.gridlock
    assert load == (
        "gridlock on 2024-01-04 at 00:00, Kazakh time: a load that waits (shuttle, a to c) takes "
        "4 TEU in the gate of to China, B, which is full, and waits for room in the handling of C"
    )
    assert ": train 1 (shuttle, a to c) takes 2 TEU in the handling of C," in train


def test_gridlock_before_the_window_is_told_as_such() -> None:
    cycle = np.array([(0, 3, NEVER, 1, 4_000)], dtype=np.int32)
    stuck = handmade.trace()._replace(ended_s=1_000, gridlock=cycle)

    with pytest.raises(GridlockError, match=r"before its window began.*\n.*takes 4 TEU"):
        measure(stuck, handmade.plan(), handmade.legend())


def test_run_that_stopped_early_is_measured_to_its_last_second() -> None:
    # two days of window, stopped at noon of the second: 36 h and the last instant
    end_s = 86_400 + 129_600
    trace = _ended_later(end_s)

    measured = measure(
        trace, handmade.plan(window_end_s=259_200, horizon_s=345_600), handmade.legend()
    )

    pool = measured.timeseries[measured.timeseries["place"] == "pool_a"]
    gate = measured.timeseries[measured.timeseries["place"] == "gate_to_china"]
    assert pool["date"].tolist() == ["2024-01-02", "2024-01-03"]
    # box 2 waits there until 170 000, before the second day
    assert pool["queue_mean"].iloc[1] == 0
    # box 2 stands in the gate from 173 600 to the end, 2 TEU; the day begins at 172 800
    assert gate["teu_stored"].iloc[1] == pytest.approx(2 * (end_s - 173_600) / 43_201)
    assert kpi(measured, "teu_delivered_per_day") == pytest.approx(4 / (129_601 / 86_400))


def test_batch_takes_one_server() -> None:
    # both boxes are handled together from 106 800 to 110 400 at a station of batches of two
    trace = handmade.trace(
        stay_end_s=(93_600, 110_400, 93_600, 110_400, 170_000),
        consignment_finished_s=(110_400, 110_400, NEVER, 130_000),
    )
    cause, seconds = trace.consignment_cause_s.copy(), trace.ledger_s.copy()
    cause[1] = handmade.causes(filling=3_600, path=600, moving=7_200, queue=1_800, service=7_200)
    seconds[trace.ledger_place == handmade.HANDLING] = 3_600
    plan = handmade.plan(station_batch_max=handmade.ints(1, 2, 1, 1))

    measured = measure(
        trace._replace(consignment_cause_s=cause, ledger_s=seconds), plan, handmade.legend()
    )

    handling = only(measured.stations, station="handling_c")
    assert handling["utilisation"] == pytest.approx(3_600 / (2 * 86_400))
