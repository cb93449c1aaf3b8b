"""Rules about facility rows as the stations that they make (R8).

In: rows of facilities. Out: what is wrong with them, row by row; `network.validate` asks.
"""

from collections.abc import Iterator, Sequence

from network.schema import FacilityRow

SINGLY = frozenset({"teu", "consignment"})
"""``per`` of rows that serve each consignment by itself; all others serve vehicles."""

CONTROLS = ("lock", "gate", "inspection", "customs")
_TRAIN_TO_TRAIN = ("handling", "rail", "rail")
UNCALLED = frozenset({"berth", "storage"})

Key = tuple[str, str, str, str]
Found = Iterator[tuple[str, str]]
"""Id of a row, message."""


def faults(rows: Sequence[FacilityRow]) -> Found:
    """Yield what is wrong with rows as parts of stations."""
    staffed = {_station(row) for row in rows if row.servers}
    first: dict[Key, FacilityRow] = {}
    for row in rows:
        other = first.setdefault(_station(row), row)
        for messages in (_queue(row), _calls(row), _lent(row, staffed), _mixed(other, row)):
            yield from ((row.id, message) for message in messages)


def _station(row: FacilityRow) -> Key:
    """Return what the rows of one station have in common (R8)."""
    return (row.node, row.operation, row.pool or row.id, row.direction)


def _queue(row: FacilityRow) -> Iterator[str]:
    if row.queue_max is not None and row.per not in SINGLY:
        yield f"queue_max is for rows per teu or consignment, not per: {row.per}"
    if row.blocking and row.queue_max is None:
        yield f"blocking {row.blocking} needs queue_max"
    if row.blocking and row.per not in SINGLY:
        yield f"blocking is for rows per teu or consignment, not per: {row.per}"


def _calls(row: FacilityRow) -> Iterator[str]:
    """Yield what is wrong with a row that serves a share, consolidates, or calls so many a day."""
    if row.share < 1 and row.operation not in CONTROLS:
        yield f"share is for {', '.join(CONTROLS)}; nobody passes {row.operation} unserved"
    if row.share < 1 and row.blocking:
        yield "share and blocking do not go together"
    if row.consolidates and (row.operation, row.mode_in, row.mode_out) != _TRAIN_TO_TRAIN:
        yield "consolidates is for handling with mode_in and mode_out rail"
    if row.slots_per_day is None:
        return
    if row.operation in UNCALLED or row.per == "teu":
        yield f"slots_per_day is not for {row.operation} per {row.per}: nobody is called there"
    if row.slots_per_day < (row.batch_min or 1):
        yield f"slots_per_day {row.slots_per_day} is less than batch_min {row.batch_min}"


def _lent(row: FacilityRow, staffed: set[Key]) -> Iterator[str]:
    """Yield what is wrong with a row that is worked by the servers of others."""
    if row.servers != 0:
        return
    if _station(row) not in staffed:
        yield "servers 0 needs another row of its node, operation, pool and direction with some"
    if row.per not in SINGLY:
        yield f"servers 0 is for rows per teu or consignment, not per: {row.per}"
    if not row.applies_to:
        yield "servers 0 needs applies_to: the loads to which its law belongs"


def _mixed(one: FacilityRow, row: FacilityRow) -> Iterator[str]:
    """Yield what keeps two rows from being one station: one queue orders one kind of visitor."""
    if (one.per in SINGLY) != (row.per in SINGLY):
        yield (
            f"is per: {row.per} and stands in one pool with {one.id}, per: {one.per}; vehicles and"
            " consignments do not queue together: give one of them a pool of its own"
        )
    for name in ("share", "flows"):
        if getattr(one, name) != getattr(row, name):
            yield f"{name} differs from that of {one.id}, a row of the same station"
