"""A service: its dated states, its departures, its turn among its pools (R7, R10)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.engine.availability import slowed_s
from sim.plan import NEVER

if TYPE_CHECKING:
    from collections.abc import Generator

    from simpy.events import Event

    from sim.engine.world import World
    from sim.plan import Plan


class State(NamedTuple):
    """What a service is between two dates; loads in its own units (`Plan.state_unit`)."""

    from_s: int
    capacity: int
    unit: tuple[int, ...]
    deck: tuple[int, ...]
    min_load: int
    max_wait_s: int
    vehicles: int
    wagons: int


class Gathering(Protocol):
    """What a service needs to know of its pools."""

    rank: int
    end: int

    @property
    def turn(self) -> tuple[int, int]:
        """Order in which pools take departures."""

    def is_due(self, end: int) -> bool:
        """Return whether only a departure is wanting."""

    def rate_ppm(self) -> int:
        """Return the rate factor on the least gap."""


class Service:
    """Departures of one service from each of its ends."""

    def __init__(self, world: World, service: int) -> None:
        plan = world.plan
        self._world = world
        self.fleet = int(plan.service_fleet[service])
        self.key = int(plan.service_key[service])
        self.has_timetable = bool(plan.service_timetable[service])
        self._horizon_s = plan.horizon_s
        self._headway_s = int(plan.service_headway_s[service])
        self._hold_s = int(plan.service_hold_s[service])
        self.states = _states(plan, service)
        self._from_s = [state.from_s for state in self.states]
        self._state = self.states[0]
        self._until_s = 0
        """When the state in force has to be looked up again."""
        self._next_s = [0, 0]
        self._departing_s = [NEVER, NEVER]
        self.pools: list[Gathering] = []
        first, end = plan.departure_first[service], plan.departure_first[service + 1]
        if self.has_timetable:
            world.env.process(self._run_timetable(plan.departure_s[first:end].tolist()))

    def state(self) -> State:
        """Return the state in force now."""
        now_s = self._world.env.now
        if now_s >= self._until_s:
            later = bisect_right(self._from_s, now_s)
            self._state = self.states[later - 1]
            self._until_s = self._from_s[later] if later < len(self.states) else self._horizon_s
        return self._state

    def watch_states(self) -> None:
        """Let every pool, and the fleet, look again when a new state begins."""
        for from_s in self._from_s[1:]:
            for pool in self.pools:
                self._world.arbiter.mark_at(pool.rank, from_s)
            if self.fleet != NEVER:
                self._world.arbiter.mark_at(self._world.fleets[self.fleet].rank, from_s)

    def may_depart(self, pool: Gathering) -> bool:
        """Return whether the least gap has passed, or the timetable says now, for this pool.

        Pools that wait for the same gap take it in order of (filled, rank), so that
        none is passed over for ever.
        """
        now_s, end = self._world.env.now, pool.end
        if self.has_timetable:
            since_s = self._departing_s[end]
            if since_s == NEVER or now_s > since_s + self._hold_s:
                return False
        elif not self._headway_s:
            return True
        elif now_s < self._next_s[end]:
            self._world.arbiter.mark_at(pool.rank, self._next_s[end])
            return False
        return all(pool.turn <= other.turn for other in self.pools if other.is_due(end))

    def is_last_call(self, end: int) -> bool:
        """Return whether a departure has waited for its least load as long as it may."""
        since_s = self._departing_s[end]
        return 0 < self._hold_s == self._world.env.now - since_s and since_s != NEVER

    def depart(self, pool: Gathering) -> None:
        """Note that a vehicle has left."""
        now_s, end = self._world.env.now, pool.end
        self._departing_s[end] = NEVER
        if self._headway_s:
            self._next_s[end] = now_s + slowed_s(self._headway_s, pool.rate_ppm())
        self.pass_on_turn(pool)

    def pass_on_turn(self, pool: Gathering) -> None:
        """Let the pools look again that may have waited for this one's turn."""
        for other in self.pools:
            # One that is shut passes its gates none the less (R23).
            if other is not pool and other.end == pool.end and other.turn[0] != NEVER:
                self._world.arbiter.mark(other.rank)

    def _run_timetable(self, departures_s: list[int]) -> Generator[Event, None, None]:
        for instant_s in departures_s:
            if instant_s > self._world.env.now:
                yield self._world.env.timeout(instant_s - self._world.env.now)
            self._departing_s = [instant_s, instant_s]
            for pool in self.pools:
                self._world.arbiter.mark(pool.rank)
                if self._hold_s:
                    self._world.arbiter.mark_at(pool.rank, instant_s + self._hold_s)


def _states(plan: Plan, service: int) -> list[State]:
    first, end = int(plan.state_first[service]), int(plan.state_first[service + 1])
    return [
        State(
            from_s=int(plan.state_from_s[t]),
            capacity=int(plan.state_capacity[t]),
            unit=tuple(plan.state_unit[t].tolist()),
            deck=tuple(plan.state_deck[t].tolist()),
            min_load=int(plan.state_min[t]),
            max_wait_s=int(plan.state_max_wait_s[t]),
            vehicles=int(plan.state_vehicles[t]),
            wagons=int(plan.state_wagons[t]),
        )
        for t in range(first, end)
    ]
