"""Which rows are passed at a node, by whom, in which order (R6, R8, R12)."""

from datetime import date

import pytest

from network.errors import NetworkError
from network.load import corridor_folder, load, on
from network.schema import FacilityRow, Network
from network.visit import Side, handling, stop, visit


@pytest.fixture(scope="module")
def corridor() -> Network:
    return on(load(corridor_folder()), date(2024, 7, 1))


def ids(rows: tuple[FacilityRow, ...]) -> list[str]:
    return [row.id for row in rows]


def at(network: Network, node: str) -> list[FacilityRow]:
    return [row for row in network.facilities if row.node == node]


def row(operation: str, **more: object) -> FacilityRow:
    made = FacilityRow(
        id=operation, node="x", operation=operation, mode_in="rail", mode_out="rail", per="train"
    )
    return made._replace(**more)  # type: ignore[arg-type]  # fields by name


def test_node_that_is_not_there_is_named_with_the_nearest(corridor: Network) -> None:
    with pytest.raises(NetworkError, match="no node 'dostik'; did you mean 'dostyk'"):
        visit(corridor, "dostik", mode_in="rail", mode_out="rail", load_class="box")


TO_CHINA = frozenset({"to_china", "east"})
FROM_CHINA = frozenset({"from_china", "west"})


def test_train_to_china_passes_all_rows_of_alashankou_in_order(
    corridor: Network,
) -> None:
    passed = visit(
        corridor,
        "alashankou",
        mode_in="rail",
        mode_out="rail",
        load_class="box",
        direction=TO_CHINA,
    )

    assert ids(passed) == [
        "f_alashankou_gate_to_china_train_a",
        "f_alashankou_inspection_to_china_train",
        "f_alashankou_customs_to_china_train",
        "f_alashankou_gauge_change_to_china_train",
        "f_alashankou_storage_any_container",
    ]


def test_grain_is_sampled_and_reloaded_where_boxes_change_gauge(corridor: Network) -> None:
    passed = visit(
        corridor,
        "alashankou",
        mode_in="rail",
        mode_out="rail",
        load_class="grain",
        direction=TO_CHINA,
    )

    assert "f_alashankou_inspection_to_china_train_grain" in ids(passed)
    assert "f_alashankou_handling_to_china_train" in ids(passed)
    assert "f_alashankou_gauge_change_to_china_train" not in ids(passed)


def test_a_stop_is_passed_whole_and_only_on_the_way_of_the_train(corridor: Network) -> None:
    east = visit(
        corridor,
        "dostyk",
        mode_in="rail",
        mode_out="rail",
        load_class="box",
        direction=TO_CHINA,
        kind="stop",
    )

    assert ids(east) == ["f_dostyk_customs_to_china_train"]


def test_border_controls_fall_to_the_train_that_crosses_and_formation_to_the_next(
    corridor: Network,
) -> None:
    crossing = Side("rail", directions=FROM_CHINA, crosses=True)
    onward = Side("rail", directions=FROM_CHINA, crosses=False)

    first = stop(at(corridor, "dostyk"), crossing, "box")
    second = stop(at(corridor, "dostyk"), onward, "box")

    assert {r.operation for r in first} == {"inspection", "customs"}
    assert ids(second) == ["f_dostyk_formation_from_china_train"]


def test_arriving_train_is_cleared_and_transshipped_and_the_departing_one_made_up(
    corridor: Network,
) -> None:
    passed = handling(
        at(corridor, "dostyk"),
        "dostyk",
        Side("rail", directions=FROM_CHINA, crosses=True),
        Side("rail", directions=FROM_CHINA, crosses=False),
        "box",
    )

    assert [r.operation for r in passed.arriving] == ["inspection", "customs", "gauge_change"]
    assert passed.consignment == ()
    assert [r.operation for r in passed.departing] == ["formation"]
    assert [r.operation for r in passed.storage] == ["storage"]


def test_customs_of_a_junction_are_for_trains_that_cross_its_border(corridor: Network) -> None:
    train = Side("rail", directions=frozenset({"west"}))

    inland = stop(at(corridor, "lugovaya"), train, "box", at_border=False)
    abroad = stop(at(corridor, "lugovaya"), train, "box", at_border=True)

    assert inland == ()
    assert ids(abroad) == ["f_lugovaya_customs_any_train"]


def test_feeder_boxes_are_lifted_and_ferry_boxes_roll(corridor: Network) -> None:
    train = Side("rail", directions=frozenset({"west"}))

    feeder = handling(
        at(corridor, "aktau_port"), "aktau_port", train, Side("sea", group="feeder"), "box"
    )
    ferry = handling(at(corridor, "kuryk"), "kuryk", train, Side("sea", group="ferry"), "box")

    assert ids(feeder.departing) == ["f_aktau_port_berth_any_vessel"]
    assert ids(feeder.consignment) == ["f_aktau_port_handling_any_container_a"]
    assert ids(ferry.departing) == ["f_kuryk_berth_any_vessel"]
    assert ferry.consignment == ()


def test_landed_boxes_pass_the_same_rows_the_other_way(corridor: Network) -> None:
    landed = handling(
        at(corridor, "aktau_port"),
        "aktau_port",
        Side("sea", group="feeder"),
        Side("rail", directions=frozenset({"east"})),
        "box",
    )

    assert ids(landed.arriving) == ["f_aktau_port_berth_any_vessel"]
    assert ids(landed.consignment) == ["f_aktau_port_handling_any_container_a"]
    assert {r.operation for r in landed.departing} == {"customs", "formation"}


def test_a_route_that_ends_is_unloaded_once(corridor: Network) -> None:
    arrived = handling(
        at(corridor, "duisburg"), "duisburg", Side("rail", directions=FROM_CHINA), None, "box"
    )

    assert ids(arrived.arriving) == ["f_duisburg_handling_any_train"]
    assert arrived.departing == ()


def test_sequence_overrides_the_order_and_moves_a_row_to_the_departing_train() -> None:
    rows = [
        row("customs", sequence=90.0),
        row("gauge_change"),
        row("inspection"),
        row("gate", sequence=35.0),
    ]
    train = Side("rail")

    passed = handling(rows, "x", train, train, "box")

    assert [r.operation for r in passed.arriving] == ["inspection", "gate", "gauge_change"]
    assert [r.operation for r in passed.departing] == ["customs"]


def test_a_load_served_at_one_node_passes_what_is_per_consignment_or_teu() -> None:
    rows = [
        row("handling", id="b", per="consignment", sequence=2.0, mode_in="", mode_out=""),
        row("handling", id="a", per="teu", sequence=1.0, mode_in="", mode_out=""),
        row("gate", id="c"),
    ]

    passed = handling(rows, "x", None, None, "box")

    assert ids(passed.consignment) == ["a", "b"]
    assert passed.arriving == passed.departing == ()
