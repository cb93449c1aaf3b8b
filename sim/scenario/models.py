"""The sections of a scenario: every key with its unit, range, default and meaning.

A `Scenario` is what the rest of the engine sees: everything resolved, nothing to look
up. Keys that only a file has (``extends``, ``patches``, ``overrides``, rows) are gone
by then: their effect stands in the values and in ``network.changes``.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SkipValidation,
    StringConstraints,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from network.schema import RowChange
from sim.scenario.tree import Mark, Path

SCHEMA_VERSION = 1
HORIZON_S = 2**31
"""A run must be shorter: its instants are int32 seconds (R26)."""
MAX_DAYS = HORIZON_S // 86_400
SHARES_TOLERANCE = 1e-9
YEARS = range(1900, 2201)

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=60)]
Line = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(max_length=10_000)]
RouteId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
FlowKey = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Mode = Literal["rail", "road", "sea", "river", "air"]


class Section(BaseModel):
    """Base of every section: strict types, no unknown keys, no change afterwards."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", populate_by_name=True, allow_inf_nan=False
    )


class NetworkSection(Section):
    """Which network: a shipped one, or none but the rows of the scenario itself."""

    source: Literal["corridor", "none"] = Field(
        default="corridor",
        description="corridor = the shipped Trans-Kazakhstan data set; none = inline rows only",
    )
    as_of: date | None = Field(
        default=None,
        description="day whose network is frozen, apart from the date of the demand; null = rows"
        " open and close by their dates. Rows that the scenario adds, or whose dates it sets,"
        " keep their own dates",
    )
    changes: SkipJsonSchema[SkipValidation[tuple[RowChange, ...]]] = Field(
        default=(), exclude=True, repr=False
    )


class Demand(Section):
    """How much is sent, beyond what the demand table says."""

    factor: float = Field(default=1.0, gt=0, le=1000, description="all flows times this")
    factors: dict[FlowKey, Annotated[float, Field(ge=0, le=1000)]] = Field(
        default_factory=dict,
        description="flow id, or the beginning of flow ids with * at its end -> factor, on top of"
        " `factor`; the longest match counts",
    )
    lot_teu: float | None = Field(
        default=None,
        gt=0,
        le=1000,
        description="TEU of one consignment of boxes; null = as the demand rows say (2). Raise it"
        " for speed",
    )
    growth_per_year: float = Field(
        default=0.0,
        gt=-1,
        le=1,
        description="growth a year after the last dated year of a flow; 0.05 = 5 %",
    )

    @field_validator("factors")
    @classmethod
    def _star_ends(cls, factors: dict[str, float]) -> dict[str, float]:
        for key in factors:
            if "*" in key[:-1]:
                raise ValueError(f"found {key!r}; a * may only end the beginning of a flow id")
        return factors


class Window(Section):
    """The measured window, and what runs before and after it."""

    start: date = Field(description="first day of the measured window, YYYY-MM-DD")
    days: Annotated[int, Field(ge=1, le=MAX_DAYS)] | Literal["year"] = Field(
        description="length in days; year = to the day before the same date a year later"
    )
    warm_up_days: int = Field(
        default=60, ge=0, le=MAX_DAYS, description="days that run before `start`, not measured"
    )
    run_out_days: int = Field(
        default=60,
        ge=0,
        le=MAX_DAYS,
        description="days that run after the window, demand going on",
    )

    @field_validator("start")
    @classmethod
    def _is_in_range(cls, start: date) -> date:
        if start.year not in YEARS:
            raise ValueError(f"must be from {YEARS[0]} to {YEARS[-1]}; found {start}")
        return start

    @property
    def length_days(self) -> int:
        """Days of the measured window, ``year`` counted out."""
        if self.days == "year":
            return (_year_later(self.start) - self.start).days
        return self.days

    @property
    def end(self) -> date:
        """First day after the measured window."""
        return self.start + timedelta(days=self.length_days)

    @model_validator(mode="after")
    def _fits(self) -> "Window":
        days = self.warm_up_days + self.length_days + self.run_out_days
        if days * 86_400 >= HORIZON_S:
            raise ValueError(
                f"warm-up, window and run-out are {days} days; a run holds at most {MAX_DAYS}"
                " (2^31 seconds): split a longer one into replications"
            )
        return self


