"""Checks that a share meets, calls a day, and faults once found: by hand, on both engines."""

import numpy as np
from plan_maker import PlanMaker, Spec

from sim.engine.run import run_drawn as run_reference
from sim.kernel.difference import first_difference
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import NEVER, PPM, Cause, Status, Trace

DAY_S = 86_400


def run(maker: PlanMaker, **changed: Spec) -> Trace:
    """Return the trace on which both engines agree; `changed` replaces fields of the draws."""
    plan = maker.build()
    draws = maker.draws(plan)._replace(**changed)
    trace = run_reference(plan, draws, 1, 0)
    assert first_difference(trace, run_compiled(plan, draws, 1, 0)) == ""
    return trace


def seconds(trace: Trace, cause: Cause) -> list[int]:
    """Return the seconds of each consignment booked to a cause."""
    return [int(spent) for spent in trace.consignment_cause_s[:, cause]]


def stays_at(maker: PlanMaker, trace: Trace, name: str) -> dict[int, int]:
    """Return consignment -> seconds of its service at a station."""
    at = trace.stay_station == sorted(maker.stations, key=str.encode).index(name)
    served_s = trace.stay_end_s[at] - trace.stay_start_s[at]
    return dict(zip(trace.stay_consignment[at].tolist(), served_s.tolist(), strict=True))


# --- shares (R8)


def three_desks(share_ppm: int) -> PlanMaker:
    """Return 1000 consignments that pass a, a check and c, none of which ever queues."""
    maker = PlanMaker(horizon_s=100_000)
    for name in ("a", "check", "c"):
        maker.server(name, 100, 1000, law="exponential", cv=1.0)
    maker.stations["check"]["share_ppm"] = share_ppm
    return maker.flow("f").route("r", "f", ["a", "check", "c"]).send([0] * 1000, "r")


def test_a_check_with_a_share_takes_its_share_and_moves_no_other_draw() -> None:
    every, some = three_desks(PPM), three_desks(400_000)
    all_met, some_met = run(every), run(some)

    met = stays_at(some, some_met, "check")
    # Binomial: 400 of 1000, standard deviation 15.5; four of them are 62.
    assert abs(len(met) - 400) < 62
    assert met.items() <= stays_at(every, all_met, "check").items()
    for desk in ("a", "c"):
        assert stays_at(some, some_met, desk) == stays_at(every, all_met, desk)


def test_who_is_met_has_no_other_times_than_who_is_not() -> None:
    some = three_desks(400_000)
    met = stays_at(some, run(some), "check")
    served_s = stays_at(three_desks(PPM), run(three_desks(PPM)), "check")

    # Exponential of mean 100 s: the mean of 400 has a standard error of 5 s; four are 20.
    assert abs(np.mean([served_s[n] for n in met]) - 100) < 20


def test_a_train_that_meets_no_check_goes_on_at_once() -> None:
    maker = PlanMaker(horizon_s=10_000).server("check", 500, share_ppm=0)
    maker.server("gate", 300).service("b", capacity=2)
    maker.leg("ab", "b", [("", 50), ("check", 100), ("check", 0), ("gate", 7)])
    trace = run(maker.flow("f").route("r", "f", ["ab"]).send([0], "r"))

    # 50 s, past the check 100 s, past it again, the gate, 7 s.
    assert trace.visit_request_s.tolist() == [150]
    assert trace.consignment_finished_s.tolist() == [457]
    assert seconds(trace, Cause.MOVING) == [157]


def test_a_consignment_whose_only_step_is_not_met_is_delivered_at_once() -> None:
    maker = PlanMaker(horizon_s=1000).server("check", 500, share_ppm=0)
    trace = run(maker.flow("f").route("r", "f", ["check"]).send([10], "r"))

    assert trace.consignment_finished_s.tolist() == [10]
    assert not len(trace.stay_station)


# --- calls a day (R15)


def test_so_many_are_called_a_day_and_the_rest_wait_in_the_queue() -> None:
    # Two a day, the day begins an hour after the run: two at once, two at 3600, one a day later.
    maker = PlanMaker(horizon_s=2 * DAY_S).server("post", 10, slots=2, midnight_s=3600)
    trace = run(maker.flow("f").route("r", "f", ["post"]).send([0] * 5, "r"))

    assert trace.stay_start_s.tolist() == [0, 10, 3600, 3610, 3600 + DAY_S]
    assert seconds(trace, Cause.QUEUE) == [0, 10, 3600, 3610, 3600 + DAY_S]


