"""The consignments of a replication, by pieces of the run (R3-R5).

In: a Plan, the closures of a run, and the ends of its pieces. Out: the consignments of
each piece with their routes. They do not depend on how a run is divided.
"""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.arrivals import BY_NUMPY, Methods, Stand, arrival_times, consignment_keys
from sim.draws.choice import choose_routes
from sim.draws.hashing import ARRIVAL, CHOICE, stream
from sim.draws.tables import Ints, Words
from sim.plan import NEVER, Draws, Plan

Seconds = NDArray[np.int32]


class Consignments(NamedTuple):
    """Consignments of a piece, in order of (created, flow, number), in little memory."""

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


class _Run(NamedTuple):
    """What the consignments of a replication are drawn from."""

    plan: Plan
    arrival: int
    """The streams."""
    choice: int
    bans: _Bans
    methods: Methods


def draw_consignments(
    plan: Plan,
    seed: int,
    replication: int,
    closures: Draws,
    until_s: Sequence[int],
    *,
    methods: Methods = BY_NUMPY,
) -> Iterator[Consignments]:
    """Yield the consignments of each piece of a run.

    Parameters
    ----------
    plan, seed, replication
        As for `draw`.
    closures
        Of `draw_closures`.
    until_s
        Ends of the pieces, ascending; the first piece begins with the run.
    methods
        How they are worked out.
    """
    own = _Run(
        plan,
        stream(seed, replication, ARRIVAL),
        stream(seed, replication, CHOICE),
        _bans(plan, closures),
        methods,
    )
    stands: list[Stand | None] = [None] * len(plan.flow_key)
    for span in pairwise((0, *until_s)):
        yield _piece(own, span, stands)


def _piece(run: _Run, span: tuple[int, int], stands: list[Stand | None]) -> Consignments:
    """Return the consignments that are created in a span, and write where their flows stand."""
    parts = [_none()]
    for flow, since in enumerate(stands):
        part, stands[flow] = _send(run, flow, span, since)
        parts.append(part)
    return _merged(parts)


def _none() -> Consignments:
    """Return no consignments."""
    seconds = np.zeros(0, np.int32)
    key, is_banned = np.zeros(0, np.uint64), np.zeros(0, np.bool_)
    return Consignments(seconds, seconds, seconds, seconds, key, seconds, is_banned)


def _merged(parts: list[Consignments]) -> Consignments:
    """Return the consignments of all flows, which stand one flow after the other, by number."""
    order = np.argsort(np.concatenate([part.created_s for part in parts]), kind="stable")
    columns: list[NDArray[Any]] = [
        np.concatenate(column)[order] for column in zip(*parts, strict=True)
    ]
    return Consignments(*columns)


def _bans(plan: Plan, draws: Draws) -> _Bans:
    """Return the routes that are banned and when, from the closures of a run."""
    found = _Bans([], [], [])
    for ban, of in enumerate(plan.ban_closure.tolist()):
        routes = plan.ban_route[int(plan.ban_first[ban]) : int(plan.ban_first[ban + 1])]
        for at in np.flatnonzero(draws.closure_index == of).tolist():
            found.routes.append(routes)
            found.start_s.append(int(draws.closure_start_s[at]))
            found.end_s.append(int(draws.closure_end_s[at]))
    return found


def _barred(bans: _Bans, candidates: Ints, entered_s: Ints) -> NDArray[np.bool_]:
    """Return (N, C) which of the candidates each consignment may not take as it enters."""
    is_barred = np.zeros((len(entered_s), len(candidates)), dtype=np.bool_)
    for routes, start_s, end_s in zip(*bans, strict=True):
        in_force = (entered_s >= start_s) & (entered_s < end_s)
        is_barred |= in_force[:, None] & np.isin(candidates, routes)[None, :]
    return is_barred


def _send(
    run: _Run, flow: int, span: tuple[int, int], since: Stand | None
) -> tuple[Consignments, Stand]:
    """Return the consignments of one flow that are created in a span, and where it stands then."""
    plan = run.plan
    breaks = slice(int(plan.intensity_first[flow]), int(plan.intensity_first[flow + 1]))
    flow_key = int(plan.flow_key[flow])
    time_s, number, stand = arrival_times(
        run.arrival,
        flow_key,
        plan.law_table[plan.flow_gap_law[flow]],
        plan.intensity_s[breaks],
        plan.intensity_fp[breaks],
        begin_s=span[0] - plan.window_start_s,
        end_s=span[1] - plan.window_start_s,
        together=int(plan.flow_together[flow]),
        since=since,
        methods=run.methods,
    )
    created_s = time_s + plan.window_start_s
    key = consignment_keys(flow_key, number)
    epoch, entered_s = _enter(plan, flow, created_s)
    route = _routes(run, flow, key, epoch, entered_s)
    part = Consignments(
        created_s.astype(np.int32),
        entered_s.astype(np.int32),
        np.full(len(key), flow, dtype=np.int32),
        number,
        key,
        route,
        (route == NEVER) & (epoch != NEVER),
    )
    return part, stand


def _routes(run: _Run, flow: int, key: Words, epoch: Ints, entered_s: Ints) -> Seconds:
    """Return the route of each consignment of a flow, NEVER where it has none."""
    route = np.full(len(key), NEVER, dtype=np.int32)
    present = np.flatnonzero(np.bincount(epoch + 1)) + NEVER
    for b in present[present != NEVER].tolist():
        mine = slice(None) if len(present) == 1 else epoch == b
        route[mine] = _chosen(run, b * len(run.plan.flow_key) + flow, key[mine], entered_s[mine])
    return route


def _chosen(run: _Run, choice: int, key: Words, entered_s: Ints) -> Ints:
    """Return the route that each consignment takes from a list of those that are open."""
    plan = run.plan
    open_now = slice(int(plan.choice_first[choice]), int(plan.choice_first[choice + 1]))
    candidates = plan.choice_route[open_now]
    is_barred = _barred(run.bans, candidates, entered_s) if run.bans.routes else None
    chosen = choose_routes(
        run.choice,
        key,
        plan.route_key[candidates],
        plan.choice_log_share[open_now],
        is_barred,
        quantiles=run.methods.quantiles,
    )
    routes: Ints = candidates[chosen]
    return routes if is_barred is None else np.where(chosen == NEVER, NEVER, routes)


def _enter(plan: Plan, flow: int, created_s: Ints) -> tuple[Ints, Ints]:
    """Return the epoch in which each consignment finds an open route, and when.

    One that finds none within its patience has epoch NEVER and the second at which
    its patience ends, or the horizon.
    """
    flows = len(plan.flow_key)
    is_open = plan.choice_first[flow + 1 :: flows] > plan.choice_first[flow:-1:flows]
    created_in = np.searchsorted(plan.epoch_start_s, created_s, side="right") - 1
    if is_open.all():
        return created_in, created_s
    open_epoch = np.append(np.flatnonzero(is_open), NEVER)
    open_from_s = np.append(plan.epoch_start_s[is_open], plan.horizon_s)
    nearest = np.searchsorted(open_epoch[:-1], created_in, side="left")
    epoch, entered_s = open_epoch[nearest], np.maximum(created_s, open_from_s[nearest])
    patience_s = int(plan.flow_patience_s[flow])
    if patience_s != NEVER:
        is_late = entered_s - created_s > patience_s
        epoch = np.where(is_late, NEVER, epoch)
        entered_s = np.where(is_late, created_s + patience_s, entered_s)
    return epoch, entered_s
