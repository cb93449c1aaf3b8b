"""What one more is worth, on scenarios whose bottleneck is known by arithmetic."""

import json
from functools import partial
from pathlib import Path
from typing import get_args

import pytest
from asked import RAIL, ROAD, SERIES, asking, scenario, written

from cli import app
from commands.door import status_of
from network.schema import FacilityRow
from sim.errors import ResultsError, ScenarioError
from sim.questions import marginal
from sim.questions.answers import experiments
from sim.questions.capacities import Sort, capacities, longer_day
from sim.questions.costs import read_costs
from sim.questions.marginal import Wish
from sim.questions.places import world_on
from sim.scenario import load, network_of


def asked(*words: str) -> int:
    return status_of(lambda: app(list(words), prog_name="keruen"), debug=False)


EVERY = Wish((), (), 12, None, 1)


def test_server_at_the_bottleneck_wins(tmp_path: Path) -> None:
    found = marginal.ask(scenario(tmp_path, "series", SERIES), EVERY, asking(tmp_path))

    table = found.tables["marginal"]
    # 13.3, 5 and 8.25 an hour: of the 6 that come 5 are carried; one server more at the 5 lets
    # all through, an hour an hour: 8 760 a year. Where nothing waits nothing is tried.
    assert table["capacity"].tolist()[0] == "server:narrow"
    assert table["teu_per_year"][0] == pytest.approx(8_760, rel=0.05)
    assert table["verdict"].tolist() == ["gain", *["no difference shown"] * (len(table) - 1)]
    assert "server:wide" not in set(table["capacity"])
    assert "network.facilities[narrow].servers=2" in table["change"].tolist()
    assert found.sentences[0].startswith("customs, Place: one more lane brings 8,")
    assert dict(found.facts)["Ranked by"] == "TEU delivered"


def test_next_round_stands_on_the_relief_of_the_first(tmp_path: Path) -> None:
    wish = EVERY._replace(rounds=3, by="waiting")

    found = marginal.ask(scenario(tmp_path, "series", SERIES), wish, asking(tmp_path))

    table, rounds = found.tables["marginal"], found.tables["rounds"]
    firsts = table.groupby("round")["capacity"].first().tolist()
    # then only the night is left to wait for
    assert firsts[:2] == ["server:narrow", "hour:daytime"]
    assert rounds["bottleneck"].tolist()[:2] == ["narrow", "daytime"]
    assert rounds["applied"][0] == "customs, Place: one more lane"
    second = table[(table["round"] == 2) & (table["capacity"] == "hour:daytime")].iloc[0]
    assert second["change"] == (
        "network.facilities[daytime].opens=08:00, network.facilities[daytime].closes=20:00"
    )


def test_relief_is_the_same_as_the_scenario_that_says_it(tmp_path: Path) -> None:
    base = scenario(tmp_path, "series", SERIES)
    found = marginal.ask(base, EVERY._replace(only=("narrow",)), asking(tmp_path))
    said = load(tmp_path / "series.yaml", sets=["network.facilities[narrow].servers=2"])

    before, after = experiments([base, said], asking(tmp_path))

    row = found.tables["marginal"].iloc[0]
    own = [
        one.summary.set_index("kpi")["value"][["teu_delivered", "transit_mean_d"]]
        for one in (before, after)
    ]
    difference = own[1] - own[0]
    assert row["teu_per_year"] == pytest.approx(difference["teu_delivered"] * 365 / 10)
    assert row["days_saved"] == pytest.approx(-difference["transit_mean_d"])


def test_cost_of_a_gain_is_by_the_capacity_or_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "costs.csv"
    path.write_text("capacity,usd,source\nserver,87600,x\nhour:daytime,1,x\n", encoding="utf-8")
    base = scenario(tmp_path, "series", SERIES)

    found = marginal.ask(base, EVERY, asking(tmp_path), costs=partial(read_costs, path))

    row = found.tables["marginal"].iloc[0]
    assert row["usd"] == 87_600
    assert row["usd_per_teu"] == pytest.approx(10, rel=0.05)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("capacity,price\npath,1\n", ":1: has no column usd; its head must hold capacity, usd"),
        ("capacity,usd\npaht,1\n", ":2: capacity: found 'paht', which is none; did you mean"),
        ("capacity,usd\npath,dear\n", ":2: usd: found 'dear'; must be a number above 0"),
        ("capacity,usd\npath,1\npath,2\n", ":3: capacity: 'path' stands twice"),
    ],
)
def test_costs_that_are_none_are_told_with_their_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "costs.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ScenarioError) as error:
        read_costs(path, ["path", "server"])

    assert message in str(error.value)


