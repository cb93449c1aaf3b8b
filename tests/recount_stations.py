"""Servers and meters counted again from the visits of a run: what breaks a rule, in words.

Nothing here looks at the engine. Each check takes a Recount and returns faults;
an empty list is what a sound run gives.
"""

from collections import Counter, defaultdict
from itertools import groupby, pairwise

from recount import DAY_S, LATE, Recount, Seen

from sim.plan import NEVER, PPM, Kind, TrackRule

UNITS_PER_PATH = DAY_S * 1000


def started_s(visit: Seen) -> int:
    """Return the start of a visit; what has not begun is late."""
    return LATE if visit.start_s == NEVER else visit.start_s


def order_faults(recount: Recount) -> list[str]:
    """Nothing begins before it is asked for or while shut; queues keep their order."""
    faults = []
    for rank, visits in recount.seen.items():
        if recount.kind(rank) == Kind.POOL:
            continue
        for visit in visits:
            if visit.start_s == NEVER:
                continue
            if visit.start_s < visit.request_s:
                faults.append(f"station {rank}: begins before its request: {visit}")
            if not recount.closures.open_rows(rank, visit.start_s):
                faults.append(f"station {rank}: begins while shut: {visit}")
        faults += [
            f"station {rank}: {later} overtook {first}"
            for first, later in _overtakers([v for v in visits if not v.is_refused])
        ]
    return faults


def _overtakers(visits: list[Seen]) -> list[tuple[Seen, Seen]]:
    """Return pairs in which the second stood behind the first and began before it.

    A visit that asks in the course of the grants of its instant comes too late for
    those already given, so only they may be before it whose request is as late.
    """
    pairs = []
    by_start = sorted(visits, key=lambda visit: (started_s(visit), visit[:3]))
    for i, later in enumerate(by_start):
        if later.start_s == NEVER:
            break
        for first in by_start[i + 1 :]:
            is_behind = first[:3] < later[:3]
            if is_behind and first.request_s < later.start_s < started_s(first):
                pairs.append((first, later))
    return pairs


def server_faults(recount: Recount) -> list[str]:
    """No row serves more than it can, each for its drawn time, and none idles (R1, R9)."""
    return [
        fault
        for rank in recount.ranks(Kind.SERVER)
        if rank in recount.seen
        for fault in _Servers(recount, rank).faults()
    ]


