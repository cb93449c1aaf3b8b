"""Pools: where consignments gather until a vehicle leaves with them (R10).

A wait passes gates in a fixed order: filling, wagons, departure, weather or
closed. A second is booked to the first gate not yet passed, and a passed gate
is not re-opened (R23).
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from heapq import heapify, heappop, heappush
from operator import mul
from typing import TYPE_CHECKING, NamedTuple

from sim.draws.hashing import mix
from sim.engine.availability import Availability
from sim.engine.travellers import Vehicle
from sim.engine.visits import Visit
from sim.engine.yards import Claim
from sim.plan import NEVER, PPM, Cause

if TYPE_CHECKING:
    from sim.engine.services import Service, State
    from sim.engine.travellers import Consignment
    from sim.engine.wagons import Wagons
    from sim.engine.world import Room, World

DECKS = 4
UNLIMITED = 1 << 62
DAY_S = 86_400


Member = tuple[int, int, int, "Consignment"]
"""Priority, second of joining, number and who: a pool's members in order of boarding."""


class Gates(NamedTuple):
    """When a forming vehicle passed each gate, and left; NEVER: not yet."""

    filled_s: int = NEVER
    at_hand_s: int = NEVER
    free_s: int = NEVER
    open_s: int = NEVER


_WAITS = (Cause.FILLING, Cause.WAGONS, Cause.DEPARTURE)
"""What is waited for before each gate but the last."""


