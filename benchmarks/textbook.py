"""The scenarios of the benchmarks in textbook SimPy: a generator a traveller, `Resource`."""

import random
from collections.abc import Generator
from typing import Any

import simpy
from works import Line, Plain

DAY_S = 86_400
OPENS_S, CLOSES_S = 6 * 3600, 22 * 3600

Acts = Generator[simpy.Event, Any, None]


def plain(net: Plain, customers: int, seed: int) -> list[float]:
    """Return the times in the system of so many customers of a network of stations, seconds."""
    env, draws = simpy.Environment(), random.Random(seed)  # noqa: S311 - a simulation
    stations = [simpy.Resource(env, servers) for servers in net.servers]
    spent_s: list[float] = []

    def customer(route: list[int]) -> Acts:
        begun_s = env.now
        for station in route:
            with stations[station].request() as request:
                yield request
                yield env.timeout(draws.expovariate(1 / net.mean_s[station]))
        spent_s.append(env.now - begun_s)

    def source(route: list[int], gap_s: float, number: int) -> Acts:
        for _ in range(number):
            yield env.timeout(draws.expovariate(1 / gap_s))
            env.process(customer(route))

    for route, gap_s in zip(net.route, net.gap_s, strict=True):
        env.process(source(route, gap_s, customers // len(net.route)))
    env.run()
    return spent_s


class LineModel:
    """One line of freight."""

    def __init__(self, env: simpy.Environment, line: Line, draws: random.Random) -> None:
        self.env, self.line, self.draws = env, line, draws
        self.gate = simpy.Resource(env, 1)
        self.cranes = [simpy.Resource(env, line.cranes) for _ in range(3)]
        self.stops = [[simpy.Resource(env, stop[0]) for stop in half] for half in line.halves]
        self.forming: list[list[simpy.Event]] = [[], []]
        self.on_quay: list[simpy.Event] = []
        self.spent_s: list[float] = []
        self.services = 0

    def work(self, station: simpy.Resource, mean_s: float, *, is_by_day: bool = False) -> Acts:
        """Wait for a server and be served."""
        with station.request() as request:
            yield request
            at_s = self.env.now % DAY_S
            if is_by_day and not OPENS_S <= at_s < CLOSES_S:
                yield self.env.timeout((OPENS_S - at_s) % DAY_S)
            yield self.env.timeout(self.draws.expovariate(1 / mean_s))
        self.services += 1

    def join(self, half: int) -> simpy.Event:
        """Return the event of being set down by the train of which one is part."""
        set_down = self.env.event()
        self.forming[half].append(set_down)
        if len(self.forming[half]) == self.line.train:
            self.env.process(self.train(half, self.forming[half]))
            self.forming[half] = []
        return set_down

    def train(self, half: int, aboard: list[simpy.Event]) -> Acts:
        """Pass all stops of a half and set down."""
        for (_, mean_s, is_by_day), stop in zip(
            self.line.halves[half], self.stops[half], strict=True
        ):
            yield self.env.timeout(self.line.run_s)
            yield from self.work(stop, mean_s, is_by_day=is_by_day)
        yield self.env.timeout(self.line.run_s)
        for set_down in aboard:
            set_down.succeed()

    def ferry(self) -> Acts:
        """Sail by the timetable, with whoever stands on the quay."""
        while True:
            yield self.env.timeout(self.line.every_s)
            aboard = self.on_quay[: self.line.ferry]
            del self.on_quay[: self.line.ferry]
            if aboard:
                self.env.process(self.voyage(aboard))

    def voyage(self, aboard: list[simpy.Event]) -> Acts:
        """Cross and set down."""
        yield self.env.timeout(self.line.sail_s)
        for set_down in aboard:
            set_down.succeed()

    def container(self) -> Acts:
        """Go from end to end."""
        begun_s = self.env.now
        yield from self.work(self.gate, self.line.gate_s)
        yield self.join(0)
        yield from self.work(self.cranes[0], self.line.crane_s)
        landed = self.env.event()
        self.on_quay.append(landed)
        yield landed
        yield from self.work(self.cranes[1], self.line.crane_s)
        yield self.join(1)
        yield from self.work(self.cranes[2], self.line.crane_s)
        self.spent_s.append(self.env.now - begun_s)

    def source(self, number: int) -> Acts:
        """Send containers."""
        for _ in range(number):
            yield self.env.timeout(self.draws.expovariate(1 / self.line.gap_s))
            self.env.process(self.container())


def freight(lines: list[Line], containers: int, until_s: float, seed: int) -> list[LineModel]:
    """Return the lines after a run, with what they did."""
    env, draws = simpy.Environment(), random.Random(seed)  # noqa: S311 - a simulation
    models = [LineModel(env, line, draws) for line in lines]
    for model in models:
        env.process(model.ferry())
        env.process(model.source(containers // len(lines)))
    env.run(until_s)
    return models
