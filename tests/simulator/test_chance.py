"""Draws: repeatable, within their bounds, and as often as asked."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from riskkit.simulator.chance import Chance


def test_draws_are_the_same_for_ever() -> None:
    """Packs that were made years ago can be made again: these figures never change."""
    chance = Chance(2026, "people")

    assert [chance.integer(0, 999) for _ in range(5)] == [928, 861, 814, 656, 591]


@given(st.integers(), st.text(), st.text())
def test_streams_do_not_hang_together(seed: int, one: str, other: str) -> None:
    """Two names give two streams, and drawing from one moves no other."""
    first = [Chance(seed, one).between(0, 1) for _ in range(2)]
    Chance(seed, other).between(0, 1)

    assert first[0] == first[1] == Chance(seed, one).between(0, 1)
    assert one == other or Chance(seed, other).between(0, 1) != first[0]


@given(st.integers(), st.integers(-50, 50), st.integers(0, 50), st.lists(st.integers(), min_size=1))
def test_draws_keep_to_their_bounds(seed: int, low: int, more: int, things: list[int]) -> None:
    """Both ends of a range can be drawn and nothing outside; a sample repeats no place."""
    chance = Chance(seed)

    assert low <= chance.integer(low, low + more) <= low + more
    assert chance.pick(things) in things
    assert chance.weighted([(thing, 1.0) for thing in things]) in things
    some = chance.some(things, more)
    assert len(some) == min(more, len(things))
    assert not Counter(some) - Counter(things)


def test_shares_and_counts_come_out() -> None:
    """Over many draws shares, weights and means are those asked for, within three standard errors."""
    chance = Chance(1)
    draws = 20_000

    assert abs(sum(chance.happens(0.3) for _ in range(draws)) / draws - 0.3) < 0.01
    assert abs(sum(chance.count(4.5) for _ in range(draws)) / draws - 4.5) < 0.05
    picked = Counter(chance.weighted([("a", 3.0), ("b", 1.0)]) for _ in range(draws))
    assert abs(picked["a"] / draws - 0.75) < 0.01
