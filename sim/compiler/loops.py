"""Passing loops: how many trains may stand between two sections of one track (R11).

In: legs, nodes and links. Out: legs whose sections say which stand their trains take, and
`LoopPart`s. What could lock is refused: each way leaves a track to the other.
"""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import NamedTuple

from network.schema import LinkRow, Network
from sim.compiler.meters import meter, meter_id
from sim.compiler.parts import LegPart, LoopPart
from sim.errors import PlanError

WAYS = 2


class Stand(NamedTuple):
    """Trains that stand at a node before they enter a section."""

    node: str
    onward: str
    """Meter that they enter next."""

    @property
    def id(self) -> str:
        """Return the id by which elements name it."""
        return f"{self.node}/{self.onward}"


def with_stands(
    legs: Sequence[LegPart], network: Network
) -> tuple[tuple[LegPart, ...], tuple[LoopPart, ...]]:
    """Return legs whose elements say which stand is taken, and the loops of these stands.

    Parameters
    ----------
    legs
        Of the plan.
    network
        Rows of all dates.

    Raises
    ------
    PlanError
        If trains pass a loop both ways and it has one track, if they leave it by more than
        two sections, if a section to it has locomotives, or if loops lie on a ring: trains
        could stand for ever.
    """
    tracks = {row.id: row.loop_tracks for row in network.nodes if row.loop_tracks is not None}
    single = {
        row.id
        for row in network.links
        if row.track_rule == "alternating" and meter(row) is not None
    }
    links = {row.id: row for row in network.links}
    taken = [_taken(leg, tracks, single, links) for leg in legs]
    _refuse_rings(taken)
    stands = sorted({stand for by_section in taken for stand in by_section.values()})
    loops = tuple(
        _loop(node, tracks[node], [stand for stand in stands if stand.node == node])
        for node in sorted({stand.node for stand in stands}, key=str.encode)
    )
    marked = (
        leg._replace(
            elements=tuple(
                element._replace(stand=by_section[element.station].id)
                if element.station in by_section
                else element
                for element in leg.elements
            )
        )
        for leg, by_section in zip(legs, taken, strict=True)
    )
    return tuple(marked), loops


def _taken(
    leg: LegPart, tracks: Mapping[str, int], single: set[str], links: Mapping[str, LinkRow]
) -> dict[str, Stand]:
    """Return the sections of a leg after which its train stands in a loop, in order."""
    found: dict[str, Stand] = {}
    for number, node in enumerate(leg.nodes[1:-1]):
        before, after = leg.links[number], leg.links[number + 1]
        if node in tracks and before in single and after in single:
            onward = meter_id(links[after], forward=leg.link_forward[number + 1])
            section = meter_id(links[before], forward=leg.link_forward[number])
            found[section] = Stand(node, onward)
            if links[before].locomotives is not None:
                msg = (
                    f"links {before}: has locomotives and leads to {node} with loop_tracks; leave "
                    "one empty, or trains that wait for a track keep locomotives that others need"
                )
                raise PlanError(msg)
    return found


def _loop(node: str, tracks: int, stands: Sequence[Stand]) -> LoopPart:
    """Return a loop of which each way leaves a track to the other."""
    if len(stands) > WAYS:
        onward = ", ".join(stand.onward for stand in stands)
        msg = (
            f"nodes {node}: loop_tracks is {tracks}, and trains go on by {onward}; must be empty "
            "where more than two sections meet"
        )
        raise PlanError(msg)
    if len(stands) == WAYS and tracks < WAYS:
        msg = (
            f"nodes {node}: loop_tracks is {tracks}, and trains pass both ways; must be at least "
            f"{WAYS}, or two that meet would stand for ever"
        )
        raise PlanError(msg)
    most = tracks - (len(stands) - 1)
    return LoopPart(node, tracks, tuple((stand.id, most) for stand in stands))


def _refuse_rings(taken: Sequence[Mapping[str, Stand]]) -> None:
    """Refuse loops in which trains that go one way could wait for each other in a circle."""
    before: dict[str, set[str]] = {}
    for by_section in taken:
        stands = {stand.onward: stand.id for stand in by_section.values()}
        for section, stand in by_section.items():
            if section in stands:
                before.setdefault(stand.id, set()).add(stands[section])
    try:
        TopologicalSorter(before).prepare()
    except CycleError as error:
        ring = ", ".join(dict.fromkeys(name.split("/")[0] for name in error.args[1]))
        msg = (
            f"nodes {ring}: loop_tracks lie on a ring of single track, on which trains could wait "
            "for each other for ever; leave one of them empty"
        )
        raise PlanError(msg) from error
