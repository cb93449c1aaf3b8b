"""Replications of one plan, in this process or in several, and what they say together.

In: Plan, Legend, Places and an engine's `run`. Out: `Experiment`. Each replication has its
own random numbers by its number alone, so neither the number of processes nor the
order in which they finish changes a figure.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from difflib import get_close_matches
from itertools import count
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.schema import Network
from sim.errors import ResultsError
from sim.experiment import steady
from sim.experiment.averages import averaged, numbered, quantiles, summary
from sim.experiment.intervals import Interval, rounded, t_interval
from sim.experiment.stopping import Precision, stop, stop_words
from sim.experiment.workers import workers
from sim.measures.build import Cohort, Measures, measured, watch_of
from sim.measures.columns import names
from sim.measures.ledger import bottlenecks
from sim.measures.places import NOWHERE, Places
from sim.measures.tally import tally
from sim.plan import Legend, Plan, Trace
from sim.tallies import Tallies, Watch

Run = Callable[[Plan, int, int], Trace]
"""An engine: plan, seed, replication (from 0)."""

Count = Callable[[Plan, Watch, int, int], Tallies]
"""An engine that counts as it runs: plan, what to count, seed, replication (from 0)."""

GROWTH_OVER = 0.02
"""Growth of stock, as a share of what was created, that is called not carried (R21)."""

_DAY_S = 86_400

GROWS_OVER = 0.02
"""Share of all growth of stock from which a place is named."""

MOST_GROWING = 8

AVERAGED = (
    "flows",
    "stations",
    "links",
    "crossings",
    "ledger",
    "timeseries",
    "days",
    "stock",
    "transit",
    "conservation",
)
"""Tables of which the experiment keeps the means over its replications."""


class Setting(NamedTuple):
    """What two experiments must share to be compared."""

    seed: int
    replications: int
    window_start: str
    """ISO date of the first measured day."""
    window_s: int


class Experiment(NamedTuple):
    """What all replications of one scenario say (columns: `sim.measures.columns`)."""

    setting: Setting
    summary: pd.DataFrame
    replications: pd.DataFrame
    quantiles: pd.DataFrame
    flows: pd.DataFrame
    stations: pd.DataFrame
    links: pd.DataFrame
    crossings: pd.DataFrame
    ledger: pd.DataFrame
    timeseries: pd.DataFrame
    days: pd.DataFrame
    days_replications: pd.DataFrame
    trends: pd.DataFrame
    stock: pd.DataFrame
    transit: pd.DataFrame
    conservation: pd.DataFrame
    bottlenecks: pd.DataFrame
    ledger_replications: pd.DataFrame
    cohorts: Sequence[Cohort]
    """One per replication; those of a run that was saved are read when they are asked for."""
    notes: tuple[str, ...]
    """What the compiler wants the reader to know."""
    remarks: tuple[str, ...]
    """What the figures want the reader to know: growth of stock, unfinished consignments."""
    gridlock: tuple[str, ...]
    """Holders that wait for each other, by replication; a run with one has failed (R14)."""


class Task(NamedTuple):
    """One scenario, compiled: what is run and measured, here or in another process."""

    plan: Plan
    legend: Legend
    places: Places
    """Where its links and nodes lie."""
    run: Run
    """An engine's function, from a module that other processes can import."""
    seed: int
    """0 to 2**63 - 1."""
    counting: Count | None = None
    """Another that counts as it runs, and does so in place of `run`."""


class Claim(NamedTuple):
    """What is claimed from the replications, and when they are enough."""

    kind: Literal["window", "steady"] = "window"
    """`steady`: figures of a long run are withheld where there is none (R21)."""
    precision: Precision | None = None
    """Replications go on, one after the other, until it is reached or its cap."""


class Begun(NamedTuple):
    """Replications of one plan that were given to workers."""

    task: Task
    claim: Claim
    executor: Executor
    at_once: int
    """Replications that its workers run at the same time."""
    progress: Callable[[int, int], None] | None
    parts: tuple[Future[Measures], ...]
    """One per replication, in order."""


def run_experiment(
    plan: Plan,
    legend: Legend,
    *,
    seed: int,
    replications: int,
    run: Run,
    places: Places = NOWHERE,
    counting: Count | None = None,
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
    claim: Claim | None = None,
) -> Experiment:
    """Return what `replications` runs of a plan say.

    Parameters
    ----------
    plan, legend, places, run, seed, counting
        As in `Task`.
    replications
        At least 1; with a precision, those before it is looked at.
    jobs
        Processes, at least 1.
    progress
        Is told (replications done, all) after each, in this process.
    claim
        What is claimed from them; default the expectation over the window.

    Raises
    ------
    ResultsError
        If a run breaks conservation or its ledger, a process of the pool died, or a
        replication lacks the KPI of the precision.
    """
    task = Task(plan, legend, places, run, seed, counting)
    precision = None if claim is None else claim.precision
    asked = replications if precision is None else precision.at_most
    with workers(min(jobs, asked)) as executor:
        return finish(
            begin(
                task,
                replications,
                executor,
                claim=claim or Claim(),
                at_once=jobs,
                progress=progress,
            )
        )


