"""One more of each capacity of a network, as rows that change.

In: a base run and its network. Out: `Capacity`s, each with the waiting that the base books
where it would help: those with none need not be tried.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from network.schema import FacilityRow, LinkRow, Network, ServiceRow
from sim.compiler.meters import depot_id
from sim.experiment.replicate import Experiment
from sim.questions.places import World, link_name, rows_by_station
from sim.questions.variants import Variant, changed

Sort = Literal["path", "server", "hour", "room", "vessel", "wagon", "locomotive"]

ROOM_TEU: Final = 100.0
"""One more of room: about a train."""
ORIGIN: Final = "marginal"
_HOUR_MIN: Final = 60
_DAY_MIN: Final = 1440
_WORDS: Final[Mapping[str, str]] = {
    "gate": "lane",
    "inspection": "lane",
    "customs": "lane",
    "berth": "berth",
    "handling": "crane or gang",
    "gauge_change": "line",
    "formation": "track",
    "lock": "chamber",
}


class Capacity(NamedTuple):
    """One more of something."""

    variant: Variant
    waiting_teu_h: float
    """Booked in the window's cohort of the base to the places and causes that it relieves."""


class _Waiting(NamedTuple):
    """The waiting of the base by place and cause, TEU-hours."""

    by: Mapping[tuple[str, str], float]
    node_of: Mapping[str, str]

    def at(self, place: str, cause: str = "") -> float:
        """Return what is booked to a place, by one cause or all."""
        return sum(
            teu_h
            for (where, why), teu_h in self.by.items()
            if where == place and cause in {"", why}
        )

    def in_pools(self, services: set[str], cause: str) -> float:
        """Return what is booked to the pools of services by a cause."""
        return sum(
            teu_h
            for (where, why), teu_h in self.by.items()
            if why == cause and where.removeprefix("pool:").split("/")[0] in services
        )

    def in_yards(self, node: str) -> float:
        """Return what is booked to the yards of a node."""
        return sum(
            teu_h
            for (where, why), teu_h in self.by.items()
            if why == "storage" and self.node_of[where] == node
        )


def capacities(world: World, network: Network, base: Experiment) -> list[Capacity]:
    """Return one more of each capacity, those first where the base waits most.

    Parameters
    ----------
    world
        Of the window's first day.
    network
        Rows of all dates: a fleet grows in all its dated states.
    base
        Its run.
    """
    waiting = _waiting(base)
    found = [
        *_of_links(world, waiting),
        *_of_facilities(world, base, waiting),
        *_of_services(world, network, waiting),
    ]
    return sorted(found, key=lambda one: (-one.waiting_teu_h, one.variant.id))


def _waiting(base: Experiment) -> _Waiting:
    table = base.ledger[base.ledger["is_waiting"] == "yes"]
    sums = table.groupby(["place", "cause"])["teu_h"].sum().reset_index()
    keys = zip(sums["place"].astype(str), sums["cause"].astype(str), strict=True)
    by = dict(zip(keys, sums["teu_h"].tolist(), strict=True))
    nodes = dict(zip(table["place"].astype(str), table["node"].astype(str), strict=True))
    return _Waiting(by, nodes)


def _one(sort: Sort, key: str, what: str, table: str, **values: object) -> Variant:
    row = changed(table, key, ORIGIN, **values)  # type: ignore[arg-type]  # cells of a row
    return Variant(f"{sort}:{key}", sort, what, (row,))


def _of_links(world: World, waiting: _Waiting) -> Iterator[Capacity]:
    """Yield one more train path a day each way, and one more locomotive."""
    for link in world.network.links:
        name = link_name(world, link)
        if link.metered and link.paths_per_day is not None:
            what = f"{name}: one more path a day each way"
            paths = _plain(link.paths_per_day + 1)
            variant = _one("path", link.id, what, "links", paths_per_day=paths)
            yield Capacity(variant, sum(waiting.at(f"{link.id}{way}", "path") for way in "<>"))
        if link.locomotives is not None:
            yield _of_locomotives(link, name, link.locomotives + 1, waiting)


