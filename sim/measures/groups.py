"""What the consignments of each flow and route did, in numbers that can be added up.

In: Scope. Out: `Groups`, and the `Transits` of the cohort. A route belongs to one flow; of
each flow those without a route are a group of their own.
"""

from typing import NamedTuple

import numpy as np

from sim.measures.scope import (
    Flags,
    Floats,
    Integers,
    Scope,
    count_by_group,
    percentile,
    sum_by_group,
)
from sim.plan import NEVER, Status


class Groups(NamedTuple):
    """Consignments by group (G,): of each route, then those of each flow without one."""

    flow: Integers
    route: Integers
    """NEVER: without."""
    teu: Floats
    """Of one consignment."""
    created: Floats
    """In the window; so are those delivered and refused."""
    delivered: Floats
    refused: Floats
    inside: Floats
    """When the window ended."""
    cohort: Floats
    """Created in the window and not refused: whose times are summed (R20)."""
    unfinished: Floats
    transit_s: Floats
    delay_s: Floats


class Transits(NamedTuple):
    """The cohort's consignments in order of their transit (R20)."""

    transit_s: Integers
    """(K,) ascending."""
    group: Integers
    """(K,) index in `Groups`."""


def grouped(run: Scope) -> tuple[Groups, Transits]:
    """Return what each group did, and the cohort in order of its transit."""
    group = _numbers(run)
    return _groups(run, group), _transits(run, group)


def _numbers(run: Scope) -> Integers:
    """Return `(N,)` the group of each consignment, in the fewest bytes."""
    legend, seen = run.legend, run.seen
    routes = len(legend.route_id)
    group = seen.consignment_route.astype(np.min_scalar_type(routes + len(legend.flow_id)))
    without = np.flatnonzero(seen.consignment_route == NEVER)
    group[without] = seen.consignment_flow[without].astype(np.int64) + routes
    return group


def _groups(run: Scope, group: Integers) -> Groups:
    """Return what each group of consignments did, given the group of each."""
    legend, seen = run.legend, run.seen
    flows, routes = len(legend.flow_id), len(legend.route_id)
    flow = np.r_[np.asarray(legend.route_flow, int), np.arange(flows)]
    status, is_cohort = seen.consignment_status, run.is_cohort
    mine = group[is_cohort]

    def count(chosen: Flags) -> Floats:
        return count_by_group(group[chosen], flow.size).astype(np.float64)

    return Groups(
        flow=flow,
        route=np.r_[np.arange(routes), np.full(flows, NEVER)],
        teu=run.plan.flow_lot_teu[flow] / 1_000,
        created=count(run.is_created),
        delivered=count(run.is_gone & (status == Status.DELIVERED)),
        refused=count(run.is_gone & (status > Status.DELIVERED)),
        inside=count(run.is_inside(run.end_s)),
        cohort=count(is_cohort),
        unfinished=count(is_cohort & (status == Status.INSIDE)),
        transit_s=sum_by_group(mine, run.transit_s(is_cohort), flow.size),
        delay_s=sum_by_group(mine, seen.consignment_delay_s[is_cohort], flow.size),
    )


def _transits(run: Scope, group: Integers) -> Transits:
    """Return the cohort in order of its transit, given the group of each consignment."""
    is_cohort = run.is_cohort
    # Sorted as one number each, which takes a fraction of the time of an order by transit.
    at = run.transit_s(is_cohort).astype(np.int64)
    at <<= 32
    at |= np.flatnonzero(is_cohort)
    at.sort()
    transit_s = (at >> 32).astype(np.int32)
    at &= 0xFFFFFFFF
    return Transits(transit_s, group[at])


def tail_s(
    found: Groups, transits: Transits, of: Flags, percents: tuple[float, ...]
) -> Floats | None:
    """Return percentiles of transit by TEU of some groups, None if none is in the cohort."""
    mine = slice(None) if of.all() else of[transits.group]
    transit_s = transits.transit_s[mine]
    if not transit_s.size:
        return None
    return percentile(transit_s, found.teu[transits.group[mine]], percents)


def is_of_class(run: Scope, found: Groups, name: str) -> Flags:
    """Return `(G,)` which groups are of a load class."""
    of_flow: Flags = np.array([c == name for c in run.legend.flow_class])
    return of_flow[found.flow]


def is_of_corridor(found: Groups, corridor: tuple[str, ...], name: str) -> Flags:
    """Return `(G,)` which groups take a corridor: of those without a route, none."""
    of_route: Flags = np.array([c == name for c in corridor] + [False])
    return of_route[found.route]


def by_flow(found: Groups, values: Floats, flows: int) -> Floats:
    """Return the sum of groups' values by flow."""
    return sum_by_group(found.flow, values, flows)
