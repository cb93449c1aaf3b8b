"""Runs of a network of M/M/c stations in an engine of others, in their own environment.

Usage: python rivals.py ENGINE. Each line of standard input is a run in JSON: `{"net": {servers,
mean_s, route, gap_s}, "customers": N, "seed": S}`; each is answered by a line: `[CPU seconds
of the run, mean time in the system, customers]`. Nothing of Keruen is imported: the environment
is that of `requirements-bench.lock`.
"""

import importlib
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

Net = dict[str, Any]
Told = tuple[float, float, int]


def run_ciw(net: Net, customers: int, seed: int) -> Told:
    """Return what ciw says: a class for each route, routes as ciw's own process routing."""
    ciw = importlib.import_module("ciw")
    names = [f"class{k}" for k in range(len(net["route"]))]
    stations = range(len(net["servers"]))

    def routed(route: list[int]) -> Any:  # noqa: ANN401 - ciw has no types
        rest = [station + 1 for station in route[1:]]
        return ciw.routing.ProcessBased(lambda _one, _simulation: list(rest))

    ways = list(zip(names, net["route"], net["gap_s"], strict=True))
    network = ciw.create_network(
        number_of_servers=net["servers"],
        arrival_distributions={
            name: [ciw.dists.Exponential(1 / gap_s) if i == route[0] else None for i in stations]
            for name, route, gap_s in ways
        },
        service_distributions={
            name: [ciw.dists.Exponential(1 / mean_s) for mean_s in net["mean_s"]] for name in names
        },
        routing={name: routed(route) for name, route, _ in ways},
    )
    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    begun = time.process_time()
    simulation.simulate_until_max_customers(customers, method="Finish")
    cpu_s = time.process_time() - begun
    # Who entered last is still inside, so those who entered first are counted.
    spent_s = [
        one.data_records[-1].exit_date - one.data_records[0].arrival_date
        for one in simulation.nodes[-1].all_individuals
    ]
    return cpu_s, sum(spent_s) / len(spent_s), len(spent_s)


def run_salabim(net: Net, customers: int, seed: int) -> Told:
    """Return what salabim says: a component a customer, without trace and monitors."""
    sim = importlib.import_module("salabim")
    sim.yieldless(False)  # noqa: FBT003 - salabim's own way
    env = sim.Environment(trace=False, random_seed=seed)
    draws = random.Random(seed)  # noqa: S311 - a simulation
    stations = [
        sim.Resource(capacity=servers, env=env, monitor=False) for servers in net["servers"]
    ]
    spent_s: list[float] = []

    class Customer(sim.Component):
        def setup(self, route: list[int]) -> None:
            self.route = route

        def process(self) -> Any:  # noqa: ANN401 - a generator of salabim
            begun_s = env.now()
            for station in self.route:
                yield self.request(stations[station])
                yield self.hold(draws.expovariate(1 / net["mean_s"][station]))
                self.release(stations[station])
            spent_s.append(env.now() - begun_s)

    class Source(sim.Component):
        def setup(self, route: list[int], gap_s: float, number: int) -> None:
            self.route, self.gap_s, self.number = route, gap_s, number

        def process(self) -> Any:  # noqa: ANN401
            for _ in range(self.number):
                yield self.hold(draws.expovariate(1 / self.gap_s))
                Customer(route=self.route, suppress_trace=True, mode=None)

    for route, gap_s in zip(net["route"], net["gap_s"], strict=True):
        Source(route=route, gap_s=gap_s, number=customers // len(net["route"]))
    begun = time.process_time()
    env.run()
    cpu_s = time.process_time() - begun
    return cpu_s, sum(spent_s) / len(spent_s), len(spent_s)


def run_cimba(net: Net, customers: int, seed: int) -> Told:
    """Return what cimba says, compiled and run once before: see `rival_cimba`."""
    return importlib.import_module("rival_cimba").run(net, customers, seed)


ENGINES: dict[str, Callable[[Net, int, int], Told]] = {
    "ciw": run_ciw,
    "salabim": run_salabim,
    "cimba": run_cimba,
}


def main() -> None:
    """Run what standard input says."""
    run = ENGINES[sys.argv[1]]
    for line in sys.stdin:
        words = json.loads(line)
        print(json.dumps(run(words["net"], words["customers"], words["seed"])), flush=True)


if __name__ == "__main__":
    main()
