"""People who opened their own record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import of_a_person
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, in_period, opens_record, row_key
from riskkit.model import Moment, Signal, Verdict
from riskkit.tables import records
from riskkit.words import count


@check(
    id="access.own_record",
    title="Own records are opened the way that the site's policy allows",
    question="Who opened the own record, where the site's policy asks people to use the portal?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)",),
    severity="low",
    remediation="Remind the person of the policy; it is no disclosure to anybody else.",
    look_first="Whether the match of person and record is right, and what the policy says.",
    usual_cause="Nobody told people that the archive is not their portal.",
    standing=False,
    signal=True,
    family="targeted",
    aliases=("A07",),
    joins=("own_users", "own_numbers"),
)
def access_own_record(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    self_match: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    policy: str = "",
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person whose own record number is known; only where `policy` names the site's policy.

    Record numbers come from people/self_match.csv, made by the privacy office, or from the roster.
    """
    if not policy:
        yield Verdict(
            subject="policy",
            shown_as="the site's policy",
            result="UNKNOWN",
            message="The site names no policy on own records (checks.access.own_record.policy in "
            "site.yaml), so none was looked at.",
        )
        return
    own = _own(roster, self_match)
    if own is None:
        yield Verdict(
            subject="match",
            shown_as="own record numbers",
            result="UNKNOWN",
            message="Neither people/self_match.csv nor the roster tells anybody's own record number.",
        )
        return
    opened: dict[str, dict[int, list[Any]]] = {}
    for row in records(_opened(audit_events, own, at)):
        opened.setdefault(row.user_id, {}).setdefault(row.day, []).append(row)
    exempt = Exempt("access.own_record", exemptions, roster)
    for user in sorted({row.user_id for row in records(own)}):
        days = {
            day: rows
            for day, rows in sorted(opened.get(user, {}).items())
            if not exempt.holds(user, day_of(day), patient=rows[0].patient_id)
        }
        events = sum(row.events for rows in days.values() for row in rows)
        keys = [(row.source, row.key) for rows in days.values() for row in rows]
        predicate = "user_id = :subject and patient_id is their own"
        yield Verdict(
            subject=user,
            result="FAIL" if days else "PASS",
            message=f"{count(events, 'access')} to the own record on {count(len(days), 'day')}. Policy: "
            f"{policy}. Matched by record number, not proven."
            if days
            else "No access to the own record.",
            observed=count(events, "access"),
            expected="0",
            signals=tuple(
                Signal(
                    day=day_of(day),
                    patient_id=rows[0].patient_id,
                    matched=True,
                    observed=float(sum(row.events for row in rows)),
                    reason=f"{count(sum(row.events for row in rows), 'access')} to the own record; {policy}",
                    rows=(first_rows([(row.source, row.key) for row in rows], len(rows), predicate),),
                )
                for day, rows in days.items()
            ),
            rows=(first_rows(keys, max(events, len(keys)), predicate),),
        )


def _own(roster: nw.LazyFrame[Any], self_match: nw.LazyFrame[Any] | None) -> nw.LazyFrame[Any] | None:
    """Own record numbers by user; None when nobody's is known."""
    known = roster.filter(~nw.col("patient_id").is_null()).select("user_id", "patient_id")
    if self_match is not None:
        given = self_match.select("user_id", "patient_id")
        return nw.concat([known, given], how="vertical").unique()
    return known.unique() if any(True for _ in records(known.head(1))) else None


def _opened(audit_events: nw.LazyFrame[Any], own: nw.LazyFrame[Any], at: Moment) -> nw.LazyFrame[Any]:
    return (
        audit_events.filter(in_period(at), opens_record(), of_a_person(), ~nw.col("patient_id").is_null())
        .with_columns(day=local_day_number(at), key=row_key())
        .join(own, on=["user_id", "patient_id"], how="inner")
        .group_by("user_id", "patient_id", "day", "source")
        .agg(nw.len().alias("events"), nw.col("key").min())
        .sort("user_id", "day", "patient_id", "source")
    )
