"""Single track counted again: one way at a time, in turn, and never idle (R11: alternating)."""

from collections import Counter
from copy import deepcopy
from itertools import pairwise

from recount import LATE, Recount, Seen
from recount_loops import Loops

from sim.plan import NEVER, Kind, TrackRule


def track_faults(recount: Recount) -> list[str]:
    """Compare the entries from both sides with those that the rules demand."""
    plan = recount.plan
    ranks = [
        rank
        for rank in recount.ranks(Kind.METER)
        if plan.meter_rule[plan.station_detail[rank]] == TrackRule.ALTERNATING
    ]
    meters = [rank for rank, kind in enumerate(plan.station_kind) if kind == Kind.METER]
    loops = Loops(recount)
    faults = list(loops.faults())
    for rank in ranks:
        other = meters[int(plan.meter_opposite[plan.station_detail[rank]])]
        if rank < other:
            faults += (
                _meetings(recount, rank, other) + _Section(recount, [rank, other], loops).faults()
            )
    return faults


def _meetings(recount: Recount, rank: int, other: int) -> list[str]:
    """Find trains that were inside while one came from the other side."""
    runs = [
        (visit.start_s, visit.end_s, side)
        for side in (rank, other)
        for visit in recount.seen.get(side, [])
        if visit.start_s != NEVER
    ]
    clearing_s = int(recount.plan.meter_clearing_s[recount.plan.station_detail[rank]])
    return [
        f"track {rank}: {first} and {later} meet"
        for first, later in pairwise(sorted(runs))
        if first[2] != later[2] and later[0] < first[1] + clearing_s
    ]


class _Section:
    """The track and its two sides, followed from what asks and when."""

    def __init__(self, recount: Recount, ranks: list[int], loops: Loops) -> None:
        meter = int(recount.plan.station_detail[ranks[0]])
        self._recount, self._ranks, self._loops = recount, ranks, loops
        self._most = int(recount.plan.meter_fleet[meter])
        self._headway_s = int(recount.plan.meter_headway_s[meter])
        self._clearing_s = int(recount.plan.meter_clearing_s[meter])
        self._waiting: dict[int, list[Seen]] = {rank: [] for rank in ranks}
        self._side = NEVER
        self._came = 0
        self._exits: Counter[int] = Counter()
        self._clear_s = 0
        self._apart_s = dict.fromkeys(ranks, 0)

    def faults(self) -> list[str]:
        """Return the entries that came too late, too early or out of turn."""
        asked = [(v.request_s, rank, v) for rank in self._ranks for v in self._seen(rank)]
        instants = {at_s for at_s, _, _ in asked}
        for rank in self._ranks:
            instants |= self._recount.closures.edges(rank)
        instants |= self._loops.changes()
        while instants:
            now_s = min(instants)
            instants.discard(now_s)
            if not self._recount.has_come(now_s):
                break
            if self._exits.pop(now_s, 0):
                self._clear_s = now_s + self._clearing_s
            if fault := self._follow([(r, v) for at_s, r, v in asked if at_s == now_s], now_s):
                return [fault]
            instants |= {t for t in self._calls() if t > now_s}
        return []

    def _seen(self, rank: int) -> list[Seen]:
        return self._recount.seen.get(rank, [])

    def _follow(self, came: list[tuple[int, Seen]], now_s: int) -> str:
        """Let trains come and enter at an instant; return the first that entered otherwise.

        Who was let pass elsewhere in no time may come before or after the first grants here.
        """
        late = {visit for _, visit in came if self._passed_at_once(visit)}
        before = deepcopy((self._waiting, self._exits, self._apart_s, self._side, self._came))
        fault = self._let_in([came], now_s)
        if fault and late:
            self._waiting, self._exits, self._apart_s, self._side, self._came = before
            parts = [[(rank, v) for rank, v in came if (v in late) == x] for x in (False, True)]
            fault = self._let_in(parts, now_s)
        return fault

    def _let_in(self, parts: list[list[tuple[int, Seen]]], now_s: int) -> str:
        for part in parts:
            for rank, visit in part:
                self._waiting[rank].append(visit)
                self._waiting[rank].sort()
            while (entered := self._next(now_s)) is not None:
                if entered.start_s != now_s:
                    return f"track {self._side}: {entered} had to enter at {now_s}"
                self._exits[entered.end_s] += 1
        left = [v for waiting in self._waiting.values() for v in waiting if v.start_s == now_s]
        return f"track: {left[0]} entered out of turn" if left else ""

    def _passed_at_once(self, visit: Seen) -> bool:
        """Return whether a grant elsewhere, of the same instant, let a train come."""
        gives_locomotive = self._recount.plan.station_couples
        return any(
            start_s == visit.request_s and (end_s == start_s or gives_locomotive[rank])
            for rank, _, start_s, end_s in self._recount.visits_of[visit.number]
        )

    def _calls(self) -> set[int]:
        return {self._clear_s, *self._apart_s.values(), *self._exits} - {LATE}

    def _may_move(self, rank: int, now_s: int) -> bool:
        """Return whether the first of a side is open to go on, and has room where it goes."""
        if not self._waiting[rank] or not self._recount.closures.open_rows(rank, now_s):
            return False
        return self._loops.has_room(rank, self._waiting[rank][0], now_s)

    def _enters_from_loop(self, rank: int, now_s: int) -> bool:
        waiting = self._waiting[rank]
        return bool(waiting) and waiting[0].start_s == now_s in self._loops.changes()

    def _next(self, now_s: int) -> Seen | None:
        """Let one train in, if one may enter."""
        # A train that goes on may make room in a loop for the one that waits on the other side.
        moved = [r for r in self._ranks if self._enters_from_loop(r, now_s)]
        for rank in moved + self._ranks:
            other = self._ranks[0] + self._ranks[1] - rank
            if not self._may_move(rank, now_s):
                continue
            if rank == self._side:
                must_yield = self._came >= self._most and self._may_move(other, now_s)
                if must_yield or now_s < self._apart_s[rank]:
                    continue
            elif self._exits or now_s < self._clear_s:
                continue
            self._came = self._came + 1 if rank == self._side else 1
            self._side = rank
            self._apart_s[rank] = now_s + self._headway_s
            return self._waiting[rank].pop(0)
        return None
