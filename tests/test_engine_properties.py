"""What holds in every run of the reference engine, on random plans; and faults once found."""

from collections import Counter
from functools import cache

import numpy as np
import pytest
from plan_maker import PlanMaker, Spec
from random_plans import build, random_plan, shuffled, with_unused
from recount import Recount
from recount_acts import ACTS, acts
from recount_books import books_faults
from recount_breakdowns import breakdown_faults
from recount_fleets import fleet_faults, load_faults
from recount_names import named
from recount_pools import forming_faults
from recount_stations import meter_faults, order_faults, refusal_faults, server_faults
from recount_tracks import track_faults
from recount_yards import yard_faults

from sim.engine.run import run_drawn
from sim.plan import NEVER, Cause, Effect, Status, Trace, TrackRule

DONE = int(Status.DELIVERED)


def run(maker: PlanMaker, **changed: Spec) -> Trace:
    """Return the trace of a plan made by hand; `changed` replaces fields of the draws."""
    plan = maker.build()
    return run_drawn(plan, maker.draws(plan)._replace(**changed), 1, 0)


def ages_s(trace: Trace) -> list[int]:
    """Return how long each consignment was in the run."""
    finished_s = trace.consignment_finished_s
    until_s = np.where(finished_s == NEVER, trace.ended_s, finished_s)
    return [int(age_s) for age_s in until_s - trace.consignment_created_s]


def booked_s(trace: Trace) -> list[int]:
    """Return the sum of the ledger of each consignment."""
    return [int(sum_s) for sum_s in trace.consignment_cause_s.sum(axis=1)]


def ferry(vehicles: int, berth_s: int = 0, yard: str = "", **service: Spec) -> PlanMaker:
    """Return a ferry a-b, 1000 s one way; with berths if a call takes time."""
    maker = PlanMaker(horizon_s=100_000).service("v", vehicles=vehicles, **service)
    maker.leg("ab", "v", [("", 1000)], yard).leg("ba", "v", [("", 1000)])
    berths = ("berth", "berth") if berth_s else ("", "")
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=berths)
    if berth_s:
        maker.server("berth", berth_s, 2)
    return maker.flow("f").route("go", "f", ["ab"]).route("back", "f", ["ba"])


# --- faults once found, each with what the rule says


def test_wait_for_a_route_is_booked_once_where_a_count_stops_the_run() -> None:
    # The second enters at 100, the very second at which the first is finished.
    maker = PlanMaker(horizon_s=1000, stop_after=1).server("s", 100)
    maker.flow("f").route("r", "f", ["s"]).send([0, 0], "r")

    trace = run(maker, consignment_entered_s=np.array([0, 100]))

    assert booked_s(trace) == ages_s(trace) == [100, 100]


def test_full_queue_refuses_who_comes_and_not_who_waits() -> None:
    # At 20 one is served and one waits: the third finds no place, whatever its priority.
    maker = PlanMaker(horizon_s=1000).server("s", 100, queue_max=1, priority=1)
    maker.flow("low", priority=5).flow("top", priority=1)
    maker.route("rl", "low", ["s"]).route("rt", "top", ["s"])

    trace = run(maker.send([0, 10], "rl").send([20], "rt"))

    assert trace.consignment_status.tolist() == [DONE, DONE, Status.REFUSED_QUEUE]
    assert booked_s(trace) == ages_s(trace) == [100, 190, 0]


def test_longest_wait_of_a_new_state_is_kept_by_those_already_there() -> None:
    states = [{}, {"from_s": 500, "max_wait_s": 1000}]
    maker = PlanMaker(horizon_s=100_000).service("b", capacity=10, states=states)
    maker.leg("a-b", "b", [("", 500)]).flow("f").route("r", "f", ["a-b"])

    assert run(maker.send([0], "r")).vehicle_departed_s.tolist() == [1000]


