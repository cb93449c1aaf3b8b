"""Results of a scenario: read if they are there, run and written if they are not.

In: a resolved scenario and an engine. Out: `RunResult`. This is what the commands `run`
and `compare` call.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from network.load import corridor_folder
from network.schema import Network
from sim.compiler.build import compile_plan
from sim.experiment.best import Found, best_of
from sim.experiment.families import Pair, family
from sim.experiment.pairing import compare
from sim.experiment.ranking import ranking
from sim.experiment.replicate import Begun, Claim, Count, Run, Task, begin, finish, places
from sim.experiment.selection import Aim
from sim.experiment.stopping import Precision
from sim.experiment.workers import Here, workers
from sim.results import manifest
from sim.results.files import check_folder, words_of, write_folder, write_table
from sim.results.identity import Identity, compare_id, identify
from sim.results.states import Prepared, Restart, prepare, publish
from sim.results.store import (
    Facts,
    RunResult,
    comparison_folder,
    load_run,
    run_folder,
    save_comparison,
    save_run,
)
from sim.scenario.models import Scenario
from sim.scenario.text import resolved_yaml
from sim.scenario.world import network_of


class Engine(NamedTuple):
    """Which engine runs, in how many processes, and who is told."""

    name: str
    run: Run
    jobs: int = 1
    progress: Callable[[str, int, int], None] | None = None
    """Is told (scenario/run id, replications done, all), from none done on."""
    restart: Restart | None = None
    """Whether runs leave a state, or begin from one."""
    counting: Count | None = None
    """Counts as it runs, in place of `run`, where no state is left or begun from."""


def identity_of(scenario: Scenario, restart: Restart | None = None) -> Identity:
    """Return what a run of the scenario is called, from the beginning or from a state."""
    label = "" if restart is None else restart.label
    folder = corridor_folder() if scenario.network.source == "corridor" else None
    return identify(
        scenario.name,
        resolved_yaml(scenario) + label,
        folder,
        seed=scenario.experiment.seed,
        replications=scenario.experiment.replications,
    )


def obtain_run(
    scenario: Scenario,
    engine: Engine,
    root: Path,
    *,
    clock_s: Callable[[], float],
    overrides: tuple[str, ...] = (),
    force: bool = False,
    extra: Callable[[Path, Network], None] | None = None,
) -> RunResult:
    """Return the results of a scenario: `obtain_runs` of one."""
    return obtain_runs(
        [scenario], engine, root, clock_s=clock_s, overrides=overrides, force=force, extra=extra
    )[0]


def obtain_runs(
    scenarios: Sequence[Scenario],
    engine: Engine,
    root: Path,
    *,
    clock_s: Callable[[], float],
    overrides: tuple[str, ...] = (),
    force: bool = False,
    extra: Callable[[Path, Network], None] | None = None,
    executor: Executor | None = None,
) -> list[RunResult]:
    """Return the results of scenarios, in their order: all that `obtain_each` yields."""
    found = obtain_each(
        scenarios,
        engine,
        root,
        clock_s=clock_s,
        overrides=overrides,
        force=force,
        extra=extra,
        executor=executor,
    )
    return list(found)


def obtain_each(
    scenarios: Sequence[Scenario],
    engine: Engine,
    root: Path,
    *,
    clock_s: Callable[[], float],
    overrides: tuple[str, ...] = (),
    force: bool = False,
    extra: Callable[[Path, Network], None] | None = None,
    executor: Executor | None = None,
) -> Iterator[RunResult]:
    """Yield the results of scenarios, in their order, each read when it is asked for.

    All that are missing are run before the first is given. The workers are shared: the next
    scenario is compiled and begun while the replications of the one before it still run.

    Parameters
    ----------
    scenarios
        Resolved, with their seeds and replications; one named twice is run once.
    engine
        Runs what is not there yet.
    root
        Folder of all results.
    clock_s
        Seconds since any instant, for the timings of the manifest; workers are given it too.
    overrides
        What was set on the command line, for the manifest.
    force
        Whether to run again what is finished.
    extra
        Adds files to a folder (figures, report, what they need of the network) before it
        gets its name.
    executor
        The workers, as many as the engine's jobs; None: workers of its own.
    """
    restart = engine.restart
    identities = [identity_of(scenario, restart) for scenario in scenarios]
    folders = [run_folder(root, identity) for identity in identities]
    saves = restart is not None and restart.save_on is not None
    wanted = dict(zip(folders, zip(scenarios, identities, strict=True), strict=True))
    missing = [
        _Wanted(*scenario_and_identity, root, engine, clock_s, overrides, extra)
        for folder, scenario_and_identity in wanted.items()
        if force or saves or not manifest.is_finished(folder)
    ]
    if missing:
        with nullcontext(executor) if executor else workers(engine.jobs) as at_work:
            _run_all(missing, at_work)
    yield from map(load_run, folders)


def _run_all(missing: Sequence["_Wanted"], executor: Executor) -> None:
    """Run scenarios: the next is compiled and begun before the last is waited for and saved.

    The first is compiled here: the workers do not yet stand.
    """
    coming = _prepare(missing[0], Here())
    last: _Running | None = None
    for wanted, after in zip_longest(missing, missing[1:]):
        ready = coming
        if after is not None:
            coming = _prepare(after, executor)
        running = _begin(wanted, ready.result(), executor)
        if last is not None:
            _save(last, executor)
        last = running
    assert last is not None
    _save(last, executor)


class _Wanted(NamedTuple):
    """A scenario to be run, and what is to be known and done about it."""

    scenario: Scenario
    identity: Identity
    root: Path
    engine: Engine
    clock_s: Callable[[], float]
    overrides: tuple[str, ...]
    extra: Callable[[Path, Network], None] | None


class _Ready(NamedTuple):
    """A scenario that has been compiled."""

    network: Network
    task: Task
    states: Prepared | None
    """Of a run that leaves a state, or begins from one."""
    compile_s: float


class _Running(NamedTuple):
    """A scenario whose replications were given to the workers."""

    wanted: _Wanted
    ready: _Ready
    experiment: Begun
    began_s: float


def _prepare(wanted: _Wanted, executor: Executor) -> "Future[_Ready]":
    """Give a scenario to be compiled to the workers, without what stays in this process."""
    engine = wanted.engine._replace(progress=None)
    return executor.submit(_ready, wanted._replace(engine=engine, extra=None))


def _ready(wanted: _Wanted) -> _Ready:
    """Return a scenario compiled."""
    scenario, engine = wanted.scenario, wanted.engine
    began_s = wanted.clock_s()
    network = network_of(scenario)
    states = None
    run, counting = engine.run, engine.counting
    if engine.restart is None:
        plan, legend = compile_plan(scenario, network)
    else:
        states = prepare(
            scenario,
            network,
            engine.restart,
            engine=engine.name,
            identity=wanted.identity,
            root=wanted.root,
        )
        plan, legend, run, _ = states
        counting = None
    task = Task(plan, legend, places(network), run, scenario.experiment.seed, counting)
    return _Ready(network, task, states, wanted.clock_s() - began_s)


def _begin(wanted: _Wanted, ready: _Ready, executor: Executor) -> _Running:
    """Give the replications of a scenario to the workers."""
    asked, engine = wanted.scenario.experiment, wanted.engine
    began_s = wanted.clock_s()
    check_folder(wanted.root)
    tell = None
    if engine.progress is not None:
        tell = partial(engine.progress, f"{wanted.identity.scenario}/{wanted.identity.run_id}")
        tell(0, asked.replications)
    experiment = begin(
        ready.task,
        asked.replications,
        executor,
        claim=claim_of(wanted.scenario),
        at_once=engine.jobs,
        progress=tell,
    )
    return _Running(wanted, ready, experiment, began_s)


def _save(running: _Running, executor: Executor) -> None:
    """Wait for a scenario's replications and write its folder."""
    wanted, ready = running.wanted, running.ready
    scenario = wanted.scenario
    experiment = finish(running.experiment)
    facts = Facts(
        scenario.title or scenario.name,
        wanted.engine.name,
        scenario.window.warm_up_days,
        scenario.window.run_out_days,
        wanted.overrides,
        (("compile_s", ready.compile_s), ("run_s", wanted.clock_s() - running.began_s)),
    )

    def add(draft: Path) -> None:
        if wanted.extra is not None:
            wanted.extra(draft, ready.network)

    resolved = resolved_yaml(scenario)
    save_run(
        wanted.root,
        wanted.identity,
        experiment,
        facts,
        resolved,
        extra=add,
        executor=executor,
    )
    if ready.states is not None:
        publish(ready.states)


