"""The attribute tables: type, unit, range, default and meaning of every column.

One tuple of `Attribute` per table. Loading, validation, the JSON schema's rows and
``docs/attributes.md`` all read it, so that a column is described once.
"""

from typing import Literal, NamedTuple

Dtype = Literal["text", "list", "number", "integer", "date", "yes_no", "clock"]


class Attribute(NamedTuple):
    """One column of one table."""

    name: str
    """As in the head of the CSV file."""
    dtype: Dtype
    """``list`` is ``;``-separated text; ``clock`` is HH:MM from 00:00 to 24:00;
    ``date`` is YYYY-MM-DD; ``yes_no`` is yes or no."""
    unit: str
    """Empty where the column has none; ``count`` is a bare number."""
    meaning: str
    required: bool = False
    default: str = ""
    """What an empty or absent cell stands for; empty = nothing."""
    allowed: tuple[str, ...] = ()
    """Allowed values (of the items, in a list); empty = any."""
    least: float | None = None
    """Smallest allowed number."""
    above: float | None = None
    """The number must be greater than this."""
    most: float | None = None
    """Greatest allowed number."""
    refers_to: str = ""
    """Table whose ids the cell (or each item of the list) must name."""

    @property
    def field(self) -> str:
        """Field of the typed row: the column, but for Python's keywords."""
        return {"from": "origin", "to": "destination"}.get(self.name, self.name)


MODES = ("rail", "road", "sea", "river", "air")
LOAD_CLASSES = ("box", "bulk", "grain", "truck", "air")
OPERATIONS = (
    "lock",
    "gate",
    "inspection",
    "customs",
    "berth",
    "gauge_change",
    "handling",
    "storage",
    "formation",
)
"""In the order in which a visit passes them."""
DIRECTIONS = ("from_china", "to_china", "east", "west", "north", "south")
LAWS = ("deterministic", "exponential", "gamma", "lognormal", "uniform", "erlang")
GROUPS = ("feeder", "ferry", "ro_ro", "barge", "dry")
DISCIPLINES = ("fifo", "priority")
CONFIDENCE = ("high", "medium", "low")

_NOTES = Attribute("notes", "text", "", "remarks; no number that the model uses")
_SOURCE = Attribute(
    "source",
    "list",
    "",
    "ids in sources; `assumption` or `own_est` = our own estimate",
    refers_to="sources",
)
_CONFIDENCE = Attribute("confidence", "text", "", "how sure", allowed=CONFIDENCE)
_TAIL = (_NOTES, _SOURCE, _CONFIDENCE)
_GAUGE = Attribute("gauge_mm", "integer", "mm", "track gauge; empty off the rails", above=0)
_FROM = Attribute("available_from", "date", "", "first day in force; empty = always")
_TO = Attribute("available_to", "date", "", "last day in force; empty = for good")
_WAGONS_MOST = 65_535
_CV_MOST = 5.0  # a service time more scattered than that is a slip of the pen

NODES = (
    Attribute("id", "text", "", "name of the node", required=True),
    Attribute("name", "text", "", "name on maps"),
    Attribute("country", "text", "", "ISO 3166 two-letter code"),
    Attribute("lat", "number", "deg", "latitude, WGS 84", least=-90, most=90),
    Attribute("lon", "number", "deg", "longitude, WGS 84", least=-180, most=180),
    Attribute(
        "kind",
        "text",
        "",
        "what the place is",
        allowed=(
            "border",
            "junction",
            "station",
            "seaport",
            "city",
            "dry_port",
            "airport",
            "river_port",
        ),
    ),
    Attribute(
        "utc_offset_h",
        "number",
        "h",
        "local time minus UTC, all year",
        default="0",
        least=-12,
        most=14,
    ),
    Attribute(
        "loop_tracks",
        "integer",
        "count",
        "trains that may stand here between two alternating sections, or be on their way to stand,"
        " both ways together; empty = no limit",
        least=1,
        most=100_000,
    ),
    *_TAIL,
)

