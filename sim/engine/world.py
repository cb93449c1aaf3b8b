"""What all parts of the engine share in one replication."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.draws.choice import is_among
from sim.draws.hashing import SERVICE, mix, stream
from sim.engine.clock import LAST, Arbiter, Clock, Moment
from sim.engine.ledger import Ledger
from sim.engine.log import Log
from sim.engine.loops import Loops
from sim.engine.travellers import Flow
from sim.plan import NEVER, PPM, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from simpy.events import Event

    from sim.engine.travellers import Consignment, Vehicle
    from sim.engine.visits import Traveller, Visit
    from sim.plan import Draws, Ints, Plan


class Gate(Protocol):
    """A station that is visited: a server or a meter."""

    def request(self, visit: Visit) -> None:
        """Queue; the visit fires when the station has done with the traveller."""


class Depot(Gate, Protocol):
    """A station whose servers go with the vehicles that they serve (R11)."""

    def go_along(self, visit: Visit, move_s: int) -> None:
        """Let a server run with a vehicle; it serves others after that and its drawn time."""

    def close(self, visit: Visit) -> None:
        """Write down a server that a vehicle keeps at the end of the run."""


class Gathering(Protocol):
    """A pool, as consignments see it."""

    def join(self, consignment: Consignment) -> None:
        """Wait for the next vehicle."""

    def embargo(self, change: int) -> None:
        """Count one held train more, or one less (R13)."""


class Room(Protocol):
    """A yard, as travellers see it."""

    rank: int
    embargo_s: int

    def request(self, visit: Visit) -> None:
        """Ask for room; the visit fires when it is reserved."""

    def give_back(self, load_teu: int) -> None:
        """Take a load out, or a reservation back."""


class Stock(Protocol):
    """A pool of wagons, as trains see it."""

    def leave(self, vehicle: Vehicle, place: int) -> None:
        """Note where the wagons of a train that leaves will be ready again."""

    def come(self, wagons: int, place: int, after_s: int) -> None:
        """Have wagons ready at a place for which they are bound."""


class Shuttles(Protocol):
    """A fleet, as pools and services see it."""

    rank: int

    def has_vehicle(self, end: int) -> bool:
        """Return whether a vehicle lies ready at an end."""

    def send(self, end: int, trip: Vehicle) -> None:
        """Give the vehicle that has lain ready longest its next trip."""

    def note_load(self, end: int) -> None:
        """Look whether load that joins at an end wants a vehicle from the other."""


class Movement(Protocol):
    """The traffic, as stations see it."""

    def start(self, vehicle: Vehicle) -> None:
        """Send a vehicle that belongs to no fleet on its leg."""

    def let_go(self, vehicle: Vehicle) -> None:
        """End the leg: what was aboard goes on by itself."""

    def is_blocked(self, traveller: Traveller) -> bool:
        """Return whether who was served keeps the server until its next station lets it in."""

    def refuse(self, rank: int, visit: Visit) -> None:
        """Turn away a consignment that found the queue full."""

    def refuse_load(self, vehicle: Vehicle) -> None:
        """Turn away what a vehicle has aboard: there is no room for it."""

    def refuse_waiting(self, consignment: Consignment) -> None:
        """Turn away a consignment that a vessel would have boarded: there is no room for it."""


class Element(NamedTuple):
    """One thing that a vehicle does on its leg."""

    station: int
    move_s: int
    place: int
    ordinal: int
    stand: int


class World:
    """The clock, the books and the look-up tables of one run; stations join it by rank."""

    traffic: Movement

    def __init__(self, plan: Plan, draws: Draws, seed: int, replication: int) -> None:
        self.plan = plan
        self.env = Clock()
        self.arbiter = Arbiter(self.env)
        self.service_stream = stream(seed, replication, SERVICE)
        self.law_tables = list(plan.law_table)
        self.ledger = Ledger(plan, draws)
        self.log = Log(len(draws.consignment_flow))
        self.consignment_created_s: list[int] = draws.consignment_created_s.tolist()
        self.consignment_flow: list[int] = draws.consignment_flow.tolist()
        self.consignment_key: list[int] = draws.consignment_key.tolist()
        self.consignment_route: list[int] = draws.consignment_route.tolist()
        self.is_banned: list[int] = draws.consignment_is_banned.tolist()
        self.flows = _flows(plan)
        self.step_first: list[int] = plan.step_first.tolist()
        self.steps: list[int] = plan.step_station.tolist()
        self.step_ordinal = _ordinals(plan.step_first, plan.step_station)
        self.elements = _elements(plan)
        self.share_ppm: list[int] = plan.station_share_ppm.tolist()
        self.is_meter = [kind == Kind.METER for kind in plan.station_kind]
        self.loops = Loops(plan, self.arbiter)
        self.gates: Mapping[int, Gate] = {}
        self.depots: Mapping[int, Depot] = {}
        self.pools: Mapping[int, Gathering] = {}
        self.yards: Mapping[int, Room] = {}
        self.fleets: list[Shuttles] = []
        self.wagons_at: Sequence[Stock] = ()
        """Pool of wagons of each place (index A)."""
        self.leg_wagons: list[int] = plan.leg_wagons.tolist()
        self.leg_wagons_s: list[int] = plan.leg_wagons_s.tolist()
        self.leg_yard = _leg_yards(plan)
        self.hold_before = _holds(plan, self.elements)
        self.is_watching = False
        self.watch: Callable[[], None] = _look_away
        self.under_way: dict[int, Vehicle] = {}
        self.kept_servers: dict[int, Callable[[], None]] = {}
        """What gives back the server that a consignment keeps, by its number (R18)."""

    def is_met(self, rank: int, traveller: Traveller, ordinal: int) -> bool:
        """Return whether a traveller is served where only a share of all is (R8)."""
        share_ppm = self.share_ppm[rank]
        if share_ppm == PPM:
            return True
        key = mix(self.service_stream, int(self.plan.station_key[rank]))
        return is_among(mix(mix(key, traveller.key), ordinal), share_ppm)

    def begin_trip(self, vehicle: Vehicle) -> None:
        """Keep a vehicle on the books until it lets its load go."""
        self.under_way[vehicle.number] = vehicle
        self.log.start_vehicle(vehicle)

    def run_locomotive(self, vehicle: Vehicle, move_s: int) -> None:
        """Let the locomotive that a vehicle has, if any, run with it (R11)."""
        if vehicle.locomotive is not None:
            depot, visit = vehicle.locomotive
            self.depots[depot].go_along(visit, move_s)
            vehicle.locomotive = None

    def close_locomotives(self) -> None:
        """Write down the locomotives that wait with their trains at the end of the run."""
        for vehicle in self.under_way.values():
            if vehicle.locomotive is not None:
                self.depots[vehicle.locomotive.depot].close(vehicle.locomotive.visit)

    def leave_with_wagons(self, vehicle: Vehicle) -> None:
        """Note that a train leaves with wagons, if it has any of a pool (R12)."""
        if vehicle.wagons:
            place = self.leg_wagons[vehicle.leg]
            self.wagons_at[place].leave(vehicle, place)

    def give_back_wagons(self, vehicle: Vehicle) -> None:
        """Have a train's wagons ready again where its leg says, when they have been turned."""
        if vehicle.wagons:
            place = self.leg_wagons[vehicle.leg]
            self.wagons_at[place].come(vehicle.wagons, place, self.leg_wagons_s[vehicle.leg])

    def leave_origin(self, number: int) -> None:
        """Give back the room that a vehicle's load took where it boarded: it is leaving."""
        vehicle = self.under_way[number]
        for yard, load_teu in vehicle.rooms.items():
            self.yards[yard].give_back(load_teu)
        vehicle.rooms.clear()

    def look_for_gridlock(self) -> None:
        """Look for a cycle of holders when everything of this instant has happened (R14)."""
        if not self.is_watching:
            self.is_watching = True
            Moment(self.env, self._look, 0, LAST)

    def _look(self, _: Event) -> None:
        self.is_watching = False
        self.watch()

    def close_account(self, vehicle: Vehicle) -> None:
        """Carry a vehicle's account over to what it has aboard, and take it off the books."""
        del self.under_way[vehicle.number]
        self.ledger.close(vehicle.account, [c.number for c in vehicle.aboard])


