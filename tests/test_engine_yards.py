"""Room at the end of a leg: holds, embargo, refusal, gridlock (R13, R14), by hand."""

import pytest
from plan_maker import PlanMaker, Spec

from sim.engine.run import run_drawn
from sim.plan import NEVER, Cause, Status, Trace


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


def to_the_yard(room_teu: int, **yard: Spec) -> PlanMaker:
    """Return trains of 2 TEU over two sections of 100 s to a yard whose crane takes 1000 s."""
    maker = PlanMaker(horizon_s=20_000).yard("yard", room_teu, **yard).server("crane", 1000)
    maker.service("b", capacity=2).leg("ab", "b", [("", 100), ("", 100)], yard="yard")
    return maker.flow("f").route("r", "f", ["ab", "crane"])


def test_train_is_held_before_the_last_section_until_a_load_is_delivered() -> None:
    # Room for one. The first is unloaded at 200 and delivered at 1200; the second, held at
    # 100 before the last section, goes then and arrives at 1300.
    trace = run(to_the_yard(2).send([0, 0], "r"))

    assert trace.vehicle_ended_s.tolist() == [200, 1300]
    assert seconds(trace, Cause.STORAGE) == [0, 1100]
    assert trace.consignment_finished_s.tolist() == [1200, 2300]


def test_wait_for_room_is_booked_to_the_yard_that_refused() -> None:
    maker = to_the_yard(2).send([0, 0], "r")
    trace = run(maker)

    at = (trace.ledger_cause == Cause.STORAGE) & (trace.ledger_place == rank(maker, "yard"))
    assert trace.ledger_s[at].tolist() == [1100]


def test_long_hold_stops_departures_at_the_origin() -> None:
    # The second train is held from 100; at 400 the embargo begins, so the third load, which
    # fills a train at 500, leaves only when the second has its room, at 1200.
    trace = run(to_the_yard(2, embargo_s=300).send([0, 0, 500], "r"))

    assert trace.vehicle_departed_s.tolist() == [0, 0, 1200]
    # 700 s in the pool, then from 1300, before the last section, to the delivery at 2300.
    assert seconds(trace, Cause.STORAGE) == [0, 1100, 1700]


def test_full_yard_that_refuses_turns_the_load_away() -> None:
    trace = run(to_the_yard(2, refuses=1).send([0, 0], "r"))

    assert trace.consignment_status.tolist() == [Status.DELIVERED, Status.REFUSED_STORAGE]
    assert trace.consignment_finished_s.tolist() == [1200, 100]
    visits = (trace.visit_request_s, trace.visit_start_s, trace.visit_end_s)
    assert [column.tolist() for column in visits] == [[100, 100], [100, NEVER], [100, 100]]


def test_room_is_given_back_when_the_next_train_leaves_not_when_it_is_formed() -> None:
    # At b the load changes trains: formed at once, shunted for 500 s, gone at 700. Until
    # then it fills the yard, so the second train of the first leg enters its last section at 700.
    maker = PlanMaker(horizon_s=20_000).yard("yard", 2).server("shunting", 500)
    maker.service("b", capacity=2).leg("ab", "b", [("", 100), ("", 100)], yard="yard")
    maker.service("c", capacity=2).leg("bc", "c", [("shunting", 0), ("", 50)])
    maker.flow("f").route("r", "f", ["ab", "bc"])
    trace = run(maker.send([0, 0], "r"))

    assert seconds(trace, Cause.STORAGE) == [0, 600]


def ferry(vehicles: int, room_teu: int, **service: Spec) -> PlanMaker:
    """Return a ferry a-b of 1000 s whose loads for a must find room in a's yard first."""
    maker = PlanMaker(horizon_s=50_000).yard("yard_a", room_teu).server("berth", 10, 5)
    maker.service("v", vehicles=vehicles, capacity=4, **service)
    maker.leg("ab", "v", [("", 1000)]).leg("ba", "v", [("", 1000)], yard="yard_a")
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("berth", "berth"))
    maker.service("rail", capacity=4).leg("xa", "rail", [("", 50)], yard="yard_a")
    maker.flow("west").flow("east")
    maker.route("rw", "west", ["xa", "ab"]).route("re", "east", ["ba"])
    return maker


def test_port_full_of_westbound_boxes_does_not_lock_the_ferry() -> None:
    # Both vessels lie at b with eastbound loads for the full yard at a. One sails without
    # its load, takes the westbound boxes, and so makes room.
    maker = ferry(1, 4, max_wait_s=3000).send([0, 0], "rw").send([30, 30], "re")
    trace = run(maker)

    assert trace.gridlock.size == 0
    assert (trace.consignment_status == Status.DELIVERED).all()


def two_yards() -> PlanMaker:
    """Return yards of 2 TEU at a and b; trains between them over one section, either way."""
    maker = PlanMaker(horizon_s=50_000).yard("yard_a", 2).yard("yard_b", 2)
    maker.service("e", capacity=2).service("w", capacity=2).service("in", capacity=2)
    maker.leg("ab", "e", [("", 100)], yard="yard_b").leg("ba", "w", [("", 100)], yard="yard_a")
    maker.leg("xa", "in", [("", 10)], yard="yard_a").leg("xb", "in", [("", 10)], yard="yard_b")
    maker.flow("f")
    return maker.route("east", "f", ["xa", "ab"]).route("west", "f", ["xb", "ba"])


def test_two_full_yards_that_wait_for_each_other_are_found_in_the_instant() -> None:
    # Both loads reach their yards at 10 and form trains at once; each train asks for room in
    # the other yard before it leaves, which is full of the other.
    maker = two_yards().send([0], "east").send([0], "west")
    trace = run(maker)

    assert trace.ended_s == 10
    a, b = rank(maker, "yard_a"), rank(maker, "yard_b")
    assert trace.gridlock[:, [0, 3]].tolist() == [[a, b], [b, a]]
    assert trace.gridlock[:, 4].tolist() == [2000, 2000]
    assert trace.consignment_cause_s.sum(axis=1).tolist() == [10, 10]


def test_overflow_room_dissolves_the_gridlock() -> None:
    maker = two_yards().send([0], "east").send([0], "west")
    maker.stations["yard_a"]["room"] = 4
    trace = run(maker)

    # The westbound train finds room and leaves at 10; so does the eastbound one, into its place.
    assert trace.gridlock.size == 0
    assert trace.consignment_finished_s.tolist() == [110, 110]


@pytest.mark.parametrize("horizon_s", [50, 150, 700, 1250])
def test_hold_cut_by_the_end_of_the_run_is_booked(horizon_s: int) -> None:
    maker = to_the_yard(2, embargo_s=300).send([0, 0, 40], "r")
    maker.horizon_s = horizon_s
    trace = run(maker)

    done_s = trace.consignment_finished_s
    until_s = [horizon_s if at == NEVER else int(at) for at in done_s]
    created_s = trace.consignment_created_s.tolist()
    ages_s = [end - begin for end, begin in zip(until_s, created_s, strict=True)]
    assert trace.consignment_cause_s.sum(axis=1).tolist() == ages_s
