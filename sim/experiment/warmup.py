"""Where a run has settled, and whether it had when its window began.

In: a figure by its order in the run, one row per replication. Out: cuts, in observations.
A series is judged on the average over its replications: on a single run the same rule cries
wolf and sleeps.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from sim.experiment.intervals import CONFIDENCE, Interval
from sim.experiment.together import adjusted, p_value

Floats = NDArray[np.float64]

BATCH = 5
LATE_CUT = 0.05
"""Share of the window that may be cut before the warm-up is called too short."""
MATTERS = 0.01
"""Change of a mean, as a share of it, that a longer warm-up may make and nobody minds."""
VERDICT_KPIS = ("teu_delivered", "transit_mean_d", "delay_mean_d", "stock_mean_teu")


class Cut(NamedTuple):
    """What to leave out at the beginning of a series."""

    batches: int
    observations: int
    mean: float
    """Of what is left."""
    is_settled: bool
    """False: the best cut lies at the middle, so the series may never have settled."""


class WarmUp(NamedTuple):
    """How much of the window still belonged to the beginning, as shares of it."""

    mser: float
    welch: float
    is_settled: bool
    observations: int

    @property
    def is_enough(self) -> bool:
        """Return whether what was left out before the window was enough."""
        return self.is_settled and self.mser <= LATE_CUT


class Turn(NamedTuple):
    """A verdict of a comparison that is another with a longer warm-up."""

    kpi: str
    verdict: str
    longer: str


def mser(series: ArrayLike, batch: int = BATCH) -> Cut:
    """Return the cut after which the mean of a series is known best (MSER-5).

    Parameters
    ----------
    series
        `(T,)` finite, in order of time.
    batch
        Observations of which the means are taken first; what is left over is dropped at the
        end.

    Raises
    ------
    ValueError
        If a value is not finite.

    Notes
    -----
    The least of sum((y - mean)^2) / (m - d)^2 over the batches after d, d = 0 .. m // 2, the
    smallest d of equal ones (White 1997; Spratt 1998). Fewer than two batches are not cut.
    """
    values = np.asarray(series, dtype=float)
    if not np.isfinite(values).all():
        raise ValueError("MSER: a value of the series is not finite")
    count = values.size // batch
    if count < 2:  # noqa: PLR2004 - one batch has no spread
        return Cut(0, 0, float(values.mean()) if values.size else 0.0, is_settled=False)
    means = values[: count * batch].reshape(count, batch).mean(axis=1)
    centred = means - means.mean()  # sums of squares of large figures would lose digits
    left = count - np.arange(count // 2 + 1)
    total = np.cumsum(centred[::-1])[::-1][: left.size]
    square = np.cumsum(centred[::-1] ** 2)[::-1][: left.size]
    score = np.maximum(square - total**2 / left, 0.0) / left.astype(float) ** 2
    # What rounding alone tells apart is equal.
    best = int(np.flatnonzero(score <= score.min() * (1 + 1e-12) + 1e-300)[0])
    mean = float(means[best:].mean())
    return Cut(best, best * batch, mean, is_settled=best < count // 2)


def smoothed(series: Floats, half_window: int) -> Floats:
    """Return Welch's moving averages of a series, of all but its last `half_window` values.

    Parameters
    ----------
    series
        `(T,)` average over replications.
    half_window
        w: the average at t is over t - w .. t + w, at t < w over 0 .. 2 t; w <= T / 4.
    """
    sums = np.concatenate(([0.0], np.cumsum(series)))
    at = np.arange(series.size - half_window)
    reach = np.minimum(at, half_window)
    curve: Floats = (sums[at + reach + 1] - sums[at - reach]) / (2 * reach + 1)
    return curve


def welch_cut(replications: ArrayLike, half_window: int | None = None) -> int:
    """Return where the smoothed curve enters the band of its second half for good.

    Parameters
    ----------
    replications
        `(R, T)` one series per replication.
    half_window
        Default T / 20; at most T / 4.

    Notes
    -----
    Welch (1983) lets the eye choose where the curve is level. Here it is level from where it
    never again leaves the band that it keeps to in its second half.
    """
    average = np.atleast_2d(np.asarray(replications, dtype=float)).mean(axis=0)
    most = max(average.size // 4, 1)
    width = min(half_window or max(average.size // 20, 1), most)
    curve = smoothed(average, width)
    late = curve[curve.size // 2 :]
    level = late.mean()
    outside = np.abs(curve - level) > np.abs(late - level).max()
    return int(np.flatnonzero(outside)[-1]) + 1 if outside.any() else 0


def judge(replications: Floats) -> WarmUp:
    """Return what is left of the beginning in the window.

    Parameters
    ----------
    replications
        `(R, T)`: a figure of the window's first T consignments, in order of their creation.
    """
    average = replications.mean(axis=0)
    cut = mser(average)
    size = max(average.size, 1)
    return WarmUp(
        cut.observations / size, welch_cut(replications) / size, cut.is_settled, average.size
    )


def longer_changes(comparison: pd.DataFrame) -> tuple[str, ...]:
    """Return the verdict KPIs that a run from twice the warm-up moves, none if it was enough.

    Parameters
    ----------
    comparison
        Table `comparison`: base as it was run, scenario under the same draws from twice the
        warm-up (R21).

    Notes
    -----
    A KPI counts as moved if its paired difference is beyond chance with all verdict KPIs
    taken together (Holm) and more than 1 % of its mean.
    """
    rows = comparison[comparison["kpi"].isin(VERDICT_KPIS)]
    rows = rows[rows["half_width"].notna()]
    base, difference, half = (
        rows[c].to_numpy(float) for c in ("base", "difference", "half_width")
    )
    intervals = map(Interval, difference, half, rows["n"])
    p = adjusted([p_value(interval) for interval in intervals])
    moved = (p <= 1 - CONFIDENCE) & (np.abs(difference) > MATTERS * np.abs(base))
    return tuple(rows["kpi"].to_numpy(str)[moved].tolist())


def turns(comparison: pd.DataFrame, longer: pd.DataFrame) -> tuple[Turn, ...]:
    """Return the verdicts that a longer warm-up changes, none if it was enough.

    Parameters
    ----------
    comparison, longer
        Tables `comparison` of the same two scenarios, the second from twice the warm-up.
    """
    theirs = dict(zip(longer["kpi"], longer["verdict"], strict=True))
    rows = zip(comparison["kpi"], comparison["verdict"], strict=True)
    return tuple(
        Turn(kpi, verdict, theirs.get(kpi, "not there"))
        for kpi, verdict in rows
        if kpi.removeprefix("paired.") in VERDICT_KPIS and verdict != theirs.get(kpi)
    )
