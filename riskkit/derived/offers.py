"""What a listener offers, in the words of profiles: from a row of `channels` and its leaf certificate."""

from __future__ import annotations

from typing import Any

from riskkit.catalog.transmission import ANYTHING, Offer, Seen

CLIENT_AUTH = {
    "required": "required", "optional": "optional", "any": "optional", "disabled": "disabled",
    "none": "disabled", "not_requested": "disabled",
}  # fmt: skip

HYBRIDS = frozenset({"X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"})
"""Groups that scanners with an old library do not try."""


def offer_of(channel: Any, leaf: Any | None) -> Offer:
    """Everything that profiles ask for; what the evidence does not tell is unclear."""
    versions = _set(channel.not_known)
    suites_whole = bool(channel.suites) and not channel.suites_not_known and not versions
    asked = CLIENT_AUTH.get((channel.client_auth or "").casefold())
    return {
        "versions": Seen.of(_set(channel.accepted), versions),
        "suites": Seen.of(_set(channel.suites), () if suites_whole else (ANYTHING,)),
        "groups": _groups(channel),
        "exchange_keys": _exchange_keys(channel, whole=suites_whole),
        "client_certificate": Seen.of([asked] if asked else [], () if asked else ("required",)),
        "features": Seen.of(_set(channel.features), _set(channel.features_not_known)),
        **_of_certificate(leaf),
    }


def _groups(channel: Any) -> Seen:
    """Groups that were seen or refused; a scan that lists some tried the old curves too, not all new ones."""
    offered, refused = _set(channel.groups), _set(channel.groups_refused)
    if channel.groups_known:
        return Seen.of(offered, HYBRIDS - offered - refused)
    if not any("ECDHE" in suite for suite in _set(channel.suites)) and channel.suites and not (
        channel.suites_not_known or channel.not_known or "tls1_3" in _set(channel.accepted)
    ):  # fmt: skip
        return Seen.of(offered)
    return Seen.of(offered, (ANYTHING,))


def _exchange_keys(channel: Any, *, whole: bool) -> Seen:
    if channel.exchange_keys:
        return Seen.of([channel.exchange_keys])
    uses = any(suite.startswith(("TLS_DHE_", "TLS_DH_")) for suite in _set(channel.suites))
    return Seen.of((), () if whole and not uses else (ANYTHING,))


def _of_certificate(leaf: Any | None) -> Offer:
    if leaf is None or leaf.position != 0:
        return {}
    kind, bits = leaf.key_algorithm, leaf.key_bits
    days = (leaf.not_after - leaf.not_before).days
    hashed = (leaf.signature_hash or "").casefold().replace("-", "")
    signs_without = (kind or "").casefold().startswith("ed")
    names = leaf.matches_host
    return {
        "keys": Seen.of([f"{kind}-{bits}"]) if kind and bits else Seen(),
        # Nobody relies on the signature that a certificate puts under itself.
        "signatures": Seen.of([] if leaf.self_signed or not hashed else [hashed],
                              () if hashed or signs_without or leaf.self_signed else (ANYTHING,)),
        "certificate_days": Seen.of([f"days-{days}"]),
        "certificate_names": Seen.of(["matches"] if names else [], ("matches",) if names is None else ()),
    }  # fmt: skip


def _set(joined: str | None) -> set[str]:
    return set(filter(None, (joined or "").split("|")))