class _Servers:
    """The rows of a station and what they serve, instant by instant."""

    def __init__(self, recount: Recount, rank: int) -> None:
        plan = recount.plan
        self._recount, self._rank = recount, rank
        self._visits = [v for v in recount.seen[rank] if not v.is_refused]
        self._least = int(plan.station_batch_min[rank])
        self._most = int(plan.station_batch_max[rank])
        self._queue_max = int(plan.station_queue_max[rank])
        self._free = {r: int(plan.row_servers[r]) for r in recount.closures.rows(rank)}
        self._slots = {r: int(plan.row_slots[r]) for r in self._free}
        self._midnight_s = int(plan.row_midnight_s[next(iter(self._free))])
        self._called: Counter[tuple[int, int]] = Counter()
        self._busy: dict[int, list[int]] = defaultdict(list)
        # How long a vessel, or a train, keeps a server is told by its life.
        self._is_kept = rank in plan.fleet_berth or bool(plan.station_couples[rank])
        self._faults: list[str] = []

    def faults(self) -> list[str]:
        """Return what breaks a rule."""
        starts = {
            at_s: list(group)
            for at_s, group in groupby(sorted(self._visits, key=started_s), key=started_s)
        }
        ends = {v.end_s for v in self._visits if NEVER not in (v.start_s, v.end_s)}
        instants = set(starts) | ends | {v.request_s for v in self._visits}
        instants |= self._recount.closures.edges(self._rank)
        if set(self._slots.values()) != {NEVER}:
            instants |= set(range(self._midnight_s % DAY_S, self._recount.ended_s, DAY_S))
        for now_s in sorted(t for t in instants if self._recount.has_come(t)):
            for row in self._busy.pop(now_s, []):
                self._free[row] += 1
            for batch in self._batches(sorted(starts.get(now_s, []))):
                self._begin(now_s, batch)
            self._look_for_idle(now_s)
        return self._faults

    def _batches(self, visits: list[Seen]) -> list[list[Seen]]:
        """Part what begins at an instant into batches: they end together."""
        if self._most == 1:
            return [[visit] for visit in visits]
        batches = []
        for _, group in groupby(sorted(visits, key=lambda v: v.end_s), key=lambda v: v.end_s):
            together = sorted(group)
            batches += [together[i : i + self._most] for i in range(0, len(together), self._most)]
        return sorted(batches)

    def _begin(self, now_s: int, batch: list[Seen]) -> None:
        head = batch[0]
        rows = self._recount.closures.open_rows(self._rank, now_s)
        free = [row for row in rows if self._may_call(row, now_s)]
        if not free:
            self._faults.append(f"station {self._rank}: {head} begins, but no server is free")
            return
        fits = [row for row in free if self._is_kept or self._takes(row, head)]
        if not fits:
            self._faults.append(f"station {self._rank}: {head} took no time of rows {free}")
        row = fits[0] if fits else free[0]
        self._free[row] -= 1
        self._called[row, (now_s - self._midnight_s) // DAY_S] += len(batch)
        self._busy[LATE if head.end_s == NEVER else head.end_s].append(row)

    def _may_call(self, row: int, now_s: int) -> bool:
        """Return whether a row has a free server, and calls left on this day (R15)."""
        called = self._called[row, (now_s - self._midnight_s) // DAY_S]
        return self._free[row] > 0 and (
            self._slots[row] == NEVER or called + self._least <= self._slots[row]
        )

    def _takes(self, row: int, visit: Seen) -> bool:
        served_s = self._recount.served_s(self._rank, row, visit)
        end_s = self._recount.closures.work(row, visit.start_s, served_s)[-1].to_s
        return visit.end_s == (end_s if self._is_told(row, end_s) else NEVER)

    def _is_told(self, row: int, end_s: int) -> bool:
        """Return whether the Trace can tell an end: beforehand only of what nothing stops."""
        return self._recount.has_come(end_s) or not self._recount.plan.row_at_closing[row]

    def _look_for_idle(self, now_s: int) -> None:
        waiting = [v for v in self._visits if v.request_s <= now_s < started_s(v)]
        rows = self._recount.closures.open_rows(self._rank, now_s)
        is_free = any(self._may_call(row, now_s) for row in rows)
        has_unclear_batches = self._most > 1 and any(v.is_vehicle for v in self._visits)
        if len(waiting) >= self._least and is_free and not has_unclear_batches:
            self._faults.append(f"station {self._rank}: idle at {now_s} before {waiting[0]}")
        if NEVER != self._queue_max < len(waiting):
            self._faults.append(f"station {self._rank}: {len(waiting)} wait at {now_s}")


def refusal_faults(recount: Recount) -> list[str]:
    """Who is refused has just come, to a full queue (R17)."""
    finished_s = recount.trace.consignment_finished_s.tolist()
    faults = [
        f"station {rank}: {visit} was let in and refused later"
        for rank, visits in recount.seen.items()
        for visit in visits
        if visit.is_refused and finished_s[visit.number] != visit.request_s
    ]
    for rank, visits in recount.seen.items():
        refused_s = {v.request_s for v in visits if v.is_refused}
        waits = [v for v in visits if not v.is_refused]
        for now_s in refused_s:
            waiting = sum(v.request_s <= now_s < started_s(v) for v in waits)
            if waiting != recount.plan.station_queue_max[rank]:
                faults.append(f"station {rank}: refused at {now_s} while {waiting} wait")
    return faults


def meter_faults(recount: Recount) -> list[str]:
    """Trains enter at the first second with a path, never more than the paths (R11)."""
    faults = []
    for rank in recount.ranks(Kind.METER):
        if recount.plan.meter_rule[recount.plan.station_detail[rank]] == TrackRule.ALTERNATING:
            continue
        visits = sorted(recount.seen.get(rank, []), key=lambda v: (started_s(v), v))
        faults += _late_entries(recount, rank, visits)
        faults += _crowded_windows(recount, rank, [v.start_s for v in visits if v.start_s >= 0])
    return faults


def _crowded_windows(recount: Recount, rank: int, entries_s: list[int]) -> list[str]:
    """Count the entries of every window against burst, refill and technical headway."""
    plan = recount.plan
    meter = int(plan.station_detail[rank])
    milli, burst = int(plan.meter_paths_milli[meter]), int(plan.meter_burst[meter])
    if not milli or any(
        recount.closures.factor_ppm(recount.closures.rows(rank)[0], at_s) > PPM
        for at_s in entries_s
    ):
        return []
    is_slots = plan.meter_rule[meter] == TrackRule.SLOTS
    most = 1 if is_slots else burst
    faults = [
        f"meter {rank}: {j - i + 1} entries from {entries_s[i]} to {entries_s[j]}"
        for i in range(len(entries_s))
        for j in range(i + 1, len(entries_s))
        # Paths fall due at fractions of a second: a second of grace at either end, no more.
        if (j - i + 1 - most) * UNITS_PER_PATH > (entries_s[j] - entries_s[i] + 1) * milli
    ]
    headway_s = 0 if is_slots else int(plan.meter_headway_s[meter])
    return faults + [
        f"meter {rank}: {later_s} follows {first_s}"
        for first_s, later_s in pairwise(entries_s)
        if later_s - first_s < headway_s
    ]


def _late_entries(recount: Recount, rank: int, visits: list[Seen]) -> list[str]:
    """Follow the paths of a section, and compare each entry with the first it could use."""
    paths = _Paths(recount, rank)
    faults, last_s = [], 0
    for i, visit in enumerate(visits):
        asked_s = max(last_s, min(v.request_s for v in visits[i:]))
        first_s = paths.first_s(asked_s)
        if visit.start_s == NEVER:
            if recount.has_come(first_s):
                faults.append(f"meter {rank}: {visit} could have entered at {first_s}")
            break
        if visit.start_s != first_s:
            faults.append(f"meter {rank}: {visit} could have entered at {first_s}")
        paths.enter(visit.start_s)
        last_s = visit.start_s
    return faults


class _Paths:
    """The train paths of one section, in thousandths of a path a day (R11).

    The bucket is told by the instant at which it would be full but one path: a
    train may enter while that lies at most `burst - 1` paths ahead.
    """

    def __init__(self, recount: Recount, rank: int) -> None:
        plan = recount.plan
        meter = int(plan.station_detail[rank])
        self._closures, self._rank = recount.closures, rank
        self._row = recount.closures.rows(rank)[0]
        self._edges = sorted(recount.closures.edges(rank))
        self._milli = int(plan.meter_paths_milli[meter])
        self._saved = (int(plan.meter_burst[meter]) - 1) * UNITS_PER_PATH
        self._headway_s = int(plan.meter_headway_s[meter])
        self._is_slots = plan.meter_rule[meter] == TrackRule.SLOTS
        self._next = 0
        self._apart_s = 0

    def first_s(self, from_s: int) -> int:
        """Return the first second at which a train may enter while the section is open."""
        while True:
            from_s = self._first_path_s(from_s)
            if self._closures.open_rows(self._rank, from_s):
                return from_s
            from_s = min((edge for edge in self._edges if edge > from_s), default=LATE)
            if from_s == LATE:
                return LATE

    def _first_path_s(self, from_s: int) -> int:
        if not self._milli:
            return from_s
        if self._is_slots:
            # The first slot whose second is not past, and not one that was given away.
            slot = max(self._next, -(-((from_s - 1) * self._milli + 1) // UNITS_PER_PATH))
            return max(from_s, -(-slot * UNITS_PER_PATH // self._milli))
        return max(from_s, self._apart_s, -(-(self._next - self._saved) // self._milli))

    def enter(self, now_s: int) -> None:
        """Take a path."""
        factor_ppm = self._closures.factor_ppm(self._row, now_s)
        if not self._milli:
            return
        if self._is_slots:
            used = -(-PPM // factor_ppm)
            self._next = now_s * self._milli // UNITS_PER_PATH + used
            return
        due, now = self._next - self._saved, now_s * self._milli
        entered = due if now - self._milli < due <= now else now
        path = (UNITS_PER_PATH * PPM + factor_ppm // 2) // factor_ppm
        self._next = max(entered, self._next) + path
        headway_s = max(1, (self._headway_s * PPM + factor_ppm // 2) // factor_ppm)
        self._apart_s = now_s + (headway_s if self._headway_s else 0)
