"""Measurements: our path and its reference side by side, in one run.  See ``benchmarks/README.md``."""
