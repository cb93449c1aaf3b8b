"""Border posts as a planner writes them: lanes, checks, appointments, bans; worked by hand."""

from pathlib import Path

import numpy as np
import pytest
from compiler_cases import HEAD, WINDOW, compiled, elements_of, station

from network.errors import NetworkError
from sim.draws.replication import draw
from sim.engine.run import run
from sim.kernel.difference import first_difference
from sim.kernel.run import run as run_compiled
from sim.measures.build import measure
from sim.plan import NEVER, PPM, Cause, Effect, Legend, Plan, Status

DAY_S = 86_400
HOUR_S = 3_600

ROAD = (
    HEAD
    + WINDOW
    + """
network:
  source: none
  nodes:
    - {id: a, country: CN, utc_offset_h: 8}
    - {id: m, country: CN, utc_offset_h: 8}
    - {id: n, country: KZ, utc_offset_h: 5}
    - {id: b, country: KZ, utc_offset_h: 5}
  links:
    - {id: d_a__m, from: a, to: m, mode: road, length_km: 60, speed_kmh: 60}
    - {id: d_m__n, from: m, to: n, mode: road, length_km: 10, speed_kmh: 20}
    - {id: d_n__b, from: n, to: b, mode: road, length_km: 60, speed_kmh: 60}
  facilities:
    - {id: f_n_customs, node: n, operation: customs, mode_in: road, mode_out: road, servers: 2,
       mean_h: 1, law: exponential, per: truck}
  services:
    - {id: trucks, mode: road, from: a, to: b, load_classes: [truck], capacity_trucks: 1}
demand:
  rows:
    - {id: parts_2023, flow: parts, origin: a, destination: b, load_class: truck, unit: truck,
       year: 2023, amount: 7300, lot: 1}
    - {id: farm_1_2023, flow: farm_1, origin: a, destination: b, load_class: truck, unit: truck,
       year: 2023, amount: 3650, lot: 1, priority: 1}
    - {id: meat_2023, flow: meat, origin: a, destination: b, load_class: truck, unit: truck,
       year: 2023, amount: 3650, lot: 1}
"""
)
"""Twenty trucks of parts a day, ten of farm goods, ten of meat, over the post m | n."""


def with_rows(table: str, *rows: str) -> str:
    """Return ROAD with rows added to a table, or a table of them."""
    lines = "".join(f"    - {{{row}}}\n" for row in rows)
    if f"\n  {table}:\n" in ROAD:
        return ROAD.replace(f"\n  {table}:\n", f"\n  {table}:\n{lines}")
    return ROAD.replace("\ndemand:\n", f"\n  {table}:\n{lines}demand:\n")


def served(plan: Plan, legend: Legend) -> dict[str, list[str]]:
    """Return flow -> the stations that its trucks pass."""
    found = {}
    for route, flow in enumerate(legend.route_flow):
        (leg,) = legend.route_legs[route]
        passed = [name for name, _, _ in elements_of(plan, legend, leg) if name != "-"]
        found[legend.flow_id[flow]] = passed
    return found


LANE = with_rows(
    "facilities",
    "id: f_n_green, node: n, operation: customs, mode_in: road, mode_out: road, flows: [farm_*],"
    " servers: 1, mean_h: 0.25, law: exponential, per: truck",
).replace("{id: f_n_customs,", "{id: f_n_customs, flows: [not farm_*],")


# --- lanes (R8)


def test_a_lane_of_its_own_takes_the_flows_that_it_names_from_the_others(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, LANE)

    assert served(plan, legend) == {
        "farm_1": ["f_n_green"],
        "meat": ["f_n_customs"],
        "parts": ["f_n_customs"],
    }


def test_a_lane_changes_no_draw_of_those_who_do_not_use_it(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, ROAD)
    other, other_legend = compiled(tmp_path, LANE)

    (pool,) = [name for name in legend.station_id if name.startswith("pool:")]
    assert pool in other_legend.station_id
    assert (
        dict(zip(legend.route_id, plan.route_key, strict=True)).items()
        <= dict(zip(other_legend.route_id, other.route_key, strict=True)).items()
    )
    sent, resent = draw(plan, 1, 0), draw(other, 1, 0)
    assert np.array_equal(sent.consignment_key, resent.consignment_key)


def test_a_check_of_some_goods_stands_before_the_customs_of_all(tmp_path: Path) -> None:
    plan, legend = compiled(
        tmp_path,
        with_rows(
            "facilities",
            "id: f_n_vet, node: n, operation: inspection, mode_in: road, mode_out: road,"
            " flows: [meat], servers: 1, mean_h: 12, law: exponential, per: truck, share: 0.5",
        ),
    )

    assert served(plan, legend) == {
        "farm_1": ["f_n_customs"],
        "meat": ["f_n_vet", "f_n_customs"],
        "parts": ["f_n_customs"],
    }
    assert plan.station_share_ppm[station(legend, "f_n_vet")] == PPM // 2
    # Half of the trucks meet a check of 12 h: 6 h more on the way.
    hours = dict(zip([legend.flow_id[f] for f in legend.route_flow], legend.route_free_flow_h))  # noqa: B905 - of one length
    assert hours["meat"] - hours["parts"] == pytest.approx(6.0)


