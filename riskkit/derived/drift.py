"""Where a configuration and a scan of the same listener disagree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

CONFIGURED = "config"
"""The tool of observations that nobody made: the listener is configured so."""

WITHOUT_TLS = frozenset({"no_tls", "plaintext"})
"""Values of `connectivity` of listeners that answered, but not with TLS."""

UNKNOWN = "unknown"


def drift_of(seen: list[Any]) -> tuple[int | None, list[str], bool]:
    """How many facts both a configuration and a scan tell, where they differ, and whether for the worse.

    A default that was only assumed is not compared, and a list of suites only when it is whole.
    """
    said = {one.key: one for one in seen if one.tool == CONFIGURED and one.confidence != "low"}
    found = {one.key: one for one in seen if one.tool != CONFIGURED and one.value != UNKNOWN}
    if not any(one.tool == CONFIGURED for one in seen):
        return None, [], False
    pairs = [
        (key, _meaning(key, said[key].value), _meaning(key, found[key].value))
        for key in sorted(said.keys() & found.keys())
        if not key.startswith("suite")
    ]
    pairs = [(key, configured, real) for key, configured, real in pairs if configured and real]
    differ = [(key, one, other) for key, one, other in pairs if one != other]
    texts = [f"{key}: configured {configured}, seen {real}" for key, configured, real in differ]
    extra = list(_unlisted(said, found))
    if extra:
        texts.append(f"suites: {len(extra)} accepted that the configured list does not name")
    is_worse = bool(extra) or any(real in {"accepted", "no tls", "not asked"} for _, _, real in differ)
    return len(pairs) + bool(extra), texts, is_worse


def _meaning(key: str, value: str) -> str:
    """A value as it is compared; empty when it says nothing of protection."""
    if key == "connectivity":
        return "tls" if value == "tls" else "no tls" if value in WITHOUT_TLS else ""
    if key == "mtls.client_auth":
        # A web server asks in the handshake and insists after it, which scanners take for optional.
        return {"REQUIRED": "asked", "OPTIONAL": "asked", "ANY": "asked", "DISABLED": "not asked"}.get(
            value.upper(), ""
        )
    return value if key.startswith("protocol.") and value in {"accepted", "rejected"} else ""


def _unlisted(said: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """Suites that a scan saw and a whole configured list lacks; lists do not govern TLS 1.3."""
    listed = {key for key in said if key.startswith("suite.")}
    if listed and not any(key.startswith("suites.") for key in said):
        for key, one in found.items():
            if key.startswith("suite.") and "_WITH_" in key and one.value == "accepted" and key not in listed:
                yield key
