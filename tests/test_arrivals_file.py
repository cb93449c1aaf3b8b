"""Arrivals from a CSV file, and calendars that do not reach over the run."""

from pathlib import Path

import pytest
from compiler_cases import QUEUE, compiled, read

from sim.draws.replication import draw
from sim.errors import ScenarioError
from sim.scenario import resolved_yaml

FILED = QUEUE.replace("amount: 730,", "arrivals_file: trains.csv, lots_together: 3,")
HOUR_S = 3_600


def beside(folder: Path, text: str, name: str = "trains.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_arrivals_come_at_the_hours_of_the_file(tmp_path: Path) -> None:
    beside(tmp_path, "at_h\n1\n30.5\n240\n")

    plan, legend = compiled(tmp_path, FILED)

    sent = draw(plan, 1, 0)
    # The third, after ten days, is outside the run.
    assert sent.consignment_created_s.tolist() == [3600] * 3 + [109_800] * 3
    assert not [note for note in legend.notes if "stated arrival" in note]


def test_resolved_scenario_holds_the_hours_and_needs_no_file(tmp_path: Path) -> None:
    trains = beside(tmp_path, "at_h\n1\n30.5\n")

    text = resolved_yaml(read(tmp_path, FILED))
    trains.unlink()
    plan, _ = compiled(tmp_path, text)

    assert "trains.csv" not in text
    assert len(draw(plan, 1, 0).consignment_created_s) == 6


def test_file_that_ends_before_the_window_does_is_told_and_never_repeated(tmp_path: Path) -> None:
    beside(tmp_path, "at_h\n1\n30\n")

    plan, legend = compiled(tmp_path, FILED)

    assert len(draw(plan, 1, 0).consignment_created_s) == 6
    assert (
        "demand aa: the last stated arrival is 210 h before the window's end; nothing is sent"
        " after it"
    ) in legend.notes


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("at_h\n5\n3\n", ["trains.csv:3: 3 follows 5; hours must rise"]),
        ("at_h\n5\n5\n", ["trains.csv:3: 5 follows 5; hours must rise"]),
        ("at_h\n-5\n3\n", ["trains.csv:2: -5 is before the window's start"]),
        ("at_h\n1,5\nx\n", ["trains.csv:2: '1,5' is not", "trains.csv:3: 'x' is not"]),
        ("at_h\nnan\n", ["trains.csv:2: 'nan' is not one number of hours"]),
        ("hours\n1\n", ["trains.csv:1: must have one column, at_h"]),
        ("at_h\n", ["trains.csv: has 0 arrivals"]),
        ("", ["trains.csv:1: must have one column, at_h"]),
    ],
)
def test_file_out_of_order_is_refused_with_every_line(
    tmp_path: Path, text: str, messages: list[str]
) -> None:
    beside(tmp_path, text)

    with pytest.raises(ScenarioError) as found:
        read(tmp_path, FILED)
    for message in messages:
        assert message in str(found.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("../trains.csv", "leads outside"),
        ("/etc/passwd", "leads outside"),
        ("none.csv", "no file 'none.csv' beside this file"),
    ],
)
def test_file_that_is_not_beside_the_scenario_is_refused(
    tmp_path: Path, name: str, message: str
) -> None:
    beside(tmp_path, "at_h\n1\n")

    with pytest.raises(ScenarioError, match=message):
        read(tmp_path, FILED.replace("trains.csv", name))


def test_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trains.csv").write_bytes(b"at_h\n\xff\n")

    with pytest.raises(ScenarioError, match=r"trains.csv: is not UTF-8"):
        read(tmp_path, FILED)


def test_file_and_stated_hours_together_are_refused(tmp_path: Path) -> None:
    beside(tmp_path, "at_h\n1\n")

    with pytest.raises(ScenarioError, match="has arrivals_at_h too; give one"):
        read(tmp_path, FILED.replace("lots_together", "arrivals_at_h: [1], lots_together"))


HOLIDAYS = """  closures:
    - {id: h, effect: shut, target_kind: station, target: [f_desk], mean_h: 24,
       law: deterministic, start: [2023-01-03, 2025-01-03]}
demand:
"""


def test_calendar_without_the_year_of_the_run_is_told(tmp_path: Path) -> None:
    _, legend = compiled(tmp_path, QUEUE.replace("demand:\n", HOLIDAYS))

    assert "closures h: no date in 2024; it has 2023 to 2025" in legend.notes


def test_calendar_with_the_year_and_a_single_event_are_not(tmp_path: Path) -> None:
    year = HOLIDAYS.replace("2025-01-03", "2024-01-03, 2025-01-03")
    event = HOLIDAYS.replace("2023-01-03, ", "")

    for rows in (year, event, HOLIDAYS.replace("2023-01-03, 2025-01-03", "01-03")):
        _, legend = compiled(tmp_path, QUEUE.replace("demand:\n", rows))
        assert not [note for note in legend.notes if "no date in" in note]
