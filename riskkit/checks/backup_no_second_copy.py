"""Systems whose copies all lie in one place."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.backup_copies import copies_by_system, places_of, two_places
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import amount, be, count


@check(
    id="backup.no_second_copy",
    title="Copies of each system lie in two places",
    question="Which systems have recent backup copies in one place only?",
    subject="system",
    controls=("45 CFR 164.308(a)(7)(ii)(A)",),
    severity="medium",
    remediation="Keep a second copy on another medium at another site, so that with the system itself three "
    "exist.",
    look_first="Whether replication of the repository, or tapes, are only missing in the job history.",
    usual_cause="One repository was set up, and its copy to another site was left for later.",
    expects=("archive",),
)
def backup_no_second_copy(
    backups: pd.DataFrame, systems: pd.DataFrame | None, *, within_days: int = 35, at: Moment
) -> Iterator[Verdict]:
    """One verdict per system with a copy (three copies, two of them backups, is the rule 3-2-1).

    Places that hold a copy of the same id are one place under two names, as when one repository was
    exported twice. Folders of one machine, or of machines that are not named, are not told apart. How far
    apart places lie is not told.
    """
    for system, found in copies_by_system(backups, systems, within_days, at).items():
        copies = found.rows
        places, nowhere = places_of(copies), sum(not copy.location for copy in copies)
        apart = two_places(copies) if copies else "unknown"
        result: Result = "PASS" if apart == "yes" else "FAIL" if apart == "no" else "UNKNOWN"
        machine = ", which may be folders of one machine" if len(places) > 1 and apart != "yes" else ""
        facts = (
            f"{count(len(copies), 'copy')} of the last {amount(within_days, 'day')} "
            f"{be(len(copies), 'lies', 'lie')} in {amount(len(places), 'place')}{machine}"
        )
        unsaid = f"; of {nowhere} it is not recorded where" if nowhere else ""
        yield Verdict(
            subject=system,
            result=result,
            message=(
                f"{facts}{unsaid}; whether {be(len(copies), 'it lies', 'they lie')} at two sites is not told."
                if copies
                else f"No copy on record that holds anything is younger than {amount(within_days, 'day')}."
            )
            + found.left_out,
            observed=count(len(places), "place"),
            expected="at least 2 places",
            scope=system,
            rows=(Rows.of("backups", copies[::-1]),),
        )
