"""What shuts and slows a station (R15): the closures now in force, and when it was shut.

A station is shut when all its rows are. Of the closures that then hold it shut,
weather is booked before others, then the latest begun, then the smaller index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.plan import NEVER, PPM, Cause, Effect

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sim.plan import Plan


class Spell(NamedTuple):
    """A time in which the station was shut, to one cause and closure."""

    start_s: int
    end_s: int
    cause: int
    closure: int


class Force(NamedTuple):
    """A closure at work on a row; sorts as its factors multiply."""

    closure: int
    start_s: int


class Availability:
    """The closures at work on the rows of one station."""

    def __init__(self, plan: Plan, rank: int) -> None:
        self._plan = plan
        self.rows = range(int(plan.row_first[rank]), int(plan.row_first[rank + 1]))
        self._standing_ppm = {row: int(plan.row_factor_ppm[row]) for row in self.rows}
        self._at_work: dict[int, dict[Effect, list[Force]]] = {
            row: {effect: [] for effect in Effect} for row in self.rows
        }
        self._factor_ppm = dict(self._standing_ppm)
        self.payload_ppm = PPM
        """Factor on the capacity of vehicles that leave now."""
        self._spells: list[Spell] = []
        self._shut_since_s = NEVER
        self._shut_by: tuple[int, int] = (NEVER, NEVER)
        self.open_rows: list[int] = list(self.rows)

    @property
    def is_shut(self) -> bool:
        """True while nothing may begin."""
        return not self.open_rows

    def factor_ppm(self, row: int) -> int:
        """Return the rate factor of a row."""
        return self._factor_ppm[row]

    def vehicles_out(self) -> int:
        """Return how many vehicles of the fleet are out of service."""
        forces = self._at_work[self.rows[0]][Effect.FLEET_MINUS]
        return sum(int(self._plan.closure_value_ppm[force.closure]) for force in forces)

    def begin(self, row: int, closure: int, now_s: int) -> None:
        """Put a closure to work on a row."""
        effect = Effect(int(self._plan.closure_effect[closure]))
        forces = self._at_work[row][effect]
        forces.append(Force(closure, now_s))
        forces.sort()
        self._settle(row, now_s)

    def end(self, row: int, closure: int, began_s: int, now_s: int) -> None:
        """Take a closure off a row."""
        effect = Effect(int(self._plan.closure_effect[closure]))
        self._at_work[row][effect].remove(Force(closure, began_s))
        self._settle(row, now_s)

    def spells(self, start_s: int, end_s: int) -> Iterator[Spell]:
        """Yield the parts of a span in which the station was shut."""
        if self._shut_since_s != NEVER and self._shut_since_s < end_s:
            yield Spell(max(start_s, self._shut_since_s), end_s, *self._shut_by)
        for spell in reversed(self._spells):
            if spell.end_s <= start_s:
                return
            begun_s, ended_s = max(start_s, spell.start_s), min(end_s, spell.end_s)
            if begun_s < ended_s:
                yield Spell(begun_s, ended_s, spell.cause, spell.closure)

    def holder(self, *rows: int) -> tuple[int, int]:
        """Return the cause and the closure that hold rows shut."""
        forces = [force for row in rows for force in self._at_work[row][Effect.SHUT]]
        is_weather, _, closure = max(
            (int(self._plan.closure_is_weather[force.closure]), force.start_s, -force.closure)
            for force in forces
        )
        return (Cause.WEATHER if is_weather else Cause.CLOSED), -closure

    def _settle(self, row: int, now_s: int) -> None:
        self._factor_ppm[row] = self._product(row, Effect.RATE, self._standing_ppm[row])
        self.payload_ppm = self._product(self.rows[0], Effect.PAYLOAD, PPM)
        self.open_rows = [r for r in self.rows if not self._at_work[r][Effect.SHUT]]
        shut_by = self.holder(*self.rows) if self.is_shut else (NEVER, NEVER)
        if shut_by == self._shut_by:
            return
        if self._shut_since_s not in (NEVER, now_s):
            self._spells.append(Spell(self._shut_since_s, now_s, *self._shut_by))
        self._shut_since_s = now_s if self.is_shut else NEVER
        self._shut_by = shut_by

    def _product(self, row: int, effect: Effect, factor_ppm: int) -> int:
        for force in self._at_work[row][effect]:
            value_ppm = int(self._plan.closure_value_ppm[force.closure])
            factor_ppm = max(1, (factor_ppm * value_ppm + PPM // 2) // PPM)
        return factor_ppm


def slowed_s(duration_s: int, factor_ppm: int) -> int:
    """Return a duration begun under a rate factor: divided by it, half up, at least 1."""
    if factor_ppm == PPM:
        return duration_s
    return max(1, (duration_s * PPM + factor_ppm // 2) // factor_ppm)
