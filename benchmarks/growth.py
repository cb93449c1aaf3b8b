"""CPU time and memory against demand and against the size of the network; start-up.

Usage: python benchmarks/growth.py [--rounds 3] [--days 30] [--cold]

The freight scenario is written anew: all demand and all capacities times k, or k copies of
its lines side by side. Every figure is of a process of its own, which runs one replication
first so that machine code is loaded; rounds are interleaved.
"""

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from works import SCENARIOS, plan_of, seen

from sim.kernel.tallied import run_tallied

ROOT = Path(__file__).resolve().parents[1]
FACTORS = (1, 2, 5, 10)
MOST_TIMES = 12
"""Most by which ten times the demand on ten times the capacities may take longer."""
SPENT = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime)
"""


def busier(text: str, times: int) -> str:
    """Return a scenario with all demand and all capacities so many times as great."""
    text = re.sub(r"servers: (\d+)", lambda found: f"servers: {int(found[1]) * times}", text)
    text = re.sub(r"amount: (\d+)", lambda found: f"amount: {int(found[1]) * times}", text)
    # Trains stay as long as they are and become more; the ferry sails as often as it did.
    return re.sub(
        r"mode: sea, (.*)capacity_teu: (\d+)",
        lambda found: f"mode: sea, {found[1]}capacity_teu: {int(found[2]) * times}",
        text,
    )


def wider(text: str, times: int) -> str:
    """Return a scenario with so many copies of its network side by side."""
    rows = []
    for row in text.splitlines():
        if row.startswith("    - {"):
            rows += [re.sub(r"\b([ns])_(?=[a-z])", rf"\g<1>{i}_", row) for i in range(times)]
        else:
            rows.append(row)
    return "\n".join(rows)


def tell(path: Path, days: int) -> None:
    """Print events, CPU seconds of a counted replication and the most megabytes held."""
    given = plan_of(path, [f"window.days={days}"])
    for replication in range(2):
        begun = time.process_time()
        tallies = run_tallied(given.plan, given.watch, 1, replication)
        told = seen(time.process_time() - begun, tallies, given.plan)
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([told.events, told.cpu_s, most_mb]))


def grow(rounds: int, days: int) -> list[str]:
    """Print time and memory by demand and by size, and return what is not as it should be."""
    text = (SCENARIOS / "freight.yaml").read_text(encoding="utf-8")
    ways = {"demand and capacities": busier, "network": wider}
    found: dict[tuple[str, int], list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for change in ways.values():
            for times in FACTORS:
                (Path(folder) / f"{change.__name__}{times}.yaml").write_text(change(text, times))
        for _ in range(rounds):
            for name, change in ways.items():
                for times in FACTORS:
                    path = f"{folder}/{change.__name__}{times}.yaml"
                    words = [sys.executable, __file__, "--one", path, "--days", str(days)]
                    told = subprocess.run(  # noqa: S603 - this very file
                        words, capture_output=True, text=True, check=True
                    )
                    found.setdefault((name, times), []).append(json.loads(told.stdout))
    print(f"freight, {days} days, counted: {rounds} rounds, CPU time; median (least-greatest)")
    wrong = []
    for (name, times), rows in found.items():
        ratios = [row[1] / one[1] for row, one in zip(rows, found[name, 1], strict=True)]
        events, cpu_s, most_mb = (median(column) for column in zip(*rows, strict=True))
        print(
            f"  {name:22} x {times:2} {events:11,.0f} events  {cpu_s:6.2f} s  "
            f"{median(ratios):5.1f} x the time ({min(ratios):.1f}-{max(ratios):.1f})  "
            f"most {most_mb:4.0f} MB"
        )
        if times == FACTORS[-1] and median(ratios) > MOST_TIMES:
            wrong.append(f"{name} x 10 takes {median(ratios):.1f} x the time, not {MOST_TIMES}")
    return wrong


def command_s(engine: str, folder: str, kept: str | None = None) -> float:
    """Return the CPU time of a new process from its start to its first result."""
    words = ["run", "small-corridor", "--days", "1", "--replications", "1", "--jobs", "1"]
    words += ["--engine", engine, "--out", folder, "--force"]
    told = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", SPENT, sys.executable, str(ROOT / "cli.py"), *words],
        cwd=ROOT,
        env={**os.environ, "NUMBA_CACHE_DIR": kept} if kept else None,
        capture_output=True,
        text=True,
        check=True,
    )
    return float(told.stdout)


def start_up(rounds: int, *, is_cold: bool) -> None:
    """Print the CPU time of `keruen run` on a day of the small corridor, by engine."""
    with tempfile.TemporaryDirectory() as folder:
        command_s("compiled", folder)
        pairs = [
            (command_s("simpy", folder), command_s("compiled", folder)) for _ in range(rounds)
        ]
        more_s = [compiled_s - simpy_s for simpy_s, compiled_s in pairs]
        print(
            f"start to first result: SimPy {median(one for one, _ in pairs):.1f} s, compiled "
            f"{median(one for _, one in pairs):.1f} s, {median(more_s):.1f} s more "
            f"({min(more_s):.1f}-{max(more_s):.1f})"
        )
        if is_cold:
            print(f"with nothing kept: {command_s('compiled', folder, f'{folder}/kept'):.0f} s")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--cold", action="store_true", help="compile from nothing too: minutes")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    stated = parser.parse_args()
    if stated.one:
        tell(stated.one, stated.days)
        return
    wrong = grow(stated.rounds, stated.days)
    start_up(stated.rounds, is_cold=stated.cold)
    if wrong:
        sys.exit("\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
