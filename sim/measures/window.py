"""A Trace with the window in which it is measured.

In: Trace, Plan. Out: `Window`, from which `tally` counts.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.measures.scope import DAY_S, Flags
from sim.plan import NEVER, Plan, Trace


class Window(NamedTuple):
    """A run and its window [start_s, end_s), seconds from the run's first instant."""

    trace: Trace
    plan: Plan
    start_s: int
    end_s: int
    """The plan's, or the second after the run's end where that came first."""

    @property
    def days(self) -> int:
        """Return the number of days that the window touches."""
        return -(-(self.end_s - self.start_s) // DAY_S)

    @property
    def stations(self) -> int:
        """Return the number of stations."""
        return self.plan.station_kind.size

    def is_within(self, instants_s: NDArray[np.int32]) -> Flags:
        """Return which instants lie in the window."""
        return (instants_s >= self.start_s) & (instants_s < self.end_s)


def window(trace: Trace, plan: Plan) -> Window:
    """Return the run with its window, empty if the run ended before it."""
    end_s = min(plan.window_end_s, trace.ended_s + 1)
    return Window(trace, plan, plan.window_start_s, max(end_s, plan.window_start_s))


def vehicle_leg(run: Window) -> NDArray[np.integer[Any]]:
    """Return `(V,)` the leg of each vehicle, NEVER for one that never left a pool."""
    leg: NDArray[np.integer[Any]] = np.r_[run.plan.pool_leg, NEVER]
    return leg[run.trace.vehicle_pool]
