"""The page of a sweep, and the command that writes it."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from test_sweep import SMALL, UNIT, section

from cli import app
from commands.door import status_of
from sim.plots.sweeps import effects, interactions, responses, tornado
from sim.report.sweep import write
from sim.sweep.conduct import State
from sim.sweep.designs import design
from sim.sweep.folder import read
from sim.sweep.points import Points
from sim.sweep.store import DONE, FAILED, Record


def asked(*words: str) -> int:
    return status_of(lambda: app(list(words), prog_name="keruen"), debug=True)


def made(kind: str, count: int | None = None, *, is_failed: bool = False) -> tuple[Points, State]:
    """Return a sweep of two factors whose one response is 10 a + b, or of which a run failed."""
    said = section(kind, count, a=UNIT, b=UNIT).model_copy(update={"responses": ("stock",)})
    points = design(said)
    keys = tuple(f"k{p}" for p in range(len(points.points)))
    records = {}
    for key, (a, b) in zip(keys, points.unit, strict=True):
        content = json.dumps([("stock", 10 * float(a) + float(b), "TEU", "")])
        records[key, 0] = Record(key, 0, DONE, content, 1.0)
    if is_failed:
        records[keys[0], 0] = Record(keys[0], 0, FAILED, "<b>gridlock</b>", 1.0)
    sweep = Points("s", "A & B", said, points, keys, dict.fromkeys(keys), 1)  # type: ignore[arg-type]  # scenarios are not read
    return sweep, State(records, (), 0, len(keys))


@pytest.mark.parametrize(
    ("kind", "count", "charts"),
    [
        ("grid", None, {"effects_1", "responses_1", "interactions_1"}),
        ("one_at_a_time", None, {"tornado_1", "responses_1"}),
        ("saltelli", 32, {"effects_1", "responses_1", "interactions_1"}),
        ("morris", 8, {"effects_1", "responses_1", "interactions_1"}),
        ("latin_hypercube", 30, {"effects_1", "responses_1", "interactions_1"}),
    ],
)
def test_page_of_every_design_has_its_charts(
    kind: str, count: int | None, charts: set[str], tmp_path: Path
) -> None:
    points, state = made(kind, count)

    page = write(tmp_path, points, read(points, state)).read_text(encoding="utf-8")

    assert set(re.findall(r'id="chart-(\w+)"', page)) == charts
    assert {path.stem for path in (tmp_path / "figures").glob("*.png")} == charts
    assert "A &amp; B" in page
    assert not re.search(r'(src|href)="https?:', page)


def test_same_results_give_the_same_page(tmp_path: Path) -> None:
    points, state = made("grid")
    (tmp_path / "again").mkdir()

    one = write(tmp_path, points, read(points, state)).read_bytes()
    two = write(tmp_path / "again", points, read(points, state)).read_bytes()

    assert one == two


def test_failed_run_is_said_escaped_and_its_point_left_out(tmp_path: Path) -> None:
    points, state = made("grid", is_failed=True)

    page = write(tmp_path, points, read(points, state)).read_text(encoding="utf-8")

    assert "1 of 9 runs failed; their points are in no mean." in page
    assert "&lt;b&gt;gridlock" in page


def test_nothing_to_draw_is_nothing() -> None:
    empty = pd.DataFrame(columns=["label"])

    assert all(draw(empty) is None for draw in (tornado, effects, responses, interactions))


def test_tornado_has_the_widest_bar_on_top() -> None:
    table = pd.DataFrame(
        {"label": ["wide", "thin"], "low": [-5.0, -1.0], "high": [4.0, 0.0], "said": "days"}
    )

    figure = tornado(table)

    assert figure is not None
    (axes,) = figure.axes
    assert [tick.get_text() for tick in axes.get_yticklabels()] == ["wide", "thin"]
    widths = [patch.get_width() for patch in axes.patches]  # type: ignore[attr-defined]
    assert np.allclose(widths, [-5, -1, 4, 0])
    assert axes.get_ylim()[0] > axes.get_ylim()[1]


@pytest.mark.slow
def test_sweep_says_first_what_it_asks_for_and_then_what_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path)]

    assert asked("sweep", str(SMALL), *out, "--dry-run", "--json") == 0
    told = {row["what"]: row["value"] for row in json.loads(capsys.readouterr().out)}
    assert (told["points"], told["runs"], told["missing"]) == ("9", "18", "18")
    assert asked("sweep", str(SMALL), *out) == 0
    assert "18 of 18 runs done, 0 failed" in capsys.readouterr().out
    assert (tmp_path / "sweeps/small/report.html").is_file()
