"""The questions of a planner on scenarios whose answers are known by arithmetic."""

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from asked import RAIL, ROAD, SERVER, asking, scenario, written

from cli import app
from commands.door import status_of
from network.load import on
from network.schema import Network
from sim.compiler.closures import applied
from sim.errors import ResultsError
from sim.experiment.replicate import Experiment
from sim.questions import saturation, stress
from sim.questions.answers import experiments
from sim.questions.cuts import Wanted, bounds
from sim.questions.paired import Screening
from sim.questions.saturation import Load
from sim.questions.stress import Shock, recoveries
from sim.scenario import network_of

ALL = Load((), "", "", 0.05, 4.0)
NODES = Shock(("node",), (), 12, date(2025, 4, 3), 1)


def asked(*words: str) -> int:
    return status_of(lambda: app(list(words), prog_name="keruen"), debug=False)


# --- the days of a run


def test_days_add_up_to_what_came_went_and_stayed(tmp_path: Path) -> None:
    base = scenario(tmp_path, "road", ROAD)

    (found,) = experiments([base], asking(tmp_path))

    # 144 trucks of 2 TEU a day, each inside for the hour on the road
    days = found.days_replications
    one = days[days["replication"] == 1]
    assert one["teu_created"].tolist() == pytest.approx([288.0] * 10, abs=2)
    # March, before it, has a thirtieth less a day
    assert one["teu_delivered"].tolist() == pytest.approx([288.0] * 10, abs=5)
    assert one["teu_inside"].tolist() == pytest.approx([12.0] * 10, abs=0.1)
    stock = found.summary.set_index("kpi")["value"]["stock_mean_teu"]
    assert one["teu_inside"].mean() == pytest.approx(stock)


# --- saturate


def test_server_of_ten_an_hour_carries_165_hundredths_of_six_and_not_170(tmp_path: Path) -> None:
    found = saturation.ask(scenario(tmp_path, "server", SERVER), ALL, asking(tmp_path))

    trials = found.tables["trials"].set_index("multiplier")["carried"]
    # 1.65 × 6 = 9.9 an hour, 1.70 × 6 = 10.2
    assert trials[1.65] == "yes"
    assert trials[1.7] == "no"
    assert list(trials) == ["yes"] * list(trials).count("yes") + ["no"] * list(trials).count("no")
    binding = found.tables["binding"].iloc[0]
    assert binding["place"] == "server"
    # 0.2 an hour too many
    assert binding["queue_growth"] == pytest.approx(4.8, abs=0.1)
    assert binding["teu_growth"] == pytest.approx(48, abs=2)
    assert found.tables["bound"]["multiplier"].tolist() == pytest.approx([10 / 6], rel=1e-3)
    assert found.tables["bound"]["place"].tolist() == ["server"]
    assert "Demand × 1.65 is carried, × 1.7 is not" in found.sentences[0]


def test_search_goes_down_where_the_base_is_not_carried(tmp_path: Path) -> None:
    base = scenario(tmp_path, "server", SERVER.replace("51840", "129600"))

    found = saturation.ask(base, ALL._replace(step=0.1), asking(tmp_path))

    # 15 an hour: two thirds are carried
    trials = found.tables["trials"].set_index("multiplier")["carried"]
    assert (trials[0.6], trials[0.7]) == ("yes", "no")


def test_cap_that_is_carried_is_said(tmp_path: Path) -> None:
    base = scenario(tmp_path, "server", SERVER)

    found = saturation.ask(base, ALL._replace(most=1.5), asking(tmp_path))

    assert found.sentences[0] == "Demand × 1.5 is carried; more was not tried"
    assert found.tables["binding"].empty


TWO = SERVER.replace(
    "demand:\n  rows:",
    "demand:\n  rows:\n    - {id: others, origin: place, destination: place, load_class: box,"
    " unit: teu, year: 2025, amount: 25920, lot: 1, arrival_law: deterministic}",
)
"""3 an hour of others beside the 6."""


