"""Figures: drawn from tables alone, the same bytes each time, labels that keep apart."""

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import sample_results

from sim.errors import ResultsError
from sim.plots import bars, basemap, changemap, flowmap, labels, lines, sheet, style
from sim.plots.labels import Box, place

WIDE = Box(0.0, 0.0, 1000.0, 1000.0)


def throughput_table(name: str = "Dostyk → Alashankou") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "group": "By border crossing",
            "label": [name, name],
            "side": ["Base: now", "Scenario: new"],
            "teu": [1000.0, 1200.0],
            "half_width_95": [50.0, np.nan],
        }
    )


def map_tables() -> tuple[pd.DataFrame, pd.DataFrame]:
    drawn = pd.DataFrame(
        {
            "start": ["dostyk", "aktau_port"],
            "end": ["aktogay", "alat"],
            "mode": ["rail", "sea"],
            "teu": [90_000.0, 10_000.0],
            "utilisation": [0.9, math.nan],
        }
    )
    places = pd.DataFrame(sample_results.PLACES, columns=["node", "name", "c", "lat", "lon", "k"])
    return drawn, places


def boxes_of(
    centres: list[tuple[float, float] | None], sizes: list[tuple[float, float]]
) -> list[Box]:
    return [
        Box(c[0] - w / 2, c[1] - h / 2, c[0] + w / 2, c[1] + h / 2)
        for c, (w, h) in zip(centres, sizes, strict=True)
        if c is not None
    ]


def test_labels_of_near_places_do_not_overlap() -> None:
    points = [(500.0, 500.0), (504.0, 502.0), (498.0, 505.0)]
    sizes = [(60.0, 10.0)] * 3

    boxes = boxes_of(place(points, sizes, gap=4.0, bounds=WIDE), sizes)

    assert len(boxes) == 3
    assert not any(a.meets(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])


def test_first_label_stands_right_of_its_point() -> None:
    # 4 off the point, and half of its width of 60 further: 10 + 4 + 30.
    assert place([(10.0, 20.0)], [(60.0, 10.0)], gap=4.0, bounds=WIDE) == [(44.0, 20.0)]


def test_label_stays_inside_the_map() -> None:
    centre = place([(995.0, 500.0)], [(60.0, 10.0)], gap=4.0, bounds=WIDE)[0]

    assert centre is not None
    assert centre[0] + 30.0 <= 1000.0


def test_label_without_room_is_left_out() -> None:
    assert place([(5.0, 5.0)], [(60.0, 10.0)], gap=4.0, bounds=Box(0, 0, 20, 20)) == [None]


def test_label_covers_a_line_only_where_there_is_no_other_room() -> None:
    right_of_point = Box(500.0, 490.0, 600.0, 510.0)

    free = place([(500.0, 500.0)], [(60.0, 10.0)], gap=4.0, bounds=WIDE, avoided=[right_of_point])
    shut_in = place([(500.0, 500.0)], [(60.0, 10.0)], gap=4.0, bounds=WIDE, avoided=[WIDE])

    assert free[0] is not None
    assert free[0][0] < 534.0
    assert shut_in == [(534.0, 500.0)]


@pytest.mark.parametrize(
    ("latitude", "longitude"), [(45.3, 82.4), (43.6, 51.2)], ids=["dostyk", "aktau"]
)
def test_middle_of_the_map_is_the_middle_of_its_places(latitude: float, longitude: float) -> None:
    places = [(latitude - 1, longitude - 1), (latitude + 1, longitude + 1)]

    x, y = (p := basemap.fit(places, width=1000.0)).at(latitude, longitude)

    assert x == pytest.approx(p.width / 2)
    assert y == pytest.approx(p.height / 2)
    assert p.width == pytest.approx(1000.0)


def test_degree_of_longitude_is_as_long_as_cosine_of_latitude() -> None:
    p = basemap.Projection(west=0.0, south=50.0, east=10.0, north=70.0, scale=10.0)

    # cos 60 degrees = 1/2: ten degrees of longitude at scale 10 are 50 wide.
    assert p.width == pytest.approx(50.0)
    assert p.height == pytest.approx(200.0)


def test_ring_is_cut_at_the_edge_of_the_map() -> None:
    square = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]

    cut = basemap.clipped(square, Box(2.0, -1.0, 9.0, 9.0))

    assert sorted(cut) == [(2.0, 0.0), (2.0, 4.0), (4.0, 0.0), (4.0, 4.0)]


def test_ring_outside_the_map_vanishes() -> None:
    assert basemap.clipped([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], Box(5.0, 5.0, 9.0, 9.0)) == []


def test_aktau_is_on_land_and_mid_caspian_is_not() -> None:
    def is_land(lat: float, lon: float) -> bool:
        # Ray to the east: an odd number of crossed edges is inside.
        crossed = 0
        for ring in basemap.rings("land"):
            for (x0, y0), (x1, y1) in itertools.pairwise(ring):
                if (y0 > lat) != (y1 > lat) and lon < x0 + (lat - y0) / (y1 - y0) * (x1 - x0):
                    crossed += 1
        return crossed % 2 == 1

    assert is_land(43.6, 51.6)
    assert not is_land(42.0, 50.5)


def test_borders_carry_the_disclaimer_and_land_does_not() -> None:
    view = basemap.fit([(45.0, 60.0), (50.0, 80.0)], width=1000.0)

    assert basemap.DISCLAIMER in sheet.land("borders", view).note
    assert basemap.DISCLAIMER not in sheet.land("land", view).note


