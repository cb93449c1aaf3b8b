"""Chance for random plans: durations on a common grain, so that instants tie on purpose."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np

LETTERS = "abcdefghijklmnopqrstuvwxyz"

Choice = TypeVar("Choice")


class Chance:
    """Random choices of one plan: its grain, its scale, its horizon, its names."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 20_241])
        self._grain_s = int(self._rng.choice([1, 1, 10, 60]))
        self._scale_s = int(self._rng.choice([60, 300, 1200]))
        self._horizon_s = self._grained(self._scale_s * self._rng.uniform(30, 200))
        self._names: set[str] = set()

    def _has(self, probability: float) -> bool:
        return bool(self._rng.random() < probability)

    def _count(self, least: int, most: int) -> int:
        return int(self._rng.integers(least, most + 1))

    def _pick(self, things: Sequence[Choice]) -> Choice:
        return things[self._count(0, len(things) - 1)]

    def _grained(self, seconds: float) -> int:
        return max(1, round(seconds / self._grain_s)) * self._grain_s

    def _span(self, least: float, most: float) -> int:
        """Return a duration between two multiples of the plan's scale."""
        return self._grained(self._scale_s * self._rng.uniform(least, most))

    def _instant(self) -> int:
        return self._grained(self._rng.uniform(0, self._horizon_s)) - self._grain_s

    def _name(self, kind: str) -> str:
        while True:
            name = f"{self._pick(LETTERS)}{self._pick(LETTERS)}.{kind}"
            if name not in self._names:
                self._names.add(name)
                return name
