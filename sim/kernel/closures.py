"""What shuts and slows stations (R15): closures begin and end on the rows they strike."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.books import (
    SHUT_CAUSE,
    SHUT_CLOSURE,
    SHUT_SINCE,
    SHUT_SPELL,
    SPELL_BEFORE,
    SPELL_CAUSE,
    SPELL_CLOSURE,
    SPELL_END,
    SPELL_START,
)
from sim.kernel.jit import compiled
from sim.kernel.layout import FORCE_CLOSURE, FORCE_NEXT, FORCE_START
from sim.plan import NEVER, PPM, Cause, Effect

Ints = NDArray[np.int64]

EFFECTS = len(Effect)
SHUT = int(Effect.SHUT)
RATE = int(Effect.RATE)
PAYLOAD = int(Effect.PAYLOAD)
FLEET_MINUS = int(Effect.FLEET_MINUS)
WEATHER = int(Cause.WEATHER)
CLOSED = int(Cause.CLOSED)
FREE = 0
"""First unused force: the head of their own list, in row 0."""


@compiled
def put_to_work(force: Ints, first: Ints, at: tuple[int, int], closure: int, start_s: int) -> None:
    """Put a closure among those at work on a row, in order of (closure, start).

    Parameters
    ----------
    force
        (M, 3) linked lists; row 0 heads the unused ones, of which there must be one.
    first
        (R, effects) first force of each list.
    at
        Row and effect.
    """
    new = force[FREE, FORCE_NEXT]
    force[FREE, FORCE_NEXT] = force[new, FORCE_NEXT]
    force[new, FORCE_CLOSURE] = closure
    force[new, FORCE_START] = start_s
    before = NEVER
    after = first[at]
    while after != NEVER and (
        force[after, FORCE_CLOSURE] < closure
        or (force[after, FORCE_CLOSURE] == closure and force[after, FORCE_START] < start_s)
    ):
        before = after
        after = force[after, FORCE_NEXT]
    force[new, FORCE_NEXT] = after
    if before == NEVER:
        first[at] = new
    else:
        force[before, FORCE_NEXT] = new


@compiled
def take_off(force: Ints, first: Ints, at: tuple[int, int], closure: int, start_s: int) -> None:
    """Take a closure off a row; parameters as for `put_to_work`."""
    before = NEVER
    old = first[at]
    while force[old, FORCE_CLOSURE] != closure or force[old, FORCE_START] != start_s:
        before = old
        old = force[old, FORCE_NEXT]
    if before == NEVER:
        first[at] = force[old, FORCE_NEXT]
    else:
        force[before, FORCE_NEXT] = force[old, FORCE_NEXT]
    force[old, FORCE_NEXT] = force[FREE, FORCE_NEXT]
    force[FREE, FORCE_NEXT] = old


@compiled
def product_ppm(force: Ints, value_ppm: Ints, at: int, factor_ppm: int) -> int:
    """Return a factor times those of a list of forces, each product rounded half up."""
    while at != NEVER:
        factor_ppm = max(1, (factor_ppm * value_ppm[force[at, FORCE_CLOSURE]] + PPM // 2) // PPM)
        at = force[at, FORCE_NEXT]
    return factor_ppm


@compiled
def settle_row(
    value_ppm: Ints, standing_ppm: Ints, force: Ints, first: Ints, row_now: Ints, row: int
) -> None:
    """Bring what a row can do up to what is at work on it.

    Parameters
    ----------
    row_now
        (R, 4), written: closures that shut it, rate factor, payload factor, vehicles out.
    """
    shut = 0
    at = first[row, SHUT]
    while at != NEVER:
        shut += 1
        at = force[at, FORCE_NEXT]
    out = 0
    at = first[row, FLEET_MINUS]
    while at != NEVER:
        out += value_ppm[force[at, FORCE_CLOSURE]]
        at = force[at, FORCE_NEXT]
    row_now[row, SHUT] = shut
    row_now[row, RATE] = product_ppm(force, value_ppm, first[row, RATE], standing_ppm[row])
    row_now[row, PAYLOAD] = product_ppm(force, value_ppm, first[row, PAYLOAD], PPM)
    row_now[row, FLEET_MINUS] = out


@compiled
def holder(force: Ints, first: Ints, rows: tuple[int, int], is_weather: Ints) -> tuple[int, int]:
    """Return the cause and the closure that hold rows shut, NEVER where none is at work.

    Weather comes before other closures, then the latest begun, then the smaller index.
    """
    cause, closure, begun_s = NEVER, NEVER, NEVER
    for row in range(rows[0], rows[1]):
        at = first[row, SHUT]
        while at != NEVER:
            found, start_s = force[at, FORCE_CLOSURE], force[at, FORCE_START]
            its_cause = WEATHER if is_weather[found] else CLOSED
            # WEATHER is the smaller of the two numbers.
            is_stronger = cause == NEVER or its_cause < cause
            if its_cause == cause:
                is_stronger = start_s > begun_s or (start_s == begun_s and found < closure)
            if is_stronger:
                cause, closure, begun_s = its_cause, found, start_s
            at = force[at, FORCE_NEXT]
    return cause, closure


@compiled
def settle_station(
    rows: tuple[int, int],
    is_weather: Ints,
    force: Ints,
    first: Ints,
    row_now: Ints,
    shut: Ints,
    spell: Ints,
    station: int,
    now_s: int,
) -> None:
    """Note since when, and by which closure, a station is shut: all its rows are.

    `spell[0, 0]` counts the spells; there must be room for one more.
    """
    is_shut = True
    for row in range(rows[0], rows[1]):
        is_shut &= row_now[row, SHUT] > 0
    cause, closure = NEVER, NEVER
    if is_shut:
        cause, closure = holder(force, first, rows, is_weather)
    if cause == shut[station, SHUT_CAUSE] and closure == shut[station, SHUT_CLOSURE]:
        return
    since_s = shut[station, SHUT_SINCE]
    if since_s not in (NEVER, now_s):
        spell[0, 0] += 1
        at = spell[0, 0]
        spell[at, SPELL_START] = since_s
        spell[at, SPELL_END] = now_s
        spell[at, SPELL_CAUSE] = shut[station, SHUT_CAUSE]
        spell[at, SPELL_CLOSURE] = shut[station, SHUT_CLOSURE]
        spell[at, SPELL_BEFORE] = shut[station, SHUT_SPELL]
        shut[station, SHUT_SPELL] = at
    shut[station, SHUT_SINCE] = now_s if is_shut else NEVER
    shut[station, SHUT_CAUSE] = cause
    shut[station, SHUT_CLOSURE] = closure
