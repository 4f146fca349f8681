"""Systems of which more work could have been lost than was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pandas as pd

from riskkit.declare import check
from riskkit.derived.recovery import Recovery, recoveries
from riskkit.model import Moment, Rows, Verdict
from riskkit.words import amount, be, capital, count


@check(
    id="backup.rpo_missed",
    title="No more work can be lost than was decided",
    question="Between which backups of a system lay more time than its recovery point objective allows?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(A)", "45 CFR 164.308(a)(7)(ii)(E)"),
    severity="high",
    remediation="Back up more often, repair what fails, or decide anew how much work may be lost.",
    look_first="The days on which jobs failed or did not run.",
    usual_cause="Jobs fail for days before somebody looks, or run once a day for a target of hours.",
)
def backup_rpo_missed(
    backups: pd.DataFrame,
    systems: pd.DataFrame,
    recovery_targets: pd.DataFrame | None,
    custody: pd.DataFrame | None,
    *,
    within_days: int = 35,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per covered system with ePHI and a successful backup.

    What was attained is the longest time without a successful backup in the last `within_days`, the time
    from the last one to the end of the period (or to the export of the history) included. A history that
    begins or ends within the period, and says nothing of a longer time than the target allows, is no pass;
    nor is one that keeps the target only by backups of 0 bytes.
    """
    for found in recoveries(
        systems, backups, None, recovery_targets, None, custody, at=at, within_days=within_days
    ):
        if not found.copies and not found.empty:
            continue
        message, observed = _told(found, at)
        targets = [] if found.target is None else [found.target]
        yield Verdict(
            subject=found.system_id,
            result=found.rpo_kept,
            message=message,
            observed=observed,
            expected="a target"
            if found.target is None
            else f"at most {amount(found.target.rpo_hours, 'hour')}",
            scope=found.system_id,
            rows=(
                Rows.of("backups", list(found.copies or found.empty)[::-1]),
                Rows.of("recovery_targets", targets),
                Rows.of("systems", [found.system]),
            ),
        )


def _told(found: Recovery, at: Moment) -> tuple[str, str]:
    """The message, and what was attained."""

    def day(when: datetime) -> str:
        return f"{when.astimezone(at.zone):%Y-%m-%d}"

    empty = len(found.empty)
    idle = f"{count(empty, 'successful backup')} of 0 bytes {be(empty, 'does', 'do')} not count"
    attained = found.attained_rpo
    if attained is None:
        return f"No time between backups can be told: {idle}, and no other is on record.", ""
    hours = amount(_hours(attained), "hour")
    first, last = day(found.copies[0].finished_at), day(found.copies[-1].finished_at)
    span = f"of {first}" if first == last else f"from {first} to {last}"
    backups = count(len(found.copies), "successful backup")
    message = f"{capital(backups)} {span}: the longest time without one was {hours}"
    allowed = None if found.target is None else found.target.rpo_hours
    if allowed is None:
        message += "; no target is on record to hold it against."
    else:
        message += f", of {allowed} that may be lost."
    silent, side, when = found.silence
    if allowed is not None and silent > timedelta(hours=allowed):
        message += f" The history tells nothing of the {amount(_hours(silent), 'hour')} {side} {day(when)}."
    return message + (f" {capital(idle)}." if empty else ""), hours


def _hours(time: timedelta) -> int:
    """Whole hours, begun ones counted."""
    return -(-int(time.total_seconds()) // 3600)
