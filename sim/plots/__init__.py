"""Tables to figures: what was measured is drawn here and nothing is worked out.

In: the tidy tables of ``sim.measures`` and ``sim.experiment``. Out: PNG and SVG files
whose bytes depend on the tables alone.
"""
