"""Which files a scenario is made of, and what each of them says.

Weak to strong: defaults < extended file < this file < patches in order < named
overrides < ``--set``. An extended file comes whole, its patches included.
"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from network.errors import Problem
from sim.errors import ScenarioError
from sim.scenario import reader, rows
from sim.scenario.check import check_head
from sim.scenario.tree import Branch, Items, Mark, Scalar, Tree, problem, without

MAX_DEPTH = 20
OWN_KEYS = ("schema_version", "name", "title", "question", "description", "library", "sweep")
"""What a file says of itself: not handed on to the files that extend it."""


class Layer(NamedTuple):
    """What one file, override or ``--set`` says."""

    settings: Branch
    """Sections and inline rows; no ``extends``, ``patches``, ``add``, ``change``, ``retire``."""
    edits: tuple[rows.Edit, ...]
    patch: str = ""
    """Name of the patch file; empty for a scenario."""


class Stack(NamedTuple):
    """The layers of a scenario, weak to strong, and what is wrong with them."""

    layers: tuple[Layer, ...]
    problems: tuple[Problem, ...]


def shipped_folder() -> Path:
    """Return the folder of the shipped scenarios."""
    return Path(__file__).parents[2] / "scenarios"


def locate(name: str, beside: Path, search: Sequence[Path] = ()) -> Path:
    """Return the file that a scenario names: beside itself first, then among the shipped.

    Parameters
    ----------
    name
        Relative path without ``..``, ending in ``.yaml`` or ``.yml``.
    beside
        Folder of the file that names it.
    search
        Further folders, before that of the shipped scenarios.

    Raises
    ------
    ScenarioError
        The name leads out of these folders or to no file; without a place in a file.
    """
    path = Path(name)
    if "://" in name or path.is_absolute() or "\\" in name or ":" in name or ".." in path.parts:
        message = (
            f"{name!r} leads outside; write a path below this file's folder or the shipped one"
        )
        raise ScenarioError([Problem("", message)])
    folders = [beside, *search, shipped_folder()]
    for folder in folders:
        found = folder / path
        if found.is_file():
            if not found.resolve().is_relative_to(folder.resolve()):
                message = f"{name!r} is a link that leads outside its folder"
                raise ScenarioError([Problem("", message)])
            return found
    known = sorted({p.relative_to(f).as_posix() for f in folders for p in _yaml_files(f)})
    close = get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    message = f"no file {name!r} beside this file or among the shipped scenarios{hint}"
    raise ScenarioError([Problem("", message)])


def _yaml_files(folder: Path) -> Iterator[Path]:
    folders = (
        "",
        "patches",
        "library",
        "library/packages",
        "library/without",
        "examples",
        "sweeps",
    )
    for below in folders:
        yield from (path for path in (folder / below).glob("*.yaml") if path.is_file())


def stack(path: Path, search: Sequence[Path] = ()) -> Stack:
    """Return the layers of a scenario file: what it extends, itself, its patches.

    Raises
    ------
    ScenarioError
        The file itself cannot be read as YAML; what is wrong elsewhere is in the stack.
    """
    return _Walk(search).scenario(path, reader.read(path), ())


class _Walk:
    """Walks from a file to those it names, gathering problems."""

    def __init__(self, search: Sequence[Path]) -> None:
        self.search = search

    def scenario(self, path: Path, tree: Branch, trail: tuple[Path, ...]) -> Stack:
        below = self._extended(path, tree, (*trail, path))
        problems = list(below.problems)
        edits: list[rows.Edit] = []
        for kind in rows.KINDS:
            if kind in tree.entries:
                reading = rows.read_section(kind, tree.entries[kind].value, kind)
                edits += reading.edits
                problems += reading.problems
        own = Layer(without(tree, ("extends", "patches", *rows.KINDS)), tuple(edits))
        inherited = tuple(
            layer._replace(settings=without(layer.settings, OWN_KEYS)) for layer in below.layers
        )
        named = {layer.patch for layer in inherited if layer.patch}
        patches = self._patches(path, tree, named)
        layers = (*inherited, own, *patches.layers)
        return Stack(layers, (*problems, *patches.problems))

    def _extended(self, path: Path, tree: Branch, trail: tuple[Path, ...]) -> Stack:
        if "extends" not in tree.entries:
            return Stack((), ())
        value = tree.entries["extends"].value
        try:
            found = self._parent(value, path, trail)
            parent = reader.read(found)
        except ScenarioError as error:
            return Stack((), error.problems)
        return self.scenario(found, parent, trail)

    def _parent(self, value: Tree, path: Path, trail: tuple[Path, ...]) -> Path:
        """Return the file that a scenario extends; raise if it may not."""
        if not isinstance(value, Scalar) or not isinstance(value.value, str):
            message = "extends: must be the name of one scenario file"
            raise ScenarioError([problem(value.mark, message)])
        try:
            found = locate(value.value, path.parent, self.search)
        except ScenarioError as error:
            message = f"extends: {error.problems[0].message}"
            raise ScenarioError([problem(value.mark, message)]) from error
        seen = [step.resolve() for step in trail]
        if found.resolve() in seen:
            circle = [*trail[seen.index(found.resolve()) :], found]
            message = f"extends: cyclic: {' -> '.join(step.name for step in circle)}"
            raise ScenarioError([problem(value.mark, message)])
        if len(trail) > MAX_DEPTH:
            message = f"extends: more than {MAX_DEPTH} files deep"
            raise ScenarioError([problem(value.mark, message)])
        return found

    def _patches(self, path: Path, tree: Branch, named: set[str]) -> Stack:
        if "patches" not in tree.entries:
            return Stack((), ())
        value = tree.entries["patches"].value
        if not isinstance(value, Items):
            return _nothing_but(value.mark, "patches: must be a list of patch files")
        layers: list[Layer] = []
        problems: list[Problem] = []
        for index, item in enumerate(value.values):
            patch = self._patch(path, item, f"patches[{index}]", frozenset(named))
            layers += patch.layers
            problems += patch.problems
            named |= {layer.patch for layer in patch.layers}
        return Stack(tuple(layers), tuple(problems))

    def _patch(self, path: Path, item: Tree, where: str, named: frozenset[str]) -> Stack:
        """Return the layer of one patch file; ``named`` are those stacked before it."""
        if not isinstance(item, Scalar) or not isinstance(item.value, str):
            return _nothing_but(item.mark, f"{where}: must be the name of a patch file")
        try:
            found = locate(item.value, path.parent, self.search)
        except ScenarioError as error:
            return _nothing_but(item.mark, f"{where}: {error.problems[0].message}")
        try:
            tree = reader.read(found)
            head = check_head(without(tree, rows.KINDS))
        except ScenarioError as error:
            return Stack((), error.problems)
        problems: list[Problem] = []
        if head.name in named:
            problems.append(problem(item.mark, f"{where}: patch {head.name!r} is stacked twice"))
        lacking = [name for name in head.requires if name not in named]
        problems += [
            problem(item.mark, f"{where}: {head.name!r} requires patch {name!r} before it")
            for name in lacking
        ]
        edits: list[rows.Edit] = []
        for kind in rows.KINDS:
            if kind in tree.entries:
                reading = rows.read_section(kind, tree.entries[kind].value, kind, head.name)
                edits += reading.edits
                problems += reading.problems
        layer = Layer(Branch({}, tree.mark), tuple(edits), head.name)
        return Stack((layer,), tuple(problems))


def _nothing_but(mark: Mark, message: str) -> Stack:
    return Stack((), (problem(mark, message),))
