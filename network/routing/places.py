"""Routes as loads on places: which pools they fill, which links and stations those work.

A pool is what forms vehicles for one leg: one service, from one end, over one way. Loads of
all classes are counted in vehicle loads (parts of a vehicle's capacity), so that boxes and
bulk on one ferry add up (R16).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from network.lanes import names_flows
from network.routing import capacity, cost
from network.routing.lines import Terms
from network.routing.passage import Stop, capacity_teu, once, stops, visits
from network.routing.records import Leg, PlaceKind, Route
from network.routing.views import Closed, Views
from network.schema import ClosureRow, DefaultRow, FacilityRow, LinkRow, ServiceRow
from network.visit import VEHICLE_MODE, Visit, station_key

Reals = NDArray[np.float64]
Ints = NDArray[np.int64]

_LEAST_SCALE = 0.3
_DAY_H = 24.0
_TINY = 1e-9


class PlaceSpec(NamedTuple):
    """A capacity-limited place."""

    kind: PlaceKind
    id: str
    capacity_per_day: float
    unit: str


class Pools(NamedTuple):
    """How the vehicles of each pool form; (P,) arrays, loads in parts of a vehicle."""

    capacity_teu: Reals
    least: Reals
    """Least part of a vehicle at which it leaves before its time; 1: only when full."""
    lot: Reals
    """Part of a vehicle that the smallest lot fills."""
    most: Reals
    """Most departures a day of the pool's service from this end; infinite: no limit."""
    service: Reals
    """Number of the service and end: pools of one number share the departures."""
    wait_days: Reals
    """Longest wait of the oldest; infinite: none."""
    rail: Reals
    """1 for trains, 0 for other vehicles."""


class Pairs(NamedTuple):
    """A sparse matrix: entry n adds value[n] × of[n] to onto[n]."""

    of: Ints
    onto: Ints
    value: Reals

    def spread(self, amounts: Reals, size: int) -> Reals:
        """Return the sums onto each of `size` receivers."""
        weights = self.value * amounts[self.of]
        sums = np.bincount(self.onto, weights=weights, minlength=size)[:size]
        return sums.astype(np.float64)


