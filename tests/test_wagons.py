"""Wagons that services share (R12): worked out by hand, and from the tables."""

from collections.abc import Callable
from pathlib import Path

import pytest
from compiler_cases import HEAD, WINDOW, compiled, station
from plan_maker import PlanMaker, Spec

from network.errors import NetworkError
from network.load import load
from network.plausibility import warnings
from network.schema import RawValue, RowChange
from sim.engine.run import run_drawn as run_reference
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import NEVER, Cause, Trace

Run = Callable[..., Trace]
ENGINES = pytest.mark.parametrize("run", [run_reference, run_compiled], ids=["simpy", "compiled"])


def shuttle(ready: list[int], **service: Spec) -> PlanMaker:
    """Return two services, out and home, 1000 s each way, with wagons turned in 100 s.

    Empty wagons take 700 s. A train takes 2 TEU, which are a lot.
    """
    maker = PlanMaker(horizon_s=100_000).wagons("wagons", ready, [[0, 700], [700, 0]])
    for name, way in (("out", (0, 1)), ("home", (1, 0))):
        maker.service(name, **({"capacity": 2, "wagons": 1} | service))
        maker.leg(name, name, [("", 1000)], wagons=("wagons", *way, 100))
        maker.flow(name).route(name, name, [name])
    return maker


def traced(run: Run, maker: PlanMaker) -> Trace:
    plan = maker.build()
    return run(plan, maker.draws(plan), 1, 0)


@ENGINES
def test_train_waits_until_its_wagons_are_back_and_turned(run: Run) -> None:
    # The one wagon is away until 1100; the train of 10 waits for it, and it comes empty by 1800.
    trace = traced(run, shuttle([1, 0]).send([0, 10], "out"))

    assert trace.vehicle_departed_s.tolist() == [0, 1800]
    assert trace.consignment_cause_s[1, Cause.WAGONS] == 1790


@ENGINES
def test_wagons_of_one_service_take_the_load_of_another(run: Run) -> None:
    trace = traced(run, shuttle([1, 0]).send([0], "out").send([500], "home"))

    assert trace.vehicle_departed_s.tolist() == [0, 1100]


@ENGINES
def test_wagons_that_come_laden_are_not_fetched_besides(run: Run) -> None:
    # At 200 a train from the other end is on its way: its wagon will do, at 1200, and the spare
    # one there stays for the train of 300.
    maker = shuttle([0, 2]).send([100], "home").send([200], "out").send([300], "home")
    trace = traced(run, maker)

    assert trace.vehicle_departed_s.tolist() == [100, 300, 1200]


@ENGINES
def test_nearest_place_that_needs_none_itself_gives_its_wagons(run: Run) -> None:
    # Both other places have a wagon; the near one is 300 s away, the far one 900 s.
    maker = PlanMaker(horizon_s=100_000)
    maker.wagons("wagons", [0, 1, 1], [[0, 900, 300], [900, 0, 600], [300, 600, 0]])
    maker.service("b", capacity=2, wagons=1)
    maker.leg("ab", "b", [("", 1000)], wagons=("wagons", 0, 1, 100))
    maker.flow("f").route("r", "f", ["ab"])
    trace = traced(run, maker.send([0, 1], "r"))

    assert trace.vehicle_departed_s.tolist() == [300, 900 + 300]


@ENGINES
def test_trains_take_wagons_in_the_order_in_which_they_were_filled(run: Run) -> None:
    # The long train, filled first, wants three: the short one does not go before it.
    maker = PlanMaker(horizon_s=100_000).wagons("wagons", [2], [[0]])
    maker.service("long", capacity=2, wagons=3).service("short", capacity=2, wagons=1)
    maker.service("first", capacity=2, wagons=1)
    for name in ("first", "long", "short"):
        maker.leg(name, name, [("", 1000)], wagons=("wagons", 0, 0, 0))
        maker.flow(name).route(name, name, [name])
    maker.stations["wagons"]["ready"] = [3]
    trace = traced(run, maker.send([0], "first").send([10], "long").send([20], "short"))

    assert trace.vehicle_departed_s.tolist() == [0, 1000, 2000]


@ENGINES
def test_train_that_waits_for_its_gap_keeps_its_wagons(run: Run) -> None:
    # The second train out has its wagon at 10 but its gap only at 5000.
    trace = traced(run, shuttle([2, 0], headway_s=5000).send([0, 10], "out"))

    assert trace.vehicle_departed_s.tolist() == [0, 5000]
    assert trace.consignment_cause_s[1, Cause.WAGONS] == 0
    assert trace.consignment_cause_s[1, Cause.DEPARTURE] == 4990


