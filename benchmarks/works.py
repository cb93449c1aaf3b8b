"""The scenarios of the benchmarks as plans, and what other engines are told of them.

`scenarios/tandem.yaml` and `plain.yaml` are queues of which theory knows the mean wait;
`freight.yaml` has trains, borders with hours, a ferry and cranes. All go through the public
way from a scenario file to a plan.
"""

from collections.abc import Sequence
from math import factorial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from network.schema import DemandRow, Network
from sim.compiler.build import compile_plan
from sim.experiment.replicate import places
from sim.measures.build import watch_of
from sim.plan import NEVER, Kind, Plan, Status, Trace
from sim.scenario import load, network_of
from sim.tallies import Tallies, Watch

SCENARIOS = Path(__file__).resolve().parent / "scenarios"
HOUR_S = 3600
YEAR_S = 365 * 86_400


class Plain(NamedTuple):
    """A network of M/M/c stations: all that an engine needs to know of it."""

    servers: list[int]
    mean_s: list[float]
    route: list[list[int]]
    """By class: stations in order."""
    gap_s: list[float]
    """By class: mean time between arrivals."""


class Line(NamedTuple):
    """A line of freight: all that an engine needs to know of it."""

    gap_s: float
    gate_s: float
    crane_s: float
    """Mean time of each of the three handlings, which have `cranes` servers."""
    cranes: int
    halves: list[list[tuple[int, float, bool]]]
    """By train from end to end: servers, mean and whether it is open by day only, by stop."""
    run_s: float
    """Over each section of a line."""
    train: int
    ferry: int
    every_s: float
    sail_s: float


class Work(NamedTuple):
    """A plan, and what has to be counted of it."""

    plan: Plan
    watch: Watch
    network: Network


def work(name: str, sets: Sequence[str] = ()) -> Work:
    """Return a scenario of the benchmarks, with settings as of `--set`."""
    return plan_of(SCENARIOS / f"{name}.yaml", sets)


def plan_of(path: Path, sets: Sequence[str] = ()) -> Work:
    """Return the scenario of a file, with settings as of `--set`."""
    scenario = load(path, sets=list(sets))
    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    return Work(plan, watch_of(plan, legend, places(network)), network)


def plain_of(network: Network) -> Plain:
    """Return a network of stations as other engines are told of it."""
    rows = sorted(network.facilities, key=lambda row: row.sequence or 0)
    classes = [row.id for row in network.demand]
    return Plain(
        servers=[row.servers for row in rows],
        mean_s=[row.mean_h * HOUR_S for row in rows],
        route=[
            [i for i, row in enumerate(rows) if not row.flows or one in row.flows]
            for one in classes
        ],
        gap_s=[YEAR_S / (row.amount / row.lot) for row in network.demand],
    )


def lines_of(network: Network) -> list[Line]:
    """Return the lines of the freight network as other engines are told of them."""
    facilities = {row.id: row for row in network.facilities}
    links = {row.id: row for row in network.links}
    services = {row.id: row for row in network.services}

    def line(row: DemandRow) -> Line:
        name = row.id.removesuffix("_boxes")
        stops = [[facilities[f"{name}_{half}{k}_passage"] for k in range(10)] for half in "ab"]
        crane, ferry = facilities[f"{name}_end_handling"], services[f"{name}_ferry"]
        section, sea = links[f"{name}_a0_line"], links[f"{name}_sea"]
        return Line(
            gap_s=YEAR_S * row.lot / row.amount,
            gate_s=facilities[f"{name}_city_gate"].mean_h * HOUR_S,
            crane_s=crane.mean_h * HOUR_S,
            cranes=crane.servers,
            halves=[
                [(one.servers, one.mean_h * HOUR_S, str(one.opens) != "00:00") for one in half]
                for half in stops
            ],
            run_s=section.length_km / section.speed_kmh * HOUR_S,
            train=int(services[f"{name}_first"].capacity_teu),
            ferry=int(ferry.capacity_teu),
            every_s=ferry.departures_every_h * HOUR_S,
            sail_s=sea.length_km / sea.speed_kmh * HOUR_S,
        )

    return [line(row) for row in network.demand]


def wait_in_theory_s(plain: Plain) -> float:
    """Return the mean of all waits of a customer together, seconds.

    Erlang C at every station: what comes to a station of such a network in the long run is a
    Poisson stream (Burke 1956; Kelly 1979).
    """
    rate = [0.0] * len(plain.servers)
    for route, gap_s in zip(plain.route, plain.gap_s, strict=True):
        for station in route:
            rate[station] += 1 / gap_s
    wait_s = [_erlang_wait_s(*one) for one in zip(rate, plain.mean_s, plain.servers, strict=True)]
    share = [1 / gap_s for gap_s in plain.gap_s]
    total = sum(
        part * sum(wait_s[station] for station in route)
        for part, route in zip(share, plain.route, strict=True)
    )
    return total / sum(share)


def _erlang_wait_s(rate: float, mean_s: float, servers: int) -> float:
    offered = rate * mean_s
    last = offered**servers / factorial(servers) / (1 - offered / servers)
    waits = last / (sum(offered**n / factorial(n) for n in range(servers)) + last)
    return waits * mean_s / (servers - offered)


class Seen(NamedTuple):
    """What one run of an engine says of itself."""

    cpu_s: float
    events: int
    """Arrivals and services of travellers that ended: a train counts once at a station."""
    mean_s: float
    """Mean time in the system of those who left it: waits and services."""


def seen(cpu_s: float, found: Trace | Tallies, plan: Plan) -> Seen:
    """Return what a run of our own engines says of itself."""
    mine = found.consignment_status == Status.DELIVERED
    time_s = (found.consignment_finished_s - found.consignment_created_s)[mine]
    is_server = plan.station_kind == Kind.SERVER
    if isinstance(found, Trace):
        ends = [(found.stay_station, found.stay_end_s), (found.visit_station, found.visit_end_s)]
        services = sum(
            int(np.count_nonzero(is_server[station] & (end_s != NEVER))) for station, end_s in ends
        )
    else:
        services = int(found.ended[is_server].sum())
    return Seen(cpu_s, len(found.consignment_flow) + services, float(time_s.mean()))
