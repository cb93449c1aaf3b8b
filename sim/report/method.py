"""How the figures were worked out, item by item; what is not known reads "not stated".

The items are those of STRESS-DES (Monks et al. 2018, Strengthening the reporting of
empirical simulation studies, Journal of Simulation 13(1)), with what a reader of a
comparison asks beside them: pairing, checks, hashes and limits.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from sim.report.material import Comparison, Run
from sim.report.numbers import figure

NOT_STATED = "not stated"
FIRM_REPLICATIONS = 10
"""From so many on a verdict is more than indicative (R22)."""

_LOGIC = (
    "Consignments are created by flow, choose a route, are served at stations and carried by"
    " vehicles that form by rule from the load that waits; vehicles take train paths on metered"
    " sections, pass border posts whole and are handled where mode or gauge changes. Closures,"
    " opening hours and weather shut or slow stations. Rules R1–R26 of docs/model.md."
)
_ALGORITHMS = (
    "Discrete events in whole seconds. Within one instant: state changes, endings, arrivals, then"
    " grants by rank of station and (priority, request time, id), until none is ready."
)
_ENTITIES = (
    "Consignments (one load unit or lot, from one origin to one destination) and the vehicles"
    " that carry them: trains, vessels, trucks, barges, aircraft. A consignment sees, when it is"
    " created, the shares of the routes that are open, and takes one; it does not change it later."
)
_ACTIVITIES = (
    "Moving, handling, change of gauge, customs, inspection, gates, berthing, formation; each"
    " second of a consignment is booked to one place and one cause, and none is a remainder."
)
_RESOURCES = (
    "Stations with servers (by node and operation), line meters (train paths a day), forming"
    " pools, fleets and yards; capacities in the tables of stations, links and distributions."
)
_QUEUES = (
    "First come, first served unless the row of the station says priority (the smaller number"
    " first, without pre-emption). Ties: priority, request time, id. What is held because the"
    " next place is full keeps its server or path until there is room."
)
_ENTRY = (
    "Consignments enter at the origin of their flow when they are created and leave at delivery;"
    " they are refused only by a full queue, a full yard, a ban or for want of an open route, and"
    " are counted by reason."
)
_SAMPLING = (
    "A draw is a pure function of seed, replication, name of the stream, id and ordinal"
    " (counter-based generator, integer quantile tables), never of the order in which it is"
    " asked: scenarios under one seed share their random numbers."
)
_SHARING = "Keruen is open source under the Apache-2.0 licence."
_LIMITS = (
    "The results hold for the network, the demand and the dates stated here. Inputs marked"
    " assumption or of low confidence carry their ranges in the table of distributions; those"
    " ranges are not part of the intervals, which show chance alone. A place that is busiest is"
    " not for that the bottleneck: only a run that relieves it shows what it costs."
)
_MULTIPLICITY = (
    "Each quantity has its own interval; they are not widened for the number of quantities, so"
    " of many that do not differ about one in twenty will seem to."
)
_CHECKS = (
    "In each run consignments were conserved in every load class at every event, and the ledger"
    " adds up to the transit time to the second; a run that fails either has no results."
)


class Item(NamedTuple):
    """One item of the method."""

    number: str
    """Number in STRESS-DES, or empty."""
    name: str
    text: str
    """Empty if it is not known."""

    @property
    def said(self) -> str:
        """What the report prints."""
        return self.text or NOT_STATED


class Method(NamedTuple):
    """What is known of how a report's figures were made; an empty text is not known."""

    purpose: str
    outputs: str
    aims: str
    diagram: str
    logic: str
    scenario_logic: str
    algorithms: str
    entities: str
    activities: str
    resources: str
    queues: str
    entry: str
    data_sources: str
    pre_processing: str
    parameters: str
    assumptions: str
    initialisation: str
    run_length: str
    estimation: str
    comparison: str
    software: str
    sampling: str
    execution: str
    system: str
    sharing: str
    hashes: str
    checks: str
    limits: str


