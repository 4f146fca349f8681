"""Patients whose record several people opened within two days, none with a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, verdicts
from riskkit.derived.targets import opened
from riskkit.model import Moment, Verdict
from riskkit.statistics.calibration import empirical_tail


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
    units = found.units[["user_id", "day", "patient_id"]]
    both = pd.concat([units, units.assign(day=units["day"] + 1)]).drop_duplicates()
    crowd = both.groupby(["patient_id", "day"]).size().rename("users").reset_index()
    users = units.merge(crowd, on=["patient_id", "day"], how="left")["users"].to_numpy()
    once = ~units.duplicated(["patient_id", "day"]).to_numpy()
    usual = users[once & found.base]
    p = empirical_tail(usual, users)
    expected = np.full(len(units), float(usual.mean()) if len(usual) else 1.0)
    reason = "{} people without a known reason at one record in two days"
    cases = found.cases(users > 1, expected, reason, p=p, observed=users)
    manner = Manner("shared records", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.patient_swarm", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
