"""Entries to an area by badges that stand on no list for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import narwhals as nw
import pandas as pd

from riskkit.declare import check
from riskkit.derived.doors import day_of_us, granted
from riskkit.derived.trail import first_rows, row_key
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count

_WORST: tuple[Result, ...] = ("FAIL", "UNKNOWN", "PASS")


@check(
    id="places.entry_not_on_list",
    title="Only badges on the list of an area enter it",
    question="Which badges were let in to an area whose list does not hold them, or not on that day?",
    subject="badge",
    controls=(
        "45 CFR 164.310(a)(1)",
        "45 CFR 164.310(a)(2)(iii)",
    ),
    severity="high",
    remediation="Find out who holds the badge and why it opens the door, and put the list and the "
    "door system in agreement.",
    look_first="Whether the badge is one for visitors, with an entry in the visitor log.",
    usual_cause="Rights are given in the door system by group, and the list is kept by hand.",
)
def places_entry_not_on_list(
    facility_access: nw.LazyFrame[Any], facility_lists: pd.DataFrame, *, at: Moment
) -> Iterator[Verdict]:
    """One verdict per badge and area in the period; an area without any list is unknown as a whole.

    An inactive badge may have entered up to the last day that the list gives; without one nothing shows
    that it was active then. Of what several lists tell of a badge the worst counts.
    """
    lists: dict[str, dict[str, list[Any]]] = {}
    for row in records(facility_lists):
        lists.setdefault(row.area, {}).setdefault(row.badge, []).append(row)
    seen = (
        granted(facility_access, at)
        .with_columns(key=row_key())
        .group_by("area", "badge", "source")
        .agg(
            nw.len().alias("count"),
            nw.col("key").min(),
            nw.col("passed_us").min().alias("first"),
            nw.col("passed_us").max().alias("last"),
        )
    )
    units: dict[tuple[str, str], list[Any]] = {}
    for one in records(seen):
        units.setdefault((one.area, one.badge), []).append(one)
    for (area, badge), found in sorted(units.items()):
        entries = sum(one.count for one in found)
        first, last = min(one.first for one in found), max(one.last for one in found)
        days = day_of_us(first, at), day_of_us(last, at)
        known = lists.get(area, {}).get(badge, [None])
        result, message, entry = min(
            ((*_judged(entry, area in lists, entries, *days), entry) for entry in known),
            key=lambda one: _WORST.index(one[0]),
        )
        keys = sorted((one.source, one.key) for one in found)
        yield Verdict(
            subject=badge,
            result=result,
            message=message,
            observed=count(entries, "entry"),
            expected="on the list of the area",
            scope=area,
            rows=(
                first_rows(keys, entries, "area = :scope and badge = :subject", table="facility_access"),
                Rows.of("facility_lists", [entry] if entry else []),
            ),
        )


def _judged(entry: Any, listed: bool, entries: int, first: date, last: date) -> tuple[Result, str]:
    times = amount(entries, "time")
    if not listed:
        return "UNKNOWN", f"The badge entered {times}, and no list says who may enter the area."
    if entry is None:
        return "FAIL", f"The badge entered {times} and stands on no list of the area, for review."
    if (entry.may_enter_from and first < entry.may_enter_from) or (
        entry.may_enter_to and last > entry.may_enter_to
    ):
        lie = "Its entry lies" if entries == 1 else f"Of {entries:,} entries some lie"
        return "FAIL", f"{lie} outside the days for which the list holds, for review."
    if entry.active is None:
        return "UNKNOWN", f"The badge entered {times}, and the list does not say whether it is active."
    if not entry.active and entry.may_enter_to is None:
        return "FAIL", (
            f"The list holds the badge as inactive, without a last day; it entered {times}, last on "
            f"{last}, for review."
        )
    return "PASS", f"The list of the area holds the badge, which entered {times}."
