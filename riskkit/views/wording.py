"""Times in words, in the site's zone."""

from __future__ import annotations

from datetime import date, datetime

from riskkit.model import Assessment


def day(assessment: Assessment, when: datetime | date | None) -> str:
    """A date in the site's zone."""
    if when is None:
        return "–"
    return f"{when.astimezone(assessment.moment.zone):%Y-%m-%d}" if isinstance(when, datetime) else str(when)


def minute(assessment: Assessment, when: datetime | None) -> str:
    """A time in the site's zone, to the minute."""
    return "–" if when is None else f"{when.astimezone(assessment.moment.zone):%Y-%m-%d %H:%M}"
