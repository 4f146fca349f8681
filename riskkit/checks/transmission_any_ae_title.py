"""DICOM nodes that take an association from anybody."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import as_configured, is_configured, named
from riskkit.model import Result, Severity, Verdict
from riskkit.tables import records

ABOUT = ("dicom.any_aet",)


@check(
    id="transmission.any_ae_title",
    title="DICOM nodes take associations from known AE titles only",
    question="Which DICOM nodes accept an association from an AE title that nobody gave them?",
    subject="listener",
    controls=("45 CFR 164.312(d)", "45 CFR 164.312(a)(1)"),
    severity="high",
    method="TEST",
    remediation="List the AE titles and addresses that may connect on the node, and refuse all others.",
    look_first="The table of remote nodes, and whether the node checks the caller's title and address.",
    usual_cause="The node was left open while modalities were enrolled.",
)
def transmission_any_ae_title(channels: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per DICOM node; behind a required client certificate it weighs less.

    An association and its echo show that the node talks to strangers, not that it gives images away.
    """
    for channel in records(channels):
        if channel.declared not in {"dicom", "dicom-tls"} and channel.any_aet is None:
            continue
        result, message = _judged(channel)
        behind = (channel.client_auth or "").casefold() == "required"
        severity: Severity | None = "medium" if behind else None
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed={"yes": "any caller", "no": "known callers"}.get(channel.any_aet or "", "not known"),
            expected="known callers",
            severity=severity,
        )


def _judged(channel: Any) -> tuple[Result, str]:
    if channel.ephi is False:
        return "NA", "The listener is declared to carry no ePHI."
    if is_configured(channel, *ABOUT):
        may = {"yes": "may", "no": "may not"}.get(channel.any_aet or "", "may or may not")
        return (
            "FAIL" if channel.any_aet == "yes" else "PASS"
        ), f"A node with an unknown AE title {may} connect."
    if channel.any_aet == "yes":
        return "FAIL", "An association (echo only) was accepted from an AE title that nobody gave the node."
    if channel.any_aet == "no":
        return "PASS", "An association from an unknown AE title was refused."
    return "UNKNOWN", "No probe asked this node for an association from an unknown AE title."
