"""AE titles in the audit trail that the inventory does not know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.baseline import in_view
from riskkit.derived.clock_days import day_number, local_day_number
from riskkit.derived.inventory import system_names
from riskkit.derived.trail import first_rows, flag, in_period, row_key
from riskkit.derived.volumes import FEWEST_DAYS
from riskkit.model import Moment, Result, Verdict
from riskkit.tables import records
from riskkit.words import be, count, some

MOVES = ("query", "transfer", "read", "import")
SIDES = {"source_aet": "calling", "dest_aet": "called"}


@check(
    id="audit.unknown_ae_title",
    title="Only known devices ask for images or receive them",
    question="Which AE titles called the archives or received images without standing in the inventory?",
    subject="device",
    controls=("45 CFR 164.312(a)(1)", "45 CFR 164.312(d)"),
    severity="medium",
    remediation="Find the device behind the AE title; list it in the inventory or refuse its associations.",
    look_first="Change tickets of these days, and the address that the AE title came from.",
    usual_cause="A new workstation or modality that nobody entered in the inventory.",
    standing=False,
    signal=True,
    aliases=("A24",),
)
def audit_unknown_ae_title(
    audit_events: nw.LazyFrame[Any], systems: nw.LazyFrame[Any] | None, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per AE title and recording system of the period's queries and transfers.

    Known is what stands among the ids and aliases of inventory/systems.csv. Without an inventory, known is
    what was seen in the weeks before; a trail that begins later than 14 days before leaves it unknown.
    """
    names = system_names(systems)
    seen = _seen(audit_events, at)
    begins = min((row.first for rows in seen.values() for row in rows), default=0)
    whole = day_number(at.period.first_day) - begins >= FEWEST_DAYS
    for (title, system), rows in sorted(seen.items()):
        now = sum(int(row.now) for row in rows)
        if not now:
            continue
        before = sum(row.events - int(row.now) for row in rows)
        listed = title.strip().casefold() in names
        result, why = _judged(listed, systems is not None, before, whole)
        sides = " and ".join(sorted({SIDES[row.side] for row in rows if row.now}))
        keys = [(row.source, row.key) for row in rows if row.key is not None]
        yield Verdict(
            subject=title,
            result=result,
            message=f"{count(now, 'event')} of the period {be(now, 'names', 'name')} this AE title "
            f"({sides}), {some(before)} before it; {why}.",
            observed=f"{count(now, 'event')}, {some(before)} before",
            expected="an AE title of the inventory",
            scope=system,
            rows=(first_rows(keys, max(now, len(keys)), "source_aet or dest_aet = :subject"),),
        )


def _seen(audit_events: nw.LazyFrame[Any], at: Moment) -> dict[tuple[str, str], list[Any]]:
    moves = audit_events.filter(in_view(at), nw.col("event_category").is_in(MOVES)).with_columns(
        day=local_day_number(at), now=flag(in_period(at)), key=nw.when(in_period(at)).then(row_key())
    )
    seen: dict[tuple[str, str], list[Any]] = {}
    for side in SIDES:
        grouped = (
            moves.filter(~nw.col(side).is_null())
            .with_columns(title=nw.col(side), side=nw.lit(side))
            .group_by("title", "side", "source_system", "source")
            .agg(
                nw.len().alias("events"),
                nw.col("now").sum(),
                nw.col("key").min(),
                nw.col("day").min().alias("first"),
            )
        )
        for row in records(grouped):
            seen.setdefault((row.title, row.source_system or ""), []).append(row)
    return seen


def _judged(listed: bool, inventory: bool, before: int, whole: bool) -> tuple[Result, str]:
    if listed:
        return "PASS", "the inventory lists it"
    if inventory:
        return "FAIL", "the inventory does not list it, for review"
    if before:
        return "PASS", "it was seen before, and there is no inventory"
    if whole:
        return "FAIL", "it is new, and there is no inventory, for review"
    return "UNKNOWN", "there is no inventory, and the trail begins too late to tell whether it is new"