def test_one_flow_alone_is_multiplied(tmp_path: Path) -> None:
    load = ALL._replace(flows=("others",), step=0.1)

    found = saturation.ask(scenario(tmp_path, "two", TWO), load, asking(tmp_path))

    # 4 an hour are left for them: 1.3 × 3 = 3.9, 1.4 × 3 = 4.2
    trials = found.tables["trials"].set_index("multiplier")["carried"]
    assert (trials[1.3], trials[1.4]) == ("yes", "no")
    assert found.tables["bound"]["multiplier"].tolist() == pytest.approx([4 / 3], rel=5e-3)


@pytest.mark.parametrize(
    ("load", "message"),
    [
        (ALL._replace(flows=("unit",)), "--flow unit: no flow of that id; did you mean 'units'?"),
        (ALL._replace(origin="plce"), "--from plce: no flow has that end; did you mean 'place'?"),
    ],
)
def test_flow_that_is_not_there_is_told_with_the_nearest(
    tmp_path: Path, load: Load, message: str
) -> None:
    with pytest.raises(ResultsError) as error:
        saturation.ask(scenario(tmp_path, "server", SERVER), load, asking(tmp_path))

    assert message in str(error.value)


def test_gridlock_is_an_answer_of_saturate(tmp_path: Path) -> None:
    path = Path(__file__).parents[1] / "scenarios/examples/two-yards.yaml"
    text = path.read_text(encoding="utf-8")
    text = text.replace("replications: 1", "replications: 2").replace("extends", "#")
    (tmp_path / "yards.yaml").write_text(text, encoding="utf-8")

    status = asked(
        "saturate", str(tmp_path / "yards.yaml"), "--out", str(tmp_path), "--step", "0.5",
        "--most", "1",
    )  # fmt: skip

    (trials,) = tmp_path.glob("saturate-*/trials.csv")
    assert status == 0
    assert pd.read_csv(trials)["why"].str.startswith("gridlock").any()


# --- the narrowest cut


def rail(folder: Path) -> Network:
    return on(network_of(scenario(folder, "rail", RAIL)), date(2025, 4, 1))


def wanted(flow: str, origin: str, destination: str, teu: float) -> Wanted:
    return Wanted(flow, origin, destination, "box", frozenset(), teu, 0.0, 2.0)


def test_cut_of_a_line_is_its_narrowest_place(tmp_path: Path) -> None:
    network = rail(tmp_path)

    found = bounds(network, applied(network), [wanted("west", "xian", "city", 400.0)])[0]

    # control: 8 trains of 100 TEU a day; border 12, gauge change 12, line 16 trains
    assert found.multiplier == pytest.approx(2.0)
    assert [cut.place for cut in found.cut] == ["control"]
    assert found.cut[0].teu_per_day == pytest.approx(800.0)


def test_cut_moves_on_when_a_place_is_widened(tmp_path: Path) -> None:
    text = RAIL.replace("servers: 1, mean_h: 3", "servers: 4, mean_h: 3")
    network = on(network_of(scenario(tmp_path, "wide", text)), date(2025, 4, 1))

    found = bounds(network, applied(network), [wanted("west", "xian", "city", 400.0)])[0]

    # gauge change: 2 servers, 4 h for 100 TEU; the border takes as much, 12 trains of 100 TEU
    assert found.multiplier == pytest.approx(3.0)
    assert found.cut[0].place in {"change", "border gate > yard"}


def test_vessels_and_cranes_are_in_the_cut(tmp_path: Path) -> None:
    network = rail(tmp_path)

    found = bounds(network, applied(network), [wanted("sea", "city", "beyond", 100.0)])[0]

    # two vessels of 160 TEU; a round trip is twice 20 h and 4 h and two calls, each as long as
    # the lifts of 320 TEU take: 16 h at 20 an hour and 3.6 h at 90: 48 + 19.6 h
    assert found.multiplier == pytest.approx(2 * 160 * 24 / (48 + 16 + 320 / 90) / 100, rel=1e-3)
    assert [cut.place for cut in found.cut] == ["feeder port > beyond"]


