"""The reviews of one kind that were recorded, system by system."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from riskkit.derived.done_reviews import not_done
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count

NO_SYSTEM = "reviews of no named system"


def review_verdicts(
    reviews: Any, systems: Any | None, kind: str, max_days: int, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a recorded review of this kind before `as_of`, by the age of the last.

    What was cancelled, is planned or stayed a draft took not place: a system with nothing else is unknown.
    """
    names = system_names(systems)
    found: dict[str, list[Any]] = {}
    for review in records(reviews):
        if review.kind == kind and review.performed_at < at.as_of:
            found.setdefault(system_of(review.system_id, names), []).append(review)
    for system, recorded in sorted(found.items()):
        done = [review for review in recorded if not not_done(review)]
        if not done:
            yield Verdict(
                subject=system or NO_SYSTEM,
                result="UNKNOWN",
                message=f"Of {count(len(recorded), 'recorded review')} none took place: one "
                f"{not_done(recorded[-1])}.",
                observed="none that took place",
                expected=f"at most {amount(max_days, 'day')}",
                scope=system,
                rows=(Rows.of("reviews", recorded),),
            )
            continue
        last = max(done, key=lambda review: (review.performed_at, review.review_id))
        age = at.age_days(last.performed_at)
        one = f"The last of {len(done):,} recorded reviews" if len(done) > 1 else "The only recorded review"
        facts = f"{one} was {amount(age, 'day')} before the end of the period."
        yield Verdict(
            subject=system or NO_SYSTEM,
            result="UNKNOWN" if not system else "PASS" if age <= max_days else "FAIL",
            message=facts
            if system
            else (
                f"{count(len(done), 'recorded review')} {be(len(done), 'does', 'do')} not say of which "
                "system."
            ),
            observed=amount(age, "day"),
            expected=f"at most {amount(max_days, 'day')}",
            scope=system,
            rows=(Rows.of("reviews", [last]),),
        )
