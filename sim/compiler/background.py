"""Load of flows that are not followed, as slower rows of the stations they share (R16).

In: uses of such flows. Out: a standing factor for the rows of shared stations:
1 - the share of their capacity that the background takes, at least 5 %.
"""

from collections.abc import Iterable, Mapping, Sequence

from sim.compiler.clock import DAY_S, HOUR_S, Clock
from sim.compiler.forming import state_at
from sim.compiler.journeys import Trip
from sim.compiler.parts import ServicePart, StationPart
from sim.compiler.uses import Use, trip_key
from sim.plan import PPM, Kind

MILLI = 1000
TYPICAL_FILL = 0.85
"""Lots aboard a vehicle of the background over those that fit; an assumption."""
LEAST_LEFT = 0.05
"""Share of a capacity that followed flows keep at least."""


def row_factors(
    uses: Sequence[Use],
    stations: Mapping[str, StationPart],
    services: Mapping[str, ServicePart],
    clock: Clock,
    *,
    in_force: Mapping[str, float],
    shared: frozenset[str],
) -> dict[str, int]:
    """Return row -> standing factor in parts per million, where it is below 1.

    Parameters
    ----------
    uses
        Of flows that are not followed.
    stations
        Of the plan.
    services
        Of the trips, by id.
    clock
        Of the run: loads and capacities are those of the measured window.
    in_force
        Facility row -> part of the measured window in which it is in force.
    shared
        Fleets that carry followed loads as well: where `keep` leaves out a flow that rides
        with them, their vessels call anyway. Rows that say `followed: no` stand for
        vessels of their own.
    """
    taken: dict[str, float] = {}
    for use in uses:
        for key, hours in _hours(use, stations, services, clock, shared=shared):
            taken[key] = taken.get(key, 0.0) + hours
    window_h = (clock.end_s - clock.start_s) / HOUR_S
    factors: dict[str, int] = {}
    for key, hours in taken.items():
        station = stations[key]
        servers = sum(row.servers * in_force.get(row.id, 1.0) for row in station.rows)
        share = hours / (window_h * servers) if servers else 1.0
        for row in station.rows:
            factors[row.id] = round(max(LEAST_LEFT, 1 - share) * PPM)
    return factors


def background_notes(uses: Sequence[Use], factors: Mapping[str, int]) -> tuple[str, ...]:
    """Return what the reader should know of flows that are not followed."""
    flows = {use.flow.id for use in uses}
    if not flows:
        return ()
    what = (
        "1 flow is not followed; it slows"
        if len(flows) == 1
        else (f"{len(flows)} flows are not followed; they slow")
    )
    note = f"{what} {len(factors)} rows that others share"
    if factors:
        most = min(factors, key=lambda row: (factors[row], row))
        note += f", most of all {most}, to {factors[most] / PPM:.0%} of its rate"
    return (note,)


def _hours(
    use: Use,
    stations: Mapping[str, StationPart],
    services: Mapping[str, ServicePart],
    clock: Clock,
    *,
    shared: frozenset[str],
) -> Iterable[tuple[str, float]]:
    """Yield stations of the plan and the server-hours that a use takes of them."""
    lots = use.amount_milli / use.flow.lot_milli
    for steps in use.journey.before:
        for key in steps:
            if key in stations:
                size = use.flow.lot_teu_milli / MILLI
                yield key, lots * _mean_h(stations[key], size)
    for trip in use.journey.trips:
        if use.flow.row.followed and trip_key(trip).service in shared:
            continue
        vehicles = _vehicles(use, trip, services, clock)
        served = [element.station for element in trip.elements if element.station]
        for key in (*served, *trip.berths):
            if key in stations:
                yield key, vehicles * _mean_h(stations[key], 1.0)


def _mean_h(station: StationPart, size_teu: float) -> float:
    """Return the hours of a server that one visit takes."""
    if station.kind is Kind.METER:
        paths = station.meter.paths_milli if station.meter else 0
        return DAY_S / HOUR_S * MILLI / paths if paths else 0.0
    row = station.rows[0]
    return station.share_ppm / PPM * row.mean_h * (size_teu if row.is_per_teu else 1.0)


def _vehicles(use: Use, trip: Trip, services: Mapping[str, ServicePart], clock: Clock) -> float:
    """Return the vehicles that carry a use in the measured window."""
    state = state_at(services[trip_key(trip).service], clock.start_s)
    lot = use.flow.lot_milli * max(1, state.unit[use.flow.load_class])
    aboard = max(1, round(state.capacity // lot * TYPICAL_FILL))
    return use.amount_milli / use.flow.lot_milli / aboard
