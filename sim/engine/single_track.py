"""One track for both directions, used by one at a time (R11: `alternating`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.meters import enter
from sim.engine.queues import Queue
from sim.plan import NEVER, Cause

if TYPE_CHECKING:
    from simpy.events import Event

    from sim.engine.visits import Visit
    from sim.engine.world import World


class Section:
    """The track between two approaches."""

    def __init__(self) -> None:
        self.approaches: list[Approach] = []
        self.direction: Approach | None = None
        """Side from which the last train came."""
        self.inside = 0
        self.followed = 0
        """Trains that have come from that side since the direction changed."""
        self.cleared_s = 0


class Approach:
    """One side of the section: its queue, and when its first train may enter."""

    def __init__(self, world: World, rank: int, section: Section) -> None:
        plan = world.plan
        meter = int(plan.station_detail[rank])
        self._world = world
        self.rank = rank
        self.queue = Queue(plan, rank, Cause.PATH)
        self.availability = self.queue.availability
        self._headway_s = int(plan.meter_headway_s[meter])
        self._clearing_s = int(plan.meter_clearing_s[meter])
        self._fleet = int(plan.meter_fleet[meter])
        self._next_s = 0
        self._section = section
        section.approaches.append(self)

    def request(self, visit: Visit) -> None:
        """Queue for the section; the visit fires when it has been run."""
        self.queue.push(visit)
        self._world.arbiter.mark(self.rank)

    def is_waiting(self) -> bool:
        """Return whether a train waits here that may move."""
        if not self.queue or self.availability.is_shut:
            return False
        return self._world.loops.has_room(self.queue.first().stand)

    def grant(self) -> None:
        """Let trains in as long as the direction is this one."""
        while self.is_waiting():
            first_s = self._first_entry_s()
            if first_s == NEVER:
                return
            if first_s > self._world.env.now:
                self._world.arbiter.mark_at(self.rank, first_s)
                return
            self._enter()
        if self.queue and not self.is_waiting():
            # It no longer keeps the other side from following on.
            for other in self._section.approaches:
                if other.is_waiting():
                    self._world.arbiter.mark(other.rank)

    def _first_entry_s(self) -> int:
        """Return when the first train may enter, or NEVER: another must move first."""
        section, now_s = self._section, self._world.env.now
        if section.direction is self:
            must_yield = section.followed >= self._fleet and any(
                other.is_waiting() for other in section.approaches if other is not self
            )
            return NEVER if must_yield else max(now_s, self._next_s)
        return NEVER if section.inside else max(now_s, section.cleared_s)

    def _enter(self) -> None:
        section = self._section
        if section.direction is not self:
            section.direction, section.followed = self, 0
        section.followed += 1
        section.inside += 1
        self._next_s = self._world.env.now + self._headway_s
        visit = enter(self._world, self.rank, self.queue)
        assert visit.callbacks is not None
        visit.callbacks.append(self._leave)

    def _leave(self, _: Event) -> None:
        section, now_s = self._section, self._world.env.now
        section.inside -= 1
        section.cleared_s = now_s + self._clearing_s
        for approach in section.approaches:
            self._world.arbiter.mark(approach.rank)
            self._world.arbiter.mark_at(approach.rank, section.cleared_s)
