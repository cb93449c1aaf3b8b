"""What the consignments of each flow and route did, in numbers that can be added up.

In: Scope. Out: `Groups`. A route belongs to one flow; of each flow those without a route
are a group of their own.
"""

from typing import NamedTuple

import numpy as np

from sim.measures.scope import Flags, Floats, Integers, Numbers, Scope, sum_by_group
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


def groups_of(run: Scope) -> Groups:
    """Return what each group of consignments did."""
    legend, seen, cohort = run.legend, run.seen, run.cohort
    flows, routes = len(legend.flow_id), len(legend.route_id)
    flow = np.r_[np.asarray(legend.route_flow, int), np.arange(flows)]
    group = number(seen.consignment_flow, seen.consignment_route, routes)
    mine = number(cohort.flow, cohort.route, routes)

    def count(chosen: Flags) -> Floats:
        return np.bincount(group[chosen], minlength=flow.size).astype(np.float64)

    def total(values: Numbers) -> Floats:
        return sum_by_group(mine, values, flow.size)

    return Groups(
        flow=flow,
        route=np.r_[np.arange(routes), np.full(flows, NEVER)],
        teu=run.plan.flow_lot_teu[flow] / 1_000,
        created=count(run.is_created),
        delivered=count(run.is_gone & (seen.consignment_status == Status.DELIVERED)),
        refused=count(run.is_gone & (seen.consignment_status > Status.DELIVERED)),
        inside=count(run.is_inside(run.end_s)),
        cohort=np.bincount(mine, minlength=flow.size).astype(np.float64),
        unfinished=total(cohort.is_open),
        transit_s=total(cohort.transit_s),
        delay_s=total(cohort.delay_s),
    )


def number(flow: Integers, route: Integers, routes: int) -> Integers:
    """Return `(N,)` the group of consignments by their flow and route."""
    return np.where(route == NEVER, flow.astype(np.int64) + routes, route)


def by_flow(found: Groups, values: Floats, flows: int) -> Floats:
    """Return the sum of groups' values by flow."""
    return sum_by_group(found.flow, values, flows)
