"""The page of a sweep: what each factor does, alone and with another.

In: the points and the tables beside them. Out: `report.html` and `figures/`. The same results
give the same bytes.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from numpy.typing import NDArray

from sim.plots import sweeps
from sim.report import words
from sim.report.charts import Chart, Spec, write_chart
from sim.report.numbers import spread, thin_thousands
from sim.report.page import PAGE, asset, script_hash
from sim.report.tables import Cell, Head, Table, number, text
from sim.report.words import Names
from sim.scenario import Factor
from sim.sweep.analysis import interaction, pairs, response
from sim.sweep.folder import Found
from sim.sweep.points import Points

MOST_POINTS = 400
"""Rows of the page's tables; the files have all."""
MOST_PAIRS = 6
"""Pairs of factors that are drawn, those first that span most."""
_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_NO_NAMES = Names({})
_DESIGNS = {
    "grid": "every combination of levels",
    "latin_hypercube": "a Latin hypercube",
    "sobol": "a scrambled Sobol’ sequence",
    "saltelli": "Saltelli’s sample for Sobol’ indices",
    "one_at_a_time": "each factor alone against a base",
    "morris": "Morris’ trajectories",
}
_MEASURES = {
    "saltelli": ("S1", "ST"),
    "morris": ("mu_star",),
}
_SAID = {
    "S1": "first order: alone",
    "ST": "total: with all others",
    "mu_star": "mean absolute effect over the whole range",
    "range": "greatest less least mean over its levels",
}


class Page(NamedTuple):
    """All that the template says."""

    title: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    sections: tuple["Response", ...]
    points: Table
    failed: Table
    script: Markup
    script_hash: str
    style: Markup


class Response(NamedTuple):
    """One KPI."""

    id: str
    title: str
    charts: tuple[Chart, ...]
    table: Table


def write(folder: Path, points: Points, found: Found) -> Path:
    """Return the page of a sweep, written into its folder.

    Parameters
    ----------
    folder
        Of the sweep.
    points
        Its points.
    found
        Its tables.
    """
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = _page(folder, points, found)
    path = folder / PAGE
    html = environment.get_template("sweep.html.j2").render(page=page)
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


def _page(folder: Path, points: Points, found: Found) -> Page:
    section, progress = points.section, found.state.progress
    script = asset("report.js")
    warnings = []
    if progress.failed:
        warnings.append(
            f"{progress.failed} of {progress.total} runs failed; their points are in no mean."
        )
    facts = (
        ("Points", f"{len(points.keys)}: {_DESIGNS[section.design]}"),
        ("Replications", str(points.replications)),
        ("Runs", f"{progress.done} of {progress.total}"),
        ("Factors", str(len(section.factors))),
    )
    return Page(
        title=points.title,
        facts=tuple((name, thin_thousands(said)) for name, said in facts),
        warnings=tuple(warnings),
        sections=tuple(_responses(folder, points, found)),
        points=_points_table(points, found),
        failed=_failed_table(found),
        script=Markup(script),  # noqa: S704  (our own file)
        script_hash=script_hash(script),
        style=Markup(asset("report.css")),  # noqa: S704  (our own file)
    )


def _responses(folder: Path, points: Points, found: Found) -> Iterator[Response]:
    for i, kpi in enumerate(points.section.responses):
        rows = found.tables["summary"]
        rows = rows[rows["kpi"] == kpi]
        if rows.empty:
            continue
        title = words.quantity(kpi, str(rows["unit"].iloc[0]), _NO_NAMES)
        values = found.means[kpi]
        sensitivity = found.tables["sensitivity"]
        mine = sensitivity[sensitivity["kpi"] == kpi]
        specs = _specs(f"{i + 1}", points, values, mine, title)
        charts = [write_chart(folder, spec) for spec in specs]
        shown = tuple(chart for chart in charts if chart is not None)
        yield Response(f"r{i + 1}", title, shown, _sensitivity_table(i, mine, points))


def _specs(
    number_of_it: str,
    points: Points,
    values: NDArray[np.float64],
    sensitivity: pd.DataFrame,
    title: str,
) -> Iterator[Spec]:
    """Yield the charts of one KPI."""
    if points.section.design == "one_at_a_time":
        yield Spec(
            f"tornado_{number_of_it}", f"Tornado: {title}",
            "Each factor alone goes to its ends, the others stay at the base; grey is the least,"
            " blue the greatest change.", _tornado(points, sensitivity, title), sweeps.tornado,
        )  # fmt: skip
    else:
        yield Spec(
            f"effects_{number_of_it}", f"What each factor makes: {title}",
            "The thin lines are 95 % intervals by resampling, where the design has them.",
            _effects(points, sensitivity, title), sweeps.effects,
        )  # fmt: skip
    yield Spec(
        f"responses_{number_of_it}", f"Along each factor: {title}",
        "Mean over the points at each level or band; the band spans them, so it holds what the"
        " other factors do.", _response_table(points, values, title), sweeps.responses,
    )  # fmt: skip
    if points.section.design == "one_at_a_time":
        return  # it moves no two factors together
    yield Spec(
        f"interactions_{number_of_it}", f"Two factors together: {title}",
        "Mean over the points at each pair of levels; parallel rows mean that neither changes"
        " what the other does.", _interaction_table(points, values, sensitivity),
        sweeps.interactions,
    )  # fmt: skip


def label(factor: Factor) -> str:
    """Return a factor in words."""
    return factor.id.replace("_", " ")


def _labels(points: Points) -> dict[str, str]:
    return {factor.id: label(factor) for factor in points.section.factors}


