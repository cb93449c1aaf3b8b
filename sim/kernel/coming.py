"""Consignments as they come, by pieces of the run.

In: pieces of what is drawn. Out: the same as `providing` makes them known, and the order in
which they enter. Of what is yet to be created only one piece is in memory.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.consignments import Consignments
from sim.kernel.arithmetic import halves
from sim.kernel.drawing import drawn_pieces, mean_consignments, most_consignments
from sim.kernel.layout import BANNED
from sim.kernel.providing import Sent
from sim.kernel.tables import NO_PAUSE
from sim.plan import Draws, Plan

Ints = NDArray[np.int64]

PIECE = 1 << 18
"""Consignments of a piece, about: enough that its flows are drawn in few calls."""


class Piece(NamedTuple):
    """Consignments that are created before an instant, and after those of the piece before."""

    sent: Sent
    until_s: int


class Source(NamedTuple):
    """Where the consignments of a run come from."""

    size: int
    """How many there can be."""
    pieces: Callable[[], Iterator[Piece]]
    """From the first one on, as often as it is called."""


def given(draws: Draws) -> Source:
    """Return all that has been drawn as one piece."""
    sent = Consignments(
        created_s=draws.consignment_created_s.astype(np.int32),
        entered_s=draws.consignment_entered_s.astype(np.int32),
        flow=draws.consignment_flow.astype(np.int32),
        number=draws.consignment_number.astype(np.int32),
        key=draws.consignment_key,
        route=draws.consignment_route.astype(np.int32),
        is_banned=draws.consignment_is_banned != 0,
    )
    return Source(len(sent.key), lambda: iter([_piece(sent, NO_PAUSE)]))


def to_be_drawn(plan: Plan, seed: int, replication: int, closures: Draws) -> Source:
    """Return what is drawn piece by piece, or at once if it is one piece.

    Parameters
    ----------
    plan, seed, replication, closures
        As for `draw_consignments`.
    """
    if mean_consignments(plan) <= PIECE:
        # Interpreted, keys overflow with a warning where machine code wraps in silence.
        with np.errstate(over="ignore"):
            (whole,) = drawn_pieces(plan, seed, replication, closures, [plan.horizon_s])
        return Source(len(whole.key), lambda: iter([_piece(whole, NO_PAUSE)]))
    size = most_consignments(plan, seed, replication)
    count = -(-size // PIECE) or 1
    until_s = [plan.horizon_s * at // count for at in range(1, count + 1)]

    def pieces() -> Iterator[Piece]:
        return map(_piece, drawn_pieces(plan, seed, replication, closures, until_s), until_s)

    return Source(size, pieces)


def _piece(drawn: Consignments, until_s: int) -> Piece:
    """Return consignments as they are made known."""
    sent = Sent(
        created_s=drawn.created_s,
        entered_s=drawn.entered_s,
        flow=drawn.flow,
        number=drawn.number,
        key=halves(drawn.key),
        route=np.where(drawn.is_banned, np.int32(BANNED), drawn.route),
    )
    return Piece(sent, until_s)


def nothing(like: Sent) -> Piece:
    """Return the piece after the last one."""
    # Copied: a view would keep all of the last in memory.
    return Piece(Sent._make(column[:0].copy() for column in like), NO_PAUSE)


def in_order(piece: Piece, first: int, entry: Ints, entry_s: Ints) -> tuple[Ints, Ints]:
    """Return who has not entered and who is of a piece in order of entering, and when they do.

    Parameters
    ----------
    first
        Number of the first of the piece.
    entry, entry_s
        (M,) of those of former pieces that have not entered, in their order.
    """
    number = np.concatenate((entry, np.arange(first, first + len(piece.sent.key))))
    entered_s = np.concatenate((entry_s, piece.sent.entered_s.astype(np.int64)))
    order = np.argsort(entered_s, kind="stable")
    return number[order], entered_s[order]
