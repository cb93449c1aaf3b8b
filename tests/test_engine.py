"""Every engine on small plans whose every second is worked out by hand."""

from typing import NamedTuple

import numpy as np
import pytest
from plan_maker import PlanMaker, Spec

from sim.engine.run import run_drawn
from sim.plan import NEVER, AtClosing, Cause, Effect, Status, Trace, TrackRule

pytestmark = pytest.mark.usefixtures("each_engine")


def run(maker: PlanMaker) -> Trace:
    """Return the trace of a plan made by hand."""
    plan = maker.build()
    return run_drawn(plan, maker.draws(plan), 1, 0)


def rank(maker: PlanMaker, name: str) -> int:
    """Return the rank of a station."""
    return sorted(maker.stations, key=str.encode).index(name)


def seconds(trace: Trace, cause: Cause) -> list[int]:
    """Return the seconds of each consignment booked to a cause."""
    return [int(spent) for spent in trace.consignment_cause_s[:, cause]]


class Stays(NamedTuple):
    """Visits of consignments at one station."""

    request_s: list[int]
    start_s: list[int]
    end_s: list[int]


def stays(trace: Trace, station: int) -> Stays:
    """Return the visits at a station in order of consignment."""
    at = trace.stay_station == station
    return Stays(
        trace.stay_request_s[at].tolist(),
        trace.stay_start_s[at].tolist(),
        trace.stay_end_s[at].tolist(),
    )


def one_server(**more: Spec) -> PlanMaker:
    """Return a plan of one station and one flow."""
    maker = PlanMaker(horizon_s=10_000).server("s", **more)
    return maker.flow("f").route("r", "f", ["s"])


def train(**service: Spec) -> PlanMaker:
    """Return a plan of one service over a plain move of 500 s."""
    maker = PlanMaker(horizon_s=100_000).service("b", **service)
    return maker.leg("a-b", "b", [("", 500)]).flow("f").route("r", "f", ["a-b"])


def test_one_server_serves_in_order_of_request() -> None:
    trace = run(one_server(mean_s=100).send([0, 50, 60], "r"))

    assert stays(trace, 0) == ([0, 50, 60], [0, 100, 200], [100, 200, 300])
    assert seconds(trace, Cause.QUEUE) == [0, 50, 140]
    assert trace.consignment_finished_s.tolist() == [100, 200, 300]


def test_rows_of_a_station_serve_each_with_its_own_mean() -> None:
    # Two rows: one server of 100 s, one of 300 s; the first free row in order serves.
    trace = run(one_server(rows=[(1, 100), (1, 300)]).send([0, 0, 0], "r"))

    assert stays(trace, 0) == ([0, 0, 0], [0, 0, 100], [100, 300, 200])


def test_priority_goes_first_only_where_the_station_says_so() -> None:
    def starts(priority: int) -> list[int]:
        maker = PlanMaker(horizon_s=10_000).server("s", 100, priority=priority)
        maker.flow("low", priority=5).flow("top", priority=1)
        maker.route("rl", "low", ["s"]).route("rt", "top", ["s"])
        trace = run(maker.send([0, 10], "rl").send([20], "rt"))
        return stays(trace, 0).start_s

    assert starts(priority=0) == [0, 100, 200]
    assert starts(priority=1) == [0, 200, 100]


def test_batch_waits_for_its_least_and_takes_its_most() -> None:
    # Least 2, most 3: the pair starts at 50; at its end, 150, three of the four waiting go.
    trace = run(one_server(mean_s=100, batch=(2, 3)).send([0, 50, 60, 70, 80, 90], "r"))

    assert stays(trace, 0).start_s == [50, 50, 150, 150, 150, NEVER]


def test_full_queue_turns_away_the_last_to_come() -> None:
    # Places: one in service, one waiting. The end at 100 frees a place for the arrival at 100.
    trace = run(one_server(mean_s=100, queue_max=1).send([0, 10, 20, 100], "r"))

    refused, done = Status.REFUSED_QUEUE, Status.DELIVERED
    assert trace.consignment_status.tolist() == [done, done, refused, done]
    assert trace.consignment_finished_s.tolist() == [100, 200, 20, 300]


