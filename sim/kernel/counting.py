"""Rows of the trace counted as soon as they are written, and forgotten (R20-R24).

The loop writes visits, stays, finished consignments and ended legs as for a trace; at
every pause they are added to `Counts` here, and their rows are used again.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import CAUSES, Seconds
from sim.kernel.counts import (
    A_JOINED,
    A_PASSED,
    A_PASSED_LOAD,
    ABOARD,
    DAY_COUNTS,
    I_EMPTY,
    I_FREE_MIX,
    I_HELD,
    I_LADEN,
    I_MIX,
    MIX_COUNT,
    MIX_FLOW,
    MIX_NEXT,
    STATION_COUNTS,
    VEHICLE_COUNTS,
    W_LOAD,
    W_MIX,
    W_PLACED,
    W_TURNED,
    Counts,
    Marks,
    Records,
)
from sim.kernel.jit import borrowed, called, compiled, fetch, inlined, prefetch, rows_of
from sim.kernel.layout import (
    FLOW_COLUMNS,
    K_ARRIVED,
    K_GONE,
    K_NOW,
    K_STAYS,
    K_VISITS,
    N_CREATED,
    N_FINISHED,
    N_FLOW,
    N_NUMBER,
    N_RELEASE,
    N_STATUS,
    N_VEHICLE,
    O_TEU,
    S_BATCH_MAX,
    S_COUPLES,
    S_KIND,
    STATION_COLUMNS,
    T_NEXT,
    T_SECONDS,
    TRAVELLER_COLUMNS,
    V_DEPARTED,
    V_ENDED,
    V_LOAD,
    V_POOL,
    VEHICLE_COLUMNS,
    Rows,
)
from sim.kernel.visited import bin_of, count_part, count_row, count_whole, is_whole, keep_span
from sim.plan import NEVER, Cause, Kind, Status

Ints = NDArray[np.int64]

SERVER = int(Kind.SERVER)
POOL = int(Kind.POOL)
DELIVERED = int(Status.DELIVERED)
REFUSED_STORAGE = int(Status.REFUSED_STORAGE)
MOVING = int(Cause.MOVING)
SERVICE = int(Cause.SERVICE)
FOREVER = (1 << 31) - 1
WORD = 64
"""Bits of a number."""
AHEAD = 8
"""Rows after which what a row is about is brought into the cache."""


@compiled
def count(
    counts: Counts,
    marks: Marks,
    records: Records,
    visits: Rows,
    stays: Rows,
    station: Ints,
    trav: Rows,
    flow: Ints,
    vehicle: Rows,
    gone: Rows,
    run: Ints,
) -> None:
    """Count all rows that have been written, and forget them."""
    note_ended(counts.ended_s, run, vehicle, trav, len(trav) - len(vehicle))
    count_stays(counts, marks, stays, run, station, trav, flow, vehicle)
    count_finished(counts, records, gone, run, trav)
    count_visits(counts, marks, visits, run, station, vehicle)
    count_arrived(counts, marks, run, vehicle, trav, len(trav) - len(vehicle))
    run[K_STAYS], run[K_VISITS] = 0, 0


@compiled
def count_open(
    counts: Counts,
    marks: Marks,
    records: Records,
    inside: Ints,
    known: Ints,
    trav: Rows,
    vehicle: Rows,
    run: Ints,
) -> None:
    """Count the consignments and the vehicles that the end of the run cuts short.

    Parameters
    ----------
    inside
        Consignments that have not finished.
    known
        Vehicles, at least those under way.
    """
    counts, marks, records = borrowed(counts), borrowed(marks), borrowed(records)
    for at in range(len(inside)):
        count_causes(counts, records, trav, inside[at])
    for i in known:
        if vehicle[i, V_ENDED] == NEVER:
            count_vehicle(counts, marks, vehicle, i, run[K_NOW])


@inlined
def by_station(counts: Counts) -> tuple[Ints, Ints, Ints, tuple[int, int]]:
    """Return totals, waits and days, as `count_row` takes them."""
    stations, bins, _ = counts.wait.shape
    days = counts.day.shape[1]
    return (
        rows_of(counts.station, STATION_COUNTS),
        rows_of(counts.wait.reshape((stations * bins, 2)), 2),
        rows_of(counts.day.reshape((stations * days, DAY_COUNTS)), DAY_COUNTS),
        (bins, days),
    )


@called
def count_stays(  # noqa: C901 - one line for each thing that is counted
    counts: Counts,
    marks: Marks,
    stays: Rows,
    run: Ints,
    station: Ints,
    trav: Rows,
    flow: Ints,
    vehicle: Rows,
) -> None:
    """Count the stays of consignments."""
    counts, marks, stays = borrowed(counts), borrowed(marks), rows_of(stays, 6)
    trav, flow = rows_of(trav, TRAVELLER_COLUMNS), rows_of(flow, FLOW_COLUMNS)
    vehicle, station = rows_of(vehicle, VEHICLE_COLUMNS), rows_of(station, STATION_COLUMNS)
    totals, wait, day, sizes = by_station(counts)
    over_s, over, stock = counts.over_s, counts.over, counts.stock
    is_by_flow, flows = len(counts.flow_wait) > 0, counts.flow_wait.shape[1]
    flow_wait = rows_of(counts.flow_wait.reshape((len(counts.flow_wait) * flows, 2)), 2)
    now_s = run[K_NOW]
    numbers, batch_s, late_s, mix = counts.numbers, counts.batch_s, counts.late_s, counts.mix
    carried = rows_of(counts.vehicle, VEHICLE_COUNTS)
    vehicle_ended_s, misplaced = rows_of(counts.ended_s, 1), counts.misplaced
    shut_first, shut_s = rows_of(marks.shut_first, 1), rows_of(marks.shut_s, 2)
    shut_at, is_special = rows_of(counts.shut_at, 1), rows_of(marks.is_special, 1)
    leg_has_line, pool_leg = marks.leg_has_line, marks.pool_leg
    from_s, to_s = counts.window[0], counts.window[1]
    for at in range(run[K_STAYS]):
        ahead = min(at + AHEAD, run[K_STAYS] - 1)
        fetch(trav, stays[ahead, 0])
        wait_s = max(0, stays[ahead, 3] - stays[ahead, 2])
        prefetch(wait, stays[ahead, 1] * sizes[0] + bin_of(wait_s))
        n, s, i = stays[at, 0], stays[at, 1], stays[at, 5]
        request_s, start_s, end_s = stays[at, 2], stays[at, 3], stays[at, 4]
        f = trav[n, N_FLOW]
        load = flow[f, O_TEU]
        if is_whole(from_s, to_s, request_s, start_s, end_s, end_s):
            count_whole(
                totals, wait, day, sizes, over_s, over, from_s, to_s,
                s, request_s, start_s, end_s, load,
            )  # fmt: skip
        else:
            count_part(
                totals, wait, day, sizes, over_s, over, from_s, to_s,
                s, request_s, start_s, end_s, end_s, lasts_to_s(trav, n, now_s), load,
            )  # fmt: skip
            finished_s = trav[n, N_FINISHED]
            for end in range(2):
                instant_s = counts.window[end]
                if request_s < instant_s and (
                    end_s >= instant_s
                    or (end_s == NEVER and (finished_s == NEVER or finished_s >= instant_s))
                ):
                    stock[end, s] += load
        if is_special[s]:
            if station[s, S_KIND] == POOL:
                totals[s, A_JOINED] += from_s <= trav[n, N_CREATED] < to_s
            elif start_s != NEVER:
                keep_span(
                    numbers, batch_s, late_s, shut_first, shut_s, shut_at,
                    station[s, S_BATCH_MAX], from_s, to_s, s, start_s,
                    lasts_to_s(trav, n, now_s) if end_s == NEVER else end_s,
                )  # fmt: skip
        if is_by_flow and start_s != NEVER and from_s <= request_s < to_s:
            flow_wait[s * flows + f, 0] += 1
            flow_wait[s * flows + f, 1] += start_s - request_s
        if misplaced[0, 0] == NEVER and is_early(trav, vehicle_ended_s, n, request_s):
            misplaced[0, 0], misplaced[0, 1] = trav[n, N_NUMBER], s
            misplaced[0, 2] = request_s
        trav[n, N_RELEASE] = FOREVER if end_s == NEVER else end_s
        trav[n, N_VEHICLE] = i
        if i != NEVER:
            carried[i, W_LOAD] += load
            if leg_has_line[pool_leg[vehicle[i, V_POOL]]]:
                add_to_mix(mix, carried, numbers, i, f)


@inlined
def lasts_to_s(trav: Rows, n: int, now_s: int) -> int:
    """Return to when a consignment's stay lasts that has not ended: till it finished, or now."""
    finished_s: int = trav[n, N_FINISHED]
    return now_s if finished_s == NEVER else finished_s


