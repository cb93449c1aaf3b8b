"""Draws the maps of ``docs/scenarios/``: what each project changes, and where.

In: the library of scenarios. Out: ``docs/scenarios/maps/<scenario>.png``. Run it with
``python docs/scenario_maps.py``.
"""

import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from network.load import corridor_folder, read_tables
from network.schema import TABLES, RawTables, RowChange
from sim.plots.changemap import change_map
from sim.plots.style import drawing
from sim.scenario import Scenario, Shipped, load, shipped, shipped_folder

FOLDER = Path(__file__).parent / "scenarios" / "maps"
_COLOURS = 48
"""Of a palette: flat land, lines and text need no more, and the files stay small."""
_FAR = ("demand", "services")
"""Tables whose rows end far from the work: they are marked only where nothing else is changed."""
Cells = Mapping[str, object]


def main() -> None:
    """Draw every map."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    raw = read_tables(corridor_folder())
    for one in shipped():
        if one.mark:
            draw(one, raw)


def draw(one: Shipped, raw: RawTables) -> None:
    """Write the map of one project."""
    lines, places = tables(changes_of(load(one.path)), raw)
    with drawing(one.name):
        figure = change_map(lines, places, basemap="land", title=one.title)
        assert figure is not None, one.name
        FigureCanvasAgg(figure)
        png = io.BytesIO()
        figure.savefig(png, format="png", dpi=100, metadata={"Software": None})
    picture = (
        Image.open(png)
        .convert("RGB")
        .quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    )
    picture.save(FOLDER / f"{one.name}.png", optimize=True)


def changes_of(scenario: Scenario) -> list[RowChange]:
    """Return the rows that stand between a project and its base."""
    assert scenario.library is not None
    if scenario.library.mark != "open":
        return list(scenario.network.changes)
    undone = load(shipped_folder() / str(scenario.experiment.compare_with))
    return [*undone.network.changes, *scenario.network.changes]


def tables(changes: Iterable[RowChange], raw: RawTables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return links and places, as `change_map` takes them.

    Parameters
    ----------
    changes
        Rows added, changed, retired.
    raw
        The corridor.
    """
    changes = list(changes)
    rows: dict[str, dict[str, dict[str, object]]] = defaultdict(lambda: defaultdict(dict))
    for table in TABLES:
        for row in getattr(raw, table):
            rows[table][str(row.values.get("id"))] = dict(row.values)  # noqa: PD011 - of a row
    for change in changes:
        rows[change.table][change.id] |= change.values  # noqa: PD011
    near = [c for c in changes if c.table not in _FAR] or changes
    ends = {end for change in near for end in _ends(change, rows)}
    links = {c.id for c in changes if c.table == "links"} | (ends & set(rows["links"]))
    lines = pd.DataFrame(
        [
            (str(cells["from"]), str(cells["to"]), str(cells["mode"]), link in links)
            for link, cells in rows["links"].items()
        ],
        columns=["start", "end", "mode", "is_changed"],
    )
    places = pd.DataFrame(
        [
            (
                node,
                str(cells["name"]).partition(" (")[0],
                float(str(cells["lat"])),
                float(str(cells["lon"])),
                node in ends,
            )
            for node, cells in rows["nodes"].items()
        ],
        columns=["node", "name", "lat", "lon", "is_changed"],
    )
    return lines, places


def _ends(change: RowChange, rows: Mapping[str, Mapping[str, Cells]]) -> Iterator[str]:
    """Yield the places of a row, or the link that it is about."""
    cells = rows[change.table][change.id]
    if change.table == "nodes":
        yield change.id
    for column in ("node", "from", "to", "origin", "destination"):
        if cells.get(column) and change.table != "links":
            yield str(cells[column])
    where = cells.get("node_or_link")
    if where:
        yield str(where)


if __name__ == "__main__":
    main()
