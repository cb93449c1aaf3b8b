"""Who may import whom, and the tools that read the whole tree.

``ARROWS`` is the plan of the house: a room is a module or a folder of modules, and may import
the rooms its line names and no other. ``ONLY`` says which rooms may use a package of others.
"""

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]

TABLES = {"network.errors", "network.attributes", "network.schema"}
NETWORK = {*TABLES, "network.load", "network.reader", "network.lanes"}

ARROWS: Mapping[str, set[str]] = {
    "network": set(),
    "network.errors": set(),
    "network.attributes": set(),
    "network.schema": {"network.errors", "network.attributes"},
    "network.reader": {"network.errors", "network.attributes", "network.schema"},
    "network.cells": {*TABLES, "network.reader"},
    "network.plausibility": {*TABLES, "network.reader", "network.cells"},
    "network.lanes": TABLES,
    "network.stations": TABLES,
    "network.wagons": TABLES,
    "network.validate": {
        *TABLES, "network.reader", "network.cells", "network.plausibility", "network.stations",
        "network.lanes", "network.wagons",
    },
    "network.load": {*TABLES, "network.reader", "network.cells", "network.validate"},
    "network.visit": NETWORK,
    "network.routing": {*NETWORK, "network.visit"},
    "network.export": {*NETWORK, "network.validate", "network.plausibility", "network.visit"},
    "sim": set(),
    "sim.version": set(),
    "sim.errors": {"network.errors"},
    "sim.scenario": {*NETWORK, "sim.errors"},
    "sim.plan": {"sim.errors"},
    "sim.tallies": set(),
    "sim.draws": {"sim.errors", "sim.plan"},
    "sim.state": {"sim.errors", "sim.plan", "sim.draws"},
    "sim.compiler": {
        *NETWORK, "network.visit", "network.routing",
        "sim.errors", "sim.scenario", "sim.plan", "sim.draws",
    },
    "sim.engine": {"sim.errors", "sim.plan", "sim.draws"},
    "sim.kernel": {"sim.errors", "sim.plan", "sim.draws", "sim.state", "sim.tallies"},
    "sim.measures": {"sim.errors", "sim.plan", "sim.tallies"},
    "sim.experiment": {
        *NETWORK, "network.routing", "sim.errors", "sim.version", "sim.scenario", "sim.plan",
        "sim.draws", "sim.state", "sim.tallies", "sim.compiler", "sim.engine", "sim.kernel",
        "sim.measures",
    },
    "sim.results": {
        *NETWORK, "sim.errors", "sim.version", "sim.scenario", "sim.plan", "sim.state",
        "sim.compiler", "sim.measures", "sim.experiment",
    },
    "sim.sweep": {
        *NETWORK, "sim.errors", "sim.version", "sim.scenario", "sim.compiler", "sim.measures",
        "sim.experiment", "sim.results",
    },
    "sim.questions": {
        *NETWORK, "network.visit", "network.routing", "sim.errors", "sim.scenario",
        "sim.compiler", "sim.measures", "sim.experiment", "sim.results",
    },
    "sim.plots": {"sim.errors"},
    "sim.report": {
        *NETWORK, "network.export", "sim.errors", "sim.version", "sim.scenario", "sim.plan",
        "sim.measures", "sim.experiment", "sim.results", "sim.sweep", "sim.questions", "sim.plots",
    },
    "commands": set(),
    "keruen": {"cli"},
    "keruen.work": {"sim.sweep"},
}  # fmt: skip
"""Room -> the rooms it may import. What lies inside one room is free, and so is the command
line but for this: ``cli`` stands above ``commands``."""

COMMAND_LINE = {"cli", "commands"}

ONLY: Mapping[str, set[str]] = {
    "random": set(),
    "secrets": set(),
    "time": {"commands"},
    "typer": COMMAND_LINE,
    "rich": {"commands"},
    "yaml": {"sim.scenario", "sim.report"},
    "pydantic": {"sim.scenario"},
    "simpy": {"sim.engine"},
    "llvmlite": {"sim.kernel"},
    "numba": {"sim.kernel"},
    "matplotlib": {"sim.plots"},
    "jinja2": {"sim.report"},
    "distributed": {"sim.sweep"},
    "SALib": {"sim.sweep"},
    "sqlite3": {"sim.sweep"},
}
"""Package of others -> the rooms that may import it."""

CORE = {"sim.plan", "sim.tallies", "sim.draws", "sim.state", "sim.engine", "sim.kernel"}
"""Rooms that every worker loads: light at the top, and without tables or graphs at all."""

