"""Rows of consignments between two instants: made for those about to come, used again (R1, R4).

In: what is drawn of them. Out: their rows and who enters before the next pause. Numbers go on
as consignments are created; of two rows the later one has the greater number, and with it
every tie is as if all had had rows from the start.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import CAUSES, Seconds
from sim.kernel.compaction import compact
from sim.kernel.core import Growing
from sim.kernel.counts import Records
from sim.kernel.jit import borrowed, called, rows_of
from sim.kernel.layout import (
    FLOW_COLUMNS,
    K_FINISHED,
    K_PAUSE,
    K_PROVIDED,
    N_CREATED,
    N_FLOW,
    N_KEY,
    N_NUMBER,
    N_RELEASE,
    N_ROUTE,
    N_STATUS,
    O_RANK,
    T_CLASS,
    T_SECONDS,
    T_SHARE,
    TRAVELLER_COLUMNS,
    Rows,
)
from sim.kernel.tables import NO_PAUSE, Tables
from sim.plan import NEVER

Ints = NDArray[np.int64]

G_KNOWN, G_USED, G_FIRST, G_UNTIL = range(4)
"""Consignments that have been made known, and rows in use; number of the first of the piece,
and the instant before which its consignments are created."""
G_STEP, G_FROM, G_TO = 4, 5, 6
"""Seconds from one pause to the next; seconds are booked for who is created from the second on,
before the third."""
G_LEAST_USED, G_MANY_FREE = 7, 8
"""As in `tallied`."""
G_SEEN, G_ASKED = 9, 10
"""How many vehicles there were when it was last asked whose rows may go, and how many more
there must be before it is asked again."""
AHEAD_NUMBERS = 11


class Sent(NamedTuple):
    """Consignments as they were drawn (N,)."""

    created_s: Seconds
    entered_s: Seconds
    flow: Seconds
    number: Seconds
    key: Rows
    """(N, 2) as `halves` gives them."""
    route: Seconds
    """Route, NEVER or BANNED."""


class Ahead(NamedTuple):
    """What is known of consignments yet to come, and of rows that are in use."""

    numbers: Ints
    sent: Sent
    """The piece at hand. In `Tables.entry` are its consignments in order of entering: their rows
    up to K_PROVIDED, and after that their numbers."""
    kept: Ints
    """Vehicles before G_SEEN whose rows are there."""


@called
def make_known(
    tables: Tables,
    growing: Growing,
    records: Records,
    ahead: Ahead,
    horizon_s: int,
) -> bool:
    """Make known who is created, and who enters, before the next pause.

    Returns
    -------
    Whether all of them are of the piece at hand; if not, it is to be done again with the next.
    """
    numbers, run, trav = ahead.numbers, tables.run, growing.trav
    entry, entry_s = tables.entry, tables.entry_s
    pause_s = run[K_PAUSE] + numbers[G_STEP]
    if pause_s >= horizon_s:
        pause_s = NO_PAUSE
    first, used = numbers[G_KNOWN], numbers[G_USED]
    count = provide(records, ahead.sent, numbers, pause_s, tables.flow, trav)
    numbers[G_KNOWN] += count
    numbers[G_USED] += count
    if numbers[G_UNTIL] < pause_s:
        return False
    at = run[K_PROVIDED]
    while at < len(entry) and entry_s[at] < pause_s:
        n = entry[at]
        if n >= first:
            entry[at] = used + n - first
        else:
            entry[at] = np.searchsorted(trav[:used, N_NUMBER], n)
        at += 1
    run[K_PROVIDED], run[K_PAUSE] = at, pause_s
    return True


@called
def provide(
    records: Records,
    sent: Sent,
    numbers: Ints,
    until_s: int,
    flow: Ints,
    trav: Rows,
) -> int:
    """Make the rows of consignments that are created before an instant; return how many."""
    records, sent = borrowed(records), borrowed(sent)
    trav, flow = rows_of(trav, TRAVELLER_COLUMNS), rows_of(flow, FLOW_COLUMNS)
    known, used = numbers[G_KNOWN], numbers[G_USED]
    from_s, to_s = numbers[G_FROM], numbers[G_TO]
    begin = at = known - numbers[G_FIRST]
    while at < len(sent.created_s) and sent.created_s[at] < until_s:
        n, m = used + at - begin, known + at - begin
        f, created_s = sent.flow[at], sent.created_s[at]
        records.flow[m], records.number[m] = f, sent.number[at]
        records.route[m] = max(NEVER, sent.route[at])
        records.created_s[m], records.finished_s[m] = created_s, NEVER
        # Column by column: a row at once would be an array of its own, whose references count.
        for column in range(TRAVELLER_COLUMNS):
            trav[n, column] = NEVER
        for cause in range(CAUSES):
            trav[n, T_SECONDS + cause] = 0
        trav[n, N_FLOW], trav[n, N_ROUTE], trav[n, N_STATUS] = f, sent.route[at], 0
        trav[n, N_CREATED], trav[n, N_RELEASE], trav[n, N_NUMBER] = created_s, created_s, m
        trav[n, N_KEY], trav[n, N_KEY + 1] = sent.key[at, 0], sent.key[at, 1]
        trav[n, T_CLASS] = flow[f, O_RANK]
        if from_s <= created_s < to_s:
            trav[n, T_SHARE] = f
        at += 1
    return int(at - begin)


@called
def move_together(tables: Tables, growing: Growing, ahead: Ahead) -> None:
    """Have fewer rows of consignments in use, if many of those in use have finished."""
    numbers = ahead.numbers
    inside = numbers[G_KNOWN] - tables.run[K_FINISHED]
    free = max(min(inside, numbers[G_MANY_FREE]), inside // 2)
    if numbers[G_USED] >= max(numbers[G_LEAST_USED], inside + free):
        numbers[G_USED] = compact(
            growing.trav, growing.vehicle, ahead.kept, numbers[G_SEEN], growing.hand,
            growing.events, tables.queue_first, tables.queue_last, tables.pool_joined, tables.run,
            np.full(numbers[G_USED], NEVER, np.int32),
        )  # fmt: skip