@pytest.mark.parametrize(
    ("opens", "closes", "longer"),
    [
        ("08:00", "19:00", ("08:00", "20:00")),
        ("08:00", "23:00", ("08:00", "24:00")),
        ("08:00", "24:00", ("08:00", "01:00")),
        ("20:00", "06:30", ("20:00", "07:30")),
        ("08:00", "07:30", ("00:00", "24:00")),
        ("00:00", "24:00", None),
    ],
)
def test_day_is_an_hour_longer_at_its_end(
    opens: str, closes: str, longer: tuple[str, str] | None
) -> None:
    row = FacilityRow("gate", "place", "gate", opens=opens, closes=closes)

    assert longer_day(row) == longer


def test_every_sort_of_capacity_is_found(tmp_path: Path) -> None:
    text = RAIL.replace("speed_kmh: 60}", "speed_kmh: 60, locomotives: 9}")
    text = text.replace(
        "servers: 2, mean_h: 4, law", 'opens: "06:00", closes: "22:00", servers: 2, mean_h: 4, law'
    )
    text = text.replace("max_wait_h: 48}", "max_wait_h: 48, wagon_pool: flat, wagons: 40}", 1)
    text = text.replace(
        "  services:",
        "    - {id: stack, node: yard, operation: storage, mode_in: rail, mode_out: rail,"
        " applies_to: [box], per: teu, storage_teu: 900}\n  services:",
    )
    base = scenario(tmp_path, "rail", text)
    network = network_of(base)
    (found,) = experiments([base], asking(tmp_path))

    every = capacities(world_on(network, base.window.start), network, found)

    by_id = {one.variant.id: one for one in every}
    assert {one.variant.kind for one in every} == set(get_args(Sort))
    assert by_id["path:inner"].variant.written == "network.links[inner].paths_per_day=21"
    assert by_id["locomotive:inner"].variant.written == "network.links[inner].locomotives=10"
    assert by_id["vessel:feeder"].variant.written == "network.services[feeder].fleet=3"
    assert by_id["wagon:east"].variant.written == "network.services[east].wagons=41"
    assert by_id["room:stack"].variant.written == "network.facilities[stack].storage_teu=1000"
    assert by_id["hour:change"].waiting_teu_h > 0
    assert (
        by_id["path:inner"].variant.what == "Xi'an – Gate (1435 mm): one more path a day each way"
    )


def test_nothing_to_relieve_is_told(tmp_path: Path) -> None:
    with pytest.raises(ResultsError, match="nothing waits for a capacity"):
        marginal.ask(scenario(tmp_path, "road", ROAD), EVERY, asking(tmp_path))


def test_marginal_command_ranks_and_draws(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = str(written(tmp_path, "series", SERIES)), str(tmp_path / "results")

    wrong = asked("marginal", path, "--out", out, "--kind", "servr")
    assert "must be of path, server, hour" in capsys.readouterr().err
    status = asked("marginal", path, "--out", out, "--first", "2", "--confirm", "1", "--json")

    rows = json.loads(capsys.readouterr().out)
    assert (wrong, status) == (2, 0)
    assert (rows[0]["capacity"], rows[0]["stage"]) == ("server:narrow", "confirmed")
    assert {row["stage"] for row in rows[1:]} == {"screened"}
    (page,) = (tmp_path / "results").glob("marginal-*/report.html")
    assert 'id="chart-teu_per_year"' in page.read_text(encoding="utf-8")


EXAMPLES = sorted((Path(__file__).parents[1] / "docs/examples").glob("relief-*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_relief_of_the_examples_changes_one_row_of_the_base(path: Path) -> None:
    scenario_of_it = load(path)
    (change,) = scenario_of_it.network.changes

    (column, value), *_ = change.values.items()
    network = network_of(load(Path(__file__).parents[1] / "scenarios/baseline-2028.yaml"))
    relieved = network_of(scenario_of_it)
    before, after = (
        next(row for row in getattr(one, change.table) if row.id == change.id)
        for one in (network, relieved)
    )
    assert getattr(after, column) == value == getattr(before, column) + 1


def test_there_are_as_many_reliefs_as_are_confirmed() -> None:
    assert len(EXAMPLES) == 3
