"""Whether the two engines say the same of a plan, bit for bit.

In: Plan and Legend of one scenario. Out: `Agreement`s, one a replication. The only module
that needs both engines, and so the one that needs numba.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.draws.replication import draw
from sim.engine.run import run_drawn as run_simpy
from sim.kernel.difference import digest, first_difference
from sim.kernel.drawing import drawn
from sim.kernel.run import run_drawn as run_compiled
from sim.kernel.tallied import run_drawn_tallied
from sim.measures.build import watch_of
from sim.measures.tally import tally
from sim.plan import Draws, Legend, Plan, Trace
from sim.tallies import Tallies


class Agreement(NamedTuple):
    """What both engines make of one replication."""

    replication: int
    """From 1."""
    consignments: int
    rows: int
    """Visits of vehicles and of consignments in the reference engine's trace."""
    digest: str
    """Hash of all that the reference engine's trace holds: 64 hexadecimal digits."""
    difference: str
    """The first row that differs, in words (one: the reference engine), or what the compiled
    engine counts without a trace and does not find in it; empty: identical."""


def agreements(plan: Plan, legend: Legend, seed: int, replications: int) -> Iterator[Agreement]:
    """Return replications as both engines run them on the same draws, one after the other.

    Parameters
    ----------
    plan, legend
        Of the compiler.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replications
        At least 1.
    """
    for replication in range(replications):
        draws = draw(plan, seed, replication)
        reference = run_simpy(plan, draws, seed, replication)
        own = drawn(plan, seed, replication)
        compiled = run_compiled(plan, own, seed, replication)
        yield Agreement(
            replication + 1,
            len(reference.consignment_flow),
            len(reference.visit_station) + len(reference.stay_station),
            digest(reference),
            first_difference(reference, compiled, legend)
            or _miscounted(plan, legend, own, reference, (seed, replication)),
        )


def _miscounted(
    plan: Plan, legend: Legend, draws: Draws, trace: Trace, run: tuple[int, int]
) -> str:
    """Return what is counted otherwise than from the trace, in words; empty: nothing."""
    watch = watch_of(plan, legend)
    counted = run_drawn_tallied(plan, watch, draws, *run)
    both = zip(Tallies._fields, tally(trace, plan, watch), counted, strict=True)
    names = [
        name
        for name, mine, theirs in both
        if not np.array_equal(np.asarray(mine), np.asarray(theirs))
    ]
    return f"counts differ: {', '.join(names)}" if names else ""
