"""Sweeps: many points of one scenario, run once each, kept whatever happens.

In: `SweepSection` and the scenario that its points share. Out: a folder with a journal that
survives any end, tables whose bytes depend on the results alone, and their analysis.
"""
