"""One row of `channels` from the facts that count of one listener."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from riskkit.derived.drift import CONFIGURED, UNKNOWN

PROTOCOLS = ("ssl2_0", "ssl3_0", "tls1_0", "tls1_1", "tls1_2", "tls1_3")
"""From worst to best."""

HOLES = ("ccs", "heartbleed", "robot")
"""Known holes of TLS servers that a scan looks for."""

FEATURES = ("compression", "early_data", "client_renegotiation", "secure_renegotiation", "ems",
            "fallback_scsv", "hsts")  # fmt: skip
"""Facts that are yes or no, as profiles name them."""

GOOD = frozenset({"rejected", "not_vulnerable", "required", "valid", "no"})
"""Values, case folded, that rule something out."""

_GROUP_NAMES = {"secp256r1": "prime256v1", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
_ANY_AET: Mapping[str | None, str] = {"accepted": "yes", "rejected": "no"}


def row_of(
    point: Any | None,
    seen: list[Any],
    dated: Callable[[Any], datetime],
    old_days: Callable[[Any], int | None],
    outside: str | None,
) -> dict[str, Any]:
    """What is declared of a listener (`point`, if it is) and what was seen of it, of equal facts the last.

    `dated` and `old_days` tell of an observation when it was made, and how long ago where that is too long;
    `outside` is what a look from there came to. Beside columns of `channels` the row has `scanned`, the facts
    that a scan tells; what it disagrees on with a configuration is told where its names are known.
    """
    facts = {
        one.key: one._replace(value=UNKNOWN, reason="it was looked at too long ago")
        if one.value.casefold() in GOOD and old_days(one)
        else one
        for one in seen
    }
    by_version = {version: _value(facts, f"protocol.{version}") for version in PROTOCOLS}
    accepted = [version for version, value in by_version.items() if value == "accepted"]
    suites, suites_not_known = _suites(facts, accepted)
    used = _used(facts, accepted)
    newest = max(used.values(), key=dated, default=None)
    return {
        "endpoint_id": point and point.endpoint_id,
        "system_id": point and point.system_id,
        "host": point.host if point else newest and newest.host,
        "port": point.port if point else newest and newest.port,
        "names": point.host if point else newest and newest.host,
        "scanned": {key for key, one in used.items() if one.tool != CONFIGURED and one.value != UNKNOWN},
        "declared": point and point.protocol,
        "ephi": point and point.ephi,
        "observations": len(facts),
        "observed_at": newest and newest.observed_at,
        "old_days": newest and old_days(newest),
        "connectivity": _value(facts, "connectivity"),
        "connectivity_reason": _reason(facts, "connectivity"),
        "accepted": joined(accepted),
        "not_known": joined(
            version for version, value in by_version.items() if value not in {"accepted", "rejected"}
        ),
        "worst": accepted[0] if accepted else None,
        "best": accepted[-1] if accepted else None,
        "suites": joined(sorted(suites)),
        "suites_not_known": joined(suites_not_known),
        "vulnerable": joined(hole for hole in HOLES if _value(facts, hole) == "vulnerable"),
        "holes_not_known": joined(
            hole for hole in HOLES if _value(facts, hole) not in {"vulnerable", "not_vulnerable"}
        ),
        **_more(facts),
        "outside": outside,
        "client_auth": _client_auth(facts),
        "client_auth_reason": _client_auth_reason(facts),
        "configured": joined(
            sorted(key for key, one in used.items() if one.tool == CONFIGURED and one.value != UNKNOWN)
        ),
        "rests_on": _places(used.values(), dated),
        "configured_in": _places([one for one in seen if one.tool == CONFIGURED], dated),
    }


def _more(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What profiles ask for besides versions and suites."""
    groups: dict[str, str] = {}
    for key, one in facts.items():
        kind, _, name = key.partition(".")
        if kind in {"curve", "group"} and groups.get(_GROUP_NAMES.get(name, name)) != "accepted":
            groups[_GROUP_NAMES.get(name, name)] = one.value
    told = {name: _value(facts, name) for name in FEATURES}
    chains = [facts[key] for key in ("chain.strict", "chain.openssl", "chain.public") if key in facts]
    return {
        "groups": joined(sorted(name for name, value in groups.items() if value == "accepted")),
        "groups_refused": joined(sorted(name for name, value in groups.items() if value == "rejected")),
        "groups_known": any(
            key.startswith("curve.") and one.value == "accepted" for key, one in facts.items()
        ),
        "features": joined(sorted(name for name, value in told.items() if value == "yes")),
        "features_not_known": joined(
            sorted(name for name, value in told.items() if value not in {"yes", "no"})
        ),
        "exchange_keys": _value(facts, "exchange_keys"),
        "any_aet": _value(facts, "dicom.any_aet") or _ANY_AET.get(_value(facts, "dicom.unknown_calling")),
        "chain_strict": _value(facts, "chain.strict"),
        "chain_openssl": _value(facts, "chain.openssl"),
        "chain_public": _value(facts, "chain.public"),
        "chain_reason": next((one.reason or one.detail for one in chains if one.reason or one.detail), None),
        "stapled": _value(facts, "stapled"),
        "software": _value(facts, "dicom.implementation") or _value(facts, "software"),
    }


