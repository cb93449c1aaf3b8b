"""The look of every figure, and how one becomes a PNG and an SVG that repeat byte for byte.

Colours are those of Okabe and Ito (2008), told apart under every common form of colour
blindness; 0-1 scales are ``cividis`` (Nuñez, Anderton and Renslow 2018). The state machine
of pyplot is never used: a figure belongs to the call that makes it.
"""

import io
import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

INK = "#1f2a33"
MUTED = "#56616b"
GRID = "#dde2e6"
PAPER = "#ffffff"
LAND = "#eceeea"
SHORE = "#b9c0c4"
BASE = "#9aa3ab"
SCENARIO = "#0072b2"
WARNING = "#d55e00"

CAUSE_COLOUR = {
    "moving": "#c3cbd1",
    "service": "#8b98a3",
    "queue": "#d55e00",
    "filling": "#e69f00",
    "wagons": "#f0e442",
    "departure": "#56b4e9",
    "weather": "#009e73",
    "closed": "#cc79a7",
    "storage": "#5b4a9e",
    "path": "#0072b2",
}
"""One colour per cause of the ledger (R23): grey where time is not lost, colour where it is."""

_PNG_DPI = 160
WIDTH_IN = 7.4
"""Width of every chart; a report shows it at about 1.4 times its size."""

FALLBACK_FAMILIES = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "Hiragino Sans GB",
    "SimHei",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)
"""Asked in this order for letters of East Asia, which DejaVu Sans lacks."""

_EAST_ASIA = "\u2e80"
"""First letter of the blocks for which another font is asked."""


def families(installed: Sequence[str], text: str) -> list[str]:
    """Font families in the order in which a letter of the text is looked for.

    Parameters
    ----------
    installed
        Names of the families that are at hand.
    text
        What will be written; only letters of East Asia need more than DejaVu Sans.
    """
    if max(text, default="") < _EAST_ASIA:
        return ["DejaVu Sans"]
    at_hand = set(installed)
    return ["DejaVu Sans", *(name for name in FALLBACK_FAMILIES if name in at_hand)]


def installed_families() -> list[str]:
    """Names of the font families that matplotlib finds."""
    return sorted({entry.name for entry in font_manager.fontManager.ttflist})


@contextmanager
def drawing(text: str) -> Iterator[None]:
    """Settings of matplotlib under which figures are made and written.

    Parameters
    ----------
    text
        All that may be written in the figure.

    Notes
    -----
    Names come from users' files, so dollar signs are not read as mathematics.
    """
    settings: dict[Any, Any] = {
        "font.family": families(installed_families(), text),
        "font.size": 9.0,
        "text.color": INK,
        "text.parse_math": False,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": MUTED,
        "axes.linewidth": 0.7,
        "axes.titlesize": 10.0,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "xtick.color": MUTED,
        "ytick.color": MUTED,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "legend.frameon": False,
        "legend.fontsize": 8.5,
        "hatch.linewidth": 0.6,
        "svg.hashsalt": "keruen",
        "svg.fonttype": "none",
        "figure.facecolor": PAPER,
        "axes.facecolor": PAPER,
    }
    with mpl.rc_context(settings), warnings.catch_warnings():
        # Letters that no font at hand has are drawn as boxes: the SVG still carries them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


def new_figure(height_in: float, *, width_in: float = WIDTH_IN) -> tuple[Figure, Axes]:
    """An empty figure with one pair of axes, laid out so that nothing is cut off."""
    figure = Figure(figsize=(width_in, height_in), layout="constrained")
    return figure, figure.add_subplot()


def one_line(text: str, limit: int = 60) -> str:
    """The text on one line, shortened with an ellipsis beyond the limit."""
    flat = " ".join(text.split())
    return flat if len(flat) <= limit else flat[: limit - 1].rstrip() + "…"


def two_lines(text: str, letters: int = 36) -> str:
    """The text on at most two lines of so many letters, shortened beyond them."""
    lines = textwrap.wrap(" ".join(text.split()), letters, break_long_words=True)
    if len(lines) <= 1:
        return text
    return f"{lines[0]}\n{one_line(' '.join(lines[1:]), letters)}"


Draw = Callable[[pd.DataFrame], Figure | None]
"""Makes a figure of a table, or None where the table holds nothing to draw."""


def busy_colour(utilisation: float) -> str:
    """Colour of a utilisation in [0, 1] as ``#rrggbb``."""
    return to_hex(mpl.colormaps["cividis"](min(max(utilisation, 0.0), 1.0)))


def _lay_out(figure: Figure) -> None:
    """Lay a figure out once, as its PNG wants it: both files show the same.

    To save a figure that is still to be laid out draws it twice.
    """
    engine, dpi = figure.get_layout_engine(), figure.dpi
    if engine is None:
        return
    figure.dpi = _PNG_DPI
    engine.execute(figure)
    figure.dpi = dpi
    figure.set_layout_engine(None)


def save(draw: Draw, table: pd.DataFrame, folder: Path, name: str, *, title: str) -> str | None:
    """The figure as SVG text, written as ``name.png`` and ``name.svg``, or None.

    Parameters
    ----------
    draw
        Makes the figure of the table.
    folder
        Where the files go; made if it is not there.
    title
        What the figure shows, kept in the SVG.
    """
    with drawing(title + table.to_csv(index=False)):
        figure = draw(table)
        if figure is None:
            return None
        folder.mkdir(parents=True, exist_ok=True)
        FigureCanvasAgg(figure)
        png, svg = io.BytesIO(), io.BytesIO()
        _lay_out(figure)
        figure.savefig(png, format="png", dpi=_PNG_DPI, metadata={"Software": None})
        FigureCanvasSVG(figure)
        metadata = {"Date": None, "Creator": None, "Title": title}
        figure.savefig(svg, format="svg", metadata=metadata)
    (folder / f"{name}.png").write_bytes(png.getvalue())
    (folder / f"{name}.svg").write_bytes(svg.getvalue())
    return svg.getvalue().decode("utf-8")
