"""Two thousand small replications by one process and by two: how many times as fast.

Usage: python benchmarks/small.py [--replications 2000] [--rounds 3] [--days 4]

Time by the clock, workers at hand and warm, rounds interleaved; nothing else should be at work.
Exits 1 if the median is below the floor.
"""

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from statistics import median

from works import Work, work

from sim.kernel.tallied import run_tallied

FLOOR = 1.8
AT_ONCE = 50
"""Replications that a worker is given at a time."""


@lru_cache(maxsize=1)
def given(days: int) -> Work:
    """Return the freight network for some days without warm-up."""
    return work("freight", [f"window.days={days}"])


def count(days: int, first: int) -> int:
    """Run some replications, and return how many consignments they had."""
    plan, watch, _ = given(days)
    runs = range(first, first + AT_ONCE)
    return sum(len(run_tallied(plan, watch, 1, number).consignment_flow) for number in runs)


def timed(pool: ProcessPoolExecutor, days: int, replications: int) -> tuple[float, int]:
    """Return how long a pool takes, and how many consignments there were."""
    firsts = range(0, replications, AT_ONCE)
    begun_s = time.perf_counter()
    consignments = sum(pool.map(count, [days] * len(firsts), firsts))
    return time.perf_counter() - begun_s, consignments


def main() -> None:
    """Print a line a round, and the median."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--replications", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--days", type=int, default=4)
    stated = parser.parse_args()
    own = multiprocessing.get_context("spawn")
    ratios = []
    with (
        ProcessPoolExecutor(1, mp_context=own) as one,
        ProcessPoolExecutor(2, mp_context=own) as two,
    ):
        for pool in (one, two):
            timed(pool, stated.days, 8 * AT_ONCE)
        for _ in range(stated.rounds):
            one_s, consignments = timed(one, stated.days, stated.replications)
            two_s, _ = timed(two, stated.days, stated.replications)
            ratios.append(one_s / two_s)
            each = consignments / stated.replications
            print(
                f"{stated.replications:,} replications of {each:,.0f} consignments: {one_s:.2f} s "
                f"by one process, {two_s:.2f} s by two, {ratios[-1]:.2f} times as fast"
            )
    print(f"median {median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f}), floor {FLOOR}")
    sys.exit(median(ratios) < FLOOR)


if __name__ == "__main__":
    main()