@inlined
def is_early(trav: Rows, vehicle_ended_s: Seconds, n: int, request_s: int) -> bool:
    """Return whether a consignment asks at a station before it has left the one before."""
    before, is_so = trav[n, N_VEHICLE], bool(request_s < trav[n, N_RELEASE])
    if before != NEVER:
        ended_s = vehicle_ended_s[before]
        is_so |= bool(ended_s == NEVER or request_s < ended_s)
    return is_so


@inlined
def add_to_mix(mix: Ints, carried: Ints, numbers: Ints, i: int, f: int) -> None:
    """Add a consignment of a flow to those that a vehicle carries."""
    at = carried[i, W_MIX]
    while at != NEVER and mix[at, MIX_FLOW] != f:
        at = mix[at, MIX_NEXT]
    if at == NEVER:
        at = numbers[I_FREE_MIX]
        if at == NEVER:
            at = numbers[I_MIX]
            numbers[I_MIX] += 1
        else:
            numbers[I_FREE_MIX] = mix[at, MIX_NEXT]
        mix[at, MIX_FLOW], mix[at, MIX_COUNT], mix[at, MIX_NEXT] = f, 0, carried[i, W_MIX]
        carried[i, W_MIX] = at
    mix[at, MIX_COUNT] += 1


@inlined
def add_to_line(line: Ints, mix: Ints, x: int, m: int) -> None:
    """Count linked rows of consignments aboard, from `m` on, at line `x` (NEVER: at none)."""
    if x != NEVER:
        while m != NEVER:
            line[x, mix[m, MIX_FLOW]] += mix[m, MIX_COUNT]
            m = mix[m, MIX_NEXT]


