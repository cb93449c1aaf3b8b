"""Consignments as they come: known by pieces of the run, and in order of entering.

In: pieces of what is drawn. Out: at each pause who is created before the next one, and who
enters. Of what is yet to be created only one piece is in memory.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.consignments import Consignments
from sim.kernel.counts import Sent
from sim.kernel.drawing import drawn_pieces, mean_consignments, most_consignments
from sim.kernel.layout import BANNED
from sim.kernel.tables import NO_PAUSE
from sim.plan import Draws, Plan

Ints = NDArray[np.int64]

LATEST_S = (1 << 31) - 1
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


class Coming(NamedTuple):
    """What is yet to come."""

    pieces: Iterator[Piece]
    ahead: Piece
    """What is not known yet of the last piece."""
    known: int
    """How many are known; they bear numbers from 0 in order of creation."""
    late: NDArray[np.int32]
    late_s: NDArray[np.int32]
    """(M,) numbers of those known that enter later, ascending, and when."""


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
        key=drawn.key,
        route=np.where(drawn.is_banned, np.int32(BANNED), drawn.route),
    )
    return Piece(sent, until_s)


def coming(source: Source) -> Coming:
    """Return all of a source, of which nothing has come."""
    pieces = source.pieces()
    none = np.zeros(0, np.int32)
    return Coming(pieces, next(pieces), 0, none, none)


def come(
    yet: Coming, pause_s: int
) -> tuple[Coming, list[Sent], NDArray[np.int32], NDArray[np.int32]]:
    """Return what is left to come after a pause, and what comes before it.

    Returns
    -------
    What is left; who is created before the pause, in their order, in one table or more;
    (M,) the numbers of those that enter before it, in order of entering, and when they do.
    """
    ahead, created = yet.ahead, []
    # Of the same kind as the column, which is else turned into another as a whole.
    before_s = np.int32(min(pause_s, LATEST_S))
    while True:
        count = int(np.searchsorted(ahead.sent.created_s, before_s))
        created.append(_rows(ahead.sent, 0, count))
        ahead = ahead._replace(sent=_rows(ahead.sent, count, None))
        if ahead.until_s >= pause_s:
            break
        ahead = next(yet.pieces, ahead._replace(until_s=NO_PAUSE))
    known = yet.known + sum(len(sent.key) for sent in created)
    number = np.concatenate((yet.late, np.arange(yet.known, known, dtype=np.int32)))
    entered_s = np.concatenate((yet.late_s, *(sent.entered_s for sent in created)))
    is_late = entered_s >= pause_s
    left = Coming(yet.pieces, ahead, known, number[is_late], entered_s[is_late])
    number, entered_s = number[~is_late], entered_s[~is_late]
    order = np.argsort(entered_s, kind="stable")
    return left, created, number[order], entered_s[order]


def _rows(sent: Sent, first: int, end: int | None) -> Sent:
    """Return a part of the rows of a table."""
    return Sent._make(column[first:end] for column in sent)
