"""One self-contained page from a folder of results, the same bytes for the same results.

In: the folder of a run, or of a comparison with the folders of its two runs. Out:
``report.html``, which asks no server for anything, and ``figures/``.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from network.schema import Network
from sim.experiment.workers import Here
from sim.measures.columns import columns_table, kpis_table
from sim.report import answer, method, tables, worldmap
from sim.report.answer import Move
from sim.report.charts import FOLDER, Chart, begin_charts
from sim.report.drawn import known_names, link_names
from sim.report.material import (
    Comparison,
    Run,
    read_comparison,
    read_manifest,
    read_run,
    read_scenario,
)
from sim.report.method import NOT_STATED, Item
from sim.report.numbers import thin_thousands
from sim.report.tables import Table
from sim.report.world import of_network, window_day, write_world
from sim.report.worldmap import WorldMap

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
PAGE = "report.html"


class Notes(NamedTuple):
    """What the compiler said of one run."""

    title: str
    notes: tuple[str, ...]


class Page(NamedTuple):
    """All that the template says."""

    title: str
    kicker: str
    question: str
    description: str
    facts: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    charts: dict[str, Chart]
    tables: tuple[Table, ...]
    stock: tuple[Table, ...]
    borders: tuple[Table, ...]
    notes: tuple[Notes, ...]
    laws: Table
    sources: Table
    definitions: tuple[Table, ...]
    script: Markup
    script_hash: str
    style: Markup
    is_comparison: bool = False
    sentences: tuple[str, ...] = ()
    headline: Table | None = None
    throughput: tuple[Table, ...] = ()
    causes: Table | None = None
    bottlenecks: tuple[Table, ...] = ()
    moves: tuple[Move, ...] = ()
    ledger: Table | None = None
    map: WorldMap | None = None
    method: tuple[Item, ...] = ()
    not_stated: str = NOT_STATED


def write(
    folder: Path,
    *,
    network: Network | None = None,
    basemap: str | None = None,
    executor: Executor | None = None,
) -> Path:
    """The page of the run, or of the comparison, that lies in a folder.

    Parameters
    ----------
    folder
        Folder of the results; ``report.html`` and ``figures/`` are written into it. The two
        runs of a comparison are found beside it, as its manifest names them.
    network
        Network of a run: its places and laws are written beside the results. Without it
        those that were written before are used.
    basemap
        ``land``, ``borders`` (with a disclaimer) or the path of a GeoJSON file; None: as the
        scenario says, else ``land``.
    executor
        Workers that draw; without them all is drawn here.

    Raises
    ------
    ResultsError
        If a folder is no result, or the basemap cannot be read.
    """
    manifest = read_manifest(folder)
    runs: Sequence[Run]
    page_of: Callable[[str], Page]
    if manifest.get("kind") == "comparison":
        base, scenario = (folder.parent / str(manifest.get(k)) for k in ("base", "compared"))
        comparison = read_comparison(folder, base, scenario)
        runs, page_of = comparison.runs, partial(_comparison_page, comparison)
    else:
        if network is not None:
            write_world(folder, of_network(network, window_day(read_scenario(folder))))
        run = read_run(folder)
        runs, page_of = (run,), partial(_run_page, run)
    land = basemap or _basemap(runs[-1])
    charts = begin_charts(folder, runs, land, executor or Here())
    page = page_of(land)._replace(charts=charts())
    path = folder / PAGE
    path.write_text(render(page), encoding="utf-8", newline="\n")
    return path


def _basemap(run: Run) -> str:
    return str(run.scenario.get("basemap") or "land")


def render(page: Page) -> str:
    """The page as HTML text; all words from files are escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(page=page)


def _run_page(run: Run, basemap: str) -> Page:
    known = known_names([run])
    summary, csv = run.tables.summary, "summary.csv"

    def said(name: str, caption: str, kpis: Sequence[str]) -> Table:
        return tables.headline(run, kpis, known, csv)._replace(id=name, caption=caption)

    return _common(run.folder, [run])._replace(
        kicker="Run of a scenario",
        sentences=tuple(answer.run_sentences(run)),
        headline=said("headline", "Over all replications", answer.HEADLINES),
        throughput=tuple(said(*part) for part in _traffic(summary["kpi"], summary["value"])),
        causes=said("causes", "Days of a TEU by cause", _causes(summary["kpi"])),
        bottlenecks=tuple(tables.bottlenecks(run, by, "bottlenecks.csv") for by in _MEASURES),
        map=worldmap.of_run(run, basemap),
        method=method.items(method.of_run(run)),
    )  # fmt: skip


def _comparison_page(comparison: Comparison, basemap: str) -> Page:
    known = known_names(comparison.runs)
    table, csv = comparison.comparison, "comparison.csv"

    def compared(name: str, caption: str, kpis: Sequence[str]) -> Table:
        return tables.compared(name, caption, answer.lines(table, kpis, known), csv)

    common = _common(comparison.folder, comparison.runs)
    return common._replace(
        kicker=f"Comparison with “{comparison.base.title}”",
        facts=_comparison_facts(comparison),
        is_comparison=True,
        sentences=tuple(answer.sentences(comparison)),
        headline=compared("headline", "Paired differences", answer.HEADLINES),
        throughput=tuple(compared(*part) for part in _traffic(table["kpi"], table["difference"])),
        causes=compared("causes", "Days of a TEU by cause", _causes(table["kpi"])),
        bottlenecks=tuple(
            tables.moves(comparison, by, "bottleneck_moves.csv") for by in _MEASURES
        ),
        moves=tuple(answer.moves(comparison)),
        ledger=tables.ledger_differences(comparison, known, "ledger_differences.csv"),
        map=worldmap.of_comparison(comparison, basemap),
        method=method.items(method.of_comparison(comparison)),
    )


