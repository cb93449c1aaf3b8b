"""What a run of the corridor costs as demand or network grow.

Usage: python benchmarks/corridor_growth.py [--days 30] [--rounds 5] [--tables demand unused]
       [--sizes 1 10]

Every case has a process of its own, which makes its plan once and then runs a replication a
round, counting, and makes its tables of statistics by place; rounds are interleaved and the
first is not counted. Memory is the most that the process ever held, the plan's making included.
"""

import argparse
import multiprocessing
import resource
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import lru_cache
from statistics import median
from typing import Any, NamedTuple

import networkx as nx

from network.schema import Network
from sim.compiler.build import compile_plan
from sim.experiment.replicate import places
from sim.kernel.tallied import run_tallied
from sim.measures.build import measured, watch_of
from sim.measures.places import Places
from sim.plan import Legend, Plan
from sim.scenario import load, network_of, shipped_folder
from sim.tallies import Watch

ASIDE_DAYS = 15
"""Warm-up, and run-out."""
OWN_TABLES = ("nodes", "links", "facilities", "services", "closures")
"""Tables whose rows a copy of the network has once more."""


class Case(NamedTuple):
    """One way to change the corridor."""

    table: str
    size: int
    """How many times as much demand with capacity, or as many corridors."""
    days: int


class Cost(NamedTuple):
    """One replication."""

    compile_s: float
    """CPU time of the plan, paid once."""
    run_s: float
    whole_s: float
    """With the tables of statistics by place."""
    consignments: int
    stations: int
    most_mb: float


# --- the corridor, changed


def scaled(network: Network, factor: int) -> Network:
    """Return a network whose capacities are `factor` times as great.

    Trains and trucks form on demand, so that their number grows by itself; what sails by a
    timetable sails as many times as often.
    """
    whole = {
        "facilities": ("servers", "slots_per_day", "storage_teu", "queue_max"),
        "links": ("tracks", "paths_per_day", "background_per_day", "fleet_size", "locomotives"),
        "services": ("fleet", "wagons"),
        "nodes": ("loop_tracks",),
    }
    inverse = {"links": ("min_headway_min",), "services": ("departures_every_h", "headway_h")}
    changed: dict[str, tuple[Any, ...]] = {}
    for table, names in whole.items():
        changed[table] = tuple(
            row._replace(
                **{name: getattr(row, name) * factor for name in names if getattr(row, name)},
                **{
                    name: getattr(row, name) / factor
                    for name in inverse.get(table, ())
                    if getattr(row, name)
                },
            )
            for row in getattr(network, table)
        )
    return joined(network._replace(**changed))


def copied(network: Network, copies: int) -> Network:
    """Return `copies` of a network side by side, of which the first has the demand."""
    names = {row.id for table in OWN_TABLES for row in getattr(network, table)}
    names |= {row.pool for row in network.facilities if row.pool}

    def copy(row: Any, number: int) -> Any:  # noqa: ANN401 - a row of any table
        return row._replace(
            **{name: named(value, number) for name, value in row._asdict().items()}
        )

    def named(value: object, number: int) -> object:
        if isinstance(value, tuple):
            return tuple(named(one, number) for one in value)
        return f"{value}_{number}" if isinstance(value, str) and value in names else value

    changed: dict[str, tuple[Any, ...]] = {
        table: (
            *getattr(network, table),
            *(copy(row, number) for number in range(1, copies) for row in getattr(network, table)),
        )
        for table in OWN_TABLES
    }
    for table, rows in changed.items():
        changed[table] = tuple(sorted(rows, key=lambda row: row.id.encode()))
    return joined(network._replace(**changed))


def joined(network: Network) -> Network:
    """Return a network whose graph is that of its rows."""
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    for node in network.nodes:
        graph.add_node(node.id, row=node)
    for link in network.links:
        graph.add_edge(link.origin, link.destination, key=link.id, row=link)
        graph.add_edge(link.destination, link.origin, key=link.id, row=link)
    return network._replace(graph=nx.freeze(graph))


