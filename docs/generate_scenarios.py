"""Writes ``docs/scenarios/``: every shipped project, from its own files and the matrix.

In: the library of scenarios and their patches; ``matrix.csv`` and ``packages.csv``, which
``scenarios_matrix.py`` makes. Out: an index, and a page for each: question, answer, change,
map, cost, needs, caveats. Run it with ``python docs/generate_scenarios.py``; the maps are
drawn by ``scenario_maps.py``.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from network.schema import RowChange
from sim.report.numbers import figure, signed, spread
from sim.scenario import (
    PatchHead,
    Scenario,
    Shipped,
    judged_patches,
    load,
    patch_head,
    shipped,
    shipped_folder,
)

FOLDER = Path(__file__).parent / "scenarios"
PAGE = FOLDER / "README.md"
Results = Mapping[str, Sequence[Mapping[str, str]]]
"""Project -> its rows of a table, one for each demand."""
HEAD = """# The library of projects

Every row of the interventions table as a scenario that runs, with the patches it is made of;
the page is generated from their files by `docs/generate_scenarios.py`. `keruen scenarios` lists
them, `keruen diff BASE SCENARIO` says in words what a scenario changes, `keruen compare SCENARIO`
runs it against its base, `keruen compare scenarios/library/*.yaml` ranks them, each against the
base of its own. A patch is stacked on any other scenario by naming it under `patches`.

The base is `baseline-2028.yaml`: the demand of 2028 on the network of 2027-12-31. Marks:

- **open**: in force in the base, so judged by what is lost without it; the base of comparison
  is `library/without/<id>.yaml`.
- **early**: dated after the day of the base; open from the first day here.
- **due**: dated before that day, and not in the base.
- **package**: several stacked. These, and rows that repeat or add up others, are in no ranking
  (`library.ranked: false`; `library.stacks` names what they hold).

What a project lets through (*capacity*) is kept apart from what it sends itself (*demand*): flows
that a patch adds raise what is carried even where nothing else improves. Passengers are not in
the model; where passenger trains run they take paths from freight (`background_per_day` of the
links), and where a passenger measure has none its section says what stands for it. Costs are as
published; in USD they are at the mean rate named beside them.
"""


TRACED = """## Three verdicts that surprise, traced

Demand of 2028, flows by rail, sea and river, lots of 10 TEU, 4 replications under the same random
numbers; each interval stands by itself at 95 %, unless it is said to hold over all projects.
Places and causes are those of the ledger; why one leads to the other is our reading of it.

**Cranes at Alat relieve a yard at the border with China.** [alat2](alat2.md) brings +273 000 TEU
a year (± 12 000) and 13 days less, most of it where nobody builds: waiting for room in the yard
of Altynkol goes from 51.9 million TEU-days, of 132 in all, to nothing. Alat lifts about 100 kTEU
a year in the base. Boxes for it fill the yard of Kuryk (8.3 million TEU-days of waiting for room,
which go as well), then keep their places at Altynkol; trains for Europe wait behind them. With the
cranes the next limit shows on the line Beyneu-Mangystau: 3.8 million TEU-days more for a path.
[kuryk_joint](kuryk_joint.md) works on the same chain from the other end: +143 000 TEU (± 10 000),
20.4 million at Altynkol and 13.6 million before departures from Kuryk.

**A railway that lowers what is delivered.** [zhez_saks](zhez_saks.md): 30 000 TEU a year less
with it than without (± 25 000, over all projects), and waits for room grow by 6.1 million
TEU-days, most of it at Altynkol. [dm_second](dm_second.md) shows the same way, though no
difference is shown over all projects (17 500 less, ± 16 200 by itself, ± 67 000 over all): between
Aktogay and Balkhash trains wait 2.8 million TEU-days less for a path, come to the full yards of
the Caspian sooner, and the wait for room at Altynkol grows by 4.6 million. While Alat binds, what
lies before it only moves the queue; its worth is to be read together with the cranes.

**A river that carries less than half of what it attracts.** [irtysh](irtysh.md) sends 41 100 TEU
a year of its own, and 17 800 more (± 1 900) are delivered in all; mean transit rises by 0.8 days.
With the Ili beside it ([inland_nav](inland_nav.md)) loads wait 6.0 million TEU-days more for a
barge at Tugyl and 3.2 at Yining: barges, and not the channel, are what is scarce.

**Packages, likewise.** Works on the Caspian overlap: together +377 000 TEU a year (± 14 000),
where their single effects add up to 518 000. That is 141 000 (± 42 000) less, since cranes at
Alat and the terminal at Kuryk relieve the same chain. Rail works add up as far as is
shown: +49 200 (± 12 500) together, 65 300 as a sum (interaction -16 100 ± 25 900). The cheap
measures bring nothing together (+400) where their single effects add up to 20 200, and the whole
road map 509 000 of 754 000.
"""
AT_HALF_MORE = """## At 1.5 times that demand, traced

