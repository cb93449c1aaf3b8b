"""Wagons that services share: given where they are, fetched where they are missing (R12)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.heap import mark, push
from sim.kernel.jit import borrowed, called
from sim.kernel.layout import (
    A_BOUND,
    A_POOL,
    A_POOL_END,
    A_READY,
    A_STATION,
    COUNT_BITS,
    COUNT_MASK,
    KIND_BIT,
    P_FILLED,
    P_STATION,
    P_WAGONS,
    P_WANTS,
    W_PLACE,
    W_PLACE_END,
    WAGONS,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@called
def next_wanting(pool: Ints, place: Ints, place_pool: Ints, a: int, after: int) -> int:
    """Return the pool at a place whose train wants wagons, in order of (filled, rank).

    Parameters
    ----------
    after
        The one before it in that order, or NEVER: the first.
    """
    pool, place, place_pool = borrowed((pool, place, place_pool))
    found = NEVER
    for at in range(place[a, A_POOL], place[a, A_POOL_END]):
        p = place_pool[at]
        if not pool[p, P_WANTS]:
            continue
        filled_s = pool[p, P_FILLED]
        if after != NEVER and (
            filled_s < pool[after, P_FILLED] or (filled_s == pool[after, P_FILLED] and p <= after)
        ):
            continue
        # Pools of a place stand by rank.
        if found == NEVER or filled_s < pool[found, P_FILLED]:
            found = p
    return found


@called
def grant_wagons(
    wagon: Ints,
    place: Ints,
    place_pool: Ints,
    empty_s: Ints,
    pool: Ints,
    events: Ints,
    ready: Ints,
    is_ready: Flags,
    w: int,
    now_s: int,
) -> None:
    """Give wagons to filled trains, then send empty ones; there must be an event for each pool."""
    for a in range(wagon[w, W_PLACE], wagon[w, W_PLACE_END]):
        p = next_wanting(pool, place, place_pool, a, NEVER)
        while p != NEVER and pool[p, P_WANTS] <= place[a, A_READY]:
            place[a, A_READY] -= pool[p, P_WANTS]
            pool[p, P_WAGONS], pool[p, P_WANTS] = pool[p, P_WANTS], 0
            mark(ready, is_ready, pool[p, P_STATION])
            p = next_wanting(pool, place, place_pool, a, NEVER)
    for a in range(wagon[w, W_PLACE], wagon[w, W_PLACE_END]):
        left = place[a, A_READY] + place[a, A_BOUND]
        p = next_wanting(pool, place, place_pool, a, NEVER)
        while p != NEVER:
            left -= pool[p, P_WANTS]
            if left < 0:
                source = nearest_spare(wagon, place, place_pool, empty_s, pool, w, a, -left)
                if source == NEVER:
                    break
                place[source, A_READY] += left
                place[a, A_BOUND] -= left
                come_s = now_s + empty_s[source, a - wagon[w, W_PLACE]]
                push(events, come_s << 32 | WAGONS << KIND_BIT | a << COUNT_BITS | -left)
                left = 0
            p = next_wanting(pool, place, place_pool, a, p)


@called
def nearest_spare(
    wagon: Ints,
    place: Ints,
    place_pool: Ints,
    empty_s: Ints,
    pool: Ints,
    w: int,
    a: int,
    wagons: int,
) -> int:
    """Return the place nearest to another that can spare so many wagons, or NEVER."""
    wagon, place, empty_s = borrowed((wagon, place, empty_s))
    place_pool, pool = borrowed((place_pool, pool))
    found, found_s = NEVER, 0
    for source in range(wagon[w, W_PLACE], wagon[w, W_PLACE_END]):
        way_s = empty_s[source, a - wagon[w, W_PLACE]]
        if source == a or way_s == NEVER or place[source, A_READY] < wagons:
            continue
        is_wanted = next_wanting(pool, place, place_pool, source, NEVER) != NEVER
        if not is_wanted and (found == NEVER or way_s < found_s):
            found, found_s = source, way_s
    return found


@called
def wagons_come(place: Ints, station_ready: Ints, is_ready: Flags, index: int) -> None:
    """Have wagons ready at the place for which they were bound."""
    a, wagons = index >> COUNT_BITS, index & COUNT_MASK
    place[a, A_READY] += wagons
    place[a, A_BOUND] -= wagons
    mark(station_ready, is_ready, place[a, A_STATION])
