"""When random closures begin and end (R15).

In: rows of closures as flat arrays. Out: their events in one run. Starts are
Poisson inside the spans in which they may begin, counted in allowed time from
the window's start both ways; a row may copy a share of another row's events.
"""

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.hashing import mix, mix_array
from sim.draws.tables import (
    MEAN_UNIT_PER_S,
    Ints,
    Words,
    duration_array_s,
    exponential_table,
    quantile_array,
)
from sim.errors import PlanError

COPIES_ONLY = 0
"""As a gap: the row has no events but those of its partner."""

AT_DATES = -1
"""As a gap: one event begins at the beginning of every window."""

_GAP = 1
_LENGTH = 2
_COPY = 3
_PPM = 1_000_000
_UNIT_BITS = 20


class ClosureLaw(NamedTuple):
    """One random row in plain numbers."""

    key: int
    """`stable_key` of the row's id."""
    law: int
    """Index of the law of durations in the plan's tables."""
    mean_h: float
    """Mean duration, hours."""
    windows_s: tuple[tuple[int, int], ...]
    """Spans in which events may begin, or whose beginnings are the dates: ascending, apart,
    relative to the window's start. Begin them early enough before the run for events that
    are still on at its first second."""
    rate_per_year: float = 0.0
    """Events a year, copies counted; 0: an event at the beginning of every window."""
    allowed_h_per_year: float = 8766.0
    """Hours of a year in which events may begin."""
    partner: int = -1
    """Row whose events are copied, or -1."""
    probability: float = 0.0
    """Share of the partner's events that is copied."""
    is_up: bool = False
    """True: time runs to the next event from the end of one; the rate counts both."""


class RandomClosures(NamedTuple):
    """Random rows as flat arrays."""

    key: Words
    """(N,)"""
    gap_mean_fp: Ints
    """(N,) mean allowed time between own starts in 1/256 s, `COPIES_ONLY` or `AT_DATES`."""
    law: Ints
    """(N,) index in the tables."""
    mean_fp: Ints
    """(N,) mean duration in 1/256 s."""
    partner: Ints
    """(N,) row copied, or -1."""
    partner_ppm: Ints
    """(N,) share of the partner's events copied, parts per million."""
    is_up: Ints
    """(N,) 1: gaps run from the end of an event."""
    window_first: Ints
    """(N + 1,) where each row's windows begin in the next two."""
    window_start_s: Ints
    window_end_s: Ints
    """Relative to the window's start; ascending and apart within a row."""


class ClosureIntervals(NamedTuple):
    """Events of a run, sorted by (start, closure)."""

    closure: NDArray[np.int32]
    """(N,) row of `RandomClosures`."""
    start_s: Ints
    """(N,) relative to the window's start; not before the run."""
    end_s: Ints
    """(N,) after `start_s`; may lie beyond the run."""


class _Events(NamedTuple):
    """Events of one row; a copy keeps the key of its original."""

    key: Words
    start_s: Ints
    end_s: Ints


def build_closures(rows: Sequence[ClosureLaw]) -> RandomClosures:
    """Return random rows as flat arrays.

    Parameters
    ----------
    rows
        Rows; `partner` is an index in them.

    Raises
    ------
    PlanError
        If a row copies more events a year than it has in all.
    """
    windows = [window for row in rows for window in row.windows_s]
    return RandomClosures(
        key=np.array([row.key for row in rows], dtype=np.uint64),
        gap_mean_fp=_ints([_gap_mean_fp(rows, index) for index in range(len(rows))]),
        law=_ints([row.law for row in rows]),
        mean_fp=_ints([round(row.mean_h * 3600 * MEAN_UNIT_PER_S) for row in rows]),
        partner=_ints([row.partner for row in rows]),
        partner_ppm=_ints([round(row.probability * _PPM) for row in rows]),
        is_up=_ints([row.is_up for row in rows]),
        window_first=np.cumsum(_ints([0, *(len(row.windows_s) for row in rows)])),
        window_start_s=_ints([start for start, _ in windows]),
        window_end_s=_ints([end for _, end in windows]),
    )