class Burden(NamedTuple):
    """Everything that turns TEU a day by route into loads of places."""

    places: tuple[PlaceSpec, ...]
    pools: Pools
    filled: Pairs
    """Route -> pool × deck (index 2 p + deck): vehicle loads per TEU."""
    vehicles: Pairs
    """Pool -> place: part of the place's day that one vehicle takes."""
    scale: Reals
    """One per entry of `vehicles`: capacity over the load that the mean was found on, or 0."""
    direct: Pairs
    """Route -> place: part of the place's day per TEU."""
    loads: Pairs
    """Pool -> place of its service: part of the place's day per vehicle load."""
    felt: Pairs
    """Place -> route: USD per TEU for each shadow hour."""

    def offered(self, teu_per_day: Reals, floor: float = 0.0) -> Reals:
        """Return the load of every place, offered over stated, for TEU a day by route.

        Parameters
        ----------
        floor
            Least part of its least load with which any train is taken to leave, 0 to 1.
        """
        decks = self.filled.spread(teu_per_day, 2 * len(self.pools.lot)).reshape(-1, 2)
        full = decks.max(axis=1)
        part = np.maximum(part_filled(self.pools, full), floor * self.pools.least)
        trips = np.divide(full, part, out=np.zeros_like(full), where=part > 0.0)
        return (
            self._worked(trips, part)
            + self.loads.spread(full, len(self.places))
            + self.direct.spread(teu_per_day, len(self.places))
        )

    def filled_ratio(self, teu_per_day: Reals) -> Reals:
        """Return, by route, the least fill of its trains over their least load, ≤ 1."""
        decks = self.filled.spread(teu_per_day, 2 * len(self.pools.lot)).reshape(-1, 2)
        part = part_filled(self.pools, decks.max(axis=1))
        ratio = np.where(
            self.pools.rail > 0.0, np.minimum(1.0, part / np.maximum(self.pools.least, _TINY)), 1.0
        )
        least = np.ones(len(teu_per_day))
        np.minimum.at(least, self.filled.of, ratio[self.filled.onto // 2])
        return least

    def _worked(self, trips: Reals, part: Reals) -> Reals:
        of = self.vehicles.of
        scale = np.where(self.scale > 0.0, np.maximum(_LEAST_SCALE, self.scale * part[of]), 1.0)
        scaled = self.vehicles._replace(value=self.vehicles.value * scale)
        return scaled.spread(trips, len(self.places))


def part_filled(pools: Pools, loads_per_day: Reals) -> Reals:
    """Return the part of its capacity with which a vehicle of each pool leaves (R10).

    It leaves with its least load, or earlier with what there is once the oldest has waited
    long enough; with more where its service has not departures enough for all that.
    """
    has_patience = np.isfinite(pools.wait_days)
    in_time = loads_per_day * np.where(has_patience, pools.wait_days, 0.0)
    patient = np.where(has_patience, np.maximum(in_time, pools.lot), np.inf)
    part = np.minimum(pools.least, patient)
    trips = np.divide(loads_per_day, part, out=np.zeros_like(part), where=part > 0.0)
    number = pools.service.astype(np.int64)
    wanted = np.bincount(number, weights=trips, minlength=1)[number]
    filled: Reals = np.minimum(part * np.maximum(1.0, wanted / pools.most), 1.0)
    return filled


class _Entries:
    """Collects the entries of a sparse matrix."""

    def __init__(self) -> None:
        self._rows: list[tuple[int, int, float]] = []

    def add(self, of: int, onto: int, value: float) -> None:
        self._rows.append((of, onto, value))

    def done(self) -> Pairs:
        of, onto, value = zip(*self._rows, strict=True) if self._rows else ((), (), ())
        return Pairs(
            np.array(of, dtype=np.int64),
            np.array(onto, dtype=np.int64),
            np.array(value, dtype=np.float64),
        )


class Ledger:
    """Builds a `Burden` route by route."""

    def __init__(self, views: Views, closures: tuple[ClosureRow, ...]) -> None:
        self._views = views
        self._atlas = atlas = views.whole
        self._closures = closures
        self._stations = capacity.stations(atlas, closures)
        self._services: dict[str, ServiceRow | DefaultRow] = {
            row.id: row for rows in atlas.services.values() for row in rows
        }
        self._services.update({row.id: row for row in atlas.defaults})
        self._places: list[PlaceSpec] = []
        self._index: dict[tuple[PlaceKind, str], int] = {}
        self._pools: dict[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], int] = {}
        self._pool_rows: list[tuple[float, ...]] = []
        self._ends: dict[tuple[str, str, str], int] = {}
        self._pool_places: list[dict[int, bool]] = []
        self._stops: dict[tuple[Leg, Closed], tuple[Stop, ...]] = {}
        self._filled, self._vehicles, self._direct = _Entries(), _Entries(), _Entries()
        self._loads, self._felt = _Entries(), _Entries()
        self._scale: list[float] = []
        self._routes = 0

    def add(self, route: Route, terms: Terms, closed: Closed) -> None:
        """Add a route for a load; routes are numbered in the order in which they come.

        Parameters
        ----------
        closed
            Facility rows that are not for its flow.
        """
        index = self._routes
        self._routes += 1
        touched: dict[int, bool] = {}
        seen = visits(self._views.of(closed), route.legs, route.origin, route.load_class)
        for at, leg in enumerate(route.legs):
            passed = self._passed(leg, closed, (seen[at], seen[at + 1]))
            pool = self._pool(leg, passed, terms.lot_teu)
            row = self._services[leg.service]
            teu = capacity_teu(row, leg.load_class)
            deck = int(leg.load_class == "truck" and leg.mode in {"sea", "river"})
            self._filled.add(index, 2 * pool + deck, 1.0 / teu if teu else 0.0)
            touched |= self._pool_places[pool]
        for visit in seen:
            for facility in once(visit.consignment):
                place = self._station(facility)
                if place is not None:
                    self._direct.add(index, place, self._work(facility, terms.lot_teu))
                    touched.setdefault(place, False)
        for place, is_rail in touched.items():
            hire = cost.wagon_hire(self._atlas.prices, "rail") if is_rail else 0.0
            self._felt.add(place, index, terms.value_usd_per_h + hire)

    def _work(self, row: FacilityRow, lot_teu: float) -> float:
        """Return the part of a station's day that one TEU takes on its own."""
        station = self._stations[station_key(row)]
        lots = 1.0 if row.per == "teu" else 1.0 / lot_teu
        # A row worked by the servers of others has a time of its own.
        mean_h = station.mean_h if row.servers else row.mean_h or 0.0
        return row.share * mean_h * lots / station.hours_per_day

    def burden(self) -> Burden:
        """Return what has been added, as arrays."""
        table = np.array(self._pool_rows, dtype=np.float64).reshape(-1, len(Pools._fields))
        return Burden(
            places=tuple(self._places),
            pools=Pools(*(table[:, column] for column in range(len(Pools._fields)))),
            filled=self._filled.done(),
            vehicles=self._vehicles.done(),
            scale=np.array(self._scale, dtype=np.float64),
            direct=self._direct.done(),
            loads=self._loads.done(),
            felt=self._felt.done(),
        )

    def _passed(
        self, leg: Leg, closed: Closed, ends: tuple[Visit, Visit]
    ) -> tuple[FacilityRow, ...]:
        """Return the rows that the vehicle of a leg passes, in order."""
        key = (leg, closed)
        if key not in self._stops:
            self._stops[key] = stops(self._views.of(closed), leg)
        under_way = (row for at in self._stops[key] for row in at.rows)
        return (*ends[0].departing, *under_way, *ends[1].arriving)

    def _pool(self, leg: Leg, passed: tuple[FacilityRow, ...], lot_teu: float) -> int:
        # Vehicles that pass a lane of their own form by themselves.
        lanes = tuple(row.id for row in passed if names_flows(row.flows))
        key = (leg.service, leg.origin, leg.destination, leg.links, lanes)
        row = self._services[leg.service]
        teu = capacity_teu(row, leg.load_class) or 0.0
        lot = min(1.0, lot_teu / teu) if teu else 1.0
        if key in self._pools:
            index = self._pools[key]
            known = self._pool_rows[index]
            self._pool_rows[index] = (*known[:2], min(known[2], lot), *known[3:])
        else:
            index = self._pools[key] = len(self._pools)
            self._pool_places.append({})
            most = self._works_service(index, leg, row)
            end = self._ends.setdefault(key[:3], len(self._ends))
            wait = np.inf if row.max_wait_h is None else row.max_wait_h / _DAY_H
            self._pool_rows.append(
                (
                    teu,
                    _least(row, leg, teu),
                    lot,
                    most,
                    float(end),
                    wait,
                    float(leg.mode == "rail"),
                )
            )
            self._works_lines(index, leg)
        # Loads of several classes share a pool: each class adds the rows that are its own.
        self._works_stations(index, passed, teu)
        return index

    def _works_lines(self, pool: int, leg: Leg) -> None:
        for link, forward in zip(leg.links, leg.forward, strict=True):
            row: LinkRow = self._atlas.links[link]
            paths = capacity.paths_per_day(self._closures, row)
            if np.isfinite(paths):
                name = f"{link}{'>' if forward else '<'}"
                place = self._place("link", name, paths, "trains")
                self._put(pool, place, 1.0 / paths, 0.0, is_rail=True)

    def _works_service(self, pool: int, leg: Leg, row: ServiceRow | DefaultRow) -> float:
        """Enter the service as a place; return its most departures a day."""
        if isinstance(row, DefaultRow):
            return np.inf
        most = capacity.departures_per_day(self._atlas, self._closures, row, leg.moving_h)
        if np.isfinite(most):
            name = f"{row.line or row.id} {leg.origin}>{leg.destination}"
            place = self._place("service", name, most, "departures")
            self._loads.add(pool, place, 1.0 / self._places[place].capacity_per_day)
            self._pool_places[pool][place] = leg.mode == "rail"
        return most

    def _works_stations(self, pool: int, passed: tuple[FacilityRow, ...], teu: float) -> None:
        for row in passed:
            place = self._station(row)
            if place is None or place in self._pool_places[pool]:
                continue
            station = self._stations[station_key(row)]
            # A vessel's one call serves what it lands and what it takes: half to each.
            calls = 0.5 if row.operation == "berth" else 1.0
            work = calls * row.share * station.mean_h / station.hours_per_day
            scale = teu / row.ref_teu if row.ref_teu else 0.0
            self._put(pool, place, work, scale, is_rail=VEHICLE_MODE[row.per] == "rail")

    def _put(self, pool: int, place: int, work: float, scale: float, *, is_rail: bool) -> None:
        self._vehicles.add(pool, place, work)
        self._scale.append(scale)
        self._pool_places[pool][place] = is_rail

    def _station(self, row: FacilityRow) -> int | None:
        station = self._stations.get(station_key(row))
        if station is None:
            return None
        return self._place("station", station.id, station.hours_per_day, "server-hours")

    def _place(self, kind: PlaceKind, name: str, capacity_per_day: float, unit: str) -> int:
        key = (kind, name)
        if key not in self._index:
            self._index[key] = len(self._places)
            self._places.append(PlaceSpec(kind, name, capacity_per_day, unit))
        return self._index[key]


def _least(row: ServiceRow | DefaultRow, leg: Leg, teu: float) -> float:
    """Return the least part of a vehicle at which it may leave; 1 where only when full."""
    if row.min_load_teu is None or not teu:
        return 1.0
    boxes = capacity_teu(row, "box") or teu
    return min(1.0, row.min_load_teu / (boxes if leg.load_class == "box" else teu))
