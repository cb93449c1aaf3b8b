"""Writes ``docs/fit.md``: the baseline of 2024 beside every published outcome.

In: the shipped baseline and the table of targets. Out: the page. Run it with
``python docs/generate_fit.py [replications]``; a year of the whole corridor at container
level takes about a minute a replication.
"""

import csv
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from fit_figures import figure
from fit_metrics import STRUCTURAL, Metric, parse_metric
from fit_run import read_run

from network.schema import TargetRow
from sim.compiler.build import compile_plan
from sim.experiment.intervals import Interval, t_interval
from sim.experiment.replicate import places
from sim.kernel.run import run as run_engine
from sim.measures.build import Measures, measured, watch_of
from sim.measures.scope import scope
from sim.measures.tally import tally
from sim.plan import Legend
from sim.scenario import load, network_of, shipped_folder

YEAR = 2024
REPLICATIONS = 3
CLOSE = 0.25
"""How far from the published value a figure of the model may lie without a reason."""

HERE = Path(__file__).parent


class Row(NamedTuple):
    """One target, what the model says of it, and what to make of that."""

    target: TargetRow
    kind: str
    """``made``, ``given`` (demand fixes it) or ``apart`` (not compared)."""
    model: Interval | None
    verdict: str


class Held(NamedTuple):
    """Trains that wait for China."""

    most: tuple[int, ...]
    """By replication, ascending."""
    stations: pd.DataFrame
    """Of the median replication: where they wait."""


def main() -> None:
    """Run the baseline and write the page."""
    replications = int(sys.argv[1]) if len(sys.argv) > 1 else REPLICATIONS
    scenario = load(shipped_folder() / "baseline.yaml")
    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    targets = [(target, parse_metric(target.metric)) for target in network.targets]
    wanted = [(t, m) for t, m in targets if kind_of(t, m, targets) != "apart"]
    figures: dict[str, list[float | None]] = {t.id: [] for t, _ in wanted}
    parts: list[Measures] = []
    for replication in range(replications):
        trace = run_engine(plan, scenario.experiment.seed, replication)
        seen = tally(trace, plan, watch_of(plan, legend, places(network)))
        measures = measured(seen, plan, legend, places(network))
        run = read_run(trace, scope(seen, plan, legend), measures, network)
        for target, metric in wanted:
            figures[target.id].append(figure(metric, target.unit, run))
        parts.append(measures)
    rows = judged(targets, figures, read_reasons(HERE / "fit_reasons.csv"))
    page = written(rows, held(parts), parts, legend, scenario.experiment.seed)
    (HERE / "fit.md").write_text(page, encoding="utf-8")