def closure_intervals(
    stream: int, closures: RandomClosures, tables: Ints, begin_s: int, end_s: int
) -> ClosureIntervals:
    """Return the events of random rows that touch a run.

    Parameters
    ----------
    stream
        Of `stream(seed, replication, CLOSURE)`.
    closures
        Random rows.
    tables
        (T, 3, 65537) laws of the plan.
    begin_s, end_s
        First second and end (outside) of the run, relative to the window's start.

    Raises
    ------
    PlanError
        If rows copy each other in a circle.
    """
    events: dict[int, _Events] = {}
    for row in _partners_first(closures.partner):
        partner = int(closures.partner[row])
        own = _own_events(stream, closures, row, tables[closures.law[row]])
        if partner >= 0:
            share = int(closures.partner_ppm[row])
            key = mix(stream, int(closures.key[row]))
            own = _joined(own, _copies(key, share, events[partner]))
        events[row] = own
    closure = np.concatenate(
        [_ints([]), *(np.full(len(found.key), row) for row, found in events.items())]
    )
    start_s = np.concatenate([_ints([]), *(found.start_s for found in events.values())])
    stop_s = np.concatenate([_ints([]), *(found.end_s for found in events.values())])
    is_inside = (stop_s > begin_s) & (start_s < end_s)
    closure, stop_s = closure[is_inside], stop_s[is_inside]
    start_s = np.maximum(start_s[is_inside], begin_s)
    order = np.lexsort((stop_s, closure, start_s))
    return ClosureIntervals(closure[order].astype(np.int32), start_s[order], stop_s[order])


def busy_keys(stream: int, keys: Words) -> tuple[Words, Words]:
    """Return the words that draw times of work and durations of breakdowns on busy time.

    Parameters
    ----------
    stream
        Of `stream(seed, replication, CLOSURE)`.
    keys
        (D,) keys of the closures.
    """
    own = mix_array(stream, keys)
    return mix_array(own, _GAP), mix_array(own, _LENGTH)


def _gap_mean_fp(rows: Sequence[ClosureLaw], index: int) -> int:
    """Return the mean allowed time between a row's own starts, copies taken out."""
    row = rows[index]
    if row.rate_per_year == 0:
        return AT_DATES
    copied = row.probability * rows[row.partner].rate_per_year if row.partner >= 0 else 0.0
    own = row.rate_per_year - copied
    if own < -1e-9 * row.rate_per_year:
        msg = (
            f"closure {index} copies {copied:.6g} events a year and has {row.rate_per_year:.6g} "
            "in all; raise rate_per_year or lower with_probability"
        )
        raise PlanError(msg)
    if own <= 1e-9 * row.rate_per_year:
        return COPIES_ONLY
    down_h = row.mean_h if row.is_up else 0.0
    return round((row.allowed_h_per_year / own - down_h) * 3600 * MEAN_UNIT_PER_S)


def _partners_first(partner: Ints) -> list[int]:
    """Return the rows in an order in which a partner stands before its copies."""
    before = {row: {other} if other >= 0 else set() for row, other in enumerate(partner.tolist())}
    try:
        return list(TopologicalSorter(before).static_order())
    except CycleError as error:
        msg = f"closures copy each other in a circle: rows {error.args[1]}; clear one with_id"
        raise PlanError(msg) from error


