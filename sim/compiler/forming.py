"""Pools: where loads gather for a leg, by block on rails (R10), and lots (R16).

In: uses of legs. Out: `PoolPart`s, and the pool that each use joins on each leg.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sim.compiler.clock import HOUR_S, Clock
from sim.compiler.closures import ClosurePart
from sim.compiler.flows import FlowPart
from sim.compiler.parts import PoolPart, RowPart, ServicePart, StatePart, StationPart
from sim.compiler.services import LOSS_MOST, fitting_lots, lots_lost
from sim.compiler.uses import RAIL, TripKey, Use, trip_key
from sim.errors import PlanError
from sim.plan import LOAD_CLASSES, NEVER, PPM, Effect, Kind
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
    notes: dict[str, None] = {}
    for carried, flow in _carried(uses):
        for state in services[carried.service].states:
            lost = lots_lost(state, carried.load_class, carried.lot_milli)
            if lost is None:
                room = state.capacity / max(1, state.unit[carried.load_class]) / MILLI
                room = room if state.unit[carried.load_class] else 0
                msg = (
                    f"services {carried.service}: a vehicle takes {room:g} of {carried.name}; the "
                    f"lot of flow {flow.id} is {carried.lot_milli / MILLI:g}: no lot fits; lower "
                    "the lot or change the capacity"
                )
                raise PlanError(msg)
            if lost > LOSS_MOST:
                notes[_loss(carried, state, lost)] = None
    return tuple(notes)


def payload_notes(
    uses: Iterable[Use],
    services: Mapping[str, ServicePart],
    pools: Sequence[PoolPart],
    closures: Iterable[ClosurePart],
) -> tuple[str, ...]:
    """Return warnings on lots and the capacity that closures leave, such as low water (R16).

    A lot that no longer fits waits until the closure ends.
    """
    carried = _carried(uses)
    service_of = {pool.station: pool.service for pool in pools}
    notes: dict[str, None] = {}
    for closure in closures:
        if closure.effect is not Effect.PAYLOAD:
            continue
        struck = {service_of[row] for row in closure.rows if row in service_of}
        for one, _ in carried:
            for state in services[one.service].states if one.service in struck else ():
                less = state._replace(capacity=state.capacity * closure.value_ppm // PPM)
                lost = lots_lost(less, one.load_class, one.lot_milli)
                if lost is None:
                    lot = f"lots of {one.lot_milli / MILLI:g} of {one.name}"
                    note = f"services {one.service}: {lot} do not fit and wait"
                elif lost > LOSS_MOST:
                    note = _loss(one, less, lost)
                else:
                    continue
                notes[f"{note}, while closure {closure.id} leaves {closure.value_ppm / PPM:g}"] = (
                    None
                )
    return tuple(notes)


class Carried(NamedTuple):
    """Lots of one size and class that a service carries."""

    service: str
    load_class: int
    lot_milli: int

    @property
    def name(self) -> str:
        """Return the name of the load class."""
        return LOAD_CLASSES[self.load_class]


def _carried(uses: Iterable[Use]) -> list[tuple[Carried, FlowPart]]:
    """Return what services carry, with the first flow of each, in order."""
    seen: dict[Carried, FlowPart] = {}
    for use in uses:
        for trip in use.journey.trips:
            lot = Carried(trip_key(trip).service, use.flow.load_class, use.flow.lot_milli)
            seen.setdefault(lot, use.flow)
    return sorted(seen.items(), key=lambda item: item[0])


def _loss(carried: Carried, state: StatePart, lost: float) -> str:
    fits = " or ".join(
        f"{lot:g}" for lot in fitting_lots(state, carried.load_class, carried.lot_milli)
    )
    return (
        f"services {carried.service}: lots of {carried.lot_milli / MILLI:g} of {carried.name} "
        f"leave {lost:.0%} of a vehicle empty; lots of {fits} fit"
    )