LINKS = (
    Attribute("id", "text", "", "name of the link", required=True),
    Attribute("from", "text", "", "one end", required=True, refers_to="nodes"),
    Attribute("to", "text", "", "other end", required=True, refers_to="nodes"),
    Attribute("mode", "text", "", "mode", required=True, allowed=MODES),
    _GAUGE,
    Attribute("length_km", "number", "km", "length", required=True, above=0),
    Attribute("tracks", "integer", "count", "tracks, or lanes of a road", least=1),
    Attribute(
        "paths_per_day",
        "number",
        "1/day",
        "trains, trucks, sailings or flights a day in each direction; empty = no limit",
        above=0,
    ),
    Attribute("paths_low", "number", "1/day", "low end of paths_per_day", least=0),
    Attribute("paths_high", "number", "1/day", "high end of paths_per_day", least=0),
    Attribute(
        "background_per_day",
        "number",
        "1/day",
        "paths used by traffic outside the demand table",
        default="0",
        least=0,
    ),
    Attribute("speed_kmh", "number", "km/h", "running speed without waits", above=0),
    Attribute(
        "min_headway_min",
        "number",
        "min",
        "technical headway; default 12 on one track, 8 on more, for metered links",
        above=0,
    ),
    Attribute(
        "metered",
        "yes_no",
        "",
        "paths are handed out one by one; default yes for rail with paths_per_day and"
        " at most 200 of its own",
    ),
    Attribute(
        "track_rule",
        "text",
        "",
        "how paths are handed out",
        default="bucket",
        allowed=("bucket", "slots", "alternating"),
    ),
    Attribute(
        "clearing_min",
        "number",
        "min",
        "alternating: from the last exit one way to the first entry the other way; default 2",
        least=0,
    ),
    Attribute(
        "fleet_size",
        "integer",
        "",
        "alternating: trains that may follow each other while one waits to go the other way;"
        " default 1",
        least=1,
    ),
    Attribute(
        "locomotives",
        "integer",
        "count",
        "locomotives of a railway line, for both directions; a train takes one; empty = no limit",
        least=1,
        most=100_000,
    ),
    Attribute(
        "locomotive_turn_h",
        "number",
        "h",
        "from the end of a run to the readiness of its locomotive for a train either way;"
        " default 0",
        least=0,
    ),
    Attribute(
        "status",
        "text",
        "",
        "state on 2024-01-01, for maps; only the dates bind",
        default="open",
        allowed=("open", "planned", "closed"),
    ),
    _FROM,
    _TO,
    *_TAIL,
)

