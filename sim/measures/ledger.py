"""The ledger of the cohort: TEU-hours by place, cause, closure and flow (R23).

In: Scope. Out: the table `ledger`, and the ten worst places of averaged tables.
"""

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import HOUR_S, WAITING_CAUSES, Scope
from sim.plan import NEVER, Cause

WAITING = tuple(c.name.lower() for c in WAITING_CAUSES)
"""The waiting causes by name."""

_TOP = 10


def ledger_table(run: Scope) -> pd.DataFrame:
    """Return one row per place, cause, closure and flow with time booked to it."""
    seen, legend = run.seen, run.legend
    closures = np.array([*legend.closure_id, ""], dtype=object)
    cause = np.array([c.name.lower() for c in Cause], dtype=object)
    teu = run.plan.flow_lot_teu[seen.ledger_flow] / 1_000
    waiting = np.isin(seen.ledger_cause, WAITING_CAUSES)
    table = pd.DataFrame(
        {
            "place": np.array(legend.place_id, dtype=object)[seen.ledger_place],
            "cause": cause[seen.ledger_cause],
            "closure": closures[np.where(seen.ledger_closure == NEVER, -1, seen.ledger_closure)],
            "flow": np.array(legend.flow_id, dtype=object)[seen.ledger_flow],
            "node": np.array(legend.place_node, dtype=object)[seen.ledger_place],
            "is_waiting": np.where(waiting, "yes", "no"),
            "teu_h": seen.ledger_s * teu / HOUR_S,
        }
    )
    return table[names("ledger")]


def bottlenecks(ledger: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
    """Return the ten worst places by waiting in the ledger, and the ten busiest stations.

    Parameters
    ----------
    ledger, stations
        Tables of those names, of one replication or averaged.
    """
    table = pd.concat([_by_ledger(ledger, stations), _by_utilisation(stations)], ignore_index=True)
    return table[names("bottlenecks")]


def _by_ledger(ledger: pd.DataFrame, stations: pd.DataFrame) -> pd.DataFrame:
    """Return the places with the most waiting."""
    waiting = ledger[ledger["is_waiting"] == "yes"]
    total = waiting["teu_h"].sum()
    keys = ["place", "node", "cause"]
    by_cause = waiting.groupby(keys, as_index=False).agg(teu_h=("teu_h", "sum"))
    by_cause = by_cause.sort_values(["teu_h", "place"], ascending=[False, True])
    main = by_cause.drop_duplicates("place").set_index("place")["cause"]
    places = by_cause.groupby(["place", "node"], as_index=False).agg(teu_h=("teu_h", "sum"))
    value = places.loc[places["teu_h"] > 0].sort_values(
        ["teu_h", "place"], ascending=[False, True], ignore_index=True
    )[:_TOP]
    named = stations.set_index("station")["name"]
    return pd.DataFrame(
        {
            "by": "ledger",
            "place": value["place"],
            "node": value["node"],
            "name": value["place"].map(named).fillna(value["place"]),
            "rank": np.arange(1, len(value) + 1),
            "value": value["teu_h"],
            "unit": "TEU h",
            "share_percent": 100 * value["teu_h"] / total if total else np.nan,
            "main_cause": value["place"].map(main),
        }
    )


def _by_utilisation(stations: pd.DataFrame) -> pd.DataFrame:
    """Return the busiest stations that were visited."""
    is_used = (stations["visits"] > 0) | (stations["kind"] == "fleet")
    busy = stations[(stations["utilisation"] > 0) & is_used]
    busy = busy.sort_values(
        ["utilisation", "station"], ascending=[False, True], ignore_index=True
    )[:_TOP]
    return pd.DataFrame(
        {
            "by": "utilisation",
            "place": busy["station"],
            "node": busy["node"],
            "name": busy["name"],
            "rank": np.arange(1, len(busy) + 1),
            "value": busy["utilisation"],
            "unit": "",
            "share_percent": np.nan,
            "main_cause": "",
        }
    )
