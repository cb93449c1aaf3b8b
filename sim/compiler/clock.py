"""The run's time: dates of the corridor as seconds since the run's first instant.

In: the window of a scenario. Out: a `Clock`. Days begin at 00:00 corridor time,
the legal time of Kazakhstan since 2024-03-01.
"""

from datetime import date, timedelta
from typing import NamedTuple

from sim.errors import PlanError
from sim.scenario.models import Scenario

DAY_S = 86_400
HOUR_S = 3_600
CORRIDOR_UTC_H = 5.0
"""Corridor time minus UTC."""
HORIZON_LIMIT_S = 2**31
"""Instants of a trace are int32 (R26)."""


class Clock(NamedTuple):
    """Where the measured window lies in the run, and which day second 0 is."""

    first: date
    """Corridor date of second 0, the first day of the warm-up."""
    start: date
    """First day of the measured window."""
    start_s: int
    end_s: int
    horizon_s: int

    def second(self, day: date) -> int:
        """Return the second at which a day begins; below 0 before the run."""
        return (day - self.first).days * DAY_S

    def day(self, second: int) -> date:
        """Return the date on which a second falls."""
        return self.first + timedelta(days=second // DAY_S)

    def span(self, first: date | None, last: date | None) -> tuple[int, int]:
        """Return the part of the run in which a dated row is in force.

        Parameters
        ----------
        first, last
            First and last day in force; None: always, for good.

        Returns
        -------
        First second and end (outside), within the run; equal: never in force.
        """
        begin_s = 0 if first is None else self.second(first)
        end_s = self.horizon_s if last is None else self.second(last + timedelta(days=1))
        begin_s = min(max(begin_s, 0), self.horizon_s)
        return begin_s, min(max(end_s, begin_s), self.horizon_s)


def read_clock(scenario: Scenario) -> Clock:
    """Return the clock of a scenario.

    Raises
    ------
    PlanError
        If the run is too long for the trace.
    """
    window = scenario.window
    start_s = window.warm_up_days * DAY_S
    end_s = start_s + window.length_days * DAY_S
    horizon_s = end_s + window.run_out_days * DAY_S
    if horizon_s >= HORIZON_LIMIT_S:
        msg = (
            f"{scenario.name}: window: warm-up, window and run-out are {horizon_s} s; "
            f"must be below {HORIZON_LIMIT_S} s: split the run into replications"
        )
        raise PlanError(msg)
    first = window.start - timedelta(days=window.warm_up_days)
    return Clock(first, window.start, start_s, end_s, horizon_s)


def seconds(hours: float) -> int:
    """Return hours as whole seconds, half up, at least 1 (R2)."""
    return max(1, int(hours * HOUR_S + 0.5))
