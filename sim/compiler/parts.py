"""What the compiler builds before it numbers: the parts of a plan, by id.

In: nothing. Out: named tuples whose units are those of the plan (whole seconds,
thousandths, 1/256 s) and whose references are still ids.
"""

from typing import NamedTuple

from sim.plan import NEVER, PPM, AtClosing, Kind, TrackRule

CLASSES = 5
"""Load classes, as in `sim.plan.LOAD_CLASSES`."""


class LawPart(NamedTuple):
    """A law of service that belongs to some loads."""

    classes: frozenset[int]
    law: str
    cv: float
    mean_h: float
    is_per_teu: bool


class RowPart(NamedTuple):
    """One row of a station; meters, pools, fleets and yards have one of no service time."""

    id: str
    servers: int = 1
    law: str = "deterministic"
    cv: float = 0.0
    mean_h: float = 0.0
    """0: no service."""
    is_per_teu: bool = False
    ref_load: int = 0
    """Thousandths of a TEU."""
    at_closing: AtClosing = AtClosing.FINISH
    slots: int = NEVER
    midnight_s: int = 0
    """A second at which a day of the node begins."""
    others: tuple[LawPart, ...] = ()
    """Laws of loads that are served otherwise."""


class MeterPart(NamedTuple):
    """Train paths of one direction of a section (R11)."""

    paths_milli: int
    """Thousandths a day; 0: no limit."""
    burst: int
    headway_s: int
    rule: TrackRule = TrackRule.BUCKET
    clearing_s: int = 0
    fleet: int = 1


class YardPart(NamedTuple):
    """Room of one yard (R13)."""

    capacity: int
    """Thousandths of a TEU."""
    refuses: bool
    embargo_s: int


class StationPart(NamedTuple):
    """One station, before it has an index."""

    id: str
    kind: Kind
    node: str
    """Node or link id."""
    name: str
    operation: str
    rows: tuple[RowPart, ...]
    is_priority: bool = False
    batch_min: int = 1
    batch_max: int = 1
    queue_max: int = NEVER
    blocks: bool = False
    share_ppm: int = PPM
    couples: bool = False
    """Its servers go with the vehicle through the next element."""
    meter: MeterPart | None = None
    yard: YardPart | None = None


class StatePart(NamedTuple):
    """Capacity and rules of a service from one second on (R10, R16)."""

    from_s: int
    capacity: int
    unit: tuple[int, ...]
    """(5,)"""
    deck: tuple[int, ...]
    """(5,)"""
    least: int
    max_wait_s: int
    vehicles: int
    wagons: int
    """That a train takes of its pool of wagons; 0: it has none."""


class ServicePart(NamedTuple):
    """One service, before it has an index."""

    id: str
    mode: str
    headway_s: int
    is_timetabled: bool
    departures_s: tuple[int, ...]
    hold_s: int
    states: tuple[StatePart, ...]
    is_priority: bool
    has_fleet: bool
    is_default: bool
    turnaround_s: int
    ends: tuple[str, str]
    """Nodes between which it runs; a fleet lies at one of them."""
    line: str
    """Id by which closures name it."""
    wagon_pool: str
    """Wagons on which it draws, or empty."""


class ElementPart(NamedTuple):
    """One thing that a vehicle does on a leg."""

    station: str
    """Empty: a plain move."""
    move_s: int
    place: str
    stand: str = ""
    """Stand of a passing loop that is taken with the section, or empty."""


class LegPart(NamedTuple):
    """One trip of one service between two handlings."""

    id: str
    service: str
    elements: tuple[ElementPart, ...]
    nodes: tuple[str, ...]
    links: tuple[str, ...]
    link_forward: tuple[bool, ...]
    name: str
    yard: str
    """Station id of the yard at the end, or empty."""
    moving_s: int
    """Time in motion, without waits and services."""


class PoolPart(NamedTuple):
    """Where loads gather for a leg (R10)."""

    station: str
    service: str
    leg: str
    end: int
    block: str
    classes: frozenset[int]
    """Load classes that join."""
    lot: tuple[int, int]
    """Smallest lot that may join, thousandths, and its load class."""


class WayPart(NamedTuple):
    """What a leg of a route passes; for a route without legs, the node where it is served."""

    nodes: tuple[str, ...]
    links: tuple[str, ...]
    directions: tuple[str, ...]


class RoutePart(NamedTuple):
    """What consignments of one flow pass, and what it costs them."""

    id: str
    """Of the flow's route; one whose stations differ from an earlier epoch's has a suffix."""
    key: str
    """Hashed for the draw of the choice: the same whatever stations it passes."""
    flow: str
    steps: tuple[str, ...]
    legs: tuple[str, ...]
    usd_per_teu: float
    co2e_kg_per_teu: float
    free_flow_h: float
    km: float
    ways: tuple[WayPart, ...] = ()


class FleetPart(NamedTuple):
    """Vehicles that shuttle between two ends (R12)."""

    station: str
    service: str
    pools: tuple[str, str]
    """Pool at each end, or empty."""
    legs: tuple[str, str]
    """Leg that leaves each end."""
    berths: tuple[str, str]
    handlings: tuple[str, str]
    turnaround_s: int
    cruise_s: int


class WagonPart(NamedTuple):
    """Wagons that several services share (R12)."""

    pool: str
    places: tuple[str, ...]
    """Nodes where trains of the pool leave, or wagons stand when the run begins."""
    ready: tuple[int, ...]
    """Wagons that stand at each."""
    empty_s: tuple[tuple[int, ...], ...]
    """Running time from each place to each, or NEVER."""
    back_s: dict[tuple[str, str], int]
    """Running time back to where a leg began, for ends that are no places."""


class LoopPart(NamedTuple):
    """Tracks of a passing loop (R11)."""

    node: str
    tracks: int
    stands: tuple[tuple[str, int], ...]
    """Id, and most trains, of each way on."""


class Choice(NamedTuple):
    """A route that a flow may take in one epoch, and its share."""

    route: str
    share: float


class Parts(NamedTuple):
    """Everything that a plan numbers, each kind in the order of its index."""

    stations: tuple[StationPart, ...]
    services: tuple[ServicePart, ...]
    pools: tuple[PoolPart, ...]
    legs: tuple[LegPart, ...]
    fleets: tuple[FleetPart, ...]
    wagons: tuple[WagonPart, ...]
    loops: tuple[LoopPart, ...]
    routes: tuple[RoutePart, ...]
    epochs_s: tuple[int, ...]
    """First second of each epoch."""
    choices: tuple[tuple[tuple[Choice, ...], ...], ...]
    """By epoch and flow."""
    row_factor_ppm: dict[str, int]
    """Row -> standing factor, where it is not 1 (R16)."""
    notes: tuple[str, ...]
