"""Where tasks run: the same answers in this process and in several."""

import os
import signal
import time

import pytest

from sim.errors import ResultsError
from sim.experiment.workers import share, workers


def die() -> None:
    """Leave as a process does that the system kills for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def process_of(_: int) -> int:
    """Return the process that does a part."""
    return os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_results_stand_in_the_order_asked(jobs: int) -> None:
    with workers(jobs) as executor:
        futures = [executor.submit(divmod, n, 3) for n in range(5)]

        assert [future.result() for future in futures] == [divmod(n, 3) for n in range(5)]


def test_one_job_runs_a_task_once_and_when_it_is_asked_for() -> None:
    ran: list[int] = []
    with workers(1) as executor:
        future = executor.submit(ran.append, 7)
        assert ran == []
        future.result()
        future.result()

    assert ran == [7]


@pytest.mark.parametrize("jobs", [1, 2])
def test_shared_parts_stand_in_their_order(jobs: int) -> None:
    with workers(jobs) as executor:
        wait = share(executor, abs, range(-9, 0))

        assert wait() == list(range(9, 0, -1))


def test_who_waits_does_himself_what_busy_workers_have_not_begun() -> None:
    with workers(2) as executor:
        busy = [executor.submit(time.sleep, 0.5) for _ in range(8)]
        done = share(executor, process_of, range(3))()

        assert done == [os.getpid()] * 3
        assert not busy[-1].done()


def test_a_process_that_dies_is_told_in_words() -> None:
    with pytest.raises(ResultsError, match="died, most often for want of memory"), workers(2) as w:
        w.submit(die).result()