Told as above. The base waits 481 million TEU-days, and what binds is no longer the Caspian
alone but the border with China and the lines that lead to it.

**Works that showed little at the demand of 2028 are worth most here.** Without
[altynkol_zhetygen](altynkol_zhetygen.md) 372 000 TEU a year less are delivered (± 50 000 by
itself, ± 208 000 over all projects): trains that do not get away from Altynkol turn to the other
crossing, and 65 million TEU-days more are waited for room at Alashankou and Dostyk. Without
[zhetysu](zhetysu.md) it is 230 000 (± 53 000, ± 218 000): boxes for Almaty find no terminal and
wait for room at Khorgos Gateway, 78 million TEU-days in place of 20. Without
[dostyk_widening](dostyk_widening.md) it is 249 000 (± 91 000), which over all projects is not
shown (± 377 000).

**The third crossing moves the queue into Xinjiang.** [ayagoz_bakhty](ayagoz_bakhty.md):
+166 000 TEU (± 77 000 by itself, ± 320 000 over all) and 7.9 days less, which is shown. Waits for
room at Dostyk, Alashankou, TransTerminal and Horgos fall by 69 million TEU-days; 73 million more
are waited for a path on Lanzhou-Urumqi-Kuytun, which leads to all three.

**Cranes at Alat without room at Aktau lock.** With [alat2](alat2.md), and so in the packages
that hold it, one of four runs ended in a gridlock (R14): loads for Alat fill the yard of Aktau and
wait for room at Alat, which is full of loads that wait for room at Aktau. Such a row has no
figures. Yards parted by direction are the remedy that the model knows.
"""
DEMANDS = {"1.0": "demand of 2028", "1.5": "1.5 times that demand"}
FIGURES = {
    "teu": ("TEU delivered a year", "TEU"),
    "transit": ("transit time, mean, days", "d"),
    "waiting": ("waiting of the cohort, TEU-days", "TEU d"),
    "usd": ("cost of routes, USD a TEU", "USD/TEU"),
    "co2e": ("CO2e of routes, kg a TEU", "kg/TEU"),
}
MOST_ROWS = 40
"""Rows of a change that a page shows; the patch holds them all."""


def main() -> None:
    """Write the index and the pages."""
    for name, text in written().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def written() -> dict[str, str]:
    """Return file name -> its text in Markdown."""
    ones = [(one, load(one.path)) for one in shipped() if one.mark]
    matrix, packages = stored("matrix.csv", "scenario"), stored("packages.csv", "package")
    index = ["| scenario | mark | ranked | question |", "|---|---|---|---|"]
    index += [_line(one, scenario) for one, scenario in ones]
    pages = {
        f"{one.name}.md": "\n".join(_page(one, scenario, matrix, packages))
        for one, scenario in ones
    }
    page = [HEAD, *ranked(matrix), *index, "", TRACED, AT_HALF_MORE]
    return {PAGE.name: "\n".join(page), **pages}


def stored(name: str, key: str) -> Results:
    """Return the rows of a stored table by project; none where it was not made yet."""
    found: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    if (FOLDER / name).is_file():
        with (FOLDER / name).open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                found[row[key]].append(row)
    return found


def ranked(matrix: Results) -> Iterator[str]:
    """Yield the ranking of both demands side by side, by the gain at the greater one."""
    if not matrix:
        return
    yield "![What each project gains](../figures/what-to-build.png)\n"
    heads = [f"{what}, {demand}" for demand in DEMANDS.values() for what in ("TEU a year", "days")]
    yield f"| project | mark | {' | '.join(heads)} | where the time goes | USD a TEU gained |"
    yield f"|{'---|' * (4 + len(heads))}"
    gains = {name: float(rows[-1]["teu_difference"] or "-inf") for name, rows in matrix.items()}
    order = sorted(matrix, key=lambda name: -gains[name])
    for name in order:
        rows = matrix[name]
        if rows[0]["ranked"] == "yes":
            cells = [_said(row, short) for row in rows for short in ("teu", "transit")]
            named = [f"[{name}]({name}.md)", rows[0]["mark"], *cells]
            yield f"| {' | '.join([*named, _cause(rows[-1]), _price(rows[-1])])} |"
    yield ""


def _said(row: Mapping[str, str], short: str) -> str:
    """Return a difference with its interval; in brackets where none is shown."""
    if _is_locked(row):
        return f"gridlock in {row['locked']} of {row['n']}"
    unit = FIGURES[short][1]
    text = spread(float(row[f"{short}_difference"]), float(row[f"{short}_half_width"]), unit)
    return text if row[f"{short}_verdict"] in {"more", "less"} else f"({text})"


def _is_locked(row: Mapping[str, str]) -> bool:
    return float(row["locked"]) > 0


def _cause(row: Mapping[str, str]) -> str:
    if _is_locked(row):
        return ""
    change = spread(float(row["cause_teu_d"]), float(row["cause_half_width"]))
    return f"{row['cause']} {change} TEU-days, most at {row['node']}"


def _price(row: Mapping[str, str]) -> str:
    return figure(float(row["usd_per_teu_gained"]), 0) if row["usd_per_teu_gained"] else ""


def _line(one: Shipped, scenario: Scenario) -> str:
    assert scenario.library is not None
    ranked = "yes" if scenario.library.ranked else "no"
    cells = (f"[{one.name}]({one.name}.md)", one.mark, ranked, one.question)
    return f"| {' | '.join(cells)} |"


def _page(one: Shipped, scenario: Scenario, matrix: Results, packages: Results) -> Iterator[str]:
    """Yield the lines of one scenario's page."""
    assert scenario.library is not None
    base = scenario.experiment.compare_with or ""
    yield f"# {one.title}\n"
    yield f"**{one.question}** `{one.file}` against `{base}`.\n"
    yield f"{scenario.description}\n"
    yield from answer(matrix.get(one.name, ()))
    yield f"![Map: {one.title}](maps/{one.name}.png)\n"
    if scenario.library.mark == "package":
        named = ", ".join(f"[{name}]({name}.md)" for name in scenario.library.stacks)
        yield f"Stacks {named}.\n"
        yield from beyond(packages.get(one.name, ()))
        return
    for name in judged_patches(one):
        yield from _patch(name, patch_head(name, shipped_folder()))
    undone = load(shipped_folder() / base) if scenario.library.mark == "open" else scenario
    yield from _changed([*undone.network.changes, *_own(scenario, undone)])


