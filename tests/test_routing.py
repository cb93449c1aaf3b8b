"""Candidate routes and shares: what may be ridden, what it costs, who takes it (R5-R8, R19)."""

from collections.abc import Iterator
from datetime import date
from math import exp

import numpy as np
import pytest
from routing_cases import (
    TARIFF,
    VALUE_OF_TIME,
    boxes_by_rail,
    demand_of,
    network_of,
    rail,
)

from network.load import corridor_folder, load, on
from network.routing.atlas import survey
from network.routing.candidates import Finder, candidates
from network.routing.equilibrium import shadow_h, shares
from network.routing.passage import stops, visits
from network.routing.paths import Step, cheapest, distances_to
from network.routing.records import FlowDemand, Options, Route, Shadow
from network.schema import (
    CostRow,
    DefaultRow,
    DemandRow,
    FacilityRow,
    LinkRow,
    Network,
    NodeRow,
    RowChange,
    ServiceRow,
)


@pytest.fixture(scope="module")
def corridor() -> Network:
    return load(corridor_folder())


# --- a published split (SebKrantz/flownet, README)


def flownet() -> Network:
    """Undirected edges 1-2 cost 5, 2-3 cost 3, 2-4 cost 2, 3-4 cost 4."""
    edges = (("1", "2", 5.0), ("2", "3", 3.0), ("2", "4", 2.0), ("3", "4", 4.0))
    return network_of(
        [NodeRow(id=name) for name in "1234"],
        [
            LinkRow(id=f"{a}-{b}", origin=a, destination=b, mode="road", length_km=km)
            for a, b, km in edges
        ],
        defaults=[DefaultRow(id="d", mode="road", load_class="box", capacity_teu=2.0)],
        costs=[CostRow(id="k", mode="road", item="usd_per_teu_km", value=1.0, unit="USD/TEU-km")],
    )


def edge_flows(network: Network, flows: list[FlowDemand], options: Options) -> dict[str, float]:
    found: dict[str, float] = {}
    outcome = shares(network, None, flows, options)
    amounts = {flow.flow: flow.per_day for flow in flows}
    for split in outcome.flows:
        for route, share in zip(split.routes, split.shares, strict=True):
            for leg in route.legs:
                for link in leg.links:
                    found[link] = found.get(link, 0.0) + share * amounts[split.flow]
    return found


def test_logit_with_a_detour_limit_gives_the_published_edge_flows() -> None:
    # 1→4: 1-2-4 costs 7, 1-2-3-4 costs 12 > 1.5 × 7, so all 100 by 1-2-4.
    # 2→4: 2-4 costs 2, 2-3-4 costs 7, so all 80 direct.
    # 3→4: 3-4 costs 4, 3-2-4 costs 5 < 6: share 1 / (1 + e⁻¹) = 0.7310586 direct.
    flows = [
        FlowDemand(f"{a}{b}", demand_of(a, b), amount)
        for a, b, amount in (("1", "4", 100.0), ("2", "4", 80.0), ("3", "4", 60.0))
    ]

    found = edge_flows(flownet(), flows, Options(method="logit", scale_per_usd=1.0))

    assert found == pytest.approx(
        {"1-2": 100.0, "2-3": 16.13649, "2-4": 196.13649, "3-4": 43.86351}, abs=1e-5
    )


def test_all_or_nothing_takes_the_cheapest_and_fixed_what_is_given() -> None:
    row = demand_of("3", "4")
    direct, around = candidates(flownet(), row)
    flow = [FlowDemand("f", row, 60.0)]

    first = shares(flownet(), None, flow, Options(method="all_or_nothing"))
    given = shares(
        flownet(),
        None,
        flow,
        Options(method="fixed", fixed={"f": {direct.id: 1.0, around.id: 3.0}}),
    )

    assert first.flows[0].routes == (direct,)
    assert given.flows[0].shares == (0.25, 0.75)


# --- gauge and mode


