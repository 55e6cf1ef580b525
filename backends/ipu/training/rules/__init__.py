"""The lowering of ops, forward ones and adjoints: one rule an op, in an explicit table."""