def _client_auth(facts: Mapping[str, Any]) -> str | None:
    """Whether clients must show a certificate; some ask in the handshake and refuse only after it.

    That a connection was closed after the handshake shows it only where one with a certificate was not.
    """
    asked = _value(facts, "mtls.client_auth")
    if (asked or "").upper() != "OPTIONAL":
        return asked
    if _value(facts, "http.without_certificate") == "refused":
        return "REQUIRED"
    if _value(facts, "handshake.without_certificate") == "closed":
        return "REQUIRED" if _value(facts, "client_certificate") == "accepted" else UNKNOWN
    return asked


def _client_auth_reason(facts: Mapping[str, Any]) -> str | None:
    """Why `_client_auth` is unknown."""
    closed = _value(facts, "handshake.without_certificate") == "closed"
    if closed and (_value(facts, "mtls.client_auth") or "").upper() == "OPTIONAL":
        return "it closes the connection when none was shown, and no client certificate was tried"
    return _reason(facts, "mtls.client_auth")


def _suites(facts: Mapping[str, Any], accepted: list[str]) -> tuple[set[str], list[str]]:
    """The suites of the accepted versions, and the versions whose suites are not all known.

    Only the files count that say what is accepted: a suite that an older one names was switched off.
    """
    told = {facts[f"protocol.{version}"].source for version in accepted}
    found = {
        key.removeprefix("suite."): one.detail or ""
        for key, one in facts.items()
        if key.startswith("suite.") and one.value == "accepted" and (one.source in told or not told)
    }
    versions = [set(filter(None, detail.split("|"))) for detail in found.values()]
    by_version = bool(versions) and all(versions)
    missing = [
        version
        for version in accepted
        if _source(facts, f"suites.{version}") in told
        or (by_version and not any(version in one for one in versions))
    ]
    return set(found), missing


def _used(facts: Mapping[str, Any], accepted: list[str]) -> dict[str, Any]:
    """The facts on which a row rests: of a configuration only those that no scan tells better."""
    told = {facts[f"protocol.{version}"].source for version in accepted}
    return {
        key: one
        for key, one in facts.items()
        if one.tool != CONFIGURED
        or (one.value != UNKNOWN and (not key.startswith("suite") or one.source in told))
    } or dict(facts)


def _places(seen: Iterable[Any], dated: Callable[[Any], datetime]) -> list[dict[str, Any]]:
    """The first observation of each file, newest file first."""
    first: dict[str, Any] = {}
    for one in sorted(seen, key=lambda one: (one.source, one.offset or 0, one.n or 0)):
        first.setdefault(one.source, one)
    ordered = sorted(first.values(), key=lambda one: (dated(one), one.source), reverse=True)
    return [{"source": one.source, "offset": one.offset, "n": one.n} for one in ordered]


def _value(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].value if key in facts else None


def _source(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].source if key in facts else None


def _reason(facts: Mapping[str, Any], key: str) -> str | None:
    return facts[key].reason if key in facts else None


def joined(words: Iterable[str]) -> str:
    """Several words in one cell."""
    return "|".join(words)
