"""Chance that is the same in every run: uniform numbers by name, turned into others by inverse CDF.

The same name always gives the same numbers. Two assessments therefore differ by their evidence and
never by the draw (common random numbers).
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, gammaincinv, logit, ndtri

from riskkit.model import Band

Array = npt.NDArray[np.float64]

Z95 = float(ndtri(0.95))


class Stream:
    """Rows of numbers that a name stands for; row k is the same however many are asked for."""

    def __init__(self, name: str, size: int) -> None:
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:16], "big")
        self._source = np.random.Generator(np.random.PCG64(seed))
        self._size = size

    def uniform(self) -> Array:
        """The next row, each number within (0, 1)."""
        found: Array = np.clip(self._source.random(self._size), 1e-12, 1 - 1e-12)
        return found

    def normal(self) -> Array:
        """The next row of standard normal numbers."""
        return np.asarray(ndtri(self.uniform()), dtype=np.float64)

    def exponential(self) -> Array:
        """The next row of exponential numbers of mean 1."""
        return np.asarray(-np.log1p(-self.uniform()), dtype=np.float64)


def uniform(name: str, size: int) -> Array:
    """The first row of a name."""
    return Stream(name, size).uniform()


def gamma(band: Band, u: Array) -> Array:
    """Gamma numbers whose 5th and 95th percentile are the band, at these probabilities."""
    shape, scale = _gamma(band)
    return np.asarray(gammaincinv(shape, u) * scale, dtype=np.float64)


def share(band: Band, u: Array) -> Array:
    """Logit-normal numbers between 0 and 1 whose 5th and 95th percentile are the band."""
    low, high = float(logit(band.low)), float(logit(band.high))
    found: Array = expit((low + high) / 2 + (high - low) / (2 * Z95) * ndtri(u))
    return found


def lognormal(band: Band) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm, of a lognormal with this band."""
    low, high = math.log(band.low), math.log(band.high)
    return (low + high) / 2, (high - low) / (2 * Z95)


def lognormal_mean(band: Band) -> float:
    """The mean of a lognormal with this band."""
    middle, spread = lognormal(band)
    return math.exp(middle + spread * spread / 2)


@lru_cache(maxsize=256)
def _gamma(band: Band) -> tuple[float, float]:
    """Shape and scale: the ratio of the two percentiles depends on the shape alone, and falls with it."""

    def excess(log_shape: float) -> Any:
        shape = math.exp(log_shape)
        return math.log(gammaincinv(shape, 0.95)) - math.log(gammaincinv(shape, 0.05)) - math.log(ratio)

    ratio = band.high / band.low
    shape = math.exp(brentq(excess, math.log(0.05), math.log(5000.0), xtol=1e-12))
    return shape, float(band.high / gammaincinv(shape, 0.95))
