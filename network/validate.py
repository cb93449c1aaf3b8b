"""Every rule about a network, on typed rows: what breaks one is an error.

``errors`` is asked at every load. What is merely odd (a link much longer than the
distance of its ends, a capacity that no lot fills) is a warning and stands in
``network/plausibility.py``; ``check`` gives both.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from network import lanes, plausibility, stations, wagons
from network.errors import Problem
from network.reader import nearest
from network.schema import (
    NEVER,
    ClosureRow,
    DatedRow,
    DefaultRow,
    DemandRow,
    FacilityRow,
    LinkRow,
    Network,
    ServiceRow,
)

_UNIFORM_CV = 1 / math.sqrt(3)
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_UNITS = {"box": {"teu"}, "bulk": {"t"}, "grain": {"t"}, "air": {"t"}, "truck": {"truck", "t"}}
_MONTHS = 12
_YEAR_H = 8766.0
_SEASON_SLACK = 0.005  # published month factors are rounded to two places
_EXPONENTIAL = "exponential"


class Report(NamedTuple):
    """What is wrong with a network, and what is odd about it."""

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...]


def check(network: Network) -> Report:
    """Return every error and every warning about a network."""
    return Report(errors(network), plausibility.warnings(network))


def errors(network: Network) -> tuple[Problem, ...]:
    """Return every broken rule, with file and line, in the order of the tables."""
    return tuple(
        Problem(network.origins.get((table, key), table), f"{table}[{key}]: {message}")
        for table, key, message in _broken(network)
    )


Found = Iterator[tuple[str, str, str]]
"""Table, id, message."""


def _broken(network: Network) -> Found:
    for node in network.nodes:
        if (node.lat is None) != (node.lon is None):
            yield "nodes", node.id, "needs both lat and lon, or neither"
    for link in network.links:
        yield from (("links", link.id, message) for message in _link(link))
    by_id = {row.id: row for row in network.facilities}
    for facility in network.facilities:
        messages = [*_facility(facility), *_replacing(facility, by_id)]
        yield from (("facilities", facility.id, message) for message in messages)
    yield from (("facilities", *found) for found in stations.faults(network.facilities))
    yield from _named_flows(network)
    for service in network.services:
        yield from (("services", service.id, message) for message in _service(service))
    yield from _lines(network.services)
    yield from wagons.broken(network.services)
    yield from _defaults(network.defaults)
    yield from _demand(network)
    yield from _season(network)
    yield from _closures(network)
    yield from _lots(network)


def _dates(row: DatedRow) -> Iterator[str]:
    first, last = row.available_from, row.available_to
    if first and last and last < first < NEVER:
        yield f"available_to {last} is before available_from {first}"


def _law(law: str, cv: float | None, name: str = "cv") -> Iterator[str]:
    """Yield what is impossible about a law and its coefficient of variation."""
    if not law:
        if cv is not None:
            yield f"{name} {cv:g} without a law"
    elif cv is None:
        yield f"law {law} needs {name}"
    elif law == "deterministic" and cv != 0:
        yield f"law deterministic has {name} 0, not {cv:g}"
    elif law == _EXPONENTIAL and cv != 1:
        yield f"law exponential has {name} 1, not {cv:g}"
    elif law not in {"deterministic", _EXPONENTIAL} and cv == 0:
        yield f"law {law} with {name} 0 is law deterministic; write that"
    elif law == "uniform" and cv > _UNIFORM_CV + 1e-9:
        yield f"law uniform has {name} at most {_UNIFORM_CV:.4f}, not {cv:g}"
    elif law == "erlang" and abs(1 / cv**2 - round(1 / cv**2)) > 0.01 / cv**2:
        yield f"law erlang has {name} 1/sqrt(k) for a whole k, not {cv:g}; use gamma"


def _link(link: LinkRow) -> Iterator[str]:
    yield from _dates(link)
    if link.origin == link.destination:
        yield f"joins {link.origin} to itself"
    if (link.mode == "rail") != (link.gauge_mm is not None):
        yield "a rail link needs gauge_mm, any other has none"
    if link.metered and link.paths_per_day is None:
        yield "a metered link needs paths_per_day"
    if link.paths_per_day is not None and link.background_per_day >= link.paths_per_day:
        yield (
            f"background_per_day {link.background_per_day:g} leaves nothing of"
            f" paths_per_day {link.paths_per_day:g}"
        )
    if link.locomotives is not None and link.mode != "rail":
        yield f"locomotives are for rail, not for {link.mode}"
    if link.locomotive_turn_h is not None and link.locomotives is None:
        yield "locomotive_turn_h needs locomotives"
    if link.track_rule == "alternating" and link.tracks != 1:
        yield "track_rule alternating is for one track; tracks must be 1"


def _facility(row: FacilityRow) -> Iterator[str]:
    yield from _dates(row)
    yield from _law(row.law, row.cv)
    served = (row.servers, row.mean_h, row.law or None)
    if row.operation == "storage":
        if row.storage_teu is None:
            yield "a storage row needs storage_teu"
        if any(value is not None for value in served):
            yield "a storage row has no servers, mean_h or law"
    else:
        if None in served:
            yield "needs servers, mean_h and law"
        if row.storage_teu is not None:
            yield f"storage_teu belongs to a row of operation storage, not {row.operation}"
    if row.opens in (row.closes, "24:00") or row.closes == "00:00":
        yield f"opens {row.opens} and closes {row.closes} leave no hours; all day is 00:00-24:00"
    if not weekdays(row.days):
        yield f"days {row.days!r} is not like Mon-Sun, Mon-Fri or Mon;Wed"
    if row.ref_teu is not None and row.per != "train":
        yield f"ref_teu belongs to per: train, not per: {row.per}"
    if row.batch_min and row.batch_max and row.batch_min > row.batch_max:
        yield f"batch_min {row.batch_min} is more than batch_max {row.batch_max}"


def weekdays(days: str) -> tuple[int, ...]:
    """Return the weekdays (Monday 0) of ``Mon-Fri`` or ``Mon;Wed``; empty if malformed."""
    found: set[int] = set()
    for part in days.split(";"):
        first, _, last = part.partition("-")
        if first not in _DAYS or (last or first) not in _DAYS:
            return ()
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return tuple(sorted(found))


def _replacing(row: FacilityRow, by_id: dict[str, FacilityRow]) -> Iterator[str]:
    old = by_id.get(row.replaces)
    if old is None:
        return
    if row.available_from is None:
        yield f"replaces {old.id}, so it needs available_from"
        return
    if (old.node, old.operation) != (row.node, row.operation):
        yield f"replaces {old.id}, which is {old.operation} at {old.node}"
    day_before = row.available_from - timedelta(days=1)
    if old.available_to and old.available_to > day_before:
        yield f"replaces {old.id} from {row.available_from}, which ends only {old.available_to}"


def capacity_for(row: ServiceRow | DefaultRow, load_class: str) -> float | None:
    """Return the usable capacity for a load class, in TEU, t or trucks, if it has one."""
    if load_class == "box":
        nominal = row.capacity_teu
    elif load_class == "truck":
        nominal = row.capacity_trucks if isinstance(row, ServiceRow) else row.capacity_teu
    else:
        nominal = row.capacity_t
    factor = row.load_factor if isinstance(row, ServiceRow) else None
    return None if nominal is None else nominal * (factor or 1.0)


def _service(row: ServiceRow) -> Iterator[str]:
    yield from _dates(row)
    if row.origin == row.destination:
        yield f"goes from {row.origin} to itself"
    if (row.mode == "rail") != (row.gauge_mm is not None):
        yield "a rail service needs gauge_mm, any other has none"
    for load_class in row.load_classes:
        if capacity_for(row, load_class) is None:
            yield f"takes {load_class}, but has no capacity for it"
    usable = capacity_for(row, "box")
    if usable is not None and row.min_load_teu is not None and row.min_load_teu > usable:
        yield f"min_load_teu {row.min_load_teu:g} is more than the usable capacity {usable:g}"
    yield from _timetable(row)


def _hours(name: str, texts: Sequence[str], least: float = 0.0) -> Iterator[str]:
    """Yield what is wrong with a list of hours from the window's start."""
    try:
        hours = [float(text) for text in texts]
    except ValueError:
        yield f"{name} {';'.join(texts)!r} are not all numbers"
        return
    if any(not math.isfinite(hour) or hour < least for hour in hours):
        yield f"{name} must be {'0 or more' if least == 0 else 'a second or more'}"
    if any(later <= earlier for earlier, later in pairwise(hours)):
        yield f"{name} must rise"


