"""What is written down as it happens, and the Trace made of it (R26)."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

import numpy as np

from sim.plan import NEVER, Status, Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sim.engine.ledger import Ledger
    from sim.engine.travellers import Vehicle
    from sim.engine.visits import Visit
    from sim.plan import Draws

VEHICLE_COLUMNS = 4
VISIT_COLUMNS = 5
STAY_COLUMNS = 6
GRIDLOCK_COLUMNS = 5
CLOSURE_COLUMNS = 3


class Log:
    """Rows of the Trace in order of their happening."""

    def __init__(self, consignments: int) -> None:
        self._vehicles = array("i")
        self._visits = array("i")
        self._stays = array("i")
        self._closures = array("i")
        self._count = 0
        self._finished_s = np.full(consignments, NEVER, dtype=np.int32)
        self._status = np.full(consignments, Status.INSIDE, dtype=np.int32)

    def next_vehicle(self) -> int:
        """Return the number of a new trip, and keep a row for it."""
        self._vehicles.extend((NEVER, NEVER, NEVER, 0))
        self._count += 1
        return self._count - 1

    def start_vehicle(self, vehicle: Vehicle) -> None:
        """Write down a departure."""
        at = vehicle.number * VEHICLE_COLUMNS
        self._vehicles[at] = vehicle.pool
        self._vehicles[at + 1] = vehicle.departed_s
        self._vehicles[at + 3] = vehicle.load_teu

    def end_vehicle(self, vehicle: Vehicle, now_s: int) -> None:
        """Write down the end of a leg."""
        self._vehicles[vehicle.number * VEHICLE_COLUMNS + 2] = now_s

    def write(self, rank: int, visit: Visit) -> None:
        """Write down a visit of a vehicle or of a consignment."""
        traveller, start_s, duration_s = visit.traveller, visit.start_s, visit.duration_s
        end_s = NEVER if NEVER in (start_s, duration_s) else start_s + duration_s
        row = (traveller.number, rank, visit.request_s, start_s, end_s)
        if traveller.is_vehicle:
            self._visits.extend(row)
        else:
            self._stays.extend((*row, NEVER))

    def write_turned_away(self, rank: int, visit: Visit, now_s: int) -> None:
        """Write down a vehicle's request for room that was refused."""
        self._visits.extend((visit.traveller.number, rank, visit.request_s, NEVER, now_s))

    def write_stay(
        self, number: int, rank: int, request_s: int, departed_s: int, vehicle: int
    ) -> None:
        """Write down a consignment's time in a pool."""
        self._stays.extend((number, rank, request_s, departed_s, departed_s, vehicle))

    def write_closure(self, closure: int, start_s: int, end_s: int) -> None:
        """Write down a closure that nobody knew before the run."""
        self._closures.extend((closure, start_s, end_s))

    def finish(self, number: int, status: Status, now_s: int) -> None:
        """Write down what has become of a consignment."""
        self._finished_s[number] = now_s
        self._status[number] = status

    def trace(
        self, draws: Draws, ledger: Ledger, ended_s: int, gridlock: Sequence[tuple[int, ...]]
    ) -> Trace:
        """Return everything in the order the Trace states."""
        vehicles = _columns(self._vehicles, VEHICLE_COLUMNS)
        visits = _columns(self._visits, VISIT_COLUMNS)
        stays = _columns(self._stays, STAY_COLUMNS)
        visits = visits[:, np.argsort(visits[0], kind="stable")]
        stays = stays[:, np.argsort(stays[0], kind="stable")]
        rows = ledger.rows()
        closures = self._all_closures(draws)
        # A run that stops by count has created no one after that instant.
        created = slice(0, int(np.searchsorted(draws.consignment_created_s, ended_s, "right")))
        return Trace(
            vehicle_pool=vehicles[0],
            vehicle_departed_s=vehicles[1],
            vehicle_ended_s=vehicles[2],
            vehicle_load=vehicles[3],
            visit_vehicle=visits[0],
            visit_station=visits[1],
            visit_request_s=visits[2],
            visit_start_s=visits[3],
            visit_end_s=visits[4],
            consignment_flow=draws.consignment_flow[created].astype(np.int32),
            consignment_number=draws.consignment_number[created].astype(np.int32),
            consignment_route=draws.consignment_route[created].astype(np.int32),
            consignment_created_s=draws.consignment_created_s[created].astype(np.int32),
            consignment_finished_s=self._finished_s[created],
            consignment_status=self._status[created],
            consignment_cause_s=ledger.by_consignment()[created],
            stay_consignment=stays[0],
            stay_station=stays[1],
            stay_request_s=stays[2],
            stay_start_s=stays[3],
            stay_end_s=stays[4],
            stay_vehicle=stays[5],
            ledger_place=rows[:, 0].astype(np.int32),
            ledger_cause=rows[:, 1].astype(np.int32),
            ledger_closure=rows[:, 2].astype(np.int32),
            ledger_flow=rows[:, 3].astype(np.int32),
            ledger_s=rows[:, 4],
            closure_index=closures[0],
            closure_start_s=closures[1],
            closure_end_s=closures[2],
            ended_s=ended_s,
            gridlock=np.array(gridlock, dtype=np.int32).reshape(-1, GRIDLOCK_COLUMNS),
        )

    def _all_closures(self, draws: Draws) -> NDArray[np.int32]:
        """Return (3, closures): index, start, end."""
        known = (draws.closure_index, draws.closure_start_s, draws.closure_end_s)
        came = _columns(self._closures, CLOSURE_COLUMNS)
        every = np.concatenate((np.stack(known).astype(np.int32), came), axis=1)
        return np.ascontiguousarray(every[:, np.lexsort((every[2], every[0], every[1]))])


def _columns(flat: array[int], columns: int) -> NDArray[np.int32]:
    """Return (columns, rows)."""
    table = np.frombuffer(flat, dtype=np.int32) if flat else np.zeros(0, dtype=np.int32)
    return np.ascontiguousarray(table.reshape(-1, columns).T)
