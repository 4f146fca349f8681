"""Media that were used again without proof of wiping."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.movements import holds_ephi, movements
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import have, out_of


@check(
    id="places.reuse_unproven",
    title="Media are wiped, and that is checked, before they are used again",
    question="Which media that held ePHI were used again without a checked record of wiping?",
    subject="medium",
    controls=("45 CFR 164.310(d)(2)(ii)",),
    severity="high",
    remediation="Wipe the medium, have somebody check it, and record both.",
    look_first="Where the medium is now.",
    usual_cause="The medium was formatted in passing, by whom it was needed.",
)
def places_reuse_unproven(media: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per medium with such a movement up to the end of the period."""
    for name, rows in movements(media, at).items():
        found = [row for row in rows if row.event == "reused"]
        if not found:
            continue
        ephi = holds_ephi(rows)
        unproven = [row for row in found if not (row.certificate and row.verified_by)]
        result: Result = "NA" if ephi is False else "PASS" if not unproven else "FAIL" if ephi else "UNKNOWN"
        held = {True: "It held ePHI", False: "It held no ePHI", None: "Whether it held ePHI is not recorded"}[
            ephi
        ]
        proven = len(found) - len(unproven)
        yield Verdict(
            subject=name,
            result=result,
            message=f"{held}; {out_of(proven, len(found), 'movement')} of this kind {have(proven)} "
            "a record of wiping with who checked it.",
            observed=f"{proven} of {len(found)}",
            expected="all",
            rows=(Rows.of("media", unproven or found),),
        )