def test_empty_vessel_is_sent_for_load_left_behind() -> None:
    # Eight TEU at a, of which four sail at 50; the other vessel, at b, comes for the rest at once.
    trace = run(ferry(2, capacity=4).send([50] * 4, "go"))

    assert trace.vehicle_departed_s.tolist() == [0, 0, 50, 50, 1050]
    assert trace.vehicle_load.tolist() == [0, 0, 4000, 0, 4000]


def test_shrinking_fleet_retires_a_vessel_though_load_waits_for_it() -> None:
    # The one vessel lands at b at 1000 and is out since 500: nothing sails back.
    states = [{"vehicles": 1}, {"from_s": 500, "vehicles": 0}]
    trace = run(ferry(0, capacity=2, states=states).send([0], "go").send([0], "back"))

    assert trace.vehicle_departed_s.tolist() == [0, 0]


def test_vessel_out_of_service_from_the_start_takes_no_berth() -> None:
    maker = ferry(1, berth_s=100, capacity=2).send([0], "go")
    maker.closure("dock", ["fleet"], [(0, 300)], effect=Effect.FLEET_MINUS, value_ppm=1)
    trace = run(maker)

    assert trace.visit_start_s.tolist()[0] == 300
    assert trace.vehicle_departed_s.tolist()[1] == 400


def test_pool_that_cannot_board_leaves_the_gap_to_another() -> None:
    # Until 50 000 a vehicle from a takes 2 TEU at most, so the lot of 4 stays and b goes on.
    maker = PlanMaker(horizon_s=100_000).service("b", capacity=4, headway_s=10, max_wait_s=100)
    maker.leg("a", "b", [("", 500)]).leg("z", "b", [("", 500)]).flow("f", 4)
    maker.route("ra", "f", ["a"]).route("rz", "f", ["z"]).send([0], "ra").send([10, 2000], "rz")
    half = {"effect": Effect.PAYLOAD, "value_ppm": 500_000}
    trace = run(maker.closure("low water", ["a/pool"], [(0, 50_000)], **half))

    assert trace.vehicle_departed_s.tolist() == [10, 2000, 50_000]


def test_vessel_asks_again_for_room_if_a_greater_load_comes_first() -> None:
    # The yard at b takes 4 TEU and gives them back at 21 020. Two TEU that wait for the room ask
    # for two; at 10 000 four TEU of higher priority come, board first, and need four.
    maker = ferry(1, berth_s=10, yard="y", capacity=4, max_wait_s=100).yard("y", 4)
    maker.server("s", 20_000, 2).flow("g", 4, priority=0)
    maker.flows["f"]["priority"] = 5
    maker.stations["ab/pool"]["priority"] = 1
    maker.route("stay", "f", ["ab", "s"]).route("top", "g", ["ab", "s"])
    trace = run(maker.send([0, 0, 3000], "stay").send([10_000], "top"))

    assert trace.consignment_finished_s.tolist() == [21_020, 21_020, 63_040, 42_030]


def test_shut_pool_passes_the_gate_of_departure_in_its_turn() -> None:
    # Gaps of 1000 s: a leaves at 0, z at 1000; b, shut from 500 to 5000, has its turn at 2000.
    maker = PlanMaker(horizon_s=100_000).service("b", capacity=2, headway_s=1000)
    maker.flow("f")
    for leg in "abz":
        maker.leg(leg, "b", [("", 500)]).route(f"r{leg}", "f", [leg])
    maker.send([0], "ra").send([100], "rz").send([200], "rb")
    trace = run(maker.closure("storm", ["b/pool"], [(500, 5000)], weather=1))

    causes_s = trace.consignment_cause_s[2]
    assert (causes_s[Cause.DEPARTURE], causes_s[Cause.WEATHER]) == (1800, 3000)


