"""Every block of `docs/how-to-say.md` compiles, and says something."""

import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from sim.compiler.build import compile_plan
from sim.plan import Plan
from sim.scenario import load, network_of

PAGE = Path(__file__).parents[1] / "docs" / "how-to-say.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
HEAD = "schema_version: 1\nname: said\nextends: examples/small-corridor.yaml\n"


def compiled(folder: Path, block: str) -> Plan:
    path = folder / "said.yaml"
    path.write_text(HEAD + block, encoding="utf-8")
    scenario = load(path)
    return compile_plan(scenario, network_of(scenario))[0]


@cache
def base(folder: Path) -> Plan:
    return compiled(folder, "")


def test_there_are_as_many_blocks_as_things_to_say() -> None:
    assert len(BLOCKS) == 16


@pytest.mark.parametrize("block", BLOCKS)
def test_block_changes_the_plan_of_the_scenario_that_it_extends(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, block: str
) -> None:
    plan, before = compiled(tmp_path, block), base(tmp_path_factory.getbasetemp())

    assert any(
        np.asarray(value).tobytes() != np.asarray(old).tobytes()
        for value, old in zip(plan, before, strict=True)
    )
