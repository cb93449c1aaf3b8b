"""A run of the loop from begin to end: tables set up, enlarged when full, closed."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix_array
from sim.kernel import layout as k
from sim.kernel.arithmetic import halves
from sim.kernel.books import CAUSES, Ledger, keys_in
from sim.kernel.breakdowns import wind_up
from sim.kernel.closing import close_all
from sim.kernel.core import Growing, advance
from sim.kernel.growth import longer, refilled
from sim.kernel.heap import LAST, heap_of, length_for
from sim.kernel.jit import LINE
from sim.kernel.tables import Tables, routes_of, tables_of
from sim.plan import NEVER, Draws, Plan

Ints = NDArray[np.int64]

LEDGER_SIZE = 1 << 12
ROOM = 256


class Ended(NamedTuple):
    """What a run leaves behind, before it is put in the order of the Trace."""

    tables: Tables
    growing: Growing


def drive(
    plan: Plan, draws: Draws, stream: int, *, ledger_size: int = LEDGER_SIZE, room: int = ROOM
) -> Ended:
    """Return what one replication leaves behind.

    Parameters
    ----------
    stream
        Word from which the keys of service times begin (R3).
    ledger_size
        Keys for which the ledger has room at first, a power of two, at least 8.
    room
        Rows for which every other growing table has room at first, at least 1.
    """
    while True:
        begun = begin(plan, draws, ledger_size=ledger_size, room=room)
        ended = close(go_on(begun, plan, stream, plan.horizon_s))
        if not ended.tables.run[k.K_WANTING]:
            return ended
        # One grant brought more keys than the ledger could take: rare, so begin again.
        ledger_size = 4 * len(ended.growing.ledger)


def begin(plan: Plan, draws: Draws, *, ledger_size: int = LEDGER_SIZE, room: int = ROOM) -> Ended:
    """Return the tables of a run before anything has happened."""
    tables = tables_of(plan, draws)
    with np.errstate(over="ignore"):
        return Ended(tables, opened(tables, plan, draws, ledger_size, room))


def go_on(left: Ended, plan: Plan, stream: int, until_s: int) -> Ended:
    """Return the tables when everything before an instant has happened, or the run is over.

    Parameters
    ----------
    left
        Of `begin`, or of `go_on` to an earlier instant; written over.
    stream
        Word from which the keys of service times begin (R3).
    until_s
        Second of the run, at most its horizon.
    """
    tables, growing = left
    station_stream = mix_array(stream, plan.station_key)
    full = k.EVENTS
    # Interpreted, keys overflow with a warning where machine code wraps in silence.
    with np.errstate(over="ignore"):
        while full != k.DONE:
            full = advance(
                tables,
                growing,
                station_stream,
                until_s,
                plan.first_day,
                plan.stop_after_consignments,
            )
            growing = grown(tables, growing, full)
    return Ended(tables, growing)


def close(left: Ended) -> Ended:
    """Return the tables with everything booked and written down that the end cuts short."""
    inside = np.flatnonzero(consignments(*left)[:, k.N_FINISHED] == NEVER)
    known = np.arange(left.tables.run[k.K_VEHICLES])
    with np.errstate(over="ignore"):
        return Ended(left.tables, closed(left.tables, left.growing, inside, known))


def consignments(tables: Tables, growing: Growing) -> k.Rows:
    """Return the rows of travellers that are consignments."""
    return growing.trav[: len(growing.trav) - len(growing.vehicle) - len(tables.pool)]


def opened(tables: Tables, plan: Plan, draws: Draws, ledger_size: int, room: int) -> Growing:
    """Return the growing tables as a run begins."""
    flow, run = tables.flow, tables.run
    size = len(draws.consignment_flow)
    first_vehicle = size + len(tables.pool)
    trav = _unknown(first_vehicle + room)
    _make_known(trav[:size], plan, draws, flow)
    trav[size:first_vehicle, k.T_CLASS] = flow[-1, k.O_RANK]
    share = np.full((len(flow), 3), NEVER, dtype=np.int64)
    share[:-1, k.SHARE_FLOW] = np.arange(len(flow) - 1)
    share[:-1, k.SHARE_COUNT] = 1
    share = refilled(share, len(flow) + room, len(flow) - 1)
    for d in range(len(tables.breakdown)):
        wind_up(tables.breakdown, tables.gap_key, tables.law_table, tables.law_middle, d)
    none = np.full((1, 3), NEVER, dtype=np.int64)
    run[k.K_FREE_SHARES] = len(share) - len(flow)
    linked = refilled(none, room + 1)
    run[k.K_FREE_ROOMS] = run[k.K_FREE_FORCES] = len(linked) - 1
    return Growing(
        events=_calendar(tables, plan, room),
        vehicle=np.full((room, k.VEHICLE_COLUMNS), NEVER, dtype=np.int32),
        vehicle_key=np.zeros(room, dtype=np.uint64),
        trav=trav,
        vessel=np.full((room, k.VESSEL_COLUMNS), NEVER, dtype=np.int64),
        hand=np.full((room, k.HAND_COLUMNS), NEVER, dtype=np.int64),
        spell=np.full((room, 5), NEVER, dtype=np.int64),
        share=share,
        room=linked,
        force=linked.copy(),
        outage=np.zeros((room, 3), dtype=np.int64),
        ledger=np.zeros((ledger_size, 2), dtype=np.int64),
        booked_s=np.zeros((ledger_size, len(flow) - 1), dtype=np.int64),
        visits=np.zeros((room, 5), dtype=np.int32),
        stays=np.zeros((room, 6), dtype=np.int32),
    )


def _unknown(count: int) -> k.Rows:
    """Return rows of travellers of which nothing is known; each lies in two cache lines."""
    some = np.full(count * k.TRAVELLER_COLUMNS + LINE, NEVER, dtype=np.int32)
    first = -some.ctypes.data % LINE // some.itemsize
    trav = some[first : first + count * k.TRAVELLER_COLUMNS].reshape(count, k.TRAVELLER_COLUMNS)
    trav[:, k.T_SECONDS : k.T_SECONDS + CAUSES] = 0
    return trav


def _make_known(cons: k.Rows, plan: Plan, draws: Draws, flow: Ints) -> None:
    """Write what is drawn of consignments into their rows."""
    of, created_s = draws.consignment_flow, draws.consignment_created_s
    is_measured = (created_s >= plan.window_start_s) & (created_s < plan.window_end_s)
    cons[:, k.T_CLASS] = flow[of, k.O_RANK]
    cons[:, k.T_SHARE] = np.where(is_measured, of, NEVER)
    cons[:, k.N_FLOW], cons[:, k.N_ROUTE] = of, routes_of(draws)
    cons[:, k.N_CREATED], cons[:, k.N_STATUS] = created_s, 0
    cons[:, k.N_KEY : k.N_KEY + 2] = halves(draws.consignment_key)


def _calendar(tables: Tables, plan: Plan, room: int) -> Ints:
    """Return the events known before the run: first departures, and dated states."""
    service, state = tables.service, tables.state
    events: list[int] = []
    for v, row in enumerate(service):
        departures = plan.departure_s[row[k.B_DEPARTURE] : row[k.B_DEPARTURE_END]]
        row[k.B_DEPARTURE] += np.searchsorted(departures, 0)
        if row[k.B_TIMETABLE] and row[k.B_DEPARTURE] < row[k.B_DEPARTURE_END]:
            first_s = int(plan.departure_s[row[k.B_DEPARTURE]])
            events.append(first_s << 32 | k.TIMETABLE << k.KIND_BIT | v)
        pools = tables.service_pool[row[k.B_POOL] : row[k.B_POOL_END]]
        ranks = tables.pool[pools, k.P_STATION].tolist()
        if row[k.B_FLEET] != NEVER:
            ranks.append(int(tables.fleet[row[k.B_FLEET], k.F_STATION]))
        from_s = state[row[k.B_STATE] + 1 : row[k.B_STATE_END], k.X_FROM].tolist()
        events += [at_s << 32 | k.MARK << k.KIND_BIT | rank for at_s in from_s for rank in ranks]
        if from_s:
            tables.station[ranks, k.S_CALLED] = from_s[-1]
    events.sort()
    return heap_of(events, room)


def grown(tables: Tables, growing: Growing, full: int) -> Growing:
    """Return the tables with room where the loop found none."""
    run, need = tables.run, int(tables.run[k.K_NEED])
    if full == k.EVENTS:
        return growing._replace(events=longer(growing.events, length_for(need), LAST))
    if full == k.VEHICLES:
        return _with_vehicles(growing, need)
    if full == k.LEDGER:
        ledger = keys_in(growing.ledger, 4 * len(growing.ledger))
        return growing._replace(ledger=ledger, booked_s=longer(growing.booked_s, len(ledger), 0))
    if full in _LINKED:
        name, count = _LINKED[full]
        table: Ints = getattr(growing, name)
        larger = refilled(table, need, len(tables.flow) - 1 if full == k.SHARES else k.FREE)
        run[count] += len(larger) - len(table)
        return _replaced(growing, name, larger)
    if full in _PLAIN:
        name, fill = _PLAIN[full]
        return _replaced(growing, name, longer(getattr(growing, name), need, fill))
    return growing


def _replaced(growing: Growing, name: str, table: Any) -> Growing:  # noqa: ANN401 - of its field
    return growing._replace(**{name: table})


_LINKED = {
    k.SHARES: ("share", k.K_FREE_SHARES),
    k.ROOMS: ("room", k.K_FREE_ROOMS),
    k.FORCES: ("force", k.K_FREE_FORCES),
}
_PLAIN = {
    k.VESSELS: ("vessel", NEVER),
    k.HANDS: ("hand", NEVER),
    k.SPELLS: ("spell", NEVER),
    k.VISITS: ("visits", 0),
    k.STAYS: ("stays", 0),
    k.OUTAGES: ("outage", 0),
}


def _with_vehicles(growing: Growing, need: int) -> Growing:
    """Return the tables with room for more vehicles, which are travellers too."""
    vehicle = longer(growing.vehicle, need, NEVER)
    trav = _unknown(len(growing.trav) + len(vehicle) - len(growing.vehicle))
    trav[: len(growing.trav)] = growing.trav
    return growing._replace(
        vehicle=vehicle, vehicle_key=longer(growing.vehicle_key, need, 0), trav=trav
    )


def closed(tables: Tables, growing: Growing, inside: Ints, known: Ints) -> Growing:
    """Return the tables with everything booked and written down that the end cuts short.

    Parameters
    ----------
    tables, growing
        As the loop left them.
    inside
        Consignments that have not finished, with those that have yet to enter.
    known
        Vehicles, at least those under way.
    """
    run, hand = tables.run, growing.hand
    still = int(run[k.K_VESSELS] + tables.station[:, k.S_LENGTH].sum())
    still += int((growing.vehicle[known, k.V_DEPOT] != NEVER).sum())
    h = int(run[k.K_AT_WORK])
    while h != NEVER:
        still += int(hand[h, k.H_SIZE])
        h = int(hand[h, k.H_NEXT])
    growing = growing._replace(
        visits=longer(growing.visits, int(run[k.K_VISITS]) + still, 0),
        stays=longer(growing.stays, int(run[k.K_STAYS]) + still, 0),
    )
    close_all(
        tables.station,
        tables.row,
        tables.pool,
        tables.leg,
        tables.fleet,
        tables.yard,
        growing.vessel,
        hand,
        growing.vehicle,
        inside,
        known,
        tables.queue_first,
        growing.visits,
        growing.stays,
        growing.trav,
        growing.share,
        Ledger(growing.ledger, growing.booked_s),
        run,
        (len(tables.closure), len(growing.ledger) - 1),
        growing.spell,
        len(tables.queue_first) // max(1, len(tables.station)),
    )
    return growing
