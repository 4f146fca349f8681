"""One listener that was looked at more than once: at several addresses of its name, or again in one file.

Nothing in such a file tells which look is newer or which address a client gets, so the worst counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from riskkit.readers.listeners import UNKNOWN, VERSIONS, Fact

_FROM_WORST = ("vulnerable", "accepted", "invalid", "disabled", "optional", UNKNOWN)
"""Values from worst on; all others are good."""

_WORST_FLAGS: Mapping[str, str] = {
    "compression": "yes", "early_data": "yes", "client_renegotiation": "yes", "fallback_scsv": "no",
    "ems": "no", "secure_renegotiation": "no", "hsts": "no", "stapled": "no",
}  # fmt: skip
_ADDED_UP = ("suite.", "suites.", "curve.", "group.", "exchange_keys")
"""Facts that say something wherever they were seen; an address without them says nothing against it."""

_ELSEWHERE = "another address of the host was not tested for it"


def worst_of_addresses(addresses: Sequence[Sequence[Fact]]) -> list[Fact]:
    """Facts of a name with several addresses: what is good counts only when all of them showed it."""
    connected = [facts for facts in addresses if facts[0].value == "tls"]
    plain = next((facts for facts in addresses if facts[0].value == "no_tls"), None)
    if len(addresses) == 1 or plain or not connected:
        return list(plain or addresses[0])
    merged = _merged(connected, unknown_is_worse=True)
    for key, fact in merged.items():
        seen = sum(any(one.key == key for one in facts) for facts in addresses)
        if seen < len(addresses) and key != "connectivity" and not key.startswith(_ADDED_UP):
            merged[key] = fact if _is_bad(fact) else Fact(key, UNKNOWN, _ELSEWHERE)
    if len(connected) < len(addresses):
        accepted = [one for one in VERSIONS if merged[f"protocol.{one}"].value == "accepted"]
        merged |= {f"suites.{one}": Fact(f"suites.{one}", UNKNOWN, _ELSEWHERE) for one in accepted}
    return list(merged.values())


def worst_of_runs(runs: Sequence[Sequence[Fact]]) -> list[Fact]:
    """Facts of one address that was looked at again: a look without an answer takes nothing away."""
    answered = [facts for facts in runs if facts[0].value != UNKNOWN] or list(runs[:1])
    plain = next((facts for facts in answered if facts[0].value == "no_tls"), None)
    return list(plain or _merged(answered, unknown_is_worse=False).values())


def _merged(looks: Sequence[Sequence[Fact]], *, unknown_is_worse: bool) -> dict[str, Fact]:
    merged: dict[str, Fact] = {}
    for facts in looks:
        for fact in facts:
            known = merged.get(fact.key)
            merged[fact.key] = fact if known is None else _worse(known, fact, unknown_is_worse)
    return merged


def _worse(one: Fact, other: Fact, unknown_is_worse: bool) -> Fact:
    if one.key.startswith("suite."):
        versions = sorted({*one.detail.split("|"), *other.detail.split("|")})
        return one._replace(detail="|".join(filter(None, versions)))
    return min(one, other, key=lambda fact: _rank(fact, unknown_is_worse))


def _rank(fact: Fact, unknown_is_worse: bool) -> int:
    """The lower the worse, among facts of one key."""
    if fact.key == "exchange_keys":
        bits = fact.value.rpartition("-")[2]
        return int(bits) if bits.isdigit() else 0
    good = len(_FROM_WORST)
    if fact.value == UNKNOWN:
        return _FROM_WORST.index(UNKNOWN) if unknown_is_worse else good + 1
    if fact.key in _WORST_FLAGS:
        return 0 if _is_bad(fact) else good
    value = fact.value.casefold()
    return _FROM_WORST.index(value) if value in _FROM_WORST else good


def _is_bad(fact: Fact) -> bool:
    if fact.key in _WORST_FLAGS:
        return fact.value == _WORST_FLAGS[fact.key]
    return fact.value.casefold() in _FROM_WORST[:-1]
