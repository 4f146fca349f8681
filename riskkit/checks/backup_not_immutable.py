"""Systems all of whose copies could be altered by whoever alters the system."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.backup_copies import copies_by_system, is_locked, locked_places
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import amount, count, out_of


@check(
    id="backup.not_immutable",
    title="One recent copy of each system cannot be altered or deleted",
    question="Which systems have no recent backup copy that is protected from being altered before its end "
    "of retention?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(A)", "45 CFR 164.312(c)(1)"),
    severity="high",
    remediation="Keep one copy where nobody can alter or delete it before its end of retention: object "
    "lock, a locked vault, write-once tape, or media that are taken offline.",
    look_first="The retention lock of the repository, bucket or vault, and who may switch it off.",
    usual_cause="Copies go to a share that the backup server, and with it an intruder, may write to.",
    expects=("archive",),
)
def backup_not_immutable(
    backups: pd.DataFrame,
    systems: pd.DataFrame | None,
    storage_assets: pd.DataFrame | None,
    *,
    within_days: int = 35,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system with a copy; a copy is immutable by itself or by the place where it lies."""
    places = locked_places(storage_assets, at)
    for system, found in copies_by_system(backups, systems, within_days, at).items():
        copies = found.rows
        states = [is_locked(copy, places) for copy in copies]
        locked, open_ = states.count("yes"), states.count("no")
        result: Result
        if locked:
            result = "PASS"
        elif copies and open_ == len(copies):
            result = "FAIL"
        else:
            result = "UNKNOWN"
        facts = (
            f"Of {count(len(copies), 'copy')} of the last {amount(within_days, 'day')} {locked} cannot be "
            f"altered before their end of retention, {open_} can, and of {len(copies) - locked - open_} it "
            "is not known."
        )
        yield Verdict(
            subject=system,
            result=result,
            message=(
                facts
                if copies
                else f"No copy on record that holds anything is younger than {amount(within_days, 'day')}."
            )
            + found.left_out,
            observed=out_of(locked, len(copies), "copy"),
            expected="at least 1 copy",
            scope=system,
            rows=(Rows.of("backups", copies[::-1]),),
        )
