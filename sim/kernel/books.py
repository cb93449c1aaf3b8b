"""The books of the kernel: every second to a place, a cause and a flow (R23).

`ledger` is an open hash table (power of two, 2): key + 1 and consignment-seconds.
`share` (M, 3) says for whom a second counts: flow, consignments, next share of
the same traveller; a traveller's first share stands in its row, NEVER for one that
is not measured. `spell` (M, 5) holds the times in which stations were shut:
start, end, cause, closure, the spell before at the same station. `shut` (S, 4):
since when a station is shut (NEVER: open), cause, closure, its last spell.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import compiled
from sim.kernel.layout import SHARE_COUNT, SHARE_FLOW, SHARE_NEXT, T_SHARE
from sim.plan import NEVER, Cause

Ints = NDArray[np.int64]

CAUSES = len(Cause)
FILLING = int(Cause.FILLING)
DEPARTURE = int(Cause.DEPARTURE)
STORAGE = int(Cause.STORAGE)

SPELL_START, SPELL_END, SPELL_CAUSE, SPELL_CLOSURE, SPELL_BEFORE = 0, 1, 2, 3, 4
SHUT_SINCE, SHUT_CAUSE, SHUT_CLOSURE, SHUT_SPELL = 0, 1, 2, 3

_SPREAD = -7046029254386353131  # the odd golden-ratio constant of 64 bits, signed


@compiled
def add(ledger: Ints, filled: Ints, key: int, seconds: int) -> None:
    """Add seconds to a key; `filled[0]` counts keys, `filled[1]` says that room is wanting."""
    size = len(ledger)
    at = ((key * _SPREAD) >> 20) & (size - 1)
    while ledger[at, 0] != key + 1:
        if ledger[at, 0] == 0:
            if filled[0] * 8 >= size * 7:
                filled[1] = 1
                return
            filled[0] += 1
            ledger[at, 0] = key + 1
            break
        at = (at + 1) & (size - 1)
    ledger[at, 1] += seconds


@compiled
def enlarged(ledger: Ints) -> Ints:
    """Return the same ledger with four times the room."""
    larger = np.zeros((4 * len(ledger), 2), np.int64)
    filled = np.zeros(2, np.int64)
    for at in range(len(ledger)):
        if ledger[at, 0]:
            add(larger, filled, ledger[at, 0] - 1, ledger[at, 1])
    return larger


@compiled
def book(
    cause_s: NDArray[np.int32],
    trav: Ints,
    share: Ints,
    ledger: Ints,
    filled: Ints,
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
        Closures and flows of the plan.
    t
        Traveller: a consignment, or a vehicle after the last consignment.
    """
    cause_s[t, cause] += seconds
    at = trav[t, T_SHARE]
    if at == NEVER:
        return
    key = (((place + 1) * CAUSES + cause) * (sizes[0] + 1) + closure + 1) * sizes[1]
    while at != NEVER:
        add(ledger, filled, key + share[at, SHARE_FLOW], seconds * share[at, SHARE_COUNT])
        at = share[at, SHARE_NEXT]


@compiled
def book_wait(
    cause_s: NDArray[np.int32],
    trav: Ints,
    share: Ints,
    ledger: Ints,
    filled: Ints,
    sizes: tuple[int, int],
    shut: Ints,
    spell: Ints,
    t: int,
    place: int,
    cause: int,
    from_s: int,
    to_s: int,
) -> None:
    """Book a wait at a station: the time it was shut to its closure, the rest to `cause`."""
    rest_s = to_s - from_s
    since_s = shut[place, SHUT_SINCE]
    if since_s != NEVER and since_s < to_s:
        shut_s = to_s - max(from_s, since_s)
        book(
            cause_s, trav, share, ledger, filled, sizes,
            t, place, shut[place, SHUT_CAUSE], shut[place, SHUT_CLOSURE], shut_s,
        )  # fmt: skip
        rest_s -= shut_s
    at = shut[place, SHUT_SPELL]
    while at != NEVER and spell[at, SPELL_END] > from_s:
        shut_s = min(to_s, spell[at, SPELL_END]) - max(from_s, spell[at, SPELL_START])
        if shut_s > 0:
            book(
                cause_s, trav, share, ledger, filled, sizes,
                t, place, spell[at, SPELL_CAUSE], spell[at, SPELL_CLOSURE], shut_s,
            )  # fmt: skip
            rest_s -= shut_s
        at = spell[at, SPELL_BEFORE]
    if rest_s:
        book(cause_s, trav, share, ledger, filled, sizes, t, place, cause, NEVER, rest_s)


@compiled
def book_gates(
    cause_s: NDArray[np.int32],
    trav: Ints,
    share: Ints,
    ledger: Ints,
    filled: Ints,
    sizes: tuple[int, int],
    shut: Ints,
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
                cause_s, trav, share, ledger, filled, sizes,
                t, places[0], FILLING + gate, NEVER, gate_s - from_s,
            )  # fmt: skip
            from_s = gate_s
    open_s = to_s if passed_s[3] == NEVER else min(passed_s[3], to_s)
    if open_s > from_s:
        book_wait(
            cause_s, trav, share, ledger, filled, sizes, shut, spell,
            t, places[0], DEPARTURE, from_s, open_s,
        )  # fmt: skip
        from_s = open_s
    if to_s > from_s:
        book(
            cause_s, trav, share, ledger, filled, sizes,
            t, places[1], STORAGE, NEVER, to_s - from_s,
        )  # fmt: skip
