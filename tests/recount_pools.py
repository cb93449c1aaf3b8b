"""Pools and fleets counted again: when each vehicle had to leave, and with whom.

The replay of a service takes from the run only who joined when and when vessels
came and were sent empty; everything else follows from R10, R12, R16 and R18.
"""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import NamedTuple

import numpy as np
from recount import Recount, slowed_s
from recount_fleets import State, has_constant_size, states_of, vessels
from recount_wagons import Stock
from recount_yards import waits_for_room

from sim.plan import NEVER, PPM, Kind


class Member(NamedTuple):
    """A consignment in a pool; sorts in order of boarding (R10, R18)."""

    priority: int
    joined_s: int
    number: int


class Passed(NamedTuple):
    """When a forming vehicle passed its gates (R23)."""

    filled_s: int = NEVER
    at_hand_s: int = NEVER
    free_s: int = NEVER


class Left(NamedTuple):
    """A departure from a pool: when, with whom, and its gates."""

    departed_s: int
    numbers: tuple[int, ...]
    passed: Passed


class Formed(NamedTuple):
    """The departures of every pool that could be replayed, and its gates at the end."""

    left: dict[int, list[Left]]
    passed: dict[int, Passed]
    fetched: int
    """Times that wagons ran empty to where they were missing."""


class _Pool:
    """One pool in the replay."""

    def __init__(self, replay: "_Replay", rank: int) -> None:
        plan = replay.recount.plan
        index = int(plan.station_detail[rank])
        self._replay, self.rank = replay, rank
        self._least_lot = int(plan.pool_min_lot[index])
        self._least_class = int(plan.pool_min_class[index])
        self.members: list[Member] = []
        self.stock: Stock | None = None
        self.wagons = 0
        self.passed = Passed()
        self.left: list[Left] = []

    def join(self, member: Member) -> None:
        self.members.append(member)
        self.members.sort()

    def needs(self) -> list[tuple[int, int]]:
        """Return (deck, units) of each member."""
        recount, state = self._replay.recount, self._replay.state()
        return [
            (state.deck[recount.classes[m.number]], self._units(recount, state, m.number))
            for m in self.members
        ]

    @staticmethod
    def _units(recount: Recount, state: State, number: int) -> int:
        return int(recount.lots[number] * state.unit[recount.classes[number]])

    def capacity(self) -> int:
        ppm = self._replay.recount.closures.payload_ppm(self.rank, self._replay.now_s)
        return self._replay.state().capacity * ppm // PPM

    def oldest_s(self) -> int:
        return min(member.joined_s for member in self.members)

    def is_filled(self) -> bool:
        """Return whether a vehicle would leave with what is here (R10 a)."""
        state, needs = self._replay.state(), self.needs()
        if self._replay.has_timetable and state.least == NEVER:
            return True
        if self._replay.is_last_call():
            return True
        if state.least != NEVER and sum(units for _, units in needs) >= state.least:
            return True
        if state.max_wait_s != NEVER and self._replay.now_s >= self.oldest_s() + state.max_wait_s:
            return True
        deck = state.deck[self._least_class]
        used = sum(units for on, units in needs if on == deck)
        return used + self._least_lot * state.unit[self._least_class] > self.capacity()

    def is_open(self) -> bool:
        return bool(self._replay.recount.closures.open_rows(self.rank, self._replay.now_s))

    def first_fits(self) -> bool:
        return self.needs()[0][1] <= self.capacity()

    def is_due(self) -> bool:
        return (
            self.passed.at_hand_s != NEVER
            and self.is_open()
            and self.has_vehicle()
            and self.first_fits()
        )

    def has_vehicle(self) -> bool:
        """Return whether a vehicle, or wagons for one, are at hand (R10 c, R12)."""
        return self._replay.has_vehicle() if self.stock is None else self.wagons > 0

    def turn(self) -> tuple[int, int]:
        return (self.passed.filled_s, self.rank)

    def may_leave(self) -> bool:
        """Pass the gates that can be passed; return whether a vehicle leaves now."""
        now_s = self._replay.now_s
        if self.passed.filled_s == NEVER and self.is_filled():
            self.passed = self.passed._replace(filled_s=now_s)
            if self.stock is not None:
                self.stock.ask(self, now_s, self._replay.state().wagons)
        if self.passed.filled_s == NEVER:
            return False
        if self.passed.at_hand_s == NEVER and self.has_vehicle():
            self.passed = self.passed._replace(at_hand_s=now_s)
        if self.passed.at_hand_s == NEVER or not self._replay.is_turn_of(self):
            return False
        if self.passed.free_s == NEVER:
            self.passed = self.passed._replace(free_s=now_s)
        return self.is_open() and self.has_vehicle() and self.first_fits()

    def leave(self) -> None:
        """Board in order; the first that does not fit closes its deck."""
        capacity, used, shut = self.capacity(), [0] * 4, set()
        boarded = []
        for member, (deck, units) in zip(self.members, self.needs(), strict=True):
            if deck not in shut and used[deck] + units <= capacity:
                used[deck] += units
                boarded.append(member)
            else:
                shut.add(deck)
        self.members = [member for member in self.members if member not in boarded]
        numbers = tuple(sorted(member.number for member in boarded))
        self.left.append(Left(self._replay.now_s, numbers, self.passed))
        self.passed = Passed()


