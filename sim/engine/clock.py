"""The instant and its phases (R1): everything happens, then everything is granted.

State changes, endings and arrivals only count, queue and mark stations as
ready, so their order within an instant does not matter. Grants come last, by
rank, until no station is ready.
"""

from __future__ import annotations

from heapq import heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol

from simpy.core import Environment, StopSimulation
from simpy.events import NORMAL, URGENT, Event, EventPriority

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REACTIONS = EventPriority(NORMAL + 1)
GRANTS = EventPriority(NORMAL + 2)
LAST = EventPriority(NORMAL + 3)


class Clock(Environment):
    """A SimPy environment that counts whole seconds."""

    now: int = property(attrgetter("_now"))  # type: ignore[assignment]  # all delays are whole
    """Seconds since the run's first instant."""


class Station(Protocol):
    """Anything that grants: servers, meters, pools, fleets."""

    def grant(self) -> None:
        """Grant what can be granted at this instant."""


class Moment(Event):
    """An event that comes by itself after a delay, with a phase of its own."""

    def __init__(
        self,
        env: Clock,
        callback: Callable[[Event], Any],
        delay_s: int = 0,
        phase: EventPriority = NORMAL,
    ) -> None:
        self.env = env
        self.callbacks = [callback]
        self._ok = True
        self._value = None
        env.schedule(self, phase, delay_s)


def stop_before(env: Clock, instant_s: int) -> None:
    """End the run before anything of an instant happens."""
    Moment(env, StopSimulation.callback, instant_s - env.now, URGENT)


def stop_after_this(env: Clock) -> None:
    """End the run when everything of this instant has happened."""
    Moment(env, StopSimulation.callback, 0, LAST)


class Arbiter:
    """Grants by rank among the stations that are ready, and scans no others."""

    def __init__(self, env: Clock) -> None:
        self._env = env
        self._ready: list[int] = []
        self._is_ready: set[int] = set()
        self._is_called = False
        self._called_at_s: dict[int, int] = {}
        self.stations: Mapping[int, Station] = {}

    def mark(self, rank: int) -> None:
        """Let the station grant in the last phase of this instant."""
        if rank not in self._is_ready:
            self._is_ready.add(rank)
            heappush(self._ready, rank)
            if not self._is_called:
                self._call()

    def mark_at(self, rank: int, instant_s: int) -> None:
        """Let the station grant at a later instant, or at this one."""
        if self._called_at_s.get(rank) != instant_s:
            self._called_at_s[rank] = instant_s
            Moment(self._env, lambda _: self.mark(rank), instant_s - self._env.now)

    def _call(self) -> None:
        self._is_called = True
        Moment(self._env, self._grant, 0, GRANTS)

    def _grant(self, _: Event) -> None:
        while self._ready:
            rank = heappop(self._ready)
            self._is_ready.discard(rank)
            self.stations[rank].grant()
            if self._ready and self._env.peek() == self._env.now:
                # What the grant set in motion at this instant comes before the next.
                self._call()
                return
        self._is_called = False