_NAMES: tuple[tuple[str, str], ...] = (
    ("1.1", "Purpose of the model"),
    ("1.2", "Outputs"),
    ("1.3", "Aims of the experiment"),
    ("2.1", "Network, drawn and listed"),
    ("2.2", "Logic of the model"),
    ("2.3", "Logic of the scenario"),
    ("2.4", "Algorithms, order of events"),
    ("2.5.1", "Entities"),
    ("2.5.2", "Activities"),
    ("2.5.3", "Resources"),
    ("2.5.4", "Queues, disciplines, ties, blocking"),
    ("2.5.5", "Entry and exit"),
    ("3.1", "Sources of data"),
    ("3.2", "Preparation of data"),
    ("3.3", "Input parameters, distributions"),
    ("3.4", "Assumptions"),
    ("4.1", "Initial state and warm-up"),
    ("4.2", "Run length"),
    ("4.3", "Replications, seed, intervals"),
    ("", "How scenarios are compared"),
    ("5.1", "Software"),
    ("5.2", "Random numbers"),
    ("5.3", "Execution of the model"),
    ("5.4", "System, run time"),
    ("6.1", "Access to code and data"),
    ("", "Content hashes"),
    ("", "Checks and verification"),
    ("", "Limits of use"),
)


def items(method: Method) -> tuple[Item, ...]:
    """Every item in order, known or not."""
    return tuple(
        Item(number, name, text.strip())
        for (number, name), text in zip(_NAMES, method, strict=True)
    )


def of_run(run: Run) -> Method:
    """The method of one run."""
    scenario, manifest = run.scenario, run.manifest
    return Method(
        purpose=_said(scenario, "question") or _said(scenario, "description"),
        outputs="Throughput in TEU, transit time and delay in days, waiting in TEU-hours by place"
        " and cause, utilisation, queues, cost in USD and CO2e in kg a TEU, stock inside; each is"
        " defined, with its unit, under Definitions."
        if not run.tables.summary.empty
        else "",
        aims=_aims(scenario),
        diagram=_diagram(run),
        logic=_LOGIC,
        scenario_logic=_scenario_logic(run),
        algorithms=_joined(_ALGORITHMS, _routing(scenario)),
        entities=_ENTITIES,
        activities=_ACTIVITIES,
        resources=_RESOURCES,
        queues=_QUEUES,
        entry=_ENTRY,
        data_sources=_data_sources(run),
        pre_processing=_preparation(scenario),
        parameters=_parameters(run),
        assumptions=_assumptions(run),
        initialisation=_initialisation(scenario),
        run_length=_run_length(scenario),
        estimation=_estimation(run),
        comparison="One scenario: nothing is compared.",
        software=_software(manifest),
        sampling=_SAMPLING,
        execution=_execution(manifest),
        system=_system(manifest),
        sharing=_joined(_SHARING, _shared(manifest)),
        hashes=_hashes(run),
        checks=_checks(run),
        limits=_LIMITS,
    )


def of_comparison(comparison: Comparison) -> Method:
    """The method of a comparison: that of its scenario, and how the two were compared."""
    base, scenario = comparison.base, comparison.scenario
    one = of_run(scenario)
    return one._replace(
        aims=_joined(f"Paired difference of “{scenario.title}” from “{base.title}”.", one.aims),
        comparison=_compared(comparison),
        hashes=" ".join(f"{run.role.capitalize()}: {_hashes(run)}" for run in (base, scenario)
                        if _hashes(run)),
    )  # fmt: skip


def _said(facts: Mapping[str, Any], *path: str) -> str:
    """The text at a path of nested mappings, or nothing."""
    found: Any = facts
    for key in path:
        found = found.get(key) if isinstance(found, Mapping) else None
    return "" if found is None or isinstance(found, Mapping | list) else str(found)


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part) if all(parts[:1]) else ""


def _aims(scenario: Mapping[str, Any]) -> str:
    return {
        "window": "The expectation over the dated window; no steady state is claimed.",
        "steady": "The long-run mean of a steady state.",
    }.get(_said(scenario, "experiment", "kind"), "")


def _diagram(run: Run) -> str:
    places, links = len(run.world.places), run.tables.links["link"].nunique()
    if not places or not links:
        return ""
    return f"Map, and tables of stations and links: {places} places, {links} links listed."


def _scenario_logic(run: Run) -> str:
    overrides = run.manifest.get("overrides")
    said = _said(run.scenario, "description")
    if not isinstance(overrides, list):
        return said
    return f"{said} Overrides: {', '.join(map(str, overrides)) or 'none'}.".strip()


def _routing(scenario: Mapping[str, Any]) -> str:
    method = _said(scenario, "routing", "method")
    candidates = _said(scenario, "routing", "candidates")
    return f"Routes: {method}, {candidates or 'k'} candidates a flow." if method else ""