def obtain_comparison(
    base: RunResult,
    other: RunResult,
    root: Path,
    *,
    extra: Callable[[Path], None] | None = None,
    executor: Executor | None = None,
) -> Path:
    """Return the folder of the comparison of two runs, made anew.

    Parameters
    ----------
    base, other
        Of the same seed, window and replications.
    root
        Folder of all results.
    extra
        Adds files to the folder before it gets its name.
    executor
        Workers that help; without them all is done here.
    """
    compared = compare(base.experiment, other.experiment, executor)
    save_comparison(root, base.manifest, other.manifest, compared, extra=extra)
    return comparison_folder(root, base.manifest, other.manifest)


def obtain_family(base: RunResult, others: Sequence[RunResult], root: Path) -> pd.DataFrame:
    """Return what several runs change against one base, written as `family.csv`.

    Parameters
    ----------
    base, others
        Of the same seed, window and replications.
    root
        Folder of all results: `family-<id>` in it gets the table.
    """
    named = {f"{one.manifest.scenario}/{one.manifest.run_id}": one for one in others}
    table = family(base.experiment, {name: one.experiment for name, one in named.items()})
    ids = "+".join(sorted(named))

    def fill(draft: Path) -> None:
        write_table(draft / "family.csv", table, words_of("family"))

    write_folder(root / f"family-{compare_id(base.manifest.run_id, ids)}", fill)
    return table


