"""Services as dated states with exact integer capacities (R10, R12, R16).

In: rows of services of one line, or a default row. Out: `ServicePart`s. One unit
of capacity divides what every load class may fill, so shared decks never drift.
"""

from collections.abc import Sequence
from math import lcm
from typing import NamedTuple

from network.schema import DefaultRow, ServiceRow
from sim.compiler.clock import HOUR_S, Clock, seconds
from sim.compiler.parts import CLASSES, ServicePart, StatePart
from sim.errors import PlanError
from sim.plan import LOAD_CLASSES, NEVER

MILLI = 1000
MINUTE_S = 60
GREATEST_CAPACITY = 1 << 45
"""Units on one deck; sums over a pool's queue stay inside 64 bits."""
TONNE_CLASSES = frozenset({"bulk", "grain", "air"})
LOSS_MOST = 0.05
"""Share of a capacity that lots may leave empty without a warning (R16)."""


class Usable(NamedTuple):
    """What one vehicle can take of each load class, thousandths; 0: not carried."""

    milli: tuple[int, ...]
    """(5,)"""
    teu_milli: int
    """Of boxes, for the least load; 0: no capacity in TEU is stated."""


def usable(row: ServiceRow) -> Usable:
    """Return the usable capacities of a service's vehicle.

    Raises
    ------
    PlanError
        If it can take none of its load classes.
    """
    factor = (1.0 if row.load_factor is None else row.load_factor) * MILLI
    by_class = tuple(
        round((_nominal(row, load_class) or 0.0) * factor)
        if not row.load_classes or load_class in row.load_classes
        else 0
        for load_class in LOAD_CLASSES
    )
    if not any(by_class):
        msg = (
            f"services {row.id}: no capacity for {', '.join(row.load_classes) or 'any load'};"
            " state capacity_teu, capacity_t or capacity_trucks"
        )
        raise PlanError(msg)
    return Usable(by_class, round((row.capacity_teu or 0.0) * factor))


def default_row(row: DefaultRow, origin: str, destination: str) -> ServiceRow:
    """Return a default as a service between two places, with a name of its own."""
    key = f"{row.id}/{origin}/{destination}"
    return ServiceRow(
        id=key,
        line=key,
        mode=row.mode,
        origin=origin,
        destination=destination,
        load_classes=(row.load_class,),
        capacity_teu=row.capacity_teu,
        capacity_t=row.capacity_t,
        capacity_trucks=1.0 if row.load_class == "truck" else None,
        max_wait_h=row.max_wait_h,
        min_load_teu=row.min_load_teu,
        gauge_mm=row.gauge_mm,
    )


def service_part(
    key: str, rows: Sequence[ServiceRow], clock: Clock, *, is_default: bool
) -> ServicePart:
    """Return a service from the rows of its line.

    Parameters
    ----------
    key
        Id of the line.
    rows
        Its dated states, at least one, in order of date.
    clock
        Of the run.
    is_default
        True: it stands for a row of defaults.

    Raises
    ------
    PlanError
        If a capacity or a least load cannot be stated in whole units.
    """
    spans = [clock.span(row.available_from, row.available_to) for row in rows]
    serving = [row for row, (begin_s, end_s) in zip(rows, spans, strict=True) if begin_s < end_s]
    if not serving:
        msg = f"services {key}: no row of the line is in force during the run"
        raise PlanError(msg)
    present = next(
        (row for row in serving if clock.span(row.available_from, None)[0] <= clock.start_s),
        serving[0],
    )
    has_fleet = any(row.fleet is not None for row in serving)
    departures = _departures(present, clock)
    return ServicePart(
        id=key,
        mode=present.mode,
        headway_s=0 if not present.headway_h else seconds(present.headway_h),
        is_timetabled=departures is not None,
        departures_s=departures or (),
        hold_s=round((present.hold_min or 0.0) * MINUTE_S),
        states=_states(serving, clock, has_fleet=has_fleet),
        is_priority=present.discipline == "priority",
        has_fleet=has_fleet,
        is_default=is_default,
        turnaround_s=0 if not present.turnaround_h else seconds(present.turnaround_h),
        ends=(present.origin, present.destination),
        line=key,
        wagon_pool=present.wagon_pool,
    )


