"""Training as one C program for this computer: forward and backward steps, and a plan of checkpoints that runs them."""