def _of_locomotives(link: LinkRow, name: str, count: int, waiting: _Waiting) -> Capacity:
    variant = _one(
        "locomotive", link.id, f"{name}: one more locomotive", "links", locomotives=count
    )
    return Capacity(variant, waiting.at(depot_id(link.id)))


def _plain(value: float) -> float | int:
    return int(value) if value == int(value) else value


def _of_facilities(world: World, base: Experiment, waiting: _Waiting) -> Iterator[Capacity]:
    """Yield one more server of each station, an hour more a day, and room for a train."""
    named = dict(zip(base.stations["station"], base.stations["name"], strict=True))
    for station, rows in rows_by_station(world.network.facilities).items():
        if station not in named:
            continue
        row = max(rows, key=lambda one: (one.servers or 0, one.id))
        name = str(named[station])
        yield _of_servers(row, station, name, waiting)
        hours = longer_day(row)
        if hours is not None:
            what = f"{name}: one hour more a day"
            variant = _one("hour", row.id, what, "facilities", opens=hours[0], closes=hours[1])
            yield Capacity(variant, waiting.at(station, "closed"))
    for row in world.network.facilities:
        if row.operation == "storage" and row.storage_teu is not None:
            what = f"yard, {world.names[row.node]}: room for {ROOM_TEU:g} TEU more"
            room = _plain(row.storage_teu + ROOM_TEU)
            variant = _one("room", row.id, what, "facilities", storage_teu=room)
            yield Capacity(variant, waiting.in_yards(row.node))


def _of_servers(row: FacilityRow, station: str, name: str, waiting: _Waiting) -> Capacity:
    what = f"{name}: one more {_WORDS.get(row.operation, 'server')}"
    servers = (row.servers or 0) + 1
    variant = _one("server", row.id, what, "facilities", servers=servers)
    return Capacity(variant, waiting.at(station, "queue"))


def longer_day(row: FacilityRow) -> tuple[str, str] | None:
    """Return opening and closing an hour later, None where a row never closes.

    A row that closes no later than it opens is open over midnight.
    """
    opens, closes = _minutes(row.opens), _minutes(row.closes)
    open_min = closes - opens if closes > opens else closes - opens + _DAY_MIN
    if open_min >= _DAY_MIN:
        return None
    if open_min + _HOUR_MIN >= _DAY_MIN:
        return "00:00", "24:00"
    later = (closes + _HOUR_MIN) % _DAY_MIN or _DAY_MIN
    return row.opens, f"{later // _HOUR_MIN:02d}:{later % _HOUR_MIN:02d}"


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * _HOUR_MIN + int(minutes or 0)


def _of_services(world: World, network: Network, waiting: _Waiting) -> Iterator[Capacity]:
    """Yield one more vessel of each fleet and one more set of each wagon pool."""
    lines: dict[str, list[ServiceRow]] = {}
    for row in network.services:
        if row.fleet is not None:
            lines.setdefault(row.line or row.id, []).append(row)
    for line, rows in lines.items():
        rows_changed = tuple(
            changed("services", row.id, ORIGIN, fleet=(row.fleet or 0) + 1) for row in rows
        )
        what = f"{_way(world, rows[0])} ({line}): one more vessel"
        variant = Variant(f"vessel:{line}", "vessel", what, rows_changed)
        yield Capacity(variant, waiting.in_pools({line}, "wagons"))
    yield from _of_wagons(world, network.services, waiting)


def _of_wagons(
    world: World, services: Sequence[ServiceRow], waiting: _Waiting
) -> Iterator[Capacity]:
    pools: dict[str, set[str]] = {}
    for row in services:
        if row.wagon_pool:
            pools.setdefault(row.wagon_pool, set()).add(row.line or row.id)
    for row in services:
        if row.wagon_pool and row.wagons:
            what = f"{_way(world, row)} ({row.wagon_pool}): one more set of wagons"
            wagons = row.wagons + (row.capacity_wagons or 1)
            variant = _one("wagon", row.id, what, "services", wagons=wagons)
            yield Capacity(variant, waiting.in_pools(pools[row.wagon_pool], "wagons"))


def _way(world: World, row: ServiceRow) -> str:
    return f"{world.names[row.origin]} – {world.names[row.destination]}"