def read_reasons(file: Path) -> dict[str, str]:
    """Return the words that explain a figure, by target."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {row["id"]: row["reason"] for row in csv.DictReader(lines)}


# --- verdicts


def kind_of(target: TargetRow, metric: Metric, targets: Sequence[tuple[TargetRow, Metric]]) -> str:
    """Return whether the model makes a figure, demand gives it, or it stands apart.

    Of another year only what says how the corridor works is compared, by its last year.
    """
    if metric.note or target.use_for.startswith("context"):
        return "apart"
    if metric.window.year not in (None, YEAR):
        years = [m.window.year or 0 for _, m in targets if m.series == metric.series]
        if metric.measure not in STRUCTURAL or metric.window.year != max(years):
            return "apart"
    return "given" if is_given(metric) else "made"


def is_given(metric: Metric) -> bool:
    """Return whether the demand table alone fixes a figure: all ways lead through it."""
    if metric.measure != "throughput" or metric.values("node", "link"):
        return False
    return bool(metric.values("flows", "border", "links") or metric.values("mode") == ("air",))


def judged(
    targets: Sequence[tuple[TargetRow, Metric]],
    figures: Mapping[str, Sequence[float | None]],
    reasons: Mapping[str, str],
) -> list[Row]:
    """Return every target with its verdict.

    Raises
    ------
    ValueError
        If a figure lies far from the published one and nobody says why.
    """
    rows, silent = [], []
    for target, metric in targets:
        kind = kind_of(target, metric, targets)
        found = [value for value in figures.get(target.id, ()) if value is not None]
        model = t_interval(found) if found else None
        words = verdict(target, metric, kind, model)
        reason = reasons.get(target.id, "")
        is_far = words.startswith("beyond")
        if is_far and not reason:
            silent.append(f"{target.id} {target.value:g}: {model}")
        rows.append(Row(target, kind, model, f"{words}: {reason}" if is_far else words))
    if silent:
        raise ValueError("no reason for " + "; ".join(silent))
    return rows


def verdict(target: TargetRow, metric: Metric, kind: str, model: Interval | None) -> str:
    """Return how a figure stands to the published one, in words."""
    if kind == "apart":
        return f"not modelled ({_why_apart(target, metric)})"
    if model is None:
        return "beyond 25 %, no traffic"
    given = "by construction, " if kind == "given" else ""
    other = "" if metric.window.year in (None, YEAR) else f", against {metric.window.year}"
    if abs(model.mean / target.value - 1) <= CLOSE:
        return f"{given}within 25 %{other}"
    low, high = target.low or target.value, target.high or target.value
    if low <= model.mean <= high:
        return f"{given}within the published range{other}"
    # What demand fixes is no evidence either way, but a gap still wants its reason.
    return f"beyond 25 %{other}" + (" (by construction)" if given else "")


def _why_apart(target: TargetRow, metric: Metric) -> str:
    if metric.note:
        return metric.note
    if target.use_for.startswith("context"):
        return "context"
    return "other year"


# --- trains held


def held(parts: Sequence[Measures]) -> Held:
    """Return the most trains held for China in each replication, and where they stand."""
    most = [_kpi(part, "trains_held_for_china_max") for part in parts]
    order = np.argsort(most, kind="stable")
    median = parts[order[(len(parts) - 1) // 2]]
    table, crossings = median.stations, median.crossings
    entered = crossings[(crossings["mode"] == "rail") & (crossings["border"] == "kz_cn")]
    controls = table["station"].str.contains("to_china") & table["kind"].isin(
        ["gate", "customs", "inspection"]
    )
    waits = controls & table["node"].isin({*entered["from"], *entered["to"]})
    waits |= (table["kind"] == "yard") & table["node"].isin(set(entered["to"]))
    chosen = table[waits & (table["queue_max"] > 0)]
    return Held(
        tuple(int(most[i]) for i in order),
        chosen.sort_values("queue_mean", ascending=False),
    )


def _kpi(part: Measures, name: str) -> float:
    return float(part.kpis.loc[part.kpis["kpi"] == name, "value"].iloc[0])


# --- the page


def written(
    rows: Sequence[Row], trains: Held, parts: Sequence[Measures], legend: Legend, seed: int
) -> str:
    """Return the page."""
    made = [row for row in rows if row.kind == "made"]
    given = [row for row in rows if row.kind == "given"]
    apart = [row for row in rows if row.kind == "apart"]
    beyond = sum(row.verdict.startswith("beyond") for row in made)
    return "\n".join(
        [
            "# Fit: the baseline of 2024 beside what was published",
            "",
            (
                "Generated by `docs/generate_fit.py`; not edited by hand. "
                f"Baseline {YEAR}, whole corridor, every flow followed, compiled engine, seed "
                f"{seed}, {len(parts)} replications; figures are means with the half-width of "
                "the 95 % interval. Reasons stand in `docs/fit_reasons.csv`."
            ),
            "",
            (
                f"Of {len(rows)} published figures {len(made)} are made by the model "
                f"({len(made) - beyond} within 25 % or in the published range, {beyond} beyond), "
                f"{len(given)} are fixed by the demand table, which is no evidence, and "
                f"{len(apart)} are not compared."
            ),
            "",
            *_about(),
            *_of_trains(trains),
            *_of_defaults(legend),
            *_of_waiting(parts),
            "## Made by the model",
            "",
            *_table(made),
            "## Fixed by the demand table",
            "",
            *_table(given),
            "## Not compared",
            "",
            *_table(apart),
        ]
    )


def _about() -> list[str]:
    return [
        (
            "How figures are made: border hours are all the time of container trains (or "
            "trucks) at a border's node and before the line that leaves it, per crossing; "
            "Dostyk counts with Dostyk TransTerminal, Altynkol with Khorgos Gateway; loads "
            "that begin or end there are left out. Transit days run from leaving the first "
            "place to reaching the last. A load counts at a place once, at the end of the leg"
            " that passes it. Trains are counted by the share of the load that is meant. "
            "Tonnes of boxes follow from the weights a TEU in `costs.csv`. Figures of how the"
            " corridor works are set beside the last published year; counts of other years "
            "are not compared."
        ),
        "",
    ]


def _of_trains(trains: Held) -> list[str]:
    middle = trains.most[(len(trains.most) - 1) // 2]
    lines = [
        "## Trains held for China",
        "",
        (
            f"At their most {middle} in the median replication "
            f"({', '.join(map(str, trains.most))} in all; the limit is 300). There they stand:"
        ),
        "",
        "| station | trains on average | at most | mean wait, h | utilisation |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in trains.stations.to_dict("records"):
        use = "" if np.isnan(row["utilisation"]) else f"{row['utilisation']:.2f}"
        lines.append(
            f"| `{row['station']}` | {row['queue_mean']:.1f} | {row['queue_max']:.0f} | "
            f"{row['wait_mean_h']:.1f} | {use} |"
        )
    return [*lines, ""]


def _of_defaults(legend: Legend) -> list[str]:
    said = [note for note in legend.notes if note.startswith("default services")]
    full = [note for note in legend.notes if "of its capacity" in note and "2024-01-01" in note]
    return [
        "## Default services, and places that are full",
        "",
        *(f"{note[0].upper()}{note[1:]}." for note in said),
        "",
        "What the shares offer to places above 0.98 of their capacity from 2024-01-01:",
        "",
        *(f"- {note.split(': ', 1)[1]}" for note in full),
        "",
    ]


def _of_waiting(parts: Sequence[Measures]) -> list[str]:
    waits = [
        part.ledger[part.ledger["is_waiting"] == "yes"].groupby(["node", "cause"])["teu_h"].sum()
        for part in parts
    ]
    mean = pd.concat(waits, axis=1).fillna(0.0).mean(axis=1).sort_values(ascending=False)
    lines = [
        "## Where the time goes",
        "",
        f"{mean.sum() / 24e6:.1f} million TEU-days of waiting in the year, of which:",
        "",
        "| place | cause | share |",
        "|---|---|---:|",
    ]
    lines += [
        f"| {node} | {cause} | {100 * value / mean.sum():.1f} % |"
        for node, cause, value in mean.head(15).reset_index().itertuples(index=False)
    ]
    return [*lines, ""]


def _table(rows: Sequence[Row]) -> list[str]:
    lines = [
        "| target | place | period | metric | published | source | model | ratio | verdict |",
        "|---|---|---|---|---|---|---|---:|---|",
    ]
    return [*lines, *(line_of(row) for row in rows), ""]


def line_of(row: Row) -> str:
    """Return a row of the page's tables."""
    target, model = row.target, row.model
    span = "" if target.low is None else f" ({target.low:g}–{target.high:g})"
    figure_, ratio = "", ""
    if model is not None:
        half = "" if model.half_width is None else f" ± {_rounded(model.half_width, 2)}"
        figure_, ratio = f"{_rounded(model.mean, 3)}{half}", f"{model.mean / target.value:.2f}"
    cells = (
        f"`{target.id}`", target.place_or_corridor, target.period,
        f"{target.quantity}: `{target.metric.split(' window')[0]}`",
        f"{target.value:,g}{span} {target.unit}", ", ".join(target.source),
        figure_, ratio, row.verdict,
    )  # fmt: skip
    return "| " + " | ".join(cells) + " |"


def _rounded(value: float, digits: int) -> str:
    """Return a number of so many digits that tell, never with an exponent."""
    return f"{float(f'{value:.{digits}g}'):,.10g}"


if __name__ == "__main__":
    main()
