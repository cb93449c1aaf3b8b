"""What chance decides before a replication: arrivals, routes, closures (R3-R5, R15).

In: a Plan, a seed and the number of a replication. Out: Draws, in seconds
since the run's first instant. What happens during the run (times of service)
is drawn by the engines as it happens, from the same kind of keys.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.arrivals import arrival_times, consignment_keys
from sim.draws.choice import choose_routes
from sim.draws.closures import RandomClosures, busy_keys, closure_intervals
from sim.draws.hashing import ARRIVAL, CHOICE, CLOSURE, stream
from sim.draws.tables import Ints, Quantiles, Words, mixed_quantiles
from sim.plan import NEVER, Draws, Plan

Seconds = NDArray[np.int32]


class _Sent(NamedTuple):
    """Consignments of one flow, by number; a year of them is kept small until it is sorted."""

    created_s: Seconds
    entered_s: Seconds
    flow: Seconds
    number: Seconds
    key: Words
    route: Seconds
    is_banned: NDArray[np.bool_]


class _Bans(NamedTuple):
    """When which routes are banned; parallel lists."""

    routes: list[Ints]
    start_s: list[int]
    end_s: list[int]


def draw(plan: Plan, seed: int, replication: int, quantiles: Quantiles = mixed_quantiles) -> Draws:
    """Return everything that is drawn before a replication begins.

    Parameters
    ----------
    plan
        Of the compiler.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0.
    quantiles
        `mixed_quantiles`, or another that gives the same.
    """
    closure, start_s, end_s = _closures(plan, seed, replication)
    bans = _bans(plan, closure, start_s, end_s)
    flows = [
        _send(plan, flow, (seed, replication), bans, quantiles)
        for flow in range(len(plan.flow_key))
    ]
    # Flows stand one after the other, each by number: what is left is to merge them.
    order = np.argsort(_column(flows, 0, np.dtype(np.int64)), kind="stable")
    gap_key, length_key = busy_keys(
        stream(seed, replication, CLOSURE), plan.closure_key[plan.busy_closure]
    )
    whole, words = np.dtype(np.int64), np.dtype(np.uint64)
    return Draws(
        consignment_created_s=_column(flows, 0, whole)[order],
        consignment_entered_s=_column(flows, 1, whole)[order],
        consignment_flow=_column(flows, 2, whole)[order],
        consignment_number=_column(flows, 3, whole)[order],
        consignment_key=_column(flows, 4, words)[order],
        consignment_route=_column(flows, 5, whole)[order],
        consignment_is_banned=_column(flows, 6, whole)[order],
        closure_index=closure,
        closure_start_s=start_s,
        closure_end_s=end_s,
        busy_gap_key=gap_key,
        busy_length_key=length_key,
    )


def _column(flows: list[_Sent], field: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return a column of the consignments of all flows."""
    parts = [np.zeros(0, dtype), *(sent[field] for sent in flows)]
    return np.concatenate(parts, dtype=dtype, casting="unsafe")


def _bans(plan: Plan, closure: Ints, start_s: Ints, end_s: Ints) -> _Bans:
    """Return the routes that are banned and when, from the closures of a run."""
    found = _Bans([], [], [])
    for ban, of in enumerate(plan.ban_closure.tolist()):
        routes = plan.ban_route[int(plan.ban_first[ban]) : int(plan.ban_first[ban + 1])]
        for at in np.flatnonzero(closure == of).tolist():
            found.routes.append(routes)
            found.start_s.append(int(start_s[at]))
            found.end_s.append(int(end_s[at]))
    return found


def _barred(bans: _Bans, candidates: Ints, entered_s: Ints) -> NDArray[np.bool_]:
    """Return (N, C) which of the candidates each consignment may not take as it enters."""
    is_barred = np.zeros((len(entered_s), len(candidates)), dtype=np.bool_)
    for routes, start_s, end_s in zip(*bans, strict=True):
        in_force = (entered_s >= start_s) & (entered_s < end_s)
        is_barred |= in_force[:, None] & np.isin(candidates, routes)[None, :]
    return is_barred


def _send(plan: Plan, flow: int, run: tuple[int, int], bans: _Bans, quantiles: Quantiles) -> _Sent:
    """Return the consignments of one flow with their routes, by (seed, replication)."""
    breaks = slice(int(plan.intensity_first[flow]), int(plan.intensity_first[flow + 1]))
    flow_key = int(plan.flow_key[flow])
    time_s, number = arrival_times(
        stream(*run, ARRIVAL),
        flow_key,
        plan.law_table[plan.flow_gap_law[flow]],
        plan.intensity_s[breaks],
        plan.intensity_fp[breaks],
        begin_s=-plan.window_start_s,
        end_s=plan.horizon_s - plan.window_start_s,
        together=int(plan.flow_together[flow]),
        quantiles=quantiles,
    )
    created_s = time_s + plan.window_start_s
    key = consignment_keys(flow_key, number)
    epoch, entered_s = _enter(plan, flow, created_s)
    route = np.full(len(key), NEVER, dtype=np.int64)
    is_banned = np.zeros(len(key), dtype=np.bool_)
    choice = stream(*run, CHOICE)
    for b in np.unique(epoch[epoch >= 0]):
        at = b * len(plan.flow_key) + flow
        open_now = slice(int(plan.choice_first[at]), int(plan.choice_first[at + 1]))
        candidates = plan.choice_route[open_now]
        chosen = choose_routes(
            choice,
            key[epoch == b],
            plan.route_key[candidates],
            plan.choice_log_share[open_now],
            _barred(bans, candidates, entered_s[epoch == b]) if bans.routes else None,
            quantiles=quantiles,
        )
        route[epoch == b] = np.where(chosen == NEVER, NEVER, candidates[chosen])
        is_banned[epoch == b] = chosen == NEVER
    return _Sent(
        created_s.astype(np.int32),
        entered_s.astype(np.int32),
        np.full(len(key), flow, dtype=np.int32),
        number,
        key,
        route.astype(np.int32),
        is_banned,
    )


def _enter(plan: Plan, flow: int, created_s: Ints) -> tuple[Ints, Ints]:
    """Return the epoch in which each consignment finds an open route, and when.

    One that finds none within its patience has epoch NEVER and the second at which
    its patience ends, or the horizon.
    """
    lists = np.arange(len(plan.epoch_start_s)) * len(plan.flow_key) + flow
    is_open = plan.choice_first[lists + 1] > plan.choice_first[lists]
    open_epoch = np.append(np.flatnonzero(is_open), NEVER)
    open_from_s = np.append(plan.epoch_start_s[is_open], plan.horizon_s)
    created_in = np.searchsorted(plan.epoch_start_s, created_s, side="right") - 1
    nearest = np.searchsorted(open_epoch[:-1], created_in, side="left")
    epoch, entered_s = open_epoch[nearest], np.maximum(created_s, open_from_s[nearest])
    patience_s = int(plan.flow_patience_s[flow])
    if patience_s != NEVER:
        is_late = entered_s - created_s > patience_s
        epoch = np.where(is_late, NEVER, epoch)
        entered_s = np.where(is_late, created_s + patience_s, entered_s)
    return epoch, entered_s


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
