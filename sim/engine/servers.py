"""Stations with servers and a queue (R1, R8, R9, R18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.draws.hashing import mix
from sim.draws.tables import duration_s
from sim.engine.availability import slowed_s
from sim.engine.clock import Moment
from sim.engine.hands import Hands
from sim.engine.queues import Queue
from sim.plan import NEVER, Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.engine.breakdowns import Breakdown
    from sim.engine.visits import Traveller, Visit
    from sim.engine.world import World

DAY_S = 86_400
UNLIMITED = 1 << 62
LEAST_LOAD = 3
LEAST_LOAD_OF = 10
"""A `per: train` time falls with the load to three tenths of its mean, not below (R9)."""


class Slots:
    """Calls to service that a row has left in a day of its node (R15)."""

    def __init__(self, a_day: int, midnight_s: int) -> None:
        self._a_day = a_day
        self._midnight_s = midnight_s
        self._day = 0
        self.used = 0

    def left(self, now_s: int) -> int:
        """Return how many more may be called today."""
        day = (now_s - self._midnight_s) // DAY_S
        if day != self._day:
            self._day, self.used = day, 0
        return self._a_day - self.used

    def next_day_s(self, now_s: int) -> int:
        """Return when the next day begins."""
        return now_s + DAY_S - (now_s - self._midnight_s) % DAY_S


class Server:
    """A queue and the rows that serve it, in their order."""

    def __init__(self, world: World, rank: int) -> None:
        plan = world.plan
        self._world = world
        self.rank = rank
        self.queue = Queue(plan, rank, Cause.QUEUE)
        self.availability = self.queue.availability
        self._key = mix(world.service_stream, int(plan.station_key[rank]))
        self._batch_min = int(plan.station_batch_min[rank])
        self._batch_max = int(plan.station_batch_max[rank])
        self._queue_max = int(plan.station_queue_max[rank])
        self._blocks = bool(plan.station_blocks[rank])
        self._free = {row: int(plan.row_servers[row]) for row in self.availability.rows}
        self._slots = {
            row: Slots(int(plan.row_slots[row]), int(plan.row_midnight_s[row]))
            for row in self._free
            if plan.row_slots[row] != NEVER
        }
        self._lying: dict[Visit, tuple[int, int, Callable[[], None]]] = {}
        self._law = {row: plan.row_law[row].tolist() for row in self._free}
        self._mean_fp = {row: plan.row_mean_fp[row].tolist() for row in self._free}
        self.hands = Hands(world, rank, self.availability, self._finish, self._work)
        self.breakdowns: dict[int, list[Breakdown]] = {}
        """Breakdowns on busy time, by row."""
        self._ref_load = {row: int(plan.row_ref_load[row]) for row in self._free}

    def request(self, visit: Visit) -> None:
        """Queue for service; the visit fires at its end (kept: at its start)."""
        self.queue.push(visit)
        self._world.arbiter.mark(self.rank)

    def go_along(self, visit: Visit, move_s: int) -> None:
        """Let a server run with a vehicle; it serves others after that and its drawn time."""
        now_s, away_s = self._world.env.now, move_s + visit.duration_s
        visit.duration_s = now_s - visit.start_s + away_s
        self._world.log.write(self.rank, visit)
        Moment(self._world.env, lambda _: self._release(visit.row), away_s)

    def close(self, visit: Visit) -> None:
        """Write down a server that a vehicle keeps at the end of the run."""
        visit.duration_s = NEVER
        self._world.log.write(self.rank, visit)

    def leave(self, visit: Visit) -> None:
        """Give back a server that was kept, and write the visit down."""
        visit.duration_s = self._world.env.now - visit.start_s
        self._world.log.write(self.rank, visit)
        self._release(visit.row)

    def grant(self) -> None:
        """Serve the queue in order as far as rows are open and servers free."""
        while len(self.queue) >= self._batch_min:
            row = self._free_row()
            if row == NEVER:
                row = self._clear_berth()
            if row == NEVER:
                self._wait_for_next_day()
                break
            size = min(self._batch_max, len(self.queue), self._slots_left(row))
            if row in self._slots:
                self._slots[row].used += size
            self._start(row, [self.queue.pop() for _ in range(size)])
        if self._blocks:
            for visit in self.queue.first_few(self._queue_max):
                self._let_in(visit)
        elif self._queue_max != NEVER and len(self.queue) > self._queue_max:
            self._turn_away()

    def _let_in(self, visit: Visit) -> None:
        """Give back the server that the visitor has kept, if any."""
        release = self._world.kept_servers.pop(visit.traveller.number, None)
        if release is not None:
            release()

    def seconds_to_lift(self, load_teu: int) -> int:
        """Return how long the open rows take to lift a load in thousandths of a TEU (R12)."""
        plan = self._world.plan
        rate = 0  # TEU in 2**40 s
        for row in self.availability.open_rows:
            mean_fp = int(plan.row_mean_teu_fp[row])
            if mean_fp:
                rate += (int(plan.row_servers[row]) << 48) // mean_fp
        return (load_teu << 40) // (1000 * rate) if rate else 0

    def _free_row(self) -> int:
        for row in self.availability.open_rows:
            if self._free[row] and self._slots_left(row) >= self._batch_min:
                return row
        return NEVER

    def _slots_left(self, row: int) -> int:
        slots = self._slots.get(row)
        return UNLIMITED if slots is None else slots.left(self._world.env.now)

    def _wait_for_next_day(self) -> None:
        for slots in self._slots.values():
            next_day_s = slots.next_day_s(self._world.env.now)
            self._world.arbiter.mark_at(self.rank, next_day_s)
            break

    def lie(self, visit: Visit, give_up: Callable[[], None]) -> None:
        """Note a vessel that lies idle at its berth; it gives it up to one that waits (R12)."""
        self._lying[visit] = (self._world.env.now, visit.traveller.number, give_up)
        if len(self.queue):
            self._world.arbiter.mark(self.rank)

    def lie_no_more(self, visit: Visit) -> None:
        """Note that a vessel has something to do again, or has left."""
        self._lying.pop(visit, None)

    def _clear_berth(self) -> int:
        """Return the row of the berth that the vessel idle longest gives up, or NEVER."""
        rows = {r for r in self.availability.open_rows if self._slots_left(r) >= self._batch_min}
        lying = [visit for visit in self._lying if visit.row in rows]
        if not lying:
            return NEVER
        first = min(lying, key=lambda visit: self._lying[visit][:2])
        self._lying[first][2]()
        return first.row

    def _start(self, row: int, batch: list[Visit]) -> None:
        now_s = self._world.env.now
        served_s = self._duration_s(row, batch[0])
        self._free[row] -= 1
        for visit in batch:
            if self._blocks:
                self._let_in(visit)
            if visit.request_s < now_s:
                self.queue.book_wait(visit, now_s)
            visit.row, visit.start_s = row, now_s
        if batch[0].is_kept:
            batch[0].duration_s = served_s
            batch[0].fire_in(0)
            return
        self._work(row, +1)
        if self.hands.can_stop(row):
            self.hands.begin(row, batch, served_s)
        else:
            self._serve_to_the_end(row, batch, served_s)

    def _work(self, row: int, change: int) -> None:
        """Let breakdowns count the servers of a row that begin to work, or stop."""
        for breakdown in self.breakdowns.get(row, ()):
            breakdown.work(change)

    def _serve_to_the_end(self, row: int, batch: list[Visit], served_s: int) -> None:
        now_s = self._world.env.now
        for visit in batch:
            visit.duration_s = served_s
            visit.traveller.account.begin(self.rank, Cause.SERVICE, now_s, served_s)
            self._world.log.write(self.rank, visit)
            visit.fire_in(served_s)
        callbacks = batch[0].callbacks
        assert callbacks is not None
        callbacks.append(lambda _: self._finish(row, batch))

    def _finish(self, row: int, batch: list[Visit]) -> None:
        """Give back a server, or let who was served keep it until the next station has a place."""
        self._work(row, -1)
        traveller = batch[0].traveller
        if self._batch_max == 1 and self._world.traffic.is_blocked(traveller):
            self._world.kept_servers[traveller.number] = lambda: self._release(row)
        else:
            self._release(row)

    def _release(self, row: int) -> None:
        self._free[row] += 1
        self._world.arbiter.mark(self.rank)

    def _duration_s(self, row: int, visit: Visit) -> int:
        traveller = visit.traveller
        table = self._world.law_tables[self._law[row][traveller.size]]
        drawn = mix(mix(self._key, traveller.key), visit.ordinal)
        mean_fp = self._mean_fp[row][traveller.size]
        if self._ref_load[row]:
            mean_fp = scaled_mean_fp(mean_fp, traveller, self._ref_load[row])
        served_s = duration_s(table, drawn, mean_fp)
        return slowed_s(served_s, self.availability.factor_ppm(row))

    def _turn_away(self) -> None:
        excess, now_s = len(self.queue) - self._queue_max, self._world.env.now
        for visit in self.queue.drop_last(excess, now_s):
            self._world.traffic.refuse(self.rank, visit)


def scaled_mean_fp(mean_fp: int, traveller: Traveller, ref_load: int) -> int:
    """Return the mean for the train's load, which is `ref_load` at the stated mean (R9)."""
    load = max(LEAST_LOAD_OF * traveller.load_teu, LEAST_LOAD * ref_load)
    whole = LEAST_LOAD_OF * ref_load
    return (mean_fp * load + whole // 2) // whole
