"""The section `sweep` of a scenario file: which values are tried, and what is kept of each.

A sweep file is a scenario file with this section: the scenario is what all points share.
"""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from sim.scenario.models import Line, Name, Section

Value: TypeAlias = int | float | str | bool
DRAWN = ("latin_hypercube", "sobol", "saltelli", "morris")
"""Designs that take `points`."""


class Factor(Section):
    """One thing that is varied: values, or a range."""

    id: Name = Field(description="names its column")
    path: Line | Annotated[tuple[Line, ...], Field(min_length=1)] = Field(
        description="what is set, as for --set; several are set to the same value"
    )
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=1000)] | None = Field(
        default=None, description="values to try, in order; or give low and high"
    )
    low: float | None = Field(default=None, description="least value of the range")
    high: float | None = Field(default=None, description="greatest value of the range")
    levels: int | None = Field(
        default=None,
        ge=2,
        le=1000,
        description="values of the range in a grid, equally far apart; 3 if not said",
    )
    whole: bool = Field(default=False, description="whole numbers only, each equally likely")
    base: Value | None = Field(
        default=None,
        description="value of the others in one_at_a_time; null = the middle one",
    )

    @model_validator(mode="after")
    def _has_one_kind(self) -> "Factor":
        is_range = self.low is not None or self.high is not None
        if is_range == (self.values is not None):
            raise ValueError("give either values, or low and high")
        if is_range and (self.low is None or self.high is None or self.low >= self.high):
            raise ValueError(f"low must be below high; found {self.low} and {self.high}")
        if self.whole and is_range and not all(float(x or 0).is_integer() for x in self.ends):
            raise ValueError(f"whole: low and high must be whole; found {self.low}, {self.high}")
        if self.values is not None and len(set(self.values)) < len(self.values):
            raise ValueError("a value stands twice")
        return self

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Return the range."""
        return self.low, self.high

    @property
    def paths(self) -> tuple[str, ...]:
        """Return what is set."""
        return (self.path,) if isinstance(self.path, str) else self.path


class SweepSection(Section):
    """Which points are run, and what is kept of each run."""

    design: Literal["grid", "latin_hypercube", "sobol", "saltelli", "one_at_a_time", "morris"] = (
        Field(
            description="grid = every combination; latin_hypercube and sobol = spread evenly;"
            " saltelli = for Sobol' indices, N (factors + 2) points; one_at_a_time = each factor"
            " alone; morris = N trajectories of (factors + 1) points"
        )
    )
    factors: Annotated[tuple[Factor, ...], Field(min_length=1, max_length=50)] = Field(
        description="what is varied"
    )
    points: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="points of latin_hypercube and sobol; N of saltelli; trajectories of morris",
    )
    seed: int = Field(default=1, ge=0, lt=2**31, description="of the design, not of the runs")
    keep: tuple[Line, ...] = Field(
        default=(),
        description="KPIs kept beside the overall ones; * stands for anything, as in station.*",
    )
    responses: Annotated[tuple[Line, ...], Field(min_length=1, max_length=12)] = Field(
        default=("teu_delivered", "transit_mean_d"),
        description="KPIs that the analysis and the report are about; they are kept",
    )
    at_most: int = Field(
        default=100_000, ge=1, le=10_000_000, description="runs above which it is refused"
    )

    @model_validator(mode="after")
    def _points_where_wanted(self) -> "SweepSection":
        if (self.design in DRAWN) != (self.points is not None):
            word = "needs" if self.design in DRAWN else "takes no"
            raise ValueError(f"design {self.design} {word} `points`")
        ids = [factor.id for factor in self.factors]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"factors with the same id: {', '.join(twice)}")
        return self


class SweepFile(Section):
    """The part of a sweep file that is no scenario."""

    sweep: SweepSection = Field(description="which points are run, and what is kept of each")
