"""Random demand for a random plan: what `sim.draws` draws its consignments from (R3-R5).

In: a Plan with routes. Out: the plan with cumulative intensities, laws of gaps, lots that come
together, epochs in which some flows have no open route, patience and bans.
"""

import numpy as np

from sim.draws import build_table, exponential_table, log_share_fp
from sim.draws.tables import UNIT
from sim.plan import NEVER, Plan

GAPS = (exponential_table(), build_table("deterministic", 0), build_table("gamma", 2.0))


def with_demand(plan: Plan, seed: int) -> Plan:
    """Return the plan with 10 to 100 consignments of each flow, in ups and downs."""
    rng = np.random.default_rng(seed)
    flows, laws = len(plan.flow_key), len(plan.law_table)
    start_s = int(rng.integers(0, plan.horizon_s // 2))
    curves = [_curve(rng, plan, start_s) for _ in range(flows)]
    epochs = int(rng.integers(1, 4))
    epoch_s = np.sort(rng.choice(np.arange(1, plan.horizon_s), epochs - 1, replace=False))
    mine = [np.flatnonzero(plan.route_flow == f) for f in range(flows)]
    lists = [
        mine[f][rng.random(len(mine[f])) < rng.choice([0.2, 0.9])]
        for _ in range(epochs)
        for f in range(flows)
    ]
    route = np.concatenate(lists)
    bans = rng.choice(len(plan.closure_key), min(2, len(plan.closure_key)), replace=False)
    banned = [rng.choice(len(plan.route_key), 1) for _ in bans]
    return plan._replace(
        window_start_s=start_s,
        law_table=np.concatenate((plan.law_table, np.stack(GAPS))),
        flow_gap_law=laws + rng.integers(0, len(GAPS), flows),
        flow_together=rng.choice([1, 1, 3], flows),
        flow_patience_s=rng.choice([NEVER, 60, plan.horizon_s // 8], flows),
        intensity_first=np.cumsum([0, *(len(time_s) for time_s, _ in curves)]),
        intensity_s=np.concatenate([time_s for time_s, _ in curves]),
        intensity_fp=np.concatenate([value_fp for _, value_fp in curves]),
        epoch_start_s=np.r_[0, epoch_s],
        choice_first=np.cumsum([0, *map(len, lists)]),
        choice_route=route,
        choice_log_share=np.array([log_share_fp(s) for s in rng.random(len(route))], np.int64),
        ban_closure=bans,
        ban_first=np.arange(len(bans) + 1),
        ban_route=np.concatenate([np.zeros(0, np.int64), *banned]),
    )


def _curve(rng: np.random.Generator, plan: Plan, start_s: int) -> tuple[np.ndarray, np.ndarray]:
    """Return breakpoints of an intensity, 0 at the window's start; some pieces have no demand."""
    inner = rng.choice(np.arange(1, plan.horizon_s), 5, replace=False)
    time_s = np.unique(np.r_[0, inner, start_s, plan.horizon_s])
    rise = rng.integers(0, 15 * UNIT, len(time_s) - 1) * (rng.random(len(time_s) - 1) < 0.7)
    value_fp = np.r_[0, np.cumsum(rise)]
    return time_s - start_s, value_fp - value_fp[time_s == start_s]
