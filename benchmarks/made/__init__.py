"""Data and rival programs for the benchmarks, made on the spot and the same every time."""
