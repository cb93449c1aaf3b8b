"""Tables of a page: heads, cells as a reader sees them, and the values they sort by."""

import math
from collections.abc import Sequence
from types import MappingProxyType
from typing import NamedTuple

import pandas as pd

from sim.report import drawn, words
from sim.report.answer import Line, tone
from sim.report.material import Comparison, Run
from sim.report.numbers import decimals_for, figure, interval, share_spread, signed, spread
from sim.report.words import Names

MOST_ROWS = 400
_CAPS = MappingProxyType({"fine": "d", "whole": "TEU"})
"""Unit whose cap on digits each form takes."""


class Head(NamedTuple):
    """The head of one column."""

    text: str
    css: str = ""
    """``n`` for numbers, ``w`` for long words."""


class Cell(NamedTuple):
    """One cell."""

    text: str
    css: str = ""
    value: str | None = None
    """What a number sorts by; None sorts by the text."""


class Table(NamedTuple):
    """One table."""

    id: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Cell, ...], ...]
    csv: str = ""
    """File with all columns and digits."""
    is_sortable: bool = False
    left_out: int = 0
    """Rows that stand in the file alone."""


class Measure(NamedTuple):
    """A column of figures taken from a table of results."""

    column: str
    text: str
    form: str = "fine"
    """``fine``: with interval, two decimals at most; ``whole``: with interval, whole units at
    most; ``share``: a percentage with interval; ``plain``: a constant."""


_OF_FLOWS = (
    Measure("teu_offered", "TEU sent", "whole"),
    Measure("teu_delivered", "TEU delivered", "whole"),
    Measure("teu_inside", "TEU inside at the end", "whole"),
    Measure("teu_refused", "TEU refused", "whole"),
    Measure("unfinished_percent", "Unfinished (%)"),
    Measure("transit_mean_d", "Transit, mean (days)"),
    Measure("transit_p90_d", "P90 (days)"),
    Measure("delay_mean_d", "Delay (days)"),
    Measure("free_flow_d", "Free flow (days)", "plain"),
    Measure("usd_per_teu", "USD a TEU", "plain"),
    Measure("co2e_kg_per_teu", "kg CO2e a TEU", "plain"),
)
_AT_BORDERS = (
    Measure("teu", "TEU that crossed", "plain"),
    Measure("waiting_teu_d", "Waiting (TEU-days)", "plain"),
    Measure("hours_a_teu", "Hours a TEU", "plain"),
)
_WAITS = (
    Measure("wait_mean_h", "Wait, mean (h)"),
    Measure("wait_p90_h", "Wait, P90 (h)"),
    Measure("queue_mean", "Queue, mean"),
    Measure("queue_max", "Queue, most"),
)
_OF_STATIONS = (
    Measure("visits", "Visits", "whole"),
    Measure("utilisation", "Utilisation", "share"),
    *_WAITS,
    Measure("shut_percent", "Shut (%)"),
    Measure("teu", "TEU", "whole"),
)
_OF_LINKS = (
    Measure("vehicles", "Vehicles", "whole"),
    Measure("teu", "TEU", "whole"),
    Measure("utilisation", "Utilisation", "share"),
    *_WAITS,
)
_OF_STOCK = (
    Measure("teu_start", "TEU at the start", "whole"),
    Measure("teu_end", "TEU at the end", "whole"),
    Measure("teu_growth", "Growth", "whole"),
)


def number(value: object, *, decimals: int | None = None) -> Cell:
    """A figure without interval: a constant, a count or a rank."""
    known = _known(value)
    return Cell(figure(known, decimals), "n", "" if known is None else repr(known))


def text(value: object) -> Cell:
    """Words."""
    return Cell(str(value))


def _known(value: object) -> float | None:
    found = float(str(value)) if str(value) not in {"", "None"} else math.nan
    return found if math.isfinite(found) else None


def _measured(row: "pd.Series[float]", measure: Measure) -> Cell:
    value, half = (
        _known(row[measure.column]),
        _known(row.get(f"{measure.column}_half_width_95", "")),
    )
    sort = "" if value is None else repr(value)
    if measure.form == "plain" or value is None:
        return Cell(figure(value), "n", sort)
    if measure.form == "share":
        return Cell(share_spread(value, half), "n", sort)
    return Cell(spread(value, half, _CAPS[measure.form]), "n", sort)