def begin(
    task: Task,
    replications: int,
    executor: Executor,
    *,
    claim: Claim,
    at_once: int,
    progress: Callable[[int, int], None] | None = None,
) -> Begun:
    """Return the replications of a plan, given to an executor; `finish` waits for them."""
    parts = tuple(executor.submit(replicate, task, r) for r in range(replications))
    if progress is not None:
        done = count(1)
        for part in parts:
            part.add_done_callback(lambda _: progress(next(done), replications))
    return Begun(task, claim, executor, at_once, progress, parts)


def finish(begun: Begun) -> Experiment:
    """Return what the replications say when all are done.

    Raises
    ------
    ResultsError
        If a run breaks conservation or its ledger, or lacks the KPI of the precision.
    """
    parts = [part.result() for part in begun.parts]
    said: tuple[str, ...] = ()
    if begun.claim.precision is not None:
        parts, said = _until(begun.claim.precision, parts, begun)
    return _together(begun.task, parts, begun.claim.kind, said)


def places(network: Network) -> Places:
    """Return where the nodes and links of a network lie."""
    nodes, links = network.nodes, network.links
    return Places(
        node_id=tuple(n.id for n in nodes),
        node_country=tuple(n.country for n in nodes),
        link_id=tuple(e.id for e in links),
        link_from=tuple(e.origin for e in links),
        link_to=tuple(e.destination for e in links),
        link_mode=tuple(e.mode for e in links),
    )


def values_of(replications: pd.DataFrame, kpi: str) -> NDArray[np.float64]:
    """Return a KPI's value in each replication."""
    return replications.loc[replications["kpi"] == kpi, "value"].to_numpy(float)


def stock_growth(replications: pd.DataFrame) -> tuple[Interval, float]:
    """Return the growth of stock over the window in TEU, and the TEU created in it."""
    return (
        t_interval(values_of(replications, "stock_growth_teu")),
        float(values_of(replications, "teu_created").mean()),
    )


def does_stock_grow(replications: pd.DataFrame) -> bool:
    """Return whether stock grew by more than 2 % of what was created, and not by chance (R21)."""
    growth, created = stock_growth(replications)
    return growth.mean > max(GROWTH_OVER * created, growth.half_width or 0.0)


def replicate(task: Task, replication: int) -> Measures:
    """Return the measures of one replication, counted from 0."""
    plan, legend, places = task.plan, task.legend, task.places
    watch = watch_of(plan, legend, places)
    if task.counting is None:
        seen = tally(task.run(plan, task.seed, replication), plan, watch)
    else:
        seen = task.counting(plan, watch, task.seed, replication)
    return measured(seen, plan, legend, places)


