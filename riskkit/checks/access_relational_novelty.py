"""Records opened by people who share no other patients with those who care for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.circles import novelties
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import LARGEST_P, ONE_IN, Case, Keys, Manner, examined, first_of_days, verdicts
from riskkit.derived.targets import Opened, first_of_user_days, opened
from riskkit.derived.trail import opens_record
from riskkit.derived.volumes import degraded_note, peers
from riskkit.model import Moment, Verdict


@check(
    id="access.relational_novelty",
    title="People open records of patients whose other carers they work with",
    question="Who opened records whose other users share no patients with this user?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)"),
    severity="low",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the user was new in a team, on loan or asked for a second opinion.",
    usual_cause="Float duty, a new team or a rare speciality.",
    standing=False,
    signal=True,
    family="relational",
    aliases=("A22",),
)
def access_relational_novelty(
    user_days: nw.LazyFrame[Any],
    patient_days: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    unexplained_patients: nw.LazyFrame[Any] | None,
    peer_groups: nw.LazyFrame[Any] | None,
    roster: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    window_days: int = 14,
    fewest_others: int = 1,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    For every unexplained patient 1 - mean cosine of the user to the record's other users, in a
    user-by-patient matrix with tf-idf weights over `window_days`; the sum over a day is read against days
    before the period, per role where that has enough of them. Records with fewer than `fewest_others`
    other users abstain. Without care records all accesses count, which is weaker and told.
    """
    strangers = frozenset[str]()
    asked: Opened | None = None
    keys: Mapping[tuple[str, int], Keys] = {}
    told = "records whose other users share no patients with this one"
    if unexplained_patients is not None:
        found = opened(unexplained_patients, at)
        strangers, asked = found.strangers, found
        keys = first_of_user_days(found)
    else:
        keys = first_of_days(audit_events, opens_record() & ~nw.col("patient_id").is_null(), at)
    days = novelties(patient_days, asked, peers(peer_groups, "role"), at, window_days, fewest_others)
    cases = (
        Case(
            day.user, day.day, day.p, day.observed, day.expected,
            f"{day.observed:.1f} {told} vs {day.expected:.1f} expected", keys[day.user, day.day],
        )
        for day in days.found
        if day.p <= LARGEST_P and day.user not in strangers and (day.user, day.day) in keys
    )  # fmt: skip
    note = degraded_note(days.earlier_days)
    if unexplained_patients is None:
        note = f"Without care records all accesses were compared, explained ones too. {note}".strip()
    manner = Manner("records of other circles", "user_id = :subject", one_in, note)
    exempt = Exempt("access.relational_novelty", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt)
