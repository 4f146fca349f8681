"""Events in the name of people who had left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.employment import FOREVER, employments, spells_away
from riskkit.derived.trail import (
    first_rows,
    flag,
    hour,
    hour_of,
    in_period,
    opens_record,
    row_key,
)
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records


@dataclass
class _Use:
    """Events of one person while away."""

    succeeded: int = 0
    refused: int = 0
    unclear: int = 0
    opened: int = 0
    first_hour: int | None = None
    systems: set[str] = field(default_factory=set)
    keys: list[tuple[str, int]] = field(default_factory=list)


@check(
    id="access.terminated_account_in_use",
    title="Nobody acts in the name of a person who left",
    question="Which user ids appear in the audit trail after the person's employment ended?",
    subject="user",
    controls=("45 CFR 164.308(a)(3)(ii)(C)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="high",
    worst="critical",
    remediation="Disable the account, find out who used it, and review every record that it opened.",
    look_first="From which workstation the events come, and whether human resources recorded the right "
    "last day.",
    usual_cause="The account stayed enabled, or the leaving date was entered late or wrongly.",
    standing=False,
    aliases=("A14",),
)
def access_terminated_account_in_use(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    *,
    grace_hours: int = 24,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person of the roster who had left before the end of the period.

    A match of user id and dates is a reason to look, not proof of who acted. Hours between the end
    of the last local day and `grace_hours` later are not counted.
    """
    people = employments(roster)
    spells = {user: _spells(rows, grace_hours, at) for user, rows in people.items() if _left(rows, at)}
    uses = _uses(audit_events, spells, at) if spells else {}
    for user, away in spells.items():
        use = uses.get(user, _Use())
        result, message = _judged(use, away)
        yield Verdict(
            subject=user,
            result=result,
            message=message,
            observed=f"{use.succeeded} events",
            expected="0 events after the end of employment",
            severity="critical" if use.opened else None,
            rows=(_rows(use), Rows.of("roster", people[user])),
        )


def _left(rows: Sequence[Any], at: Moment) -> bool:
    return any(away <= at.today and back > at.period.first_day for away, back in spells_away(rows))


def _spells(rows: Sequence[Any], grace_hours: int, at: Moment) -> list[tuple[int, int]]:
    """Hours, as the trail counts them, in which the person was away: from (inclusive), to (exclusive)."""
    return [(_hour_on(away, at) + grace_hours, _hour_on(back, at)) for away, back in spells_away(rows)]


def _hour_on(day: date, at: Moment) -> int:
    return 1 << 62 if day == FOREVER else hour_of(at.day_end_us(date.fromordinal(day.toordinal() - 1)), at)


def _uses(
    audit_events: nw.LazyFrame[Any], spells: Mapping[str, Sequence[tuple[int, int]]], at: Moment
) -> dict[str, _Use]:
    """Count events by user and hour in the engine, and add up the hours away here."""
    outcome = nw.col("event_outcome").fill_null("unknown")
    hours = (
        audit_events.filter(in_period(at), nw.col("user_id").is_in(list(spells)))
        .with_columns(
            hour=hour(at),
            key=row_key(),
            succeeded=flag(outcome == "success"),
            refused=flag(outcome == "failure"),
            opened=flag(opens_record() & ~nw.col("patient_id").is_null()),
        )
        .group_by("user_id", "source_system", "source", "hour")
        .agg(
            nw.len().alias("events"),
            nw.col("key").min(),
            nw.col("succeeded").sum(),
            nw.col("refused").sum(),
            nw.col("opened").sum(),
        )
    )
    uses: dict[str, _Use] = {}
    for row in records(hours):
        if not any(begin <= row.hour < end for begin, end in spells[row.user_id]):
            continue
        use = uses.setdefault(row.user_id, _Use())
        use.succeeded += int(row.succeeded)
        use.refused += int(row.refused)
        use.unclear += row.events - int(row.succeeded) - int(row.refused)
        use.opened += int(row.opened)
        use.first_hour = min(row.hour, use.first_hour if use.first_hour is not None else row.hour)
        use.systems.add(row.source_system or "")
        use.keys.append((row.source, row.key))
    return uses


def _judged(use: _Use, spells: Sequence[tuple[int, int]]) -> tuple[Result, str]:
    if use.succeeded:
        begin = max(begin for begin, _ in spells if begin <= (use.first_hour or 0))
        days = ((use.first_hour or 0) - begin) // 24
        return "FAIL", (
            f"{use.succeeded} event(s) on {len(use.systems)} system(s) carry this user id after the end of "
            f"employment and its grace, the first {days} day(s) later; {use.opened} opened a patient's "
            "record. Matched by user id and dates, not proven."
        )
    if use.unclear:
        return "UNKNOWN", f"{use.unclear} event(s) after the end of employment do not say how they ended."
    return "PASS", f"No event of the period after the end of employment, {use.refused} refused attempt(s)."


def _rows(use: _Use) -> Rows:
    count = use.succeeded + use.refused + use.unclear
    return first_rows(use.keys, count, "user_id = :subject and event_time_us after the end of employment")