NOT_AT_THE_TOP_OF_CORE = {"pandas", "scipy", "matplotlib", "networkx", "pydantic"}
NOT_IN_CORE = {"pandas", "networkx"}
NOT_IN_HELP = {"pandas", "matplotlib", "networkx", "scipy", "numpy"}
"""Not pydantic: typer itself loads it to check the ranges of options."""

Sources = Mapping[str, str]


class Import(NamedTuple):
    """One name that a module imports."""

    line: int
    target: str
    """Dotted name of the module that is imported, or that the name is taken from."""
    is_at_top: bool
    """Whether it is loaded with the module, not by a call."""


def sources_of_the_tree() -> dict[str, str]:
    """Text of every module that is shipped, by dotted name."""
    files = [ROOT / "cli.py"]
    for folder in ("network", "sim", "commands", "keruen"):
        files += sorted((ROOT / folder).rglob("*.py"))
    return {name_of(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


def name_of(file: Path) -> str:
    parts = file.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(module: str) -> str | None:
    """Room that a module lies in, the longest name in the table that it begins with."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    rooms = [name for name in names if name == "cli" or name in ARROWS]
    is_at_home = bool(rooms) and (rooms[0] not in {"network", "sim"} or module == rooms[0])
    return rooms[0] if is_at_home else None


def imports_of(text: str, modules: Sources) -> Iterator[Import]:
    """Every import of a module, wherever it stands, with ``from package import module`` split."""
    tree = ast.parse(text)
    top = set(nodes_at_top(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, node in top)
        elif isinstance(node, ast.ImportFrom):
            base = "." * node.level + (node.module or "")
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                yield Import(node.lineno, inner if inner in modules else base, node in top)


def nodes_at_top(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is loaded: not in a function, not for types only."""
    for child in ast.iter_child_nodes(node):
        is_for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
        if not is_for_types and not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child
            yield from nodes_at_top(child)


def unknown_modules(modules: Sources) -> list[str]:
    return [
        f"{module} is in no room: add it to ARROWS in tests/test_architecture.py, "
        "with the rooms it may import"
        for module in modules
        if room_of(module) is None
    ]


def is_allowed(here: str, there: str) -> bool:
    is_down = here == "commands" and there not in {"cli", "keruen"}
    return here in {"cli", there} or is_down or there in ARROWS.get(here, ())


def forbidden_arrows(modules: Sources) -> list[str]:
    found = []
    for module, text in modules.items():
        here = room_of(module)
        for line, target, _ in imports_of(text, modules):
            there = room_of(target)
            is_ours = target in modules or target.split(".")[0] in {"network", "sim"}
            if target.startswith("."):
                found.append(f"{module}:{line} imports {target}: relative; write it in full")
            elif is_ours and not is_allowed(here or "", there or ""):
                found.append(f"{module}:{line} imports {target}: not in ARROWS[{here!r}]")
    return found


def imports_of_own_root(modules: Sources) -> list[str]:
    return [
        f"{module}:{line} imports {target}, the package it lies in"
        for module, text in modules.items()
        for line, target, _ in imports_of(text, modules)
        if module.startswith(f"{target}.")
    ]


def cycles(modules: Sources) -> list[str]:
    graph = {
        module: {target for _, target, _ in imports_of(text, modules) if target in modules}
        for module, text in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(reversed(error.args[1]))]
    return []


def foreign_packages(modules: Sources) -> list[str]:
    found = []
    for module, text in modules.items():
        here = room_of(module)
        for line, target, is_at_top in imports_of(text, modules):
            package = target.split(".")[0]
            is_heavy = package in NOT_IN_CORE or (is_at_top and package in NOT_AT_THE_TOP_OF_CORE)
            if (here in CORE and is_heavy) or here not in ONLY.get(package, {here}):
                found.append(f"{module}:{line} imports {package}: not for {here}")
    return found


def prints_and_reads_of_the_environment(modules: Sources) -> list[str]:
    return [
        f"{module}:{node.lineno} uses {name}: only the command line does"
        for module, text in modules.items()
        if room_of(module) not in COMMAND_LINE
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Name | ast.Attribute)
        and (name := ast.unparse(node))
        in {"print", "sys.stdout", "sys.stderr", "os.environ", "os.getenv", "np.random"}
    ]


CHECKS = (
    unknown_modules,
    forbidden_arrows,
    imports_of_own_root,
    cycles,
    foreign_packages,
    prints_and_reads_of_the_environment,
)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_tree_holds_to_the_plan(check: Callable[[Sources], list[str]]) -> None:
    found = check(sources_of_the_tree())

    assert not found, "\n".join(found)


def test_no_room_of_the_table_is_free_of_a_way_down() -> None:
    rooms = {room: targets - {"cli"} for room, targets in ARROWS.items()}

    TopologicalSorter(rooms).prepare()

    assert set().union(*rooms.values()) <= set(rooms)
    assert not any(target.startswith("sim") for room in NETWORK for target in ARROWS[room])


def test_unknown_module_is_told_to_join_the_table() -> None:
    (message,) = unknown_modules({"sim.misc": "", "sim.draws.tables": "", "sim": "", "cli": ""})

    assert message.startswith("sim.misc is in no room: add it to ARROWS")


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("network.load", "import sim.plan"),
        ("network.load", "from sim import plan"),
        ("network.load", "def f():\n    from sim.plan import Plan"),
        ("sim.engine", "from sim.kernel import run"),
        ("sim.plan", "from sim.draws.tables import Words"),
        ("sim.plan", "from .draws import draw"),
        ("sim.plan", "from commands.door import status_of"),
        ("commands.running", "from cli import main"),
    ],
)
def test_arrow_outside_the_table_is_found(module: str, line: str) -> None:
    others = dict.fromkeys(
        ["sim", "sim.plan", "sim.kernel", "sim.draws", "cli", "commands.door"], ""
    )

    assert len(forbidden_arrows({**others, module: line})) == 1