def test_a_call_that_was_not_used_is_lost_and_a_shut_post_calls_nobody() -> None:
    # Shut until 4000 of the second day; then two a day again, however few came before.
    maker = PlanMaker(horizon_s=4 * DAY_S).server("post", 10, slots=2)
    maker.closure("night", ["post"], [(0, DAY_S + 4000)])
    trace = run(maker.flow("f").route("r", "f", ["post"]).send([0, 0, 0], "r"))

    assert trace.stay_start_s.tolist() == [DAY_S + 4000, DAY_S + 4010, 2 * DAY_S]
    assert seconds(trace, Cause.CLOSED) == [DAY_S + 4000] * 3
    assert seconds(trace, Cause.QUEUE) == [0, 10, DAY_S - 4000]


def test_rows_of_one_post_have_their_own_calls() -> None:
    # One row each of two servers; two and two calls: four at once, the fifth a day later.
    maker = PlanMaker(horizon_s=2 * DAY_S).server("post", rows=[(2, 10), (2, 10)], slots=2)
    trace = run(maker.flow("f").route("r", "f", ["post"]).send([0] * 5, "r"))

    assert trace.stay_start_s.tolist() == [0, 0, 0, 0, DAY_S]


# --- bans (R17)


def test_who_is_banned_is_refused_under_that_name() -> None:
    maker = PlanMaker(horizon_s=1000).server("s", 10).flow("f").route("r", "f", ["s"])
    maker.send([5, 6, 7], "r")
    trace = run(
        maker,
        consignment_route=np.array([0, NEVER, NEVER]),
        consignment_is_banned=np.array([0, 1, 0]),
    )

    assert trace.consignment_status.tolist() == [
        Status.DELIVERED,
        Status.REFUSED_BAN,
        Status.REFUSED_NO_ROUTE,
    ]
    assert trace.consignment_finished_s.tolist() == [15, 6, 7]


# --- faults once found


def test_wait_before_a_shut_yard_that_then_refuses_is_booked() -> None:
    # Both trains ask at 100, the yard opens at 500 and has room for one; the other is refused.
    maker = PlanMaker(horizon_s=20_000).yard("yard", 2, refuses=1).server("crane", 1000)
    maker.service("b", capacity=2).leg("ab", "b", [("", 100), ("", 100)], yard="yard")
    maker.flow("f").route("r", "f", ["ab", "crane"]).closure("works", ["yard"], [(0, 500)])
    trace = run(maker.send([0, 0], "r"))

    assert trace.consignment_status.tolist() == [Status.DELIVERED, Status.REFUSED_STORAGE]
    assert trace.consignment_finished_s.tolist() == [1600, 500]
    assert seconds(trace, Cause.CLOSED) == [400, 400]
    assert trace.consignment_cause_s.sum(axis=1).tolist() == [1600, 500]


def test_refused_claim_gives_back_no_room_though_a_greater_load_has_come() -> None:
    # The first lot fills the yard at b until 21 000. The second asks from 300 on, while the yard
    # is shut, and is refused at 2000, the very second at which 4 TEU come that board first: they
    # ask in turn, and are refused, then the second.
    maker = PlanMaker(horizon_s=100_000).yard("y", 2, refuses=1).server("s", 20_000)
    maker.server("berth", 10, 5).service("v", vehicles=3, capacity=4, max_wait_s=100)
    maker.leg("ab", "v", [("", 1000)], yard="y").leg("ba", "v", [("", 1000)])
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("berth", "berth"))
    maker.stations["ab/pool"]["priority"] = 1
    maker.flow("f", 2, priority=5).flow("g", 4, priority=1)
    maker.route("rf", "f", ["ab", "s"]).route("rg", "g", ["ab", "s"])
    maker.closure("works", ["y"], [(250, 2000)])
    trace = run(maker.send([0, 200], "rf").send([2000], "rg"))

    refused = Status.REFUSED_STORAGE
    assert trace.consignment_status.tolist() == [Status.DELIVERED, refused, refused]
    assert trace.consignment_finished_s.tolist()[1:] == [2000, 2000]


def test_empty_vehicles_leave_a_second_apart_at_least() -> None:
    # Ten lots at b, two vehicles at each end: two lots leave b, and both vehicles of a are sent.
    maker = PlanMaker(horizon_s=10_000).service("v", vehicles=4, capacity=2)
    maker.leg("ab", "v", [("", 1000)]).leg("ba", "v", [("", 1000)])
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=0)
    maker.flow("f").route("back", "f", ["ba"])
    trace = run(maker.send([50] * 10, "back"))

    left_s = trace.vehicle_departed_s[trace.vehicle_load == 0].tolist()
    assert left_s[4:6] == [50, 51]


