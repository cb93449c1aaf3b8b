"""What all parts of the engine share in one replication."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

from sim.draws.hashing import SERVICE, stream
from sim.engine.clock import Arbiter, Clock
from sim.engine.ledger import Ledger
from sim.engine.log import Log
from sim.engine.travellers import Flow
from sim.plan import NEVER, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sim.engine.travellers import Consignment, Vehicle
    from sim.engine.visits import Visit
    from sim.plan import Draws, Ints, Plan


class Gate(Protocol):
    """A station that is visited: a server or a meter."""

    def request(self, visit: Visit) -> None:
        """Queue; the visit fires when the station has done with the traveller."""


class Gathering(Protocol):
    """A pool, as consignments see it."""

    def join(self, consignment: Consignment) -> None:
        """Wait for the next vehicle."""


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

    def refuse(self, rank: int, visit: Visit) -> None:
        """Turn away a consignment that found the queue full."""


class Element(NamedTuple):
    """One thing that a vehicle does on its leg."""

    station: int
    move_s: int
    place: int
    ordinal: int


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
        self.flows = _flows(plan)
        self.step_first: list[int] = plan.step_first.tolist()
        self.steps: list[int] = plan.step_station.tolist()
        self.step_ordinal = _ordinals(plan.step_first, plan.step_station)
        self.elements = _elements(plan)
        self.is_meter = [kind == Kind.METER for kind in plan.station_kind]
        self.gates: Mapping[int, Gate] = {}
        self.pools: Mapping[int, Gathering] = {}
        self.fleets: list[Shuttles] = []
        self.under_way: dict[int, Vehicle] = {}

    def begin_trip(self, vehicle: Vehicle) -> None:
        """Keep a vehicle on the books until it lets its load go."""
        self.under_way[vehicle.number] = vehicle
        self.log.start_vehicle(vehicle)

    def close_account(self, vehicle: Vehicle) -> None:
        """Carry a vehicle's account over to what it has aboard, and take it off the books."""
        del self.under_way[vehicle.number]
        self.ledger.close(vehicle.account, [c.number for c in vehicle.aboard])


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
