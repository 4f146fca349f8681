"""Listeners that offer what the chosen profile prohibits."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.conformance import Side, judge_listeners
from riskkit.model import Verdict

SIDE = Side(
    part="prohibited",
    found="Offered and prohibited by {profile}",
    not_seen="Nothing prohibited was seen",
    clean="It offers nothing of it",
    observed="prohibited and offered",
    expected="nothing that {profile} prohibits",
)


@check(
    id="transmission.profile_prohibited",
    title="No channel offers what the profile of the site prohibits",
    question="Which listeners offer versions, suites, groups, keys or signatures that the profile prohibits?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)"),
    severity="medium",
    method="TEST",
    remediation="Take away what the profile prohibits, after listing the peers that still need it.",
    look_first="The matrix of profiles, and the TLS settings of the listener.",
    usual_cause="The settings are those that the software came with.",
)
def transmission_profile_prohibited(
    profile_results: pd.DataFrame, channels: pd.DataFrame, *, profile: str = "dicom_b12"
) -> Iterator[Verdict]:
    """One verdict per listener against one profile of the catalog; a profile that is none is unknown."""
    yield from judge_listeners(SIDE, profile, profile_results, channels)
