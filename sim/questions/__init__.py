"""The questions that a planner asks, each a family of runs against one base.

In: a resolved scenario, an engine. Out: `Answer`: tables, sentences and facts, written into a
folder of its own. The runs are those of `sim.results`, the intervals those of `sim.experiment`.
"""
