"""What every column and every KPI of the results means: name, unit, meaning.

In: nothing. Out: `COLUMNS` and `KPIS`, which are written beside every run
as `columns.csv` and `kpis.csv`; the tables of one replication, their averages over
replications and the files of a results folder all follow them.

An averaged table has the same columns and, for every figure `x`, a column
`x_half_width_95` (empty with one replication; in `timeseries` only for `queue_mean`) and
one column `n`, the number of replications that had the row.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import pandas as pd

Use = Literal["key", "label", "total", "mean"]


class Column(NamedTuple):
    """One column of one table."""

    table: str
    column: str
    unit: str
    use: Use
    """`key`: names the row; `label`: words that go with the key; `total`: a figure that is
    zero where a replication has no such row; `mean`: a figure that does not exist there."""
    meaning: str


class Kpi(NamedTuple):
    """One family of KPIs; `<...>` stands for an id."""

    kpi: str
    unit: str
    meaning: str


def _columns(table: str, *rows: tuple[str, str, Use, str]) -> tuple[Column, ...]:
    return tuple(Column(table, *row) for row in rows)


_WAIT: tuple[tuple[str, str, Use, str], ...] = (
    ("visits", "", "total", "visits requested in the window"),
    ("wait_mean_h", "h", "mean", "mean wait of those visits that started by the run's end"),
    ("wait_p90_h", "h", "mean", "90th percentile of those waits"),
    ("wait_max_h", "h", "mean", "longest of those waits"),
    ("unstarted", "", "total", "those visits that had not started when the run ended"),
    ("queue_mean", "", "total", "time average over the window of the number waiting"),
    ("queue_max", "", "total", "most that waited at any instant of the window"),
)


def _ranked() -> Iterator[tuple[str, str, Use, str]]:
    """Yield the columns of a ranking for each figure that is ranked."""
    for short, unit, said in (
        ("teu", "TEU", "TEU delivered in the window"),
        ("transit", "d", "mean transit time of the cohort"),
        ("waiting", "TEU d", "waiting of the cohort"),
        ("usd", "USD/TEU", "mean cost of its routes"),
        ("co2e", "kg/TEU", "mean emissions of its routes"),
    ):
        yield f"{short}_base", unit, "mean", f"{said}: mean of the scenario's own base"
        yield f"{short}_difference", unit, "mean", f"{said}: scenario less base"
        yield f"{short}_half_width", unit, "mean", "of its interval, as in `family`"
        yield f"{short}_p_adjusted", "", "mean", "as in `family`"
        yield f"{short}_verdict", "", "label", "as in `family`"


COLUMNS: tuple[Column, ...] = (
    *_columns(
        "flows",
        ("flow", "", "key", "id of the flow"),
        ("route", "", "key", "id of the route; `none`: no route was open"),
        ("origin", "", "label", "node"),
        ("destination", "", "label", "node"),
        ("commodity", "", "label", "what is carried"),
        ("load_class", "", "label", "box, bulk, grain, truck or air"),
        ("corridor", "", "label", "corridor of the route (see KPI corridor.<name>.teu)"),
        ("teu_offered", "TEU", "total", "created in the window (the cohort)"),
        ("teu_delivered", "TEU", "total", "delivered in the window, whenever created"),
        ("teu_inside", "TEU", "total", "inside at the window's end"),
        ("teu_refused", "TEU", "total", "refused in the window"),
        ("unfinished_percent", "%", "mean", "cohort still inside when the run ended"),
        ("transit_mean_d", "d", "mean", "mean transit time of the cohort"),
        ("transit_p50_d", "d", "mean", "its median"),
        ("transit_p90_d", "d", "mean", "its 90th percentile"),
        ("transit_p95_d", "d", "mean", "its 95th percentile"),
        ("delay_mean_d", "d", "mean", "mean of the sum of the waiting causes"),
        ("free_flow_d", "d", "mean", "mean times without any wait on this route"),
        ("excess_d", "d", "mean", "mean transit less the free flow of the flow's best route"),
        ("km", "km", "mean", "length of the route"),
        ("usd_per_teu", "USD/TEU", "mean", "cost of the route"),
        ("usd", "USD", "total", "cost of the cohort"),
        ("co2e_kg_per_teu", "kg/TEU", "mean", "emissions of the route"),
        ("co2e_t", "t", "total", "emissions of the cohort"),
    ),
    *_columns(
        "stations",
        ("station", "", "key", "id of the station"),
        ("node", "", "label", "node or link at which it stands"),
        ("name", "", "label", "operation, direction and place in words"),
        ("kind", "", "label", "operation, or `line`, `pool`, `fleet`, `yard`"),
        ("serves", "", "label", "`vehicle` or `consignment`: what its visits are of"),
        *_WAIT,
        ("teu", "TEU", "total", "carried by the visits requested in the window"),
        ("service_mean_h", "h", "mean", "mean time from start to end of the ended visits"),
        (
            "utilisation",
            "",
            "mean",
            (
                "busy over available server time; for a line, entries over paths; for a fleet, "
                "time under way over time of its vehicles. A server whose service runs on after "
                "closing counts as available that long; paths saved up before the window can "
                "take a line a little over 1"
            ),
        ),
        ("shut_percent", "%", "mean", "share of the window in which all its rows were shut"),
    ),
    *_columns(
        "links",
        ("link", "", "key", "id of the link"),
        ("direction", "", "key", "`forward`: from `from` to `to`; `backward`"),
        ("from", "", "label", "node the traffic comes from, in this direction"),
        ("to", "", "label", "node the traffic goes to, in this direction"),
        ("mode", "", "label", "rail, road, sea, river or air"),
        ("metered", "", "label", "`yes`: passages are instants at its meter; `no`: legs' ends"),
        ("vehicles", "", "total", "vehicles that passed in the window, the empty ones too"),
        ("teu", "TEU", "total", "aboard them"),
        ("utilisation", "", "mean", "entries over own train paths while it was open"),
        *_WAIT,
    ),
    *_columns(
        "crossings",
        ("from", "", "key", "node before the border, in the direction of travel"),
        ("to", "", "key", "node behind it"),
        ("mode", "", "key", "mode of the links between them"),
        ("flow", "", "key", "id of the flow"),
        ("border", "", "label", "countries in the direction of travel, such as `cn_kz`"),
        ("load_class", "", "label", "box, bulk, grain, truck or air"),
        ("teu", "TEU", "total", "carried over in the window (instant as in `links`)"),
        ("amount", "unit", "total", "the same in the flow's own unit"),
        ("unit", "", "label", "that unit"),
    ),
    *_columns(
        "ledger",
        ("place", "", "key", "station, or link or node of a plain move"),
        ("cause", "", "key", "where the time went (R23)"),
        ("closure", "", "key", "closure that shut the place, if the cause is one"),
        ("flow", "", "key", "id of the flow"),
        ("node", "", "label", "node or link at which the place stands"),
        ("is_waiting", "", "label", "`yes` for all causes but `moving` and `service`"),
        ("teu_h", "TEU h", "total", "time of the cohort, from creation to delivery or run's end"),
    ),
    *_columns(
        "timeseries",
        ("date", "", "key", "day of the window, Kazakh time"),
        ("place", "", "key", "station with visits in the window"),
        ("node", "", "label", "node or link at which it stands"),
        ("throughput", "", "total", "visits that ended that day"),
        ("teu", "TEU", "total", "carried by them"),
        ("queue_mean", "", "total", "time average of the number waiting"),
        ("queue_max", "", "total", "most that waited at any instant"),
        ("teu_stored", "TEU", "total", "time average of TEU waiting or in service"),
    ),
    *_columns(
        "days",
        ("date", "", "key", "day of the window, Kazakh time"),
        ("teu_created", "TEU", "total", "created that day"),
        ("teu_delivered", "TEU", "total", "delivered that day, whenever created"),
        ("teu_inside", "TEU", "total", "time average of TEU between creation and end"),
    ),
    *_columns(
        "days_replications",
        ("replication", "", "key", "1, 2, ..."),
        ("date", "", "key", "day of the window, Kazakh time"),
        ("teu_created", "TEU", "total", "as in days, in this replication; likewise the others"),
        ("teu_delivered", "TEU", "total", "delivered that day, whenever created"),
        ("teu_inside", "TEU", "total", "time average of TEU between creation and end"),
    ),
    *_columns(
        "trends",
        ("place", "", "key", "station with visits in the window"),
        ("queue_mean", "", "mean", "mean of the daily mean queues"),
        ("growth_per_day", "1/d", "mean", "slope of the daily mean queue, by least squares"),
        (
            "half_width_99",
            "1/d",
            "mean",
            "of its interval over the replications; those of all places hold together at 99 %",
        ),
        (
            "grows",
            "",
            "label",
            "`yes`: beyond chance, and over the window by as much as the mean queue (R21)",
        ),
    ),
    *_columns(
        "stock",
        ("place", "", "key", "station; `aboard`: moving; `origin`: no route was open yet"),
        ("node", "", "label", "node or link at which it stands"),
        ("teu_start", "TEU", "total", "inside at the window's first instant"),
        ("teu_end", "TEU", "total", "inside at its last"),
        ("teu_growth", "TEU", "total", "the second less the first"),
    ),
    *_columns(
        "transit",
        ("group", "", "key", "`all`, `class.<load class>` or `corridor.<name>`"),
        ("percent", "%", "key", "1 to 99"),
        (
            "transit_d",
            "d",
            "mean",
            (
                "this percentile of the cohort's transit times, by TEU; one that is unfinished "
                "counts at its age when the run ended"
            ),
        ),
    ),
    *_columns(
        "conservation",
        ("load_class", "", "key", "box, bulk, grain, truck or air"),
        ("unit", "", "label", "its own unit"),
        ("created", "unit", "total", "amount created in the whole run, warm-up and run-out too"),
        ("delivered", "unit", "total", "delivered by its end"),
        ("refused", "unit", "total", "refused by its end"),
        ("inside", "unit", "total", "inside at its end; created = delivered + refused + inside"),
        ("instants", "", "total", "instants at which this was checked: all with an event"),
    ),
    *_columns(
        "bottlenecks",
        ("by", "", "key", "`ledger`: waiting booked there; `utilisation`: busiest"),
        ("place", "", "key", "station, link or node"),
        ("node", "", "label", "node or link at which it stands"),
        ("name", "", "label", "in words"),
        ("rank", "", "mean", "1: the greatest; at most ten by each measure"),
        ("value", "unit", "mean", "TEU-hours of waiting, or utilisation"),
        ("unit", "", "label", "`TEU h`, or empty"),
        ("share_percent", "%", "mean", "of all waiting; empty for utilisation"),
        ("main_cause", "", "label", "cause with the most of it; empty for utilisation"),
    ),
    *_columns(
        "summary",
        ("kpi", "", "key", "name (see kpis.csv)"),
        ("value", "unit", "mean", "mean over the replications"),
        ("half_width_95", "unit", "mean", "of the 95 % t interval; empty: no interval"),
        ("n", "", "total", "replications in which the KPI exists"),
        ("unit", "", "label", "unit of value and half-width"),
        (
            "bound",
            "",
            "label",
            (
                "`at least`: more than 5 % of the cohort was unfinished; `withheld`: over "
                "capacity, so there is no long-run mean"
            ),
        ),
    ),
    *_columns(
        "replications",
        ("replication", "", "key", "1, 2, ..."),
        ("kpi", "", "key", "name"),
        ("value", "unit", "mean", "in this replication"),
        ("unit", "", "label", "its unit"),
        ("bound", "", "label", "as in summary"),
    ),
    *_columns(
        "quantiles",
        ("kpi", "", "key", "name; overall KPIs alone"),
        ("percent", "", "key", "10, 50 or 90: so many replications of a hundred lie below"),
        ("value", "unit", "mean", "that value"),
        ("low", "unit", "mean", "lower end of its 95 % interval by order statistics; empty: none"),
        ("high", "unit", "mean", "upper end; empty: too few replications"),
        ("n", "", "total", "replications in which the KPI exists"),
        ("unit", "", "label", "unit"),
    ),
    *_columns(
        "family",
        ("kpi", "", "key", "teu_delivered, transit_mean_d, usd_per_teu, waiting_teu_d"),
        ("scenario", "", "key", "name of the scenario held against the base"),
        ("base", "unit", "mean", "mean of the base"),
        ("value", "unit", "mean", "mean of the scenario"),
        ("difference", "unit", "mean", "scenario less base, mean of the paired differences"),
        (
            "half_width",
            "unit",
            "mean",
            "of its interval; the intervals of a KPI hold together at 95 % (Bonferroni)",
        ),
        ("n", "", "total", "replications paired"),
        ("unit", "", "label", "unit"),
        ("p_adjusted", "", "mean", "p value over all scenarios of the KPI (Holm)"),
        ("verdict", "", "label", "`more`, `less`, `no difference shown`: true together at 95 %"),
    ),
    *_columns(
        "ranking",
        ("scenario", "", "key", "name of the scenario"),
        ("n", "", "total", "replications paired"),
        (
            "locked",
            "",
            "total",
            "of them those in which base or scenario ended in a gridlock (R14)",
        ),
        *_ranked(),
        ("cause", "", "label", "cause of waiting that changes most"),
        ("cause_teu_d", "TEU d", "mean", "by how much, over all places"),
        ("cause_half_width", "TEU d", "mean", "of its interval (Bonferroni over the scenarios)"),
        ("node", "", "label", "node or link at which that cause changes most"),
        ("node_teu_d", "TEU d", "mean", "by how much there"),
        ("cost_usd", "USD", "mean", "cost as published; empty = none is known"),
        ("usd_per_teu_gained", "USD/TEU", "mean", "cost over the TEU a year gained, if shown"),
    ),
    *_columns(
        "comparison",
        ("kpi", "", "key", "name; `paired.<name>`: over consignments created in both"),
        ("base", "unit", "mean", "mean of the base"),
        ("scenario", "unit", "mean", "mean of the scenario"),
        ("difference", "unit", "mean", "scenario less base, mean of the paired differences"),
        ("half_width", "unit", "mean", "of its 95 % paired t interval; empty: no interval"),
        ("n", "", "total", "replications paired"),
        ("unit", "", "label", "unit"),
        (
            "verdict",
            "",
            "label",
            (
                "`more`, `less`, `no difference shown`; `indicative: ...` under 10 replications; "
                "`depends on the window` for times where stock grows; `no interval` with one"
            ),
        ),
        (
            "variance_saved_percent",
            "%",
            "mean",
            "1 - var(difference) / (var(base) + var(scenario)): what pairing saved",
        ),
    ),
    *_columns(
        "differences",
        ("replication", "", "key", "1, 2, ..."),
        ("kpi", "", "key", "name"),
        ("base", "unit", "mean", "in this replication"),
        ("scenario", "unit", "mean", "in this replication"),
        ("difference", "unit", "mean", "scenario less base"),
        ("unit", "", "label", "unit"),
    ),
    *_columns(
        "ledger_differences",
        ("node", "", "key", "node or link"),
        ("cause", "", "key", "where the time went"),
        ("base", "TEU h", "mean", "mean over replications"),
        ("scenario", "TEU h", "mean", "mean over replications"),
        ("difference", "TEU h", "mean", "scenario less base"),
        ("half_width", "TEU h", "mean", "of its 95 % paired t interval; empty: no interval"),
        ("n", "", "total", "replications paired"),
    ),
    *_columns(
        "ledger_replications",
        ("replication", "", "key", "1, 2, ..."),
        ("node", "", "key", "node or link"),
        ("cause", "", "key", "waiting cause"),
        ("teu_h", "TEU h", "total", "waiting booked there in this replication"),
    ),
    *_columns(
        "bottleneck_moves",
        ("by", "", "key", "`ledger` or `utilisation`"),
        ("place", "", "key", "among the first ten in either"),
        ("node", "", "label", "node or link at which it stands"),
        ("name", "", "label", "in words"),
        ("base_rank", "", "mean", "empty: not among the first ten"),
        ("base_value", "unit", "mean", "value in the base"),
        ("base_half_width_95", "unit", "mean", "of its 95 % t interval; empty: no interval"),
        ("scenario_rank", "", "mean", "empty: not among the first ten"),
        ("scenario_value", "unit", "mean", "value in the scenario"),
        ("scenario_half_width_95", "unit", "mean", "likewise"),
        ("unit", "", "label", "`TEU h`, or empty"),
    ),
)
"""All tables; a table has its columns in this order."""

KPIS: tuple[Kpi, ...] = (
    Kpi("teu_created", "TEU", "created in the window: the cohort"),
    Kpi("teu_delivered", "TEU", "delivered in the window, whenever created"),
    Kpi("teu_delivered_per_day", "TEU/d", "the same over the window's days"),
    Kpi("teu_delivered_per_year", "TEU/a", "the same; only for windows of whole years"),
    Kpi("teu_refused", "TEU", "refused in the window"),
    Kpi("teu_refused.<reason>", "TEU", "by reason: queue, ban, no_route, storage"),
    Kpi("teu_refused.ban.<closure>", "TEU", "by ban: while it closed a route of theirs"),
    Kpi("stock_start_teu", "TEU", "inside at the window's first instant"),
    Kpi("stock_end_teu", "TEU", "inside at its last"),
    Kpi("stock_growth_teu", "TEU", "the second less the first"),
    Kpi("stock_mean_teu", "TEU", "time average inside over the window"),
    Kpi("unfinished_percent", "%", "of the cohort's TEU, still inside when the run ended"),
    Kpi(
        "transit_mean_d",
        "d",
        "mean over the cohort's TEU from creation to delivery; an unfinished one counts at its "
        "age when the run ended, so above 5 % unfinished the mean is marked `at least`; "
        "refused ones are left out",
    ),
    Kpi("transit_p50_d", "d", "median of the same; likewise transit_p90_d, transit_p95_d"),
    Kpi("delay_mean_d", "d", "mean over the cohort's TEU of the sum of the waiting causes"),
    Kpi("excess_mean_d", "d", "mean transit less free flow on the best route of each flow"),
    Kpi("cause.<cause>.mean_d", "d", "mean over the cohort's TEU of the time booked to a cause"),
    Kpi("waiting_teu_d", "TEU d", "waiting of the whole cohort"),
    Kpi("usd_per_teu", "USD/TEU", "mean over the cohort's TEU of the cost of their routes"),
    Kpi("co2e_kg_per_teu", "kg/TEU", "mean over the cohort's TEU of their routes' emissions"),
    Kpi("vehicles_departed", "", "vehicles that left a pool in the window with a load"),
    Kpi("vehicles_empty", "", "empty repositionings that left in the window"),
    Kpi(
        "trains_held_for_china_max",
        "",
        "most trains that waited at one instant of the window at gates, customs or inspections "
        "towards China, at the meters of rail links into China and for room in yards behind "
        "them; also .._mean",
    ),
    Kpi(
        "border.<country>_<country>.<mode>.teu",
        "TEU",
        "carried over the border between two countries in this direction in the window; on a "
        "metered link the instant is the end of the passage, on others the end of the leg",
    ),
    Kpi("crossing.<node>__<node>.<mode>.teu", "TEU", "the same by pair of nodes"),
    Kpi(
        "corridor.<name>.teu",
        "TEU",
        "delivered in the window over routes of the corridor: `middle` crosses the Caspian Sea, "
        "`southern` leaves or enters Kazakhstan by Turkmenistan, `northern` by Russia, "
        "`central_asian` by Uzbekistan or Kyrgyzstan, `china` by China alone, `domestic` not "
        "at all, `outside` never touches it; the first that fits, in this order",
    ),
    Kpi("corridor.<name>.transit_mean_d", "d", "mean transit of the corridor's cohort"),
    Kpi("class.<load class>.teu_created", "TEU", "as teu_created, of one load class"),
    Kpi("class.<load class>.teu_delivered", "TEU", "as teu_delivered, of one load class"),
    Kpi("class.<load class>.transit_mean_d", "d", "likewise; also p50, p90, p95, delay_mean_d"),
    Kpi("flow.<flow>.teu_created", "TEU", "as teu_created, of one flow; likewise .teu_delivered"),
    Kpi("flow.<flow>.transit_mean_h", "h", "mean transit; also transit_p95_h"),
    Kpi("flow.<flow>.delay_mean_h", "h", "mean delay"),
    Kpi("station.<station>.wait_mean_h", "h", "as wait_mean_h in stations; also wait_p95_h"),
    Kpi(
        "station.<station>.wait_mean_h.flow.<flow>",
        "h",
        "the same of one flow's visits, at stations of consignments in models of at most 20 flows",
    ),
    Kpi(
        "station.<station>.wait_over_<hours>_h_percent",
        "%",
        "visits requested in the window that waited longer, of those that started; for the hours "
        "in the scenario's measures.wait_over_h",
    ),
    Kpi(
        "first.transit_mean_h",
        "h",
        "mean transit of the first that were created in the window, as many as stop the run "
        "(stop.after_consignments); `at least`: one of them was inside; likewise "
        "first.delay_mean_h",
    ),
    Kpi("station.<station>.queue_mean", "", "as queue_mean in stations; likewise .queue_max"),
    Kpi("station.<station>.utilisation", "", "as utilisation in stations"),
    Kpi("station.<station>.visits", "", "visits requested in the window"),
    Kpi(
        "paired.<kpi>",
        "",
        "in comparisons: over the consignments created in both base and scenario, by flow and "
        "number; also paired.class.<load class>.<kpi> and paired.flow.<flow>.transit_mean_d",
    ),
    Kpi(
        "pool.<station>.filling_mean_h",
        "h",
        "mean time that the cohort's loads waited there for others to join",
    ),
)
"""All KPIs; names are stable."""


def names(table: str, *uses: Use) -> list[str]:
    """Return a table's columns of these uses (all of them when none is named), in order."""
    wanted = uses or ("key", "label", "total", "mean")
    return [c.column for c in COLUMNS if c.table == table and c.use in wanted]


def columns_table() -> pd.DataFrame:
    """Return the definitions of all columns: table, column, unit, use, meaning."""
    return pd.DataFrame(COLUMNS, columns=list(Column._fields))


def kpis_table() -> pd.DataFrame:
    """Return the definitions of all KPIs: kpi, unit, meaning."""
    return pd.DataFrame(KPIS, columns=list(Kpi._fields))
