"""What a question finds, and the folder in which it lies.

In: tables. Out: `Answer`, `answer.csv` and the like in `<question>-<id>/`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from sim.errors import ResultsError
from sim.experiment.replicate import Experiment
from sim.measures.columns import Column
from sim.results.files import write_folder, write_table
from sim.results.identity import compare_id
from sim.results.obtain import Engine, identity_of, obtain_each
from sim.scenario import Scenario

LEAST_REPLICATIONS = 2
"""One replication has no interval, so nothing can be told from chance."""


class Asking(NamedTuple):
    """How the runs of a question are obtained."""

    engine: Engine
    root: Path
    """Folder of all results."""
    clock_s: Callable[[], float]
    overrides: tuple[str, ...] = ()
    """What was set on the command line, for the manifests."""


class Answer(NamedTuple):
    """What a question found."""

    question: str
    """marginal, saturate or stress."""
    scenario: str
    title: str
    facts: tuple[tuple[str, str], ...]
    """What was asked and how, in words."""
    sentences: tuple[str, ...]
    """The answer, the most important first."""
    warnings: tuple[str, ...]
    tables: Mapping[str, pd.DataFrame]
    """Name of the file -> its table."""
    columns: tuple[Column, ...]
    """Meaning of every column."""


def check_replications(scenario: Scenario) -> None:
    """Raise if there are too few replications for an interval, or their number is open.

    Raises
    ------
    ResultsError
        So.
    """
    asked = scenario.experiment
    if asked.precision is not None:
        raise ResultsError(
            f"{scenario.name}: experiment.precision leaves the number of replications open, and "
            "all runs of a question must have the same; take it out"
        )
    if asked.replications < LEAST_REPLICATIONS:
        raise ResultsError(
            f"{scenario.name}: {asked.replications} replication has no interval, so no effect can "
            f"be told from chance; at least {LEAST_REPLICATIONS} are wanted (--replications)"
        )


def experiments(scenarios: Sequence[Scenario], asking: Asking) -> Iterator[Experiment]:
    """Yield the experiment of each scenario, in order, without its cohorts and daily queues.

    Many are held at once: what is left out is nine tenths of their size.
    """
    found = obtain_each(
        scenarios,
        asking.engine,
        asking.root,
        clock_s=asking.clock_s,
        overrides=asking.overrides,
    )
    for one in found:
        yield one.experiment._replace(cohorts=(), timeseries=pd.DataFrame())


def answer_folder(root: Path, base: Scenario, question: str, asked: object) -> Path:
    """Return where an answer lies.

    Parameters
    ----------
    root
        Folder of all results.
    base
        Scenario that the question is about.
    question
        Its name.
    asked
        Everything else that the answer depends on; its `repr` goes into the name.
    """
    return root / f"{question}-{compare_id(identity_of(base).run_id, f'{question} {asked!r}')}"


def save(folder: Path, answer: Answer, page: Callable[[Path, Answer], object]) -> None:
    """Write an answer at once: its tables, what their columns mean, its page.

    Parameters
    ----------
    folder
        Of `answer_folder`; what is there is replaced.
    answer
        To be written.
    page
        Writes the page into the folder it is given.
    """

    def fill(draft: Path) -> None:
        for name, table in answer.tables.items():
            words = [str(c) for c in table if not pd.api.types.is_numeric_dtype(table[c].dtype)]
            write_table(draft / f"{name}.csv", table, words)
        meanings = pd.DataFrame(answer.columns, columns=list(Column._fields))
        write_table(draft / "columns.csv", meanings, list(meanings.columns))
        page(draft, answer)

    write_folder(folder, fill)
