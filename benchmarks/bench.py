"""CPU time of the engines on the same work, in interleaved rounds: ratios with ranges.

Usage: python benchmarks/bench.py [--rounds 5] [--rivals .venv-bench/bin/python]

The scenarios lie in `benchmarks/scenarios`. Every engine runs in every round, with other random
numbers each time, and again until it has had a second of CPU; ours and textbook SimPy in this
process, ciw, salabim and cimba in one of their own, which tells the CPU time of the runs alone.
Draws are inside the time. Exits 1 if an engine's mean wait is not what theory says, or a floor
is missed.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

import textbook
from works import Plain, Seen, Work, lines_of, plain_of, seen, wait_in_theory_s, work

from sim.engine.run import run as run_reference
from sim.kernel.run import run as run_compiled
from sim.kernel.tallied import run_tallied

HERE = Path(__file__).resolve().parent
OWN, TRACED = "compiled, counting", "compiled, trace"
FLOORS = {
    "tandem": {},
    "plain": {"ciw": 300, "salabim": 300, "cimba": 1.3},
    "freight": {"textbook SimPy": 50, "reference engine": 20},
}
RIVALS = ("cimba", "ciw", "salabim")
SMALLER = {"ciw": 10, "salabim": 10}
"""Engines that are given a part of the work, so that a round takes seconds."""
LEAST_S = 1.0
"""CPU time of an engine in a round: one run of ours is over in a tenth of a second, in which
much of the time is that of a processor that has just been woken up."""
APART = 0.15
"""Share by which the mean of all rounds may differ from theory."""

Act = Callable[[int], Seen]
"""Seed -> what was seen."""


class Case(NamedTuple):
    """A workload and the engines that do it."""

    name: str
    acts: dict[str, Act]
    wanted_s: float | None
    """Mean wait by theory, or None."""
    services_s: float
    """Mean of all services of a customer."""


def own(given: Work) -> dict[str, Act]:
    """Return our engines."""

    def reference(seed: int) -> Seen:
        begun = time.process_time()
        trace = run_reference(given.plan, seed, 0)
        return seen(time.process_time() - begun, trace, given.plan)

    def traced(seed: int) -> Seen:
        begun = time.process_time()
        trace = run_compiled(given.plan, seed, 0)
        return seen(time.process_time() - begun, trace, given.plan)

    def counting(seed: int) -> Seen:
        begun = time.process_time()
        tallies = run_tallied(given.plan, given.watch, seed, 0)
        return seen(time.process_time() - begun, tallies, given.plan)

    return {OWN: counting, TRACED: traced, "reference engine": reference}


class Rivals:
    """Engines of others, each in a process of its own."""

    def __init__(self, python: Path) -> None:
        self.running = {
            engine: subprocess.Popen(  # noqa: S603 - a file of ours
                [python, HERE / "rivals.py", engine],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for engine in RIVALS
        }

    def act(self, engine: str, net: Plain, customers: int) -> Act:
        """Return an engine at work on a network."""
        customers //= SMALLER.get(engine, 1)
        services = sum(len(route) for route in net.route) / len(net.route)

        def act(seed: int) -> Seen:
            process = self.running[engine]
            words = {"net": net._asdict(), "customers": customers, "seed": seed}
            process.stdin.write(json.dumps(words) + "\n")
            process.stdin.flush()
            cpu_s, mean_s, number = json.loads(process.stdout.readline())
            return Seen(cpu_s, round(number * (1 + services)), mean_s)

        return act

    def close(self) -> None:
        """End the processes."""
        for process in self.running.values():
            process.communicate()


def plain_case(name: str, rivals: Rivals | None, sets: Sequence[str]) -> Case:
    """Return a network of stations and all engines."""
    given = work(name, sets)
    net = plain_of(given.network)
    customers = round(given.plan.horizon_s * sum(1 / gap_s for gap_s in net.gap_s))
    services = sum(len(route) for route in net.route) / len(net.route)

    def simpy(seed: int) -> Seen:
        begun = time.process_time()
        spent_s = textbook.plain(net, customers, seed)
        cpu_s = time.process_time() - begun
        return Seen(cpu_s, round(len(spent_s) * (1 + services)), mean(spent_s))

    acts = {**own(given), "textbook SimPy": simpy}
    if rivals:
        acts |= {one: rivals.act(one, net, customers) for one in RIVALS}
    services_s = mean(sum(net.mean_s[station] for station in route) for route in net.route)
    return Case(name, acts, wait_in_theory_s(net), services_s)


def freight_case(sets: Sequence[str]) -> Case:
    """Return the freight network, our engines and textbook SimPy."""
    given = work("freight", sets)
    lines = lines_of(given.network)
    containers = round(given.plan.horizon_s * sum(1 / line.gap_s for line in lines))

    def simpy(seed: int) -> Seen:
        begun = time.process_time()
        models = textbook.freight(lines, containers, given.plan.horizon_s, seed)
        cpu_s = time.process_time() - begun
        spent_s = list(chain.from_iterable(model.spent_s for model in models))
        events = containers + sum(model.services for model in models)
        return Seen(cpu_s, events, mean(spent_s))

    return Case("freight", {**own(given), "textbook SimPy": simpy}, None, 0.0)


def at_work(act: Act, turn: int) -> Seen:
    """Return what an engine says of its runs in one round, together."""
    runs: list[Seen] = []
    while sum(one.cpu_s for one in runs) < LEAST_S:
        runs.append(act(1000 * turn + len(runs)))
    cpu_s, events, mean_s = zip(*runs, strict=True)
    return Seen(sum(cpu_s), sum(events), mean(mean_s))


def times(runs: list[Seen], others: list[Seen]) -> list[float]:
    """Return by round how many times the CPU time an event took that it took another."""
    pairs = zip(runs, others, strict=True)
    return [one.cpu_s / one.events / (other.cpu_s / other.events) for one, other in pairs]


def compared(case: Case, rounds: int) -> list[str]:
    """Print the table of a case, and return what is not as it should be."""
    for label in list(case.acts)[:2]:
        case.acts[label](0)  # machine code is loaded here, or made
    found: dict[str, list[Seen]] = {label: [] for label in case.acts}
    for turn in range(1, rounds + 1):
        for label, act in case.acts.items():
            found[label].append(at_work(act, turn))
    print(f"\n{case.name}: {rounds} rounds, CPU time; median (least-greatest)")
    wrong = []
    for label, runs in found.items():
        costs = [one.cpu_s / one.events for one in runs]
        ratios, over_trace = times(runs, found[OWN]), times(runs, found[TRACED])
        floor = FLOORS[case.name].get(label)
        if floor and median(ratios) < floor:
            wrong.append(f"{case.name}: {median(ratios):.1f} x {label}, the floor is {floor}")
        time_s = mean(one.mean_s for one in runs)
        line = (
            f"  {label:19} {median(one.events for one in runs):9,.0f} events "
            f"{1 / median(costs):12,.0f} a second   {median(ratios):7.2f} x the time "
            f"({min(ratios):.2f}-{max(ratios):.2f}), {median(over_trace):.2f} x that of a trace "
            f"({min(over_trace):.2f}-{max(over_trace):.2f})"
        )
        if case.wanted_s is None:
            print(f"{line}   in the system {time_s / 86_400:.3f} days")
            continue
        share = (time_s - case.services_s) / case.wanted_s
        print(f"{line}   mean wait {share:.3f} of theory")
        if label not in SMALLER and abs(share - 1) > APART:
            wrong.append(f"{case.name}: the mean wait of {label} is {share:.3f} of theory")
    return wrong


def main() -> None:
    """Run all workloads."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rivals", type=Path, help="a Python that has ciw, salabim and cimba")
    parser.add_argument("--days", type=int, help="of each scenario, instead of its own")
    stated = parser.parse_args()
    rivals = Rivals(stated.rivals) if stated.rivals and stated.rivals.exists() else None
    if rivals is None:
        print("Left out: ciw, salabim and cimba; --rivals names no Python that has them.")
    sets = [f"window.days={stated.days}"] if stated.days else []
    cases = [plain_case(name, rivals, sets) for name in ("tandem", "plain")]
    wrong = [one for case in [*cases, freight_case(sets)] for one in compared(case, stated.rounds)]
    if rivals:
        rivals.close()
    if wrong:
        sys.exit("\n".join(["", *wrong]))


if __name__ == "__main__":
    main()
