"""The charts of a report: chosen tables are drawn, and written beside their figures."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from sim.experiment.workers import share
from sim.plots import bars, bordermap, flowmap, lines
from sim.plots.style import Draw, save
from sim.report import drawn
from sim.report.material import Run
from sim.report.svg import inline
from sim.results.files import guarded

FOLDER = "figures"


class Chart(NamedTuple):
    """One chart on a page, with its files."""

    name: str
    title: str
    caption: str
    svg: Markup
    png: str
    csv: str


class Spec(NamedTuple):
    """What a chart is made of."""

    name: str
    title: str
    caption: str
    table: pd.DataFrame
    draw: Draw


def begin_charts(
    folder: Path, runs: Sequence[Run], basemap: str, executor: Executor
) -> Callable[[], dict[str, Chart]]:
    """What waits for all charts for which there is something to draw, by name.

    Parameters
    ----------
    folder
        Folder of the results; files go to ``figures`` in it: PNG, SVG and CSV of each.
    runs
        One run, or base and scenario.
    executor
        Workers that draw.
    """
    specs = (*_specs(runs), *_maps(runs, basemap), _borders(runs[-1], basemap))
    drawn_charts = share(executor, partial(write_chart, folder), specs)
    return lambda: {chart.name: chart for chart in drawn_charts() if chart is not None}


def _specs(runs: Sequence[Run]) -> tuple[Spec, ...]:
    return (
        Spec("throughput", "Throughput by corridor and border crossing",
             "TEU in the measured window, each direction on its own; the thin lines are 95 %"
             " intervals.", drawn.throughput(runs), bars.throughput),
        Spec("transit", "Transit times",
             "Share of TEU delivered within so many days of their creation; a consignment that was"
             " unfinished counts at its age when the run ended.",
             drawn.transit(runs), lines.transit),
        Spec("causes", "Where the time of a TEU goes",
             "Days by cause, average over the cohort; grey is moving and being served, colours are"
             " waiting. The causes add up to the transit time.",
             drawn.causes(runs), bars.causes),
        Spec("waiting", "Where waiting happens",
             "Waiting booked to a place, by cause, sum over the cohort; mean of the replications.",
             drawn.waiting_places(runs), bars.causes),
        Spec("queues", "Queues day by day",
             "Mean number waiting on each day at the stations with the longest queues; bands are"
             " 95 % intervals over the replications.", drawn.queues(runs), lines.queues),
        Spec("utilisation", "Busiest stations",
             "Busy over available time; the thin lines are 95 % intervals.",
             drawn.utilisation(runs), bars.utilisation),
    )  # fmt: skip


def _maps(runs: Sequence[Run], basemap: str) -> tuple[Spec, ...]:
    """A static map of each run, for documents that cannot hold the page's own."""
    return tuple(
        _map(run, drawn.lines(run), basemap) for run in runs
    )  # fmt: skip


def _borders(run: Run, basemap: str) -> Spec:
    title = f"Delays at borders: {run.title}"
    return Spec(
        "borders",
        title,
        "Waiting booked to the two sides of each crossing and the way between them: queues,"
        " shut hours, weather, want of room and of paths, not for trains to be made up or to"
        " leave. Its sum is the area of the circle, its hours for a TEU that crossed the colour.",
        drawn.borders(run),
        partial(bordermap.border_map, basemap=basemap, title=title),
    )


def _map(run: Run, table: pd.DataFrame, basemap: str) -> Spec:
    title = f"Flows: {run.title}"
    places = drawn.map_places(run, table)
    draw = partial(flowmap.flow_map, places=places, basemap=basemap, title=title)
    return Spec("map" if run.role != "base" else "map_base", title, "", table, draw)


def write_chart(folder: Path, spec: Spec) -> Chart | None:
    """The chart with its files, None where there is nothing to draw."""
    csv = f"{FOLDER}/{spec.name}.csv"
    drawing = save(spec.draw, spec.table, folder / FOLDER, spec.name, title=spec.title)
    if drawing is None:
        return None
    neutral(spec.table).to_csv(folder / csv, index=False, lineterminator="\n")
    label = f"{spec.title}. {spec.caption}"
    svg = inline(drawing, spec.name, label)
    return Chart(spec.name, spec.title, spec.caption, svg, f"{FOLDER}/{spec.name}.png", csv)


def neutral(table: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before words that a spreadsheet would run as a formula."""
    return table.map(lambda value: guarded(value) if isinstance(value, str) else value)
