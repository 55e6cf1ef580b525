"""The IPU-style target: programs against the Poplar API, and a simulator that runs them on any host."""
