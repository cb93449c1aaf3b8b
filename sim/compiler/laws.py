"""The laws of a plan, each built once and found by its index (R3, R9).

In: laws and cvs by name, as rows ask for them. Out: the stack of quantile tables.
"""

import numpy as np

from sim.compiler.clock import HOUR_S
from sim.draws import build_table, check_range
from sim.draws.tables import MEAN_UNIT_PER_S, Ints
from sim.errors import PlanError

CV_DIGITS = 6
NO_CV = {"deterministic": 0.0, "exponential": 1.0}


class Laws:
    """Quantile tables in the order in which they were first asked for."""

    def __init__(self) -> None:
        self._index: dict[tuple[str, float], int] = {}
        self._tables: list[Ints] = []

    def index(self, law: str, cv: float, *, mean_fp: int = 1) -> int:
        """Return the index of a law, building its table if it is new.

        Parameters
        ----------
        law
            One of the laws of `sim.draws`.
        cv
            Standard deviation over mean; 0 makes every law deterministic.
        mean_fp
            Greatest mean drawn with it, in 1/256 s.

        Raises
        ------
        PlanError
            If the law, the cv or the mean is out of range.
        """
        cv = round(cv, CV_DIGITS)
        key = ("deterministic", 0.0) if cv == 0 else (law, cv)
        if key not in self._index:
            self._index[key] = len(self._tables)
            self._tables.append(build_table(*key))
        check_range(self._tables[self._index[key]], mean_fp)
        return self._index[key]

    def stack(self) -> Ints:
        """Return all tables, (N, 3, 65537)."""
        return np.stack(self._tables)


def cv_of(where: str, law: str, cv: float | None) -> float:
    """Return the cv of a law as a row states it.

    Raises
    ------
    PlanError
        If the law needs a cv and has none, or is not named at all.
    """
    if law in NO_CV:
        return NO_CV[law]
    if not law:
        msg = f"{where}: law is empty; must be named, such as deterministic or lognormal"
        raise PlanError(msg)
    if cv is None:
        msg = f"{where}: cv is empty; a {law} law needs one"
        raise PlanError(msg)
    return cv


def mean_fp(hours: float) -> int:
    """Return a mean in 1/256 s, at least 1."""
    return max(1, round(hours * HOUR_S * MEAN_UNIT_PER_S))
