"""What the targets that train have in common: the task, and what goes into a training and comes out of it."""
