"""What a report shows of the network: places, laws with their sources, publications.

In: a `Network`, or the three tables as they were written beside the results. Out:
`World`. The tables lie in the results folder, so a report can be built again from the
folder alone.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from network.load import on
from network.schema import ClosureRow, DemandRow, FacilityRow, Network
from sim.errors import ResultsError

PLACE_COLUMNS = ("node", "name", "country", "lat", "lon", "kind")
LAW_COLUMNS = (
    "row",
    "where",
    "what",
    "law",
    "mean_h",
    "cv",
    "servers",
    "hours",
    "basis",
    "source",
)
SOURCE_COLUMNS = ("source", "title", "publisher", "year", "url")

_FILES = ("network_places.csv", "network_laws.csv", "network_sources.csv")


class World(NamedTuple):
    """The network as a reader meets it."""

    places: pd.DataFrame
    """One row per node: ``node``, ``name``, ``country``, ``lat``, ``lon``, ``kind``."""
    laws: pd.DataFrame
    """One row per distribution in force: where, what, law, mean, cv, servers, source."""
    sources: pd.DataFrame
    """One row per publication that those rows quote."""


def of_network(network: Network, day: date) -> World:
    """The world of one day.

    Parameters
    ----------
    network
        All dated rows.
    day
        First day of the measured window, or the day on which the network is frozen.
    """
    today = on(network, day)
    places = [(n.id, n.name or n.id, n.country, n.lat, n.lon, n.kind) for n in today.nodes]
    laws = [
        *(_facility(row) for row in today.facilities if row.mean_h is not None),
        *(_closure(row) for row in today.closures if row.applied and row.mean_h is not None),
        *_arrivals(today.demand),
    ]
    quoted = {name for law in laws for name in law[-1].split(";")}
    sources = [
        (s.id, s.title, s.publisher, s.year, s.url) for s in today.sources if s.id in quoted
    ]
    return World(
        pd.DataFrame(places, columns=list(PLACE_COLUMNS)),
        pd.DataFrame(laws, columns=list(LAW_COLUMNS)),
        pd.DataFrame(sources, columns=list(SOURCE_COLUMNS)),
    )


_Law = tuple[str, str, str, str, float | None, float | None, int | None, str, str, str]


def _facility(row: FacilityRow) -> _Law:
    whole = (row.opens, row.closes, row.days) == ("00:00", "24:00", "Mon-Sun")
    hours = "always" if whole else f"{row.opens}–{row.closes} {row.days}"
    what = f"{row.operation.replace('_', ' ')}, {row.direction.replace('_', ' ')}, per {row.per}"
    basis = _range(row.mean_low, row.mean_high)
    return (row.id, row.node, what, row.law, row.mean_h, row.cv, row.servers, hours, basis,
            ";".join(row.source))  # fmt: skip


def _closure(row: ClosureRow) -> _Law:
    where = ";".join(row.node_or_link)
    rate = "" if row.rate_per_year is None else f", {row.rate_per_year:g} a year"
    return (row.id, where, f"{row.effect.replace('_', ' ')}: {row.reason}{rate}", row.law,
            row.mean_h, row.cv, None, "always" if not row.months else ";".join(row.months), "",
            ";".join(row.source))  # fmt: skip


def _arrivals(rows: tuple[DemandRow, ...]) -> list[_Law]:
    """One line per law of arrival, for all flows that share it."""
    kinds: dict[tuple[str, float | None], int] = {}
    for row in rows:
        key = (row.arrival_law, row.arrival_cv)
        kinds[key] = kinds.get(key, 0) + 1
    return [
        ("demand", "all flows", f"gaps between consignments, {count} rows", law, None, cv, None,
         "always", "means from the demand table", "")
        for (law, cv), count in sorted(kinds.items(), key=str)
    ]  # fmt: skip


def _range(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:g} to {high:g} h"


def write_world(folder: Path, world: World) -> None:
    """Write the three tables beside the results."""
    for name, table in zip(_FILES, world, strict=True):
        table.to_csv(folder / name, index=False, lineterminator="\n")


def read_world(folder: Path) -> World:
    """The world beside the results; empty tables where it was not written."""
    columns = (PLACE_COLUMNS, LAW_COLUMNS, SOURCE_COLUMNS)
    return World(*map(_read, (folder / name for name in _FILES), columns))


def _read(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    if not path.is_file():
        return pd.DataFrame(columns=list(columns))
    text = [c for c in columns if c not in {"lat", "lon", "mean_h", "cv", "servers", "year"}]
    return pd.read_csv(path, dtype=dict.fromkeys(text, "str"), na_filter=True).fillna(
        dict.fromkeys(text, "")
    )


def window_day(scenario: Mapping[str, Any]) -> date:
    """The day whose network a resolved scenario shows: ``as_of``, or the window's start.

    Raises
    ------
    ResultsError
        If the scenario states neither.
    """
    network, window = scenario.get("network") or {}, scenario.get("window") or {}
    day = network.get("as_of") or window.get("start")
    if day is None:
        raise ResultsError("scenario.resolved.yaml: found neither network.as_of nor window.start")
    return day if isinstance(day, date) else date.fromisoformat(str(day))