def _look_away() -> None:
    """Watch nothing: the stations are not there yet."""


def _leg_yards(plan: Plan) -> list[int]:
    """Return the rank of the yard at the end of each leg, or NEVER."""
    return [
        NEVER if yard == NEVER else int(plan.yard_station[yard]) for yard in plan.leg_yard.tolist()
    ]


def _holds(plan: Plan, elements: list[list[Element]]) -> list[int]:
    """Return the element before which each leg's vehicle must have found room, or NEVER.

    It is the last that moves, or the locomotive for it; vessels that moor at the end have found
    it before (R13).
    """
    moored = {
        int(plan.fleet_leg[fleet][end])
        for fleet in range(len(plan.fleet_station))
        for end in (0, 1)
        if plan.fleet_berth[fleet][1 - end] != NEVER
    }
    return [
        NEVER if plan.leg_yard[leg] == NEVER or leg in moored else _last_move(plan, row)
        for leg, row in enumerate(elements)
    ]


def _last_move(plan: Plan, elements: list[Element]) -> int:
    """Return the last element that moves, or the one before it that gives its locomotive.

    Where the way to it leads through passing loops, the first section of that way counts: no
    train stands in a loop for want of room (R13).
    """
    last = max((i for i, element in enumerate(elements) if element.move_s), default=0)
    for i in range(last - 1, -1, -1):
        station = elements[i].station
        if station != NEVER and plan.station_kind[station] == Kind.METER:
            if elements[i].stand == NEVER:
                break
            last = i
    before = elements[last - 1].station if last else NEVER
    has_locomotive = before != NEVER and bool(plan.station_couples[before])
    return last - 1 if has_locomotive else last


def _flows(plan: Plan) -> list[Flow]:
    columns = (
        plan.flow_class,
        plan.flow_lot,
        plan.flow_lot_teu,
        plan.flow_size,
        plan.flow_priority,
    )
    return [Flow(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]


def _elements(plan: Plan) -> list[list[Element]]:
    """Return the elements of each leg."""
    columns = (
        plan.element_station.tolist(),
        plan.element_move_s.tolist(),
        plan.element_place.tolist(),
        _ordinals(plan.element_first, plan.element_station),
        plan.element_stand.tolist(),
    )
    rows = [Element(*row) for row in zip(*columns, strict=True)]
    return [rows[first:end] for first, end in pairwise(plan.element_first.tolist())]


def _ordinals(first: Ints, stations: Ints) -> list[int]:
    """Return how often each list has named the same station before (R3: visit count)."""
    ordinals: list[int] = []
    for begin, end in pairwise(first.tolist()):
        seen: Counter[int] = Counter()
        for station in stations[begin:end].tolist():
            ordinals.append(seen[station] if station != NEVER else 0)
            seen[station] += 1
    return ordinals
