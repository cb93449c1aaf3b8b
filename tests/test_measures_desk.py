"""Measures of one desk at which two consignments come a minute apart."""

from pathlib import Path

import pytest
from compiler_cases import QUEUE, compiled

from sim.engine.run import run
from sim.measures.build import Measures, measure

# The first comes after an hour and is served for an hour; the second 60 s later.
TWO = QUEUE.replace("amount: 730", "amount: 4, arrivals_at_h: [1, 1.0166666667]").replace(
    "mean_h: 0.5, law: exponential", "mean_h: 1, law: deterministic"
)
REFUSING = TWO.replace("servers: 1", "servers: 1, queue_max: 0")


def measured(folder: Path, text: str, *sets: str) -> Measures:
    plan, legend = compiled(folder, text, *sets)
    return measure(run(plan, 1, 0), plan, legend)


def kpi(measures: Measures, name: str) -> float:
    row = measures.kpis[measures.kpis["kpi"] == name]
    return float(row["value"].iloc[0])


def test_who_is_turned_away_waits_no_longer(tmp_path: Path) -> None:
    found = measured(tmp_path, REFUSING)

    assert kpi(found, "teu_refused.queue") == 2
    assert kpi(found, "station.f_desk.queue_mean") == 0
    assert kpi(found, "station.f_desk.queue_max") == 0


def test_run_that_stops_by_count_has_figures_about_the_first_that_came(tmp_path: Path) -> None:
    found = measured(tmp_path, TWO, "stop.after_consignments=1")

    assert kpi(found, "first.transit_mean_h") == 1
    assert kpi(found, "first.delay_mean_h") == 0
    # The cohort has the second too, which had waited 59 minutes when the run stopped.
    assert kpi(found, "flow.aa.delay_mean_h") == pytest.approx(59 / 120)


def test_share_of_waits_over_stated_times(tmp_path: Path) -> None:
    found = measured(tmp_path, TWO, "measures.wait_over_h=[0.5, 1]")

    # Waits of 0 and 59 minutes.
    assert kpi(found, "station.f_desk.wait_over_0.5_h_percent") == 50
    assert kpi(found, "station.f_desk.wait_over_1_h_percent") == 0