_MEASURES = ("ledger", "utilisation")
_TRAFFIC = (
    ("corridor", "By corridor"),
    ("border", "By border"),
    ("crossing", "By border crossing"),
)


def _common(folder: Path, runs: Sequence[Run]) -> Page:
    """What a page says alike of a run and of a comparison's scenario; its charts come later."""
    run = runs[-1]
    known, links = known_names(runs), link_names(runs, known_names(runs))
    where = Path(os.path.relpath(run.folder, folder)).as_posix()
    at = "" if where == "." else f"{where}/"
    script, style = asset("report.js"), asset("report.css")
    return Page(
        title=run.title,
        kicker="",
        question=str(run.scenario.get("question") or ""),
        description=str(run.scenario.get("description") or ""),
        facts=_facts(run),
        warnings=tuple(warning for one in runs for warning in _warnings(one)),
        charts={},
        tables=(
            tables.flows(run, known, f"{at}flows.csv"),
            tables.stations(run, known, links, f"{at}stations.csv"),
            tables.links(run, known, f"{at}links.csv"),
        ),
        stock=(tables.stock(run, known, links, f"{at}stock.csv"),),
        borders=(
            tables.borders(run, f"{FOLDER}/borders.csv"),
            tables.refused(run, known, f"{at}flows.csv"),
        ),
        notes=tuple(Notes(one.side, _notes(one)) for one in runs),
        laws=tables.laws(run, known, f"{at}network_laws.csv"),
        sources=tables.sources(run, f"{at}network_sources.csv"),
        definitions=tables.definitions(columns_table(), kpis_table()),
        script=Markup(script),  # noqa: S704  (our own file)
        script_hash=script_hash(script),
        style=Markup(style),  # noqa: S704  (our own file)
    )


def asset(name: str) -> str:
    """The text of a file of the page itself: script or style."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def script_hash(script: str) -> str:
    """Hash by which the page's policy allows its own script and no other."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _traffic(
    kpis: "pd.Series[str]", size: "pd.Series[float]"
) -> Iterator[tuple[str, str, list[str]]]:
    """Tables of traffic: id, caption and KPIs, the greatest first; empty ones are left out.

    Of borders those of Kazakhstan are shown, where it has any.
    """
    found = pd.DataFrame({"kpi": kpis.astype(str), "size": size.abs()})
    found = found[found["kpi"].str.endswith(".teu")].sort_values(
        ["size", "kpi"], ascending=[False, True]
    )
    for head, caption in _TRAFFIC:
        names = [name for name in found["kpi"] if name.startswith(f"{head}.")]
        ours = [name for name in names if head == "border" and "kz" in name.split(".")[1]]
        if names:
            yield head, f"{caption}, TEU in the window", ours or names


def _causes(kpis: "pd.Series[str]") -> list[str]:
    return [str(k) for k in kpis if str(k).startswith("cause.")]


def _facts(run: Run) -> tuple[tuple[str, str], ...]:
    window = run.scenario.get("window") or {}
    length = "a year" if window.get("days") == "year" else f"{window.get('days')} days"
    versions = run.manifest.get("versions") or {}
    found = (
        ("Measured window", f"{length} from {window['start']}" if "start" in window else ""),
        ("Replications", run.manifest.get("replications")),
        ("Seed", run.manifest.get("seed")),
        ("Engine", run.manifest.get("engine")),
        ("Run", run.manifest.get("run_id")),
        ("Keruen", versions.get("keruen")),
    )
    return tuple((name, str(value or NOT_STATED)) for name, value in found)


def _comparison_facts(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    pairs = " and ".join(
        str(run.manifest.get("run_id") or NOT_STATED)
        for run in (comparison.base, comparison.scenario)
    )
    return tuple(
        ("Runs", pairs) if name == "Run" else (name, value)
        for name, value in _facts(comparison.scenario)
    )


def _notes(run: Run) -> tuple[str, ...]:
    return _listed(run, "notes")


def _listed(run: Run, key: str) -> tuple[str, ...]:
    found = run.manifest.get(key)
    return tuple(thin_thousands(str(said)) for said in found) if isinstance(found, list) else ()


def _warnings(run: Run) -> tuple[str, ...]:
    """What a reader must know before any figure of a run."""
    out = []
    if run.manifest.get("status") != "finished":
        status = run.manifest.get("status") or NOT_STATED
        out.append(f"{run.side}: the run is marked “{status}”; it holds what happened until then.")
    of_which = "" if run.role == "run" else f"{run.role.capitalize()}: "
    out += [of_which + said for said in (*_listed(run, "gridlock"), *_listed(run, "remarks"))]
    return tuple(out)
