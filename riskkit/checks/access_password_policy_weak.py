"""Systems that accept passwords which are soon guessed, or keep them readable."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.login_settings import PASSWORDS, Login, logins
from riskkit.model import Result, Severity, Verdict
from riskkit.words import amount, be

LENGTH, REVERSIBLE = "password.min_length", "password.reversible"


@check(
    id="access.password_policy_weak",
    title="Passwords are long enough by force",
    question="Which systems accept passwords that are too short, or keep them so that they can be read back?",
    subject="system",
    controls=("45 CFR 164.308(a)(5)(ii)(D)", "45 CFR 164.312(d)"),
    severity="medium",
    worst="high",
    remediation="Set a minimum length that the system enforces, and have passwords stored as salted hashes.",
    look_first="Which policy applies to the accounts of vendors and services, which often have another one.",
    usual_cause="The policy was written down, and never set in the system.",
    expects=("archive", "viewer", "worklist"),
)
def access_password_policy_weak(configurations: pd.DataFrame, *, min_length: int = 8) -> Iterator[Verdict]:
    """One verdict per system that asks for passwords itself.

    At least 8 characters is the least of NIST SP 800-63B 5.1.1.2, which asks for neither kinds of
    characters nor regular changes; a site may ask for more.
    """
    for login in logins(configurations, *PASSWORDS):
        result, message, severity = _judged(login, min_length)
        length = login.number(LENGTH)
        yield Verdict(
            subject=login.subject,
            result=result,
            message=message,
            observed="not told" if length is None else amount(length, "character"),
            expected=f"at least {amount(min_length, 'character')}",
            scope=login.system_id,
            severity=severity,
            rows=login.rows(LENGTH, REVERSIBLE),
        )


def _judged(login: Login, least: int) -> tuple[Result, str, Severity | None]:
    length = login.number(LENGTH)
    if login.says(REVERSIBLE):
        return "FAIL", "Passwords are kept so that they can be read back.", "high"
    if length is None:
        return "UNKNOWN", "The settings do not say how long a password must be.", None
    if length == 0:
        return (
            "FAIL",
            f"No length of passwords is enforced; {amount(least, 'character')} {be(least)} asked for.",
            "high",
        )
    if length < least:
        return (
            "FAIL",
            f"Passwords of {amount(length, 'character')} are accepted; {least} {be(least)} asked for.",
            None,
        )
    return "PASS", f"Passwords need at least {amount(length, 'character')}.", None