FACILITIES = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("node", "text", "", "where", required=True, refers_to="nodes"),
    Attribute(
        "operation",
        "text",
        "",
        "what is done; a visit passes them in this order",
        required=True,
        allowed=OPERATIONS,
    ),
    Attribute(
        "direction",
        "text",
        "",
        "who passes; any = one shared station",
        default="any",
        allowed=("any", *DIRECTIONS),
    ),
    Attribute("mode_in", "text", "", "mode of arrival; empty = any", allowed=MODES),
    Attribute("mode_out", "text", "", "mode of departure; empty = any", allowed=MODES),
    Attribute("applies_to", "list", "", "load classes; empty = all", allowed=LOAD_CLASSES),
    Attribute(
        "flows",
        "list",
        "",
        "flows it serves: ids, or beginnings of ids with * at their end; `not ` before one ="
        " all but those; empty = all",
    ),
    Attribute("service_group", "list", "", "vessel groups; empty = all", allowed=GROUPS),
    Attribute("pool", "text", "", "rows of one node, operation and pool: one station"),
    Attribute(
        "replaces",
        "text",
        "",
        "row that this one succeeds; that one ends the day before",
        refers_to="facilities",
    ),
    Attribute(
        "servers",
        "integer",
        "count",
        "parallel servers; 0 = those of the other rows of its pool, with the law of this row",
        least=0,
        most=100_000,
    ),
    Attribute("mean_h", "number", "h", "mean service time", above=0),
    Attribute(
        "cv",
        "number",
        "",
        "standard deviation over mean; 0 for deterministic, 1 for exponential",
        least=0,
        most=_CV_MOST,
    ),
    Attribute("law", "text", "", "law of the service time", allowed=LAWS),
    Attribute(
        "per",
        "text",
        "",
        "unit of service",
        default="consignment",
        allowed=(
            "teu",
            "consignment",
            "train",
            "truck",
            "vessel",
            "barge",
            "aircraft",
        ),
    ),
    Attribute("ref_teu", "number", "TEU", "load for which mean_h of a train holds", above=0),
    Attribute(
        "share",
        "number",
        "",
        "share of those who come that are served; the others pass at once",
        default="1",
        above=0,
        most=1,
    ),
    Attribute(
        "slots_per_day",
        "integer",
        "count",
        "called to service at most in one local day; the rest wait for the next",
        least=1,
    ),
    Attribute(
        "consolidates",
        "yes_no",
        "",
        "yes = loads go over from train to train of one gauge here, into fuller ones",
        default="no",
    ),
    Attribute("opens", "clock", "", "opening, local time", default="00:00"),
    Attribute(
        "closes",
        "clock",
        "",
        "closing, local time; earlier than opens = next day",
        default="24:00",
    ),
    Attribute("days", "text", "", "weekdays: Mon-Sun, Mon-Fri, Mon;Wed", default="Mon-Sun"),
    Attribute("storage_teu", "number", "TEU", "room of a storage row", above=0),
    Attribute(
        "sequence",
        "number",
        "",
        "place in the visit; default 10 x the operation's place in its list",
    ),
    Attribute(
        "discipline",
        "text",
        "",
        "order of the queue; priority: smaller first",
        default="fifo",
        allowed=DISCIPLINES,
    ),
    Attribute("batch_min", "integer", "count", "served together at least", least=1),
    Attribute("batch_max", "integer", "count", "served together at most", least=1),
    Attribute("queue_max", "integer", "count", "waiting at most, else refused", least=0),
    Attribute(
        "blocking",
        "text",
        "",
        "after_service = who finds the queue full is not refused but keeps the server before",
        allowed=("after_service",),
    ),
    Attribute(
        "at_closing",
        "text",
        "",
        "what happens to a service when the station shuts",
        default="finish",
        allowed=("finish", "suspend", "restart"),
    ),
    Attribute(
        "when_full",
        "text",
        "",
        "what a full yard does",
        default="hold",
        allowed=("hold", "refuse"),
    ),
    _FROM,
    _TO,
    Attribute("servers_low", "integer", "count", "low end of servers", least=0),
    Attribute("servers_high", "integer", "count", "high end of servers", least=0),
    Attribute("mean_low", "number", "h", "low end of mean_h", above=0),
    Attribute("mean_high", "number", "h", "high end of mean_h", above=0),
    Attribute("storage_low", "number", "TEU", "low end of storage_teu", above=0),
    Attribute("storage_high", "number", "TEU", "high end of storage_teu", above=0),
    *_TAIL,
)

