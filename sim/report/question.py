"""The page of a question: its answer in words, a chart, its tables.

In: `Answer`. Out: `report.html` and `figures/`. The same results give the same bytes.
"""

from collections.abc import Callable, Iterator, Mapping
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


def table(answer: Answer, name: str) -> Table:
    """Return a table of an answer as a reader sees it: every mean with its half-width."""
    rows = answer.tables[name]
    shown = [str(c) for c in rows if not str(c).endswith("_half_width") and _is_said(rows[str(c)])]
    units = {c.column: c.unit for c in answer.columns if c.table == name}
    heads = tuple(Head(_head(c, units[c]), "w" if c == "name" else "n") for c in shown)
    cells = tuple(
        tuple(_cell(row, column, units[column]) for column in shown)
        for _, row in rows.head(MOST_ROWS).iterrows()
    )
    left_out = max(len(rows) - MOST_ROWS, 0)
    caption = name.capitalize()
    return Table(name, caption, heads, cells, f"{name}.csv", is_sortable=True, left_out=left_out)


def _is_said(column: "pd.Series[str]") -> bool:
    """Return whether a column holds anything."""
    return bool((column.notna() & (column.astype(str) != "")).any())


def _head(column: str, unit: str) -> str:
    """Return the name of a column in words, without the unit at its end."""
    words = column.replace("_", " ")
    for ending in (" teu d", " d", " teu"):
        words = words.removesuffix(ending) if unit else words
    return f"{words} ({unit})" if unit else words


def _cell(row: "pd.Series[float]", column: str, unit: str) -> Cell:
    value: object = row[column]
    if not isinstance(value, int | float | np.number):
        return text(value)
    half = row.get(f"{column}_half_width")
    if half is None:
        return number(value)
    known = float(half) if np.isfinite(half) else None
    return Cell(spread(float(value), known, unit), "n", repr(float(value)))


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
