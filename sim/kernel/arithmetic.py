"""Draws and durations inside the kernel: the same integers as `sim.draws` (R2, R3, R9, R15).

Keys are uint64 throughout: a sum of int64 and uint64 would become a float.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import called, inlined, prefetch_read
from sim.kernel.layout import N_KEY, R_MEAN_TEU, R_SERVERS, R_SHUT, S_ROW, S_ROW_END, Rows

Ints = NDArray[np.int64]

PPM = 1_000_000
LEAST_LOAD = 3
LEAST_LOAD_OF = 10

_ONE = np.uint64(1)
_STEP = np.uint64(0x9E37_79B9_7F4A_7C15)
_FIRST = np.uint64(0xBF58_476D_1CE4_E5B9)
_SECOND = np.uint64(0x94D0_49BB_1331_11EB)
_SHIFTS = np.uint64(30), np.uint64(27), np.uint64(31)
_TO_STEP = np.uint64(48)
_TO_FINER_STEP = np.uint64(32)
_HALF, _LOW = np.uint64(32), np.uint64(0xFFFF_FFFF)
_TO_FRACTION = np.uint64(24)
_TO_FINER_FRACTION = np.uint64(8)
_LAST_STEP = 65_535
_FRACTION = np.uint64(0xFF_FFFF)


@inlined
def mix(a: np.uint64, b: np.uint64) -> np.uint64:
    """Return a word in which every bit depends on all bits of both words."""
    z = a + (b + _ONE) * _STEP
    z = (z ^ (z >> _SHIFTS[0])) * _FIRST
    z = (z ^ (z >> _SHIFTS[1])) * _SECOND
    return z ^ (z >> _SHIFTS[2])


@inlined
def is_among(h: np.uint64, share_ppm: int) -> bool:
    """Return whether the hash of a service time, hashed once more, falls into a share (R8)."""
    of_two_to_32 = np.int64(mix(h, _ONE) >> _TO_FINER_STEP)
    return bool(of_two_to_32 * PPM < share_ppm << 32)


@inlined
def value_of(table: Ints, h: np.uint64) -> int:
    """Return the value that a hash draws from a law, in the table's unit.

    Parameters
    ----------
    table
        (3, 65537), see `Plan.law_table`.
    h
        Hash of the draw's key.
    """
    row = 0
    step = np.int64(h >> _TO_STEP)
    fraction = h >> _TO_FRACTION
    if step in (0, _LAST_STEP):
        row = 1 if step == 0 else 2
        step = np.int64(h >> _TO_FINER_STEP) & _LAST_STEP
        fraction = h >> _TO_FINER_FRACTION
    low = int(table[row, step])
    return between(low, int(table[row, step + 1]) - low, fraction)


@inlined
def between(low: int, rise: int, fraction: np.uint64) -> int:
    """Return the value so many parts of 2**24 of the way from a quantile to the next."""
    return int(low + ((rise * np.int64(fraction & _FRACTION) + (1 << 23)) >> 24))


@inlined
def value_drawn(law_table: Ints, law_middle: NDArray[np.int32], law: int, h: np.uint64) -> int:
    """Return the value that a hash draws from a law, in the table's unit.

    Parameters
    ----------
    law_table
        (N, 3, 65537), see `Plan.law_table`.
    law_middle
        (N, 65537) its first rows: draws wait for half as many lines of memory.
    law
        Which of them.
    h
        Hash of the draw's key.
    """
    step = np.int64(h >> _TO_STEP)
    if step in (0, _LAST_STEP):
        return value_of(law_table[law], h)
    low = int(law_middle[law, step])
    rise = int(law_middle[law, step + 1]) - low
    return between(low, rise, h >> _TO_FRACTION)


@inlined
def around_s(value: int, mean_fp: int) -> int:
    """Return a value of a law as a duration around a mean: whole seconds, at least 1.

    Parameters
    ----------
    mean_fp
        Mean in 1/256 s.
    """
    return max(1, int(value * mean_fp + (1 << 27)) >> 28)


@inlined
def key_of(trav: Rows, n: int) -> np.uint64:
    """Return the key of a consignment (R3)."""
    low = np.uint64(np.uint32(trav[n, N_KEY]))
    return np.uint64(np.uint32(trav[n, N_KEY + 1])) << _HALF | low


def halves(key: NDArray[np.uint64]) -> Rows:
    """Return `(N, 2)` the halves of keys, as `key_of` takes them."""
    both = np.stack((key & _LOW, key >> _HALF), axis=1)
    return both.astype(np.uint32).view(np.int32)


@inlined
def draw_s(
    law_table: Ints, law_middle: NDArray[np.int32], law: int, h: np.uint64, mean_fp: int
) -> int:
    """Return the duration around a mean that a hash draws from a law."""
    return around_s(value_drawn(law_table, law_middle, law, h), mean_fp)


@inlined
def foresee(law_middle: NDArray[np.int32], law: int, h: np.uint64) -> None:
    """Let the step from which `value_drawn` will draw be brought into the cache.

    It lies anywhere in a quarter of a megabyte: to wait for it took a quarter of the loop's time.
    """
    prefetch_read(law_middle[law], int(h >> _TO_STEP))


@inlined
def slowed_s(duration_s: int, factor_ppm: int) -> int:
    """Return a duration begun under a rate factor: divided by it, half up, at least 1."""
    if factor_ppm == PPM:
        return duration_s
    return max(1, (duration_s * PPM + factor_ppm // 2) // factor_ppm)


@inlined
def scaled_mean_fp(mean_fp: int, load_teu: int, ref_load: int) -> int:
    """Return the mean for a train's load; `ref_load` has the stated mean (R9)."""
    load = max(LEAST_LOAD_OF * load_teu, LEAST_LOAD * ref_load)
    whole = LEAST_LOAD_OF * ref_load
    return (mean_fp * load + whole // 2) // whole


@called
def lift_s(station: Ints, row_table: Ints, s: int, load_teu: int) -> int:
    """Return how long the open rows of a station take to lift a load (R12).

    Parameters
    ----------
    load_teu
        Thousandths of a TEU.
    """
    rate = 0
    for row in range(station[s, S_ROW], station[s, S_ROW_END]):
        if not row_table[row, R_SHUT] and row_table[row, R_MEAN_TEU]:
            rate += (row_table[row, R_SERVERS] << 48) // row_table[row, R_MEAN_TEU]
    return (int(load_teu) << 40) // (1000 * rate) if rate else 0
