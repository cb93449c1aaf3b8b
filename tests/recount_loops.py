"""Passing loops counted again: who stands in them, and never more than they take (R11)."""

from collections import defaultdict
from collections.abc import Iterator

from recount import LATE, Recount, Seen

from sim.plan import NEVER, Kind


class Loops:
    """From when to when each stand is taken, by the sections that trains entered."""

    def __init__(self, recount: Recount) -> None:
        plan = recount.plan
        self._loop = plan.stand_loop.tolist()
        self._most = plan.stand_most.tolist()
        self._tracks = plan.loop_tracks.tolist()
        self._stand: dict[tuple[int, int, int], int] = {}
        self._taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
        if not self._loop:
            return
        for vehicle, pool in enumerate(recount.vehicle_pool):
            if pool != NEVER:
                self._follow(recount, vehicle, int(plan.pool_leg[pool]))

    def _follow(self, recount: Recount, vehicle: int, leg: int) -> None:
        plan = recount.plan
        elements = range(int(plan.element_first[leg]), int(plan.element_first[leg + 1]))
        meters = [e for e in elements if self._is_meter(recount, int(plan.element_station[e]))]
        visits = [v for v in recount.visits_of.get(vehicle, []) if self._is_meter(recount, v[0])]
        starts_s = [*(start_s for _, _, start_s, _ in visits), NEVER]
        for at, (visit, element) in enumerate(zip(visits, meters, strict=False)):
            stand = int(plan.element_stand[element])
            self._stand[vehicle, visit[0], visit[1]] = stand
            if stand != NEVER and visit[2] != NEVER:
                left_s = starts_s[at + 1]
                self._taken[stand].append((visit[2], LATE if left_s == NEVER else left_s))

    @staticmethod
    def _is_meter(recount: Recount, rank: int) -> bool:
        return rank != NEVER and recount.kind(rank) == Kind.METER

    def has_room(self, rank: int, visit: Seen, now_s: int) -> bool:
        """Return whether a train enters now, or could have after all else of this instant."""
        stand = self._stand.get((visit.number, rank, visit.request_s), NEVER)
        if stand == NEVER or visit.start_s == now_s:
            return True
        loop = self._loop[stand]
        others = [other for other, of in enumerate(self._loop) if of == loop]
        in_stand, in_loop = self._count([stand], now_s), self._count(others, now_s)
        return bool(in_stand < self._most[stand] and in_loop < self._tracks[loop])

    def _count(self, stands: list[int], now_s: int) -> int:
        return sum(
            begin_s <= now_s < end_s for stand in stands for begin_s, end_s in self._taken[stand]
        )

    def changes(self) -> set[int]:
        """Return the instants at which stands are taken and left."""
        return {at_s for spans in self._taken.values() for span in spans for at_s in span} - {LATE}

    def faults(self) -> Iterator[str]:
        """Yield when more trains stood in a loop, or were bound for it, than it takes."""
        groups = [([stand], most) for stand, most in enumerate(self._most)]
        groups += [
            ([stand for stand, of in enumerate(self._loop) if of == loop], tracks)
            for loop, tracks in enumerate(self._tracks)
        ]
        for stands, most in groups:
            for stand in stands:
                for begin_s, _ in self._taken[stand]:
                    count = self._count(stands, begin_s)
                    if count > most:
                        yield f"stands {stands}: {count} trains of {most} at {begin_s}"
