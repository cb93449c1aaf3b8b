"""The runs of a sweep: what is missing is given out, what comes back is written down.

In: `Points`, a journal, a crew. Out: the journal, with a record of every run. The order in
which workers finish, their number and how runs are bundled change no record.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from typing import NamedTuple

from sim.experiment.replicate import Count, Run
from sim.sweep.crews import Crew
from sim.sweep.points import Points
from sim.sweep.store import FAILED, Journal, Record
from sim.sweep.work import Job, Order, failed

LEAST_S = 1.0
"""Work of one order, if there is enough of it: handing it over must not count."""
AHEAD = 2
"""Orders for each worker: one at work, one at hand."""


class Progress(NamedTuple):
    """How far a sweep is, in runs."""

    total: int
    done: int
    failed: int


class State(NamedTuple):
    """What a journal says of the points."""

    records: Mapping[tuple[str, int], Record]
    """Of runs that the sweep asks for."""
    missing: tuple[Job, ...]
    damaged: int
    """Records that were not what had been written; their runs are made again."""
    total: int
    """Different runs: a point that stands twice is run once."""

    @property
    def progress(self) -> Progress:
        """Return how far it is."""
        wrong = sum(record.status == FAILED for record in self.records.values())
        return Progress(self.total, len(self.records) - wrong, wrong)

    @property
    def seconds(self) -> tuple[float, int]:
        """Return the seconds of all runs that were done, and their number."""
        timed = [r.seconds for r in self.records.values() if r.status != FAILED]
        return sum(timed), len(timed)


class Plan(NamedTuple):
    """How the runs are made."""

    crew: Callable[[], AbstractContextManager[Crew]]
    """Opens a crew; is asked again when the one before is lost."""
    run: Run
    clock_s: Callable[[], float]
    tell: Callable[[Progress], None]
    counting: Count | None = None
    """As in `Task`."""

    def order(self, jobs: tuple[Job, ...], keep: tuple[str, ...], *, is_retry: bool) -> Order:
        """Return what a worker is asked to do."""
        return Order(jobs, self.run, keep, self.clock_s, self.counting, is_retry)


def state(
    points: Points, found: Mapping[tuple[str, int], Record], *, retry_failed: bool = False
) -> State:
    """Return what is there and what is missing.

    Parameters
    ----------
    points
        Of the sweep.
    found
        Records of a journal, of other points too: of the file as it was before an edit.
    retry_failed
        Whether runs that failed count as missing.
    """
    every = range(points.replications)
    records = {
        (key, r): found[key, r]
        for key in points.scenarios
        for r in every
        if (key, r) in found and not (retry_failed and found[key, r].status == FAILED)
    }
    gaps = {key: tuple(r for r in every if (key, r) not in records) for key in points.scenarios}
    missing = tuple(Job(key, points.scenarios[key], gap) for key, gap in gaps.items() if gap)
    return State(records, missing, 0, len(points.scenarios) * points.replications)


def conduct(points: Points, journal: Journal, found: State, plan: Plan) -> None:
    """Make the runs that are missing; each is in the journal as soon as it is done.

    Parameters
    ----------
    points, journal
        Of the sweep.
    found
        What `state` said.
    plan
        How.
    """
    keep = (*points.section.keep, *points.section.responses)
    desk = _Desk(journal, found, plan, keep)
    while desk.has_work:
        with plan.crew() as crew:
            desk.serve(crew)


class _Desk:
    """Gives out orders until none is left, or until its crew is lost."""

    def __init__(self, journal: Journal, found: State, plan: Plan, keep: tuple[str, ...]) -> None:
        self._journal, self._plan, self._keep = journal, plan, keep
        self._jobs = deque(found.missing)
        self._suspects: deque[Order] = deque()
        self._running: dict[Future[list[Record]], Order] = {}
        self._progress = found.progress
        self._spent_s, self._timed = found.seconds

    @property
    def has_work(self) -> bool:
        """Return whether something is to be given out."""
        return bool(self._jobs or self._suspects)

    def serve(self, crew: Crew) -> None:
        """Keep a crew at work until all is done or it is lost."""
        while self.has_work or self._running:
            if not self._fill(crew):
                return
            done, _ = wait(self._running, return_when=FIRST_COMPLETED)
            if not self._collect(crew, done):
                return

    def _fill(self, crew: Crew) -> bool:
        """Give out orders; return False if the crew would not take one."""
        try:
            # Who is under suspicion of killing workers works alone, so that nobody else is
            # blamed.
            if self._suspects:
                if not self._running:
                    self._submit(crew, self._suspects.popleft())
                return True
            while self._jobs and len(self._running) < AHEAD * crew.size:
                self._submit(crew, self._next(crew.size))
        except crew.lost:
            self._suspect(self._running.values())
            self._running.clear()
            return False
        return True

    def _submit(self, crew: Crew, order: Order) -> None:
        try:
            self._running[crew.executor.submit(crew.work, order)] = order
        except crew.lost:
            self._put_back(order)
            raise

    def _put_back(self, order: Order) -> None:
        if order.is_retry:
            self._suspects.appendleft(order)
        else:
            self._jobs.extendleft(reversed(order.jobs))

    def _next(self, size: int) -> Order:
        """Return an order of about a second of work, and a fair share of what is left."""
        run_s = self._spent_s / self._timed if self._timed else LEAST_S
        fair = max(len(self._jobs) // (AHEAD * size), 1)
        jobs: list[Job] = []
        work_s = 0.0
        while self._jobs and len(jobs) < fair and work_s < LEAST_S:
            jobs.append(self._jobs.popleft())
            work_s += run_s * len(jobs[-1].replications)
        return self._plan.order(tuple(jobs), self._keep, is_retry=False)

    def _collect(self, crew: Crew, done: Iterable[Future[list[Record]]]) -> bool:
        """Write down what came back; return False if the crew is lost."""
        for future in done:
            try:
                records = future.result()
            except crew.lost:
                lost = [self._running.pop(future)]
                if crew.is_lost_with_one:
                    lost += self._running.values()
                    self._running.clear()
                self._suspect(lost)
                if crew.is_lost_with_one:
                    return False
                continue
            del self._running[future]
            self._record(records)
        return True

    def _suspect(self, orders: Iterable[Order]) -> None:
        """Take back orders whose worker died: once more, each run by itself, or given up."""
        for order in orders:
            for job in order.jobs:
                if order.is_retry:
                    self._record(failed(job, "its worker died twice, most often of memory"))
                    continue
                single = [job._replace(replications=(r,)) for r in job.replications]
                self._suspects.extend(
                    self._plan.order((one,), self._keep, is_retry=True) for one in single
                )

    def _record(self, records: list[Record]) -> None:
        self._journal.write(records)
        wrong = sum(record.status == FAILED for record in records)
        well = len(records) - wrong
        self._spent_s += sum(record.seconds for record in records if record.status != FAILED)
        self._timed += well
        before = self._progress
        self._progress = Progress(before.total, before.done + well, before.failed + wrong)
        self._plan.tell(self._progress)
