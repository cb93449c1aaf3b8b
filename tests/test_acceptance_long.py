"""The same promises on the corridor itself, by the compiled engine."""

import csv
from pathlib import Path

import numpy as np
import pytest
from acceptance import changed, measured, scope_of, traced, unused, written

from network.load import corridor_folder
from network.load import load as load_network
from sim.compiler.build import compile_plan
from sim.errors import ResultsError
from sim.measures.build import Measures
from sim.measures.checks import check_ledger, conservation
from sim.plan import Plan
from sim.scenario import load, network_of, shipped_folder

run = pytest.importorskip("sim.kernel.run", reason="needs numba").run

BASE = shipped_folder() / "baseline-2028.yaml"
MONTH = ("window.days=30", "window.warm_up_days=20", "window.run_out_days=10")


@pytest.mark.slow
def test_books_of_a_month_by_rail_are_whole_and_miss_any_booking() -> None:
    trace, plan, legend, _ = traced(load(BASE, sets=[*MONTH, "keep.modes=[rail]"]), run)
    whole = scope_of(trace, plan, legend)

    check_ledger(whole)
    kept = conservation(whole).set_index("load_class")
    assert set(kept.index) == {"box", "bulk", "grain"}
    assert (kept["created"] == kept["delivered"] + kept["refused"] + kept["inside"]).all()
    assert len(trace.ledger_s) > 1000
    rng = np.random.default_rng(1)
    for row in rng.choice(len(trace.ledger_s), 12, replace=False):
        seconds = trace.ledger_s.copy()
        seconds[row] = 0
        with pytest.raises(ResultsError, match="places add up to"):
            check_ledger(scope_of(trace._replace(ledger_s=seconds), plan, legend))
    booked = np.argwhere(trace.consignment_cause_s > 0)
    for number, cause in rng.choice(booked, 12, replace=False):
        causes = trace.consignment_cause_s.copy()
        causes[number, cause] -= 1
        with pytest.raises(ResultsError, match="causes add up to"):
            check_ledger(scope_of(trace._replace(consignment_cause_s=causes), plan, legend))


@pytest.fixture(scope="module")
def base() -> Measures:
    return measured(load(BASE, sets=MONTH), run)


@pytest.mark.verify
@pytest.mark.parametrize("mark", ["0", "f_k", "m", "~"])
def test_what_nobody_uses_changes_no_figure_of_the_corridor(
    base: Measures, mark: str, tmp_path: Path
) -> None:
    """Ids before, between (of facilities, then of places) and after all others."""
    used = ("dostyk", "aktogay", "liege_air")
    text = unused(mark, parent="baseline-2028.yaml", used=used)

    more = measured(load(written(tmp_path, text), sets=MONTH), run)

    assert changed(base, more) == []


@pytest.mark.verify
@pytest.mark.parametrize("seed", [1, 2])
def test_order_of_the_rows_of_the_corridor_changes_nothing(seed: int, tmp_path: Path) -> None:
    scenario = load(shipped_folder() / "baseline.yaml", sets=MONTH)
    rng = np.random.default_rng(seed)
    for path in corridor_folder().glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as table:
            head, *rows = csv.reader(table)
        with (tmp_path / path.name).open("w", encoding="utf-8", newline="") as table:
            csv.writer(table).writerows([head, *(rows[i] for i in rng.permutation(len(rows)))])

    plan, legend = compile_plan(scenario, network_of(scenario))
    other, others = compile_plan(scenario, load_network(tmp_path))

    assert legend == others
    assert [
        name
        for name in Plan._fields
        if not np.array_equal(getattr(plan, name), getattr(other, name))
    ] == []