def _own(scenario: Scenario, undone: Scenario) -> tuple[RowChange, ...]:
    return () if scenario is undone else scenario.network.changes


def answer(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield what the project changes at each demand."""
    if not rows:
        return
    yield "## Answer\n"
    yield f"| against its base | {' | '.join(DEMANDS[row['demand_factor']] for row in rows)} |"
    yield f"|{'---|' * (1 + len(rows))}"
    for short, (what, _) in FIGURES.items():
        yield f"| {what} | {' | '.join(_said(row, short) for row in rows)} |"
    yield f"| waiting that changes most | {' | '.join(map(_cause, rows))} |"
    yield ""
    yield (
        f"{rows[0]['n']} replications of 2028 under the same random numbers, boxes in lots of 10 "
        f"TEU, flows followed: {rows[0]['flows']}. Intervals of 95 % hold together over all "
        "ranked projects; in brackets: no difference is shown.\n"
    )


def beyond(rows: Sequence[Mapping[str, str]]) -> Iterator[str]:
    """Yield what a package has beyond the sum of its parts."""
    if not rows:
        return
    yield "## Do the effects add up?\n"
    yield "| figure | demand | the package | sum of its parts | beyond the sum (95 %) |"
    yield "|---|---|---|---|---|"
    for row in rows:
        whole, parts = (signed(float(row[key])) for key in ("package_difference", "parts_sum"))
        beyond = spread(float(row["interaction"]), float(row["half_width"]))
        demand = DEMANDS[row["demand_factor"]]
        yield f"| `{row['kpi']}` | {demand} | {whole} | {parts} | {beyond} |"
    yield ""


def _changed(changes: Sequence[RowChange]) -> Iterator[str]:
    """Yield the rows that stand between project and base."""
    yield "## Rows\n"
    yield "| table | row | change |"
    yield "|---|---|---|"
    for change in changes[:MOST_ROWS]:
        cells = [f"{name} {_cell(value)}" for name, value in change.values.items() if _cell(value)]
        own = [cell for cell in cells if not cell.startswith(("notes ", "source ", "id "))]
        yield f"| {change.table} | `{change.id}` | {change.kind}: {', '.join(own)} |"
    if len(changes) > MOST_ROWS:
        yield f"\n{len(changes) - MOST_ROWS} more rows stand in the patch."
    yield ""


def _cell(value: object) -> str:
    text = ";".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return "" if value is None or text == "" else text.replace("|", "/")


def _patch(name: str, head: PatchHead) -> Iterator[str]:
    yield f"## `{name}`\n"
    yield f"{head.title}.\n"
    said = (
        ("Capacity", head.capacity),
        ("Demand", head.demand or "none added."),
        ("Cost", head.cost),
        ("Needs", head.needs),
        ("Sources", ", ".join(f"`{source}`" for source in head.publications)),
    )
    yield from (f"- {word}: {text}" for word, text in said if text)
    yield from _listed("Assumptions", head.assumptions)
    yield from _listed("What the rules cannot say", head.unsaid)
    yield ""


def _listed(word: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield f"- {word}:"
        yield from (f"  - {text}" for text in texts)


if __name__ == "__main__":
    main()
