"""Fleets: vessels, trucks and aircraft that shuttle between two ends (R12)."""

from __future__ import annotations

from collections import Counter
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from simpy.events import Event

from sim.draws.hashing import mix
from sim.engine.availability import Availability
from sim.engine.pools import DAY_S
from sim.engine.travel import travel
from sim.engine.travellers import Vehicle
from sim.engine.visits import Visit
from sim.plan import NEVER, Cause

if TYPE_CHECKING:
    from collections.abc import Generator

    from sim.engine.pools import Pool
    from sim.engine.servers import Server
    from sim.engine.services import Service
    from sim.engine.world import World

INITIAL = 1
EMPTY = 2
"""Set apart the keys of first moorings and of empty trips from those of loaded ones."""


class Stations(Protocol):
    """Where a fleet finds the stations of its ends."""

    def pool(self, index: int) -> Pool | None:
        """Return a pool by its index in the plan."""

    def server(self, rank: int) -> Server | None:
        """Return a server station by its rank."""


class Vessel:
    """One vehicle of a fleet: where it lies, and the berth it keeps."""

    __slots__ = ("berth", "end", "orders")

    def __init__(self, end: int) -> None:
        self.end = end
        self.berth: Visit | None = None
        self.orders: Event | None = None


class Fleet:
    """The vehicles of one line, idle at its ends or under way."""

    def __init__(self, world: World, fleet: int, service: Service, stations: Stations) -> None:
        plan = world.plan
        self._world = world
        self.rank = int(plan.fleet_station[fleet])
        self.availability = Availability(plan, self.rank)
        self._service = service
        self._pool_index = [int(pool) for pool in plan.fleet_pool[fleet]]
        self._pools = [stations.pool(pool) for pool in self._pool_index]
        self._leg = [int(leg) for leg in plan.fleet_leg[fleet]]
        self._berth_rank = [int(berth) for berth in plan.fleet_berth[fleet]]
        self._berth = [stations.server(berth) for berth in plan.fleet_berth[fleet]]
        self._handling = [stations.server(handling) for handling in plan.fleet_handling[fleet]]
        self._turnaround_s = int(plan.fleet_turnaround_s[fleet])
        self._cruise_s = int(plan.fleet_cruise_s[fleet])
        self._idle: tuple[list[tuple[int, int, Vessel]], ...] = ([], [])
        self._laid_up: list[Vessel] = []
        self._due = [0, 0]
        """Vehicles at or bound for each end, idle ones included."""
        self._next_empty_s = [0, 0]
        self._vessels: list[Vessel] = []
        self._empties: Counter[tuple[int, int]] = Counter()
        self._size = 0

    def begin(self, _: Event) -> None:
        """Lay vehicle i at end i mod 2."""
        for i in range(self._target()):
            self._add(i % 2)

    def has_vehicle(self, end: int) -> bool:
        """Return whether a vehicle lies ready at an end, and is not about to be retired."""
        surplus = max(0, self._size - self._target())
        retired = min(surplus, len(self._idle[0]))
        return len(self._idle[end]) > (surplus - retired if end else retired)

    def send(self, end: int, trip: Vehicle) -> None:
        """Give the vehicle that has lain ready longest its next trip."""
        vessel = self._take_idle(end)
        self._due[1 - end] += 1
        assert vessel.orders is not None
        vessel.orders.succeed(trip)
        if self._idle[end]:
            self._world.arbiter.mark(self.rank)

    def note_load(self, end: int) -> None:
        """Look whether load that waits at an end wants a vehicle from the other."""
        if self._idle[1 - end]:
            self._world.arbiter.mark(self.rank)

    def grant(self) -> None:
        """Bring the fleet to its size, then send an empty vehicle where load waits."""
        self._adjust()
        for end in (0, 1):
            self._reposition(end)

    def close(self) -> None:
        """Write down the berths that are kept at the end of the run."""
        for vessel in self._vessels:
            if vessel.berth is not None and vessel.berth.start_s != NEVER:
                vessel.berth.duration_s = NEVER
                self._world.log.write(self._berth_rank[vessel.end], vessel.berth)

    # --- size

    def _target(self) -> int:
        return max(0, self._service.state().vehicles - self.availability.vehicles_out())

    def _adjust(self) -> None:
        while self._size < self._target():
            if self._laid_up:
                self._size += 1
                vessel = self._laid_up.pop(0)
                self._due[vessel.end] += 1
                assert vessel.orders is not None
                vessel.orders.succeed(self._trip_from_rest(vessel.end))
            else:
                self._add(0)
        while self._size > self._target() and (self._idle[0] or self._idle[1]):
            end = 0 if self._idle[0] else 1
            vessel = self._take_idle(end)
            self._size -= 1
            self._laid_up.append(vessel)
            assert vessel.orders is not None
            vessel.orders.succeed(None)

    def _add(self, end: int) -> None:
        self._size += 1
        self._due[end] += 1
        vessel = Vessel(end)
        self._vessels.append(vessel)
        self._world.env.process(self._serve(vessel, self._trip_from_rest(end)))

    def _trip_from_rest(self, end: int) -> Vehicle:
        """Return a trip that has ended where a vehicle begins: nothing aboard, no leg."""
        return self._empty_trip(INITIAL, end, NEVER, NEVER)

    def _empty_trip(self, kind: int, end: int, pool: int, leg: int) -> Vehicle:
        world = self._world
        day = world.plan.first_day + world.env.now // DAY_S
        self._empties[kind * 2 + end, day] += 1
        key = mix(mix(self._service.key, kind * 2 + end), day)
        trip = Vehicle(
            number=world.log.next_vehicle(),
            key=mix(key, self._empties[kind * 2 + end, day]),
            pool=pool,
            leg=leg,
            departed_s=world.env.now,
            aboard=[],
        )
        world.begin_trip(trip)
        return trip

    # --- the life of a vehicle

    def _serve(self, vessel: Vessel, trip: Vehicle) -> Generator[Event, Vehicle | None, None]:
        world = self._world
        while True:
            yield from self._call(vessel, trip)
            vessel.orders = Event(world.env)
            heappush(self._idle[vessel.end], (world.env.now, trip.number, vessel))
            self._lie(vessel)
            self._wake(vessel.end)
            orders = yield vessel.orders
            if orders is None:
                self._leave_berth(vessel)
                vessel.orders = Event(world.env)
                orders = yield vessel.orders
                assert orders is not None
                trip = orders
                continue
            trip = orders
            yield from self._load(vessel, trip)
            yield from travel(world, trip)
            vessel.end = 1 - vessel.end

    def _call(self, vessel: Vessel, trip: Vehicle) -> Generator[Event, None, None]:
        """Moor, let the load go, turn round; the berth is kept (R12)."""
        world, end = self._world, vessel.end
        berth = self._berth[end]
        if berth is None:
            world.traffic.let_go(trip)
        else:
            visit = vessel.berth = Visit(world.env, trip, is_kept=True)
            berth.request(visit)
            yield visit
            call_s = max(visit.duration_s, self._lift_s(end, trip.load_teu))
            if self._handling[end] is not None:
                world.traffic.let_go(trip)
                yield world.env.timeout(call_s)
            else:
                trip.account.begin(self._berth_rank[end], Cause.SERVICE, world.env.now, call_s)
                yield world.env.timeout(call_s)
                world.traffic.let_go(trip)
        if self._turnaround_s:
            yield world.env.timeout(self._turnaround_s)

    def _lie(self, vessel: Vessel) -> None:
        """Lie at the berth until there is something to do, or another waits for it (R12)."""
        berth = self._berth[vessel.end]
        if berth is not None and vessel.berth is not None:
            berth.lie(vessel.berth, lambda: self._leave_berth(vessel))

    def _take_idle(self, end: int) -> Vessel:
        """Return the vehicle that has lain ready longest at an end: it has something to do."""
        _, _, vessel = heappop(self._idle[end])
        self._due[end] -= 1
        berth = self._berth[end]
        if berth is not None and vessel.berth is not None:
            berth.lie_no_more(vessel.berth)
        return vessel

    def _load(self, vessel: Vessel, trip: Vehicle) -> Generator[Event, None, None]:
        """Lie on until what landed and what boards could be lifted, then give up the berth.

        One that has given it up to another sails at once: its call is over.
        """
        world, end = self._world, vessel.end
        if vessel.berth is None:
            return
        landed = vessel.berth.traveller.load_teu
        lift_s = self._lift_s(end, landed + trip.load_teu)
        rest_s = vessel.berth.start_s + lift_s - world.env.now
        if rest_s > 0:
            trip.account.begin(self._berth_rank[end], Cause.SERVICE, world.env.now, rest_s)
            yield world.env.timeout(rest_s)
        self._leave_berth(vessel)

    def _leave_berth(self, vessel: Vessel) -> None:
        berth = self._berth[vessel.end]
        if berth is not None and vessel.berth is not None:
            berth.lie_no_more(vessel.berth)
            berth.leave(vessel.berth)
            vessel.berth = None

    def _lift_s(self, end: int, load_teu: int) -> int:
        handling = self._handling[end]
        return 0 if handling is None else handling.seconds_to_lift(load_teu)

    def _wake(self, end: int) -> None:
        pool = self._pools[end]
        if pool is not None:
            self._world.arbiter.mark(pool.rank)
        self._world.arbiter.mark(self.rank)

    # --- empty repositioning

    def _reposition(self, source: int) -> None:
        world = self._world
        pool = self._pools[1 - source]
        if not self._idle[source] or pool is None or pool.oldest_s == NEVER:
            return
        if not self._is_spare(source) or not self._is_wanted(pool, 1 - source):
            return
        if world.env.now < self._next_empty_s[source]:
            world.arbiter.mark_at(self.rank, self._next_empty_s[source])
            return
        gap_s = max(1, -(-self._cruise_s // max(1, self._size)))
        self._next_empty_s[source] = world.env.now + gap_s
        self.send(
            source, self._empty_trip(EMPTY, source, self._pool_index[source], self._leg[source])
        )
        world.arbiter.mark_at(self.rank, self._next_empty_s[source])

    def _is_spare(self, end: int) -> bool:
        """Return whether an end has a vehicle more than the load there is about to take."""
        pool, state = self._pools[end], self._service.state()
        if pool is None or not pool.is_filled() or self._is_barred(end, state.max_wait_s):
            return True
        return len(self._idle[end]) > max(1, pool.load() // state.capacity)

    def _is_barred(self, end: int, max_wait_s: int) -> bool:
        """Return whether the load at an end has found no room for its longest wait (R13)."""
        pool = self._pools[end]
        since_s = NEVER if pool is None else pool.held_since_s()
        if NEVER in {since_s, max_wait_s}:
            return False
        if self._world.env.now < since_s + max_wait_s:
            self._world.arbiter.mark_at(self.rank, since_s + max_wait_s)
        return self._world.env.now >= since_s + max_wait_s

    def _is_wanted(self, pool: Pool, end: int) -> bool:
        state, now_s = self._service.state(), self._world.env.now
        least = state.capacity if state.min_load == NEVER else state.min_load
        if pool.load() >= least and self._is_barred(1 - end, state.max_wait_s):
            return True
        if pool.load() - state.capacity * self._due[end] >= least:
            return True
        if self._due[end] or state.max_wait_s == NEVER:
            return False
        from_s = pool.oldest_s + state.max_wait_s - self._cruise_s
        if now_s < from_s:
            self._world.arbiter.mark_at(self.rank, from_s)
        return now_s >= from_s