def kpi_values(parts: Sequence[Measures], kpi: str) -> list[float]:
    """Return a KPI's value in each replication.

    Raises
    ------
    ResultsError
        If one has no such KPI; the nearest name is said.
    """
    values = [part.kpis.loc[part.kpis["kpi"] == kpi, "value"] for part in parts]
    lacking = [r for r, value in enumerate(values) if not len(value)]
    if lacking:
        known = parts[lacking[0]].kpis["kpi"].astype(str).tolist()
        close = get_close_matches(kpi, known, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise ResultsError(f"replication {lacking[0] + 1} has no KPI {kpi!r}{hint}")
    return [float(value.iloc[0]) for value in values]


def _until(
    wanted: Precision, parts: list[Measures], begun: Begun
) -> tuple[list[Measures], tuple[str, ...]]:
    """Return the replications at which the rule stops, and how it stood then.

    As many are run at once as there are workers; what lies behind the stop is thrown away, so
    that their number changes nothing.
    """
    first = len(parts)
    found = stop(kpi_values(parts, wanted.kpi), first, wanted)
    while not found.is_reached and len(parts) < wanted.at_most:
        more = range(len(parts), min(len(parts) + begun.at_once, wanted.at_most))
        futures = [begun.executor.submit(replicate, begun.task, r) for r in more]
        parts = parts + [future.result() for future in futures]
        if begun.progress is not None:
            begun.progress(len(parts), wanted.at_most)
        found = stop(kpi_values(parts, wanted.kpi), first, wanted)
    return parts[: found.n], (stop_words(found, wanted),)


def _together(
    task: Task,
    parts: Sequence[Measures],
    kind: Literal["window", "steady"],
    said: tuple[str, ...],
) -> Experiment:
    """Return the experiment that the measures of all replications make."""
    replications = numbered([part.kpis for part in parts], names("replications"))
    replications["value"] = rounded(replications["value"].to_numpy(float))
    tables = {name: averaged(name, [getattr(part, name) for part in parts]) for name in AVERAGED}
    window_s = task.plan.window_end_s - task.plan.window_start_s
    worst = _bottlenecks(parts, tables["ledger"], tables["stations"])
    tables["summary"] = summary(replications, len(parts))
    found = steady.trends([part.timeseries for part in parts])
    remarks = (*said, *_remarks(replications, tables["stock"]))
    if kind == "steady":
        kept = steady.guard(parts, tables["stations"], found)
        remarks += steady.remarks(kept, parts, window_s / _DAY_S)
        tables = steady.withheld(tables) if kept.is_withheld else tables
    return Experiment(
        setting=Setting(task.seed, len(parts), task.legend.window_start, window_s),
        replications=replications,
        quantiles=quantiles(replications),
        **tables,
        days_replications=_days(parts),
        trends=found,
        bottlenecks=worst,
        ledger_replications=_ledger_replications(parts),
        cohorts=tuple(part.cohort for part in parts),
        notes=task.legend.notes,
        remarks=remarks,
        gridlock=tuple(
            f"replication {r}: {holder}" for r, p in enumerate(parts, 1) for holder in p.gridlock
        ),
    )


def _bottlenecks(
    parts: Sequence[Measures], ledger: pd.DataFrame, stations: pd.DataFrame
) -> pd.DataFrame:
    """Return the worst places of the averaged tables, with the half-widths of their values."""
    table = bottlenecks(ledger, stations)
    waiting = [part.ledger[part.ledger["is_waiting"] == "yes"] for part in parts]
    waits = pd.concat([w.groupby("place")["teu_h"].sum() for w in waiting], axis=1).fillna(0.0)
    halves = dict(zip(waits.index, map(_half_width, waits.to_numpy(float)), strict=True))
    busy = dict(zip(stations["station"], stations["utilisation_half_width_95"], strict=True))
    table["value_half_width_95"] = [
        (halves if by == "ledger" else busy)[place]
        for by, place in zip(table["by"], table["place"], strict=True)
    ]
    figures = [*names("bottlenecks", "mean"), "value_half_width_95"]
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _half_width(values: NDArray[np.float64]) -> float:
    """Return the half-width of values' interval, NaN where there is none."""
    half = t_interval(values).half_width
    return np.nan if half is None else half


def _ledger_replications(parts: Sequence[Measures]) -> pd.DataFrame:
    """Return the waiting of each replication by node and cause."""
    tables = [
        part.ledger[part.ledger["is_waiting"] == "yes"]
        .groupby(["node", "cause"])["teu_h"]
        .sum()
        .to_frame()
        .reset_index()
        for part in parts
    ]
    table = numbered(tables, names("ledger_replications"))
    return table.assign(teu_h=rounded(table["teu_h"].to_numpy(float)))


def _days(parts: Sequence[Measures]) -> pd.DataFrame:
    """Return the days of every replication."""
    table = numbered([part.days for part in parts], names("days_replications"))
    figures = names("days_replications", "total")
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _growing(stock: pd.DataFrame, growth_teu: float) -> list[str]:
    """Return the places at which stock grows most, each with what it grew by."""
    rows = stock[stock["teu_growth"] > GROWS_OVER * growth_teu]
    rows = rows.sort_values(["teu_growth", "place"], ascending=[False, True])[:MOST_GROWING]
    return [
        f"{place} +{teu:,.0f} TEU"
        for place, teu in zip(rows["place"], rows["teu_growth"], strict=True)
    ]


def _remarks(replications: pd.DataFrame, stock: pd.DataFrame) -> tuple[str, ...]:
    """Return what must be said beside the figures (R20, R21)."""
    said = []
    growth, created = stock_growth(replications)
    if does_stock_grow(replications):
        width = "no interval" if growth.half_width is None else f"± {growth.half_width:,.0f}"
        said.append(
            f"not carried: {growth.mean:,.0f} TEU ({width}): stock grew by "
            f"{100 * growth.mean / created:.1f} % of what was created in the window, so times "
            "depend on the window's length"
        )
        said.append(f"stock grows at: {', '.join(_growing(stock, growth.mean))}")
    unfinished = values_of(replications, "unfinished_percent")
    if (replications["bound"] == "at least").any() and unfinished.size:
        said.append(
            f"unfinished: {unfinished.mean():.1f} % of the cohort's TEU were still inside when "
            "the run ended; means marked `at least` are lower bounds"
        )
    if not unfinished.size:
        said.append("no data: nothing was created in the window")
    return tuple(said)
