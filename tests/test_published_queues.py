"""Queues that others publish as examples, met by scenario files."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from answers import FOLDER, answer

from commands.running import run
from sim.compiler.build import compile_plan
from sim.compiler.choices import choices
from sim.engine.run import run as run_simpy
from sim.experiment.intervals import Interval, t_interval
from sim.kernel.run import run as run_compiled
from sim.scenario import load, network_of

WAIT = "station.server.wait_mean_h"

# Waiting over service for M/M/n (Groenveld, as used by PIANC for berths), n = 1 to 4.
BERTHS = {
    0.5: (1.0000, 0.3333, 0.1579, 0.0870),
    0.8: (4.0000, 1.7778, 1.0787, 0.7455),
    0.9: (9.0000, 4.2632, 2.7235, 1.9693),
}


def interval(folder: Path, seed: int) -> Interval:
    """Return the wait of the practice in its units, with one seed."""
    scenario = load(FOLDER / "ciw-practice.yaml", sets=[f"experiment.seed={seed}"])
    table = answer(scenario, folder, run_simpy).replications
    return t_interval(table.loc[table["kpi"] == WAIT, "value"].to_numpy(float) / 24)


def test_twenty_five_replications_cover_the_theory(tmp_path: Path) -> None:
    found = interval(tmp_path, 20260101)

    assert found.half_width is not None
    assert abs(found.mean - 0.208333) <= found.half_width
    # As sharp as published, 0.038, give or take half of it.
    assert 0.019 <= found.half_width <= 0.057


@pytest.mark.verify
def test_intervals_cover_the_theory_as_often_as_they_say(tmp_path: Path) -> None:
    found = [interval(tmp_path, seed) for seed in range(200)]

    covers = [abs(one.mean - 0.208333) <= (one.half_width or 0.0) for one in found]
    # 95 % of 200, standard deviation 1.5 %.
    assert 0.92 <= sum(covers) / 200 <= 0.98


@pytest.mark.verify
@pytest.mark.parametrize("load_share", BERTHS)
@pytest.mark.parametrize("berths", [1, 2, 3, 4])
def test_waiting_factors_of_berths(load_share: float, berths: int, tmp_path: Path) -> None:
    # `mmc-3` sends 2 in a service time; a thousand days are 144 000 service times.
    sets = [
        f"network.facilities[server].servers={berths}",
        f"demand.factor={load_share * berths / 2}",
        "window.days=1000",
    ]
    table = answer(load(FOLDER / "mmc-3.yaml", sets=sets), tmp_path, run_compiled).replications
    found = t_interval(table.loc[table["kpi"] == WAIT, "value"].to_numpy(float) * 6, 0.999)

    exact = BERTHS[load_share][berths - 1]
    assert found.half_width is not None
    assert abs(found.mean - exact) <= found.half_width + 0.00005
    assert found.half_width <= 0.06 * exact


def test_ship_between_two_sites_ends_within_its_whole_seconds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # Published: 13 699.734 s = 5 x (1 000 + 200) + 5 x 9 428.246 / 12 + 4 x 9 428.246 / 10.
    # In whole seconds a loaded run is 786 (+ 0.313) and an empty one 943 (+ 0.175):
    # 5 x 0.313 + 4 x 0.175 = 2.266 s later, 13 702.
    run(str(FOLDER / "openclsim-ship.yaml"), engine="simpy", follow="soil:5", as_json=True)

    story = json.loads(capsys.readouterr().out)
    began = datetime.fromisoformat("2025-01-01T00:00:00+05:00")
    took_s = (datetime.fromisoformat(story["ended"]) - began).total_seconds()
    assert took_s == 13_702
    assert took_s - 13_699.734162066252 == pytest.approx(5 * 0.312841 + 4 * 0.175409, abs=1e-4)
    assert [event["seconds"] for event in story["events"] if event["what"] == "moves"] == [786]


def test_logit_split_with_a_detour_limit_gives_the_published_flows() -> None:
    scenario = load(FOLDER / "flownet-logit.yaml")
    network = network_of(scenario)
    _, legend = compile_plan(scenario, network)
    demand = {"od14": 100, "od24": 80, "od34": 60}

    flows: dict[str, float] = {}
    for origin in ("n1", "n2", "n3"):
        for choice in choices(scenario, network, origin, "n4"):
            legs = legend.route_legs[legend.route_id.index(choice.route)]
            for link in (link for leg in legs for link in legend.leg_links[leg]):
                flows[link] = flows.get(link, 0.0) + demand[choice.flow] * choice.share

    published = {"e12": 100, "e23": 16.13649, "e24": 196.13649, "e34": 43.86351}
    assert flows == pytest.approx(published, abs=5e-6)
