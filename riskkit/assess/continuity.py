"""Months in which recognized security practices were shown, from the findings of earlier periods.

A month counts for a practice only when every control behind it was met, on evidence that was fresh and
dated. Twelve months in a row support that the practice was in place (HITECH section 13412); they do not
prove it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from riskkit.catalog.frameworks import references
from riskkit.errors import SettingsError
from riskkit.model import Assessment, Period

NEEDED = 12
"""Months: "not less than the previous 12 months", HITECH section 13412(a)."""


@dataclass(frozen=True, slots=True)
class Continuity:
    """One practice: its controls, the months on record and in which it was shown, and how many in a row."""

    reference: str
    title: str
    controls: tuple[str, ...]
    recorded: tuple[str, ...]
    shown: tuple[str, ...]
    in_a_row: int

    @property
    def words(self) -> str:
        """What the record says, never more."""
        if self.in_a_row >= NEEDED:
            return f"{self.in_a_row} months in a row: supports, does not prove"
        return f"{self.in_a_row} of {NEEDED} months in a row: does not support yet"


def continuity(assessment: Assessment, framework: str = "hicp") -> tuple[Continuity, ...]:
    """Every practice of a framework over the months up to the period of the assessment.

    A period of more than one month counts for its last alone, on which it was judged.
    """
    months: dict[str, frozenset[str]] = {}
    for content in assessment.history:
        if (month := _month(content.get("period"))) is not None:
            months[month] = _met(content)
    last = _month(assessment.moment.period.name)
    if last is not None:
        months[last] = frozenset(
            one.control.citation for one in assessment.controls if one.status == "met" and not one.undated
        )
    return tuple(_practice(one.reference, one.title, one.controls, months) for one in references(framework))


def _practice(
    reference: str, title: str, controls: tuple[str, ...], months: Mapping[str, frozenset[str]]
) -> Continuity:
    recorded = tuple(sorted(months))
    shown = tuple(month for month in recorded if set(controls) <= months[month])
    row, month = 0, recorded[-1] if recorded else ""
    while month in shown:
        row += 1
        month = Period.parse(month).previous().name
    return Continuity(reference, title, controls, recorded, shown, row)


def _month(period: object) -> str | None:
    """The month in which a period ends; None when it is none."""
    try:
        return f"{Period.parse(str(period)).last_day:%Y-%m}"
    except SettingsError:
        return None


def _met(content: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(
        str(one.get("citation"))
        for one in content.get("controls", ())
        if one.get("status") == "met" and not one.get("undated")
    )
