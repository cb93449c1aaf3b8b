"""Choice of route by random utility (R5).

In: log shares from the compiler, keys of routes and consignments. Out: the
route of each consignment: the greatest log share + Gumbel(consignment, route),
by integers. An added route can only attract; nobody swaps between the others.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix, mix_array
from sim.draws.tables import (
    GUMBEL_UNIT,
    Ints,
    Quantiles,
    Words,
    gumbel_table,
    mixed_quantiles,
    quantile,
)
from sim.plan import NEVER, PPM

NO_SHARE = -(1 << 60)
"""Log share of a route that nobody may take."""
_HALF_BITS = 32


def log_share_fp(share: float) -> int:
    """Return the logarithm of a share, in 1 / `GUMBEL_UNIT`.

    Parameters
    ----------
    share
        0 to 1; only ratios of shares matter. 0 gives `NO_SHARE`.
    """
    return round(math.log(share) * GUMBEL_UNIT) if share > 0 else NO_SHARE


def is_among(word: int, share_ppm: int) -> bool:
    """Return whether one of many is among a share of them.

    Parameters
    ----------
    word
        Key of its service time; mixed once more, it says nothing about that time.
    share_ppm
        Parts per million.
    """
    return (mix(word, 1) >> _HALF_BITS) * PPM >> _HALF_BITS < share_ppm


def choose(log_share: Ints, route_keys: Words, consignment_key: int, stream: int) -> int:
    """Return the index of the route that one consignment takes.

    Parameters
    ----------
    log_share
        (C,) of `log_share_fp`, C at least 1.
    route_keys
        (C,) keys of the routes; of equal utilities the smaller key wins.
    consignment_key
        Of `consignment_keys`.
    stream
        Of `stream(seed, replication, CHOICE)`.
    """
    table = gumbel_table()
    own = mix(stream, consignment_key)
    utilities = (
        (share + quantile(table, mix(own, key)), -key, index)
        for index, (share, key) in enumerate(
            zip(log_share.tolist(), route_keys.tolist(), strict=True)
        )
    )
    return max(utilities)[2]


def choose_routes(
    stream: int,
    consignment_keys: Words,
    route_keys: Words,
    log_share: Ints,
    is_barred: NDArray[np.bool_] | None = None,
    *,
    quantiles: Quantiles = mixed_quantiles,
) -> NDArray[np.int32]:
    """Return `choose` for every consignment of one flow.

    Parameters
    ----------
    stream
        Of `stream(seed, replication, CHOICE)`.
    consignment_keys
        (N,) of `consignment_keys`.
    route_keys, log_share
        (C,), as in `choose`.
    is_barred
        (N, C) routes that a consignment may not take; None: it may take all.
    quantiles
        `mixed_quantiles`, or another that gives the same.

    Returns
    -------
    (N,) indices of routes; NEVER where all are barred.
    """
    if len(route_keys) == 1 and is_barred is None:
        return np.zeros(len(consignment_keys), dtype=np.int32)
    table = gumbel_table()
    own = mix_array(stream, consignment_keys)
    chosen = np.full(len(own), NEVER, dtype=np.int32)
    greatest = np.full(len(own), np.iinfo(np.int64).min)
    for index in np.argsort(route_keys, kind="stable"):
        utility = log_share[index] + quantiles(table, own, int(route_keys[index]))
        is_greater = utility > greatest
        if is_barred is not None:
            is_greater &= ~is_barred[:, index]
        chosen[is_greater] = index
        greatest[is_greater] = utility[is_greater]
    return chosen
