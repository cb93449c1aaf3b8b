"""Results of a scenario: read if they are there, run and written if they are not.

In: a resolved scenario and an engine. Out: `RunResult`. This is what the commands `run`
and `compare` call.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from network.load import corridor_folder
from network.schema import Network
from sim.compiler.build import compile_plan
from sim.experiment.pairing import compare
from sim.experiment.replicate import Run, places, run_experiment
from sim.results import manifest
from sim.results.files import check_folder
from sim.results.identity import Identity, identify
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
    progress: Callable[[int, int], None] | None = None
    """Is told (replications done, all)."""


def identity_of(scenario: Scenario) -> Identity:
    """Return what a run of the scenario is called."""
    folder = corridor_folder() if scenario.network.source == "corridor" else None
    return identify(
        scenario.name,
        resolved_yaml(scenario),
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
    """Return the results of a scenario.

    Parameters
    ----------
    scenario
        Resolved, with its seed and replications.
    engine
        Runs what is not there yet.
    root
        Folder of all results.
    clock_s
        Seconds since any instant, for the timings of the manifest.
    overrides
        What was set on the command line, for the manifest.
    force
        Whether to run again what is finished.
    extra
        Adds files to the folder (figures, report, what they need of the network) before it
        gets its name.
    """
    identity = identity_of(scenario)
    folder = run_folder(root, identity)
    if not force and manifest.is_finished(folder):
        return load_run(folder)
    began_s = clock_s()
    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    compiled_s = clock_s()
    check_folder(root)
    experiment = run_experiment(
        plan,
        legend,
        seed=scenario.experiment.seed,
        replications=scenario.experiment.replications,
        run=engine.run,
        places=places(network),
        jobs=engine.jobs,
        progress=engine.progress,
    )
    facts = Facts(
        scenario.title or scenario.name,
        engine.name,
        scenario.window.warm_up_days,
        scenario.window.run_out_days,
        overrides,
        (("compile_s", compiled_s - began_s), ("run_s", clock_s() - compiled_s)),
    )

    def add(draft: Path) -> None:
        if extra is not None:
            extra(draft, network)

    resolved = resolved_yaml(scenario)
    return load_run(save_run(root, identity, experiment, facts, resolved, extra=add))


def obtain_comparison(
    base: RunResult, other: RunResult, root: Path, *, extra: Callable[[Path], None] | None = None
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
    """
    compared = compare(base.experiment, other.experiment)
    save_comparison(root, base.manifest, other.manifest, compared, extra=extra)
    return comparison_folder(root, base.manifest, other.manifest)
