"""The cheapest loopless paths over the links of one mode and gauge, exactly, in order.

Yen's algorithm with Lawler's saving; each spur search is guided by the exact distances to
the target and cut off at the greatest cost asked for.

References
----------
Yen (1971), Management Science 17(11), 712-716. Lawler (1972), Management Science 18(7),
401-405.
"""

from collections.abc import Iterator, Mapping, Sequence
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple, TypeVar

_ROUNDING = 1.0 + 1e-9
State = TypeVar("State", str, tuple[str, bool])


class Step(NamedTuple):
    """A link travelled in one direction."""

    tail: str
    head: str
    link: str
    forward: bool
    cost: float
    """≥ 0."""


Roads = Mapping[str, Sequence[Step]]
"""Node -> steps that leave it."""


def distances_to(target: str, steps: Sequence[Step]) -> dict[str, float]:
    """Return the least cost to the target from every node that reaches it."""
    entering: dict[str, list[Step]] = {}
    for step in steps:
        entering.setdefault(step.head, []).append(step)
    return settle(target, {node: [(s.tail, s.cost) for s in e] for node, e in entering.items()})


def distances_from(source: str, roads: Roads) -> dict[str, float]:
    """Return the least cost from the source to every node that it reaches."""
    return settle(source, {node: [(s.head, s.cost) for s in e] for node, e in roads.items()})


def settle(
    start: State, neighbours: Mapping[State, Sequence[tuple[State, float]]]
) -> dict[State, float]:
    """Return the least cost from a state to every state that it reaches (Dijkstra)."""
    settled: dict[State, float] = {}
    queue = [(0.0, start)]
    while queue:
        cost, node = heappop(queue)
        if node in settled:
            continue
        settled[node] = cost
        for other, more in neighbours.get(node, ()):
            if other not in settled:
                heappush(queue, (cost + more, other))
    return settled


def cheapest(
    roads: Roads, source: str, target: str, remaining: Mapping[str, float], limit: float
) -> Iterator[tuple[Step, ...]]:
    """Yield the loopless paths from source to target, cheapest first.

    Parameters
    ----------
    remaining
        Least cost from each node to the target (`distances_to`).
    limit
        Greatest cost over least; dearer paths are not looked for.
    """
    most = remaining.get(source, inf) * limit * _ROUNDING
    first = _spur(roads, (source, target), remaining, most, (frozenset(), frozenset()))
    found: list[tuple[Step, ...]] = []
    queue: list[tuple[float, tuple[str, ...], tuple[Step, ...], int]] = []
    if first is not None:
        heappush(queue, (_cost(first), _names(first), first, 0))
    while queue:
        _, _, path, deviation = heappop(queue)
        if found and path == found[-1]:
            continue
        found.append(path)
        yield path
        for at in range(deviation, len(path)):
            root = path[:at]
            banned = frozenset(p[at].link for p in found if p[:at] == root and len(p) > at)
            passed = frozenset(step.tail for step in root)
            left = most - _cost(root)
            spur = _spur(roads, (path[at].tail, target), remaining, left, (banned, passed))
            if spur is not None:
                whole = root + spur
                heappush(queue, (_cost(whole), _names(whole), whole, at))


def _cost(path: Sequence[Step]) -> float:
    return sum(step.cost for step in path)


def _names(path: Sequence[Step]) -> tuple[str, ...]:
    return tuple(step.link for step in path)


def _spur(
    roads: Roads,
    ends: tuple[str, str],
    remaining: Mapping[str, float],
    most: float,
    avoided: tuple[frozenset[str], frozenset[str]],
) -> tuple[Step, ...] | None:
    """Return the cheapest path that avoids (first links, nodes) and costs no more, or None."""
    source, target = ends
    banned, passed = avoided
    queue: list[tuple[float, str, float, Step | None]] = [
        (remaining.get(source, inf), source, 0.0, None)
    ]
    came: dict[str, Step | None] = {}
    while queue:
        bound, node, cost, step = heappop(queue)
        if bound > most:
            return None
        if node in came:
            continue
        came[node] = step
        if node == target:
            return _trace(came, step)
        for onward in roads.get(node, ()):
            head = onward.head
            if head in came or head in passed or (node == source and onward.link in banned):
                continue
            spent = cost + onward.cost
            heappush(queue, (spent + remaining.get(head, inf), head, spent, onward))
    return None


def _trace(came: Mapping[str, Step | None], last: Step | None) -> tuple[Step, ...]:
    path: list[Step] = []
    while last is not None:
        path.append(last)
        last = came[last.tail]
    return tuple(reversed(path))
