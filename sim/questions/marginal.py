"""What one more of each capacity is worth (`keruen marginal`).

In: a base scenario, which capacities. Out: `Answer`: capacities by what one more gains, paired;
with rounds, the best is applied and all are asked again, which shows where the bottleneck goes.
"""

from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
import pandas as pd

from network.reader import nearest
from network.schema import Network
from sim.errors import ResultsError
from sim.experiment.intervals import rounded
from sim.experiment.replicate import Experiment, does_stock_grow
from sim.measures.columns import Column
from sim.questions.answers import Answer, Asking, check_replications, experiments
from sim.questions.capacities import Capacity, Sort, capacities
from sim.questions.costs import NONE, Costs
from sim.questions.paired import Effect, Screening, Stage, effect, stages
from sim.questions.places import world_on
from sim.questions.stress import replication_words
from sim.questions.variants import with_changes
from sim.scenario import Scenario, network_of

QUESTION: Final = "marginal"
KPIS: Final = ("teu_delivered", "transit_mean_d", "waiting_teu_d")
YEAR_D: Final = 365
SHOWN: Final = ("all", "confirmed")

By = Literal["teu", "days", "waiting"]

_KPI: Final[dict[By, tuple[str, Literal["most", "least"], str]]] = {
    "teu": ("teu_delivered", "most", "teu_per_year"),
    "days": ("transit_mean_d", "least", "days_saved"),
    "waiting": ("waiting_teu_d", "least", "waiting_saved_per_year"),
}
"""What ranks: its KPI, what is wanted of it, its column."""


class Wish(NamedTuple):
    """Of what one more is tried."""

    sorts: tuple[Sort, ...]
    """Empty: all."""
    only: tuple[str, ...]
    """Ids, such as `server:ID`, or of the row alone; empty: all."""
    most: int
    """Capacities that are tried, those first where the base waits most."""
    by: By | None
    """What ranks; None: days, or TEU where stock grows."""
    rounds: int
    """Times that the best is applied; the last round applies none."""


class _Round(NamedTuple):
    """One round."""

    base: Experiment
    found: tuple[Stage, ...]
    asked: tuple[Capacity, ...]
    every: tuple[str, ...]
    """Ids of all capacities, tried or not."""
    by: By


COLUMNS: tuple[Column, ...] = tuple(
    Column(*row)
    for row in (
        (
            "marginal",
            "round",
            "",
            "key",
            "1, 2, ...: what the rounds before gained is in the base",
        ),
        ("marginal", "rank", "", "key", "1: the greatest gain; those confirmed stand first"),
        ("marginal", "capacity", "", "label", "kind and id of the row, as --only takes it"),
        ("marginal", "kind", "", "label", "path, server, hour, room, vessel, wagon, locomotive"),
        ("marginal", "name", "", "label", "in words"),
        (
            "marginal",
            "teu_per_year",
            "TEU/a",
            "mean",
            "more TEU delivered in the window, paired, at that rate for 365 days",
        ),
        ("marginal", "teu_per_year_half_width", "TEU/a", "mean", "over the whole stage"),
        ("marginal", "days_saved", "d", "mean", "shorter transit, mean of the cohort, paired"),
        ("marginal", "days_saved_half_width", "d", "mean", "over the whole stage"),
        (
            "marginal",
            "waiting_saved_per_year",
            "TEU d",
            "mean",
            "less waiting of the cohort, paired, at that rate for 365 days",
        ),
        ("marginal", "waiting_saved_per_year_half_width", "TEU d", "mean", "likewise"),
        (
            "marginal",
            "verdict",
            "",
            "label",
            "`gain`, `loss`, `no difference shown` of what ranks: true together at 95 %",
        ),
        ("marginal", "p_adjusted", "", "mean", "p value of it over the whole stage (Holm)"),
        ("marginal", "usd", "USD", "mean", "what one more costs, where a cost was given"),
        ("marginal", "usd_per_teu", "USD", "mean", "for each TEU a year, where TEU are gained"),
        (
            "marginal",
            "usd_per_teu_day",
            "USD",
            "mean",
            "for each TEU-day of waiting a year, where waiting is saved",
        ),
        ("marginal", "waiting_base", "TEU h", "mean", "that the base books where it would help"),
        ("marginal", "change", "", "label", "the rows that change, as --set takes them"),
        ("marginal", "n", "", "total", "replications paired"),
        ("marginal", "stage", "", "label", "`all`; or `confirmed` under fresh draws, `screened`"),
        ("marginal", "gridlock", "", "label", "who waits for whom, where nothing can move"),
        ("rounds", "round", "", "key", "1, 2, ..."),
        ("rounds", "bottleneck", "", "label", "place with the most waiting in the round's base"),
        ("rounds", "name", "", "label", "in words"),
        ("rounds", "waiting", "TEU h", "mean", "booked there"),
        ("rounds", "waiting_half_width", "TEU h", "mean", "of its 95 % t interval"),
        ("rounds", "share_percent", "%", "mean", "of all waiting"),
        ("rounds", "applied", "", "label", "what is in the base of the next round"),
    )
)


