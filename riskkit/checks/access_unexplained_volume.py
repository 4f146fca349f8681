"""Days on which somebody opened more records without a known reason than is usual."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Case, Manner, examined, verdicts
from riskkit.derived.targets import first_of_user_days, opened
from riskkit.derived.volumes import peers, volumes
from riskkit.model import Moment, Verdict

COUNTED = {
    "elsewhere": "unexplained patient",
    "not_in_care": "unexplained patient in nobody's care",
}


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

    Distinct patients with an unexplained access per day, who were not opened on their own ward:
    gamma-Poisson with shrinkage of the user to the peers (role and shift), negative binomial tail,
    recalibrated on the last third of the earlier days. Those of them who were in nobody's care are counted
    in the same way; the rarer of the two counts, twice (Bonferroni).
    """
    found = opened(unexplained_patients, at)
    groups, keys, note = peers(peer_groups), first_of_user_days(found), ""
    rarest: dict[tuple[str, int], Case] = {}
    for column, noun in COUNTED.items():
        scores = volumes(user_days, column, groups, at, keep=lambda user: user not in found.strangers)
        note = scores.note
        for case in scores.cases(noun, keys):
            known = rarest.setdefault((case.user, case.day), case)
            rarest[case.user, case.day] = min(known, case, key=lambda one: one.p)
    cases = (replace(case, p=min(1.0, 2 * case.p)) for case in rarest.values())
    manner = Manner("unexplained patients", "user_id = :subject and unexplained", one_in, note)
    exempt = Exempt("access.unexplained_volume", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
