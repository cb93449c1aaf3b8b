"""Small random plans in which every rule of the engine is switched on now and then.

In: a seed. Out: a PlanMaker, its Plan and its Draws. `shuffled` declares the same
things in another order; `with_unused` adds things that nobody visits.
"""

from copy import deepcopy
from dataclasses import fields
from typing import Any

import numpy as np
from plan_maker import PlanMaker
from random_chance import Chance

from sim.draws.hashing import mix
from sim.plan import LOAD_CLASSES, NEVER, PPM, AtClosing, Draws, Effect, Kind, Plan, TrackRule

DAY_S = 86_400


def random_plan(seed: int) -> tuple[PlanMaker, Plan, Draws]:
    """Return a small random plan: 2-12 stations, 1-6 flows, 10-300 consignments."""
    maker = _Sketch(seed).maker()
    plan, draws = build(maker)
    return maker, plan, draws


def build(maker: PlanMaker) -> tuple[Plan, Draws]:
    """Return plan and draws as a compiler and `draw` would state them.

    Closures stand in order of id, a pool knows the least lot that may join it, and
    a few consignments (by the hash of their key) find no route, or not at once, or are banned.
    """
    ordered = deepcopy(maker)
    ordered.closures = dict(sorted(maker.closures.items()))
    plan = ordered.build()
    draws = ordered.draws(plan)
    plan = _with_least_lots(plan)
    return plan, _with_late_entries(maker, draws)


def shuffled(maker: PlanMaker, seed: int) -> PlanMaker:
    """Return the same plan with everything declared in another order."""
    rng = np.random.default_rng(seed)
    other = PlanMaker(**{field.name: getattr(maker, field.name) for field in fields(maker)})
    for name in ("stations", "services", "legs", "fleets", "flows", "routes", "closures"):
        items = list(getattr(maker, name).items())
        setattr(other, name, dict([items[i] for i in rng.permutation(len(items))]))
    other.sent = [maker.sent[i] for i in rng.permutation(len(maker.sent))]
    other.laws = list(maker.laws)
    return other