def _timetable(row: ServiceRow) -> Iterator[str]:
    if row.departures_at_h and row.departures_every_h is not None:
        yield "has departures_every_h and departures_at_h; give one"
    if row.departures_first_h is not None and row.departures_every_h is None:
        yield "departures_first_h needs departures_every_h"
    if row.hold_min and row.departures_every_h is None and not row.departures_at_h:
        yield "hold_min needs a timetable: departures_every_h or departures_at_h"
    yield from _hours("departures_at_h", row.departures_at_h)


def _lines(services: Sequence[ServiceRow]) -> Found:
    """Yield dated states of one line whose dates overlap."""
    lines: dict[str, list[ServiceRow]] = defaultdict(list)
    for row in services:
        if (row.available_from or date.min) < NEVER:
            lines[row.line].append(row)
    for states in lines.values():
        states.sort(key=lambda row: row.available_from or date.min)
        for earlier, later in pairwise(states):
            if (earlier.available_to or date.max) >= (later.available_from or date.min):
                yield "services", later.id, f"overlaps {earlier.id}, a state of the same line"


def _defaults(defaults: Sequence[DefaultRow]) -> Found:
    seen: dict[tuple[str, int | None, str], str] = {}
    for row in defaults:
        key = (row.mode, row.gauge_mm, row.load_class)
        if key in seen:
            yield "defaults", row.id, f"is for the same mode, gauge and load as {seen[key]}"
        seen.setdefault(key, row.id)
        if (row.mode == "rail") != (row.gauge_mm is not None):
            yield "defaults", row.id, "a rail row needs gauge_mm, any other has none"
        if capacity_for(row, row.load_class) is None:
            yield "defaults", row.id, f"has no capacity for {row.load_class}"


