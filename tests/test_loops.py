"""Passing loops (R11): worked out by hand, and from the tables."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from compiler_cases import HEAD, WINDOW, compiled, station
from plan_maker import PlanMaker

from network.load import load
from network.plausibility import warnings
from network.schema import RawValue, RowChange
from sim.compiler.loops import with_stands
from sim.compiler.parts import ElementPart, LegPart
from sim.engine.run import run_drawn as run_reference
from sim.errors import PlanError
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import NEVER, Trace, TrackRule

Run = Callable[..., Trace]
ENGINES = pytest.mark.parametrize("run", [run_reference, run_compiled], ids=["simpy", "compiled"])


def line(sections: int, tracks: int, most: int) -> PlanMaker:
    """Return a line of sections of 1000 s each, with a loop between any two."""
    maker = PlanMaker(horizon_s=1_000_000).service("b", capacity=2).flow("f")
    rule = {"rule": TrackRule.ALTERNATING, "fleet": 9}
    for at in range(sections):
        maker.meter(f"e{at}", opposite=f"w{at}", **rule)
        maker.meter(f"w{at}", opposite=f"e{at}", **rule)
    maker.loops = [tracks] * (sections - 1)
    maker.stands = [(at // 2, most) for at in range(2 * sections - 2)]
    east = [(f"e{at}", 1000) for at in range(sections)]
    west = [(f"w{at}", 1000) for at in reversed(range(sections))]
    last = sections - 1
    maker.leg("east", "b", east, stands={at: 2 * at for at in range(last)})
    maker.leg("west", "b", west, stands={at: 2 * (last - 1 - at) + 1 for at in range(last)})
    return maker.route("east", "f", ["east"]).route("west", "f", ["west"])


def traced(run: Run, maker: PlanMaker) -> Trace:
    plan = maker.build()
    return run(plan, maker.draws(plan), 1, 0)


@ENGINES
def test_train_waits_until_there_is_room_in_the_loop(run: Run) -> None:
    # One at a time may stand there or be on its way: each follows when the one before leaves.
    trace = traced(run, line(2, tracks=2, most=1).send([0, 0, 0], "east"))

    assert trace.visit_start_s[trace.visit_request_s == 0].tolist() == [0, 1000, 2000]
    assert trace.consignment_finished_s.tolist() == [2000, 3000, 4000]


@ENGINES
def test_trains_follow_each_other_where_the_loop_has_tracks(run: Run) -> None:
    trace = traced(run, line(2, tracks=4, most=3).send([0, 0, 0], "east"))

    assert trace.consignment_finished_s.tolist() == [2000, 2000, 2000]


@ENGINES
def test_trains_pass_each_other_in_the_loop(run: Run) -> None:
    # Both first trains come to the loop at 1000. The one east goes on; the second train east has
    # its track then and follows into the section that it came by, so the one west waits for it.
    trace = traced(run, line(2, tracks=2, most=1).send([0, 0], "east").send([0], "west"))

    assert trace.consignment_finished_s.tolist() == [2000, 3000, 3000]


@pytest.mark.parametrize("run", [run_reference, run_compiled], ids=["simpy", "compiled"])
@pytest.mark.parametrize(("most", "is_locked"), [(1, False), (2, True)])
def test_each_way_leaves_a_track_to_the_other(run: Run, most: int, *, is_locked: bool) -> None:
    # Two each way: where trains of one way may fill both tracks, those in the loops of a line of
    # three sections wait for each other for ever.
    maker = line(3, tracks=2, most=most).send([0] * 4, "east").send([0] * 4, "west")
    trace = traced(run, maker)

    assert (NEVER in trace.consignment_finished_s) == is_locked


@ENGINES
def test_train_without_room_at_its_end_stays_out_of_the_loops(run: Run) -> None:
    # The yard takes one train, let go at 7000: the second waits for it at its origin, and one
    # that goes elsewhere by the same loop passes it.
    maker = line(2, tracks=2, most=1).yard("y", 2).server("desk", 5000)
    maker.leg("stay", "b", [("e0", 1000), ("e1", 1000)], yard="y", stands={0: 0})
    maker.route("stay", "f", ["stay", "desk"]).send([0, 10], "stay").send([20], "east")
    trace = traced(run, maker)

    assert trace.consignment_finished_s.tolist() == [7000, 14_000, 3000]


SINGLE = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes: [{id: a}, {id: m, loop_tracks: 3}, {id: b}]
  links:
    - {id: am, from: a, to: m, mode: rail, gauge_mm: 1520, length_km: 50, speed_kmh: 50, tracks: 1,
       paths_per_day: 20, track_rule: alternating}
    - {id: mb, from: m, to: b, mode: rail, gauge_mm: 1520, length_km: 50, speed_kmh: 50, tracks: 1,
       paths_per_day: 20, track_rule: alternating}
  services:
    - {id: ab, mode: rail, from: a, to: b, load_classes: [box], gauge_mm: 1520, capacity_teu: 40,
       max_wait_h: 6}
    - {id: ba, mode: rail, from: b, to: a, load_classes: [box], gauge_mm: 1520, capacity_teu: 40,
       max_wait_h: 6}
demand:
  rows:
    - {id: ab, origin: a, destination: b, load_class: box, unit: teu, year: 2024, amount: 3660,
       lot: 2}
    - {id: ba, origin: b, destination: a, load_class: box, unit: teu, year: 2024, amount: 3660,
       lot: 2}
"""
)
"""Two sections of one track, with a loop between them."""


