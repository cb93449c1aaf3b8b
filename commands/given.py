"""What the user gave, as the rooms take it: scenarios, settings, engines."""

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import typer

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from network.schema import Network
    from sim.experiment.following import RunDrawn
    from sim.experiment.replicate import Count, Run
    from sim.results.obtain import Engine
    from sim.results.states import Restart
    from sim.scenario import Scenario


class Work(NamedTuple):
    """Where and how runs are made."""

    out: Path
    engine: str
    jobs: int
    force: bool
    restart: "Restart | None" = None
    executor: "Executor | None" = None
    """The workers, as many as jobs; None: every run has workers of its own."""


class Chosen(NamedTuple):
    """An engine."""

    name: str
    run: "Run"
    run_drawn: "RunDrawn"
    counting: "Count | None" = None

    def at_work(
        self,
        jobs: int,
        progress: "Callable[[str, int, int], None] | None" = None,
        restart: "Restart | None" = None,
    ) -> "Engine":
        """Return it as results are obtained with it."""
        from sim.results.obtain import Engine

        return Engine(self.name, self.run, jobs, progress, restart, self.counting)


def scenario_of(
    name: str, sets: Sequence[str] | None = None, overrides: Sequence[str] | None = None
) -> "Scenario":
    """Return the scenario of a file, or of a shipped file of that name."""
    from sim.scenario import find, load

    return load(find(name, Path.cwd()), sets=sets or (), overrides=overrides or ())


def path_of(name: str) -> Path:
    """Return the file of a name: a path, or a shipped scenario."""
    from sim.scenario import find

    return find(name, Path.cwd())


def network_of(scenario: "Scenario") -> "Network":
    """Return the network that a scenario is about."""
    from sim.scenario import network_of as read

    return read(scenario)


def settings_of(
    sets: Sequence[str] | None, seed: int | None, replications: int | None, days: int | None
) -> list[str]:
    """Return the settings of the command line as ``path=value``, in order."""
    options = {
        "experiment.seed": seed,
        "experiment.replications": replications,
        "window.days": days,
    }
    return [*(sets or ()), *(f"{k}={v}" for k, v in options.items() if v is not None)]


def restart_of(save_on: datetime | None, folder: Path | None) -> "Restart | None":
    """Return what is asked about states, if anything is."""
    from sim.results.states import Restart

    if save_on is not None and folder is not None:
        raise typer.BadParameter(
            "--save-state: save it from the run that did not begin from a state; a state of a "
            "state is not kept"
        )
    if save_on is None and folder is None:
        return None
    return Restart(None if save_on is None else save_on.date(), folder)


def engine_of(name: str) -> Chosen:
    """Return the engine of a name."""
    from sim.engine import run as simpy

    if name not in {"auto", "simpy", "compiled"}:
        raise typer.BadParameter(f"--engine {name}: must be auto, simpy or compiled")
    if name == "simpy":
        return Chosen("simpy", simpy.run, simpy.run_drawn)
    try:
        from sim.kernel import run as compiled
        from sim.kernel.tallied import run_tallied
    except ImportError as error:
        if name == "compiled":
            raise typer.BadParameter("--engine compiled needs numba: the extra fast") from error
        print("warning: no numba, so the slower reference engine runs", file=sys.stderr)
        return Chosen("simpy", simpy.run, simpy.run_drawn)
    return Chosen("compiled", compiled.run, compiled.run_drawn, run_tallied)
