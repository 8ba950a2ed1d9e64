"""Benchmarks: measured on one machine in one run, given as ratios. `make bench` runs them; no test depends on a time."""
