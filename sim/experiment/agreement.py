"""Whether the two engines say the same of a plan, bit for bit.

In: Plan and Legend of one scenario. Out: `Agreement`s, one a replication. The only module
that needs both engines, and so the one that needs numba.
"""

from collections.abc import Iterator
from typing import NamedTuple

from sim.draws.replication import draw
from sim.engine.run import run_drawn as run_simpy
from sim.kernel.difference import digest, first_difference
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import Legend, Plan


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
    """The first row that differs, in words (one: the reference engine); empty: identical."""


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
        compiled = run_compiled(plan, draws, seed, replication)
        yield Agreement(
            replication + 1,
            len(reference.consignment_flow),
            len(reference.visit_station) + len(reference.stay_station),
            digest(reference),
            first_difference(reference, compiled, legend),
        )
