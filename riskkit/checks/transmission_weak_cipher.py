"""Cipher suites that protect nothing, or little."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from riskkit.declare import check
from riskkit.derived.channel_words import as_configured, named, why_not_tls
from riskkit.derived.drift import WITHOUT_TLS
from riskkit.model import Result, Verdict
from riskkit.tables import records
from riskkit.words import count

NO_PROTECTION = frozenset({"NULL", "ANON", "EXPORT", "EXPORT40", "RC4", "RC2", "DES", "DES40"})
ABOUT = ("connectivity", "protocol.", "suite.")
SHORT_BLOCKS = frozenset({"3DES", "IDEA", "EDE3"})
"""Words of suite names (IANA): no or broken encryption, no authentication; blocks of 64 bits."""


@check(
    id="transmission.weak_cipher",
    title="No channel accepts a weak cipher suite",
    question="Which listeners accept suites without encryption or authentication, with RC4, DES or 3DES, or "
    "none with forward secrecy?",
    subject="listener",
    controls=("45 CFR 164.312(e)(2)(i)", "45 CFR 164.312(e)(2)(ii)"),
    severity="high",
    worst="critical",
    method="TEST",
    remediation="Remove the suites from the listener's list, and allow AES-GCM or ChaCha20 with ephemeral "
    "keys alone.",
    look_first="The cipher list of the web server, gateway or DICOM TLS profile in front of the listener.",
    usual_cause="The list was widened for one old modality and never narrowed again.",
)
def transmission_weak_cipher(channels: pd.DataFrame) -> Iterator[Verdict]:
    """One verdict per listener (RFC 9325 section 4.1; for blocks of 64 bits SWEET32, CVE-2016-2183).

    A listener none of whose suites has forward secrecy fails too: whoever copies the traffic and
    later gets the key reads all of it.
    """
    for channel in records(channels):
        suites = channel.suites.split("|") if channel.suites else []
        broken = [suite for suite in suites if NO_PROTECTION.intersection(_words(suite))]
        weak = [suite for suite in suites if SHORT_BLOCKS.intersection(_words(suite))]
        result, message = _judged(channel, len(suites), sorted({*broken, *weak}))
        yield Verdict(
            **named(channel, *ABOUT),
            result=result,
            message=message + as_configured(channel, *ABOUT),
            observed=f"{len(broken) + len(weak)} weak of {count(len(suites), 'accepted suite')}",
            expected="0 weak suites",
            severity="critical" if broken else None,
        )


def _words(suite: str) -> set[str]:
    """Words of a name; the DES of 3DES_EDE is none of its own, and SSL 2.0 wrote DES_192_EDE3 for it."""
    words = set(suite.upper().split("_"))
    return words - {"DES"} if words & {"3DES", "EDE3"} else words


def _judged(channel: Any, suites: int, weak: list[str]) -> tuple[Result, str]:
    if weak:
        return "FAIL", f"Weak among the suites that the listener accepts ({suites}): {', '.join(weak)}."
    if channel.connectivity in WITHOUT_TLS:
        return "NA", "The listener speaks no TLS, so there is no suite to judge."
    if channel.connectivity != "tls" or not suites:
        why = why_not_tls(channel) or "the scan names none"
        return "UNKNOWN", f"Its suites are not known: {why}."
    unclear = set(filter(None, f"{channel.not_known}|{channel.suites_not_known}".split("|")))
    # SSL 2.0 has no suite with forward secrecy, so not knowing of it changes nothing here.
    if unclear <= {"ssl2_0"} and not any(map(_has_forward_secrecy, channel.suites.split("|"))):
        return "FAIL", f"None of the suites that the listener accepts ({suites}) has forward secrecy."
    if unclear:
        return (
            "UNKNOWN",
            f"None of the suites ({suites}) is weak, but of {count(len(unclear), 'version')} not all is "
            "known.",
        )
    return "PASS", f"None of the suites that the listener accepts ({suites}) is weak."


def _has_forward_secrecy(suite: str) -> bool:
    """Ephemeral keys are named before WITH; the suites of TLS 1.3 all have them and name no exchange."""
    exchange, named, _ = suite.partition("_WITH_")
    return not named or exchange.startswith(("TLS_ECDHE_", "TLS_DHE_"))