class _Replay:
    """The pools of a service at one end, instant by instant."""

    def __init__(self, recount: Recount, service: int, end: int) -> None:
        plan = recount.plan
        self.recount, self._service = recount, service
        self.now_s = 0
        self.has_timetable = bool(plan.service_timetable[service])
        self._headway_s = int(plan.service_headway_s[service])
        self._fleet = int(plan.service_fleet[service])
        self._states = states_of(recount, service)
        self._free_from_s = 0
        self._departs_s = NEVER
        self._hold_s = int(plan.service_hold_s[service])
        ranks = [
            rank
            for rank in recount.ranks(Kind.POOL)
            if plan.leg_service[plan.pool_leg[plan.station_detail[rank]]] == service
            and plan.pool_end[plan.station_detail[rank]] == end
        ]
        self.pools = [_Pool(self, rank) for rank in ranks]
        self._at_hand = 0
        self._coming, self._taken = vessels(recount, self._fleet, end)
        self._to_join: list[tuple[int, _Pool, Member]] = []

    def state(self) -> State:
        """Return the state in force."""
        return [state for from_s, state in self._states if from_s <= self.now_s][-1]

    def has_vehicle(self) -> bool:
        """Return whether a vehicle is at hand (R10 c)."""
        return self._fleet == NEVER or self._at_hand > 0

    def is_turn_of(self, pool: _Pool) -> bool:
        """Return whether gap or timetable let this pool's vehicle go (R10 b)."""
        if self.has_timetable:
            if self._departs_s == NEVER or self.now_s > self._departs_s + self._hold_s:
                return False
        elif self.now_s < self._free_from_s:
            return False
        elif not self._headway_s:
            return True
        return all(pool.turn() <= other.turn() for other in self.pools if other.is_due())

    def is_last_call(self) -> bool:
        """Return whether a departure has waited for its least load as long as it may."""
        is_called = self._hold_s > 0 and self._departs_s != NEVER
        return is_called and self.now_s == self._departs_s + self._hold_s

    def begin(self) -> set[int]:
        """Return the instants known beforehand at which something may happen."""
        joins = self._joins()
        self._to_join = joins[::-1]
        return {at_s for at_s, _, _ in joins} | self._fixed_instants()

    def arrive(self, now_s: int) -> None:
        """Let in what comes at an instant."""
        self.now_s = now_s
        if now_s in self._timetable:
            self._departs_s = now_s
        while self._to_join and self._to_join[-1][0] == now_s:
            _, pool, member = self._to_join.pop()
            pool.join(member)
        self._at_hand += self._coming.get(now_s, 0)

    def calls(self) -> set[int]:
        """Return the instants at which a wait or a gap is over."""
        max_wait_s = self.state().max_wait_s
        over_s = {pool.oldest_s() + max_wait_s for pool in self.pools if pool.members}
        return {self._free_from_s} | (over_s if max_wait_s != NEVER else set())

    def try_pool(self, pool: _Pool) -> bool:
        """Let a pool pass its gates and leave as it can; return whether it did."""
        before = (pool.passed, len(pool.left))
        while pool.members and pool.may_leave():
            pool.leave()
            self._leave(pool)
        return before != (pool.passed, len(pool.left))

    def grant(self) -> None:
        """Let the pools leave; an empty trip goes before or after, by rank (R1)."""
        taken = self._taken.get(self.now_s, 0)
        is_fleet_first = self._fleet != NEVER and all(
            self.recount.plan.fleet_station[self._fleet] < pool.rank for pool in self.pools
        )
        if is_fleet_first:
            self._at_hand -= taken
        is_moving = True
        while is_moving:
            is_moving = False
            for pool in self.pools:
                is_moving |= self.try_pool(pool)
        if not is_fleet_first:
            self._at_hand -= taken

    def _leave(self, pool: _Pool) -> None:
        self._departs_s = NEVER
        self._at_hand -= 1
        if pool.stock is not None:
            pool.stock.leave(pool)
        if self._headway_s and not self.has_timetable:
            closures = self.recount.closures
            ppm = closures.factor_ppm(closures.rows(pool.rank)[0], self.now_s)
            self._free_from_s = self.now_s + slowed_s(self._headway_s, ppm)

    def _joins(self) -> list[tuple[int, _Pool, Member]]:
        """Return who joins which pool when, in order."""
        joins = [
            (visit.request_s, pool, Member(visit.priority, visit.request_s, visit.number))
            for pool in self.pools
            for visit in self.recount.seen.get(pool.rank, [])
        ]
        return sorted(joins, key=lambda join: (join[0], join[2]))

    @property
    def _timetable(self) -> set[int]:
        plan = self.recount.plan
        first, last = plan.departure_first[self._service : self._service + 2]
        return set(plan.departure_s[first:last].tolist()) if self.has_timetable else set()

    def _fixed_instants(self) -> set[int]:
        instants = self._timetable | {from_s for from_s, _ in self._states} | set(self._coming)
        instants |= set(self._taken) | {at_s + self._hold_s for at_s in self._timetable}
        for pool in self.pools:
            instants |= self.recount.closures.edges(pool.rank)
        return instants


