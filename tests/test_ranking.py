"""Scenarios ranked, each against its own base; packages against their parts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_steady import asked, experiment

from sim.experiment.families import Pair, family
from sim.experiment.pairing import compare
from sim.experiment.ranking import interaction, ranking
from sim.experiment.replicate import values_of
from sim.plots.ranking import ranking as drawn
from sim.plots.style import save

SLOW, FAST, FASTER = 0.9, 0.6, 0.5


def pair(folder: Path, base: float, other: float) -> Pair:
    return Pair(*(experiment(folder, size, replications=4) for size in (base, other)))


def test_each_is_held_against_its_own_base_and_all_together(tmp_path: Path) -> None:
    pairs = {"a": pair(tmp_path, FAST, FASTER), "b": pair(tmp_path, FASTER, FAST)}

    table = ranking(pairs, {"a": 10.0}).set_index("scenario")

    assert table["transit_verdict"].to_dict() == {"a": "less", "b": "more"}
    a, b = table.to_dict("index")["a"], table.to_dict("index")["b"]
    assert a["transit_difference"] == -b["transit_difference"]
    mine = values_of(pairs["b"].base.replications, "transit_mean_d")
    assert b["transit_base"] == pytest.approx(mine.mean())
    alone = compare(*pairs["a"]).comparison.set_index("kpi").loc["transit_mean_d"]
    # t(3, 1 - 0.05 / 4) / t(3, 1 - 0.05 / 2) = 4.1765 / 3.1824
    ratio = a["transit_half_width"] / alone["half_width"]
    assert ratio == pytest.approx(1.3124, abs=1e-3)
    # no throughput is gained, so its cost is the gain of nothing
    assert a["cost_usd"] == 10.0
    assert np.isnan(a["usd_per_teu_gained"])


def test_cause_and_place_are_those_of_the_ledger(tmp_path: Path) -> None:
    one = pair(tmp_path, SLOW, FASTER)

    row = ranking({"a": one}, {}).iloc[0]
    ledger = compare(*one).ledger_differences
    sums = ledger.groupby("cause")["difference"].sum()

    assert row["cause"] == sums.abs().idxmax() == "queue"
    assert row["cause_teu_d"] == pytest.approx(sums["queue"] / 24)
    assert row["node"] == ledger[ledger["cause"] == "queue"].iloc[0]["node"]


def test_pair_with_a_gridlock_has_no_figures_and_counts_in_no_family(tmp_path: Path) -> None:
    one, other = pair(tmp_path, FAST, FASTER), pair(tmp_path, FASTER, FAST)
    holders = ("replication 2: a train", "replication 2: a ship", "replication 4: a train")
    failed = other._replace(other=other.other._replace(gridlock=holders))

    table = ranking({"a": one, "b": failed}, {}).set_index("scenario")

    alone = ranking({"a": one}, {}).iloc[0]
    assert table.loc["a", "transit_half_width"] == alone["transit_half_width"]
    assert table["locked"].to_dict() == {"a": 0, "b": 2}
    assert table.index.tolist() == ["a", "b"]
    assert set(table.filter(like="_verdict").loc["b"]) == {"gridlock"}
    assert table.filter(like="_difference").loc["b"].isna().all()


def test_cost_is_divided_by_what_is_shown_to_be_gained(tmp_path: Path) -> None:
    one = pair(tmp_path, FAST, FASTER)
    more = one.other.replications.copy()
    more.loc[more["kpi"] == "teu_delivered", "value"] += 50.0
    gained = Pair(one.other, one.other._replace(replications=more))

    row = ranking({"a": gained}, {"a": 1000.0}).iloc[0]

    assert (row["teu_difference"], row["teu_verdict"]) == (50.0, "more")
    assert row["usd_per_teu_gained"] == 20.0


def test_interaction_is_what_a_package_has_beyond_the_sum_of_its_parts(tmp_path: Path) -> None:
    base = experiment(tmp_path, FAST, replications=4)

    def shifted(teu: list[float]) -> Pair:
        table = base.replications.copy()
        table.loc[table["kpi"] == "teu_delivered", "value"] += np.array(teu)
        return Pair(base, base._replace(replications=table))

    parts = [shifted([1, 2, 3, 4]), shifted([10, 10, 10, 10])]
    found = interaction(shifted([12, 13, 14, 15]), parts, "teu_delivered")
    assert (found.mean, found.half_width, found.n) == (1.0, 0.0, 4)
    less = interaction(shifted([8, 8, 10, 10]), parts, "teu_delivered")
    assert less.mean == -3.5
    assert less.half_width == pytest.approx(
        3.1824 * np.std([-3, -4, -3, -4], ddof=1) / 2, rel=1e-3
    )


def test_family_is_the_ranking_of_one_base(tmp_path: Path) -> None:
    one = pair(tmp_path, FAST, FASTER)
    mine = family(one.base, {"a": one.other}).set_index("kpi").loc["transit_mean_d"]
    row = ranking({"a": one}, {}).iloc[0]

    assert mine["half_width"] == row["transit_half_width"]


def test_chart_tells_marks_demands_and_what_is_shown_apart(tmp_path: Path) -> None:
    rows = [
        ("line", "2028", "early", 5e4, 1e3, True), ("line", "2028 × 1.5", "early", 9e4, 2e3, True),
        ("port", "2028", "open", -20.0, 300.0, False),
    ]  # fmt: skip
    columns = ["label", "side", "mark", "difference", "half_width", "is_shown"]
    table = pd.DataFrame(rows, columns=columns).assign(said="TEU a year")

    text = save(drawn, table, tmp_path, "ranking", title="What is gained")

    assert text is not None
    assert all(word in text for word in ("line", "port", "2028 × 1.5", "early", "hollow"))
    assert drawn(table[:0]) is None


PROJECT = """schema_version: 1
name: {name}
library: {{mark: due}}
extends: base.yaml
demand: {{factor: {factor}}}
experiment: {{compare_with: base.yaml}}
"""


def test_command_ranks_projects_against_the_bases_they_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "base.yaml").write_text(
        "schema_version: 1\nname: base\nextends: examples/small-corridor.yaml\n"
        "window: {start: 2024-04-01, days: 10, warm_up_days: 0, run_out_days: 5}\n",
        encoding="utf-8",
    )
    files = []
    for name, factor in (("half", 0.5), ("twice", 2.0)):
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(PROJECT.format(name=name, factor=factor), encoding="utf-8")
    out = tmp_path / "results"
    words = ["compare", *map(str, files), "--out", str(out), "--replications", "3"]

    assert asked(*words) == 0

    (found,) = out.glob("ranking-*/ranking.csv")
    table = pd.read_csv(found).set_index("scenario")
    assert list(table.index) == ["twice", "half"]
    assert len(list(out.glob("*/*/manifest.json"))) == 3
    assert "together at 95 %" in capsys.readouterr().out
    assert asked(*words, "--check-warm-up") == 2


def test_project_that_asks_what_its_base_asks_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "base.yaml").write_text(
        "schema_version: 1\nname: base\nextends: examples/small-corridor.yaml\n",
        encoding="utf-8",
    )
    same = PROJECT.replace("demand: {{factor: {factor}}}\n", "")
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(same.format(name=name), encoding="utf-8")

    assert asked("compare", *(str(tmp_path / f"{name}.yaml") for name in ("one", "two"))) == 2
    assert "asks what its base asks" in capsys.readouterr().err