def test_priority_at_a_post_lets_farm_goods_go_first(tmp_path: Path) -> None:
    first = ROAD.replace("{id: f_n_customs,", "{id: f_n_customs, discipline: priority,")
    short = first.replace("servers: 2,\n       mean_h: 1,", "servers: 1,\n       mean_h: 0.75,")

    plan, legend = compiled(tmp_path, short, "window.days=60")
    trace = run(plan, 1, 0)

    queued_h = {
        flow: trace.consignment_cause_s[trace.consignment_flow == index, Cause.QUEUE].mean() / 3600
        for index, flow in enumerate(legend.flow_id)
    }
    # 40 trucks a day at 32 a day: only the first class does not wait for days.
    assert queued_h["farm_1"] < 2
    assert queued_h["parts"] > 24


# --- appointments (R15)


def test_slots_are_counted_by_the_day_of_the_node(tmp_path: Path) -> None:
    slotted = with_rows(
        "facilities",
        "id: f_m_gate, node: m, operation: gate, mode_in: road, mode_out: road, servers: 5,"
        " mean_h: 0.1, law: deterministic, per: truck, slots_per_day: 3",
    )
    plan, legend = compiled(tmp_path, slotted)
    gate = station(legend, "f_m_gate")

    trace = run(plan, 1, 0)

    row = plan.row_first[gate]
    # Midnight at m, eight hours east, is 21:00 of the corridor.
    assert (plan.row_slots[row], plan.row_midnight_s[row]) == (3, -3 * HOUR_S)
    begun_s = trace.visit_start_s[(trace.visit_station == gate) & (trace.visit_start_s != NEVER)]
    per_day = np.bincount((begun_s + 3 * HOUR_S) // DAY_S)
    # Forty trucks a day ask for three slots.
    assert per_day.tolist() == [3] * 11
    assert first_difference(trace, run_compiled(plan, 1, 0)) == ""


def test_a_greater_number_of_slots_from_a_date_on(tmp_path: Path) -> None:
    gate = (
        "node: m, operation: gate, pool: post, mode_in: road, mode_out: road, servers: 5,"
        " mean_h: 0.1, law: deterministic, per: truck"
    )
    plan, legend = compiled(
        tmp_path,
        with_rows(
            "facilities",
            f"id: f_m_old, {gate}, slots_per_day: 3",
            f"id: f_m_new, {gate}, slots_per_day: 6, replaces: f_m_old,"
            " available_from: 2024-01-06",
        ),
    )

    trace = run(plan, 1, 0)

    at = trace.visit_station == station(legend, "m/gate/post/any")
    begun_s = trace.visit_start_s[at & (trace.visit_start_s != NEVER)]
    # From 6 January 00:00 of the corridor: 21:00 at m is 3 h into its sixth day.
    before, after = (begun_s < 5 * DAY_S).sum(), (begun_s >= 5 * DAY_S).sum()
    assert (before, after) == (18, 36)


# --- bans (R17)


def ban(**cells: str) -> str:
    """Return ROAD with meat banned over n from 3 to 4 January."""
    given = {
        "effect": "ban", "target_kind": "node", "target": "[n]", "flows": "[meat]",
        "direction": "from_china", "start": "[2024-01-03]", "mean_h": "48",
        "law": "deterministic", **cells,
    }  # fmt: skip
    return with_rows("closures", ", ".join(f"{k}: {v}" for k, v in {"id": "b", **given}.items()))


def test_a_ban_refuses_who_comes_in_its_days_and_nobody_else(tmp_path: Path) -> None:
    plan, legend = compiled(tmp_path, ban())
    sent = draw(plan, 1, 0)

    is_meat = sent.consignment_flow == legend.flow_id.index("meat")
    created_s = sent.consignment_created_s
    in_force = (created_s >= 2 * DAY_S) & (created_s < 4 * DAY_S)
    assert np.array_equal(sent.consignment_is_banned == 1, is_meat & in_force)
    assert np.array_equal(sent.consignment_route == NEVER, is_meat & in_force)
    trace = run(plan, 1, 0)
    refused = trace.consignment_status == Status.REFUSED_BAN
    assert np.array_equal(refused, sent.consignment_is_banned == 1)
    assert refused.sum() > 10
    kpis = measure(trace, plan, legend).kpis.set_index("kpi").value
    # A truck is two TEU; the ban is told by its name.
    assert kpis["teu_refused.ban"] == kpis["teu_refused.ban.b"] == 2 * refused.sum()
    assert first_difference(trace, run_compiled(plan, 1, 0)) == ""


@pytest.mark.parametrize(
    "cells",
    [
        {"direction": "to_china"},
        {"target": "[a]", "flows": "[farm_*]", "applies_to": "[box]"},
        {"start": "[2023-06-01]"},
    ],
)
def test_a_ban_that_means_nobody_refuses_nobody(tmp_path: Path, cells: dict[str, str]) -> None:
    plan, _ = compiled(tmp_path, ban(**cells))

    assert not draw(plan, 1, 0).consignment_is_banned.any()


def test_a_ban_on_a_link_without_flows_is_for_all(tmp_path: Path) -> None:
    text = ban(target_kind="link", target="[d_m__n]").replace("flows: [meat], ", "")
    plan, legend = compiled(tmp_path, text)

    ban_at = legend.closure_id.index("b")
    assert plan.closure_effect[ban_at] == Effect.BAN
    assert plan.ban_closure.tolist() == [ban_at]
    assert sorted(legend.route_flow[route] for route in plan.ban_route) == [0, 1, 2]


def test_random_bans_come_by_their_rate(tmp_path: Path) -> None:
    text = ban(start="[]", rate_per_year="36.525", mean_h="24").replace("start: [], ", "")
    plan, _ = compiled(tmp_path, text, "window.days=year")

    banned = [draw(plan, 1, replication).consignment_is_banned.sum() for replication in range(20)]

    # 36.5 events of a day each in 365 days, some of them overlapping: about 9.5 % of 3650.
    assert 250 < np.mean(banned) < 450


TWO_POSTS = ROAD.replace(
    "  links:\n",
    "  links:\n"
    "    - {id: d_a__x, from: a, to: x, mode: road, length_km: 70, speed_kmh: 60}\n"
    "    - {id: d_x__b, from: x, to: b, mode: road, length_km: 64, speed_kmh: 60}\n",
).replace("    - {id: b, c", "    - {id: x, country: KZ, utc_offset_h: 5}\n    - {id: b, c")


def test_a_ban_on_one_post_sends_its_goods_by_the_other_and_moves_nobody_there(
    tmp_path: Path,
) -> None:
    free, legend = compiled(tmp_path, TWO_POSTS)
    barred = "\n  closures:\n    - {id: b, effect: ban, target_kind: node, target: [n],"
    barred += " start: [2024-01-01], mean_h: 240, law: deterministic}\ndemand:\n"
    plan, _ = compiled(tmp_path, TWO_POSTS.replace("\ndemand:\n", barred))

    before, after = draw(free, 1, 0), draw(plan, 1, 0)

    over_x = [("x" in {*legend.leg_nodes[leg]}) for (leg,) in legend.route_legs]
    was_over_x = np.array(over_x)[before.consignment_route]
    assert 0 < was_over_x.sum() < len(was_over_x)
    assert np.array(over_x)[after.consignment_route].all()
    same = before.consignment_route[was_over_x] == after.consignment_route[was_over_x]
    assert same.all()


# --- what cannot be

WRONG = [
    ("flows: [farms_*]", "flows 'farms_*' means no flow"),
    ("operation: handling, share: 0.5", "share is for lock, gate, inspection, customs"),
    ("per: teu, slots_per_day: 5", "slots_per_day is not for customs per teu"),
    ("batch_min: 4, batch_max: 4, slots_per_day: 3", "slots_per_day 3 is less than batch_min 4"),
    ("pool: p, share: 0.5", "share differs from that of f_n_customs"),
    ("pool: p, flows: [meat]", "flows differs from that of f_n_customs"),
    ("pool: p, per: consignment", "vehicles and consignments do not queue together"),
    ("queue_max: 3", "queue_max is for rows per teu or consignment, not per: truck"),
]


@pytest.mark.parametrize(("cells", "message"), WRONG)
def test_a_row_that_cannot_be_is_told(tmp_path: Path, cells: str, message: str) -> None:
    given = {"operation": "customs", "per": "truck"}
    own = {cell.split(":")[0] for cell in cells.split(", ")}
    rest = "".join(f", {key}: {value}" for key, value in given.items() if key not in own)
    text = with_rows(
        "facilities",
        f"id: g_new, node: n, {cells}{rest}, mode_in: road, mode_out: road, servers: 1, mean_h: 1,"
        " law: exponential",
    ).replace("{id: f_n_customs,", "{id: f_n_customs, pool: p,")

    with pytest.raises(NetworkError, match=r"g_new") as found:
        compiled(tmp_path, text)
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"target_kind": "service", "target": "[trucks]"}, "a ban is on a node or a link"),
        ({"effect": "shut"}, "flows and direction are for effect ban, not for shut"),
        ({"value": "0.5"}, "effect ban has no value"),
        ({"flows": "[meet]"}, "flows 'meet' means no flow; did you mean 'meat'?"),
    ],
)
def test_a_ban_that_cannot_be_is_told(tmp_path: Path, cells: dict[str, str], message: str) -> None:
    with pytest.raises(NetworkError) as found:
        compiled(tmp_path, ban(**cells))

    assert message in str(found.value)