def measured(
    identity: tuple[str, str, str],
    table: pd.DataFrame,
    labels: Sequence[tuple[str, list[str]]],
    measures: Sequence[Measure],
) -> Table:
    """A sortable table of labels and figures with their intervals.

    Parameters
    ----------
    identity
        Id on the page, caption, and the file that holds the whole table.
    table
        Rows in the order in which they are first shown.
    labels
        Head and words of each column that names the rows.
    measures
        The columns of figures.
    """
    rows = [
        (*(text(column[i]) for _, column in labels), *(_measured(row, m) for m in measures))
        for i, (_, row) in enumerate(table.head(MOST_ROWS).iterrows())
    ]
    heads = (
        *(Head(name, "" if i else "w") for i, (name, _) in enumerate(labels)),
        *(Head(m.text, "n") for m in measures),
    )
    name, caption, csv = identity
    return Table(name, caption, heads, tuple(rows), csv, is_sortable=True,
                 left_out=max(len(table) - MOST_ROWS, 0))  # fmt: skip


def compared(name: str, caption: str, lines: Sequence[Line], csv: str) -> Table:
    """A table of paired differences with their intervals and verdicts."""
    heads = (
        Head("Quantity", "w"), Head("Base", "n"), Head("Scenario", "n"), Head("Difference", "n"),
        Head("95 % interval of the difference", "n"), Head("n", "n"), Head("Verdict"),
    )  # fmt: skip
    rows = [
        (text(x.what), Cell(x.base, "n"), Cell(x.scenario, "n"), Cell(x.difference, "n"),
         Cell(x.interval, "n"), Cell(x.n, "n"), Cell(x.verdict, x.tone))
        for x in lines
    ]  # fmt: skip
    return Table(name, caption, heads, tuple(rows), csv)


def headline(run: Run, kpis: Sequence[str], known: Names, csv: str) -> Table:
    """The KPIs of one run with intervals, those of ``kpis`` that it has."""
    table = run.tables.summary
    table = table[table["kpi"].isin(kpis)].drop_duplicates("kpi")
    found = {str(row["kpi"]): row for _, row in table.iterrows()}
    rows = [
        (
            text(words.quantity(kpi, str(found[kpi]["unit"]), known)),
            Cell(_bounded(found[kpi]), "n"),
            number(found[kpi]["n"], decimals=0),
        )
        for kpi in kpis
        if kpi in found
    ]
    heads = (Head("Quantity", "w"), Head("Mean and 95 % interval", "n"), Head("n", "n"))
    return Table("headline", "Over all replications", heads, tuple(rows), csv)


def _bounded(row: "pd.Series[float]") -> str:
    bound = f"{row['bound']} " if str(row["bound"]) else ""
    return bound + spread(_known(row["value"]), _known(row["half_width_95"]), str(row["unit"]))


def flows(run: Run, known: Names, csv: str) -> Table:
    """Flows by route: TEU, days, cost, emissions."""
    table = run.tables.flows.sort_values("teu_offered", ascending=False, kind="stable")
    ways = [known.way(str(a), str(b))
            for a, b in zip(table["origin"], table["destination"], strict=True)]  # fmt: skip
    labels = [
        ("From and to", ways),
        ("Goods", [str(c) for c in table["commodity"]]),
        ("Corridor", [words.short(words.corridor(str(c))) for c in table["corridor"]]),
    ]
    return measured(("flows", "Flows by route", csv), table, labels, _OF_FLOWS)


def borders(run: Run, csv: str) -> Table:
    """Delays at border crossings, the longest waiting first."""
    table = drawn.borders(run)
    labels = [
        ("Crossing", [str(name) for name in table["name"]]),
        ("Mainly", [words.cause(str(cause)) if cause else "" for cause in table["cause"]]),
    ]
    return measured(("borders", "Delays at borders", csv), table, labels, _AT_BORDERS)