def _named_flows(network: Network) -> Found:
    """Yield rows that are for flows which there are not."""
    flows = sorted({row.flow for row in network.demand})
    for table, rows in (("facilities", network.facilities), ("closures", network.closures)):
        for row in rows:
            for pattern in lanes.idle(row.flows, flows):
                yield table, row.id, f"flows {pattern!r} means no flow{nearest(pattern, flows)}"


def _demand(network: Network) -> Found:
    profiles = {row.profile for row in network.season}
    first: dict[str, DemandRow] = {}
    years: dict[tuple[str, int], str] = {}
    for row in network.demand:
        messages = [*_law(row.arrival_law, row.arrival_cv, "arrival_cv"), *_stated(row)]
        if row.season not in profiles:
            hint = nearest(row.season, sorted(profiles))
            messages.append(f"season {row.season!r} is not in season{hint}")
        if row.unit not in _UNITS[row.load_class]:
            allowed = " or ".join(sorted(_UNITS[row.load_class]))
            messages.append(f"load class {row.load_class} is counted in {allowed}, not {row.unit}")
        if row.lot_unit != row.unit:
            messages.append(f"lot_unit {row.lot_unit} is not the unit {row.unit}")
        other = years.setdefault((row.flow, row.year), row.id)
        if other != row.id:
            messages.append(f"flow {row.flow} has year {row.year} in {other} already")
        messages += _unlike(first.setdefault(row.flow, row), row)
        yield from (("demand", row.id, message) for message in messages)


def _stated(row: DemandRow) -> Iterator[str]:
    """Yield what is wrong with arrivals that are stated one by one."""
    if row.arrivals_file:
        yield "arrivals_file is read for rows of scenarios and patches; write arrivals_at_h here"
    if not row.arrivals_at_h:
        return
    yield from _hours("arrivals_at_h", row.arrivals_at_h, 1 / 3600)
    sent = len(row.arrivals_at_h) * row.lots_together * row.lot
    if not math.isclose(row.amount, sent):
        yield f"amount is {row.amount:g}; the stated arrivals are {sent:g}"


def _unlike(one: DemandRow, row: DemandRow) -> Iterator[str]:
    """Yield the columns in which two years of one flow may not differ."""
    for name in ("origin", "destination", "load_class", "unit", "lot", "allowed_modes", "via"):
        if getattr(one, name) != getattr(row, name):
            yield f"{name} differs from that of {one.id}, a year of the same flow"


def _season(network: Network) -> Found:
    profiles: dict[str, dict[int, float]] = defaultdict(dict)
    for row in network.season:
        profiles[row.profile][row.month] = row.factor
    for profile, factors in profiles.items():
        missing = [month for month in range(1, _MONTHS + 1) if month not in factors]
        if missing:
            yield "season", f"{profile}:{min(factors)}", f"months {missing} are missing"
        elif abs(mean := sum(factors.values()) / _MONTHS - 1) > _SEASON_SLACK:
            yield "season", f"{profile}:1", f"the factors have mean {1 + mean:.4f}; it must be 1"


