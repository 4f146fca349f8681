"""Chance that repeats: the same seed and names give the same draws on every Python and machine."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Sequence
from typing import TypeVar

Thing = TypeVar("Thing")


def digest(seed: int, *names: object) -> bytes:
    """32 bytes that depend on the seed and the names alone."""
    return hashlib.sha256("\x1f".join(map(str, (seed, *names))).encode()).digest()


class Chance:
    """A stream of draws of its own for each (seed, names).

    Separate streams keep the rest of a pack as it is when one part draws more or less than before.
    Everything rests on `random.random()`, the only draw that Python promises never to change.
    """

    def __init__(self, seed: int, *names: object) -> None:
        number = int.from_bytes(digest(seed, *names))
        self._draw = random.Random(number).random  # noqa: S311 - made-up data, no secret

    def happens(self, share: float) -> bool:
        """True in this share of the draws."""
        return self._draw() < share

    def between(self, low: float, high: float) -> float:
        """A number from low up to, but not including, high."""
        return low + (high - low) * self._draw()

    def integer(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int((high - low + 1) * self._draw())

    def pick(self, things: Sequence[Thing]) -> Thing:
        """One of the things, each as likely."""
        return things[int(len(things) * self._draw())]

    def weighted(self, things: Sequence[tuple[Thing, float]]) -> Thing:
        """One of the things, as likely as its weight."""
        left = self._draw() * sum(weight for _, weight in things)
        for thing, weight in things:
            left -= weight
            if left < 0:
                return thing
        return things[-1][0]

    def some(self, things: Sequence[Thing], count: int) -> list[Thing]:
        """That many different things, in random order; all of them where there are fewer."""
        left = list(things)
        return [left.pop(int(len(left) * self._draw())) for _ in range(min(count, len(left)))]

    def count(self, mean: float) -> int:
        """A Poisson count (Knuth's product of draws; means of a day, so below some 100)."""
        limit, product, found = math.exp(-mean), self._draw(), 0
        while product > limit:
            product *= self._draw()
            found += 1
        return found