# --- cases and their cost


class Prepared(NamedTuple):
    """What is made once for all replications."""

    plan: Plan
    legend: Legend
    where: Places
    watch: Watch
    compile_s: float


@lru_cache(maxsize=1)
def prepared(case: Case) -> Prepared:
    """Return a plan, what to count, and the CPU time that making it took."""
    sets = [
        "keep.modes=[rail]",
        f"window.days={case.days}",
        f"window.warm_up_days={ASIDE_DAYS}",
        f"window.run_out_days={ASIDE_DAYS}",
        f"demand.factor={case.size if case.table == 'demand' else 1}",
    ]
    found = load(shipped_folder() / "baseline-2028.yaml", sets=sets)
    network = network_of(found)
    change = scaled if case.table == "demand" else copied
    network = change(network, case.size)
    begun_s = time.process_time()
    plan, legend = compile_plan(found, network)
    compile_s = time.process_time() - begun_s
    where = places(network)
    return Prepared(plan, legend, where, watch_of(plan, legend, where), compile_s)


def cost(case: Case, replication: int) -> Cost:
    """Return what one replication costs, draws included."""
    plan, legend, where, watch, compile_s = prepared(case)
    begun_s = time.process_time()
    tallies = run_tallied(plan, watch, 1, replication)
    run_s = time.process_time() - begun_s
    measured(tallies, plan, legend, where)
    whole_s = time.process_time() - begun_s
    most_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sent = len(tallies.consignment_flow)
    return Cost(compile_s, run_s, whole_s, sent, len(plan.station_kind), most_mb)


def measure(cases: Iterable[Case], rounds: int) -> dict[Case, list[Cost]]:
    """Return the costs of each case, by round."""
    own = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        workers = {
            case: stack.enter_context(ProcessPoolExecutor(1, mp_context=own)) for case in cases
        }
        found: dict[Case, list[Cost]] = {case: [] for case in workers}
        for start in [worker.submit(cost, case, 0) for case, worker in workers.items()]:
            start.result()
        for number in range(1, rounds + 1):
            for case, worker in workers.items():
                found[case].append(worker.submit(cost, case, number).result())
    return found


def tell(found: dict[Case, list[Cost]]) -> None:
    """Print a table, with ratios to the first case round by round."""
    base = next(iter(found.values()))
    for case, costs in found.items():
        rounds = list(zip(costs, base, strict=True))
        runs = [one.run_s / other.run_s for one, other in rounds]
        wholes = [one.whole_s / other.whole_s for one, other in rounds]
        last = costs[-1]
        print(
            f"{case.table:7} x {case.size:<2} {last.stations:6,} stations {last.consignments:10,} "
            f"consignments  plan {last.compile_s:6.2f} s  run "
            f"{median(one.run_s for one in costs):6.2f} s  ratio {spread(runs)}  with tables "
            f"{median(one.whole_s for one in costs):6.2f} s  ratio {spread(wholes)}  "
            f"most {last.most_mb:6,.0f} MB"
        )


def spread(ratios: list[float]) -> str:
    """Return a median with the least and the greatest."""
    return f"{median(ratios):5.2f} ({min(ratios):.2f}-{max(ratios):.2f})"


def main() -> None:
    """Print one table after another."""
    sizes = {"demand": [1, 2, 5, 10], "unused": [1, 2, 4]}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else "")
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tables", nargs="+", choices=list(sizes), default=list(sizes))
    parser.add_argument("--sizes", nargs="+", type=int, help="others than those of the table")
    stated = parser.parse_args()
    for table in stated.tables:
        cases = [Case(table, size, stated.days) for size in stated.sizes or sizes[table]]
        tell(measure(cases, stated.rounds))


if __name__ == "__main__":
    main()
