"""One visit: an event that fires when the station has done with the traveller."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from simpy.events import NORMAL, Event

from sim.plan import NEVER

if TYPE_CHECKING:
    from sim.engine.clock import Clock
    from sim.engine.ledger import Account


class Traveller(Protocol):
    """What a station needs to know of a vehicle or a consignment."""

    number: int
    key: int
    priority: int
    size: int
    load_teu: int
    account: Account

    @property
    def is_vehicle(self) -> bool:
        """True: its visits are those of a vehicle, not stays of a consignment."""


class Visit(Event):
    """A traveller at a station, from request to end; fires at the end."""

    __slots__ = (
        "duration_s",
        "is_kept",
        "is_refused",
        "move_s",
        "ordinal",
        "place",
        "request_s",
        "row",
        "stand",
        "start_s",
        "traveller",
    )

    def __init__(
        self, env: Clock, traveller: Traveller, ordinal: int = 0, *, is_kept: bool = False
    ) -> None:
        super().__init__(env)
        self.traveller = traveller
        self.ordinal = ordinal
        self.is_kept = is_kept
        """True: the server is kept until it is left, as a berth is until sailing (R12)."""
        self.is_refused = False
        """True: it fired, but there was no room for it (R13, `when_full: refuse`)."""
        self.request_s = env.now
        self.start_s = NEVER
        self.duration_s = NEVER
        self.row = NEVER
        self.move_s = 0
        self.place = NEVER
        self.stand = NEVER
        """Stand that the vehicle takes as it enters the section, or NEVER (R11)."""

    def fire_in(self, delay_s: int) -> None:
        """Let the visit end after a delay."""
        self._ok = True
        self._value = None
        self.env.schedule(self, NORMAL, delay_s)