def two_gauges(*facilities: FacilityRow) -> Network:
    """East of the border 1435, west of it 1520, both meet at `edge`."""
    return network_of(
        [
            NodeRow(id="east", country="CN", lon=80.0, lat=45.0),
            NodeRow(id="edge", country="KZ", lon=75.0, lat=45.0),
            NodeRow(id="west", country="KZ", lon=70.0, lat=45.0),
        ],
        [rail("east", "edge", 100.0, 1435), rail("edge", "west", 100.0, 1520)],
        facilities=facilities,
        defaults=[boxes_by_rail(1435), boxes_by_rail(1520)],
        costs=[TARIFF, VALUE_OF_TIME, GAUGE_FEE],
    )


GAUGE_FEE = CostRow(
    id="g", mode="handling", item="gauge_change", value=165.0, unit="USD/TEU", region=""
)


def gauge_change(
    direction: str = "from_china", applies_to: tuple[str, ...] = ("box",)
) -> FacilityRow:
    return FacilityRow(
        id="f_edge",
        node="edge",
        operation="gauge_change",
        direction=direction,
        mode_in="rail",
        mode_out="rail",
        applies_to=applies_to,
        servers=1,
        mean_h=6.0,
        per="train",
    )


def test_a_gauge_break_costs_money_and_time() -> None:
    (route,) = candidates(two_gauges(gauge_change()), demand_of("east", "west"))

    # 200 km at 0.5 USD; 4 h of running and 6 h at the gauge change at 1 USD an hour.
    assert route.handlings == ("edge",)
    assert route.cost.tariff_usd == pytest.approx(100.0)
    assert route.cost.handling_usd == pytest.approx(165.0)
    assert route.cost.time_usd == pytest.approx(10.0)
    assert route.hours == (4.0, 0.0, 6.0, 0.0)


@pytest.mark.parametrize(
    "facilities",
    [(), (gauge_change("to_china"),), (gauge_change(applies_to=("bulk",)),)],
    ids=["none", "the other way", "for other loads"],
)
def test_no_route_where_no_facility_lets_the_load_change_gauge(
    facilities: tuple[FacilityRow, ...],
) -> None:
    assert candidates(two_gauges(*facilities), demand_of("east", "west")) == ()


def test_no_route_by_a_mode_that_is_not_allowed() -> None:
    row = demand_of("east", "west", allowed_modes=("road",))

    assert candidates(two_gauges(gauge_change()), row) == ()


def test_no_default_at_sea() -> None:
    ports = [NodeRow(id="a"), NodeRow(id="b")]
    lane = LinkRow(id="s", origin="a", destination="b", mode="sea", length_km=100, speed_kmh=20)
    default = DefaultRow(id="d", mode="road", load_class="box", capacity_teu=2.0)
    ferry = ServiceRow(id="v", mode="sea", origin="b", destination="a", fleet=1)

    bare = candidates(network_of(ports, [lane], defaults=[default]), demand_of("a", "b"))
    served = candidates(network_of(ports, [lane], services=[ferry]), demand_of("a", "b"))

    assert bare == ()
    assert [leg.service for leg in served[0].legs] == ["v"]


# --- services


def line(*services: ServiceRow, facilities: tuple[FacilityRow, ...] = ()) -> Network:
    nodes = [NodeRow(id=name, country="KZ", lon=60.0 + n) for n, name in enumerate("abcd")]
    links = [rail("a", "b", 10.0), rail("b", "c", 10.0), rail("c", "d", 10.0)]
    return network_of(
        nodes,
        links,
        services=services,
        defaults=[boxes_by_rail(1520)],
        costs=[TARIFF],
        facilities=facilities,
    )