def with_unused(maker: PlanMaker, seed: int) -> PlanMaker:
    """Return the plan with things that nobody uses, sorting before, between and after."""
    rng = np.random.default_rng(seed)
    other = deepcopy(maker)
    middle = sorted(maker.stations)[len(maker.stations) // 2]
    for stem in ("!", middle + "~", "~"):
        other.server(stem + "server", 100, queue_max=0).meter(stem + "meter", 24)
        other.service(stem + "service", capacity=50, headway_s=3600, max_wait_s=60)
        other.leg(stem + "leg", stem + "service", [(stem + "server", 0), ("", 100)])
        other.flow(stem + "flow", 3, load_class="bulk")
        other.route(stem + "route", stem + "flow", [stem + "server", stem + "leg"])
        other.closure(stem + "closure", [stem + "server", stem + "leg/pool"], [(0, 5000)])
    return shuffled(other, int(rng.integers(1 << 30)))


def _with_least_lots(plan: Plan) -> Plan:
    """Give each pool the least lot, in the units of its service, of flows that pass it."""
    lot, least_class = plan.pool_min_lot.copy(), plan.pool_min_class.copy()
    for pool, station in enumerate(plan.pool_station):
        unit = plan.state_unit[plan.state_first[plan.leg_service[plan.pool_leg[pool]]]]
        lots = [
            (int(plan.flow_lot[flow] * unit[plan.flow_class[flow]]), int(flow))
            for route, flow in enumerate(plan.route_flow)
            if station in plan.step_station[plan.step_first[route] : plan.step_first[route + 1]]
        ]
        if lots:
            flow = min(lots)[1]
            lot[pool], least_class[pool] = plan.flow_lot[flow], plan.flow_class[flow]
    return plan._replace(pool_min_lot=lot, pool_min_class=least_class)


def _with_late_entries(maker: PlanMaker, draws: Draws) -> Draws:
    entered_s, route = draws.consignment_entered_s.copy(), draws.consignment_route.copy()
    is_banned = draws.consignment_is_banned.copy()
    has_late = maker.first_day % 4 == 0
    for i, key in enumerate(draws.consignment_key.tolist()):
        lot = mix(key, 1) % 32
        if has_late and lot < 3:
            entered_s[i] += 60 * (1 + mix(key, 2) % 50)
            route[i] = NEVER if lot == 0 else route[i]
        if has_late and lot == 3:
            route[i], is_banned[i] = NEVER, 1
    return draws._replace(
        consignment_entered_s=entered_s, consignment_route=route, consignment_is_banned=is_banned
    )


class _Sketch(Chance):
    """One random plan in the making."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        horizon_s = self._horizon_s
        self._maker = PlanMaker(
            horizon_s=horizon_s, first_day=738_000 + int(self._rng.integers(8))
        )
        self._servers: list[str] = []
        self._vehicle_servers: list[str] = []
        self._meters: list[str] = []
        self._sides: list[str] = []
        self._yards: list[str] = []
        self._legs: list[str] = []
        self._after: dict[str, str] = {}
        """Handling at the far end of a leg, which a box asks for at mooring."""

    def maker(self) -> PlanMaker:
        """Return the plan, whole."""
        maker = self._maker
        for _ in range(self._count(1, 3)):
            self._servers.append(self._server("s"))
        for _ in range(self._count(0, 2)):
            self._vehicle_servers.append(self._server("v", is_for_vehicles=True))
        for _ in range(self._count(0, 4)):
            self._meters.append(self._meter())
        if self._has(0.25):
            self._single_track()
        for name in self._flow_names():
            lot = self._count(1, 4)
            load_class = LOAD_CLASSES[self._count(0, 2)] if self._has(0.5) else "box"
            maker.flow(name, lot, load_class=load_class, priority=self._count(0, 3))
        for _ in range(self._count(1, 2) if self._has(0.55) else 0):
            self._yards.append(self._yard())
        for _ in range(self._pick([0, 1, 1, 2, 3])):
            self._service()
        if self._has(0.5):
            self._fleet()
        self._routes()
        self._closures()
        self._send()
        self._cut()
        self._scarce()
        return maker

    # --- stations

    def _server(self, kind: str, *, is_for_vehicles: bool = False) -> str:
        name = self._name(kind)
        rows = [
            (self._count(1, 3), self._span(0.1, 3)) for _ in range(self._pick([1, 1, 1, 1, 2, 3]))
        ]
        more: dict[str, Any] = {"rows": rows, "priority": int(self._has(0.3))}
        if self._has(0.5):
            law = self._pick([("exponential", 1.0), ("uniform", 0.5), ("gamma", 0.7)])
            more["law"], more["cv"] = law
        if self._has(0.25):
            least = self._count(1, 3)
            more["batch"] = (least, least + self._count(0, 3))
        if self._has(0.2) and not is_for_vehicles:
            more["queue_max"] = self._count(0, 6)
        if self._has(0.3) and is_for_vehicles:
            more["ref_teu"] = self._count(5, 30)
        if len(rows) == 1 and self._has(0.9):
            more["at_closing"] = self._pick([AtClosing.SUSPEND, AtClosing.RESTART])
        if self._has(0.25):
            more["share_ppm"] = self._pick([100_000, 500_000, 900_000])
        if "batch" not in more and self._has(0.25):
            more["slots"] = self._count(1, 12)
            more["midnight_s"] = self._instant() - self._pick([0, DAY_S])
        if self._has(0.1):
            more["factor_ppm"] = self._pick([700_000, 333_333])
        self._maker.server(name, **more)
        return name

    def _meter(self) -> str:
        name = self._name("m")
        if self._has(0.25):
            self._maker.meter(name)
            return name
        paths = DAY_S / self._span(0.3, 3) if self._has(0.7) else self._count(5, 700)
        self._maker.meter(
            name,
            paths,
            burst=self._pick([1, 2, 3, 5]),
            headway_s=0 if self._has(0.3) else self._span(0.1, 0.8),
            rule=TrackRule.SLOTS if self._has(0.3) else TrackRule.BUCKET,
            priority=int(self._has(0.2)),
        )
        return name

    def _single_track(self) -> None:
        """Add a section that is used one way at a time."""
        self._sides = [self._name("t"), self._name("t")]
        rule = {
            "rule": TrackRule.ALTERNATING,
            "headway_s": self._pick([0, self._span(0.1, 1)]),
            "clearing_s": self._pick([0, self._span(0.1, 1)]),
            "fleet": self._count(1, 3),
        }
        for side, other in (self._sides, self._sides[::-1]):
            self._maker.meter(side, opposite=other, **rule)

    def _yard(self) -> str:
        name = self._name("y")
        embargo_s = self._span(0.5, 10) if self._has(0.6) else 259_200 + self._horizon_s
        refuses = int(self._has(0.35))
        self._maker.yard(name, self._count(2, 16), embargo_s=embargo_s, refuses=refuses)
        return name

    def _flow_names(self) -> list[str]:
        return [self._name("f") for _ in range(self._count(1, 6))]

    # --- services

    def _elements(self, *, is_from_berth: bool = False) -> list[tuple[str, int]]:
        """Return a leg that takes time; from a berth it begins at a station."""
        elements: list[tuple[str, int]] = []
        for _ in range(self._count(0, 4)):
            kind = self._pick(["server", "meter", "meter", "move"])
            if kind == "server" and self._vehicle_servers:
                move_s = self._pick([0, self._span(0.1, 2)])
                elements.append((self._pick(self._vehicle_servers), move_s))
            elif kind == "meter" and self._meters:
                move_s = self._pick([0, self._span(0.1, 4), self._span(0.1, 4)])
                elements.append((self._pick(self._meters), move_s))
            else:
                elements.append(("", self._span(0.1, 4)))
        if self._sides and self._has(0.7):
            # What runs before takes time, so a train asks among the arrivals of its instant.
            elements += [("", self._span(0.1, 2)), (self._pick(self._sides), self._span(0.2, 3))]
        if is_from_berth and (not elements or not self._stops_all(elements[0][0])):
            elements.insert(0, (self._mouth(), 0))
        if not elements or elements[-1][1] == 0 or self._has(0.5):
            elements.append(("", self._span(0.2, 4)))
        return elements

    def _stops_all(self, station: str) -> bool:
        return "share_ppm" not in self._maker.stations.get(station, {"share_ppm": 0})

    def _mouth(self) -> str:
        """Return a gate that only opens and shuts."""
        name = self._name("g")
        self._maker.meter(name)
        return name

    def _forming(self) -> dict[str, Any]:
        """Return how vehicles form: capacity for any lot, and when they leave."""
        most = max(flow["lot"] for flow in self._maker.flows.values())
        unit, deck = [1] * 5, [0] * 5
        if self._has(0.4):
            unit = [self._count(1, 3) for _ in range(5)]
            deck = [self._count(0, 1) for _ in range(5)]
        least = most * max(unit)
        capacity = least + self._count(0, 12)
        more: dict[str, Any] = {"capacity": capacity, "unit": unit, "deck": deck}
        if self._has(0.4):
            more["min_load"] = self._count(1, capacity)
        if self._has(0.7):
            more["max_wait_s"] = self._span(0.3, 10)
        if self._has(0.45):
            more["states"] = self._states(least, capacity)
        return more

    def _states(self, least: int, capacity: int) -> list[dict[str, Any]]:
        states: list[dict[str, Any]] = [{}]
        for from_s in sorted({self._instant() for _ in range(self._count(1, 2))} - {0}):
            state: dict[str, Any] = {"from_s": from_s}
            if self._has(0.7):
                state["capacity"] = least + self._count(0, capacity)
            if self._has(0.5):
                state["max_wait_s"] = self._pick([NEVER, self._span(0.3, 6)])
            states.append(state)
        return states

    def _service(self) -> None:
        name = self._name("b")
        more = self._forming()
        kind = self._pick(["free", "gap", "gap", "timetable", "timetable"])
        if kind == "gap":
            more["headway_s"] = self._span(0.3, 4)
        elif kind == "timetable":
            first_s, gap_s = self._span(0, 5), self._span(0.5, 5)
            regular = range(first_s, self._horizon_s, gap_s)
            irregular = sorted({self._instant() for _ in range(self._count(1, 20))})
            more["departures"] = self._pick([list(regular), irregular])
            more["hold_s"] = self._pick([0, self._span(0.1, 2)])
        self._maker.service(name, **more)
        for _ in range(self._pick([1, 1, 2, 3])):
            self._leg(name, self._elements())

    def _leg(self, service: str, elements: list[tuple[str, int]]) -> str:
        name = self._name("leg")
        yard = self._pick(self._yards) if self._yards and self._has(0.7) else ""
        self._maker.leg(name, service, elements, yard)
        self._maker.stations[f"{name}/pool"]["priority"] = int(self._has(0.3))
        self._legs.append(name)
        return name

    def _fleet(self) -> None:
        service, fleet = self._name("b"), self._name("fleet")
        more = {**self._forming(), "vehicles": self._count(1, 4)}
        if self._has(0.3):
            more["headway_s"] = self._span(0.3, 3)
        elif self._has(0.2):
            more["departures"] = list(range(self._span(0, 3), self._horizon_s, self._span(0.3, 2)))
        for state in more.get("states", [{}])[1:]:
            if self._has(0.9):
                state["vehicles"] = self._count(0, 4)
        self._maker.service(service, **more)
        berths, cranes = ["", ""], ["", ""]
        has_one_port = self._has(0.2)
        for end in (0, 1):
            if self._has(0.65):
                berths[end] = berths[0] if has_one_port and berths[0] else self._berth()
                cranes[end] = self._crane() if self._has(0.5) else ""
        legs = tuple(
            self._leg(service, self._elements(is_from_berth=bool(berths[end]))) for end in (0, 1)
        )
        for end in (0, 1):
            self._after[legs[end]] = cranes[1 - end]
        self._maker.fleet(
            fleet,
            service,
            (legs[0], legs[1]),
            berths=tuple(berths),
            handlings=tuple(cranes),
            turnaround_s=self._pick([0, self._span(0.1, 2)]),
            cruise_s=self._span(0.5, 8),
        )

    def _berth(self) -> str:
        name = self._name("berth")
        law = self._pick([("deterministic", 0.0), ("exponential", 1.0)])
        self._maker.server(name, self._span(0.1, 2), self._count(1, 2), law=law[0], cv=law[1])
        return name

    def _crane(self) -> str:
        name = self._name("crane")
        mean_s = self._span(0.05, 0.5)
        self._maker.server(name, mean_s, self._count(1, 3), teu_s=max(1, mean_s // 2))
        return name

    # --- demand

    def _routes(self) -> None:
        for flow in self._maker.flows:
            for _ in range(self._count(1, 2)):
                steps: list[str] = []
                for _ in range(self._count(1, 3)):
                    if self._legs and self._has(0.7):
                        leg = self._pick(self._legs)
                        steps.append(leg)
                        steps += [self._after[leg]] if self._after.get(leg) else []
                    else:
                        steps.append(self._pick(self._servers))
                if self._has(0.15):
                    steps.append(steps[0])
                    steps += [self._after[steps[0]]] if self._after.get(steps[0]) else []
                self._maker.route(self._name("r"), flow, steps)

    def _send(self) -> None:
        routes = list(self._maker.routes)
        until_s = self._horizon_s * self._rng.uniform(0.3, 1)
        left = self._count(10, self._pick([30, 100, 300]))
        while left:
            at_s = min(self._grained(self._rng.uniform(0, until_s)), self._horizon_s) - 1
            at_s -= at_s % self._grain_s
            together = min(left, self._pick([1, 1, 1, 2, 5]))
            for _ in range(together):
                self._maker.send([at_s], self._pick(routes))
            left -= together

    def _cut(self) -> None:
        if self._has(0.6):
            start_s, end_s = sorted(self._instant() for _ in range(2))
            self._maker.window = (start_s, end_s)
        if self._has(0.2):
            self._maker.stop_after = self._count(1, len(self._maker.sent))

    # --- closures

    def _closures(self) -> None:
        for _ in range(self._pick([1, 2, 3, 5, 6])):
            effect, targets, value_ppm = self._strike()
            if targets:
                self._maker.closure(
                    self._name("c"),
                    targets,
                    self._spans(),
                    effect=effect,
                    value_ppm=value_ppm,
                    weather=int(self._has(0.5)),
                )
        for name, spec in self._maker.stations.items():
            if spec.get("at_closing") and self._has(0.8):
                self._maker.closure(self._name("c"), [name], self._spans(), weather=1)

    def _scarce(self) -> None:
        """Let servers break down and wagons be few, in some plans."""
        if self._has(0.35):
            self._breakdowns()
        if self._has(0.4):
            self._wagons()
        if self._has(0.35):
            self._locomotives()
        if self._has(0.35):
            self._loops()

    def _breakdowns(self) -> None:
        """Let servers, of which no vessel keeps one, break down in their work."""
        cranes = [name for name in self._maker.stations if name.endswith(".crane")]
        exponential = {"law": "exponential", "cv": 1.0}
        for _ in range(self._count(1, 3)):
            self._maker.closure(
                self._name("d"),
                [f"{self._pick(self._servers + self._vehicle_servers + cranes)}#0"],
                [],
                busy=(self._span(0.5, 8), self._span(0.1, 3)),
                gap_law=self._pick([{}, exponential, exponential]),
                weather=int(self._has(0.2)),
                **self._pick([{}, exponential]),
            )

    def _locomotives(self) -> None:
        """Let vehicles wait for a locomotive before some of their elements."""
        names = []
        for _ in range(self._count(1, 2)):
            names.append(self._name("loco"))
            more: dict[str, Any] = {"couples": 1, "priority": int(self._has(0.3))}
            if self._has(0.5):
                more |= {"law": "exponential", "cv": 1.0}
            self._maker.server(names[-1], self._span(0.1, 2), self._count(1, 3), **more)
        for leg in self._maker.legs.values():
            elements = []
            for element in leg["elements"]:
                is_run = element[0] not in self._vehicle_servers
                if element[1] and is_run and self._has(0.5):
                    elements.append((self._pick(names), 0))
                elements.append(element)
            leg["elements"] = elements
        if self._has(0.4):
            effect = self._pick([Effect.SHUT, Effect.RATE])
            spans = self._spans()
            self._maker.closure(self._name("c"), names, spans, effect=effect, value_ppm=PPM // 2)

    def _loops(self) -> None:
        """Let some legs run along sections of one track, with loops between them."""
        maker, sections = self._maker, self._count(2, 4)
        east = [self._name("e") for _ in range(sections)]
        west = [self._name("w") for _ in range(sections)]
        rule = {"rule": TrackRule.ALTERNATING, "headway_s": self._pick([0, self._span(0.1, 1)])}
        rule |= {"clearing_s": self._pick([0, self._span(0.1, 1)]), "fleet": self._count(1, 3)}
        for one, other in zip(east, west, strict=True):
            maker.meter(one, opposite=other, **rule).meter(other, opposite=one, **rule)
        maker.loops = [self._pick([2, 2, 3]) for _ in range(sections - 1)]
        maker.stands = [(at // 2, maker.loops[at // 2] - 1) for at in range(2 * sections - 2)]
        servers = [name for name, spec in maker.stations.items() if spec.get("couples")]
        for leg in maker.legs.values():
            first, last = 0, sections
            if self._has(0.3):
                first, last = sorted(self._count(0, sections) for _ in range(2))
            way, side = self._pick([(east, 0), (west[::-1], 1)])
            # What runs before takes time, so a train asks among the arrivals of its instant.
            leg["elements"] = [*leg["elements"], ("", self._span(0.1, 1))]
            for at in range(first, last):
                loop = at if side == 0 else sections - 2 - at
                if servers and self._has(0.2):
                    leg["elements"].append((self._pick(servers), 0))
                if at < last - 1:
                    leg["stands"][len(leg["elements"])] = 2 * loop + side
                leg["elements"].append((way[at], self._span(0.3, 3)))

    def _wagons(self) -> None:
        """Let services without a fleet of their own share wagons, too few now and then."""
        fleets = {spec["service"] for spec in self._maker.fleets.values()}
        services = [name for name in self._maker.services if name not in fleets]
        chosen = [name for name in services if self._has(0.75)]
        if not chosen:
            return
        name, places = self._name("wagons"), range(self._count(1, 4))
        empty_s = [[0 if a == b else self._span(0.1, 5) for b in places] for a in places]
        if self._has(0.2):
            empty_s[0][-1] = NEVER
        self._maker.wagons(name, [self._count(0, 4) for _ in places], empty_s)
        for service in chosen:
            spec = self._maker.services[service]
            for state in spec.setdefault("states", [{}]):
                state["wagons"] = self._count(1, 2)
        for leg in self._maker.legs.values():
            if leg["service"] in chosen:
                after_s = self._pick([0, self._span(0.1, 4)])
                leg["wagons"] = (name, self._pick(places), self._pick(places), after_s)

    def _strike(self) -> tuple[Effect, list[str], int]:
        stations = self._maker.stations
        kinds = {name: spec["kind"] for name, spec in stations.items()}
        effect = self._pick([Effect.SHUT, Effect.SHUT, *(e for e in Effect if e != Effect.BAN)])
        if effect == Effect.FLEET_MINUS:
            fleets = [name for name, kind in kinds.items() if kind == Kind.FLEET]
            return effect, fleets, self._count(1, 2)
        if effect == Effect.PAYLOAD:
            pools = [name for name, kind in kinds.items() if kind == Kind.POOL]
            chosen = pools[: self._count(1, len(pools))] if pools else []
            return effect, chosen, self._pick([900_000, 600_000, 333_333])
        closed = (Kind.FLEET, Kind.WAGONS)
        open_to = [name for name, kind in kinds.items() if kind not in closed]
        targets = sorted({self._pick(open_to + 3 * self._yards) for _ in range(self._count(1, 4))})
        if self._has(0.5):
            targets = [f"{t}#0" if kinds[t] == Kind.SERVER else t for t in targets]
        return effect, targets, self._pick([PPM // 2, 400_000, 1_500_000, 333_333])

    def _spans(self) -> list[tuple[int, int]]:
        spans = []
        for _ in range(self._count(1, 4)):
            start_s = 0 if self._has(0.15) else self._instant()
            end_s = self._horizon_s + 60 if self._has(0.1) else start_s + self._span(0.2, 20)
            spans.append((start_s, end_s))
        return sorted(spans)
