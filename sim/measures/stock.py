"""What is inside at the window's first and last instant, and where (R21).

In: Scope. Out: the table `stock`.
"""

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import Floats, Scope


def stock_table(run: Scope) -> pd.DataFrame:
    """Return one row per place that holds something at either end, stations first."""
    legend = run.legend
    start, end = (_teu_by_place(run, end) for end in (0, 1))
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


def _teu_by_place(run: Scope, end: int) -> Floats:
    """Return `(S + 2,)` TEU inside at the window's start (0) or end (1).

    At stations, aboard, and at its origin what is nowhere else.
    """
    placed = run.seen.stock[end]
    inside = run.is_inside((run.start_s, run.end_s)[end])
    load = run.plan.flow_lot_teu[run.seen.consignment_flow[inside]].sum()
    return np.append(placed, load - placed.sum()) / 1_000
