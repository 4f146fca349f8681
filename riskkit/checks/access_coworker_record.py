"""Records of people who work here, opened without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import Case, Manner, examined, verdicts
from riskkit.derived.targets import employees, opened, patients_of
from riskkit.model import Moment, Verdict


@check(
    id="access.coworker_record",
    title="People open the records of those they work with for a reason only",
    question="Who opened, without a known reason, the record of somebody who works here?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="high",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the patient was seen by occupational health or asked the user.",
    usual_cause="A favour among colleagues, or occupational health without a documented duty.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A04",),
    joins=("patients", "relationships", "carers", "roster", "own_numbers"),
)
def access_coworker_record(
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

    Binomial tail of unexplained patients who work here on a day, at the rate that others had in the
    earlier days; those of the same department are a tier of their own. Who works here is told by record
    numbers (people/self_match.csv, or the roster), else by equal name and address.
    """
    found = opened(unexplained_patients, at)
    people, _ = patients_of(patients, unexplained_patients)
    staff = employees(roster, self_match)
    by_number = {number: user for user, one in staff.items() for number in sorted(one.records)}
    by_name = {
        (one.family, one.given, one.home): user
        for user, one in staff.items()
        if not one.records and one.family and one.home
    }
    who = {
        patient: user
        for patient, one in people.items()
        if (user := by_name.get((one.family, one.given, one.home)))
    }
    colleague = found.of_patients(who | by_number)
    places = {user: one.department for user, one in staff.items()}
    own = found.of_users({user: user for user in found.users})
    mine = found.of_users(places)
    theirs = np.array([places.get(user, "") for user in colleague], object)
    others = (colleague != "") & (colleague != own)
    same = others & (mine == theirs) & (mine != "")
    cases: list[Case] = []
    for hit, told in ((same, "coworker of the same department"), (others & ~same, "works here")):
        cases += found.cases(hit, found.others_rate(hit), told)
    nobody = "No record number or address tells which patients work here. "
    unknown = found.unknown(nobody, [] if by_number or by_name else found.active())
    manner = Manner(
        "records of people who work here", "user_id = :subject and unexplained", one_in, found.note
    )
    exempt = Exempt("access.coworker_record", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, unknown)
