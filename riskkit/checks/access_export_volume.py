"""Days on which somebody exported, burned or printed more than is usual for the role."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import narwhals as nw

from riskkit.declare import check
from riskkit.derived.exempt import Exempt
from riskkit.derived.review import ONE_IN, Manner, examined, first_of_days, verdicts
from riskkit.derived.trail import TRANSFER_BEGINS
from riskkit.derived.volumes import peers, volumes
from riskkit.model import Moment, Verdict


@check(
    id="access.export_volume",
    title="People export as much as their role asks for",
    question="Who exported, burned or printed on one day more than the own past and the role let expect?",
    subject="user",
    controls=("45 CFR 164.308(a)(1)(ii)(D)", "45 CFR 164.312(b)", "45 CFR 164.310(d)(1)"),
    severity="medium",
    remediation="Review the accesses with the user's manager and record the decision in "
    "programme/verdicts.csv.",
    look_first="Who received the media, and whether a request of the patient or a transfer asked for it.",
    usual_cause="A transfer of a patient, or an export for an approved study.",
    standing=False,
    signal=True,
    family="volume",
    aliases=("A10",),
)
def access_export_volume(
    user_days: nw.LazyFrame[Any],
    audit_events: nw.LazyFrame[Any],
    peer_groups: Any | None,
    exemptions: Any | None,
    roster: Any | None,
    *,
    one_in: int = ONE_IN,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per user who opened a record in the period.

    Exports per day beside the own past and people of the same role: gamma-Poisson with shrinkage,
    negative binomial tail, recalibrated on the last third of the earlier days. There is no threshold.
    """
    scores = volumes(user_days, "exports", peers(peer_groups, "role"), at)
    ended = nw.col("event_code").fill_null("") != TRANSFER_BEGINS
    done = nw.col("event_outcome").fill_null("unknown") != "failure"
    exports = (nw.col("event_category") == "export") & ended & done
    cases = scores.cases("export", first_of_days(audit_events, exports, at, scores.odd()))
    manner = Manner("exports", "user_id = :subject and event_category = 'export'", one_in, scores.note)
    exempt = Exempt("access.export_volume", exemptions, roster)
    yield from verdicts(examined(user_days, at), cases, manner, exempt)