def test_refusing_yard_refuses_what_a_vessel_would_board() -> None:
    # The first lot fills the yard at b until 21 020: the others are refused when the vessel,
    # back at 2030, would board them, and not before.
    maker = ferry(1, berth_s=10, yard="y", capacity=2).yard("y", 2, refuses=1).server("s", 20_000)
    trace = run(maker.route("stay", "f", ["ab", "s"]).send([0, 0, 0], "stay"))

    refused = Status.REFUSED_STORAGE
    assert trace.consignment_status.tolist() == [DONE, refused, refused]
    assert booked_s(trace) == ages_s(trace) == [21_020, 2030, 2030]


def test_side_of_a_single_track_that_shuts_no_longer_makes_the_other_yield() -> None:
    # One train each way in turn, 500 s to clear: west, waiting since 20, shuts at 150.
    maker = PlanMaker(horizon_s=100_000).service("b", capacity=2).flow("f")
    rule = {"rule": TrackRule.ALTERNATING, "clearing_s": 500, "fleet": 1}
    maker.meter("e", opposite="w", **rule).meter("w", opposite="e", **rule)
    maker.leg("ab", "b", [("e", 100)]).leg("ba", "b", [("w", 100)])
    maker.route("east", "f", ["ab"]).route("west", "f", ["ba"])
    maker.send([0, 30], "east").send([20], "west")
    trace = run(maker.closure("snow", ["w"], [(150, 5000)]))

    assert trace.visit_start_s.tolist() == [0, 5000, 150]


# --- random plans


@cache
def run_of(seed: int) -> Recount:
    """Return a random plan's run, laid out for counting again."""
    _, plan, draws = random_plan(seed)
    return Recount(plan, draws, run_drawn(plan, draws, 1, 0))


CHECKS = (
    order_faults,
    server_faults,
    breakdown_faults,
    refusal_faults,
    meter_faults,
    track_faults,
    yard_faults,
    forming_faults,
    load_faults,
    fleet_faults,
    books_faults,
)


def faults_of(recount: Recount) -> list[str]:
    """Return the first faults that each check finds."""
    return [fault for check in CHECKS for fault in check(recount)[:3]]


@pytest.mark.parametrize("first", range(0, 100, 20))
def test_runs_keep_every_rule_that_can_be_counted_again(first: int) -> None:
    for seed in range(first, first + 20):
        assert not faults_of(run_of(seed)), f"seed {seed}"


@pytest.mark.verify
@pytest.mark.parametrize("first", range(100, 2100, 100))
def test_many_runs_keep_every_rule_that_can_be_counted_again(first: int) -> None:
    for seed in range(first, first + 100):
        assert not faults_of(run_of.__wrapped__(seed)), f"seed {seed}"


def test_every_rule_acts_in_the_random_plans() -> None:
    """A check on what never happens proves nothing."""
    found = Counter(act for seed in range(100) for act in acts(run_of(seed)))

    assert {act: found[act] for act in ACTS if found[act] < 5} == {}
    assert found["tie"] >= 20


@pytest.mark.parametrize("seed", range(0, 100, 2))
def test_order_of_declaration_and_unused_additions_change_nothing(seed: int) -> None:
    maker, plan, draws = random_plan(seed)
    told = named(maker, plan, run_drawn(plan, draws, 1, 0))

    for other in (shuffled(maker, seed), with_unused(maker, seed)):
        other_plan, other_draws = build(other)
        retold = named(other, other_plan, run_drawn(other_plan, other_draws, 1, 0))
        for what, rows in told.items():
            assert retold[what] == rows, f"seed {seed}: {what}"


@pytest.mark.parametrize("seed", range(0, 100, 5))
def test_same_plan_and_draws_give_the_same_bytes(seed: int) -> None:
    _, plan, draws = random_plan(seed)
    first, second = (run_drawn(plan, draws, 1, 0) for _ in range(2))

    for field, value in first._asdict().items():
        assert np.asarray(value).tobytes() == np.asarray(getattr(second, field)).tobytes(), field
