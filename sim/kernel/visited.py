"""What a visit adds to the counts of its station, and of the days that it touches (R20)."""

import numpy as np
from numpy.typing import NDArray

from sim.kernel.counts import (
    A_BUSY,
    A_ENDED,
    A_ENTERED,
    A_LOAD,
    A_LONGEST,
    A_SERVICE,
    A_USED,
    A_VISITS,
    A_WHOLE,
    A_WHOLE_S,
    D_ENDED,
    D_LOAD,
    D_STORED,
    D_STORED_S,
    D_WAITING,
    D_WAITING_S,
    I_BATCH,
    I_LATE,
)
from sim.kernel.jit import bit_length, called, compiled, inlined
from sim.plan import NEVER
from sim.tallies import BIN_BITS

Ints = NDArray[np.int64]

DAY_S = 86_400


@inlined
def count_row(
    totals: Ints,
    wait: Ints,
    day: Ints,
    sizes: tuple[int, int],
    over_s: Ints,
    over: Ints,
    from_s: int,
    to_s: int,
    s: int,
    request_s: int,
    start_s: int,
    end_s: int,
    gone_s: int,
    last_s: int,
    load: int,
) -> None:
    """Count what visits of vehicles and of consignments have in common.

    Parameters
    ----------
    wait, day
        `Counts.wait` and `Counts.day`, the rows of one station after those of another.
    sizes
        Rows that each station has in the two.
    gone_s
        When the load has left the station, or NEVER.
    last_s
        To when it lasts if it has not started, or not ended.
    """
    if is_whole(from_s, to_s, request_s, start_s, end_s, gone_s):
        count_whole(
            totals, wait, day, sizes, over_s, over, from_s, to_s,
            s, request_s, start_s, end_s, load,
        )  # fmt: skip
    else:
        count_part(
            totals, wait, day, sizes, over_s, over, from_s, to_s,
            s, request_s, start_s, end_s, gone_s, last_s, load,
        )  # fmt: skip


@inlined
def count_whole(
    totals: Ints,
    wait: Ints,
    day: Ints,
    sizes: tuple[int, int],
    over_s: Ints,
    over: Ints,
    from_s: int,
    to_s: int,
    s: int,
    request_s: int,
    start_s: int,
    end_s: int,
    load: int,
) -> None:
    """Count a visit that began, was served and ended in the window (`is_whole`)."""
    totals[s, A_WHOLE] += 1
    totals[s, A_WHOLE_S] += end_s - start_s
    totals[s, A_LOAD] += load
    count_wait(totals, wait, sizes[0], over_s, over, s, start_s - request_s)
    d = day_of(request_s - from_s)
    tomorrow_s = from_s + (d + 1) * DAY_S
    at = s * sizes[1] + d
    if end_s < tomorrow_s:
        # What is added from an instant of a day on and taken away later that day.
        day[at, D_WAITING_S] += start_s - request_s
        day[at, D_STORED_S] += load * (end_s - request_s)
    else:
        add_day(day, sizes[1], from_s, to_s, s, request_s, 1, load)
        add_day(day, sizes[1], from_s, to_s, s, start_s, -1, 0)
        add_day(day, sizes[1], from_s, to_s, s, end_s, 0, -load)
        at += (end_s - from_s) // DAY_S - d
    day[at, D_ENDED] += 1
    day[at, D_LOAD] += load


@inlined
def is_whole(
    from_s: int, to_s: int, request_s: int, start_s: int, end_s: int, gone_s: int
) -> bool:
    """Return whether a visit began, was served and ended in the window, its load with it."""
    # NEVER is before all windows.
    return bool(from_s <= min(request_s, start_s, end_s) and end_s < to_s and gone_s == end_s)


