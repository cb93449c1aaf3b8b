"""Words of ``metric`` in the table of targets, read: what is measured, where, when.

In: a cell such as ``transit_days mean from=altynkol to=poti+batumi window=2024-01..08``.
Out: `Metric`. The words stand in fixed order: measure, statistics, conditions, window.
"""

import re
from typing import NamedTuple

MEASURES = {
    "throughput", "trains", "trains_per_day", "trucks_per_day", "calls", "border_hours",
    "station_hours", "wait_hours", "transit_days", "speed", "queue", "share_shut",
}  # fmt: skip
"""What a metric may begin with."""

STRUCTURAL = {"border_hours", "station_hours", "wait_hours", "speed", "share_shut"}
"""Measures of how the corridor works; the others count how much it was sent in their year."""

CONDITIONS = {
    "border", "node", "nodes", "link", "links", "station", "country", "route", "from", "to",
    "mode", "direction", "flows", "operation", "group", "gauge", "empties", "plus",
}  # fmt: skip
"""What a condition may name."""

_NOTE = re.compile(r"\s*\((?P<note>[^)]*)\)$")
_WINDOW = re.compile(
    r"(?:(?P<year>\d{4})(?:-(?:Q(?P<quarter>[1-4])|(?P<first>\d\d)(?:\.\.(?P<last>\d\d))?))?"
    r"|(?P<from>[A-Z][a-z]{2})-(?P<to>[A-Z][a-z]{2}))$"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Window(NamedTuple):
    """Months of a year, or of any year."""

    year: int | None
    first: int
    """Month, 1 to 12."""
    last: int
    """Month, not before the first."""


class Metric(NamedTuple):
    """One metric, read."""

    measure: str
    statistics: tuple[str, ...]
    conditions: tuple[tuple[str, tuple[str, ...]], ...]
    window: Window
    note: str = ""
    """What stands in brackets behind it."""

    def values(self, *keys: str) -> tuple[str, ...]:
        """Return the values of the first of the conditions that is stated, () without one."""
        stated = dict(self.conditions)
        return next((stated[key] for key in keys if key in stated), ())

    @property
    def series(self) -> tuple[object, ...]:
        """Return what the metric shares with itself in other years."""
        return self.measure, self.statistics, self.conditions


def parse_metric(text: str) -> Metric:
    """Return a metric from its words.

    Raises
    ------
    ValueError
        If a word is unknown or out of order, or if there is no window.
    """
    bracket = _NOTE.search(text)
    words = _NOTE.sub("", text).split()
    if not words or words[0] not in MEASURES:
        raise ValueError(f"metric {text!r}: begins with no measure; known: {sorted(MEASURES)}")
    first = next((n for n, word in enumerate(words) if "=" in word), len(words))
    conditions = [_condition(word, text) for word in words[first:]]
    if not conditions or conditions[-1][0] != "window":
        raise ValueError(f"metric {text!r}: ends with no window=")
    unknown = [key for key, _ in conditions[:-1] if key not in CONDITIONS]
    if unknown:
        raise ValueError(f"metric {text!r}: unknown {unknown}; known: {sorted(CONDITIONS)}")
    return Metric(
        measure=words[0],
        statistics=tuple(words[1:first]),
        conditions=tuple(conditions[:-1]),
        window=parse_window(conditions[-1][1][0]),
        note=bracket["note"] if bracket else "",
    )


def parse_window(text: str) -> Window:
    """Return the months of ``2024``, ``2024-07``, ``2024-01..08``, ``2024-Q1`` or ``Nov-Dec``.

    Raises
    ------
    ValueError
        If it is none of these.
    """
    found = _WINDOW.match(text)
    if found is None:
        raise ValueError(f"window {text!r}: not a year, a month, months, a quarter or Nov-Dec")
    if found["from"]:
        return Window(None, _MONTHS.index(found["from"]) + 1, _MONTHS.index(found["to"]) + 1)
    year = int(found["year"])
    if found["quarter"]:
        return Window(year, 3 * int(found["quarter"]) - 2, 3 * int(found["quarter"]))
    if found["first"]:
        return Window(year, int(found["first"]), int(found["last"] or found["first"]))
    return Window(year, 1, 12)


def _condition(word: str, text: str) -> tuple[str, tuple[str, ...]]:
    """Return the key and the values of one ``key=value+value``."""
    key, equals, values = word.partition("=")
    if not equals or not values:
        raise ValueError(f"metric {text!r}: {word!r} stands where key=value is wanted")
    return key, tuple(values.split("+"))
