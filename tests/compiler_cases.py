"""Scenarios small enough to compile by hand, as YAML beside the test that reads them."""

from pathlib import Path

from sim.compiler.build import compile_plan
from sim.plan import Legend, Plan
from sim.scenario import Scenario, load, network_of

HEAD = "schema_version: 1\nname: case\n"
WINDOW = "window: {start: 2024-01-01, days: 10, warm_up_days: 0, run_out_days: 0}\n"
DEMAND_LINE = "{id: ab_2023, flow: ab, origin: a, destination: b, load_class: box, unit: teu, "

QUEUE = (
    HEAD
    + WINDOW
    + """
experiment: {kind: steady}
network:
  source: none
  nodes: [{id: a, utc_offset_h: 5}]
  facilities:
    - {id: f_desk, node: a, operation: handling, servers: 1, mean_h: 0.5, law: exponential,
       per: consignment}
demand:
  rows:
    - {id: aa, origin: a, destination: a, load_class: box, unit: teu, year: 2023, amount: 730,
       lot: 2}
"""
)
"""One desk: 730 TEU a year are one consignment of 2 TEU a day."""

LINE = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes:
    - {id: a, country: CN, utc_offset_h: 8}
    - {id: m, country: CN, utc_offset_h: 8}
    - {id: n, country: KZ, utc_offset_h: 5}
    - {id: b, country: KZ, utc_offset_h: 5}
  links:
    - {id: r_a__m, from: a, to: m, mode: rail, gauge_mm: 1520, length_km: 100, tracks: 1,
       paths_per_day: 10, background_per_day: 2, speed_kmh: 50}
    - {id: r_n__m, from: n, to: m, mode: rail, gauge_mm: 1520, length_km: 10, tracks: 2,
       paths_per_day: 60, background_per_day: 30, speed_kmh: 30}
    - {id: r_n__b, from: n, to: b, mode: rail, gauge_mm: 1520, length_km: 90, speed_kmh: 45}
  facilities:
    - {id: f_m_customs, node: m, operation: customs, mode_in: rail, mode_out: rail, servers: 2,
       mean_h: 1, law: exponential, per: train}
    - {id: f_m_gate, node: m, operation: gate, mode_in: rail, mode_out: rail, servers: 1,
       mean_h: 0.5, law: deterministic, per: train}
    - {id: f_n_customs_old, node: n, operation: customs, pool: main, mode_in: rail,
       mode_out: rail, servers: 1, mean_h: 3, law: exponential, per: train}
    - {id: f_n_customs_new, node: n, operation: customs, pool: main, mode_in: rail,
       mode_out: rail, servers: 2, mean_h: 2, law: exponential, per: train,
       replaces: f_n_customs_old, available_from: 2024-01-04}
    - {id: f_b_handling, node: b, operation: handling, mode_in: rail, mode_out: road, servers: 3,
       mean_h: 0.1, law: gamma, cv: 1.0, per: teu}
  services:
    - {id: train, mode: rail, from: a, to: b, load_classes: [box], gauge_mm: 1520,
       capacity_teu: 100, min_load_teu: 60, max_wait_h: 48, headway_h: 6}
demand:
  rows:
    - {id: ab_2023, flow: ab, origin: a, destination: b, load_class: box, unit: teu, year: 2023,
       amount: 12000, lot: 2}
"""
)
"""A train from a over the border m | n to b: a gate and customs at m, dated customs at n."""

FERRY = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes: [{id: p, utc_offset_h: 5}, {id: q, utc_offset_h: 4}]
  links:
    - {id: s_p__q, from: p, to: q, mode: sea, length_km: 440, speed_kmh: 20}
  facilities:
    - {id: f_p_berth, node: p, operation: berth, mode_in: rail, mode_out: sea, servers: 2,
       mean_h: 14, law: gamma, cv: 0.5, per: vessel}
    - {id: f_q_berth, node: q, operation: berth, mode_in: sea, mode_out: rail, servers: 1,
       mean_h: 10, law: gamma, cv: 0.5, per: vessel}
  services:
    - {id: ferry, mode: sea, from: p, to: q, group: ferry, load_classes: [box, bulk, truck],
       fleet: 4, capacity_teu: 110, capacity_t: 1800, capacity_trucks: 39, min_load_teu: 60,
       max_wait_h: 96, turnaround_h: 2}
demand:
  rows:
    - {id: pq_box, origin: p, destination: q, load_class: box, unit: teu, year: 2023,
       amount: 1200, lot: 2, allowed_modes: [sea]}
    - {id: pq_bulk, origin: p, destination: q, load_class: bulk, unit: t, year: 2023,
       amount: 36000, lot: 1800, allowed_modes: [sea]}
    - {id: pq_truck, origin: p, destination: q, load_class: truck, unit: truck, year: 2023,
       amount: 1200, lot: 1, allowed_modes: [sea], priority: 1}
"""
)
"""Four ferries whose wagon deck boxes and bulk share; lorries have a deck of their own."""


def read(folder: Path, text: str, *sets: str) -> Scenario:
    """Return the scenario of a YAML text."""
    path = folder / "case.yaml"
    path.write_text(text, encoding="utf-8")
    return load(path, sets=sets)


def compiled(folder: Path, text: str, *sets: str) -> tuple[Plan, Legend]:
    """Return the plan of a YAML text and its names."""
    scenario = read(folder, text, *sets)
    return compile_plan(scenario, network_of(scenario))


def station(legend: Legend, key: str) -> int:
    """Return the index of a station."""
    return legend.station_id.index(key)


def rows_of(plan: Plan, legend: Legend, key: str) -> list[str]:
    """Return the ids of a station's rows."""
    at = station(legend, key)
    return list(legend.row_id[plan.row_first[at] : plan.row_first[at + 1]])


def elements_of(plan: Plan, legend: Legend, leg: int) -> list[tuple[str, int, str]]:
    """Return (station or -, seconds in motion, place) of each element of a leg."""
    found = range(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
    return [
        (
            legend.station_id[plan.element_station[e]] if plan.element_station[e] >= 0 else "-",
            int(plan.element_move_s[e]),
            legend.place_id[plan.element_place[e]],
        )
        for e in found
    ]


def intervals_of(plan: Plan, legend: Legend, closure: str) -> list[tuple[int, int]]:
    """Return the known intervals of a closure."""
    index = legend.closure_id.index(closure)
    starts, ends = plan.interval_start_s.tolist(), plan.interval_end_s.tolist()
    owners = plan.interval_closure.tolist()
    return [(s, e) for c, s, e in zip(owners, starts, ends, strict=True) if c == index]


def targets_of(plan: Plan, legend: Legend, closure: str) -> list[str]:
    """Return the ids of the rows that a closure strikes."""
    at = legend.closure_id.index(closure)
    rows = plan.closure_target[plan.closure_target_first[at] : plan.closure_target_first[at + 1]]
    return [legend.row_id[row] for row in rows]
