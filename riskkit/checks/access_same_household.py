"""Records of people who live at the user's own address, opened without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import Manner, examined, verdicts
from riskkit.derived.targets import employees, opened, patients_of
from riskkit.model import Moment, Verdict


@check(
    id="access.same_household",
    title="People open the records of those they live with for a reason only",
    question="Who opened, without a known reason, the record of somebody at the own address?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="high",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the patient named the user as proxy, or sent the user.",
    usual_cause="Somebody looks up a result for a member of the family.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A02",),
)
def access_same_household(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any],
    self_match: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Binomial tail of unexplained patients at the user's address (the own record apart) on a day, at the
    rate that others had in the earlier days, or what a crowded address has by chance when that is more.
    Addresses are compared by their letters and digits.
    """
    found = opened(unexplained_patients, at)
    people, total = patients_of(patients, unexplained_patients)
    staff = employees(roster, self_match)
    homes = {user: one.home for user, one in staff.items()}
    home = found.of_patients({patient: one.home for patient, one in people.items()})
    hit = (home == found.of_users(homes)) & (home != "")
    same = np.flatnonzero(hit)
    for unit, (user, _, patient) in zip(same, found.names(same), strict=True):
        hit[unit] = not staff[user].is_patient(patient, people[patient])
    crowd = found.of_patients({patient: one.same_home for patient, one in people.items()}, 0) / max(total, 1)
    rate = np.maximum(found.others_rate(hit), np.minimum(np.where(hit, crowd, 0.0), 0.5))
    cases = found.cases(hit, rate, "same address, not self")
    homeless = [user for user in found.active() if not homes[user]]
    manner = Manner("patients at the own address", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.same_household", exemptions, roster)
    unknown = found.unknown("The roster tells no address. ", homeless)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)
