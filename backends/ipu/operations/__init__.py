"""Tensor operations on tiles: each is a population whose elements are computed of the values of others."""
