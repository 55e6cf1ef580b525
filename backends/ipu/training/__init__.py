"""Training programs: a step of training with its checkpoints, as loops of Poplar programs."""
