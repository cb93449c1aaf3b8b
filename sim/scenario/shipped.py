"""The scenarios that come with the project."""

from pathlib import Path
from typing import NamedTuple

from sim.scenario import reader
from sim.scenario.layers import locate, shipped_folder
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


def find(name: str, beside: Path) -> Path:
    """Return the file of the scenario that a command names: by its path, or as shipped.

    Parameters
    ----------
    name
        Path of a file; name of a shipped scenario; or as ``extends`` names one.
    beside
        Folder from which paths start.

    Raises
    ------
    ScenarioError
        There is no such file; the nearest name is said.
    """
    if (beside / name).is_file():
        return Path(name)
    folder = shipped_folder()
    for path in (folder / f"{name}.yaml", folder / "examples" / f"{name}.yaml"):
        if Path(name).name == name and path.is_file():
            return path
    return locate(name, beside)


def _shipped(path: Path, folder: Path) -> Shipped:
    tree = reader.read(path)
    words = (_said(tree, key) for key in ("name", "title", "question"))
    name, title, question = words
    return Shipped(name, title, question, path, path.relative_to(folder).as_posix())


def _said(tree: Branch, key: str) -> str:
    value = tree.entries[key].value if key in tree.entries else None
    return value.raw.strip() if isinstance(value, Scalar) else ""
