"""Replications of one plan, in this process or in several, and what they say together.

In: Plan, Legend, Places and an engine's `run`. Out: `Experiment`. Each replication has its
own random numbers by its number alone, so neither the number of processes nor the
order in which they finish changes a figure.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from itertools import count
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.schema import Network
from sim.experiment.averages import averaged, numbered, summary
from sim.experiment.intervals import Interval, rounded, t_interval
from sim.experiment.workers import workers
from sim.measures.build import Cohort, Measures, measure
from sim.measures.columns import names
from sim.measures.ledger import bottlenecks
from sim.measures.places import NOWHERE, Places
from sim.plan import Legend, Plan, Trace

Run = Callable[[Plan, int, int], Trace]
"""An engine: plan, seed, replication (from 0)."""

GROWTH_OVER = 0.02
"""Growth of stock, as a share of what was created, that is called not carried (R21)."""

AVERAGED = (
    "flows",
    "stations",
    "links",
    "crossings",
    "ledger",
    "timeseries",
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
    flows: pd.DataFrame
    stations: pd.DataFrame
    links: pd.DataFrame
    crossings: pd.DataFrame
    ledger: pd.DataFrame
    timeseries: pd.DataFrame
    stock: pd.DataFrame
    transit: pd.DataFrame
    conservation: pd.DataFrame
    bottlenecks: pd.DataFrame
    ledger_replications: pd.DataFrame
    cohorts: tuple[Cohort, ...]
    """One per replication."""
    notes: tuple[str, ...]
    """What the compiler wants the reader to know."""
    remarks: tuple[str, ...]
    """What the figures want the reader to know: growth of stock, unfinished consignments."""
    gridlock: tuple[str, ...]
    """Holders that wait for each other, by replication; a run with one has failed (R14)."""


class Begun(NamedTuple):
    """Replications of one plan that were given to workers."""

    plan: Plan
    legend: Legend
    seed: int
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
    jobs: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Experiment:
    """Return what `replications` runs of a plan say.

    Parameters
    ----------
    plan, legend, places
        The scenario, compiled, its names, and where its links and nodes lie.
    seed
        0 to 2**63 - 1.
    replications
        At least 1.
    run
        An engine's function, from a module that other processes can import.
    jobs
        Processes, at least 1.
    progress
        Is told (replications done, all) after each, in this process.

    Raises
    ------
    ResultsError
        If a run breaks conservation or its ledger, or a process of the pool died.
    """
    with workers(min(jobs, replications)) as executor:
        return finish(
            begin(
                plan,
                legend,
                seed=seed,
                replications=replications,
                run=run,
                places=places,
                executor=executor,
                progress=progress,
            )
        )


def begin(
    plan: Plan,
    legend: Legend,
    *,
    seed: int,
    replications: int,
    run: Run,
    places: Places,
    executor: Executor,
    progress: Callable[[int, int], None] | None = None,
) -> Begun:
    """Return the replications of a plan, given to an executor; `finish` waits for them."""
    tasks = [_Task(plan, legend, places, run, seed, r) for r in range(replications)]
    parts = tuple(executor.submit(_replicate, task) for task in tasks)
    if progress is not None:
        done = count(1)
        for part in parts:
            part.add_done_callback(lambda _: progress(next(done), replications))
    return Begun(plan, legend, seed, parts)


def finish(begun: Begun) -> Experiment:
    """Return what the replications say when all are done.

    Raises
    ------
    ResultsError
        If a run breaks conservation or its ledger.
    """
    parts = [part.result() for part in begun.parts]
    return _together(begun.plan, begun.legend, begun.seed, parts)


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


def stock_growth(replications: pd.DataFrame) -> tuple[Interval, float]:
    """Return the growth of stock over the window in TEU, and the TEU created in it."""
    return (
        t_interval(_values(replications, "stock_growth_teu")),
        float(_values(replications, "teu_created").mean()),
    )


def does_stock_grow(replications: pd.DataFrame) -> bool:
    """Return whether stock grew by more than 2 % of what was created, and not by chance (R21)."""
    growth, created = stock_growth(replications)
    return growth.mean > max(GROWTH_OVER * created, growth.half_width or 0.0)


class _Task(NamedTuple):
    """One replication to be run and measured, here or in another process."""

    plan: Plan
    legend: Legend
    places: Places
    run: Run
    seed: int
    replication: int


def _replicate(task: _Task) -> Measures:
    """Return the measures of one replication."""
    trace = task.run(task.plan, task.seed, task.replication)
    return measure(trace, task.plan, task.legend, task.places)


def _together(plan: Plan, legend: Legend, seed: int, parts: Sequence[Measures]) -> Experiment:
    """Return the experiment that the measures of all replications make."""
    replications = numbered([part.kpis for part in parts], names("replications"))
    replications["value"] = rounded(replications["value"].to_numpy(float))
    tables = {name: averaged(name, [getattr(part, name) for part in parts]) for name in AVERAGED}
    window_s = plan.window_end_s - plan.window_start_s
    return Experiment(
        setting=Setting(seed, len(parts), legend.window_start, window_s),
        summary=summary(replications, len(parts)),
        replications=replications,
        **tables,
        bottlenecks=_bottlenecks(parts, tables["ledger"], tables["stations"]),
        ledger_replications=_ledger_replications(parts),
        cohorts=tuple(part.cohort for part in parts),
        notes=legend.notes,
        remarks=_remarks(replications),
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


def _remarks(replications: pd.DataFrame) -> tuple[str, ...]:
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
    unfinished = _values(replications, "unfinished_percent")
    if (replications["bound"] == "at least").any() and unfinished.size:
        said.append(
            f"unfinished: {unfinished.mean():.1f} % of the cohort's TEU were still inside when "
            "the run ended; means marked `at least` are lower bounds"
        )
    if not unfinished.size:
        said.append("no data: nothing was created in the window")
    return tuple(said)


def _values(replications: pd.DataFrame, kpi: str) -> NDArray[np.float64]:
    """Return a KPI's value in each replication."""
    return replications.loc[replications["kpi"] == kpi, "value"].to_numpy(float)
