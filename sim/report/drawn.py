"""What each chart draws: rows chosen from the results, in order, with names in words.

In: runs. Out: one table per chart, with the columns that ``sim.plots`` asks for; each is
also written beside its figure, so that a reader has the very figures of the chart.
"""

from collections.abc import Sequence

import pandas as pd

from sim.report.material import Comparison, Run
from sim.report.words import Names, corridor, kpi, names, sentence_case

MOST_BARS = 12
MOST_QUEUES = 6
MOST_BUSY = 16
MOST_PLACES = 9
_HOURS_A_DAY = 24.0
_IN_THOUSANDS = 20_000.0
_AT_THE_PLACE = ("queue", "closed", "weather", "storage", "path")
"""Causes that lie with a place; the others lie with the services that leave it."""
_SEEN_PART = 0.003
"""Part of the greatest below which a bar or line is no more than its outline."""


def known_names(runs: Sequence[Run]) -> Names:
    """Names of all places of the runs."""
    places = pd.concat([run.world.places for run in runs], ignore_index=True)
    return names(places.drop_duplicates("node", keep="last"))


def _both(runs: Sequence[Run], parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Rows of every run under one another, each with the run's name as ``side``."""
    named = [part.assign(side=run.side) for run, part in zip(runs, parts, strict=True)]
    return pd.concat([part for part in named if len(part)] or named[:1], ignore_index=True)


def _ranked(table: pd.DataFrame, by: str, most: int) -> pd.DataFrame:
    """The labels with the greatest figure on any side, the greatest first."""
    order = table.groupby("label", sort=True)[by].max().sort_values(ascending=False, kind="stable")
    chosen = [str(label) for label in order.index[:most]]
    kept = table[table["label"].isin(chosen)]
    rank = kept["label"].map({label: i for i, label in enumerate(chosen)})
    return kept.assign(rank=rank).sort_values("rank", kind="stable").drop(columns="rank")


def throughput(runs: Sequence[Run]) -> pd.DataFrame:
    """TEU by corridor and by border crossing: group, label, side, teu, half_width_95."""
    known = known_names(runs)
    columns = ["group", "label", "side", "teu", "half_width_95", "kpi"]
    parts = []
    for group, head in (("By corridor", "corridor."), ("By border crossing", "crossing.")):
        tables = [run.tables.summary for run in runs]
        chosen = [t[t["kpi"].str.startswith(head) & t["kpi"].str.endswith(".teu")] for t in tables]
        both = _both(runs, chosen)
        both = both.assign(
            group=group, label=[kpi(str(k), known) for k in both["kpi"]], teu=both["value"]
        )
        parts.append(_ranked(both[both["teu"] > 0], "teu", MOST_BARS))
    return pd.concat(parts, ignore_index=True).reindex(columns=columns)


def transit(runs: Sequence[Run]) -> pd.DataFrame:
    """Percentiles of transit time: label, side, percent, transit_d; the whole first."""
    both = _both(runs, [run.tables.transit for run in runs])
    groups = both["group"].astype(str)
    wanted = (groups == "all") | groups.str.startswith("corridor.")
    both = both[wanted & both["transit_d"].notna()]
    label = [
        "All consignments" if g == "all" else corridor(g.removeprefix("corridor."))
        for g in both["group"].astype(str)
    ]
    both = both.assign(label=label, first=(both["group"] != "all"))
    both = both.sort_values(["first", "label", "side", "percent"], kind="stable")
    columns = ["label", "side", "percent", "transit_d", "transit_d_half_width_95"]
    return both.reindex(columns=columns).reset_index(drop=True)


def causes(runs: Sequence[Run]) -> pd.DataFrame:
    """Days of a TEU by cause: label, side, cause, value, half_width_95."""
    parts = []
    for run in runs:
        table = run.tables.summary
        found = table["kpi"].str.extract(r"^cause\.(?P<cause>\w+)\.mean_d$")["cause"]
        parts.append(table.assign(cause=found)[found.notna()])
    both = _both(runs, parts).assign(label="Average TEU", unit="days")
    return both.reindex(columns=["label", "side", "cause", "value", "half_width_95", "unit"])


def waiting_places(runs: Sequence[Run]) -> pd.DataFrame:
    """Waiting by place and cause: label, side, cause, value, unit."""
    columns = ["label", "side", "cause", "value", "unit"]
    known = known_names(runs)
    both = _both(runs, [_waits(run) for run in runs])
    if both.empty:
        return pd.DataFrame(columns=columns)
    links = link_names(runs, known)
    both = both.assign(
        label=[links.get(str(n)) or known.of(str(n)) for n in both["node"]],
        value=both["teu_h"] / _HOURS_A_DAY,
        unit="TEU-days",
    )
    sums = both.groupby(["label", "side"])["value"].transform("sum")
    is_seen = sums > _SEEN_PART * sums.max()
    chosen = _ranked(both.assign(total=sums)[is_seen], "total", MOST_PLACES)
    if chosen["value"].max() >= _IN_THOUSANDS:
        chosen = chosen.assign(value=chosen["value"] / 1000, unit="thousand TEU-days")
    return chosen.reindex(columns=columns).reset_index(drop=True)


def link_names(runs: Sequence[Run], known: Names) -> dict[str, str]:
    """Each link by its ends, in words."""
    links = pd.concat([run.tables.links for run in runs], ignore_index=True)
    out = {}
    for link, direction, *ends in zip(
        links["link"], links["direction"], links["from"], links["to"], strict=True
    ):
        start, end = ends if direction == "forward" else reversed(ends)
        out[str(link)] = f"{known.of(str(start))} – {known.of(str(end))}"
    return out


def utilisation(runs: Sequence[Run]) -> pd.DataFrame:
    """Busiest stations: label, side, utilisation, half_width_95."""
    parts = []
    for run in runs:
        table = run.tables.stations
        busy = table[table["utilisation"].notna() & (table["visits"] > 0)]
        half = busy.reindex(columns=["utilisation_half_width_95"]).iloc[:, 0]
        parts.append(busy.assign(label=_station_labels(busy), half_width_95=half))
    both = _both(runs, parts)
    columns = ["label", "side", "utilisation", "half_width_95", "station"]
    return _ranked(both, "utilisation", MOST_BUSY).reindex(columns=columns)


def _station_labels(stations: pd.DataFrame) -> "pd.Series[str]":
    """Words of each station; with its id where others have the same, or there are none."""
    ids = stations["station"].astype(str)
    words = stations["name"].astype(str).map(sentence_case)
    often = pd.DataFrame({"id": ids, "words": words}).drop_duplicates()["words"].value_counts()
    both = words.where(words.map(often) == 1, (words + " [" + ids + "]").str.strip())
    return both.where(words != "", ids)


def queues(runs: Sequence[Run]) -> pd.DataFrame:
    """Queues by day at the worst stations: label, side, date, queue_mean, half_width_95."""
    columns = ["label", "side", "date", "queue_mean", "half_width_95", "place"]
    stations = _both(runs, [run.tables.stations for run in runs])
    if stations.empty:
        return pd.DataFrame(columns=columns)
    stations = stations.assign(label=_station_labels(stations))
    queued = stations[(stations["queue_mean"] > 0) & ~stations["kind"].isin(["pool", "yard"])]
    worst = _ranked(queued, "queue_mean", MOST_QUEUES)
    label = dict(zip(worst["station"], worst["label"], strict=True))
    parts = []
    for run in runs:
        table = run.tables.timeseries
        chosen = table[table["place"].isin(list(label))]
        half = chosen.reindex(columns=["queue_mean_half_width_95"]).iloc[:, 0]
        parts.append(
            chosen.assign(label=chosen["place"].map(label), half_width_95=half.to_numpy())
        )
    both = _both(runs, parts)
    rank = both["label"].map({name: i for i, name in enumerate(dict.fromkeys(label.values()))})
    both = both.assign(rank=rank).sort_values(["rank", "side", "date"], kind="stable")
    return both.reindex(columns=columns).reset_index(drop=True)


def lines(run: Run) -> pd.DataFrame:
    """Links with traffic, both directions together, for the map.

    Returns
    -------
    DataFrame
        ``link``, ``start``, ``end``, ``mode``, ``teu`` (sum), ``utilisation`` (of the
        busier direction), and the figures of each direction for those who ask.
    """
    columns = ["link", "start", "end", "start_name", "end_name", "mode", "teu", "utilisation",
               "teu_forward", "teu_backward", "vehicles", "wait_mean_h"]  # fmt: skip
    table = run.tables.links
    places = run.world.places
    known = places[places["lat"].notna() & places["lon"].notna()]["node"]
    table = table[table["from"].isin(known) & table["to"].isin(known)]
    if table.empty:
        return pd.DataFrame(columns=columns)
    table = table.sort_values(["link", "direction"], ascending=[True, False], kind="stable")
    is_forward = table["direction"] == "forward"
    table = table.assign(
        start=table["from"].where(is_forward, table["to"]),
        end=table["to"].where(is_forward, table["from"]),
        teu_forward=table["teu"].where(is_forward, 0.0),
        teu_backward=table["teu"].where(~is_forward, 0.0),
    )
    merged = table.groupby(["link", "start", "end", "mode"], as_index=False).agg(
        teu=("teu", "sum"), utilisation=("utilisation", "max"),
        teu_forward=("teu_forward", "sum"), teu_backward=("teu_backward", "sum"),
        vehicles=("vehicles", "sum"), wait_mean_h=("wait_mean_h", "max"),
    )  # fmt: skip
    said = names(places)
    merged = merged.assign(
        start_name=[said.of(str(n)) for n in merged["start"]],
        end_name=[said.of(str(n)) for n in merged["end"]],
    )
    return merged[merged["teu"] > 0].reindex(columns=columns).reset_index(drop=True)


def map_places(run: Run, drawn_lines: pd.DataFrame) -> pd.DataFrame:
    """Places at the ends of drawn lines, those with most traffic first."""
    ends = pd.concat(
        [
            drawn_lines[["start", "teu"]].rename(columns={"start": "node"}),
            drawn_lines[["end", "teu"]].rename(columns={"end": "node"}),
        ]
    )
    load = ends.groupby("node")["teu"].sum()
    short_name = names(run.world.places).place
    places = run.world.places.assign(
        name=[short_name.get(n, n) for n in run.world.places["node"]],
        teu=run.world.places["node"].map(load),
    )
    places = places[places["teu"].notna() & places["lat"].notna() & places["lon"].notna()]
    return places.sort_values(["teu", "node"], ascending=[False, True]).reset_index(drop=True)


def borders(run: Run) -> pd.DataFrame:
    """Delays at each border crossing, the longest waiting first.

    Counted are queues, hours in which it was shut, weather, want of room and of paths; not the
    waits for a train to be made up or to leave.

    Returns
    -------
    DataFrame
        ``name``, ``lat``, ``lon``; ``teu`` that crossed, both ways; ``waiting_teu_d`` booked to
        its two nodes and the links between them, ``hours_a_teu`` of these for one that crossed,
        and ``cause``, that of most. A node of several crossings is shared out by their TEU.
    """
    columns = ["name", "lat", "lon", "teu", "waiting_teu_d", "hours_a_teu", "cause"]
    table = run.tables.crossings
    if table.empty:
        return pd.DataFrame(columns=columns)
    teu = table.groupby(_pairs(table))["teu"].sum()
    teu = teu[teu > 0]
    waits = _waits(run)
    waits = waits[waits["cause"].isin(_AT_THE_PLACE)]
    ends = pd.DataFrame(
        [(pair, node, float(size)) for pair, size in teu.items() for node in _ends(str(pair))],
        columns=["pair", "node", "teu"],
    )
    share = ends["teu"] / ends.groupby("node")["teu"].transform("sum")
    sides = ends.assign(share=share).merge(waits, on="node")
    sides = sides.assign(teu_h=sides["teu_h"] * sides["share"])
    links = run.tables.links.drop_duplicates("link")
    between = pd.DataFrame({"pair": _pairs(links), "node": links["link"]}).merge(waits, on="node")
    booked = pd.concat([sides, between])
    sums = booked.groupby(["pair", "cause"])["teu_h"].sum().reset_index()
    most = sums.sort_values("teu_h", kind="stable").drop_duplicates("pair", keep="last")
    cause = dict(zip(most["pair"], most["cause"], strict=True))
    total = sums.groupby("pair")["teu_h"].sum().reindex(teu.index).fillna(0.0)
    said, places = names(run.world.places), run.world.places.set_index("node")
    found = pd.DataFrame(
        {
            "name": [" – ".join(said.of(node) for node in _ends(str(pair))) for pair in teu.index],
            "lat": [places["lat"].reindex(_ends(str(pair))).mean() for pair in teu.index],
            "lon": [places["lon"].reindex(_ends(str(pair))).mean() for pair in teu.index],
            "teu": teu.to_numpy(),
            "waiting_teu_d": total.to_numpy() / _HOURS_A_DAY,
            "hours_a_teu": (total / teu).to_numpy(),
            "cause": [cause.get(str(pair), "") for pair in teu.index],
        }
    )
    found = found.sort_values(["waiting_teu_d", "name"], ascending=[False, True])
    return found.reindex(columns=columns).reset_index(drop=True)


def _pairs(rows: pd.DataFrame) -> "pd.Series[str]":
    """The two ends of each row as one key, whichever way it runs."""
    ends = zip(rows["from"].astype(str), rows["to"].astype(str), strict=True)
    return pd.Series(["|".join(sorted(pair)) for pair in ends], index=rows.index, name="pair")


def _ends(pair: str) -> list[str]:
    return pair.split("|")


def _waits(run: Run) -> pd.DataFrame:
    """Waiting by node, which may be a link, and cause: node, cause, teu_h."""
    table = run.tables.ledger
    waits = table[table["is_waiting"] == "yes"]
    return waits.groupby(["node", "cause"])["teu_h"].sum().reset_index()


def changes(comparison: Comparison) -> pd.DataFrame:
    """Links whose traffic differs, for the map of changes: as ``lines``, with ``change``."""
    base, scenario = lines(comparison.base), lines(comparison.scenario)
    keys = ["link", "start", "end", "mode"]
    both = base.merge(scenario, on=keys, how="outer", suffixes=("_base", "_scenario"))
    both = both.assign(
        teu_base=both["teu_base"].fillna(0.0), teu_scenario=both["teu_scenario"].fillna(0.0)
    )
    both = both.assign(change=both["teu_scenario"] - both["teu_base"])
    size = both["change"].abs()
    seen: pd.DataFrame = both[size > _SEEN_PART * size.max()]
    return seen.reset_index(drop=True)
