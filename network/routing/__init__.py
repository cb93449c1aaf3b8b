"""Routes before the run: what they cost, which come into question, who takes which."""