@inlined
def day_of(second: int) -> int:
    """Return the day of a second, which is not negative, so that machine code need not ask."""
    return int(np.uint64(second) // np.uint64(DAY_S))


@inlined
def bin_of(wait_s: int) -> int:
    """Return the bin of a wait, as `sim.tallies` has them."""
    shift = max(0, bit_length(wait_s) - BIN_BITS - 1)
    return (shift << BIN_BITS) + (wait_s >> shift)


@inlined
def count_wait(
    totals: Ints, wait: Ints, bins: int, over_s: Ints, over: Ints, s: int, wait_s: int
) -> None:
    """Count a wait that began in the window and was followed by service."""
    totals[s, A_LONGEST] = max(totals[s, A_LONGEST], wait_s)
    b = s * bins + bin_of(wait_s)
    wait[b, 0] += 1
    wait[b, 1] += wait_s
    for o in range(len(over_s)):
        over[o, s] += wait_s > over_s[o]


@called
def count_part(
    totals: Ints,
    wait: Ints,
    day: Ints,
    sizes: tuple[int, int],
    over_s: Ints,
    over: Ints,
    from_s: int,
    to_s: int,
    s: int,
    request_s: int,
    start_s: int,
    end_s: int,
    gone_s: int,
    last_s: int,
    load: int,
) -> None:
    """Count a visit that the window or the run cuts short, or that was not served."""
    is_started, is_ended = start_s != NEVER, end_s != NEVER
    if not is_started:
        start_s = last_s
    if not is_ended:
        end_s = last_s
    if gone_s == NEVER:
        gone_s = last_s
    if request_s >= to_s or end_s < from_s:
        return
    totals[s, A_USED] = 1
    if request_s >= from_s:
        totals[s, A_VISITS] += 1
        totals[s, A_LOAD] += load
        if is_started:
            count_wait(totals, wait, sizes[0], over_s, over, s, start_s - request_s)
        if is_ended:
            totals[s, A_ENDED] += 1
            totals[s, A_SERVICE] += end_s - start_s
    totals[s, A_BUSY] += max(0, min(end_s, to_s) - max(start_s, from_s))
    if is_started and from_s <= start_s < to_s:
        totals[s, A_ENTERED] += 1
    add_day(day, sizes[1], from_s, to_s, s, request_s, 1, load)
    add_day(day, sizes[1], from_s, to_s, s, start_s, -1, 0)
    add_day(day, sizes[1], from_s, to_s, s, gone_s, 0, -load)
    if is_ended and from_s <= end_s < to_s:
        at = s * sizes[1] + (end_s - from_s) // DAY_S
        day[at, D_ENDED] += 1
        day[at, D_LOAD] += load


@inlined
def add_day(
    day: Ints,
    days: int,
    from_s: int,
    to_s: int,
    s: int,
    instant_s: int,
    waiting: int,
    stored: int,
) -> None:
    """Add to what waits and what is stored from an instant on."""
    if instant_s < to_s:
        second = max(0, instant_s - from_s)
        d = second // DAY_S
        rest_s = min((d + 1) * DAY_S, to_s - from_s) - second
        at = s * days + d
        day[at, D_WAITING] += waiting
        day[at, D_WAITING_S] += waiting * rest_s
        day[at, D_STORED] += stored
        day[at, D_STORED_S] += stored * rest_s


@inlined
def keep_span(
    numbers: Ints,
    batch_s: Ints,
    late_s: Ints,
    shut_first: Ints,
    shut_s: Ints,
    shut_at: Ints,
    batch_max: int,
    from_s: int,
    to_s: int,
    s: int,
    start_s: int,
    end_s: int,
) -> None:
    """Keep a service of a batch, or one that overlaps a time in which its station was shut."""
    if batch_max > 1:
        at = numbers[I_BATCH]
        numbers[I_BATCH] += 1
        batch_s[at, 0], batch_s[at, 1], batch_s[at, 2] = s, start_s, end_s
        return
    since_s, until_s = max(start_s, from_s), min(end_s, to_s)
    if runs_late(shut_first, shut_s, shut_at, s, since_s, until_s):
        at = numbers[I_LATE]
        numbers[I_LATE] += 1
        late_s[at, 0], late_s[at, 1], late_s[at, 2] = s, since_s, until_s


@inlined
def runs_late(
    shut_first: Ints, shut_s: Ints, shut_at: Ints, s: int, since_s: int, until_s: int
) -> bool:
    """Return whether a service overlaps a time in which its station was shut, in part.

    Parameters
    ----------
    shut_at
        (S,) time in which each station was shut last before the service asked about before,
        written over: the next is rarely far from it.
    """
    first, end = shut_first[s], shut_first[s + 1]
    if first == end or until_s <= since_s:
        return False
    at = max(first - 1, shut_at[s])
    while at + 1 < end and shut_s[at + 1, 0] < until_s:
        at += 1
    while at >= first and shut_s[at, 0] >= until_s:
        at -= 1
    shut_at[s] = at
    return bool(at >= first and shut_s[at, 1] > since_s)


@compiled
def late_rows(shut_first: Ints, shut_s: Ints, rows: Ints) -> Ints:
    """Return those of `(M, 3)` services that overlap such a time."""
    late, shut_at = np.empty_like(rows), np.zeros_like(shut_first)
    count = 0
    for at in range(len(rows)):
        if runs_late(shut_first, shut_s, shut_at, rows[at, 0], rows[at, 1], rows[at, 2]):
            late[count] = rows[at]
            count += 1
    return late[:count].copy()


@compiled
def apart(spans: Ints) -> Ints:
    """Return spans with those of one station that touch or overlap made one.

    Parameters
    ----------
    spans
        (M, 3) station, start, end, sorted.
    """
    merged = np.empty_like(spans)
    count = 0
    for at in range(len(spans)):
        s, start_s, end_s = spans[at, 0], spans[at, 1], spans[at, 2]
        if count and merged[count - 1, 0] == s and merged[count - 1, 2] >= start_s:
            merged[count - 1, 2] = max(merged[count - 1, 2], end_s)
        else:
            merged[count, 0], merged[count, 1], merged[count, 2] = s, start_s, end_s
            count += 1
    return merged[:count].copy()
