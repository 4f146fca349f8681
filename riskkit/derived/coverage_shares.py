"""Shares of what rests encrypted, by bytes, studies, volumes and devices, as intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from riskkit.derived.storage_coverage import STATES

Measure = Literal["bytes", "studies", "volumes", "devices"]
MEASURES: Sequence[Measure] = ("bytes", "studies", "volumes", "devices")
"""The four denominators, always shown together: each hides what another shows."""


@dataclass(frozen=True, slots=True)
class Share:
    """Of a whole, how much is proved to be strongly encrypted, unknown, weakly encrypted and plain.

    `unmeasured` counts places that do not say how much they hold, and so are in no share of it.
    """

    proved: int = 0
    unknown: int = 0
    weak: int = 0
    plain: int = 0
    unmeasured: int = 0

    @property
    def total(self) -> int:
        """The whole."""
        return self.proved + self.unknown + self.weak + self.plain

    @property
    def possible(self) -> int:
        """The optimistic end: what is proved and what is unknown."""
        return self.proved + self.unknown


def share(rows: Iterable[Mapping[str, Any]], measure: Measure) -> Share:
    """The share of rows of `storage_coverage`; a device is as bad as its worst place."""
    if measure == "devices":
        worst: dict[str, str] = {}
        for row in rows:
            worst[row["device"]] = min(worst.get(row["device"], row["state"]), row["state"], key=STATES.index)
        return _of((state, 1) for state in worst.values())
    if measure == "volumes":
        return _of((row["state"], 1) for row in rows)
    return _of((row["state"], row[measure]) for row in rows)


def by_tier(rows: Iterable[Mapping[str, Any]]) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    """The rows of each tier, in the order of their names."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["tier"], []).append(row)
    return dict(sorted(found.items()))


def _of(parts: Iterable[tuple[str, int | None]]) -> Share:
    sums = dict.fromkeys(STATES, 0)
    unmeasured = 0
    for state, number in parts:
        if number is None:
            unmeasured += 1
        else:
            sums[state] += number
    return Share(sums["strong"], sums["unknown"] + sums["untold"], sums["weak"], sums["plain"], unmeasured)
