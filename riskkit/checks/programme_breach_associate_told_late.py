"""Incidents of which a business associate did not tell in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import associate_clock, breach_verdicts
from riskkit.derived.contract_terms import in_force, same_vendor
from riskkit.model import Moment, Verdict
from riskkit.tables import records


@check(
    id="programme.breach_associate_told_late",
    title="Business associates tell of breaches in time",
    question="Of which incidents did a business associate tell too late or not at all?",
    subject="incident",
    controls=("45 CFR 164.410",),
    severity="high",
    remediation="Hold the associate to its contract, and record when it knew and when it told.",
    look_first="What the contract says about the number of days.",
    usual_cause="The associate waited until its own investigation was done.",
)
def programme_breach_associate_told_late(
    incidents: pd.DataFrame, contracts: pd.DataFrame, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per incident.

    The days of the contract in force count when they are fewer than 60 (164.410).
    """
    signed = list(records(contracts))
    yield from breach_verdicts(
        incidents,
        at,
        lambda incident: associate_clock(incident, at, _notice(incident, signed, at)),
        always=True,
    )


def _notice(incident: Any, contracts: Iterable[Any], at: Moment) -> int | None:
    """Days within which the contracts in force with the associate ask for notice, the fewest."""
    own = [one for one in contracts if same_vendor(one.vendor, incident.associate or "")]
    return min((one.notice_days for one in in_force(own, at) if one.notice_days is not None), default=None)
