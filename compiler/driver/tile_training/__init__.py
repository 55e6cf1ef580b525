"""Training by programs for tiles: plans, and the loop."""
