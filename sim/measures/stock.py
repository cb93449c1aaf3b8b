"""What is inside at the window's first and last instant, and where (R21).

In: Scope. Out: the table `stock`.
"""

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.flows import is_inside
from sim.measures.scope import Floats, Integers, Scope, sum_by_group
from sim.plan import NEVER


def stock_table(run: Scope) -> pd.DataFrame:
    """Return one row per place that holds something at either end, stations first."""
    legend = run.legend
    start, end = (_teu_by_place(run, instant) for instant in (run.start_s, run.end_s))
    table = pd.DataFrame(
        {
            "place": [*legend.station_id, "aboard", "origin"],
            "node": [*legend.station_node, "", ""],
            "teu_start": start,
            "teu_end": end,
            "teu_growth": end - start,
        }
    )
    held = (table["teu_start"] > 0) | (table["teu_end"] > 0)
    return table[held].reset_index(drop=True)[names("stock")]


def _teu_by_place(run: Scope, instant_s: int) -> Floats:
    """Return `(S + 2,)` TEU inside just before an instant: at stations, aboard, at origin."""
    stations = len(run.legend.station_id)
    place = np.full(run.teu.size, stations + 1)
    trace = run.trace
    at_station = _spans(trace.stay_request_s, trace.stay_end_s, instant_s)
    aboard = _aboard(run, instant_s)
    place[trace.stay_consignment[aboard]] = _vehicle_place(run, instant_s)[
        trace.stay_vehicle[aboard]
    ]
    place[trace.stay_consignment[at_station]] = trace.stay_station[at_station]
    inside = is_inside(run, instant_s)
    return sum_by_group(place[inside], run.teu[inside], stations + 2)


def _spans(from_s: Integers, to_s: Integers, instant_s: int) -> Integers:
    """Return the rows that had begun before an instant and ended no earlier."""
    return np.flatnonzero((from_s < instant_s) & ((to_s == NEVER) | (to_s >= instant_s)))


def _aboard(run: Scope, instant_s: int) -> Integers:
    """Return the stays whose vehicle was under way just before an instant."""
    trace = run.trace
    under_way = np.zeros(trace.vehicle_pool.size + 1, bool)
    left = trace.vehicle_departed_s != NEVER
    rows = _spans(trace.vehicle_departed_s, trace.vehicle_ended_s, instant_s)
    under_way[rows[left[rows]]] = True
    return np.flatnonzero(under_way[trace.stay_vehicle])


def _vehicle_place(run: Scope, instant_s: int) -> Integers:
    """Return `(V,)` the station each vehicle was at just before an instant, else `aboard`."""
    trace = run.trace
    place = np.full(trace.vehicle_pool.size, len(run.legend.station_id))
    rows = _spans(trace.visit_request_s, trace.visit_end_s, instant_s)
    place[trace.visit_vehicle[rows]] = trace.visit_station[rows]
    return place
