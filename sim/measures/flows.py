"""Flows by route, and the distribution of transit times.

In: Scope, Groups, Transits, corridors of routes. Out: the tables `flows` and `transit`. All
times are those of the cohort created in the window; an unfinished one counts at its age.
"""

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.groups import Groups, Transits, is_of_class, is_of_corridor, tail_s
from sim.measures.scope import DAY_S, Floats, Integers, Scope, percentiles_by_group
from sim.measures.waits import ratio

PERCENTS = tuple(float(p) for p in range(1, 100))


def flows_table(
    run: Scope, found: Groups, transits: Transits, corridor: tuple[str, ...]
) -> pd.DataFrame:
    """Return one row per flow and route with traffic in the window, by (flow, route)."""
    table = pd.DataFrame(_counts(found) | _times(found, transits))
    is_used = table[["teu_offered", "teu_delivered", "teu_inside", "teu_refused"]].any(axis=1)
    table = table[is_used].reset_index(drop=True)
    at = np.flatnonzero(is_used)
    labels = _labels(run, found.flow[at], found.route[at], corridor)
    table = pd.concat([table, labels], axis=1)
    table["excess_d"] = table["transit_mean_d"] - best_free_flow_d(run)[found.flow[at]]
    table["usd"] = table["usd_per_teu"] * table["teu_offered"]
    table["co2e_t"] = table["co2e_kg_per_teu"] * table["teu_offered"] / 1_000
    return table[names("flows")].sort_values(["flow", "route"], ignore_index=True)


def transit_table(
    run: Scope, found: Groups, transits: Transits, corridor: tuple[str, ...]
) -> pd.DataFrame:
    """Return the percentiles 1 to 99 of transit for all, each load class and each corridor."""
    parts = {"all": np.ones(found.flow.size, np.bool_)}
    for name in sorted(set(run.legend.flow_class)):
        parts[f"class.{name}"] = is_of_class(run, found, name)
    for name in sorted(set(corridor)):
        parts[f"corridor.{name}"] = is_of_corridor(found, corridor, name)
    tables = [
        pd.DataFrame({"group": group, "percent": PERCENTS, "transit_d": of_cohort_s / DAY_S})
        for group, of in parts.items()
        if (of_cohort_s := tail_s(found, transits, of, PERCENTS)) is not None
    ]
    empty = pd.DataFrame(columns=names("transit"))
    return pd.concat(tables, ignore_index=True) if tables else empty


def best_free_flow_d(run: Scope) -> Floats:
    """Return `(F,)` the free flow of each flow's quickest route in days, NaN without one."""
    best = np.full(len(run.legend.flow_id), np.inf)
    free = np.asarray(run.legend.route_free_flow_h, float) / 24
    np.minimum.at(best, np.asarray(run.legend.route_flow, int), free)
    return np.where(np.isinf(best), np.nan, best)


def _counts(found: Groups) -> dict[str, Floats]:
    """Return offered, delivered, inside and refused TEU by group."""
    return {
        "teu_offered": found.created * found.teu,
        "teu_delivered": found.delivered * found.teu,
        "teu_inside": found.inside * found.teu,
        "teu_refused": found.refused * found.teu,
    }


def _times(found: Groups, transits: Transits) -> dict[str, Floats]:
    """Return the cohort's transit and delay by group, in days."""
    groups, percents = found.flow.size, (50.0, 90.0, 95.0)
    tail = percentiles_by_group(transits.group, transits.transit_s, groups, percents) / DAY_S
    return {
        "unfinished_percent": 100 * ratio(found.unfinished, found.cohort),
        "transit_mean_d": ratio(found.transit_s, found.cohort) / DAY_S,
        "transit_p50_d": tail[:, 0],
        "transit_p90_d": tail[:, 1],
        "transit_p95_d": tail[:, 2],
        "delay_mean_d": ratio(found.delay_s, found.cohort) / DAY_S,
    }


def _labels(
    run: Scope, flow: Integers, route: Integers, corridor: tuple[str, ...]
) -> pd.DataFrame:
    """Return the words and constants that belong to each row's flow and route."""
    legend = run.legend

    def by_flow(values: tuple[str, ...]) -> list[str]:
        return [values[f] for f in flow]

    def by_route(values: tuple[float, ...]) -> Floats:
        constants: Floats = np.r_[np.asarray(values, float), np.nan]
        return constants[route]

    labels = {
        "flow": by_flow(legend.flow_id),
        "route": [legend.route_id[q] if q >= 0 else "none" for q in route],
        "origin": by_flow(legend.flow_origin),
        "destination": by_flow(legend.flow_destination),
        "commodity": by_flow(legend.flow_commodity),
        "load_class": by_flow(legend.flow_class),
        "corridor": [corridor[q] if q >= 0 else "outside" for q in route],
        "free_flow_d": by_route(legend.route_free_flow_h) / 24,
        "km": by_route(legend.route_km),
        "usd_per_teu": by_route(legend.route_usd_per_teu),
        "co2e_kg_per_teu": by_route(legend.route_co2e_kg_per_teu),
    }
    return pd.DataFrame(labels)
