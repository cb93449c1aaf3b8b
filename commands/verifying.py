"""The command that holds the two engines against each other."""

import json

import typer

from commands.given import network_of, scenario_of, settings_of
from commands.options import AsJson, Days, Overrides, Replications, ScenarioFile, Seed, Sets
from sim.errors import ResultsError


def verify_engines(
    scenario: ScenarioFile,
    *,
    seed: Seed = None,
    replications: Replications = 1,
    days: Days = None,
    sets: Sets = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Run both engines on the same draws; say whether their traces are the same, bit for bit.

    Exit 0: identical; 1: not, and the first row that differs is told.
    """
    from sim.compiler.build import compile_plan

    try:
        from sim.experiment.agreement import agreements
    except ImportError as error:
        raise ResultsError(
            "verify-engines: there is no numba, so no compiled engine to hold against the "
            "reference engine; install the extra `fast` (pip install 'keruen[fast]')"
        ) from error

    loaded = scenario_of(scenario, settings_of(sets, seed, replications, days), overrides)
    plan, legend = compile_plan(loaded, network_of(loaded))
    count = loaded.experiment.replications
    found = []
    for one in agreements(plan, legend, loaded.experiment.seed, count):
        found.append(one)
        if not as_json:
            told = one.difference or "identical"
            size = f"{one.consignments:,} consignments, {one.rows:,} visits"
            print(f"{loaded.name}, replication {one.replication} of {count}, {size}: {told}")
            print(f"  trace {one.digest}")
    if as_json:
        print(json.dumps([one._asdict() for one in found], indent=1))
    if any(one.difference for one in found):
        raise typer.Exit(1)
