"""Which facility rows are passed at a node, by whom, in which order (R6, R8, R12).

At a stop a vehicle stays whole; at a handling the load leaves it. All functions read the
network of one day (`network.load.on`).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from network.errors import NetworkError, Problem
from network.reader import nearest
from network.schema import FacilityRow, Network

OPERATIONS = (
    "lock",
    "gate",
    "inspection",
    "customs",
    "berth",
    "gauge_change",
    "handling",
    "storage",
    "formation",
)
SEQUENCE: Mapping[str, float] = MappingProxyType(
    {
        "lock": 10.0,
        "gate": 20.0,
        "inspection": 30.0,
        "customs": 40.0,
        "berth": 50.0,
        "gauge_change": 60.0,
        "handling": 60.0,
        "storage": 70.0,
        "formation": 80.0,
    }
)
"""Operation -> place in the order of a visit, × 10 (R8)."""
VEHICLE_MODE: Mapping[str, str] = MappingProxyType(
    {"train": "rail", "truck": "road", "vessel": "sea", "barge": "river", "aircraft": "air"}
)
"""``per`` -> mode of the vehicle that passes the row."""

_CONTROLS = frozenset({"lock", "gate", "inspection", "customs"})
_CHINA = frozenset({"from_china", "to_china"})
_ANYWHERE = frozenset({"any", ""})


class Side(NamedTuple):
    """The vehicle on one side of a visit: the one that comes or the one that goes."""

    mode: str
    group: str = ""
    """Vessel group of its service."""
    directions: frozenset[str] = frozenset()
    """Directions that hold for its leg (R8)."""
    crosses: bool = True
    """Whether its own leg crosses China's border."""


class Visit(NamedTuple):
    """The rows passed at one handling, each part in order."""

    node: str
    arriving: tuple[FacilityRow, ...]
    """By the vehicle that comes, its load aboard (gauge change and handling per train too)."""
    consignment: tuple[FacilityRow, ...]
    """By each consignment on its own (per teu or consignment)."""
    departing: tuple[FacilityRow, ...]
    """By the vehicle that goes, once it is formed."""
    storage: tuple[FacilityRow, ...]
    """Rows that give room to the load; nobody is served there."""


def order(row: FacilityRow) -> tuple[float, int, bytes]:
    """Return the key that sorts rows into the order in which a visit passes them."""
    place = SEQUENCE[row.operation] if row.sequence is None else row.sequence
    return (place, OPERATIONS.index(row.operation), row.id.encode())


def station_key(row: FacilityRow) -> tuple[str, str, str]:
    """Return (node, operation, pool): rows with one key are one station (R8)."""
    return (row.node, row.operation, row.pool or row.id)


def visit(
    network: Network,
    node: str,
    *,
    mode_in: str,
    mode_out: str,
    load_class: str,
    direction: frozenset[str] = frozenset(),
    service_group_in: str = "",
    service_group_out: str = "",
    kind: Literal["stop", "handling"] = "handling",
) -> tuple[FacilityRow, ...]:
    """Return the rows passed at a node by vehicle and load together, in order.

    Parameters
    ----------
    network
        Of one day.
    mode_in, mode_out
        Modes of the vehicles that come and go; empty at a route's ends.
    direction
        Those of from_china, to_china, north, south, east, west that hold.

    Raises
    ------
    NetworkError
        There is no such node; the nearest is said.
    """
    nodes = [row.id for row in network.nodes]
    if node not in nodes:
        raise NetworkError([Problem("nodes", f"no node {node!r}{nearest(node, nodes)}")])
    rows = [row for row in network.facilities if row.node == node]
    arriving = Side(mode_in, service_group_in, direction) if mode_in else None
    departing = Side(mode_out, service_group_out, direction) if mode_out else None
    if kind == "stop" and arriving is not None:
        return stop(rows, arriving, load_class)
    parts = handling(rows, node, arriving, departing, load_class)
    return tuple(
        sorted((*parts.arriving, *parts.consignment, *parts.departing, *parts.storage), key=order)
    )


def stop(
    rows: Iterable[FacilityRow], side: Side, load_class: str, *, at_border: bool = True
) -> tuple[FacilityRow, ...]:
    """Return the rows of a node that a vehicle passes whole, in order.

    Parameters
    ----------
    rows
        Facility rows of the node, in force.
    at_border
        Whether the vehicle crosses a border on the link before or after the node; customs
        are for those alone (a train through Lugovaya that stays in Kazakhstan passes none).
    """
    passed = (row for row in rows if at_border or row.operation != "customs")
    return tuple(sorted((row for row in passed if _is_stop(row, side, load_class)), key=order))


def _is_stop(row: FacilityRow, side: Side, load_class: str) -> bool:
    if VEHICLE_MODE.get(row.per) != side.mode or not _fits(row, load_class, side):
        return False
    if {row.mode_in, row.mode_out} - {"", side.mode}:
        return False
    if row.operation == "formation":
        # A train is made up where it leaves, not where it still has its border to pass.
        return row.direction not in _CHINA or not side.crosses
    return row.operation in _CONTROLS and _controls(row, side)


