"""A YAML file in, a resolved `Scenario` out: strict, frozen, every error with its place.

The only room that reads scenario files. ``load`` resolves what a file extends, patches
and is told on the command line; ``network_of`` gives the network that it asks for.
"""

from sim.scenario.diff import Difference, diff
from sim.scenario.layers import locate, shipped_folder
from sim.scenario.models import PatchHead, Scenario
from sim.scenario.resolve import load, load_points, load_sweep
from sim.scenario.shipped import Shipped, cost_usd, find, judged_patches, patch_head, shipped
from sim.scenario.sweeps import Factor, SweepSection, Value
from sim.scenario.text import json_schema, patch_schema, question_yaml, resolved_yaml
from sim.scenario.world import network_of

__all__ = [
    "Difference",
    "Factor",
    "PatchHead",
    "Scenario",
    "Shipped",
    "SweepSection",
    "Value",
    "cost_usd",
    "diff",
    "find",
    "json_schema",
    "judged_patches",
    "load",
    "load_points",
    "load_sweep",
    "locate",
    "network_of",
    "patch_head",
    "patch_schema",
    "question_yaml",
    "resolved_yaml",
    "shipped",
    "shipped_folder",
]
