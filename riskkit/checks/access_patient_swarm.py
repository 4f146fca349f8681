"""Patients whose record several people opened within two days, none with a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, verdicts
from riskkit.derived.targets import DAYS, opened
from riskkit.model import Moment, Verdict


@check(
    id="access.patient_swarm",
    title="No record draws people who have nothing to do with the patient",
    question="Who was among several people that opened one record within two days without a known reason?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the patient was in the news, in a conference or in an emergency.",
    usual_cause="A conference or an emergency that the relationships do not hold.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A06",),
)
def access_patient_swarm(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Distinct users without explanation of one patient on a day and the day before; how rare as many are
    is read from the patients and days before the period, with an exponential tail.
    """
    found = opened(unexplained_patients, at)
    # Each unit counts on its own day and on the next; patient and day as one number.
    moment = found.patient * DAYS + found.day
    seen = np.unique(np.stack([np.concatenate([moment, moment + 1]), np.tile(found.user, 2)]), axis=1)[0]
    moments, users = np.unique(seen, return_counts=True)
    crowd = users[np.searchsorted(moments, moment)] if len(moment) else moment
    once = np.zeros(len(moment), bool)
    once[np.unique(moment, return_index=True)[1]] = True
    cases = found.high(crowd, "{} people without a known reason at one record in two days", once)
    manner = Manner("shared records", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.patient_swarm", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