def _controls(row: FacilityRow, side: Side) -> bool:
    """Return whether a control is this vehicle's: those towards China fall once a route."""
    return row.direction not in _CHINA or side.crosses


def handling(
    rows: Iterable[FacilityRow],
    node: str,
    arriving: Side | None,
    departing: Side | None,
    load_class: str,
) -> Visit:
    """Return the rows passed where the load changes vehicles, begins or ends, by whom.

    Parameters
    ----------
    rows
        Facility rows of the node, in force.
    arriving, departing
        The vehicles; None at a route's origin and destination. Where both are None the
        load is served at the node alone and passes what is per teu or consignment.
    """
    parts: dict[str, list[FacilityRow]] = {name: [] for name in Visit._fields[1:]}
    for row in sorted(rows, key=order):
        part = _part(row, arriving, departing, load_class)
        if part:
            parts[part].append(row)
    return Visit(node, *(tuple(parts[name]) for name in Visit._fields[1:]))


def _part(row: FacilityRow, arriving: Side | None, departing: Side | None, load_class: str) -> str:
    """Return who passes the row, a field of `Visit`, or an empty text: nobody."""
    sides = [side for side in (arriving, departing) if side is not None]
    if not sides:
        is_served = row.operation != "storage" and row.per not in VEHICLE_MODE
        return "consignment" if is_served and _applies(row, load_class) else ""
    if not any(_fits(row, load_class, side) for side in sides):
        return ""
    if not _modes_match(row, arriving, departing):
        return ""
    if row.operation == "storage":
        return "storage"
    mode = VEHICLE_MODE.get(row.per)
    if mode is None:
        return "consignment"
    return _vehicle(row, mode, arriving, departing, load_class)


def _vehicle(
    row: FacilityRow, mode: str, arriving: Side | None, departing: Side | None, load_class: str
) -> str:
    """Return which of the two vehicles passes a row that is per vehicle of a mode."""
    place = order(row)[0]
    is_first = place <= SEQUENCE["handling"] or departing is None or departing.mode != mode
    for name, side in (("arriving", arriving), ("departing", departing)):
        if side is None or side.mode != mode or not _fits(row, load_class, side):
            continue
        if row.operation in _CONTROLS and not _controls(row, side):
            continue
        if name == "departing" or is_first:
            return name
    return ""


def _fits(row: FacilityRow, load_class: str, side: Side) -> bool:
    """Return whether a row is for this load, direction and group."""
    return (
        _applies(row, load_class)
        and (row.direction in _ANYWHERE or row.direction in side.directions)
        and (not row.service_group or side.group in row.service_group)
    )


def _applies(row: FacilityRow, load_class: str) -> bool:
    return not row.applies_to or load_class in row.applies_to


def _modes_match(row: FacilityRow, arriving: Side | None, departing: Side | None) -> bool:
    """Return whether a row's modes are those of the visit."""
    mode_in = arriving.mode if arriving else ""
    mode_out = departing.mode if departing else ""
    modes = {mode_in, mode_out} - {""}
    own = {row.mode_in, row.mode_out} - {""}
    if not own:
        return True
    if row.operation in {"berth", "storage"}:
        # A berth is for the ship, whatever brings the load to the quay.
        land = {"rail", "road"} if row.operation == "berth" else set()
        return bool((own & modes) - land)
    if row.operation == "gauge_change":
        return mode_in == mode_out == row.mode_in
    is_within = row.mode_in == row.mode_out
    if row.operation == "formation":
        return row.mode_out in modes if is_within else row.mode_out == mode_out
    if row.operation in _CONTROLS and is_within:
        return row.mode_in in modes
    return _pair_matches(row, mode_in, mode_out)


def _pair_matches(row: FacilityRow, mode_in: str, mode_out: str) -> bool:
    """Return whether a row between two modes serves the visit.

    It serves both ways when its direction is any; at a route's end the other mode is open,
    but a row within one mode is for a change between two vehicles and is not passed.
    """
    pair = (row.mode_in, row.mode_out)
    if mode_in and mode_out:
        turned = row.direction in _ANYWHERE and (mode_out, mode_in) == pair
        return (mode_in, mode_out) == pair or turned
    if row.mode_in == row.mode_out:
        return False
    end = mode_in or mode_out
    if row.direction in _ANYWHERE:
        return end in pair
    return row.mode_in == mode_in or row.mode_out == mode_out


def lets_change(parts: Visit, arriving: Side, departing: Side) -> bool:
    """Return whether the rows passed let a load go over from one vehicle to the other.

    A change of gauge needs a gauge change (boxes) or a rail-to-rail handling (bulk, grain);
    a change of mode a handling or a berth; a change of vehicle within one other mode a
    handling within that mode.
    """
    rows = (*parts.arriving, *parts.consignment, *parts.departing)
    if arriving.mode == departing.mode:
        return any(
            row.operation in {"gauge_change", "handling"}
            and row.mode_in == row.mode_out == arriving.mode
            for row in rows
        )
    return any(row.operation in {"handling", "berth"} for row in rows)
