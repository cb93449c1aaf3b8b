"""What must balance: lives without gaps, classes conserved, ledgers equal, Little's law."""

from collections import Counter, defaultdict
from itertools import pairwise

import numpy as np
from recount import Recount
from recount_lives import UNCLEAR, Books

from sim.plan import NEVER, Cause, Status


def life_faults(recount: Recount, books: Books) -> list[str]:
    """Each span begins where the last ended: at every instant, one place each."""
    faults = [fault for life in books.vehicles for fault in life.faults]
    trace = recount.trace
    for number, life in enumerate(books.consignments):
        faults += life.faults
        finished_s = int(trace.consignment_finished_s[number])
        until_s = recount.ended_s if finished_s == NEVER else finished_s
        edges = [int(trace.consignment_created_s[number])]
        for span in life.spans:
            if span.from_s != edges[-1]:
                faults.append(f"consignment {number}: from {edges[-1]} to {span}")
            edges.append(span.to_s)
        if edges[-1] != until_s:
            faults.append(f"consignment {number} is seen until {edges[-1]}, not {until_s}")
        if trace.consignment_cause_s[number].sum() != until_s - edges[0]:
            faults.append(f"consignment {number}: ledger does not add up to {until_s - edges[0]}")
        faults += _route_faults(recount, number)
    return faults


def trace_faults(recount: Recount) -> list[str]:
    """Rows stand in the order the Trace states, and a count stops the run when it is reached."""
    trace, plan = recount.trace, recount.plan
    faults = []
    if np.any(np.diff(trace.vehicle_departed_s) < 0):
        faults.append("vehicles are not numbered in order of departure")
    for of, request_s in (
        (trace.visit_vehicle, trace.visit_request_s),
        (trace.stay_consignment, trace.stay_request_s),
    ):
        rows = list(zip(of.tolist(), request_s.tolist(), strict=True))
        if rows != sorted(rows):
            faults.append("visits are not sorted")
    finished_s = trace.consignment_finished_s[trace.consignment_finished_s != NEVER]
    before = int((finished_s < recount.ended_s).sum())
    most = plan.stop_after_consignments
    is_counted = most != NEVER and not len(trace.gridlock)
    if is_counted and (before >= most or (len(finished_s) >= most) == recount.is_cut_by_horizon):
        faults.append(f"{before} and {len(finished_s)} of {most} at {recount.ended_s}")
    return faults


def _route_faults(recount: Recount, number: int) -> list[str]:
    """Compare the stations a consignment passed with its route, and its status with both."""
    trace, plan = recount.trace, recount.plan
    route, status = int(trace.consignment_route[number]), trace.consignment_status[number]
    passed = [stay[0] for stay in recount.stays_of.get(number, [])]
    if route == NEVER:
        steps: list[int] = []
    else:
        steps = plan.step_station[plan.step_first[route] : plan.step_first[route + 1]].tolist()
        met = recount.met(steps, int(recount.draws.consignment_key[number]))
        steps = [step for step, is_served in zip(steps, met, strict=True) if is_served]
    if passed != steps[: len(passed)] or (status == Status.DELIVERED and passed != steps):
        return [f"consignment {number} ({status}) passed {passed} of {steps}"]
    if (status == Status.INSIDE) != (trace.consignment_finished_s[number] == NEVER):
        return [f"consignment {number} has status {status}"]
    return []


def conservation_faults(recount: Recount, books: Books) -> list[str]:
    """By load class, at every instant: created = delivered + refused + seen at some place."""
    inside: dict[int, Counter[int]] = defaultdict(Counter)
    counted: dict[int, Counter[int]] = defaultdict(Counter)
    trace = recount.trace
    for number, life in enumerate(books.consignments):
        load_class, lot = recount.classes[number], recount.lots[number]
        inside[load_class][int(trace.consignment_created_s[number])] += lot
        if trace.consignment_finished_s[number] != NEVER:
            inside[load_class][int(trace.consignment_finished_s[number])] -= lot
        for span in life.spans:
            counted[load_class][span.from_s] += lot
            counted[load_class][span.to_s] -= lot
    faults = []
    for load_class, changes in inside.items():
        should_be = is_there = 0
        instants = set(changes) | set(counted[load_class])
        for at_s in sorted(at_s for at_s in instants if at_s < recount.ended_s):
            should_be += changes[at_s]
            is_there += counted[load_class][at_s]
            if should_be != is_there:
                faults.append(f"class {load_class} at {at_s}: {is_there} of {should_be}")
    return faults


def ledger_faults(recount: Recount, books: Books) -> list[str]:
    """Compare causes by consignment, and the ledger by place, cause, closure and flow."""
    faults = []
    trace, plan = recount.trace, recount.plan
    expected: Counter[tuple[int, int, int, int]] = Counter()
    for number, life in enumerate(books.consignments):
        causes: Counter[int] = Counter()
        for (place, cause, closure), spent_s in life.booked.items():
            causes[cause] += spent_s
            if plan.window_start_s <= trace.consignment_created_s[number] < plan.window_end_s:
                flow = int(trace.consignment_flow[number])
                expected[place, cause, closure, flow] += spent_s
        if causes[NEVER]:
            continue
        found = trace.consignment_cause_s[number].tolist()
        if found != [causes[cause] for cause in Cause]:
            faults.append(f"consignment {number} is booked {found}, must be {dict(causes)}")
    columns = (trace.ledger_place, trace.ledger_cause, trace.ledger_closure, trace.ledger_flow)
    seen: Counter[tuple[int, int, int, int]] = Counter()
    for place, cause, closure, flow, spent_s in zip(
        *(column.tolist() for column in columns), trace.ledger_s.tolist(), strict=True
    ):
        if books.is_unclear(place):
            seen[UNCLEAR, NEVER, NEVER, flow] += spent_s
        else:
            seen[place, cause, closure, flow] += spent_s
    return faults + [
        f"ledger {key}: {seen[key]} s, must be {expected[key]} s"
        for key in sorted(set(seen) | set(expected))
        if seen[key] != expected[key]
    ]


def little_faults(recount: Recount, books: Books) -> list[str]:
    """Little's law in the path: the number at a place over time is the sum of sojourns there."""
    trace, plan = recount.trace, recount.plan
    steps: dict[int, Counter[int]] = defaultdict(Counter)
    for number, life in enumerate(books.consignments):
        if plan.window_start_s <= trace.consignment_created_s[number] < plan.window_end_s:
            for span in life.spans:
                steps[span.place][span.from_s] += 1
                steps[span.place][span.to_s] -= 1
    booked_s: Counter[int] = Counter()
    for place, spent_s in zip(trace.ledger_place.tolist(), trace.ledger_s.tolist(), strict=True):
        booked_s[books.clear(place)] += spent_s
    faults = []
    for place in sorted(set(steps) | set(booked_s)):
        present = area_s = 0
        for at_s, next_s in pairwise([*sorted(steps[place]), recount.ended_s]):
            present += steps[place][at_s]
            area_s += present * (next_s - at_s)
        if area_s != booked_s[place]:
            faults.append(f"place {place}: {area_s} by number, {booked_s[place]} by sojourn")
    return faults


def books_faults(recount: Recount) -> list[str]:
    """Return all that does not balance."""
    books = Books(recount)
    checks = (life_faults, conservation_faults, ledger_faults, little_faults)
    return trace_faults(recount) + [fault for check in checks for fault in check(recount, books)]
