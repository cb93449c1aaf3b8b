"""With numba off, the random plans and worked cases reach every line of the kernel."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
FILES = ("kernel_cases", "kernel", "tallies", "restart")
CHOSEN = (
    "kernel_cases or random_plan or one_row or more_demand or begins_at or full_ledger "
    "or earlier_version or any_number_of_threads or differ or told or given_back "
    "or ends_in_its_window"
)
"""Random plans in both modes, from small tables and from states; worked cases."""
FOR_NUMBA = "writes machine code, which is only asked for where numba is on"
ALLOWED = {
    "jit.py: _whole": FOR_NUMBA,
    "jit.py: _ownerless": FOR_NUMBA,
    "jit.py: _digits": FOR_NUMBA,
    "jit.py: _digits.<locals>.code": FOR_NUMBA,
    "jit.py: _bit_length": FOR_NUMBA,
    "jit.py: _without_owner": FOR_NUMBA,
    "jit.py: _without_owner.<locals>.code": FOR_NUMBA,
    "jit.py: _borrowed": FOR_NUMBA,
    "jit.py: _of_known_rows": FOR_NUMBA,
    "jit.py: _of_known_rows.<locals>.code": FOR_NUMBA,
    "jit.py: _rows_of": FOR_NUMBA,
    "jit.py: _compiled": FOR_NUMBA,
    "jit.py: _take_any_number": FOR_NUMBA,
    "jit.py: _take_any_number.<locals>.get_call_template": FOR_NUMBA,
    "jit.py: _touch.<locals>.touch": FOR_NUMBA,
    "jit.py: _touch.<locals>.touch.<locals>.code": FOR_NUMBA,
    "jit.py: _fetch": FOR_NUMBA,
    "jit.py: _prefetch": FOR_NUMBA,
    "jit.py: _prefetch_read": FOR_NUMBA,
}
"""Functions of which lines may stay unreached, and why."""
NOT_YET = frozenset([
    "core.py: advance: y = trav[n, N_YARD]",
    "core.py: advance: yard[y, Y_OCCUPIED] -= flow[trav[n, N_FLOW], O_TEU]",
    "core.py: advance: mark(ready, is_ready, yard[y, Y_STATION])",
    "counting.py: count_visits: stock[end, stock.shape[1] - 1] -= load",
    "difference.py: _told: value = {cause.name: int(value[cause]) for cause in Cause if value[cause]}",  # noqa: E501 - a line as it stands
    "difference.py: _told: names: tuple[str, ...] = getattr(legend, NAMED[short])",
    'difference.py: _told: parts[-1] += f" ({names[value.item()]})"',
    "forming.py: take_aboard: at = room[at, ROOM_NEXT]",
    "state.py: _events.<locals>.<listcomp>: at_s << 32 | k.MARK << k.KIND_BIT | rank",
    "vessels.py: is_wanted: call(events, station, s, barred_s)",
])  # fmt: skip
"""Lines that no plan and no case reaches so far; it may only grow shorter."""
GUARD = "elif last == NEVER: who is first in a queue always boards; a train never leaves empty"
GUARDED = ("elif last == NEVER:", "break")


def is_allowed(lines: list[str], at: int) -> bool:
    """Return whether an unreached line has its reason, or is known not to be reached."""
    file, function, number, source = lines[at].split(": ", 3)
    if f"{file}: {function}" in ALLOWED or f"{file}: {function}: {source.strip()}" in NOT_YET:
        return True
    said = (TESTS.parent / "sim/kernel" / file).read_text(encoding="utf-8").splitlines()
    here = int(number) - 1
    return (said[here - 1].strip(), said[here].strip()) == GUARDED


@pytest.mark.verify
def test_every_line_of_the_kernel_is_reached_with_numba_off() -> None:
    files = [str(TESTS / f"test_{name}.py") for name in FILES]
    options = ["-q", "-p", "no:cacheprovider", "-m", "not verify and not slow", "-k", CHOSEN]
    told = subprocess.run(
        [sys.executable, str(TESTS / "reached_lines.py"), *options, *files],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
    )

    assert told.returncode == 0, told.stdout
    lines = json.loads(told.stdout.splitlines()[-1])
    assert [line for at, line in enumerate(lines) if not is_allowed(lines, at)] == []
