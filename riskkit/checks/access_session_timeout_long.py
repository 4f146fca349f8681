"""Sessions that stay open although nobody is there."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from riskkit.declare import check
from riskkit.derived.login_settings import PASSWORDS, Login, logins
from riskkit.model import Result, Verdict
from riskkit.words import amount, be

IDLE, REMEMBERED, REMEMBERS = "session.idle_seconds", "session.remember_idle_seconds", "session.remember_me"
MINUTE = 60


@check(
    id="access.session_timeout_long",
    title="Sessions end after inactivity",
    question="On which systems does a session stay open too long after the last action?",
    subject="system",
    controls=("45 CFR 164.312(a)(2)(iii)",),
    severity="medium",
    remediation="Shorten the idle time of sessions, and of those that are remembered, to what the place of "
    "work allows.",
    look_first="Where the workstations stand, and whether the screen locks sooner by itself.",
    usual_cause="Reading sessions are long, and the time was raised so that nobody logs in twice.",
    expects=("archive", "viewer", "worklist"),
)
def access_session_timeout_long(configurations: pd.DataFrame, *, max_minutes: int = 30) -> Iterator[Verdict]:
    """One verdict per system that asks for passwords itself.

    The rule names no time; 30 minutes of inactivity is that of NIST SP 800-63B 4.2.3. The longer of the
    plain and the remembered session counts.
    """
    for login in logins(configurations, *PASSWORDS):
        result, message, observed = _judged(login, max_minutes)
        yield Verdict(
            subject=login.subject,
            result=result,
            message=message,
            observed=observed,
            expected=f"at most {amount(max_minutes, 'minute')}",
            scope=login.system_id,
            rows=login.rows(IDLE, REMEMBERED, REMEMBERS),
        )


def _judged(login: Login, most: int) -> tuple[Result, str, str]:
    idle = login.number(IDLE)
    if idle is None:
        return "UNKNOWN", "The settings do not say when a session without action ends.", "not told"
    if idle == 0:
        return "FAIL", "A session without action never ends.", "no end"
    remembered = login.number(REMEMBERED)
    remembers = login.says(REMEMBERS)
    if remembers and remembered is None and idle <= most * MINUTE:
        return "UNKNOWN", "Sessions may be remembered; until when is not told.", "not told"
    longest = max(idle, (remembered or 0) if remembers is not False else 0)
    shown = amount(-(-longest // MINUTE), "minute")
    if longest > most * MINUTE:
        return "FAIL", f"A session stays open for {shown} without action; {most} {be(most)} allowed.", shown
    return "PASS", f"A session ends after {shown} without action.", shown