def train(origin: str, destination: str, **more: object) -> ServiceRow:
    made = ServiceRow(
        id=f"t_{origin}{destination}",
        mode="rail",
        origin=origin,
        destination=destination,
        gauge_mm=1520,
        load_classes=("box",),
        capacity_teu=100.0,
    )
    return made._replace(**more)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("service", "carried_by"),
    [
        (train("a", "d"), "t_ad"),
        (train("a", "d", load_classes=("bulk",)), "d_1520"),
        (train("a", "d", gauge_mm=1435), "d_1520"),
        (train("d", "a"), "d_1520"),
        (train("d", "a", direction="both"), "t_da"),
        (train("b", "d"), "d_1520"),
        (train("a", "c"), "t_ac"),
        (train("a", "d", via=("x",)), "d_1520"),
    ],
    ids=[
        "covers",
        "other load",
        "other gauge",
        "other way",
        "both ways",
        "other start",
        "runs on",
        "other via",
    ],
)
def test_own_service_goes_before_the_default_where_it_covers_the_leg(
    service: ServiceRow, carried_by: str
) -> None:
    (route,) = candidates(line(service), demand_of("a", "d"))

    assert [leg.service for leg in route.legs] == [carried_by]


def test_a_train_does_not_run_on_past_a_node_where_its_load_is_handled() -> None:
    terminal = FacilityRow(
        id="f", node="c", operation="handling", mode_in="rail", mode_out="road", per="teu"
    )

    (route,) = candidates(line(train("a", "c"), facilities=(terminal,)), demand_of("a", "d"))

    assert route.legs[0].service == "d_1520"


def test_a_via_node_must_be_passed() -> None:
    row = demand_of("3", "4", via=("2",))

    (route,) = candidates(flownet(), row)

    assert route.legs[0].nodes == ("3", "2", "4")


def test_route_id_is_a_hash_of_the_legs_alone() -> None:
    unused = rail("x", "y", 5.0)
    plain = line()
    wider = plain._replace(
        links=(*plain.links, unused), nodes=(*plain.nodes, NodeRow(id="x"), NodeRow(id="y"))
    )

    assert candidates(plain, demand_of("a", "d")) == candidates(wider, demand_of("a", "d"))


def test_a_flow_that_stays_at_its_node_is_served_there() -> None:
    server = FacilityRow(id="f", node="a", operation="handling", servers=1, mean_h=3.0)
    network = line(facilities=(server,))

    (route,) = candidates(network, demand_of("a", "a"))
    outcome = shares(network, None, [FlowDemand("q", demand_of("a", "a"), 16.0)])

    assert route.legs == ()
    assert route.hours.handling_h == 3.0
    # 8 lots of 2 TEU a day at 3 h on one server: 24 of 24 server-hours.
    assert outcome.places[0].load == pytest.approx(1.0)


# --- paths


def test_paths_come_in_order_of_cost_and_without_loops() -> None:
    roads: dict[str, list[Step]] = {}
    for a, b, cost in (("s", "a", 1), ("a", "t", 1), ("s", "b", 1), ("b", "t", 2), ("a", "b", 1)):
        for tail, head, forward in ((a, b, True), (b, a, False)):
            roads.setdefault(tail, []).append(Step(tail, head, a + b, forward, float(cost)))
    steps = [step for leaving in roads.values() for step in leaving]

    found = list(cheapest(roads, "s", "t", distances_to("t", steps), 2.0))

    # s-a-t 2, s-b-t 3, s-b-a-t 3, s-a-b-t 4: all within twice the cheapest.
    assert [sum(step.cost for step in path) for path in found] == [2.0, 3.0, 3.0, 4.0]
    assert len({tuple(step.link for step in path) for path in found}) == 4


# --- capacity


def two_lines(paths_per_day: float) -> Network:
    """A short line with few paths and one half as long again with many."""
    short = rail("a", "b", 100.0)._replace(
        metered=True, paths_per_day=paths_per_day, background_per_day=0.0
    )
    first, second = rail("a", "m", 75.0), rail("m", "b", 75.0)
    return network_of(
        [NodeRow(id=name, country="KZ") for name in "abm"],
        [short, first, second],
        defaults=[boxes_by_rail(1520)],
        costs=[TARIFF, VALUE_OF_TIME],
    )