def lots_lost(state: StatePart, load_class: int, lot_milli: int) -> float | None:
    """Return the share of a capacity that whole lots leave empty, None if none fits."""
    lot = lot_milli * state.unit[load_class]
    if lot == 0 or lot > state.capacity:
        return None
    return state.capacity % lot / state.capacity


def fitting_lots(state: StatePart, load_class: int, lot_milli: int) -> tuple[float, ...]:
    """Return the nearest lots that fill a vehicle, in units of the load class."""
    whole = state.capacity // state.unit[load_class] / MILLI
    count = int(whole * MILLI // lot_milli)
    return tuple(whole / number for number in (count + 1, count) if number)


def _nominal(row: ServiceRow, load_class: str) -> float | None:
    if load_class == "box":
        return row.capacity_teu
    return row.capacity_t if load_class in TONNE_CLASSES else row.capacity_trucks


def _states(rows: Sequence[ServiceRow], clock: Clock, *, has_fleet: bool) -> tuple[StatePart, ...]:
    """Return the states of a service; each holds until the next, the last for good.

    A fleet that is not there yet has a first state without vehicles.
    """
    states: list[StatePart] = []
    for row in rows:
        from_s = clock.span(row.available_from, None)[0]
        state = _state(row, from_s)
        if not states and from_s > 0:
            states.append(state._replace(from_s=0, vehicles=0) if has_fleet else state)
            from_s = 0 if not has_fleet else from_s
        if states and states[-1].from_s == state.from_s:
            states.pop()
        states.append(state._replace(from_s=from_s))
    return tuple(states)


def _state(row: ServiceRow, from_s: int) -> StatePart:
    room = usable(row)
    carried = [milli for milli in room.milli if milli]
    if row.min_load_teu and room.teu_milli:
        carried.append(room.teu_milli)
    capacity = lcm(*carried)
    if capacity > GREATEST_CAPACITY:
        msg = f"services {row.id}: capacities {carried} have no common unit; round them"
        raise PlanError(msg)
    return StatePart(
        from_s=from_s,
        capacity=capacity,
        unit=tuple(capacity // milli if milli else 0 for milli in room.milli),
        deck=tuple(_deck(row, index) for index in range(CLASSES)),
        least=_least(row, room, capacity),
        max_wait_s=NEVER if row.max_wait_h is None else seconds(row.max_wait_h),
        vehicles=row.fleet or 0,
        wagons=(row.capacity_wagons or 1) if row.wagon_pool else 0,
    )


def _least(row: ServiceRow, room: Usable, capacity: int) -> int:
    """Return the least load in units: TEU by what they take of the vehicle (R12)."""
    if row.min_load_teu is None:
        return NEVER
    if row.min_load_teu == 0:
        return 0
    if not room.teu_milli:
        msg = f"services {row.id}: min_load_teu is {row.min_load_teu:g} without capacity_teu"
        raise PlanError(msg)
    return round(row.min_load_teu * MILLI) * (capacity // room.teu_milli)


def _deck(row: ServiceRow, load_class: int) -> int:
    """Return the deck of a load class: trucks stand on one of their own at sea (R16)."""
    return int(row.mode == "sea" and LOAD_CLASSES[load_class] == "truck")


def _departures(row: ServiceRow, clock: Clock) -> tuple[int, ...] | None:
    """Return the timetabled departures within the run, None without a timetable."""
    if row.departures_every_h is None and not row.departures_at_h:
        return None
    if row.departures_every_h is None:
        stated = [clock.start_s + round(float(hour) * HOUR_S) for hour in row.departures_at_h]
    else:
        first_s = clock.start_s + (row.departures_first_h or 0.0) * HOUR_S
        every_s = row.departures_every_h * HOUR_S
        back = int(first_s // every_s)
        count = int((clock.horizon_s - first_s) // every_s) + 1
        stated = [round(first_s + number * every_s) for number in range(-back, count + 1)]
    return tuple(sorted({second for second in stated if 0 <= second < clock.horizon_s}))
