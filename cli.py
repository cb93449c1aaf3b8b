"""The command line: parses arguments, prints, sets exit codes; nothing else.

A command is a function of this module marked ``@app.command()``, above ``main``. It imports
the rooms it needs inside itself, so that ``--help`` stays fast, calls one function of them,
and prints what comes back. It catches nothing: ``status_of`` turns every error into one
message and an exit code, for all commands alike.
"""

import codecs
import os
import sys
import traceback
from collections.abc import Callable
from functools import partial
from typing import Annotated, Final

import typer

from network.errors import KeruenError
from sim.errors import GridlockError
from sim.version import VERSION

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

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"keruen {VERSION}")
        raise typer.Exit


@app.callback()
def keruen(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print it and stop."
        ),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error; may stand anywhere.")
    ] = False,
) -> None:
    """Freight-routing simulation of the Trans-Kazakhstan corridors."""
    del version, debug  # the one has its callback, the other is taken by ``main``


def main() -> int:
    """Exit status of this process's command line: 0, 1, 2, 3 or 130."""
    arguments = sys.argv[1:]
    debug = "--debug" in arguments
    arguments = [argument for argument in arguments if argument != "--debug"]
    _degrade_gently()
    return status_of(partial(app, arguments, prog_name="keruen"), debug=debug)


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


def _degrade_gently() -> None:
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


if __name__ == "__main__":
    sys.exit(main())