def test_own_basemap_is_drawn(tmp_path: Path) -> None:
    own = tmp_path / "own.geojson"
    own.write_text(
        '{"features": [{"geometry": {"type": "Polygon", "coordinates":'
        " [[[60, 45], [70, 45], [70, 50], [60, 45]]]}}]}"
    )

    assert basemap.rings(str(own)) == [[(60.0, 45.0), (70.0, 45.0), (70.0, 50.0), (60.0, 45.0)]]


@pytest.mark.parametrize("content", ["", "{}", '{"features": [1]}', "[]"])
def test_basemap_that_is_no_geojson_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bad.geojson"
    path.write_text(content)

    with pytest.raises(ResultsError, match="basemap must be land, borders or the path"):
        basemap.rings(str(path))


def test_width_of_a_line_is_the_root_of_its_share() -> None:
    # A quarter of the most: half of the width.
    assert list(flowmap.widths(pd.Series([100.0, 25.0, 0.0]), 10.0)) == [10.0, 5.0, 0.0]


def test_lines_between_the_same_places_bend_apart() -> None:
    parallel = pd.DataFrame({"start": ["a", "b", "a"], "end": ["b", "a", "b"]})

    first, second, third = flowmap.bends(parallel)
    # The second runs the other way, so the same sign is the other side.
    assert first == 0.0
    assert second == third != 0.0


@pytest.mark.parametrize("installed", [["DejaVu Sans"], ["Noto Sans CJK SC", "DejaVu Sans"]])
def test_chinese_letters_are_looked_for_in_a_font_that_has_them(installed: list[str]) -> None:
    chosen = style.families(installed, "阿拉山口")

    assert chosen[0] == "DejaVu Sans"
    assert ("Noto Sans CJK SC" in chosen) == ("Noto Sans CJK SC" in installed)


def test_latin_cyrillic_and_kazakh_need_one_font() -> None:
    assert style.families(["Noto Sans CJK SC"], "Ақтау – Aktau – Актау") == ["DejaVu Sans"]


def test_figure_is_written_as_png_and_svg_with_the_same_bytes_each_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        style.save(bars.throughput, throughput_table(), tmp_path / folder, "t", title="TEU")

    for name in ("t.png", "t.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    assert (tmp_path / "one" / "t.png").read_bytes().startswith(b"\x89PNG")


def test_map_of_changes_draws_what_is_changed_over_the_rest() -> None:
    drawn, places = map_tables()
    drawn = drawn.assign(is_changed=[True] + [False] * (len(drawn) - 1))
    nobody = places.assign(is_changed=False)

    figure = changemap.change_map(drawn, nobody, basemap="land", title="One line")

    assert figure is not None
    thick = [line for line in figure.axes[0].lines if line.get_color() == style.WARNING]
    assert [line.get_linewidth() for line in thick if line.get_marker() == "None"] == [2.6]
    unchanged = drawn.assign(is_changed=False)
    assert changemap.change_map(unchanged, nobody, basemap="land", title="None") is None


def test_map_has_the_same_bytes_each_time(tmp_path: Path) -> None:
    drawn, places = map_tables()

    texts = [
        style.save(
            lambda table: flowmap.flow_map(table, places, basemap="land", title="Flows"),
            drawn, tmp_path / folder, "m", title="Flows",
        )
        for folder in ("one", "two")
    ]  # fmt: skip

    assert texts[0] == texts[1]
    assert (tmp_path / "one/m.png").read_bytes() == (tmp_path / "two/m.png").read_bytes()
    assert "Aktogay" in (texts[0] or "")


def test_names_are_text_and_neither_mathematics_nor_markup(tmp_path: Path) -> None:
    name = "<script>alert(1)</script> $x^2$ Бақты 阿拉山口"

    svg = style.save(bars.throughput, throughput_table(name), tmp_path, "t", title="TEU")

    assert svg is not None
    assert "<script" not in svg
    assert "$x^2$" in svg
    assert "Бақты 阿拉山口" in svg


def test_thousands_are_set_apart_on_the_axis(tmp_path: Path) -> None:
    svg = style.save(bars.throughput, throughput_table(), tmp_path, "t", title="TEU")

    assert "1\u202f000" in (svg or "")


@pytest.mark.parametrize(
    "draw", [bars.throughput, bars.causes, bars.utilisation, lines.transit, lines.queues]
)
def test_nothing_measured_draws_nothing(draw: style.Draw, tmp_path: Path) -> None:
    columns = ["group", "label", "side", "value", "unit", "cause", "teu", "queue_mean", "date"]

    assert style.save(draw, pd.DataFrame(columns=columns), tmp_path, "t", title="none") is None
    assert list(tmp_path.iterdir()) == []


def test_stacked_causes_keep_their_order_and_colours(tmp_path: Path) -> None:
    table = pd.DataFrame({
        "label": "Average TEU", "side": "run", "cause": ["path", "moving", "queue"],
        "value": [0.5, 6.0, 2.0], "unit": "days",
    })  # fmt: skip

    svg = style.save(bars.causes, table, tmp_path, "c", title="causes") or ""

    # Bars come in the ledger's order whatever the order of the rows.
    fills = [svg.index(f"fill: {style.CAUSE_COLOUR[c]}") for c in ("moving", "queue", "path")]
    assert fills == sorted(fills)


def test_long_names_are_shortened_on_one_line() -> None:
    assert style.one_line("a\nb   c") == "a b c"
    assert style.one_line("x" * 80, 10) == "x" * 9 + "…"


def test_boxes_that_touch_do_not_meet() -> None:
    assert not labels.Box(0, 0, 1, 1).meets(labels.Box(1, 0, 2, 1))
    assert labels.Box(0, 0, 2, 2).meets(labels.Box(1, 1, 3, 3))
