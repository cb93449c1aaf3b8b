"""What a run leaves at an instant, and how another run goes on from it.

In: Plan and Draws of the run that is left, Plan of the run that goes on. Out: a `State`; what
keeps the two apart, in words; the Draws of a run whose past is the one's and whose future is
the other's. Arrivals and closures are counted from the start of the run that left the state
(R4), so what both send is the same.
"""

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.draws.replication import draw
from sim.plan import NEVER, Draws, Legend, Plan

Ints = NDArray[np.int64]
Arrays = Mapping[str, NDArray[Any]]

MOST_NAMES = 10

NAMES = ("station_id", "row_id", "service_id", "leg_name", "flow_id", "route_id")
"""Names of a Legend that both runs must have alike."""

FUTURE = (
    "horizon_s", "window_", "stop_", "departure_", "state_", "flow_patience_s", "intensity_",
    "epoch_", "choice_", "closure_", "interval_", "random_", "ban_", "busy_closure", "law_table",
)  # fmt: skip
"""Beginnings of the fields of a Plan that may be others from the instant on."""

LAWS = ("row_law", "flow_gap_law", "busy_gap_law", "busy_law")
"""Fields that name laws by index: the laws must be alike, not their places."""

STATES = (
    "state_from_s", "state_capacity", "state_unit", "state_deck", "state_min",
    "state_max_wait_s", "state_vehicles", "state_wagons",
)  # fmt: skip


class State(NamedTuple):
    """One replication at an instant, before anything of that instant has happened."""

    at_s: int
    plan: Arrays
    """Fields of the Plan, but for the tables of laws; single numbers as arrays of none."""
    law_key: NDArray[np.uint64]
    """(N,) hash of each law."""
    draws: Arrays
    names: Mapping[str, tuple[str, ...]]
    """Fields of the Legend in `NAMES`, and the closures."""
    tables: Arrays
    """Of the compiled engine; empty: the run goes on from its beginning, which is the same."""


def keep(plan: Plan, legend: Legend, draws: Draws, at_s: int, tables: Arrays) -> State:
    """Return the state of a run at an instant.

    Parameters
    ----------
    plan, legend, draws
        Of the run.
    at_s
        Second of the run.
    tables
        What the engine keeps.
    """
    kept = {name: np.asarray(value) for name, value in plan._asdict().items()}
    del kept["law_table"]
    past = draws.consignment_created_s < at_s
    begun = draws.closure_start_s < at_s
    drawn = {
        name: value[past if name.startswith("consignment_") else begun]
        if name.startswith(("consignment_", "closure_"))
        else value
        for name, value in draws._asdict().items()
    }
    names = {name: getattr(legend, name) for name in (*NAMES, "closure_id")}
    return State(at_s, kept, law_keys(plan), drawn, names, tables)


def over_before(replication: int, ended_s: int) -> str:
    """Return that a replication was over before its state was to be kept."""
    return (
        f"--save-state: replication {replication + 1} was over at second {ended_s}, before the "
        "state was to be saved"
    )


def law_keys(plan: Plan) -> NDArray[np.uint64]:
    """Return a hash of each law of a plan."""
    found = [blake2b(law.tobytes(), digest_size=8).digest() for law in plan.law_table]
    return np.frombuffer(b"".join(found), dtype=np.uint64)


# --- what keeps two runs apart


def differences(state: State, plan: Plan, legend: Legend) -> list[str]:
    """Return in words why a run cannot go on from a state; empty if it can."""
    found = list(_names_apart(state, legend))
    if not found:
        found = [*_fields_apart(state, plan, legend), *_services_apart(state, plan, legend)]
    if int(state.plan["first_day"]) != plan.first_day:
        found.append("it begins on another day")
    index = closure_map(state, plan)
    if (np.diff(index[index != NEVER]) < 0).any():
        found.append("closures stand in another order")
    struck = np.unique(state.draws["closure_index"])
    lost = struck[index[struck] == NEVER].tolist()
    if lost:
        names = _some([state.names["closure_id"][c] for c in lost])
        found.append(f"closures that struck before the state are not in the scenario: {names}")
    return found


def closure_map(state: State, plan: Plan) -> Ints:
    """Return for each closure of the state its index in a plan, or NEVER."""
    index = {key: at for at, key in enumerate(plan.closure_key.tolist())}
    return np.array([index.get(k, NEVER) for k in state.plan["closure_key"].tolist()], np.int64)


