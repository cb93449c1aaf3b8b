"""Links by direction, and what crosses borders.

In: Scope, Waits, Served, Lines. Out: the tables `links` and `crossings`, and the trains
held for China. On a metered link the instant of a passage is the end of the move; on
others the end of the leg.
"""

import numpy as np
import pandas as pd

from sim.measures.columns import names
from sim.measures.scope import Integers, Scope, most_at_once
from sim.measures.stations import Served
from sim.measures.waits import Waits
from sim.measures.watch import Line, entries_into_china
from sim.plan import NEVER
from sim.tallies import Watch


def links_table(run: Scope, found: tuple[Line, ...], waited: Waits, work: Served) -> pd.DataFrame:
    """Return one row per link and direction that is travelled."""
    rows = []
    for line in found:
        s = line.meter
        is_metered = s != NEVER
        vehicles, teu = _passed(run, line)
        waits = _waits(waited, s) if is_metered else (vehicles, np.nan, np.nan, np.nan, 0, 0.0, 0)
        rows.append(
            (
                line.passage.link,
                "forward" if line.passage.is_forward else "backward",
                line.passage.origin,
                line.passage.destination,
                line.passage.mode,
                "yes" if is_metered else "no",
                vehicles,
                teu,
                work.utilisation[s] if is_metered else np.nan,
                *waits,
            )
        )
    return pd.DataFrame(rows, columns=names("links"))


def crossings_table(run: Scope, found: tuple[Line, ...], watch: Watch) -> pd.DataFrame:
    """Return what each flow carried over each pair of nodes with a border between them."""
    legend = run.legend
    rows = []
    for line in found:
        if line.passage.is_border:
            counts = _crossed(run, line, watch)
            rows += [
                (
                    line.passage.origin,
                    line.passage.destination,
                    line.passage.mode,
                    legend.flow_id[f],
                    "_".join(line.passage.countries).lower(),
                    legend.flow_class[f],
                    float(counts[f] * run.plan.flow_lot_teu[f]) / 1_000,
                    float(counts[f] * run.plan.flow_lot[f]) / 1_000,
                    legend.flow_unit[f],
                )
                for f in np.flatnonzero(counts)
            ]
    table = pd.DataFrame(rows, columns=names("crossings"))
    keys = names("crossings", "key", "label")
    return table.groupby(keys, as_index=False, sort=True)[["teu", "amount"]].sum()[
        names("crossings")
    ]


def trains_held(run: Scope, found: tuple[Line, ...]) -> tuple[int, float] | None:
    """Return the most and the mean number of trains that wait for China, None without any way.

    Where they wait stands in `sim.measures.watch.watch`.
    """
    if not entries_into_china(found):
        return None
    since_s, until_s = run.seen.held_s.T
    held_s = float((until_s - since_s).sum())
    return most_at_once(since_s, until_s), held_s / (run.end_s - run.start_s)


def _crossed(run: Scope, line: Line, watch: Watch) -> Integers:
    """Return `(F,)` the consignments that passed a border line in the window."""
    if line.meter != NEVER:
        counters = watch.station_line[[line.meter]]
    else:
        counters = watch.leg_line[list(line.legs)]
    crossed: Integers = run.seen.line_passed[counters].sum(axis=0)
    return crossed


def _passed(run: Scope, line: Line) -> tuple[int, float]:
    """Return the number of vehicles that passed a line in the window, and their TEU."""
    seen, legs = run.seen, list(line.legs)
    if line.meter == NEVER:
        return int(seen.leg_vehicles[legs].sum()), float(seen.leg_load[legs].sum() / 1_000)
    return int(seen.passed[line.meter]), float(seen.passed_load[line.meter] / 1_000)


def _waits(waited: Waits, s: int) -> tuple[float, ...]:
    """Return one station's waits in the order of the tables' columns."""
    return (
        waited.visits[s],
        waited.mean_h[s],
        waited.p90_h[s],
        waited.max_h[s],
        waited.unstarted[s],
        waited.queue_mean[s],
        waited.queue_max[s],
    )
