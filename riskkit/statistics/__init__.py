"""Shrinkage, tails, calibration and change: plain arrays in, plain arrays out; nothing of riskkit above."""
