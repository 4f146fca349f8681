"""Standards that need a policy, and whether the register has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.policies import approved, not_in_force, review_due
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import cites, records
from riskkit.words import amount, be, count, out_of

STANDARDS = {
    "45 CFR 164.308(a)(1)(i)": "security management",
    "45 CFR 164.308(a)(7)(i)": "contingency",
}
"""Standards whose evidence is the policy itself."""


@check(
    id="programme.policy_missing",
    title="There is an approved policy for security management and for contingencies",
    question="For which standards does the register hold no approved policy?",
    subject="standard",
    controls=tuple(STANDARDS),
    severity="medium",
    remediation="Write the policy, have it approved, and enter it in programme/policies.csv with its "
    "citation.",
    look_first="Whether the policy exists and the register only lacks its citation.",
    usual_cause="The register was filled from a list of documents, without what each of them serves.",
)
def programme_policy_missing(
    policies: pd.DataFrame,
    *,
    late_days: int = 365,
    review_days: int = 365,
    longest_days: int = 1096,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per standard; a policy serves it when it cites the standard or a specification below it.

    One that is a draft or no longer in force serves nothing. Whether one still says what is done is not
    known when its review, due as in people.policy_review_overdue, is over `late_days` late (our choice).
    """
    rows = [policy for policy in records(policies) if policy.citation]
    for standard, name in STANDARDS.items():
        stem = standard.removesuffix("(i)")
        citing = [policy for policy in rows if any(one.startswith(stem) for one in cites(policy.citation))]
        serving = [policy for policy in citing if not not_in_force(policy)]
        signed = [policy for policy in serving if approved(policy, at)]
        late = {id(one): _late(one, review_days, longest_days, at) for one in signed}
        held = [one for one in signed if late[id(one)] <= late_days]
        result, message = _judged(name, citing, serving, signed, held, min(late.values(), default=0))
        yield Verdict(
            subject=standard,
            result=result,
            message=message,
            observed=f"{len(held)} of {len(citing)} approved and in force",
            expected=f"at least 1 approved, its review at most {amount(late_days, 'day')} late",
            controls=(standard,),
            rows=(Rows.of("policies", held or signed or citing),),
        )


def _late(policy: Any, review_days: int, longest_days: int, at: Moment) -> int:
    due, _ = review_due(policy, review_days, longest_days, at)
    return at.age_days(due) if due else 0


def _judged(
    name: str, citing: list[Any], serving: list[Any], signed: list[Any], held: list[Any], late: int
) -> tuple[Result, str]:
    told = f"{name} policy"
    if held:
        return "PASS", f"{out_of(len(held), len(citing), told)} in the register {be(len(held))} in force."
    if signed:
        return "UNKNOWN", (
            f"{out_of(len(signed), len(citing), told)} in the register {be(len(signed))} approved, and its "
            f"review is {amount(late, 'day')} late: whether it still says what is done is not known."
        )
    none = f"Of {count(len(citing), told)} in the register none"
    if any(policy.approved_on for policy in serving):
        return "UNKNOWN", f"{none} says who approved it by the end of the period."
    if serving:
        return "FAIL", f"{none} has a date of approval."
    if citing:
        return "FAIL", f"{none} is in force: {', '.join(sorted({not_in_force(one) for one in citing}))}."
    return "UNKNOWN", f"No policy in the register cites the {name} standard."
