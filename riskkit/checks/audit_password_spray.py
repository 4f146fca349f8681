"""Passwords tried on many accounts from one place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import in_view
from riskkit.derived.beside_peers import beside_peers, verdicts_of, vs
from riskkit.derived.clock_days import local_day_number
from riskkit.derived.exempt import Exempt
from riskkit.derived.trail import first_rows, in_period, row_key
from riskkit.model import Moment, Verdict
from riskkit.tables import records
from riskkit.words import be, count

NOWHERE = "no address named"
UNIT = ("user_id", "day", "source")


@check(
    id="audit.password_spray",
    title="Nobody tries passwords on many accounts from one place",
    question="From which addresses did log-ins of far more accounts fail on a day than there usually do?",
    subject="address",
    controls=("45 CFR 164.308(a)(5)(ii)(C)",),
    severity="medium",
    remediation="Find out what stands at the address, block it, and change the passwords of accounts that "
    "logged in from it that day.",
    look_first="Whether many people share the address (a gateway, a VPN, a terminal server), and which of "
    "the accounts logged in after all.",
    usual_cause="A directory that was down, an address that many share, or somebody who tries a few "
    "passwords on every account.",
    standing=False,
    signal=True,
    aliases=("A19",),
)
def audit_password_spray(
    audit_events: nw.LazyFrame[Any],
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    least: int = 5,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per address (or host) with a log-in in the period; UNKNOWN for those that name neither.

    Distinct accounts with a failed log-in on a day, beside the address's own days and those of others:
    one account that fails often is asked about by audit.failed_logins. An address is no user, so this
    stays out of the review queue. Exemptions name an address or a network.
    """
    place = nw.coalesce("source_ip", "source_host").str.to_lowercase()
    every = audit_events.filter(in_view(at), nw.col("event_category") == "authentication")
    logins = (
        every
        .select("source", "event_outcome", account="user_id", user_id=place, day=local_day_number(at),
                key=row_key())
        .filter(~nw.col("user_id").is_null())
    )  # fmt: skip
    yield from _nowhere(every.filter(in_period(at), place.is_null()))
    failed = logins.filter(nw.col("event_outcome") == "failure", ~nw.col("account").is_null())
    # An account that failed in two files counts in the first of them alone.
    accounts = failed.group_by("user_id", "day", "account").agg(nw.col("source").min())
    hits = accounts.group_by(*UNIT).agg(nw.len().alias("hits"))
    first = failed.group_by(*UNIT).agg(nw.col("key").min())
    days = logins.group_by(*UNIT).agg(nw.len().alias("events"))
    counted = days.join(hits, on=list(UNIT), how="left").join(first, on=list(UNIT), how="left")
    counted = counted.with_columns(nw.col("hits").fill_null(nw.lit(0)))
    exempt = Exempt("audit.password_spray", exemptions)
    yield from verdicts_of(
        beside_peers(counted, {}, at),
        noun="account that failed to log in (each counted once a day)",
        one_in=one_in,
        least=least,
        addresses=True,
        predicate="coalesce(source_ip, source_host) = :subject and event_category = 'authentication' "
        "and event_outcome = 'failure'",
        exempt=exempt,
        reason=lambda day: vs(day, "account that failed to log in"),
    )


def _nowhere(logins: nw.LazyFrame[Any]) -> Iterator[Verdict]:
    """One verdict on all log-ins without an address, if there are any."""
    found = (
        logins.with_columns(key=row_key())
        .group_by("source")
        .agg(nw.len().alias("events"), nw.col("key").min())
    )
    rows = list(records(found.sort("source")))
    if events := sum(row.events for row in rows):
        yield Verdict(
            subject=NOWHERE,
            result="UNKNOWN",
            message=f"{count(events, 'log-in event')} {be(events, 'names', 'name')} no address and no host, "
            "so nothing can be said of them.",
            observed=count(events, "event"),
            expected="an address",
            rows=(first_rows([(row.source, row.key) for row in rows], events, "source_ip is null"),),
        )
