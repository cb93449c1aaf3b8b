"""The answer in plain words: what differs, by how much, and how sure that is.

In: a run or a comparison. Out: sentences and figures in which no mean stands without its
interval or the words that there is none.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from sim.report import words
from sim.report.material import Comparison, Run
from sim.report.numbers import (
    decimals_for,
    figure,
    interval,
    share_spread,
    signed,
    spread,
    unit_words,
)
from sim.report.words import Names

HEADLINES = (
    "teu_created",
    "teu_delivered",
    "teu_delivered_per_year",
    "teu_refused",
    "transit_mean_d",
    "paired.transit_mean_d",
    "transit_p50_d",
    "transit_p90_d",
    "transit_p95_d",
    "delay_mean_d",
    "excess_mean_d",
    "waiting_teu_d",
    "usd_per_teu",
    "co2e_kg_per_teu",
    "trains_held_for_china_max",
    "stock_start_teu",
    "stock_end_teu",
    "stock_growth_teu",
    "unfinished_percent",
)
"""KPIs of the first table, in order; stock inside and censored consignments always."""

_SAID: Mapping[str, tuple[str, str]] = MappingProxyType({
    "teu_delivered": ("delivers {} TEU more", "delivers {} TEU fewer"),
    "transit_mean_d": ("takes {} days longer from door to door, on average",
                       "is {} days faster from door to door, on average"),
    "delay_mean_d": ("keeps a TEU waiting {} days longer", "saves a TEU {} days of waiting"),
    "usd_per_teu": ("costs {} USD a TEU more", "costs {} USD a TEU less"),
    "co2e_kg_per_teu": ("emits {} kg CO2e a TEU more", "emits {} kg CO2e a TEU less"),
    "stock_end_teu": ("ends with {} TEU more inside the corridor",
                      "ends with {} TEU fewer inside the corridor"),
})  # fmt: skip

MOST_PLACES = 6


class Line(NamedTuple):
    """One quantity of a comparison."""

    what: str
    base: str
    scenario: str
    difference: str
    interval: str
    n: str
    verdict: str
    tone: str
    """``more``, ``less`` or ``none``: how the verdict is set."""


class Move(NamedTuple):
    """Where the bottleneck stands, by one measure."""

    by: str
    base: str
    scenario: str


def _row(table: pd.DataFrame, kpi: str) -> "pd.Series[float] | None":
    rows = table[table["kpi"] == kpi]
    return None if rows.empty else rows.iloc[0]


def tone(verdict: str) -> str:
    """How a verdict is set: ``more``, ``less`` or ``none``."""
    last = verdict.rpartition(":")[2].strip()
    return last if last in {"more", "less"} else "none"


def lines(table: pd.DataFrame, kpis: Sequence[str], known: Names) -> list[Line]:
    """Rows of a comparison in words, those of ``kpis`` that it has, in that order."""
    found = [(kpi, _row(table, kpi)) for kpi in kpis]
    return [_line(kpi, row, known) for kpi, row in found if row is not None]


def _line(kpi: str, row: "pd.Series[float]", known: Names) -> Line:
    difference, half = _number(row["difference"]), _number(row["half_width"])
    unit = str(row["unit"])
    places = decimals_for(difference or 0.0, half, unit)
    return Line(
        words.quantity(kpi, unit, known),
        figure(_number(row["base"]), places),
        figure(_number(row["scenario"]), places),
        signed(difference, places),
        interval(difference, half, unit),
        figure(_number(row["n"]), 0),
        str(row["verdict"]),
        tone(str(row["verdict"])),
    )


def _number(value: object) -> float | None:
    number = float(str(value)) if str(value) else float("nan")
    return None if number != number else number  # noqa: PLR0124  (only NaN differs from itself)


def sentences(comparison: Comparison) -> list[str]:
    """The answer, a sentence each: TEU, days, waiting, cost, stock, crossings, bottleneck."""
    known = words.names(comparison.scenario.world.places)
    table = comparison.comparison
    told = [_told(kpi, row) for kpi in _SAID if (row := _row(table, kpi)) is not None]
    return [*told, *_crossings(table, known), *_bottleneck_told(comparison)]


def _told(kpi: str, row: "pd.Series[float]") -> str:
    difference, half = _number(row["difference"]), _number(row["half_width"])
    verdict, unit = str(row["verdict"]), str(row["unit"])
    what = words.kpi(kpi, Names({}))
    if difference is None:
        return f"{what}: not stated."
    places = decimals_for(difference, half, unit)
    signed_with_unit = f"{signed(difference, places)} {unit_words(unit)}".strip()
    if half is None:
        alone = "in one replication; without an interval this shows nothing."
        return f"{what}: {signed_with_unit} {alone}"
    paired = f"{figure(_number(row['n']), 0)} paired replications"
    if tone(verdict) == "none":
        ends = interval(difference, half, unit)
        return f"{what}: {_turned(verdict)}; {signed_with_unit} (95 % interval {ends}, {paired})."
    much = _SAID[kpi][0 if tone(verdict) == "more" else 1].format(figure(abs(difference), places))
    ends = " to ".join(figure(abs(difference) + side * half, places) for side in (-1, 1))
    part = percent_of(difference, _number(row["base"]) or 0.0)
    sentence = f"The scenario {much} ({part}95 % interval {ends}, {paired})."
    few = "Indicative only, fewer than ten replications: "
    return few + sentence if verdict.startswith("indicative") else sentence


def _turned(verdict: str) -> str:
    """The verdict with what limits it behind it."""
    limit, _, rest = verdict.partition(": ")
    return f"{rest} ({limit})" if rest else verdict


def _crossings(table: pd.DataFrame, known: Names) -> list[str]:
    """One sentence on the border crossings whose traffic differs most."""
    rows = table[table["kpi"].str.startswith("crossing.")]
    shown = rows[[tone(str(v)) != "none" for v in rows["verdict"]]]
    if shown.empty:
        return []
    order = shown["difference"].abs().sort_values(ascending=False, kind="stable").index
    parts = []
    for row in shown.loc[order[:MOST_PLACES]].itertuples():
        difference, half = _number(row.difference), _number(row.half_width)
        said = signed(difference, decimals_for(0.0, half, "TEU"))
        ends = interval(difference, half, "TEU")
        parts.append(f"{words.kpi(str(row.kpi), known)} {said} TEU ({ends})")
    return ["Through border crossings: " + "; ".join(parts) + "."]


def moves(comparison: Comparison) -> list[Move]:
    """Where the bottleneck stands in the base and in the scenario, by each measure."""
    out = []
    for by in ("ledger", "utilisation"):
        places = [first(run, by) for run in (comparison.base, comparison.scenario)]
        if all(places):
            out.append(Move(by, *places))
    return out


def first(run: Run, by: str) -> str:
    """The greatest place of a run by one measure, with its figure and interval."""
    table = run.tables.bottlenecks
    ranked = table[(table["by"] == by) & table["rank"].notna()]
    if ranked.empty:
        return ""
    row = ranked.sort_values(["rank", "place"], kind="stable").iloc[0]
    value, half = _number(row["value"]), _number(row.get("value_half_width_95", ""))
    if by == "utilisation":
        said = share_spread(value, half)
    else:
        said = f"{spread(value, half, str(row['unit']))} {unit_words(str(row['unit']))}"
    return f"{row['name'] or row['place']} ({said})"


def _bottleneck_told(comparison: Comparison) -> list[str]:
    said = {
        "ledger": "The place with the most waiting",
        "utilisation": "The busiest place (by utilisation)",
    }
    out = []
    for move in moves(comparison):
        names = [place.partition(" (")[0] for place in (move.base, move.scenario)]
        moved = "stays at" if names[0] == names[1] else f"moves from {names[0]} to"
        out.append(f"{said[move.by]} {moved} {names[1]}.")
    return out


def run_sentences(run: Run) -> list[str]:
    """What one run found, a sentence each, with intervals."""
    table = run.tables.summary

    def told(kpi: str, text: str) -> str:
        row = _row(table, kpi)
        if row is None:
            return ""
        bound = f"{row['bound']} " if str(row["bound"]) else ""
        value, half = _number(row["value"]), _number(row["half_width_95"])
        return text.format(bound + spread(value, half, str(row["unit"])))

    parts = (
        told("teu_delivered", "The corridor delivers {} TEU in the window."),
        told("transit_mean_d", "A TEU takes {} days from door to door, on average."),
        told("delay_mean_d", "Of these it waits {} days."),
        told("stock_end_teu", "At the window's end {} TEU are still inside."),
        told("stock_growth_teu", "Over the window the stock inside grows by {} TEU."),
        told("unfinished_percent", "When the run ended, {} % of the cohort were unfinished."),
        *(_run_bottleneck(run)),
    )
    return [part for part in parts if part]


def _run_bottleneck(run: Run) -> list[str]:
    said = {"ledger": "Most waiting is booked at {}.", "utilisation": "The busiest place is {}."}
    return [text.format(place) for by, text in said.items() if (place := first(run, by))]


def percent_of(part: float, whole: float) -> str:
    """A difference as a percentage of the base, or nothing where there is no base."""
    return f"{signed(100.0 * part / whole, 1)} %; " if whole else ""
