"""Systems that would be down for longer than was decided."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from riskkit.declare import check
from riskkit.derived.recovery import DECIDED, Recovery, proof, recoveries, seconds
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import amount, size


@check(
    id="backup.restore_slow",
    title="Each system can be restored in the time that was decided",
    question="Of which systems would a full restore, at the speed that was measured, take too long?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(B)", "45 CFR 164.308(a)(7)(ii)(E)"),
    severity="high",
    remediation="Restore in parallel or from faster media, bring back recent studies first, or keep a second "
    "system ready.",
    look_first="What limited the measured restore: the repository, the network or the archive's import.",
    usual_cause="The archive grew for years, and the restore path is the one of the day when it was set up.",
    expects=("archive",),
)
def backup_restore_slow(
    restore_tests: pd.DataFrame,
    systems: pd.DataFrame,
    backups: pd.DataFrame | None,
    recovery_targets: pd.DataFrame | None,
    storage_assets: pd.DataFrame | None,
    *,
    most_hours: int = 72,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per covered system with ePHI of which a restore was tried.

    Bytes of a full restore by the bytes per second of the newest measured restore. Without a recovery time
    objective it is held against 72 hours, those of the rule proposed in 90 FR 898 (2025), which is not in
    force: the message says so, and less than that is no pass. Nor is it where nobody said how much a full
    restore brings back (`full_bytes`): the largest copy may be an increment, and storage not all listed.
    """
    for found in recoveries(systems, backups, restore_tests, recovery_targets, storage_assets, None, at=at):
        if not found.restores:
            continue
        result, message, observed, limit = _judged(found, most_hours)
        measured = [] if found.measured is None else [found.measured]
        yield Verdict(
            subject=found.system_id,
            result=result,
            message=message,
            observed=observed,
            expected=f"at most {amount(limit, 'hour')}",
            scope=found.system_id,
            rows=(
                Rows.of("restore_tests", measured or list(found.restores)[-1:]),
                Rows.of("recovery_targets", [] if found.target is None else [found.target]),
                Rows.of("systems", [found.system]),
            ),
        )


def _judged(found: Recovery, most_hours: int) -> tuple[Result, str, str, int]:
    limit = most_hours if found.target is None else found.target.rto_hours
    against = (
        f"{amount(limit, 'hour')} of the rule proposed in 90 FR 898, as no target is on record"
        if found.target is None
        else f"{amount(limit, 'hour')} that were decided"
    )
    whole, test = found.full_restore, found.measured
    if whole is None or test is None:
        lacking = "how much is to be restored" if test else "size and duration of a successful restore"
        return "UNKNOWN", f"How long a restore takes cannot be told: {lacking} is not on record.", "", limit
    hours = -(-int(whole.total_seconds()) // 3600)
    took = amount(hours, "hour")
    speed = test.size_bytes // seconds(test) // 1_000_000
    known = "" if found.full_from == DECIDED else f" ({found.full_from})"
    how = (
        f"is projected to take {took}, from {size(test.size_bytes)} of {size(found.full_bytes or 0)}{known} "
        "restored"
        if found.extrapolated
        else f"took {took}"
    )
    not_proved = "" if proof(test) == "proved" else " That restore itself is not proved."
    message = f"A full restore {how} at {speed} MB/s, against {against}.{not_proved}"
    if whole > timedelta(hours=limit):
        return "FAIL", message, took, limit
    if found.full_from != DECIDED:
        said = found.target.full_bytes if found.target is not None else None
        lacking = f"is told as {size(said)}, less than that" if said else "is not on record as full_bytes"
        message = (
            f"How long a full restore takes cannot be told: {size(test.size_bytes)} came back at {speed} "
            f"MB/s, and {size(found.full_bytes or 0)} ({found.full_from}) would take {took}, against "
            f"{against}; but how much it has to bring back {lacking}.{not_proved}"
        )
        return "UNKNOWN", message, f"at least {took}", limit
    # Nobody decided how long it may take.
    return ("UNKNOWN" if found.target is None else "PASS"), message, took, limit