def _own_events(stream: int, closures: RandomClosures, row: int, table: Ints) -> _Events:
    """Return the events that a row has by itself."""
    windows = slice(int(closures.window_first[row]), int(closures.window_first[row + 1]))
    opens_s, shuts_s = closures.window_start_s[windows], closures.window_end_s[windows]
    gap_fp = int(closures.gap_mean_fp[row])
    own = mix(stream, int(closures.key[row]))
    if gap_fp == COPIES_ONLY or len(opens_s) == 0:
        ordinal, start_s = _ints([]), _ints([])
    elif gap_fp == AT_DATES:
        start_s = opens_s
        ahead = int(np.sum(start_s >= 0))
        ordinal = np.concatenate((np.arange(ahead - len(start_s), 0), np.arange(1, ahead + 1)))
    else:
        ordinal, start_s = _poisson_starts(mix(own, _GAP), gap_fp, opens_s, shuts_s)
    length = mix_array(mix(own, _LENGTH), ordinal)
    lasting_s = duration_array_s(table, length, int(closures.mean_fp[row]))
    if closures.is_up[row]:
        start_s = start_s + _down_s(ordinal, lasting_s)
    return _Events(mix_array(int(closures.key[row]), ordinal), start_s, start_s + lasting_s)


def _down_s(ordinal: Ints, lasting_s: Ints) -> Ints:
    """Return how far events of a clock that stands still in them lie from its own time.

    Those ahead are put off by all events before them since the window's start; those back
    begin earlier by all up to it, themselves included.
    """
    ahead_s = np.where(ordinal > 0, lasting_s, 0)
    back_s = np.where(ordinal < 0, lasting_s, 0)
    put_off: Ints = np.cumsum(ahead_s) - ahead_s - np.cumsum(back_s[::-1])[::-1]
    return put_off


def _poisson_starts(own: int, gap_fp: int, opens_s: Ints, shuts_s: Ints) -> tuple[Ints, Ints]:
    """Return ordinals and instants of Poisson starts within a row's windows.

    Notes
    -----
    Allowed time is counted in ticks of 1/256 s from the window's start both ways, so
    windows added before or after move no event.
    """
    allowed_s = np.concatenate(([0], np.cumsum(shuts_s - opens_s)))
    passed_s = int(np.sum(np.clip(-opens_s, 0, shuts_s - opens_s)))
    ticks = (allowed_s - passed_s) * MEAN_UNIT_PER_S
    back = _tick_sums(own, -1, gap_fp, 1 - int(ticks[0]))
    ahead = _tick_sums(own, 1, gap_fp, int(ticks[-1]))
    ordinal = np.concatenate((np.arange(-len(back), 0), np.arange(1, len(ahead) + 1)))
    at = np.concatenate((-back[::-1], ahead))
    window = np.searchsorted(ticks, at, side="right") - 1
    return ordinal, opens_s[window] + (at - ticks[window]) // MEAN_UNIT_PER_S


def _tick_sums(own: int, sign: int, gap_fp: int, limit: int) -> Ints:
    """Return the sums of exponential gaps below a limit, in ticks."""
    if limit <= 0:
        return _ints([])
    expected = limit / gap_fp
    count = int(expected + 6 * expected**0.5) + 16
    while True:
        ordinal = sign * np.arange(1, count + 1)
        gap = quantile_array(exponential_table(), mix_array(own, ordinal))
        # The mean is split in two, since gap x mean may pass 2**63.
        low = gap * (gap_fp & ((1 << _UNIT_BITS) - 1)) >> _UNIT_BITS
        sums = np.cumsum(gap * (gap_fp >> _UNIT_BITS) + low)
        if sums[-1] >= limit:
            return sums[: np.searchsorted(sums, limit, side="left")]
        count *= 2


def _copies(own: int, share_ppm: int, events: _Events) -> _Events:
    """Return the share of the partner's events that a row copies."""
    h = mix_array(mix(own, _COPY), events.key) >> np.uint64(1)
    is_copied = h < np.uint64((share_ppm << 63) // _PPM)
    return _Events(events.key[is_copied], events.start_s[is_copied], events.end_s[is_copied])


def _joined(one: _Events, other: _Events) -> _Events:
    """Return the events of both."""
    return _Events(
        np.concatenate((one.key, other.key)),
        np.concatenate((one.start_s, other.start_s)),
        np.concatenate((one.end_s, other.end_s)),
    )


def _ints(values: Sequence[int]) -> Ints:
    """Return whole numbers as an array."""
    return np.array(values, dtype=np.int64)
