"""Breakdowns whose clock runs only while a row works (R15: `clock: busy`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.draws.hashing import mix
from sim.draws.tables import duration_s
from sim.engine.clock import Moment
from sim.plan import NEVER

if TYPE_CHECKING:
    from sim.engine.availability import Availability
    from sim.engine.hands import Hands
    from sim.engine.world import World
    from sim.plan import Draws


class Breakdown:
    """One cause of breakdowns of one row: it works for a drawn time, then it is down."""

    def __init__(
        self,
        world: World,
        draws: Draws,
        index: int,
        rank: int,
        station: tuple[Availability, Hands],
    ) -> None:
        plan = world.plan
        self._world = world
        self._rank = rank
        self._availability, self._hands = station
        self._closure = int(plan.busy_closure[index])
        self.row = int(plan.closure_target[plan.closure_target_first[self._closure]])
        self._gap_key = int(draws.busy_gap_key[index])
        self._gap_fp = int(plan.busy_gap_fp[index])
        self._gap_table = plan.law_table[plan.busy_gap_law[index]]
        self._length_key = int(draws.busy_length_key[index])
        self._mean_fp = int(plan.busy_mean_fp[index])
        self._length_table = plan.law_table[plan.busy_law[index]]
        self._ordinal = 0
        self._working = 0
        self._left_s = 0
        """Work to be done before the next breakdown, counted from `_since_s`."""
        self._since_s = NEVER
        self._turn = 0
        """Counts pauses, so that a breakdown put off is known as stale."""
        self._is_down = False
        self._wind_up()

    def work(self, change: int) -> None:
        """Count servers that begin to work, or stop."""
        self._working += change
        self._run()

    def _wind_up(self) -> None:
        self._ordinal += 1
        drawn = mix(self._gap_key, self._ordinal)
        self._left_s = duration_s(self._gap_table, drawn, self._gap_fp)

    def _run(self) -> None:
        """Let the clock run while somebody works and nothing is broken."""
        now_s = self._world.env.now
        runs, must_run = self._since_s != NEVER, self._working > 0 and not self._is_down
        if must_run and not runs:
            self._since_s = now_s
            turn = self._turn
            Moment(self._world.env, lambda _: self._strike(turn), self._left_s)
        elif runs and not must_run and self._since_s + self._left_s > now_s:
            self._left_s -= now_s - self._since_s
            self._since_s = NEVER
            self._turn += 1

    def _strike(self, turn: int) -> None:
        if turn != self._turn:
            return
        now_s = self._world.env.now
        self._turn += 1
        self._since_s, self._is_down = NEVER, True
        drawn = mix(self._length_key, self._ordinal)
        lasting_s = duration_s(self._length_table, drawn, self._mean_fp)
        self._world.log.write_closure(self._closure, now_s, now_s + lasting_s)
        self._availability.begin(self.row, self._closure, now_s)
        self._react()
        Moment(self._world.env, lambda _: self._mend(now_s), lasting_s)

    def _mend(self, began_s: int) -> None:
        self._availability.end(self.row, self._closure, began_s, self._world.env.now)
        self._is_down = False
        self._wind_up()
        self._run()
        self._react()

    def _react(self) -> None:
        self._world.arbiter.mark(self._rank)
        self._hands.react()
