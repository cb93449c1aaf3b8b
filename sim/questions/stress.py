"""What the closure of each node, link or facility for some days costs (`keruen stress`).

In: a base scenario, which places, when and for how long. Out: `Answer`: places by the TEU-days
that are lost, with the days until the corridor has recovered.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from network.schema import RowChange
from sim.errors import ResultsError
from sim.experiment.intervals import rounded, t_interval, t_quantile
from sim.experiment.replicate import Experiment
from sim.measures.columns import Column
from sim.questions.answers import Answer, Asking, check_replications, experiments
from sim.questions.paired import Screening, Stage, effect, stages
from sim.questions.places import Kind, Place, World, chosen, places_used, world_of
from sim.questions.variants import Variant, added
from sim.scenario import Scenario

QUESTION = "stress"
KPIS = ("stock_mean_teu", "waiting_teu_d", "teu_delivered", "transit_mean_d")
CLEARED = 0.1
"""Part of the greatest extra stock that may be left when it counts as cleared."""
_HOURS = 24
_ROUNDING = 1e-6
"""Part of the stock by which two runs of the same may differ on paper."""

Floats = NDArray[np.float64]


class Shock(NamedTuple):
    """What is closed, when and for how long."""

    kinds: tuple[Kind, ...]
    only: tuple[str, ...]
    """Ids; empty: all with traffic."""
    most: int
    """Places that are closed, those with most traffic first."""
    start: date | None
    """First day; None: after a quarter of the window."""
    days: int


COLUMNS: tuple[Column, ...] = tuple(
    Column("stress", *row)
    for row in (
        ("rank", "", "key", "1: the most TEU-days lost; places confirmed stand before others"),
        ("place", "", "key", "id of the node, the link or the station"),
        ("kind", "", "label", "node, link or facility"),
        ("name", "", "label", "in words"),
        ("teu_base", "TEU", "mean", "through it in the window of the base"),
        (
            "teu_days_lost",
            "TEU d",
            "mean",
            "more TEU-days inside the corridor over the window than in the base, paired",
        ),
        ("teu_days_lost_half_width", "TEU d", "mean", "of its interval, over the whole stage"),
        ("p_adjusted", "", "mean", "p value of it over the whole stage (Holm)"),
        ("verdict", "", "label", "`more`, `less`, `no difference shown`: true together at 95 %"),
        ("waiting_teu_d", "TEU d", "mean", "more waiting of the cohort, run-out included"),
        ("waiting_teu_d_half_width", "TEU d", "mean", "likewise"),
        ("teu_not_delivered", "TEU", "mean", "less delivered in the window"),
        ("teu_not_delivered_half_width", "TEU", "mean", "likewise"),
        ("transit_d", "d", "mean", "longer transit, mean of the cohort"),
        ("transit_d_half_width", "d", "mean", "likewise"),
        (
            "recovery_d",
            "d",
            "mean",
            (
                "from the reopening to the first day on which stock inside is back within the "
                "95 % interval of the base's mean of that day; who has not counts to the "
                "window's end, and the mean is then a lower bound"
            ),
        ),
        ("recovery_d_half_width", "d", "mean", "of its t interval"),
        ("recovered", "", "total", "replications that had, before the window's end"),
        (
            "clearing_d",
            "d",
            "mean",
            (
                "from the reopening to the first day with a tenth of the greatest extra stock "
                "left, paired; likewise a lower bound where `cleared` is less than n"
            ),
        ),
        ("clearing_d_half_width", "d", "mean", "of its t interval"),
        ("cleared", "", "total", "replications that had, before the window's end"),
        ("n", "", "total", "replications paired"),
        ("stage", "", "label", "`all`; or `confirmed` under fresh draws, and `screened`"),
        ("gridlock", "", "label", "who waits for whom, where nothing can move any more"),
    )
)


def ask(
    base: Scenario, shock: Shock, asking: Asking, *, screening: Screening | None = None
) -> Answer:
    """Return what closing each place costs.

    Parameters
    ----------
    base
        What the corridor is without it.
    shock
        What is closed.
    asking
        How runs are obtained.
    screening
        A first pass with few replications; None: all places with all replications.

    Raises
    ------
    ResultsError
        If the closure does not lie in the window, a place is not known, or there is only one
        replication.
    """
    check_replications(base)
    start = shock_start(base, shock)
    world = world_of(base)
    (first,) = experiments([base], asking)
    every = places_used(world, first, shock.kinds)
    asked = chosen(every, shock.only, " or ".join(shock.kinds))[: shock.most]
    if not asked:
        raise ResultsError(
            f"{base.name}: no {' or '.join(shock.kinds)} has traffic in the window, so there is "
            "nothing to close"
        )
    variants = [shut(place, world, start, shock.days) for place in asked]
    found = stages(base, variants, asking, KPIS, question=QUESTION, screening=screening)
    reopened = (start - base.window.start).days + shock.days
    table = _table(found, asked, base.window.length_days, reopened)
    return Answer(
        question=QUESTION,
        scenario=base.name,
        title=f"{base.title or base.name}: what closes, and what it costs",
        facts=_facts(base, shock, start, (len(asked), len(every)), screening),
        sentences=_sentences(table, shock.days),
        warnings=tuple(first.remarks),
        tables={"stress": table},
        columns=COLUMNS,
    )


def shock_start(base: Scenario, shock: Shock) -> date:
    """Return the first day of the closure.

    Raises
    ------
    ResultsError
        If it does not lie in the window with a day to spare.
    """
    window = base.window
    start = shock.start or window.start + timedelta(days=window.length_days // 4)
    if start < window.start or start + timedelta(days=shock.days) >= window.end:
        raise ResultsError(
            f"--from {start} --days {shock.days}: the closure must begin in the window of "
            f"{base.name}, {window.start} to {window.end}, and end at least a day before it does"
        )
    return start


def shut(place: Place, world: World, start: date, days: int) -> Variant:
    """Return the closure of a place as rows of closures.

    A node is shut with every link that touches it: nothing is served there, nothing enters it
    and nothing leaves it. What is on a link goes on to its end (R15).
    """
    what = f"{place.name} shut for {days} days"
    rows: list[RowChange] = []
    touching = tuple(
        link.id for link in world.network.links if place.id in {link.origin, link.destination}
    )
    kinds = {"node": "node", "link": "link", "facility": "station"}
    rows.append(_closure(f"x_stress_{place.id}", kinds[place.kind], place.rows, start, days))
    if place.kind == "node" and touching:
        rows.append(_closure(f"x_stress_{place.id}_links", "link", touching, start, days))
    return Variant(place.id, place.kind, what, tuple(rows))


def _closure(row_id: str, kind: str, target: tuple[str, ...], start: date, days: int) -> RowChange:
    return added(
        "closures",
        row_id,
        QUESTION,
        kind="closure",
        effect="shut",
        target_kind=kind,
        target=target,
        start=(start.isoformat(),),
        mean_h=days * _HOURS,
        law="deterministic",
        notes="of the question `stress`",
        source="assumption",
    )


class Recovery(NamedTuple):
    """How long a shock lasts after the reopening, per replication."""

    days: Floats
    """`(R,)` whole days; to the window's end where it has not recovered."""
    is_over: NDArray[np.bool_]
    """`(R,)` whether it has."""


