"""Line meters: one direction of a section, and its train paths (R11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.availability import slowed_s
from sim.engine.queues import Queue
from sim.plan import PPM, Cause, TrackRule

if TYPE_CHECKING:
    from sim.engine.visits import Visit
    from sim.engine.world import World

UNITS_PER_PATH = 86_400 * 1000
"""A path lasts this many units, of which a second has as many as the section has
thousandths of a path a day: the headway is rational in seconds, whole in units."""


class Meter:
    """A bucket of train paths, or an even grid of them; no limit with no paths."""

    def __init__(self, world: World, rank: int) -> None:
        plan = world.plan
        meter = int(plan.station_detail[rank])
        self._world = world
        self._rank = rank
        self.queue = Queue(plan, rank, Cause.PATH)
        self.availability = self.queue.availability
        self._units_per_s = int(plan.meter_paths_milli[meter])
        self._saved = (int(plan.meter_burst[meter]) - 1) * UNITS_PER_PATH
        self._headway_s = int(plan.meter_headway_s[meter])
        self._rule = TrackRule(int(plan.meter_rule[meter]))
        self._next_unit = 0
        self._next_s = 0

    def request(self, visit: Visit) -> None:
        """Queue for a path; the visit fires when the section has been run."""
        self.queue.push(visit)
        self._world.arbiter.mark(self._rank)

    def grant(self) -> None:
        """Let trains in as long as there is a path at this second."""
        while self.queue and not self.availability.is_shut:
            first_s = self._first_path_s()
            if first_s > self._world.env.now:
                self._world.arbiter.mark_at(self._rank, first_s)
                return
            self._use_path(self._world.env.now)
            enter(self._world, self._rank, self.queue)

    def _first_path_s(self) -> int:
        now_s: int = self._world.env.now
        if not self._units_per_s:
            return now_s
        units_per_s = self._units_per_s
        if self._rule == TrackRule.SLOTS:
            slot = max(now_s * units_per_s // UNITS_PER_PATH, self._next_unit)
            if self._slot_s(slot) < now_s:
                slot += 1
            return self._slot_s(slot)
        bucket_s = -(-(self._next_unit - self._saved) // units_per_s)
        return max(now_s, bucket_s, self._next_s)

    def _slot_s(self, slot: int) -> int:
        return -(-slot * UNITS_PER_PATH // self._units_per_s)

    def _use_path(self, now_s: int) -> None:
        if not self._units_per_s:
            return
        factor_ppm = self.availability.factor_ppm(self.availability.rows[0])
        if self._rule == TrackRule.SLOTS:
            slot = now_s * self._units_per_s // UNITS_PER_PATH
            self._next_unit = slot - (-PPM // factor_ppm)
            return
        path = (UNITS_PER_PATH * PPM + factor_ppm // 2) // factor_ppm
        # A path that fell due within this second is used from when it fell due: no drift.
        due, now = self._next_unit - self._saved, now_s * self._units_per_s
        entered = due if 0 <= now - due < self._units_per_s else now
        self._next_unit = max(entered, self._next_unit) + path
        self._next_s = now_s + (slowed_s(self._headway_s, factor_ppm) if self._headway_s else 0)


def enter(world: World, rank: int, queue: Queue) -> Visit:
    """Let the first of the queue into the section; return its visit, which ends at its exit."""
    visit, now_s = queue.pop(), world.env.now
    if visit.request_s < now_s:
        queue.book_wait(visit, now_s)
    visit.start_s, visit.duration_s = now_s, visit.move_s
    world.leave_origin(visit.traveller.number)
    vehicle = world.under_way[visit.traveller.number]
    world.run_locomotive(vehicle, visit.move_s)
    world.loops.go_on(vehicle, visit.stand)
    visit.traveller.account.begin(visit.place, Cause.MOVING, now_s, visit.move_s)
    world.log.write(rank, visit)
    visit.fire_in(visit.move_s)
    return visit
