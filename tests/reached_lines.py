"""Run tests and tell which lines of the kernel they never reached, as JSON on the last line.

In: arguments of pytest; numba must be off (NUMBA_DISABLE_JIT=1). Out: its exit code, and
`file: function: line: text` of every line that can run and did not.
"""

import json
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import pytest

KERNEL = Path(__file__).resolve().parents[1] / "sim/kernel"


class Reached:
    """Lines of one folder that have run; a function of which every line has is left alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._left: dict[CodeType, set[int]] = {}
        self.lines: dict[str, set[int]] = defaultdict(set)

    def trace(self, frame: FrameType, _: str, __: Any) -> Any:  # noqa: ANN401 - of settrace
        """Return what follows a call line by line, None where nothing is left to see."""
        code = frame.f_code
        if not code.co_filename.startswith(self._folder):
            return None
        left = self._left.setdefault(code, lines_of(code))
        reached = self.lines[Path(code.co_filename).name]

        def follow(frame: FrameType, event: str, _: Any) -> Any:  # noqa: ANN401
            if event == "line":
                left.discard(frame.f_lineno)
                reached.add(frame.f_lineno)
            return follow if left else None

        reached.add(frame.f_lineno)
        left.discard(frame.f_lineno)
        return follow if left else None


def lines_of(code: CodeType) -> set[int]:
    """Return the lines of a function, without those of functions inside it."""
    return {line for _, _, line in code.co_lines() if line}


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """Return a module or a function and all that is defined in it, outer ones first."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from codes_of(inner)


def unreached(file: Path, reached: set[int]) -> list[str]:
    """Return the lines of a module that can run and have not, with their functions."""
    text = file.read_text(encoding="utf-8")
    named: dict[int, str] = {}
    for code in codes_of(compile(text, str(file), "exec")):
        for line in lines_of(code):
            named.setdefault(line, code.co_qualname)
    said = text.splitlines()
    return [
        f"{file.name}: {named[line]}: {line}: {said[line - 1].strip()}"
        for line in sorted(set(named) - reached)
    ]


def main() -> int:
    """Run pytest under the trace; return its exit code."""
    reached = Reached(KERNEL)
    threading.settrace(reached.trace)
    sys.settrace(reached.trace)
    code = pytest.main(sys.argv[1:])
    sys.settrace(None)
    told = [
        line
        for file in sorted(KERNEL.glob("*.py"))
        for line in unreached(file, reached.lines[file.name])
    ]
    sys.stdout.write("\n" + json.dumps(told) + "\n")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
