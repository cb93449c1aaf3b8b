"""The books: every second of every consignment, to one place and one cause (R23).

Motion and service are booked when they begin, in full, and what lies beyond the
end of the run is given back; waiting is booked when it ends.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from sim.plan import NEVER, Cause

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.plan import Draws, Ints, Plan

CAUSES = len(Cause)


class Account:
    """Seconds of one traveller by place, cause and closure, and the last one begun."""

    __slots__ = ("begun", "begun_until_s", "seconds")

    def __init__(self) -> None:
        self.seconds: dict[tuple[int, int, int], int] = {}
        self.begun: tuple[int, int, int] = (NEVER, NEVER, NEVER)
        self.begun_until_s = 0

    def book(self, place: int, cause: int, closure: int, seconds: int) -> None:
        """Add seconds that have passed."""
        key = (place, cause, closure)
        self.seconds[key] = self.seconds.get(key, 0) + seconds

    def begin(self, place: int, cause: int, now_s: int, seconds: int) -> None:
        """Add seconds of motion or service that begin now."""
        self.book(place, cause, NEVER, seconds)
        self.begun = (place, cause, NEVER)
        self.begun_until_s = now_s + seconds

    def give_back(self, end_s: int) -> None:
        """Take away what was begun and lies beyond the end of the run."""
        if self.begun_until_s > end_s:
            self.book(*self.begun, end_s - self.begun_until_s)


class Ledger:
    """Sums over consignments: by place, cause, closure and flow, and each by cause."""

    def __init__(self, plan: Plan, draws: Draws) -> None:
        created = draws.consignment_created_s
        in_window = (created >= plan.window_start_s) & (created < plan.window_end_s)
        self._is_measured: list[bool] = in_window.tolist()
        self._flow: list[int] = draws.consignment_flow.tolist()
        self.cause_s = array("i", bytes(4 * CAUSES * len(created)))
        self._sums: dict[int, dict[tuple[int, int, int], int]] = {}
        """Consignment-seconds by flow, then as in an account."""

    def close(self, account: Account, numbers: Sequence[int]) -> None:
        """Carry an account over to all consignments it was kept for."""
        by_cause: dict[int, int] = {}
        for (_, cause, _), seconds in account.seconds.items():
            by_cause[cause] = by_cause.get(cause, 0) + seconds
        count_of: dict[int, int] = {}
        for number in numbers:
            for cause, seconds in by_cause.items():
                self.cause_s[number * CAUSES + cause] += seconds
            if self._is_measured[number]:
                flow = self._flow[number]
                count_of[flow] = count_of.get(flow, 0) + 1
        for flow, count in count_of.items():
            sums = self._sums.setdefault(flow, {})
            for key, seconds in account.seconds.items():
                sums[key] = sums.get(key, 0) + seconds * count

    def by_consignment(self) -> NDArray[np.int32]:
        """Return (N, len(Cause)) seconds."""
        return np.frombuffer(self.cause_s, dtype=np.int32).reshape(-1, CAUSES).astype(np.int32)

    def rows(self) -> Ints:
        """Return (M, 5): place, cause, closure, flow, consignment-seconds, sorted."""
        rows = sorted(
            (*key, flow, seconds)
            for flow, sums in self._sums.items()
            for key, seconds in sums.items()
            if seconds
        )
        return np.array(rows, dtype=np.int64).reshape(-1, 5)
