"""Where tasks run: in this process or in several, behind one interface.

In: functions and their arguments. Out: their futures, or what they return. Nothing here knows
what is run.
"""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar

from sim.errors import ResultsError

P = TypeVar("P")
T = TypeVar("T")


@contextmanager
def workers(jobs: int) -> Iterator[Executor]:
    """Yield what runs tasks; what is left of them at the end is given up.

    Parameters
    ----------
    jobs
        Processes, at least 1. With one, a task runs in this process, and not before its
        result is asked for.

    Raises
    ------
    ResultsError
        If a process died.
    """
    executor = _pool(jobs) if jobs > 1 else Here()
    try:
        yield executor
    except BrokenProcessPool as fault:
        raise ResultsError(
            "run: a process that worked for it died, most often for want of memory; "
            "try again with fewer --jobs"
        ) from fault
    except KeyboardInterrupt:
        for child in multiprocessing.active_children():
            child.terminate()
        raise
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def share(executor: Executor, task: Callable[[P], T], parts: Iterable[P]) -> Callable[[], list[T]]:
    """Begin a task on many parts, and return what waits for all of them.

    Who waits takes from the end what no worker has begun: workers that have other things to do
    hold nobody up, and idle ones take their part of the work.

    Parameters
    ----------
    executor
        Of `workers`.
    task, parts
        That other processes can be given.

    Returns
    -------
    Callable
        Gives what the task returned for each part, in their order; asked once.
    """
    given = [(executor.submit(task, part), part) for part in parts]

    def wait() -> list[T]:
        own = [task(part) for future, part in reversed(given) if future.cancel()]
        return [own.pop() if future.cancelled() else future.result() for future, _ in given]

    return wait


def _pool(jobs: int) -> Executor:
    """Return a pool of processes that leave Ctrl-C to this one."""
    return ProcessPoolExecutor(
        jobs,
        mp_context=multiprocessing.get_context("forkserver"),
        # Ctrl-C reaches the whole group of processes: only this one has to speak of it.
        initializer=signal.signal,
        initargs=(signal.SIGINT, signal.SIG_DFL),
    )


class _Asked(Future[T]):
    """A future whose task runs when its result is asked for."""

    def __init__(self, task: Callable[[], T]) -> None:
        super().__init__()
        self._task = task

    def result(self, timeout: float | None = None) -> T:
        """Return what the task returns; run it the first time."""
        if not self.done():
            self.set_result(self._task())
        return super().result(timeout)


class Here(Executor):
    """Runs tasks in this process."""

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:  # noqa: ANN401  # as the class it extends has it
        """Return the future of a task."""
        return _Asked(partial(fn, *args, **kwargs))
