"""One replication counted as it runs, without a trace (Plan x seed x replication -> Tallies).

The loop of `core` pauses when some thousand consignments have come: the rows it has written
are counted (`counting`) and used again, and the next consignments are made known (`providing`).
Rows of what has finished are used again (`compaction`), or their memory is given back (`memory`).
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from sim.draws.hashing import SERVICE, mix_array, stream
from sim.draws.replication import draw_closures
from sim.kernel import counting
from sim.kernel import counts as c
from sim.kernel import layout as k
from sim.kernel import providing as g
from sim.kernel.books import CAUSES
from sim.kernel.coming import Piece, Source, given, in_order, nothing, to_be_drawn
from sim.kernel.core import Growing
from sim.kernel.drive import LEDGER_SIZE, ROOM, closed, consignments, grown, opened
from sim.kernel.keeping import needed
from sim.kernel.memory import Slab, copy_into, give_back, slab
from sim.kernel.queues import settle_queues
from sim.kernel.tables import DAY_S, NO_PAUSE, Tables, tables_of
from sim.kernel.told import counts_of, marks_of, tallies_of
from sim.kernel.turns import go_on
from sim.plan import NEVER, Draws, Plan
from sim.tallies import Tallies, Watch

Ints = NDArray[np.int64]

PAUSE_S = DAY_S
"""Least between two pauses."""
PROVIDED = 1 << 10
"""Consignments that are made known at a pause, if they do not come within less than that: so few
that their rows stay in the cache of a short run."""
ROWS = 1 << 12
"""Visits, and stays, that are written before they are counted: so few that they stay in the
cache."""
LEAST_VEHICLES, VEHICLES_EACH = 1 << 16, 2
"""At least so many, and so many for each consignment, have addresses; with more, all tables
move."""
PREPARED = 1 << 12
"""Rows of vehicles that are made at a time, and take memory before they are used."""
ASKED = 1 << 14
"""Vehicles that come before it is asked again whose rows may go: by then their neighbours have
ended too, and there are few runs of rows."""
LEAST_USED = 1 << 10
"""Rows of consignments in use, below which finished ones among them cost nothing."""
MANY_FREE = 1 << 18
"""Rows of finished consignments, of which there may be as many as of the others; above it, half
as many: where many wait, memory matters more than the time to move them together."""


class Slabs(NamedTuple):
    """The tables of what comes and goes, as far as they reach into memory."""

    trav: Slab
    vehicle: Slab
    vehicle_key: Slab
    carried: Slab
    ended_s: Slab


class Running(NamedTuple):
    """A run that is being counted."""

    plan: Plan
    pieces: Iterator[Piece]
    """Those after the one at hand."""
    draws: Draws
    """Without consignments."""
    tables: Tables
    growing: Growing
    slabs: Slabs
    counts: c.Counts
    marks: c.Marks
    records: c.Records
    ahead: g.Ahead


def run_tallied(plan: Plan, watch: Watch, seed: int, replication: int) -> Tallies:
    """Return what is counted of one replication of a plan.

    Parameters
    ----------
    plan
        Of the compiler.
    watch
        Of the measures.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0; each has random numbers of its own.
    """
    draws = draw_closures(plan, seed, replication)
    words = mix_array(stream(seed, replication, SERVICE), plan.station_key)
    return _run(plan, watch, to_be_drawn(plan, seed, replication, draws), draws, words)


def run_drawn_tallied(
    plan: Plan, watch: Watch, draws: Draws, seed: int, replication: int
) -> Tallies:
    """Return what is counted with given arrivals, routes and closures.

    Parameters
    ----------
    plan, watch, seed, replication
        As for `run_tallied`.
    draws
        Of `draw`, or made by hand.
    """
    words = mix_array(stream(seed, replication, SERVICE), plan.station_key)
    return _run(plan, watch, given(draws), _without_consignments(draws), words)


def _run(
    plan: Plan, watch: Watch, source: Source, draws: Draws, words: NDArray[np.uint64]
) -> Tallies:
    """Return what is counted of consignments from a source."""
    end_s, ledger_size = plan.window_end_s, LEDGER_SIZE
    # Interpreted, keys overflow with a warning where machine code wraps in silence.
    with np.errstate(over="ignore"):
        while True:
            run = _go(_begin(plan, watch, source, draws, end_s, ledger_size), words)
            numbers = run.tables.run
            if numbers[k.K_WANTING]:
                # One grant brought more keys than the ledger could take: rare.
                ledger_size = 4 * len(run.growing.ledger)
            elif end_s > max(plan.window_start_s, numbers[k.K_NOW] + 1):
                # It ended in its window, which is known only now: the same run once more.
                end_s = max(plan.window_start_s, int(numbers[k.K_NOW]) + 1)
            else:
                _forget(run.slabs)
                return tallies_of(
                    plan,
                    draws,
                    run.tables,
                    run.growing,
                    run.counts,
                    run.records,
                    int(run.ahead.numbers[g.G_KNOWN]),
                )


def _forget(slabs: Slabs) -> None:
    """Give back all rows but those of vehicles, which may hold each other in a gridlock."""
    for table in slabs:
        if table is not slabs.vehicle:
            give_back(table, np.zeros(1, np.int64), np.array([len(table.rows)]))


def _begin(
    plan: Plan, watch: Watch, source: Source, draws: Draws, end_s: int, ledger_size: int
) -> Running:
    """Return a run of which nothing has happened."""
    tables, pieces = tables_of(plan, draws), source.pieces()
    first = next(pieces)
    entry, entry_s = in_order(first, 0, tables.entry[:0], tables.entry_s[:0])
    growing = opened(tables, plan, draws, ledger_size, ROOM)._replace(
        visits=np.zeros((ROWS, 5), np.int32), stays=np.zeros((ROWS, 6), np.int32)
    )
    size, pools = source.size, len(tables.pool)
    slabs = _slabs(size, pools, max(LEAST_VEHICLES, VEHICLES_EACH * size))
    slabs.trav.rows[size : size + pools] = growing.trav[:pools]
    _prepare(slabs, size + pools, 0, ROOM)
    counts = counts_of(
        plan,
        watch,
        end_s,
        (slabs.carried.rows[:ROOM], slabs.ended_s.rows[:ROOM]),
    )
    from_s, to_s = counts.window.tolist()
    return Running(
        plan=plan,
        pieces=pieces,
        draws=draws,
        tables=tables._replace(
            queue_max=np.zeros((len(plan.station_kind), counts.day.shape[1] - 1), np.int64),
            days=np.array([from_s or min(DAY_S, to_s), from_s, to_s]),
            entry=entry,
            entry_s=entry_s,
            # A slab, as the records are.
            gone=slab((size,), np.int32).rows,
        ),
        growing=_with_views(growing, slabs, size + pools, ROOM),
        slabs=slabs,
        counts=counts,
        marks=marks_of(plan, watch, _known_closures(tables, draws), end_s),
        records=_records(size),
        ahead=g.Ahead(_numbers(plan, size, first), first.sent, np.zeros(0, np.int64)),
    )


def _numbers(plan: Plan, size: int, first: Piece) -> Ints:
    """Return the numbers of what is ahead of a run of so many consignments."""
    come_by_then = size * PAUSE_S // plan.horizon_s
    numbers = np.zeros(g.AHEAD_NUMBERS, np.int64)
    numbers[g.G_UNTIL] = first.until_s
    numbers[g.G_STEP] = PAUSE_S * -(-PROVIDED // max(1, come_by_then))
    numbers[[g.G_FROM, g.G_TO]] = plan.window_start_s, plan.window_end_s
    numbers[[g.G_LEAST_USED, g.G_MANY_FREE, g.G_ASKED]] = LEAST_USED, MANY_FREE, ASKED
    return numbers


def _records(size: int) -> c.Records:
    """Return room for the records of so many consignments."""

    def column(dtype: DTypeLike) -> NDArray[Any]:
        # A slab, for there may be far more room than consignments that come.
        return slab((size,), dtype).rows

    return c.Records(
        flow=column(np.int16),
        number=column(np.int32),
        route=column(np.int32),
        created_s=column(np.int32),
        finished_s=column(np.int32),
        status=column(np.int8),
        delay_s=column(np.int32),
        booked_s=column(np.int32),
    )


def _without_consignments(draws: Draws) -> Draws:
    """Return the rest of draws."""
    names = [name for name in draws._fields if name.startswith("consignment")]
    # Copied: a view would keep all of them in memory.
    return draws._replace(**{name: getattr(draws, name)[:0].copy() for name in names})


def _known_closures(tables: Tables, draws: Draws) -> Ints:
    """Return index, begin and end of closures; breakdowns yet to come may be at any time."""
    broken = tables.breakdown[:, k.D_CLOSURE]
    ever = np.stack((broken, np.zeros_like(broken), np.full_like(broken, NO_PAUSE)), axis=1)
    known = (draws.closure_index, draws.closure_start_s, draws.closure_end_s)
    return np.concatenate((np.stack(known, axis=1), ever))


def _slabs(size: int, pools: int, vehicles: int) -> Slabs:
    """Return tables for so many consignments and vehicles."""
    travellers = size + pools + vehicles
    return Slabs(
        trav=slab((travellers, k.TRAVELLER_COLUMNS), np.int32),
        vehicle=slab((vehicles, k.VEHICLE_COLUMNS), np.int32),
        vehicle_key=slab((vehicles,), np.uint64),
        carried=slab((vehicles, c.VEHICLE_COUNTS), np.int64),
        ended_s=slab((vehicles,), np.int32),
    )


def _prepare(slabs: Slabs, first_vehicle: int, first: int, end: int) -> None:
    """Make the rows of vehicles that are yet to come."""
    trav = slabs.trav.rows[first_vehicle + first : first_vehicle + end]
    trav[:], trav[:, k.T_SECONDS : k.T_SECONDS + CAUSES] = NEVER, 0
    slabs.vehicle.rows[first:end] = NEVER
    slabs.carried.rows[first:end, [c.W_MIX, c.W_TURNED]] = NEVER
    slabs.ended_s.rows[first:end] = NEVER


def _with_views(growing: Growing, slabs: Slabs, first_vehicle: int, vehicles: int) -> Growing:
    """Return the growing tables with the first so many vehicles."""
    return growing._replace(
        trav=slabs.trav.rows[: first_vehicle + vehicles],
        vehicle=slabs.vehicle.rows[:vehicles],
        vehicle_key=slabs.vehicle_key.rows[:vehicles],
    )


def _go(run: Running, words: NDArray[np.uint64]) -> Running:
    """Return the run at its end, closed and counted."""
    plan, numbers = run.plan, run.tables.run
    numbers[k.K_PROVIDED], numbers[k.K_PAUSE] = 0, 0
    while True:
        full = go_on(
            run.tables,
            run.growing,
            run.counts,
            run.marks,
            run.records,
            run.ahead,
            words,
            plan.horizon_s,
            plan.first_day,
            plan.stop_after_consignments,
        )
        if full == k.DONE:
            return _ended(run)
        if full == k.PAUSE:
            run = _let_go(run)
        elif full == k.PIECE:
            run = _with_piece(run)
        elif full in (k.VISITS, k.STAYS) and (numbers[k.K_VISITS] or numbers[k.K_STAYS]):
            # There may be no room for what is counted.
            run = _counted(run)
        elif full == k.VEHICLES:
            run = _with_vehicles(run)
        else:
            run = run._replace(growing=grown(run.tables, run.growing, full))


def _with_piece(run: Running) -> Running:
    """Return the run with the next piece at hand."""
    tables, ahead = run.tables, run.ahead
    piece = next(run.pieces, nothing(ahead.sent))
    known, entered = ahead.numbers[g.G_KNOWN], tables.run[k.K_PROVIDED]
    entry, entry_s = in_order(piece, known, tables.entry[entered:], tables.entry_s[entered:])
    ahead.numbers[[g.G_FIRST, g.G_UNTIL]] = known, piece.until_s
    tables.run[[k.K_ENTERED, k.K_PROVIDED]] = 0
    return run._replace(
        tables=tables._replace(entry=entry, entry_s=entry_s),
        ahead=ahead._replace(sent=piece.sent),
    )


def _counted(run: Running) -> Running:
    """Return the run with its rows counted."""
    growing, numbers, counts = run.growing, run.tables.run, run.counts
    rows = int(numbers[k.K_VISITS] + numbers[k.K_STAYS])
    counts = c.with_room(counts, rows)
    counting.count(
        counts,
        run.marks,
        run.records,
        growing.visits,
        growing.stays,
        run.tables.station,
        growing.trav,
        run.tables.flow,
        growing.vehicle,
        run.tables.gone,
        numbers,
    )
    return run._replace(counts=counts)


def _let_go(run: Running) -> Running:
    """Return the run without the rows of vehicles about which nobody can ask any more."""
    tables, growing, slabs = run.tables, run.growing, run.slabs
    vehicles, known = int(tables.run[k.K_VEHICLES]), _known_vehicles(run)
    is_needed = needed(
        known,
        growing.vehicle,
        growing.vessel,
        int(tables.run[k.K_VESSELS]),
        tables.pool,
        growing.trav,
        tables.queue_first,
        len(tables.queue_first) // max(1, len(tables.station)),
    )
    kept = known[is_needed]
    # Between two that stay all are over; only where one has come to that, there is more to give.
    bounds = np.concatenate(([NEVER], kept, [vehicles]))
    gaps = np.flatnonzero(np.bincount(np.searchsorted(kept, known[~is_needed])))
    first, end = bounds[gaps] + 1, bounds[gaps + 1]
    for table in (slabs.vehicle, slabs.vehicle_key, slabs.carried):
        give_back(table, first, end)
    first_vehicle = len(growing.trav) - len(growing.vehicle)
    give_back(slabs.trav, first_vehicle + first, first_vehicle + end)
    run.ahead.numbers[g.G_SEEN] = vehicles
    return run._replace(ahead=run.ahead._replace(kept=kept))


def _known_vehicles(run: Running) -> Ints:
    """Return the vehicles whose rows are there."""
    seen, vehicles = run.ahead.numbers[g.G_SEEN], run.tables.run[k.K_VEHICLES]
    return np.concatenate((run.ahead.kept, np.arange(seen, vehicles)))


def _with_vehicles(run: Running) -> Running:
    """Return the run with room for more vehicles."""
    size, pools = len(consignments(run.tables, run.growing)), len(run.tables.pool)
    had, need = len(run.growing.vehicle), int(run.tables.run[k.K_NEED])
    room, slabs = max(min(2 * had, had + PREPARED), need), run.slabs
    if room > len(slabs.vehicle.rows):
        slabs = _slabs(size, pools, 2 * room)
        for old, new in zip(run.slabs, slabs, strict=True):
            copy_into(new, old)
    first = size + pools
    _prepare(slabs, first, had, room)
    counts = run.counts._replace(
        vehicle=slabs.carried.rows[:room],
        ended_s=slabs.ended_s.rows[:room],
    )
    growing = _with_views(run.growing, slabs, first, room)
    return run._replace(growing=growing, slabs=slabs, counts=counts)


def _ended(run: Running) -> Running:
    """Return the run with everything counted that its end cuts short."""
    numbers, ended_s = run.tables.run, int(run.tables.run[k.K_NOW])
    if ended_s < run.counts.window[1]:
        settle_queues(run.tables.station, run.tables.queue_max, run.tables.days, ended_s)
    run = _counted(run)
    inside, known = _inside(run, ended_s), _known_vehicles(run)
    growing = closed(run.tables, run.growing, inside, known)
    run = _counted(run._replace(growing=growing))
    counting.count_open(
        run.counts,
        run.marks,
        run.records,
        inside,
        known,
        growing.trav,
        growing.vehicle,
        numbers,
    )
    return run


def _inside(run: Running, ended_s: int) -> Ints:
    """Return the consignments that have been created and have not finished."""
    used = run.growing.trav[: run.ahead.numbers[g.G_USED]]
    is_inside = (used[:, k.N_FINISHED] == NEVER) & (used[:, k.N_CREATED] <= ended_s)
    inside: Ints = np.flatnonzero(is_inside)
    return inside
