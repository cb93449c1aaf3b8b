"""A YAML file in, a resolved `Scenario` out: strict, frozen, every error with its place.

The only room that reads scenario files. ``load`` resolves what a file extends, patches
and is told on the command line; ``network_of`` gives the network that it asks for.
"""

from sim.scenario.layers import locate, shipped_folder
from sim.scenario.models import Scenario
from sim.scenario.resolve import load

__all__ = ["Scenario", "load", "locate", "shipped_folder"]
