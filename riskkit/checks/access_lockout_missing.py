"""Systems on which passwords can be guessed for as long as somebody likes."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.login_settings import PASSWORDS, Login, logins
from riskkit.model import Result, Verdict
from riskkit.words import amount, be

SWITCH, ATTEMPTS = "lockout.enabled", "lockout.attempts"


@check(
    id="access.lockout_missing",
    title="Guessing passwords is stopped",
    question="Which systems do not lock or slow down after failed log-ins?",
    subject="system",
    controls=("45 CFR 164.308(a)(5)(ii)(D)", "45 CFR 164.312(d)"),
    severity="medium",
    remediation="Switch on lock-out or growing delays after failed log-ins, and watch for the locks.",
    look_first="Bursts of failed log-ins in the audit trail of the system.",
    usual_cause="Lock-out is off by default, and nobody wants a clinician locked out.",
    expects=("archive", "viewer", "worklist"),
)
def access_lockout_missing(configurations: pd.DataFrame, *, max_attempts: int = 100) -> Iterator[Verdict]:
    """One verdict per system that asks for passwords itself.

    NIST SP 800-63B 5.2.2 allows at most 100 failed attempts in a row on one account.
    """
    for login in logins(configurations, *PASSWORDS):
        result, message = _judged(login, max_attempts)
        yield Verdict(
            subject=login.subject,
            result=result,
            message=message,
            observed={True: "on", False: "off", None: "not told"}[login.says(SWITCH)],
            expected=f"on, after at most {amount(max_attempts, 'failed log-in')}",
            scope=login.system_id,
            rows=login.rows(SWITCH, ATTEMPTS),
        )


def _judged(login: Login, most: int) -> tuple[Result, str]:
    enabled, attempts = login.says(SWITCH), login.number(ATTEMPTS)
    if enabled is None:
        return "UNKNOWN", "The settings do not say what happens after failed log-ins."
    if not enabled:
        return "FAIL", "Failed log-ins are neither locked nor slowed down."
    if attempts is None:
        return "UNKNOWN", "Lock-out is on; after how many failed log-ins is not told."
    if not 0 < attempts <= most:
        return "FAIL", (
            f"Lock-out begins after {amount(attempts, 'failed log-in')}; {most} {be(most)} allowed."
        )
    return "PASS", f"Lock-out begins after {amount(attempts, 'failed log-in')}."
