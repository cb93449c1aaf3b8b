"""The books of the kernel: every second to a place, a cause and a flow (R23).

`share` (M, 3) says for whom a second counts: flow, consignments, next share of the
same traveller; a traveller's first share stands in its row, NEVER for one that is
not measured. `spell` (M, 5) holds the times in which stations were shut.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import borrowed, called, compiled, inlined
from sim.kernel.layout import (
    K_KEYS,
    K_WANTING,
    P_AT_HAND,
    P_FILLED,
    P_FIRST,
    P_FREE,
    P_OPEN,
    S_CAUSE,
    S_CLOSURE,
    S_SHUT,
    S_SPELL,
    SHARE_COUNT,
    SHARE_FLOW,
    SHARE_NEXT,
    SPELL_BEFORE,
    SPELL_CAUSE,
    SPELL_CLOSURE,
    SPELL_END,
    SPELL_START,
    T_BEGUN,
    T_REQUEST,
    T_ROW,
    T_SECONDS,
    T_SHARE,
    T_UNTIL,
    V_AFTER,
    V_DEPARTED,
    V_GATES,
    Rows,
)
from sim.plan import NEVER, Cause

Ints = NDArray[np.int64]
Seconds = NDArray[np.int32]

CAUSES = len(Cause)
FILLING = int(Cause.FILLING)
DEPARTURE = int(Cause.DEPARTURE)
STORAGE = int(Cause.STORAGE)

_SPREAD = -7046029254386353131  # the odd golden-ratio constant of 64 bits, signed


class Ledger(NamedTuple):
    """Consignment-seconds: a row for each place, cause and closure, a column for each flow."""

    key: Ints
    """(power of two, 2) open hash table: key + 1, and the row."""
    seconds: Ints
    """(rows, flows)."""


@inlined
def ledger_row(ledger: Ledger, run: Ints, last: int, key: int) -> int:
    """Return the row of a key; count it if it is new, say so if there is no room for it.

    Parameters
    ----------
    last
        Last row of `Ledger.key`.
    """
    at = ((key * _SPREAD) >> 20) & last
    while ledger.key[at, 0] != key + 1:
        if ledger.key[at, 0] == 0:
            if run[K_KEYS] * 8 >= (last + 1) * 7:
                # The run is begun again.
                run[K_WANTING] = 1
                return 0
            ledger.key[at, 0], ledger.key[at, 1] = key + 1, run[K_KEYS]
            run[K_KEYS] += 1
            break
        at = (at + 1) & last
    row: int = ledger.key[at, 1]
    return row


@compiled
def keys_in(rows: Ints, size: int) -> Ints:
    """Return a `Ledger.key` of so many rows with the keys of another, or of (M, 2) rows."""
    keys = np.zeros((size, 2), np.int64)
    for row in range(len(rows)):
        if rows[row, 0]:
            at = (((rows[row, 0] - 1) * _SPREAD) >> 20) & (size - 1)
            while keys[at, 0]:
                at = (at + 1) & (size - 1)
            keys[at, 0], keys[at, 1] = rows[row, 0], rows[row, 1]
    return keys


@inlined
def book(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    t: int,
    place: int,
    cause: int,
    closure: int,
    seconds: int,
) -> None:
    """Book a traveller's seconds, for a vehicle to all that it has aboard.

    Parameters
    ----------
    sizes
        Closures of the plan, and the last row of `Ledger.key`.
    t
        Traveller: a consignment, or a vehicle after the last consignment.
    """
    trav[t, T_SECONDS + cause] += seconds
    at = trav[t, T_SHARE]
    if at == NEVER:
        return
    key = ((place + 1) * CAUSES + cause) * (sizes[0] + 1) + closure + 1
    row = ledger_row(ledger, run, sizes[1], key)
    while at != NEVER:
        ledger.seconds[row, share[at, SHARE_FLOW]] += seconds * share[at, SHARE_COUNT]
        at = share[at, SHARE_NEXT]


@inlined
def begin(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    t: int,
    place: int,
    cause: int,
    now_s: int,
    seconds: int,
) -> None:
    """Book motion or service that begins now, in full."""
    book(trav, share, ledger, run, sizes, t, place, cause, NEVER, seconds)
    trav[t, T_UNTIL] = now_s + seconds
    trav[t, T_BEGUN] = place * CAUSES + cause


@called
def give_back(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    t: int,
    end_s: int,
) -> None:
    """Take away what a traveller began and lies beyond an end."""
    trav, share, ledger, run = borrowed((trav, share, ledger, run))
    rest_s = trav[t, T_UNTIL] - end_s
    if rest_s > 0:
        place, cause = divmod(int(trav[t, T_BEGUN]), CAUSES)
        book(trav, share, ledger, run, sizes, t, place, cause, NEVER, -rest_s)
        trav[t, T_UNTIL] = end_s


@inlined
def book_wait(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    station: Ints,
    spell: Ints,
    t: int,
    place: int,
    cause: int,
    from_s: int,
    to_s: int,
) -> None:
    """Book a wait at a station: the time it was shut to its closure, the rest to `cause`."""
    rest_s = to_s - from_s
    since_s = station[place, S_SHUT]
    if since_s != NEVER and since_s < to_s:
        shut_s = to_s - max(from_s, since_s)
        by, closure = station[place, S_CAUSE], station[place, S_CLOSURE]
        book(trav, share, ledger, run, sizes, t, place, by, closure, shut_s)
        rest_s -= shut_s
    at = station[place, S_SPELL]
    while at != NEVER and spell[at, SPELL_END] > from_s:
        shut_s = min(to_s, spell[at, SPELL_END]) - max(from_s, spell[at, SPELL_START])
        if shut_s > 0:
            by, closure = spell[at, SPELL_CAUSE], spell[at, SPELL_CLOSURE]
            book(trav, share, ledger, run, sizes, t, place, by, closure, shut_s)
            rest_s -= shut_s
        at = spell[at, SPELL_BEFORE]
    if rest_s:
        book(trav, share, ledger, run, sizes, t, place, cause, NEVER, rest_s)


@inlined
def book_gates(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    station: Ints,
    spell: Ints,
    t: int,
    places: tuple[int, int],
    passed_s: tuple[int, int, int, int],
    from_s: int,
    to_s: int,
) -> None:
    """Book a wait in a pool through the gates of a forming vehicle, in their order (R23).

    Parameters
    ----------
    places
        The pool's station, and that of the yard at the end of its leg, else its own again.
    passed_s
        When it was filled, a vehicle at hand, its departure free, its service open; NEVER:
        not yet.
    """
    for gate in range(3):
        gate_s = to_s if passed_s[gate] == NEVER else min(passed_s[gate], to_s)
        if gate_s > from_s:
            # Filling, wagons and departure follow each other in `Cause`.
            book(
                trav, share, ledger, run, sizes,
                t, places[0], FILLING + gate, NEVER, gate_s - from_s,
            )  # fmt: skip
            from_s = gate_s
    open_s = to_s if passed_s[3] == NEVER else min(passed_s[3], to_s)
    if open_s > from_s:
        book_wait(
            trav, share, ledger, run, sizes, station, spell,
            t, places[0], DEPARTURE, from_s, open_s,
        )  # fmt: skip
        from_s = open_s
    if to_s > from_s:
        book(
            trav, share, ledger, run, sizes,
            t, places[1], STORAGE, NEVER, to_s - from_s,
        )  # fmt: skip


@inlined
def book_forming(
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    station: Ints,
    spell: Ints,
    pool: Ints,
    p: int,
    vehicle: Rows,
    n: int,
    places: tuple[int, int],
    until_s: int,
) -> None:
    """Book a consignment's wait in a pool; who was left behind has passed two gates (R23)."""
    gates = (pool[p, P_FILLED], pool[p, P_AT_HAND], pool[p, P_FREE], pool[p, P_OPEN])
    from_s = trav[n, T_REQUEST]
    before = trav[n, T_ROW]
    missed = pool[p, P_FIRST] if before == NEVER else vehicle[before, V_AFTER]
    if missed != NEVER:
        left_s = vehicle[missed, V_DEPARTED]
        passed = (
            vehicle[missed, V_GATES], vehicle[missed, V_GATES + 1],
            vehicle[missed, V_GATES + 2], vehicle[missed, V_GATES + 3],
        )  # fmt: skip
        book_gates(
            trav, share, ledger, run, sizes, station, spell,
            n, places, passed, from_s, left_s,
        )  # fmt: skip
        from_s = left_s
        gates = (left_s, left_s, gates[2], gates[3])
    book_gates(
        trav, share, ledger, run, sizes, station, spell,
        n, places, gates, from_s, until_s,
    )  # fmt: skip
