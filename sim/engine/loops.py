"""Passing loops: tracks between two sections of one track on which trains stand (R11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.plan import NEVER, Kind

if TYPE_CHECKING:
    from sim.engine.clock import Arbiter
    from sim.engine.travellers import Vehicle
    from sim.plan import Plan


class Loops:
    """Trains in every loop, and bound for it: a track is taken before the section to it."""

    def __init__(self, plan: Plan, arbiter: Arbiter) -> None:
        self._arbiter = arbiter
        self._tracks: list[int] = plan.loop_tracks.tolist()
        self._loop: list[int] = plan.stand_loop.tolist()
        self._most: list[int] = plan.stand_most.tolist()
        self._in_loop = [0 for _ in self._tracks]
        self._in_stand = [0 for _ in self._loop]
        self._callers = [self._around(plan, loop) for loop in range(len(self._tracks))]

    def has_room(self, stand: int) -> bool:
        """Return whether a train may enter the section to a stand; NEVER: it takes none."""
        if stand == NEVER:
            return True
        loop = self._loop[stand]
        is_free = self._in_loop[loop] < self._tracks[loop]
        return is_free and self._in_stand[stand] < self._most[stand]

    def go_on(self, vehicle: Vehicle, stand: int) -> None:
        """Let a vehicle that enters a section leave its stand, and take one, or none."""
        left, vehicle.stand = vehicle.stand, stand
        for taken, change in ((left, -1), (stand, +1)):
            if taken != NEVER:
                self._in_stand[taken] += change
                self._in_loop[self._loop[taken]] += change
                for rank in self._callers[self._loop[taken]]:
                    self._arbiter.mark(rank)

    def _around(self, plan: Plan, loop: int) -> list[int]:
        """Return the meters of the sections that lead to a loop, both their directions."""
        stations = {
            int(plan.element_station[element])
            for element, stand in enumerate(plan.element_stand.tolist())
            if stand != NEVER and self._loop[stand] == loop
        }
        meters = {int(plan.station_detail[rank]) for rank in stations}
        meters |= {int(plan.meter_opposite[meter]) for meter in meters} - {NEVER}
        return [
            rank
            for rank, kind in enumerate(plan.station_kind.tolist())
            if kind == Kind.METER and int(plan.station_detail[rank]) in meters
        ]
