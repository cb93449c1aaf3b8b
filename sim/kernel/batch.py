"""Many replications of many plans, on the threads of one machine.

Machine code runs without the interpreter's lock, so threads share the plan's
tables of laws and need no copies. Of every run only what `keep` takes stays.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

from sim.kernel.run import run
from sim.plan import Plan, Trace

Kept = TypeVar("Kept")


class _Point(NamedTuple):
    """One run: its plan, the experiment's seed, the number of the replication."""

    plan: Plan
    seed: int
    replication: int


def run_batch(
    plans: Sequence[Plan],
    seeds: Sequence[int],
    replications: int,
    threads: int,
    *,
    keep: Callable[[Plan, Trace], Kept],
) -> list[list[Kept]]:
    """Return what is kept of every replication of every plan.

    Parameters
    ----------
    plans
        Design points.
    seeds
        One a plan; the same for plans that are compared, for common random numbers.
    replications
        Of each plan, at least 1.
    threads
        At least 1; the result does not depend on it.
    keep
        What to take from a run, for example its statistics; the trace is let go after.

    Returns
    -------
    One list a plan, in order of replication.
    """
    points = [
        _Point(plan, seed, replication)
        for plan, seed in zip(plans, seeds, strict=True)
        for replication in range(replications)
    ]

    def kept_of(point: _Point) -> Kept:
        return keep(point.plan, run(point.plan, point.seed, point.replication))

    with ThreadPoolExecutor(max_workers=threads) as pool:
        kept = list(pool.map(kept_of, points))
    return [kept[at : at + replications] for at in range(0, len(kept), replications)]
