"""What shuts and slows stations (R15): closures begin and end on the rows they strike."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.jit import called
from sim.kernel.layout import (
    C_VALUE,
    C_WEATHER,
    FORCE_CLOSURE,
    FORCE_NEXT,
    FORCE_START,
    FREE,
    K_SPELLS,
    R_OUT,
    R_PAYLOAD,
    R_RATE,
    R_SHUT,
    R_STANDING,
    S_CAUSE,
    S_CLOSURE,
    S_ROW,
    S_ROW_END,
    S_SHUT,
    S_SPELL,
    SPELL_BEFORE,
    SPELL_CAUSE,
    SPELL_CLOSURE,
    SPELL_END,
    SPELL_START,
)
from sim.plan import NEVER, PPM, Cause, Effect

Ints = NDArray[np.int64]

SHUT = int(Effect.SHUT)
RATE = int(Effect.RATE)
PAYLOAD = int(Effect.PAYLOAD)
FLEET_MINUS = int(Effect.FLEET_MINUS)
WEATHER = int(Cause.WEATHER)
CLOSED = int(Cause.CLOSED)


@called
def put_to_work(
    force: Ints, row_force: Ints, row: int, effect: int, closure: int, start_s: int
) -> None:
    """Put a closure among those at work on a row, in order of (closure, start).

    Parameters
    ----------
    force
        Linked rows; there must be one that is unused.
    row_force
        (R, effects) first of each list.
    """
    new = force[FREE, FORCE_NEXT]
    force[FREE, FORCE_NEXT] = force[new, FORCE_NEXT]
    force[new, FORCE_CLOSURE] = closure
    force[new, FORCE_START] = start_s
    before, after = NEVER, row_force[row, effect]
    while after != NEVER and (
        force[after, FORCE_CLOSURE] < closure
        or (force[after, FORCE_CLOSURE] == closure and force[after, FORCE_START] < start_s)
    ):
        before, after = after, force[after, FORCE_NEXT]
    force[new, FORCE_NEXT] = after
    if before == NEVER:
        row_force[row, effect] = new
    else:
        force[before, FORCE_NEXT] = new


@called
def take_off(
    force: Ints, row_force: Ints, row: int, effect: int, closure: int, start_s: int
) -> None:
    """Take a closure off a row; parameters as for `put_to_work`."""
    before, old = NEVER, row_force[row, effect]
    while force[old, FORCE_CLOSURE] != closure or force[old, FORCE_START] != start_s:
        before, old = old, force[old, FORCE_NEXT]
    if before == NEVER:
        row_force[row, effect] = force[old, FORCE_NEXT]
    else:
        force[before, FORCE_NEXT] = force[old, FORCE_NEXT]
    force[old, FORCE_NEXT] = force[FREE, FORCE_NEXT]
    force[FREE, FORCE_NEXT] = old


@called
def product_ppm(force: Ints, closure: Ints, at: int, factor_ppm: int) -> int:
    """Return a factor times those of a list of forces, each product rounded half up."""
    while at != NEVER:
        value_ppm = closure[force[at, FORCE_CLOSURE], C_VALUE]
        factor_ppm = max(1, (factor_ppm * value_ppm + PPM // 2) // PPM)
        at = force[at, FORCE_NEXT]
    return factor_ppm


@called
def holder(
    force: Ints, row_force: Ints, closure: Ints, first_row: int, end_row: int
) -> tuple[int, int]:
    """Return the cause and the closure that hold rows shut, NEVER where none is at work.

    Weather comes before other closures, then the latest begun, then the smaller index.
    """
    cause, by, begun_s = NEVER, NEVER, NEVER
    for row in range(first_row, end_row):
        at = row_force[row, SHUT]
        while at != NEVER:
            found, start_s = force[at, FORCE_CLOSURE], force[at, FORCE_START]
            its_cause = WEATHER if closure[found, C_WEATHER] else CLOSED
            # WEATHER is the smaller of the two numbers.
            is_stronger = cause == NEVER or its_cause < cause
            if its_cause == cause:
                is_stronger = start_s > begun_s or (start_s == begun_s and found < by)
            if is_stronger:
                cause, by, begun_s = its_cause, found, start_s
            at = force[at, FORCE_NEXT]
    return cause, by


@called
def settle(
    force: Ints,
    row_force: Ints,
    closure: Ints,
    row_table: Ints,
    station: Ints,
    spell: Ints,
    run: Ints,
    row: int,
    s: int,
    now_s: int,
) -> None:
    """Bring a row, and since when its station is shut, up to what is at work on it.

    A station is shut when all its rows are. There must be room for one more spell.
    """
    shut, out = 0, 0
    at = row_force[row, SHUT]
    while at != NEVER:
        shut += 1
        at = force[at, FORCE_NEXT]
    at = row_force[row, FLEET_MINUS]
    while at != NEVER:
        out += closure[force[at, FORCE_CLOSURE], C_VALUE]
        at = force[at, FORCE_NEXT]
    row_table[row, R_SHUT] = shut
    row_table[row, R_OUT] = out
    standing_ppm = row_table[row, R_STANDING]
    row_table[row, R_RATE] = product_ppm(force, closure, row_force[row, RATE], standing_ppm)
    row_table[row, R_PAYLOAD] = product_ppm(force, closure, row_force[row, PAYLOAD], PPM)

    first_row, end_row = station[s, S_ROW], station[s, S_ROW_END]
    is_shut = True
    for other in range(first_row, end_row):
        is_shut &= row_table[other, R_SHUT] > 0
    cause, by = NEVER, NEVER
    if is_shut:
        cause, by = holder(force, row_force, closure, first_row, end_row)
    if cause == station[s, S_CAUSE] and by == station[s, S_CLOSURE]:
        return
    since_s = station[s, S_SHUT]
    if since_s not in (NEVER, now_s):
        at = run[K_SPELLS]
        run[K_SPELLS] += 1
        spell[at, SPELL_START] = since_s
        spell[at, SPELL_END] = now_s
        spell[at, SPELL_CAUSE] = station[s, S_CAUSE]
        spell[at, SPELL_CLOSURE] = station[s, S_CLOSURE]
        spell[at, SPELL_BEFORE] = station[s, S_SPELL]
        station[s, S_SPELL] = at
    station[s, S_SHUT] = now_s if is_shut else NEVER
    station[s, S_CAUSE] = cause
    station[s, S_CLOSURE] = by
