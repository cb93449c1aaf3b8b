"""Small scenarios of which the answers to a planner's questions are known by arithmetic."""

import time
from pathlib import Path

from sim.kernel.run import run
from sim.questions.answers import Asking
from sim.results.obtain import Engine
from sim.scenario import Scenario, load

HEAD = """
schema_version: 1
name: {name}
title: {name}
window: {{start: 2025-04-01, days: {days}, warm_up_days: 1, run_out_days: 3}}
experiment: {{replications: 2}}
"""

SERVER = """
network:
  source: none
  nodes: [{id: place, name: Place}]
  facilities:
    - {id: server, node: place, operation: inspection, servers: 1, mean_h: 0.1, law: deterministic}
demand:
  rows:
    - {id: units, origin: place, destination: place, load_class: box, unit: teu, year: 2025,
       amount: 51840, lot: 1, arrival_law: deterministic}
"""
"""10 an hour are served, 6 an hour come: 51 840 a year, 4 320 in April."""

SERIES = """
network:
  source: none
  nodes: [{id: place, name: Place}]
  facilities:
    - {id: wide, node: place, operation: inspection, servers: 2, mean_h: 0.15, law: deterministic}
    - {id: narrow, node: place, operation: customs, servers: 1, mean_h: 0.2, law: deterministic}
    - {id: daytime, node: place, operation: handling, servers: 9, mean_h: 0.5, law: deterministic,
       opens: "08:00", closes: "19:00"}
demand:
  rows:
    - {id: units, origin: place, destination: place, load_class: box, unit: teu, year: 2025,
       amount: 51840, lot: 1, arrival_law: deterministic}
"""
"""13.3, 5 and 8.25 an hour are served one after the other, 6 an hour come."""

ROAD = """
network:
  source: none
  nodes:
    - {id: a, name: Aville, country: KZ, lat: 43, lon: 77}
    - {id: b, name: Beville, country: KZ, lat: 43, lon: 80}
  links:
    - {id: road, from: a, to: b, mode: road, length_km: 60, speed_kmh: 60}
  services:
    - {id: trucks, mode: road, from: a, to: b, load_classes: [truck], capacity_trucks: 1}
demand:
  rows:
    - {id: goods, origin: a, destination: b, load_class: truck, unit: truck, year: 2025,
       amount: 51840, lot: 1, allowed_modes: [road], arrival_law: deterministic}
"""
"""6 trucks an hour, 2 TEU each, over the only road."""

RAIL = """
network:
  source: none
  nodes:
    - {id: xian, name: Xi'an, country: CN, lat: 34, lon: 109}
    - {id: gate, name: Gate, country: CN, lat: 45, lon: 82.6}
    - {id: yard, name: Yard, country: KZ, lat: 45, lon: 82.5}
    - {id: city, name: City, country: KZ, lat: 43, lon: 77}
    - {id: port, name: Port, country: KZ, lat: 43, lon: 51}
    - {id: beyond, name: Beyond, country: AZ, lat: 40, lon: 49}
  links:
    - {id: inner, from: xian, to: gate, mode: rail, gauge_mm: 1435, length_km: 500, tracks: 2,
       paths_per_day: 20, background_per_day: 4, speed_kmh: 60}
    - {id: border, from: gate, to: yard, mode: rail, gauge_mm: 1435, length_km: 10, tracks: 1,
       paths_per_day: 12, speed_kmh: 30}
    - {id: steppe, from: yard, to: city, mode: rail, gauge_mm: 1520, length_km: 800, tracks: 1,
       paths_per_day: 30, speed_kmh: 50}
    - {id: west, from: city, to: port, mode: rail, gauge_mm: 1520, length_km: 800, tracks: 1,
       paths_per_day: 30, speed_kmh: 50}
    - {id: sea, from: port, to: beyond, mode: sea, length_km: 440, speed_kmh: 22}
  facilities:
    - {id: change, node: yard, operation: gauge_change, direction: from_china, mode_in: rail,
       mode_out: rail, applies_to: [box], servers: 2, mean_h: 4, law: deterministic, per: train,
       ref_teu: 100}
    - {id: control, node: gate, operation: customs, direction: from_china, mode_in: rail,
       mode_out: rail, servers: 1, mean_h: 3, law: deterministic, per: train}
    - {id: quay, node: port, operation: handling, mode_in: rail, mode_out: sea, applies_to: [box],
       service_group: [feeder], servers: 2, mean_h: 0.1, law: deterministic, per: teu}
    - {id: far_quay, node: beyond, operation: handling, mode_in: sea, mode_out: rail,
       applies_to: [box], service_group: [feeder], servers: 9, mean_h: 0.1, law: deterministic,
       per: teu}
  services:
    - {id: east, mode: rail, from: xian, to: yard, load_classes: [box], gauge_mm: 1435,
       capacity_teu: 100, min_load_teu: 50, max_wait_h: 48}
    - {id: onward, mode: rail, from: yard, to: city, load_classes: [box], gauge_mm: 1520,
       capacity_teu: 120, min_load_teu: 60, max_wait_h: 48}
    - {id: to_port, mode: rail, from: city, to: port, load_classes: [box], gauge_mm: 1520,
       capacity_teu: 120, min_load_teu: 60, max_wait_h: 48}
    - {id: feeder, mode: sea, from: port, to: beyond, group: feeder, load_classes: [box], fleet: 2,
       capacity_teu: 160, min_load_teu: 40, max_wait_h: 96, cruise_h: 20, turnaround_h: 4}
demand:
  rows:
    - {id: west, origin: xian, destination: city, load_class: box, unit: teu, year: 2025,
       amount: 144000, lot: 2, allowed_modes: [rail]}
    - {id: over_sea, origin: city, destination: beyond, load_class: box, unit: teu, year: 2025,
       amount: 36000, lot: 2, allowed_modes: [rail, sea]}
"""
"""400 TEU a day from Xi'an to the city, 100 from there over the sea."""


def scenario(folder: Path, name: str, text: str, *, days: int = 10) -> Scenario:
    """Return a scenario of this page, read from a file in a folder."""
    return load(written(folder, name, text, days=days))


def written(folder: Path, name: str, text: str, *, days: int = 10) -> Path:
    """Return the file of a scenario of this page."""
    path = folder / f"{name}.yaml"
    path.write_text(HEAD.format(name=name, days=days) + text, encoding="utf-8")
    return path


def asking(root: Path) -> Asking:
    """Return how runs are obtained: by the compiled engine, in this process."""
    return Asking(Engine("compiled", run), root, time.perf_counter)