SHARED = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes: [{id: a}, {id: b}, {id: c}]
  links:
    - {id: r_ab, from: a, to: b, mode: rail, gauge_mm: 1520, length_km: 500, speed_kmh: 50}
    - {id: r_bc, from: b, to: c, mode: rail, gauge_mm: 1520, length_km: 100, speed_kmh: 50}
  services:
    - {id: ab, mode: rail, from: a, to: b, load_classes: [box], gauge_mm: 1520, capacity_teu: 40,
       capacity_wagons: 20, wagon_pool: flats, wagons: 30, turnaround_h: 12, max_wait_h: 6}
    - {id: ba, mode: rail, from: b, to: a, load_classes: [box], gauge_mm: 1520, capacity_teu: 40,
       capacity_wagons: 20, wagon_pool: flats, wagons: 25, turnaround_h: 12, max_wait_h: 6}
    - {id: ac, mode: rail, from: a, to: c, load_classes: [box], gauge_mm: 1520, capacity_teu: 40,
       capacity_wagons: 20, wagon_pool: flats, turnaround_h: 6, max_wait_h: 6}
demand:
  rows:
    - {id: ab, origin: a, destination: b, load_class: box, unit: teu, year: 2024, amount: 3660,
       lot: 2}
    - {id: ba, origin: b, destination: a, load_class: box, unit: teu, year: 2024, amount: 3660,
       lot: 2}
    - {id: ac, origin: a, destination: c, load_class: box, unit: teu, year: 2024, amount: 3660,
       lot: 2}
"""
)
"""Two places from which trains of one pool leave, and a third where they end."""


def test_places_of_a_pool_are_where_its_trains_leave(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, SHARED)

    assert plan.wagon_station.tolist() == [station(legend, "wagons:flats")]
    assert plan.wagon_ready.tolist() == [30, 25]
    # 500 km at 50 km/h, empty as laden.
    assert plan.wagon_empty_s.tolist() == [[0, 36_000], [36_000, 0]]
    assert {int(wagons) for wagons in plan.state_wagons} == {20}


def test_wagons_run_back_from_an_end_at_which_no_train_leaves(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, SHARED)

    turns = {
        legend.service_id[service]: (int(place), int(after_s))
        for service, place, after_s in zip(
            plan.leg_service, plan.leg_wagons, plan.leg_wagons_s, strict=True
        )
    }
    # 12 h at the other place; from c 6 h and 600 km back at 50 km/h.
    assert turns == {"ab": (1, 43_200), "ba": (0, 43_200), "ac": (0, 21_600 + 43_200)}


def test_services_without_a_pool_have_wagons_without_number(tmp_path: Path) -> None:
    text = SHARED.replace("wagon_pool: flats, wagons: 30,", "")
    text = text.replace("wagon_pool: flats, wagons: 25,", "").replace("wagon_pool: flats,", "")
    plan, _ = compiled(tmp_path, text)

    assert plan.wagon_station.size == 0
    assert set(plan.pool_wagons.tolist()) == {NEVER}


BASE: dict[str, RawValue] = {
    "mode": "rail", "from": "a", "to": "b", "gauge_mm": 1520, "capacity_teu": 40,
    "wagon_pool": "flats", "wagons": 30, "capacity_wagons": 20,
}  # fmt: skip


def rail(*rows: dict[str, RawValue]) -> list[RowChange]:
    """Return changes that add two nodes and services like BASE."""
    nodes = [RowChange("add", "nodes", key, {}, f"nodes.csv:{key}") for key in ("a", "b")]
    return nodes + [
        RowChange("add", "services", f"s{n}", {**BASE, **row}, f"services.csv:{n}")
        for n, row in enumerate(rows)
    ]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"wagon_pool": None}, "wagons needs wagon_pool"),
        ({"fleet": 3}, "wagon_pool is for rail services without a fleet"),
        ({"mode": "road", "gauge_mm": None}, "wagon_pool is for rail services without a fleet"),
        ({"gauge_mm": 1435}, "wagon_pool flats is of gauge 1520, not 1435"),
        (
            {"capacity_wagons": 61},
            "takes 61 wagons of wagon_pool flats, in which the wagons are 60",
        ),
        (
            {"line": "s0", "wagon_pool": "others", "available_from": "2025-01-01"},
            "wagon_pool differs from that of s0, a state of the same line",
        ),
    ],
)
def test_wagons_that_cannot_be_are_named(row: dict[str, RawValue], message: str) -> None:
    with pytest.raises(NetworkError) as raised:
        load(None, rail({"available_to": "2024-12-31"}, row))

    assert message in str(raised.value)


def test_more_tonnes_than_the_wagons_carry_are_odd() -> None:
    network = load(None, rail({"capacity_t": 1600, "load_classes": "bulk"}))

    assert any("capacity_t 1600 is 80 t a wagon" in str(problem) for problem in warnings(network))
