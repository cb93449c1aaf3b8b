"""A run begun from the state that another had at an instant, bit for bit (R4)."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import numpy as np
import pytest
from plan_maker import PlanMaker
from random_plans import build, random_plan

from sim.engine.run import run_drawn as run_reference
from sim.kernel import layout
from sim.kernel.difference import first_difference
from sim.kernel.layout import N_DRAWN, N_FLOW, P_JOINED, S_GRANTS_ONLY, T_SECONDS
from sim.kernel.run import run_drawn as run_compiled
from sim.kernel.state import leave, run_from
from sim.plan import Draws, Kind, Legend, Plan
from sim.state import keep

NEVER_SHUT = {Kind.FLEET, Kind.WAGONS}
NO_NAMES = Legend(**dict.fromkeys(Legend._fields, ()))  # type: ignore[arg-type]


def changed(maker: PlanMaker, at_s: int, seed: int) -> tuple[Plan, Draws]:
    """Return the same plan with more sent, more shut and a later end, all from an instant on."""
    rng = np.random.default_rng(seed)
    other = deepcopy(maker)
    other.horizon_s = maker.horizon_s + int(rng.integers(0, 50_000))
    routes = sorted(maker.routes)
    for _ in range(20):
        route = routes[int(rng.integers(len(routes)))]
        other.send([int(rng.integers(at_s, other.horizon_s))], route)
    shut = sorted(
        name for name, one in maker.stations.items() if one.get("kind") not in NEVER_SHUT
    )
    begin_s = int(rng.integers(at_s, other.horizon_s))
    for name in ("!new", "~new"):
        other.closure(name, [shut[int(rng.integers(len(shut)))]], [(begin_s, begin_s + 9000)])
    return build(other)


@pytest.mark.parametrize("seed", range(60))
def test_run_goes_on_as_if_it_had_never_stopped(seed: int) -> None:
    _, plan, draws = random_plan(seed)
    whole = run_compiled(plan, draws, seed, 0)
    at_s = 1 + (whole.ended_s - 1) * (seed % 7) // 7

    _, tables = leave(plan, draws, at_s, seed, 0)
    state = keep(plan, NO_NAMES, draws, at_s, tables)

    assert first_difference(whole, run_from(state, plan, draws, seed, 0)) == ""


@pytest.mark.parametrize("seed", range(20))
def test_run_goes_on_from_a_state_of_an_earlier_version(seed: int) -> None:
    _, plan, draws = random_plan(seed)
    whole = run_compiled(plan, draws, seed, 0)
    at_s = 1 + (whole.ended_s - 1) // 2

    _, tables = leave(plan, draws, at_s, seed, 0)
    state = keep(plan, NO_NAMES, draws, at_s, earlier(tables, draws, at_s))

    assert first_difference(whole, run_from(state, plan, draws, seed, 0)) == ""


def earlier(tables: Mapping[str, Any], draws: Draws, at_s: int) -> dict[str, Any]:
    """Return what is kept of a run as it was once: travellers in three tables, a wider ledger."""
    past = int(np.searchsorted(draws.consignment_created_s, at_s))
    ledger = tables["ledger"]
    own, seconds, cons = np.split(tables["trav"], [T_SECONDS, N_FLOW], axis=1)
    return {
        **tables,
        "station": tables["station"][:, :S_GRANTS_ONLY].copy(),
        "pool": tables["pool"][:, :P_JOINED].copy(),
        "trav": own.copy(),
        "cause_s": seconds.copy(),
        "ledger": np.stack((np.zeros_like(ledger), ledger), axis=1).reshape(-1, 2),
        "consignment": cons[:past, : N_DRAWN + 1 - N_FLOW].copy(),
    }


@pytest.mark.parametrize("seed", range(60))
def test_run_goes_on_under_more_demand_and_closures_as_the_reference_engine_says(
    seed: int,
) -> None:
    maker, plan, draws = random_plan(seed)
    at_s = 1 + (run_compiled(plan, draws, seed, 0).ended_s - 1) * (1 + seed % 6) // 7
    later, later_draws = changed(maker, at_s, seed)

    _, tables = leave(plan, draws, at_s, seed, 0)
    state = keep(plan, NO_NAMES, draws, at_s, tables)

    reference = run_reference(later, later_draws, seed, 0)
    assert first_difference(reference, run_from(state, later, later_draws, seed, 0)) == ""


def test_window_that_begins_at_the_state_counts_nothing_before() -> None:
    for seed in range(40):
        _, plan, draws = random_plan(seed)
        at_s = plan.horizon_s // 2
        if run_compiled(plan, draws, seed, 0).ended_s < at_s:
            continue
        _, tables = leave(plan, draws, at_s, seed, 0)
        state = keep(plan, NO_NAMES, draws, at_s, tables)
        later = plan._replace(window_start_s=at_s, window_end_s=plan.horizon_s)

        reference = run_reference(later, draws, seed, 0)
        assert first_difference(reference, run_from(state, later, draws, seed, 0)) == ""


def test_row_of_a_traveller_has_room_for_all_its_columns() -> None:
    # Machine code asks of no index whether it lies within a row.
    assert layout.N_NUMBER < layout.TRAVELLER_COLUMNS
    assert layout.T_FIRST + layout.FETCHED <= layout.TRAVELLER_COLUMNS
    assert {size & (size - 1) for size in (layout.FETCHED, layout.JOINED)} == {0}
