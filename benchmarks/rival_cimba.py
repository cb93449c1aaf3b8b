"""The network of M/M/c stations in cimba: a process a server, fed by the store of its station."""

import time
from itertools import pairwise
from typing import Any

import cimba as cb


class Station(cb.Model):
    """A queue of customers by number."""

    queue: cb.Store[int]

    def __init__(self) -> None:
        self.queue = cb.Store()


class Server(cb.Model):
    """One server of one station."""

    net: cb.Ref["Network"]
    at: cb.Param[int]
    mean_s: cb.Param[float]

    def __init__(self, at: int, mean_s: float) -> None:
        self.at, self.mean_s = at, mean_s

    @cb.process
    def serve(self) -> None:
        """Serve whoever is first, and send on."""
        while True:
            who = self.net.stations[self.at].queue.get()
            cb.hold(cb.random.exponential(self.mean_s))
            self.net.go_on(who, self.at)


class Source(cb.Model):
    """One class of customers, numbered k, k + classes, k + 2 classes, ..."""

    net: cb.Ref["Network"]
    kind: cb.Param[int]
    first: cb.Param[int]
    number: cb.Param[int]
    gap_s: cb.Param[float]

    def __init__(self, kind: int, first: int, number: int, gap_s: float) -> None:
        self.kind, self.first, self.number, self.gap_s = kind, first, number, gap_s

    @cb.process
    def send(self) -> None:
        """Let customers come."""
        for i in range(self.number):
            cb.hold(cb.random.exponential(self.gap_s))
            who = self.kind + i * self.net.kinds
            self.net.begun_s[who] = cb.now()
            self.net.stations[self.first].queue.put(who)


class Network(cb.Model):
    """All stations, and where each class goes from each."""

    kinds: cb.Param[int]
    customers: cb.Param[int]
    after: cb.Array[int]
    begun_s: cb.Array[float]
    left: cb.Array[int]
    spent_s: cb.Array[float]
    stations: list[Station]
    servers: list[Server]
    sources: list[Source]
    mean_s: cb.Output[float]

    @cb.function
    def go_on(self, who: int, at: int) -> None:
        """Send a customer to the next station, or out."""
        to = self.after[at * self.kinds + who % self.kinds]
        if to >= 0:
            self.stations[to].queue.put(who)
            return
        self.spent_s[0] += cb.now() - self.begun_s[who]
        self.left[0] += 1
        if self.left[0] == self.customers:
            cb.end_trial()

    @cb.on_end
    def measure(self) -> None:
        """Keep the mean."""
        self.mean_s = self.spent_s[0] / self.customers


def network(net: dict[str, Any], customers: int) -> Network:
    """Return the model."""
    routes = net["route"]
    kinds = len(routes)
    after = [-1] * (len(net["servers"]) * kinds)
    for kind, route in enumerate(routes):
        for at, to in pairwise(route):
            after[at * kinds + kind] = to
    made = Network()
    made.kinds, made.customers, made.after = kinds, customers, cb.Array(after)
    made.begun_s, made.spent_s = cb.Array([0.0] * customers), cb.Array([0.0])
    made.left = cb.Array(1)
    made.stations = [Station() for _ in net["servers"]]
    made.servers = [
        Server(at, mean_s)
        for at, (servers, mean_s) in enumerate(zip(net["servers"], net["mean_s"], strict=True))
        for _ in range(servers)
    ]
    made.sources = [
        Source(kind, routes[kind][0], customers // kinds, net["gap_s"][kind])
        for kind in range(kinds)
    ]
    for one in (*made.servers, *made.sources):
        one.net = made
    return made


def run(net: dict[str, Any], customers: int, seed: int) -> tuple[float, float, int]:
    """Return CPU seconds of the second run in this process, mean time, customers."""
    customers -= customers % len(net["route"])
    model = network(net, customers)
    longest_s = 10 * customers * max(net["gap_s"])
    found = (0.0, 0.0)
    for replications in range(2):
        experiment = cb.Experiment(
            model,
            replications=1,
            window=cb.Window(warmup=0, duration=longest_s),
            seed=seed + replications,
        )
        begun = time.process_time()
        results = experiment.run()
        found = (time.process_time() - begun, results[model].mean_s[0].item())
    return (*found, customers)
