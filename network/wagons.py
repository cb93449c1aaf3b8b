"""Rules about pools of wagons, on which several rail services draw (R12)."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from network.schema import ServiceRow

Found = Iterator[tuple[str, str, str]]
"""Table, id, message."""


def broken(services: Sequence[ServiceRow]) -> Found:
    """Yield what is impossible about the wagons of services."""
    pools: dict[str, list[ServiceRow]] = defaultdict(list)
    lines: dict[str, ServiceRow] = {}
    for row in services:
        if row.wagon_pool:
            pools[row.wagon_pool].append(row)
        elif row.wagons is not None:
            yield "services", row.id, "wagons needs wagon_pool"
        if row.wagon_pool and (row.mode != "rail" or row.fleet is not None):
            yield "services", row.id, "wagon_pool is for rail services without a fleet"
        first = lines.setdefault(row.line, row)
        if first.wagon_pool != row.wagon_pool:
            found = f"wagon_pool differs from that of {first.id}, a state of the same line"
            yield "services", row.id, found
    for pool, rows in pools.items():
        yield from _pool(pool, rows)


def _pool(pool: str, rows: Sequence[ServiceRow]) -> Found:
    has = sum(row.wagons or 0 for row in rows)
    for row in rows:
        if row.gauge_mm != rows[0].gauge_mm:
            found = f"wagon_pool {pool} is of gauge {rows[0].gauge_mm}, not {row.gauge_mm}"
            yield "services", row.id, found
        takes = row.capacity_wagons or 1
        if takes > has:
            found = f"takes {takes} wagons of wagon_pool {pool}, in which the wagons are {has}"
            yield "services", row.id, found