def form(recount: Recount) -> Formed:
    """Return the departures that the rules demand, of every service that can be replayed."""
    plan = recount.plan
    left: dict[int, list[Left]] = {}
    passed: dict[int, Passed] = {}
    sharing = _sharing(recount)
    shared = {service for services in sharing.values() for service in services}
    groups: list[tuple[list[_Replay], Stock | None]] = [
        ([_Replay(recount, service, end)], None)
        for service, fleet in enumerate(plan.service_fleet.tolist())
        if fleet == NEVER or has_constant_size(recount, fleet)
        if service not in shared and not waits_for_room(recount, service)
        for end in (0, 1)
    ]
    groups += [
        ([_Replay(recount, service, 0) for service in services], Stock(recount, index))
        for index, services in sharing.items()
        if not any(waits_for_room(recount, service) for service in services)
    ]
    for replays, stock in groups:
        _follow(recount, replays, stock)
        for replay in replays:
            for pool in replay.pools:
                left[pool.rank], passed[pool.rank] = pool.left, pool.passed
    return Formed(left, passed, sum(stock.fetched for _, stock in groups if stock is not None))


def _sharing(recount: Recount) -> dict[int, list[int]]:
    """Return the services that draw on each pool of wagons."""
    plan = recount.plan
    found: dict[int, set[int]] = {}
    for pool, place in enumerate(plan.pool_wagons.tolist()):
        if place != NEVER:
            index = int(np.searchsorted(plan.wagon_place_first, place, side="right")) - 1
            found.setdefault(index, set()).add(int(plan.leg_service[plan.pool_leg[pool]]))
    return {index: sorted(services) for index, services in found.items()}


def _follow(recount: Recount, replays: list[_Replay], stock: Stock | None) -> None:
    """Follow services from the first instant to the last."""
    instants = sorted(set().union(*(replay.begin() for replay in replays)))
    for replay in replays:
        for pool in replay.pools:
            pool.stock = stock
    while instants:
        now_s = heappop(instants)
        if not recount.has_come(now_s):
            return
        for replay in replays:
            replay.arrive(now_s)
        if stock is None:
            replays[0].grant()
        else:
            stock.arrive(now_s)
            _grant_together(replays, stock, now_s)
        calls = set().union(*(replay.calls() for replay in replays))
        calls |= {ready_s for ready_s, _, _ in stock.coming} if stock is not None else set()
        for at_s in calls:
            if at_s > now_s:
                heappush(instants, at_s)
        while instants and instants[0] == now_s:
            heappop(instants)


def _grant_together(replays: list[_Replay], stock: Stock, now_s: int) -> None:
    """Let the station of least rank act that can, until none can (R1)."""
    tries: list[tuple[int, Callable[[], bool]]] = [(stock.rank, lambda: stock.grant(now_s))]
    for replay in replays:
        tries += [(pool.rank, partial(replay.try_pool, pool)) for pool in replay.pools]
    tries.sort(key=lambda entry: entry[0])
    while True:
        stock.arrive(now_s)
        if not any(act() for _, act in tries):
            return


def forming_faults(recount: Recount) -> list[str]:
    """Vehicles leave when the rules say, and with those whom the rules say."""
    faults = []
    for rank, expected in form(recount).left.items():
        pool = int(recount.plan.station_detail[rank])
        seen = [
            (recount.departed_s[vehicle], tuple(sorted(recount.aboard[vehicle])))
            for vehicle, of in enumerate(recount.vehicle_pool)
            if of == pool and recount.aboard.get(vehicle)
        ]
        wanted = [(leaving.departed_s, leaving.numbers) for leaving in expected]
        for i, (found, due) in enumerate(zip([*seen, None], [*wanted, None], strict=False)):
            if found != due:
                faults.append(f"pool {rank}: departure {i} is {found}, must be {due}")
                break
        else:
            if len(seen) != len(wanted):
                faults.append(f"pool {rank}: {len(seen)} departures, must be {len(wanted)}")
    return faults
