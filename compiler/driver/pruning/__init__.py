"""Pruning: what a text or a table asks for, as passes, and what these passes take from the user's data."""
