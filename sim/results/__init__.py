"""Results: where a run lies, how it is written so that it is whole, how it is read back.

In: Experiment or Comparison. Out: folders of CSV files with a manifest, and the same records
read from them.
"""
