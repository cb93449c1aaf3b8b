"""The best of several compiled scenarios by one KPI.

In: `Task` of each scenario. Out: `Found`. A thin layer that gives `selection` its draws.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.experiment.replicate import Task, kpi_values, replicate
from sim.experiment.selection import Aim, Pairs, select
from sim.experiment.workers import workers


class Found(NamedTuple):
    """One scenario after the search."""

    scenario: str
    kpi: str
    mean: float
    """Over its replications."""
    replications: int
    is_left: bool
    """Whether it is the best, or among those that the cap left undecided."""


def best_of(tasks: Mapping[str, Task], kpi: str, aim: Aim, jobs: int = 1) -> tuple[Found, ...]:
    """Return what the search for the best found of each scenario, in the order given.

    Parameters
    ----------
    tasks
        Scenario -> what is run of it, at least two, all of one seed: the same replication has
        the same draws in every scenario.
    kpi
        That is compared.
    aim
        What is sought, and how surely.
    jobs
        Processes.

    Raises
    ------
    ResultsError
        If a replication has no such KPI.
    """
    every = tuple(tasks.values())

    with workers(jobs) as executor:

        def draw(pairs: Pairs) -> Sequence[float]:
            futures = [executor.submit(_value, every[i], r, kpi) for i, r in pairs]
            return [future.result() for future in futures]

        chosen = select(len(every), draw, aim)
    return tuple(
        Found(name, kpi, float(chosen.means[i]), int(chosen.n[i]), i in chosen.survivors)
        for i, name in enumerate(tasks)
    )


def _value(task: Task, replication: int, kpi: str) -> float:
    return kpi_values([replicate(task, replication)], kpi)[0]
