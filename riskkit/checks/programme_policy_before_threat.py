"""Policies that are older than a threat which concerns them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.policies import last_look, not_in_force
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be


@check(
    id="programme.policy_before_threat",
    title="Policies are looked at again when a threat concerns them",
    question="Which policies were not reviewed since a threat that concerns them became known?",
    subject="policy and threat",
    controls=("45 CFR 164.316(b)(2)(iii)",),
    severity="medium",
    remediation="Review the policy in the light of the threat, and record the review.",
    look_first="Whether the policy covers the threat already.",
    usual_cause="Threats are followed by security, policies by another office.",
)
def programme_policy_before_threat(
    threats: pd.DataFrame, policies: pd.DataFrame, *, within_days: int = 60, at: Moment
) -> Iterator[Verdict]:
    """One verdict per open threat and policy that it names; 60 days are our choice."""
    known: dict[str, Any] = {}
    for policy in records(policies):
        # Of a policy that stands twice the older look counts.
        if not not_in_force(policy) and _seen(policy, at) <= _seen(known.get(policy.policy_id, policy), at):
            known[policy.policy_id] = policy
    for threat in records(threats):
        if threat.known_on > at.today or (threat.settled_on and threat.settled_on <= at.today):
            continue
        for name in sorted({part.strip() for part in (threat.policy_ids or "").split(";")} - {""}):
            policy = known.get(name)
            result, message = _judged(threat, policy, within_days, at)
            yield Verdict(
                subject=f"{name} {threat.threat_id}",
                result=result,
                message=message,
                observed=f"reviewed {policy.reviewed_on or 'never'}" if policy else "not in the register",
                expected=f"reviewed since {threat.known_on}",
                rows=(Rows.of("threats", [threat]), Rows.of("policies", [policy] if policy else [])),
            )


def _judged(threat: Any, policy: Any, within_days: int, at: Moment) -> tuple[Result, str]:
    if policy is None:
        return "UNKNOWN", "The register holds no policy in force of the id that the threat concerns."
    age = at.age_days(threat.known_on)
    if _seen(policy, at) >= threat.known_on:
        return "PASS", f"The policy was reviewed after the threat became known {amount(age, 'day')} ago."
    facts = (
        f"The policy was not reviewed in the {amount(age, 'day')} since the threat is known; {within_days} "
        f"{be(within_days)} allowed."
    )
    return ("FAIL" if age > within_days else "UNKNOWN"), facts


def _seen(policy: Any, at: Moment) -> date:
    return last_look(policy, at) or date.min
