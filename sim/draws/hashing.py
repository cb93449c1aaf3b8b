"""Keys of draws: 64-bit integer hashes of ids, ordinals and streams (R3).

In: ids and small integers. Out: words of 64 bits. The scalar forms work on
Python integers, the array forms on uint64; both give the same words. A key is
chained, `mix(mix(stream, station_key), consignment_key)`, so that a part
which does not change is mixed once.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

SERVICE = 1
CHOICE = 2
CLOSURE = 3
ARRIVAL = 4

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_STEP = 0x9E37_79B9_7F4A_7C15
_FIRST = 0xBF58_476D_1CE4_E5B9
_SECOND = 0x94D0_49BB_1331_11EB


def stable_key(text: str) -> int:
    """Return the key of an id: the same word in every process and version.

    Parameters
    ----------
    text
        Id of a row; of a flow, its id without the year.
    """
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def mix(a: int, b: int) -> int:
    """Return a word in which every bit depends on all bits of both words.

    Parameters
    ----------
    a
        Key so far, 0 to 2**64 - 1.
    b
        What is added to it: a key, or an ordinal of either sign.

    Notes
    -----
    Output `b` of the generator splitmix64 whose state is `a`: for one `a`,
    different `b` never give the same word.

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number
    generators, figure 16; constants of Stafford's variant 13.
    """
    z = (a + (b + 1) * _STEP) & _MASK
    z = ((z ^ (z >> 30)) * _FIRST) & _MASK
    z = ((z ^ (z >> 27)) * _SECOND) & _MASK
    return z ^ (z >> 31)


def mix_array(a: ArrayLike | int, b: ArrayLike | int) -> NDArray[np.uint64]:
    """Return `mix` of two arrays, or of an array and one word.

    Parameters
    ----------
    a, b
        uint64, or int64 ordinals of either sign; shapes broadcast.

    Returns
    -------
    Words in the broadcast shape.
    """
    with np.errstate(over="ignore"):
        z = _words(a) + (_words(b) + np.uint64(1)) * np.uint64(_STEP)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(_FIRST)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(_SECOND)
        mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


def stream(seed: int, replication: int, purpose: int) -> int:
    """Return the word from which the keys of one purpose in one replication begin.

    Parameters
    ----------
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0.
    purpose
        One of the constants of this module, so that purposes never share a draw.
    """
    return mix(mix(mix(0, seed), replication), purpose)


def _words(values: ArrayLike | int) -> NDArray[np.uint64]:
    """Return words as uint64; ordinals below zero count down from 2**64."""
    if isinstance(values, int):
        return np.asarray(values & _MASK, dtype=np.uint64)
    array = np.asarray(values)
    return array if array.dtype == np.uint64 else array.astype(np.int64).view(np.uint64)