def row_of_two(places: int) -> PlanMaker:
    """Return stations of 100 s and 300 s, so many places between, blocking after service."""
    maker = PlanMaker(horizon_s=10_000).server("s", mean_s=100)
    maker.server("t", mean_s=300, queue_max=places, blocks=1)
    return maker.flow("f").route("r", "f", ["s", "t"])


@pytest.mark.parametrize(("places", "starts_s"), [(0, [0, 100, 400]), (1, [0, 100, 200])])
def test_who_finds_no_place_keeps_the_server_before(places: int, starts_s: list[int]) -> None:
    # The second is served at s until 200 and, without a place between, stands there until t is
    # free at 400; with one place it waits there and s goes on at 200.
    maker = row_of_two(places).send([0, 0, 0], "r")
    trace = run(maker)

    assert stays(trace, rank(maker, "s")).start_s == starts_s
    assert stays(trace, rank(maker, "t")).start_s == [100, 400, 700]
    # What stands in a server waits: 100 s at s and 200 s for t, and 600 s in all.
    assert seconds(trace, Cause.QUEUE) == [0, 300, 600]


def test_places_given_free_pass_up_the_row_in_one_instant() -> None:
    # Three stations of 100, 100 and 300 s without places: at 500 the third is free, so the one
    # that stood in the second goes on, and the one that stood in the first after it.
    maker = PlanMaker(horizon_s=10_000).server("s", mean_s=100)
    maker.server("t", mean_s=100, queue_max=0, blocks=1)
    maker.server("u", mean_s=300, queue_max=0, blocks=1)
    maker.flow("f").route("r", "f", ["s", "t", "u"]).send([0, 0, 0, 0], "r")
    trace = run(maker)

    assert stays(trace, rank(maker, "u")).start_s == [200, 500, 800, 1100]
    assert stays(trace, rank(maker, "t")).start_s == [100, 200, 500, 800]
    assert stays(trace, rank(maker, "s")).start_s == [0, 100, 200, 500]


def test_shut_station_starts_nothing_and_finishes_what_it_has() -> None:
    maker = one_server(mean_s=100).send([0, 20, 160], "r")
    trace = run(maker.closure("storm", ["s"], [(50, 200)], weather=1))

    assert stays(trace, 0) == ([0, 20, 160], [0, 200, 300], [100, 300, 400])
    assert seconds(trace, Cause.WEATHER) == [0, 150, 40]
    assert seconds(trace, Cause.QUEUE) == [0, 30, 100]


def test_grant_at_the_closing_second_is_refused_and_at_the_opening_second_given() -> None:
    maker = one_server(mean_s=10).send([50, 60], "r")
    trace = run(maker.closure("night", ["s"], [(50, 60)]))

    assert stays(trace, 0).start_s == [60, 70]
    assert seconds(trace, Cause.CLOSED) == [10, 0]


@pytest.mark.parametrize(
    ("rule", "ends_s"), [(AtClosing.SUSPEND, [12, 21]), (AtClosing.RESTART, [12, 22])]
)
def test_service_in_hand_is_suspended_or_restarted(rule: AtClosing, ends_s: list[int]) -> None:
    # Service 5, shut from 15 to 17: the second, begun at 14, has 4 left, or begins anew at 17.
    maker = one_server(mean_s=5, at_closing=rule).send([7, 14], "r")
    trace = run(maker.closure("night", ["s"], [(15, 17)]))

    assert stays(trace, 0).end_s == ends_s
    assert seconds(trace, Cause.CLOSED) == [0, 2]
    assert seconds(trace, Cause.SERVICE) == [5, ends_s[1] - 14 - 2]


def test_service_that_ends_at_the_closing_second_is_not_stopped() -> None:
    maker = one_server(mean_s=5, at_closing=AtClosing.SUSPEND).send([10], "r")
    trace = run(maker.closure("night", ["s"], [(15, 100)]))

    assert stays(trace, 0).end_s == [15]


def test_weather_wins_over_hours_where_both_shut() -> None:
    maker = one_server(mean_s=10).send([0], "r")
    maker.closure("night", ["s"], [(0, 100)]).closure("storm", ["s"], [(40, 70)], weather=1)
    trace = run(maker)

    assert (seconds(trace, Cause.CLOSED), seconds(trace, Cause.WEATHER)) == ([70], [30])


