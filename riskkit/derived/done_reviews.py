"""Which reviews of the register took place: not what was cancelled, is planned, or stayed a draft."""

from __future__ import annotations

import re
from typing import Any

from riskkit.model import Moment

_NOT_DONE = re.compile(
    r"^\W*(?:postponed|deferred|aborted|abandoned|skipped|missed|planned|scheduled|started|pending|open|ongoing"
    r"|to be|to do|not yet|nothing yet|no (?:time|review|report|outcome|result)\b|none yet|void|withdrawn)\b"
    r"|\bcancel(?:l?ed|lation)?\b|\b(?:draft|unfinished|incomplete|in progress|under way)\b"
    r"|\b(?:not|never|nothing was) (?:yet |been |fully )?(?:done|held|performed|completed?|carried out"
    r"|conducted|finished|made|started|executed)\b|\bdid not (?:take place|happen)\b",
    re.IGNORECASE,
)


def not_done(review: Any) -> str:
    """Why a review of the register does not count as one that took place; empty when it does."""
    if review.state and review.state != "done":
        return f"is recorded as {review.state}"
    if found := _NOT_DONE.search(review.outcome or ""):
        return f"has an outcome that says “{found[0].strip().casefold()}”"
    return ""


def done(review: Any, at: Moment) -> bool:
    """Whether it took place before `as_of`."""
    return bool(review.performed_at < at.as_of) and not not_done(review)
