"""YAML text in, a marked tree out, and nothing that YAML can do besides.

PyYAML's C parser gives events, yamlcore says what a plain scalar is (YAML 1.2: ``NO``
and ``12:30`` are text), and the tree is built here from the events with caps on bytes,
depth, nodes and aliases, so that no file can exhaust the machine.
"""

import math
import re
from pathlib import Path
from typing import NamedTuple

import yaml
import yamlcore

from network.errors import Problem
from sim.errors import ScenarioError
from sim.scenario.tree import Branch, Entry, Items, Mark, Scalar, Tree, Value, problem

MAX_BYTES = 8_000_000
MAX_DEPTH = 64
MAX_NODES = 500_000
"""Counted with every alias written out, which is what an alias bomb multiplies."""
MAX_ALIASES = 1_000

_TAG = "tag:yaml.org,2002:"
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufffe\uffff]"
)
_LEADING_ZERO = re.compile(r"[-+]?0[0-9]+|0[ox][0-9a-fA-F]+")


def read(path: Path) -> Branch:
    """Return the mapping that a YAML file holds.

    Parameters
    ----------
    path
        The file; shown in messages as given here.

    Raises
    ------
    ScenarioError
        The file is missing, too large, not UTF-8, not YAML, or not one mapping; or it
        repeats a key or uses tags, merge keys or recursive aliases.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise ScenarioError([Problem(str(path), f"cannot be read: {reason}")]) from error
    return parse(_decode(content, str(path)), str(path))


def parse(text: str, source: str) -> Branch:
    """Return the mapping that a text holds; ``source`` names it in messages.

    Raises
    ------
    ScenarioError
        As for `read`.
    """
    tree = _Builder(text, source).build()
    if tree is None or (isinstance(tree, Scalar) and tree.value is None):
        raise ScenarioError(
            [Problem(source, "empty scenario; at least 'schema_version' and 'name' are needed")]
        )
    if not isinstance(tree, Branch):
        found = "a list" if isinstance(tree, Items) else f"the text {tree.raw!r}"
        message = f"the top level is {found}; it must be a mapping (name: value)"
        raise ScenarioError([problem(tree.mark, message)])
    return tree


def parse_value(text: str, source: str) -> Tree:
    """Return the value that a short text such as ``6`` or ``[rail, sea]`` stands for.

    Parameters
    ----------
    text
        The text after ``=`` of ``--set path=value``; empty means null.
    source
        Names the argument in messages, which show no line or column.

    Raises
    ------
    ScenarioError
        The text is no YAML value.
    """
    tree = _Builder(text, source, has_lines=False).build()
    return Scalar(None, "", Mark(source, 0, 0, "")) if tree is None else tree


def _decode(content: bytes, source: str) -> str:
    if len(content) > MAX_BYTES:
        message = f"holds {len(content)} bytes; at most {MAX_BYTES} are read"
        raise ScenarioError([Problem(source, message)])
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ScenarioError([Problem(source, "is UTF-16; save it as UTF-8")])
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        found = f"byte 0x{content[error.start]:02x} is not UTF-8"
        message = (
            f"{found}; the file looks like Latin-1 (ISO 8859-1 or Windows-1252): save it as UTF-8"
        )
        raise ScenarioError([Problem(f"{source}:{line}:{column}", message)]) from error


class _Open(NamedTuple):
    """A list or mapping whose end has not been reached."""

    mark: Mark
    anchor: str | None
    is_mapping: bool
    items: list[Tree]
    entries: dict[str, Entry]
    key: list[Scalar]
    """The key that waits for its value: none or one."""
    size_before: int


class _Builder:
    """Makes the tree of one text, event by event, without recursion."""

    def __init__(self, text: str, source: str, *, has_lines: bool = True) -> None:
        self.text = text
        self.source = source
        self.has_lines = has_lines
        self.lines = text.splitlines()
        self.resolver = yamlcore.CoreLoader("")
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Tree, int]] = {}
        self.size = 0
        self.aliases = 0
        self.root: Tree | None = None
        self.problems: list[Problem] = []

    def build(self) -> Tree | None:
        """Return the tree of the text, None where it holds nothing."""
        self._refuse_characters()
        try:
            for event in yaml.parse(self.text, Loader=yaml.CSafeLoader):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            self._stop_at_syntax(error)
        if self.problems:
            raise ScenarioError(self.problems)
        return self.root

    def _refuse_characters(self) -> None:
        found = _FORBIDDEN.search(self.text)
        if found is None:
            return
        line = self.text.count("\n", 0, found.start())
        column = found.start() - self.text.rfind("\n", 0, found.start()) - 1
        message = f"control or text-direction character U+{ord(found.group()):04X}; delete it"
        raise ScenarioError([Problem(str(self._mark_at(line, column)), message)])

    def _stop_at_syntax(self, error: yaml.MarkedYAMLError) -> None:
        at = error.problem_mark or error.context_mark
        mark = self._mark_at(at.line, at.column) if at else Mark(self.source, 1, 1, "")
        is_tab = mark.text[mark.column - 1 : mark.column] == "\t"
        text = (
            "a tab in the indentation; use spaces" if is_tab else (error.problem or "unreadable")
        )
        context = f" ({error.context})" if error.context and not is_tab else ""
        raise ScenarioError(
            [*self.problems, problem(mark, f"not YAML: {text}{context}")]
        ) from error

    def _mark_at(self, line: int, column: int) -> Mark:
        if not self.has_lines:
            return Mark(self.source, 0, 0, "")
        text = self.lines[line] if line < len(self.lines) else ""
        return Mark(self.source, line + 1, column + 1, text)

    def _stop(self, mark: Mark, message: str) -> ScenarioError:
        return ScenarioError([*self.problems, problem(mark, message)])

    def _take(self, event: yaml.Event) -> None:
        at = event.start_mark
        assert at is not None
        mark = self._mark_at(at.line, at.column)
        if isinstance(event, yaml.DocumentStartEvent):
            if self.root is not None:
                raise self._stop(mark, "a second document begins; one file holds one scenario")
        elif isinstance(event, yaml.AliasEvent):
            self._alias(str(event.anchor), mark)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, mark)
        elif isinstance(event, yaml.CollectionEndEvent):
            self._end()
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_tag(event.tag, mark)
            self._count(1, mark)
            self._place(self._scalar(event, mark), event.anchor, 1)

    def _refuse_tag(self, tag: str | None, mark: Mark) -> None:
        # A lone "!" only marks quoted text as text in some emitters' output.
        if tag not in (None, "!"):
            self.problems.append(problem(mark, f"tag {tag!r}; tags are not allowed"))

    def _count(self, nodes: int, mark: Mark) -> None:
        self.size += nodes
        if self.size > MAX_NODES:
            raise self._stop(mark, f"more than {MAX_NODES} values, aliases written out")

    def _begin(self, event: yaml.CollectionStartEvent, mark: Mark) -> None:
        self._refuse_tag(event.tag, mark)
        if len(self.open) >= MAX_DEPTH:
            raise self._stop(mark, f"nested deeper than {MAX_DEPTH} levels")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self.open.append(_Open(mark, event.anchor, is_mapping, [], {}, [], self.size))
        self._count(1, mark)

    def _end(self) -> None:
        done = self.open.pop()
        tree: Tree = (
            Branch(done.entries, done.mark)
            if done.is_mapping
            else Items(tuple(done.items), done.mark)
        )
        self._place(tree, done.anchor, self.size - done.size_before)

    def _alias(self, anchor: str, mark: Mark) -> None:
        self.aliases += 1
        if any(level.anchor == anchor for level in self.open):
            raise self._stop(mark, f"recursive alias '*{anchor}' stands inside what it names")
        if self.aliases > MAX_ALIASES:
            raise self._stop(mark, f"more than {MAX_ALIASES} aliases")
        if anchor not in self.anchors:
            raise self._stop(mark, f"alias '*{anchor}' has no anchor '&{anchor}' before it")
        tree, size = self.anchors[anchor]
        self._count(size, mark)
        self._place(tree, None, size)

    def _place(self, tree: Tree, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (tree, size)
        if not self.open:
            self.root = tree
            return
        level = self.open[-1]
        if not level.is_mapping:
            level.items.append(tree)
        elif level.key:
            key = level.key.pop()
            self._enter(level, key, tree)
        else:
            level.key.append(self._key(tree))

    def _enter(self, level: _Open, key: Scalar, tree: Tree) -> None:
        first = level.entries.get(key.raw)
        if first is not None:
            self.problems.append(
                problem(key.mark, f"duplicate key {key.raw!r}; first at {first.mark}")
            )
            return
        level.entries[key.raw] = Entry(key.mark, tree)

    def _key(self, tree: Tree) -> Scalar:
        if not isinstance(tree, Scalar):
            raise self._stop(tree.mark, "a key must be text, not a list or a mapping")
        if tree.raw == "<<":
            raise self._stop(
                tree.mark, "merge key '<<' is not allowed; use 'extends' or 'patches'"
            )
        return tree

    def _scalar(self, event: yaml.ScalarEvent, mark: Mark) -> Scalar:
        raw = event.value
        if not event.implicit[0]:
            return Scalar(raw, raw, mark)
        # yamlcore files the empty scalar under bool, which comes first in its list.
        tag = "null" if raw == "" else self._tag(raw)
        if tag in ("int", "float") and (message := _refused_number(raw)):
            self.problems.append(problem(mark, message))
            return Scalar(raw, raw, mark)
        return Scalar(_converted(tag, raw), raw, mark)

    def _tag(self, raw: str) -> str:
        return str(self.resolver.resolve(yaml.ScalarNode, raw, (True, False))).removeprefix(_TAG)


def _refused_number(raw: str) -> str | None:
    """Return why a number is refused in any place, None where it is not."""
    if _LEADING_ZERO.fullmatch(raw):
        advice = "write a number without leading zeros, or text in quotes"
        return f"{raw!r} could be a decimal, an octal or a name; {advice}"
    value = float(raw.lower().replace(".inf", "inf").replace(".nan", "nan"))
    if not math.isfinite(value):
        return f"{raw} is not a finite number"
    if value == 0 and raw.startswith("-"):
        return f"{raw} is a negative zero; write 0"
    return None


def _converted(tag: str, raw: str) -> Value:
    if tag == "null":
        return None
    if tag == "bool":
        return raw.lower() == "true"
    if tag == "int":
        return int(raw)
    return float(raw) if tag == "float" else raw
