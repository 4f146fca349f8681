"""Devices that search far more than they and others do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import in_view
from riskkit.derived.beside_peers import beside_peers, daily, verdicts_of, vs
from riskkit.derived.exempt import Exempt
from riskkit.model import Moment, Verdict


@check(
    id="audit.query_scan",
    title="Devices search for what they need",
    question="Which AE titles sent far more queries on a day than they and other devices do?",
    subject="device",
    controls=("45 CFR 164.312(a)(1)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Find out what the device searched for, and limit what it may ask.",
    look_first="Prefetch, migration and tests of that day, and the keys that the queries left open.",
    usual_cause="A prefetch rule or a migration that asks patient by patient.",
    standing=False,
    signal=True,
    aliases=("A24",),
)
def audit_query_scan(
    audit_events: nw.LazyFrame[Any],
    exemptions: nw.LazyFrame[Any] | None,
    *,
    one_in: int = 1000,
    least: int = 20,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per calling AE title with an event in the period.

    Queries of a day are set beside the device's own days and those of the other devices. Machines are
    kept apart from people: this stays out of the review queue. Exemptions name the AE title as user_id.
    """
    named = ~nw.col("source_aet").is_null() & ~nw.col("event_time_us").is_null()
    events = audit_events.filter(in_view(at), named).with_columns(user_id=nw.col("source_aet"))
    days = beside_peers(daily(events, nw.col("event_category") == "query", at), {}, at)
    yield from verdicts_of(
        days,
        noun="query",
        one_in=one_in,
        least=least,
        predicate="source_aet = :subject and event_category = 'query'",
        exempt=Exempt("audit.query_scan", exemptions),
        reason=lambda day: vs(day, "query"),
    )
