"""Emergency accesses that no order or visit followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.explanations import explained
from riskkit.derived.trail import first_rows, flag, in_period, row_key
from riskkit.model import Moment, Signal, Verdict
from riskkit.statistics.tails import binomial_tail
from riskkit.tables import records
from riskkit.words import be, count, out_of

PREDICATE = "user_id = :subject and break_glass"


@check(
    id="access.break_glass_unexplained",
    title="Emergency access is used in emergencies",
    question="Which emergency accesses have no relationship with the patient around them?",
    subject="user",
    controls=("45 CFR 164.312(a)(2)(ii)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="medium",
    remediation="Ask for the reason of each emergency access, and record the decision in "
    "programme/verdicts.csv.",
    look_first="Whether the patient was in the emergency department under a temporary record number.",
    usual_cause="The emergency override is the quickest way past a missing right.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A13",),
)
def access_break_glass_unexplained(
    explained_accesses: nw.LazyFrame[Any],
    exemptions: Any | None,
    roster: Any | None,
    *,
    within_hours: int = 72,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record by emergency override in the period.

    Put up for review is one emergency access, or more, to a patient with whom neither the user nor
    the department had to do within so many hours before or after. Each such patient of a day is a
    signal: the binomial tail of as many among the user's accesses of the day, at the share that all others
    have in the period.
    """
    emergency = nw.col("break_glass").fill_null(nw.lit(False))
    accesses = explained_accesses.filter(in_period(at)).with_columns(
        day=local_day_number(at), emergency=flag(emergency), key=row_key()
    )
    grouped = (
        accesses.filter(nw.col("emergency") == 1)
        .with_columns(unexplained=flag(~explained(within_hours)))
        .group_by("user_id", "day", "patient_id", "source")
        .agg(nw.len().alias("accesses"), nw.col("unexplained").sum(), nw.col("key").min())
        .sort("user_id", "day", "patient_id", "source")
    )
    users: dict[str, list[Any]] = {}
    for row in records(grouped):
        users.setdefault(row.user_id, []).append(row)
    work = _work(accesses, sorted(users))
    everyone = next(records(accesses.select(nw.len().alias("accesses"))), None)
    everything = everyone.accesses if everyone else 0
    all_unexplained = sum(int(row.unexplained) for found in users.values() for row in found)
    exempt = Exempt("access.break_glass_unexplained", exemptions, roster)
    for user, found in users.items():
        kept = [row for row in found if not (row.unexplained and _aside(exempt, user, row))]
        total, unexplained = sum(row.accesses for row in found), sum(int(row.unexplained) for row in kept)
        own = sum(int(row.unexplained) for row in found), sum(work[user].values())
        rate = (all_unexplained - own[0] + 0.5) / max(everything - own[1] + 1, 1)
        message = f"{out_of(unexplained, total, 'emergency access')} {be(unexplained)} unexplained"
        message += ", for review." if unexplained else "."
        if aside := sum(int(row.unexplained) for row in found) - unexplained:
            message += f" Exemptions of the site set aside {aside}."
        yield Verdict(
            subject=user,
            result="FAIL" if unexplained else "PASS",
            message=message,
            observed=f"{unexplained} of {total}",
            expected="0",
            signal={"unexplained": float(unexplained), "expected": 0.0},
            signals=tuple(_signals(kept, work[user], min(rate, 0.5))),
            rows=(
                first_rows(
                    [(row.source, row.key) for row in found],
                    total,
                    PREDICATE,
                ),
            ),
        )


def _work(accesses: nw.LazyFrame[Any], users: list[str]) -> dict[str, dict[int, int]]:
    """Accesses of these users by day."""
    found: dict[str, dict[int, int]] = {user: {} for user in users}
    if users:
        counted = (
            accesses.filter(nw.col("user_id").is_in(users))
            .group_by("user_id", "day")
            .agg(nw.len().alias("accesses"))
        )
        for row in records(counted):
            found[row.user_id][row.day] = int(row.accesses)
    return found


def _aside(exempt: Exempt, user: str, row: Any) -> bool:
    return exempt.holds(user, day_of(row.day), patient=row.patient_id)


def _signals(kept: list[Any], work: Mapping[int, int], rate: float) -> Iterator[Signal]:
    """One signal per day and patient with an unexplained emergency access."""
    of: dict[tuple[int, str], list[Any]] = {}
    for row in kept:
        if row.unexplained:
            of.setdefault((row.day, row.patient_id), []).append(row)
    patients = Counter(day for day, _ in of)
    for (day, patient), rows in sorted(of.items()):
        expected = work[day] * rate
        yield Signal(
            day=day_of(day),
            patient_id=patient,
            p=float(binomial_tail(patients[day], max(work[day], patients[day]), rate)),
            observed=float(patients[day]),
            expected=round(expected, 3),
            reason=f"emergency access without a visit or order ({count(patients[day], 'patient')} vs "
            f"{expected:.2f} expected)",
            rows=(
                first_rows([(row.source, row.key) for row in rows], sum(r.accesses for r in rows), PREDICATE),
            ),
        )
