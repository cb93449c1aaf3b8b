"""Routes as steps of consignments, and the choice among them by epoch (R5).

In: uses, and the pools they join. Out: `RoutePart`s in order of flow and id, and
for every epoch and flow the routes that are open and their shares.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from sim.compiler.flows import FlowPart
from sim.compiler.forming import Gathering, pool_id, pool_of
from sim.compiler.parts import Choice, RoutePart, WayPart
from sim.compiler.uses import TripKey, Use, trip_key


class Routing(NamedTuple):
    """Routes, and who may take which when."""

    routes: tuple[RoutePart, ...]
    choices: tuple[tuple[tuple[Choice, ...], ...], ...]
    """By epoch and flow."""


def read_routes(
    uses: Sequence[Use],
    flows: Sequence[FlowPart],
    epochs: int,
    ids: Mapping[TripKey, str],
    gathered: Mapping[Gathering, Gathering],
) -> Routing:
    """Return the routes of followed flows and the choices among them.

    Parameters
    ----------
    uses
        Of followed flows, in order of epoch.
    flows
        Followed, in the order of their index.
    epochs
        Number of epochs.
    ids, gathered
        Legs of trips, and where loads gather for them.

    Notes
    -----
    A route whose stations differ from those of an earlier epoch is another one with
    the old key, so the choice is drawn alike.
    """
    found: dict[tuple[str, str, tuple[str, ...]], RoutePart] = {}
    taken: set[tuple[str, str]] = set()
    open_to: dict[tuple[int, str], list[Choice]] = {}
    for use in uses:
        steps = _steps(use, ids, gathered)
        key = (use.flow.id, use.route.id, steps)
        if key not in found:
            route_id = use.route.id
            while (use.flow.id, route_id) in taken:
                route_id = f"{route_id}+{use.day.isoformat()}"
            taken.add((use.flow.id, route_id))
            found[key] = _route_part(use, route_id, steps, ids)
        choice = Choice(found[key].id, use.share)
        open_to.setdefault((use.epoch, use.flow.id), []).append(choice)
    ordered = sorted(found.values(), key=lambda one: (one.flow.encode(), one.id))
    choices = tuple(
        tuple(tuple(sorted(open_to.get((epoch, flow.id), ()))) for flow in flows)
        for epoch in range(epochs)
    )
    return Routing(tuple(ordered), choices)


def _steps(
    use: Use, ids: Mapping[TripKey, str], gathered: Mapping[Gathering, Gathering]
) -> tuple[str, ...]:
    steps: list[str] = []
    for number, served in enumerate(use.journey.before):
        steps.extend(served)
        if number < len(use.journey.trips):
            steps.append(pool_id(pool_of(use, number, ids, gathered)))
    return tuple(steps)


def _route_part(
    use: Use, route_id: str, steps: tuple[str, ...], ids: Mapping[TripKey, str]
) -> RoutePart:
    route = use.route
    return RoutePart(
        id=route_id,
        key=route.id,
        flow=use.flow.id,
        steps=steps,
        legs=tuple(ids[trip_key(trip)] for trip in use.journey.trips),
        usd_per_teu=route.cost.tariff_usd + route.cost.handling_usd,
        co2e_kg_per_teu=route.co2e_kg,
        free_flow_h=route.hours.total_h - route.hours.waiting_h,
        km=route.km,
        ways=tuple(WayPart(leg.nodes, leg.links, leg.directions) for leg in route.legs)
        or (WayPart((route.origin,), (), ()),),
    )