def test_shares_leave_a_line_that_has_no_more_paths() -> None:
    flow = [FlowDemand("f", demand_of("a", "b"), 500.0)]

    wide = shares(two_lines(50.0), None, flow)
    narrow = shares(two_lines(2.0), None, flow)

    # Costs 50 + 2 and 75 + 3 USD; at 0.01 per USD the short line takes 1 / (1 + e⁻⁰·²⁶).
    assert wide.flows[0].shares[0] == pytest.approx(1 / (1 + exp(-0.26)))
    assert narrow.converged
    # 500 TEU are 5 full trains a day, of which the short line can take two.
    load = next(place.load for place in narrow.places if place.id == "a_b_1520>")
    assert 0.9 < load < 1.1
    assert narrow.flows[0].shares[0] == pytest.approx(load * 2 / 5, rel=1e-6)


def test_a_flow_too_small_for_two_trains_keeps_to_one_line() -> None:
    # 10 TEU a day at 56 % and 44 %: neither line fills 100 TEU within the longest wait of
    # two days, so split trains would leave with 11 and 9 TEU instead of one with 20.
    network = two_lines(50.0)
    patient = network.defaults[0]._replace(max_wait_h=48.0)
    flow = [FlowDemand("f", demand_of("a", "b"), 10.0)]

    split = shares(network._replace(defaults=(patient,)), None, flow, Options(fills_trains=False))
    whole = shares(network._replace(defaults=(patient,)), None, flow)

    assert len(split.flows[0].routes) == 2
    assert len(whole.flows[0].routes) == 1
    assert whole.flows[0].shares == (1.0,)


def test_rows_of_one_station_are_passed_once() -> None:
    rows = [
        FacilityRow(id=name, node="a", operation="handling", pool="p", servers=2, mean_h=2.0)
        for name in ("f1", "f2")
    ]
    network = line(facilities=tuple(rows))
    flow = [FlowDemand("q", demand_of("a", "a"), 48.0)]

    outcome = shares(network, None, flow)

    # 24 lots a day at 2 h on four servers: 48 of 96 server-hours.
    assert outcome.places[0].load == pytest.approx(0.5)
    assert outcome.flows[0].routes[0].hours.handling_h == 2.0


def test_shadow_hours_begin_at_the_stated_load_and_rise_by_the_power() -> None:
    hours = shadow_h(np.array([0.5, 0.85, 1.0, 1.15]), Shadow())

    assert hours == pytest.approx([0.0, 0.0, 120.0, 120.0 * 2**4])


def test_the_order_of_flows_changes_nothing() -> None:
    flows = [FlowDemand(name, demand_of("a", "b"), 200.0) for name in ("x", "y", "z")]

    assert shares(two_lines(2.0), None, flows) == shares(two_lines(2.0), None, flows[::-1])


# --- the corridor


def in_force(network: Network, day: date) -> Iterator[DemandRow]:
    """Yield a row of each followed flow that sends something in the year of a day."""
    by_flow: dict[str, list[DemandRow]] = {}
    for row in network.demand:
        by_flow.setdefault(row.flow, []).append(row)
    for rows in by_flow.values():
        begun = [row for row in rows if row.year <= day.year]
        if begun and rows[0].followed:
            yield max(begun, key=lambda row: row.year)


def bakhty_opened() -> tuple[RowChange, ...]:
    rows = load(corridor_folder()).interventions
    wanted = next(row for row in rows if row.id == "ayagoz_bakhty")
    changes: list[RowChange] = []
    for text in wanted.rows:
        table, name, cell = text.split(":")
        column, _, value = cell.partition("=")
        changes.append(RowChange("change", table, name, {column: value}, "patch"))
    return tuple(changes)


@pytest.mark.parametrize(
    ("day", "is_opened"),
    [
        (date(2024, 1, 1), False),
        (date(2024, 7, 1), False),
        (date(2027, 12, 31), False),
        (date(2028, 6, 30), True),
    ],
    ids=str,
)
def test_every_followed_flow_has_a_route_whose_legs_all_have_a_service(
    corridor: Network,
    day: date,
    is_opened: bool,  # noqa: FBT001 - a case of the table
) -> None:
    network = on(load(corridor_folder(), bakhty_opened()) if is_opened else corridor, day)
    known = {row.id for row in network.services} | {row.id for row in network.defaults}
    finder = Finder(network, Options(k=1, paths=1))

    routes = {row.flow: finder.routes(row) for row in in_force(network, day)}

    without = sorted(flow for flow, found in routes.items() if not found)
    assert not without, f"without a route on {day}: {', '.join(without)}"
    assert {leg.service for found in routes.values() for r in found for leg in r.legs} <= known


