"""Queues whose answers are known, as scenario files through the public run path.

Thinned here; in full under `verify`, whose figures stand in `docs/verification.md`.
"""

from pathlib import Path

import pytest
from answers import Case, answer, cases, judge, judged, measured, scenario_of

from sim.engine.run import run as run_simpy
from sim.kernel.run import run as run_compiled

IDS = [case.id for case in cases()]
THINNED_HALF_WIDTH = 0.35
"""Share of the value: a short run must say something."""
RESULTS = Path(__file__).resolve().parents[1] / "results" / "known-answers"
"""Kept: what is finished is not run again."""


@pytest.mark.parametrize("case", cases(), ids=IDS)
def test_short_run_agrees_with_the_known_answer(case: Case, tmp_path: Path) -> None:
    experiment = answer(scenario_of(case, is_thinned=True), tmp_path, run_simpy)

    verdict = judge(case, measured(case, experiment), max_rel_half_width=THINNED_HALF_WIDTH)

    assert verdict.passes, verdict


@pytest.mark.verify
@pytest.mark.parametrize("case", cases(), ids=IDS)
def test_full_run_agrees_with_the_known_answer(case: Case) -> None:
    verdict = judged(case, RESULTS, run_compiled, jobs=2)

    assert verdict.passes, verdict
