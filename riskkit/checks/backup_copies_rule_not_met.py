"""Systems whose copies fall short of 3-2-1-1-0."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.copies_rule import PARTS, judged_parts
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import be, out_of


@check(
    id="backup.copies_rule_not_met",
    title="Copies of each system follow 3-2-1-1-0",
    question="Which systems lack three copies, two media, one off-site, one immutable, or a verification "
    "without errors?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(A)",),
    severity="medium",
    remediation="Add what is missing: a copy at another site, on another medium, that nobody can alter, and "
    "verify it.",
    look_first="Which parts are only missing in the job history.",
    usual_cause="One repository on disk was set up, and the rest was left for later.",
    expects=("archive",),
)
def backup_copies_rule_not_met(
    backups: pd.DataFrame,
    systems: pd.DataFrame | None,
    storage_assets: pd.DataFrame | None,
    restore_tests: pd.DataFrame | None,
    *,
    within_days: int = 35,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per system with a backup; each of the five parts is yes, no or unknown.

    Three copies are the system itself and two backups at two places. A proved restore counts as a
    verification without errors.
    """
    for system, found in judged_parts(
        backups, systems, storage_assets, restore_tests, at=at, within_days=within_days
    ).items():
        no = [PARTS[part] for part, state in found.parts.items() if state == "no"]
        unknown = [PARTS[part] for part, state in found.parts.items() if state == "unknown"]
        result: Result = "FAIL" if no else "UNKNOWN" if unknown else "PASS"
        told = [f"not met: {', '.join(no)}"] if no else []
        told += [f"not known: {', '.join(unknown)}"] if unknown else []
        met = len(PARTS) - len(no) - len(unknown)
        yield Verdict(
            subject=system,
            result=result,
            message=f"{out_of(met, len(PARTS), 'part')} {be(met)} met"
            + (f"; {'; '.join(told)}." if told else ".")
            + found.left_out,
            observed=", ".join(f"{part} {state}" for part, state in found.parts.items()),
            expected="five parts",
            scope=system,
            rows=(Rows.of("backups", list(found.copies)[::-1]),),
        )
