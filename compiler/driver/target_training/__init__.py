"""Training by programs of a target: what a training in numpy is as a task, what its program takes, what it learned."""
