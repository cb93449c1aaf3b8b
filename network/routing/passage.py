"""What a leg and a route pass on their way, and what that costs: rows, hours, fees.

``stops`` and ``visits`` are what the compiler turns into elements and steps.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from network.routing.atlas import Atlas, Carrier, side_of
from network.routing.cost import (
    T_PER_TEU,
    co2e_kg_per_km,
    fee,
    is_caspian,
    tariff_per_km,
)
from network.routing.records import Leg
from network.routing.regions import Haul
from network.schema import FacilityRow, ServiceRow
from network.visit import Visit, handling, station_key, stop

_LEAST_SCALE = 0.3
"""A `per: train` time never scales below this part of its mean (R9)."""
_HALF = 0.5
_TYPICAL_FILL = 0.85


class Stop(NamedTuple):
    """A node that a vehicle passes whole under way."""

    node: str
    rows: tuple[FacilityRow, ...]
    """Rows passed, in order; often none."""


def stops(atlas: Atlas, leg: Leg) -> tuple[Stop, ...]:
    """Return the stops between the ends of a leg, in order, one per node passed."""
    side = side_of(leg)
    countries = [atlas.nodes[node].country for node in leg.nodes]
    return tuple(
        Stop(
            node,
            stop(
                atlas.facilities.get(node, ()),
                side,
                leg.load_class,
                at_border=len(set(countries[at - 1 : at + 2])) > 1,
            ),
        )
        for at, node in enumerate(leg.nodes[1:-1], start=1)
    )


def visits(atlas: Atlas, legs: Sequence[Leg], node: str, load_class: str) -> tuple[Visit, ...]:
    """Return the visits at origin, at each handling and at the destination, in order.

    Parameters
    ----------
    node
        Origin of the route; all there is where it has no legs.
    """
    ends: list[tuple[str, Leg | None, Leg | None]] = []
    for before, after in zip((None, *legs), (*legs, None), strict=True):
        place = before.destination if before else after.origin if after else node
        ends.append((place, before, after))
    return tuple(_visit(atlas, *end, load_class) for end in ends)


def _visit(
    atlas: Atlas, node: str, before: Leg | None, after: Leg | None, load_class: str
) -> Visit:
    return handling(
        atlas.facilities.get(node, ()),
        node,
        side_of(before) if before else None,
        side_of(after) if after else None,
        load_class,
    )


def capacity_teu(row: object, load_class: str) -> float | None:
    """Return a vehicle's usable capacity for a load class in TEU equivalents, or None.

    Parameters
    ----------
    row
        Service or default row.
    """
    factor = getattr(row, "load_factor", None) or 1.0
    trucks = getattr(row, "capacity_trucks", None)
    teu = getattr(row, "capacity_teu", None)
    tonnes = getattr(row, "capacity_t", None)
    if load_class == "truck" and trucks:
        return float(trucks) * 2.0 * factor
    if load_class == "box" and teu:
        return float(teu) * factor
    if load_class != "box" and tonnes:
        return float(tonnes) / T_PER_TEU[load_class] * factor
    return float(teu) * factor if teu else None


def typical_load_teu(carrier: Carrier, load_class: str) -> float | None:
    """Return what a departing vehicle carries before flows are known, TEU, or None.

    Halfway between its least load and its capacity (85 % full where it states no least).
    """
    capacity = capacity_teu(carrier.row, load_class)
    if capacity is None:
        return None
    least = carrier.row.min_load_teu
    if least is None or load_class != "box":
        return _TYPICAL_FILL * capacity
    return _HALF * (min(least, capacity) + capacity)


def waiting_h(carrier: Carrier, lot_teu: float) -> float:
    """Return the estimated wait for a vehicle: half the gap between two departures.

    The gap is the headway, or the longest wait where there is no headway; 0 where one lot
    is enough to leave.
    """
    row = carrier.row
    least = row.min_load_teu
    headway = row.headway_h if isinstance(row, ServiceRow) else None
    if headway is None and least is not None and least <= lot_teu:
        return 0.0
    every = row.departures_every_h if isinstance(row, ServiceRow) else None
    capacity = capacity_teu(row, "truck")
    if row.mode == "road" and capacity is not None and capacity <= lot_teu:
        return 0.0
    return _HALF * (every or headway or row.max_wait_h or 0.0)


def mean_h(row: FacilityRow, lot_teu: float, load_teu: float | None) -> float:
    """Return the mean hours at a row for a lot, or for a vehicle with its load (R8, R9)."""
    mean = (row.mean_h or 0.0) * row.share
    if row.per == "teu":
        return mean * lot_teu
    if row.ref_teu and load_teu is not None:
        return mean * max(_LEAST_SCALE, load_teu / row.ref_teu)
    return mean


def once(rows: Iterable[FacilityRow]) -> tuple[FacilityRow, ...]:
    """Return the first row of each station: rows of one pool are passed once (R8)."""
    return tuple({station_key(row): row for row in reversed(tuple(rows))}.values())[::-1]


def hours_at(visit: Visit, lot_teu: float, loads: tuple[float | None, float | None]) -> float:
    """Return the mean hours of a visit without any wait.

    Parameters
    ----------
    loads
        TEU aboard the vehicles that come and go, or None.
    """
    return (
        sum(mean_h(row, lot_teu, loads[0]) for row in once(visit.arriving))
        + sum(mean_h(row, lot_teu, None) for row in once(visit.consignment))
        + sum(mean_h(row, lot_teu, loads[1]) for row in once(visit.departing))
    )


def tariff_usd(atlas: Atlas, leg: Leg) -> float:
    """Return the tariff of a leg in USD per TEU: by its region, on roads link by link."""
    if leg.mode == "road":
        return sum(tariff_per_km(atlas.prices, haul) * km for haul, km in link_hauls(atlas, leg))
    return tariff_per_km(atlas.prices, leg_haul(atlas, leg)) * leg.km


def co2e_kg(atlas: Atlas, leg: Leg) -> float:
    """Return the emission of a leg in kg CO2e per TEU, link by link."""
    return sum(co2e_kg_per_km(atlas.prices, haul) * km for haul, km in link_hauls(atlas, leg))


def leg_haul(atlas: Atlas, leg: Leg) -> Haul:
    """Return what the tariff of a leg depends on."""
    ends = (atlas.nodes[leg.origin], atlas.nodes[leg.destination])
    return Haul(
        mode=leg.mode,
        gauge_mm=leg.gauge_mm,
        load_class=leg.load_class,
        group=leg.group,
        countries=frozenset(atlas.nodes[node].country for node in leg.nodes),
        is_china=bool({"from_china", "to_china"} & set(leg.directions)),
        is_seaport=any(node.kind == "seaport" for node in ends),
    )


def link_hauls(atlas: Atlas, leg: Leg) -> tuple[tuple[Haul, float], ...]:
    """Return each link of a leg as a haul by the country it ends in, with its km."""
    whole = leg_haul(atlas, leg)
    return tuple(
        (
            whole._replace(countries=frozenset({atlas.nodes[head].country})),
            atlas.links[link].length_km,
        )
        for link, head in zip(leg.links, leg.nodes[1:], strict=True)
    )


def border_fees_usd(atlas: Atlas, leg: Leg, passed: Iterable[Stop]) -> float:
    """Return what a leg pays at China's border and at customs under way, USD per TEU.

    Parameters
    ----------
    passed
        Its `stops`.
    """
    total = sum(
        fee(atlas.prices, f"customs_{at.node}", leg.load_class)
        for at in passed
        if any(row.operation == "customs" for row in at.rows)
    )
    if not leg.crosses:
        return total
    prefix = f"border_{leg.mode}_"
    for tail, head in pairwise(leg.nodes):
        there, here = atlas.nodes[tail].country, atlas.nodes[head].country
        if there == here or "CN" not in {there, here}:
            continue
        items = (
            f"{prefix}{there.lower()}",
            f"{prefix}{here.lower()}",
            f"{prefix}{there.lower()}_out",
            f"{prefix}{here.lower()}_in",
            *(prefix + node.removesuffix(f"_{leg.mode}") for node in (tail, head)),
        )
        total += sum(fee(atlas.prices, item, leg.load_class) for item in items)
    return total


def handling_fees_usd(atlas: Atlas, visit: Visit, before: Leg | None, after: Leg | None) -> float:
    """Return the fees of a visit in USD per TEU: gauge change, port, terminal, customs."""
    leg = before or after
    if leg is None:
        return 0.0
    rows = (*visit.arriving, *visit.consignment, *visit.departing)
    operations = {row.operation for row in rows}
    items = [f"customs_{visit.node}"] if "customs" in operations else []
    wet = next((x for x in (before, after) if x and x.mode in {"sea", "river", "air"}), None)
    if wet is not None:
        items.append(_port_item(atlas, wet))
    elif "gauge_change" in operations:
        items.append("gauge_change")
    elif before and after and before.mode == after.mode == "rail":
        items.append("bulk_gauge_reload")
    elif "handling" in operations:
        items.append("handling")
    return sum(fee(atlas.prices, item, leg.load_class) for item in items)


_PORT_ITEMS: Mapping[tuple[str, bool], str] = {
    ("truck", True): "ferry_truck",
    ("bulk", True): "ferry_wagon",
    ("grain", True): "ferry_wagon",
    ("bulk", False): "port_handling_dry",
    ("grain", False): "port_handling_dry",
}


def _port_item(atlas: Atlas, leg: Leg) -> str:
    """Return the item that an end of a leg by ship, barge or aircraft is charged under."""
    if leg.mode == "air":
        return "air_handling"
    if leg.mode == "river":
        return "port_handling_barge"
    is_ferry = leg.group in {"ferry", "ro_ro"}
    if (leg.load_class, is_ferry) in _PORT_ITEMS:
        return _PORT_ITEMS[leg.load_class, is_ferry]
    longitudes = (atlas.nodes[node].lon for node in (leg.origin, leg.destination))
    return f"port_handling_{'caspian' if is_caspian(longitudes) else 'black_sea'}"
