"""Exact intervals of shares that were estimated from samples, also of strata of a finite store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy import stats

CONFIDENCE = 0.95
SMALL_FRACTION = 0.05
"""Above this share of what there is, that the rest is finite counts (Cochran 1977, section 2.6)."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Of `size` things `drawn` were looked at, chosen at random, and `found` of these are what is sought.

    Raises ValueError unless 0 <= found <= drawn <= size.
    """

    size: int
    drawn: int
    found: int

    def __post_init__(self) -> None:
        if not 0 <= self.found <= self.drawn <= self.size:
            raise ValueError("a sample is no greater than what it is drawn from, nor than what was found")


def clopper_pearson(found: int, drawn: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share of which `found` of `drawn` were seen; (0, 1) when none was drawn.

    Clopper and Pearson, Biometrika 26 (1934): each end leaves out (1 - confidence) / 2. With none found
    the upper end is 1 - ((1 - confidence) / 2) ** (1 / drawn).
    """
    Stratum(drawn, drawn, found)
    if not drawn:
        return 0.0, 1.0
    tail = (1 - confidence) / 2
    low = float(stats.beta.ppf(tail, found, drawn - found + 1)) if found else 0.0
    high = float(stats.beta.ppf(1 - tail, found + 1, drawn - found)) if found < drawn else 1.0
    return low, high


def finite(stratum: Stratum, confidence: float = CONFIDENCE) -> tuple[int, int]:
    """The exact interval of how many of a finite stratum are what is sought.

    Tests of the hypergeometric distribution turned round (Wright, Exact Confidence Bounds when Sampling
    from Small Finite Universes, 1991). What was seen is known, so the ends are never tighter than that.
    """
    size, drawn, found = stratum.size, stratum.drawn, stratum.found
    least, most = found, size - (drawn - found)
    tail = (1 - confidence) / 2
    low = _first(least, most, lambda many: stats.hypergeom.sf(found - 1, size, many, drawn) > tail)
    high = most - _first(
        0, most - low, lambda fewer: stats.hypergeom.cdf(found, size, most - fewer, drawn) > tail
    )
    return low, high


def in_stratum(stratum: Stratum, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of how many of a stratum are what is sought: exact for finite strata where that counts."""
    if stratum.drawn > SMALL_FRACTION * stratum.size:
        low, high = finite(stratum, confidence)
        return float(low), float(high)
    least, most = clopper_pearson(stratum.found, stratum.drawn, confidence)
    return max(least * stratum.size, stratum.found), min(
        most * stratum.size, stratum.size - (stratum.drawn - stratum.found)
    )


def stratified(strata: Sequence[Stratum], confidence: float = CONFIDENCE) -> tuple[float, float]:
    """The interval of how many things of all strata together are what is sought.

    Each stratum gets 1 - (1 - confidence) / strata (Bonferroni), so that all hold at once with at least
    `confidence`, and the ends add up. A stratum of which nothing was drawn may be all or nothing.
    """
    if not strata:
        return 0.0, 0.0
    each = 1 - (1 - confidence) / len(strata)
    ends = [in_stratum(stratum, each) for stratum in strata]
    return sum(low for low, _ in ends), sum(high for _, high in ends)


def estimate(strata: Sequence[Stratum]) -> float:
    """How many things there are by the shares seen, weighted by the sizes of the strata.

    Strata of which nothing was drawn are left out.
    """
    return sum(stratum.size * stratum.found / stratum.drawn for stratum in strata if stratum.drawn)


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The first whole number of low..high from which on it holds; `high` when none does."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low
