"""Training by C programs for this computer: plans, and the loop."""