def test_flows_that_share_a_cut_are_bound_together(tmp_path: Path) -> None:
    network = rail(tmp_path)
    both = [wanted("west", "xian", "city", 400.0), wanted("near", "xian", "yard", 100.0)]

    found = bounds(network, applied(network), both)[0]

    assert found.multiplier == pytest.approx(800 / 500)


def test_fixed_demand_takes_its_part_of_the_cut(tmp_path: Path) -> None:
    network = rail(tmp_path)
    fixed = wanted("near", "xian", "yard", 0.0)._replace(fixed_teu=300.0)

    found = bounds(network, applied(network), [wanted("west", "xian", "city", 400.0), fixed])[0]

    assert found.multiplier == pytest.approx((800 - 300) / 400)


def test_nothing_limits_what_has_no_capacity(tmp_path: Path) -> None:
    network = on(network_of(scenario(tmp_path, "road", ROAD)), date(2025, 4, 1))
    goods = wanted("goods", "a", "b", 288.0)._replace(load_class="truck")

    assert bounds(network, applied(network), [goods]) == ()


# --- stress


def test_closing_the_only_road_for_a_day_loses_half_a_day_of_what_came(tmp_path: Path) -> None:
    shock = NODES._replace(kinds=("link",))

    found = stress.ask(scenario(tmp_path, "road", ROAD), shock, asking(tmp_path))

    row = found.tables["stress"].iloc[0]
    # 144 trucks of 2 TEU come in the day and wait half of it in the mean: 144 TEU-days
    assert row["place"] == "road"
    assert row["teu_days_lost"] == pytest.approx(144.0, abs=1.5)
    assert row["waiting_teu_d"] == pytest.approx(144.0, abs=1.5)
    # all go at once when it opens, and are there an hour later: on the first day 287 TEU-hours
    # are still too many, on the second nothing
    assert (row["recovery_d"], row["recovered"]) == (1.0, 2)
    assert row["verdict"] == "more"
    assert found.sentences[0].startswith("Aville – Beville shut for 1 days costs 14")


def test_queue_of_a_server_is_worked_off_at_its_spare_rate(tmp_path: Path) -> None:
    shock = NODES._replace(kinds=("facility",))

    found = stress.ask(scenario(tmp_path, "server", SERVER), shock, asking(tmp_path))

    row = found.tables["stress"].iloc[0]
    # 144 wait when it opens and leave at 10 - 6 an hour, in 36 h: 144 × (24 + 36) / 2 / 24
    assert row["teu_days_lost"] == pytest.approx(180.0, abs=2)
    assert row["recovery_d"] == 2.0
    # 96 in the mean of the first day after, 12 of the second, and a tenth of 96 is less
    assert row["clearing_d"] == 2.0


def test_node_is_shut_with_what_touches_it(tmp_path: Path) -> None:
    found = stress.ask(scenario(tmp_path, "road", ROAD), NODES, asking(tmp_path))

    table = found.tables["stress"]
    assert set(table["place"]) == {"a", "b"}
    # at either end the one road is shut
    assert table["teu_days_lost"].tolist() == pytest.approx([144.0] * 2, abs=1.5)


def test_screened_places_are_confirmed_under_fresh_draws(tmp_path: Path) -> None:
    text = TWO.replace("arrival_law: deterministic", "arrival_law: exponential")
    base = scenario(tmp_path, "two", text)
    shock = NODES._replace(kinds=("node", "facility"))
    screening = Screening(2, 1, "stock_mean_teu", "most")

    found = stress.ask(base, shock, asking(tmp_path), screening=screening)

    table = found.tables["stress"]
    assert table["stage"].tolist() == ["confirmed", "screened"]
    assert set(table["kind"]) == {"node", "facility"}
    # one place is both: the same closure, other draws
    assert table["teu_days_lost"].nunique() == 2


