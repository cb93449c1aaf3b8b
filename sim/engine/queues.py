"""A queue before a station: who is next, and how the wait is booked (R1, R18, R23)."""

from __future__ import annotations

from heapq import heapify, heappop, heappush, nlargest, nsmallest
from typing import TYPE_CHECKING

from sim.engine.availability import Availability
from sim.plan import NEVER

if TYPE_CHECKING:
    from sim.engine.visits import Visit
    from sim.plan import Cause, Plan


class Queue:
    """Visits in order of (priority, request, id); priority counts only if the plan says so."""

    def __init__(self, plan: Plan, rank: int, cause: Cause) -> None:
        self._rank = rank
        self._cause = cause
        self._by_priority = bool(plan.station_priority[rank])
        self._entries: list[tuple[int, int, int, Visit]] = []
        self.availability = Availability(plan, rank)

    def __len__(self) -> int:
        return len(self._entries)

    def push(self, visit: Visit) -> None:
        """Put a visit in its place."""
        traveller = visit.traveller
        priority = traveller.priority if self._by_priority else 0
        heappush(self._entries, (priority, visit.request_s, traveller.number, visit))

    def first(self) -> Visit:
        """Return the next visit."""
        return self._entries[0][3]

    def visits(self) -> list[Visit]:
        """Return the visits that wait."""
        return [entry[3] for entry in self._entries]

    def pop(self) -> Visit:
        """Take out the next visit."""
        return heappop(self._entries)[3]

    def first_few(self, count: int) -> list[Visit]:
        """Return the visits that are next, at most so many."""
        return [entry[3] for entry in nsmallest(count, self._entries)]

    def drop_last(self, count: int, now_s: int) -> list[Visit]:
        """Take out, of the visits that have just come, those that would be served last."""
        dropped = nlargest(count, (entry for entry in self._entries if entry[1] == now_s))
        for entry in dropped:
            self._entries.remove(entry)
        heapify(self._entries)
        return [entry[3] for entry in dropped]

    def close(self, end_s: int) -> list[Visit]:
        """Book the waits that the end of the run cuts short; return their visits."""
        visits = [entry[3] for entry in sorted(self._entries)]
        for visit in visits:
            self.book_wait(visit, end_s)
        return visits

    def book_wait(self, visit: Visit, until_s: int) -> None:
        """Book a wait: time shut to its closure, the rest to the station's own cause."""
        account = visit.traveller.account
        waited_s = until_s - visit.request_s
        for spell in self.availability.spells(visit.request_s, until_s):
            shut_s = spell.end_s - spell.start_s
            account.book(self._rank, spell.cause, spell.closure, shut_s)
            waited_s -= shut_s
        if waited_s:
            account.book(self._rank, self._cause, NEVER, waited_s)