def refused(run: Run, known: Names, csv: str) -> Table:
    """Flows of which a part was refused, the greatest first."""
    table = run.tables.flows[run.tables.flows["teu_refused"] > 0]
    table = table.sort_values("teu_refused", ascending=False, kind="stable")
    ways = [known.way(str(a), str(b))
            for a, b in zip(table["origin"], table["destination"], strict=True)]  # fmt: skip
    labels = [("From and to", ways), ("Goods", [str(c) for c in table["commodity"]])]
    measures = [m for m in _OF_FLOWS if m.column in {"teu_offered", "teu_refused"}]
    return measured(("refused", "Refused, by route", csv), table, labels, measures)


def stations(run: Run, known: Names, links: dict[str, str], csv: str) -> Table:
    """Stations with visits: waits, queues, utilisation."""
    table = run.tables.stations
    table = table[table["visits"] > 0].sort_values("queue_mean", ascending=False, kind="stable")
    labels = [
        ("Station", _named(table, "station")),
        ("Place", [links.get(str(n)) or known.of(str(n)) for n in table["node"]]),
    ]
    return measured(("stations", "Stations", csv), table, labels, _OF_STATIONS)


def links(run: Run, known: Names, csv: str) -> Table:
    """Links with traffic, by direction."""
    table = run.tables.links
    table = table[table["teu"] > 0].sort_values("teu", ascending=False, kind="stable")
    ways = [known.way(str(a), str(b)) for a, b in zip(table["from"], table["to"], strict=True)]
    labels = [("Link, in this direction", ways), ("Mode", [str(m) for m in table["mode"]])]
    return measured(("links", "Links by direction", csv), table, labels, _OF_LINKS)


def stock(run: Run, known: Names, links: dict[str, str], csv: str) -> Table:
    """Stock inside by place, at the window's start and end."""
    table = run.tables.stock.sort_values("teu_end", ascending=False, kind="stable")
    table = table[(table["teu_end"] > 0) | (table["teu_start"] > 0)]
    named = dict(zip(run.tables.stations["station"], run.tables.stations["name"], strict=True))
    labels = [
        ("Place", [words.sentence_case(str(named.get(p) or p)) for p in table["place"]]),
        ("At", [links.get(str(n)) or (known.of(str(n)) if n else "") for n in table["node"]]),
    ]
    return measured(("stock", "Stock inside by place", csv), table, labels, _OF_STOCK)


def _named(table: pd.DataFrame, key: str) -> list[str]:
    """Words of each row's station, its id where there are none."""
    pairs = zip(table["name"].astype(str), table[key].astype(str), strict=True)
    return [words.sentence_case(name or row) for name, row in pairs]


def bottlenecks(run: Run, by: str, csv: str) -> Table:
    """The first ten places by one measure."""
    table = run.tables.bottlenecks
    table = table[table["by"] == by].sort_values("rank", kind="stable")
    name = {"ledger": "By waiting booked there", "utilisation": "By utilisation"}[by]
    labels = [("Place", _named(table, "place"))]
    measures = [Measure("value", "TEU-hours of waiting" if by == "ledger" else "Utilisation",
                        "whole" if by == "ledger" else "share")]  # fmt: skip
    if by == "ledger":
        labels.append(("Mainly", [words.cause(str(c)) for c in table["main_cause"]]))
    return measured((f"bottleneck-{by}", name, csv), table, labels, measures)


def moves(comparison: Comparison, by: str, csv: str) -> Table:
    """The first places by one measure in the base and where they stand in the scenario."""
    table = comparison.bottleneck_moves[comparison.bottleneck_moves["by"] == by]
    table = table.sort_values(["base_rank", "scenario_rank"], kind="stable")
    caption = "By waiting booked there (TEU-hours)" if by == "ledger" else "By utilisation"
    heads = (Head("Place", "w"), Head("Rank, base", "n"), Head("Rank, scenario", "n"),
             Head("Base", "n"), Head("Scenario", "n"))  # fmt: skip
    rows = [
        (text(name), number(row["base_rank"], decimals=0),
         number(row["scenario_rank"], decimals=0),
         _placed(row["base_value"], row["base_half_width_95"], by),
         _placed(row["scenario_value"], row["scenario_half_width_95"], by))
        for name, (_, row) in zip(_named(table, "place"), table.iterrows(), strict=True)
    ]  # fmt: skip
    return Table(f"moves-{by}", caption, heads, tuple(rows), csv)


