"""Wagons: a finite number of one gauge, on which several services draw (R12)."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Protocol

from sim.engine.clock import Moment
from sim.plan import NEVER

if TYPE_CHECKING:
    from sim.engine.travellers import Vehicle
    from sim.engine.world import World


class Forming(Protocol):
    """A pool whose train is filled and needs wagons."""

    rank: int

    def take_wagons(self, wagons: int) -> None:
        """Have wagons for the train that is filled."""


Asking = tuple[int, int, int, Forming]
"""Second at which the train was filled, rank of its pool, wagons, pool."""


class Wagons:
    """The wagons of one pool by place: ready, bound for it, and the trains that want some."""

    def __init__(self, world: World, index: int) -> None:
        plan = world.plan
        self._world = world
        self.rank = int(plan.wagon_station[index])
        self._first = first = int(plan.wagon_place_first[index])
        end = int(plan.wagon_place_first[index + 1])
        self._places = range(end - first)
        self._ready: list[int] = plan.wagon_ready[first:end].tolist()
        self._empty_s: list[list[int]] = plan.wagon_empty_s[first:end].tolist()
        self._bound = [0 for _ in self._places]
        self._asking: list[list[Asking]] = [[] for _ in self._places]

    def ask(self, place: int, filled_s: int, wagons: int, pool: Forming) -> None:
        """Ask for the wagons of a train that is filled; they are given in order."""
        heappush(self._asking[place - self._first], (filled_s, pool.rank, wagons, pool))
        self._world.arbiter.mark(self.rank)

    def leave(self, vehicle: Vehicle, place: int) -> None:
        """Note where the wagons of a train that leaves will be ready again."""
        self._bound[place - self._first] += vehicle.wagons

    def come(self, wagons: int, place: int, after_s: int) -> None:
        """Have wagons ready at a place for which they are bound."""
        at = place - self._first
        Moment(self._world.env, lambda _: self._be_ready(wagons, at), after_s)

    def grant(self) -> None:
        """Give wagons where they are, then send empty ones where they are missing."""
        for at in self._places:
            asking = self._asking[at]
            while asking and asking[0][2] <= self._ready[at]:
                _, _, wagons, pool = heappop(asking)
                self._ready[at] -= wagons
                pool.take_wagons(wagons)
        for at in self._places:
            self._fetch(at)

    def _be_ready(self, wagons: int, at: int) -> None:
        self._bound[at] -= wagons
        self._ready[at] += wagons
        self._world.arbiter.mark(self.rank)

    def _fetch(self, at: int) -> None:
        """Send empty wagons for trains that those here and on their way do not serve."""
        cover = self._ready[at] + self._bound[at]
        for _, _, wagons, _ in sorted(self._asking[at], key=lambda asking: asking[:2]):
            missing = max(0, wagons - cover)
            cover = max(0, cover - wagons)
            if missing:
                source = self._nearest(at, missing)
                if source == NEVER:
                    return
                self._ready[source] -= missing
                self._bound[at] += missing
                self.come(missing, self._first + at, self._empty_s[source][at])

    def _nearest(self, at: int, wagons: int) -> int:
        """Return the nearest place that can spare so many, or NEVER."""
        found = [
            (self._empty_s[source][at], source)
            for source in self._places
            if source != at
            and self._empty_s[source][at] != NEVER
            and not self._asking[source]
            and self._ready[source] >= wagons
        ]
        return min(found, default=(0, NEVER))[1]
