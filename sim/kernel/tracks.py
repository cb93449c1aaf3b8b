"""Line meters: when the next train may enter, and what its entry uses up (R11)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.arithmetic import slowed_s
from sim.kernel.heap import call, mark, push
from sim.kernel.jit import called, inlined
from sim.kernel.layout import (
    E_STAND,
    K_VISITS,
    KIND_BIT,
    LOCOMOTIVE,
    M_BURST,
    M_CLEARED,
    M_CLEARING,
    M_FLEET,
    M_FOLLOWED,
    M_FROM,
    M_HEADWAY,
    M_INSIDE,
    M_NEXT,
    M_OPPOSITE,
    M_PATHS,
    M_RULE,
    M_STATION,
    M_UNIT,
    N_LOOP,
    N_MOST,
    N_TAKEN,
    R_STATION,
    S_LENGTH,
    S_SHUT,
    V_ASKED,
    V_BACK,
    V_DEPOT,
    V_ELEMENT,
    V_TAKEN,
    Z_CALLER,
    Z_CALLER_END,
    Z_TAKEN,
    Z_TRACKS,
    Rows,
)
from sim.kernel.queues import first_queue, write_visit
from sim.plan import NEVER, PPM, TrackRule

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

ALTERNATING = int(TrackRule.ALTERNATING)
SLOTS = int(TrackRule.SLOTS)
UNITS_PER_PATH = 86_400 * 1000
"""A path lasts this many units, of which a second has as many as the section has
thousandths of a path a day: the headway is rational in seconds, whole in units."""


@inlined
def section_of(meter: Ints, m: int) -> int:
    """Return the meter in whose row the section of an alternating pair stands."""
    opposite: int = meter[m, M_OPPOSITE]
    return m if opposite == NEVER else min(m, opposite)


@inlined
def may_move(
    station: Ints,
    queue_first: Ints,
    vehicle: Rows,
    element: Ints,
    stand: Ints,
    loop: Ints,
    classes: int,
    first_vehicle: int,
    s: int,
) -> bool:
    """Return whether a train waits at a meter that is open and has room where it goes (R11)."""
    if not station[s, S_LENGTH] or station[s, S_SHUT] != NEVER:
        return False
    t = queue_first[first_queue(queue_first, s, classes)]
    n = element[vehicle[t - first_vehicle, V_ELEMENT], E_STAND]
    if n == NEVER:
        return True
    z = stand[n, N_LOOP]
    return bool(stand[n, N_TAKEN] < stand[n, N_MOST] and loop[z, Z_TAKEN] < loop[z, Z_TRACKS])


@called
def run_locomotive(
    vehicle: Rows, row_table: Ints, visits: Rows, events: Ints, run: Ints, i: int, end_s: int
) -> None:
    """Let the locomotive of a vehicle run with it to an instant (R11).

    There must be room for a visit and an event.
    """
    row, back_s = vehicle[i, V_DEPOT], end_s + vehicle[i, V_BACK]
    s, asked_s, taken_s = row_table[row, R_STATION], vehicle[i, V_ASKED], vehicle[i, V_TAKEN]
    write_visit(visits, run[K_VISITS], i, s, asked_s, taken_s, back_s)
    run[K_VISITS] += 1
    push(events, back_s << 32 | LOCOMOTIVE << KIND_BIT | row)
    vehicle[i, V_DEPOT] = NEVER


@called
def change_stand(
    stand: Ints, loop: Ints, loop_caller: Ints, ready: Ints, is_ready: Flags, n: int, trains: int
) -> None:
    """Take or leave a track of a loop; the sections that lead there look again."""
    z = stand[n, N_LOOP]
    stand[n, N_TAKEN] += trains
    loop[z, Z_TAKEN] += trains
    for at in range(loop[z, Z_CALLER], loop[z, Z_CALLER_END]):
        mark(ready, is_ready, loop_caller[at])


@inlined
def first_entry_s(meter: Ints, m: int, is_wanted: int, now_s: int) -> int:
    """Return when the first train may enter, or NEVER: another must move first.

    Parameters
    ----------
    is_wanted
        1: a train waits on the other side of an alternating section that may move.
    """
    units_per_s = meter[m, M_PATHS]
    if meter[m, M_RULE] == ALTERNATING:
        section = section_of(meter, m)
        if meter[section, M_FROM] == m:
            if is_wanted and meter[section, M_FOLLOWED] >= meter[m, M_FLEET]:
                return NEVER
            return max(now_s, int(meter[m, M_NEXT]))
        return NEVER if meter[section, M_INSIDE] else max(now_s, int(meter[section, M_CLEARED]))
    if not units_per_s:
        return now_s
    if meter[m, M_RULE] == SLOTS:
        slot = max(now_s * units_per_s // UNITS_PER_PATH, meter[m, M_UNIT])
        if -(-slot * UNITS_PER_PATH // units_per_s) < now_s:
            slot += 1
        return int(-(-slot * UNITS_PER_PATH // units_per_s))
    saved = (meter[m, M_BURST] - 1) * UNITS_PER_PATH
    first_s = -(-(meter[m, M_UNIT] - saved) // units_per_s)
    return max(now_s, int(first_s), int(meter[m, M_NEXT]))


@inlined
def enter_section(meter: Ints, m: int, factor_ppm: int, now_s: int) -> None:
    """Use up a path at this second; under a rate factor the gap after it is divided by it."""
    units_per_s, headway_s = meter[m, M_PATHS], meter[m, M_HEADWAY]
    if meter[m, M_RULE] == ALTERNATING:
        section = section_of(meter, m)
        if meter[section, M_FROM] != m:
            meter[section, M_FROM], meter[section, M_FOLLOWED] = m, 0
        meter[section, M_FOLLOWED] += 1
        meter[section, M_INSIDE] += 1
        meter[m, M_NEXT] = now_s + headway_s
    elif units_per_s and meter[m, M_RULE] == SLOTS:
        slot = now_s * units_per_s // UNITS_PER_PATH
        meter[m, M_UNIT] = slot - (-PPM // factor_ppm)
    elif units_per_s:
        saved = (meter[m, M_BURST] - 1) * UNITS_PER_PATH
        path = (UNITS_PER_PATH * PPM + factor_ppm // 2) // factor_ppm
        due, unit = meter[m, M_UNIT] - saved, now_s * units_per_s
        # A path that fell due within this second is used from when it fell due: no drift.
        used = due if 0 <= unit - due < units_per_s else unit
        meter[m, M_UNIT] = max(used, meter[m, M_UNIT]) + path
        meter[m, M_NEXT] = now_s + (slowed_s(headway_s, factor_ppm) if headway_s else 0)


@called
def leave_section(
    meter: Ints,
    station: Ints,
    events: Ints,
    ready: Ints,
    is_ready: Flags,
    m: int,
    now_s: int,
) -> None:
    """Note that a train has left an alternating section; both sides look again."""
    section = section_of(meter, m)
    meter[section, M_INSIDE] -= 1
    meter[section, M_CLEARED] = now_s + meter[m, M_CLEARING]
    for side in (m, meter[m, M_OPPOSITE]):
        if side != NEVER:
            mark(ready, is_ready, meter[side, M_STATION])
            call(events, station, meter[side, M_STATION], meter[section, M_CLEARED])
