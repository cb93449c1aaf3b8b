"""The scenarios that `make bench` measures: they load, and both engines agree on them."""

from pathlib import Path

import numpy as np
import pytest

from sim.compiler.build import compile_plan
from sim.engine.run import run as run_reference
from sim.kernel.run import run as run_compiled
from sim.plan import Status
from sim.scenario import load, network_of

SCENARIOS = Path(__file__).resolve().parents[1] / "benchmarks/scenarios"


@pytest.mark.parametrize(("name", "days"), [("tandem", 3), ("plain", 4), ("freight", 12)])
def test_engines_agree_on_a_scenario_of_the_benchmarks(name: str, days: int) -> None:
    found = load(SCENARIOS / f"{name}.yaml", sets=[f"window.days={days}", "demand.factor=0.5"])
    plan, _ = compile_plan(found, network_of(found))

    traces = [run(plan, 1, 0) for run in (run_reference, run_compiled)]

    assert np.count_nonzero(traces[0].consignment_status == Status.DELIVERED) > 0
    for field, one, other in zip(traces[0]._fields, *traces, strict=True):
        assert np.array_equal(one, other), field
