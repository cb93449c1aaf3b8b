"""States of runs as folders: saved at a date, taken up by another run (R4).

In: a scenario, its network, what the command line asks. Out: plan, legend and the function
that runs a replication; folders `results/<scenario>/state-<date>-<run-id>/`, one file a
replication, and `head.json`, which says whose state it is.
"""

import json
import shutil
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from network.schema import Network
from sim.compiler.build import compile_plan, with_own_demand
from sim.errors import ResultsError
from sim.experiment.continuing import go_on, leave
from sim.experiment.replicate import Run
from sim.plan import Legend, Plan, Trace
from sim.results import files
from sim.results.identity import Identity, code_hash
from sim.scenario.models import Demand, Scenario, Window
from sim.state import State, differences

DAY_S = 86_400
HEAD = "head.json"


class Head(NamedTuple):
    """Whose state it is, and of when."""

    scenario: str
    run_id: str
    date: str
    """The first day that has not happened yet."""
    seed: int
    replications: int
    start: str
    """First measured day of the run: arrivals and closures are counted from it."""
    days: int
    warm_up_days: int
    run_out_days: int
    demand: dict[str, Any]
    """Section of the scenario: by it vehicles form and routes are shared out."""
    code: str

    @property
    def name(self) -> str:
        """Return what the state is called."""
        return f"{self.scenario}/{self.run_id} at {self.date}"


class Restart(NamedTuple):
    """What the command line asks about states."""

    save_on: date | None
    folder: Path | None
    """From whose state runs begin; None: from the beginning of their warm-up."""

    @property
    def label(self) -> str:
        """Return what makes a run another than the same without a state; empty: nothing."""
        return "" if self.folder is None else f"from the state {read_head(self.folder).name}"


class Prepared(NamedTuple):
    """A scenario ready to run."""

    plan: Plan
    legend: Legend
    run: Run
    saved: tuple[Path, Path] | None
    """The folder in which states are written, and its name when it is whole."""


def state_folder(root: Path, scenario: str, run_id: str, day: date) -> Path:
    """Return where the state of a run lies."""
    return root / scenario / f"state-{day.isoformat()}-{run_id}"


