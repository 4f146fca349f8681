"""Records that are marked to be watched, opened without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import Manner, examined, verdicts
from riskkit.derived.targets import opened, patients_of
from riskkit.derived.volumes import peers
from riskkit.model import Moment, Verdict
from riskkit.tables import records

SHRINK = 50
"""Patients of everyone that a role's own rate is mixed with."""


@check(
    id="access.vip_record",
    title="Records that are to be watched are opened for a reason only",
    question="Who opened, without a known reason, the record of a patient who is marked to be watched?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="high",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the unit or the registrar was in charge of the patient that day.",
    usual_cause="Curiosity, or care by a unit that the relationships do not name.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A05",),
)
def access_vip_record(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    patients: nw.LazyFrame[Any],
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Binomial tail of marked patients among the unexplained ones of a day, at the rate that others had in
    the earlier days; a role with a higher rate of its own keeps it, shrunk by 50 patients of all.
    """
    found = opened(unexplained_patients, at)
    people, _ = patients_of(patients, unexplained_patients)
    hit = found.of_patients({patient: int(one.vip) for patient, one in people.items()}, 0) == 1
    rate = found.others_rate(hit)
    role = found.of_users(peers(peer_groups, "role"))
    for name in sorted(set(role)):
        mine = role == name
        trials, hits = np.count_nonzero(mine & found.base), np.count_nonzero(mine & found.base & hit)
        shrunk = (hits + SHRINK * rate[mine]) / (trials + SHRINK)
        rate[mine] = np.minimum(0.5, np.maximum(rate[mine], shrunk))
    cases = found.cases(hit, rate, "record that is marked to be watched")
    nobody = "The list of patients marks nobody to be watched. "
    unknown = found.unknown(nobody, [] if _any_marked(patients) else found.active())
    manner = Manner("marked records", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.vip_record", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)


def _any_marked(patients: nw.LazyFrame[Any]) -> bool:
    return any(True for _ in records(patients.filter(nw.col("vip")).select("vip").head(1)))
