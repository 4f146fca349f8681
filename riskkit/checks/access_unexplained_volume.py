"""Days on which somebody opened more records without a known reason than is usual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, verdicts
from riskkit.derived.targets import first_of_user_days, opened
from riskkit.derived.volumes import peers, volumes
from riskkit.model import Moment, Verdict


@check(
    id="access.unexplained_volume",
    title="People open few records without a reason that the care records know",
    question="Who opened on one day more records without a known reason than the own past and the peers let "
    "expect?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Which patients they were: one ward, one clinic or one list points to undocumented work.",
    usual_cause="A duty in another department that the schedule does not hold.",
    standing=False,
    signal=True,
    family="volume",
    aliases=("A01",),
)
def access_unexplained_volume(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    peer_groups: Any | None,
    exemptions: Any | None,
    roster: Any | None,
    *,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Distinct patients with an unexplained access per day: gamma-Poisson with shrinkage of the user to the
    peers (role and shift), negative binomial tail, recalibrated on the last third of the earlier days.
    """
    found = opened(unexplained_patients, at)
    scores = volumes(
        user_days, "elsewhere", peers(peer_groups), at, keep=lambda user: user not in found.strangers
    )
    cases = scores.cases("unexplained patients", first_of_user_days(found))
    manner = Manner("unexplained patients", "user_id = :subject and unexplained", one_in, scores.note)
    exempt = Exempt("access.unexplained_volume", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