def ask(
    base: Scenario,
    wish: Wish,
    asking: Asking,
    *,
    screening: Callable[[str, Literal["most", "least"]], Screening] | None = None,
    costs: Callable[[Sequence[str]], Costs] | None = None,
) -> Answer:
    """Return what one more of each capacity is worth.

    Parameters
    ----------
    base
        What the corridor is without it.
    wish
        Of what.
    asking
        How runs are obtained.
    screening
        From the KPI that ranks and what is wanted of it to the first pass; None: there is none.
    costs
        From the ids and kinds of capacities to what they cost; None: no cost is known.

    Raises
    ------
    ResultsError
        If nothing waits, a capacity is not known, or there is only one replication.
    """
    check_replications(base)
    network = network_of(base)
    tables: list[pd.DataFrame] = []
    rounds: list[dict[str, object]] = []
    sentences: list[str] = []
    scenario, first = base, None
    for number in range(1, wish.rounds + 1):
        one = _round(scenario, network, wish, asking, screening)
        known = [*get_args(Sort), *one.every]
        priced = NONE if costs is None else costs(known)
        table = _table(one, base.window.length_days, priced)
        tables.append(table.assign(round=number))
        sentences += _sentences(table, one.by, number, wish.rounds)
        best = _best(table)
        applied = None if best is None or number == wish.rounds else best
        rounds.append(_round_row(one.base, number, applied))
        first = first or one
        if applied is None:
            break
        chosen = next(c.variant for c in one.asked if c.variant.id == str(applied["capacity"]))
        scenario = with_changes(
            scenario, chosen.changes, name=f"{base.name}-relieved-{number}", title=chosen.what
        )
        network = network_of(scenario)
    assert first is not None
    return Answer(
        question=QUESTION,
        scenario=base.name,
        title=f"{base.title or base.name}: what one more is worth",
        facts=_facts(base, wish, first, screening),
        sentences=tuple(sentences),
        warnings=tuple(first.base.remarks),
        tables={"marginal": _together(tables), "rounds": _rounds_table(rounds)},
        columns=COLUMNS,
    )


def _round(
    scenario: Scenario,
    network: Network,
    wish: Wish,
    asking: Asking,
    screening: Callable[[str, Literal["most", "least"]], Screening] | None,
) -> _Round:
    """Run one more of each capacity against a base."""
    (first,) = experiments([scenario], asking)
    every = capacities(world_on(network, scenario.window.start), network, first)
    asked = _chosen(every, wish)[: wish.most]
    if not asked:
        raise ResultsError(
            f"{scenario.name}: nothing waits for a capacity that could be one more; there is no "
            "bottleneck to relieve"
        )
    by: By = wish.by or ("teu" if does_stock_grow(first.replications) else "days")
    kpi, want, _ = _KPI[by]
    found = stages(
        scenario,
        [one.variant for one in asked],
        asking,
        KPIS,
        question=QUESTION,
        screening=None if screening is None else screening(kpi, want),
    )
    return _Round(first, found, tuple(asked), tuple(one.variant.id for one in every), by)


def _chosen(every: Sequence[Capacity], wish: Wish) -> list[Capacity]:
    """Return the capacities that were named; if none was, those for which the base waits.

    Raises
    ------
    ResultsError
        If one is not known; the nearest is said.
    """
    of_sort = [one for one in every if not wish.sorts or one.variant.kind in wish.sorts]
    if not wish.only:
        return [one for one in of_sort if one.waiting_teu_h > 0]
    named = [
        (name, [one for one in of_sort if name in {one.variant.id, one.variant.id.split(":")[1]}])
        for name in wish.only
    ]
    known = sorted(one.variant.id for one in of_sort)
    lacking = [
        f"--only {name}: no capacity of that id{nearest(name, known)}"
        for name, found in named
        if not found
    ]
    if lacking:
        raise ResultsError("\n".join(lacking))
    wanted = {one.variant.id for _, found in named for one in found}
    return [one for one in of_sort if one.variant.id in wanted]


def _table(one: _Round, window_days: int, costs: Costs) -> pd.DataFrame:
    """Return the table `marginal` of a round: each capacity once, confirmed if it was."""
    done: set[str] = set()
    rows: list[dict[str, object]] = []
    column = _KPI[one.by][2]
    for stage in one.found:
        run = {*stage.others, *stage.gridlocked} - done
        done |= run
        part = [
            _row(stage, each, window_days, one.by, costs)
            for each in one.asked
            if each.variant.id in run
        ]
        rows += sorted(part, key=lambda row: -np.nan_to_num(float(str(row[column])), nan=-np.inf))
    table = pd.DataFrame(rows)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    return table


