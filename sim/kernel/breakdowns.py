"""Breakdowns whose clock runs only while their row works (R15: `clock: busy`)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import draw_s, mix
from sim.kernel.closures import put_to_work, settle, take_off
from sim.kernel.heap import mark, push
from sim.kernel.jit import called, compiled, inlined
from sim.kernel.layout import (
    BREAKDOWN,
    C_EFFECT,
    D_BEGAN,
    D_CLOSURE,
    D_ENDS,
    D_GAP,
    D_GAP_LAW,
    D_LEFT,
    D_LENGTH,
    D_LENGTH_LAW,
    D_NEXT,
    D_ORDINAL,
    D_ROW,
    D_SINCE,
    K_FREE_FORCES,
    K_OUTAGES,
    K_REACTING,
    KIND_BIT,
    R_BREAKDOWN,
    R_STATION,
    R_WORKING,
)
from sim.plan import NEVER

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.uint64]


@inlined
def run_clock(breakdown: Ints, events: Ints, d: int, working: int, now_s: int) -> None:
    """Let a clock run while its row works and is not broken; there must be room for an event."""
    since_s = breakdown[d, D_SINCE]
    if since_s == NEVER:
        if working and breakdown[d, D_BEGAN] == NEVER:
            breakdown[d, D_SINCE] = now_s
            push(events, now_s + breakdown[d, D_LEFT] << 32 | BREAKDOWN << KIND_BIT | d)
    elif not working and since_s + breakdown[d, D_LEFT] > now_s:
        breakdown[d, D_LEFT] -= now_s - since_s
        breakdown[d, D_SINCE] = NEVER


@called
def work(
    breakdown: Ints, row_table: Ints, events: Ints, row: int, servers: int, now_s: int
) -> None:
    """Count servers of a row that begin to work, or stop.

    There must be room for as many events as the row has breakdowns.
    """
    row_table[row, R_WORKING] += servers
    d = row_table[row, R_BREAKDOWN]
    while d != NEVER:
        run_clock(breakdown, events, d, row_table[row, R_WORKING], now_s)
        d = breakdown[d, D_NEXT]


@called
def break_or_mend(
    breakdown: Ints,
    gap_key: Words,
    length_key: Words,
    law_table: Ints,
    law_middle: NDArray[np.int32],
    force: Ints,
    row_force: Ints,
    closure: Ints,
    row_table: Ints,
    station: Ints,
    spell: Ints,
    outage: Ints,
    events: Ints,
    ready: Ints,
    is_ready: Flags,
    run: Ints,
    d: int,
    now_s: int,
) -> None:
    """Let a row break down, or be whole again, if this is the instant for it.

    There must be room for an event, a force, a spell and an outage.
    """
    row, c = breakdown[d, D_ROW], breakdown[d, D_CLOSURE]
    s, effect = row_table[row, R_STATION], closure[c, C_EFFECT]
    ordinal = np.uint64(breakdown[d, D_ORDINAL])
    began_s, since_s = breakdown[d, D_BEGAN], breakdown[d, D_SINCE]
    if began_s != NEVER and breakdown[d, D_ENDS] == now_s:
        run[K_FREE_FORCES] += 1
        take_off(force, row_force, row, effect, c, began_s)
        breakdown[d, D_BEGAN] = NEVER
        wind_up(breakdown, gap_key, law_table, law_middle, d)
        run_clock(breakdown, events, d, row_table[row, R_WORKING], now_s)
    elif began_s == NEVER and since_s != NEVER and since_s + breakdown[d, D_LEFT] == now_s:
        law, mean_fp = breakdown[d, D_LENGTH_LAW], breakdown[d, D_LENGTH]
        end_s = now_s + draw_s(law_table, law_middle, law, mix(length_key[d], ordinal), mean_fp)
        breakdown[d, D_SINCE], breakdown[d, D_BEGAN], breakdown[d, D_ENDS] = NEVER, now_s, end_s
        at = run[K_OUTAGES]
        run[K_OUTAGES] += 1
        outage[at, 0], outage[at, 1], outage[at, 2] = c, now_s, end_s
        run[K_FREE_FORCES] -= 1
        put_to_work(force, row_force, row, effect, c, now_s)
        push(events, end_s << 32 | BREAKDOWN << KIND_BIT | d)
    else:
        # The clock was stopped since this instant was set down.
        return
    settle(force, row_force, closure, row_table, station, spell, run, row, s, now_s)
    mark(ready, is_ready, s)
    run[K_REACTING] = 1


@compiled
def wind_up(
    breakdown: Ints, gap_key: Words, law_table: Ints, law_middle: NDArray[np.int32], d: int
) -> None:
    """Draw the time of work before the next breakdown."""
    breakdown[d, D_ORDINAL] += 1
    drawn = mix(gap_key[d], np.uint64(breakdown[d, D_ORDINAL]))
    gap_law, gap_fp = breakdown[d, D_GAP_LAW], breakdown[d, D_GAP]
    breakdown[d, D_LEFT] = draw_s(law_table, law_middle, gap_law, drawn, gap_fp)
