"""Records of people with the user's own surname, opened without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, verdicts
from riskkit.derived.targets import employees, opened, patients_of
from riskkit.model import Moment, Verdict


@check(
    id="access.same_surname",
    title="People open the records of namesakes for a reason only",
    question="Who opened, without a known reason, the record of somebody with the own surname?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="How common the name is here, and whether the patient is a relative.",
    usual_cause="A common name, or records of two namesakes that were merged.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A03",),
)
def access_same_surname(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any],
    self_match: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    enabled: bool = True,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period; none when it is switched off.

    Binomial tail of namesakes among the n unexplained patients of a day, 1 - (1 - f)^n for one, where f
    is the share of patients with the surname: common names discount themselves. f is raised by as much as
    namesakes came up oftener than it lets expect in the earlier days. Patients at the own address count
    as household only. Whoever thinks that names are a poor reason switches it off (`enabled: false`).
    """
    if not enabled:
        return
    found = opened(unexplained_patients, at)
    people, total = patients_of(patients, unexplained_patients)
    staff = employees(roster, self_match)
    family, home = (
        found.of_patients({patient: getattr(one, part) for patient, one in people.items()})
        for part in ("family", "home")
    )
    own_family, own_home = (
        found.of_users({user: getattr(one, part) for user, one in staff.items()})
        for part in ("family", "home")
    )
    hit = (family == own_family) & (family != "") & ((home != own_home) | (home == ""))
    same = np.flatnonzero(hit)
    for unit, (user, _, patient) in zip(same, found.names(same), strict=True):
        hit[unit] = not staff[user].is_patient(patient, people[patient])
    # The share of the user's own name, for every unit: what namesakes would come up by chance.
    named = {one.family: one.same_family for one in people.values() if one.family}
    share = np.array([named.get(name, 0) for name in own_family], float) / max(total, 1)
    more = (np.count_nonzero(hit & found.base) + 0.5) / (share[found.base].sum() + 0.5)
    rate = np.minimum(0.5, share * max(1.0, float(more)))
    cases = found.cases(hit, rate, "same surname, another address")
    nameless = [user for user in found.active() if not staff[user].family]
    manner = Manner("namesakes", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.same_surname", exemptions, roster)
    unknown = found.unknown("The roster tells no surname. ", nameless)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)