def _placed(value: object, half_width: object, by: str) -> Cell:
    known, half = _known(value), _known(half_width)
    sort = "" if known is None else repr(known)
    said = spread(known, half, "TEU h") if by == "ledger" else share_spread(known, half)
    return Cell(said, "n", sort)


def ledger_differences(comparison: Comparison, known: Names, csv: str) -> Table:
    """Waiting by place and cause, base against scenario, the greatest changes first."""
    table = comparison.ledger_differences
    table = table[~table["cause"].isin(["moving", "service"])]
    order = table["difference"].abs().sort_values(ascending=False, kind="stable").index
    names = drawn.link_names([comparison.base, comparison.scenario], known)
    heads = (
        Head("Place", "w"), Head("Cause"), Head("Base", "n"), Head("Scenario", "n"),
        Head("Difference", "n"), Head("95 % interval", "n"),
    )  # fmt: skip
    rows = []
    for _, row in table.loc[order[:MOST_ROWS]].iterrows():
        difference, half = _known(row["difference"]), _known(row["half_width"])
        places = decimals_for(difference or 0.0, half, "TEU h")
        sort = "" if difference is None else repr(difference)
        is_sure = half is not None and difference is not None and abs(difference) > half
        word = "none" if not is_sure else "more" if (difference or 0) > 0 else "less"
        rows.append((
            text(names.get(str(row["node"])) or known.of(str(row["node"]))),
            text(words.cause(str(row["cause"]))),
            number(row["base"], decimals=places), number(row["scenario"], decimals=places),
            Cell(signed(difference, places), f"n {tone(word)}", sort),
            Cell(interval(difference, half, "TEU h"), "n", sort),
        ))  # fmt: skip
    caption = "Waiting by place and cause (TEU-hours)"
    return Table("ledger-differences", caption, heads, tuple(rows), csv, is_sortable=True,
                 left_out=max(len(order) - MOST_ROWS, 0))  # fmt: skip


def laws(run: Run, known: Names, csv: str) -> Table:
    """Every distribution in force, with parameters, servers and source."""
    table = run.world.laws
    heads = (
        Head("Where", "w"), Head("What", "w"), Head("Law"), Head("Mean (h)", "n"), Head("cv", "n"),
        Head("Servers", "n"), Head("Open"), Head("Range"), Head("Source"),
    )  # fmt: skip
    rows = [
        (
            text("; ".join(known.of(p) for p in str(row["where"]).split(";"))), text(row["what"]),
            text(row["law"]), number(row["mean_h"]), number(row["cv"]),
            number(row["servers"], decimals=0), text(row["hours"]), text(row["basis"]),
            text(str(row["source"]).replace(";", ", ")),
        )
        for _, row in table.iterrows()
    ]  # fmt: skip
    return Table("laws", "Distributions in force", heads, tuple(rows), csv,
                 is_sortable=True)  # fmt: skip


def sources(run: Run, csv: str) -> Table:
    """Publications that the distributions quote."""
    heads = (Head("Id"), Head("Title", "w"), Head("Publisher"), Head("Year", "n"), Head("Address"))
    rows = [
        (text(r["source"]), text(r["title"]), text(r["publisher"]),
         Cell("" if _known(r["year"]) is None else str(int(r["year"])), "n"), text(r["url"]))
        for _, r in run.world.sources.iterrows()
    ]  # fmt: skip
    return Table("sources", "Publications", heads, tuple(rows), csv)


def definitions(columns: pd.DataFrame, kpis: pd.DataFrame) -> tuple[Table, ...]:
    """What every column and every KPI means."""
    meanings = tuple((text(r["table"]), text(r["column"]), text(r["unit"]), text(r["meaning"]))
                  for _, r in columns.iterrows())  # fmt: skip
    second = tuple((text(r["kpi"]), text(r["unit"]), text(r["meaning"]))
                   for _, r in kpis.iterrows())  # fmt: skip
    heads = (Head("Table"), Head("Column"), Head("Unit"), Head("Meaning", "w"))
    return (
        Table("kpis", "KPIs", (Head("KPI"), Head("Unit"), Head("Meaning", "w")), second),
        Table("columns", "Columns of the tables", heads, meanings),
    )
