"""The scenarios that come with the project."""

from pathlib import Path
from typing import NamedTuple

from sim.scenario import reader
from sim.scenario.check import check_head
from sim.scenario.layers import locate, shipped_folder
from sim.scenario.models import PatchHead
from sim.scenario.rows import KINDS
from sim.scenario.tree import Branch, Items, Scalar, without

FOLDERS = ("", "library", "library/packages", "examples")
"""Of scenarios to be run, in the order in which they are listed."""


class Shipped(NamedTuple):
    """One scenario that comes with the project."""

    name: str
    title: str
    question: str
    """Empty where the file asks none."""
    mark: str
    """Of a project of the library: open, early, due, package; else empty."""
    patches: tuple[str, ...]
    """As ``patches`` of the file names them."""
    path: Path
    file: str
    """As ``extends`` names it: relative to the shipped folder."""


def shipped() -> tuple[Shipped, ...]:
    """Return the shipped scenarios, examples last, each group by file name.

    Not among them are the bases of open works (``library/without``), which answer no
    question by themselves.

    Raises
    ------
    ScenarioError
        A shipped file cannot be read.
    """
    folder = shipped_folder()
    paths = [path for below in FOLDERS for path in sorted((folder / below).glob("*.yaml"))]
    return tuple(_shipped(path, folder) for path in paths)


def patch_head(name: str, beside: Path) -> PatchHead:
    """Return what a patch file says of itself.

    Parameters
    ----------
    name
        As a scenario names it.
    beside
        Folder of that scenario.

    Raises
    ------
    ScenarioError
        There is no such file, or its head breaks the schema.
    """
    return check_head(without(reader.read(locate(name, beside)), KINDS))


def judged_patches(one: Shipped) -> tuple[str, ...]:
    """Return the patches that stand between a project and its base: its own, or what is undone."""
    undone = (f"patches/without-{one.name}.yaml",) if one.mark == "open" else ()
    return (*one.patches, *undone)


def cost_usd(one: Shipped) -> float | None:
    """Return what the patches of a project cost together, in USD, or None if none says."""
    heads = [patch_head(name, shipped_folder()) for name in judged_patches(one)]
    said = [head.cost_usd for head in heads if head.cost_usd is not None]
    return sum(said) if said else None


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
    for path in (folder / below / f"{name}.yaml" for below in (*FOLDERS, "sweeps")):
        if Path(name).name == name and path.is_file():
            return path
    return locate(name, beside)


def _shipped(path: Path, folder: Path) -> Shipped:
    tree = reader.read(path)
    name, title, question = (_said(tree, key) for key in ("name", "title", "question"))
    library = tree.entries["library"].value if "library" in tree.entries else None
    mark = _said(library, "mark") if isinstance(library, Branch) else ""
    file = path.relative_to(folder).as_posix()
    return Shipped(name, title, question, mark, _patches(tree), path, file)


def _patches(tree: Branch) -> tuple[str, ...]:
    value = tree.entries["patches"].value if "patches" in tree.entries else None
    items = value.values if isinstance(value, Items) else ()
    return tuple(item.raw for item in items if isinstance(item, Scalar))


def _said(tree: Branch, key: str) -> str:
    value = tree.entries[key].value if key in tree.entries else None
    return value.raw.strip() if isinstance(value, Scalar) else ""
