"""Which flows a row is for, where it names them: lanes, checks and bans by commodity.

In: patterns of a row, and ids of flows. A pattern is an id, or the beginning of ids with
``*`` at its end; ``not `` before it means all flows but those.
"""

from collections.abc import Iterable, Sequence

from network.schema import DemandRow

BUT = "not "


def matches(flow: str, pattern: str) -> bool:
    """Return whether a flow is meant by an id, or by a beginning with ``*``."""
    return flow.startswith(pattern[:-1]) if pattern.endswith("*") else flow == pattern


def is_for(patterns: Sequence[str], flow: str) -> bool:
    """Return whether a row that names flows is for one of them; one that names none is.

    It is for a flow that some pattern means, or where all patterns say ``not``, for one that
    none of them excludes.
    """
    named = [pattern for pattern in patterns if not pattern.startswith(BUT)]
    barred = [pattern.removeprefix(BUT) for pattern in patterns if pattern.startswith(BUT)]
    if any(matches(flow, pattern) for pattern in barred):
        return False
    return not named or any(matches(flow, pattern) for pattern in named)


def names_flows(patterns: Sequence[str]) -> bool:
    """Return whether a row is for some flows by name, not for all or all but some."""
    return any(not pattern.startswith(BUT) for pattern in patterns)


def flow_of(row: DemandRow) -> str:
    """Return the id of a row's flow, without the year."""
    return row.flow or row.id


def idle(patterns: Iterable[str], flows: Iterable[str]) -> tuple[str, ...]:
    """Return the patterns that mean no flow."""
    known = tuple(flows)
    return tuple(
        pattern
        for pattern in patterns
        if not any(matches(flow, pattern.removeprefix(BUT)) for flow in known)
    )
