"""Services in hand on rows that suspend or restart them at closing (R15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.engine.clock import REACTIONS, Moment
from sim.plan import NEVER, AtClosing, Cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from simpy.events import Event

    from sim.engine.availability import Availability
    from sim.engine.visits import Visit
    from sim.engine.world import World


class Hand:
    """One server at work on visits that began together."""

    __slots__ = ("batch", "drawn_s", "ends_s", "left_s", "row", "stopped_by", "stopped_s", "turn")

    def __init__(self, row: int, batch: list[Visit], drawn_s: int) -> None:
        self.row = row
        self.batch = batch
        self.drawn_s = drawn_s
        self.left_s = drawn_s
        self.ends_s = NEVER
        self.stopped_s = NEVER
        self.stopped_by: tuple[int, int] = (NEVER, NEVER)
        self.turn = 0
        """Counts beginnings, so that the end of one that was stopped is known as stale."""


class Hands:
    """The services in hand at one station that its closings can stop."""

    def __init__(
        self,
        world: World,
        rank: int,
        availability: Availability,
        finish: Callable[[int, list[Visit]], None],
        work: Callable[[int, int], None],
    ) -> None:
        self._world = world
        self._rank = rank
        self._availability = availability
        self._finish = finish
        self._work = work
        self._rule = {
            row: AtClosing(int(world.plan.row_at_closing[row])) for row in availability.rows
        }
        self._at_work: list[Hand] = []
        self._is_reacting = False

    def can_stop(self, row: int) -> bool:
        """Return whether a closing of the row stops the service in hand."""
        return self._rule[row] != AtClosing.FINISH

    def begin(self, row: int, batch: list[Visit], drawn_s: int) -> None:
        """Begin a service that may be stopped."""
        hand = Hand(row, batch, drawn_s)
        self._at_work.append(hand)
        self._go_on(hand)

    def react(self) -> None:
        """Stop or take up services after the state changes of this instant."""
        if not self._is_reacting:
            self._is_reacting = True
            Moment(self._world.env, self._react, 0, REACTIONS)

    def _react(self, _: Event) -> None:
        self._is_reacting = False
        now_s = self._world.env.now
        for hand in self._at_work:
            is_open = hand.row in self._availability.open_rows
            if is_open and hand.stopped_s != NEVER:
                self._book_stop(hand, now_s)
                hand.stopped_s = NEVER
                self._go_on(hand)
                self._work(hand.row, +1)
            elif not is_open and hand.stopped_s == NEVER and hand.ends_s > now_s:
                self._stop(hand)
                self._work(hand.row, -1)

    def close(self, end_s: int) -> None:
        """Book and write down what the end of the run cuts short."""
        for hand in self._at_work:
            if hand.stopped_s != NEVER:
                self._book_stop(hand, end_s)
            for visit in hand.batch:
                self._world.log.write(self._rank, visit)

    def _go_on(self, hand: Hand) -> None:
        env = self._world.env
        hand.turn += 1
        hand.ends_s = env.now + hand.left_s
        for visit in hand.batch:
            visit.traveller.account.begin(self._rank, Cause.SERVICE, env.now, hand.left_s)
        turn = hand.turn
        Moment(env, lambda _: self._end(hand, turn), hand.left_s)

    def _stop(self, hand: Hand) -> None:
        now_s = self._world.env.now
        unspent_s = hand.ends_s - now_s
        restarts = self._rule[hand.row] == AtClosing.RESTART
        hand.left_s = hand.drawn_s if restarts else unspent_s
        hand.turn += 1
        hand.stopped_s = now_s
        hand.stopped_by = self._availability.holder(hand.row)
        for visit in hand.batch:
            visit.traveller.account.give_back(now_s)
            visit.traveller.account.begun_until_s = now_s

    def _book_stop(self, hand: Hand, until_s: int) -> None:
        """Book the time stopped to the closure that stopped the service."""
        for visit in hand.batch:
            account = visit.traveller.account
            account.book(self._rank, *hand.stopped_by, until_s - hand.stopped_s)

    def _end(self, hand: Hand, turn: int) -> None:
        if turn != hand.turn:
            return
        self._at_work.remove(hand)
        for visit in hand.batch:
            visit.duration_s = self._world.env.now - visit.start_s
            self._world.log.write(self._rank, visit)
            visit.fire_in(0)
        callbacks = hand.batch[0].callbacks
        assert callbacks is not None
        callbacks.append(lambda _: self._finish(hand.row, hand.batch))
