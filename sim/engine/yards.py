"""Yards: room at the end of a leg, and those who wait for it (R13).

Reserved room is occupied room. A train asks before its last section and is held
at the node before it; a vessel's load asks before it boards. Room is given back
when the vehicle that a load has boarded leaves, or at delivery.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.ledger import Account
from sim.engine.queues import Queue
from sim.engine.visits import Visit
from sim.plan import Cause

if TYPE_CHECKING:
    from sim.engine.world import World


class Claim:
    """The load of a pool that asks for room before its vessel may board it."""

    is_vehicle = False

    __slots__ = ("account", "key", "load_teu", "number", "priority", "size")

    def __init__(self, number: int, load_teu: int) -> None:
        self.number = number
        self.key = 0
        self.priority = 0
        self.size = 0
        self.load_teu = load_teu
        self.account = Account()


class Yard:
    """Room in thousandths of a TEU, given in order of request."""

    def __init__(self, world: World, rank: int) -> None:
        plan = world.plan
        yard = int(plan.station_detail[rank])
        self._world = world
        self.rank = rank
        self.queue = Queue(plan, rank, Cause.STORAGE)
        self.availability = self.queue.availability
        self._capacity = int(plan.yard_capacity[yard])
        self._refuses = bool(plan.yard_refuses[yard])
        self.embargo_s = int(plan.yard_embargo_s[yard])
        self._occupied = 0

    def request(self, visit: Visit) -> None:
        """Ask for room for a traveller's load; the visit fires when it is reserved."""
        self.queue.push(visit)
        self._world.arbiter.mark(self.rank)

    def give_back(self, load_teu: int) -> None:
        """Take a load out of the yard, or a reservation back."""
        self._occupied -= load_teu
        self._world.arbiter.mark(self.rank)

    @property
    def occupied_teu(self) -> int:
        """Room that is taken or reserved."""
        return self._occupied

    def is_refusing(self) -> bool:
        """Return whether someone waits who does not fit."""
        return bool(self.queue) and not self._has_room(self.queue.first().traveller.load_teu)

    def grant(self) -> None:
        """Give room in order as far as it goes; a load greater than an empty yard goes in."""
        while self.queue and not self.availability.is_shut:
            visit = self.queue.first()
            if not self._has_room(visit.traveller.load_teu):
                if self._refuses:
                    self._refuse(self.queue.pop())
                    continue
                self._world.look_for_gridlock()
                return
            self._reserve(self.queue.pop())

    def _has_room(self, load_teu: int) -> bool:
        return not self._occupied or self._occupied + load_teu <= self._capacity

    def _reserve(self, visit: Visit) -> None:
        now_s = self._world.env.now
        if visit.request_s < now_s:
            self.queue.book_wait(visit, now_s)
        self._occupied += visit.traveller.load_teu
        visit.start_s, visit.duration_s = now_s, 0
        visit.fire_in(0)

    def _refuse(self, visit: Visit) -> None:
        if visit.request_s < self._world.env.now:
            self.queue.book_wait(visit, self._world.env.now)
        visit.is_refused = True
        visit.fire_in(0)
