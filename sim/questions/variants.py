"""A scenario with one thing changed, said in the language of scenarios.

In: a resolved scenario, rows added or changed. Out: another resolved scenario, which
`resolved_yaml` writes as a file that anyone can run.
"""

from collections.abc import Sequence
from typing import NamedTuple

from network.schema import RawValue, RowChange
from sim.scenario import Scenario


class Variant(NamedTuple):
    """One thing changed."""

    id: str
    kind: str
    """What sort of thing."""
    what: str
    """In words."""
    changes: tuple[RowChange, ...]

    @property
    def written(self) -> str:
        """Return what changes, as `--set` takes it where a row changes."""
        return "; ".join(_written(change) for change in self.changes)


def _written(change: RowChange) -> str:
    cells = ", ".join(
        f"network.{change.table}[{change.id}].{column}={_cell(value)}"
        for column, value in change.values.items()
    )
    if change.kind == "change":
        return cells
    values = ", ".join(f"{column}: {_cell(value)}" for column, value in change.values.items())
    return f"{change.kind} {change.table} {{id: {change.id}, {values}}}"


def _cell(value: RawValue) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)


def changed(table: str, row_id: str, origin: str, **values: RawValue) -> RowChange:
    """Return the change of a row that exists."""
    return RowChange("change", table, row_id, values, origin, overrides=True)


def added(table: str, row_id: str, origin: str, **values: RawValue) -> RowChange:
    """Return the addition of a row."""
    return RowChange("add", table, row_id, values, origin, overrides=True)


def with_changes(
    scenario: Scenario, changes: Sequence[RowChange], *, name: str, title: str
) -> Scenario:
    """Return a scenario with rows changed after all that it changes itself.

    Parameters
    ----------
    scenario
        Resolved.
    changes
        In order.
    name, title
        Of the new one.
    """
    network = scenario.network
    together = network.model_copy(update={"changes": (*network.changes, *changes)})
    return scenario.model_copy(update={"network": together, "name": name, "title": title})


def with_experiment(scenario: Scenario, **values: int) -> Scenario:
    """Return a scenario with other seed or replications."""
    return scenario.model_copy(
        update={"experiment": scenario.experiment.model_copy(update=values)}
    )