def test_arrows_of_the_table_and_inside_a_room_are_free() -> None:
    modules = {
        "sim.draws": "from sim.draws.tables import quantile",
        "sim.draws.tables": "from sim.errors import PlanError",
        "sim.errors": "from network.errors import KeruenError",
        "network.errors": "from typing import NamedTuple",
        "cli": "import sim.draws",
    }

    assert [message for check in CHECKS for message in check(modules)] == []


def test_import_of_the_own_root_is_found_and_of_a_sibling_is_not() -> None:
    modules = {
        "network": "",
        "network.schema": "",
        "network.load": "from network import schema\nfrom network import load_all",
    }

    assert imports_of_own_root(modules) == [
        "network.load:2 imports network, the package it lies in"
    ]


def test_cycle_is_found_with_its_members() -> None:
    modules = {"a": "import b", "b": "def f():\n    import c", "c": "from a import x", "d": ""}

    (cycle,) = cycles(modules)

    assert set(cycle.split(" -> ")) == {"a", "b", "c"}


@pytest.mark.parametrize(
    ("module", "line", "is_found"),
    [
        ("sim.draws.tables", "import scipy.special", True),
        ("sim.draws.tables", "def f():\n    import scipy.special", False),
        ("sim.draws.tables", "if TYPE_CHECKING:\n    import scipy.special", False),
        ("sim.engine", "def f():\n    import pandas", True),
        ("sim.measures", "import pandas", False),
        ("sim.measures", "import matplotlib.pyplot", True),
        ("network.load", "from random import random", True),
    ],
)
def test_package_in_a_room_that_it_is_not_for_is_found(
    module: str, line: str, *, is_found: bool
) -> None:
    assert len(foreign_packages({module: line})) == is_found


def test_print_outside_the_command_line_is_found() -> None:
    modules = {
        "sim.measures": "def f():\n    print(1)",
        "cli": "print(1)",
        "commands.running": "print(1)",
    }

    assert prints_and_reads_of_the_environment(modules) == [
        "sim.measures:2 uses print: only the command line does"
    ]


HELP_OF_EVERY_COMMAND = """
import cli, typer

def ask(command, words):
    for name, inner in getattr(command, "commands", {}).items():
        ask(inner, [*words, name])
    try:
        cli.app([*words, "--help"])
    except SystemExit as end:
        assert not end.code, (words, end.code)

ask(typer.main.get_command(cli.app), [])
"""


def test_help_of_every_command_loads_nothing_heavy() -> None:
    result = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", HELP_OF_EVERY_COMMAND],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {line.rpartition("|")[2].strip() for line in result.stderr.splitlines()}
    assert "typer" in loaded
    assert loaded & NOT_IN_HELP == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "tool", [("ruff", "check", "--output-format", "concise"), ("mypy", "--no-error-summary")]
)
def test_tool_finds_nothing(tool: tuple[str, ...]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", *tool], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr
