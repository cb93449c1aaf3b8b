"""The network as each flow sees it: without the facility rows that are not for it (R8).

Rows that name flows are lanes and checks of some. Flows for which the same rows are closed
share one view, and all that is found on it.
"""

from network.lanes import flow_of, is_for, names_flows
from network.routing.atlas import Atlas
from network.schema import DemandRow

Closed = frozenset[str]
"""Ids of the facility rows that are not for a flow."""


class Views:
    """The views of one atlas; keeps those that were asked for."""

    def __init__(self, atlas: Atlas) -> None:
        self.whole = atlas
        self._named = tuple(row for rows in atlas.facilities.values() for row in rows if row.flows)
        self._atlases: dict[Closed, Atlas] = {frozenset(): atlas}
        self.named: Closed = frozenset(row.id for row in self._named if names_flows(row.flows))
        """Rows that are for nobody but the flows that they name."""

    def closed(self, row: DemandRow) -> Closed:
        """Return the rows that are not for a flow, by one of its rows of demand."""
        flow = flow_of(row)
        return frozenset(one.id for one in self._named if not is_for(one.flows, flow))

    def of(self, closed: Closed) -> Atlas:
        """Return the atlas without the rows that are closed."""
        if closed not in self._atlases:
            facilities = {
                node: tuple(row for row in rows if row.id not in closed)
                for node, rows in self.whole.facilities.items()
            }
            self._atlases[closed] = self.whole._replace(facilities=facilities)
        return self._atlases[closed]
