"""Two workloads as plans, and the same in textbook SimPy (one generator a traveller).

`tandem`: ten stations M/M/c in a row, c = 1, ..., 5, load 0.8. `freight`: on four
lines, containers pass a gate one by one, gather into trains of 40, run ten sections
(each a station with c = 1, ..., 4 and a move), are lifted one by one by cranes, run
ten more sections in new trains and are lifted again.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import simpy

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from plan_maker import PlanMaker

from sim.plan import Draws, Plan

SEED = 20_260_101
LOAD = 0.8
TRAIN = 40
LINES = 4
SECTIONS = 10
MOVE_S = 7200
LAST_S = 1 << 30


class Workload(NamedTuple):
    """A plan, its draws, and how many events of the model it has."""

    plan: Plan
    draws: Draws
    events: int
    """Arrivals and services of travellers: a train counts once at each section."""
    arrival_s: list[list[int]]
    """Arrivals of each line."""


def tandem(customers: int) -> Workload:
    """Return ten stations in a row."""
    maker = PlanMaker(horizon_s=LAST_S).flow("f")
    names = [f"s{i}" for i in range(10)]
    for i, name in enumerate(names):
        servers = 1 + i % 5
        maker.server(name, 1000 * servers * LOAD, servers, law="exponential", cv=1.0)
    arrival_s = _arrivals(customers, 1000, 0)
    maker.route("r", "f", names).send(arrival_s, "r")
    plan = maker.build()
    return Workload(plan, maker.draws(plan), 11 * customers, [arrival_s])


def freight(containers: int) -> Workload:
    """Return four lines with two trains each from end to end."""
    maker = PlanMaker(horizon_s=LAST_S)
    arrivals = []
    for line in range(LINES):
        gate, cranes = f"{line}.gate", [f"{line}.crane{half}" for half in (0, 1)]
        maker.server(gate, 360 * LOAD, 1, law="exponential", cv=1.0)
        for crane in cranes:
            maker.server(crane, 720 * LOAD, 2, law="exponential", cv=1.0)
        steps = [gate]
        for half in (0, 1):
            elements = []
            for k in range(SECTIONS):
                name = f"{line}.{half}{k}"
                servers = 1 + k % 4
                mean_s = TRAIN * 360 * servers * LOAD
                maker.server(name, mean_s, servers, law="exponential", cv=1.0)
                elements.append((name, MOVE_S))
            leg = f"{line}.leg{half}"
            maker.service(leg, capacity=2 * TRAIN).leg(leg, leg, elements)
            steps += [leg, cranes[half]]
        maker.flow(f"f{line}").route(f"r{line}", f"f{line}", steps)
        arrival_s = _arrivals(containers // LINES, 360, line + 1)
        maker.send(arrival_s, f"r{line}")
        arrivals.append(arrival_s)
    plan = maker.build()
    trains = containers // TRAIN
    events = 4 * containers + 2 * SECTIONS * trains
    return Workload(plan, maker.draws(plan), events, arrivals)


def _arrivals(number: int, gap_s: float, stream: int) -> list[int]:
    rng = np.random.default_rng([SEED, stream])
    gaps_s = rng.exponential(gap_s, number)
    times: list[int] = np.cumsum(gaps_s).round().astype(int).tolist()
    return times


# --- textbook SimPy


def tandem_in_simpy(work: Workload) -> float:
    """Return the mean sojourn of customers in textbook SimPy, seconds."""
    env = simpy.Environment()
    rng = np.random.default_rng(SEED)
    stations = [simpy.Resource(env, 1 + i % 5) for i in range(10)]
    (arrival_s,) = work.arrival_s
    service_s = rng.exponential(1000 * LOAD, (len(arrival_s), 10)) * [
        1 + i % 5 for i in range(10)
    ]
    sojourn_s: list[float] = []

    def customer(durations: list[float]) -> Any:  # noqa: ANN401 - a generator of SimPy
        begun = env.now
        for station, duration in zip(stations, durations, strict=True):
            with station.request() as request:
                yield request
                yield env.timeout(duration)
        sojourn_s.append(env.now - begun)

    def source() -> Any:  # noqa: ANN401
        for at_s, durations in zip(arrival_s, service_s.tolist(), strict=True):
            yield env.timeout(at_s - env.now)
            env.process(customer(durations))

    env.process(source())
    env.run()
    return float(np.mean(sojourn_s))


def freight_in_simpy(work: Workload) -> float:  # noqa: C901 - one textbook model
    """Return the mean transit of containers in textbook SimPy, seconds."""
    env = simpy.Environment()
    rng = np.random.default_rng(SEED)
    transit_s: list[float] = []

    class Pool:
        """Containers that wait for the next train, each on an event of its own."""

        def __init__(self, sections: list[simpy.Resource]) -> None:
            self.sections = sections
            self.waiting: list[simpy.Event] = []

        def join(self) -> simpy.Event:
            unloaded = env.event()
            self.waiting.append(unloaded)
            if len(self.waiting) == TRAIN:
                env.process(train(self.sections, self.waiting))
                self.waiting = []
            return unloaded

    def train(sections: list[simpy.Resource], aboard: list[simpy.Event]) -> Any:  # noqa: ANN401
        for k, section in enumerate(sections):
            with section.request() as request:
                yield request
                yield env.timeout(rng.exponential(TRAIN * 360 * (1 + k % 4) * LOAD))
            yield env.timeout(MOVE_S)
        for unloaded in aboard:
            unloaded.succeed()

    def container(gate: simpy.Resource, pools: list[Pool], cranes: list[simpy.Resource]) -> Any:  # noqa: ANN401
        begun = env.now
        with gate.request() as request:
            yield request
            yield env.timeout(rng.exponential(360 * LOAD))
        for pool, crane in zip(pools, cranes, strict=True):
            yield pool.join()
            with crane.request() as request:
                yield request
                yield env.timeout(rng.exponential(720 * LOAD))
        transit_s.append(env.now - begun)

    def source(arrival_s: list[int]) -> Any:  # noqa: ANN401
        gate = simpy.Resource(env, 1)
        cranes = [simpy.Resource(env, 2) for _ in (0, 1)]
        pools = [Pool([simpy.Resource(env, 1 + k % 4) for k in range(SECTIONS)]) for _ in (0, 1)]
        for at_s in arrival_s:
            yield env.timeout(at_s - env.now)
            env.process(container(gate, pools, cranes))

    for arrival_s in work.arrival_s:
        env.process(source(arrival_s))
    env.run()
    return float(np.mean(transit_s))
