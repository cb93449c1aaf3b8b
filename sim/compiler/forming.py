"""Pools: where loads gather for a leg, by block on rails (R10), and lots (R16).

In: uses of legs. Out: `PoolPart`s, and the pool that each use joins on each leg.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sim.compiler.clock import HOUR_S, Clock
from sim.compiler.flows import FlowPart
from sim.compiler.parts import PoolPart, RowPart, ServicePart, StatePart, StationPart
from sim.compiler.services import LOSS_MOST, fitting_lots, lots_lost
from sim.compiler.uses import RAIL, TripKey, Use, trip_key
from sim.errors import PlanError
from sim.plan import LOAD_CLASSES, NEVER, Kind
from sim.scenario.models import Scenario

MIXED = "mixed"
OWN = "own"
MILLI = 1000


class Gathering(NamedTuple):
    """One leg and the block that its load is for."""

    leg: str
    block: str


def pool_id(gathering: Gathering) -> str:
    """Return the id of a pool's station."""
    return f"pool:{gathering.leg}/{gathering.block}"


def blocks(
    uses: Sequence[Use],
    ids: Mapping[TripKey, str],
    services: Mapping[str, ServicePart],
    scenario: Scenario,
    clock: Clock,
) -> dict[Gathering, Gathering]:
    """Return, for each leg and last rail node, the leg and block in which it gathers.

    Notes
    -----
    A block of its own where the leg's load to that node x max_wait_h / hours of the
    window reaches the least load of a departure; else the leg's common pool.
    """
    window_h = (clock.end_s - clock.start_s) / HOUR_S
    loads: dict[Gathering, float] = {}
    lots: dict[Gathering, int] = {}
    service_of: dict[Gathering, str] = {}
    for use in uses:
        for trip in use.journey.trips:
            key = trip_key(trip)
            wanted = Gathering(ids[key], use.block if trip.leg.mode == RAIL else MIXED)
            unit = state_at(services[key.service], clock.start_s).unit[use.flow.load_class]
            lot = use.flow.lot_milli * unit
            loads[wanted] = loads.get(wanted, 0.0) + use.amount_milli * unit
            lots[wanted] = min(lots.get(wanted, lot), lot)
            service_of[wanted] = key.service
    found: dict[Gathering, Gathering] = {}
    for wanted, load in loads.items():
        service = services[service_of[wanted]]
        state = state_at(service, clock.start_s)
        rule = scenario.forming.blocks.get(service.id)
        least = lots[wanted] if state.least == NEVER else state.least
        wait_h = window_h if state.max_wait_s == NEVER else state.max_wait_s / HOUR_S
        has_own = load * wait_h / window_h >= least if rule is None else rule == OWN
        is_mixed = service.has_fleet or service.mode != RAIL or not has_own
        found[wanted] = Gathering(wanted.leg, MIXED if is_mixed else wanted.block)
    return found


def pool_of(
    use: Use, number: int, ids: Mapping[TripKey, str], gathered: Mapping[Gathering, Gathering]
) -> Gathering:
    """Return where a use gathers for its leg of a number."""
    trip = use.journey.trips[number]
    block = use.block if trip.leg.mode == RAIL else MIXED
    return gathered[Gathering(ids[trip_key(trip)], block)]


def pool_parts(
    uses: Sequence[Use],
    ids: Mapping[TripKey, str],
    services: Mapping[str, ServicePart],
    gathered: Mapping[Gathering, Gathering],
    clock: Clock,
) -> tuple[tuple[PoolPart, ...], tuple[StationPart, ...]]:
    """Return the pools in byte order of their stations, and those stations."""
    joining: dict[Gathering, set[tuple[int, int, int]]] = {}
    places: dict[Gathering, tuple[str, str, str]] = {}
    for use in uses:
        for number, trip in enumerate(use.journey.trips):
            pool = pool_of(use, number, ids, gathered)
            service = trip_key(trip).service
            unit = state_at(services[service], clock.start_s).unit[use.flow.load_class]
            lot = use.flow.lot_milli
            joining.setdefault(pool, set()).add((lot * unit, lot, use.flow.load_class))
            places[pool] = (service, trip.leg.origin, trip.leg.destination)
    ordered = sorted(joining, key=lambda pool: pool_id(pool).encode())
    parts: list[PoolPart] = []
    stations: list[StationPart] = []
    for pool in ordered:
        service, origin, destination = places[pool]
        _, lot, load_class = min(joining[pool])
        end = int(services[service].has_fleet and origin != services[service].ends[0])
        classes = frozenset(index for _, _, index in joining[pool])
        key = pool_id(pool)
        parts.append(PoolPart(key, service, pool.leg, end, pool.block, classes, (lot, load_class)))
        block = "" if pool.block in {MIXED, destination} else f", for {pool.block}"
        name = f"forming, {origin} to {destination}{block}"
        stations.append(StationPart(key, Kind.POOL, origin, name, "pool", (RowPart(key),)))
    return tuple(parts), tuple(stations)


def state_at(service: ServicePart, second: int) -> StatePart:
    """Return the state of a service at a second of the run."""
    return [state for state in service.states if state.from_s <= max(0, second)][-1]


def check_lots(uses: Iterable[Use], services: Mapping[str, ServicePart]) -> tuple[str, ...]:
    """Return warnings where whole lots leave more than 5 % of a vehicle empty.

    Raises
    ------
    PlanError
        If a vehicle takes no lot of a flow that its route gives it.
    """
    seen: dict[tuple[str, int, int], FlowPart] = {}
    for use in uses:
        for trip in use.journey.trips:
            lot = (trip_key(trip).service, use.flow.load_class, use.flow.lot_milli)
            seen.setdefault(lot, use.flow)
    notes: dict[str, None] = {}
    for (key, load_class, lot_milli), flow in sorted(seen.items()):
        for state in services[key].states:
            lost = lots_lost(state, load_class, lot_milli)
            name = LOAD_CLASSES[load_class]
            if lost is None:
                room = state.capacity / max(1, state.unit[load_class]) / MILLI
                room = room if state.unit[load_class] else 0
                msg = (
                    f"services {key}: a vehicle takes {room:g} of {name}; the lot of flow "
                    f"{flow.id} is {lot_milli / MILLI:g}: no lot fits; lower the lot or change "
                    "the capacity"
                )
                raise PlanError(msg)
            if lost > LOSS_MOST:
                fits = " or ".join(
                    f"{lot:g}" for lot in fitting_lots(state, load_class, lot_milli)
                )
                note = (
                    f"services {key}: lots of {lot_milli / MILLI:g} of {name} leave {lost:.0%} "
                    f"of a vehicle empty; lots of {fits} fit"
                )
                notes[note] = None
    return tuple(notes)
