"""Where things lie: what borders and corridors need and no engine reads.

In: a Network, through `experiment.places`. Out: `Places`, the crossings of borders and the
corridor of each route. Without Places (`NOWHERE`) there are no borders, and all
routes are of the corridor `outside`.
"""

from typing import NamedTuple

from sim.plan import Legend

CASPIAN = frozenset({"AZ", "IR", "KZ", "RU", "TM"})
"""Countries on the Caspian Sea."""

_CORRIDORS = (
    ("southern", frozenset({"TM"})),
    ("northern", frozenset({"RU"})),
    ("central_asian", frozenset({"UZ", "KG"})),
    ("china", frozenset({"CN"})),
)
"""Corridors by the neighbour through which Kazakhstan is left or entered."""


class Places(NamedTuple):
    """Nodes and links of a network, in order of id."""

    node_id: tuple[str, ...] = ()
    node_country: tuple[str, ...] = ()
    link_id: tuple[str, ...] = ()
    link_from: tuple[str, ...] = ()
    link_to: tuple[str, ...] = ()
    link_mode: tuple[str, ...] = ()


class Passage(NamedTuple):
    """One link in one direction."""

    link: str
    is_forward: bool
    origin: str
    destination: str
    mode: str
    countries: tuple[str, str]
    """Of origin and destination; empty where unknown."""

    @property
    def is_border(self) -> bool:
        """Return whether it leads from one country into another."""
        here, there = self.countries
        return bool(here and there) and here != there


NOWHERE = Places()
"""For models that lie nowhere."""


def passages(legend: Legend, places: Places) -> tuple[tuple[Passage, ...], ...]:
    """Return by leg the links it travels, in order, each with its direction and ends."""
    country = dict(zip(places.node_id, places.node_country, strict=True))
    rows = {
        link: (origin, destination, mode)
        for link, origin, destination, mode in zip(
            places.link_id, places.link_from, places.link_to, places.link_mode, strict=True
        )
    }
    result = []
    for links, forwards in zip(legend.leg_links, legend.leg_link_forward, strict=True):
        leg = []
        for link, is_forward in zip(links, forwards, strict=True):
            origin, destination, mode = rows.get(link, ("", "", ""))
            ends = (origin, destination) if is_forward else (destination, origin)
            sides = (country.get(ends[0], ""), country.get(ends[1], ""))
            leg.append(Passage(link, is_forward, *ends, mode, sides))
        result.append(tuple(leg))
    return tuple(result)


def corridors(legend: Legend, travelled: tuple[tuple[Passage, ...], ...]) -> tuple[str, ...]:
    """Return the corridor of each route (see the KPI `corridor.<name>.teu`)."""
    return tuple(
        _corridor([passage for leg in legs for passage in travelled[leg]])
        for legs in legend.route_legs
    )


def _corridor(route: list[Passage]) -> str:
    """Return the first corridor whose mark the route carries."""
    countries = {c for passage in route for c in passage.countries}
    if "KZ" not in countries:
        return "outside"
    if any(p.mode == "sea" and CASPIAN.issuperset(p.countries) for p in route):
        return "middle"
    neighbours = {
        other
        for passage in route
        if passage.is_border and "KZ" in passage.countries
        for other in passage.countries
    }
    for name, through in _CORRIDORS:
        if neighbours & through:
            return name
    return "domestic"