SERVICES = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("line", "text", "", "dated states of one fleet; default the id"),
    Attribute("mode", "text", "", "mode", required=True, allowed=MODES),
    Attribute("from", "text", "", "where it forms", required=True, refers_to="nodes"),
    Attribute(
        "to",
        "text",
        "",
        "where its load is handled next",
        required=True,
        refers_to="nodes",
    ),
    Attribute("via", "list", "", "nodes that it passes", refers_to="nodes"),
    Attribute(
        "direction",
        "text",
        "",
        "default: both with a fleet, else one_way",
        allowed=("one_way", "both"),
    ),
    Attribute("group", "text", "", "vessel group", allowed=GROUPS),
    Attribute(
        "load_classes",
        "list",
        "",
        "what it takes; empty = all",
        allowed=LOAD_CLASSES,
    ),
    Attribute("vehicle", "text", "", "what the vehicle is, in words"),
    Attribute("fleet", "integer", "count", "vehicles; empty = no limit", least=1),
    Attribute("capacity_teu", "number", "TEU", "boxes it takes", above=0),
    Attribute("capacity_t", "number", "t", "bulk, grain or air cargo", above=0),
    Attribute(
        "capacity_wagons",
        "integer",
        "count",
        "wagons of a train or on a deck, a check of capacity_t; a train takes so many of its"
        " wagon_pool (empty = 1: a set)",
        least=1,
        most=_WAGONS_MOST,
    ),
    Attribute("capacity_trucks", "number", "count", "trucks on the deck", above=0),
    Attribute(
        "load_factor",
        "number",
        "",
        "usable over nominal capacity; empty = 1",
        above=0,
        most=1,
    ),
    Attribute("cruise_h", "number", "h", "one way without waits; a check", above=0),
    Attribute("headway_h", "number", "h", "least gap between departures", above=0),
    Attribute("max_wait_h", "number", "h", "leaves when its oldest load waited so", least=0),
    Attribute(
        "min_load_teu",
        "number",
        "TEU",
        "leaves with so much; empty = only when full",
        least=0,
    ),
    Attribute("turnaround_h", "number", "h", "from arrival to readiness", least=0),
    Attribute("wagon_pool", "text", "", "wagons, or sets of them, that services of a gauge share"),
    Attribute(
        "wagons",
        "integer",
        "count",
        "of the pool, ready where the service forms when the run begins",
        least=0,
        most=_WAGONS_MOST,
    ),
    _GAUGE,
    Attribute("departures_every_h", "number", "h", "regular timetable: interval", above=0),
    Attribute(
        "departures_first_h",
        "number",
        "h",
        "first departure, from the window's start",
        least=0,
    ),
    Attribute(
        "departures_at_h",
        "list",
        "h",
        "irregular timetable: hours from the window's start, rising",
    ),
    Attribute(
        "hold_min",
        "number",
        "min",
        "a departure of the timetable waits so long for min_load_teu, then goes with what it has",
        least=0,
    ),
    Attribute(
        "discipline",
        "text",
        "",
        "order of boarding",
        default="fifo",
        allowed=DISCIPLINES,
    ),
    _FROM,
    _TO,
    *_TAIL,
)

DEFAULTS = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("mode", "text", "", "mode", required=True, allowed=MODES),
    _GAUGE,
    Attribute("load_class", "text", "", "load", required=True, allowed=LOAD_CLASSES),
    Attribute("capacity_teu", "number", "TEU", "boxes it takes", above=0),
    Attribute("capacity_t", "number", "t", "bulk, grain or air cargo", above=0),
    Attribute("min_load_teu", "number", "TEU", "leaves with so much", least=0),
    Attribute("max_wait_h", "number", "h", "longest wait to fill", least=0),
    *_TAIL,
)

