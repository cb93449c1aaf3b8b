"""The door of the command line: errors become one message and an exit code.

In: what the user asked for, as a function. Out: the status of the process, streams that can
say what is printed.
"""

import codecs
import os
import sys
import traceback
from collections.abc import Callable
from typing import Final

from network.errors import KeruenError
from sim.errors import GridlockError

DONE: Final = 0
FAILED: Final = 1
BAD_INPUT: Final = 2
INTERRUPTED: Final = 130

_PLAIN: Final = {
    "±": "+/-",
    "×": "x",
    "–": "-",
    "—": "-",
    "→": "->",
    "≥": ">=",
    "≤": "<=",
    "₂": "2",
}


def status_of(action: Callable[[], object], *, debug: bool) -> int:
    """Exit status of an action, with one message on stderr if it failed.

    Parameters
    ----------
    action
        What the user asked for. A ``SystemExit`` it raises keeps its code.
    debug
        Whether an error shows its traceback above the message.

    Returns
    -------
    0 done, 1 the run failed, 2 bad input, 130 interrupted, or the code of a ``SystemExit``
    (3: some points of a sweep failed).
    """
    try:
        status = _code_of(action)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = INTERRUPTED
    except BrokenPipeError:
        # The reader has left (``keruen … | head``): nothing more can be said to it, not
        # even by Python while it shuts down.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last door: no user sees a traceback
        if debug:
            traceback.print_exc()
        message, status = _verdict(error)
        print(message, file=sys.stderr)
    if status == INTERRUPTED:
        print("Interrupted.", file=sys.stderr)
    return status


def _code_of(action: Callable[[], object]) -> int:
    try:
        action()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else DONE if end.code is None else FAILED
    return DONE


def _verdict(error: Exception) -> tuple[str, int]:
    if isinstance(error, KeruenError):
        return str(error), FAILED if isinstance(error, GridlockError) else BAD_INPUT
    if isinstance(error, OSError):
        return f"keruen: {error}", FAILED
    kind = type(error).__name__
    return f"keruen: internal error, {kind}: {error}\nWith --debug it shows where.", FAILED


def degrade_gently() -> None:
    """Let streams that cannot say ``±`` say ``+/-``, and ``?`` for what has no such form."""
    codecs.register_error("keruen.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.encoding.lower().replace("-", "") != "utf8":
            stream.reconfigure(errors="keruen.plain")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unsayable = error.object[error.start : error.end]
    return "".join(_PLAIN.get(character, "?") for character in unsayable), error.end