def recoveries(
    base: pd.DataFrame, other: pd.DataFrame, reopened: int
) -> tuple[Recovery, Recovery]:
    """Return the days until stock is back in the base's band, and until a tenth is left.

    Parameters
    ----------
    base, other
        Tables `days_replications` of the base and of what was shut, under the same draws.
    reopened
        Day of the window on which all is open again, from 0.
    """
    mine, theirs = _inside(base), _inside(other)
    days = min(mine.shape[1], theirs.shape[1])
    mine, extra = mine[:, :days], theirs[:, :days] - mine[:, :days]
    count = mine.shape[0]
    half = t_quantile(count) * mine.std(axis=0, ddof=1) / count**0.5
    away = np.abs(mine + extra - mine.mean(axis=0))
    slack = _ROUNDING * np.maximum(mine, 1.0)
    # A replication whose own base lies outside the band is back when it is back at its base.
    is_back = (away <= half + slack) | (extra <= slack)
    peak = extra.max(axis=1, keepdims=True)
    return _first(is_back, reopened), _first(extra <= CLEARED * peak + slack, reopened)


def _inside(table: pd.DataFrame) -> Floats:
    """Return `(R, D)` TEU inside by replication and day."""
    wide = table.pivot_table(index="replication", columns="date", values="teu_inside")
    result: Floats = wide.to_numpy(float)
    return result


def _first(is_over: NDArray[np.bool_], reopened: int) -> Recovery:
    after = is_over[:, reopened:]
    found = after.any(axis=1)
    days = np.where(found, after.argmax(axis=1), after.shape[1]).astype(float)
    return Recovery(days, np.asarray(found, bool))


