"""Whether a `steady` experiment has a steady state, and whether its window lies in it (R21).

In: the measures of all replications. Out: `Guard`: stations over capacity, the warm-up
judged, and the tables without the figures that only a steady state has.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.experiment.averages import coded
from sim.experiment.intervals import batch_interval, rounded
from sim.experiment.together import t_multiplier
from sim.experiment.warmup import WarmUp, judge
from sim.measures.build import Measures
from sim.measures.columns import names

FULL = 0.98
"""Utilisation at which a station is called full."""
WITHHELD = "withheld"
"""Bound of a KPI that has no long-run mean."""

_CONFIDENCE = 0.99
_FEWEST_DAYS = 4
_FEWEST = 50
"""Consignments below which a series says nothing of its beginning."""
_SERVING = ("pool", "fleet", "yard")
"""Kinds whose utilisation near 1 is no sign of a queue without end."""
_TIMES = ("d", "h", "TEU d")
_TIME_COLUMNS = ("transit_", "delay_", "excess_", "wait_", "queue_", "unfinished")
_STATES = (".queue_mean", ".queue_max", "stock_", "unfinished")


class Guard(NamedTuple):
    """What stands in the way of a long-run mean."""

    over: tuple[str, ...]
    """Stations that are full, or whose queue grows, by id."""
    warm_up: WarmUp | None
    """None: too few consignments to tell."""

    @property
    def is_withheld(self) -> bool:
        """Return whether times and queues have no long-run mean."""
        return bool(self.over)


def guard(parts: Sequence[Measures], stations: pd.DataFrame, found: pd.DataFrame) -> Guard:
    """Return what stands in the way of a long-run mean.

    Parameters
    ----------
    parts
        Measures of each replication.
    stations
        The table `stations` averaged over them.
    found
        Their table `trends`.
    """
    serves = ~stations["kind"].isin(_SERVING)
    full = stations.loc[serves & (stations["utilisation"] >= FULL), "station"].astype(str)
    over = {*full.tolist(), *growing(found)}
    return Guard(tuple(sorted(over, key=str.encode)), warm_up(parts))


def growing(found: pd.DataFrame) -> list[str]:
    """Return the stations whose queue grows through the window, of the table `trends`."""
    return found.loc[found["grows"] == "yes", "place"].astype(str).tolist()


def trends(series: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return how fast each station's queue grows, and whether it does in every way one can ask.

    Parameters
    ----------
    series
        The table `timeseries` of each replication.

    Returns
    -------
    The table `trends`, empty with one replication or in fewer than four days.

    Notes
    -----
    The slope of the daily mean queue, one value a replication, is above zero with 99 % for
    all stations together (Bonferroni), and over the window amounts to the mean queue: a
    queue that grows from nothing amounts to twice its mean, one that has a steady state and
    was begun too empty to far less.
    """
    sizes = [len(one) for one in series]
    of = np.repeat(np.arange(len(series)), sizes)
    (date, dates), (place, places) = (
        coded([one[word] for one in series]) for word in ("date", "place")
    )
    # A run that stops by count ends when it will.
    days = min(int(own.max(initial=-1)) + 1 for own in np.split(date, np.cumsum(sizes)[:-1]))
    if len(series) == 1 or days < _FEWEST_DAYS:
        return pd.DataFrame(columns=names("trends"))
    daily = np.zeros((len(series), len(dates), len(places)))
    daily[of, date, place] = np.concatenate([one["queue_mean"].to_numpy(float) for one in series])
    daily = np.nan_to_num(daily[:, :days])
    day = np.arange(days) - (days - 1) / 2
    slope = np.einsum("d,rds->rs", day, daily) / (day @ day)
    wider = t_multiplier(max(len(places), 1), len(series), _CONFIDENCE)
    half = wider * slope.std(axis=0, ddof=1) / len(series) ** 0.5
    queue, growth = daily.mean(axis=(0, 1)), slope.mean(axis=0)
    grows = (growth > half) & (growth * days >= queue)
    columns = (places.astype(str), rounded(queue), rounded(growth), rounded(half))
    table = dict(zip(names("trends"), (*columns, np.where(grows, "yes", "no")), strict=True))
    return pd.DataFrame(table)


def warm_up(parts: Sequence[Measures]) -> WarmUp | None:
    """Return the warm-up judged on the delays of the window's consignments, in order."""
    count = min(part.cohort.delay_s.size for part in parts)
    if count < _FEWEST or len(parts) == 1:
        return None
    return judge(np.stack([part.cohort.delay_s[:count] for part in parts]).astype(float))


def remarks(found: Guard, parts: Sequence[Measures], window_days: float) -> tuple[str, ...]:
    """Return what must be said of the steady state beside the figures."""
    said = []
    if found.is_withheld:
        shown = ", ".join(found.over[:10])
        more = f" and {len(found.over) - 10} more" if len(found.over) > 10 else ""  # noqa: PLR2004
        said.append(
            f"over capacity: {shown}{more}: full or with a queue that grows, so times, waits and "
            "queues have no long-run mean and are withheld"
        )
    warm = found.warm_up
    if warm is not None and not warm.is_enough:
        wanted = "a longer window is wanted" if not warm.is_settled else "a longer warm-up is"
        wanted += "" if not warm.is_settled else f" wanted, by {warm.mser * window_days:.2g} days"
        said.append(
            f"warm-up too short: on the average of the replications MSER-5 cuts the first "
            f"{100 * warm.mser:.0f} % of the window, Welch's curve {100 * warm.welch:.0f} %; "
            f"{wanted}"
        )
    if len(parts) == 1 and parts[0].cohort.delay_s.size >= _FEWEST and not found.is_withheld:
        said.append(_one_run(parts[0]))
    return tuple(said)


def _one_run(part: Measures) -> str:
    """Return the mean delay of a single run with the interval that its batches give."""
    interval = batch_interval(part.cohort.delay_s / 3_600)
    return (
        f"one replication: batch means of ten batches give a mean delay of {interval.mean:.4g} ± "
        f"{interval.half_width:.2g} h; trust it only if the run is very long"
    )


def withheld(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the tables of an experiment without what only a steady state has.

    Parameters
    ----------
    tables
        By name; of `summary` the KPIs that are times, queues and stock are taken, of flows,
        stations and links the columns.
    """
    summary = tables["summary"].copy()
    kpi = summary["kpi"].astype(str)
    is_state = np.logical_or.reduce([kpi.str.contains(word, regex=False) for word in _STATES])
    gone = summary["unit"].isin(_TIMES) | is_state
    summary.loc[gone, ["value", "half_width_95"]] = np.nan
    summary.loc[gone, "bound"] = WITHHELD
    bare = {name: _without_columns(tables[name]) for name in ("flows", "stations", "links")}
    return {**tables, "summary": summary, **bare}


def _without_columns(table: pd.DataFrame) -> pd.DataFrame:
    gone = [column for column in map(str, table.columns) if column.startswith(_TIME_COLUMNS)]
    result = table.copy()
    result[gone] = np.nan
    return result


def is_withheld(summary: pd.DataFrame) -> bool:
    """Return whether times of an experiment are withheld."""
    return bool((summary["bound"] == WITHHELD).any())
