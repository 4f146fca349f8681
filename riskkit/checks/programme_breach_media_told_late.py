"""Large breaches of which the media were not told in time."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.breaches import breach_verdicts, media_clock
from riskkit.model import Moment, Verdict


@check(
    id="programme.breach_media_told_late",
    title="The media are told of breaches of more than 500 residents of a State",
    question="Of which breaches of more than 500 residents of a State were the media told too late "
    "or not at all?",
    subject="incident",
    controls=("45 CFR 164.406",),
    severity="high",
    remediation="Send the notice now, and record when it went out and why it took so long.",
    look_first="How many residents of each State are affected.",
    usual_cause="People were counted in all and not State by State.",
)
def programme_breach_media_told_late(incidents: pd.DataFrame, *, at: Moment) -> Iterator[Verdict]:
    """One verdict per incident, by the number of residents of each State (164.406)."""
    yield from breach_verdicts(incidents, at, lambda incident: media_clock(incident, at))
