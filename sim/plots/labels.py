"""Where labels stand so that none covers another, and how figures are written in words."""

from collections.abc import Sequence
from typing import NamedTuple


class Box(NamedTuple):
    """An upright rectangle; y grows upwards or downwards alike."""

    left: float
    low: float
    right: float
    high: float

    def meets(self, other: "Box") -> bool:
        """Return whether the two share any area."""
        return (
            self.left < other.right
            and other.left < self.right
            and self.low < other.high
            and other.low < self.high
        )


def place(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    *,
    gap: float,
    bounds: Box,
    taken: Sequence[Box] = (),
    avoided: Sequence[Box] = (),
) -> list[tuple[float, float] | None]:
    """The centre of each label, or None where it finds no room.

    Parameters
    ----------
    points
        What the labels belong to, the most important first.
    sizes
        Width and height of each label, in the units of the points.
    gap
        Distance between a point and its label.
    bounds
        No label leaves this box.
    taken
        Boxes that no label may cover.
    avoided
        Boxes that a label covers only where it finds no other room.

    Notes
    -----
    Greedy: each label takes the first free of eight places around its point, then of
    eight farther off. Order of importance therefore decides who is seen.
    """
    boxes = list(taken)
    centres: list[tuple[float, float] | None] = []
    for (x, y), (width, height) in zip(points, sizes, strict=True):
        near = [b for b in avoided if abs(b.left - x) < 2 * width and abs(b.low - y) < 2 * width]
        centre = _first_free((x, y), (width, height), gap, bounds, [*boxes, *near])
        if centre is None:
            centre = _first_free((x, y), (width, height), gap, bounds, boxes)
        centres.append(centre)
        if centre is not None:
            boxes.append(_around(centre, width, height))
    return centres


def _around(centre: tuple[float, float], width: float, height: float) -> Box:
    x, y = centre
    return Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def _first_free(
    point: tuple[float, float],
    size: tuple[float, float],
    gap: float,
    bounds: Box,
    boxes: Sequence[Box],
) -> tuple[float, float] | None:
    x, y = point
    width, height = size
    for reach in (gap, gap + height):
        dx, dy = reach + width / 2, reach + height / 2
        for across, up in (
            (dx, 0.0), (0.0, dy), (0.0, -dy), (-dx, 0.0),
            (dx, dy), (dx, -dy), (-dx, dy), (-dx, -dy),
        ):  # fmt: skip
            centre = (x + across, y + up)
            box = _around(centre, width, height)
            if (
                box.left >= bounds.left
                and box.right <= bounds.right
                and box.low >= bounds.low
                and box.high <= bounds.high
                and not any(box.meets(other) for other in boxes)
            ):
                return centre
    return None
