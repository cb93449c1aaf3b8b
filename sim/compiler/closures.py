"""Closures as known intervals and random rows, and what they strike (R15).

In: rows of closures, and the stations of the plan. Out: `ClosurePart`s; changes
of demand, which the compiler applies itself and no engine sees.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from types import MappingProxyType
from typing import NamedTuple

from network.lanes import is_for, matches
from network.routing.capacity import YEAR_OF_WORK_H
from network.schema import ClosureRow, Network
from sim.compiler.clock import DAY_S, HOUR_S, Clock, seconds
from sim.compiler.flows import DemandWindow, FlowPart
from sim.compiler.hours import Interval
from sim.compiler.parts import LegPart, PoolPart, RoutePart, StationPart, WayPart
from sim.draws import stable_key
from sim.draws.closures import ClosureLaw
from sim.errors import PlanError
from sim.plan import LOAD_CLASSES, PPM, Effect, Kind

BAN = "ban"
EFFECTS = {
    "shut": Effect.SHUT,
    "rate_factor": Effect.RATE,
    "payload_factor": Effect.PAYLOAD,
    "fleet_minus": Effect.FLEET_MINUS,
    BAN: Effect.BAN,
}
WEATHER = (
    "weather",
    "wind",
    "ice",
    "snow",
    "slide",
    "flood",
    "low_water",
    "storm",
    "fog",
    "frost",
)
MARGIN_DAYS = 366
"""Windows open so long before the run: what began then may still be on."""
MONTH_DAYS = (31, 28.25, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
ALL_MONTHS = tuple(range(1, 13))


RouteName = tuple[str, str]
"""Flow and id of a route."""


class ClosurePart(NamedTuple):
    """One closure of the plan: what it does, to which rows, and when if that is known."""

    id: str
    effect: Effect
    value_ppm: int
    is_weather: bool
    rows: tuple[str, ...]
    intervals: tuple[Interval, ...]
    routes: tuple[RouteName, ...] = ()
    """Routes that it bans (R17)."""


class RandomPart(NamedTuple):
    """One random closure: its part, and its law without the index of the table."""

    closure: ClosurePart
    law: str
    cv: float
    draw: ClosureLaw
    """`law` and `partner` are set by the one who knows the indices."""
    partner: str


class BusyPart(NamedTuple):
    """One closure that strikes its one row only while a server of it works."""

    closure: ClosurePart
    law: str
    cv: float
    gap_h: float
    """Mean time of work from the end of one to the next."""
    mean_h: float


class Closures(NamedTuple):
    """Closures in the order of their index: known ones first, those on busy time last."""

    known: tuple[ClosurePart, ...]
    random: tuple[RandomPart, ...]
    busy: tuple[BusyPart, ...]

    @property
    def all(self) -> tuple[ClosurePart, ...]:
        """Return every closure, by index."""
        drawn = [*(one.closure for one in self.random), *(one.closure for one in self.busy)]
        return (*self.known, *drawn)


class Struck(NamedTuple):
    """What closures may strike: the stations of the plan and how they hang together."""

    stations: Mapping[str, StationPart]
    pools: Sequence[PoolPart]
    legs: Mapping[str, LegPart]
    line_of: Mapping[str, str]
    """Service id -> line, or row of defaults, by which closures name it."""
    fleet_of: Mapping[str, str]
    """Service id -> station of its fleet."""
    classes: Mapping[str, frozenset[str]]
    """Facility row -> load classes that it serves; absent: all."""
    country: Mapping[str, str]
    """Node -> its country."""
    routes: Sequence[RoutePart] = ()
    load_class: Mapping[str, str] = MappingProxyType({})
    """Flow -> its load class."""


def applied(network: Network) -> tuple[ClosureRow, ...]:
    """Return the closures that the network says to use."""
    return tuple(row for row in network.closures if row.applied)


def struck_links(rows: Sequence[ClosureRow]) -> frozenset[str]:
    """Return the links whose entry some closure may bar or slow."""
    return frozenset(
        link
        for row in rows
        if row.target_kind == "link" and row.effect in {"shut", "rate_factor"}
        for link in row.target
    )


def demand_windows(
    rows: Sequence[ClosureRow], flow_origins: Mapping[str, str], clock: Clock
) -> tuple[DemandWindow, ...]:
    """Return the closures that change demand, as windows and factors.

    Parameters
    ----------
    rows
        Of `applied`.
    flow_origins
        Flow id -> its origin: a row without targets means the flows of its nodes.
    clock
        Of the run.

    Notes
    -----
    On dates the factor holds for the mean duration. At random it is spread over
    the months: 1 - share x (1 - value), share = rate x mean / hours of the months.
    """
    found: list[DemandWindow] = []
    for row in rows:
        if row.effect != "demand_factor":
            continue
        flows = frozenset(
            key
            for key, origin in flow_origins.items()
            if any(matches(key, pattern) for pattern in row.target)
            or (not row.target and origin in row.node_or_link)
        )
        mean_h, value = row.mean_h or 0.0, 1.0 if row.value is None else row.value
        if row.start:
            starts = _starts(row, clock)
            spans = [(start, start + round(mean_h * HOUR_S), value) for start in starts]
        else:
            share = min(1.0, (row.rate_per_year or 0.0) * mean_h / _allowed_h(row))
            factor = 1 - share * (1 - value)
            spans = [(start, end, factor) for start, end in _windows(row, clock)]
        found.extend(DemandWindow(flows, *span) for span in spans)
    return tuple(found)


def closure_parts(rows: Sequence[ClosureRow], struck: Struck, clock: Clock) -> Closures:
    """Return the closures that strike something in the plan.

    A random row that strikes nothing itself stays if another copies its events.

    Raises
    ------
    PlanError
        If a row has neither a rate, nor dates, nor a partner to copy.
    """
    rows = [row for row in rows if row.effect in EFFECTS]
    hit = {row.id: tuple(sorted(_struck(row, struck), key=str.encode)) for row in rows}
    banned = {row.id: _routes_banned(row, struck) if row.effect == BAN else () for row in rows}
    by_id = {row.id: row for row in rows}
    needed = {row_id for row_id, targets in hit.items() if targets or banned[row_id]}
    queue = list(needed)
    while queue:
        partner = by_id[queue.pop()].with_id
        if partner in by_id and partner not in needed:
            needed.add(partner)
            queue.append(partner)
    copied = {by_id[row_id].with_id for row_id in needed}
    known: list[ClosurePart] = []
    random: list[RandomPart] = []
    busy: list[BusyPart] = []
    for row in rows:
        if row.id not in needed:
            continue
        if row.clock == "busy":
            busy.extend(_busy(row, hit[row.id]))
            continue
        is_known = row.start and row.law == "deterministic" and not row.with_id
        if is_known and row.id not in copied:
            part = _part(row, hit[row.id], _known_intervals(row, clock))
            known.append(part._replace(routes=banned[row.id]))
        else:
            part = _part(row, hit[row.id], ())._replace(routes=banned[row.id])
            random.append(_random(row, part, by_id, clock))
    return Closures(tuple(known), tuple(random), tuple(busy))


def _busy(row: ClosureRow, targets: tuple[str, ...]) -> Iterator[BusyPart]:
    """Yield the breakdowns of each row struck: each has a clock and an id of its own."""
    assert row.rate_per_year
    assert row.mean_h
    for target in targets:
        own = row if len(targets) == 1 else row._replace(id=f"{row.id}/{target}")
        cv = row.cv if row.cv is not None else 0.0
        gap_h = YEAR_OF_WORK_H / row.rate_per_year
        yield BusyPart(_part(own, (target,), ()), row.law, cv, gap_h, row.mean_h)


def _part(
    row: ClosureRow, targets: tuple[str, ...], intervals: tuple[Interval, ...]
) -> ClosurePart:
    effect = EFFECTS[row.effect]
    value = 0.0 if row.value is None else row.value
    scale = 1 if effect is Effect.FLEET_MINUS else PPM
    return ClosurePart(
        id=row.id,
        effect=effect,
        value_ppm=round(value * scale),
        is_weather=row.kind.startswith(WEATHER),
        rows=targets,
        intervals=intervals,
    )


def _struck(row: ClosureRow, struck: Struck) -> Iterator[str]:
    """Yield the rows of the plan that a closure strikes, at work or whatever they do."""
    if row.effect == BAN:
        return iter(())
    return _rows_worked(row, struck) if row.clock == "busy" else _rows_hit(row, struck)


def _rows_hit(row: ClosureRow, struck: Struck) -> Iterator[str]:
    """Yield the rows of the plan that a closure strikes."""
    targets = set(row.target)
    if row.target_kind == "service":
        yield from _service_rows(row, targets, struck)
        return
    if row.target_kind == "link" and EFFECTS[row.effect] is Effect.PAYLOAD:
        for pool in struck.pools:
            if targets & set(struck.legs[pool.leg].links) and _means_pool(row, pool):
                yield pool.station
        return
    for station in struck.stations.values():
        for part in station.rows:
            if _names(row, station, part.id, struck) and _means_row(row, part.id, struck):
                yield part.id


def _names(row: ClosureRow, station: StationPart, part_id: str, struck: Struck) -> bool:
    """Return whether a closure names a row of a station, by what its target is."""
    if row.target_kind == "station":
        return part_id in row.target
    if row.target_kind == "country":
        return station.kind is Kind.SERVER and struck.country[station.node] in row.target
    kinds = {Kind.METER} if row.target_kind == "link" else {Kind.SERVER, Kind.POOL}
    return station.kind in kinds and station.node in row.target


def _rows_worked(row: ClosureRow, struck: Struck) -> Iterator[str]:
    """Yield the rows at which servers work: no berths, which vessels keep."""
    for station in struck.stations.values():
        if station.kind is not Kind.SERVER or station.operation == "berth":
            continue
        for part in station.rows:
            name = part.id if row.target_kind == "station" else station.node
            if name in row.target and _means_row(row, part.id, struck):
                yield part.id


def _routes_banned(row: ClosureRow, struck: Struck) -> tuple[RouteName, ...]:
    """Return the routes that pass a banned place with a banned load in a banned direction."""
    return tuple(
        (route.flow, route.id)
        for route in struck.routes
        if is_for(row.flows, route.flow)
        and (not row.applies_to or struck.load_class[route.flow] in row.applies_to)
        and any(_passes(way, row) for way in route.ways)
    )


def _passes(way: WayPart, row: ClosureRow) -> bool:
    passed = way.nodes if row.target_kind == "node" else way.links
    is_that_way = not row.direction or row.direction in way.directions
    return is_that_way and not set(row.target).isdisjoint(passed)


def _service_rows(row: ClosureRow, targets: set[str], struck: Struck) -> Iterator[str]:
    """Yield the pools of a line, or its fleet where vehicles are taken out."""
    if EFFECTS[row.effect] is Effect.FLEET_MINUS:
        for service, station in struck.fleet_of.items():
            if struck.line_of[service] in targets:
                yield station
        return
    for pool in struck.pools:
        if struck.line_of[pool.service] in targets and _means_pool(row, pool):
            yield pool.station


def _means_pool(row: ClosureRow, pool: PoolPart) -> bool:
    classes = {LOAD_CLASSES[index] for index in pool.classes}
    return not row.applies_to or bool(classes & set(row.applies_to))


def _means_row(row: ClosureRow, part_id: str, struck: Struck) -> bool:
    classes = struck.classes.get(part_id)
    return not row.applies_to or not classes or bool(classes & set(row.applies_to))


def _known_intervals(row: ClosureRow, clock: Clock) -> tuple[Interval, ...]:
    """Return the intervals of a closure on dates, within the run, joined where they touch."""
    length_s = seconds(row.mean_h or 0.0)
    found: list[Interval] = []
    for start in _starts(row, clock):
        begin_s = max(0, start + clock.start_s)
        end_s = min(start + clock.start_s + length_s, clock.horizon_s)
        if begin_s >= end_s:
            continue
        if found and begin_s <= found[-1].end_s:
            found[-1] = Interval(found[-1].start_s, max(end_s, found[-1].end_s))
        else:
            found.append(Interval(begin_s, end_s))
    return tuple(found)


def _random(
    row: ClosureRow, part: ClosurePart, by_id: Mapping[str, ClosureRow], clock: Clock
) -> RandomPart:
    partner = row.with_id if row.with_id in by_id else ""
    if not row.start and not row.rate_per_year and not partner:
        msg = f"closures {row.id}: has no rate_per_year, start or with_id; state when it begins"
        raise PlanError(msg)
    if row.start:
        windows = tuple((start, start + 1) for start in _starts(row, clock))
    else:
        windows = _windows(row, clock) if row.rate_per_year else ()
    draw = ClosureLaw(
        key=stable_key(row.id),
        law=0,
        mean_h=row.mean_h or by_id[partner].mean_h or 0.0 if partner else row.mean_h or 0.0,
        windows_s=windows,
        rate_per_year=0.0 if row.start else row.rate_per_year or 0.0,
        allowed_h_per_year=_allowed_h(row),
        probability=row.with_probability or 0.0,
        is_up=row.clock == "up",
    )
    law = row.law or (by_id[partner].law if partner else "")
    cv = row.cv if row.cv is not None else {"exponential": 1.0}.get(law, 0.0)
    return RandomPart(part, law or "deterministic", cv, draw, partner)


def _months_of(row: ClosureRow) -> tuple[int, ...]:
    return tuple(sorted({int(month) for month in row.months})) or ALL_MONTHS


def _allowed_h(row: ClosureRow) -> float:
    """Return the hours of a mean year in which a row's events may begin."""
    return sum(MONTH_DAYS[month - 1] for month in _months_of(row)) * DAY_S / HOUR_S


