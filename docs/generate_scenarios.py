"""Writes ``docs/scenarios/README.md``: every shipped project, from its own files.

In: the library of scenarios and their patches. Out: one page, an index and a section for
each: question, change, cost, needs, caveats. Run it with ``python docs/generate_scenarios.py``.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sim.scenario import PatchHead, Scenario, Shipped, load, patch_head, shipped, shipped_folder

PAGE = Path(__file__).parent / "scenarios" / "README.md"
HEAD = """# The library of projects

Every row of the interventions table as a scenario that runs, with the patches it is made of;
the page is generated from their files by `docs/generate_scenarios.py`. `keruen scenarios` lists
them, `keruen diff BASE SCENARIO` says in words what a scenario changes, `keruen compare SCENARIO`
runs it against its base. A patch is stacked on any other scenario by naming it under `patches`.

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


def main() -> None:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(written(), encoding="utf-8")


def written() -> str:
    """Return the page in Markdown."""
    ones = [(one, load(one.path)) for one in shipped() if one.mark]
    index = ["| scenario | mark | ranked | question |", "|---|---|---|---|"]
    index += [_line(one, scenario) for one, scenario in ones]
    sections = ["\n".join(_section(one, scenario)) for one, scenario in ones]
    return "\n".join([HEAD, *index, "", *sections])


def _line(one: Shipped, scenario: Scenario) -> str:
    assert scenario.library is not None
    ranked = "yes" if scenario.library.ranked else "no"
    cells = (f"[{one.name}](#{one.name})", one.mark, ranked, one.question)
    return f"| {' | '.join(cells)} |"


def _section(one: Shipped, scenario: Scenario) -> Iterator[str]:
    """Yield the lines of one scenario's section."""
    assert scenario.library is not None
    base = scenario.experiment.compare_with or ""
    yield f"## {one.name}\n"
    yield f"**{one.title}.** {one.question} `{one.file}` against `{base}`.\n"
    yield f"{scenario.description}\n"
    if scenario.library.mark == "package":
        named = ", ".join(f"[{name}](#{name})" for name in scenario.library.stacks)
        yield f"Stacks {named}.\n"
        return
    for name in _patches_of(one):
        yield from _patch(name, patch_head(name, shipped_folder()))


def _patches_of(one: Shipped) -> tuple[str, ...]:
    """Return the patches that make the difference to the base: its own, or what is undone."""
    undone = (f"patches/without-{one.name}.yaml",) if one.mark == "open" else ()
    return (*one.patches, *undone)


def _patch(name: str, head: PatchHead) -> Iterator[str]:
    yield f"### `{name}`\n"
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
