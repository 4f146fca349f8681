"""Systems without a recent good copy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.backup_copies import is_empty
from riskkit.derived.custody_dates import exported
from riskkit.derived.inventory import in_scope, system_names, system_of
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, be, count

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
    before. Jobs that still run do not count, and backups of 0 bytes show no copy: they neither pass nor
    fail. A history that was exported longer before the end than a backup may be old is no pass.
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
        result, message, observed = _judged(
            found, min(known_to, at.as_of), max_age_hours, failed_in_a_row, at
        )
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
    jobs: list[Any], known_to: datetime, max_age_hours: int, failed_in_a_row: int, at: Moment
) -> tuple[Result, str, str]:
    if not jobs:
        return "UNKNOWN", NOTHING, "no backup on record"
    done = [job for job in jobs if job.status == "success"]
    good = [job for job in done if not is_empty(job)]
    empty = len(done) - len(good)
    last = jobs[-failed_in_a_row:]
    failing = len(last) == failed_in_a_row and all(job.status == "failed" for job in last)
    if not done:
        none = f"None of {len(jobs):,} recorded backups succeeded."
        return "FAIL", none if len(jobs) > 1 else "The only recorded backup did not succeed.", "no success"
    idle = f" {count(empty, 'backup')} of 0 bytes {be(empty, 'does', 'do')} not count." if empty else ""
    counted = good or done
    hours, at_best, silent = (
        int(time.total_seconds()) // 3600
        for time in (known_to - counted[-1].finished_at, known_to - done[-1].finished_at, at.as_of - known_to)
    )
    old = amount(hours, "hour")
    made, known = (f"{time.astimezone(at.zone):%Y-%m-%d}" for time in (counted[-1].finished_at, known_to))
    facts = f"The newest of {count(len(counted), 'successful backup')}, that of {made}, was {old} old"
    result: Result
    if at_best > max_age_hours:
        result, more = "FAIL", f"; {len(jobs) - len(done):,} of {len(jobs):,} did not succeed"
    elif failing:
        result, more = "FAIL", f", and the last {failed_in_a_row} backups all failed"
    elif silent > max_age_hours:
        result = "UNKNOWN"
        more = (
            f" when the history was exported on {known}: of the {amount(silent, 'hour')} from there to the "
            "end it tells nothing"
        )
    elif not good:
        result, more = "UNKNOWN", ", but none copied anything"
    else:
        result, more = ("PASS" if hours <= max_age_hours else "UNKNOWN"), ""
    return result, f"{facts}{more}.{idle}", old
