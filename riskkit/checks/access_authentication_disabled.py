"""Systems that open without a log-in."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.login_settings import Login, logins
from riskkit.model import Result, Severity, Verdict

KEY, REMOTE, PLUGIN = "authentication.enabled", "remote.allowed", "authentication.plugin"


@check(
    id="access.authentication_disabled",
    title="Every system asks who wants in",
    question="Which systems answer without a log-in?",
    subject="system",
    controls=("45 CFR 164.312(d)", "45 CFR 164.312(a)(1)"),
    severity="high",
    worst="critical",
    remediation="Switch authentication on, register named users, and let nobody but the proxy in until then.",
    look_first="Whether the web interface of the system opens from a workstation without a password.",
    usual_cause="The server was set up for a trial, where a log-in was in the way.",
    expects=("archive", "viewer", "worklist"),
)
def access_authentication_disabled(configurations: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per system whose settings speak of authentication or of remote access."""
    for login in logins(configurations, "authentication.", "remote."):
        result, message, severity = _judged(login)
        enabled = login.says(KEY)
        yield Verdict(
            subject=login.subject,
            result=result,
            message=message,
            observed={True: "log-in asked", False: "no log-in", None: "not told"}[enabled],
            expected="log-in asked",
            scope=login.system_id,
            severity=severity,
            rows=login.rows(KEY, REMOTE, PLUGIN),
        )


def _judged(login: Login) -> tuple[Result, str, Severity | None]:
    enabled, remote = login.says(KEY), login.says(REMOTE)
    if enabled:
        return "PASS", "The system asks for a log-in.", None
    if enabled is None:
        return "UNKNOWN", "The settings do not say whether the system asks for a log-in.", None
    if login.says(PLUGIN):
        return (
            "UNKNOWN",
            "The system's own log-in is off, and a plug-in that may ask for one is set up.",
            None,
        )
    if remote:
        return "FAIL", "The system answers other machines without a log-in.", "critical"
    if remote is None:
        return "FAIL", "Log-in is switched off; whether other machines reach the system is not told.", None
    return (
        "UNKNOWN",
        "Log-in is off and only the machine itself is let in; what stands before it is not told here.",
        None,
    )
