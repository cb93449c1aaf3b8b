"""The option that tells one consignment's story."""

import json
from typing import TYPE_CHECKING

from commands.given import engine_of, network_of
from commands.tables import print_table

if TYPE_CHECKING:
    from sim.scenario import Scenario


def tell(scenario: "Scenario", name: str, engine: str, *, as_json: bool) -> None:
    """Run one replication and print the story of one of its consignments."""
    import pandas as pd

    from sim.compiler.build import compile_plan
    from sim.experiment.following import follow
    from sim.report.story import World, document, tale
    from sim.report.words import names

    network = network_of(scenario)
    plan, legend = compile_plan(scenario, network)
    story = follow(
        plan,
        legend,
        name,
        seed=scenario.experiment.seed,
        replication=0,
        run_drawn=engine_of(engine).run_drawn,
    )
    nodes = pd.DataFrame(
        [(node.id, node.name or node.id) for node in network.nodes], columns=["node", "name"]
    )
    world = World(
        plan,
        legend,
        names(nodes),
        countries={node.id: node.country for node in network.nodes},
        ends={link.id: (link.origin, link.destination) for link in network.links},
    )
    if as_json:
        print(json.dumps(document(story, world), indent=1))
        return
    told = tale(story, world)
    print(f"{scenario.title or scenario.name}, replication 1")
    for line in told.heading:
        print(line)
    print()
    print_table(("when", "where", "what", "how long"), told.events)
    print()
    print_table(("ledger", "time", "share", "where"), told.ledger)
