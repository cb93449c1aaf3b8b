"""The folder of a sweep: what is in it, what is still to do, and what it will cost.

In: `Points`, how runs are made. Out: the folder. This is what the command `sweep` calls.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.sweep.analysis import COLUMNS, sensitivity
from sim.sweep.conduct import Plan, State, conduct, state
from sim.sweep.points import Points
from sim.sweep.store import FILE, Record, journal
from sim.sweep.tables import Records, tables, write_tables
from sim.sweep.work import Job, carry_out

FOLDER = "sweeps"
ROW_BYTES = 120
"""Of one line of sweep.csv, roughly."""


class Estimate(NamedTuple):
    """What a sweep asks for, before it is run."""

    points: int
    different: int
    replications: int
    runs: int
    done: int
    failed: int
    missing: int
    run_s: float
    """Seconds of one run, its share of compiling included."""
    is_measured_now: bool
    """True: from one run made for it; False: from the runs that are there."""
    disk_bytes: int


def sweep_folder(root: Path, points: Points) -> Path:
    """Return where a sweep lies."""
    return root / FOLDER / points.name


def estimate(points: Points, folder: Path, plan: Plan, now_s: Callable[[], float]) -> Estimate:
    """Return what a sweep asks for; without a run to go by, one is made and thrown away."""
    found = state(points, _records(folder, now_s))
    spent_s, timed = found.seconds
    sizes = [len(record.content) for record in found.records.values()]
    if not timed and found.missing:
        (record,) = _pilot(points, found.missing[0], plan)
        spent_s, timed, sizes = record.seconds, 1, [len(record.content)]
    size = sum(sizes) / max(len(sizes), 1)
    there = found.progress
    missing = found.total - len(found.records)
    return Estimate(
        points=len(points.keys),
        different=len(points.scenarios),
        replications=points.replications,
        runs=found.total,
        done=there.done,
        failed=there.failed,
        missing=missing,
        run_s=spent_s / max(timed, 1),
        is_measured_now=not found.records,
        disk_bytes=round(found.total * size * (1 + ROW_BYTES / 60)),
    )


def _records(folder: Path, now_s: Callable[[], float]) -> Records:
    """Return what the journal of a folder holds; nothing is made where there is none."""
    if not (folder / FILE).exists():
        return {}
    with journal(folder, fresh=False, now_s=now_s) as opened:
        return opened.read()[0]


def _pilot(points: Points, job: Job, plan: Plan) -> list[Record]:
    keep = (*points.section.keep, *points.section.responses)
    order = plan.order((job._replace(replications=job.replications[:1]),), keep, is_retry=False)
    carry_out(order)  # whatever is loaded or compiled once must not be counted
    return carry_out(order)


class Found(NamedTuple):
    """What is there of a sweep."""

    state: State
    tables: Mapping[str, pd.DataFrame]
    """By name, as they were written."""
    means: Mapping[str, NDArray[np.float64]]
    """Response -> `(P,)` mean at each point, NaN where a point is not complete."""


def obtain(
    points: Points,
    folder: Path,
    plan: Plan,
    *,
    fresh: bool = False,
    retry_failed: bool = False,
    now_s: Callable[[], float],
) -> Found:
    """Make what is missing of a sweep, write its tables, and return what is there.

    Parameters
    ----------
    points, folder
        Of the sweep.
    plan
        How runs are made.
    fresh
        Whether what is there is thrown away.
    retry_failed
        Whether runs that failed are made again.
    now_s
        Seconds since 1970.
    """
    with journal(folder, fresh=fresh, now_s=now_s) as opened:
        records, damaged = opened.read()
        before = state(points, records, retry_failed=retry_failed)
        plan.tell(before.progress)
        conduct(points, opened, before, plan)
        found = read(points, state(points, opened.read()[0])._replace(damaged=damaged))
        write_tables(folder, found.tables)
        return found


def read(points: Points, found: State) -> Found:
    """Return the tables of a sweep and the mean of each response at each point."""
    made = tables(points, found.records)
    summary = made["summary"]
    values = {
        kpi: point_values(points, summary[summary["kpi"] == kpi])
        for kpi in points.section.responses
        if (summary["kpi"] == kpi).any()
    }
    units = summary.drop_duplicates("kpi").set_index("kpi")["unit"].to_dict()
    parts = [
        sensitivity(points.section, points.design, mean, kpi=kpi, unit=str(units[kpi]))
        for kpi, mean in values.items()
    ]
    made["sensitivity"] = (
        pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(COLUMNS))
    )
    return Found(found, made, values)


def point_values(points: Points, rows: pd.DataFrame) -> NDArray[np.float64]:
    """Return the mean of one KPI at each point, NaN where a point is not complete.

    Parameters
    ----------
    points
        Of the sweep.
    rows
        Of the table `summary`, of one KPI.
    """
    values = np.full(len(points.keys), np.nan)
    values[rows["point"].to_numpy(int) - 1] = rows["value"].to_numpy(float)
    return values
