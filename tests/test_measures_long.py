"""Measures of a long run: what they need of memory, and sums that are made piece by piece."""

import tracemalloc
from pathlib import Path

import numpy as np
from compiler_cases import QUEUE, compiled

from sim.kernel.tallied import run_tallied
from sim.measures.build import measured, watch_of
from sim.measures.scope import PIECE, count_by_group, sum_by_group

OFTEN = QUEUE.replace("amount: 730", "amount: 10000000").replace("servers: 1", "servers: 9000")
BYTES_EACH = 32
"""Of a consignment: 19 are those of the cohort, which is handed on."""


def test_tables_of_a_long_run_need_few_bytes_for_a_consignment(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, OFTEN)
    seen = run_tallied(plan, watch_of(plan, legend), 1, 0)
    count = seen.consignment_flow.size
    assert count > 100_000
    measured(seen, plan, legend)

    tracemalloc.start()
    measured(seen, plan, legend)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert most < BYTES_EACH * count + 2**20


def test_sums_by_group_round_as_if_added_up_in_one_go() -> None:
    rng = np.random.default_rng(1)
    count, groups = 2 * PIECE + 1, 7
    group = rng.integers(0, groups, count).astype(np.uint8)
    values = rng.choice([0.12, 0.361, 291.667], count)

    assert (sum_by_group(group, values, groups) == np.bincount(group, values, groups)).all()
    assert (count_by_group(group, groups) == np.bincount(group, minlength=groups)).all()
