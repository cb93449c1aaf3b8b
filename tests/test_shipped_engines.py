"""Both engines give the same trace of every shipped scenario; the library has its own test."""

from pathlib import Path

import pytest

from sim.compiler.build import compile_plan
from sim.engine.run import run as reference
from sim.kernel.difference import first_difference
from sim.scenario import load, network_of, shipped_folder

FOLDER = shipped_folder()
LIBRARY = FOLDER / "library"
SHIPPED = [
    *sorted(FOLDER.glob("*.yaml")),
    *sorted(FOLDER.glob("examples/*.yaml")),
    *sorted(FOLDER.glob("sweeps/*.yaml")),
    *sorted(LIBRARY.glob("without/*.yaml")),
]
"""What the library's test runs is not here; it runs each patch through its scenario."""
STARTS = {"khorgos-closed": ("window.start=2024-03-01",)}
"""Months in which what a scenario is about happens."""
OF_ITSELF = {"small-corridor", "two-yards"}
"""Scenarios with a network of their own, small in their own lots."""
MONTH = ("window.days=30", "window.warm_up_days=0", "window.run_out_days=0")
YEAR = ("keep.modes=[rail]",)
"""As `make run` has it."""


def difference(file: Path, sets: tuple[str, ...]) -> str:
    """Return the first row in which the engines differ, in words."""
    from sim.kernel.run import run as compiled

    one = load(file, sets=sets)
    plan, legend = compile_plan(one, network_of(one))
    seed = one.experiment.seed
    return first_difference(reference(plan, seed, 0), compiled(plan, seed, 0), legend)


@pytest.mark.verify
@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_engines_agree_on_a_month(file: Path) -> None:
    lots = () if file.stem in OF_ITSELF else ("demand.lot_teu=10",)

    assert difference(file, (*MONTH, *lots, *STARTS.get(file.stem, ()))) == ""


@pytest.mark.verify
@pytest.mark.parametrize("name", ["baseline-2028", "ayagoz-tacheng"])
def test_engines_agree_on_a_year_of_what_is_run_by_default(name: str) -> None:
    one = load(FOLDER / f"{name}.yaml", sets=YEAR)

    assert one.window.days == "year"
    assert difference(FOLDER / f"{name}.yaml", YEAR) == ""
