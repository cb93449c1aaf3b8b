"""The loop, the count and new rows in turns, without a way back to Python (R20-R24)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.core import Growing, advance
from sim.kernel.counting import count
from sim.kernel.counts import I_BATCH, I_HELD, I_LATE, I_MIX, Counts, Marks, Records
from sim.kernel.jit import compiled, inlined
from sim.kernel.layout import K_PAUSE, K_STAYS, K_VEHICLES, K_VISITS, PAUSE, PIECE, STAYS, VISITS
from sim.kernel.providing import G_ASKED, G_SEEN, Ahead, make_known, move_together
from sim.kernel.tables import Tables


@compiled
def go_on(
    tables: Tables,
    growing: Growing,
    counts: Counts,
    marks: Marks,
    records: Records,
    ahead: Ahead,
    station_stream: NDArray[np.uint64],
    horizon_s: int,
    first_day: int,
    stop_after: int,
) -> int:
    """Let the run go on as `advance` does, and count and make rows when it pauses.

    It begins with a pause. Where there is no room for what would be counted, the tables are
    said to be full; it stops at a pause only when it is to be asked whose rows may go, and at
    the end of a piece.

    Parameters
    ----------
    tables, growing, station_stream, horizon_s, first_day, stop_after
        As for `advance`.
    counts, marks, records
        As for `count`.
    ahead
        As for `make_known`.
    """
    run, numbers = tables.run, ahead.numbers
    while True:
        full = PAUSE
        if run[K_PAUSE]:
            full = advance(tables, growing, station_stream, horizon_s, first_day, stop_after)
        rows = run[K_VISITS] + run[K_STAYS]
        # With no row to be counted, the tables are too short for what comes at once.
        if full not in (VISITS, STAYS, PAUSE) or (full != PAUSE and not rows):
            return full
        if not has_room(counts, rows):
            return STAYS
        count(
            counts, marks, records, growing.visits, growing.stays, tables.station,
            growing.trav, tables.flow, growing.vehicle, tables.gone, run,
        )  # fmt: skip
        if full == PAUSE:
            if run[K_VEHICLES] - numbers[G_SEEN] >= numbers[G_ASKED]:
                return PAUSE
            move_together(tables, growing, ahead)
            if not make_known(tables, growing, records, ahead, horizon_s):
                return PIECE


@inlined
def has_room(counts: Counts, rows: int) -> bool:
    """Return whether there is room for the spans of so many rows more (`with_room`)."""
    numbers = counts.numbers
    return bool(
        numbers[I_HELD] + rows <= len(counts.held_s)
        and numbers[I_LATE] + rows <= len(counts.late_s)
        and numbers[I_BATCH] + rows <= len(counts.batch_s)
        and numbers[I_MIX] + rows <= len(counts.mix)
    )
