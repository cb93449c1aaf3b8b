"""CPU time and memory of a replication of the corridor, counted and traced, by length.

Usage: python benchmarks/corridor.py [--days 30 120 365] [--rounds 3] [--scenario baseline-2028]
       [--all-modes]

Every figure comes from a process of its own, which runs one replication first, so that
machine code is loaded; rounds are interleaved. Memory is the most the process ever held.
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from sim.compiler.build import compile_plan
from sim.experiment.replicate import places
from sim.kernel.run import run
from sim.kernel.tallied import run_tallied
from sim.measures.build import measured, watch_of
from sim.measures.tally import tally
from sim.scenario import load, network_of, shipped_folder

ROOT = Path(__file__).resolve().parents[1]
ASIDE_DAYS = 60
"""Warm-up, and run-out."""


def tell(days: int, scenario: str, *, is_counting: bool, has_all_modes: bool) -> None:
    """Print draws and loop, measures, consignments and megabytes of one replication."""
    sets = [f"window.days={days}", *([] if has_all_modes else ["keep.modes=[rail]"])]
    found = load(shipped_folder() / f"{scenario}.yaml", sets=sets)
    network = network_of(found)
    plan, legend = compile_plan(found, network)
    where = places(network)
    watch = watch_of(plan, legend, where)
    for replication in range(2):
        begun_s = time.process_time()
        if is_counting:
            seen = run_tallied(plan, watch, 1, replication)
        else:
            seen = tally(run(plan, 1, replication), plan, watch)
        run_s = time.process_time() - begun_s
        measured(seen, plan, legend, where)
        whole_s = time.process_time() - begun_s
        consignments = len(seen.consignment_flow)
        del seen
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(run_s, whole_s - run_s, consignments, most_mb)


def main() -> None:
    """Print a table, one row for each length and way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--days", type=int, nargs="+", default=[30, 120, 365])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scenario", default="baseline-2028")
    parser.add_argument("--all-modes", action="store_true", help="not by rail alone")
    parser.add_argument("--ways", nargs="+", default=["counted", "traced"])
    parser.add_argument("--one", choices=["counted", "traced"], help=argparse.SUPPRESS)
    stated = parser.parse_args()
    if stated.one:
        tell(
            stated.days[0],
            stated.scenario,
            is_counting=stated.one == "counted",
            has_all_modes=stated.all_modes,
        )
        return
    cases = [(days, way) for days in stated.days for way in stated.ways]
    found: dict[tuple[int, str], list[list[float]]] = {case: [] for case in cases}
    for _ in range(stated.rounds):
        for days, way in cases:
            words = ["--days", str(days), "--scenario", stated.scenario, "--one", way]
            words += ["--all-modes"] if stated.all_modes else []
            told = subprocess.run(  # noqa: S603 - this very file
                [sys.executable, __file__, *words],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=True,
            )
            found[days, way].append([float(word) for word in told.stdout.split()])
    for (days, way), rows in found.items():
        run_s, measures_s, consignments, most_mb = (
            median(column) for column in zip(*rows, strict=True)
        )
        spread = f"{min(row[0] for row in rows):.2f}-{max(row[0] for row in rows):.2f}"
        print(
            f"{days + 2 * ASIDE_DAYS:4} days {way:8} {consignments:11,.0f} consignments  run "
            f"{run_s:5.2f} s ({spread})  measures {measures_s:5.2f} s  most {most_mb:5.0f} MB"
        )


if __name__ == "__main__":
    main()