@inlined
def is_under_way(vehicle: Rows, carried: Ints, i: int, instant_s: int) -> bool:
    """Return whether a vehicle carried its load just before an instant."""
    ended_s, turned_s = vehicle[i, V_ENDED], carried[i, W_TURNED]
    return bool(
        NEVER < vehicle[i, V_DEPARTED] < instant_s
        and (ended_s == NEVER or ended_s >= instant_s)
        and (turned_s == NEVER or turned_s >= instant_s)
    )


@called
def count_visits(
    counts: Counts,
    marks: Marks,
    visits: Rows,
    run: Ints,
    station: Ints,
    vehicle: Rows,
) -> None:
    """Count the visits of vehicles."""
    counts, marks, visits = borrowed(counts), borrowed(marks), rows_of(visits, 5)
    vehicle, station = rows_of(vehicle, VEHICLE_COLUMNS), rows_of(station, STATION_COLUMNS)
    totals, wait, day, sizes = by_station(counts)
    over_s, over, line, stock = counts.over_s, counts.over, counts.line, counts.stock
    numbers, batch_s, late_s, mix = counts.numbers, counts.batch_s, counts.late_s, counts.mix
    held_s, carried = counts.held_s, rows_of(counts.vehicle, VEHICLE_COUNTS)
    shut_first, shut_s = rows_of(marks.shut_first, 1), rows_of(marks.shut_s, 2)
    shut_at = rows_of(counts.shut_at, 1)
    station_line, pool_leg = marks.station_line, marks.pool_leg
    station_holds, leg_holds = marks.station_holds, marks.leg_holds
    from_s, to_s, last_s = counts.window[0], counts.window[1], run[K_NOW]
    for at in range(run[K_VISITS]):
        i, s = visits[at, 0], visits[at, 1]
        request_s, start_s, end_s = int(visits[at, 2]), int(visits[at, 3]), int(visits[at, 4])
        load = int(vehicle[i, V_LOAD])
        # A train goes on with its locomotive, which is back much later.
        gone_s = start_s if station[s, S_COUPLES] and start_s != NEVER else end_s
        until_s = last_s
        if start_s == NEVER and end_s != NEVER:
            # Turned away.
            until_s, end_s = end_s, NEVER
        count_row(
            totals, wait, day, sizes, over_s, over, from_s, to_s,
            s, request_s, start_s, end_s, gone_s, until_s, load,
        )  # fmt: skip
        if station[s, S_KIND] == SERVER and start_s != NEVER:
            keep_span(
                numbers, batch_s, late_s, shut_first, shut_s, shut_at, station[s, S_BATCH_MAX],
                from_s, to_s, s, start_s, last_s if end_s == NEVER else end_s,
            )  # fmt: skip
        if from_s <= end_s < to_s:
            totals[s, A_PASSED] += 1
            totals[s, A_PASSED_LOAD] += load
            add_to_line(line, mix, station_line[s], carried[i, W_MIX])
        p = vehicle[i, V_POOL]
        if station_holds[s] and p != NEVER and station_holds[s] & leg_holds[pool_leg[p]]:
            since_s = max(request_s, from_s)
            until_s = min(until_s if start_s == NEVER else start_s, to_s)
            if until_s > since_s:
                row = numbers[I_HELD]
                numbers[I_HELD] += 1
                held_s[row, 0], held_s[row, 1] = since_s, until_s
        was_whole = is_whole(from_s, to_s, request_s, start_s, end_s, gone_s)
        for end in range(0 if was_whole else 2):
            instant_s = counts.window[end]
            is_there = request_s < instant_s and (gone_s == NEVER or gone_s >= instant_s)
            if is_there and is_under_way(vehicle, carried, i, instant_s):
                stock[end, s] += load
                if carried[i, W_PLACED] & ABOARD << end:
                    # It has been counted as moving; the visit went on after its leg.
                    stock[end, stock.shape[1] - 1] -= load
                carried[i, W_PLACED] |= 1 << end


