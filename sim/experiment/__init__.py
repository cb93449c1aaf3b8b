"""Experiments: many replications of one plan, their intervals, and two of them compared.

In: Plan, Legend, Places, an engine. Out: `Experiment` and `Comparison`: tables whose
columns `sim.measures.columns` defines. Results depend neither on the number of
processes nor on the order in which they finish.
"""
