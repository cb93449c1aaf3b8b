"""Trains that merge: at a break of gauge and at a hub, worked by hand (R6, R10)."""

from pathlib import Path

import pytest
from compiler_cases import HEAD, WINDOW, compiled

from network.errors import NetworkError
from sim.engine.run import run
from sim.errors import PlanError
from sim.plan import Legend, Plan, Status

HOUR_S = 3_600

GAUGES = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes:
    - {id: a, country: CN, utc_offset_h: 8}
    - {id: b, country: KZ, utc_offset_h: 5}
    - {id: c, country: KZ, utc_offset_h: 5}
  links:
    - {id: r_a__b, from: a, to: b, mode: rail, gauge_mm: 1435, length_km: 60, speed_kmh: 60}
    - {id: r_b__c, from: b, to: c, mode: rail, gauge_mm: 1520, length_km: 60, speed_kmh: 60}
  facilities:
    - {id: f_b_gauge, node: b, operation: gauge_change, mode_in: rail, mode_out: rail,
       applies_to: [box], servers: 1, mean_h: 1, law: deterministic, per: train}
  services:
    - {id: narrow, mode: rail, from: a, to: b, gauge_mm: 1435, load_classes: [box],
       capacity_teu: 100}
    - {id: wide, mode: rail, from: b, to: c, gauge_mm: 1520, load_classes: [box],
       capacity_teu: 150}
demand:
  rows:
    - {id: ac, origin: a, destination: c, load_class: box, unit: teu, year: 2024, amount: 300,
       lot: 2, lots_together: 150, arrivals_at_h: [1]}
"""
)


def trains(plan: Plan, legend: Legend) -> list[tuple[str, float, float]]:
    """Return service, hour of departure and load in TEU of each train of a run."""
    trace = run(plan, 1, 0)
    assert (trace.consignment_status == Status.DELIVERED).all()
    service = [legend.leg_service[leg] for leg in plan.pool_leg[trace.vehicle_pool]]
    return [
        (name, departed_s / HOUR_S, load / 1000)
        for name, departed_s, load in zip(
            service, trace.vehicle_departed_s.tolist(), trace.vehicle_load.tolist(), strict=True
        )
    ]


def test_three_trains_of_1435_become_two_of_1520(tmp_path: Path) -> None:
    # 300 TEU at 1:00 fill three trains of 100; all reach b at 2:00, and change gauge one after
    # the other until 3:00, 4:00, 5:00. At 4:00 there are 200 TEU for a train of 150, at 5:00
    # the 50 that were left and 100 more for the second.
    plan, legend = compiled(tmp_path, GAUGES)

    assert trains(plan, legend) == [
        ("narrow", 1, 100),
        ("narrow", 1, 100),
        ("narrow", 1, 100),
        ("wide", 4, 150),
        ("wide", 5, 150),
    ]


HUB = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes: [{id: x, country: CN}, {id: y, country: CN}, {id: hub, country: CN}, {id: z, country: CN}]
  links:
    - {id: r_x__hub, from: x, to: hub, mode: rail, gauge_mm: 1435, length_km: 60, speed_kmh: 60}
    - {id: r_y__hub, from: y, to: hub, mode: rail, gauge_mm: 1435, length_km: 120, speed_kmh: 60}
    - {id: r_hub__z, from: hub, to: z, mode: rail, gauge_mm: 1435, length_km: 60, speed_kmh: 60}
  facilities:
    - {id: f_hub, node: hub, operation: handling, mode_in: rail, mode_out: rail, consolidates: yes,
       applies_to: [box], servers: 100, mean_h: 0.5, law: deterministic, per: consignment}
  services:
    - {id: x_hub, mode: rail, from: x, to: hub, gauge_mm: 1435, load_classes: [box],
       capacity_teu: 50}
    - {id: y_hub, mode: rail, from: y, to: hub, gauge_mm: 1435, load_classes: [box],
       capacity_teu: 50}
    - {id: hub_z, mode: rail, from: hub, to: z, gauge_mm: 1435, load_classes: [box],
       capacity_teu: 100, max_wait_h: 10}
demand:
  rows:
    - {id: xz, origin: x, destination: z, load_class: box, unit: teu, year: 2024, amount: 100,
       lot: 2, lots_together: 25, arrivals_at_h: [1, 20]}
    - {id: yz, origin: y, destination: z, load_class: box, unit: teu, year: 2024, amount: 50,
       lot: 2, lots_together: 25, arrivals_at_h: [1]}
"""
)


def test_trains_of_two_origins_merge_at_a_hub_into_a_full_one(tmp_path: Path) -> None:
    # x reaches the hub at 2:00 and is handled until 2:30, y at 3:00 until 3:30: together they
    # fill a train. The second train of x, handled at 21:30, waits ten hours for nobody.
    plan, legend = compiled(tmp_path, HUB)

    assert trains(plan, legend) == [
        ("x_hub", 1, 50),
        ("y_hub", 1, 50),
        ("hub_z", 3.5, 100),
        ("x_hub", 20, 50),
        ("hub_z", 31.5, 50),
    ]


def test_where_no_row_consolidates_no_load_goes_from_train_to_train(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="demand xz: no route from x to z"):
        compiled(tmp_path, HUB.replace("consolidates: yes", "consolidates: no"))


def test_what_is_no_handling_of_trains_does_not_consolidate(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="consolidates is for handling with mode_in and mode"):
        compiled(tmp_path, HUB.replace("mode_out: rail, con", "mode_out: road, con"))
