"""The books closed at the end of a run: what it cuts short is booked and written down."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import CAUSES, Ledger, book, book_forming, book_wait, give_back
from sim.kernel.hands import write_hand
from sim.kernel.jit import called, compiled
from sim.kernel.layout import (
    F_BERTH_2,
    H_CAUSE,
    H_CLOSURE,
    H_FIRST,
    H_NEXT,
    H_ROW,
    H_STOPPED,
    K_AT_WORK,
    K_NOW,
    K_STAYS,
    K_VESSELS,
    K_VISITS,
    L_YARD,
    N_CREATED,
    N_STEP,
    P_LEG,
    R_STATION,
    S_DETAIL,
    S_KIND,
    T_NEXT,
    T_REQUEST,
    T_SECONDS,
    U_BERTH_START,
    U_BERTHED,
    U_END,
    U_FLEET,
    V_ABOARD,
    V_ASKED,
    V_DEPOT,
    V_ENDED,
    V_TAKEN,
    Y_STATION,
    Rows,
)
from sim.kernel.queues import write_stay, write_visit
from sim.plan import NEVER, Cause, Kind

Ints = NDArray[np.int64]

METER = int(Kind.METER)
POOL = int(Kind.POOL)
YARD = int(Kind.YARD)
QUEUE = int(Cause.QUEUE)
CLOSED = int(Cause.CLOSED)
STORAGE = int(Cause.STORAGE)
PATH = int(Cause.PATH)


@compiled
def close_all(  # noqa: C901 - one loop for each thing that may be open
    station: Ints,
    row_table: Ints,
    pool: Ints,
    leg: Ints,
    fleet: Ints,
    yard: Ints,
    vessel: Ints,
    hand: Ints,
    vehicle: Rows,
    inside: Ints,
    known: Ints,
    queue_first: Ints,
    visits: Rows,
    stays: Rows,
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    spell: Ints,
    classes: int,
) -> None:
    """Close queues, services in hand, berths, vehicles under way and consignments inside.

    Parameters
    ----------
    inside
        Consignments that have not finished, with those that have yet to enter.
    known
        Vehicles, at least those under way.
    visits, stays
        With room for all that is open.
    """
    end_s, first_vehicle = run[K_NOW], len(trav) - len(vehicle)
    close_locomotives(vehicle, known, row_table, visits, run)
    close_queues(
        station, pool, leg, yard, vehicle, queue_first, visits, stays,
        trav, share, ledger, run, sizes, spell, classes, first_vehicle - len(pool),
    )  # fmt: skip
    h = run[K_AT_WORK]
    while h != NEVER:
        s, t = row_table[hand[h, H_ROW], R_STATION], hand[h, H_FIRST]
        stopped_s = end_s - hand[h, H_STOPPED]
        while hand[h, H_STOPPED] != NEVER and t != NEVER:
            cause, by = hand[h, H_CAUSE], hand[h, H_CLOSURE]
            book(trav, share, ledger, run, sizes, t, s, cause, by, stopped_s)
            t = trav[t, T_NEXT]
        write_hand(hand, trav, visits, stays, run, h, s, NEVER, first_vehicle)
        h = hand[h, H_NEXT]
    for u in range(run[K_VESSELS]):
        i = vessel[u, U_BERTHED]
        if i != NEVER:
            berth = fleet[vessel[u, U_FLEET], F_BERTH_2 + vessel[u, U_END]]
            request_s, start_s = trav[first_vehicle + i, T_REQUEST], vessel[u, U_BERTH_START]
            write_visit(visits, run[K_VISITS], i, berth, request_s, start_s, NEVER)
            run[K_VISITS] += 1
    for i in known:
        if vehicle[i, V_ENDED] == NEVER:
            t = first_vehicle + i
            give_back(trav, share, ledger, run, sizes, t, end_s)
            n = vehicle[i, V_ABOARD]
            while n != NEVER:
                for cause in range(CAUSES):
                    trav[n, T_SECONDS + cause] += trav[t, T_SECONDS + cause]
                n = trav[n, T_NEXT]
    for at in range(len(inside)):
        n = inside[at]
        if trav[n, N_STEP] != NEVER:
            give_back(trav, share, ledger, run, sizes, n, end_s)
        elif trav[n, N_CREATED] < end_s:
            outside_s = end_s - trav[n, N_CREATED]
            book(trav, share, ledger, run, sizes, n, NEVER, CLOSED, NEVER, outside_s)


@called
def close_locomotives(
    vehicle: Rows, known: Ints, row_table: Ints, visits: Rows, run: Ints
) -> None:
    """Write down the locomotives that wait with their trains (R11)."""
    for i in known:
        row = vehicle[i, V_DEPOT]
        if row != NEVER:
            s, asked_s, taken_s = (
                row_table[row, R_STATION],
                vehicle[i, V_ASKED],
                vehicle[i, V_TAKEN],
            )
            write_visit(visits, run[K_VISITS], i, s, asked_s, taken_s, NEVER)
            run[K_VISITS] += 1


@called
def close_queues(
    station: Ints,
    pool: Ints,
    leg: Ints,
    yard: Ints,
    vehicle: Rows,
    queue_first: Ints,
    visits: Rows,
    stays: Rows,
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    spell: Ints,
    classes: int,
    consignments: int,
) -> None:
    """Book and write down the waits that the end of the run cuts short."""
    end_s, first_vehicle = run[K_NOW], consignments + len(pool)
    for q in range(len(queue_first)):
        s, t = q // classes, queue_first[q]
        kind = station[s, S_KIND]
        cause = STORAGE if kind == YARD else (PATH if kind == METER else QUEUE)
        while t != NEVER:
            request_s = trav[t, T_REQUEST]
            if kind == POOL:
                p = station[s, S_DETAIL]
                y = leg[pool[p, P_LEG], L_YARD]
                places = (s, s if y == NEVER else yard[y, Y_STATION])
                book_forming(
                    trav, share, ledger, run, sizes, station, spell,
                    pool, p, vehicle, t, places, end_s,
                )  # fmt: skip
            else:
                book_wait(
                    trav, share, ledger, run, sizes, station, spell,
                    t, s, cause, request_s, end_s,
                )  # fmt: skip
            if t >= first_vehicle:
                i = t - first_vehicle
                write_visit(visits, run[K_VISITS], i, s, request_s, NEVER, NEVER)
                run[K_VISITS] += 1
            elif t < consignments:
                write_stay(stays, run[K_STAYS], t, s, request_s, NEVER, NEVER, NEVER)
                run[K_STAYS] += 1
            t = trav[t, T_NEXT]
