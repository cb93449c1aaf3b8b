"""Gridlock: a cycle of yards, each full of loads that wait for the next (R14).

A yard is stuck when its first claim does not fit and all who take room in it can
leave only for a stuck yard: they wait in a pool that is held, or aboard a train
that is held before it has left. The largest such set is found by striking out,
until nothing changes, every yard from which some load can still go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.engine.travellers import Vehicle
from sim.plan import NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sim.engine.pools import Pool
    from sim.engine.yards import Yard


class Holder(NamedTuple):
    """Load that takes room in one yard and waits for room in another."""

    yard: int
    """Rank of the yard that is full."""
    pool: int
    """Rank of the pool in which the load waits, or NEVER: it is aboard."""
    vehicle: int
    """Number of the held train that has not left, or NEVER."""
    waits_for: int
    """Rank of the yard that refuses it."""
    load_teu: int


def cycle(yards: Mapping[int, Yard], pools: Iterable[Pool]) -> list[Holder]:
    """Return a cycle of holders, each waiting for the yard of the next; empty if none."""
    stuck = {rank for rank, yard in yards.items() if yard.is_refusing()}
    if not stuck:
        return []
    holders = [*_in_pools(pools), *_aboard(yards)]
    while True:
        held_teu = dict.fromkeys(stuck, 0)
        for holder in holders:
            if holder.yard in stuck and holder.waits_for in stuck:
                held_teu[holder.yard] += holder.load_teu
        free = {rank for rank in stuck if held_teu[rank] < yards[rank].occupied_teu}
        if not free:
            break
        stuck -= free
    return _walk(stuck, holders)


def _in_pools(pools: Iterable[Pool]) -> Iterable[Holder]:
    for pool in pools:
        held_by = pool.held_by()
        if held_by is not None:
            for yard, load_teu in sorted(pool.rooms.items()):
                if load_teu:
                    yield Holder(yard, pool.rank, NEVER, held_by.rank, load_teu)


def _aboard(yards: Mapping[int, Yard]) -> Iterable[Holder]:
    held = [
        (visit.traveller, rank)
        for rank, yard in yards.items()
        for visit in yard.queue.visits()
        if isinstance(visit.traveller, Vehicle)
    ]
    for vehicle, waits_for in sorted(held, key=lambda pair: pair[0].number):
        for yard, load_teu in sorted(vehicle.rooms.items()):
            yield Holder(yard, NEVER, vehicle.number, waits_for, load_teu)


def _walk(stuck: set[int], holders: list[Holder]) -> list[Holder]:
    if not stuck:
        return []
    onward = {holder.yard: holder for holder in reversed(holders) if holder.waits_for in stuck}
    seen: list[int] = []
    yard = min(stuck)
    while yard not in seen:
        seen.append(yard)
        yard = onward[yard].waits_for
    return [onward[rank] for rank in seen[seen.index(yard) :]]
