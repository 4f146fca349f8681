"""User ids in the audit trail that no list of people or accounts explains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.clock_days import day_of, local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import MACHINES, first_rows, flag, in_period, row_key
from riskkit.model import Moment, Result, Signal, Verdict
from riskkit.tables import records
from riskkit.words import be, count, out_of

KNOWN_KINDS = frozenset({"service", "vendor", "emergency"})


@check(
    id="access.user_not_in_roster",
    title="Everyone who appears in the audit trail is known",
    question="Which user ids of the audit trail belong to nobody in the roster or the account lists?",
    subject="user",
    controls=("45 CFR 164.308(a)(3)(i)", "45 CFR 164.312(a)(2)(i)"),
    severity="medium",
    remediation="Find out whose user id it is; add the person to the roster export or disable the account.",
    look_first="Whether the audit trail writes the id differently than the roster, such as with a domain.",
    usual_cause="Contractors, residents and service engineers are missing from the export of human "
    "resources.",
    standing=False,
    family="account",
    aliases=("A14",),
    joins=(),
)
def access_user_not_in_roster(
    audit_events: nw.LazyFrame[Any],
    roster: nw.LazyFrame[Any],
    accounts: nw.LazyFrame[Any] | None,
    exemptions: nw.LazyFrame[Any] | None,
    *,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user id with an event of the period that was not refused; machines are left out.

    A log-in that failed only claims an identity,
    so it makes nobody a user. A finding carries one matched
    signal, on the first day: which lists know a person does not change from day to day.
    """
    exempt = Exempt("access.user_not_in_roster", exemptions, roster)
    people = {row.user_id for row in records(roster.select("user_id").unique())}
    owners, kinds = _accounts(accounts)
    for user, found in _users(audit_events, at).items():
        events, persons = sum(row.events for row in found), sum(int(row.persons) for row in found)
        result, message = _judged(
            user in people or owners.get(user) in people, kinds.get(user), events, persons
        )
        yield Verdict(
            subject=user,
            result=result,
            message=message,
            observed=count(events, "event"),
            expected="a person of the roster, or a listed vendor, service or emergency account",
            signals=_signals(result, user, found, events, exempt),
            rows=(first_rows([(row.source, row.key) for row in found], events, "user_id = :subject"),),
        )


def _accounts(accounts: Any | None) -> tuple[dict[str, str], dict[str, str]]:
    """Owner by account and kind by account, where they are known."""
    rows = [] if accounts is None else list(records(accounts))
    return (
        {row.account: row.user_id for row in rows if row.user_id},
        {row.account: row.kind for row in rows if row.kind},
    )


def _users(audit_events: nw.LazyFrame[Any], at: Moment) -> dict[str, list[Any]]:
    not_refused = nw.col("event_outcome").fill_null("unknown") != "failure"
    no_machine = ~nw.col("user_type").fill_null("unknown").is_in(MACHINES)
    grouped = (
        audit_events.filter(in_period(at), not_refused, no_machine, ~nw.col("user_id").is_null())
        .with_columns(key=row_key(), persons=flag(nw.col("user_type") == "person"), day=local_day_number(at))
        .group_by("user_id", "source")
        .agg(nw.len().alias("events"), nw.col("persons").sum(), nw.col("key").min(), nw.col("day").min())
        .sort("user_id", "source")
    )
    users: dict[str, list[Any]] = {}
    for row in records(grouped):
        users.setdefault(row.user_id, []).append(row)
    return users


def _signals(result: Result, user: str, found: list[Any], events: int, exempt: Exempt) -> tuple[Signal, ...]:
    day = day_of(min(row.day for row in found))
    if result != "FAIL" or exempt.holds(user, day):
        return ()
    reason = (
        f"{count(events, 'event')} of an id that neither the roster nor the account lists name as one person"
    )
    rows = first_rows([(row.source, row.key) for row in found], events, "user_id = :subject")
    return (Signal(day=day, matched=True, observed=float(events), reason=reason, rows=(rows,)),)


def _judged(on_roster: bool, kind: str | None, events: int, persons: int) -> tuple[Result, str]:
    if on_roster:
        return "PASS", f"The user of {count(events, 'event')} is in the roster."
    if kind in KNOWN_KINDS:
        return "PASS", f"The user id of {count(events, 'event')} is listed as a {kind} account."
    if kind == "shared":
        return (
            "FAIL",
            f"The user id of {count(events, 'event')} is a shared account, so "
            f"{be(events, 'it names', 'they name')} no person.",
        )
    if not persons:
        return (
            "UNKNOWN",
            f"{count(events, 'event')} {be(events, 'does', 'do')} not say whether this user id is a person, "
            "and no list names it.",
        )
    return (
        "FAIL",
        f"{out_of(persons, events, 'event')} {be(persons)} of a person whom neither roster nor account lists "
        "know.",
    )
