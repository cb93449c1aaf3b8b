"""The typed rows of a network, one record per table, and the network they make.

A field is called as its CSV column, but for ``from`` and ``to``, which are keywords of
Python: there the fields are ``origin`` and ``destination``. Type, unit, range and
meaning of each column stand in ``network/attributes.py``; ``docs/attributes.md`` is
generated from it. An empty cell is ``""``, ``()`` or ``None``. Lists are tuples of text.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal, NamedTuple

import networkx as nx


class NodeRow(NamedTuple):
    """A place on the map; the two sides of a border are two nodes."""

    id: str
    name: str = ""
    country: str = ""
    lat: float | None = None
    lon: float | None = None
    kind: str = ""
    utc_offset_h: float = 0.0
    loop_tracks: int | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class LinkRow(NamedTuple):
    """A line, road, sea lane, river reach or air lane; undirected, written once."""

    id: str
    origin: str
    destination: str
    mode: str
    length_km: float
    gauge_mm: int | None = None
    tracks: int | None = None
    paths_per_day: float | None = None
    paths_low: float | None = None
    paths_high: float | None = None
    background_per_day: float = 0.0
    speed_kmh: float | None = None
    min_headway_min: float | None = None
    metered: bool = False
    track_rule: str = "bucket"
    clearing_min: float | None = None
    fleet_size: int | None = None
    locomotives: int | None = None
    locomotive_turn_h: float | None = None
    status: str = "open"
    available_from: date | None = None
    available_to: date | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class FacilityRow(NamedTuple):
    """One capacity-limited operation at a node."""

    id: str
    node: str
    operation: str
    direction: str = "any"
    mode_in: str = ""
    mode_out: str = ""
    applies_to: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    service_group: tuple[str, ...] = ()
    pool: str = ""
    replaces: str = ""
    servers: int | None = None
    mean_h: float | None = None
    cv: float | None = None
    law: str = ""
    per: str = "consignment"
    ref_teu: float | None = None
    share: float = 1.0
    slots_per_day: int | None = None
    consolidates: bool = False
    opens: str = "00:00"
    closes: str = "24:00"
    days: str = "Mon-Sun"
    storage_teu: float | None = None
    sequence: float | None = None
    discipline: str = "fifo"
    batch_min: int | None = None
    batch_max: int | None = None
    queue_max: int | None = None
    blocking: str = ""
    at_closing: str = "finish"
    when_full: str = "hold"
    available_from: date | None = None
    available_to: date | None = None
    servers_low: int | None = None
    servers_high: int | None = None
    mean_low: float | None = None
    mean_high: float | None = None
    storage_low: float | None = None
    storage_high: float | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class ServiceRow(NamedTuple):
    """How the vehicles of a train, ship, truck, barge or aircraft service form."""

    id: str
    mode: str
    origin: str
    destination: str
    line: str = ""
    via: tuple[str, ...] = ()
    direction: str = ""
    group: str = ""
    load_classes: tuple[str, ...] = ()
    vehicle: str = ""
    fleet: int | None = None
    capacity_teu: float | None = None
    capacity_t: float | None = None
    capacity_wagons: int | None = None
    capacity_trucks: float | None = None
    load_factor: float | None = None
    cruise_h: float | None = None
    headway_h: float | None = None
    max_wait_h: float | None = None
    min_load_teu: float | None = None
    turnaround_h: float | None = None
    wagon_pool: str = ""
    wagons: int | None = None
    gauge_mm: int | None = None
    departures_every_h: float | None = None
    departures_first_h: float | None = None
    departures_at_h: tuple[str, ...] = ()
    hold_min: float | None = None
    discipline: str = "fifo"
    available_from: date | None = None
    available_to: date | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class DefaultRow(NamedTuple):
    """The service used for a leg that no row of services covers."""

    id: str
    mode: str
    load_class: str
    gauge_mm: int | None = None
    capacity_teu: float | None = None
    capacity_t: float | None = None
    min_load_teu: float | None = None
    max_wait_h: float | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class DemandRow(NamedTuple):
    """What one flow sends in one calendar year."""

    id: str
    origin: str
    destination: str
    load_class: str
    unit: str
    year: int
    amount: float
    lot: float
    flow: str = ""
    commodity: str = ""
    lot_unit: str = ""
    priority: int = 3
    allowed_modes: tuple[str, ...] = ()
    via: tuple[str, ...] = ()
    season: str = "flat"
    followed: bool = True
    arrival_law: str = "exponential"
    arrival_cv: float | None = None
    lots_together: int = 1
    arrivals_at_h: tuple[str, ...] = ()
    arrivals_file: str = ""
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class SeasonRow(NamedTuple):
    """The factor of one month in a profile whose twelve factors have mean 1."""

    profile: str
    month: int
    factor: float


class ClosureRow(NamedTuple):
    """Something that shuts, slows or lightens stations, links, services or flows."""

    id: str
    effect: str
    target_kind: str
    node_or_link: tuple[str, ...] = ()
    kind: str = ""
    value: float | None = None
    target: tuple[str, ...] = ()
    applies_to: tuple[str, ...] = ()
    flows: tuple[str, ...] = ()
    direction: str = ""
    applied: bool = True
    reason: str = ""
    rate_per_year: float | None = None
    mean_h: float | None = None
    months: tuple[str, ...] = ()
    law: str = ""
    cv: float | None = None
    start: tuple[str, ...] = ()
    with_id: str = ""
    with_probability: float | None = None
    clock: str = "calendar"
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class CostRow(NamedTuple):
    """One tariff, value of time, emission factor or weight, with its range."""

    id: str
    mode: str
    item: str
    value: float
    unit: str
    gauge_mm: int | None = None
    load_class: tuple[str, ...] = ()
    region: str = ""
    low_value: float | None = None
    high_value: float | None = None
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class TargetRow(NamedTuple):
    """One published outcome that a run can be held against."""

    id: str
    quantity: str
    value: float
    unit: str
    place_or_corridor: str = ""
    period: str = ""
    low: float | None = None
    high: float | None = None
    metric: str = ""
    use_for: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class InterventionRow(NamedTuple):
    """One project or measure, and the rows that it opens, changes or adds."""

    id: str
    title: str
    origin_publication: tuple[str, ...] = ()
    what_changes: str = ""
    key_numbers: str = ""
    available_from: date | None = None
    effect_in_2028: str = ""
    part_of: str = ""
    requires: tuple[str, ...] = ()
    cost_usd_or_local: str = ""
    rows: tuple[str, ...] = ()
    notes: str = ""
    source: tuple[str, ...] = ()
    confidence: str = ""


class SourceRow(NamedTuple):
    """One publication that rows quote by its id."""

    id: str
    title: str
    publisher: str = ""
    year: int | None = None
    url: str = ""


class Network(NamedTuple):
    """A validated network: the rows of all dates, and the graph that they span.

    Tables are sorted by id in byte order (seasons by profile and month).
    """

    graph: "nx.MultiDiGraph[str]"
    """Frozen. Nodes are node ids with attribute ``row`` (`NodeRow`); both directions of
    each link are edges whose key is the link's id, with attribute ``row`` (`LinkRow`)."""
    nodes: tuple[NodeRow, ...]
    links: tuple[LinkRow, ...]
    facilities: tuple[FacilityRow, ...]
    services: tuple[ServiceRow, ...]
    defaults: tuple[DefaultRow, ...]
    demand: tuple[DemandRow, ...]
    season: tuple[SeasonRow, ...]
    closures: tuple[ClosureRow, ...]
    costs: tuple[CostRow, ...]
    targets: tuple[TargetRow, ...]
    interventions: tuple[InterventionRow, ...]
    sources: tuple[SourceRow, ...]
    origins: Mapping[tuple[str, str], str]
    """(table, id) -> ``file:line``, the place where the row was written."""


