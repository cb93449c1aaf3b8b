"""What is to be counted of a run for its links, borders and few flows.

In: Plan, Legend, Places. Out: `Line`, each link and direction that is travelled, and the
`Watch` with which a run is counted.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from sim.measures.places import Passage
from sim.measures.scope import Integers
from sim.plan import NEVER, Kind, Legend, Plan
from sim.tallies import Watch

FLOWS_IN_DETAIL = 20
"""Most flows of a model whose waits are told by flow."""

_CONTROL, _YARD = 1, 2
"""Bits of stations and legs: where trains wait for China."""


class Line(NamedTuple):
    """One link in one direction, and where its passages are recorded."""

    passage: Passage
    meter: int
    """Station of its meter, or NEVER."""
    legs: tuple[int, ...]
    """Legs that travel it."""


def lines(
    plan: Plan, legend: Legend, travelled: tuple[tuple[Passage, ...], ...]
) -> tuple[Line, ...]:
    """Return every link and direction that a leg of the plan travels, by (link, direction)."""
    meters = _meters_by_leg(plan)
    found: dict[tuple[str, bool], tuple[Passage, set[int], set[int]]] = {}
    for leg, passages in enumerate(travelled):
        for passage in passages:
            key = (passage.link, not passage.is_forward)
            _, legs, stations = found.setdefault(key, (passage, set(), set()))
            legs.add(leg)
            stations.update(s for s in meters[leg] if legend.station_node[s] == passage.link)
    return tuple(
        Line(passage, min(stations, default=NEVER), tuple(sorted(legs)))
        for _, (passage, legs, stations) in sorted(found.items())
    )


def watch(plan: Plan, legend: Legend, found: tuple[Line, ...]) -> Watch:
    """Return what a run has to count besides its stations, flows and legs.

    Consignments are counted by flow where they cross borders: at meters, or by legs where a
    border has none. Waits of vehicles are noted where trains wait for China: at gates,
    customs and inspections of trains towards China, at the meter of a rail link into China,
    or for room in a yard behind it.
    """
    borders = [line for line in found if line.passage.is_border]
    meters = sorted({line.meter for line in borders if line.meter != NEVER})
    legs = sorted({leg for line in borders if line.meter == NEVER for leg in line.legs})
    station_line = np.full(plan.station_kind.size, NEVER, np.int64)
    station_line[meters] = np.arange(len(meters))
    leg_line = np.full(plan.leg_service.size, NEVER, np.int64)
    leg_line[legs] = np.arange(len(meters), len(meters) + len(legs))
    station_holds, leg_holds = np.zeros_like(station_line), np.zeros_like(leg_line)
    entries = entries_into_china(found)
    if entries:
        controls = _controls_towards_china(legend)
        controls |= {line.meter for line in entries if line.meter != NEVER}
        station_holds[sorted(controls)] |= _CONTROL
        station_holds[_yards_in(plan, legend, found, "CN")] |= _YARD
        rail = [line.legs for line in found if line.passage.mode == "rail"]
        leg_holds[sorted({leg for legs in rail for leg in legs})] |= _CONTROL
        leg_holds[sorted({leg for line in entries for leg in line.legs})] |= _YARD
    return Watch(
        station_line=station_line,
        leg_line=leg_line,
        lines=len(meters) + len(legs),
        station_holds=station_holds,
        leg_holds=leg_holds,
        wait_over_s=np.array(legend.wait_over_s, dtype=np.int64),
        by_flow=len(legend.flow_id) <= FLOWS_IN_DETAIL,
    )


def entries_into_china(found: tuple[Line, ...]) -> list[Line]:
    """Return the rail lines into China."""
    return [
        line
        for line in found
        if line.passage.mode == "rail"
        and line.passage.is_border
        and line.passage.countries[1] == "CN"
    ]


def _controls_towards_china(legend: Legend) -> set[int]:
    """Return the controls of vehicles towards China."""
    return {
        s
        for s, (name, kind) in enumerate(zip(legend.station_id, legend.station_kind, strict=True))
        if kind in {"gate", "customs", "inspection"} and "to_china" in name
    }


def _yards_in(plan: Plan, legend: Legend, found: tuple[Line, ...], country: str) -> list[int]:
    """Return the yards at nodes of a country."""
    passed = [line.passage for line in found]
    nodes = {p.origin for p in passed if p.countries[0] == country}
    nodes |= {p.destination for p in passed if p.countries[1] == country}
    return [
        s
        for s, kind in enumerate(plan.station_kind)
        if kind == Kind.YARD and legend.station_node[s] in nodes
    ]


def _meters_by_leg(plan: Plan) -> list[Integers]:
    """Return by leg the meters among its elements."""
    station = plan.element_station
    is_meter = (station != NEVER) & (np.r_[plan.station_kind, NEVER][station] == Kind.METER)
    bounds = plan.element_first
    return [station[first:last][is_meter[first:last]] for first, last in pairwise(bounds)]
