"""Media that were disposed of without proof."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.movements import holds_ephi, movements
from riskkit.model import Moment, Result, Rows, Verdict
from riskkit.words import have, out_of


@check(
    id="places.disposal_unproven",
    title="Media that held ePHI are destroyed with a certificate",
    question="Which media that held ePHI were disposed of without a certificate?",
    subject="medium",
    controls=("45 CFR 164.310(d)(2)(i)",),
    severity="high",
    remediation="Obtain the certificate of destruction, or treat the medium as lost.",
    look_first="The delivery note of the company that fetched it.",
    usual_cause="The medium left with other waste of electronics.",
)
def places_disposal_unproven(media: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per medium with such a movement up to the end of the period."""
    for name, rows in movements(media, at).items():
        found = [row for row in rows if row.event == "disposed"]
        if not found:
            continue
        ephi = holds_ephi(rows)
        unproven = [row for row in found if not (row.certificate)]
        result: Result = "NA" if ephi is False else "PASS" if not unproven else "FAIL" if ephi else "UNKNOWN"
        held = {True: "It held ePHI", False: "It held no ePHI", None: "Whether it held ePHI is not recorded"}[
            ephi
        ]
        proven = len(found) - len(unproven)
        yield Verdict(
            subject=name,
            result=result,
            message=f"{held}; {out_of(proven, len(found), 'movement')} of this kind {have(proven)} "
            "a certificate.",
            observed=f"{proven} of {len(found)}",
            expected="all",
            rows=(Rows.of("media", unproven or found),),
        )