def _closures(network: Network) -> Found:
    known = {
        "station": {row.id for row in network.facilities},
        "link": {row.id for row in network.links},
        "service": {row.line for row in network.services},
        "node": {row.id for row in network.nodes},
        "country": {row.country for row in network.nodes} - {""},
        "flow": {row.flow for row in network.demand},
    }
    partners = {row.id: row.with_id for row in network.closures}
    busy = {row.id for row in network.closures if row.clock == "busy"}
    berths = {row.id for row in network.facilities if row.operation == "berth"}
    for row in network.closures:
        messages = [*_closure(row), *_unknown_targets(row, known)]
        for place in row.node_or_link:
            if place not in known["node"] and place not in known["link"]:
                hint = nearest(place, sorted(known["node"] | known["link"]))
                messages.append(f"node_or_link {place!r} is neither a node nor a link{hint}")
        if _is_circular(row.id, partners):
            messages.append(f"with_id {row.with_id} leads back to the row itself")
        if row.with_id in busy:
            messages.append(f"with_id {row.with_id} has clock busy: its events hang on its rows")
        if row.id in busy and (kept := sorted(berths & {*row.target})):
            messages.append(f"clock busy: {kept[0]} is a berth, kept by vessels and not worked")
        yield from (("closures", row.id, message) for message in messages)


def _closure(row: ClosureRow) -> Iterator[str]:
    yield from _law(row.law, row.cv)
    is_bare = row.effect in {"shut", "ban"}
    if is_bare != (row.value is None):
        yield f"effect {row.effect} {'has no value' if is_bare else 'needs a value'}"
    yield from _ban(row)
    if row.effect == "payload_factor" and row.value is not None and row.value > 1:
        yield f"payload_factor {row.value:g} must be at most 1"
    yield from _clock(row)
    if bool(row.with_id) != (row.with_probability is not None):
        yield "with_id and with_probability belong together"
    if row.applied and not row.target:
        yield "is applied, but has no target"
    if row.applied and not row.with_id:
        if row.mean_h is None or not row.law:
            yield "needs mean_h and law"
        if row.rate_per_year is None and not row.start:
            yield "needs rate_per_year or start"
    for text in row.start:
        if not _is_start(text):
            yield f"start {text!r} is not a day; write MM-DD or YYYY-MM-DD"


def _ban(row: ClosureRow) -> Iterator[str]:
    if row.effect == "ban":
        if row.target_kind not in {"node", "link"}:
            yield f"a ban is on a node or a link, not on a {row.target_kind}"
    elif row.flows or row.direction:
        yield f"flows and direction are for effect ban, not for {row.effect}"


def _clock(row: ClosureRow) -> Iterator[str]:
    """Yield what is wrong with a row whose clock stands still during its events."""
    if row.clock == "calendar":
        return
    if row.start or row.months or row.with_id:
        yield f"clock {row.clock} is for rows with rate_per_year alone: no start, months, with_id"
    if row.clock == "busy":
        if row.effect != "shut" or row.target_kind not in {"station", "node"}:
            yield "clock busy is for effect shut of target_kind station or node"
        if row.rate_per_year == 0:
            yield "clock busy: rate_per_year must be above 0"
    elif (row.rate_per_year or 0.0) * (row.mean_h or 0.0) >= _YEAR_H:
        yield "clock up: rate_per_year times mean_h leaves no time between events"


def _is_start(text: str) -> bool:
    if not re.fullmatch(r"(\d{4}-)?\d{2}-\d{2}", text):
        return False
    try:
        # 2023 has no 29 February: a yearly event on that day would need a rule
        date.fromisoformat(text if text.count("-") > 1 else f"2023-{text}")
    except ValueError:
        return False
    return True


def _unknown_targets(row: ClosureRow, known: dict[str, set[str]]) -> Iterator[str]:
    names = known[row.target_kind]
    for target in row.target:
        if target not in names:
            yield f"target {target!r} is no {row.target_kind}{nearest(target, sorted(names))}"


def _is_circular(start: str, partners: dict[str, str]) -> bool:
    seen: set[str] = set()
    at = partners.get(start, "")
    while at and at not in seen:
        if at == start:
            return True
        seen.add(at)
        at = partners.get(at, "")
    return False


def _lots(network: Network) -> Found:
    """Yield services that take none of the lots of a load class they are for (R16)."""
    smallest: dict[str, float] = {}
    for row in network.demand:
        smallest[row.load_class] = min(row.lot, smallest.get(row.load_class, math.inf))
    for service in network.services:
        for load_class in service.load_classes:
            usable, lot = capacity_for(service, load_class), smallest.get(load_class)
            if load_class != "truck" and usable is not None and lot is not None and lot > usable:
                found = f"usable capacity {usable:g} takes no {load_class} lot of {lot:g}"
                yield "services", service.id, found
