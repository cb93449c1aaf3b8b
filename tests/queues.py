"""One queue of exponential services under Poisson arrivals, run by the compiled engine."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.compiler.build import compile_plan
from sim.kernel.run import run
from sim.plan import Legend, Plan
from sim.scenario import load, network_of

UNIT_S = 600
"""Mean gap between arrivals."""
TEXT = """
schema_version: 1
name: queue
network:
  source: none
  nodes: [{{id: place}}]
  facilities:
    - {{id: server, node: place, operation: inspection, servers: 1, mean_h: {mean_h!r},
       law: exponential}}
demand:
  rows:
    - {{id: units, origin: place, destination: place, load_class: box, unit: teu, year: 2025,
       amount: 52560, lot: 1}}
window: {{start: 2025-01-01, days: {days}, warm_up_days: 0, run_out_days: 0}}
experiment: {{kind: steady}}
"""


def queue(folder: Path, load_of_server: float, customers: int) -> Plan:
    """Return the plan of `compiled`."""
    return compiled(folder, load_of_server, customers)[0]


def compiled(folder: Path, load_of_server: float, customers: int) -> tuple[Plan, Legend]:
    """Return the plan and legend of an M/M/1 in which at least so many customers come.

    Parameters
    ----------
    folder
        Gets the scenario file.
    load_of_server
        Mean service over mean gap.
    customers
        Wanted; the window is longer by six standard deviations and a day.
    """
    days = int((customers + 6 * customers**0.5) * UNIT_S / 86_400) + 2
    path = folder / f"queue-{load_of_server}-{customers}.yaml"
    mean_h = load_of_server * UNIT_S / 3_600
    path.write_text(TEXT.format(mean_h=mean_h, days=days), encoding="utf-8")
    scenario = load(path)
    return compile_plan(scenario, network_of(scenario))


def delays(plan: Plan, seed: int, replication: int, customers: int) -> NDArray[np.float64]:
    """Return the waits of the first customers, in units of the mean gap."""
    trace = run(plan, seed, replication)
    order = np.argsort(trace.stay_consignment[: 2 * customers], kind="stable")[:customers]
    wait = (trace.stay_start_s - trace.stay_request_s)[order]
    assert wait.size == customers
    result: NDArray[np.float64] = wait / UNIT_S
    return result


def means(
    plan: Plan, seed: int, replications: Iterable[int], customers: int, first: int = 0
) -> NDArray[np.float64]:
    """Return each replication's mean wait of the customers after the first."""
    return np.array([delays(plan, seed, r, customers)[first:].mean() for r in replications])
