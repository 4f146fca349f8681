"""Records that somebody opens again and again without a known reason."""

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
    id="access.repeated_patient",
    title="Nobody returns to a record without a reason",
    question="Who opened the same record on several days of two weeks without a known reason?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="high",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the user follows the patient up for a clinic, a study or teaching.",
    usual_cause="A follow-up that no appointment or order shows.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A08",),
)
def access_repeated_patient(
    user_days: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    window_days: int = 14,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Distinct days with an unexplained access to the same patient among the last `window_days`; how rare
    as many are is read from the users and patients before the period, with an exponential tail. An
    earlier unexplained access never explains a later one.
    """
    found = opened(unexplained_patients, at)
    # User, patient and day as one ascending number: what lies within the window is found by bisection.
    line = (found.user * len(found.patients) + found.patient) * DAYS + found.day
    ordered = np.sort(line)
    last, before = (np.searchsorted(ordered, line - back, side="right") for back in (0, window_days))
    cases = found.high(
        (last - before).astype(np.int64), f"same unexplained patient on {{}} of {window_days} days"
    )
    manner = Manner("returns to a record", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.repeated_patient", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
