"""Tiers of storage of which too little is shown to be encrypted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.coverage_shares import Share, by_tier, share
from riskkit.derived.storage_coverage import decayed
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, out_of, size


@check(
    id="encryption.coverage_low",
    title="All ePHI at rest is strongly encrypted, tier by tier",
    question="Of which tiers of storage is less than wanted shown to be strongly encrypted?",
    subject="tier",
    controls=("45 CFR 164.312(a)(2)(iv)",),
    severity="high",
    remediation="Encrypt what is plain, replace weak methods, and ask for the evidence of what is unknown.",
    look_first="The largest places that are not encrypted or of which nothing is known.",
    usual_cause="Encryption reached new storage first, and older stores, tapes and laptops later or never.",
)
def encryption_coverage_low(
    storage_coverage: pd.DataFrame, *, least_percent: int = 100, max_age_days: int = 90, at: Moment
) -> Iterator[Verdict]:
    """One verdict per tier, on bytes, or on the number of places where no size is told.

    The interval reaches from what is proved to what is proved or unknown. PASS when the lower end is
    enough, FAIL when not even the upper end is, else UNKNOWN. What is older than `max_age_days` is unknown.
    """
    kept = {(row.source, row.offset, row.n): row for row in records(storage_coverage)}
    for tier, rows in by_tier(decayed(storage_coverage, at.today, max_age_days)).items():
        by_bytes = share(rows, "bytes")
        counted = by_bytes if by_bytes.total else share(rows, "volumes")
        told: Callable[[int], str] = size if by_bytes.total else "{:,}".format
        whole = size(counted.total) if by_bytes.total else amount(counted.total, "place")
        result, message = _judged(counted, told, whole, least_percent)
        if by_bytes.total and by_bytes.unmeasured and result == "PASS":
            result = "UNKNOWN"
        shown = [kept[row["source"], row["offset"], row["n"]] for row in rows]
        yield Verdict(
            subject=tier,
            result=result,
            message=f"{message} {_unmeasured(by_bytes, len(rows))}".strip(),
            observed=f"{told(counted.proved)} to {told(counted.possible)} of {whole}",
            expected=f"at least {least_percent} %",
            rows=(Rows.of("storage_assets", shown),),
        )


def _judged(found: Share, told: Callable[[int], str], whole: str, least_percent: int) -> tuple[Result, str]:
    message = (
        f"At least {_percent(found.proved, found.total)} and at most {_percent(found.possible, found.total)} "
        f"% of {whole} {be(found.total)} strongly encrypted: {told(found.proved)} proved, "
        f"{told(found.unknown)} unknown, {told(found.weak)} by weak methods, {told(found.plain)} not "
        "encrypted."
    )
    result: Result
    if found.proved * 100 >= least_percent * found.total:
        result = "PASS"
    elif found.possible * 100 < least_percent * found.total:
        result = "FAIL"
    else:
        result = "UNKNOWN"
    return result, message


def _percent(part: int, whole: int) -> str:
    """Whole percents, rounded down so that 100 means all."""
    return str(100 * part // whole) if whole else "0"


def _unmeasured(found: Share, places: int) -> str:
    number = found.unmeasured
    tell = be(number, "does not tell its", "do not tell their")
    return f"{out_of(number, places, 'place')} {tell} size." if number else ""
