"""The tables of a sweep: the same bytes for the same results, however they came about.

In: `Points` and the records of their runs. Out: `points.csv`, `sweep.csv`, `summary.csv`,
`failed.csv`, and `sweep.parquet` where pyarrow is.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from sim.experiment.intervals import rounded, t_interval
from sim.results.files import write_table
from sim.sweep.points import Points
from sim.sweep.store import DONE, FAILED, Record

Records = Mapping[tuple[str, int], Record]

WORDS = ("key", "status", "kpi", "unit", "bound", "message")
FILES = ("points", "sweep", "summary", "failed")


def tables(points: Points, records: Records) -> dict[str, pd.DataFrame]:
    """Return all tables by name, rows in the order of the design.

    Parameters
    ----------
    points
        Of the sweep.
    records
        Of its runs, by (point, replication).
    """
    runs = _runs(points, records)
    return {
        "points": _points(points, records),
        "sweep": runs,
        "summary": _summary(points, runs),
        "failed": _failed(points, records),
    }


def write_tables(folder: Path, found: Mapping[str, pd.DataFrame]) -> None:
    """Write all tables as CSV, each at once; the runs also as Parquet where pyarrow is."""
    for name, table in found.items():
        draft = folder / f".{name}.part"
        write_table(draft, table, [str(c) for c in table if _is_text(table[str(c)])])
        draft.replace(folder / f"{name}.csv")
    _write_parquet(folder, found["sweep"])


def _write_parquet(folder: Path, table: pd.DataFrame) -> None:
    draft = folder / ".sweep.part"
    # A factor may hold numbers and words: a column of a Parquet file has one type.
    mixed = {str(c): "str" for c in table if table[str(c)].dtype == object}
    try:
        table.astype(mixed).to_parquet(draft, index=False)
    except ImportError:
        return
    draft.replace(folder / "sweep.parquet")


def _is_text(column: "pd.Series[str]") -> bool:
    return not pd.api.types.is_numeric_dtype(column.dtype)


def factor_columns(points: Points) -> dict[str, list[object]]:
    """Return the value of each factor at each point."""
    factors = points.section.factors
    return {one.id: [point[f] for point in points.design.points] for f, one in enumerate(factors)}


def _points(points: Points, records: Records) -> pd.DataFrame:
    """Return one row per point: its factors, its key, how much of it is there."""
    every = range(points.replications)
    held = [[records.get((key, r)) for r in every] for key in points.keys]
    return pd.DataFrame(
        {
            "point": np.arange(1, len(points.keys) + 1),
            **factor_columns(points),
            "key": points.keys,
            "done": [sum(r is not None and r.status == DONE for r in row) for row in held],
            "status": [_status(row) for row in held],
        }
    )


def _status(row: list[Record | None]) -> str:
    """Return `complete`, `failed` if a run did, else `missing`."""
    if any(record is not None and record.status == FAILED for record in row):
        return "failed"
    return "missing" if None in row else "complete"


def _runs(points: Points, records: Records) -> pd.DataFrame:
    """Return one row per point, replication and KPI."""
    rows = [
        (p, r + 1, kpi, value, unit, bound)
        for p, key in enumerate(points.keys)
        for r in range(points.replications)
        if (key, r) in records and records[key, r].status == DONE
        for kpi, value, unit, bound in json.loads(records[key, r].content)
    ]
    table = pd.DataFrame(rows, columns=["at", "replication", "kpi", "value", "unit", "bound"])
    factors = pd.DataFrame(factor_columns(points)).loc[table["at"]].reset_index(drop=True)
    head = pd.DataFrame({"point": table["at"] + 1, "replication": table["replication"]})
    return pd.concat([head, factors, table[["kpi", "value", "unit", "bound"]]], axis=1)


def _summary(points: Points, runs: pd.DataFrame) -> pd.DataFrame:
    """Return mean and half-width of each KPI at each point that is complete.

    A point of which a run is missing or failed is in no mean: who failed may be who was worst.
    """
    rows = []
    counts = runs.groupby("point")["replication"].nunique()
    complete = counts.index[counts == points.replications]
    whole = runs[runs["point"].isin(complete)]
    for (point, kpi), part in whole.groupby(["point", "kpi"], sort=False):
        interval = t_interval(part["value"].to_numpy(float))
        half = np.nan if interval.half_width is None else interval.half_width
        unit = part["unit"].iloc[0]
        rows.append((point, kpi, interval.mean, half, interval.n, unit, max(part["bound"])))
    columns = ["point", "kpi", "value", "half_width_95", "n", "unit", "bound"]
    table = pd.DataFrame(rows, columns=columns)
    for column in ("value", "half_width_95"):
        table[column] = rounded(table[column].to_numpy(float))
    factors = pd.DataFrame(factor_columns(points))
    of_rows = factors.loc[table["point"].to_numpy(int) - 1].reset_index(drop=True)
    return pd.concat([table[["point"]], of_rows, table[columns[1:]]], axis=1)


def _failed(points: Points, records: Records) -> pd.DataFrame:
    """Return one row per run that failed, with what went wrong."""
    rows = [
        (p, r + 1, records[key, r].content)
        for p, key in enumerate(points.keys, 1)
        for r in range(points.replications)
        if (key, r) in records and records[key, r].status == FAILED
    ]
    return pd.DataFrame(rows, columns=["point", "replication", "message"])