def _table(
    found: Sequence[Stage], places: Sequence[Place], window_days: int, reopened: int
) -> pd.DataFrame:
    """Return the table `stress`, each place once: confirmed if it was, else as screened."""
    done: set[str] = set()
    rows: list[dict[str, object]] = []
    for stage in found:
        mine = [p for p in places if p.id in {*stage.others, *stage.gridlocked} - done]
        done |= {place.id for place in mine}
        part = [_row(stage, place, window_days, reopened) for place in mine]
        rows += sorted(part, key=_loss, reverse=True)
    table = pd.DataFrame(rows)
    table.insert(0, "rank", np.arange(1, len(table) + 1))
    figures = [c.column for c in COLUMNS if c.use == "mean"]
    return table.assign(**{c: rounded(table[c].to_numpy(float)) for c in figures})


def _loss(row: dict[str, object]) -> float:
    lost = float(str(row["teu_days_lost"]))
    return np.inf if np.isnan(lost) else lost  # gridlock is the greatest loss


def _row(stage: Stage, place: Place, window_days: int, reopened: int) -> dict[str, object]:
    row: dict[str, object] = {
        "place": place.id, "kind": place.kind, "name": place.name, "teu_base": place.teu,
    }  # fmt: skip
    lost = effect(stage, place.id, "stock_mean_teu")
    scaled = (("teu_days_lost", lost, window_days),)
    others = (
        ("waiting_teu_d", effect(stage, place.id, "waiting_teu_d"), 1),
        ("teu_not_delivered", effect(stage, place.id, "teu_delivered"), -1),
        ("transit_d", effect(stage, place.id, "transit_mean_d"), 1),
    )
    for name, one, times in (*scaled, *others):
        row[name] = np.nan if one is None else one.difference * times
        row[f"{name}_half_width"] = np.nan if one is None else one.half_width * abs(times)
        if name == "teu_days_lost":
            row["p_adjusted"] = np.nan if one is None else one.p_adjusted
            row["verdict"] = "gridlock" if one is None else one.verdict
    row |= _recovered(stage, stage.others.get(place.id), reopened)
    return {
        **row,
        "n": stage.base.setting.replications,
        "stage": stage.name,
        "gridlock": stage.gridlocked.get(place.id, ""),
    }


def _recovered(stage: Stage, other: Experiment | None, reopened: int) -> dict[str, object]:
    row: dict[str, object] = {}
    both: tuple[Recovery | None, Recovery | None] = (None, None)
    if other is not None:
        both = recoveries(stage.base.days_replications, other.days_replications, reopened)
    for name, word, one in zip(
        ("recovery", "clearing"), ("recovered", "cleared"), both, strict=True
    ):
        interval = None if one is None else t_interval(one.days)
        half = None if interval is None else interval.half_width
        row[f"{name}_d"] = np.nan if interval is None else interval.mean
        row[f"{name}_d_half_width"] = np.nan if half is None else half
        row[word] = 0 if one is None else int(one.is_over.sum())
    return row


def _facts(
    base: Scenario, shock: Shock, start: date, places: tuple[int, int], screening: Screening | None
) -> tuple[tuple[str, str], ...]:
    """Return what was asked, in words."""
    window = base.window
    asked, every = places
    return (
        ("Closed", f"{start} to {start + timedelta(days=shock.days - 1)}, one place at a time"),
        ("Places", f"{asked} of {every} with traffic, the busiest first"),
        ("Window", f"{window.start}, {window.length_days} days"),
        ("Replications", replication_words(base, screening)),
    )


def replication_words(base: Scenario, screening: Screening | None) -> str:
    """Return how many replications there are of what."""
    count = base.experiment.replications
    if screening is None:
        return f"{count} of each"
    return (
        f"{screening.replications} of each, then {count} under fresh draws of the "
        f"{screening.confirm} that came out first"
    )


def _sentences(table: pd.DataFrame, days: int) -> tuple[str, ...]:
    """Return the answer in words."""
    shown = table[(table["verdict"] == "more") & table["stage"].isin(["all", "confirmed"])]
    said = [
        f"{row['name']} shut for {days} days costs {row['teu_days_lost']:,.0f} TEU-days "
        f"(± {row['teu_days_lost_half_width']:,.0f}); {_recovery_words(row)}"
        for _, row in shown.head(3).iterrows()
    ]
    stuck = table[table["verdict"] == "gridlock"]
    said += [
        f"{row['name']} shut for {days} days locks the corridor" for _, row in stuck.iterrows()
    ]
    return tuple(said) or ("No closure costs more TEU-days than chance alone would.",)


def _recovery_words(row: "pd.Series[float]") -> str:
    least = "at least " if row["cleared"] < row["n"] else ""
    return f"nine tenths of the extra stock are gone {least}{row['clearing_d']:.1f} days after"
