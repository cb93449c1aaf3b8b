"""Locomotives of a section (R11): worked out by hand, and from the tables."""

from collections.abc import Callable
from pathlib import Path

import pytest
from compiler_cases import LINE, compiled, elements_of, station
from plan_maker import PlanMaker, Spec

from network.errors import NetworkError
from network.load import load
from network.routing.capacity import paths_per_day
from network.schema import LinkRow, RawValue, RowChange
from sim.engine.run import run_drawn as run_reference
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import NEVER, Cause, Trace, TrackRule

Run = Callable[..., Trace]
ENGINES = pytest.mark.parametrize("run", [run_reference, run_compiled], ids=["simpy", "compiled"])


def line(locomotives: int, **meter: Spec) -> PlanMaker:
    """Return a line a-b of 1000 s both ways whose locomotives turn in 500 s."""
    maker = PlanMaker(horizon_s=100_000).server("loco", 500, locomotives, couples=1)
    maker.meter("east", **meter).meter("west", **meter).service("b", capacity=2).flow("f")
    for leg in ("east", "west"):
        maker.leg(f"to {leg}", "b", [("loco", 0), (leg, 1000)])
        maker.route(leg, "f", [f"to {leg}"])
    return maker


def traced(run: Run, maker: PlanMaker) -> Trace:
    plan = maker.build()
    return run(plan, maker.draws(plan), 1, 0)


def at(trace: Trace, maker: PlanMaker, name: str) -> list[tuple[int, int, int]]:
    """Return request, start and end of each visit at a station."""
    mine = trace.visit_station == sorted(maker.stations, key=str.encode).index(name)
    columns = (trace.visit_request_s, trace.visit_start_s, trace.visit_end_s)
    return list(zip(*(column[mine].tolist() for column in columns), strict=True))


@ENGINES
def test_locomotive_is_back_after_the_run_and_its_turn(run: Run) -> None:
    maker = line(1).send([0, 10], "east")
    trace = traced(run, maker)

    assert at(trace, maker, "loco") == [(0, 0, 1500), (10, 1500, 3000)]
    assert at(trace, maker, "east") == [(0, 0, 1000), (1500, 1500, 2500)]
    assert trace.consignment_cause_s[1, Cause.QUEUE] == 1490
    assert trace.consignment_cause_s[1, Cause.SERVICE] == 0


@ENGINES
def test_trains_of_both_directions_take_the_same_locomotives(run: Run) -> None:
    maker = line(2).send([0], "east").send([5], "west").send([10], "east")
    trace = traced(run, maker)

    assert at(trace, maker, "loco") == [(0, 0, 1500), (5, 5, 1505), (10, 1500, 3000)]


@ENGINES
def test_train_that_waits_for_its_path_keeps_its_locomotive(run: Run) -> None:
    # The second train east follows after 600 s, so its locomotive is back at 600 + 1000 + 500.
    maker = line(2, paths_per_day=144).send([0, 10], "east").send([20], "west")
    trace = traced(run, maker)

    assert at(trace, maker, "loco") == [(0, 0, 1500), (10, 10, 2100), (20, 1500, 3000)]


@ENGINES
def test_train_held_for_room_leaves_the_locomotive_to_others(run: Run) -> None:
    # The yard takes one train, which is let go at 6000. The train held since 10 has room then;
    # meanwhile the locomotive takes a train west.
    maker = line(1).yard("y", 2).server("desk", 5000)
    maker.leg("to yard", "b", [("loco", 0), ("east", 1000)], yard="y")
    maker.route("stay", "f", ["to yard", "desk"])
    trace = traced(run, maker.send([0, 10], "stay").send([20], "west"))

    assert at(trace, maker, "y") == [(0, 0, 0), (10, 6000, 6000)]
    assert at(trace, maker, "loco") == [(0, 0, 1500), (6000, 6000, 7500), (20, 1500, 3000)]


@ENGINES
def test_locomotives_and_one_track_do_not_lock(run: Run) -> None:
    # Both locomotives are taken, one each way: the track is used one way after the other.
    maker = PlanMaker(horizon_s=100_000).server("loco", 500, 2, couples=1)
    rule = {"rule": TrackRule.ALTERNATING}
    maker.meter("east", opposite="west", **rule).meter("west", opposite="east", **rule)
    maker.service("b", capacity=2).flow("f")
    for leg in ("east", "west"):
        maker.leg(f"to {leg}", "b", [("loco", 0), (leg, 1000)]).route(leg, "f", [f"to {leg}"])
    for second in (0, 1):
        maker.send([second], "east").send([second], "west")
    trace = traced(run, maker)

    assert trace.consignment_finished_s.tolist() == [1000, 2000, 3000, 4000]


@ENGINES
def test_end_of_the_run_finds_locomotives_away_and_waiting(run: Run) -> None:
    # One is back at 1500 whatever the run sees of it; the other waits for its path.
    maker = line(2, paths_per_day=144).send([0, 10], "east")
    maker.horizon_s = 500
    trace = traced(run, maker)

    assert at(trace, maker, "loco") == [(0, 0, 1500), (10, 10, NEVER)]
    assert at(trace, maker, "east") == [(0, 0, 1000), (10, NEVER, NEVER)]


HAULED = LINE.replace(
    "length_km: 90, speed_kmh: 45}",
    "length_km: 90, speed_kmh: 45, locomotives: 3, locomotive_turn_h: 1.5}",
).replace("speed_kmh: 50}", "speed_kmh: 50, locomotives: 2}")


def test_train_takes_a_locomotive_before_each_section_that_has_some(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, HAULED)

    assert elements_of(plan, legend, 0)[:2] == [
        ("locomotives:r_a__m", 0, "locomotives:r_a__m"),
        ("r_a__m>", 7200, "r_a__m>"),
    ]
    assert elements_of(plan, legend, 0)[-2:] == [
        ("locomotives:r_n__b", 0, "locomotives:r_n__b"),
        ("-", 7200, "r_n__b"),
    ]
    at = station(legend, "locomotives:r_n__b")
    row = int(plan.row_first[at])
    assert plan.station_couples[at] == 1
    assert plan.row_servers[row] == 3
    assert plan.row_mean_fp[row].tolist() == [5400 * 256]


def test_locomotives_limit_what_routing_takes_a_line_for() -> None:
    row = LinkRow("l", "a", "b", "rail", 100, 1520, paths_per_day=20, speed_kmh=50, metered=True)

    assert paths_per_day((), row) == 20
    # Four of them make 4 x 24 / (2 + 2) = 24 runs a day, twelve each way.
    assert paths_per_day((), row._replace(locomotives=4, locomotive_turn_h=2)) == 12
    assert paths_per_day((), row._replace(locomotives=40)) == 20


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"locomotive_turn_h": 2}, "locomotive_turn_h needs locomotives"),
        ({"mode": "road", "gauge_mm": None, "locomotives": 2}, "locomotives are for rail"),
    ],
)
def test_locomotives_that_cannot_be_are_named(cells: dict[str, RawValue], message: str) -> None:
    link: dict[str, RawValue] = {
        "from": "a",
        "to": "b",
        "mode": "rail",
        "gauge_mm": 1520,
        "length_km": 9,
    }
    nodes = [RowChange("add", "nodes", key, {}, f"nodes.csv:{key}") for key in ("a", "b")]

    with pytest.raises(NetworkError, match=message):
        load(None, [*nodes, RowChange("add", "links", "ab", {**link, **cells}, "links.csv:2")])
