"""Standards that need a policy, and whether the register has one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import be, out_of

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
def programme_policy_missing(policies: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per standard; a policy serves it when it cites the standard or a specification below it."""
    rows = list(records(policies))
    for standard, name in STANDARDS.items():
        stem = standard.removesuffix("(i)")
        serving = [policy for policy in rows if (policy.citation or "").startswith(stem)]
        approved = [policy for policy in serving if policy.approved_on and policy.approved_on <= at.today]
        result, message = _judged(name, serving, approved)
        yield Verdict(
            subject=standard,
            result=result,
            message=message,
            observed=f"{len(approved)} of {len(serving)} approved",
            expected="at least 1 approved",
            controls=(standard,),
            rows=(Rows.of("policies", approved or serving),),
        )


def _judged(name: str, serving: list[Any], approved: list[Any]) -> tuple[Result, str]:
    if approved:
        told = out_of(len(approved), len(serving), f"{name} policy")
        return "PASS", f"{told} in the register {be(len(approved))} approved."
    if serving:
        none = f"None of {len(serving)} {name} policies in the register has a"
        one = f"The {name} policy in the register has no"
        return "FAIL", f"{none if len(serving) > 1 else one} date of approval."
    return "UNKNOWN", f"No policy in the register cites the {name} standard."
