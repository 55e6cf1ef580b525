"""What the nodes of both graphs are in C: one rule an op, in an explicit table."""
