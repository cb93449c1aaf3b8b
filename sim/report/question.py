"""The page of a question: its answer in words, a chart, its tables.

In: `Answer`. Out: `report.html` and `figures/`. The same results give the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from sim.measures.columns import Column
from sim.plots import sweeps
from sim.questions.answers import Answer
from sim.report.charts import Chart, Spec, write_chart
from sim.report.numbers import spread, thin_thousands
from sim.report.page import PAGE, asset, script_hash
from sim.report.tables import Cell, Head, Table, number, text

MOST_ROWS = 400
MOST_BARS = 16
_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


class Page(NamedTuple):
    """All that the template says."""

    kicker: str
    title: str
    facts: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]
    columns: tuple[Column, ...]
    script: Markup
    script_hash: str
    style: Markup


def write(folder: Path, answer: Answer) -> Path:
    """Return the page of an answer, written into a folder."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    script = asset("report.js")
    charts = [write_chart(folder, spec) for spec in _SPECS[answer.question](answer)]
    page = Page(
        kicker=answer.question.capitalize(),
        title=answer.title,
        facts=answer.facts,
        sentences=tuple(map(thin_thousands, answer.sentences)),
        warnings=answer.warnings,
        charts=tuple(chart for chart in charts if chart is not None),
        tables=tuple(table(answer, name) for name in answer.tables if len(answer.tables[name])),
        columns=answer.columns,
        script=Markup(script),  # noqa: S704  (our own file)
        script_hash=script_hash(script),
        style=Markup(asset("report.css")),  # noqa: S704  (our own file)
    )
    path = folder / PAGE
    html = environment.get_template("question.html.j2").render(page=page)
    path.write_text(html, encoding="utf-8", newline="\n")
    return path


SHORT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "marginal": (
            "round",
            "rank",
            "name",
            "teu_per_year",
            "days_saved",
            "verdict",
            "stage",
            "usd_per_teu",
        ),
        "trials": ("multiplier", "carried", "growth_teu", "created_teu", "growing"),
        "stress": (
            "rank",
            "name",
            "teu_days_lost",
            "recovery_d",
            "clearing_d",
            "verdict",
            "stage",
        ),
    }
)
"""Columns of a table that fit a window."""


def table(answer: Answer, name: str, columns: Sequence[str] = ()) -> Table:
    """Return a table of an answer as a reader sees it: every mean with its half-width.

    Parameters
    ----------
    answer, name
        Which.
    columns
        That are shown, where they hold anything; empty: all.
    """
    rows = answer.tables[name]
    wanted = columns or [str(c) for c in rows if not str(c).endswith("_half_width")]
    shown = [column for column in wanted if _is_said(rows[column])]
    known = {c.column: c for c in answer.columns if c.table == name}
    heads = tuple(Head(_head(known[c]), "w" if c == "name" else "n") for c in shown)
    cells = tuple(
        tuple(_cell(row, known[column]) for column in shown)
        for _, row in rows.head(MOST_ROWS).iterrows()
    )
    left_out = max(len(rows) - MOST_ROWS, 0)
    caption = name.capitalize()
    return Table(name, caption, heads, cells, f"{name}.csv", is_sortable=True, left_out=left_out)


def _is_said(column: "pd.Series[str]") -> bool:
    """Return whether a column holds anything."""
    return bool((column.notna() & (column.astype(str) != "")).any())


def _head(column: Column) -> str:
    """Return the name of a column in words, without the unit at its end."""
    words = column.column.replace("_", " ")
    for ending in (" teu d", " d", " teu"):
        words = words.removesuffix(ending) if column.unit else words
    return f"{words} ({column.unit})" if column.unit else words


def _cell(row: "pd.Series[float]", column: Column) -> Cell:
    value: object = row[column.column]
    if not isinstance(value, int | float | np.number):
        return text(value)
    if column.use != "mean":
        return Cell(f"{float(value):g}", "n", repr(float(value)))
    half = row.get(f"{column.column}_half_width")
    if half is None:
        return number(value)
    known = float(half) if np.isfinite(half) else None
    return Cell(spread(float(value), known, column.unit), "n", repr(float(value)))


def _stress(answer: Answer) -> Iterator[Spec]:
    yield _bars(answer, "stress", "teu_days_lost", "TEU-days lost by closing each place")


def _saturate(answer: Answer) -> Iterator[Spec]:
    rows = answer.tables["trials"].dropna(subset=["growth_teu"])
    growth = 100 * rows["growth_teu"] / rows["created_teu"]
    half = 100 * rows["growth_teu_half_width"] / rows["created_teu"]
    chart = pd.DataFrame(
        {
            "label": "demand multiplied by",
            "level": [f"{at:g}" for at in rows["multiplier"]],
            "value": growth,
            "low": growth - half,
            "high": growth + half,
            "said": "growth of stock, % of what was created",
        }
    )
    yield Spec(
        "growth",
        "Growth of stock by demand",
        "Mean over the replications; the band is its 95 % interval. Multipliers stand side by side"
        " as they were tried, not to scale.",
        chart.reset_index(drop=True),
        sweeps.responses,
    )


def _marginal(answer: Answer) -> Iterator[Spec]:
    first = answer.tables["marginal"]
    alone = answer._replace(tables={"marginal": first[first["round"] == 1]})
    yield _bars(alone, "marginal", "days_saved", "Days saved by one more")
    yield _bars(alone, "marginal", "teu_per_year", "TEU gained by one more")


def _bars(answer: Answer, name: str, column: str, title: str) -> Spec:
    """Return the chart of a ranking."""
    rows = answer.tables[name]
    rows = rows[rows[column].notna()].head(MOST_BARS)
    unit = next(c.unit for c in answer.columns if c.table == name and c.column == column)
    chart = pd.DataFrame(
        {
            "label": rows["name"],
            "measure": title,
            "value": rows[column],
            "half_width_95": rows[f"{column}_half_width"],
            "said": f"{title}, {unit}",
        }
    )
    caption = "Paired with the base; the thin lines are intervals that hold together at 95 %."
    return Spec(column, title, caption, chart.reset_index(drop=True), sweeps.effects)


_SPECS: Mapping[str, Callable[[Answer], Iterator[Spec]]] = MappingProxyType(
    {"marginal": _marginal, "saturate": _saturate, "stress": _stress}
)
