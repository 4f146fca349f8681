"""Apache httpd: the virtual hosts and whether they speak TLS, with which versions and client certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import WORDS, Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_RECOGNIZED = re.compile(rb"(?im)^[ \t]*<VirtualHost\s+[^>\n]{1,200}>")
_OPEN = re.compile(r"(?i)<VirtualHost\s+([^>]+)>")
_CLOSE = re.compile(r"(?i)</VirtualHost\s*>")
_DIRECTIVE = re.compile(r"(\w+)\s+(.*)")
_KEPT = frozenset(
    {"sslengine", "sslprotocol", "sslciphersuite", "sslverifyclient", "include", "includeoptional"}
)
_CLIENT = {"require": "REQUIRED", "optional": "OPTIONAL", "optional_no_ca": "OPTIONAL", "none": "DISABLED"}
_FILES = "apache2?|httpd|ssl|default-ssl|000-default|vhosts?"

Directives = dict[str, str]


def _recognize(head: bytes, _name: str) -> bool:
    return _RECOGNIZED.search(head) is not None


@reader(
    id="apache_conf",
    title="Apache httpd configuration",
    version=1,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per address of a virtual host; offsets count them from 0.

    Directives outside of virtual hosts are their defaults. Files that are included are not followed.
    """
    try:
        hosts, common = _parsed(text_of(member))
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    included = sum(key.startswith("include") for key in common)
    found = Found(notes=("other files are included and not followed",) if included else ())
    offset = 0
    for addresses, own in hosts:
        for address in addresses.split():
            _add(found, offset, address.strip("\"'"), {**common, **own})
            offset += 1
    yield observations(member, host_of(member.name, _FILES), found)


def _parsed(text: str) -> tuple[list[tuple[str, Directives]], Directives]:
    """Virtual hosts with their directives, and those outside; raises DocumentError."""
    hosts: list[tuple[str, Directives]] = []
    common: Directives = {}
    here = common
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        written = line.strip()
        if opened := _OPEN.fullmatch(written):
            if here is not common:
                raise DocumentError("bad_framing", "a virtual host within another")
            here = {}
            hosts.append((opened[1], here))
        elif _CLOSE.fullmatch(written):
            here = common
        elif (said := _DIRECTIVE.fullmatch(written)) and said[1].lower() in _KEPT:
            here[said[1].lower()] = said[2].strip().strip("\"'")
    if here is not common:
        raise DocumentError("truncated", "the file ends within a virtual host")
    return hosts, common


def _add(found: Found, offset: int, address: str, said: Directives) -> None:
    port = address.rpartition(":")[2]
    if not port.isdigit():
        found.ignore("a virtual host that names no port")
        return
    verify = said.get("sslverifyclient", "none").lower()
    protocol = said.get("sslprotocol")
    found.listeners.append(
        Listener(
            offset,
            port,
            said.get("sslengine", "off").lower() in {"on", "optional"},
            accepts=_accepts(protocol.split()) if protocol else None,
            ciphers=said.get("sslciphersuite"),
            client_auth=_CLIENT.get(verify),
        )
    )


def _accepts(words: Sequence[str]) -> Accepts:
    """The versions of SSLProtocol: +word adds, -word takes away, a bare word replaces what came before it.

    `all` is TLS 1.0 and later; whether it includes SSL 3.0 depends on the OpenSSL of that Apache.
    """
    found: dict[str, bool | None] = dict.fromkeys(VERSIONS, False)
    for word in words:
        if word[:1] not in {"+", "-"}:
            found = dict.fromkeys(VERSIONS, False)
        wanted = not word.startswith("-")
        name = word.lstrip("+-")
        if name.lower() == "all":
            found.update({version: wanted for version in VERSIONS if version.startswith("tls")})
            found["ssl3_0"] = None if wanted else False
        elif version := WORDS.get(name.upper()):
            found[version] = wanted
    return found
