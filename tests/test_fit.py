"""The page of the fit: words of metrics, verdicts, and lines, by hand."""

import importlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from network.load import corridor_folder, load
from network.schema import TargetRow
from sim.experiment.intervals import Interval

DOCS = Path(__file__).resolve().parents[1] / "docs"


@pytest.fixture(autouse=True)
def _beside_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))


@pytest.fixture
def metrics() -> ModuleType:
    return importlib.import_module("fit_metrics")


@pytest.fixture
def page() -> ModuleType:
    return importlib.import_module("generate_fit")


def target(metric: str, value: float = 10.0, **more: object) -> TargetRow:
    return TargetRow("t", "hours", value, "h", metric=metric, **more)  # type: ignore[arg-type]


def test_metric_is_read_word_by_word(metrics: ModuleType) -> None:
    found = metrics.parse_metric(
        "transit_days mean from=altynkol to=poti+batumi window=2024-01..08"
    )

    assert found.measure == "transit_days"
    assert found.statistics == ("mean",)
    assert found.values("to") == ("poti", "batumi")
    assert found.values("node", "from") == ("altynkol",)
    assert found.window == (2024, 1, 8)


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("2024", (2024, 1, 12)),
        ("2024-07", (2024, 7, 7)),
        ("2023-Q2", (2023, 4, 6)),
        ("2024-11..12", (2024, 11, 12)),
        ("Nov-Dec", (None, 11, 12)),
    ],
)
def test_window_is_months_of_a_year(
    metrics: ModuleType, text: str, window: tuple[int | None, int, int]
) -> None:
    assert metrics.parse_window(text) == window


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hours mean node=a window=2024", "begins with no measure"),
        ("border_hours mean node=a", "ends with no window="),
        ("border_hours mean nod=a window=2024", "unknown"),
        ("border_hours node=a mean window=2024", "key=value"),
        ("border_hours mean node=a window=spring", "window 'spring'"),
    ],
)
def test_wrong_words_are_named(metrics: ModuleType, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        metrics.parse_metric(text)


def test_every_target_can_be_read(metrics: ModuleType) -> None:
    found = [metrics.parse_metric(row.metric) for row in load(corridor_folder()).targets]

    assert len(found) > 100
    assert any(metric.note.startswith("not measured") for metric in found)


def test_demand_gives_flows_and_not_ways(metrics: ModuleType, page: ModuleType) -> None:
    given = metrics.parse_metric("throughput teu flows=ceu window=2024")
    routed = metrics.parse_metric("throughput teu node=aktau_port window=2024")

    assert page.is_given(given)
    assert not page.is_given(routed)


def test_only_the_last_year_of_what_is_structural_is_compared(
    metrics: ModuleType, page: ModuleType
) -> None:
    texts = [
        *(f"border_hours mean nodes=a mode=rail window={year}" for year in (2021, 2023)),
        "throughput teu node=a window=2023",
        "speed moving country=KZ mode=rail window=2022",
    ]
    targets = [(target(text), metrics.parse_metric(text)) for text in texts]

    kinds = [page.kind_of(row, metric, targets) for row, metric in targets]

    assert kinds == ["apart", "made", "apart", "made"]


@pytest.mark.parametrize(
    ("mean", "said"),
    [
        (12.5, "within 25 %"),  # 12.5 / 10 = 1.25: just inside
        (12.6, "within the published range"),  # 8 to 13 was published
        (13.1, "beyond 25 %"),
        (7.4, "beyond 25 %"),  # 7.4 / 10 = 0.74
    ],
)
def test_verdict_follows_ratio_then_range(
    metrics: ModuleType, page: ModuleType, mean: float, said: str
) -> None:
    text = "station_hours mean node=a window=2024"
    row = target(text, low=8.0, high=13.0)

    found = page.verdict(row, metrics.parse_metric(text), "made", Interval(mean, 0.1, 5))

    assert found == said


def test_gap_without_a_reason_is_an_error(metrics: ModuleType, page: ModuleType) -> None:
    text = "station_hours mean node=a window=2024"
    targets = [(target(text), metrics.parse_metric(text))]

    with pytest.raises(ValueError, match="no reason for t 10"):
        page.judged(targets, {"t": [20.0, 22.0]}, {})
    (row,) = page.judged(targets, {"t": [20.0, 22.0]}, {"t": "one berth too few"})

    # mean 21; half-width = 12.706 x sqrt(2) / sqrt(2) = 12.706
    assert row.model.mean == 21.0
    assert np.isclose(row.model.half_width, 12.706, atol=1e-3)
    assert row.verdict == "beyond 25 %: one berth too few"


def test_line_holds_published_value_figure_and_ratio(page: ModuleType) -> None:
    row = page.Row(
        target("station_hours mean node=a window=2024", low=8.0, high=13.0, source=("s1", "s2")),
        "made",
        Interval(12.0, 0.5, 5),
        "within 25 %",
    )

    cells = [cell.strip() for cell in page.line_of(row).strip("|").split("|")]

    assert cells == [
        "`t`", "", "", "hours: `station_hours mean node=a`", "10 (8–13) h", "s1, s2",
        "12 ± 0.5", "1.20", "within 25 %",
    ]  # fmt: skip


def test_page_is_of_the_targets_that_are_shipped() -> None:
    """A row that is added to the table wants the page made again."""
    text = (DOCS / "fit.md").read_text(encoding="utf-8")

    missing = [row.id for row in load(corridor_folder()).targets if f"| `{row.id}` |" not in text]

    assert missing == []
