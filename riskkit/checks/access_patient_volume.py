"""Days on which somebody opened the records of more patients than is usual."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, first_of_days, verdicts
from riskkit.derived.trail import opens_record
from riskkit.derived.volumes import peers, volumes
from riskkit.model import Moment, Verdict


@check(
    id="access.patient_volume",
    title="People open as many records as their work asks for",
    question="Who opened on one day the records of more patients than the own past and the peers let expect?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="low",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the day was a list, a conference or a catch-up after a downtime.",
    usual_cause="A reading list or a transfer that came at once.",
    standing=False,
    signal=True,
    family="volume",
    aliases=("A09",),
)
def access_patient_volume(
    user_days: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    peer_groups: Any | None,
    exemptions: Any | None,
    roster: Any | None,
    *,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period; needs no care records.

    Distinct patients per day: gamma-Poisson with shrinkage of the user to the peers (role and shift) and
    a factor for weekends, negative binomial tail, recalibrated on the last third of the earlier days.
    """
    scores = volumes(user_days, "patients", peers(peer_groups), at)
    of_patients = opens_record() & ~nw.col("patient_id").is_null()
    cases = scores.cases("patient", first_of_days(audit_events, of_patients, at, scores.odd()))
    manner = Manner("patients", "user_id = :subject and patient_id is not null", one_in, scores.note)
    exempt = Exempt("access.patient_volume", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt)
