"""Tables to one page: what was asked, what came out, and how it was worked out.

In: a folder of results as ``sim.results`` lays it out. Out: ``figures/`` and one
``report.html`` that needs nothing but a browser.
"""
