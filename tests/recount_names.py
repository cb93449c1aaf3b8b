"""A Trace in names, so that runs of plans declared in another order can be compared."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from plan_maker import PlanMaker

from sim.plan import NEVER, Kind, Plan, Trace

Ints = NDArray[np.integer[Any]]
Told = dict[str, list[tuple[object, ...]]]


def named(maker: PlanMaker, plan: Plan, trace: Trace) -> Told:
    """Return the rows of each table of a trace with names in place of indices.

    Closures that strike only what nobody uses are left out; all else must agree.
    """
    stations = sorted(maker.stations, key=str.encode)
    places = stations + [
        f"{leg}/{i}" for leg, spec in maker.legs.items() for i in range(len(spec["elements"]))
    ]
    pools = [name for name in stations if maker.stations[name]["kind"] == Kind.POOL]
    flows = sorted(maker.flows, key=str.encode)
    routes, closures = list(maker.routes), sorted(maker.closures)

    def names(of: list[str], indices: Ints) -> list[str]:
        return ["" if i == NEVER else of[i] for i in indices.tolist()]

    told: dict[str, list[Sequence[object] | Ints]] = {
        "vehicles": [names(pools, trace.vehicle_pool), trace.vehicle_departed_s],
        "legs": [trace.vehicle_ended_s, trace.vehicle_load],
        "visits": [
            trace.visit_vehicle,
            names(stations, trace.visit_station),
            trace.visit_request_s,
            trace.visit_start_s,
            trace.visit_end_s,
        ],
        "consignments": [
            names(flows, trace.consignment_flow),
            trace.consignment_number,
            names(routes, trace.consignment_route),
            trace.consignment_created_s,
            trace.consignment_finished_s,
            trace.consignment_status,
        ],
        "causes": list(trace.consignment_cause_s.T),
        "stays": [
            trace.stay_consignment,
            names(stations, trace.stay_station),
            trace.stay_request_s,
            trace.stay_start_s,
            trace.stay_end_s,
            trace.stay_vehicle,
        ],
        "ledger": [
            names(places, trace.ledger_place),
            trace.ledger_cause,
            names(closures, trace.ledger_closure),
            names(flows, trace.ledger_flow),
            trace.ledger_s,
        ],
    }
    rows = {
        what: list(zip(*(list(column) for column in columns), strict=True))
        for what, columns in told.items()
    }
    rows["ledger"].sort()
    rows["run"] = [(trace.ended_s, len(plan.flow_key) > 0)]
    return rows
