"""Listeners that offer what the chosen profile prohibits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.catalog.transmission import load_profiles
from riskkit.declare import check
from riskkit.derived.channels import as_configured, named, why_not_tls
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records

ABOUT = ("connectivity", "protocol.", "suite.", "curve.", "mtls.")
MOST = 6


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
    title = next((one.title for one in load_profiles() if one.id == profile), None)
    told = {(one.host, one.port): one for one in records(profile_results) if one.profile == profile}
    for channel in records(channels):
        one = told.get((channel.host, channel.port))
        result, message = _judged(channel, one, title or profile)
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=f"{len(_names(one.prohibited)) if one else 0} prohibited and offered",
            expected=f"nothing that {title or profile} prohibits",
        )


def _judged(channel: Any, one: Any | None, title: str) -> tuple[Result, str]:
    if one is None:
        return "UNKNOWN", f"The catalog holds no profile named {title}."
    if channel.ephi is False or channel.connectivity in WITHOUT_TLS:
        told = "The listener is declared to carry no ePHI." if channel.ephi is False else "It speaks no TLS."
        return "NA", told
    if channel.connectivity != "tls":
        return "UNKNOWN", f"What the listener offers is not known: {why_not_tls(channel)}."
    prohibited, unclear = _names(one.prohibited), _names(one.unclear)
    if prohibited:
        rest = f" and {len(prohibited) - MOST} more" if len(prohibited) > MOST else ""
        return "FAIL", f"Offered and prohibited by {title}: {', '.join(prohibited[:MOST])}{rest}."
    if unclear:
        return "UNKNOWN", f"Nothing prohibited was seen, but not all is known: {', '.join(unclear)}."
    told = "It is not about such listeners" if one.result == "not applicable" else "It offers nothing of it"
    return ("NA" if one.result == "not applicable" else "PASS"), f"{told} ({title})."


def _names(joined: str) -> list[str]:
    return [name for name in joined.split("|") if name]
