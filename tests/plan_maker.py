"""Small plans and draws written by hand, for tests of the engines.

Stations, services, legs, flows and routes are named; `build` puts them in order
and fills every array of the Plan.
"""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from sim.draws.closures import busy_keys
from sim.draws.hashing import mix, stable_key
from sim.draws.tables import build_table
from sim.plan import LOAD_CLASSES, NEVER, PPM, Draws, Effect, Kind, Plan, TrackRule

Spec = Any  # what a station, service or flow is told beyond its name

UNLIMITED = 10**9

table_of = cache(build_table)


def ints(values: Spec) -> np.ndarray:
    """Return an int64 array."""
    return np.array(values, dtype=np.int64)


def lists(rows: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Return the first-index and value arrays of a list of lists."""
    first = ints([0, *np.cumsum([len(row) for row in rows])])
    return first, ints([value for row in rows for value in row])


@dataclass
class PlanMaker:
    """A plan in the making; times in seconds, loads in whole units."""

    horizon_s: int = 100_000
    window: tuple[int, int] | None = None
    stop_after: int = NEVER
    first_day: int = 738_000
    stations: dict[str, dict[str, Any]] = field(default_factory=dict)
    services: dict[str, dict[str, Any]] = field(default_factory=dict)
    legs: dict[str, dict[str, Any]] = field(default_factory=dict)
    fleets: dict[str, dict[str, Any]] = field(default_factory=dict)
    flows: dict[str, dict[str, Any]] = field(default_factory=dict)
    routes: dict[str, dict[str, Any]] = field(default_factory=dict)
    closures: dict[str, dict[str, Any]] = field(default_factory=dict)
    loops: list[int] = field(default_factory=list)
    """Tracks of each passing loop."""
    stands: list[tuple[int, int]] = field(default_factory=list)
    """Loop and most trains of each stand."""
    sent: list[tuple[int, str, int]] = field(default_factory=list)
    laws: list[tuple[str, float]] = field(default_factory=lambda: [("deterministic", 0.0)])

    def server(self, name: str, mean_s: float = 60, servers: int = 1, **more: Spec) -> "PlanMaker":
        """Add a server station with one row, or `rows=[(servers, mean_s), ...]`."""
        rows = more.pop("rows", [(servers, mean_s)])
        self.stations[name] = {"kind": Kind.SERVER, "rows": rows, **more}
        return self

    def meter(self, name: str, paths_per_day: float = 0, **more: Spec) -> "PlanMaker":
        """Add a line meter: burst=1, headway_s=0, rule=BUCKET."""
        self.stations[name] = {"kind": Kind.METER, "paths": paths_per_day, **more}
        return self

    def service(self, name: str, **more: Spec) -> "PlanMaker":
        """Add a service: capacity, min_load, max_wait_s, headway_s, departures, vehicles."""
        self.services[name] = more
        return self

    def yard(self, name: str, room_teu: int, **more: Spec) -> "PlanMaker":
        """Add a yard: embargo_s=259200, refuses=0."""
        self.stations[name] = {"kind": Kind.YARD, "room": room_teu, **more}
        return self

    def leg(
        self,
        name: str,
        service: str,
        elements: list[tuple[str, int]],
        yard: str = "",
        *,
        wagons: tuple[str, int, int, int] | None = None,
        stands: dict[int, int] | None = None,
    ) -> "PlanMaker":
        """Add a leg of (station or '', move in s), and its pool `<name>/pool`.

        `wagons`: pool of wagons, number of the place from which trains take some, of the one
        where they are ready again, and the time until then. `stands`: element -> stand that
        the vehicle takes there.
        """
        self.legs[name] = {"service": service, "elements": elements, "yard": yard}
        self.legs[name] |= {"wagons": wagons, "stands": stands or {}}
        self.stations[f"{name}/pool"] = {"kind": Kind.POOL, "leg": name}
        return self

    def fleet(self, name: str, service: str, legs: tuple[str, str], **more: Spec) -> "PlanMaker":
        """Add a fleet: berths=('', ''), handlings=('', ''), turnaround_s=0, cruise_s=0."""
        self.fleets[name] = {"service": service, "legs": legs, **more}
        self.stations[name] = {"kind": Kind.FLEET}
        return self

    def wagons(self, name: str, ready: list[int], empty_s: list[list[int]]) -> "PlanMaker":
        """Add a pool of wagons: how many are ready at each place, and times between places."""
        self.stations[name] = {"kind": Kind.WAGONS, "ready": ready, "empty_s": empty_s}
        return self

    def flow(self, name: str, lot: int = 2, **more: Spec) -> "PlanMaker":
        """Add a flow of lots in whole units: load_class='box', priority=0."""
        self.flows[name] = {"lot": lot, **more}
        return self

    def route(self, name: str, flow: str, steps: list[str]) -> "PlanMaker":
        """Add a route; a step that is a leg's name is its pool."""
        self.routes[name] = {"flow": flow, "steps": steps}
        return self

    def closure(
        self, name: str, targets: list[str], spans: list[tuple[int, int]], **more: Spec
    ) -> "PlanMaker":
        """Add a closure of stations (or `station#row`): effect, value_ppm, weather.

        With `busy=(gap_s, mean_s)` it strikes its one row on busy time: gap_law, law and cv.
        """
        self.closures[name] = {"targets": targets, "spans": spans, **more}
        return self

    def send(self, instants_s: list[int], route: str) -> "PlanMaker":
        """Create consignments of a route's flow at given instants."""
        for instant_s in instants_s:
            self.sent.append((instant_s, route, len(self.sent) + 1))
        return self

    # --- arrays

    def _order(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(sorted(self.stations, key=str.encode))}

    def _law(self, spec: dict[str, Any]) -> int:
        law = (spec.get("law", "deterministic"), spec.get("cv", 0.0))
        if law not in self.laws:
            self.laws.append(law)
        return self.laws.index(law)

    def build(self) -> Plan:
        """Return the plan."""
        order = self._order()
        names = list(order)
        specs = [self.stations[name] for name in names]
        legs, services = list(self.legs), list(self.services)
        flows, routes = sorted(self.flows, key=str.encode), list(self.routes)
        pools = [name for name in names if self.stations[name]["kind"] == Kind.POOL]
        meters = [name for name in names if self.stations[name]["kind"] == Kind.METER]
        fleets = [name for name in names if self.stations[name]["kind"] == Kind.FLEET]
        yards = [name for name in names if self.stations[name]["kind"] == Kind.YARD]
        stocks = [name for name in names if self.stations[name]["kind"] == Kind.WAGONS]
        groups = (pools, meters, fleets, yards, stocks)
        detail = {name: i for group in groups for i, name in enumerate(group)}
        stands = self._wagon_places(stocks)
        rows = [
            (spec, servers, mean_s)
            for spec in specs
            for servers, mean_s in spec.get("rows", [(1, 0)])
        ]
        row_first = ints([0, *np.cumsum([len(spec.get("rows", [0])) for spec in specs])])
        row_law = ints([[self._law(spec)] for spec, _, _ in rows])
        fleet_of = {self.fleets[name]["service"]: i for i, name in enumerate(fleets)}
        departures = lists([self.services[s].get("departures", []) for s in services])
        element_first, element_station = lists(
            [
                [order.get(station, NEVER) for station, _ in self.legs[leg]["elements"]]
                for leg in legs
            ]
        )
        moves = [move for leg in legs for _, move in self.legs[leg]["elements"]]
        stations = [station for leg in legs for station, _ in self.legs[leg]["elements"]]
        places = [
            order[station] if station in order else len(names) + i
            for i, station in enumerate(stations)
        ]
        steps = lists(
            [
                [order.get(step, order.get(f"{step}/pool", NEVER)) for step in spec["steps"]]
                for spec in self.routes.values()
            ]
        )
        closures = list(self.closures)
        targets = lists(
            [self._rows_of(target, order, row_first) for target in self.closures.values()]
        )
        spans = sorted(
            (start, i, end)
            for i, name in enumerate(closures)
            for start, end in self.closures[name]["spans"]
        )
        window = self.window or (0, self.horizon_s)
        states = [state for s in services for state in self._states(self.services[s])]
        state_counts = [len(self._states(self.services[s])) for s in services]
        box = [LOAD_CLASSES.index(self.flows[f].get("load_class", "box")) for f in flows]
        lots = [1000 * self.flows[f]["lot"] for f in flows]
        none = ints([])
        busy = [
            (i, self.closures[c]) for i, c in enumerate(closures) if "busy" in self.closures[c]
        ]
        busy_laws = [(self._law(spec.get("gap_law", {})), self._law(spec)) for _, spec in busy]
        return Plan(
            horizon_s=self.horizon_s,
            window_start_s=window[0],
            window_end_s=window[1],
            first_day=self.first_day,
            stop_after_consignments=self.stop_after,
            station_kind=ints([spec["kind"] for spec in specs]),
            station_key=np.array([stable_key(name) for name in names], dtype=np.uint64),
            station_detail=ints([detail.get(name, 0) for name in names]),
            station_priority=ints([spec.get("priority", 0) for spec in specs]),
            station_batch_min=ints([spec.get("batch", (1, 1))[0] for spec in specs]),
            station_batch_max=ints([spec.get("batch", (1, 1))[1] for spec in specs]),
            station_queue_max=ints([spec.get("queue_max", NEVER) for spec in specs]),
            station_blocks=ints([spec.get("blocks", 0) for spec in specs]),
            station_share_ppm=ints([spec.get("share_ppm", PPM) for spec in specs]),
            station_couples=ints([spec.get("couples", 0) for spec in specs]),
            row_first=row_first,
            row_servers=ints([servers for _, servers, _ in rows]),
            row_law=row_law.reshape(-1, 1),
            row_mean_fp=ints([[round(256 * mean_s)] for _, _, mean_s in rows]).reshape(-1, 1),
            row_mean_teu_fp=ints([round(256 * spec.get("teu_s", 0)) for spec, _, _ in rows]),
            row_ref_load=ints([1000 * spec.get("ref_teu", 0) for spec, _, _ in rows]),
            row_at_closing=ints([spec.get("at_closing", 0) for spec, _, _ in rows]),
            row_slots=ints([spec.get("slots", NEVER) for spec, _, _ in rows]),
            row_midnight_s=ints([spec.get("midnight_s", 0) for spec, _, _ in rows]),
            row_factor_ppm=ints([spec.get("factor_ppm", PPM) for spec, _, _ in rows]),
            meter_paths_milli=ints([round(1000 * self.stations[m]["paths"]) for m in meters]),
            meter_burst=ints([self.stations[m].get("burst", 1) for m in meters]),
            meter_headway_s=ints([self.stations[m].get("headway_s", 0) for m in meters]),
            meter_rule=ints([self.stations[m].get("rule", TrackRule.BUCKET) for m in meters]),
            meter_opposite=ints(
                [
                    meters.index(self.stations[m]["opposite"])
                    if "opposite" in self.stations[m]
                    else NEVER
                    for m in meters
                ]
            ),
            meter_clearing_s=ints([self.stations[m].get("clearing_s", 0) for m in meters]),
            meter_fleet=ints([self.stations[m].get("fleet", 1) for m in meters]),
            service_key=np.array([stable_key(s) for s in services], dtype=np.uint64),
            service_fleet=ints([fleet_of.get(s, NEVER) for s in services]),
            service_headway_s=ints([self.services[s].get("headway_s", 0) for s in services]),
            service_timetable=ints([int("departures" in self.services[s]) for s in services]),
            service_hold_s=ints([self.services[s].get("hold_s", 0) for s in services]),
            departure_first=departures[0],
            departure_s=departures[1],
            state_first=ints([0, *np.cumsum(state_counts)]),
            state_from_s=ints([state["from_s"] for state in states]),
            state_capacity=ints([1000 * state["capacity"] for state in states]),
            state_unit=ints([state["unit"] for state in states]).reshape(-1, 5),
            state_deck=ints([state["deck"] for state in states]).reshape(-1, 5),
            state_min=ints([state["min_load"] for state in states]),
            state_max_wait_s=ints([state["max_wait_s"] for state in states]),
            state_vehicles=ints([state["vehicles"] for state in states]),
            state_wagons=ints([state["wagons"] for state in states]),
            pool_station=ints([order[p] for p in pools]),
            pool_leg=ints([legs.index(self.stations[p]["leg"]) for p in pools]),
            pool_end=ints([self._end_of(self.stations[p]["leg"]) for p in pools]),
            pool_min_lot=ints([min(lots, default=0) for _ in pools]),
            pool_min_class=ints([box[int(np.argmin(lots))] if lots else 0 for _ in pools]),
            leg_service=ints([services.index(self.legs[leg]["service"]) for leg in legs]),
            leg_class=ints(range(len(legs))),
            element_first=element_first,
            element_station=element_station,
            element_move_s=ints(moves),
            element_place=ints(places),
            element_stand=ints(
                [
                    self.legs[leg]["stands"].get(i, NEVER)
                    for leg in legs
                    for i in range(len(self.legs[leg]["elements"]))
                ]
            ),
            stand_loop=ints([loop for loop, _ in self.stands]),
            stand_most=ints([most for _, most in self.stands]),
            loop_tracks=ints(self.loops),
            fleet_station=ints([order[f] for f in fleets]),
            fleet_service=ints([services.index(self.fleets[f]["service"]) for f in fleets]),
            fleet_pool=ints(
                [[pools.index(f"{leg}/pool") for leg in self.fleets[f]["legs"]] for f in fleets]
            ).reshape(-1, 2),
            fleet_leg=ints(
                [[legs.index(leg) for leg in self.fleets[f]["legs"]] for f in fleets]
            ).reshape(-1, 2),
            fleet_berth=self._fleet_stations("berths", order),
            fleet_handling=self._fleet_stations("handlings", order),
            fleet_turnaround_s=ints([self.fleets[f].get("turnaround_s", 0) for f in fleets]),
            fleet_cruise_s=ints([self.fleets[f].get("cruise_s", 0) for f in fleets]),
            wagon_station=ints([order[w] for w in stocks]),
            wagon_place_first=stands[0],
            wagon_ready=stands[1],
            wagon_empty_s=stands[2],
            pool_wagons=ints(
                [self._stand(self.stations[p]["leg"], stocks, stands[0], 1) for p in pools]
            ),
            leg_wagons=ints([self._stand(leg, stocks, stands[0], 2) for leg in legs]),
            leg_wagons_s=ints([(self.legs[leg]["wagons"] or [0])[-1] for leg in legs]),
            yard_station=ints([order[y] for y in yards]),
            yard_capacity=ints([1000 * self.stations[y]["room"] for y in yards]),
            leg_yard=ints([detail.get(self.legs[leg]["yard"], NEVER) for leg in legs]),
            yard_refuses=ints([self.stations[y].get("refuses", 0) for y in yards]),
            yard_embargo_s=ints([self.stations[y].get("embargo_s", 259_200) for y in yards]),
            flow_key=np.array([stable_key(f) for f in flows], dtype=np.uint64),
            flow_class=ints(box),
            flow_lot=ints(lots),
            flow_lot_teu=ints(lots),
            flow_size=ints([0] * len(flows)),
            flow_priority=ints([self.flows[f].get("priority", 0) for f in flows]),
            flow_patience_s=ints([NEVER] * len(flows)),
            flow_gap_law=ints([0] * len(flows)),
            flow_together=ints([1] * len(flows)),
            intensity_first=ints([0] * (len(flows) + 1)),
            intensity_s=none,
            intensity_fp=none,
            route_key=np.array([stable_key(r) for r in routes], dtype=np.uint64),
            route_flow=ints([flows.index(self.routes[r]["flow"]) for r in routes]),
            step_first=steps[0],
            step_station=steps[1],
            epoch_start_s=ints([0]),
            choice_first=ints([0] * (len(flows) + 1)),
            choice_route=none,
            choice_log_share=none,
            closure_key=np.array([stable_key(c) for c in closures], dtype=np.uint64),
            closure_effect=ints([self.closures[c].get("effect", Effect.SHUT) for c in closures]),
            closure_value_ppm=ints([self.closures[c].get("value_ppm", PPM) for c in closures]),
            closure_is_weather=ints([int(self.closures[c].get("weather", 0)) for c in closures]),
            closure_target_first=targets[0],
            closure_target=targets[1],
            ban_closure=none,
            ban_first=ints([0]),
            ban_route=none,
            interval_closure=ints([i for _, i, _ in spans]),
            interval_start_s=ints([start for start, _, _ in spans]),
            interval_end_s=ints([end for _, _, end in spans]),
            random_closure=none,
            random_gap_fp=none,
            random_law=none,
            random_mean_fp=none,
            random_with=none,
            random_with_ppm=none,
            random_is_up=none,
            random_window_first=ints([0]),
            random_window_start_s=none,
            random_window_end_s=none,
            busy_closure=ints([i for i, _ in busy]),
            busy_gap_law=ints([gap for gap, _ in busy_laws]),
            busy_gap_fp=ints([256 * spec["busy"][0] for _, spec in busy]),
            busy_law=ints([law for _, law in busy_laws]),
            busy_mean_fp=ints([256 * spec["busy"][1] for _, spec in busy]),
            law_table=np.stack([table_of(*law) for law in self.laws]),
        )

    def draws(self, plan: Plan) -> Draws:
        """Return the consignments sent by hand, and the plan's known closures."""
        flows, routes = sorted(self.flows, key=str.encode), list(self.routes)
        rows = sorted(
            (at_s, flows.index(self.routes[r]["flow"]), n, routes.index(r))
            for at_s, r, n in self.sent
        )
        table = ints(rows).reshape(-1, 4)
        keys = [mix(int(plan.flow_key[flow]), n) for _, flow, n, _ in rows]
        gap_key, length_key = busy_keys(0, plan.closure_key[plan.busy_closure])
        return Draws(
            consignment_created_s=table[:, 0],
            consignment_entered_s=table[:, 0],
            consignment_flow=table[:, 1],
            consignment_number=table[:, 2],
            consignment_key=np.array(keys, dtype=np.uint64),
            consignment_route=table[:, 3],
            consignment_is_banned=np.zeros(len(table), dtype=np.int64),
            closure_index=plan.interval_closure,
            closure_start_s=plan.interval_start_s,
            closure_end_s=plan.interval_end_s,
            busy_gap_key=gap_key,
            busy_length_key=length_key,
        )

    def _rows_of(
        self, closure: dict[str, Any], order: dict[str, int], first: np.ndarray
    ) -> list[int]:
        rows: list[int] = []
        for target in closure["targets"]:
            name, _, row = target.partition("#")
            rank = order[name]
            rows += [int(first[rank]) + int(row)] if row else range(first[rank], first[rank + 1])
        return rows

    def _states(self, service: dict[str, Any]) -> list[dict[str, Any]]:
        states = []
        for change in service.get("states", [{}]):
            spec: dict[str, Spec] = {"from_s": 0, "capacity": UNLIMITED, "vehicles": 0}
            spec |= {"wagons": 0}
            spec |= {"max_wait_s": NEVER, "unit": [1] * 5, "deck": [0] * 5, "min_load": NEVER}
            spec |= {key: value for key, value in service.items() if key in spec} | change
            if spec["min_load"] != NEVER:
                spec["min_load"] *= 1000
            states.append(spec)
        return states

    def _wagon_places(self, stocks: list[str]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return where each pool's places begin, how many wagons are ready, and times."""
        specs = [self.stations[name] for name in stocks]
        first, ready = lists([spec["ready"] for spec in specs])
        empty_s = np.full((len(ready), int(np.diff(first).max(initial=0))), NEVER)
        for begin, spec in zip(first.tolist(), specs, strict=False):
            for at, row in enumerate(spec["empty_s"]):
                empty_s[begin + at, : len(row)] = row
        return first, ready, ints(empty_s)

    def _stand(self, leg: str, stocks: list[str], first: np.ndarray, which: int) -> int:
        wagons = self.legs[leg]["wagons"]
        return NEVER if wagons is None else int(first[stocks.index(wagons[0])]) + wagons[which]

    def _end_of(self, leg: str) -> int:
        return next((f["legs"].index(leg) for f in self.fleets.values() if leg in f["legs"]), 0)

    def _fleet_stations(self, what: str, order: dict[str, int]) -> np.ndarray:
        fleets = [name for name in order if self.stations[name]["kind"] == Kind.FLEET]
        rows = [
            [order.get(station, NEVER) for station in self.fleets[f].get(what, ("", ""))]
            for f in fleets
        ]
        return ints(rows).reshape(-1, 2)
