"""What a rule costs: CPU time an event, with rules of the freight scenario taken out one by one.

Usage: python benchmarks/rules.py [--rounds 5] [--days 30]

Every variant changes the scenario's text and runs counted; beside it stands where the time of
a traced run goes: draws, the loop, and the trace put in its order.
"""

import argparse
import re
import tempfile
import time
from pathlib import Path
from statistics import median

from works import SCENARIOS, Work, plan_of, seen

from sim.draws.hashing import SERVICE, stream
from sim.kernel.drawing import drawn
from sim.kernel.drive import drive
from sim.kernel.run import trace_of
from sim.kernel.tallied import run_tallied

VARIANTS = {
    "freight as it is": (),
    "no opening hours": ((r'opens: "06:00", closes: "22:00", ', ""),),
    "no timetable: the ferry sails full": ((r", departures_every_h: 6", ""),),
    "no random service": ((r"law: exponential", "law: deterministic"),),
    "no stops on the way": ((r"    - \{id: \w+_passage, .*\n", ""),),
    "nobody waits at cranes and gates": (
        (r"(\w+_(?:handling|gate), .*servers: )\d+", r"\g<1>400"),
    ),
    "trains of 80": ((r"gauge_mm: 1520, capacity_teu: 40", "gauge_mm: 1520, capacity_teu: 80"),),
    "priority at every station": (
        (r"law: exponential", "law: exponential, discipline: priority"),
    ),
}
US = 1e6


def shares_s(given: Work, seed: int) -> tuple[float, float, float]:
    """Return the CPU time of draws, loop and trace of one run."""
    marks = [time.process_time()]
    draws = drawn(given.plan, seed, 0)
    marks.append(time.process_time())
    ended = drive(given.plan, draws, stream(seed, 0, SERVICE))
    marks.append(time.process_time())
    trace_of(given.plan, draws, ended)
    marks.append(time.process_time())
    return marks[1] - marks[0], marks[2] - marks[1], marks[3] - marks[2]


def counted_us(given: Work, seed: int) -> tuple[float, int]:
    """Return microseconds of CPU an event of a counted run, and its events."""
    begun = time.process_time()
    tallies = run_tallied(given.plan, given.watch, seed, 0)
    told = seen(time.process_time() - begun, tallies, given.plan)
    return told.cpu_s / told.events * US, told.events


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--days", type=int, default=83)
    stated = parser.parse_args()
    sets = [f"window.days={stated.days}"]
    text = (SCENARIOS / "freight.yaml").read_text(encoding="utf-8")
    works = {}
    with tempfile.TemporaryDirectory() as folder:
        for i, (label, changes) in enumerate(VARIANTS.items()):
            changed = text
            for pattern, other in changes:
                changed = re.sub(pattern, other, changed)
            path = Path(folder) / f"variant{i}.yaml"
            path.write_text(changed, encoding="utf-8")
            works[label] = plan_of(path, sets)
    for given in works.values():
        counted_us(given, 0)
    rounds = range(1, stated.rounds + 1)
    found = [{label: counted_us(one, seed) for label, one in works.items()} for seed in rounds]
    print(f"freight, {stated.days} days, counted: {stated.rounds} rounds; microseconds an event")
    for label in works:
        costs = [row[label][0] for row in found]
        print(
            f"  {label:36} {median(row[label][1] for row in found):9,.0f} events "
            f"{median(costs):6.2f} ({min(costs):.2f}-{max(costs):.2f})"
        )
    given = works["freight as it is"]
    shares_s(given, 0)
    parts = zip(*(shares_s(given, seed) for seed in rounds), strict=True)
    draws_s, loop_s, trace_s = (median(part) for part in parts)
    print(f"traced: draws {draws_s:.3f} s, loop {loop_s:.3f} s, trace in order {trace_s:.3f} s")


if __name__ == "__main__":
    main()
