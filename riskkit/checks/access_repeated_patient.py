"""Records that somebody opens again and again without a known reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw
import numpy as np

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, verdicts
from riskkit.derived.targets import opened
from riskkit.model import Moment, Verdict
from riskkit.statistics.calibration import empirical_tail


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
    units = found.units.sort_values(["user_id", "patient_id", "day"])
    pair = units.groupby(["user_id", "patient_id"], sort=False).ngroup().to_numpy(np.int64)
    day = units["day"].to_numpy(np.int64)
    # One ascending number for pair and day: what lies within the window is found by bisection.
    line = pair * (1 << 32) + day
    days = np.empty(len(units), np.int64)
    days[:] = np.arange(len(units)) - np.searchsorted(line, line - window_days, side="right") + 1
    repeats = np.empty(len(units), np.int64)
    repeats[units.index.to_numpy()] = days
    whole = found.units["day"].to_numpy() >= found.units["day"].min() + window_days
    usual = repeats[found.base & whole] if (found.base & whole).any() else repeats[found.base]
    p = empirical_tail(usual, repeats)
    expected = np.full(len(units), float(usual.mean()) if len(usual) else 1.0)
    reason = "same unexplained patient on {} of " + f"{window_days} days"
    cases = found.cases(repeats > 1, expected, reason, p=p, observed=repeats)
    manner = Manner("returns to a record", "user_id = :subject and unexplained", one_in, found.note)
    exempt = Exempt("access.repeated_patient", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt, found.unknown())