@called
def count_finished(counts: Counts, records: Records, gone: Rows, run: Ints, trav: Rows) -> None:
    """Count the consignments that have finished, and forget them."""
    counts, records = borrowed(counts), borrowed(records)
    trav, gone = rows_of(trav, TRAVELLER_COLUMNS), rows_of(gone, 1)
    last = run[K_GONE] - 1
    for at in range(run[K_GONE]):
        fetch(trav, gone[min(at + AHEAD, last)])
        soon = trav[gone[min(at + AHEAD // 2, last)], N_NUMBER]
        prefetch(records.finished_s, soon)
        prefetch(records.status, soon)
        prefetch(records.delay_s, soon)
        prefetch(records.booked_s, soon)
        n = gone[at]
        i, finished_s = trav[n, N_VEHICLE], trav[n, N_FINISHED]
        if trav[n, N_STATUS] == REFUSED_STORAGE and i != NEVER:
            counts.vehicle[i, W_TURNED] = finished_s
        count_causes(counts, records, trav, n)
        number = trav[n, N_NUMBER]
        records.finished_s[number], records.status[number] = finished_s, trav[n, N_STATUS]
    run[K_GONE] = 0


@inlined
def count_causes(counts: Counts, records: Records, trav: Rows, n: int) -> None:
    """Count the seconds of a consignment by cause, whose end they have reached."""
    counts, records = borrowed(counts), borrowed(records)
    f, at, booked_s = trav[n, N_FLOW], trav[n, N_NUMBER], 0
    for cause in range(CAUSES):
        booked_s += trav[n, T_SECONDS + cause]
    records.booked_s[at] = booked_s
    records.delay_s[at] = booked_s - trav[n, T_SECONDS + MOVING] - trav[n, T_SECONDS + SERVICE]
    if counts.window[0] <= trav[n, N_CREATED] < counts.window[1]:
        is_cohort = 1 if trav[n, N_STATUS] <= DELIVERED else 0
        for cause in range(CAUSES):
            counts.cause_s[is_cohort, f, cause] += trav[n, T_SECONDS + cause]


@called
def note_ended(ended_s: Seconds, run: Ints, vehicle: Rows, trav: Rows, first_vehicle: int) -> None:
    """Note when the legs of vehicles have ended."""
    t = run[K_ARRIVED]
    while t != NEVER:
        ended_s[t - first_vehicle] = vehicle[t - first_vehicle, V_ENDED]
        t = trav[t, T_NEXT]


@called
def count_arrived(
    counts: Counts, marks: Marks, run: Ints, vehicle: Rows, trav: Rows, first_vehicle: int
) -> None:
    """Count the vehicles whose leg has ended."""
    counts, marks = borrowed(counts), borrowed(marks)
    t = run[K_ARRIVED]
    while t != NEVER:
        count_vehicle(
            counts, marks, vehicle, t - first_vehicle, vehicle[t - first_vehicle, V_ENDED]
        )
        t = trav[t, T_NEXT]
    run[K_ARRIVED] = NEVER


@inlined
def count_vehicle(counts: Counts, marks: Marks, vehicle: Rows, i: int, until_s: int) -> None:
    """Count a vehicle whose leg has ended, or is cut short by the end of the run."""
    counts, marks = borrowed(counts), borrowed(marks)
    from_s, to_s = counts.window[0], counts.window[1]
    departed_s, load, p = vehicle[i, V_DEPARTED], vehicle[i, V_LOAD], vehicle[i, V_POOL]
    if from_s <= departed_s < to_s:
        counts.numbers[I_LADEN if load else I_EMPTY] += 1
    if counts.vehicle[i, W_LOAD] != load and counts.misloaded[0, 0] == NEVER:
        counts.misloaded[0, 0], counts.misloaded[0, 1] = i, departed_s
        counts.misloaded[0, 2], counts.misloaded[0, 3] = load, counts.vehicle[i, W_LOAD]
    for end in range(2):
        is_placed = counts.vehicle[i, W_PLACED] >> end & 1
        if not is_placed and is_under_way(vehicle, counts.vehicle, i, counts.window[end]):
            counts.stock[end, counts.stock.shape[1] - 1] += load
            counts.vehicle[i, W_PLACED] |= ABOARD << end
    if p != NEVER:
        leg = marks.pool_leg[p]
        g = marks.leg_fleet[leg]
        if g != NEVER:
            away_s = min(until_s, to_s) - max(departed_s, from_s)
            counts.fleet_away_s[g] += max(0, away_s)
        if from_s <= vehicle[i, V_ENDED] < to_s:
            counts.leg[leg, 0] += 1
            counts.leg[leg, 1] += load
            add_to_line(counts.line, counts.mix, marks.leg_line[leg], counts.vehicle[i, W_MIX])
    m = counts.vehicle[i, W_MIX]
    while m != NEVER:
        after = counts.mix[m, MIX_NEXT]
        counts.mix[m, MIX_NEXT] = counts.numbers[I_FREE_MIX]
        counts.numbers[I_FREE_MIX] = m
        m = after
    counts.vehicle[i, W_MIX] = NEVER


@compiled
def count_instants(
    load_class: Ints,
    flow: NDArray[np.int16],
    created_s: Seconds,
    finished_s: Seconds,
    is_met: NDArray[np.uint64],
    instants: Ints,
) -> None:
    """Count by load class the instants at which a consignment came or went.

    Parameters
    ----------
    load_class
        (F,) of each flow, one of C.
    flow, created_s, finished_s
        (N,) of each consignment; it has not finished where the last is negative.
    is_met
        (C, T) a bit for each instant, none of which is set.
    instants
        (C,) added to.
    """
    for at in range(len(flow)):
        c = load_class[flow[at]]
        meet(is_met, instants, c, created_s[at])
        if finished_s[at] >= 0:
            meet(is_met, instants, c, finished_s[at])


@inlined
def meet(is_met: NDArray[np.uint64], instants: Ints, c: int, instant_s: int) -> None:
    """Count an instant of a load class, if it is a new one."""
    bit = np.uint64(1) << np.uint64(instant_s & WORD - 1)
    bits = is_met[c, instant_s // WORD]
    instants[c] += bits & bit == 0
    is_met[c, instant_s // WORD] = bits | bit
