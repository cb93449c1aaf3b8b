"""The command line's own promises: exit codes, one message, streams."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands.door import status_of
from network.errors import NetworkError, Problem
from sim.errors import GridlockError, PlanError, ResultsError, ScenarioError
from sim.version import VERSION

ROOT = Path(__file__).resolve().parents[1]
TWO = (Problem("a.yaml:1:2", "unknown key 'x'"), Problem("a.yaml:3:4", "must be > 0"))


def raising(error: BaseException) -> Callable[[], None]:
    def action() -> None:
        raise error

    return action


def keruen(*arguments: str, encoding: str = "utf-8") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "cli.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={"PYTHONIOENCODING": encoding},
        check=False,
    )


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ScenarioError(TWO), 2),
        (NetworkError(TWO), 2),
        (PlanError("no path left on a-b"), 2),
        (ResultsError("no such run"), 2),
        (GridlockError("a waits for b waits for a"), 1),
        (OSError(28, "No space left on device"), 1),
        (ZeroDivisionError("division by zero"), 1),
        (KeyboardInterrupt(), 130),
        (SystemExit(130), 130),
        (SystemExit(3), 3),
        (SystemExit(), 0),
    ],
    ids=repr,
)
def test_every_end_has_its_exit_code(error: BaseException, status: int) -> None:
    assert status_of(raising(error), debug=False) == status


def test_what_succeeds_says_nothing_and_exits_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(lambda: "an answer", debug=False) == 0
    assert capsys.readouterr() == ("", "")


def test_all_problems_are_listed_one_a_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    status_of(raising(ScenarioError(TWO)), debug=False)

    assert capsys.readouterr() == (
        "",
        "a.yaml:1:2: unknown key 'x'\na.yaml:3:4: must be > 0\n",
    )


def test_traceback_is_shown_only_with_debug(capsys: pytest.CaptureFixture[str]) -> None:
    status_of(raising(ZeroDivisionError("1/0")), debug=False)
    quiet = capsys.readouterr().err
    status_of(raising(ZeroDivisionError("1/0")), debug=True)
    loud = capsys.readouterr().err

    assert quiet == (
        "keruen: internal error, ZeroDivisionError: 1/0\nWith --debug it shows where.\n"
    )
    assert "Traceback" in loud
    assert loud.endswith(quiet)


def test_interruption_is_said_in_one_word(capsys: pytest.CaptureFixture[str]) -> None:
    status_of(raising(KeyboardInterrupt()), debug=False)

    assert capsys.readouterr().err == "Interrupted.\n"


def test_version_is_printed() -> None:
    result = keruen("--version")

    assert (result.stdout, result.returncode) == (f"keruen {VERSION}\n", 0)


def test_unknown_command_exits_2_on_stderr() -> None:
    result = keruen("rnu")

    assert (result.stdout, result.returncode) == ("", 2)
    assert "No such command 'rnu'" in result.stderr


def test_debug_may_stand_anywhere() -> None:
    assert keruen("--version", "--debug").returncode == 0
    assert keruen("--debug", "--version").returncode == 0


SAY = "from commands.door import degrade_gently; degrade_gently(); print('1.5 ± 0.2 → Қ')"


@pytest.mark.parametrize(
    ("encoding", "said"), [("utf-8", "1.5 ± 0.2 → Қ\n"), ("ascii", "1.5 +/- 0.2 -> ?\n")]
)
def test_stream_that_cannot_say_a_sign_says_it_plainly(encoding: str, said: str) -> None:
    result = subprocess.run(
        [sys.executable, "-c", SAY],
        cwd=ROOT,
        capture_output=True,
        env={"PYTHONIOENCODING": encoding},
        check=True,
    )

    assert result.stdout.decode(encoding) == said


TALK = """
import sys
from commands.door import status_of

def talk():
    for line in range(100_000):
        print(line)

sys.exit(status_of(talk, debug=False))
"""


def test_reader_that_leaves_early_is_no_error() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TALK], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()

        assert process.stderr.read() == b""
        assert process.wait() == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("open", "nowhere"), "report.html: no such file; keruen report nowhere writes it"),
        (("network", "visit", "dostyk", "--mode", "rial"), "'rial' is not one of 'rail', 'road'"),
        (("network", "visit", "dostyk", "--load", "boxes"), "'boxes' is not one of 'box'"),
    ],
)
def test_wrong_argument_exits_2_with_what_is_allowed(
    arguments: tuple[str, ...], message: str
) -> None:
    result = keruen(*arguments)

    assert (result.stdout, result.returncode) == ("", 2)
    assert message in " ".join(result.stderr.split())
