"""The network that a scenario asks for, and the names that only a network can check."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TypeVar

import networkx as nx

from network.errors import Problem
from network.load import corridor_folder, freeze, in_force, load
from network.schema import DatedRow, FacilityRow, LinkRow, Network, RowChange, ServiceRow
from sim.errors import ScenarioError
from sim.scenario.models import Scenario
from sim.scenario.tree import Path, problem
from sim.scenario.words import spoken, unknown

DATES = ("available_from", "available_to")

Row = TypeVar("Row", LinkRow, FacilityRow, ServiceRow)


def network_of(scenario: Scenario) -> Network:
    """Return the network of a scenario: its source, its rows, frozen if it says so.

    Raises
    ------
    NetworkError
        The rows make no valid network, with the place of each.
    ScenarioError
        The scenario names a flow, service or node that the network has not.

    Notes
    -----
    ``as_of`` takes away every date up to that day (R25). A date after it counts only on
    rows that the scenario adds or whose dates it sets: what is under test never enters
    by the date that the data set gives it.
    """
    section = scenario.network
    source = corridor_folder() if section.source == "corridor" else None
    network = load(source, section.changes)
    problems = list(_unknown_names(scenario, network))
    if problems:
        raise ScenarioError(problems)
    if section.as_of is None:
        return network
    return _frozen(network, section.as_of, section.changes)


def _frozen(network: Network, day: date, changes: Sequence[RowChange]) -> Network:
    """Return the network of a day, with the rows that the scenario dates after it."""
    own = {
        (change.table, change.id)
        for change in changes
        if change.kind == "add" or any(name in change.values for name in DATES)
    }
    # What a row of the scenario succeeds ends with it, by a date that is the scenario's too.
    own |= {
        ("facilities", row.replaces) for row in network.facilities if ("facilities", row.id) in own
    }
    still = freeze(network, day)
    links = _with_dated(still.links, network.links, day, own, "links")
    return still._replace(
        links=links,
        facilities=_with_dated(still.facilities, network.facilities, day, own, "facilities"),
        services=_with_dated(still.services, network.services, day, own, "services"),
        graph=_graph(still, links),
    )


def _with_dated(
    still: Sequence[Row],
    dated: Sequence[Row],
    day: date,
    own: Iterable[tuple[str, str]],
    table: str,
) -> tuple[Row, ...]:
    """Return the frozen rows, with the scenario's own dates after the day put back."""
    ids = {row_id for name, row_id in own if name == table}
    rows = {row.id: row for row in still}
    rows |= {
        row.id: _undated_until(row, day) for row in dated if row.id in ids and _lasts(row, day)
    }
    return tuple(sorted(rows.values(), key=lambda row: row.id.encode()))


def _lasts(row: DatedRow, day: date) -> bool:
    return row.available_to is None or row.available_to >= day


def _undated_until(row: Row, day: date) -> Row:
    return row._replace(available_from=None) if in_force(row, day) else row


def _graph(still: Network, links: Sequence[LinkRow]) -> "nx.MultiDiGraph[str]":
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.add_nodes_from(still.graph.nodes(data=True))
    for link in links:
        graph.add_edge(link.origin, link.destination, key=link.id, row=link)
        graph.add_edge(link.destination, link.origin, key=link.id, row=link)
    return nx.freeze(graph)


def _unknown_names(scenario: Scenario, network: Network) -> Iterable[Problem]:
    flows = sorted({row.flow for row in network.demand})
    services = sorted(
        {row.line for row in network.services} | {row.id for row in network.services}
    )
    for key in scenario.demand.factors:
        yield from _unknown_flow(scenario, ("demand", "factors", key), key, flows)
    for index, key in enumerate(scenario.keep.flows or ()):
        yield from _unknown_flow(scenario, ("keep", "flows", index), key, flows)
    for service in scenario.forming.blocks:
        if service not in services:
            path = ("forming", "blocks", service)
            yield _problem(scenario, path, unknown("service", service, services))
    for flow in scenario.routing.routes:
        if flow not in flows:
            path = ("routing", "routes", flow)
            yield _problem(scenario, path, unknown("flow", flow, flows))


def _unknown_flow(
    scenario: Scenario, path: Path, key: str, flows: Sequence[str]
) -> Iterable[Problem]:
    if key.endswith("*"):
        if not any(flow.startswith(key[:-1]) for flow in flows):
            yield _problem(scenario, path, f"no flow begins with {key[:-1]!r}")
    elif key not in flows:
        yield _problem(scenario, path, unknown("flow", key, flows))


def _problem(scenario: Scenario, path: Path, message: str) -> Problem:
    return problem(scenario.mark(path), f"{spoken(path)}: {message}")
