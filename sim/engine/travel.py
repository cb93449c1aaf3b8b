"""What vehicles and consignments do, from station to station (R6, R8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.clock import stop_after_this
from sim.engine.ledger import Account
from sim.engine.travellers import Consignment, Locomotive
from sim.engine.visits import Visit
from sim.plan import NEVER, Cause, Status

if TYPE_CHECKING:
    from collections.abc import Generator

    from simpy.events import Event

    from sim.engine.travellers import Vehicle
    from sim.engine.visits import Traveller
    from sim.engine.world import World


def travel(world: World, vehicle: Vehicle) -> Generator[Event, None, None]:
    """Run the leg of a vehicle: its stations and moves in order."""
    hold_before = world.hold_before[vehicle.leg]
    for index, element in enumerate(world.elements[vehicle.leg]):
        if index == hold_before and vehicle.aboard:
            yield from _find_room(world, vehicle)
        if element.station in world.depots:
            visit = Visit(world.env, vehicle, element.ordinal, is_kept=True)
            world.depots[element.station].request(visit)
            yield visit
            vehicle.locomotive = Locomotive(element.station, visit)
            continue
        station, move_s, place, ordinal, stand = element
        moves = bool(move_s) or station == NEVER
        if station != NEVER and world.is_met(station, vehicle, ordinal):
            visit = Visit(world.env, vehicle, ordinal)
            if world.is_meter[station]:
                visit.place, visit.move_s, visit.stand = place, move_s, stand
                moves = False
            world.gates[station].request(visit)
            yield visit
        if moves:
            yield _move(world, vehicle, place, move_s)


def _find_room(world: World, vehicle: Vehicle) -> Generator[Event, None, None]:
    """Wait for room at the end of the leg; a long hold stops the pool's departures (R13)."""
    yard = world.yards[world.leg_yard[vehicle.leg]]
    pool = world.pools[int(world.plan.pool_station[vehicle.pool])]
    visit = Visit(world.env, vehicle)
    yard.request(visit)
    alarm = world.env.timeout(yard.embargo_s)
    yield visit | alarm
    if not visit.triggered:
        pool.embargo(+1)
        yield visit
        pool.embargo(-1)
    if visit.is_refused:
        world.log.write_turned_away(yard.rank, visit, world.env.now)
        world.traffic.refuse_load(vehicle)
        return
    vehicle.yard = yard.rank
    world.log.write(yard.rank, visit)


def _move(world: World, vehicle: Vehicle, place: int, move_s: int) -> Event:
    """Set out; the event comes at the end of the move."""
    world.leave_origin(vehicle.number)
    world.run_locomotive(vehicle, move_s)
    vehicle.account.begin(place, Cause.MOVING, world.env.now, move_s)
    return world.env.timeout(move_s)


class Traffic:
    """Lets consignments in, from step to step, and out."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.inside: dict[int, Consignment] = {}
        self.finished = 0
        self._has_blocking = bool(world.plan.station_blocks.any())

    def enter(self, number: int) -> None:
        """Let a consignment begin its route; time before that had no open route."""
        world = self._world
        route = world.consignment_route[number]
        consignment = Consignment(
            number,
            world.consignment_key[number],
            world.flows[world.consignment_flow[number]],
            NEVER if route == NEVER else world.step_first[route],
        )
        self.inside[number] = consignment
        waited_s = world.env.now - world.consignment_created_s[number]
        if waited_s:
            consignment.account.book(NEVER, Cause.CLOSED, NEVER, waited_s)
        if consignment.step == NEVER:
            is_banned = world.is_banned[number]
            self._finish(consignment, Status.REFUSED_BAN if is_banned else Status.REFUSED_NO_ROUTE)
        else:
            self._take_step(consignment)

    def start(self, vehicle: Vehicle) -> None:
        """Send a vehicle that belongs to no fleet on its leg."""
        self._world.env.process(self._run_leg(vehicle))

    def _run_leg(self, vehicle: Vehicle) -> Generator[Event, None, None]:
        yield from travel(self._world, vehicle)
        self.let_go(vehicle)

    def let_go(self, vehicle: Vehicle) -> None:
        """End the leg: what was aboard goes on by itself."""
        world = self._world
        world.leave_origin(vehicle.number)
        world.log.end_vehicle(vehicle, world.env.now)
        world.give_back_wagons(vehicle)
        world.close_account(vehicle)
        vehicle.account = Account()
        aboard, vehicle.aboard = vehicle.aboard, []
        for consignment in aboard:
            consignment.yard = vehicle.yard
            self._go_on(consignment)

    def refuse(self, rank: int, visit: Visit) -> None:
        """Turn away a consignment that found the queue full (R17)."""
        consignment = visit.traveller
        assert isinstance(consignment, Consignment)
        self._world.log.write(rank, visit)
        self._finish(consignment, Status.REFUSED_QUEUE)

    def refuse_load(self, vehicle: Vehicle) -> None:
        """Turn away what a vehicle has aboard: its yard is full and refuses (R17)."""
        world = self._world
        world.ledger.close(vehicle.account, [c.number for c in vehicle.aboard])
        vehicle.account = Account()
        aboard, vehicle.aboard = vehicle.aboard, []
        for consignment in aboard:
            self._finish(consignment, Status.REFUSED_STORAGE)

    def refuse_waiting(self, consignment: Consignment) -> None:
        """Turn away a consignment that a vessel would have boarded (R17)."""
        self._finish(consignment, Status.REFUSED_STORAGE)

    def is_blocked(self, traveller: Traveller) -> bool:
        """Return whether who was served keeps the server until its next station lets it in."""
        if not self._has_blocking or not isinstance(traveller, Consignment):
            return False
        if traveller.number not in self.inside:
            return False
        return bool(self._world.plan.station_blocks[self._world.steps[traveller.step]])

    def _take_step(self, consignment: Consignment) -> None:
        world = self._world
        station = world.steps[consignment.step]
        pool = world.pools.get(station)
        if pool is not None:
            pool.join(consignment)
            return
        ordinal = world.step_ordinal[consignment.step]
        if not world.is_met(station, consignment, ordinal):
            self._go_on(consignment)
            return
        visit = Visit(world.env, consignment, ordinal)
        assert visit.callbacks is not None
        visit.callbacks.append(lambda _: self._go_on(consignment))
        world.gates[station].request(visit)

    def _go_on(self, consignment: Consignment) -> None:
        consignment.step += 1
        route = self._world.consignment_route[consignment.number]
        if consignment.step == self._world.step_first[route + 1]:
            self._finish(consignment, Status.DELIVERED)
        else:
            self._take_step(consignment)

    def _finish(self, consignment: Consignment, status: Status) -> None:
        world = self._world
        del self.inside[consignment.number]
        if consignment.yard != NEVER:
            world.yards[consignment.yard].give_back(consignment.load_teu)
        world.ledger.close(consignment.account, (consignment.number,))
        world.log.finish(consignment.number, status, world.env.now)
        self.finished += 1
        if self.finished == world.plan.stop_after_consignments:
            stop_after_this(world.env)
