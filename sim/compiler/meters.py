"""Links as line meters, and the time to run along them (R11).

In: rows of links. Out: meters by direction, whole seconds of motion.
"""

from collections.abc import Sequence

from network.schema import LinkRow
from sim.compiler.clock import HOUR_S
from sim.compiler.parts import MeterPart, RowPart, StationPart
from sim.errors import PlanError
from sim.plan import Kind, TrackRule

MILLI = 1000
MINUTE_S = 60
BURST_HOURS_SHARE = 8
"""b = own paths a day / 8: three hours of paths may be used at once."""
SINGLE_TRACK_MIN = 12.0
DOUBLE_TRACK_MIN = 8.0
CLEARING_MIN = 2.0
RULES = {
    "bucket": TrackRule.BUCKET,
    "slots": TrackRule.SLOTS,
    "alternating": TrackRule.ALTERNATING,
}
NO_METER = MeterPart(0, 1, 0)


def meter_id(link: LinkRow, *, forward: bool) -> str:
    """Return the id of the meter of one direction; forward is `from` to `to`."""
    return f"{link.id}{'>' if forward else '<'}"


def meter(link: LinkRow) -> MeterPart | None:
    """Return the meter of a link, the same both ways, or None if it has none.

    Raises
    ------
    PlanError
        If the background leaves no path.
    """
    if not link.metered or link.paths_per_day is None:
        return None
    own = link.paths_per_day - link.background_per_day
    if own <= 0:
        msg = (
            f"links {link.id}: paths_per_day is {link.paths_per_day:g} and background_per_day "
            f"{link.background_per_day:g}; must leave more than 0 paths"
        )
        raise PlanError(msg)
    headway_min = link.min_headway_min
    if headway_min is None:
        headway_min = SINGLE_TRACK_MIN if (link.tracks or 1) == 1 else DOUBLE_TRACK_MIN
    burst = max(1, int(own / BURST_HOURS_SHARE + 0.5))
    paths_milli = max(1, round(own * MILLI))
    clearing_min = CLEARING_MIN if link.clearing_min is None else link.clearing_min
    return MeterPart(
        paths_milli,
        burst,
        round(headway_min * MINUTE_S),
        RULES[link.track_rule],
        round(clearing_min * MINUTE_S),
        link.fleet_size or 1,
    )


def opposite_id(key: str) -> str:
    """Return the id of the meter of the other direction."""
    return key[:-1] + ("<" if key.endswith(">") else ">")


def meter_station(link: LinkRow, *, forward: bool) -> StationPart:
    """Return the station that gives the paths of one direction of a link."""
    ends = (link.origin, link.destination) if forward else (link.destination, link.origin)
    key = meter_id(link, forward=forward)
    return StationPart(
        id=key,
        kind=Kind.METER,
        node=link.id,
        name=f"line {ends[0]} to {ends[1]}",
        operation="line",
        rows=(RowPart(key),),
        meter=meter(link) or NO_METER,
    )


def depot_id(link: str) -> str:
    """Return the id of the station of a link's locomotives."""
    return f"locomotives:{link}"


def depot_station(link: LinkRow) -> StationPart:
    """Return the locomotives of a link as servers that go with the trains (R11)."""
    key = depot_id(link.id)
    return StationPart(
        id=key,
        kind=Kind.SERVER,
        node=link.id,
        name=f"locomotives, {link.origin} to {link.destination} and back",
        operation="locomotive",
        rows=(RowPart(key, servers=link.locomotives or 0, mean_h=link.locomotive_turn_h or 0.0),),
        couples=True,
    )


def move_hours(links: Sequence[LinkRow], cruise_h: float | None) -> tuple[float, ...]:
    """Return the hours in motion on each link of a leg.

    Parameters
    ----------
    links
        In order of travel.
    cruise_h
        One way without waits by the service's row; serves where links have no speed.

    Raises
    ------
    PlanError
        If neither a speed nor a cruising time is stated.
    """
    known = [link.length_km / link.speed_kmh if link.speed_kmh else None for link in links]
    if None not in known:
        return tuple(hours for hours in known if hours is not None)
    bare = [link for link, hours in zip(links, known, strict=True) if hours is None]
    left_h = (cruise_h or 0.0) - sum(hours for hours in known if hours is not None)
    if left_h <= 0:
        msg = (
            f"links {bare[0].id}: speed_kmh is empty, and no cruise_h of the service leaves time "
            "for it; state one of them"
        )
        raise PlanError(msg)
    bare_km = sum(link.length_km for link in bare)
    return tuple(
        left_h * link.length_km / bare_km if hours is None else hours
        for link, hours in zip(links, known, strict=True)
    )


def move_s(hours: float) -> int:
    """Return a time in motion in whole seconds, half up, at least 1 (R2)."""
    return max(1, int(hours * HOUR_S + 0.5))