def _names_apart(state: State, legend: Legend) -> Iterator[str]:
    for field in NAMES:
        mine, theirs = state.names[field], getattr(legend, field)
        what = field.partition("_")[0] + "s"
        if mine == theirs:
            continue
        gone, new = sorted({*mine} - {*theirs}), sorted({*theirs} - {*mine})
        if gone:
            yield f"{what} only in the state: {_some(gone)}"
        if new:
            yield f"{what} only in the scenario: {_some(new)}"
        if not gone and not new:
            yield f"{what} stand in another order"


def _fields_apart(state: State, plan: Plan, legend: Legend) -> Iterator[str]:
    keys = law_keys(plan)
    for field, theirs in plan._asdict().items():
        if field.startswith(FUTURE) and field not in LAWS:
            continue
        mine, other = state.plan[field], np.asarray(theirs)
        if field in LAWS:
            mine, other = state.law_key[mine], keys[other]
        if mine.shape != other.shape:
            yield f"{field} has {len(mine)} entries in the state and {len(other)} in the scenario"
        elif not np.array_equal(mine, other):
            differs = (mine != other).reshape(len(mine), -1).any(axis=1)
            names = [_name(field, int(at), legend) for at in np.flatnonzero(differs)]
            yield f"{field} differs: {_some(names)}"


def _services_apart(state: State, plan: Plan, legend: Legend) -> Iterator[str]:
    """Yield services whose dated states differ before the instant."""
    for v, name in enumerate(legend.service_id):
        rows = []
        for fields in (state.plan, plan._asdict()):
            span = slice(int(fields["state_first"][v]), int(fields["state_first"][v + 1]))
            past = fields["state_from_s"][span] < max(state.at_s, 1)
            rows.append([fields[one][span][past].tolist() for one in STATES])
        if rows[0] != rows[1]:
            yield f"service {name} differs before the state"


def _name(field: str, at: int, legend: Legend) -> str:
    names = {"station": "station_id", "row": "row_id", "service": "service_id", "leg": "leg_name"}
    names |= {"flow": "flow_id", "route": "route_id"}
    what = field.partition("_")[0]
    return getattr(legend, names[what])[at] if what in names else f"number {at}"


def _some(names: list[str]) -> str:
    rest = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")


# --- the past of the one, the future of the other


def go_on_drawn(state: State, plan: Plan, seed: int, replication: int) -> Draws:
    """Return the draws of a run that goes on from a state.

    Parameters
    ----------
    state
        Of the same seed and replication.
    plan
        Of the run that goes on; `differences` found nothing.
    """
    start_s = int(state.plan["window_start_s"])
    counted = _continued(state, plan)._replace(window_start_s=start_s)
    new = draw(counted, seed, replication)
    consignments = _consignments(state, new)
    closures = _closures(state, plan, new)
    return new._replace(**{**consignments, **closures})


def _continued(state: State, plan: Plan) -> Plan:
    """Return the plan with flows that go on from what they had sent at the instant."""
    at_s = state.at_s - int(state.plan["window_start_s"])
    curves = []
    for flow in range(len(plan.flow_key)):
        mine, theirs = (_curve(fields, flow) for fields in (state.plan, plan._asdict()))
        curves.append(
            theirs if _is_same_until(mine, theirs, at_s) else _joined(mine, theirs, at_s)
        )
    first = np.cumsum([0, *(len(curve[0]) for curve in curves)])
    return plan._replace(
        intensity_first=first.astype(np.int64),
        intensity_s=np.concatenate([curve[0] for curve in curves]),
        intensity_fp=np.concatenate([curve[1] for curve in curves]),
    )


def _curve(fields: Mapping[str, Any], flow: int) -> tuple[Ints, Ints]:
    span = slice(int(fields["intensity_first"][flow]), int(fields["intensity_first"][flow + 1]))
    return fields["intensity_s"][span], fields["intensity_fp"][span]


def _is_same_until(mine: tuple[Ints, Ints], theirs: tuple[Ints, Ints], at_s: int) -> bool:
    """Return whether two curves are one up to the piece that holds an instant."""
    upto = int(np.searchsorted(mine[0], at_s, side="left")) + 1
    return all(np.array_equal(a[:upto], b[:upto]) for a, b in zip(mine, theirs, strict=True))


