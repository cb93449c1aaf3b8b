"""The stations of a plan, built around one world."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine.breakdowns import Breakdown
from sim.engine.clock import stop_after_this
from sim.engine.fleets import Fleet
from sim.engine.gridlock import Holder, cycle
from sim.engine.meters import Meter
from sim.engine.pools import Pool
from sim.engine.servers import Server
from sim.engine.services import Service
from sim.engine.single_track import Approach, Section
from sim.engine.travel import Traffic
from sim.engine.wagons import Wagons
from sim.engine.world import World
from sim.engine.yards import Yard
from sim.plan import NEVER, Kind, TrackRule

if TYPE_CHECKING:
    from sim.engine.availability import Availability
    from sim.plan import Draws, Plan


class Model:
    """A world with its stations in place, ready to run."""

    def __init__(self, plan: Plan, draws: Draws, seed: int, replication: int) -> None:
        self.world = world = World(plan, draws, seed, replication)
        self.traffic = world.traffic = Traffic(world)
        self.services = [Service(world, v) for v in range(len(plan.service_key))]
        self.servers = {rank: Server(world, rank) for rank in _ranks(plan, Kind.SERVER)}
        self._sections: dict[int, Section] = {}
        self.meters = {rank: self._meter(rank) for rank in _ranks(plan, Kind.METER)}
        self.yards = {rank: Yard(world, rank) for rank in _ranks(plan, Kind.YARD)}
        world.yards = self.yards
        self.wagons = [Wagons(world, w) for w in range(len(plan.wagon_station))]
        counts = np.diff(plan.wagon_place_first).tolist()
        world.wagons_at = [
            wagons for wagons, count in zip(self.wagons, counts, strict=True) for _ in range(count)
        ]
        self.pools = {rank: self._pool(rank) for rank in _ranks(plan, Kind.POOL)}
        self.gates: dict[int, Server | Meter | Approach] = {**self.servers, **self.meters}
        world.gates, world.pools = self.gates, self.pools
        couples = plan.station_couples.tolist()
        world.depots = {rank: server for rank, server in self.servers.items() if couples[rank]}
        self.fleets = [
            Fleet(world, g, self.services[int(service)], self)
            for g, service in enumerate(plan.fleet_service)
        ]
        world.fleets = list(self.fleets)
        fleets = {fleet.rank: fleet for fleet in self.fleets}
        wagons = {one.rank: one for one in self.wagons}
        world.arbiter.stations = {**self.gates, **self.pools, **self.yards, **fleets, **wagons}
        self.availability: dict[int, Availability] = {
            rank: station.availability
            for group in (self.servers, self.meters, self.pools, self.yards, fleets)
            for rank, station in group.items()
        }

        self._set_breakdowns(draws)
        world.watch = self._watch
        self.gridlock: list[Holder] = []

    def _watch(self) -> None:
        """End the run if there is a gridlock; its statistics stand to this instant (R14)."""
        self.gridlock = cycle(self.yards, self.pools.values())
        if self.gridlock:
            stop_after_this(self.world.env)

    def _set_breakdowns(self, draws: Draws) -> None:
        """Give the rows that break down in their work what counts it (R15)."""
        plan = self.world.plan
        station_of_row = np.repeat(np.arange(len(plan.station_kind)), np.diff(plan.row_first))
        for index, closure in enumerate(plan.busy_closure.tolist()):
            row = int(plan.closure_target[plan.closure_target_first[closure]])
            server = self.servers[int(station_of_row[row])]
            parts = (server.availability, server.hands)
            breakdown = Breakdown(self.world, draws, index, server.rank, parts)
            server.breakdowns.setdefault(row, []).append(breakdown)

    def pool(self, index: int) -> Pool | None:
        """Return a pool by its index in the plan."""
        return None if index == NEVER else self.pools[int(self.world.plan.pool_station[index])]

    def server(self, rank: int) -> Server | None:
        """Return a server station by its rank."""
        return None if rank == NEVER else self.servers[int(rank)]

    def _meter(self, rank: int) -> Meter | Approach:
        plan = self.world.plan
        meter = int(plan.station_detail[rank])
        if plan.meter_rule[meter] != TrackRule.ALTERNATING:
            return Meter(self.world, rank)
        opposite = int(plan.meter_opposite[meter])
        first = meter if opposite == NEVER else min(meter, opposite)
        return Approach(self.world, rank, self._sections.setdefault(first, Section()))

    def _pool(self, rank: int) -> Pool:
        plan = self.world.plan
        pool = int(plan.station_detail[rank])
        service = self.services[int(plan.leg_service[plan.pool_leg[pool]])]
        place = int(plan.pool_wagons[pool])
        index = int(np.searchsorted(plan.wagon_place_first, place, side="right")) - 1
        wagons = None if place == NEVER else self.wagons[index]
        return Pool(self.world, rank, service, wagons)


def _ranks(plan: Plan, kind: Kind) -> list[int]:
    return [rank for rank, found in enumerate(plan.station_kind) if found == kind]
