"""Emergency accesses that no order or visit followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.explanations import explained
from riskkit.derived.trail import first_rows, flag, in_period, row_key
from riskkit.model import Moment, Verdict
from riskkit.tables import records


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
    aliases=("A13",),
)
def access_break_glass_unexplained(
    explained_accesses: nw.LazyFrame[Any], *, within_hours: int = 72, at: Moment
) -> Iterator[Verdict]:
    """One verdict per user who opened a record by emergency override in the period.

    Put up for review is one emergency access, or more, to a patient with whom neither the user nor
    the department had to do within so many hours before or after.
    """
    grouped = (
        explained_accesses.filter(in_period(at), nw.col("break_glass").fill_null(nw.lit(False)))
        .with_columns(unexplained=flag(~explained(within_hours)), key=row_key())
        .group_by("user_id", "source")
        .agg(nw.len().alias("accesses"), nw.col("unexplained").sum(), nw.col("key").min())
        .sort("user_id", "source")
    )
    users: dict[str, list[Any]] = {}
    for row in records(grouped):
        users.setdefault(row.user_id, []).append(row)
    for user, found in users.items():
        accesses, unexplained = sum(row.accesses for row in found), sum(int(row.unexplained) for row in found)
        yield Verdict(
            subject=user,
            result="FAIL" if unexplained else "PASS",
            message=f"{unexplained} of {accesses} emergency accesses are unexplained"
            + (", for review." if unexplained else "."),
            observed=f"{unexplained} of {accesses}",
            expected="0",
            signal={"unexplained": float(unexplained), "expected": 0.0},
            rows=(
                first_rows(
                    [(row.source, row.key) for row in found],
                    accesses,
                    "user_id = :subject and break_glass",
                ),
            ),
        )
