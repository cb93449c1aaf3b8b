"""What the compiled engine counts as it runs is what is counted of its trace, field by field."""

from typing import Any
from weakref import ref

import numpy as np
import pytest
from acceptance import CORRIDOR, SHORT
from random_demand import with_demand
from random_plans import random_plan

from sim.compiler.build import compile_plan
from sim.draws.consignments import Consignments
from sim.draws.replication import draw
from sim.engine.run import run_drawn as run_reference
from sim.experiment.following import RunDrawn
from sim.experiment.replicate import Experiment, places, run_experiment
from sim.kernel import coming, tallied
from sim.kernel.drawing import drawn_pieces, most_consignments
from sim.kernel.layout import K_FINISHED, V_ENDED, VEHICLE_COLUMNS
from sim.kernel.memory import GROUP, Slab, copy_into, give_back, slab
from sim.kernel.providing import G_KNOWN, G_USED
from sim.kernel.run import run, run_drawn
from sim.kernel.tallied import run_drawn_tallied, run_tallied
from sim.kernel.turns import go_on
from sim.measures.build import watch_of
from sim.measures.checks import conservation
from sim.measures.scope import HOUR_S, scope
from sim.measures.tally import tally
from sim.measures.waits import waits
from sim.plan import NEVER, Kind, Legend, Plan
from sim.scenario import load, network_of, shipped_folder
from sim.tallies import BIN_BITS, Tallies, Watch, bins_up_to, instants_by_class

RAIL = ("keep.modes=[rail]", "window.days=30", "window.warm_up_days=15", "window.run_out_days=15")


SPOILT = 77


def watch_anything(plan: Plan, seed: int) -> Watch:
    """Return a Watch that looks at some stations and legs."""
    rng = np.random.default_rng(seed)
    is_meter = plan.station_kind == Kind.METER
    station_line = np.where(is_meter & (rng.random(is_meter.size) < 0.6), 0, NEVER)
    leg_line = np.where(rng.random(plan.leg_service.size) < 0.5, 0, NEVER)
    meters, legs = int((station_line == 0).sum()), int((leg_line == 0).sum())
    station_line[station_line == 0] = np.arange(meters)
    leg_line[leg_line == 0] = np.arange(meters, meters + legs)
    return Watch(
        station_line=station_line,
        leg_line=leg_line,
        lines=meters + legs,
        station_holds=rng.integers(0, 4, is_meter.size),
        leg_holds=rng.integers(0, 4, leg_line.size),
        wait_over_s=np.array([60, 3_600]),
        by_flow=seed % 3 > 0,
    )


def with_window(plan: Plan, seed: int) -> Plan:
    """Return the plan, measured in its middle or in all of its length."""
    fifth = plan.horizon_s // 5
    if seed % 2:
        return plan._replace(window_start_s=fifth, window_end_s=plan.horizon_s - fifth)
    return plan


def differing(one: Tallies, other: Tallies) -> list[str]:
    """Return the fields that are not the same, number by number and type by type."""
    return [
        name
        for name, *both in zip(one._fields, one, other, strict=True)
        if not is_same(*map(np.asarray, both))
    ]


def is_same(mine: np.ndarray, theirs: np.ndarray) -> bool:
    return np.array_equal(mine, theirs) and mine.dtype == theirs.dtype


def corridor(*sets: str) -> tuple[Plan, Legend, Watch]:
    scenario = load(CORRIDOR, sets=sets)
    plan, legend = compile_plan(scenario, network_of(scenario))
    return plan, legend, watch_of(plan, legend, places(network_of(scenario)))


@pytest.mark.parametrize("seed", range(50))
def test_counts_of_a_random_plan_are_those_of_the_reference_trace(seed: int) -> None:
    assert _differing(seed, run_reference, 1) == []


# In 2285 a train waits for a yard that is shut, and that refuses it when it opens.
@pytest.mark.parametrize("seed", [2285])
def test_counts_of_a_plan_that_once_differed_are_those_of_its_trace(seed: int) -> None:
    assert _differing(seed, run_drawn, 0) == []


