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
from riskkit.statistics.tails import binomial_tail


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

    1 - (1 - f)^n, where f is the share of patients with the surname and n the unexplained patients of
    the day: common names discount themselves. f is raised by as much as namesakes came up oftener than f
    lets expect in the earlier days. Patients at the own address count as household only. Whoever thinks
    that names are a poor reason switches it off (`enabled: false`).
    """
    if not enabled:
        return
    found = opened(unexplained_patients, at)
    people, total = patients_of(patients, unexplained_patients)
    staff = employees(roster, self_match)
    units = found.units
    facts = people.reindex(units["patient_id"])

    def own(part: str) -> np.ndarray:
        told = {user: getattr(one, part) for user, one in staff.items()}
        return units["user_id"].map(told).fillna("").to_numpy(object)

    family, home = (facts[name].fillna("").to_numpy(object) for name in ("family", "home"))
    elsewhere = (home != own("home")) | (home == "")
    own_record = np.array(
        [
            patient in staff[user].records
            for user, patient in zip(units["user_id"], units["patient_id"], strict=True)
        ],
        bool,
    )
    hit = (family == own("family")) & (family != "") & elsewhere & ~own_record
    # The share of the user's own name, for every unit: what namesakes would come up by chance.
    named = dict(zip(facts["family"], facts["same_family"], strict=True))
    share = np.array([named.get(name, 0) if name else 0 for name in own("family")], float) / max(total, 1)
    base = found.base
    more = (np.count_nonzero(hit & base) + 0.5) / (share[base].sum() + 0.5)
    rate = np.minimum(0.5, share * max(1.0, float(more)))
    p = binomial_tail(np.minimum(1, found.hits_of_day(hit)), found.trials, rate)
    cases = found.cases(hit, rate, "same surname, another address", p=p, observed=found.hits_of_day(hit))
    unknown = found.unknown() | {
        user: "The roster tells no surname. "
        for user in sorted(set(units["user_id"][found.period]))
        if not staff[user].family
    }
    manner = Manner("namesakes", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.same_surname", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)
