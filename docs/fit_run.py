"""One replication made ready for its figures: what its legs pass, what its loads weigh.

In: Trace, Scope, Measures, Network. Out: `Run`, and which of its legs and flows a `Metric` means.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from fit_metrics import Metric, Window

from network.schema import LinkRow, Network
from sim.measures.build import Measures
from sim.measures.scope import DAY_S, Flags, Scope
from sim.plan import NEVER, Trace

Numbers = npt.NDArray[np.float64]

TERMINALS = {"dostyk": ("dostyk_tt",), "altynkol": ("khorgos_gateway",)}
"""Terminals that a published figure of a crossing counts with it."""

WEIGHTS = (
    ("emp", "empty"), ("titr_emp", "empty"), ("ceu_w", "China-EU"), ("ceu_e", "EU-China"),
    ("cru", "China-Russia/Belarus"), ("rca", "China-Russia/Belarus"),
    ("ckz_w", "China-Kazakhstan import"),
    ("ckz_e", "Kazakhstan-China export"), ("titr", "TITR"), ("", "China-Central Asia"),
)  # fmt: skip
"""Beginning of a flow's id, and the region whose tonnes a TEU are its."""


class Leg(NamedTuple):
    """What a leg passes."""

    nodes: tuple[str, ...]
    links: tuple[str, ...]
    mode: str
    countries: frozenset[str]
    crossings: tuple[tuple[str, str], ...]
    """Countries left and entered, in order."""


class Run(NamedTuple):
    """One replication, and what all its figures need."""

    trace: Trace
    scope: Scope
    measures: Measures
    legs: tuple[Leg, ...]
    links: Mapping[str, LinkRow]
    country: Mapping[str, str]
    """Node -> country."""
    tonnes: Numbers
    """`(F,)` tonnes of one consignment."""
    stay_leg: npt.NDArray[np.int64]
    """`(M,)` leg on which a stay's consignment left, NEVER for a stay at a server."""
    vehicle_leg: npt.NDArray[np.int64]


def read_run(trace: Trace, scope: Scope, measures: Measures, network: Network) -> Run:
    """Return a replication made ready for its figures."""
    plan, legend = scope.plan, scope.legend
    links = {link.id: link for link in network.links}
    country = {node.id: node.country for node in network.nodes}
    by_vehicle = np.r_[plan.pool_leg, NEVER][trace.vehicle_pool]
    aboard = np.where(
        trace.stay_vehicle != NEVER, np.r_[by_vehicle, NEVER][trace.stay_vehicle], NEVER
    )
    return Run(
        trace=trace,
        scope=scope,
        measures=measures,
        legs=tuple(
            _leg(nodes, passed, links, country)
            for nodes, passed in zip(legend.leg_nodes, legend.leg_links, strict=True)
        ),
        links=links,
        country=country,
        tonnes=tonnes_by_flow(legend.flow_id, legend.flow_unit, legend.flow_lot, network),
        stay_leg=aboard,
        vehicle_leg=by_vehicle,
    )


def tonnes_by_flow(
    flows: Iterable[str], units: Iterable[str], lots: Iterable[float], network: Network
) -> Numbers:
    """Return `(F,)` the tonnes of one consignment of each flow."""
    per_teu = {cost.region: cost.value for cost in network.costs if cost.item == "t_per_teu"}
    per_truck = next(cost.value for cost in network.costs if cost.item == "t_per_truck")
    weights = [
        per_teu[_region(flow)] if unit == "teu" else per_truck if unit == "truck" else 1.0
        for flow, unit in zip(flows, units, strict=True)
    ]
    return np.array([w * lot for w, lot in zip(weights, lots, strict=True)], np.float64)


def span_s(window: Window, run: Run) -> tuple[int, int]:
    """Return the seconds of the run from which and to which a window reaches."""
    first_day = dt.date.fromisoformat(run.scope.legend.window_start)
    begin = dt.date(first_day.year, window.first, 1)
    end = dt.date(first_day.year + window.last // 12, window.last % 12 + 1, 1)
    since, until = (run.scope.start_s + (day - first_day).days * DAY_S for day in (begin, end))
    return since, until


def _region(flow: str) -> str:
    return next(region for beginning, region in WEIGHTS if flow.startswith(beginning))


def _leg(
    nodes: tuple[str, ...],
    passed: tuple[str, ...],
    links: Mapping[str, LinkRow],
    country: Mapping[str, str],
) -> Leg:
    sides = [country[node] for node in nodes]
    crossings = tuple((a, b) for a, b in pairwise(sides) if a != b)
    return Leg(nodes, passed, links[passed[0]].mode, frozenset(sides), crossings)


# --- which legs, which flows


def has_leg(metric: Metric, run: Run) -> Flags:
    """Return `(L + 1,)` which legs meet the conditions; the last, NEVER, does not."""
    return np.array([*(_meets(metric, leg) for leg in run.legs), False])


def _meets(metric: Metric, leg: Leg) -> bool:
    nodes, links = metric.values("node", "nodes"), metric.values("link", "links")
    wanted = [word.removesuffix("*") for word in links]
    (mode,) = metric.values("mode") or (leg.mode,)
    border = {tuple(pair.upper().split("-")) for pair in metric.values("border")}
    return (
        leg.mode == mode
        and (not nodes or any(node in leg.nodes for node in nodes))
        and (not links or any(link.startswith(w) for link in leg.links for w in wanted))
        and (not border or any(pair in border or pair[::-1] in border for pair in leg.crossings))
        and leg.countries.issuperset(metric.values("country"))
        and _goes(metric, leg)
    )


def _goes(metric: Metric, leg: Leg) -> bool:
    """Return whether a leg crosses a border in the direction that is asked for."""
    (direction,) = metric.values("direction") or ("both",)
    if direction == "from_china":
        return any(pair[0] == "CN" for pair in leg.crossings)
    if direction == "to_china":
        return any(pair[1] == "CN" for pair in leg.crossings)
    if direction == "to_kz":
        return any(pair[1] == "KZ" and pair[0] == "RU" for pair in leg.crossings)
    return True


def has_flow(metric: Metric, run: Run, load_class: str = "") -> Flags:
    """Return `(F,)` which flows are meant."""
    beginnings = metric.values("flows") or ("",)
    legend = run.scope.legend
    return np.array(
        [
            any(flow.startswith(b) for b in beginnings) and load_class in ("", mine)
            for flow, mine in zip(legend.flow_id, legend.flow_class, strict=True)
        ]
    )