DEMAND = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("flow", "text", "", "the id without the year; default the id"),
    Attribute("origin", "text", "", "from", required=True, refers_to="nodes"),
    Attribute("destination", "text", "", "to", required=True, refers_to="nodes"),
    Attribute("commodity", "text", "", "what it is, in words"),
    Attribute("load_class", "text", "", "load", required=True, allowed=LOAD_CLASSES),
    Attribute("unit", "text", "", "unit of amount", required=True, allowed=("teu", "t", "truck")),
    Attribute("year", "integer", "", "calendar year", required=True, least=1900, most=2200),
    Attribute("amount", "number", "unit/year", "sent in that year", required=True, least=0),
    Attribute("lot", "number", "unit", "one consignment", required=True, above=0),
    Attribute("lot_unit", "text", "", "unit of lot; the same", allowed=("teu", "t", "truck")),
    Attribute("priority", "integer", "", "1 goes first", default="3", least=1, most=9),
    Attribute("allowed_modes", "list", "", "empty = all", allowed=MODES),
    Attribute("via", "list", "", "one of these nodes is passed", refers_to="nodes"),
    Attribute("season", "text", "", "profile in season", default="flat"),
    Attribute("followed", "yes_no", "", "no = occupies berths only", default="yes"),
    Attribute(
        "arrival_law",
        "text",
        "",
        "law of the unit gaps",
        default="exponential",
        allowed=LAWS,
    ),
    Attribute("arrival_cv", "number", "", "of the gaps, for other laws", least=0, most=_CV_MOST),
    Attribute(
        "lots_together",
        "integer",
        "count",
        "lots that come at once, such as those of a train",
        default="1",
        least=1,
        most=10_000,
    ),
    Attribute(
        "arrivals_at_h",
        "list",
        "h",
        "stated arrivals in place of a law: hours from the window's start, rising",
    ),
    Attribute(
        "arrivals_file",
        "text",
        "",
        "CSV file with one column, at_h, in place of arrivals_at_h; beside the scenario or patch"
        " that names it; amount may be left out",
    ),
    *_TAIL,
)

SEASON = (
    Attribute("profile", "text", "", "name of the profile", required=True),
    Attribute("month", "integer", "", "1-12", required=True, least=1, most=12),
    Attribute("factor", "number", "", "mean of the twelve is 1", required=True, least=0),
)

CLOSURES = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("node_or_link", "list", "", "where, for maps and reports"),
    Attribute("kind", "text", "", "what it is, in one word"),
    Attribute(
        "effect",
        "text",
        "",
        "what it does",
        required=True,
        allowed=(
            "shut",
            "rate_factor",
            "payload_factor",
            "fleet_minus",
            "demand_factor",
            "ban",
        ),
    ),
    Attribute(
        "value",
        "number",
        "",
        "factor, or vessels out; empty for shut and ban",
        above=0,
    ),
    Attribute(
        "target_kind",
        "text",
        "",
        "what target names (service: lines; country: every facility in it)",
        required=True,
        allowed=("station", "link", "service", "node", "country", "flow"),
    ),
    Attribute("target", "list", "", "ids of target_kind"),
    Attribute("applies_to", "list", "", "load classes; empty = all", allowed=LOAD_CLASSES),
    Attribute(
        "flows",
        "list",
        "",
        "of a ban: flows, as in facilities; empty = all",
    ),
    Attribute(
        "direction",
        "text",
        "",
        "of a ban: who passes the place so; empty = any",
        allowed=DIRECTIONS,
    ),
    Attribute("applied", "yes_no", "", "no = only in scenarios", default="yes"),
    Attribute("reason", "text", "", "why it is not applied"),
    Attribute(
        "rate_per_year",
        "number",
        "1/year",
        "events a year; clock busy: in 8766 h of work",
        least=0,
    ),
    Attribute("mean_h", "number", "h", "mean duration", above=0),
    Attribute(
        "months",
        "list",
        "",
        "months in which events begin; empty = all",
        allowed=tuple(map(str, range(1, 13))),
    ),
    Attribute("law", "text", "", "law of the duration", allowed=LAWS),
    Attribute("cv", "number", "", "of the duration", least=0, most=_CV_MOST),
    Attribute("start", "list", "", "MM-DD each year, or full dates"),
    Attribute(
        "with_id",
        "text",
        "",
        "row whose events are copied",
        refers_to="closures",
    ),
    Attribute("with_probability", "number", "", "share of them that is", above=0, most=1),
    Attribute(
        "clock",
        "text",
        "",
        "what runs until the next event: calendar = from start to start; up = from end to start;"
        " busy = as up, but only while a server of the row works",
        default="calendar",
        allowed=("calendar", "up", "busy"),
    ),
    *_TAIL,
)