def _year_later(day: date) -> date:
    """Return the same date a year later; of 29 February it is 1 March."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 3, 1)
    return day.replace(year=day.year + 1)


class Stop(Section):
    """When a run ends before its window does."""

    after_consignments: int | None = Field(
        default=None,
        ge=1,
        le=10**9,
        description="the run ends when so many consignments of the window are delivered",
    )


class PrecisionSection(Section):
    """When replications are enough: their number is then the least, not the number."""

    kpi: Line = Field(default="transit_mean_d", description="KPI whose mean is to be known")
    relative: float = Field(
        gt=0, lt=1, description="half-width of its 95 % interval over the mean: 0.05 = 5 %"
    )
    at_most: int = Field(
        default=200, ge=2, le=100_000, description="replications after which it is given up"
    )


class Experiment(Section):
    """How often a scenario is run, and what is claimed from it."""

    kind: Literal["window", "steady"] = Field(
        default="window",
        description="window = the expectation over the dated window; steady = the long run, with"
        " warm-up detection",
    )
    replications: int = Field(
        default=10, ge=1, le=100_000, description="runs with their own random numbers"
    )
    precision: PrecisionSection | None = Field(
        default=None,
        description="run more replications until the mean is known so well; null = never",
    )
    seed: int = Field(
        default=20260101,
        ge=0,
        lt=2**63,
        description="the same seed gives the same results, and pairs compared scenarios",
    )
    compare_with: Line | None = Field(
        default=None, description="scenario file that `keruen compare` takes as the base"
    )

    @model_validator(mode="after")
    def _cap_is_above(self) -> "Experiment":
        if self.precision is not None and self.precision.at_most < self.replications:
            raise ValueError(
                f"precision.at_most is {self.precision.at_most}, below the {self.replications}"
                " replications that are run at least"
            )
        return self


class Shadow(Section):
    """Shadow time of a place that nears its capacity (R19)."""

    from_load: float = Field(
        default=0.85, alias="from", gt=0, lt=1, description="load above which it counts"
    )
    at_full_h: float = Field(default=120.0, ge=0, le=10_000, description="hours at load 1")
    power: float = Field(default=4.0, ge=1, le=20, description="power with which it rises")


class Routing(Section):
    """How flows are shared out over routes before the run."""

    method: Literal["capacity_logit", "logit", "all_or_nothing", "fixed"] = Field(
        default="capacity_logit",
        description="capacity_logit = logit over cost with shadow times where capacity is short",
    )
    candidates: int = Field(
        default=6, ge=1, le=100, description="cheapest chains of handlings a flow chooses among"
    )
    paths: int = Field(
        default=5, ge=1, le=20, description="ways over the lines for one chain of handlings"
    )
    min_share: float = Field(
        default=0.02,
        ge=0,
        lt=0.5,
        description="smaller shares are dropped and the rest scaled up",
    )
    detour_limit: float = Field(
        default=1.5,
        ge=1,
        le=100,
        description="a candidate costs at most this times the cheapest",
    )
    scale_per_usd: float = Field(
        default=0.01,
        gt=0,
        le=1000,
        description="logit scale, 1/(USD per TEU) of generalised cost; greater = sharper choice;"
        " an assumption, 0.005 to 0.02",
    )
    value_of_time_usd_per_teu_h: float | None = Field(
        default=None, ge=0, le=10_000, description="null = by load class from the cost table"
    )
    shadow: Shadow = Shadow()
    routes: dict[FlowKey, dict[RouteId, Annotated[float, Field(gt=0, le=1)]]] = Field(
        default_factory=dict,
        description="for method fixed: flow id -> route id, as `keruen routes` prints it -> share;"
        " the shares of a flow sum to 1; a flow without entry takes its cheapest route",
    )

    @field_validator("routes")
    @classmethod
    def _sum_to_one(cls, routes: dict[str, dict[str, float]]) -> dict[str, dict[str, float]]:
        for flow, shares in routes.items():
            total = sum(shares.values())
            if abs(total - 1) > SHARES_TOLERANCE:
                raise ValueError(f"shares of flow {flow!r} sum to {total:.12g}; must sum to 1")
        return routes

    @model_validator(mode="after")
    def _routes_are_used(self) -> "Routing":
        if (self.method == "fixed") != bool(self.routes):
            raise ValueError(
                "`method: fixed` and `routes` go together; found one without the other"
            )
        return self


class Keep(Section):
    """What is followed; the rest becomes background load on shared stations (R16)."""

    modes: tuple[Mode, ...] | None = Field(
        default=None,
        min_length=1,
        description="flows that these modes alone may carry; null = all",
    )
    flows: tuple[FlowKey, ...] | None = Field(
        default=None,
        min_length=1,
        description="flow ids, or beginnings of flow ids with * at their end; null = all",
    )


class Limits(Section):
    """Switches that take limits out of the model."""

    storage: bool = Field(default=True, description="false = every yard has room without end")


class MeasuresSection(Section):
    """What is measured beside the usual."""

    wait_over_h: tuple[Annotated[float, Field(gt=0, le=10_000)], ...] = Field(
        default=(),
        description="hours; for each, the share of visits to every station that waited longer",
    )


class Forming(Section):
    """How vehicles form where the rule is not wanted (R10)."""

    blocks: dict[FlowKey, Literal["mixed", "own"]] = Field(
        default_factory=dict,
        description="service id -> mixed = one pool for all, own = a pool per last rail node",
    )


class LibrarySection(Section):
    """Which project of the interventions table a scenario judges, and against what."""

    intervention: Name | None = Field(
        default=None, description="id in the interventions table; null = a package of several"
    )
    mark: Literal["open", "early", "due", "package"] = Field(
        description="open = in force in the base, judged by what is lost without it; early ="
        " dated after the day of the base, open from the first day here; due = dated before it"
        " and not in the base; package = several stacked"
    )
    ranked: bool = Field(
        default=True, description="no = repeats or adds up others: stands in no ranking"
    )
    stacks: tuple[Name, ...] = Field(
        default=(), description="ids of the other interventions whose patches are stacked here"
    )


class Scenario(Section):
    """One fully specified situation: what `keruen run` runs."""

    schema_version: Literal[1] = Field(description="version of this format: 1")
    name: Name = Field(description="names the results: lower-case letters, digits, - and _")
    title: Line = Field(default="", description="one line for tables and reports")
    question: Text = Field(default="", description="the question that the scenario answers")
    description: Text = Field(default="", description="what was assumed, and from where")
    library: LibrarySection | None = Field(
        default=None, description="of the shipped projects: which of them this is"
    )
    network: NetworkSection = NetworkSection()
    demand: Demand = Demand()
    window: Window
    stop: Stop = Stop()
    experiment: Experiment = Experiment()
    routing: Routing = Routing()
    keep: Keep = Keep()
    limits: Limits = Limits()
    measures: MeasuresSection = MeasuresSection()
    forming: Forming = Forming()
    basemap: Line | None = Field(
        default=None,
        description="drawn under maps: land, borders, or the path of a GeoJSON file; null = land",
    )

    _marks: Mapping[Path, Mark] = PrivateAttr(default_factory=dict)

    def mark(self, path: Path) -> Mark:
        """Return where the value at a path was written, else where its section was."""
        while path and path not in self._marks:
            path = path[:-1]
        return self._marks.get(path, Mark(self.name, 0, 0, ""))


class PatchHead(Section):
    """What a patch file says of itself, beside its rows."""

    schema_version: Literal[1] = Field(description="version of this format: 1")
    name: Name = Field(description="names the patch")
    title: Line = Field(default="", description="one line")
    description: Text = Field(default="", description="what the project is")
    publications: tuple[Line, ...] = Field(default=(), description="ids in the sources table")
    intervention: Name | None = Field(
        default=None, description="id in the interventions table whose rows these are"
    )
    capacity: Text = Field(default="", description="what can pass more or quicker, in words")
    demand: Text = Field(default="", description="what is sent more, in words; empty = nothing")
    cost: Text = Field(default="", description="published cost, in words")
    cost_usd: float | None = Field(
        default=None, ge=0, description="the same in USD, at the rate that `cost` states"
    )
    needs: Text = Field(default="", description="what must exist for it to work, in words")
    requires: tuple[Name, ...] = Field(
        default=(), description="names of patches that must be stacked before this one"
    )
    assumptions: tuple[Text, ...] = Field(default=(), description="each in one sentence")
    unsaid: tuple[Text, ...] = Field(
        default=(), description="what the rules cannot say of it, each in one sentence"
    )
