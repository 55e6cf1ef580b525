"""Benchmarks: ratios against peers, measured in one run. `README.md` says how to run them; they are not tests."""
