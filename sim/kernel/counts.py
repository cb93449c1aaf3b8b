"""What is counted of a run: its tables and their columns (R20-R24).

A row of the trace that is counted is forgotten. What it cannot say alone is kept with its
consignment (`N_RELEASE` on) or vehicle (`W_*`) meanwhile.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import Seconds
from sim.kernel.growth import longer

Ints = NDArray[np.int64]

# --- columns of stations
A_WHOLE, A_WHOLE_S, A_LOAD, A_LONGEST, A_PASSED, A_PASSED_LOAD, A_JOINED = range(7)
"""A_WHOLE, A_WHOLE_S: visits that began, were served and ended in the window, and how long
they were served. All others are counted apart:"""
A_VISITS, A_ENDED, A_SERVICE, A_BUSY, A_ENTERED, A_USED = range(7, 13)
STATION_COUNTS = 13

# --- columns of days: what began less what ended, and its seconds of the day it began
D_WAITING, D_WAITING_S, D_STORED, D_STORED_S, D_ENDED, D_LOAD = range(6)
DAY_COUNTS = 6

# --- vehicles
W_LOAD, W_MIX, W_TURNED, W_PLACED = 0, 1, 2, 3
"""What boarded, whose (first of linked rows), when it was turned away, bits of the ends of
the window at which it was at a station."""
ABOARD = 4
"""From this bit on: at which it was aboard, as long as no visit says otherwise."""
VEHICLE_COUNTS = 4
MIX_FLOW, MIX_COUNT, MIX_NEXT = 0, 1, 2

# --- the numbers of a count
I_LADEN, I_EMPTY, I_HELD, I_LATE, I_BATCH, I_MIX, I_FREE_MIX = range(7)
"""I_HELD, I_LATE, I_BATCH: rows used; I_MIX, I_FREE_MIX: rows used, first of the unused."""
NUMBERS = 7


class Counts(NamedTuple):
    """What has been counted; letters as in `Tallies`."""

    window: Ints
    """(2,) start and end."""
    numbers: Ints
    station: Ints
    """(S, 13) totals."""
    day: Ints
    """(S, D + 1, 6); the last day is after the window."""
    wait: Ints
    """(S, B, 2) visits, and their seconds."""
    flow_wait: Ints
    """(S, F, 2), or (0, 0, 2)."""
    over_s: Ints
    over: Ints
    """(O, S)."""
    line: Ints
    """(X, F)."""
    stock: Ints
    """(2, S + 1)."""
    fleet_away_s: Ints
    leg: Ints
    """(L, 2) vehicles and load."""
    cause_s: Ints
    """(2, F, causes) of those created in the window and refused, and of the others."""
    held_s: Ints
    late_s: Ints
    batch_s: Ints
    """Rows of spans; there must be room for those of a pause."""
    shut_at: Ints
    """(S,) as for `runs_late`."""
    mix: Ints
    """(M, 3) linked rows: consignments of a flow aboard a vehicle; there must be room."""
    vehicle: Ints
    """(V, 4)."""
    ended_s: Seconds
    """(V,) when its leg ended, or NEVER: asked for when its row may be gone."""
    misplaced: Ints
    misloaded: Ints
    """One row each; the first number NEVER as long as there is none."""


class Marks(NamedTuple):
    """What is fixed about what is counted."""

    station_line: Ints
    leg_line: Ints
    leg_has_line: NDArray[np.bool_]
    """(L,) whether a line lies on it, so that it matters whose load a vehicle carries."""
    station_holds: Ints
    leg_holds: Ints
    pool_leg: Ints
    leg_fleet: Ints
    is_special: NDArray[np.bool_]
    """(S,) pools, servers of batches and those that are shut at times."""
    shut_first: Ints
    """(S + 1,) first span of each station."""
    shut_s: Ints
    """(M, 2) spans of the window in which a row of the station was shut, apart, ascending."""


class Records(NamedTuple):
    """What stays of every consignment (N,), in little memory: it is held for the whole run."""

    flow: NDArray[np.int16]
    number: Seconds
    route: Seconds
    created_s: Seconds
    finished_s: Seconds
    status: NDArray[np.int8]
    delay_s: Seconds
    booked_s: Seconds


def with_room(counts: Counts, rows: int) -> Counts:
    """Return the same count with room for the spans of so many rows more."""
    used = {"held_s": I_HELD, "late_s": I_LATE, "batch_s": I_BATCH, "mix": I_MIX}
    wanted = {
        name: int(counts.numbers[number]) + rows
        for name, number in used.items()
        if len(getattr(counts, name)) < counts.numbers[number] + rows
    }
    larger = {name: longer(getattr(counts, name), size, 0) for name, size in wanted.items()}
    return counts._replace(**larger) if larger else counts
