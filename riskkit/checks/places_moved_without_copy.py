"""Equipment that was moved without a copy just before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.inventory import system_names, system_of
from riskkit.derived.movements import holds_ephi, movements
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.tables import records
from riskkit.words import amount, capital, count


@check(
    id="places.moved_without_copy",
    title="A copy is made before equipment with ePHI is moved",
    question="Which equipment that holds ePHI was moved without a backup just before?",
    subject="movement",
    controls=("45 CFR 164.310(d)(2)(iv)",),
    severity="medium",
    remediation="Make an exact copy before the next move, and record it.",
    look_first="Whether a copy was made by hand.",
    usual_cause="The mover came before the backup window.",
)
def places_moved_without_copy(
    media: pd.DataFrame,
    backups: pd.DataFrame,
    systems: pd.DataFrame | None,
    *,
    within_days: int = 2,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per move of equipment that serves a system; two days before are our choice."""
    names = system_names(systems)
    copied: dict[str, list[Any]] = {}
    for copy in records(backups):
        if copy.status == "success" and copy.finished_at is not None:
            copied.setdefault(system_of(copy.system_id, names), []).append(copy)
    for name, rows in movements(media, at).items():
        ephi = holds_ephi(rows)
        for row in rows:
            if row.event != "moved":
                continue
            system = system_of(row.system_id, names)
            before = [
                copy
                for copy in copied.get(system, ())
                if 0 <= (row.occurred_on - copy.finished_at.astimezone(at.zone).date()).days <= within_days
            ]
            known = ephi is not None and bool(system)
            result: Result = "NA" if ephi is False else "PASS" if before else "FAIL" if known else "UNKNOWN"
            yield Verdict(
                subject=f"{name} {row.occurred_on}",
                result=result,
                message=capital(count(len(before), "backup"))
                + f" of its system ended {amount(within_days, 'day')} or less before it"
                f"{'' if known else '; which system it serves, or whether it holds ePHI, is not recorded'}.",
                observed=count(len(before), "copy"),
                expected="at least 1",
                scope=system,
                rows=(
                    Rows.of("media", [row]),
                    Rows.of("backups", sorted(before, key=lambda copy: (copy.source, copy.offset or 0))),
                ),
            )
