"""Whether intervals cover what they say, on runs of the compiled engine, and faults are seen.

The full forms repeat an experiment of 20 replications 400 times and are part of `make verify`;
the suite has thinned ones, with the band that so few repeats leave.
"""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from queues import delays, means, queue

from sim.experiment.intervals import t_interval, variance_saved
from sim.experiment.together import adjusted, p_value
from sim.experiment.warmup import judge
from sim.experiment.workers import workers
from sim.plan import Plan

N = 20
"""Replications of one experiment."""
SEED = 20260101

Floats = NDArray[np.float64]


def repeated(plan: Plan, repeats: int, customers: int) -> Floats:
    """Return `(repeats, N, customers)` delays, every replication with draws of its own."""
    blocks = [range(N * i, N * (i + 1)) for i in range(repeats)]
    with workers(2 if repeats > 40 else 1) as executor:
        futures = [executor.submit(_block, plan, block, customers) for block in blocks]
        return np.stack([future.result() for future in futures])


def _block(plan: Plan, block: range, customers: int) -> NDArray[np.float32]:
    return np.stack([delays(plan, SEED, r, customers) for r in block]).astype(np.float32)


def coverage(experiments: Floats, exact: float) -> float:
    """Return the share of `(repeats, N)` experiments whose 95 % interval holds the value."""
    intervals = map(t_interval, experiments.astype(float))
    return float(np.mean([abs(i.mean - exact) <= (i.half_width or 0) for i in intervals]))


def warned(experiments: Floats) -> float:
    """Return the share of `(repeats, N, T)` experiments whose warm-up is called too short."""
    return float(np.mean([not judge(one.astype(float)).is_enough for one in experiments]))


def saved_by_common_draws(folder: Path, pairs: int) -> float:
    """Return how often smaller the variance of a difference is under common draws."""
    slow, fast = queue(folder, 0.8, 5_000), queue(folder, 0.76, 5_000)
    base = means(slow, SEED, range(pairs), 5_000, 500)
    saved = variance_saved(base, means(fast, SEED, range(pairs), 5_000, 500))
    assert saved is not None
    return 1 / (1 - saved)


@pytest.mark.slow
def test_interval_from_empty_covers_in_a_few_repeats(tmp_path: Path) -> None:
    # M/M/1, load 0.5, first 1000 delays from empty: 0.4980 services of 0.5 and gaps of 1
    found = repeated(queue(tmp_path, 0.5, 1_000), 40, 1_000).mean(axis=2)

    # 38 of 40 are expected, standard deviation 1.4
    assert coverage(found, 0.4980) >= 0.85


@pytest.mark.slow
def test_wrong_set_up_is_seen_in_a_few_repeats(tmp_path: Path) -> None:
    wrong = repeated(queue(tmp_path, 0.9, 1_000), 10, 1_000)
    right = repeated(queue(tmp_path, 0.5, 1_000), 10, 1_000)

    # 0.82 and 0.10 are expected
    assert warned(wrong) >= 0.5
    assert warned(right) <= 0.4


@pytest.mark.slow
def test_common_draws_save_variance_on_the_engine(tmp_path: Path) -> None:
    # load 0.8 against 5 % faster service; other draws would leave the factor at 1
    assert saved_by_common_draws(tmp_path, 20) >= 5


@pytest.mark.verify
def test_intervals_cover_at_load_one_half(tmp_path: Path) -> None:
    found = repeated(queue(tmp_path, 0.5, 5_500), 400, 5_500)

    assert 0.92 <= coverage(found[:, :, :1_000].mean(axis=2), 0.4980) <= 0.98
    # after 500: load^2 / (1 - load) gaps
    assert 0.92 <= coverage(found[:, :, 500:].mean(axis=2), 0.5) <= 0.98
    assert warned(found[:200, :, :1_000]) <= 0.20


@pytest.mark.verify
def test_intervals_cover_at_load_four_fifths(tmp_path: Path) -> None:
    plan = queue(tmp_path, 0.8, 22_000)
    blocks = range(0, N * 400, 100)
    with workers(2) as executor:
        futures = [
            executor.submit(means, plan, SEED, range(first, first + 100), 22_000, 2_000)
            for first in blocks
        ]
        found = np.concatenate([future.result() for future in futures]).reshape(400, N)

    assert 0.91 <= coverage(found, 3.2) <= 0.98


@pytest.mark.verify
def test_run_that_is_too_short_covers_badly_and_is_seen(tmp_path: Path) -> None:
    found = repeated(queue(tmp_path, 0.9, 1_000), 200, 1_000)

    assert 0.60 <= coverage(found.mean(axis=2), 8.1) <= 0.82
    assert warned(found) >= 0.70


@pytest.mark.verify
def test_common_draws_save_variance_five_times(tmp_path: Path) -> None:
    assert saved_by_common_draws(tmp_path, 200) >= 5


@pytest.mark.verify
def test_claims_about_equal_queues_are_rarely_false(tmp_path: Path) -> None:
    # Nine scenarios and their base, all the same queue under draws of their own. At load 0.3
    # a hundred customers between two batches leave nothing of the one in the other.
    plan = queue(tmp_path, 0.3, 300 * N)
    blocks = [range(i, i + 100) for i in range(0, 4_000, 100)]
    with workers(2) as executor:
        futures = [executor.submit(_batches, plan, block) for block in blocks]
        found = np.concatenate([future.result() for future in futures]).reshape(400, 10, N)
    false = 0
    for base, *others in found:
        p = adjusted([p_value(t_interval(other - base)) for other in others])
        false += bool((p < 0.05).any())

    assert false / 400 <= 0.07


def _batches(plan: Plan, block: range) -> Floats:
    runs = [delays(plan, SEED, r, 300 * N).reshape(N, 300) for r in block]
    found: Floats = np.stack(runs)[:, :, 100:].mean(axis=2)
    return found
