"""The compiled engine gives the trace of the reference engine, bit for bit."""

from collections.abc import Callable
from heapq import heapify
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiler_cases import FERRY, compiled
from plan_maker import PlanMaker
from random_plans import random_plan

from sim.draws.hashing import SERVICE, stream
from sim.engine.run import run_drawn as run_reference
from sim.kernel.batch import run_batch
from sim.kernel.difference import digest, first_difference
from sim.kernel.drive import drive
from sim.kernel.run import run_drawn as run_compiled
from sim.kernel.run import trace_of
from sim.plan import Trace


def traces_of_one_server() -> tuple[Trace, Trace]:
    maker = PlanMaker(horizon_s=10_000).server("s", 100)
    plan = maker.flow("f").route("r", "f", ["s"]).send([0, 50, 60], "r").build()
    draws = maker.draws(plan)
    return run_reference(plan, draws, 1, 0), run_compiled(plan, draws, 1, 0)


@pytest.mark.parametrize("seed", range(50))
def test_engines_agree_on_a_random_plan(seed: int) -> None:
    _, plan, draws = random_plan(seed)

    reference, other = run_reference(plan, draws, seed, 1), run_compiled(plan, draws, seed, 1)

    assert first_difference(reference, other) == ""
    assert digest(reference) == digest(other)


@pytest.mark.verify
def test_engines_agree_on_a_thousand_random_plans() -> None:
    for seed in range(1000, 2000):
        _, plan, draws = random_plan(seed)
        reference = run_reference(plan, draws, seed, 0)

        told = first_difference(reference, run_compiled(plan, draws, seed, 0))
        assert not told, f"plan {seed}: {told}"


@pytest.mark.parametrize("seed", range(40))
def test_tables_that_begin_with_one_row_grow_as_the_run_needs(seed: int) -> None:
    _, plan, draws = random_plan(seed)

    ended = drive(plan, draws, stream(seed, 1, SERVICE), ledger_size=8, room=1)

    reference = run_reference(plan, draws, seed, 1)
    assert first_difference(reference, trace_of(plan, draws, ended)) == ""


def last_of_ties(heap: list[Any]) -> Any:  # noqa: ANN401 - entries of any queue
    """Take the entry of the greatest id among those of one priority and second."""
    entry = min(heap, key=lambda found: (found[0], found[1], -found[2]))
    heap.remove(entry)
    heapify(heap)
    return entry


def greatest(heap: list[Any]) -> Any:  # noqa: ANN401
    """Take the entry that should come last."""
    entry = max(heap)
    heap.remove(entry)
    heapify(heap)
    return entry


@pytest.mark.parametrize(
    ("module", "pop"), [("queues", last_of_ties), ("clock", greatest), ("fleets", greatest)]
)
def test_fault_in_a_tie_rule_is_caught(
    module: str, pop: Callable[[list[Any]], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"sim.engine.{module}.heappop", pop)

    def is_caught(seed: int) -> bool:
        _, plan, draws = random_plan(seed)
        reference, other = run_reference(plan, draws, 1, 0), run_compiled(plan, draws, 1, 0)
        return first_difference(reference, other) != ""

    assert any(is_caught(seed) for seed in range(50))


def test_first_differing_row_is_told_in_words() -> None:
    one, other = traces_of_one_server()
    late_s = other.stay_start_s.copy()
    late_s[1] = 101

    assert first_difference(one, other) == ""
    assert first_difference(one, other._replace(stay_start_s=late_s)) == (
        "row 1 of stay: consignment 1, station 0, request_s 50, start_s 100, end_s 200, "
        "vehicle -1 in one, consignment 1, station 0, request_s 50, start_s 101, end_s 200, "
        "vehicle -1 in the other"
    )


def test_missing_row_another_dtype_and_another_end_are_told() -> None:
    one, other = traces_of_one_server()
    shorter = other._replace(
        **{name: getattr(other, name)[:2] for name in other._fields if name.startswith("stay_")}
    )
    wider = other._replace(visit_end_s=other.visit_end_s.astype(np.int64))

    assert first_difference(one, shorter).startswith(
        "stay has 3 rows in one and 2 in the other; the first too many is row 2 of one"
    )
    assert first_difference(one, wider) == "visit_end_s is int32 in one and int64 in the other"
    assert first_difference(one, other._replace(ended_s=7)).startswith("ended_s is 10000 in one")


def test_batch_is_the_same_on_any_number_of_threads(tmp_path: Path) -> None:
    plans = [compiled(tmp_path, FERRY)[0]] * 2

    one, two = (
        run_batch(plans, [1, 2], 3, threads, keep=lambda _, trace: digest(trace))
        for threads in (1, 2)
    )

    assert one == two
    assert len({*one[0], *one[1]}) == 6
    assert [len(of_plan) for of_plan in one] == [3, 3]


def test_full_ledger_begins_the_run_again_with_room() -> None:
    # A wait through forty closures brings more keys at once than the ledger has room for.
    maker = PlanMaker(horizon_s=100_000).server("s", 50_000).flow("f").route("r", "f", ["s"])
    for at in range(40):
        maker.closure(f"c{at}", ["s"], [(1_000 * at + 500, 1_000 * at + 900)])
    plan = maker.send([0, 0], "r").build()
    draws = maker.draws(plan)

    ended = drive(plan, draws, stream(1, 0, SERVICE), ledger_size=16)

    assert len(ended.growing.ledger) == 64
    assert first_difference(run_reference(plan, draws, 1, 0), trace_of(plan, draws, ended)) == ""
