"""Breakdowns whose clock runs only while a server works (R15), worked out by hand."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from compiler_cases import QUEUE, compiled
from plan_maker import PlanMaker, Spec

from sim.engine.run import run_drawn as run_reference
from sim.kernel.run import run_drawn as run_compiled
from sim.plan import AtClosing, Cause, Trace

Run = Callable[..., Trace]
ENGINES = pytest.mark.parametrize("run", [run_reference, run_compiled], ids=["simpy", "compiled"])


def desk(rule: AtClosing, gap_s: int = 150, **more: Spec) -> PlanMaker:
    """Return a desk of 100 s a visit that is down for 1000 s after so much work."""
    maker = PlanMaker(horizon_s=100_000).server("desk", 100, at_closing=rule, **more)
    maker.closure("fault", ["desk"], [], busy=(gap_s, 1000))
    return maker.flow("f").route("r", "f", ["desk"])


def traced(run: Run, maker: PlanMaker) -> Trace:
    plan = maker.build()
    return run(plan, maker.draws(plan), 1, 0)


def downs(trace: Trace) -> list[tuple[int, int]]:
    return list(zip(trace.closure_start_s.tolist(), trace.closure_end_s.tolist(), strict=True))


@ENGINES
def test_idle_time_does_not_wear_a_server_out(run: Run) -> None:
    # 100 s of work from 0 and 50 s from 5000: the second visit is stopped for 1000 s and goes on.
    trace = traced(run, desk(AtClosing.SUSPEND).send([0, 5000], "r"))

    assert downs(trace) == [(5050, 6050)]
    assert trace.stay_end_s.tolist() == [100, 6100]
    assert trace.consignment_cause_s[1, [Cause.SERVICE, Cause.CLOSED]].tolist() == [100, 1000]


@ENGINES
def test_service_that_is_begun_anew_wears_the_server_out_again(run: Run) -> None:
    # Struck at 50, the visit begins anew at 1050: 50 s of work later the next breakdown comes.
    trace = traced(run, desk(AtClosing.RESTART, gap_s=50).send([0], "r"))

    assert downs(trace)[:3] == [(50, 1050), (1100, 2100), (2150, 3150)]
    assert trace.stay_end_s.tolist() == [-1]


@ENGINES
def test_clock_stands_still_while_the_row_is_down(run: Run) -> None:
    # Struck at 150 in its second service, which ends at 200; the third begins at 1150, so the
    # next 150 s of work are done at 1300, in the fourth.
    trace = traced(run, desk(AtClosing.FINISH).send([0] * 4, "r"))

    assert downs(trace) == [(150, 1150), (1300, 2300)]
    assert trace.stay_start_s.tolist() == [0, 100, 1150, 1250]
    assert trace.stay_end_s.tolist() == [100, 200, 1250, 1350]


@ENGINES
def test_clock_runs_once_however_many_servers_work(run: Run) -> None:
    trace = traced(run, desk(AtClosing.FINISH, gap_s=100, servers=3).send([0, 0, 40], "r"))

    assert downs(trace) == [(100, 1100)]
    assert trace.stay_end_s.tolist() == [100, 100, 140]


@ENGINES
def test_breakdown_due_as_the_service_ends_comes_all_the_same(run: Run) -> None:
    trace = traced(run, desk(AtClosing.SUSPEND, gap_s=100).send([0, 0], "r"))

    assert downs(trace) == [(100, 1100), (1200, 2200)]
    assert trace.stay_start_s.tolist() == [0, 1100]


@ENGINES
def test_closing_hours_in_which_nothing_is_done_do_not_count(run: Run) -> None:
    # Shut from 60 to 500: 40 s of the first visit are left, and 50 s of work until the fault.
    maker = desk(AtClosing.SUSPEND, gap_s=110).closure("night", ["desk"], [(60, 500)])
    trace = traced(run, maker.send([0, 0], "r"))

    assert downs(trace) == [(60, 500), (550, 1550)]
    assert trace.stay_end_s.tolist() == [540, 1640]


BROKEN = QUEUE.replace(
    "demand:\n",
    "  closures:\n"
    "    - {id: fault, effect: shut, target_kind: station, target: [f_desk], rate_per_year: 876.6,"
    " mean_h: 2, law: exponential, clock: busy}\n"
    "demand:\n",
)


def test_row_with_clock_busy_is_drawn_in_the_run(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, BROKEN)

    (closure,) = plan.busy_closure.tolist()
    assert legend.closure_id[closure] == "fault"
    # 876.6 in 8766 h of work: one in ten hours, in 1/256 s.
    assert plan.busy_gap_fp.tolist() == [10 * 3600 * 256]
    assert plan.busy_mean_fp.tolist() == [2 * 3600 * 256]
    assert closure not in plan.random_closure


def test_each_row_of_a_place_has_breakdowns_of_its_own(tmp_path: Path) -> None:
    other = (
        "    - {id: f_other, node: a, operation: customs, servers: 1, mean_h: 0.5,"
        " law: exponential, per: consignment}\n"
    )
    text = BROKEN.replace("  closures:\n", f"{other}  closures:\n")
    text = text.replace("target_kind: station, target: [f_desk]", "target_kind: node, target: [a]")
    plan, legend = compiled(tmp_path, text)

    names = [legend.closure_id[closure] for closure in plan.busy_closure]
    assert names == ["fault/f_desk", "fault/f_other"]
    assert len(np.unique(plan.closure_key[plan.busy_closure])) == 2