def _data_sources(run: Run) -> str:
    count = len(run.world.sources)
    return f"{count} publications, listed below by the id that rows quote." if count else ""


def _preparation(scenario: Mapping[str, Any]) -> str:
    as_of = _said(scenario, "network", "as_of")
    frozen = f"The network is that of {as_of}. " if as_of else "Rows open and close by date. "
    return frozen + "Units are turned into whole seconds and lots once, by the compiler."


def _parameters(run: Run) -> str:
    count = len(run.world.laws)
    if not count:
        return ""
    return f"{count} distributions with law, mean, cv, servers, hours and source, listed below."


def _assumptions(run: Run) -> str:
    notes = run.manifest.get("notes")
    if not isinstance(notes, list):
        return ""
    said = _said(run.scenario, "description")
    return f"{said} {len(notes)} notes of the compiler stand under Assumptions and notes.".strip()


def _initialisation(scenario: Mapping[str, Any]) -> str:
    days = _said(scenario, "window", "warm_up_days")
    if not days:
        return ""
    return (
        f"Empty at the start of a warm-up of {days} days on the dates before the window, chosen in"
        " the scenario and not measured; what is inside when the window starts is stated."
    )


def _run_length(scenario: Mapping[str, Any]) -> str:
    start, days = _said(scenario, "window", "start"), _said(scenario, "window", "days")
    if not start or not days:
        return ""
    length = "a year" if days == "year" else f"{days} days"
    after = _said(scenario, "window", "run_out_days")
    run_out = f", then {after} days of run-out with demand going on" if after else ""
    return f"Measured window: {length} from {start}{run_out}."


def _estimation(run: Run) -> str:
    count = _said(run.manifest, "replications") or _said(
        run.scenario, "experiment", "replications"
    )
    seed = _said(run.manifest, "seed") or _said(run.scenario, "experiment", "seed")
    if not count or not seed:
        return ""
    is_few = count.isdigit() and int(count) < FIRM_REPLICATIONS
    few = " Fewer than ten: verdicts are indicative." if is_few else ""
    return (
        f"{count} independent replications under seed {seed}, as many as the scenario asks for;"
        f" Student's t intervals at 95 %; with one replication there is no interval.{few}"
    )


def _compared(comparison: Comparison) -> str:
    table = comparison.comparison
    if table.empty:
        return ""
    saved = table["variance_saved_percent"].median()
    said = "" if saved != saved else (  # noqa: PLR0124  (only NaN differs from itself)
        f" Pairing saved {figure(saved, 0)} % of the variance of a difference (median over KPIs)."
    )  # fmt: skip
    return (
        "Common random numbers; paired t interval of the differences by replication, and for"
        " transit time and cost also over the consignments created in both (“same consignments"
        f" in both”).{said} {_MULTIPLICITY}"
    )


def _software(manifest: Mapping[str, Any]) -> str:
    versions = manifest.get("versions")
    if not isinstance(versions, Mapping):
        return ""
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))


def _execution(manifest: Mapping[str, Any]) -> str:
    engine = _said(manifest, "engine")
    return f"Engine: {engine}. Results do not depend on the number of processes." if engine else ""


def _system(manifest: Mapping[str, Any]) -> str:
    times = manifest.get("timings")
    if not isinstance(times, Mapping) or not times:
        return ""
    said = [f"{name.removesuffix('_s').replace('_', ' ')} {float(seconds):.1f} s"
            for name, seconds in sorted(times.items())
            if isinstance(seconds, int | float)]  # fmt: skip
    return ", ".join(said)


def _shared(manifest: Mapping[str, Any]) -> str:
    version = _said(manifest, "versions", "keruen")
    return f"Version {version}; the run's inputs are in scenario.resolved.yaml." if version else ""


def _hashes(run: Run) -> str:
    hashes = run.manifest.get("hashes")
    run_id = _said(run.manifest, "run_id")
    if not isinstance(hashes, Mapping) or not hashes:
        return f"run {run_id}." if run_id else ""
    said = ", ".join(f"{name} {str(value)[:16]}" for name, value in sorted(hashes.items()))
    return f"run {run_id}; {said}."


def _checks(run: Run) -> str:
    table = run.tables.conservation
    known = _said(run.manifest, "verification")
    checked = "" if table.empty else f" Instants checked: {figure(table['instants'].sum(), 0)}."
    return _CHECKS + checked + (f" Known answers: {known}." if known else
                                f" Known answers: {NOT_STATED}.")  # fmt: skip