class Pool:
    """Consignments that wait for the next vehicle of one leg."""

    def __init__(
        self, world: World, rank: int, service: Service, wagons: Wagons | None = None
    ) -> None:
        plan = world.plan
        index = int(plan.station_detail[rank])
        self._world = world
        self.rank = rank
        self.index = index
        self.leg = int(plan.pool_leg[index])
        self.end = int(plan.pool_end[index])
        self.availability = Availability(plan, rank)
        self._service = service
        service.pools.append(self)
        self._fleet = self._service.fleet
        self._stock = wagons
        self._wagon_place = int(plan.pool_wagons[index])
        self._wagons = 0
        """Wagons at hand for the train that forms (R12)."""
        self._least_lot = int(plan.pool_min_lot[index])
        self._least_class = int(plan.pool_min_class[index])
        self._by_priority = bool(plan.station_priority[rank])
        self._key = mix(self._service.key, int(plan.station_key[rank]))
        self._departures: Counter[int] = Counter()
        self._members: list[Member] = []
        self._load = [0] * 5
        self.oldest_s = NEVER
        self._gates = Gates()
        self._left: list[tuple[int, Gates]] = []
        self._yard = world.yards.get(world.leg_yard[self.leg])
        self._asks_before = world.hold_before[self.leg] == NEVER
        self._held_trains = 0
        self._claim: Visit | None = None
        self.rooms: Counter[int] = Counter()
        """Room that the members take, by yard (R13)."""

    # --- who is here

    def join(self, consignment: Consignment) -> None:
        """Wait for the next vehicle."""
        now_s = self._world.env.now
        priority = consignment.priority if self._by_priority else 0
        heappush(self._members, (priority, now_s, consignment.number, consignment))
        self._load[consignment.load_class] += consignment.lot
        if consignment.yard != NEVER:
            self.rooms[consignment.yard] += consignment.load_teu
        if self.oldest_s == NEVER:
            self.oldest_s = now_s
            self._watch_oldest()
        if self._gates.filled_s != NEVER or self._is_filled():
            self._world.arbiter.mark(self.rank)
        if self._fleet != NEVER:
            self._world.fleets[self._fleet].note_load(self.end)

    def load(self) -> int:
        """Return the load that waits over all decks, in units of the service's state."""
        unit = self._service.state().unit
        return sum(map(mul, self._load, unit))

    @property
    def turn(self) -> tuple[int, int]:
        """Place in the order in which pools of a service take its departures."""
        return (self._gates.filled_s, self.rank)

    def is_due(self, end: int) -> bool:
        """Return whether a vehicle is filled and at hand and nothing else holds it."""
        return (
            self.end == end
            and self._gates.at_hand_s != NEVER
            and not self.availability.is_shut
            and self._has_vehicle()
            and self._first_fits()
            and self.held_by() is None
        )

    def is_filled(self) -> bool:
        """Return whether a vehicle would leave for the load, or for its oldest's wait."""
        return bool(self._members) and self._is_filled()

    def rate_ppm(self) -> int:
        """Return the rate factor on the service's least gap."""
        return self.availability.factor_ppm(self.availability.rows[0])

    # --- leaving

    def grant(self) -> None:
        """Let vehicles leave as long as all conditions hold."""
        while self._members and self._pass_gates():
            self._depart()
        if self._members and self._gates.filled_s == NEVER:
            # A state that has just begun may have another longest wait.
            self._watch_oldest()

    def _pass_gates(self) -> bool:
        now_s = self._world.env.now
        if self._gates.filled_s == NEVER:
            if not self._is_filled():
                return False
            self._gates = self._gates._replace(filled_s=now_s)
            if self._stock is not None:
                wanted = self._service.state().wagons
                self._stock.ask(self._wagon_place, now_s, wanted, self)
        if self._gates.at_hand_s == NEVER:
            if not self._has_vehicle():
                return False
            self._gates = self._gates._replace(at_hand_s=now_s)
        if not self._service.may_depart(self):
            return False
        if self._gates.free_s == NEVER:
            self._gates = self._gates._replace(free_s=now_s)
        if self.availability.is_shut or not self._has_vehicle() or not self._first_fits():
            return False
        if self._gates.open_s == NEVER:
            self._gates = self._gates._replace(open_s=now_s)
        return self._has_room()

    # --- room at the other end (R13)

    def embargo(self, change: int) -> None:
        """Count one held train more, or one less; while there is one, none departs."""
        self._held_trains += change
        self._world.arbiter.mark(self.rank)
        if self._held_trains:
            self._service.pass_on_turn(self)
            self._world.look_for_gridlock()

    def held_by(self) -> Room | None:
        """Return the yard for want of room in which nothing leaves, if so."""
        return self._yard if self._held_trains or self.held_since_s() != NEVER else None

    def held_since_s(self) -> int:
        """Return since when a claim has waited for room, or NEVER."""
        if self._claim is None or self._claim.triggered:
            return NEVER
        return self._claim.request_s

    def _has_room(self) -> bool:
        """Ask for room for what would board, where that comes first; one claim at a time."""
        if self._yard is None:
            return True
        if not self._asks_before:
            return not self._held_trains
        self._drop_small_claim(self._yard)
        if self._claim is not None and self._claim.is_refused:
            self._turn_away()
            return False
        if self._claim is None:
            # Claims come before trains that ask at the same second.
            number = self.rank - len(self._world.plan.station_kind)
            claim = self._claim = Visit(self._world.env, Claim(number, self._boarding_teu()))
            assert claim.callbacks is not None
            claim.callbacks.append(lambda _: self._world.arbiter.mark(self.rank))
            self._yard.request(claim)
            # If it finds no room for long enough, the vessel sails without it.
            self._world.arbiter.mark(self._world.fleets[self._fleet].rank)
        return self._claim.triggered

    def _turn_away(self) -> None:
        """Refuse the load that would have boarded: its yard is full and refuses (R17)."""
        now_s = self._world.env.now
        boarded = self._board()
        self._claim = None
        for _, join_s, number, consignment in boarded:
            self._book_wait(consignment, join_s, now_s)
            self._world.log.write_stay(number, self.rank, join_s, NEVER, NEVER)
            if consignment.yard != NEVER:
                self.rooms[consignment.yard] -= consignment.load_teu
            self._world.traffic.refuse_waiting(consignment)
        self._gates = Gates()
        self._note_oldest()
        self._world.arbiter.mark(self.rank)

    def _note_oldest(self) -> None:
        self.oldest_s = min((entry[1] for entry in self._members), default=NEVER)
        if self._members:
            self._watch_oldest()

    def _drop_small_claim(self, yard: Room) -> None:
        """Give back room too small for a load that has come since and boards first."""
        if self._claim is None or not self._claim.triggered or self._claim.is_refused:
            return
        claimed_teu = self._claim.traveller.load_teu
        if self._members[0][3].load_teu > claimed_teu:
            yard.give_back(claimed_teu)
            self._claim = None

    def _is_filled(self) -> bool:
        state, now_s = self._service.state(), self._world.env.now
        if self._service.has_timetable and state.min_load == NEVER:
            return bool(self._members)
        if self._service.is_last_call(self.end):
            return bool(self._members)
        if state.min_load != NEVER and self.load() >= state.min_load:
            return True
        if state.max_wait_s != NEVER and now_s - self.oldest_s >= state.max_wait_s:
            return True
        deck = state.deck[self._least_class]
        on_deck = self._least_lot * state.unit[self._least_class]
        for load_class, amount in enumerate(self._load):
            if amount and state.deck[load_class] == deck:
                on_deck += amount * state.unit[load_class]
        return on_deck > self._capacity(state)

    def take_wagons(self, wagons: int) -> None:
        """Have wagons for the train that is filled."""
        self._wagons = wagons
        self._world.arbiter.mark(self.rank)

    def _has_vehicle(self) -> bool:
        if self._stock is not None:
            return self._wagons > 0
        return self._fleet == NEVER or self._world.fleets[self._fleet].has_vehicle(self.end)

    def _first_fits(self) -> bool:
        state, consignment = self._service.state(), self._members[0][3]
        return consignment.lot * state.unit[consignment.load_class] <= self._capacity(state)

    def _capacity(self, state: State) -> int:
        return state.capacity * self.availability.payload_ppm // PPM

    def _depart(self) -> None:
        now_s = self._world.env.now
        boarded = self._board()
        aboard = [entry[3] for entry in boarded]
        vehicle = Vehicle(
            number=self._world.log.next_vehicle(),
            key=self._vehicle_key(min(entry[1] for entry in boarded)),
            pool=self.index,
            leg=self.leg,
            departed_s=now_s,
            aboard=aboard,
        )
        for _, join_s, number, consignment in boarded:
            self._book_wait(consignment, join_s, now_s)
            self._world.log.write_stay(number, self.rank, join_s, now_s, vehicle.number)
        self._hand_over_rooms(vehicle)
        vehicle.wagons, self._wagons = self._wagons, 0
        self._world.leave_with_wagons(vehicle)
        self._world.begin_trip(vehicle)
        self._left.append((now_s, self._gates))
        self._gates = Gates()
        self._service.depart(self)
        self._note_oldest()
        if self._fleet == NEVER:
            self._world.traffic.start(vehicle)
        else:
            self._world.fleets[self._fleet].send(self.end, vehicle)
            if self._members:
                self._world.fleets[self._fleet].note_load(self.end)

    def _boarding_teu(self) -> int:
        """Return the load that would board now."""
        boarded = self._board()
        for entry in boarded:
            heappush(self._members, entry)
            self._load[entry[3].load_class] += entry[3].lot
        return sum(entry[3].load_teu for entry in boarded)

    def _board(self) -> list[Member]:
        """Take aboard in order; the first that does not fit closes its deck."""
        state = self._service.state()
        room = UNLIMITED if self._claim is None else self._claim.traveller.load_teu
        capacity = self._capacity(state)
        used = [0] * DECKS
        open_decks = {state.deck[c] for c, amount in enumerate(self._load) if amount}
        boarded: list[Member] = []
        left_behind = []
        while self._members and open_decks:
            entry = heappop(self._members)
            consignment = entry[3]
            deck = state.deck[consignment.load_class]
            need = consignment.lot * state.unit[consignment.load_class]
            fits = used[deck] + need <= capacity and consignment.load_teu <= room
            if deck not in open_decks or not fits:
                open_decks.discard(deck)
                left_behind.append(entry)
                continue
            used[deck] += need
            room -= consignment.load_teu
            self._load[consignment.load_class] -= consignment.lot
            boarded.append(entry)
        self._members.extend(left_behind)
        heapify(self._members)
        return boarded

    def _hand_over_rooms(self, vehicle: Vehicle) -> None:
        """Let the vehicle hold the room of its load here until it leaves, and that at its end."""
        for consignment in vehicle.aboard:
            if consignment.yard != NEVER:
                self.rooms[consignment.yard] -= consignment.load_teu
                held = vehicle.rooms.get(consignment.yard, 0)
                vehicle.rooms[consignment.yard] = held + consignment.load_teu
                consignment.yard = NEVER
        if self._claim is not None and self._yard is not None:
            vehicle.yard = self._yard.rank
            self._yard.give_back(self._claim.traveller.load_teu - vehicle.load_teu)
            self._claim = None

    def _vehicle_key(self, first_joined_s: int) -> int:
        day = self._world.plan.first_day + first_joined_s // DAY_S
        self._departures[day] += 1
        return mix(mix(self._key, day), self._departures[day])

    def _watch_oldest(self) -> None:
        state = self._service.state()
        if state.max_wait_s != NEVER:
            now_s = self._world.env.now
            self._world.arbiter.mark_at(self.rank, max(now_s, self.oldest_s + state.max_wait_s))

    # --- booking

    def _book_wait(self, consignment: Consignment, join_s: int, until_s: int) -> None:
        """Book a wait through the gates; who was left behind has passed the first two."""
        missed = bisect_left(self._left, (join_s,))
        if missed < len(self._left):
            left_s, gates = self._left[missed]
            self._book_gates(consignment, join_s, left_s, gates)
            passed = self._gates._replace(filled_s=left_s, at_hand_s=left_s)
            self._book_gates(consignment, left_s, until_s, passed)
        else:
            self._book_gates(consignment, join_s, until_s, self._gates)

    def _book_gates(self, consignment: Consignment, from_s: int, to_s: int, gates: Gates) -> None:
        book = consignment.account.book
        for cause, gate_s in zip(_WAITS, gates, strict=False):
            passed_s = to_s if gate_s == NEVER else min(gate_s, to_s)
            if passed_s > from_s:
                book(self.rank, cause, NEVER, passed_s - from_s)
                from_s = passed_s
        open_s = to_s if gates.open_s == NEVER else min(gates.open_s, to_s)
        for spell in self.availability.spells(from_s, open_s):
            book(self.rank, spell.cause, spell.closure, spell.end_s - spell.start_s)
            from_s += spell.end_s - spell.start_s
        if open_s > from_s:
            # The gap or the vessel was taken again while the service was shut.
            book(self.rank, Cause.DEPARTURE, NEVER, open_s - from_s)
            from_s = open_s
        if to_s > from_s:
            place = self.rank if self._yard is None else self._yard.rank
            book(place, Cause.STORAGE, NEVER, to_s - from_s)

    def close(self, end_s: int) -> None:
        """Book the waits that the end of the run cuts short."""
        for _, join_s, number, consignment in sorted(self._members, key=lambda entry: entry[:3]):
            self._book_wait(consignment, join_s, end_s)
            self._world.log.write_stay(number, self.rank, join_s, NEVER, NEVER)
