"""Certificates that ran out, or soon will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import named as channel_named
from riskkit.derived.leaf_certificates import named
from riskkit.model import Moment, Result, Severity, Verdict
from riskkit.tables import records
from riskkit.words import amount


@check(
    id="transmission.certificate_expiry",
    title="Certificates are valid and are renewed in time",
    question="Which listeners present a certificate that is not valid, or that expires soon?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(d)"),
    severity="low",
    worst="high",
    method="TEST",
    remediation="Renew the certificate, install it with its chain, and put the next renewal under watch.",
    look_first="The end date of the leaf certificate and who receives the reminders for it.",
    usual_cause="Certificates of devices are renewed by hand, and nobody is reminded.",
)
def transmission_certificate_expiry(
    leaf_certificates: pd.DataFrame,
    channels: pd.DataFrame | None,
    *,
    within_days: int = 30,
    at: Moment,
) -> Iterator[Verdict]:
    """One verdict per listener that speaks TLS, on the leaf certificate of the latest scan."""
    judged = set()
    for leaf in records(leaf_certificates):
        judged.add((leaf.host.casefold(), leaf.port))
        result, message, severity = _judged(leaf, within_days, at)
        yield Verdict(
            **named(leaf),
            result=result,
            message=message,
            observed=f"{_day(leaf.not_after, at)}",
            expected=f"more than {amount(within_days, 'day')} after the end of the period",
            severity=severity,
        )
    for channel in () if channels is None else records(channels):
        if channel.connectivity == "tls" and (channel.host.casefold(), channel.port) not in judged:
            message = "The listener speaks TLS, but no scan in the pack shows its certificate."
            yield Verdict(**channel_named(channel), result="UNKNOWN", message=message)


def _judged(leaf: Any, within_days: int, at: Moment) -> tuple[Result, str, Severity | None]:
    days = (leaf.not_after - at.as_of).days
    if leaf.position != 0:
        return "UNKNOWN", "The scan holds no leaf certificate of this listener.", None
    if leaf.not_before > at.as_of:
        return "FAIL", f"The certificate is not valid before {_day(leaf.not_before, at)}.", "high"
    if leaf.not_after <= at.as_of:
        past = at.age_days(leaf.not_after)
        return "FAIL", f"The certificate expired {amount(past, 'day')} before the end of the period.", "high"
    if days <= within_days:
        return "FAIL", f"The certificate expires {amount(days, 'day')} after the end of the period.", None
    return "PASS", f"The certificate is valid for {amount(days, 'day')} after the end of the period.", None


def _day(instant: datetime, at: Moment) -> date:
    return instant.astimezone(at.zone).date()
