"""The settings of a realm that bear on log-in, as keys of `configurations`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from riskkit.readers.keycloak_realm.flows import Asked

_TERM = re.compile(r"\s*(\w+)\s*(?:\(\s*([^()]*?)\s*\))?\s*", re.ASCII)
_CLASSES = frozenset({"lowerCase", "upperCase", "digits", "specialChars"})
_BY_DEFAULT = {"length": 8, "passwordHistory": 3, "forceExpiredPasswordChange": 365}
"""What Keycloak puts in when a policy is added without a number."""

_BOOLEANS = {
    "registrationAllowed": "registration.allowed",
    "bruteForceProtected": "lockout.enabled",
    "rememberMe": "session.remember_me",
}
_SECONDS = {
    "ssoSessionIdleTimeout": "session.idle_seconds",
    "ssoSessionMaxLifespan": "session.max_seconds",
}
_LARGEST = 10**9


def settings(realm: Mapping[str, Any], asked: Asked | None) -> dict[str, str | None]:
    """Settings by key; None where the export has another type or does not decide it."""
    found: dict[str, str | None] = {}
    for option, key in _BOOLEANS.items():
        if option in realm:
            found[key] = _yes_no(realm[option])
    for option, key in _SECONDS.items():
        if option in realm:
            found[key] = _count(realm[option])
    if found.get("lockout.enabled") == "yes" and "failureFactor" in realm:
        found["lockout.attempts"] = _count(realm["failureFactor"])
    if found.get("session.remember_me") == "yes" and "ssoSessionIdleTimeoutRememberMe" in realm:
        # 0 means: as without it.
        found["session.remember_idle_seconds"] = _count(
            realm["ssoSessionIdleTimeoutRememberMe"] or realm.get("ssoSessionIdleTimeout")
        )
    if "sslRequired" in realm:
        required = str(realm["sslRequired"]).casefold()
        found["ssl.required"] = required if required in ("all", "external", "none") else None
    if asked is not None:
        found["second_factor.required"] = None if asked == "unclear" else asked
    return found | _passwords(realm)


def expires(realm: Mapping[str, Any]) -> bool | None:
    """Whether passwords of a realm expire; None when the export does not tell."""
    policy = _policy(realm)
    return None if policy is None else bool(policy.get("forceExpiredPasswordChange"))


def _passwords(realm: Mapping[str, Any]) -> dict[str, str | None]:
    policy = _policy(realm)
    if policy is None:
        return {}
    return {
        "password.min_length": str(policy.get("length", 0)),
        "password.history": str(policy.get("passwordHistory", 0)),
        "password.max_age_days": str(policy.get("forceExpiredPasswordChange", 0)),
        "password.character_classes": str(len(_CLASSES & policy.keys())),
    }


def _policy(realm: Mapping[str, Any]) -> dict[str, int] | None:
    """The terms of the password policy with their numbers; None when it is not told.

    A whole export without a policy has none: that is Keycloak's default.
    """
    written = realm.get("passwordPolicy")
    if written is None:
        return {} if "authenticationFlows" in realm and "clients" in realm else None
    terms = [_TERM.fullmatch(term) for term in re.split(r"\s+and\s+", str(written))]
    return {
        term[1]: int(term[2]) if term[2] and re.fullmatch(r"\d{1,9}", term[2], re.ASCII) else
        _BY_DEFAULT.get(term[1], 1)
        for term in terms
        if term
    }  # fmt: skip


def _yes_no(value: object) -> str | None:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else None


def _count(value: object) -> str | None:
    return str(value) if type(value) is int and 0 <= value <= _LARGEST else None