def obtain_ranking(
    pairs: Mapping[str, tuple[RunResult, RunResult]], cost_usd: Mapping[str, float], root: Path
) -> tuple[Path, pd.DataFrame]:
    """Return scenarios ranked, each against its own base, and the folder of `ranking.csv`.

    Parameters
    ----------
    pairs
        Scenario -> its base and itself, of the same seed, window and replications.
    cost_usd
        Scenario -> what it costs, where that is known.
    root
        Folder of all results: `ranking-<id>` in it gets the table.
    """
    table = ranking(
        {name: Pair(base.experiment, other.experiment) for name, (base, other) in pairs.items()},
        cost_usd,
    )
    ids = [f"{name}/{a.manifest.run_id}/{b.manifest.run_id}" for name, (a, b) in pairs.items()]

    def fill(draft: Path) -> None:
        write_table(draft / "ranking.csv", table, words_of("ranking"))

    folder = root / f"ranking-{compare_id('ranking', '+'.join(sorted(ids)))}"
    write_folder(folder, fill)
    return folder, table


def obtain_best(
    scenarios: Mapping[str, Scenario], engine: Engine, kpi: str, aim: Aim
) -> tuple[Found, ...]:
    """Return what the search for the best of several scenarios found.

    Parameters
    ----------
    scenarios
        By name, at least two; all are run under the seed of the first.
    engine
        Runs them.
    kpi, aim
        What is sought, and how surely.
    """
    seed = next(iter(scenarios.values())).experiment.seed
    tasks = {}
    for name, scenario in scenarios.items():
        network = network_of(scenario)
        plan, legend = compile_plan(scenario, network)
        tasks[name] = Task(plan, legend, places(network), engine.run, seed, engine.counting)
    return best_of(tasks, kpi, aim, engine.jobs)


def claim_of(scenario: Scenario) -> Claim:
    """Return what a scenario claims from its replications."""
    asked = scenario.experiment.precision
    wanted = None if asked is None else Precision(asked.kpi, asked.relative, asked.at_most)
    return Claim(scenario.experiment.kind, wanted)