def days(*inside: list[float]) -> pd.DataFrame:
    """Return the table `days_replications` of several replications."""
    return pd.concat(
        [
            pd.DataFrame({"replication": r, "date": range(len(teu)), "teu_inside": teu})
            for r, teu in enumerate(inside, 1)
        ]
    )


def test_recovery_is_the_first_day_back_in_the_band_and_is_censored() -> None:
    base = days([10.0] * 6, [10.0] * 6)
    other = days([10, 60, 40, 12, 10, 10], [10, 110, 90, 70, 50, 30])

    back, clear = recoveries(base, other, 2)

    assert back.days.tolist() == [2.0, 4.0]
    assert back.is_over.tolist() == [True, False]
    # a tenth of 50 is left on the fourth day, a tenth of 100 never
    assert clear.days.tolist() == [1.0, 4.0]
    assert clear.is_over.tolist() == [True, False]


def test_base_that_varies_has_a_wider_band() -> None:
    base = days([10.0] * 4, [14.0] * 4)
    other = days([10, 40, 20, 10], [14, 44, 24, 14])

    back, _ = recoveries(base, other, 1)

    # mean 12, half-width 12.7 × 2: 40 is outside, and 20 and 24 are not
    assert back.days.tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("shock", "message"),
    [
        (NODES._replace(start=date(2025, 3, 1)), "the closure must begin in the window"),
        (NODES._replace(days=9), "end at least a day before it does"),
        (NODES._replace(only=("c",)), "--only c: no node of that id has traffic in the base"),
    ],
)
def test_shock_that_does_not_fit_is_told(tmp_path: Path, shock: Shock, message: str) -> None:
    with pytest.raises(ResultsError) as error:
        stress.ask(scenario(tmp_path, "road", ROAD), shock, asking(tmp_path))

    assert message in str(error.value)


# --- the commands


def test_one_replication_is_not_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(written(tmp_path, "server", SERVER))

    status = asked("stress", path, "--replications", "1", "--out", str(tmp_path))

    assert status == 2
    assert "1 replication has no interval" in capsys.readouterr().err


def test_commands_write_tables_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = str(written(tmp_path, "server", SERVER)), ["--out", str(tmp_path / "results")]

    first = asked("saturate", path, "--step", "0.5", "--json", *out)
    rows = json.loads(capsys.readouterr().out)
    second = asked("stress", path, "--shut-days", "1", "--from", "2025-04-03", *out)

    assert (first, second) == (0, 0)
    assert [(row["multiplier"], row["carried"]) for row in rows] == [
        ("1.0", "yes"), ("1.5", "yes"), ("2.0", "no"),
    ]  # fmt: skip
    assert "Place shut for 1 days costs 180 TEU-days" in capsys.readouterr().out
    for question, chart in (("saturate", "growth"), ("stress", "teu_days_lost")):
        (page,) = (tmp_path / "results").glob(f"{question}-*/report.html")
        assert f'id="chart-{chart}"' in page.read_text(encoding="utf-8")
        assert (page.parent / "columns.csv").is_file()


def test_runs_of_a_question_are_kept_and_found_again(tmp_path: Path) -> None:
    base = scenario(tmp_path, "server", SERVER)
    first = stress.ask(base, NODES, asking(tmp_path))
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifest.json")}

    again = stress.ask(base, NODES, asking(tmp_path))

    pd.testing.assert_frame_equal(first.tables["stress"], again.tables["stress"])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("manifest.json")} == stamps


def test_experiment_is_kept_without_what_is_large(tmp_path: Path) -> None:
    (found,) = experiments([scenario(tmp_path, "server", SERVER)], asking(tmp_path))

    assert isinstance(found, Experiment)
    assert found.cohorts == ()
    assert found.timeseries.empty