def test_station_with_one_open_row_is_not_shut() -> None:
    maker = one_server(rows=[(1, 100), (1, 100)]).send([0, 0], "r")
    trace = run(maker.closure("repair", ["s#0"], [(0, 1000)]))

    assert stays(trace, 0).start_s == [0, 100]
    assert seconds(trace, Cause.QUEUE) == [0, 100]


def test_rate_factor_divides_times_begun_in_it() -> None:
    maker = one_server(mean_s=100).send([0, 0], "r")
    trace = run(maker.closure("slow", ["s"], [(50, 60)], effect=Effect.RATE, value_ppm=500_000))
    slow = run(
        one_server(mean_s=100)
        .send([55], "r")
        .closure("slow", ["s"], [(50, 60)], effect=Effect.RATE, value_ppm=400_000)
    )

    assert stays(trace, 0).end_s == [100, 200]
    assert stays(slow, 0).end_s == [305]


def test_vehicle_leaves_full_and_the_rest_after_its_longest_wait() -> None:
    # Four TEU fill a train; the fifth lot waits 7200 s from 200 and leaves alone.
    trace = run(train(capacity=4, max_wait_s=7200).send([0, 50, 60, 100, 200], "r"))

    assert trace.vehicle_departed_s.tolist() == [50, 100, 7400]
    assert trace.vehicle_load.tolist() == [4000, 4000, 2000]
    assert seconds(trace, Cause.FILLING) == [50, 0, 40, 0, 7200]
    assert seconds(trace, Cause.MOVING) == [500] * 5


def test_least_load_lets_a_vehicle_leave_before_it_is_full() -> None:
    trace = run(train(capacity=10, min_load=4).send([0, 50, 60], "r"))

    assert trace.vehicle_departed_s.tolist() == [50]
    assert seconds(trace, Cause.FILLING)[2] == 100_000 - 60


def test_least_gap_holds_a_filled_vehicle_and_is_booked_to_departure() -> None:
    trace = run(train(capacity=2, headway_s=1000).send([0, 10, 20], "r"))

    assert trace.vehicle_departed_s.tolist() == [0, 1000, 2000]
    # 20 joins before the second has left: it fills the vehicle after, which is free at 2000.
    assert seconds(trace, Cause.DEPARTURE) == [0, 990, 1980]


def test_timetable_takes_all_that_is_there_and_leaves_the_rest_behind() -> None:
    maker = train(capacity=4, departures=[100, 200, 300]).send([0, 100, 100, 150], "r")
    trace = run(maker)

    # An arrival at the departure's second boards; the third does not fit.
    assert trace.vehicle_departed_s.tolist() == [100, 200]
    assert seconds(trace, Cause.DEPARTURE) == [100, 0, 100, 50]


def test_pool_boards_by_priority_where_the_service_says_so() -> None:
    maker = PlanMaker(horizon_s=10_000).service("b", capacity=2, departures=[100, 200])
    maker.leg("a-b", "b", [("", 500)]).flow("low", priority=5).flow("top", priority=1)
    maker.stations["a-b/pool"]["priority"] = 1
    maker.route("rl", "low", ["a-b"]).route("rt", "top", ["a-b"])
    trace = run(maker.send([0], "rl").send([50], "rt"))

    assert stays(trace, 0).end_s == [200, 100]


def test_shared_deck_fills_by_share() -> None:
    # 10 TEU or 20 t on one deck: 6 TEU leave room for 8 t, not for 10 t.
    maker = PlanMaker(horizon_s=10_000).service(
        "ferry", capacity=20, unit=[2, 1, 1, 0, 0], departures=[100, 200]
    )
    maker.leg("a-b", "ferry", [("", 500)]).flow("box", 6).flow("ore", 10, load_class="bulk")
    maker.route("rb", "box", ["a-b"]).route("ro", "ore", ["a-b"])
    trace = run(maker.send([0], "rb").send([1], "ro"))

    assert trace.vehicle_departed_s.tolist() == [100, 200]


def test_dated_state_changes_the_capacity_from_its_day() -> None:
    states = [{"capacity": 4}, {"from_s": 1000, "capacity": 2}]
    trace = run(train(states=states).send([0, 10, 990, 1500], "r"))

    # Half-filled at 990, the vehicle is full when the smaller one takes over at 1000.
    assert trace.vehicle_departed_s.tolist() == [10, 1000, 1500]


