"""`keruen verify-engines`: identical with a hash, or the first row that differs."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import typer

from commands.verifying import verify_engines
from sim.experiment import agreement
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import Draws, Plan, Trace

ROOT = Path(__file__).resolve().parents[1]
SHORT = ["window.warm_up_days=5", "window.run_out_days=5"]
WITHOUT_NUMBA = """
import sys
sys.modules["numba"] = None
import cli
sys.argv = ["keruen", "verify-engines", "small-corridor", "--days", "1"]
sys.exit(cli.main())
"""


def a_second_late(plan: Plan, draws: Draws, seed: int, replication: int) -> Trace:
    """Return the trace of the compiled engine with a fault in its last stay."""
    trace = run_compiled(plan, draws, seed, replication)
    late_s = trace.stay_end_s.copy()
    late_s[-1] += 1
    return trace._replace(stay_end_s=late_s)


def test_engines_that_agree_are_identical_with_a_hash(capsys: pytest.CaptureFixture[str]) -> None:
    verify_engines("small-corridor", days=5, replications=2, sets=SHORT)

    lines = capsys.readouterr().out.splitlines()
    assert [line.rpartition(": ")[2] for line in lines[::2]] == ["identical"] * 2
    first, second = (line.removeprefix("  trace ") for line in lines[1::2])
    assert len(first) == len(second) == 64
    assert first != second


def test_first_row_that_differs_is_told_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreement, "run_compiled", a_second_late)

    with pytest.raises(typer.Exit) as end:
        verify_engines("small-corridor", days=5, sets=SHORT, as_json=True)

    assert end.value.exit_code == 1
    (told,) = json.loads(capsys.readouterr().out)
    row = told["difference"].partition(" of stay: ")[0]
    assert 0 < int(np.int64(row.removeprefix("row "))) < told["rows"]
    assert " (pool:" in told["difference"] or " (f_" in told["difference"]


def test_without_numba_one_message_says_what_to_install() -> None:
    command = [sys.executable, "-c", WITHOUT_NUMBA]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert (result.stdout, result.returncode) == ("", 2)
    assert result.stderr == (
        "verify-engines: there is no numba, so no compiled engine to hold against the reference "
        "engine; install the extra `fast` (pip install 'keruen[fast]')\n"
    )
