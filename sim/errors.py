"""What can go wrong between a scenario file and its results.

All are ``KeruenError``: their message says where, what was found and what to do.
"""

from collections.abc import Sequence

from network.errors import KeruenError, Problem


class ScenarioError(KeruenError):
    """A scenario file that cannot be used: all its problems at once.

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


class PlanError(KeruenError):
    """A scenario and a network that are sound apart and cannot be run together."""


class GridlockError(KeruenError):
    """A cycle of holders that wait for each other; the message names the cycle."""


class ResultsError(KeruenError):
    """Results that are missing, unfinished, of another version, or not comparable."""
