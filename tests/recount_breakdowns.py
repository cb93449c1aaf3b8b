"""Breakdowns on busy time counted again: from who was served, when each had to come (R15)."""

import numpy as np
from recount import Recount, Seen

from sim.draws.hashing import mix
from sim.draws.tables import duration_s
from sim.plan import NEVER, Cause

Span = tuple[int, int]


def breakdown_faults(recount: Recount) -> list[str]:
    """Compare the breakdowns of stations with one row, whose visits tell when it worked."""
    faults = []
    trace = recount.trace
    for index, closure in enumerate(recount.plan.busy_closure.tolist()):
        row = int(recount.plan.closure_target[recount.plan.closure_target_first[closure]])
        rank = int(np.searchsorted(recount.plan.row_first, row, side="right")) - 1
        mine = trace.closure_index == closure
        came = list(zip(trace.closure_start_s[mine], trace.closure_end_s[mine], strict=True))
        due = [down for down in _due(recount, index, rank) if recount.has_come(down[0])]
        if len(recount.closures.rows(rank)) == 1 and came != due:
            faults.append(f"row {row} breaks down {came}, must {due}")
    return faults


def _due(recount: Recount, index: int, rank: int) -> list[Span]:
    """Return when a row must break down and be whole again."""
    due: list[Span] = []
    whole_s, left_s = 0, _gap_s(recount, index, 1)
    for begin_s, end_s in _working(recount, rank):
        from_s = max(begin_s, whole_s)
        while from_s + left_s <= end_s:
            struck_s = from_s + left_s
            whole_s = struck_s + _length_s(recount, index, len(due) + 1)
            due.append((struck_s, whole_s))
            left_s = _gap_s(recount, index, len(due) + 1)
            from_s = max(struck_s, whole_s)
        left_s -= max(0, end_s - from_s)
    return due


def _gap_s(recount: Recount, index: int, ordinal: int) -> int:
    plan = recount.plan
    drawn = mix(int(recount.draws.busy_gap_key[index]), ordinal)
    table = plan.law_table[plan.busy_gap_law[index]]
    return duration_s(table, drawn, int(plan.busy_gap_fp[index]))


def _length_s(recount: Recount, index: int, ordinal: int) -> int:
    plan = recount.plan
    drawn = mix(int(recount.draws.busy_length_key[index]), ordinal)
    table = plan.law_table[plan.busy_law[index]]
    return duration_s(table, drawn, int(plan.busy_mean_fp[index]))


def _working(recount: Recount, rank: int) -> list[Span]:
    """Return the times in which at least one server worked, apart and in order."""
    spans = sorted(
        span
        for visit in recount.seen.get(rank, [])
        if visit.start_s != NEVER
        for span in _worked(recount, rank, visit)
    )
    joined: list[Span] = []
    for begin_s, end_s in spans:
        if joined and begin_s <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((begin_s, end_s))
    return joined


def _worked(recount: Recount, rank: int, visit: Seen) -> list[Span]:
    """Return the parts of a visit in which its server worked."""
    row = recount.closures.rows(rank)[0]
    together = [
        other
        for other in recount.seen[rank]
        if (other.start_s, other.end_s) == (visit.start_s, visit.end_s)
    ]
    for other in together:
        work = recount.closures.work(row, visit.start_s, recount.served_s(rank, row, other))
        if work[-1].to_s == visit.end_s or visit.end_s == NEVER:
            break
    return [
        (part.from_s, min(part.to_s, recount.ended_s))
        for part in work
        if part.cause == Cause.SERVICE and part.from_s < recount.ended_s
    ]
