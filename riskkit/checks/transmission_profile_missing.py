"""Listeners that lack what the chosen profile requires: conformance, not risk."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.conformance import Side, judge_listeners
from riskkit.model import Verdict

SIDE = Side(
    part="missing",
    found="Required by {profile} and missing",
    not_seen="Nothing required was seen to be missing",
    clean="It lacks nothing of it",
    observed="required and missing",
    expected="all that {profile} requires",
)


@check(
    id="transmission.profile_missing",
    title="Channels offer what the profile of the site requires",
    question="Which listeners lack versions, suites or client authentication that the profile requires?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)"),
    severity="low",
    method="TEST",
    remediation="Add what the profile requires where the software can; write down where it cannot.",
    look_first="The matrix of profiles, and the TLS settings of the listener.",
    usual_cause="The TLS library of the product does not offer it, which is no risk by itself.",
)
def transmission_profile_missing(
    profile_results: pd.DataFrame, channels: pd.DataFrame, *, profile: str = "dicom_b12"
) -> Iterator[Verdict]:
    """One verdict per listener against one profile of the catalog: what peers may ask for and not get."""
    yield from judge_listeners(SIDE, profile, profile_results, channels)