def _windows(row: ClosureRow, clock: Clock) -> tuple[tuple[int, int], ...]:
    """Return the listed months as spans from the window's start, joined where they touch."""
    months = set(_months_of(row))
    end = clock.day(clock.horizon_s - 1)
    first = clock.first - timedelta(days=MARGIN_DAYS)
    month = first.replace(day=1)
    found: list[tuple[int, int]] = []
    while month <= end:
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        if month.month in months:
            begin_s, end_s = (clock.second(day) - clock.start_s for day in (month, after))
            if found and found[-1][1] == begin_s:
                begin_s = found.pop()[0]
            found.append((begin_s, end_s))
        month = after
    return tuple(found)


def _starts(row: ClosureRow, clock: Clock) -> tuple[int, ...]:
    """Return the stated dates from the window's start: full dates, or MM-DD of every year."""
    last = clock.day(clock.horizon_s - 1)
    first = clock.first - timedelta(days=MARGIN_DAYS)
    days: set[date] = set()
    for text in row.start:
        try:
            if text.count("-") == 1:
                month, day = (int(part) for part in text.split("-"))
                days.update(date(year, month, day) for year in range(first.year, last.year + 1))
            else:
                days.add(date.fromisoformat(text))
        except ValueError as error:
            msg = f"closures {row.id}: start is {text!r}; must be MM-DD or YYYY-MM-DD"
            raise PlanError(msg) from error
    return tuple(clock.second(day) - clock.start_s for day in sorted(days) if first <= day <= last)


def flow_origins(flows: Sequence[FlowPart]) -> dict[str, str]:
    """Return flow id -> origin."""
    return {flow.id: flow.row.origin for flow in flows}
