"""Listeners that lack what the chosen profile requires: conformance, not risk."""

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
    title = next((one.title for one in load_profiles() if one.id == profile), None)
    told = {(one.host, one.port): one for one in records(profile_results) if one.profile == profile}
    for channel in records(channels):
        one = told.get((channel.host, channel.port))
        result, message = _judged(channel, one, title or profile)
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=f"{len(_names(one.missing)) if one else 0} required and missing",
            expected=f"all that {title or profile} requires",
        )


def _judged(channel: Any, one: Any | None, title: str) -> tuple[Result, str]:
    if one is None:
        return "UNKNOWN", f"The catalog holds no profile named {title}."
    if channel.ephi is False or channel.connectivity in WITHOUT_TLS:
        told = "The listener is declared to carry no ePHI." if channel.ephi is False else "It speaks no TLS."
        return "NA", told
    if channel.connectivity != "tls":
        return "UNKNOWN", f"What the listener offers is not known: {why_not_tls(channel)}."
    missing, unclear = _names(one.missing), _names(one.unclear)
    if missing:
        rest = f" and {len(missing) - MOST} more" if len(missing) > MOST else ""
        return "FAIL", f"Required by {title} and missing: {', '.join(missing[:MOST])}{rest}."
    if unclear:
        return (
            "UNKNOWN",
            f"Nothing required was seen to be missing, but not all is known: {', '.join(unclear)}.",
        )
    told = "It is not about such listeners" if one.result == "not applicable" else "It lacks nothing of it"
    return ("NA" if one.result == "not applicable" else "PASS"), f"{told} ({title})."


def _names(joined: str) -> list[str]:
    return [name for name in joined.split("|") if name]
