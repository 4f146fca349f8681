"""Events in the name of people who had left."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.custody_dates import exported
from riskkit.derived.employment import FOREVER, employments, spells_away
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import (
    first_rows,
    flag,
    hour,
    hour_of,
    in_period,
    local_day,
    opens_record,
    row_key,
)
from riskkit.model import Moment, Result, Rows, Signal, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count, some


@dataclass
class _Day:
    """Events of one local day that were not refused."""

    succeeded: int = 0
    opened: int = 0
    keys: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class _Use:
    """Events of one person while away."""

    succeeded: int = 0
    refused: int = 0
    unclear: int = 0
    opened: int = 0
    first_hour: int | None = None
    days: dict[date, _Day] = field(default_factory=dict)
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
    family="account",
    aliases=("A14",),
)
def access_terminated_account_in_use(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    custody: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    grace_hours: int = 24,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per person of the roster who had left before the end of the period.

    A match of user id and dates is a reason to look, not proof of who acted. Hours between the end
    of the last local day and `grace_hours` later are not counted. A use after the day on which the roster
    was exported is UNKNOWN: the person may be back since, or the id belong to somebody else. So is silence
    where the whole trail ends before the person was away.
    """
    exports = exported(custody)
    exempt = Exempt("access.terminated_account_in_use", exemptions, roster)
    people = employments(roster)
    spells = {user: _spells(rows, grace_hours, at) for user, rows in people.items() if _left(rows, at)}
    uses = _uses(audit_events, spells, at) if spells else {}
    last = _last_hour(audit_events, at) if spells else 0
    for user, away in spells.items():
        use = uses.get(user, _Use())
        stands = min(filter(None, (exports(row.source) for row in people[user])), default=None)
        stated = None if stands is None else stands.astimezone(at.zone).date()
        seen = any(begin <= last or begin >= hour_of(at.end_us, at) for begin, _ in away)
        result, message = _judged(use, away, stated, grace_hours, seen=seen)
        yield Verdict(
            subject=user,
            result=result,
            message=message,
            observed=count(use.succeeded, "event"),
            expected="0 events after the end of employment",
            severity="critical" if use.opened else None,
            signals=tuple(
                _signal(use.days[day], day, people[user], stated, grace_hours)
                for day in sorted(use.days)
                if result == "FAIL" and (stated is None or day <= stated) and not exempt.holds(user, day)
            ),
            rows=(_rows(use), Rows.of("roster", people[user])),
        )


def _left(rows: Sequence[Any], at: Moment) -> bool:
    return any(away <= at.today and back > at.period.first_day for away, back in spells_away(rows))


def _spells(rows: Sequence[Any], grace_hours: int, at: Moment) -> list[tuple[int, int]]:
    """Hours, as the trail counts them, in which the person was away: from (inclusive), to (exclusive)."""
    return [(_hour_on(away, at) + grace_hours, _hour_on(back, at)) for away, back in spells_away(rows)]


def _hour_on(day: date, at: Moment) -> int:
    return 1 << 62 if day == FOREVER else hour_of(at.day_end_us(date.fromordinal(day.toordinal() - 1)), at)


def _last_hour(audit_events: nw.LazyFrame[Any], at: Moment) -> int:
    """The hour of the last event of the period, whoever it is of."""
    last = audit_events.filter(in_period(at)).select(nw.col("event_time_us").max())
    instants = [row.event_time_us for row in records(last) if row.event_time_us is not None]
    return hour_of(instants[0], at) if instants else 0


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
        user = row.user_id
        if not any(begin <= row.hour < end for begin, end in spells[user]):
            continue
        use = uses.setdefault(user, _Use())
        use.succeeded += int(row.succeeded)
        use.refused += int(row.refused)
        use.unclear += row.events - int(row.succeeded) - int(row.refused)
        use.opened += int(row.opened)
        use.first_hour = min(row.hour, use.first_hour if use.first_hour is not None else row.hour)
        use.systems.add(row.source_system or "")
        use.keys.append((row.source, row.key))
        if row.succeeded:
            day = use.days.setdefault(local_day(row.hour, at), _Day())
            day.succeeded += int(row.succeeded)
            day.opened += int(row.opened)
            day.keys.append((row.source, row.key))
    return uses


def _judged(
    use: _Use, spells: Sequence[tuple[int, int]], stated: date | None, grace_hours: int, *, seen: bool
) -> tuple[Result, str]:
    if use.succeeded:
        known = stated is None or any(day <= stated for day in use.days)
        begin = max(begin for begin, _ in spells if begin <= (use.first_hour or 0))
        days = ((use.first_hour or 0) - begin) // 24
        told = (
            f"{count(use.succeeded, 'event')} on {count(len(use.systems), 'system')} "
            f"{be(use.succeeded, 'carries', 'carry')} this user id after the end of employment and its grace "
            f"of {amount(grace_hours, 'hour')}, the first {amount(days, 'day')} later; "
            f"{some(use.opened)} opened a patient's record. {_stands(stated)}"
        )
        if not known:
            return "UNKNOWN", f"{told} All of them are later, so the person may be back."
        return "FAIL", f"{told} Matched by user id and dates, not proven."
    if use.unclear:
        return "UNKNOWN", (
            f"{count(use.unclear, 'event')} after the end of employment {be(use.unclear, 'does', 'do')} not "
            f"say how {be(use.unclear, 'it', 'they')} ended."
        )
    if not seen:
        return "UNKNOWN", "The trail ends before the person had left."
    return (
        "PASS",
        f"No event of the period after the end of employment, {count(use.refused, 'refused attempt')}.",
    )


def _stands(stated: date | None) -> str:
    return "No date of the roster is known." if stated is None else f"The roster is of {stated}."


def _signal(day: _Day, when: date, rows: Sequence[Any], stated: date | None, grace_hours: int) -> Signal:
    left = max(row.employed_to for row in rows if row.employed_to and row.employed_to < when)
    return Signal(
        day=when,
        matched=True,
        observed=float(day.succeeded),
        reason=f"{count(day.succeeded, 'event')}, {some(day.opened)} opening a record, "
        f"{amount((when - left).days, 'day')} after the last day of employment "
        f"(grace {amount(grace_hours, 'hour')}). {_stands(stated)}",
        rows=(first_rows(day.keys, max(day.succeeded, len(day.keys)), "user_id = :subject, on that day"),),
    )


def _rows(use: _Use) -> Rows:
    events = use.succeeded + use.refused + use.unclear
    return first_rows(use.keys, events, "user_id = :subject and event_time_us after the end of employment")
