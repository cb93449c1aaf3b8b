"""What a worker on another machine is given: by unpickling it the worker finds the rooms.

Importing any module of this package puts them on the path.
"""

from sim.sweep.store import Record
from sim.sweep.work import Order
from sim.sweep.work import carry_out as _carry_out


def carry_out(order: Order) -> list[Record]:
    """Return a record of every run of an order."""
    return _carry_out(order)