# --- timetables with capacity, least load and longest wait (R10)


def by_timetable(**service: Spec) -> PlanMaker:
    """Return trains a-b, 50 s one way, at 100, 250, 300 and 700."""
    maker = PlanMaker(horizon_s=10_000).service("b", departures=[100, 250, 300, 700], **service)
    return maker.leg("ab", "b", [("", 50)]).flow("f").route("r", "f", ["ab"])


def departures(trace: Trace) -> list[tuple[int, float]]:
    """Return second of departure and load in TEU of each vehicle."""
    loads = (trace.vehicle_load / 1000).tolist()
    return list(zip(trace.vehicle_departed_s.tolist(), loads, strict=True))


def test_irregular_timetable_leaves_behind_in_order_of_coming() -> None:
    # Six lots of 2 TEU for trains of 4: two leave at 100, two at 250, one of those who came
    # first and the last at 300.
    trace = run(by_timetable(capacity=4).send([0, 10, 20, 30, 240, 300], "r"))

    assert departures(trace) == [(100, 4), (250, 4), (300, 4)]
    assert trace.consignment_finished_s.tolist() == [150, 150, 300, 300, 350, 350]


def test_timetable_with_a_least_load_goes_only_with_it() -> None:
    # At 100 there is one lot of the two that are wanted, at 250 there are two.
    trace = run(by_timetable(capacity=10, min_load=4).send([0, 200], "r"))

    assert departures(trace) == [(250, 4)]
    # Filled at 200, then the timetable.
    assert seconds(trace, Cause.FILLING) == [200, 0]
    assert seconds(trace, Cause.DEPARTURE) == [50, 50]


def test_timetable_with_a_least_load_goes_without_it_after_the_longest_wait() -> None:
    # The lot of 0 has waited 260 s at 260; the next departure is at 300.
    trace = run(by_timetable(capacity=10, min_load=8, max_wait_s=260).send([0, 290], "r"))

    assert departures(trace) == [(300, 4)]
    assert seconds(trace, Cause.FILLING) == [260, 0]
    assert seconds(trace, Cause.DEPARTURE) == [40, 10]


def test_longest_wait_that_ends_at_a_departure_is_in_time_for_it() -> None:
    trace = run(by_timetable(capacity=10, min_load=8, max_wait_s=250).send([0], "r"))

    assert departures(trace) == [(250, 2)]


def test_timetable_of_a_ferry_waits_for_the_ferry() -> None:
    # One ferry of 4 TEU, 200 s one way, leaves at 100 and is back, empty, at 500: at 250 and 300
    # it is away.
    maker = PlanMaker(horizon_s=5000).service(
        "v", vehicles=1, capacity=4, departures=[100, 250, 300, 700], max_wait_s=200
    )
    maker.leg("ab", "v", [("", 200)]).leg("ba", "v", [("", 200)])
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=200)
    trace = run(maker.flow("f").route("r", "f", ["ab"]).send([0, 10, 20], "r"))

    assert [one for one in departures(trace) if one[1]] == [(100, 4), (700, 2)]


# --- departures that wait for load that is late (R10)


def test_departure_waits_for_its_least_load_and_goes_when_it_is_there() -> None:
    # At 100 there are 2 TEU of the 6 that are wanted; 4 more come at 130, within the hold of 60 s.
    trace = run(by_timetable(capacity=10, min_load=6, hold_s=60).send([0, 130, 130], "r"))

    assert departures(trace) == [(130, 6)]
    assert seconds(trace, Cause.FILLING) == [130, 0, 0]


def test_departure_goes_with_what_it_has_when_it_has_waited_long_enough() -> None:
    # The rest comes at 170: the departure of 100 has left at 160. That of 250 ends with that of
    # 300, which waits until 360.
    trace = run(by_timetable(capacity=10, min_load=6, hold_s=60).send([0, 170], "r"))

    assert departures(trace) == [(160, 2), (360, 2)]


def test_departure_that_nobody_waits_for_is_open_to_who_comes_late() -> None:
    # Nobody is there at 100; who comes at 120 leaves at once, the next not before 250.
    trace = run(by_timetable(capacity=10, hold_s=60).send([120, 150], "r"))

    assert departures(trace) == [(120, 2), (250, 2)]


def test_hold_ends_with_the_next_departure() -> None:
    # The departure of 250 would wait until 350: that of 300 takes its place, and waits until 400.
    trace = run(by_timetable(capacity=10, min_load=6, hold_s=100).send([240], "r"))

    assert departures(trace) == [(400, 2)]
