"""What the compiler wants the reader to know of the assignment.

In: epochs. Out: sentences for `Legend.notes`.
"""

from collections.abc import Sequence

from network.schema import ClosureRow
from sim.compiler.clock import DAY_S, HOUR_S, Clock
from sim.compiler.epochs import Epoch
from sim.compiler.flows import FlowPart

MOST_GATES = 4
FULL_DATE = 2
"""Hyphens of a date with its year."""
FULL_LOAD = 0.98
"""A place whose load stays above it is named (R19)."""


def read_notes(epochs: Sequence[Epoch], clock: Clock) -> tuple[str, ...]:
    """Return sentences on defaults leant on, full places and flows without a route.

    Parameters
    ----------
    epochs
        Of the run; amounts are of the measured window.
    clock
        Of the run.
    """
    return (
        *_leaning(epochs, clock),
        *_gates(epochs, clock),
        *_full(epochs, clock),
        *_unreachable(epochs, clock),
    )


def calendar_notes(
    closures: Sequence[ClosureRow], flows: Sequence[FlowPart], clock: Clock
) -> tuple[str, ...]:
    """Return sentences on dates and stated arrivals that do not reach over the window.

    A closure dated in several years is a calendar, such as that of a country's holidays: a
    year that it does not have is told. Arrivals that are stated end with the last: nothing
    is sent after it.
    """
    last = clock.day(clock.end_s - 1)
    wanted = range(clock.start.year, last.year + 1)
    notes: list[str] = []
    for row in closures:
        years = sorted({int(text[:4]) for text in row.start if text.count("-") == FULL_DATE})
        missing = [str(year) for year in wanted if year not in years]
        if len(years) > 1 and missing:
            known = f"{years[0]} to {years[-1]}"
            notes.append(f"closures {row.id}: no date in {', '.join(missing)}; it has {known}")
    for flow in flows:
        if flow.row.arrivals_at_h:
            left_h = (clock.end_s - clock.start_s) / HOUR_S - float(flow.row.arrivals_at_h[-1])
            if left_h > 0:
                notes.append(
                    f"demand {flow.id}: the last stated arrival is {left_h:g} h before the"
                    " window's end; nothing is sent after it"
                )
    return tuple(notes)


def _leaning(epochs: Sequence[Epoch], clock: Clock) -> tuple[str, ...]:
    teu = tonnes = trucks = 0.0
    for epoch in epochs:
        days = max(0, min(epoch.end_s, clock.end_s) - max(epoch.start_s, clock.start_s)) / DAY_S
        teu += epoch.assignment.default_teu_per_day * days
        tonnes += epoch.assignment.default_t_per_day * days
        trucks += epoch.assignment.default_trucks_per_day * days
    if not teu + tonnes + trucks:
        return ()
    note = (
        f"default services carry a leg of {teu:,.0f} TEU, {tonnes:,.0f} t and {trucks:,.0f} "
        "trucks of the measured window"
    )
    return (note,)


def _gates(epochs: Sequence[Epoch], clock: Clock) -> tuple[str, ...]:
    """Return a sentence on the fullest gates when the window starts: the first to bind."""
    measured = [epoch for epoch in epochs if epoch.start_s <= clock.start_s] or epochs[:1]
    gates = [
        f"{place.id.split()[0]} {place.load:.2f}"
        for epoch in measured[-1:]
        for place in epoch.assignment.places
        if place.kind == "station" and place.id.split()[1:2] == ["gate"]
    ]
    fullest = ", ".join(gates[:MOST_GATES])
    return (f"gates are offered of their capacity: {fullest}",) if gates else ()


def _full(epochs: Sequence[Epoch], clock: Clock) -> tuple[str, ...]:
    found: list[str] = []
    for epoch in epochs:
        day = clock.day(epoch.start_s).isoformat()
        found.extend(
            f"from {day}: {place.kind} {place.id} is offered {place.load:.2f} of its capacity"
            for place in epoch.assignment.places
            if place.load > FULL_LOAD
        )
        if not epoch.assignment.converged:
            count = epoch.assignment.iterations
            found.append(f"from {day}: shares still move after {count} iterations")
    return tuple(found)


def _unreachable(epochs: Sequence[Epoch], clock: Clock) -> tuple[str, ...]:
    return tuple(
        f"from {clock.day(epoch.start_s).isoformat()}: flow {flow} has no route"
        for epoch in epochs
        for flow in epoch.assignment.unreachable
    )
