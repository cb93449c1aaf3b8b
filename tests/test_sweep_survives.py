"""Five hundred points of a small corridor, killed again and again, end with the same file."""

import os
import random
import signal
import time
from pathlib import Path

import pytest
from test_cluster import cluster, on
from test_sweep import begun, done, plan, written

from sim.sweep.conduct import Progress
from sim.sweep.folder import obtain
from sim.sweep.points import points

LARGE = Path(__file__).resolve().parent / "sweeps/large.yaml"
KILLS = 10
SEED = 20260101


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    found = obtain(points(LARGE), folder, plan(2), now_s=time.time)
    assert found.state.progress == (2_000, 2_000, 0)
    return written(folder)


@pytest.mark.verify
def test_sweep_killed_ten_times_ends_with_the_same_file(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    rng = random.Random(SEED)  # noqa: S311 - moments at which to kill, not secrets
    folder = tmp_path / "sweeps/large"
    kills = 0
    while kills < KILLS:
        process = begun(LARGE, tmp_path, "--jobs", "2")
        wanted = done(folder) + rng.randint(20, 150)
        while process.poll() is None and done(folder) < wanted:
            time.sleep(0.02)
        assert process.poll() is None, "it ended before it was killed ten times"
        if kills % 2:
            _kill_a_worker(process.pid)
            kills += 1
            time.sleep(rng.uniform(0.5, 3.0))
        process.kill()
        process.communicate()
        kills += 1
    last = begun(LARGE, tmp_path, "--jobs", "2")
    _, said = last.communicate(timeout=3_000)

    assert last.returncode == 0, said
    assert written(folder) == undisturbed


def _kill_a_worker(parent: int) -> None:
    """Kill one process that serves the pool: a child of the fork server."""
    workers = [worker for server in _children(parent) for worker in _children(server)]
    if workers:
        os.kill(workers[0], signal.SIGKILL)


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(word) for word in text.split()]


@pytest.mark.verify
def test_cluster_that_loses_workers_gives_the_same_file(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    with cluster(4) as running:

        def kill(progress: Progress) -> None:
            for worker, after in zip(running.workers, (400, 1_100), strict=False):
                if progress.done > after:
                    worker.kill()

        killing = on(running.address)._replace(tell=kill)
        obtain(points(LARGE), tmp_path, killing, now_s=time.time)

    assert written(tmp_path) == undisturbed
