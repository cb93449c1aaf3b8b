"""What is counted of a run (Tallies), and what the reader wants counted (Watch).

In: nothing. Out: named tuples of flat integer arrays. `measures` makes its tables from
Tallies alone; they are filled from a Trace (`measures.tally`), or by the compiled engine
as it runs, without one: the same numbers.

Index letters as in the Plan, and N consignments, D days of the window, B bins of waits,
X lines, O stated waits. The window is [start, end): its end is that of the Plan, or the
second after the run's end where that came first. An unfinished wait or service lasts to
the run's end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Seconds = NDArray[np.int32]

BIN_BITS = 7
"""Waits below 2**8 s have a bin for each second; from there each doubling has 2**7 bins, so a
value found in a bin is at most 1/128 of itself away from any other in it."""


def bins_up_to(seconds: int) -> int:
    """Return the number of bins for waits of 0 to `seconds`."""
    shift = max(0, seconds.bit_length() - BIN_BITS - 1)
    return (shift << BIN_BITS) + (seconds >> shift) + 1


def instants_by_class(
    load_class: NDArray[np.integer[Any]], created_s: Seconds, finished_s: Seconds, classes: int
) -> Ints:
    """Return by load class the number of instants at which a consignment came or went.

    Parameters
    ----------
    load_class, created_s, finished_s
        (N,) of each consignment; it has not finished where the last is negative.
    """
    counts = np.zeros(classes, np.int64)
    for c in np.flatnonzero(np.bincount(load_class)).tolist():
        mine = load_class == c
        moments = np.concatenate((created_s[mine], finished_s[mine & (finished_s >= 0)]))
        # Sorted: numpy hashes to find unlike numbers, which takes thirty times as long.
        moments.sort()
        counts[c] = 1 + np.count_nonzero(np.diff(moments))
    return counts


class Watch(NamedTuple):
    """What is to be counted beyond the plan's own stations, flows and legs."""

    station_line: Ints
    """(S,) line whose passages are ends of visits there, or NEVER."""
    leg_line: Ints
    """(L,) line whose passages are ends of this leg, or NEVER."""
    lines: int
    """X."""
    station_holds: Ints
    """(S,) bits: a wait of a vehicle is noted if its leg has one of them too."""
    leg_holds: Ints
    """(L,) bits."""
    wait_over_s: Ints
    """(O,) waits of which the longer ones are counted."""
    by_flow: bool
    """Whether waits of consignments are added up by flow."""


class Tallies(NamedTuple):
    """What was counted of one run; loads are thousandths of a TEU equivalent."""

    ended_s: int
    """Instant at which the run stopped."""
    end_s: int
    """The window's end, or the second after the run's end."""

    # --- consignments (N,), all that were created by the run's end
    consignment_flow: NDArray[np.int16]
    consignment_number: Seconds
    consignment_route: Seconds
    consignment_created_s: Seconds
    consignment_finished_s: Seconds
    consignment_status: NDArray[np.int8]
    consignment_delay_s: Seconds
    """Sum of the waiting causes."""
    consignment_booked_s: Seconds
    """Sum of all causes."""
    created_cause_s: Ints
    """(F, causes) seconds of those created in the window."""
    cohort_cause_s: Ints
    """(F, causes) seconds of those of them that were not refused."""
    class_instants: Ints
    """(classes,) instants at which one of the class came or went."""

    # --- vehicles
    vehicles_laden: int
    """Departures in the window with load."""
    vehicles_empty: int
    fleet_away_s: Ints
    """(G,) vehicle-seconds under way in the window."""
    leg_vehicles: Ints
    """(L,) vehicles whose leg ended in the window."""
    leg_load: Ints

    # --- stations (S,): visits of vehicles and of consignments
    visits: Ints
    """Requested in the window."""
    load: Ints
    """Carried by those."""
    begun: Ints
    """Those of them that started by the run's end."""
    wait_s: Ints
    """Waits of those that started."""
    wait_max_s: Ints
    """Longest of them, NEVER without any."""
    wait_count: Ints
    """(S, B) waits of those that started, by bin."""
    wait_sum_s: Ints
    """(S, B) seconds in each bin."""
    ended: Ints
    """Requested in the window, and ended by the run's end."""
    service_s: Ints
    """From start to end of those."""
    busy_s: Ints
    """From start to end of all visits, inside the window."""
    entered: Ints
    """Started in the window."""
    passed: Ints
    """Visits of vehicles that ended in the window."""
    passed_load: Ints
    pool_joined: Ints
    """Stays of consignments created in the window."""
    is_used: NDArray[np.bool_]
    """Whether any visit lay in the window, in part."""

    # --- days of the window (S, D)
    day_ended: Ints
    day_load: Ints
    """Carried by the visits that ended that day."""
    day_waiting_s: Ints
    """Visits waiting times seconds."""
    day_load_s: Ints
    """Load waiting or in service times seconds."""
    day_queue_max: Ints
    """Most that waited, after all that happened in an instant."""

    # --- by flow, if asked for
    flow_begun: Ints
    """(S, F) stays requested in the window that started, or (0, 0)."""
    flow_wait_s: Ints
    wait_over: Ints
    """(O, S) visits requested in the window that waited longer."""
    line_passed: Ints
    """(X, F) consignments that passed each line of the Watch in the window."""

    # --- spans that have to be laid over each other, sorted
    held_s: Ints
    """(M, 2) waits of vehicles noted for the Watch, inside the window: from, to."""
    late_s: Ints
    """(M, 3) station, start, end of services that overlap, inside the window, a time in which
    a row of their station was shut; not of batches."""
    batch_s: Ints
    """(M, 4) station, start, end, visits: services of batches that began and ended together."""

    # --- stock
    stock: Ints
    """(2, S + 1) load just before the window's start and end at each station, and aboard
    vehicles that were at none."""

    # --- the ledger of those created in the window, as in the Trace
    ledger_place: Seconds
    ledger_cause: Seconds
    ledger_closure: Seconds
    ledger_flow: Seconds
    ledger_s: Ints

    closure_index: Seconds
    closure_start_s: Seconds
    closure_end_s: Seconds
    gridlock: Seconds
    """(M, 5), as in the Trace."""
    gridlock_pool: Seconds
    """(M,) pool in which each of those loads waits, or from which its train came."""

    # --- faults, of which there should be none
    misplaced: Ints
    """(M, 3) consignment, station, second of the first stay begun while still elsewhere."""
    misloaded: Ints
    """(M, 4) vehicle, departure, load, and what boarded it, of the first where they differ."""
