"""From a scenario and a network to a plan: the only room where units change."""
