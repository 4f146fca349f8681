"""nmap -oX: what ssl-enum-ciphers, ssl-cert and dicom-ping printed of each port. Its letters are not used.

ssl-enum-ciphers lists what it was offered and leaves out the rest; it does not try SSL 2.0, and TLS 1.3
since nmap 7.92 only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.guarded_xml import Node, XmlError, parse
from riskkit.readers.listeners import (
    CERTIFICATES,
    OBSERVATIONS,
    UNKNOWN,
    Books,
    Fact,
    Place,
    instant,
    observation,
    place_of,
    same,
)
from riskkit.readers.presented import (
    alternative_names,
    fingerprint,
    key_bits,
    key_kind,
    matches,
    moment,
    name,
    revocable_by,
    signature_hash,
)
from riskkit.readers.suites import iana
from riskkit.words import count

_START = re.compile(rb"<nmaprun[\s>]")
_TABLES = {
    "SSLv3": "ssl3_0",
    "TLSv1.0": "tls1_0",
    "TLSv1.1": "tls1_1",
    "TLSv1.2": "tls1_2",
    "TLSv1.3": "tls1_3",
}
_KNOWS_TLS1_3 = (7, 92)
_STATES = {
    "closed": ("refused", "the connection was refused"),
    "filtered": ("timeout", "a filter lets nothing through"),
    "open|filtered": ("timeout", "no answer"),
}
_HOLES = {"ssl-heartbleed": "heartbleed", "ssl-ccs-injection": "ccs"}
_ATTRIBUTES = {
    "commonName": "CN", "organizationalUnitName": "OU", "organizationName": "O", "localityName": "L",
    "stateOrProvinceName": "ST", "countryName": "C",
}  # fmt: skip
_SILENT = "ssl-enum-ciphers was run and printed nothing: there is no TLS, or it could not be tried"


def _recognize(head: bytes, _name: str) -> bool:
    return _START.search(head) is not None


@reader(
    id="nmap_xml",
    title="nmap -oX with ssl-enum-ciphers, ssl-cert, dicom-ping",
    version=1,
    tables=("channel_observations", "certificates"),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per port that nmap lists; where the file breaks off, what is left is one more.

    Offsets count ports from 0. The host is the name that was typed, else the address. `collected_at` is
    when the last host was done.
    """
    root, problem = parse(member, doctype="nmaprun")
    run = root.first("nmaprun") or root
    seen = list(_ports(run))
    at = max(filter(None, (found.at for found in seen)), default=None)
    books = Books(OBSERVATIONS, member.name), Books(CERTIFICATES, member.name)
    version, scripts = run.get("version")[:20], run.get("args")
    for offset, port in enumerate(seen):
        _observe(books[0], offset, port, version, scripts)
        _certify(books[1], offset, port)
    for book in books:
        # A port that was open when the file broke off stands for what is left of it.
        broken = bool(seen) and not seen[-1].node.whole
        if problem and not broken:
            book.refuse(len(seen), problem.reason, problem.detail)
        notes = (f"the file breaks off after {count(len(seen), 'port')}",) if problem else ()
        yield book.batch(len(seen) + bool(problem and not broken), at, notes)


class _Port:
    """A port with what its host says of itself."""

    def __init__(self, node: Node, host: str, at: datetime | None) -> None:
        self.node, self.at = node, at
        self.place: Place | None = place_of(host, node.get("portid"))
        state = node.first("state")
        self.state = state.get("state") if state else ""
        self.scripts = {script.get("id"): script for script in node.all("script")}
        self.service = node.first("service")


def _ports(run: Node) -> Iterator[_Port]:
    finished = next(run.below("finished"), None)
    last = instant(finished.get("time")) if finished else None
    for host in run.all("host"):
        typed = [one.get("name") for one in host.below("hostname") if one.get("type") == "user"]
        addresses = [one.get("addr") for one in host.all("address") if one.get("addrtype") != "mac"]
        at = instant(host.get("endtime")) or last
        for ports in host.all("ports"):
            for port in ports.all("port"):
                yield _Port(port, next(iter([*typed, *addresses]), ""), at)


def _observe(books: Books, offset: int, port: _Port, version: str, scripts: str) -> None:
    if problem := _why_not(books, port):
        books.refuse(offset, *problem)
    elif port.node.get("protocol") != "tcp":
        books.ignored["not TCP"] += 1
    elif not (facts := list(_facts(port, version, scripts))):
        books.ignored["no script about TLS was run"] += 1
    elif port.place:
        books.accept(offset, port.place, port.at, [observation(fact, "nmap", version) for fact in facts])


def _why_not(books: Books, port: _Port) -> tuple[str, str] | None:
    if not port.node.whole:
        return "truncated", "the file ends within this port"
    if port.place is None:
        return "bad_value", "no host, or a port that is no number"
    if same(port.place) in books.taken:
        return "duplicate", "host and port as in a record before"
    return None


def _facts(port: _Port, version: str, scripts: str) -> Iterator[Fact]:
    enumerated, service = port.scripts.get("ssl-enum-ciphers"), port.service
    versions = {table.get("key"): table for table in enumerated.all("table")} if enumerated else {}
    tunnel = service is not None and service.get("tunnel") == "ssl"
    if versions.keys() & _TABLES.keys() or "ssl-cert" in port.scripts or tunnel:
        yield Fact("connectivity", "tls")
        yield Fact("mtls.client_auth", UNKNOWN, "nmap does not look for it")
        yield from _versions(versions, version, port.scripts)
        yield from _holes(port.scripts)
    elif port.state in _STATES:
        value, reason = _STATES[port.state]
        yield Fact("connectivity", value, reason)
    elif dicom := _dicom(port):
        yield from dicom
    elif service is not None and service.get("method") == "probed" and service.get("name") in {"http", "hl7"}:
        yield Fact("connectivity", "plaintext", f"answered as {service.get('name')}", confidence="medium")
    elif "ssl-enum-ciphers" in scripts:
        yield Fact("connectivity", UNKNOWN, _SILENT)


