"""Which policies of the register hold: approved, in force, and when each is to be looked at again."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

from riskkit.model import Moment
from riskkit.words import amount

_NOT_IN_FORCE = r"draft|superseded|withdrawn|obsolete|retired|repealed|void"
_SAID = re.compile(
    rf"^\W*(?P<first>{_NOT_IN_FORCE})\b(?=\W*[-:\])]|\s)|[(\[]\s*(?P<inside>{_NOT_IN_FORCE})\b[^)\]]*[)\]]"
    rf"|[-–:,]\s*(?P<last>{_NOT_IN_FORCE})\W*$",
    re.IGNORECASE,
)


def not_in_force(policy: Any) -> str:
    """What a policy is instead of in force (draft, superseded ...), as its state or its title says."""
    if policy.state:
        return "" if policy.state == "in_force" else str(policy.state)
    found = _SAID.search(policy.title or "")
    return found[found.lastgroup].casefold() if found and found.lastgroup else ""


def approved(policy: Any, at: Moment) -> bool:
    """Whether the register says by whom and when it was approved, up to the end of the period."""
    return bool(policy.approved_by and policy.approved_on and policy.approved_on <= at.today)


def last_look(policy: Any, at: Moment) -> date | None:
    """The last review or approval up to the end of the period."""
    days = (policy.reviewed_on, policy.approved_on)
    return max((day for day in days if day and day <= at.today), default=None)


def review_due(policy: Any, max_days: int, longest_days: int, at: Moment) -> tuple[date | None, str]:
    """When its review is due, and by what: as planned, else `max_days` after the last review or approval.

    A plan counts for `longest_days` after that and no longer; without any date nothing is due.
    """
    seen, planned = last_look(policy, at), policy.next_review_on
    if planned is None:
        if seen is None:
            return None, ""
        return seen + timedelta(days=max_days), f"{amount(max_days, 'day')} after the last review or approval"
    latest = seen + timedelta(days=longest_days) if seen else planned
    if planned <= latest:
        return planned, "as planned"
    return latest, f"{amount(longest_days, 'day')} after the last review or approval, whatever was planned"
