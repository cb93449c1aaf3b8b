"""What a Trace says, laid out for counting again, without the engine's books.

In: a plan, its draws and the trace of a run. Out: visits by station, closures by
row, keys and loads of vehicles. The rules are read from `docs/model.md` alone.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from sim.draws.hashing import SERVICE, mix, stream
from sim.draws.tables import duration_s
from sim.plan import NEVER, PPM, AtClosing, Cause, Draws, Effect, Kind, Plan, Status, Trace

DAY_S = 86_400
LATE = 1 << 40
"""Sorts after every instant: what has not come yet."""


class Seen(NamedTuple):
    """One visit, as the Trace tells it; sorts in the order of the queue (R1, R18)."""

    priority: int
    request_s: int
    number: int
    start_s: int
    end_s: int
    key: int
    size: int
    load_teu: int
    ordinal: int
    is_vehicle: bool
    is_refused: bool


class Force(NamedTuple):
    """A closure at work on a row."""

    closure: int
    start_s: int
    end_s: int


class Work(NamedTuple):
    """A time in which a service went on, or was stopped by a closure (R15)."""

    from_s: int
    to_s: int
    cause: int
    closure: int


class Closures:
    """What shuts and slows, from the closures of a run alone (R15)."""

    def __init__(self, plan: Plan, trace: Trace) -> None:
        self._plan = plan
        self._forces: dict[tuple[int, Effect], list[Force]] = defaultdict(list)
        events = zip(
            trace.closure_index.tolist(),
            trace.closure_start_s.tolist(),
            trace.closure_end_s.tolist(),
            strict=True,
        )
        for closure, start_s, end_s in events:
            effect = Effect(int(plan.closure_effect[closure]))
            first, last = plan.closure_target_first[closure : closure + 2]
            for row in plan.closure_target[first:last].tolist():
                self._forces[row, effect].append(Force(closure, max(0, start_s), end_s))
        for forces in self._forces.values():
            forces.sort()

    def rows(self, rank: int) -> range:
        """Return the rows of a station."""
        return range(int(self._plan.row_first[rank]), int(self._plan.row_first[rank + 1]))

    def at_work(self, row: int, effect: Effect, now_s: int) -> list[Force]:
        """Return what is at work on a row; the closing second counts, the opening one not."""
        forces = self._forces.get((row, effect), [])
        return [force for force in forces if force.start_s <= now_s < force.end_s]

    def open_rows(self, rank: int, now_s: int) -> list[int]:
        """Return the rows that may begin something."""
        return [row for row in self.rows(rank) if not self.at_work(row, Effect.SHUT, now_s)]

    def factor_ppm(self, row: int, now_s: int) -> int:
        """Return the rate factor."""
        standing_ppm = int(self._plan.row_factor_ppm[row])
        return self._product(row, Effect.RATE, now_s, standing_ppm)

    def work(self, row: int, start_s: int, drawn_s: int) -> list[Work]:
        """Return the service begun on a row, part by part, as its closings leave it."""
        rule = AtClosing(int(self._plan.row_at_closing[row]))
        if rule == AtClosing.FINISH:
            return [Work(start_s, start_s + drawn_s, Cause.SERVICE, NEVER)]
        shut = [f for f in self._forces.get((row, Effect.SHUT), []) if f.end_s > f.start_s]
        parts, now_s, left_s = [], start_s, drawn_s
        while True:
            closings = [f.start_s for f in shut if now_s < f.start_s < now_s + left_s]
            stop_s = min(closings, default=now_s + left_s)
            parts.append(Work(now_s, stop_s, Cause.SERVICE, NEVER))
            if not closings:
                return parts
            left_s = drawn_s if rule == AtClosing.RESTART else now_s + left_s - stop_s
            now_s = stop_s
            while self.at_work(row, Effect.SHUT, now_s):
                now_s = min(f.end_s for f in self.at_work(row, Effect.SHUT, now_s))
            parts.append(Work(stop_s, now_s, *self._holder([row], stop_s)))

    def payload_ppm(self, rank: int, now_s: int) -> int:
        """Return the factor on capacity."""
        return self._product(self.rows(rank)[0], Effect.PAYLOAD, now_s, PPM)

    def vehicles_out(self, rank: int, now_s: int) -> int:
        """Return the vehicles out of service."""
        forces = self.at_work(self.rows(rank)[0], Effect.FLEET_MINUS, now_s)
        return sum(int(self._plan.closure_value_ppm[force.closure]) for force in forces)

    def edges(self, rank: int) -> set[int]:
        """Return the instants at which anything about a station changes."""
        return {
            instant_s
            for row in self.rows(rank)
            for effect in Effect
            for force in self._forces.get((row, effect), [])
            for instant_s in (force.start_s, force.end_s)
        }

    def shut_s(self, rank: int, from_s: int, to_s: int) -> Counter[tuple[int, int]]:
        """Return the seconds of a span in which a station was shut, by (cause, closure).

        Weather is booked before others, then the latest begun, then the smaller index.
        """
        inside = {edge for edge in self.edges(rank) if from_s < edge < to_s}
        seconds: Counter[tuple[int, int]] = Counter()
        for begin_s, end_s in pairwise(sorted({from_s, to_s} | inside)):
            if not self.open_rows(rank, begin_s):
                seconds[self._holder(self.rows(rank), begin_s)] += end_s - begin_s
        return seconds

    def _holder(self, rows: Iterable[int], now_s: int) -> tuple[int, int]:
        is_weather = self._plan.closure_is_weather
        _, _, closure = max(
            (int(is_weather[force.closure]), force.start_s, -force.closure)
            for row in rows
            for force in self.at_work(row, Effect.SHUT, now_s)
        )
        return int(Cause.WEATHER if is_weather[-closure] else Cause.CLOSED), -closure

    def _product(self, row: int, effect: Effect, now_s: int, factor_ppm: int) -> int:
        for force in self.at_work(row, effect, now_s):
            value_ppm = int(self._plan.closure_value_ppm[force.closure])
            factor_ppm = max(1, (factor_ppm * value_ppm + PPM // 2) // PPM)
        return factor_ppm


class Recount:
    """A run and what can be looked up about it."""

    def __init__(self, plan: Plan, draws: Draws, trace: Trace, seed: int = 1) -> None:
        self.plan, self.draws, self.trace = plan, draws, trace
        self.closures = Closures(plan, trace)
        self._service_stream = stream(seed, 0, SERVICE)
        self.ended_s = trace.ended_s
        self.is_cut_by_horizon = trace.ended_s == plan.horizon_s
        self.lots = plan.flow_lot[trace.consignment_flow].tolist()
        self.classes = plan.flow_class[trace.consignment_flow].tolist()
        self.priorities = plan.flow_priority[trace.consignment_flow].tolist()
        self.vehicle_pool = trace.vehicle_pool.tolist()
        self.departed_s = trace.vehicle_departed_s.tolist()
        self.vehicle_load = trace.vehicle_load.tolist()

    def has_come(self, instant_s: int) -> bool:
        """Return whether an instant lies inside the run."""
        if self.is_cut_by_horizon:
            return instant_s < self.ended_s
        return instant_s <= self.ended_s

    def kind(self, rank: int) -> Kind:
        """Return the kind of a station."""
        return Kind(int(self.plan.station_kind[rank]))

    def ranks(self, kind: Kind) -> list[int]:
        """Return the stations of a kind."""
        return [rank for rank in range(len(self.plan.station_kind)) if self.kind(rank) == kind]

    def is_met(self, rank: int, key: int, ordinal: int) -> bool:
        """Return whether who comes to a station with a share is among it (R8)."""
        share_ppm = int(self.plan.station_share_ppm[rank])
        word = mix(mix(self._service_stream, int(self.plan.station_key[rank])), key)
        drawn = mix(mix(word, ordinal), 1) // 2**32
        return share_ppm == PPM or drawn * PPM < share_ppm * 2**32

    def met(self, stations: Iterable[int], key: int) -> list[bool]:
        """Return, for each of the stations of a way, whether the traveller is served there."""
        count: Counter[int] = Counter()
        found = []
        for rank in stations:
            found.append(rank == NEVER or self.is_met(rank, key, count[rank]))
            count[rank] += 1
        return found

    def _ordinal(self, rank: int, key: int, before: int) -> int:
        """Return which of its comings to a station is a traveller's visit after so many."""
        ordinal = 0
        while before or not self.is_met(rank, key, ordinal):
            before -= self.is_met(rank, key, ordinal)
            ordinal += 1
        return ordinal

    @cached_property
    def aboard(self) -> dict[int, list[int]]:
        """Consignments by vehicle."""
        aboard: dict[int, list[int]] = defaultdict(list)
        trace = self.trace
        for number, vehicle in zip(trace.stay_consignment, trace.stay_vehicle, strict=True):
            if vehicle != NEVER:
                aboard[int(vehicle)].append(int(number))
        return aboard

    @cached_property
    def stays_of(self) -> dict[int, list[tuple[int, int, int, int, int]]]:
        """(station, request, start, end, vehicle) by consignment, in order."""
        trace = self.trace
        stays: dict[int, list[tuple[int, int, int, int, int]]] = defaultdict(list)
        columns = (
            trace.stay_consignment,
            trace.stay_station,
            trace.stay_request_s,
            trace.stay_start_s,
            trace.stay_end_s,
            trace.stay_vehicle,
        )
        for number, *stay in zip(*(column.tolist() for column in columns), strict=True):
            stays[number].append(tuple(stay))
        return stays

    @cached_property
    def visits_of(self) -> dict[int, list[tuple[int, int, int, int]]]:
        """(station, request, start, end) by vehicle, in order, but for yards that refused it."""
        return self._visits_of(is_turned_away=False)

    @cached_property
    def turned_away_of(self) -> dict[int, list[tuple[int, int, int, int]]]:
        """(yard, request, NEVER, when it was turned away) by vehicle."""
        return self._visits_of(is_turned_away=True)

    def _visits_of(self, *, is_turned_away: bool) -> dict[int, list[tuple[int, int, int, int]]]:
        trace = self.trace
        rows = ((trace.visit_start_s == NEVER) & (trace.visit_end_s != NEVER)) == is_turned_away
        visits: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
        columns = (
            trace.visit_vehicle,
            trace.visit_station,
            trace.visit_request_s,
            trace.visit_start_s,
            trace.visit_end_s,
        )
        for number, *visit in zip(*(column[rows].tolist() for column in columns), strict=True):
            visits[number].append(tuple(visit))
        return visits

    @cached_property
    def seen(self) -> dict[int, list[Seen]]:
        """Visits of vehicles and consignments by station, in order of the queue."""
        seen: dict[int, list[Seen]] = defaultdict(list)
        for number in self.stays_of:
            for rank, visit in self._stays_seen(number):
                seen[rank].append(visit)
        for vehicle in self.visits_of:
            for rank, visit in self._visits_seen(vehicle):
                seen[rank].append(visit)
        return {rank: sorted(visits) for rank, visits in seen.items()}

    def _stays_seen(self, number: int) -> Iterator[tuple[int, Seen]]:
        """Yield the visits of a consignment and their stations."""
        flow = int(self.trace.consignment_flow[number])
        was_refused = self.trace.consignment_status[number] == Status.REFUSED_QUEUE
        count: Counter[int] = Counter()
        stays = self.stays_of[number]
        key = int(self.draws.consignment_key[number])
        for i, (rank, request_s, start_s, end_s, _) in enumerate(stays):
            yield (
                rank,
                Seen(
                    priority=self._rank_of(rank, [number]),
                    request_s=request_s,
                    number=number,
                    start_s=start_s,
                    end_s=end_s,
                    key=key,
                    size=int(self.plan.flow_size[flow]),
                    load_teu=int(self.plan.flow_lot_teu[flow]),
                    ordinal=self._ordinal(rank, key, count[rank]),
                    is_vehicle=False,
                    is_refused=bool(was_refused) and i == len(stays) - 1,
                ),
            )
            count[rank] += 1

    def _visits_seen(self, vehicle: int) -> Iterator[tuple[int, Seen]]:
        """Yield the visits of a vehicle and their stations."""
        count: Counter[int] = Counter()
        for rank, request_s, start_s, end_s in self.visits_of[vehicle]:
            yield (
                rank,
                Seen(
                    priority=self._rank_of(rank, self.aboard.get(vehicle, [])),
                    request_s=request_s,
                    number=vehicle,
                    start_s=start_s,
                    end_s=end_s,
                    key=self.vehicle_key[vehicle],
                    size=0,
                    load_teu=self.vehicle_load[vehicle],
                    ordinal=self._ordinal(rank, self.vehicle_key[vehicle], count[rank]),
                    is_vehicle=True,
                    is_refused=False,
                ),
            )
            count[rank] += 1

    def _rank_of(self, rank: int, numbers: list[int]) -> int:
        """Return the priority that counts at a station (R18): the first of what is aboard."""
        if not self.plan.station_priority[rank]:
            return 0
        return min((self.priorities[number] for number in numbers), default=0)

    @cached_property
    def vehicle_key(self) -> list[int]:
        """Key of each vehicle (R3): pool or end, day, ordinal of that day."""
        plan = self.plan
        ordinals: Counter[tuple[int, int, int]] = Counter()
        joined_s: dict[int, int] = {}
        for stays in self.stays_of.values():
            for _, request_s, _, _, vehicle in stays:
                if vehicle != NEVER:
                    joined_s[vehicle] = min(request_s, joined_s.get(vehicle, LATE))
        keys = []
        for vehicle, pool in enumerate(self.vehicle_pool):
            first_s = joined_s.get(vehicle, self.departed_s[vehicle])
            day = plan.first_day + first_s // DAY_S
            if vehicle in joined_s:
                service = plan.leg_service[plan.pool_leg[pool]]
                part = int(plan.station_key[plan.pool_station[pool]])
                group = (0, pool, day)
            else:
                # First moorings have kind 1 and lie at ends 0, 1, 0 ...; empty trips kind 2.
                end = vehicle % 2 if pool == NEVER else int(plan.pool_end[pool])
                part = end + (2 if pool == NEVER else 4)
                service = plan.fleet_service[0]
                group = (1, part, day)
            ordinals[group] += 1
            key = mix(mix(int(plan.service_key[service]), part), day)
            keys.append(mix(key, ordinals[group]))
        return keys

    def served_s(self, rank: int, row: int, visit: Seen) -> int:
        """Return how long a visit takes that begins at its start on a row (R3, R9, R15)."""
        plan = self.plan
        key = mix(self._service_stream, int(plan.station_key[rank]))
        drawn = mix(mix(key, visit.key), visit.ordinal)
        mean_fp = int(plan.row_mean_fp[row][visit.size])
        ref = int(plan.row_ref_load[row])
        if ref:
            share = max(10 * visit.load_teu, 3 * ref)
            mean_fp = (mean_fp * share + 5 * ref) // (10 * ref)
        table = plan.law_table[plan.row_law[row][visit.size]]
        return slowed_s(
            duration_s(table, drawn, mean_fp), self.closures.factor_ppm(row, visit.start_s)
        )


def slowed_s(seconds: int, factor_ppm: int) -> int:
    """Return a duration divided by a factor, rounded half up, at least 1 (R2, R15)."""
    return max(1, (2 * seconds * PPM + factor_ppm) // (2 * factor_ppm))