def test_later_train_waits_for_its_path_and_the_bucket_lets_a_burst_in() -> None:
    # 24 paths a day, burst 2, 600 s apart: two at 0 and 600, then one for each hour of refill.
    maker = PlanMaker(horizon_s=100_000).meter("l", 24, burst=2, headway_s=600)
    maker.service("b", capacity=2).leg("a-b", "b", [("l", 60)]).flow("f").route("r", "f", ["a-b"])
    trace = run(maker.send([0, 0, 0, 0], "r"))

    assert trace.visit_start_s.tolist() == [0, 600, 3600, 7200]
    assert seconds(trace, Cause.PATH) == [0, 600, 3600, 7200]


def test_slots_give_an_even_grid() -> None:
    # 100 paths a day: a slot each 864 s; a train at 1 takes 864, the next 1728.
    maker = PlanMaker(horizon_s=100_000).meter("l", 100, rule=TrackRule.SLOTS)
    maker.service("b", capacity=2).leg("a-b", "b", [("l", 60)]).flow("f").route("r", "f", ["a-b"])
    trace = run(maker.send([1, 2, 1728], "r"))

    assert trace.visit_start_s.tolist() == [864, 1728, 2592]


def test_headway_of_a_seventh_of_a_day_does_not_drift() -> None:
    # 7 paths a day: paths at k * 86400 / 7, rounded up, exactly.
    maker = PlanMaker(horizon_s=1_000_000).meter("l", 7)
    maker.service("b", capacity=2).leg("a-b", "b", [("l", 60)]).flow("f").route("r", "f", ["a-b"])
    trace = run(maker.send([0] * 50, "r"))

    assert trace.visit_start_s.tolist() == [-(-k * 86_400 // 7) for k in range(50)]


def single_track(fleet: int) -> PlanMaker:
    """Return one section: 18 min, clearing 2 min, headway 5 min, sixty trains at each end."""
    rule = {"rule": TrackRule.ALTERNATING, "headway_s": 300, "clearing_s": 120, "fleet": fleet}
    maker = PlanMaker(horizon_s=40_000).flow("f").service("e", capacity=2).service("w", capacity=2)
    maker.meter("east", opposite="west", **rule).meter("west", opposite="east", **rule)
    maker.leg("ab", "e", [("east", 1080)]).leg("ba", "w", [("west", 1080)])
    maker.route("e", "f", ["ab"]).route("w", "f", ["ba"])
    return maker.send([0] * 60, "e").send([0] * 60, "w")


@pytest.mark.parametrize(("fleet", "per_hour"), [(1, 3), (3, 6)])
def test_single_track_carries_fleets_in_turn(fleet: int, per_hour: int) -> None:
    # 60 * 2 n / (18 + 18 + 2 (n - 1) 5 + 2 * 2) trains an hour, both directions.
    trace = run(single_track(fleet))

    entries = np.sort(trace.visit_start_s[trace.visit_start_s != NEVER])
    assert [int(((entries >= h * 3600) & (entries < (h + 1) * 3600)).sum()) for h in range(5)] == [
        per_hour
    ] * 5


def test_single_track_follows_on_while_nobody_waits_on_the_other_side() -> None:
    maker = single_track(1)
    maker.sent = [(0, "e", 1), (0, "e", 2), (400, "w", 3), (400, "e", 4)]
    trace = run(maker)

    # The second follows at 300; at 400 one waits at the other side, so the third yields:
    # west enters when the second has left, 1380, and the track is clear, 1500.
    east = trace.visit_station == rank(maker, "east")
    assert trace.visit_start_s[east].tolist() == [0, 300, 2700]
    assert trace.visit_start_s[~east].tolist() == [1500]


def test_shut_link_bars_entry_only() -> None:
    maker = PlanMaker(horizon_s=100_000).meter("l")
    maker.service("b", capacity=2).leg("a-b", "b", [("l", 600)]).flow("f").route("r", "f", ["a-b"])
    trace = run(maker.send([0, 150], "r").closure("snow", ["l"], [(100, 900)], weather=1))

    assert trace.visit_end_s.tolist() == [600, 1500]
    assert seconds(trace, Cause.WEATHER) == [0, 750]


def test_train_time_falls_with_its_load_to_three_tenths() -> None:
    # 1000 s for 100 TEU: 50 TEU take 500 s, 2 TEU take 300 s.
    def served_s(lot: int) -> int:
        maker = PlanMaker(horizon_s=100_000).server("g", 1000, ref_teu=100)
        maker.service("b", capacity=200, max_wait_s=1).leg("a-b", "b", [("g", 0)])
        maker.flow("f", lot).route("r", "f", ["a-b"]).send([0], "r")
        trace = run(maker)
        return int(trace.visit_end_s[0] - trace.visit_start_s[0])

    assert [served_s(lot) for lot in (100, 50, 2)] == [1000, 500, 300]


def ferry(vehicles: int, **service: Spec) -> PlanMaker:
    """Return a plan of a ferry a-b, 1000 s one way, two lots a trip."""
    maker = PlanMaker(horizon_s=100_000).service("v", vehicles=vehicles, capacity=4, **service)
    maker.leg("ab", "v", [("", 1000)]).leg("ba", "v", [("", 1000)])
    maker.flow("f").route("go", "f", ["ab"]).route("back", "f", ["ba"])
    return maker


def test_vessel_must_come_back_before_it_sails_again() -> None:
    # One vessel at a. It sails at 0 with two lots; the other two have filled the next at 10 and
    # wait for it: nothing goes back, so it returns empty (least load: a full one) at 1000.
    maker = ferry(1).fleet("fleet", "v", ("ab", "ba"), cruise_s=1000)
    trace = run(maker.send([0, 0, 10, 10], "go"))

    assert trace.vehicle_departed_s.tolist() == [0, 0, 1000, 2000]
    assert trace.vehicle_load.tolist() == [0, 4000, 0, 4000]
    assert seconds(trace, Cause.WAGONS) == [0, 0, 1990, 1990]


def test_vessel_takes_the_load_at_hand_before_it_is_sent_empty_to_the_other_end() -> None:
    # A full load waits at either end, the vessel lies at a, and its fleet grants before the
    # pools: it leaves with the load of a at 0 and with that of b at 1000.
    maker = ferry(1).fleet("0fleet", "v", ("ab", "ba"), cruise_s=1000)
    trace = run(maker.send([0, 0], "go").send([0, 0], "back"))

    assert trace.vehicle_departed_s[trace.vehicle_load > 0].tolist() == [0, 1000]


def test_vessel_keeps_its_berth_from_mooring_to_sailing() -> None:
    # Berth 100 s at a. The vessel moors at 0, is ready at 100, and lies there until a full
    # load is there at 500. The second vessel of the fleet, started at b, arrives at 700.
    maker = (
        ferry(2)
        .server("berth", 100)
        .fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("berth", ""))
    )
    trace = run(maker.send([0, 500], "go").send([0, 0], "back"))

    berth = rank(maker, "berth")
    at = trace.visit_station == berth
    assert trace.visit_start_s[at].tolist() == [0, 1000]
    assert trace.visit_end_s[at].tolist() == [500, NEVER]
    assert trace.vehicle_departed_s[trace.vehicle_load > 0].tolist() == [0, 500]


def test_idle_vessel_gives_its_berth_up_to_one_that_waits_for_it() -> None:
    # One berth at b, calls of 100 s. Two vessels begin at a and b. That of b lies idle at its
    # berth from 100. That of a leaves with a load at 0, arrives at 1000, and would wait for
    # ever: the idle one makes room, the load lands at 1100. At 1200 there is load at b: the
    # vessel that lay idle first takes it, from the roads; the other keeps its berth.
    maker = (
        ferry(2)
        .server("berth", 100)
        .fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("", "berth"))
    )
    trace = run(maker.send([0, 0], "go").send([1200, 1200], "back"))

    at = trace.visit_station == rank(maker, "berth")
    assert trace.visit_start_s[at].tolist() == [0, 1000]
    assert trace.visit_end_s[at].tolist() == [1000, NEVER]
    assert trace.consignment_finished_s.tolist() == [1100, 1100, 2200, 2200]