def test_section_before_a_loop_takes_a_stand_there(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, SINGLE)

    assert plan.loop_tracks.tolist() == [3]
    assert plan.stand_loop.tolist() == [0, 0]
    assert plan.stand_most.tolist() == [2, 2]
    taken = {
        legend.station_id[at]: int(stand)
        for at, stand in zip(plan.element_station, plan.element_stand, strict=True)
    }
    assert {taken["am>"], taken["mb<"]} == {0, 1}
    assert taken["mb>"] == taken["am<"] == NEVER
    assert plan.station_kind[station(legend, "am>")] == plan.station_kind[station(legend, "mb<")]


def test_loop_of_one_track_serves_one_way_alone(tmp_path: Path) -> None:
    text = SINGLE.replace("loop_tracks: 3", "loop_tracks: 1")
    rows = text[text.index("    - {id: ba, origin") :]

    with pytest.raises(PlanError, match="nodes m: loop_tracks is 1, and trains pass both ways"):
        compiled(tmp_path, text)
    plan, _ = compiled(tmp_path, text.replace(rows, ""))
    assert plan.stand_most.tolist() == [1]


def test_loop_where_more_than_two_sections_meet_is_refused(tmp_path: Path) -> None:
    text = SINGLE.replace("{id: b}]", "{id: b}, {id: c}]").replace(
        "  services:\n",
        "    - {id: mc, from: m, to: c, mode: rail, gauge_mm: 1520, length_km: 50, tracks: 1,\n"
        "       speed_kmh: 50, paths_per_day: 20, track_rule: alternating}\n"
        "  services:\n"
        "    - {id: ac, mode: rail, from: a, to: c, load_classes: [box], gauge_mm: 1520,\n"
        "       capacity_teu: 40, max_wait_h: 6}\n",
    )
    text += (
        "    - {id: ac, origin: a, destination: c, load_class: box, unit: teu, year: 2024,\n"
        "       amount: 3660, lot: 2}\n"
    )

    with pytest.raises(PlanError, match="where more than two sections meet"):
        compiled(tmp_path, text)


def test_section_to_a_loop_has_no_locomotives(tmp_path: Path) -> None:
    text = SINGLE.replace("track_rule: ", "locomotives: 2, track_rule: ", 1)

    with pytest.raises(PlanError, match="links am: has locomotives and leads to m"):
        compiled(tmp_path, text)


def test_loops_on_a_ring_are_refused() -> None:
    # Four nodes on a ring of one track, and trains that go round three quarters of it.
    ring = "abcd"
    track: dict[str, RawValue] = {
        "mode": "rail",
        "gauge_mm": 1520,
        "length_km": 50,
        "tracks": 1,
        "paths_per_day": 20,
    }
    changes = [RowChange("add", "nodes", node, {"loop_tracks": 2}, node) for node in ring]
    legs = []
    for at in range(4):
        nodes = tuple(ring[(at + number) % 4] for number in range(4))
        links = tuple(one + other for one, other in pairwise(nodes))
        elements = tuple(ElementPart(f"{link}>", 60, f"{link}>") for link in links)
        legs.append(LegPart(nodes[0], "b", elements, nodes, links, (True,) * 3, "", "", 180))
        cells: dict[str, RawValue] = {
            **track,
            "from": nodes[0],
            "to": nodes[1],
            "track_rule": "alternating",
        }
        changes.append(RowChange("add", "links", links[0], cells, links[0]))

    with pytest.raises(PlanError, match="lie on a ring of single track"):
        with_stands(legs, load(None, changes))
    _, loops = with_stands(legs[:3], load(None, changes))
    assert {loop.tracks for loop in loops} == {2}


def test_loop_at_which_nothing_meets_is_odd() -> None:
    network = load(None, [RowChange("add", "nodes", "a", {"loop_tracks": 2}, "nodes.csv:2")])

    assert "no two alternating sections meet there" in str(warnings(network)[0])
