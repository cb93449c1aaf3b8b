"""Where tasks run: the same answers in this process and in several."""

import os
import signal

import pytest

from sim.errors import ResultsError
from sim.experiment.workers import workers


def die() -> None:
    """Leave as a process does that the system kills for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


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


def test_a_process_that_dies_is_told_in_words() -> None:
    with pytest.raises(ResultsError, match="died, most often for want of memory"), workers(2) as w:
        w.submit(die).result()
