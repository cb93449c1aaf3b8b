"""Cases of the compiled engine that random plans do not come to; each against the reference."""

import mmap
from collections.abc import Callable
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from compiler_cases import FERRY, compiled
from numpy.typing import NDArray
from plan_maker import PlanMaker
from test_tallies import differing, watch_anything

from sim.draws.arrivals import BY_NUMPY, build_intensity
from sim.draws.hashing import SERVICE, mix_array, stream
from sim.draws.tables import build_table, mixed_quantiles
from sim.engine.run import run_drawn as run_reference
from sim.errors import ResultsError
from sim.kernel import counting, jit, state, tallied
from sim.kernel.difference import first_difference
from sim.kernel.drawing import BY_MACHINE, drawn, quantiles
from sim.kernel.drive import begin, drive
from sim.kernel.growth import longer
from sim.kernel.heap import empty_heap, pop, push, room_of
from sim.kernel.layout import V_LOAD
from sim.kernel.memory import give_back, slab
from sim.kernel.run import run, trace_of
from sim.measures.tally import tally
from sim.plan import AtClosing, Draws, Effect, Plan

TAIL_WORDS = 1 << 20


@jit.compiled
def popped(heap: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return what comes out when a heap takes every key, the least going at each even one."""
    out = np.full(len(keys), -1, np.int64)
    for at in range(len(keys)):
        push(heap, keys[at])
        if keys[at] % 2 == 0:
            out[at] = pop(heap)
    return out


def difference(maker: PlanMaker) -> str:
    """Return where the engines differ, the compiled one with tables that begin with one row."""
    plan = maker.build()
    draws = maker.draws(plan)
    ended = drive(plan, draws, stream(1, 0, SERVICE), ledger_size=8, room=1)
    return first_difference(run_reference(plan, draws, 1, 0), trace_of(plan, draws, ended))


def row(places: int, *, is_suspended: bool = False) -> PlanMaker:
    """Return three stations in a row, the second and third blocking the one before."""
    rule = {"at_closing": AtClosing.SUSPEND} if is_suspended else {}
    maker = PlanMaker(horizon_s=20_000).server("s", 100, **rule)
    maker.server("t", 150, queue_max=places, blocks=1, priority=1, **rule)
    maker.server("u", 300, queue_max=places, blocks=1)
    maker.flow("f", priority=1).flow("g")
    maker.route("r", "f", ["s", "t", "u"]).route("q", "g", ["t", "u"])
    maker.closure("night", ["t", "s"], [(250, 900)])
    return maker.send([0, 0, 0, 0, 10], "r").send([120, 500], "q")


@pytest.mark.parametrize("places", [0, 1, 3])
@pytest.mark.parametrize("is_suspended", [False, True])
def test_servers_that_are_kept_until_there_is_a_place(places: int, *, is_suspended: bool) -> None:
    assert difference(row(places, is_suspended=is_suspended)) == ""


def test_room_that_was_granted_for_less_than_now_boards_first_is_asked_for_again() -> None:
    # The yard at b gives its 4 TEU back at 21 020; at 10 000 four TEU overtake the two that ask.
    maker = PlanMaker(horizon_s=100_000).service("v", vehicles=1, capacity=4, max_wait_s=100)
    maker.yard("y", 4).server("berth", 10, 2).server("s", 20_000, 2)
    maker.leg("ab", "v", [("", 1000)], "y").leg("ba", "v", [("", 1000)])
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("berth", "berth"))
    maker.flow("f", 2, priority=5).flow("g", 4, priority=0)
    maker.stations["ab/pool"]["priority"] = 1
    maker.route("stay", "f", ["ab", "s"]).route("top", "g", ["ab", "s"])

    assert difference(maker.send([0, 0, 3000], "stay").send([10_000], "top")) == ""


def test_batch_that_ends_after_many_others_finds_room_for_its_rows() -> None:
    # Forty are served together until 5 000 while others pass and fill the table of stays.
    maker = PlanMaker(horizon_s=20_000).server("p", 5, 100)
    maker.server("s", 5_000, batch=(40, 40), at_closing=AtClosing.SUSPEND)
    maker.flow("f").route("r", "f", ["s"]).route("q", "f", ["p"]).send([0] * 40, "r")

    for others in range(0, 60, 6):
        maker.send([100 + others + at for at in range(6)], "q")
        assert difference(maker) == ""


def test_trains_that_end_a_batch_find_room_for_their_visits() -> None:
    maker = PlanMaker(horizon_s=50_000).service("b", capacity=2).server("p", 5, 100)
    maker.server("s", 5_000, batch=(40, 40), at_closing=AtClosing.SUSPEND)
    maker.leg("a-b", "b", [("s", 10)]).leg("c-d", "b", [("p", 10)]).flow("f")
    maker.route("r", "f", ["a-b"]).route("q", "f", ["c-d"]).send([0] * 40, "r")

    for others in range(0, 60, 6):
        maker.send([100 + others + at for at in range(6)], "q")
        assert difference(maker) == ""


@pytest.mark.parametrize("trains", range(9, 40, 3))
def test_locomotives_that_run_off_in_one_instant_find_room_for_their_visits(trains: int) -> None:
    maker = PlanMaker(horizon_s=50_000).service("b", capacity=2)
    maker.server("loco", 50, 100, couples=1).server("s", 500, 100)
    maker.leg("a-b", "b", [("loco", 0), ("s", 10)]).flow("f").route("r", "f", ["a-b"])

    assert difference(maker.send([at % 2 for at in range(trains)], "r")) == ""


def test_vessels_laid_up_in_one_instant_find_room_for_their_visits() -> None:
    maker = PlanMaker(horizon_s=20_000).service("v", vehicles=30, capacity=2)
    maker.leg("ab", "v", [("", 1000)]).leg("ba", "v", [("", 1000)]).server("berth", 100, 100)
    maker.fleet("fleet", "v", ("ab", "ba"), cruise_s=1000, berths=("berth", "berth"))
    maker.service("b", capacity=2).server("p", 5, 100).leg("c-d", "b", [("p", 10)])
    maker.flow("f").route("q", "f", ["c-d"])
    maker.closure("dock", ["fleet"], [(5_000, 9_000)], effect=Effect.FLEET_MINUS, value_ppm=30)

    for others in range(0, 78, 6):
        maker.send([200 + others + at for at in range(6)], "q")
        assert difference(maker) == ""


def test_quantiles_of_the_outermost_steps_are_those_of_the_draws() -> None:
    table = build_table("exponential", 1.0)
    words = mix_array(7, np.arange(TAIL_WORDS, dtype=np.uint64))
    step = words >> np.uint64(48)
    of_two = np.arange(TAIL_WORDS, dtype=np.uint64)[(step == 0) | (step == 65_535)]

    assert len(of_two) > 10
    with np.errstate(over="ignore"):
        found = quantiles(table, 7, of_two)
    assert found.tolist() == mixed_quantiles(table, 7, of_two).tolist()


@pytest.mark.parametrize("seed", range(20))
def test_instants_of_arrivals_are_those_of_the_draws(seed: int) -> None:
    chance = np.random.default_rng(seed)
    starts_s = np.cumsum([-1_000_000, *chance.integers(1, 3_000_000, 9)])
    # Months without any, and with so many that products fill 64 bits.
    lots = chance.choice([0.0, 0.3, 700.0, 3e7], 9)
    time_s, value_fp = build_intensity(starts_s, lots)
    lots_fp = np.sort(chance.integers(value_fp[0], value_fp[-1], 1000, endpoint=True))
    wanted_fp = np.sort(np.append(lots_fp, value_fp))

    found = BY_MACHINE.instants(wanted_fp, time_s, value_fp)

    assert found.tolist() == BY_NUMPY.instants(wanted_fp, time_s, value_fp).tolist()
    assert (np.diff(found) >= 0).all()


def test_table_is_plain_where_the_system_takes_no_memory_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(mmap, "MADV_DONTNEED", raising=False)
    table = slab((4, 2), np.int64)
    table.rows[:] = 1

    give_back(table, np.array([0]), np.array([4]))

    assert table.memory is None
    assert (table.rows == 1).all()


def test_function_is_compiled_where_no_place_can_be_written_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    njit: Callable[..., Any] = numba.njit

    def nowhere(*, cache: bool = False, **options: Any) -> Any:  # noqa: ANN401 - of numba
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(**options)

    monkeypatch.setattr(numba, "njit", nowhere)

    assert jit.compiled(lambda a: a + 1)(1) == 2


def crowded() -> tuple[Plan, Draws]:
    """Return a wait through forty closures: more keys at once than a small ledger has room for."""
    maker = PlanMaker(horizon_s=100_000).server("s", 50_000).flow("f").route("r", "f", ["s"])
    for at in range(40):
        maker.closure(f"c{at}", ["s"], [(1_000 * at + 500, 1_000 * at + 900)])
    plan = maker.send([0, 0], "r").build()
    return plan, maker.draws(plan)


def test_full_ledger_begins_the_counting_again_with_room(monkeypatch: pytest.MonkeyPatch) -> None:
    plan, draws = crowded()
    watch = watch_anything(plan, 1)
    monkeypatch.setattr(tallied, "LEDGER_SIZE", 16)

    counted = tallied.run_drawn_tallied(plan, watch, draws, 1, 0)

    assert differing(tally(run_reference(plan, draws, 1, 0), plan, watch), counted) == []


def test_state_of_a_run_whose_ledger_was_too_small_is_that_of_any_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, draws = crowded()
    monkeypatch.setattr(state, "LEDGER_SIZE", 16)

    left, _ = state.leave(plan, draws, 60_000, 1, 0)

    trace = trace_of(plan, draws, state.finish(left, plan, 1, 0))
    assert first_difference(run_reference(plan, draws, 1, 0), trace) == ""


def test_run_that_goes_on_with_too_small_a_ledger_is_refused() -> None:
    plan, draws = crowded()

    with pytest.raises(ResultsError, match="one instant brought more bookings than expected"):
        state.finish(begin(plan, draws, ledger_size=16), plan, 1, 0)


def test_state_after_the_end_of_a_run_is_refused() -> None:
    plan, draws = crowded()

    with pytest.raises(ResultsError, match="over"):
        state.leave(plan._replace(stop_after_consignments=1), draws, 60_000, 1, 0)


def test_run_saved_in_its_middle_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, FERRY)
    draws = drawn(plan, 1, 0)

    trace, saved = state.run_saving(plan, legend, 1, 0, plan.horizon_s // 2)

    assert first_difference(run(plan, 1, 0), trace) == ""
    assert first_difference(trace, state.run_from(saved, plan, draws, 1, 0)) == ""


def test_what_is_in_two_places_or_carries_what_did_not_board_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    maker = PlanMaker(horizon_s=10_000).service("b", capacity=2).leg("a-b", "b", [("", 500)])
    plan = maker.flow("f").route("r", "f", ["a-b"]).send([50], "r").build()
    count = counting.count

    def wrong(*tables: Any) -> None:  # noqa: ANN401 - of `count`
        tables[4][0, 2], tables[8][0, V_LOAD] = 40, 1000
        count(*tables)

    monkeypatch.setattr(counting, "count", wrong)
    counted = tallied.run_drawn_tallied(plan, watch_anything(plan, 1), maker.draws(plan), 1, 0)

    # The one consignment asks at 40 and is created at 50; 2 TEU boarded the train of 1 TEU.
    assert counted.misplaced.tolist() == [[0, 0, 40]]
    assert counted.misloaded.tolist() == [[0, 50, 1000, 2000]]


@pytest.mark.parametrize("seed", range(20))
def test_heap_gives_the_least_number_first(seed: int) -> None:
    keys = np.random.default_rng(seed).integers(0, 40, 400)
    kept: list[int] = []
    wanted = [-1] * len(keys)
    for at, key in enumerate(keys.tolist()):
        heappush(kept, key)
        if key % 2 == 0:
            wanted[at] = heappop(kept)

    assert popped(empty_heap(500), keys).tolist() == wanted


@pytest.mark.parametrize("most", [1, 2, 5, 6, 21, 22, 85, 86, 500])
def test_heap_has_room_for_whole_levels(most: int) -> None:
    heap = empty_heap(most)

    # Below a number lie four.
    assert room_of(heap) == len(heap) - 1 >= most
    assert (room_of(heap) - 1) % 4 == 0
    assert (room_of(heap) - 1) // 4 < most


def test_table_with_room_stays_and_a_full_one_is_doubled() -> None:
    table = np.arange(6).reshape(3, 2)

    assert longer(table, 3, -1) is table
    assert longer(table, 4, -1).tolist() == [*table.tolist(), *3 * [[-1, -1]]]


@jit.compiled
def turned(table: NDArray[np.int64], keys: NDArray[np.int64]) -> int:
    """Write over a table through its known rows, and return the last number of row 1."""
    known, words = jit.rows_of(table, 3), jit.rows_of(keys, 1)
    for at in range(2):
        known[at, 2], known[at, 0] = known[at, 0], words[at]
    last: int = known[1, 2]
    return last


def test_table_of_known_rows_is_the_table_itself() -> None:
    table = np.array([[1, 2, 3], [4, 5, 6]])

    assert turned(table, np.array([7, 8])) == 4
    assert table.tolist() == [[7, 2, 1], [8, 5, 4]]
