"""Consignments drawn by pieces of the run are those of the whole run, bit for bit."""

import numpy as np
import pytest
from random_demand import with_demand
from random_plans import random_plan

from sim.draws.consignments import Consignments, draw_consignments
from sim.draws.replication import draw, draw_closures
from sim.kernel.drawing import drawn
from sim.plan import NEVER, Plan


def joined(plan: Plan, seed: int, until_s: list[int]) -> Consignments:
    pieces = draw_consignments(plan, seed, 0, draw_closures(plan, seed, 0), until_s)
    return Consignments(*(np.concatenate(column) for column in zip(*pieces, strict=True)))


@pytest.mark.parametrize("seed", range(40))
def test_pieces_of_a_random_plan_are_its_consignments(seed: int) -> None:
    plan = with_demand(random_plan(seed)[1], seed)
    rng = np.random.default_rng(seed)
    cuts = np.sort(rng.integers(0, plan.horizon_s, int(rng.integers(1, 30))))
    whole = joined(plan, seed, [plan.horizon_s])
    # A cut at the very second of an arrival, one beside it, and an empty piece.
    at_s = int(rng.choice(whole.created_s)) if len(whole.created_s) else 1
    until_s = sorted([*cuts.tolist(), at_s, at_s, at_s + 1, plan.horizon_s])

    found = joined(plan, seed, until_s)

    for name, one, other in zip(whole._fields, whole, found, strict=True):
        np.testing.assert_array_equal(np.asarray(one), np.asarray(other), name, strict=True)


def test_random_demand_has_all_that_can_befall_a_consignment() -> None:
    found = [draw(with_demand(random_plan(seed)[1], seed), seed, 0) for seed in range(20)]

    late, refused, banned = (
        sum(int(rows.sum()) for rows in column)
        for column in zip(
            *(
                (
                    sent.consignment_entered_s > sent.consignment_created_s,
                    sent.consignment_route == NEVER,
                    sent.consignment_is_banned,
                )
                for sent in found
            ),
            strict=True,
        )
    )
    assert min(late, refused - banned, banned) > 10
    assert sum(int((sent.consignment_number < 0).sum()) for sent in found) > 100


@pytest.mark.parametrize("seed", range(10))
def test_machine_code_draws_what_numpy_draws(seed: int) -> None:
    plan = with_demand(random_plan(seed)[1], seed)

    for one, other in zip(draw(plan, seed, 1), drawn(plan, seed, 1), strict=True):
        np.testing.assert_array_equal(one, other)


def test_consignments_stand_in_order_of_creation_flow_and_number() -> None:
    plan = with_demand(random_plan(3)[1], 3)

    sent = draw(plan, 3, 0)

    keys = (sent.consignment_number, sent.consignment_flow, sent.consignment_created_s)
    assert np.lexsort(keys).tolist() == [*range(len(sent.consignment_key))]