def _dicom(port: _Port) -> list[Fact]:
    """dicom-ping speaks no TLS: what answers it is plain DICOM."""
    script = port.scripts.get("dicom-ping")
    said = {element.get("key"): element.text for element in script.all("elem")} if script else {}
    if "dicom" not in said:
        return []
    found = [Fact("connectivity", "plaintext", "answers a DICOM association without TLS")]
    if said.get("config", "").startswith("Any AET"):
        found.append(Fact("dicom.any_aet", "yes", detail="any calling AE title is accepted"))
    return found


def _versions(versions: dict[str, Node], nmap: str, scripts: dict[str, Node]) -> Iterator[Fact]:
    number = re.match(r"(\d+)\.(\d+)", nmap)
    release = (int(number[1]), int(number[2])) if number else (0, 0)
    suites: dict[str, list[str]] = {}
    if "sslv2" in scripts:
        yield Fact("protocol.ssl2_0", "accepted")
    else:
        yield Fact("protocol.ssl2_0", UNKNOWN, "ssl-enum-ciphers does not try it")
    for key, version in _TABLES.items():
        if key in versions:
            yield Fact(f"protocol.{version}", "accepted")
            yield from _suites(versions[key], version, suites)
        elif not versions:
            yield Fact(f"protocol.{version}", UNKNOWN, "ssl-enum-ciphers printed nothing")
        elif version == "tls1_3" and release < _KNOWS_TLS1_3:
            yield Fact("protocol.tls1_3", UNKNOWN, "this release of nmap does not try it")
        else:
            yield Fact(f"protocol.{version}", "rejected")
    for suite, offered in suites.items():
        yield Fact(f"suite.{suite}", "accepted", detail="|".join(offered))
    sizes = [
        int(size[1])
        for table in versions.values()
        for element in table.below("elem")
        if element.get("key") == "kex_info" and (size := re.fullmatch(r"dh (\d{3,5})", element.text))
    ]
    if sizes:
        yield Fact("exchange_keys", f"DH-{min(sizes)}")
    if versions:
        packed = any(
            element.text == "DEFLATE" for table in versions.values() for element in table.below("elem")
        )
        yield Fact("compression", "yes" if packed else "no")


def _suites(table: Node, version: str, suites: dict[str, list[str]]) -> Iterator[Fact]:
    strange = 0
    for listed in table.all("table"):
        if listed.get("key") != "ciphers":
            continue
        for element in listed.below("elem"):
            if element.get("key") == "name":
                named = iana(element.text)
                strange += named is None
                if named and version not in suites.setdefault(named, []):
                    suites[named].append(version)
    if strange:
        yield Fact(f"suites.{version}", UNKNOWN, f"{count(strange, 'suite')} with a name of another kind")


def _holes(scripts: dict[str, Node]) -> Iterator[Fact]:
    for script, key in _HOLES.items():
        states = (
            {e.text for e in scripts[script].below("elem") if e.get("key") == "state"}
            if script in scripts
            else ()
        )
        if any(state.startswith(("VULNERABLE", "LIKELY VULNERABLE")) for state in states):
            yield Fact(key, "vulnerable")
        elif "NOT VULNERABLE" in states:
            yield Fact(key, "not_vulnerable")


def _certify(books: Books, offset: int, port: _Port) -> None:
    script = port.scripts.get("ssl-cert")
    if script is None and port.node.whole:
        books.ignored["no certificate"] += 1
    elif problem := _why_not(books, port):
        books.refuse(offset, *problem)
    elif script and port.place:
        try:
            books.accept(offset, port.place, port.at, [_certificate(script, port.place[0])])
        except XmlError as error:
            books.refuse(offset, error.reason, error.detail)


def _certificate(script: Node, host: str) -> dict[str, object]:
    """The leaf; raises XmlError."""
    tables = {table.get("key"): table for table in script.all("table")}
    told = {element.get("key"): element.text for element in script.all("elem")}
    validity, key = _elements(tables.get("validity")), _elements(tables.get("pubkey"))
    begin, end = moment(validity.get("notBefore", "")), moment(validity.get("notAfter", ""))
    if begin is None or end is None:
        raise XmlError("missing_required", "a certificate without its validity")
    extensions = (
        [_elements(one) for one in tables["extensions"].all("table")] if "extensions" in tables else []
    )
    names = [one.get("value", "") for one in extensions if one.get("name", "").endswith("Alternative Name")]
    subject, issuer = _name(tables.get("subject")), _name(tables.get("issuer"))
    kind = key_kind(key.get("type", ""))
    return {
        "position": 0,
        "sha256": fingerprint(told.get("pem", "")),
        "subject": subject,
        "issuer": issuer,
        "not_before": begin,
        "not_after": end,
        "key_algorithm": kind,
        "key_bits": key_bits(key.get("bits", ""), kind),
        "signature_hash": signature_hash(told.get("sig_algo", "")),
        "self_signed": None if subject is None or issuer is None else subject == issuer,
        "matches_host": matches(alternative_names(", ".join(names)), host),
        "revocable_by": revocable_by(told.get("pem", "")),
    }


def _elements(table: Node | None) -> dict[str, str]:
    return {element.get("key"): element.text for element in table.all("elem")} if table else {}


def _name(table: Node | None) -> str | None:
    parts = _elements(table)
    return name((short, parts[long]) for long, short in _ATTRIBUTES.items() if parts.get(long))