def test_vessels_give_a_berth_up_in_the_order_in_which_they_fell_idle() -> None:
    # Three vessels, two berths at b; the third begins at a. Those that lie at a at 0 leave
    # with loads at 0 and 10 and moor at 1000 and 1010; the idle one of b leaves first, though
    # another berth is not kept longer: calls of 100 s end at 100, 1100.
    maker = (
        ferry(3)
        .server("berth", 100, 2)
        .fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("", "berth"))
    )
    trace = run(maker.send([0, 0, 10, 10], "go"))

    at = trace.visit_station == rank(maker, "berth")
    assert trace.visit_start_s[at].tolist() == [0, 1000, 1010]
    assert trace.visit_end_s[at].tolist() == [1010, NEVER, NEVER]


def test_loads_wait_off_the_port_for_a_berth_and_its_weather() -> None:
    maker = (
        ferry(1)
        .server("berth", 100)
        .fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("", "berth"))
    )
    trace = run(maker.send([0, 0], "go").closure("storm", ["berth"], [(500, 1600)], weather=1))

    assert seconds(trace, Cause.WEATHER) == [600, 600]
    assert seconds(trace, Cause.SERVICE) == [100, 100]
    assert trace.consignment_finished_s.tolist() == [1700, 1700]


def test_call_lasts_as_long_as_the_cranes_need() -> None:
    # 4 TEU at 60 s each by one crane: landed boxes ask for the crane at mooring, 1000; the
    # call lasts 240 s though the berth draw is 100 s, and the vessel is ready at 1240.
    maker = (
        ferry(1)
        .server("berth", 100)
        .server("crane", 120, teu_s=60)
        .fleet(
            "fleet",
            "v",
            ("ab", "ba"),
            cruise_s=1000,
            berths=("", "berth"),
            handlings=("", "crane"),
        )
    )
    maker.route("land", "f", ["ab", "crane"])
    trace = run(maker.send([0, 0], "land").send([1100, 1100], "back"))

    assert stays(trace, rank(maker, "crane")).request_s == [1000, 1000]
    assert trace.consignment_finished_s[:2].tolist() == [1120, 1240]
    # What landed and what boards, 8 TEU, need 480 s from mooring: boarded at 1240, sails at 1480.
    assert trace.vehicle_departed_s[-1] == 1240
    assert trace.consignment_finished_s[2:].tolist() == [2480, 2480]