def read_head(folder: Path) -> Head:
    """Return whose state a folder holds.

    Raises
    ------
    ResultsError
        If it holds none, or one of other code.
    """
    try:
        head = Head(**json.loads((folder / HEAD).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as fault:
        raise ResultsError(f"{folder}: holds no state of a run ({fault})") from fault
    if head.code != code_hash():
        raise ResultsError(
            f"{folder}: the state of {head.name} was saved by other code; save it again"
        )
    return head


def prepare(
    scenario: Scenario,
    network: Network,
    restart: Restart,
    *,
    engine: str,
    identity: Identity,
    root: Path,
) -> Prepared:
    """Return a scenario ready to leave a state, or to go on from one.

    Parameters
    ----------
    scenario, network
        Resolved.
    restart
        What is asked.
    engine
        `simpy` or `compiled`.
    identity
        Of the run.
    root
        Folder of all results.

    Raises
    ------
    ResultsError
        If the date or the window does not fit, or the scenario differs from that of the state
        in what must be the same; all that differs is said.
    """
    if restart.folder is not None:
        return _going_on(scenario, network, restart.folder, engine)
    plan, legend = compile_plan(scenario, network)
    assert restart.save_on is not None
    window = scenario.window
    at_s = (restart.save_on - window.start).days * DAY_S + plan.window_start_s
    if not 0 < at_s < plan.horizon_s:
        raise ResultsError(
            f"--save-state {restart.save_on}: the run goes from "
            f"{window.start - timedelta(days=window.warm_up_days)} to "
            f"{window.end + timedelta(days=window.run_out_days)}; name a day between them"
        )
    head = Head(
        scenario.name,
        identity.run_id,
        restart.save_on.isoformat(),
        identity.seed,
        identity.replications,
        window.start.isoformat(),
        window.length_days,
        window.warm_up_days,
        window.run_out_days,
        scenario.demand.model_dump(),
        identity.code_hash,
    )
    folder = state_folder(root, scenario.name, identity.run_id, restart.save_on)
    draft = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(draft, ignore_errors=True)
    files.check_folder(draft)
    (draft / HEAD).write_text(json.dumps(head._asdict(), indent=1), encoding="utf-8")
    run = partial(_leave, engine=engine, legend=legend, at_s=at_s, folder=draft)
    return Prepared(plan, legend, run, (draft, folder))


def publish(prepared: Prepared) -> None:
    """Give the states that were written, if any were, their name."""
    if prepared.saved is not None:
        files.move_folder(*prepared.saved)


def _going_on(scenario: Scenario, network: Network, folder: Path, engine: str) -> Prepared:
    head = read_head(folder)
    experiment = scenario.experiment
    if experiment.seed != head.seed or experiment.replications > head.replications:
        raise ResultsError(
            f"--from-state {folder}: holds {head.replications} replications of seed {head.seed}; "
            f"{scenario.name} asks for {experiment.replications} of seed {experiment.seed}"
        )
    state = read_state(folder, 0)
    plan, legend = _compiled(scenario, network, head, folder)
    apart = differences(state, plan, legend)
    if apart:
        told = "\n".join(f"  {one}" for one in apart)
        raise ResultsError(
            f"--from-state {folder}: {scenario.name} cannot go on from the state of {head.name}; "
            f"stations, services, flows and routes must be the same:\n{told}"
        )
    run = partial(_go_on, engine=engine, folder=folder)
    note = f"begun from the state of {head.name}: what happened before is that run's"
    return Prepared(plan, legend._replace(notes=(note, *legend.notes)), run, None)


def _compiled(
    scenario: Scenario, network: Network, head: Head, folder: Path
) -> tuple[Plan, Legend]:
    """Return the plan as the run that left the state was compiled, with window and demand of
    its own.

    Vehicles form and routes are shared out for the window and the demand of that run: what
    comes from the day of the state on is a surprise. A run that ends later than that one did
    may meet routes that it did not know.
    """
    window, start = scenario.window, date.fromisoformat(head.start)
    own_end = start + timedelta(days=head.days)
    at = date.fromisoformat(head.date)
    is_whole = window.start == start and at <= own_end
    if not is_whole and window.start < at:
        raise ResultsError(
            f"--from-state {folder}: {scenario.name} measures from {window.start}; it must begin "
            f"on {head.date} or later" + (f", or on {start} as that run" if at <= own_end else "")
        )
    last = window.end + timedelta(days=window.run_out_days)
    same = Window(
        start=start,
        days=head.days,
        warm_up_days=head.warm_up_days,
        run_out_days=max(head.run_out_days, (last - own_end).days),
    )
    as_planned = scenario.model_copy(update={"window": same, "demand": Demand(**head.demand)})
    plan, legend = compile_plan(as_planned, network)
    if scenario.demand.lot_teu != as_planned.demand.lot_teu:
        raise ResultsError(
            f"--from-state {folder}: demand.lot_teu is {scenario.demand.lot_teu} in {scenario.name} "
            f"and {as_planned.demand.lot_teu} in the state; lots must be the same"
        )
    if scenario.demand != as_planned.demand:
        own = scenario.model_copy(update={"window": same})
        plan = with_own_demand(plan, legend, own, network)
    begin_s = (window.start - start).days * DAY_S + plan.window_start_s
    plan = plan._replace(
        window_start_s=begin_s,
        window_end_s=begin_s + window.length_days * DAY_S,
        horizon_s=begin_s + (last - window.start).days * DAY_S,
    )
    return plan, legend._replace(window_start=window.start.isoformat())


def _leave(  # noqa: PLR0917 - called as an engine is
    plan: Plan, seed: int, replication: int, engine: str, legend: Legend, at_s: int, folder: Path
) -> Trace:
    """Run a replication and write its state."""
    trace, state = leave(engine, plan, legend, seed, replication, at_s=at_s)
    arrays: dict[str, Any] = {"at_s": np.array(state.at_s), "law_key": state.law_key}
    for group in ("plan", "draws", "tables"):
        arrays |= {f"{group}.{name}": array for name, array in getattr(state, group).items()}
    arrays |= {f"names.{field}": np.array(names, str) for field, names in state.names.items()}
    files.write_arrays(folder / _file(replication), arrays)
    return trace


def _go_on(plan: Plan, seed: int, replication: int, engine: str, folder: Path) -> Trace:
    return go_on(engine, read_state(folder, replication), plan, seed, replication)


def read_state(folder: Path, replication: int) -> State:
    """Return the state of a replication, from 0.

    Raises
    ------
    ResultsError
        If its file is missing or damaged.
    """
    arrays = files.read_arrays(folder / _file(replication))
    groups: dict[str, dict[str, Any]] = {"plan": {}, "draws": {}, "tables": {}, "names": {}}
    for name, array in arrays.items():
        group, _, field = name.partition(".")
        if field:
            groups[group][field] = tuple(array.tolist()) if group == "names" else array
    return State(
        at_s=int(arrays["at_s"].item()),
        plan=groups["plan"],
        law_key=arrays["law_key"].astype(np.uint64),
        draws=groups["draws"],
        names=groups["names"],
        tables=groups["tables"],
    )


def _file(replication: int) -> str:
    return f"{replication + 1:05d}.npz"
