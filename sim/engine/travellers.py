"""Who travels: consignments, and the vehicles that carry them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sim.engine.ledger import Account
from sim.plan import NEVER

if TYPE_CHECKING:
    from sim.engine.visits import Visit


class Flow(NamedTuple):
    """What the consignments of a flow have in common; loads in thousandths."""

    load_class: int
    lot: int
    load_teu: int
    size: int
    priority: int


class Consignment:
    """The thing that is sent and followed; takes the steps of its route."""

    is_vehicle = False

    __slots__ = (
        "account",
        "key",
        "load_class",
        "load_teu",
        "lot",
        "number",
        "priority",
        "size",
        "step",
        "yard",
    )

    def __init__(self, number: int, key: int, flow: Flow, step: int) -> None:
        self.number = number
        self.key = key
        self.load_class, self.lot, self.load_teu, self.size, self.priority = flow
        self.step = step
        self.yard = NEVER
        """Yard in which the consignment takes room, or NEVER (R13)."""
        self.account = Account()


class Locomotive(NamedTuple):
    """A server that goes along with a vehicle: its station, and since when (R11)."""

    depot: int
    visit: Visit


class Vehicle:
    """One trip of one vehicle, by one leg, with what it has aboard."""

    is_vehicle = True

    __slots__ = (
        "aboard",
        "account",
        "departed_s",
        "key",
        "leg",
        "load_teu",
        "locomotive",
        "number",
        "pool",
        "priority",
        "rooms",
        "size",
        "stand",
        "wagons",
        "yard",
    )

    def __init__(
        self,
        *,
        number: int,
        key: int,
        pool: int,
        leg: int,
        departed_s: int,
        aboard: list[Consignment],
    ) -> None:
        self.number = number
        self.key = key
        self.pool = pool
        self.leg = leg
        self.departed_s = departed_s
        self.aboard = aboard
        self.load_teu = sum(consignment.load_teu for consignment in aboard)
        self.priority = min((consignment.priority for consignment in aboard), default=0)
        self.size = 0
        self.rooms: dict[int, int] = {}
        """Room that its load still takes in yards where it boarded, until it leaves (R13)."""
        self.yard = NEVER
        """Yard at the end of the leg in which room is reserved."""
        self.locomotive: Locomotive | None = None
        """That it has taken and not run with yet."""
        self.stand = NEVER
        """Stand of a passing loop that it has, or NEVER (R11)."""
        self.wagons = 0
        """Wagons that it has from a pool of wagons (R12)."""
        self.account = Account()