def test_fleet_shrinks_as_vessels_fall_idle_and_grows_at_its_first_port() -> None:
    states = [{"vehicles": 1}, {"from_s": 50, "vehicles": 0}, {"from_s": 5000, "vehicles": 1}]
    maker = ferry(0, states=states).fleet("fleet", "v", ("ab", "ba"), cruise_s=1000)
    trace = run(maker.send([0, 0, 100, 100], "go"))

    assert trace.vehicle_departed_s[trace.vehicle_load > 0].tolist() == [0, 6000]


def test_vessel_out_of_service_comes_back() -> None:
    maker = ferry(1).fleet("fleet", "v", ("ab", "ba"), cruise_s=1000)
    maker.closure("dock", ["fleet"], [(0, 300)], effect=Effect.FLEET_MINUS, value_ppm=1)
    trace = run(maker.send([10, 10], "go"))

    assert trace.vehicle_departed_s[trace.vehicle_load > 0].tolist() == [300]


def test_run_stops_when_the_stated_number_is_finished() -> None:
    maker = one_server(mean_s=100).send([0, 10, 20, 250], "r")
    maker.stop_after = 2
    trace = run(maker)

    assert trace.ended_s == 200
    assert trace.consignment_status.tolist() == [1, 1, 0]


@pytest.mark.parametrize("horizon_s", [30, 130, 620, 1700, 3000])
def test_ledger_adds_up_to_the_time_in_the_run_wherever_it_is_cut(horizon_s: int) -> None:
    maker = PlanMaker(horizon_s=horizon_s).meter("l", 48).server("s", 100)
    maker.server("t", 50, at_closing=AtClosing.SUSPEND).closure("pause", ["t"], [(120, 625)])
    maker.service("b", capacity=4, max_wait_s=40).leg("a-b", "b", [("s", 0), ("l", 500), ("", 70)])
    maker.flow("f").route("r", "f", ["t", "a-b", "t"])
    maker.send([t for t in range(0, 500, 7) if t < horizon_s], "r")
    trace = run(maker.closure("storm", ["l"], [(200, 400)], weather=1))

    until_s = np.where(
        trace.consignment_finished_s == NEVER, trace.ended_s, trace.consignment_finished_s
    )
    age_s = until_s - trace.consignment_created_s
    assert trace.consignment_cause_s.sum(axis=1).tolist() == age_s.tolist()
    assert trace.ledger_s.sum() == age_s.sum()
