"""Training by programs for tiles: what a training in numpy is, as a task of the backend, and its loop."""
