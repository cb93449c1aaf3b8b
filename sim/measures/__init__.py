"""Measures: one Trace, read with its Plan and Legend, becomes tidy tables.

In: Plan, Trace, Legend and, for borders and corridors, Places. Out: the tables
that `columns` describes, for one replication. Nothing is plotted or printed.
"""
