"""Draws before a run, by machine code: the same numbers as `sim.draws` (R3-R5)."""

import numpy as np
from numpy.typing import NDArray

from sim.draws.replication import draw
from sim.kernel.arithmetic import mix, value_of
from sim.kernel.jit import compiled
from sim.plan import Draws, Plan

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_MASK = 0xFFFF_FFFF_FFFF_FFFF


def drawn(plan: Plan, seed: int, replication: int) -> Draws:
    """Return `sim.draws.draw` of a replication."""
    # Interpreted, keys overflow with a warning where machine code wraps in silence.
    with np.errstate(over="ignore"):
        return draw(plan, seed, replication, quantiles)


def quantiles(table: Ints, a: Words | int, b: Words | Ints | int) -> Ints:
    """Return `sim.draws.tables.mixed_quantiles` of one word and an array, or the reverse."""
    if isinstance(a, int):
        return _from_one(table, np.uint64(a & _MASK), np.asarray(b).view(np.uint64))
    return _with_one(table, a, np.uint64(int(b) & _MASK))


@compiled
def _from_one(table: Ints, a: np.uint64, b: Words) -> Ints:
    values = np.empty(len(b), np.int64)
    for at in range(len(b)):
        values[at] = value_of(table, mix(a, b[at]))
    return values


@compiled
def _with_one(table: Ints, a: Words, b: np.uint64) -> Ints:
    values = np.empty(len(a), np.int64)
    for at in range(len(a)):
        values[at] = value_of(table, mix(a[at], b))
    return values
