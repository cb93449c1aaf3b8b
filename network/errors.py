"""What can be wrong with what a user gave, as one message that lists every problem.

``KeruenError`` is the root of every error that this project raises on purpose;
``commands.door`` shows its message and never a traceback.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Problem(NamedTuple):
    """One thing that is wrong, and where."""

    where: str
    """``file:line`` or ``file:line:column``, or a row's table and id."""
    message: str
    """What was found, and what is allowed or was probably meant."""

    def __str__(self) -> str:
        """Return ``where: message``, the form that editors and terminals can click.

        What is wrong outside of all files has no place: its message stands alone.
        """
        return f"{self.where}: {self.message}" if self.where else self.message


class KeruenError(Exception):
    """Root of the errors that are raised on purpose and carry a message for the user."""


class NetworkError(KeruenError):
    """A network that breaks a rule: all problems of all its files at once.

    Parameters
    ----------
    problems
        At least one, in the order in which they are to be read.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        """Return every problem, one a line."""
        return "\n".join(map(str, self.problems))