def _tornado(points: Points, sensitivity: pd.DataFrame, title: str) -> pd.DataFrame:
    chosen = sensitivity[sensitivity["measure"].isin(["low", "high"])]
    if chosen.empty:
        return pd.DataFrame(columns=["label", "low", "high", "said"])
    table = chosen.pivot_table(index="factor", columns="measure", values="value").reset_index()
    table["label"] = table["factor"].map(_labels(points))
    table["said"] = title
    span = (table["high"] - table["low"]).sort_values(ascending=False, kind="stable")
    return table.loc[span.index, ["label", "low", "high", "said"]].reset_index(drop=True)


def _effects(points: Points, sensitivity: pd.DataFrame, title: str) -> pd.DataFrame:
    measures = _MEASURES.get(points.section.design, ("range",))
    table = sensitivity[sensitivity["measure"].isin(measures)]
    if table.empty:
        measures = ("range",)
        table = sensitivity[sensitivity["measure"] == "range"]
    size = table.groupby("factor")["value"].max()
    table = table.assign(
        size=table["factor"].map(size), label=table["factor"].map(_labels(points))
    )
    table = table.sort_values(["size", "factor"], ascending=[False, True], kind="stable")
    is_share = measures[0] == "S1"
    said = "share of the variance" if is_share else f"{_SAID[measures[0]]}: {title}"
    table = table.assign(measure=table["measure"].map(_SAID), said=said)
    return table[["label", "measure", "value", "half_width_95", "said"]]


def _response_table(points: Points, values: NDArray[np.float64], title: str) -> pd.DataFrame:
    parts = [
        response(points.section, points.design, values, f).assign(label=label(factor), said=title)
        for f, factor in enumerate(points.section.factors)
    ]
    table = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    return table.assign(level=[_setting(level).text for level in table["level"]])


def _interaction_table(
    points: Points, values: NDArray[np.float64], sensitivity: pd.DataFrame
) -> pd.DataFrame:
    factors = points.section.factors
    span = sensitivity[sensitivity["measure"] == "range"].set_index("factor")["value"].to_dict()
    order = sorted(
        pairs(len(factors)),
        key=lambda pair: -sum(float(span.get(factors[f].id, 0.0)) for f in pair),
    )
    parts = [
        interaction(points.section, points.design, values, pair).assign(
            pair=" × ".join(label(factors[f]) for f in pair),
            x_label=label(factors[pair[0]]),
            y_label=label(factors[pair[1]]),
        )
        for pair in order[:MOST_PAIRS]
    ]
    if not parts:
        return pd.DataFrame(columns=["x", "y", "value", "pair", "x_label", "y_label"])
    table = pd.concat(parts, ignore_index=True)
    sides = {side: [_setting(level).text for level in table[side]] for side in ("x", "y")}
    return table.assign(**sides)


def _sensitivity_table(i: int, table: pd.DataFrame, points: Points) -> Table:
    names = _labels(points)
    heads = (Head("Factor", "w"), Head("Measure", "w"), Head("Value", "n"))
    rows = [
        (
            text(names[str(row["factor"])]),
            text(_SAID.get(str(row["measure"]), str(row["measure"]))),
            Cell(_value(row["value"], row["half_width_95"], str(row["unit"])), "n"),
        )
        for _, row in table.iterrows()
    ]
    caption = "What each factor does"
    return Table(f"sensitivity{i}", caption, heads, tuple(rows), "sensitivity.csv")


def _value(value: float, half: float, unit: str) -> str:
    if np.isfinite(half):
        return spread(float(value), float(half), unit)
    return number(value).text


def _points_table(points: Points, found: Found) -> Table:
    summary = found.tables["summary"]
    shown = [kpi for kpi in points.section.responses if (summary["kpi"] == kpi).any()]
    cells = {
        (int(row["point"]), str(row["kpi"])): row
        for _, row in summary[summary["kpi"].isin(shown)].iterrows()
    }
    heads = (
        Head("Point", "n"),
        *(Head(label(factor), "n") for factor in points.section.factors),
        *(Head(words.kpi(kpi, _NO_NAMES), "n") for kpi in shown),
        Head("Status"),
    )
    statuses = found.tables["points"]["status"].astype(str).tolist()
    every = range(1, min(len(points.keys), MOST_POINTS) + 1)
    rows = [
        (
            number(p, decimals=0),
            *(_setting(value) for value in points.design.points[p - 1]),
            *(_mean(cells.get((p, kpi))) for kpi in shown),
            text(statuses[p - 1]),
        )
        for p in every
    ]
    left_out = len(points.keys) - len(rows)
    return Table(
        "points", "Points", heads, tuple(rows), "summary.csv", is_sortable=True, left_out=left_out
    )


def _setting(value: object) -> Cell:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return Cell(f"{value:.6g}", "n", repr(float(value)))
    return text(value)


def _mean(row: "pd.Series[float] | None") -> Cell:
    if row is None:
        return text("–")
    half = float(row["half_width_95"])
    value = float(row["value"])
    said = spread(value, half if np.isfinite(half) else None, str(row["unit"]))
    return Cell(said, "n", repr(value))


def _failed_table(found: Found) -> Table:
    heads: Sequence[Head] = (Head("Point", "n"), Head("Replication", "n"), Head("Message", "w"))
    rows = [
        (number(p, decimals=0), number(r, decimals=0), text(said))
        for p, r, said in found.tables["failed"].head(MOST_POINTS).itertuples(index=False)
    ]
    left_out = len(found.tables["failed"]) - len(rows)
    return Table(
        "failed",
        "Runs that failed",
        tuple(heads),
        tuple(rows),
        "failed.csv",
        is_sortable=True,
        left_out=left_out,
    )
