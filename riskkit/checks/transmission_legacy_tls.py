"""Protocol versions that are no longer safe and still accepted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import as_configured, long_ago, named, why_not_tls
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records

LEGACY = {"ssl2_0": "SSL 2.0", "ssl3_0": "SSL 3.0", "tls1_0": "TLS 1.0", "tls1_1": "TLS 1.1"}
BROKEN = frozenset({"ssl2_0", "ssl3_0"})
ABOUT = ("connectivity", "protocol.")


@check(
    id="transmission.legacy_tls",
    title="No channel accepts SSL or TLS before version 1.2",
    question="Which listeners accept SSL 2.0, SSL 3.0, TLS 1.0 or TLS 1.1?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(e)(2)(ii)"),
    severity="high",
    worst="critical",
    method="TEST",
    remediation="Switch off SSL and TLS before version 1.2 on the listener, after listing the peers that "
    "still need it.",
    look_first="The protocol setting of the web server, gateway or DICOM TLS profile in front of the "
    "listener.",
    usual_cause="A default of an old release was kept, or one old peer still needs it.",
)
def transmission_legacy_tls(channels: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per listener; RFC 9325 section 3.1.1 forbids all four versions, SSL being broken."""
    for channel in records(channels):
        accepted = [version for version in channel.accepted.split("|") if version in LEGACY]
        result, message = _judged(channel, accepted)
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=channel.accepted or "nothing",
            expected="TLS 1.2 or later only",
            severity="critical" if BROKEN.intersection(accepted) else None,
        )


def _judged(channel: Any, accepted: list[str]) -> tuple[Result, str]:
    silent = [version for version in channel.not_known.split("|") if version in LEGACY]
    if accepted:
        return "FAIL", f"The listener accepts {_listed(accepted)}."
    if channel.connectivity in WITHOUT_TLS:
        return "NA", "The listener speaks no TLS, so there is no version to judge."
    if channel.connectivity != "tls":
        return "UNKNOWN", f"Its versions are not known: {why_not_tls(channel)}."
    if silent:
        return "UNKNOWN", f"Nothing tells of {_listed(silent)}.{long_ago(channel)}"
    return "PASS", f"The listener accepts none of the {len(LEGACY)} legacy versions."


def _listed(versions: list[str]) -> str:
    return ", ".join(LEGACY[version] for version in versions)
