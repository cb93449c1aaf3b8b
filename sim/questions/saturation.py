"""The largest demand that is carried with stable queues (`keruen saturate`).

In: a base scenario, which flows are multiplied. Out: `Answer`: the largest multiplier carried
and the smallest that is not, what binds there, and beside them the bound of the narrowest cut.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pandas as pd

from network.lanes import flow_of, matches
from network.reader import nearest
from network.routing.cost import teu_per_unit
from network.schema import DemandRow, Network
from sim.compiler.closures import applied
from sim.errors import GridlockError, ResultsError
from sim.experiment.intervals import rounded
from sim.experiment.replicate import (
    GROWS_OVER,
    GROWTH_OVER,
    Experiment,
    does_stock_grow,
    stock_growth,
)
from sim.experiment.steady import growing
from sim.measures.columns import Column
from sim.questions.answers import Answer, Asking, check_replications, experiments
from sim.questions.cuts import Bound, Wanted, bounds
from sim.questions.places import World, world_of
from sim.scenario import Scenario

QUESTION = "saturate"
MOST_FACTOR = 1_000
"""Of `demand.factor` in a scenario."""
MOST_BINDING = 8
MOST_CUTS = 6
MOST_NAMED = 3


class Load(NamedTuple):
    """Which demand is multiplied, and how the search goes."""

    flows: tuple[str, ...]
    """Ids, or beginnings of ids with * at their end; empty: all, but for `origin` and so on."""
    origin: str
    """Node at which flows begin; empty: any."""
    destination: str
    """Node at which flows end; empty: any."""
    step: float
    """The answer is known to so much; > 0."""
    most: float
    """Multiplier above which it is not sought."""

    @property
    def is_of_all(self) -> bool:
        """Return whether all demand is multiplied."""
        return not (self.flows or self.origin or self.destination)


class Trial(NamedTuple):
    """One multiplier, run."""

    multiplier: float
    is_carried: bool
    why: str
    """Why not; empty where it is."""
    growth_teu: float
    half_width: float
    created_teu: float
    growing: int
    """Stations whose queue grows (R21)."""
    places: pd.DataFrame
    """The table `binding`, but for the rank."""


COLUMNS: tuple[Column, ...] = tuple(
    Column(*row)
    for row in (
        ("trials", "multiplier", "", "key", "of the demand that is scaled"),
        ("trials", "carried", "", "label", "`yes`: neither stock nor any queue drifts upwards"),
        ("trials", "growth_teu", "TEU", "mean", "growth of stock over the window"),
        ("trials", "growth_teu_half_width", "TEU", "mean", "of its t interval"),
        ("trials", "created_teu", "TEU", "mean", "created in the window"),
        ("trials", "growing", "", "total", "stations whose queue grows (R21)"),
        ("trials", "why", "", "label", "why it is not carried"),
        ("binding", "rank", "", "key", "1: where most TEU pile up"),
        ("binding", "place", "", "label", "station, at the smallest multiplier not carried"),
        ("binding", "name", "", "label", "in words"),
        ("binding", "teu_growth", "TEU", "mean", "growth of its stock over the window"),
        ("binding", "teu_growth_half_width", "TEU", "mean", "of its 95 % t interval"),
        ("binding", "queue_growth", "1/d", "mean", "slope of its daily mean queue"),
        ("binding", "queue_growth_half_width", "1/d", "mean", "as in the table `trends` of a run"),
        ("binding", "grows", "", "label", "`yes`: by the test of a run's queues (R21)"),
        ("bound", "multiplier", "", "label", "that no run can beat, by this cut; least first"),
        ("bound", "about", "", "label", "flows that must pass the cut"),
        ("bound", "place", "", "label", "one place of the cut"),
        ("bound", "teu_per_day", "TEU/d", "mean", "that it takes at most"),
    )
)


def ask(base: Scenario, load: Load, asking: Asking) -> Answer:
    """Return the largest multiplier carried.

    Parameters
    ----------
    base
        At a multiplier of 1.
    load
        What is multiplied.
    asking
        How runs are obtained; all multipliers have the same seeds.

    Raises
    ------
    ResultsError
        If no flow is meant, or there is only one replication.

    Notes
    -----
    1 is tried first; from there the multiplier is doubled until it is not carried, or halved
    until it is, and the gap is halved on the grid of steps. A multiplier is carried if stock
    does not grow (R21: by more than 2 % of what was created, beyond chance) and no station's
    queue does (`sim.experiment.steady.trends`). Between two multipliers tried it is taken that
    what carries more also carries less.
    """
    check_replications(base)
    world = world_of(base)
    meant = flows_meant(world.network, load)
    trials = list(_search(base, load, None if load.is_of_all else meant, asking))
    trials.sort(key=lambda trial: trial.multiplier)
    carried = [trial.multiplier for trial in trials if trial.is_carried]
    failed = [trial for trial in trials if not trial.is_carried]
    found = _bounds(base, world, meant, asking)
    tables = {
        "trials": _trials(trials),
        "binding": _binding(failed[0] if failed else None),
        "bound": _bound_table(found),
    }
    return Answer(
        question=QUESTION,
        scenario=base.name,
        title=f"{base.title or base.name}: how much demand is carried",
        facts=_facts(base, load, meant),
        sentences=tuple(_sentences(carried, failed, found)),
        warnings=tuple(_warnings(base)),
        tables=tables,
        columns=COLUMNS,
    )


def flows_meant(network: Network, load: Load) -> frozenset[str]:
    """Return the ids of the flows that are multiplied.

    Raises
    ------
    ResultsError
        If there is none; the nearest names are said.
    """
    rows = {flow_of(row): row for row in network.demand}
    nodes = sorted({end for row in rows.values() for end in (row.origin, row.destination)})
    problems = [
        f"--flow {name}: no flow of that id{nearest(name, sorted(rows))}"
        for name in load.flows
        if not any(matches(flow, name) for flow in rows)
    ]
    problems += [
        f"{option} {node}: no flow has that end{nearest(node, nodes)}"
        for option, node in (("--from", load.origin), ("--to", load.destination))
        if node and node not in nodes
    ]
    found = frozenset(flow for flow, row in rows.items() if _is_meant(flow, row, load))
    if not problems and not found:
        problems = [f"--from {load.origin} --to {load.destination}: no flow goes so"]
    if problems:
        raise ResultsError("\n".join(problems))
    return found


def _is_meant(flow: str, row: DemandRow, load: Load) -> bool:
    return (
        (not load.flows or any(matches(flow, name) for name in load.flows))
        and load.origin in {"", row.origin}
        and load.destination in {"", row.destination}
    )


def multiplied(base: Scenario, meant: frozenset[str] | None, multiplier: float) -> Scenario:
    """Return the scenario with the demand of some flows multiplied, over the factors it has.

    Parameters
    ----------
    base
        The scenario.
    meant
        Ids of flows; None: all.
    multiplier
        Above 0.
    """
    demand = base.demand
    update: dict[str, object] = {"factor": _times(demand.factor, multiplier)}
    if meant is not None:
        factors = dict(demand.factors)
        for flow in sorted(meant):
            keys = [key for key in demand.factors if matches(flow, key)]
            own = demand.factors[max(keys, key=len)] if keys else 1.0
            factors[flow] = _times(own, multiplier)
        update = {"factors": factors}
    return base.model_copy(
        update={
            "demand": demand.model_copy(update=update),
            "name": f"{base.name}-{QUESTION}",
            "title": f"{base.title or base.name}, demand × {multiplier:g}",
        }
    )


def _times(factor: float, multiplier: float) -> float:
    """Return a product without the dust of binary fractions."""
    return float(f"{factor * multiplier:.12g}")


def _search(
    base: Scenario, load: Load, meant: frozenset[str] | None, asking: Asking
) -> Iterator[Trial]:
    """Yield the trials of a search by bracket and bisection, in whole steps."""
    step = Fraction(str(load.step))
    last = int(Fraction(str(load.most)) / step)
    at = max(1, min(round(1 / step), last))
    carried, failed = 0, last + 1
    while failed - carried > 1:
        multiplier = float(at * step)
        trial = _tried(base, meant, multiplier, asking)
        yield trial
        carried, failed = (at, failed) if trial.is_carried else (carried, at)
        is_open = failed > last
        at = min(2 * carried, last) if is_open else (carried + failed) // 2


def _tried(
    base: Scenario, meant: frozenset[str] | None, multiplier: float, asking: Asking
) -> Trial:
    scenario = base if multiplier == 1 else multiplied(base, meant, multiplier)
    try:
        (found,) = experiments([scenario], asking)
    except GridlockError as error:
        return _stuck(multiplier, f"gridlock: {error}")
    growth, created = stock_growth(found.replications)
    half = np.nan if growth.half_width is None else growth.half_width
    over = growing(found.trends)
    reasons = [f"gridlock: {found.gridlock[0]}"] if found.gridlock else []
    if does_stock_grow(found.replications):
        reasons.append(f"stock grows by more than {100 * GROWTH_OVER:g} % of what is created")
    if over:
        reasons.append(f"the queue grows at {', '.join(over[:MOST_NAMED])}")
    return Trial(
        multiplier=multiplier,
        is_carried=not reasons,
        why="; ".join(reasons),
        growth_teu=growth.mean,
        half_width=half,
        created_teu=created,
        growing=len(over),
        places=_piling(found, growth.mean),
    )


def _stuck(multiplier: float, why: str) -> Trial:
    """Return the trial of a run that ended before its window began."""
    nothing = np.nan
    return Trial(
        multiplier,
        is_carried=False,
        why=why,
        growth_teu=nothing,
        half_width=nothing,
        created_teu=nothing,
        growing=0,
        places=_nothing(),
    )


def _nothing() -> pd.DataFrame:
    named = [c.column for c in COLUMNS if c.table == "binding" and c.column != "rank"]
    return pd.DataFrame(columns=named)


def _piling(found: Experiment, growth_teu: float) -> pd.DataFrame:
    """Return the stations where stock grows beyond chance by 2 % of all growth, most first."""
    stations = found.stations[["station", "name"]].rename(columns={"station": "place"})
    table = found.stock.merge(stations, on="place").merge(found.trends, on="place", how="left")
    half = table["teu_growth_half_width_95"].to_numpy(float)
    growth = table["teu_growth"].to_numpy(float)
    table = table.assign(
        teu_growth_half_width=half,
        queue_growth=table["growth_per_day"].astype(float),
        queue_growth_half_width=table["half_width_99"].astype(float),
        grows=table["grows"].fillna("no"),
    )
    table = table[growth > np.maximum(half, GROWS_OVER * growth_teu)]
    table = table.sort_values(["teu_growth", "place"], ascending=[False, True])
    shown: pd.DataFrame = table[list(_nothing().columns)].reset_index(drop=True)
    return shown


def _bounds(
    base: Scenario, world: World, meant: frozenset[str], asking: Asking
) -> tuple[Bound, ...]:
    """Return the bounds of the narrowest cuts, by what the base sends in its window."""
    (found,) = experiments([base], asking)
    sent = found.flows.groupby("flow")["teu_offered"].sum() / base.window.length_days
    rows = {flow_of(row): row for row in world.network.demand}
    wanted = [_wanted(base, rows[str(flow)], float(teu), meant) for flow, teu in sent.items()]
    return bounds(world.network, applied(world.network), wanted)


def _wanted(base: Scenario, row: DemandRow, teu: float, meant: frozenset[str]) -> Wanted:
    is_meant = flow_of(row) in meant
    raised = base.demand.lot_teu if row.load_class == "box" else None
    lot_teu = raised or row.lot * teu_per_unit(row.load_class, row.lot_unit or row.unit)
    return Wanted(
        flow=flow_of(row),
        origin=row.origin,
        destination=row.destination,
        load_class=row.load_class,
        modes=frozenset(base.keep.modes or row.allowed_modes),
        scaled_teu=teu if is_meant else 0.0,
        fixed_teu=0.0 if is_meant else teu,
        lot_teu=lot_teu,
    )


def _trials(trials: Sequence[Trial]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "multiplier": [trial.multiplier for trial in trials],
            "carried": ["yes" if trial.is_carried else "no" for trial in trials],
            "growth_teu": [trial.growth_teu for trial in trials],
            "growth_teu_half_width": [trial.half_width for trial in trials],
            "created_teu": [trial.created_teu for trial in trials],
            "growing": [trial.growing for trial in trials],
            "why": [trial.why for trial in trials],
        }
    )
    figures = ("growth_teu", "growth_teu_half_width", "created_teu")
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _binding(trial: Trial | None) -> pd.DataFrame:
    table = _nothing() if trial is None else trial.places
    return table.assign(rank=np.arange(1, len(table) + 1))[["rank", *_nothing().columns]]


def _bound_table(found: Sequence[Bound]) -> pd.DataFrame:
    rows = [
        (one.multiplier, one.about, cut.place, cut.teu_per_day)
        for one in found[:MOST_CUTS]
        for cut in one.cut
    ]
    table = pd.DataFrame(rows, columns=["multiplier", "about", "place", "teu_per_day"])
    figures = ("multiplier", "teu_per_day")
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _facts(base: Scenario, load: Load, meant: frozenset[str]) -> tuple[tuple[str, str], ...]:
    words = [f"flows {', '.join(load.flows)}"] if load.flows else []
    words += [f"from {load.origin}"] if load.origin else []
    words += [f"to {load.destination}"] if load.destination else []
    window = base.window
    return (
        ("Multiplied", f"{' '.join(words) or 'all flows'} ({len(meant)})"),
        ("Window", f"{window.start}, {window.length_days} days"),
        ("Replications", f"{base.experiment.replications} of each multiplier, the same draws"),
        ("Steps", f"{load.step:g}, up to {load.most:g}"),
    )


def _sentences(
    carried: Sequence[float], failed: Sequence[Trial], found: Sequence[Bound]
) -> Iterator[str]:
    """Yield the answer in words."""
    best = max(carried, default=0.0)
    if not failed:
        yield f"Demand × {best:g} is carried; more was not tried"
    elif not carried:
        yield f"Not even demand × {failed[0].multiplier:g} is carried: {failed[0].why}"
    else:
        worst = failed[0]
        yield f"Demand × {best:g} is carried, × {worst.multiplier:g} is not: {worst.why}"
    if failed and len(failed[0].places):
        shown = failed[0].places.head(MOST_BINDING)
        binds = ", ".join(
            f"{name} (+{growth:,.0f} TEU)"
            for name, growth in zip(shown["name"], shown["teu_growth"], strict=True)
        )
        yield f"Stock piles up at × {failed[0].multiplier:g} at {binds}"
    if found:
        least = found[0]
        places = ", ".join(f"{cut.place} ({cut.teu_per_day:,.0f} TEU a day)" for cut in least.cut)
        yield (
            f"No run can carry more than × {least.multiplier:.3g}: flows {least.about} must pass "
            f"{places}"
        )
    else:
        yield "No cut of the network bounds the demand"


def _warnings(base: Scenario) -> Iterator[str]:
    window = base.window
    if 2 * window.warm_up_days > window.length_days:
        yield (
            f"A queue that grows steadily through a warm-up of {window.warm_up_days} days and a "
            f"window of {window.length_days} does not grow by its mean within the window, and "
            "only the stock shows it; a window of at least twice the warm-up is wanted"
        )
