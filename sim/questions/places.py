"""The places of a base run that a question may be about, with their names and their traffic.

In: `Experiment` of the base and its network. Out: `Place`s: nodes, links, facilities.
"""

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

from network.load import on
from network.reader import nearest
from network.schema import FacilityRow, LinkRow, Network
from sim.compiler.stations import place_name, station_id
from sim.errors import ResultsError
from sim.experiment.replicate import Experiment
from sim.scenario import Scenario, network_of

Kind = Literal["node", "link", "facility"]


class Place(NamedTuple):
    """A node, a link or a station of facility rows."""

    id: str
    kind: Kind
    name: str
    teu: float
    """Through it in the window of the base, mean over the replications."""
    rows: tuple[str, ...]
    """Ids of the rows that it is."""


class World(NamedTuple):
    """The rows of the window's first day, and the links that touch each node."""

    network: Network
    names: dict[str, str]
    """Node -> its short name."""


def world_of(scenario: Scenario) -> World:
    """Return the network of the first day of a scenario's window."""
    return world_on(network_of(scenario), scenario.window.start)


def world_on(network: Network, day: date) -> World:
    """Return the network of a day."""
    return World(on(network, day), {node.id: place_name(node) for node in network.nodes})


def link_name(world: World, link: LinkRow) -> str:
    """Return a link in words."""
    ends = f"{world.names[link.origin]} – {world.names[link.destination]}"
    return f"{ends} ({link.gauge_mm} mm)" if link.gauge_mm else ends


def links_used(world: World, base: Experiment) -> list[Place]:
    """Return the links with traffic in the base."""
    teu = base.links.groupby("link")["teu"].sum().to_dict()
    return [
        Place(link.id, "link", link_name(world, link), float(teu[link.id]), (link.id,))
        for link in world.network.links
        if teu.get(link.id, 0.0) > 0
    ]


def facilities_used(world: World, base: Experiment) -> list[Place]:
    """Return the stations of servers with traffic in the base."""
    rows = rows_by_station(world.network.facilities)
    table = base.stations
    return [
        Place(key, "facility", str(name), float(teu), tuple(row.id for row in rows[key]))
        for key, name, teu in zip(table["station"], table["name"], table["teu"], strict=True)
        if key in rows and teu > 0
    ]


def rows_by_station(facilities: Sequence[FacilityRow]) -> dict[str, list[FacilityRow]]:
    """Return the rows with servers by the id of their station."""
    found: dict[str, list[FacilityRow]] = {}
    for row in facilities:
        if row.servers:
            found.setdefault(station_id(row), []).append(row)
    return found


def nodes_used(world: World, base: Experiment) -> list[Place]:
    """Return the nodes with traffic in the base: the most of what ends a link or is served."""
    reached = base.links.groupby("to")["teu"].sum()
    served = base.stations.groupby("node")["teu"].max()
    found = []
    for node in world.network.nodes:
        teu = max(float(reached.get(node.id, 0.0)), float(served.get(node.id, 0.0)))
        if teu > 0:
            found.append(Place(node.id, "node", world.names[node.id], teu, (node.id,)))
    return found


def places_used(world: World, base: Experiment, kinds: Sequence[Kind]) -> list[Place]:
    """Return the places of some kinds with traffic in the base, the busiest first."""
    found: list[Place] = []
    if "node" in kinds:
        found += nodes_used(world, base)
    if "link" in kinds:
        found += links_used(world, base)
    if "facility" in kinds:
        found += facilities_used(world, base)
    return sorted(found, key=lambda place: (-place.teu, place.id))


def chosen(found: Sequence[Place], only: Sequence[str], what: str) -> list[Place]:
    """Return the places that were named, in the order of `found`; all if none was.

    A facility may be named by its station or by one of its rows.

    Raises
    ------
    ResultsError
        If one is not among them; the nearest is said.
    """
    if not only:
        return list(found)
    known = {name: place for place in found for name in (*place.rows, place.id)}
    lacking = [name for name in only if name not in known]
    if lacking:
        told = "\n".join(
            f"--only {name}: no {what} of that id has traffic in the base"
            f"{nearest(name, sorted(known))}"
            for name in lacking
        )
        raise ResultsError(told)
    wanted = {known[name].id for name in only}
    return [place for place in found if place.id in wanted]
