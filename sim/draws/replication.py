"""What chance decides before a replication: arrivals, routes, closures (R3-R5, R15).

In: a Plan, a seed and the number of a replication. Out: Draws, in seconds
since the run's first instant. What happens during the run (times of service)
is drawn by the engines as it happens, from the same kind of keys.
"""

import numpy as np

from sim.draws.arrivals import BY_NUMPY, Methods
from sim.draws.closures import RandomClosures, busy_keys, closure_intervals
from sim.draws.consignments import draw_consignments
from sim.draws.hashing import CLOSURE, stream
from sim.draws.tables import Ints
from sim.plan import Draws, Plan


def draw(plan: Plan, seed: int, replication: int, methods: Methods = BY_NUMPY) -> Draws:
    """Return everything that is drawn before a replication begins.

    Parameters
    ----------
    plan
        Of the compiler.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0.
    methods
        How they are worked out.
    """
    draws = draw_closures(plan, seed, replication)
    whole = [plan.horizon_s]
    (sent,) = draw_consignments(plan, seed, replication, draws, whole, methods=methods)
    return draws._replace(
        consignment_created_s=sent.created_s.astype(np.int64),
        consignment_entered_s=sent.entered_s.astype(np.int64),
        consignment_flow=sent.flow.astype(np.int64),
        consignment_number=sent.number.astype(np.int64),
        consignment_key=sent.key,
        consignment_route=sent.route.astype(np.int64),
        consignment_is_banned=sent.is_banned.astype(np.int64),
    )


def draw_closures(plan: Plan, seed: int, replication: int) -> Draws:
    """Return the draws of a replication without consignments.

    Parameters
    ----------
    plan, seed, replication
        As for `draw`.
    """
    closure, start_s, end_s = _closures(plan, seed, replication)
    gap_key, length_key = busy_keys(
        stream(seed, replication, CLOSURE), plan.closure_key[plan.busy_closure]
    )
    none = np.zeros(0, np.int64)
    return Draws(
        consignment_created_s=none,
        consignment_entered_s=none,
        consignment_flow=none,
        consignment_number=none,
        consignment_key=np.zeros(0, np.uint64),
        consignment_route=none,
        consignment_is_banned=none,
        closure_index=closure,
        closure_start_s=start_s,
        closure_end_s=end_s,
        busy_gap_key=gap_key,
        busy_length_key=length_key,
    )


def _closures(plan: Plan, seed: int, replication: int) -> tuple[Ints, Ints, Ints]:
    """Return closures known and drawn, sorted by (start, closure)."""
    rows = RandomClosures(
        key=plan.closure_key[plan.random_closure],
        gap_mean_fp=plan.random_gap_fp,
        law=plan.random_law,
        mean_fp=plan.random_mean_fp,
        partner=plan.random_with,
        partner_ppm=plan.random_with_ppm,
        is_up=plan.random_is_up,
        window_first=plan.random_window_first,
        window_start_s=plan.random_window_start_s,
        window_end_s=plan.random_window_end_s,
    )
    row, start_s, end_s = closure_intervals(
        stream(seed, replication, CLOSURE),
        rows,
        plan.law_table,
        -plan.window_start_s,
        plan.horizon_s - plan.window_start_s,
    )
    closure = np.concatenate((plan.interval_closure, plan.random_closure[row]))
    start_s = np.concatenate((plan.interval_start_s, start_s + plan.window_start_s))
    end_s = np.concatenate((plan.interval_end_s, end_s + plan.window_start_s))
    order = np.lexsort((end_s, closure, start_s))
    return closure[order], start_s[order], end_s[order]
