"""The loop and the count in turns, without a way back to Python between them (R20-R24)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.core import Growing, advance
from sim.kernel.counting import count
from sim.kernel.counts import I_BATCH, I_HELD, I_LATE, I_MIX, Counts, Marks, Records
from sim.kernel.jit import compiled, inlined
from sim.kernel.layout import K_STAYS, K_VISITS, STAYS, VISITS
from sim.kernel.tables import Tables


@compiled
def advance_counting(
    tables: Tables,
    growing: Growing,
    counts: Counts,
    marks: Marks,
    records: Records,
    station_stream: NDArray[np.uint64],
    horizon_s: int,
    first_day: int,
    stop_after: int,
) -> int:
    """Let the run go on as `advance` does, and count rows when their tables are full.

    Parameters
    ----------
    tables, growing, station_stream, horizon_s, first_day, stop_after
        As for `advance`.
    counts, marks, records
        As for `count`.
    """
    run = tables.run
    while True:
        full = advance(tables, growing, station_stream, horizon_s, first_day, stop_after)
        rows = run[K_VISITS] + run[K_STAYS]
        # With no row to be counted, the tables are too short for what comes at once.
        if full not in (VISITS, STAYS) or not rows or not has_room(counts, rows):
            return full
        count(
            counts, marks, records, growing.visits, growing.stays, tables.station,
            tables.consignment, tables.flow, growing.vehicle, growing.trav, growing.cause_s, run,
        )  # fmt: skip


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