def _joined(mine: tuple[Ints, Ints], theirs: tuple[Ints, Ints], at_s: int) -> tuple[Ints, Ints]:
    """Return the one curve up to an instant, and from there on the rise of the other."""
    before, after = mine[0] < at_s, theirs[0] > at_s
    level, other = _value(mine, at_s), _value(theirs, at_s)
    time_s = np.concatenate((mine[0][before], [at_s], theirs[0][after]))
    return time_s, np.concatenate((mine[1][before], [level], theirs[1][after] - other + level))


def _value(curve: tuple[Ints, Ints], at_s: int) -> int:
    """Return a curve's value at an instant inside it."""
    time_s, value_fp = curve
    k = int(np.clip(np.searchsorted(time_s, at_s, side="right"), 1, len(time_s) - 1))
    length_s, rise_fp = int(time_s[k] - time_s[k - 1]), int(value_fp[k] - value_fp[k - 1])
    return int(value_fp[k - 1]) + (at_s - int(time_s[k - 1])) * rise_fp // length_s


def _consignments(state: State, new: Draws) -> dict[str, NDArray[Any]]:
    """Return those of the state, and after them those that are created from the instant on."""
    old = state.draws
    last = np.full(len(state.plan["flow_key"]), np.iinfo(np.int64).min)
    np.maximum.at(last, old["consignment_flow"], old["consignment_number"])
    later = new.consignment_number > last[new.consignment_flow]
    fields = [name for name in new._fields if name.startswith("consignment_")]
    joined = {}
    for name in fields:
        joined[name] = np.concatenate((old[name], getattr(new, name)[later]))
    # Rounding may let the first of a flow that grows from the instant on come a second early.
    count = len(old["consignment_flow"])
    for name in ("consignment_created_s", "consignment_entered_s"):
        joined[name][count:] = np.maximum(joined[name][count:], state.at_s)
    _let_in(state, new, joined)
    order = np.lexsort(
        (joined["consignment_number"], joined["consignment_flow"], joined["consignment_created_s"])
    )
    return {name: joined[name][order] for name in fields}


def _let_in(state: State, new: Draws, joined: dict[str, NDArray[Any]]) -> None:
    """Let those that were waiting for an open route find one as the new plan says."""
    waiting = np.flatnonzero(state.draws["consignment_entered_s"] >= state.at_s).tolist()
    at = (
        {
            (flow, number): n
            for n, (flow, number) in enumerate(
                zip(new.consignment_flow.tolist(), new.consignment_number.tolist(), strict=True)
            )
        }
        if waiting
        else {}
    )
    for n in waiting:
        key = (int(joined["consignment_flow"][n]), int(joined["consignment_number"][n]))
        if key in at:
            joined["consignment_entered_s"][n] = max(
                state.at_s, int(new.consignment_entered_s[at[key]])
            )
            for name in ("consignment_route", "consignment_is_banned"):
                joined[name][n] = getattr(new, name)[at[key]]


def _closures(state: State, plan: Plan, new: Draws) -> dict[str, NDArray[Any]]:
    """Return closures: what had begun ends as the new plan says, what is new begins now."""
    at_s, old = state.at_s, state.draws
    index = closure_map(state, plan)[old["closure_index"]]
    start_s, end_s = old["closure_start_s"], old["closure_end_s"].copy()
    begun = new.closure_start_s < at_s
    ends: dict[tuple[int, int], list[int]] = {}
    columns = (new.closure_index, new.closure_start_s, new.closure_end_s)
    for c, s, e in zip(*(column[begun].tolist() for column in columns), strict=True):
        ends.setdefault((c, s), []).append(e)
    for n, key in enumerate(zip(index.tolist(), start_s.tolist(), strict=True)):
        found = ends.get(key, [])
        new_end_s = found.pop(0) if found else at_s
        if end_s[n] >= at_s:
            end_s[n] = max(at_s, new_end_s)
    added = [(c, at_s, e) for (c, _), left in ends.items() for e in left if e > at_s]
    extra = np.array(added, dtype=np.int64).reshape(-1, 3)
    index = np.concatenate((index, extra[:, 0], new.closure_index[~begun]))
    start_s = np.concatenate((start_s, extra[:, 1], new.closure_start_s[~begun]))
    end_s = np.concatenate((end_s, extra[:, 2], new.closure_end_s[~begun]))
    order = np.lexsort((end_s, index, start_s))
    return {
        "closure_index": index[order],
        "closure_start_s": start_s[order],
        "closure_end_s": end_s[order],
    }
