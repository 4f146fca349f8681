"""Apache httpd: the virtual hosts and whether they speak TLS, with which versions and client certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, WORDS, Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_RECOGNIZED = re.compile(rb"(?im)^[ \t]*<VirtualHost\s+[^>\n]{1,200}>")
_OPEN = re.compile(r"(?i)<VirtualHost\s+([^>]+)>")
_CLOSE = re.compile(r"(?i)</VirtualHost\s*>")
_DIRECTIVE = re.compile(r"(\w+)\s+(.*)")
_SECTION = re.compile(r"<(/?)(\w+)[^>]*>")
_SAME = frozenset({"ifmodule", "ifversion"})
"""Sections whose directives hold as if they stood outside, if the software is what it is written for."""

_PERHAPS = frozenset({"ifdefine", "iffile", "ifdirective", "ifsection", "macro"})
"""Sections that hold only under a condition."""

_KEPT = frozenset({"sslengine", "sslprotocol", "sslciphersuite", "sslverifyclient"})
_INCLUDES = frozenset({"include", "includeoptional"})
_INCLUDED = "a file that is included, or a condition, may say otherwise"
_CLIENT = {"require": "REQUIRED", "optional": "OPTIONAL", "optional_no_ca": "OPTIONAL", "none": "DISABLED"}
_ENGINE = {"on": True, "off": False, "optional": False}
_FILES = "apache2?|httpd|ssl|default-ssl|000-default|vhosts?"

Directives = dict[str, str | None]
"""Settings that are kept; None for one that a file which is included, or a condition, may have changed."""


def _recognize(head: bytes, _name: str) -> bool:
    return _RECOGNIZED.search(head) is not None


@reader(
    id="apache_conf",
    title="Apache httpd configuration",
    version=2,
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
    included = any("include" in said for said in (common, *(own for _, own in hosts)))
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
    inside: list[str] = []
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        written = line.strip()
        if opened := _OPEN.fullmatch(written):
            if here is not common:
                raise DocumentError("bad_framing", "a virtual host within another")
            here = {}
            hosts.append((opened[1], here))
        elif _CLOSE.fullmatch(written):
            here = common
        elif section := _SECTION.fullmatch(written):
            inside = inside[:-1] if section[1] else [*inside, section[2].lower()]
        elif set(inside) - _SAME - _PERHAPS:
            continue  # of some paths alone, after the handshake
        elif (said := _DIRECTIVE.fullmatch(written)) and said[1].lower() in _INCLUDES:
            # What is outside of virtual hosts seldom switches TLS on for all of them.
            here.update(dict.fromkeys(_KEPT - {"sslengine"} if here is common else _KEPT))
            here["include"] = said[2]
        elif said and said[1].lower() in _KEPT:
            value = said[2].strip().strip("\"'")
            here[said[1].lower()] = None if set(inside) & _PERHAPS else value
    if here is not common:
        raise DocumentError("truncated", "the file ends within a virtual host")
    return hosts, common


def _add(found: Found, offset: int, address: str, said: Directives) -> None:
    port = address.rpartition(":")[2]
    if not port.isdigit():
        found.ignore("a virtual host that names no port")
        return
    verify, protocol = said.get("sslverifyclient", "none"), said.get("sslprotocol")
    found.listeners.append(
        Listener(
            offset,
            port,
            # Optional is the upgrade of HTTP, which leaves it to the client.
            _ENGINE.get((said.get("sslengine", "off") or "").lower()),
            accepts=_accepts(protocol.split()) if protocol else None,
            ciphers=said.get("sslciphersuite"),
            client_auth=_CLIENT.get((verify or "").lower()),
            untold=_INCLUDED if None in said.values() else BY_DEFAULT,
        )
    )


def _accepts(words: Sequence[str]) -> Accepts:
    """The versions of SSLProtocol: +word adds, -word takes away, a bare word replaces what came before it.

    `all` is TLS 1.0 and later; whether it includes SSL 3.0 depends on the OpenSSL of that Apache. With a
    word that is no version, as a variable, nothing is known of the versions that no later word names.
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
        else:
            found = dict.fromkeys(VERSIONS)
    return found
