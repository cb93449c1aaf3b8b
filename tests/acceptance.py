"""What the acceptance tests share: the small corridor, short; rows that nobody uses."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from network.schema import Network
from sim.compiler.build import compile_plan
from sim.experiment.replicate import Run, places
from sim.measures.build import Measures, measure, watch_of
from sim.measures.columns import names
from sim.measures.scope import Scope, scope
from sim.measures.tally import tally
from sim.plan import Legend, Plan, Trace
from sim.scenario import Scenario, network_of, shipped_folder

CORRIDOR = shipped_folder() / "examples/small-corridor.yaml"
SHORT = (
    "window.days=7",
    "window.warm_up_days=7",
    "window.run_out_days=7",
    "demand.lot_teu=10",
)
"""Settings that let the small corridor run in a second."""

TABLES = (
    "flows",
    "stations",
    "links",
    "crossings",
    "ledger",
    "timeseries",
    "stock",
    "transit",
    "conservation",
)
"""Tables of `Measures` whose rows have keys, but for `kpis`."""


def written(folder: Path, text: str, name: str = "x.yaml") -> Path:
    """Return the file of a scenario's text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def traced(scenario: Scenario, run: Run, seed: int = 1) -> tuple[Trace, Plan, Legend, Network]:
    """Return the first replication of a scenario, and what it was made from."""
    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    return run(plan, seed, 0), plan, legend, network


def measured(scenario: Scenario, run: Run, seed: int = 1) -> Measures:
    """Return what is reported of the first replication of a scenario."""
    trace, plan, legend, network = traced(scenario, run, seed)
    return measure(trace, plan, legend, places(network))


def scope_of(trace: Trace, plan: Plan, legend: Legend) -> Scope:
    """Return what the tables would be made of."""
    return scope(tally(trace, plan, watch_of(plan, legend)), plan, legend)


def rows_of(measures: Measures) -> Iterator[tuple[str, dict[Any, Any]]]:
    """Return each table by name, its rows by their keys."""
    yield "kpis", _by_key(measures.kpis, ["kpi"])
    for table in TABLES:
        yield table, _by_key(getattr(measures, table), names(table, "key"))


def _by_key(table: pd.DataFrame, keys: Sequence[str]) -> dict[Any, Any]:
    plain = table.astype(object).where(table.notna(), None)
    at = [plain.columns.get_loc(key) for key in keys]
    return {tuple(row[i] for i in at): row for row in plain.itertuples(index=False, name=None)}


def changed(before: Measures, after: Measures) -> list[str]:
    """Return the rows of `before` that are missing from `after`, or differ in a figure."""
    others = dict(rows_of(after))
    return [
        f"{table} {key}: {row} is now {others[table].get(key)}"
        for table, rows in rows_of(before)
        for key, row in rows.items()
        if others[table].get(key) != row
    ]


def unused(mark: str, *, parent: str, used: Sequence[str]) -> str:
    """Return a scenario that adds to another what nobody uses.

    Parameters
    ----------
    mark
        Every new id begins with it.
    parent
        Name of the scenario that is extended.
    used
        Two neighbours by rail of 1520 mm that are used, and a place that no train reaches.
    """
    here, there, apart = used
    flow = "load_class: box, unit: teu, year: 2024, amount: 0, lot: 2"
    months = "".join(
        f"\n    - {{profile: {mark}season, month: {month}, factor: 1}}" for month in range(1, 13)
    )
    return f"""
schema_version: 1
name: unused
extends: {parent}
add:
  nodes:
    - {{id: {mark}node, country: KZ, lat: 44, lon: 70, kind: city, utc_offset_h: 5}}
  links:
    - {{id: {mark}spur, from: {here}, to: {mark}node, mode: rail, gauge_mm: 1520, tracks: 1,
        length_km: 5, speed_kmh: 40, paths_per_day: 9}}
    - {{id: {mark}detour, from: {there}, to: {here}, mode: rail, gauge_mm: 1520, tracks: 1,
        length_km: 90000, speed_kmh: 40, paths_per_day: 9}}
    - {{id: {mark}road, from: {mark}node, to: {there}, mode: road, length_km: 5, speed_kmh: 40}}
  facilities:
    - {{id: {mark}desk, node: {mark}node, operation: customs, mode_in: rail, mode_out: rail,
        servers: 1, mean_h: 7, law: gamma, cv: 0.37, per: train}}
    - {{id: {mark}barge_desk, node: {here}, operation: customs, mode_in: river, mode_out: river,
        servers: 1, mean_h: 7, law: lognormal, cv: 0.61, per: barge}}
    - {{id: {mark}yard, node: {mark}node, operation: storage, mode_in: rail, mode_out: rail,
        per: teu, storage_teu: 50}}
  services:
    - {{id: {mark}train, mode: rail, from: {mark}node, to: {here}, load_classes: [box],
        gauge_mm: 1520, capacity_teu: 100, min_load_teu: 50, max_wait_h: 24, headway_h: 6}}
    - {{id: {mark}air, mode: air, from: {here}, to: {there}, load_classes: [air],
        capacity_t: 100, max_wait_h: 24, headway_h: 6}}
  closures:
    - {{id: {mark}storm, kind: weather_rail, effect: shut, target_kind: station,
        target: [{mark}desk], rate_per_year: 40, mean_h: 9, law: exponential}}
  season:{months}
demand:
  rows:
    - {{id: {mark}to, origin: {mark}node, destination: {here}, season: {mark}season, {flow}}}
    - {{id: {mark}from, origin: {there}, destination: {mark}node, {flow}}}
    - {{id: {mark}beside, origin: {here}, destination: {there}, {flow}}}
    - {{id: {mark}apart, origin: {apart}, destination: {here}, allowed_modes: [rail], {flow}}}
"""


def shuffled(path: Path, seed: int) -> str:
    """Return a scenario's text with its sections, rows and columns in another order."""
    mixed = _mixed(yaml.safe_load(path.read_text(encoding="utf-8")), np.random.default_rng(seed))
    return yaml.safe_dump(mixed, sort_keys=False)


def _mixed(value: Any, rng: np.random.Generator) -> Any:  # noqa: ANN401 - any YAML value
    if isinstance(value, dict):
        items = [(key, _mixed(one, rng)) for key, one in value.items()]
        return dict(items[i] for i in rng.permutation(len(items)))
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_mixed(value[i], rng) for i in rng.permutation(len(value))]
    return value
