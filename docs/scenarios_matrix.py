"""Runs every project of the library and writes ``docs/scenarios/matrix.csv`` and its chart.

In: the shipped library. Out: the matrix (one row per project and demand), what packages have
beyond the sum of their parts, and the chart of both demands. Run it with
``python docs/scenarios_matrix.py FOLDER [replications]``: FOLDER keeps the runs, so that a
second call goes on where the first was stopped. It takes about 25 minutes of one core a demand.
"""

import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd

from sim.experiment.families import Pair
from sim.experiment.ranking import KPIS, interaction, locked, ranking
from sim.experiment.replicate import Experiment
from sim.kernel import run as compiled
from sim.kernel.tallied import run_tallied
from sim.plots.ranking import ranking as chart
from sim.plots.style import save
from sim.results.obtain import Engine, obtain_run
from sim.scenario import Scenario, Shipped, cost_usd, load, question_yaml, shipped, shipped_folder

HERE = Path(__file__).parent
MATRIX = HERE / "scenarios" / "matrix.csv"
PACKAGES = HERE / "scenarios" / "packages.csv"
REPLICATIONS = 4
FACTORS = (1.0, 1.5)
LOT_TEU = 10

RAIL, ROAD, ALL = "rail, sea and river", "road and air", "all"
KEPT = {RAIL: "[rail,sea,river]", ROAD: "[road,air]", ALL: "null"}
"""Flows followed -> `keep.modes`: those that these modes alone may carry."""
ON_ROADS = [
    "air_ala_urc",
    "aktobe_air",
    "all_crossings_open",
    "auto_crossings",
    "bakhty_smart",
    "baktu_ecom",
    "green_corridor",
    "khorgos_24h",
    "meat_barriers",
    "semey_airport",
    "temp_border",
    "urc_abai_pax",
    "urdzhar_airport",
]
ON_BOTH = [
    "bakhty_dryport",
    "dry_ports_abai",
    "eaeu_digital",
    "hub_eurasia",
    "hub_kg",
    "hub_uz",
    "new_log_centres",
    "semey_hub",
    "cheap",
    "road-map",
]
"""Projects that change rows of railways and roads alike, or boxes that go by both."""


def main() -> None:
    """Run what is not there yet and write the tables and the chart."""
    folder, *said = sys.argv[1:]
    root, replications = Path(folder), int(said[0]) if said else REPLICATIONS
    projects = [one for one in shipped() if one.mark]
    found, packages = [], []
    for factor in FACTORS:
        known: dict[str, Experiment] = {}
        pairs = {one.name: pair_of(one, factor, replications, root, known) for one in projects}
        found.append(ranked(projects, pairs).assign(demand_factor=factor))
        packages.append(beyond(projects, pairs).assign(demand_factor=factor))
    MATRIX.parent.mkdir(exist_ok=True)
    matrix = pd.concat(found, ignore_index=True)
    matrix.to_csv(MATRIX, index=False, lineterminator="\n")
    pd.concat(packages, ignore_index=True).to_csv(PACKAGES, index=False, lineterminator="\n")
    title = "What each project gains"
    save(chart, drawable(matrix), HERE / "figures", "what-to-build", title=title)


def flows_of(name: str) -> str:
    """Return which flows are followed where a project is judged."""
    return ROAD if name in ON_ROADS else ALL if name in ON_BOTH else RAIL


def pair_of(
    one: Shipped, factor: float, replications: int, root: Path, known: dict[str, Experiment]
) -> Pair:
    """Return the runs of a project and of its base, run where they are not there yet.

    Parameters
    ----------
    known
        Question -> its run; what is read is added. Works in force all ask what the base of 2028
        asks.
    """
    sets = [
        f"demand.lot_teu={LOT_TEU}",
        f"demand.factor={factor:g}",
        f"experiment.replications={replications}",
        f"keep.modes={KEPT[flows_of(one.name)]}",
    ]
    scenario = load(one.path, sets=sets)
    base = load(shipped_folder() / str(scenario.experiment.compare_with), sets=sets)
    plain = load(shipped_folder() / "baseline-2028.yaml", sets=sets)
    engine = Engine("compiled", compiled.run, counting=run_tallied)

    def experiment(wanted: Scenario) -> Experiment:
        question = question_yaml(wanted)
        if question not in known:
            asked = plain if question == question_yaml(plain) else wanted
            run = obtain_run(asked, engine, root, clock_s=time.perf_counter)
            # Records of single consignments, of 60 years, would not fit in memory.
            known[question] = run.experiment._replace(cohorts=())
        return known[question]

    return Pair(experiment(base), experiment(scenario))


def ranked(projects: list[Shipped], pairs: Mapping[str, Pair]) -> pd.DataFrame:
    """Return the ranking of projects; what is in no ranking stands after it, by itself."""
    costs = {one.name: cost_usd(one) for one in projects}
    known = {name: cost for name, cost in costs.items() if cost is not None}
    library = {one.name: load(one.path).library for one in projects}
    tables = []
    for is_ranked in (True, False):
        names = [n for n, said in library.items() if said is not None and said.ranked is is_ranked]
        table = ranking({name: pairs[name] for name in names}, known)
        marks = {one.name: one.mark for one in projects}
        table.insert(1, "mark", table["scenario"].map(marks))
        table.insert(2, "ranked", "yes" if is_ranked else "no")
        table.insert(3, "flows", table["scenario"].map(flows_of))
        tables.append(table)
    return pd.concat(tables, ignore_index=True)


def beyond(projects: list[Shipped], pairs: Mapping[str, Pair]) -> pd.DataFrame:
    """Return what each package has beyond the sum of its parts, by figure."""
    return pd.DataFrame(
        _beyond(projects, pairs),
        columns=["package", "kpi", "package_difference", "parts_sum", "interaction", "half_width"],
    )


def _beyond(projects: list[Shipped], pairs: Mapping[str, Pair]) -> Iterator[tuple[object, ...]]:
    for one in projects:
        said = load(one.path).library
        if said is None or said.mark != "package":
            continue
        parts_of = [pairs[name] for name in said.stacks]
        if any(map(locked, [pairs[one.name], *parts_of])):
            continue
        for kpi in KPIS.values():
            whole = interaction(pairs[one.name], [], kpi)
            rest = interaction(pairs[one.name], parts_of, kpi)
            parts = whole.mean - rest.mean
            yield one.name, kpi, whole.mean, parts, rest.mean, rest.half_width


def drawable(matrix: pd.DataFrame) -> pd.DataFrame:
    """Return the ranked rows as the chart takes them, by the gain at the greater demand."""
    table = matrix[matrix["ranked"] == "yes"]
    greatest = table[table["demand_factor"] == table["demand_factor"].max()]
    order = greatest.set_index("scenario")["teu_difference"].rank(ascending=False)
    table = table.assign(at=table["scenario"].map(order)).sort_values(["at", "demand_factor"])
    sides = {1.0: "demand of 2028", 1.5: "1.5 times that"}
    return pd.DataFrame(
        {
            "label": table["scenario"],
            "side": table["demand_factor"].map(sides),
            "mark": table["mark"],
            "difference": table["teu_difference"],
            "half_width": table["teu_half_width"],
            "is_shown": table["teu_verdict"].isin(["more", "less"]),
            "said": "TEU delivered a year, against the base of each (95 %, all together)",
        }
    )


if __name__ == "__main__":
    main()
