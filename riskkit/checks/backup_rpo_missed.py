"""Systems of which more work could have been lost than was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from riskkit.declare import check
from riskkit.derived.recovery import Recovery, recoveries
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import amount, count


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

    What was attained is the longest gap between successful backups of the last `within_days`, the time
    from the last one to the end of the period (or to the export of the history) included.
    """
    for found in recoveries(
        systems, backups, None, recovery_targets, None, custody, at=at, within_days=within_days
    ):
        if not found.copies:
            continue
        result, message, observed = _judged(found)
        targets = [] if found.target is None else [found.target]
        yield Verdict(
            subject=found.system_id,
            result=result,
            message=message,
            observed=observed,
            expected="a target"
            if found.target is None
            else f"at most {amount(found.target.rpo_hours, 'hour')}",
            scope=found.system_id,
            rows=(
                Rows.of("backups", list(found.copies)[::-1]),
                Rows.of("recovery_targets", targets),
                Rows.of("systems", [found.system]),
            ),
        )


def _judged(found: Recovery) -> tuple[Result, str, str]:
    attained = found.attained_rpo or timedelta()
    hours = _hours(attained)
    facts = (
        f"The longest gap between {count(len(found.copies), 'successful backup')} was {amount(hours, 'hour')}"
    )
    if found.target is None:
        return "UNKNOWN", f"{facts}; no target is on record to hold it against.", amount(hours, "hour")
    late = attained > timedelta(hours=found.target.rpo_hours)
    message = f"{facts}, of {found.target.rpo_hours} that may be lost."
    return ("FAIL" if late else "PASS"), message, amount(hours, "hour")


def _hours(time: timedelta) -> int:
    """Whole hours, begun ones counted."""
    return -(-int(time.total_seconds()) // 3600)
