"""What readers of configurations share: text, listeners as they are configured, and their observations.

Nobody saw a configuration in operation: its tool is `config`, its confidence medium, or low where the
file leaves a default in force. It names neither date nor host: evidence.csv dates it, and the host is in
the name of the file (`nginx-HOST.conf`, `HOST/nginx.conf`). No other value than those of listeners is
kept, so no password or key reaches a row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from riskkit.model import Batch, Member
from riskkit.readers.documents import DocumentError
from riskkit.readers.listeners import (
    OBSERVATIONS,
    UNKNOWN,
    VERSIONS,
    Books,
    Fact,
    observation,
    place_of,
    same,
)
from riskkit.readers.suites import listed

TOOL = "config"
TEXT_LIMIT = 8 << 20
"""Bytes of the largest configuration that is read: our own cap."""

Accepts = Mapping[str, bool | None]
"""Protocol versions and whether they are accepted; None where the file does not say."""

WORDS = {
    "SSLV2": "ssl2_0", "SSLV3": "ssl3_0", "TLSV1": "tls1_0", "TLSV1.0": "tls1_0", "TLSV1.1": "tls1_1",
    "TLSV1.2": "tls1_2", "TLSV1.3": "tls1_3",
}  # fmt: skip
"""Names of versions in the directives of servers, in upper case."""

BY_DEFAULT = "left at the default of the software"


@dataclass(frozen=True)
class Listener:
    """One listener of a configuration; what is None is not said, and `untold` tells why."""

    offset: int
    port: object
    tls: bool | None
    host: str = ""
    accepts: Accepts | None = None
    ciphers: str | None = None
    client_auth: str | None = None
    any_aet: str | None = None
    detail: str = ""
    by_default: frozenset[str] = frozenset()
    untold: str = BY_DEFAULT


@dataclass
class Found:
    """The listeners of a file, and its records that are none."""

    listeners: list[Listener] = field(default_factory=list)
    ignored: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[int, str, str]] = field(default_factory=list)
    notes: tuple[str, ...] = ()

    def ignore(self, why: str) -> None:
        """Count one record that is no listener."""
        self.ignored[why] = self.ignored.get(why, 0) + 1


def text_of(member: Member) -> str:
    """The whole file as text; raises DocumentError."""
    with member.open() as stream:
        data = stream.read(TEXT_LIMIT + 1)
    if len(data) > TEXT_LIMIT:
        raise DocumentError("too_large", f"the file has more than {TEXT_LIMIT} bytes")
    return data.decode("utf-8-sig", "replace")


def observations(member: Member, host: str, found: Found) -> Batch:
    """The batch of a configuration; of listeners on one port the first counts, as servers do it."""
    books = Books(OBSERVATIONS, member.name)
    for one in found.listeners:
        place = place_of(one.host or host, one.port)
        if place is None:
            books.refuse(one.offset, "bad_value", "a port that is no number")
        elif same(place) in books.taken:
            books.ignored["another listener on the same port"] += 1
        else:
            books.accept(one.offset, place, None, [observation(fact, TOOL) for fact in _facts(one)])
    for offset, reason, detail in found.refused:
        books.refuse(offset, reason, detail)
    books.ignored.update(found.ignored)
    records = len(found.listeners) + len(found.refused) + sum(found.ignored.values())
    return books.batch(records, None, found.notes)


def enabled(words: Iterable[str]) -> Accepts:
    """Versions of a list that names what is accepted (`TLSv1.2 TLSv1.3`); all others are not.

    Of a list with a word that is no version, as a variable, only what it names is known.
    """
    named = {WORDS.get(word.upper()) for word in words}
    others = None if None in named else False
    return {version: True if version in named else others for version in VERSIONS}


def at_least(lowest: str, highest: str = "tls1_3") -> Accepts:
    """Versions between two, both included."""
    first, last = VERSIONS.index(lowest), VERSIONS.index(highest)
    return {version: first <= number <= last for number, version in enumerate(VERSIONS)}


def _facts(one: Listener) -> Iterator[Fact]:
    def made(key: str, value: str, reason: str = "", detail: str = "") -> Fact:
        return Fact(
            key, value, reason, detail, "low" if key.partition(".")[0] in one.by_default else "medium"
        )

    if one.any_aet:
        yield made("dicom.any_aet", one.any_aet)
    if one.tls is None:
        yield made("connectivity", UNKNOWN, one.untold, one.detail)
        return
    if not one.tls:
        yield made("connectivity", "plaintext", "configured without TLS", one.detail)
        return
    yield made("connectivity", "tls", detail=one.detail)
    accepts = one.accepts or dict.fromkeys(VERSIONS)
    for version in VERSIONS:
        value = {True: "accepted", False: "rejected", None: UNKNOWN}[accepts.get(version)]
        yield made(f"protocol.{version}", value, one.untold if value == UNKNOWN else "")
    yield made("mtls.client_auth", one.client_auth or UNKNOWN, "" if one.client_auth else one.untold)
    yield from _suites(one, [version for version in VERSIONS if accepts.get(version)])


def _suites(one: Listener, accepted: Sequence[str]) -> Iterator[Fact]:
    names, whole = listed(one.ciphers or "")
    for name in dict.fromkeys(names):
        yield Fact(f"suite.{name}", "accepted", confidence="medium")
    if not whole:
        reason = "the list of suites is an expression" if one.ciphers else one.untold
        for version in accepted:
            yield Fact(f"suites.{version}", UNKNOWN, reason, confidence="medium")
