"""States saved at a date and taken up again, through scenario files (R4)."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from sim.compiler.build import compile_plan
from sim.engine.run import run as run_simpy
from sim.errors import ResultsError
from sim.experiment.continuing import go_on
from sim.kernel.difference import digest, first_difference
from sim.kernel.run import run as run_compiled
from sim.results.obtain import Engine, identity_of, obtain_run
from sim.results.states import Prepared, Restart, prepare, read_state
from sim.results.store import TABLES, RunResult
from sim.scenario import Scenario, find, load, network_of
from sim.state import go_on_drawn

DAY = date(2024, 4, 8)
SHORT = ("window.days=14", "window.warm_up_days=7", "window.run_out_days=7")
RUNS = {"simpy": run_simpy, "compiled": run_compiled}
CLOSED = """
schema_version: 1
name: closed
extends: examples/small-corridor.yaml
add:
  closures:
    - {id: x_customs, kind: closure, effect: shut, target_kind: station,
       target: [f_dostyk_customs], start: [2024-04-08], mean_h: 60, law: deterministic}
"""


def scenario(*sets: str, file: str = "small-corridor") -> Scenario:
    path = find(file, Path.cwd())
    return load(path, sets=[*SHORT, "experiment.replications=2", *sets])


def obtained(
    one: Scenario, out: Path, engine: str, save_on: date | None = None, state: Path | None = None
) -> RunResult:
    restart = None if save_on is None and state is None else Restart(save_on, state)
    asked = Engine(engine, RUNS[engine], 1, None, restart)
    return obtain_run(one, asked, out, clock_s=lambda: 0.0)


def prepared(one: Scenario, saved: Path, root: Path) -> Prepared:
    """Return a scenario ready to go on from a state."""
    asked = Restart(None, saved)
    named = identity_of(one, asked)
    return prepare(one, network_of(one), asked, engine="simpy", identity=named, root=root)


@pytest.fixture(scope="module", params=["simpy", "compiled"])
def saved(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a state that an engine saved."""
    out = tmp_path_factory.mktemp("saved")
    obtained(scenario(), out, request.param, DAY)
    (folder,) = out.glob("small-corridor/state-2024-04-08-*")
    return folder


@pytest.fixture
def apart(tmp_path: Path, saved: Path) -> Callable[[Scenario], str]:
    """What is said when a scenario is to go on from the state."""

    def said(one: Scenario) -> str:
        with pytest.raises(ResultsError) as fault:
            obtained(one, tmp_path, "simpy", state=saved)
        return str(fault.value)

    return said


@pytest.mark.parametrize("engine", ["simpy", "compiled"])
def test_run_that_goes_on_has_every_table_of_the_one_that_never_stopped(
    engine: str, saved: Path, tmp_path: Path
) -> None:
    whole = obtained(scenario(), tmp_path / "whole", engine)
    went_on = obtained(scenario(), tmp_path / "on", engine, state=saved)

    for name in TABLES:
        one, other = (getattr(run.experiment, name) for run in (whole, went_on))
        assert one.equals(other), name
    assert whole.manifest.run_id != went_on.manifest.run_id
    assert "begun from the state of small-corridor/" in went_on.experiment.notes[0]


@pytest.mark.parametrize("sets", [(), ("demand.factor=1.5",)])
def test_engines_agree_on_what_follows_under_a_closure_and_more_demand(
    sets: tuple[str, ...], saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "closed.yaml").write_text(CLOSED)
    one = scenario(*sets, "window.start=2024-04-08", file=str(tmp_path / "closed.yaml"))

    ready = prepared(one, saved, tmp_path)
    state = read_state(saved, 1)
    traces = [go_on(engine, state, ready.plan, one.experiment.seed, 1) for engine in RUNS]

    assert first_difference(traces[0], traces[1], ready.legend) == ""
    plan, _ = compile_plan(scenario(), network_of(scenario()))
    whole = run_compiled(plan, one.experiment.seed, 1)
    at_s = state.at_s
    assert digest(traces[0]) != digest(whole)
    before = whole.consignment_created_s < at_s
    same = traces[0].consignment_created_s < at_s
    assert np.array_equal(whole.consignment_number[before], traces[0].consignment_number[same])
    shut = traces[0].closure_index == ready.legend.closure_id.index("x_customs")
    assert traces[0].closure_start_s[shut].tolist() == [at_s]


def test_flow_that_grows_goes_on_with_the_next_number(saved: Path, tmp_path: Path) -> None:
    one = scenario("demand.factor=3")

    ready = prepared(one, saved, tmp_path)
    state = read_state(saved, 0)
    draws = go_on_drawn(state, ready.plan, one.experiment.seed, 0)

    assert (np.diff(draws.consignment_created_s) >= 0).all()
    for flow in range(len(ready.plan.flow_key)):
        mine = draws.consignment_flow == flow
        numbers = draws.consignment_number[mine]
        assert set(np.diff(numbers[numbers > 0]).tolist()) == {1}
        created_s = draws.consignment_created_s[mine]
        before = np.count_nonzero((created_s >= state.at_s - 604_800) & (created_s < state.at_s))
        after = np.count_nonzero((created_s >= state.at_s) & (created_s < state.at_s + 604_800))
        # Poisson, three times as many a week: never fewer than half as many again.
        assert after > 1.5 * before


def test_state_of_other_stations_is_refused_with_what_differs(
    apart: Callable[[Scenario], str], tmp_path: Path
) -> None:
    assert "row_servers differs: f_dostyk_customs" in apart(
        scenario("network.facilities[f_dostyk_customs].servers=3")
    )
    assert "service feeder_aktau_alat differs before the state" in apart(
        scenario("network.services[feeder_aktau_alat].fleet=3")
    )
    (tmp_path / "fewer.yaml").write_text(
        "schema_version: 1\nname: fewer\nextends: examples/small-corridor.yaml\n"
        "retire: {demand: [xian_almaty]}\n"
    )
    assert "flows only in the state: xian_almaty" in apart(
        scenario(file=str(tmp_path / "fewer.yaml"))
    )


def test_window_and_draws_that_do_not_fit_the_state_are_refused(
    apart: Callable[[Scenario], str],
) -> None:
    assert "lots must be the same" in apart(scenario("demand.lot_teu=4"))
    told = apart(scenario("window.start=2024-04-05"))
    assert "it must begin on 2024-04-08 or later, or on 2024-04-01 as that run" in told
    assert "holds 2 replications of seed 20260101" in apart(scenario("experiment.seed=1"))
    assert "asks for 3 of seed" in apart(scenario("experiment.replications=3"))


def test_day_outside_the_run_has_no_state(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="the run goes from 2024-03-25 to 2024-04-22"):
        obtained(scenario(), tmp_path, "simpy", date(2024, 5, 1))


def test_folder_without_a_state_is_said(tmp_path: Path) -> None:
    ask = partial(obtained, scenario(), tmp_path, "simpy", state=tmp_path)

    with pytest.raises(ResultsError, match="holds no state of a run"):
        ask()
