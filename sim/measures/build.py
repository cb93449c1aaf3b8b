"""One replication, measured: `measure(trace, plan, legend)` returns all its tables.

In: Trace or Tallies, Plan, Legend, Places. Out: `Measures`, made of the Tallies alone.
Conservation and the ledger are checked on the way; a run that breaks them has no tables.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.measures.checks import check_ledger, conservation
from sim.measures.days import days_table
from sim.measures.flows import flows_table, transit_table
from sim.measures.groups import grouped
from sim.measures.kpis import Sources, kpis_table
from sim.measures.ledger import ledger_table
from sim.measures.links import crossings_table, links_table, trains_held
from sim.measures.places import NOWHERE, Places, corridors, passages
from sim.measures.scope import Scope, gridlock_words, scope
from sim.measures.stations import served, stations_table
from sim.measures.stock import stock_table
from sim.measures.tally import tally
from sim.measures.timeseries import timeseries_table
from sim.measures.waits import waits
from sim.measures.watch import lines, watch
from sim.plan import Legend, Plan, Status, Trace
from sim.tallies import Tallies, Watch


class Cohort(NamedTuple):
    """The consignments created in the window and not refused, for pairing (R22)."""

    flow: NDArray[np.int16]
    """`(N,)` index in `flow_id`."""
    number: NDArray[np.int32]
    """`(N,)` number in the flow, unique with it."""
    route: NDArray[np.int32]
    """`(N,)` index in the arrays by route."""
    transit_s: NDArray[np.int32]
    """`(N,)` to delivery, or to the run's end."""
    delay_s: NDArray[np.int32]
    is_finished: NDArray[np.bool_]
    flow_id: NDArray[np.str_]
    flow_class: NDArray[np.str_]
    flow_teu: NDArray[np.float64]
    """TEU of one consignment, by flow."""
    route_usd_per_teu: NDArray[np.float64]
    route_co2e_kg_per_teu: NDArray[np.float64]


class Measures(NamedTuple):
    """The tables of one replication (columns: `sim.measures.columns`)."""

    kpis: pd.DataFrame
    flows: pd.DataFrame
    stations: pd.DataFrame
    links: pd.DataFrame
    crossings: pd.DataFrame
    ledger: pd.DataFrame
    timeseries: pd.DataFrame
    days: pd.DataFrame
    stock: pd.DataFrame
    transit: pd.DataFrame
    conservation: pd.DataFrame
    cohort: Cohort
    gridlock: tuple[str, ...]
    """The cycle of holders, one holder a sentence; empty if there was none."""


def measure(trace: Trace, plan: Plan, legend: Legend, places: Places = NOWHERE) -> Measures:
    """Return everything that is reported of one replication.

    Parameters
    ----------
    trace
        What happened.
    plan, legend
        What it was made from.
    places
        Countries and modes, for borders and corridors.

    Raises
    ------
    GridlockError
        If nothing could move any more before the window began.
    ResultsError
        If the run ended before its window, or breaks conservation or the ledger.
    """
    return measured(tally(trace, plan, watch_of(plan, legend, places)), plan, legend, places)


def watch_of(plan: Plan, legend: Legend, places: Places = NOWHERE) -> Watch:
    """Return what a run has to count for its measures."""
    return watch(plan, legend, lines(plan, legend, passages(legend, places)))


def measured(seen: Tallies, plan: Plan, legend: Legend, places: Places = NOWHERE) -> Measures:
    """Return everything that is reported of one replication that has been counted.

    Parameters
    ----------
    seen
        Of `tally`, or of the compiled engine, with `watch_of` the same three.
    plan, legend, places
        As for `measure`.

    Raises
    ------
    ResultsError
        As for `measure`.
    """
    run = scope(seen, plan, legend)
    conserved = conservation(run)
    check_ledger(run)
    waited, work = waits(run), served(run)
    travelled = passages(legend, places)
    corridor = corridors(legend, travelled)
    found = lines(plan, legend, travelled)
    crossings = crossings_table(run, found, watch(plan, legend, found))
    held = trains_held(run, found)
    kpis, flows, transit = _of_transits(
        run, Sources(waited, work, crossings, held, corridor, *grouped(run))
    )
    return Measures(
        kpis=kpis,
        flows=flows,
        stations=stations_table(run, waited, work),
        links=links_table(run, found, waited, work),
        crossings=crossings,
        ledger=ledger_table(run),
        timeseries=timeseries_table(run),
        days=days_table(run),
        stock=stock_table(run),
        transit=transit,
        conservation=conserved,
        cohort=cohort(run),
        gridlock=gridlock_words(seen, plan, legend),
    )


def _of_transits(run: Scope, found: Sources) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return the tables `kpis`, `flows` and `transit`, all that need the order of transits."""
    return (
        kpis_table(run, found),
        flows_table(run, found.groups, found.transits, found.corridor),
        transit_table(run, found.groups, found.transits, found.corridor),
    )


def cohort(run: Scope) -> Cohort:
    """Return the cohort's times by consignment."""
    seen, legend, at = run.seen, run.legend, run.is_cohort
    return Cohort(
        flow=seen.consignment_flow[at],
        number=seen.consignment_number[at],
        route=seen.consignment_route[at],
        transit_s=run.transit_s(at),
        delay_s=seen.consignment_delay_s[at],
        is_finished=seen.consignment_status[at] == Status.DELIVERED,
        flow_id=np.array(legend.flow_id, dtype=np.str_),
        flow_class=np.array(legend.flow_class, dtype=np.str_),
        flow_teu=run.plan.flow_lot_teu / 1_000,
        route_usd_per_teu=np.asarray(legend.route_usd_per_teu, float),
        route_co2e_kg_per_teu=np.asarray(legend.route_co2e_kg_per_teu, float),
    )
