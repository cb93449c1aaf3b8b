"""What a worker does: compile a point, run its replications, keep the figures that are asked.

In: `Order`. Out: records. Nothing that goes wrong in a point leaves it: the record says it.
"""

import json
import platform
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import version
from typing import NamedTuple

import pandas as pd

from network.errors import KeruenError
from network.load import corridor_folder
from sim.compiler.build import compile_plan
from sim.experiment.intervals import rounded
from sim.experiment.replicate import Count, Run, Task, places, replicate
from sim.results.identity import code_hash, hash_files
from sim.scenario import network_of
from sim.scenario.models import Scenario
from sim.sweep.store import DONE, FAILED, Record


class Job(NamedTuple):
    """One point and what is missing of it."""

    point: str
    scenario: Scenario
    replications: tuple[int, ...]


class Order(NamedTuple):
    """What one worker is asked to do at once."""

    jobs: tuple[Job, ...]
    run: Run
    keep: tuple[str, ...]
    """Patterns of KPIs; those without a dot are kept in any case."""
    clock_s: Callable[[], float]
    """Seconds since any instant, from a module that other processes can import."""
    counting: Count | None = None
    """As in `Task`."""
    is_retry: bool = False
    """Whether a worker has died over it before."""


def carry_out(order: Order) -> list[Record]:
    """Return a record of every run of an order."""
    return [record for job in order.jobs for record in _job(job, order)]


def _job(job: Job, order: Order) -> list[Record]:
    began_s = order.clock_s()
    try:
        network = network_of(job.scenario)
        plan, legend = compile_plan(job.scenario, network)
    except KeruenError as error:
        return failed(job, str(error))
    except Exception as error:  # noqa: BLE001 - one point must not end the others
        return failed(job, f"internal error, {type(error).__name__}: {error}")
    seed = job.scenario.experiment.seed
    task = Task(plan, legend, places(network), order.run, seed, order.counting)
    # The first run of a point pays for its plan: a sweep's time is the sum of its records.
    records = []
    for replication in job.replications:
        status, content = _run(task, replication, order.keep)
        ended_s = order.clock_s()
        records.append(Record(job.point, replication, status, content, ended_s - began_s))
        began_s = ended_s
    return records


def _run(task: Task, replication: int, keep: Sequence[str]) -> tuple[str, str]:
    """Return the status of a run and its KPIs, or what went wrong."""
    try:
        measures = replicate(task, replication)
    except KeruenError as error:
        return FAILED, str(error)
    except Exception as error:  # noqa: BLE001 - one run must not end the others
        return FAILED, f"internal error, {type(error).__name__}: {error}"
    if measures.gridlock:
        return FAILED, "gridlock: " + "; ".join(measures.gridlock)
    return DONE, kept(measures.kpis, keep)


def kept(kpis: pd.DataFrame, keep: Sequence[str]) -> str:
    """Return the overall KPIs and those that fit a pattern, as JSON.

    Parameters
    ----------
    kpis
        Of one replication.
    keep
        Names, or patterns with `*`.
    """
    names = kpis["kpi"].astype(str).tolist()
    chosen = [
        "." not in name or any(fnmatchcase(name, pattern) for pattern in keep) for name in names
    ]
    table = kpis[chosen]
    values = rounded(table["value"].to_numpy(float)).tolist()
    words = zip(table["kpi"], values, table["unit"], table["bound"], strict=True)
    return json.dumps([(str(k), v, str(u), str(b)) for k, v, u, b in words])


def failed(job: Job, message: str) -> list[Record]:
    """Return the records of a job that could not be run at all."""
    return [Record(job.point, r, FAILED, message, 0.0) for r in job.replications]


def fingerprint() -> tuple[str, ...]:
    """Return what must be the same wherever runs are made: code, data, arithmetic."""
    tables = sorted(corridor_folder().rglob("*.csv"))
    python = ".".join(platform.python_version_tuple()[:2])
    return (
        f"code {code_hash()[:12]}",
        f"network {hash_files(corridor_folder(), tables)[:12]}",
        f"python {python}",
        f"numpy {version('numpy')}",
        f"scipy {version('scipy')}",
    )
