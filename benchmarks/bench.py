"""CPU time of the engines on the same work, in interleaved rounds: ratios with ranges.

Usage: python benchmarks/bench.py [--rounds 5] [--customers 10000] [--containers 20000]
"""

import argparse
import time
from collections.abc import Callable
from statistics import median

from workloads import Workload, freight, freight_in_simpy, tandem, tandem_in_simpy

from sim.engine.run import run_drawn as run_reference
from sim.kernel.run import run_drawn as run_compiled

Act = Callable[[Workload], object]


def reference(work: Workload) -> object:
    """Return the trace of the reference engine."""
    return run_reference(work.plan, work.draws, 1, 0)


def compiled(work: Workload) -> object:
    """Return the trace of the compiled engine."""
    return run_compiled(work.plan, work.draws, 1, 0)


def spent_s(act: Act, work: Workload) -> float:
    """Return the CPU time of one run."""
    begun = time.process_time()
    act(work)
    return time.process_time() - begun


def compare(name: str, work: Workload, textbook: Act, rounds: int) -> None:
    """Print the events a second of every engine, and how often the compiled one is faster."""
    acts: dict[str, Act] = {
        "textbook SimPy": textbook,
        "reference engine": reference,
        "compiled engine": compiled,
    }
    compiled(work)  # what is not yet compiled is compiled here
    times: dict[str, list[float]] = {label: [] for label in acts}
    for _ in range(rounds):
        for label, act in acts.items():
            times[label].append(spent_s(act, work))
    print(f"\n{name}: {work.events:,} events, {rounds} rounds, CPU time")
    own = times["compiled engine"]
    for label, spent in times.items():
        ratios = [one / other for one, other in zip(spent, own, strict=True)]
        print(
            f"  {label:17} {work.events / median(spent):12,.0f} events/s   "
            f"compiled is {median(ratios):6.1f} x faster ({min(ratios):.1f}-{max(ratios):.1f})"
        )


def main() -> None:
    """Run both workloads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--containers", type=int, default=20_000)
    stated = parser.parse_args()
    compare("tandem", tandem(stated.customers), tandem_in_simpy, stated.rounds)
    compare("freight", freight(stated.containers), freight_in_simpy, stated.rounds)


if __name__ == "__main__":
    main()
