"""DICOM, HL7 and viewers without a log-in that answer from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import named
from riskkit.derived.channels import NODE_PROTOCOLS, REACHED
from riskkit.derived.inventory import system_names, system_of
from riskkit.model import Result, Verdict
from riskkit.tables import records

WEB = frozenset({"dicomweb", "https", "http"})
CLOSED = {"refused": "refused the connection", "timeout": "gave no answer"}
HOW = {"tls": "with TLS", "reached": "and the scan could not tell what it speaks there"}
LOGIN: dict[str | None, tuple[Result, str]] = {
    "no": ("FAIL", "It answers from outside, and its system is configured to ask nobody to log in."),
    "yes": ("PASS", "It answers from outside with TLS, and its system is configured to ask for a log-in."),
}


@check(
    id="transmission.reachable_from_outside",
    title="No DICOM or HL7 node, and no viewer without a log-in, answers from the internet",
    question="Which listeners with ePHI answer when they are looked at from outside?",
    subject="listener",
    controls=("45 CFR 164.312(e)(1)", "45 CFR 164.312(a)(1)"),
    severity="critical",
    method="TEST",
    remediation="Close the port at the border at once; let partners in through a tunnel, and a viewer only "
    "behind a log-in.",
    look_first="The rules of the firewall and of the provider for the address of the listener.",
    usual_cause="A port was forwarded for a vendor or for reading at home, and stayed open.",
)
def transmission_reachable_from_outside(
    channels: pd.DataFrame, configurations: pd.DataFrame | None, systems: pd.DataFrame | None
) -> Iterator[Verdict]:
    """One verdict per listener; only a look from outside tells, and its absence is unknown."""
    names = system_names(systems)
    logins = _logins(configurations, names)
    for channel in records(channels):
        login = logins.get(system_of(channel.system_id or channel.host, names).casefold())
        result, message = _judged(channel, login)
        yield Verdict(
            **named(channel),
            result=result,
            message=message,
            observed=f"from outside: {channel.outside or 'not looked at'}",
            expected="no answer from outside",
        )


def _logins(configurations: pd.DataFrame | None, names: Mapping[str, str]) -> dict[str, str]:
    """Whether systems ask for a log-in, as they are configured; the part that does not decides."""
    found: dict[str, str] = {}
    for one in () if configurations is None else records(configurations):
        if one.key == "authentication.enabled":
            system = system_of(one.system_id, names).casefold()
            found[system] = "no" if "no" in {found.get(system), one.value} else one.value
    return found


def _judged(channel: Any, login: str | None) -> tuple[Result, str]:
    if channel.ephi is False:
        return "NA", "The listener is declared to carry no ePHI."
    if channel.outside in CLOSED:
        return "PASS", f"Looked at from outside, it {CLOSED[channel.outside]}."
    if channel.outside not in REACHED:
        told = f"The look from outside did not tell: {(channel.outside or '').replace('_', ' ')}."
        return "UNKNOWN", told if channel.outside else "Nobody looked at this listener from outside."
    how = HOW.get(channel.outside, "without TLS")
    if channel.declared in NODE_PROTOCOLS or channel.outside != "tls":
        return "FAIL", f"The listener ({channel.declared or 'not declared'}) answers from outside, {how}."
    if channel.declared in WEB and login in LOGIN:
        return LOGIN[login]
    return "UNKNOWN", f"It answers from outside, {how}; whether it asks for a log-in is not known."
