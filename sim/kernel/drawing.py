"""Draws before a run, by machine code: the same numbers as `sim.draws` (R3-R5)."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sim.draws.arrivals import Methods, gaps_within
from sim.draws.consignments import Consignments, draw_consignments
from sim.draws.hashing import ARRIVAL, stream
from sim.draws.hashing import mix as mixed
from sim.draws.replication import draw
from sim.draws.tables import UNIT
from sim.kernel.arithmetic import mix, value_of
from sim.kernel.jit import compiled
from sim.plan import Draws, Plan

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_HALF_BITS, _HALF = 16, 0xFFFF


def drawn(plan: Plan, seed: int, replication: int) -> Draws:
    """Return `sim.draws.draw` of a replication."""
    # Interpreted, keys overflow with a warning where machine code wraps in silence.
    with np.errstate(over="ignore"):
        return draw(plan, seed, replication, BY_MACHINE)


def drawn_pieces(
    plan: Plan, seed: int, replication: int, closures: Draws, until_s: Sequence[int]
) -> Iterator[Consignments]:
    """Yield what `sim.draws.draw_consignments` does."""
    return draw_consignments(plan, seed, replication, closures, until_s, methods=BY_MACHINE)


def mean_consignments(plan: Plan) -> int:
    """Return how many consignments a replication has on average, rounded down."""
    within = zip(plan.flow_together.tolist(), _within_fp(plan), strict=True)
    return int(sum(together * sum(limits_fp) for together, limits_fp in within)) // UNIT


def most_consignments(plan: Plan, seed: int, replication: int) -> int:
    """Return how many consignments a replication can have, a few more than are drawn."""
    arrival, most = stream(seed, replication, ARRIVAL), 0
    with np.errstate(over="ignore"):
        for flow, limits_fp in enumerate(_within_fp(plan)):
            table = plan.law_table[plan.flow_gap_law[flow]]
            own = np.uint64(mixed(arrival, int(plan.flow_key[flow])))
            for step, limit_fp in zip((_MASK, 1), limits_fp, strict=True):
                gaps = _gaps_up_to(table, own, np.uint64(step), limit_fp)
                most += int(plan.flow_together[flow]) * gaps
    return most


def _within_fp(plan: Plan) -> Iterator[tuple[int, int]]:
    """Yield the sums of unit gaps within which the arrivals of each flow lie, back and ahead."""
    bounds_s = (-plan.window_start_s, plan.horizon_s - plan.window_start_s)
    for flow, together in enumerate(plan.flow_together.tolist()):
        breaks = slice(int(plan.intensity_first[flow]), int(plan.intensity_first[flow + 1]))
        time_s, value_fp = plan.intensity_s[breaks], plan.intensity_fp[breaks]
        yield gaps_within(time_s, value_fp, *bounds_s, together)


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


@compiled
def _gaps_up_to(table: Ints, own: np.uint64, step: np.uint64, limit_fp: int) -> int:
    """Return how many unit gaps end up to a limit, from the window's start on or back."""
    count, sum_fp, ordinal = 0, 0, step
    while True:
        sum_fp += value_of(table, mix(own, ordinal))
        if sum_fp > limit_fp:
            return count
        count += 1
        ordinal += step


@compiled
def instants(wanted_fp: Ints, time_s: Ints, value_fp: Ints) -> Ints:
    """Return `sim.draws.arrivals.instants`."""
    passed = np.empty(len(wanted_fp), np.int64)
    after = 1
    for at in range(len(wanted_fp)):
        while value_fp[after] < wanted_fp[at]:
            after += 1
        rest_fp = wanted_fp[at] - value_fp[after - 1]
        rise_fp = max(value_fp[after] - value_fp[after - 1], 1)
        length_s = time_s[after] - time_s[after - 1]
        part_fp = rest_fp * (length_s >> _HALF_BITS)
        high, low_fp = part_fp // rise_fp, rest_fp * (length_s & _HALF)
        over_fp = (part_fp - high * rise_fp << _HALF_BITS) + low_fp + rise_fp // 2
        passed[at] = time_s[after - 1] + (high << _HALF_BITS) + over_fp // rise_fp
    return passed


BY_MACHINE = Methods(quantiles, instants)
