"""What protects a system that cannot be updated: measures with an approver and a last day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from riskkit.derived.inventory import system_names, system_of
from riskkit.model import SEVERITIES, Moment, Rows, Severity
from riskkit.tables import records
from riskkit.words import be, count

LONGEST = timedelta(days=1096)
"""Three years: what is to hold for longer was approved without a day to look at it again (our choice)."""


def why_void(measure: Any, today: date) -> str:
    """Why a row of `compensating_controls` does not count; empty when it does."""
    if not measure.approved_by or measure.approved_on is None:
        return "nobody approved it"
    if measure.approved_on > today:
        return "it is approved for a later day"
    if measure.valid_until is None:
        return "it has no last day"
    if measure.valid_until < today:
        return f"it ended on {measure.valid_until}"
    if measure.valid_until - measure.approved_on > LONGEST:
        return f"it is to hold until {measure.valid_until}, over {LONGEST.days:,} days from its approval"
    return ""


@dataclass(frozen=True, slots=True)
class Cover:
    """The measures that count for one system and topic, and those that do not."""

    valid: Sequence[Any] = ()
    void: Sequence[tuple[Any, str]] = ()

    @property
    def told(self) -> str:
        """A sentence for the message of a finding; empty when no measure is recorded."""
        if self.valid:
            last = max(measure.valid_until for measure in self.valid)
            number = len(self.valid)
            told = f"{count(number, 'compensating measure')} {be(number)} recorded"
            return f" {told}, {be(number, 'valid', 'the last')} until {last}."
        if self.void:
            return f" A compensating measure is recorded and does not count: {self.void[0][1]}."
        return ""

    def lowered(self, severity: Severity) -> Severity:
        """One step less while a measure counts: what it covers stays a finding."""
        return SEVERITIES[max(SEVERITIES.index(severity) - bool(self.valid), 0)]

    @property
    def rows(self) -> tuple[Rows, ...]:
        """The rows of the measures."""
        found = [*self.valid, *(measure for measure, _ in self.void)]
        return (Rows.of("compensating_controls", found),) if found else ()


class Covers:
    """Looks up the measures of a system by what they cover."""

    def __init__(self, measures: Any | None, systems: Any | None, at: Moment) -> None:
        self._names, self._today = system_names(systems), at.today
        self._by_topic: dict[tuple[str, str], list[Any]] = {}
        for measure in () if measures is None else records(measures):
            key = system_of(measure.system_id, self._names), measure.covers.strip().casefold()
            self._by_topic.setdefault(key, []).append(measure)

    def of(self, system: str, topic: str) -> Cover:
        """What covers a topic (`unsupported`, `updates` ..., or a CVE) on a system."""
        found = self._by_topic.get((system_of(system, self._names), topic.casefold()), [])
        judged = [(measure, why_void(measure, self._today)) for measure in found]
        return Cover([m for m, why in judged if not why], [(m, why) for m, why in judged if why])
