"""Legs, routes and the outcome of an assignment: the records of the routing room.

A route is a chain of legs; a leg is one trip of one vehicle between two handlings, by one
mode and gauge. Money is USD per TEU equivalent (`routing.cost.teu_per_unit`), times are
hours, amounts are per day.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Literal, NamedTuple

from network.schema import DemandRow

Method = Literal["capacity_logit", "logit", "all_or_nothing", "fixed"]
PlaceKind = Literal["link", "station", "service"]


class Leg(NamedTuple):
    """One trip of one vehicle from a handling to the next, stops and lines included."""

    service: str
    """Id of the service row, or of the default row, by which the vehicle forms."""
    is_default: bool
    line: str
    """Line of the service (its id where it has none)."""
    group: str
    """Vessel group of the service (feeder, ferry, ...), empty where it has none."""
    mode: str
    gauge_mm: int
    """Track gauge in mm; 0 off the rails."""
    origin: str
    destination: str
    links: tuple[str, ...]
    """Link ids in order of travel."""
    forward: tuple[bool, ...]
    """Whether each link is travelled from its ``from`` to its ``to``."""
    nodes: tuple[str, ...]
    """Nodes passed in order, both ends included: one more than links."""
    load_class: str
    directions: tuple[str, ...]
    """Of from_china, to_china, north, south, east, west: those that hold, sorted (R8)."""
    crosses: bool
    """Whether this leg itself crosses China's border."""
    km: float
    moving_h: float
    """Hours in motion, waits apart."""


class Costs(NamedTuple):
    """Generalised cost of a route in USD per TEU equivalent, by component."""

    tariff_usd: float
    handling_usd: float
    """Handling, border and customs fees."""
    time_usd: float
    """Hours at the value of time of the load, wagon hire on rails included."""

    @property
    def total_usd(self) -> float:
        """Return the sum of the components."""
        return self.tariff_usd + self.handling_usd + self.time_usd


class Hours(NamedTuple):
    """Free-flow time of a route in hours, by component; waiting is an estimate."""

    moving_h: float
    stops_h: float
    """Stations passed by the vehicle under way."""
    handling_h: float
    """Stations passed at handlings, at origin and at destination."""
    waiting_h: float
    """Estimated wait for the vehicles to form."""

    @property
    def total_h(self) -> float:
        """Return the sum of the components."""
        return self.moving_h + self.stops_h + self.handling_h + self.waiting_h


class Route(NamedTuple):
    """A chain of legs from origin to destination for one load class."""

    id: str
    """Stable hash of the legs, 12 hexadecimal digits (R5)."""
    origin: str
    destination: str
    load_class: str
    legs: tuple[Leg, ...]
    """Empty where origin and destination are one node: served there."""
    handlings: tuple[str, ...]
    """Nodes at which the load changes vehicles."""
    cost: Costs
    hours: Hours
    co2e_kg: float
    """kg CO2e per TEU equivalent."""
    km: float


class FlowDemand(NamedTuple):
    """What one flow sends a day in the period that is shared out."""

    flow: str
    row: DemandRow
    """The flow's row: ends, load class, allowed modes, via, commodity, lot."""
    per_day: float
    """Amount a day in the row's unit (teu, t or truck)."""


class Shadow(NamedTuple):
    """Shadow hours of a place by its load: at_full_h × ((load − begin) / (1 − begin))^power."""

    begin: float = 0.85
    at_full_h: float = 120.0
    power: float = 4.0


class Options(NamedTuple):
    """How routes are found and shared out."""

    method: Method = "capacity_logit"
    k: int = 6
    """Most chains of handlings per flow."""
    detour_limit: float = 1.5
    """Dearest route over cheapest, generalised cost."""
    paths: int = 5
    """Most ways over the lines for one chain of handlings."""
    scale_per_usd: float = 0.01
    """Scale of the logit, 1 / (USD per TEU); an assumption, range 0.005 to 0.02."""
    min_share: float = 0.02
    """Smaller shares are dropped and the rest scaled up, so that no train waits for them."""
    value_of_time_usd_per_teu_h: float | None = None
    """Value of time of every load; None: by load class and commodity from the costs."""
    fills_trains: bool = True
    """Close routes by trains that would leave under their least load (capacity_logit)."""
    shadow: Shadow = Shadow()
    tolerance: float = 0.01
    max_iterations: int = 8000
    fixed: Mapping[str, Mapping[str, float]] | None = None
    """Method ``fixed``: flow -> route id -> weight; a flow without entry takes its cheapest."""


class FlowShare(NamedTuple):
    """How one flow splits over its routes."""

    flow: str
    routes: tuple[Route, ...]
    shares: tuple[float, ...]
    """One per route, each > 0, sum 1; routes without share are left out."""


class PlaceLoad(NamedTuple):
    """Offered load of one capacity-limited place."""

    kind: PlaceKind
    id: str
    """``link>`` or ``link<`` by direction; ``node operation pool``; ``service from>to``."""
    load: float
    """Offered over stated capacity, both per day."""
    shadow_h: float
    capacity_per_day: float
    """Trains, vehicles or server-hours a day, as `unit` says."""
    unit: str


class Assignment(NamedTuple):
    """Who takes which route, and what that loads."""

    flows: tuple[FlowShare, ...]
    """In byte order of the flow ids; flows without a route are in `unreachable`."""
    unreachable: tuple[str, ...]
    places: tuple[PlaceLoad, ...]
    """By load, greatest first; ties by id."""
    iterations: int
    converged: bool
    default_teu_per_day: float
    """Boxes a day on routes with a default leg, TEU."""
    default_t_per_day: float
    """Bulk, grain and air cargo a day on routes with a default leg, t."""
    default_trucks_per_day: float


def route_id(legs: tuple[Leg, ...]) -> str:
    """Return the stable hash of a route's legs, 12 hexadecimal digits."""
    text = "|".join(
        ";".join((leg.service, leg.mode, str(leg.gauge_mm), leg.origin, *leg.links))
        for leg in legs
    )
    return blake2b(text.encode(), digest_size=6).hexdigest()
