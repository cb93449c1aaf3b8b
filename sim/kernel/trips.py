"""Trips that begin without load: first moorings and empty repositionings (R3, R12)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import mix
from sim.kernel.jit import compiled
from sim.kernel.layout import (
    F_COUNT,
    F_DAY,
    V_DEPARTED,
    V_LEG,
    V_LOAD,
    V_POOL,
    V_VESSEL,
)

Ints = NDArray[np.int64]

INITIAL, EMPTY = 1, 2
"""Set apart the keys of first moorings and of empty trips from those of loaded ones."""


@compiled
def begin_empty(
    vehicle: Ints,
    fleet: Ints,
    i: int,
    g: int,
    u: int,
    kind_and_end: int,
    service_key: np.uint64,
    pool_and_leg: tuple[int, int],
    now_s: int,
    day: int,
) -> np.uint64:
    """Write down a trip without load; return its key.

    Parameters
    ----------
    vehicle, fleet
        Tables; the row of vehicle `i` is new.
    u
        Vessel that makes it.
    kind_and_end
        Kind of trip x 2 + end.
    day
        Date, as in `Plan.first_day`.
    """
    if fleet[g, F_DAY + kind_and_end - 2] != day:
        fleet[g, F_DAY + kind_and_end - 2] = day
        fleet[g, F_COUNT + kind_and_end - 2] = 0
    fleet[g, F_COUNT + kind_and_end - 2] += 1
    vehicle[i, V_POOL] = pool_and_leg[0]
    vehicle[i, V_LEG] = pool_and_leg[1]
    vehicle[i, V_DEPARTED] = now_s
    vehicle[i, V_LOAD] = 0
    vehicle[i, V_VESSEL] = u
    key = mix(mix(service_key, np.uint64(kind_and_end)), np.uint64(day))
    return mix(key, np.uint64(fleet[g, F_COUNT + kind_and_end - 2]))
