"""Systems without a recent good copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, count

COPIES = frozenset({"backup"})
"""Kinds of systems that are copies themselves."""

NOTHING = (
    "The system holds ePHI, and not one backup of it stands in the job history: either nothing copies it, "
    "or the evidence of its copies is missing."
)


@check(
    id="backup.system_without_backup",
    title="Every system that holds ePHI has a recent backup",
    question="Which systems that hold ePHI have no successful backup within the allowed age?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(A)",),
    severity="high",
    worst="critical",
    remediation="Back the system up now, repair the job, and alert somebody whenever it fails.",
    look_first="The last jobs of the system and their messages; then whether a job covers it at all.",
    usual_cause="The system was added after the jobs were set up, or the target is full.",
)
def backup_system_without_backup(
    backups: pd.DataFrame,
    systems: pd.DataFrame,
    custody: pd.DataFrame | None,
    *,
    max_age_hours: int = 48,
    failed_in_a_row: int = 3,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per covered system that holds ePHI; 48 hours are our choice.

    The age is that at the end of the period, or at the export of the job history if that was
    before. Jobs that still run do not count.
    """
    names, exported_at = system_names(systems), exported(custody)
    jobs: dict[str, list[Any]] = {}
    for job in records(backups):
        if job.finished_at < at.as_of and job.status != "running":
            jobs.setdefault(system_of(job.system_id, names), []).append(job)
    for system in records(systems):
        if not in_scope(system) or system.kind in COPIES:
            continue
        found = sorted(jobs.get(system.system_id, []), key=lambda job: (job.finished_at, job.backup_id))
        known_to = max((exported_at(job.source) or at.as_of for job in found), default=at.as_of)
        result, message, observed = _judged(found, min(known_to, at.as_of), max_age_hours, failed_in_a_row)
        yield Verdict(
            subject=system.system_id,
            result=result,
            message=message,
            observed=observed,
            expected=f"a successful backup of at most {amount(max_age_hours, 'hour')}",
            scope=system.system_id,
            severity="critical" if system.criticality == "high" else None,
            rows=(Rows.of("systems", [system]), Rows.of("backups", found[::-1])),
        )


def _judged(
    jobs: list[Any], known_to: datetime, max_age_hours: int, failed_in_a_row: int
) -> tuple[Result, str, str]:
    if not jobs:
        return "UNKNOWN", NOTHING, "no backup on record"
    good = [job for job in jobs if job.status == "success"]
    last = jobs[-failed_in_a_row:]
    failing = len(last) == failed_in_a_row and all(job.status == "failed" for job in last)
    if not good:
        none = f"None of {len(jobs):,} recorded backups succeeded."
        return "FAIL", none if len(jobs) > 1 else "The only recorded backup did not succeed.", "no success"
    hours = int((known_to - good[-1].finished_at).total_seconds()) // 3600
    old = amount(hours, "hour")
    facts = f"The newest of {count(len(good), 'successful backup')} was {old} old"
    if hours > max_age_hours:
        return "FAIL", f"{facts}; {len(jobs) - len(good):,} of {len(jobs):,} did not succeed.", old
    if failing:
        return "FAIL", f"{facts}, and the last {failed_in_a_row} backups all failed.", old
    return "PASS", f"{facts}.", old
