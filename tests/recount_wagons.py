"""Wagons counted again: who has them, who waits for them, which run empty (R12).

A `Stock` follows one pool of wagons with the services that draw on it; from the run
it takes only when trains came to the end of their legs.
"""

from typing import NamedTuple, Protocol

from recount import Recount

from sim.plan import NEVER


class Train(Protocol):
    """A pool of consignments whose train is filled."""

    rank: int
    wagons: int


class Asked(NamedTuple):
    """Wagons that a filled train waits for; sorts in the order in which they are given."""

    filled_s: int
    rank: int
    wagons: int


class Stock:
    """The wagons of one pool, instant by instant."""

    def __init__(self, recount: Recount, index: int) -> None:
        plan = recount.plan
        self._recount = recount
        self.rank = int(plan.wagon_station[index])
        self.places = range(*plan.wagon_place_first[index : index + 2].tolist())
        self._ready = {at: int(plan.wagon_ready[at]) for at in self.places}
        self._bound = dict.fromkeys(self.places, 0)
        self._asked: dict[int, list[Asked]] = {at: [] for at in self.places}
        self._trains: dict[int, Train] = {}
        self._left: dict[int, int] = {}
        self.coming: list[tuple[int, int, int]] = []
        """Instant, place and wagons of those on their way."""
        self.fetched = 0

    def ask(self, train: Train, filled_s: int, wagons: int) -> None:
        """Want wagons at the place of a pool."""
        self._trains[train.rank] = train
        self._asked[self._place(train)].append(Asked(filled_s, train.rank, wagons))

    def _place(self, train: Train) -> int:
        return int(self._recount.plan.pool_wagons[self._recount.plan.station_detail[train.rank]])

    def leave(self, train: Train) -> int:
        """Let a train leave with its wagons; return when they are ready again, or NEVER."""
        recount, plan = self._recount, self._recount.plan
        pool = int(plan.station_detail[train.rank])
        leg = int(plan.pool_leg[pool])
        at, wagons = int(plan.leg_wagons[leg]), train.wagons
        train.wagons = 0
        self._bound[at] += wagons
        mine = [v for v, of in enumerate(recount.vehicle_pool) if of == pool]
        number = self._left.get(train.rank, 0)
        self._left[train.rank] = number + 1
        if number >= len(mine):
            return NEVER
        ended_s = int(recount.trace.vehicle_ended_s[mine[number]])
        if ended_s == NEVER:
            return NEVER
        return self._send(at, wagons, ended_s + int(plan.leg_wagons_s[leg]))

    def _send(self, at: int, wagons: int, ready_s: int) -> int:
        self.coming.append((ready_s, at, wagons))
        return ready_s

    def arrive(self, now_s: int) -> None:
        """Have those ready that come now."""
        for ready_s, at, wagons in self.coming:
            if ready_s == now_s:
                self._ready[at] += wagons
                self._bound[at] -= wagons
        self.coming = [trip for trip in self.coming if trip[0] != now_s]

    def grant(self, now_s: int) -> bool:
        """Give wagons in order, then fetch what is missing; return whether anything moved."""
        has_moved = False
        for at in self.places:
            for asked in sorted(self._asked[at]):
                if asked.wagons > self._ready[at]:
                    break
                self._ready[at] -= asked.wagons
                self._asked[at].remove(asked)
                self._trains[asked.rank].wagons = asked.wagons
                has_moved = True
        fetched = [self._fetch(at, now_s) for at in self.places]
        return has_moved or any(fetched)

    def _fetch(self, at: int, now_s: int) -> bool:
        has_moved = False
        demanded = 0
        served = self._ready[at] + self._bound[at]
        for asked in sorted(self._asked[at]):
            demanded += asked.wagons
            missing = demanded - max(served, demanded - asked.wagons)
            if missing <= 0:
                continue
            spare = [
                (self._empty_s(other, at), other)
                for other in self.places
                if other != at
                and self._empty_s(other, at) != NEVER
                and not self._asked[other]
                and self._ready[other] >= missing
            ]
            if not spare:
                break
            empty_s, other = min(spare)
            self._ready[other] -= missing
            self._bound[at] += missing
            self._send(at, missing, now_s + empty_s)
            self.fetched += 1
            has_moved = True
        return has_moved

    def _empty_s(self, source: int, at: int) -> int:
        return int(self._recount.plan.wagon_empty_s[source][at - self.places[0]])
