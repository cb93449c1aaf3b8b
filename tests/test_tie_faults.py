"""Faults planted in the tie rules of the compiled engine are seen by the random plans."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PLANS = 50
FIRST_CAUGHT = f"""
from random_plans import random_plan
from sim.engine.run import run_drawn as run_reference
from sim.kernel.difference import first_difference
from sim.kernel.run import run_drawn as run_compiled

def is_caught(seed):
    _, plan, draws = random_plan(seed)
    one, other = run_reference(plan, draws, 1, 0), run_compiled(plan, draws, 1, 0)
    return first_difference(one, other) != ""

print(next((seed for seed in range({PLANS}) if is_caught(seed)), {PLANS}))
"""
"""Prints the first of the plans on which the engines differ, or how many there are."""

Change = tuple[str, str, str]
"""Module of the kernel, what stands there once, what stands there instead."""

FAULTS: dict[str, list[Change]] = {
    "none": [],
    "the greatest number first in a queue": [
        ("queues", "before > t and trav[before", "before < t and trav[before")
    ],
    "stations from the last to the first": [
        ("heap", "push(ready, rank)", "push(ready, 9999 - rank)"),
        ("core", "s = ready[1]\n", "s = 9999 - ready[1]\n"),
    ],
    "the pool of the greatest rank among those filled at once": [
        ("forming", "P_FILLED] and so >= s", "P_FILLED] and so <= s")
    ],
    "the berth of the greatest number among vessels idle as long": [
        ("vessels", "U_BERTHED] < vessel[longest", "U_BERTHED] > vessel[longest")
    ],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_a_tie_rule_of_the_kernel_is_caught(fault: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "sim", tmp_path / "sim", ignore=shutil.ignore_patterns("__pycache__"))
    for module, right, wrong in FAULTS[fault]:
        file = tmp_path / f"sim/kernel/{module}.py"
        text = file.read_text(encoding="utf-8")
        assert text.count(right) == 1
        file.write_text(text.replace(right, wrong), encoding="utf-8")

    path = os.pathsep.join(map(str, (tmp_path, ROOT, ROOT / "tests")))
    told = subprocess.run(
        [sys.executable, "-c", FIRST_CAUGHT],
        env={**os.environ, "PYTHONPATH": path, "NUMBA_DISABLE_JIT": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert (int(told.stdout) < PLANS) == (fault != "none"), told.stdout
