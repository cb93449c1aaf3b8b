"""The scenarios that come with the project."""

from pathlib import Path
from typing import NamedTuple

from sim.scenario import reader
from sim.scenario.layers import shipped_folder
from sim.scenario.tree import Branch, Scalar


class Shipped(NamedTuple):
    """One scenario that comes with the project."""

    name: str
    title: str
    question: str
    """Empty where the file asks none."""
    path: Path
    file: str
    """As ``extends`` names it: relative to the shipped folder."""


def shipped() -> tuple[Shipped, ...]:
    """Return the shipped scenarios, examples last, each group by file name.

    Raises
    ------
    ScenarioError
        A shipped file cannot be read.
    """
    folder = shipped_folder()
    paths = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("examples/*.yaml"))]
    return tuple(_shipped(path, folder) for path in paths)


def _shipped(path: Path, folder: Path) -> Shipped:
    tree = reader.read(path)
    words = (_said(tree, key) for key in ("name", "title", "question"))
    name, title, question = words
    return Shipped(name, title, question, path, path.relative_to(folder).as_posix())


def _said(tree: Branch, key: str) -> str:
    value = tree.entries[key].value if key in tree.entries else None
    return value.raw.strip() if isinstance(value, Scalar) else ""
