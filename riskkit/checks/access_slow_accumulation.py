"""Small excess that goes on for weeks: a few records or exports a day more than is usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Case, Manner, examined, first_of_days, verdicts
from riskkit.derived.slow import accumulations
from riskkit.derived.trail import opens_record
from riskkit.derived.volumes import peers, volumes
from riskkit.model import Moment, Verdict


@check(
    id="access.slow_accumulation",
    title="Nobody gathers records little by little",
    question="Who opened without a known reason, or exported, a little more than usual day after day?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="What the records of these weeks have in common.",
    usual_cause="A change of duty that the schedule does not show.",
    standing=False,
    signal=True,
    family="volume",
    aliases=("A23",),
)
def access_slow_accumulation(
    user_days: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any] | None,
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    span_days: int = 28,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Cumulative sum of the standardised daily excess of unexplained patients and of exports; how rare as
    high a sum is in `span_days` is read from a block bootstrap of the days before the period with a
    fixed seed. A signal stands on days on which the sum rose. Without care records exports alone count.
    """
    cases: list[Case] = []
    note = ""
    kinds = {"exports": ("exports", "role")}
    if unexplained_patients is not None:
        kinds["elsewhere"] = ("unexplained patients", "peer_group")
    else:
        note = "Without care records only exports were added up."
    for column, (what, group) in kinds.items():
        scores = volumes(user_days, column, peers(peer_groups, group), at)
        cases += accumulations(scores, what, span_days)
    keys = first_of_days(audit_events, opens_record(), at, {(case.user, case.day) for case in cases})
    found = (replace(case, keys=keys[case.user, case.day]) for case in cases if (case.user, case.day) in keys)
    manner = Manner("sums of small excess", "user_id = :subject", one_in, f"{note} {scores.note}".strip())
    exempt = Exempt("access.slow_accumulation", exemptions, roster)
    yield from verdicts(examined(user_days, at), found, manner, exempt)
