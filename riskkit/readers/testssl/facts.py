"""What the findings of testssl.sh say of one listener, in the keys and values of all scans."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from riskkit.readers.listeners import HYBRIDS, UNKNOWN, Fact, curve, without_tls
from riskkit.readers.suites import iana

PROTOCOLS = {
    "SSLv2": "ssl2_0", "SSLv3": "ssl3_0", "TLS1": "tls1_0", "TLS1_1": "tls1_1", "TLS1_2": "tls1_2",
    "TLS1_3": "tls1_3",
}  # fmt: skip
_IN_TEXT = {
    "SSLv2": "ssl2_0", "SSLv3": "ssl3_0", "TLSv1": "tls1_0", "TLSv1.0": "tls1_0", "TLSv1.1": "tls1_1",
    "TLSv1.2": "tls1_2", "TLSv1.3": "tls1_3",
    # Releases 3.0 write these.
    "TLS 1": "tls1_0", "TLS 1.1": "tls1_1", "TLS 1.2": "tls1_2", "TLS 1.3": "tls1_3",
}  # fmt: skip

_NO_TLS = "doesn't seem to be a TLS/SSL enabled server"
_ENDED = "the run ended before"
_NOT_THERE = "not in the file"

_REJECTED = re.compile(r"(?:is )?not offered|not supported(?! by)")
_ACCEPTED = re.compile(r"(?:is )?offered|supported but|vulnerable with")
_CIPHER = re.compile(r"cipher-(?:ssl|tls)\w+_x[0-9a-f]+|cipher_x[0-9a-f]+")
_ORDER = re.compile(r"(?:cipherorder|supportedciphers|cipher_order)_(SSLv[23]|TLSv1(?:[._][0-3])?)")
_SUITE = re.compile(r"(?:((?:SSLv|TLSv|TLS )[\d.]+)\s+)?x[0-9a-f]+\s+(\S+)\s(?:.*\s)?(\S+)\s*")
_CLIENT_AUTH = {"none": "DISABLED", "required": "REQUIRED", "optional": "OPTIONAL"}

_VULNERABLE = (("heartbleed", "heartbleed"), ("ccs", "CCS"), ("robot", "ROBOT"))
_FLAGS = (
    # key, id, what says yes, what says no
    ("compression", "CRIME_TLS", "vulnerable", "not vulnerable|TLS 1.3 only"),
    ("early_data", "early_data", "supported|offered|early data", "no early data|no tls 1.3|not "),
    ("fallback_scsv", "fallback_SCSV", "supported", "not supported"),
    ("ems", "TLS_misses_extension_23", "extended master secret extension detected", "no extended master"),
    ("secure_renegotiation", "secure_renego", "supported", "not supported|vulnerable"),
    ("client_renegotiation", "secure_client_renego", "vulnerable|likely vulnerable", "not vulnerable"),
)
_RESUMPTION = (
    ("resumption.session_id", "sessionresumption_ID"),
    ("resumption.ticket", "sessionresumption_ticket"),
)


class Finding(NamedTuple):
    """One line of testssl.sh."""

    id: str
    severity: str
    text: str


MOST_LOOKS = 50
"""How often a finding may stand of one address: our own cap."""


def looks_at(found: Sequence[Finding]) -> list[list[Finding]]:
    """The findings of one address as runs wrote them, one after the other into one file.

    Nothing stands between runs, and a run writes an id once: the second time it stands is the second run.
    A run that did not look for something leaves there what another saw. (The few ids that one run writes
    twice make a second look that differs in them alone.)
    """
    by_id: dict[str, list[Finding]] = {}
    for one in found:
        by_id.setdefault(one.id, []).append(one)
    most = min(max(map(len, by_id.values()), default=0), MOST_LOOKS + 1)
    return [[same[min(number, len(same) - 1)] for same in by_id.values()] for number in range(most)]


def ran_again(found: Sequence[Finding]) -> bool:
    """Whether the findings of one address are of more than one run."""
    versions = [one.id for one in found if one.id in PROTOCOLS]
    return len(versions) > len(set(versions))


def finished(found: Sequence[Finding], *, mended: bool) -> bool:
    """Whether the scan of a listener came to its end: only then the time that it took is written."""
    times = [one for one in found if one.id == "scanTime"]
    return not mended and bool(times) and not any("interrupted" in one.text for one in times)


def listener_facts(found: Sequence[Finding], *, mended: bool) -> list[Fact]:
    """Everything that is known of a listener; only its connectivity when testssl.sh got no TLS."""
    said: dict[str, str] = {}
    for one in found:
        said.setdefault(one.id, one.text)
    if any(_NO_TLS in said.get(key, "") for key in ("optimal_proto", "scanProblem")):
        return without_tls("it does not seem to speak TLS")
    missing = _NOT_THERE if finished(found, mended=mended) else _ENDED
    protocols = list(_protocols(said, missing))
    values = {fact.value for fact in protocols}
    if values == {"rejected"}:
        return without_tls("no version of TLS was accepted")
    if "accepted" not in values:
        reason = "testssl.sh could not connect" if "scanProblem" in said else missing
        return [Fact("connectivity", UNKNOWN, reason)]
    facts = [Fact("connectivity", "tls"), _client_auth(said, missing), *protocols]
    facts += _suites(found, protocols, whole=missing == _NOT_THERE)
    facts += filter(None, (curve(name) for name in said.get("FS_ECDHE_curves", "").split()))
    facts += _hybrids(said.get("FS_KEMs"))
    facts += _exchange_keys(said.get("DH_groups", ""))
    facts += _chain(found, said)
    facts += [_hole(key, said.get(name), missing) for key, name in _VULNERABLE]
    facts += [_flag(key, said.get(name), yes, no, missing) for key, name, yes, no in _FLAGS]
    facts += [_resumption(key, said.get(name), missing) for key, name in _RESUMPTION]
    return facts + list(_hsts(said))


def _protocols(said: Mapping[str, str], missing: str) -> Iterator[Fact]:
    for name, version in PROTOCOLS.items():
        text = said.get(name)
        if text is None:
            yield Fact(f"protocol.{version}", UNKNOWN, missing)
        elif _REJECTED.match(text):
            yield Fact(f"protocol.{version}", "rejected")
        elif _ACCEPTED.match(text):
            yield Fact(f"protocol.{version}", "accepted")
        else:
            yield Fact(f"protocol.{version}", UNKNOWN, "the attempt gave no answer")


def _client_auth(said: Mapping[str, str], missing: str) -> Fact:
    text = said.get("clientAuth", "").partition(" ")[0].strip()
    if text in _CLIENT_AUTH:
        return Fact("mtls.client_auth", _CLIENT_AUTH[text])
    return Fact("mtls.client_auth", UNKNOWN, "the attempt gave no answer" if text else missing)


def _suites(found: Sequence[Finding], protocols: Sequence[Fact], *, whole: bool) -> Iterator[Fact]:
    """Suites by version; a list is complete when the line that ends it is there, or the run came to its end.

    Releases 3.0 list suites without their version too: those are accepted, and make no list complete.
    """
    suites: dict[str, set[str]] = {}
    complete: set[str] = set()
    strange: set[str] = set()
    for one in found:
        if _CIPHER.fullmatch(one.id):
            line = _SUITE.fullmatch(one.text)
            versions = [_IN_TEXT.get(line[1] or "", "")] if line else []
            names = [line[3] if iana(line[3]) else line[2]] if line else []
            complete.update(versions if whole else ())
        elif order := _ORDER.fullmatch(one.id):
            versions, names = [_IN_TEXT.get(order[1].replace("_", "."), "")], one.text.split()
            complete.update(versions)
        else:
            continue
        for version in versions:
            for name in names:
                named = iana(name)
                if named is None:
                    strange.add(version)
                else:
                    suites.setdefault(named, set()).add(version)
    accepted = [fact.key.removeprefix("protocol.") for fact in protocols if fact.value == "accepted"]
    for suite, offered in suites.items():
        yield Fact(f"suite.{suite}", "accepted", detail="|".join(filter(None, sorted(offered))))
    for version in accepted:
        if version not in complete:
            yield Fact(f"suites.{version}", UNKNOWN, "the list of its suites is not complete")
        elif version in strange:
            yield Fact(f"suites.{version}", UNKNOWN, "a suite with a name of another kind")


def _hybrids(text: str | None) -> Iterator[Fact]:
    """The post-quantum groups; a line that names none says that none was accepted."""
    if text is None:
        return
    for name in HYBRIDS:
        yield Fact(f"group.{name}", "accepted" if name in text.split() else "rejected")


def _exchange_keys(text: str) -> Iterator[Fact]:
    """The shortest group of `ffdhe2048 ffdhe3072` or `Unknown DH group (1024 bits)`."""
    sizes = [int(size) for size in re.findall(r"(?:ffdhe|group \()(\d{3,5})", text)]
    if sizes:
        yield Fact("exchange_keys", f"DH-{min(sizes)}")


def _chain(found: Sequence[Finding], said: Mapping[str, str]) -> Iterator[Fact]:
    """The chain as OpenSSL sees it, against the public authorities and those of --add-ca together.

    A failure says that no public one stands behind it; an authority of a hospital may not have been given.
    """
    trusts = [one.text for one in found if one.id.partition(" ")[0] == "cert_chain_of_trust"]
    if trusts and all(text.startswith("passed") for text in trusts):
        yield Fact("chain.openssl", "valid")
    elif any(text.startswith("failed") for text in trusts):
        yield Fact("chain.public", "invalid")
    stapling = said.get("OCSP_stapling", "")
    if stapling:
        yield Fact("stapled", "yes" if stapling.startswith("offered") else "no")


def _hole(key: str, text: str | None, missing: str) -> Fact:
    if text is None:
        return Fact(key, UNKNOWN, missing)
    if text.lower().startswith("not vulnerable"):
        return Fact(key, "not_vulnerable")
    if re.search(r"(?<!not )\bVULNERABLE\b", text):
        return Fact(key, "vulnerable", detail="as testssl.sh rates it")
    return Fact(key, UNKNOWN, "the attempt gave no answer")


def _flag(key: str, text: str | None, yes: str, no: str, missing: str) -> Fact:
    if text is None:
        return Fact(key, UNKNOWN, missing)
    if re.match(no, text, re.IGNORECASE):
        return Fact(key, "no")
    if re.match(yes, text, re.IGNORECASE):
        return Fact(key, "yes")
    return Fact(key, UNKNOWN, "not applicable, or the attempt gave no answer")


def _resumption(key: str, text: str | None, missing: str) -> Fact:
    if text is None:
        return Fact(key, UNKNOWN, missing)
    if text.startswith(("not supported", "No ")):
        return Fact(key, "not_supported")
    if text.startswith("supported"):
        return Fact(key, "fully_supported")
    return Fact(key, UNKNOWN, "the attempt gave no answer")


def _hsts(said: Mapping[str, str]) -> Iterator[Fact]:
    if "HSTS_time" in said:
        seconds = re.search(r"=(\d{1,12}) seconds", said["HSTS_time"])
        yield Fact("hsts", "yes", detail=f"max-age={seconds[1]}" if seconds else "")
    elif said.get("HSTS", "").startswith("not offered"):
        yield Fact("hsts", "no")
