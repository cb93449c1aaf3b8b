"""Services in hand that closing can stop: they go on, or begin anew, at opening (R15)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import Ledger, begin, book, give_back
from sim.kernel.breakdowns import work
from sim.kernel.closures import holder
from sim.kernel.heap import push
from sim.kernel.jit import called
from sim.kernel.layout import (
    H_CAUSE,
    H_CLOSURE,
    H_DRAWN,
    H_ENDS,
    H_FIRST,
    H_LEFT,
    H_NEXT,
    H_PREV,
    H_ROW,
    H_SIZE,
    H_START,
    H_STOPPED,
    HAND,
    K_AT_WORK,
    K_FREE_HAND,
    K_GOING,
    K_HANDS,
    K_RUNNING,
    K_STAYS,
    K_VISITS,
    KIND_BIT,
    R_AT_CLOSING,
    R_BREAKDOWN,
    R_SHUT,
    R_STATION,
    T_NEXT,
    T_REQUEST,
    Rows,
)
from sim.kernel.queues import write_stay, write_visit
from sim.plan import NEVER, AtClosing, Cause

Ints = NDArray[np.int64]

RESTART = int(AtClosing.RESTART)
SERVICE = int(Cause.SERVICE)


@called
def take_in_hand(hand: Ints, events: Ints, run: Ints, row: int, now_s: int, drawn_s: int) -> int:
    """Return a service that begins now; its travellers are yet to be added.

    There must be room for one more, and for its end among the events.
    """
    h: int = run[K_FREE_HAND]
    if h == NEVER:
        h = run[K_HANDS]
        run[K_HANDS] += 1
    else:
        run[K_FREE_HAND] = hand[h, H_NEXT]
    hand[h, H_ROW], hand[h, H_FIRST], hand[h, H_SIZE] = row, NEVER, 0
    hand[h, H_START], hand[h, H_DRAWN] = now_s, drawn_s
    hand[h, H_ENDS], hand[h, H_STOPPED] = now_s + drawn_s, NEVER
    first = run[K_AT_WORK]
    hand[h, H_NEXT], hand[h, H_PREV] = first, NEVER
    if first != NEVER:
        hand[first, H_PREV] = h
    run[K_AT_WORK] = h
    push(events, now_s + drawn_s << 32 | HAND << KIND_BIT | h)
    return h


@called
def write_hand(
    hand: Ints, trav: Rows, visits: Rows, stays: Rows, run: Ints, h: int, s: int, end_s: int,
    first_vehicle: int,
) -> None:  # fmt: skip
    """Write down the visits of a service."""
    t = hand[h, H_FIRST]
    while t != NEVER:
        request_s, start_s = trav[t, T_REQUEST], hand[h, H_START]
        if t >= first_vehicle:
            i = t - first_vehicle
            write_visit(visits, run[K_VISITS], i, s, request_s, start_s, end_s)
            run[K_VISITS] += 1
        else:
            write_stay(stays, run[K_STAYS], t, s, request_s, start_s, end_s, NEVER)
            run[K_STAYS] += 1
        t = trav[t, T_NEXT]


@called
def let_out_of_hand(hand: Ints, trav: Rows, run: Ints, h: int, first_vehicle: int) -> None:
    """End a service: its travellers go on."""
    t = hand[h, H_FIRST]
    while t != NEVER:
        after = trav[t, T_NEXT]
        turn = K_RUNNING if t >= first_vehicle else K_GOING
        trav[t, T_NEXT] = run[turn]
        run[turn] = t
        t = after
    before, after = hand[h, H_PREV], hand[h, H_NEXT]
    if before == NEVER:
        run[K_AT_WORK] = after
    else:
        hand[before, H_NEXT] = after
    if after != NEVER:
        hand[after, H_PREV] = before
    hand[h, H_ENDS] = NEVER
    hand[h, H_NEXT] = run[K_FREE_HAND]
    run[K_FREE_HAND] = h


@called
def stop_and_go_on(
    hand: Ints,
    row_table: Ints,
    force: Ints,
    row_force: Ints,
    closure: Ints,
    breakdown: Ints,
    events: Ints,
    trav: Rows,
    share: Ints,
    ledger: Ledger,
    run: Ints,
    sizes: tuple[int, int],
    now_s: int,
) -> None:
    """Stop services whose row has shut, and take up those whose row has opened.

    Called after the last state change of an instant: a service that ends now is not stopped.
    """
    h = run[K_AT_WORK]
    while h != NEVER:
        row, t = hand[h, H_ROW], hand[h, H_FIRST]
        s = row_table[row, R_STATION]
        is_shut, is_stopped = row_table[row, R_SHUT] > 0, hand[h, H_STOPPED] != NEVER
        if is_stopped and not is_shut:
            left_s, stopped_s = hand[h, H_LEFT], now_s - hand[h, H_STOPPED]
            cause, by = hand[h, H_CAUSE], hand[h, H_CLOSURE]
            while t != NEVER:
                book(trav, share, ledger, run, sizes, t, s, cause, by, stopped_s)
                begin(trav, share, ledger, run, sizes, t, s, SERVICE, now_s, left_s)
                t = trav[t, T_NEXT]
            hand[h, H_STOPPED] = NEVER
            hand[h, H_ENDS] = now_s + left_s
            push(events, now_s + left_s << 32 | HAND << KIND_BIT | h)
            if row_table[row, R_BREAKDOWN] != NEVER:
                work(breakdown, row_table, events, row, 1, now_s)
        elif is_shut and not is_stopped and hand[h, H_ENDS] > now_s:
            while t != NEVER:
                give_back(trav, share, ledger, run, sizes, t, now_s)
                t = trav[t, T_NEXT]
            is_anew = row_table[row, R_AT_CLOSING] == RESTART
            hand[h, H_LEFT] = hand[h, H_DRAWN] if is_anew else hand[h, H_ENDS] - now_s
            cause, by = holder(force, row_force, closure, row, row + 1)
            hand[h, H_STOPPED], hand[h, H_CAUSE], hand[h, H_CLOSURE] = now_s, cause, by
            if row_table[row, R_BREAKDOWN] != NEVER:
                work(breakdown, row_table, events, row, -1, now_s)
        h = hand[h, H_NEXT]
