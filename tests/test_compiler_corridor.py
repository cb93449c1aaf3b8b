"""The corridor compiled whole: what must and must not be in its plans."""

from itertools import pairwise

import numpy as np
import pytest

from network.schema import Network
from sim.compiler.build import compile_plan
from sim.plan import Kind, Legend, Plan
from sim.scenario import load, network_of, shipped_folder

pytestmark = pytest.mark.slow


def compiled(name: str) -> tuple[Plan, Legend, Network]:
    scenario = load(shipped_folder() / name)
    network = network_of(scenario)
    return *compile_plan(scenario, network), network


@pytest.fixture(scope="module")
def base() -> tuple[Plan, Legend, Network]:
    """The base of 2028."""
    return compiled("baseline-2028.yaml")


@pytest.fixture(scope="module")
def opened() -> tuple[Plan, Legend, Network]:
    """The same with the railway over Bakhty."""
    return compiled("ayagoz-tacheng.yaml")


def rows_of_the_railway(network: Network) -> set[str]:
    """Return the rows that the intervention opens, as the data set lists them."""
    (project,) = (row for row in network.interventions if row.id == "ayagoz_bakhty")
    return {entry.split(":")[1] for entry in project.rows if ":" in entry}


def ids_in(legend: Legend) -> set[str]:
    """Return the ids of rows that a plan names anywhere."""
    links = {link for leg in legend.leg_links for link in leg}
    return links | {*legend.row_id, *legend.station_id, *legend.service_id}


def test_nothing_of_the_bakhty_railway_is_in_the_base_of_2028(
    base: tuple[Plan, Legend, Network], opened: tuple[Plan, Legend, Network]
) -> None:
    railway = rows_of_the_railway(base[2])

    assert len(railway) > 20
    assert railway & ids_in(base[1]) == set()
    assert {"r_ayagoz__bakhty", "r_baktu__bakhty_n"} <= ids_in(opened[1])


def test_what_both_plans_have_has_the_same_keys(
    base: tuple[Plan, Legend, Network], opened: tuple[Plan, Legend, Network]
) -> None:
    keys = [
        dict(zip(legend.station_id, plan.station_key.tolist(), strict=True))
        for plan, legend, _ in (base, opened)
    ]

    both = set(keys[0]) & set(keys[1])
    assert len(both) > 0.8 * len(keys[0])
    assert {key: keys[0][key] for key in both} == {key: keys[1][key] for key in both}


def test_arrays_of_the_corridor_hang_together(base: tuple[Plan, Legend, Network]) -> None:
    plan, legend, _ = base

    stations = len(legend.station_id)
    assert plan.row_first[-1] == len(legend.row_id) == len(plan.row_servers)
    assert all(begin < end for begin, end in pairwise(plan.row_first.tolist()))
    assert list(legend.station_id) == sorted(legend.station_id, key=str.encode)
    assert len(set(plan.station_key.tolist())) == stations
    assert plan.element_station.max() < stations
    assert plan.element_place.max() < len(legend.place_id)
    assert np.all((plan.element_station >= 0) | (plan.element_move_s >= 1))
    kinds = plan.station_kind[plan.step_station]
    assert {*kinds.tolist()} == {Kind.SERVER, Kind.POOL}
    assert np.all(plan.closure_target < len(legend.row_id))
    assert np.all(np.diff(plan.interval_start_s) >= 0)
    assert np.all(plan.interval_end_s > plan.interval_start_s)


def test_every_route_rides_its_legs_in_order(base: tuple[Plan, Legend, Network]) -> None:
    plan, legend, _ = base
    leg_of_pool = dict(zip(plan.pool_station.tolist(), plan.pool_leg.tolist(), strict=True))

    for route, legs in enumerate(legend.route_legs):
        steps = plan.step_station[plan.step_first[route] : plan.step_first[route + 1]].tolist()
        assert [leg_of_pool[step] for step in steps if step in leg_of_pool] == list(legs)
        flow = legend.route_flow[route]
        nodes = [legend.leg_nodes[leg] for leg in legs]
        assert nodes[0][0] == legend.flow_origin[flow]
        assert nodes[-1][-1] == legend.flow_destination[flow]
        assert all(before[-1] == after[0] for before, after in pairwise(nodes))


def test_the_fullest_gates_are_told_with_their_loads(base: tuple[Plan, Legend, Network]) -> None:
    (told,) = (note for note in base[1].notes if note.startswith("gates are offered"))

    names = [part.rpartition(" ")[0] for part in told.partition(": ")[2].split(", ")]
    assert names[:2] == ["alashankou", "horgos"]
