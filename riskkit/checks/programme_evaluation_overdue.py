"""Risk analyses and evaluations that are too old."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.done_reviews import not_done
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, capital, count

KINDS = {
    "evaluation": ("45 CFR 164.308(a)(8)", "45 CFR 164.306(e)"),
    "risk_analysis": ("45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.306(e)"),
}
"""Which controls the date of the last one bears on."""


@check(
    id="programme.evaluation_overdue",
    title="The risk analysis and the evaluation of safeguards are renewed every year",
    question="When were the last risk analysis and the last evaluation recorded?",
    subject="review",
    controls=("45 CFR 164.308(a)(8)", "45 CFR 164.308(a)(1)(ii)(A)", "45 CFR 164.306(e)"),
    severity="high",
    remediation="Carry it out, and record it in programme/reviews.csv with what came of it.",
    look_first="Whether one was done after the last change of systems and was only not recorded.",
    usual_cause="It was done once for a certification or a merger, and no date was set for the next.",
)
def programme_evaluation_overdue(
    reviews: pd.DataFrame, systems: pd.DataFrame | None, *, max_days: int = 365, at: Moment
) -> Iterator[Verdict]:
    """One verdict per kind, on record or not; the rule says "periodic", a year is our choice.

    What was cancelled, is planned or stayed a draft took not place, and one without an outcome is not shown.
    One of a named system is of that system alone: together they count when they cover each system with ePHI.
    """
    names = system_names(systems)
    held = {row.system_id for row in (() if systems is None else filter(in_scope, records(systems)))}
    recorded = [review for review in records(reviews) if review.performed_at < at.as_of]
    for kind, controls in KINDS.items():
        found = [review for review in recorded if review.kind == kind]
        took_place = [review for review in found if not not_done(review)]
        whole = _whole(took_place, names, held)
        name = kind.replace("_", " ")
        if not whole:
            yield Verdict(
                subject=name,
                result="UNKNOWN",
                message=_lacking(name, found, took_place),
                observed="none on record",
                expected=f"at most {amount(max_days, 'day')}",
                controls=controls,
                rows=(Rows.of("reviews", found),),
            )
            continue
        oldest = min(whole, key=lambda review: (review.performed_at, review.review_id))
        age = at.age_days(oldest.performed_at)
        bare = [review for review in whole if not review.outcome]
        said = f"The last of {len(found):,} recorded" if len(found) > 1 else "The only one recorded"
        facts = f"{said} was {amount(age, 'day')} before the end of the period"
        lacking = ", and the register does not say what came of it" if bare else ""
        yield Verdict(
            subject=name,
            result="FAIL" if age > max_days else "UNKNOWN" if bare else "PASS",
            message=f"{facts}{lacking}.",
            observed=amount(age, "day"),
            expected=f"at most {amount(max_days, 'day')}",
            controls=controls,
            rows=(Rows.of("reviews", whole),),
        )


def _whole(found: Sequence[Any], names: Mapping[str, str], held: Collection[str]) -> list[Any]:
    """The last one of everything, or the last of each system when they cover all and are newer."""
    last: dict[str, Any] = {}
    for review in sorted(found, key=lambda review: (review.performed_at, review.review_id)):
        last[system_of(review.system_id, names)] = review
    single = [review for system, review in sorted(last.items()) if system in held]
    of_all = last.get("")
    if held and len(single) == len(held):
        # Of a system the last of its own counts, or the last of everything when that is later.
        newest = [max(filter(None, (one, of_all)), key=lambda one: one.performed_at) for one in single]
        return list({id(one): one for one in newest}.values())
    return [of_all] if of_all else []


def _lacking(name: str, found: Sequence[Any], took_place: Sequence[Any]) -> str:
    if not found:
        return f"No {name} stands in the register of reviews."
    if not took_place:
        last = max(found, key=lambda review: (review.performed_at, review.review_id))
        return f"No {name} took place: the last of {len(found):,} in the register {not_done(last)}."
    return (
        f"{capital(count(len(took_place), name))} in the register "
        f"{be(len(took_place), 'is of one system', 'are of single systems')}, and not of every one with ePHI."
    )