COSTS = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute(
        "mode",
        "text",
        "",
        "mode, or what the item is about",
        required=True,
        allowed=(*MODES, "handling", "value", "load"),
    ),
    _GAUGE,
    Attribute("load_class", "list", "", "load classes; empty = all", allowed=LOAD_CLASSES),
    Attribute("region", "text", "", "where, in words; empty = elsewhere"),
    Attribute("item", "text", "", "what is valued", required=True),
    Attribute("value", "number", "", "in unit", required=True, least=0),
    Attribute("low_value", "number", "", "low end of value", least=0),
    Attribute("high_value", "number", "", "high end of value", least=0),
    Attribute("unit", "text", "", "unit of value", required=True),
    *_TAIL,
)

TARGETS = (
    Attribute("id", "text", "", "name of the row", required=True),
    Attribute("quantity", "text", "", "what was published", required=True),
    Attribute("place_or_corridor", "text", "", "where, in words"),
    Attribute("period", "text", "", "year, year-month or range"),
    Attribute("value", "number", "", "in unit", required=True),
    Attribute("unit", "text", "", "unit of value", required=True),
    Attribute("low", "number", "", "low end"),
    Attribute("high", "number", "", "high end"),
    Attribute("metric", "text", "", "what of a run it is held against"),
    Attribute("use_for", "text", "", "calibration, context or bound"),
    _SOURCE,
    _CONFIDENCE,
)

INTERVENTIONS = (
    Attribute("id", "text", "", "name of the project", required=True),
    Attribute("title", "text", "", "its title", required=True),
    Attribute(
        "origin_publication",
        "list",
        "",
        "publications that propose it",
        refers_to="sources",
    ),
    Attribute("what_changes", "text", "", "in words"),
    Attribute("key_numbers", "text", "", "in words"),
    Attribute("available_from", "date", "", "expected opening"),
    Attribute(
        "effect_in_2028",
        "text",
        "",
        "add = opened on the base of 2028; remove = taken out of it",
        allowed=("add", "remove"),
    ),
    Attribute("part_of", "text", "", "project it is in", refers_to="interventions"),
    Attribute("requires", "list", "", "rows to be stacked first", refers_to="interventions"),
    Attribute("cost_usd_or_local", "text", "", "published cost, in words"),
    Attribute("rows", "list", "", "`file:id:column=value` and `add file:id`"),
    *_TAIL,
)

SOURCES = (
    Attribute("id", "text", "", "name of the publication", required=True),
    Attribute("title", "text", "", "title", required=True),
    Attribute("publisher", "text", "", "who published it"),
    Attribute("year", "integer", "", "year of publication", least=1800, most=2200),
    Attribute("url", "text", "", "address"),
)


class TableAttributes(NamedTuple):
    """The columns of every table, under the table's name."""

    nodes: tuple[Attribute, ...] = NODES
    links: tuple[Attribute, ...] = LINKS
    facilities: tuple[Attribute, ...] = FACILITIES
    services: tuple[Attribute, ...] = SERVICES
    defaults: tuple[Attribute, ...] = DEFAULTS
    demand: tuple[Attribute, ...] = DEMAND
    season: tuple[Attribute, ...] = SEASON
    closures: tuple[Attribute, ...] = CLOSURES
    costs: tuple[Attribute, ...] = COSTS
    targets: tuple[Attribute, ...] = TARGETS
    interventions: tuple[Attribute, ...] = INTERVENTIONS
    sources: tuple[Attribute, ...] = SOURCES


def of_table(table: str) -> tuple[Attribute, ...]:
    """Return the columns of a table, in the order in which they are written."""
    columns: tuple[Attribute, ...] = getattr(TableAttributes(), table)
    return columns
