"""How a problem with a key or a value is said: the nearest name, the unit, the range."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import TypeAlias

from sim.scenario.tree import Items, Path, Scalar, Tree, row_id

UNITS: Mapping[str, str] = {
    "s": "seconds",
    "min": "minutes",
    "h": "hours",
    "days": "days",
    "km": "kilometres",
    "m": "metres",
    "kmh": "km/h",
    "teu": "TEU",
    "t": "tonnes",
    "wagons": "wagons",
    "trucks": "trucks",
    "usd": "USD",
    "mm": "millimetres",
    "day": "per day",
    "year": "per year",
}
MAX_LISTED = 12

Details: TypeAlias = Mapping[str, object]


def unknown(kind: str, name: str, known: Sequence[str]) -> str:
    """Return what to say of a name that nobody knows.

    Parameters
    ----------
    kind
        What the name should be: ``key``, ``table``, ``row`` ...
    name
        As found.
    known
        The names allowed there.
    """
    same_stem = [k for k in known if k != name and _stem(k) == _stem(name)]
    if same_stem and _unit(name) != _unit(same_stem[0]):
        unit = UNITS[_unit(same_stem[0])]
        return (
            f"unknown {kind} {name!r}; the unit stands in the key: write {same_stem[0]!r} ({unit})"
        )
    close = get_close_matches(name, known, n=1)
    if close:
        return f"unknown {kind} {name!r}; did you mean {close[0]!r}?"
    return f"unknown {kind} {name!r}; {listed(known)}"


def listed(known: Sequence[str]) -> str:
    """Return the names that are allowed, the first dozen of them."""
    if not known:
        return "there is none"
    rest = len(known) - MAX_LISTED
    more = f" and {rest} more" if rest > 0 else ""
    return f"allowed: {', '.join(known[:MAX_LISTED])}{more}"


def _unit(key: str) -> str:
    last = key.rpartition("_")[2]
    return last if last in UNITS and "_" in key else ""


def _stem(key: str) -> str:
    unit = _unit(key)
    return key.removesuffix(f"_{unit}") if unit else f"{key}:no unit"


def spoken(path: Path, tree: Tree | None = None) -> str:
    """Return a path as it is written for ``--set``: ``network.facilities[f_x].servers``.

    Parameters
    ----------
    path
        Keys and indices.
    tree
        The tree of the path: gives the ids of rows in the place of their indices.
    """
    text = ""
    for part in path:
        name = str(part)
        if isinstance(tree, Items) and isinstance(part, int) and part < len(tree.values):
            tree = tree.values[part]
            name = row_id(tree) or name
            text += f"[{name}]"
            continue
        entries = {} if tree is None or isinstance(tree, Scalar | Items) else tree.entries
        tree = entries[name].value if name in entries else None
        is_word = isinstance(part, str) and part.replace("_", "").isalnum()
        text += (f".{name}" if text else name) if is_word else f"[{name}]"
    return text


def found(value: object) -> str:
    """Return a value as a message shows it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f"the text {value!r}" if len(value) <= 80 else f"a text of {len(value)} characters"  # noqa: PLR2004
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    return "nothing" if value is None else repr(value)


def broken(kind: str, value: object, details: Details) -> str:
    """Return what a value had to be, for one kind of error of pydantic.

    Parameters
    ----------
    kind
        pydantic's name of the error.
    value
        What was found.
    details
        pydantic's context of the error: limits, allowed values, our own message.
    """
    if kind == "value_error":
        return str(details["error"])
    if kind == "literal_error":
        expected = str(details["expected"]).replace("'", "").replace(" or ", ", ")
        names = expected.split(", ")
        close = get_close_matches(str(value), names, n=1) if isinstance(value, str) else []
        hint = f"; did you mean {close[0]!r}?" if close else ""
        few = len(names) <= 2  # noqa: PLR2004
        allowed = " or ".join(names) if few else f"one of {expected}"
        return f"must be {allowed}; found {found(value)}{hint}"
    return f"must be {_allowed(kind, details)}; found {found(value)}"


def _allowed(kind: str, details: Details) -> str:
    for name, words in _LIMITS.items():
        if name in details:
            return f"{words} {details[name]}"
    for prefix, words in _TYPES.items():
        if kind.startswith(prefix):
            return words
    return kind.replace("_", " ")


_LIMITS: Mapping[str, str] = {
    "gt": ">",
    "ge": "≥",
    "lt": "<",
    "le": "≤",
    "pattern": "a name of lower-case letters, digits, - and _, as in",
    "max_length": "of at most this length:",
    "min_length": "of at least this length:",
}
_TYPES: Mapping[str, str] = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text",
    "date": "a date YYYY-MM-DD that exists",
    "tuple": "a list",
    "list": "a list",
    "dict": "a mapping",
    "model": "a mapping",
}