def _row(stage: Stage, one: Capacity, window_days: int, by: By, costs: Costs) -> dict[str, object]:
    name = one.variant.id
    found = {kpi: effect(stage, name, kpi) for kpi in KPIS}
    a_year = YEAR_D / window_days
    row: dict[str, object] = {
        "capacity": name, "kind": one.variant.kind, "name": one.variant.what,
    }  # fmt: skip
    row |= _gained("teu_per_year", found["teu_delivered"], a_year)
    row |= _gained("days_saved", found["transit_mean_d"], -1)
    row |= _gained("waiting_saved_per_year", found["waiting_teu_d"], -a_year)
    ranking = found[_KPI[by][0]]
    usd = costs.of(name)
    return {
        **row,
        "verdict": _verdict(ranking, _KPI[by][1]),
        "p_adjusted": np.nan if ranking is None else ranking.p_adjusted,
        "usd": np.nan if usd is None else usd,
        "usd_per_teu": _per(usd, row["teu_per_year"]),
        "usd_per_teu_day": _per(usd, row["waiting_saved_per_year"]),
        "waiting_base": one.waiting_teu_h,
        "change": one.variant.written,
        "n": stage.base.setting.replications,
        "stage": stage.name,
        "gridlock": stage.gridlocked.get(name, ""),
    }


def _gained(column: str, found: Effect | None, times: float) -> dict[str, object]:
    if found is None:
        return {column: np.nan, f"{column}_half_width": np.nan}
    return {
        column: found.difference * times,
        f"{column}_half_width": found.half_width * abs(times),
    }


def _verdict(found: Effect | None, want: Literal["most", "least"]) -> str:
    if found is None:
        return "gridlock"
    good = "more" if want == "most" else "less"
    if found.verdict in {"more", "less"}:
        return "gain" if found.verdict == good else "loss"
    return found.verdict


def _per(usd: float | None, gain: object) -> float:
    value = float(str(gain))
    return np.nan if usd is None or not value > 0 else usd / value


def _best(table: pd.DataFrame) -> "pd.Series[float] | None":
    """Return the row of the greatest gain that is shown, None where none is."""
    shown = table[(table["verdict"] == "gain") & table["stage"].isin(SHOWN)]
    return None if shown.empty else shown.iloc[0]


def _round_row(
    base: Experiment, number: int, applied: "pd.Series[float] | None"
) -> dict[str, object]:
    """Return where the base of a round waits most, and what is applied after it."""
    table = base.bottlenecks
    worst = table[(table["by"] == "ledger") & (table["rank"] == table["rank"].min())].iloc[0]
    return {
        "round": number,
        "bottleneck": str(worst["place"]),
        "name": str(worst["name"]),
        "waiting": float(worst["value"]),
        "waiting_half_width": float(worst["value_half_width_95"]),
        "share_percent": float(worst["share_percent"]),
        "applied": "" if applied is None else str(applied["name"]),
    }


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    table = pd.concat(tables, ignore_index=True)
    own = [c.column for c in COLUMNS if c.table == "marginal"]
    figures = [c.column for c in COLUMNS if c.table == "marginal" and c.use == "mean"]
    return table[own].assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _rounds_table(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    figures = ("waiting", "waiting_half_width", "share_percent")
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _facts(
    base: Scenario,
    wish: Wish,
    first: _Round,
    screening: Callable[[str, Literal["most", "least"]], Screening] | None,
) -> tuple[tuple[str, str], ...]:
    window, (kpi, want, _) = base.window, _KPI[first.by]
    one = None if screening is None else screening(kpi, want)
    ranks = {"teu": "TEU delivered", "days": "days of transit", "waiting": "TEU-days of waiting"}
    return (
        ("Tried", f"one more of {len(first.asked)} of {len(first.every)} capacities"),
        ("Chosen", "by --only" if wish.only else "those first where the base waits most"),
        ("Ranked by", ranks[first.by]),
        ("Window", f"{window.start}, {window.length_days} days"),
        ("Replications", replication_words(base, one)),
    )


def _sentences(table: pd.DataFrame, by: By, number: int, rounds: int) -> list[str]:
    """Return the answer of a round in words."""
    before = f"Round {number}: " if rounds > 1 else ""
    shown = table[(table["verdict"] == "gain") & table["stage"].isin(SHOWN)]
    if shown.empty:
        return [f"{before}one more of nothing that was tried shows a gain beyond chance"]
    return [f"{before}{row['name']} {_gain_words(row, by)}" for _, row in shown.head(3).iterrows()]


def _gain_words(row: "pd.Series[float]", by: By) -> str:
    if by == "days":
        return f"saves {row['days_saved']:.3f} days (± {row['days_saved_half_width']:.3f})"
    column = _KPI[by][2]
    verb, unit = ("brings", "TEU") if by == "teu" else ("saves", "TEU-days of waiting")
    return f"{verb} {row[column]:,.0f} {unit} a year (± {row[f'{column}_half_width']:,.0f})"