def flow_row(network: Network, flow: str) -> DemandRow:
    return next(row for row in network.demand if row.flow == flow and row.year == 2024)


def crossing(route: Route) -> str:
    return next(leg.destination for leg in route.legs if leg.crosses)


def test_boxes_to_europe_have_every_crossing(corridor: Network) -> None:
    found = candidates(on(corridor, date(2028, 6, 30)), flow_row(corridor, "ceu_w_1"))

    terminals = {crossing(route) for route in found}
    assert terminals == {"dostyk", "dostyk_tt", "altynkol", "khorgos_gateway", "bakhty"}


def test_a_line_that_is_full_has_another_beside_it(corridor: Network) -> None:
    found = candidates(on(corridor, date(2024, 7, 1)), flow_row(corridor, "cru_w_1"))

    by_dostyk = [route.legs[1].nodes for route in found if crossing(route) == "dostyk"]
    assert any("tobol" in nodes for nodes in by_dostyk)
    assert any("iletsk" in nodes for nodes in by_dostyk)


def test_trains_to_china_run_through_to_the_chinese_side(corridor: Network) -> None:
    found = candidates(on(corridor, date(2024, 7, 1)), flow_row(corridor, "cru_e_1"))

    assert {route.legs[0].destination for route in found} == {"alashankou", "horgos"}


def test_nothing_of_bakhty_is_in_the_base(corridor: Network) -> None:
    found = candidates(on(corridor, date(2027, 12, 31)), flow_row(corridor, "ceu_w_1"))

    assert not any("bakhty" in leg.nodes for route in found for leg in route.legs)


def test_stops_and_visits_name_the_rows_in_order(corridor: Network) -> None:
    network = on(corridor, date(2024, 7, 1))
    route = candidates(network, flow_row(corridor, "ceu_w_1"))[0]
    atlas = survey(network)

    first = stops(atlas, route.legs[0])
    handled = visits(atlas, route.legs, route.origin, route.load_class)

    assert [at.node for at in first] == list(route.legs[0].nodes[1:-1])
    assert [row.operation for row in first[-1].rows] == ["inspection", "customs"]
    assert [visit.node for visit in handled] == [
        "xian_port",
        "dostyk",
        "malaszewicze",
        "duisburg",
    ]
    assert [row.operation for row in handled[0].departing] == ["formation"]
    assert handled[2].arriving[-1].operation == "gauge_change"


def test_air_cargo_flies_and_is_only_fetched_by_truck(corridor: Network) -> None:
    found = candidates(on(corridor, date(2024, 7, 1)), flow_row(corridor, "air_w_2"))

    assert [leg.mode for leg in found[0].legs] == ["road", "air", "road"]
    assert all(leg.km <= 500 for r in found for leg in r.legs if leg.mode == "road")


@pytest.mark.slow
def test_the_whole_corridor_is_shared_out_and_settles(corridor: Network) -> None:
    day = date(2024, 7, 1)
    flows = [
        FlowDemand(row.flow, row, row.amount / 366.0)
        for row in in_force(corridor, day)
        if row.year == day.year
    ]

    outcome = shares(corridor, day, flows)

    assert outcome.unreachable == ()
    assert outcome.converged
    assert all(sum(split.shares) == pytest.approx(1.0) for split in outcome.flows)
    # The data set's own count: 36 kTEU and 20.2 Mt lean on defaults in 2024.
    assert outcome.default_teu_per_day * 366 == pytest.approx(36_450)
    assert outcome.default_t_per_day * 366 == pytest.approx(20.19e6, rel=0.01)
    # Neither gate to China stands idle beside the other.
    gates = {p.id: p.load for p in outcome.places if " gate main" in p.id}
    assert gates["alashankou gate main"] == pytest.approx(gates["horgos gate main"], rel=0.15)