DatedRow = LinkRow | FacilityRow | ServiceRow
AnyRow = (
    NodeRow
    | LinkRow
    | FacilityRow
    | ServiceRow
    | DefaultRow
    | DemandRow
    | SeasonRow
    | ClosureRow
    | CostRow
    | TargetRow
    | InterventionRow
    | SourceRow
)

RawValue = str | int | float | bool | date | tuple[str | int | float, ...] | None
"""A cell as it was written: text from CSV, or a value of YAML; ``None`` clears it."""


class RawRow(NamedTuple):
    """A row as it was written, before types and rules."""

    origin: str
    """``file:line`` or ``file:line:column``."""
    values: Mapping[str, RawValue]
    """CSV column -> cell."""
    changed: Mapping[str, str] = MappingProxyType({})
    """CSV column -> origin of the change that set it, where it was not the row's own."""


class RawTables(NamedTuple):
    """The raw rows of each table; a table that was not given is empty."""

    nodes: tuple[RawRow, ...] = ()
    links: tuple[RawRow, ...] = ()
    facilities: tuple[RawRow, ...] = ()
    services: tuple[RawRow, ...] = ()
    defaults: tuple[RawRow, ...] = ()
    demand: tuple[RawRow, ...] = ()
    season: tuple[RawRow, ...] = ()
    closures: tuple[RawRow, ...] = ()
    costs: tuple[RawRow, ...] = ()
    targets: tuple[RawRow, ...] = ()
    interventions: tuple[RawRow, ...] = ()
    sources: tuple[RawRow, ...] = ()


class RowChange(NamedTuple):
    """One row added, changed or retired by a scenario, a patch or an inline table."""

    kind: Literal["add", "change", "retire"]
    table: str
    id: str
    """Id of the row; of a season row ``profile:month``."""
    values: Mapping[str, RawValue]
    """CSV column -> new cell; empty for ``retire``."""
    origin: str
    """``file:line:column``, or ``--set ...``."""
    overrides: bool = False
    """May set a cell that an earlier change has set (a file over the one that it
    extends, ``--set`` over everything); between two that may not, that is a conflict."""


TABLES: tuple[str, ...] = RawTables._fields

NEVER = date(2099, 12, 31)
"""A row that begins on this day or later is one that is never opened."""
