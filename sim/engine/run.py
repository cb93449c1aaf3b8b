"""One replication of a plan (design: Plan x seed x replication -> Trace)."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from itertools import groupby
from typing import TYPE_CHECKING

import numpy as np

from sim.draws.replication import draw
from sim.engine.clock import Moment, stop_before
from sim.engine.ledger import Account
from sim.engine.model import Model
from sim.engine.yards import Claim
from sim.plan import NEVER, Cause

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from simpy.events import Event

    from sim.engine.world import World
    from sim.plan import Draws, Plan, Trace


def run(plan: Plan, seed: int, replication: int) -> Trace:
    """Return what happens in one replication of a plan.

    Parameters
    ----------
    plan
        Of the compiler.
    seed
        Of the experiment, 0 to 2**63 - 1.
    replication
        From 0; each has random numbers of its own.
    """
    return run_drawn(plan, draw(plan, seed, replication), seed, replication)


def run_drawn(plan: Plan, draws: Draws, seed: int, replication: int) -> Trace:
    """Return what happens with given arrivals, routes and closures.

    Parameters
    ----------
    plan, seed, replication
        As for `run`.
    draws
        Of `draw`, or made by hand.
    """
    model = Model(plan, draws, seed, replication)
    env = model.world.env
    env.process(_change_states(model, draws))
    env.process(_create(model, draws))
    for service in model.services:
        service.watch_states()
    for fleet in model.fleets:
        # In the first instant too, what changes the fleet comes before the fleet.
        Moment(env, fleet.begin)
    stop_before(env, plan.horizon_s)
    with _without_collector():
        env.run()
    return _close(model, draws)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Leave the search for circles of dead objects until later: a run makes none that count.

    Memory stays what it was, and a year of the corridor takes an eighth less time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _change_states(model: Model, draws: Draws) -> Generator[Event, None, None]:
    """Let closures begin and end (R15)."""
    world = model.world
    plan = world.plan
    closures = draws.closure_index.tolist()
    start_s = np.maximum(draws.closure_start_s, 0).tolist()
    end_s = draws.closure_end_s.tolist()
    changes = sorted(
        [(at_s, True, i) for i, at_s in enumerate(start_s) if end_s[i] > at_s]
        + [(at_s, False, i) for i, at_s in enumerate(end_s) if at_s > start_s[i]]
    )
    station_of_row = np.repeat(np.arange(len(plan.station_kind)), np.diff(plan.row_first))
    for instant_s, group in groupby(changes, key=lambda change: change[0]):
        if instant_s > world.env.now:
            yield world.env.timeout(instant_s - world.env.now)
        changed = set()
        for _, is_begin, i in group:
            closure = closures[i]
            first, end = plan.closure_target_first[closure], plan.closure_target_first[closure + 1]
            for row in plan.closure_target[first:end].tolist():
                rank = int(station_of_row[row])
                availability = model.availability[rank]
                if is_begin:
                    availability.begin(row, closure, instant_s)
                else:
                    availability.end(row, closure, start_s[i], instant_s)
                changed.add(rank)
        for rank in changed:
            world.arbiter.mark(rank)
            if rank in model.servers:
                model.servers[rank].hands.react()


def _create(model: Model, draws: Draws) -> Generator[Event, None, None]:
    """Let consignments in as they are created and find an open route (R4, R17)."""
    env = model.world.env
    entered_s = draws.consignment_entered_s
    order = np.argsort(entered_s, kind="stable")
    for number, instant_s in zip(order.tolist(), entered_s[order].tolist(), strict=True):
        if instant_s > env.now:
            yield env.timeout(instant_s - env.now)
        model.traffic.enter(number)


def _close(model: Model, draws: Draws) -> Trace:
    """Book what the end of the run cuts short, and return the Trace."""
    world = model.world
    end_s = world.env.now
    world.close_locomotives()
    for rank, gate in {**model.gates, **model.yards}.items():
        for visit in gate.queue.close(end_s):
            if not isinstance(visit.traveller, Claim):
                world.log.write(rank, visit)
    for pool in model.pools.values():
        pool.close(end_s)
    for server in model.servers.values():
        server.hands.close(end_s)
    for fleet in model.fleets:
        fleet.close()
    for vehicle in list(world.under_way.values()):
        vehicle.account.give_back(end_s)
        world.close_account(vehicle)
    for consignment in model.traffic.inside.values():
        consignment.account.give_back(end_s)
        world.ledger.close(consignment.account, (consignment.number,))
    _close_unentered(world, draws, end_s)
    return world.log.trace(draws, world.ledger, end_s, model.gridlock)


def _close_unentered(world: World, draws: Draws, end_s: int) -> None:
    """Book the wait of those that were created but had found no open route yet."""
    created_s, entered_s = draws.consignment_created_s, draws.consignment_entered_s
    has_entered = (entered_s <= end_s) & (entered_s < world.plan.horizon_s)
    outside = np.flatnonzero((created_s < end_s) & ~has_entered)
    for number in outside.tolist():
        account = Account()
        account.book(NEVER, Cause.CLOSED, NEVER, end_s - int(created_s[number]))
        world.ledger.close(account, (number,))
