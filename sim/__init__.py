"""The engine: a straight line of one-word rooms from a scenario file to a report."""
