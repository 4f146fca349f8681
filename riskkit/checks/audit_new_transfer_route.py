"""Images that go where none of the kind went before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import in_view
from riskkit.derived.clock_days import day_number, day_of, local_day_number
from riskkit.derived.trail import TRANSFER_BEGINS, first_rows, flag, in_period, row_key
from riskkit.derived.volumes import FEWEST_DAYS
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import count, some


@check(
    id="audit.new_transfer_route",
    title="Images take the routes that they took before",
    question="Between which devices were images moved in the period that never were before?",
    subject="route",
    controls=("45 CFR 164.312(a)(1)", "45 CFR 164.308(a)(1)(ii)(D)"),
    severity="low",
    remediation="Compare the route with change tickets; close it if nobody asked for it.",
    look_first="New devices, and downtime in which images took another way.",
    usual_cause="A new workstation or a changed routing rule.",
    standing=False,
    signal=True,
    aliases=("A24",),
)
def audit_new_transfer_route(audit_events: nw.LazyFrame[Any], *, at: Moment) -> Iterator[Verdict]:
    """One verdict per pair of AE titles with transfers in the period; UNKNOWN without 14 days before it."""
    moves = audit_events.filter(
        in_view(at),
        nw.col("event_category") == "transfer",
        nw.col("event_code").fill_null("") != TRANSFER_BEGINS,
        ~nw.col("source_aet").is_null(),
        ~nw.col("dest_aet").is_null(),
    )
    grouped = (
        moves.with_columns(
            day=local_day_number(at), now=flag(in_period(at)), key=nw.when(in_period(at)).then(row_key())
        )
        .group_by("source_aet", "dest_aet", "source")
        .agg(
            nw.len().alias("events"),
            nw.col("now").sum(),
            nw.col("key").min(),
            nw.col("day").min().alias("first"),
        )
    )
    routes: dict[tuple[str, str], list[Any]] = {}
    for row in records(grouped):
        routes.setdefault((row.source_aet, row.dest_aet), []).append(row)
    begins = min((row.first for rows in routes.values() for row in rows), default=0)
    whole = day_number(at.period.first_day) - begins >= FEWEST_DAYS
    for (source, destination), rows in sorted(routes.items()):
        now = sum(int(row.now) for row in rows)
        before = sum(row.events for row in rows) - now
        if not now:
            continue
        result: Result = "PASS" if before else "FAIL" if whole else "UNKNOWN"
        first = day_of(min(row.first for row in rows))
        keys = [(row.source, row.key) for row in rows if row.key is not None]
        told = f"{count(now, 'transfer')} in the period, {some(before)} before it"
        yield Verdict(
            subject=f"{source} to {destination}",
            result=result,
            message=f"{told}."
            if before
            else f"{told}, the first on {first}, for review."
            if whole
            else f"{told}; the trail begins too late to tell whether the route is new.",
            observed=f"{before} before",
            expected="a route of the weeks before",
            rows=(first_rows(keys, max(now, len(keys)), "source_aet to dest_aet = :subject"),),
        )
