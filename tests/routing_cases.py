"""Small networks for the tests of visits and routing."""

from collections.abc import Sequence

import networkx as nx

from network.schema import (
    CostRow,
    DefaultRow,
    DemandRow,
    FacilityRow,
    LinkRow,
    Network,
    NodeRow,
    ServiceRow,
)


def network_of(
    nodes: Sequence[NodeRow],
    links: Sequence[LinkRow],
    *,
    facilities: Sequence[FacilityRow] = (),
    services: Sequence[ServiceRow] = (),
    defaults: Sequence[DefaultRow] = (),
    costs: Sequence[CostRow] = (),
) -> Network:
    """Return a network of one day; routing reads its tables, not its graph."""
    return Network(
        graph=nx.MultiDiGraph(),
        nodes=tuple(nodes),
        links=tuple(links),
        facilities=tuple(facilities),
        services=tuple(services),
        defaults=tuple(defaults),
        demand=(),
        season=(),
        closures=(),
        costs=tuple(costs),
        targets=(),
        interventions=(),
        sources=(),
        origins={},
    )


def demand_of(origin: str, destination: str, **more: object) -> DemandRow:
    """Return a row of boxes by rail; `more` says what is different."""
    row = DemandRow(
        id=f"{origin}_{destination}",
        flow=f"{origin}_{destination}",
        origin=origin,
        destination=destination,
        load_class="box",
        unit="teu",
        year=2024,
        amount=1000.0,
        lot=2.0,
    )
    return row._replace(**more)  # type: ignore[arg-type]  # fields by name


def rail(tail: str, head: str, km: float, gauge_mm: int = 1520) -> LinkRow:
    """Return a line run at 50 km/h without a limit of paths."""
    return LinkRow(
        id=f"{tail}_{head}_{gauge_mm}",
        origin=tail,
        destination=head,
        mode="rail",
        length_km=km,
        gauge_mm=gauge_mm,
        speed_kmh=50.0,
    )


def boxes_by_rail(gauge_mm: int) -> DefaultRow:
    """Return a default train of boxes."""
    return DefaultRow(
        id=f"d_{gauge_mm}", mode="rail", load_class="box", gauge_mm=gauge_mm, capacity_teu=100.0
    )


TARIFF = CostRow(
    id="k", mode="rail", item="usd_per_teu_km", value=0.5, unit="USD/TEU-km", region=""
)
VALUE_OF_TIME = CostRow(
    id="v",
    mode="value",
    item="value_of_time_usd_per_teu_day",
    value=24.0,
    unit="USD/TEU-day",
    region="",
)
"""One USD per TEU-hour."""