def pause_often(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let small runs pause often and make rows as they are needed; return vehicles let go.

    Rows that are given back are written over with nonsense: of so few no page would go.
    """
    gone = [0]

    def spoil(table: Slab, first: np.ndarray, end: np.ndarray) -> None:
        for at, until in zip(first.tolist(), end.tolist(), strict=True):
            if table.rows.shape[1:] == (VEHICLE_COLUMNS,):
                gone[0] += int((table.rows[at:until, V_ENDED] != SPOILT).sum())
            table.rows[at:until] = SPOILT

    monkeypatch.setattr(tallied, "PAUSE_S", 600)
    monkeypatch.setattr(tallied, "PROVIDED", 1)
    monkeypatch.setattr(tallied, "ROWS", 1)
    monkeypatch.setattr(tallied, "ROOM", 1)
    monkeypatch.setattr(tallied, "PREPARED", 2)
    monkeypatch.setattr(tallied, "ASKED", 1)
    monkeypatch.setattr(tallied, "LEAST_USED", 1)
    monkeypatch.setattr(tallied, "MANY_FREE", 1)
    monkeypatch.setattr(tallied, "give_back", spoil)
    return gone


@pytest.mark.parametrize("seed", range(50))
def test_counts_of_a_random_plan_do_not_depend_on_rows_that_are_given_back(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_often(monkeypatch)
    _, plan, draws = random_plan(seed)
    plan = with_window(plan, seed)
    watch = watch_anything(plan, seed)

    counted = run_drawn_tallied(plan, watch, draws, seed, 1)

    trace = run_reference(plan, draws, seed, 1)
    assert differing(tally(trace, plan, watch), counted) == []


def test_most_vehicles_of_random_plans_are_let_go_before_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, vehicles = pause_often(monkeypatch), 0
    for seed in range(20):
        _, plan, draws = random_plan(seed)
        run_drawn_tallied(plan, watch_anything(plan, seed), draws, seed, 1)
        vehicles += run_drawn(plan, draws, seed, 1).vehicle_pool.size

    assert vehicles / 2 < gone[0] < vehicles


def test_most_rows_of_consignments_that_have_finished_are_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pause_often(monkeypatch)
    free, finished, ended = 0, 0, tallied._ended  # noqa: SLF001 - nowhere else is it to be seen

    def looked(run: tallied.Running) -> tallied.Running:
        nonlocal free, finished
        gone, numbers = int(run.tables.run[K_FINISHED]), run.ahead.numbers
        free += int(numbers[G_USED] - numbers[G_KNOWN]) + gone
        finished += gone
        return ended(run)

    monkeypatch.setattr(tallied, "_ended", looked)
    for seed in range(20):
        _, plan, draws = random_plan(seed)
        run_drawn_tallied(plan, watch_anything(plan, seed), draws, seed, 1)

    assert 0 < free < finished / 4, (free, finished)


@pytest.mark.parametrize("seed", range(10))
def test_counts_of_a_random_plan_are_the_same_if_there_are_more_vehicles_than_addresses(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_often(monkeypatch)
    monkeypatch.setattr(tallied, "LEAST_VEHICLES", 1)
    monkeypatch.setattr(tallied, "VEHICLES_EACH", 0)
    _, plan, draws = random_plan(seed)
    watch = watch_anything(plan, seed)

    counted = run_drawn_tallied(plan, watch, draws, seed, 1)

    assert differing(tally(run_reference(plan, draws, seed, 1), plan, watch), counted) == []


@pytest.mark.parametrize("seed", range(40))
def test_counts_of_a_random_plan_do_not_depend_on_pieces_in_which_it_is_drawn(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pause_often(monkeypatch)
    monkeypatch.setattr(coming, "PIECE", 5 if seed % 8 else 1 << 18)
    plan = with_demand(random_plan(seed)[1], seed)
    plan = plan._replace(
        window_end_s=plan.horizon_s - (plan.horizon_s - plan.window_start_s) // 4,
        stop_after_consignments=20 if seed % 4 == 1 else plan.stop_after_consignments,
    )
    watch = watch_anything(plan, seed)

    counted = run_tallied(plan, watch, seed, 1)

    trace = run_reference(plan, draw(plan, seed, 1), seed, 1)
    assert differing(tally(trace, plan, watch), counted) == []


def test_only_one_piece_of_what_is_yet_to_come_is_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, _, watch = corridor(*SHORT)
    monkeypatch.setattr(coming, "PIECE", 100)
    made = []

    def noted(piece: Consignments) -> Consignments:
        made.append(ref(piece.flow))
        return piece

    def looked(*run: Any) -> int:  # noqa: ANN401 - as go_on takes them
        alive.append(sum(piece() is not None for piece in made))
        return go_on(*run)

    alive: list[int] = []
    monkeypatch.setattr(coming, "drawn_pieces", lambda *run: map(noted, drawn_pieces(*run)))
    monkeypatch.setattr(tallied, "go_on", looked)
    run_tallied(plan, watch, 1, 0)

    assert len(made) > 5
    assert max(alive) == 1


def test_instants_are_counted_once_for_each_load_class() -> None:
    load_class = np.array([0, 0, 2, 2, 2])
    created_s = np.array([5, 9, 5, 6, 6], np.int32)
    finished_s = np.array([9, NEVER, 8, NEVER, 5], np.int32)

    found = instants_by_class(load_class, created_s, finished_s, 4)

    assert found.tolist() == [2, 0, 3, 0]


@pytest.mark.parametrize("seed", range(20))
def test_no_more_consignments_come_than_there_is_room_for(seed: int) -> None:
    plan = with_demand(random_plan(seed)[1], seed)

    most = most_consignments(plan, seed, 0)

    drawn = draw(plan, seed, 0).consignment_key.size
    assert drawn <= most <= drawn + 20 * len(plan.flow_key)


@pytest.mark.verify
def test_counts_of_a_thousand_random_plans_are_those_of_their_traces() -> None:
    for seed in range(2_000, 3_000):
        assert _differing(seed, run_drawn, 0) == [], f"plan {seed}"


def _differing(seed: int, run_it: RunDrawn, replication: int) -> list[str]:
    _, plan, draws = random_plan(seed)
    plan = with_window(plan, seed)
    watch = watch_anything(plan, seed)
    trace = run_it(plan, draws, seed, replication)
    counted = run_drawn_tallied(plan, watch, draws, seed, replication)
    return differing(tally(trace, plan, watch), counted)


def test_counts_of_the_small_corridor_are_those_of_its_trace() -> None:
    plan, _, watch = corridor(*SHORT)

    counted = run_tallied(plan, watch, 1, 0)

    assert differing(tally(run(plan, 1, 0), plan, watch), counted) == []
    assert counted.line_passed.sum() > 0
    assert len(counted.late_s) > 0


@pytest.mark.slow
def test_counts_of_the_rail_corridor_are_those_of_its_trace() -> None:
    scenario = load(shipped_folder() / "baseline-2028.yaml", sets=RAIL)
    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    watch = watch_of(plan, legend, places(network))

    counted = run_tallied(plan, watch, 1, 0)

    assert differing(tally(run(plan, 1, 0), plan, watch), counted) == []
    assert len(counted.held_s) > 0


# In 2 and 5 someone joins a queue in the instant with which the run ends.
@pytest.mark.parametrize(("seed", "stop_after"), [(3, 2), (3, 5), (2, 2), (5, 1)])
def test_run_that_ends_in_its_window_is_counted_to_its_end(seed: int, stop_after: int) -> None:
    _, plan, draws = random_plan(seed)
    plan = plan._replace(
        stop_after_consignments=stop_after, window_start_s=0, window_end_s=plan.horizon_s
    )
    watch = watch_anything(plan, seed)

    counted = run_drawn_tallied(plan, watch, draws, seed, 0)

    trace = run_reference(plan, draws, seed, 0)
    assert trace.ended_s < plan.window_end_s
    assert differing(tally(trace, plan, watch), counted) == []


def experiment_of(plan: Plan, legend: Legend, *, is_counting: bool) -> Experiment:
    return run_experiment(
        plan,
        legend,
        seed=5,
        replications=2,
        run=run,
        counting=run_tallied if is_counting else None,
    )


def test_tables_are_the_same_with_and_without_a_trace() -> None:
    plan, legend, _ = corridor(*SHORT)

    traced = experiment_of(plan, legend, is_counting=False)
    counted = experiment_of(plan, legend, is_counting=True)

    for name, mine, theirs in zip(traced._fields, traced, counted, strict=True):
        if hasattr(mine, "equals"):
            assert mine.equals(theirs), name
    for mine, theirs in zip(traced.cohorts, counted.cohorts, strict=True):
        for name, one, other in zip(mine._fields, mine, theirs, strict=True):
            assert is_same(np.asarray(one), np.asarray(other)), name


def test_percentiles_of_waits_are_within_their_stated_error() -> None:
    plan, legend, watch = corridor(*SHORT)
    trace = run(plan, 1, 0)
    asked = np.r_[trace.visit_request_s, trace.stay_request_s]
    begun = np.r_[trace.visit_start_s, trace.stay_start_s]
    station = np.r_[trace.visit_station, trace.stay_station]
    is_mine = (asked >= plan.window_start_s) & (asked < plan.window_end_s) & (begun != NEVER)

    found = waits(scope(tally(trace, plan, watch), plan, legend))

    compared = 0
    for s in np.unique(station[is_mine]):
        wait_s = np.sort((begun - asked)[is_mine & (station == s)])
        for percent, tail_h in ((90, found.p90_h[s]), (95, found.p95_h[s])):
            exact_s = wait_s[-(-wait_s.size * percent // 100) - 1]
            assert abs(tail_h * HOUR_S - exact_s) <= exact_s / 2**BIN_BITS
            compared += exact_s > 2 ** (BIN_BITS + 1)
    assert compared > 10


def test_every_wait_has_a_bin_and_longer_waits_later_ones() -> None:
    bins = [bins_up_to(seconds) - 1 for seconds in [*range(5_000), 2**20, 2**31 - 1]]

    assert bins[:256] == list(range(256))
    assert set(np.diff(bins[:5_000])) == {0, 1}
    assert bins[-2] < bins[-1] < 4_000


def test_memory_of_rows_is_given_back_and_that_of_their_neighbours_is_not() -> None:
    table = slab((4 * GROUP, 8), np.int64)
    table.rows[:] = 1

    give_back(table, np.array([GROUP, 3 * GROUP + 1]), np.array([2 * GROUP, 3 * GROUP + 9]))

    kept = table.rows[[*range(GROUP), *range(2 * GROUP, 4 * GROUP)]]
    assert (kept == 1).all()
    if table.memory is not None:
        assert (table.rows[GROUP : 2 * GROUP] == 0).all()


def test_rows_are_copied_into_a_larger_table() -> None:
    table, larger = slab((3 * GROUP, 2), np.int32), slab((5 * GROUP, 2), np.int32)
    table.rows[[1, -1]] = 7

    copy_into(larger, table)

    assert (larger.rows[: 3 * GROUP] == table.rows).all()
    assert not larger.rows[3 * GROUP :].any()


def test_counted_run_is_held_to_conservation() -> None:
    plan, legend, watch = corridor(*SHORT)
    counted = run_tallied(plan, watch, 1, 0)

    table = conservation(scope(counted, plan, legend))

    assert (table["created"] == table["delivered"] + table["refused"] + table["inside"]).all()
    assert draw(plan, 1, 0).consignment_key.size == counted.consignment_flow.size
