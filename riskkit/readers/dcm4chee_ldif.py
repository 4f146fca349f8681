"""dcm4chee's devices in LDIF (RFC 2849): the network connections of `dicomNetworkConnection` entries.

Suites make a connection one of TLS. Attributes are those of the DICOM application configuration
(PS3.15 annex H) and of dcm4che; those of accounts and keys are skipped while the file is read.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import Found, Listener, enabled, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, host_of

_RECOGNIZED = re.compile(rb"(?im)^objectClass:[ \t]*dicomNetworkConnection[ \t]*\r?$")
_KEPT = frozenset({
    "dn", "changetype", "objectclass", "dicomhostname", "dicomport", "dicomtlsciphersuite", "dicominstalled",
    "dcmtlsprotocol", "dcmtlsneedclientauth", "dcmprotocol",
})  # fmt: skip
_LINE = re.compile(r"([A-Za-z][\w-]*)(?:;[\w-]+)*(::?) *(.*)", re.ASCII)
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - names that are read
_FILES = "dcm4chee(?:-arc)?|ldap|export|devices?"

Entry = dict[str, list[str]]


def _recognize(head: bytes, _name: str) -> bool:
    return _RECOGNIZED.search(head) is not None


@reader(
    id="dcm4chee_ldif",
    title="dcm4chee devices in LDIF: network connections",
    version=1,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per network connection; offsets count them from 0.

    The host is the connection's own; for `localhost` and the like the name of the file says it.
    """
    try:
        text = text_of(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found, host, offset = Found(), host_of(member.name, _FILES), 0
    for entry in _entries(text):
        classes = {value.lower() for value in entry.get("objectclass", [])}
        if "dicomnetworkconnection" in classes:
            _add(found, offset, entry)
            offset += 1
    yield observations(member, host, found)


def _entries(text: str) -> Iterator[Entry]:
    """Entries with the attributes that are kept, names in lower case; continued lines are joined."""
    for block in re.split(r"\n(?:[ \t]*\n)+", text.replace("\r\n", "\n")):
        entry: Entry = {}
        for line in re.sub(r"\n ", "", block).split("\n"):
            said = _LINE.fullmatch(line)
            if said and said[1].lower() in _KEPT:
                value = _decoded(said[3]) if said[2] == "::" else said[3].strip()
                entry.setdefault(said[1].lower(), []).append(value)
        if entry:
            yield entry


def _decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace").strip()
    except (binascii.Error, ValueError):
        return ""


def _add(found: Found, offset: int, entry: Entry) -> None:
    def first(name: str) -> str:
        return entry.get(name, [""])[0]

    port = first("dicomport")
    if first("dicominstalled").upper() == "FALSE":
        found.ignore("not installed")
    elif not port:
        found.ignore("a connection that only goes out")
    elif not port.isdigit():
        found.refused.append((offset, "bad_value", "a port that is no number"))
    else:
        needed = first("dcmtlsneedclientauth").upper()
        suites, versions = entry.get("dicomtlsciphersuite", []), entry.get("dcmtlsprotocol", [])
        host = first("dicomhostname")
        found.listeners.append(
            Listener(
                offset,
                port,
                bool(suites),
                host="" if host.lower() in _HERE else host,
                accepts=enabled(versions) if versions else None,
                ciphers=":".join(suites) or None,
                # dcm4che asks for a certificate unless it is told not to.
                client_auth="DISABLED" if needed == "FALSE" else "REQUIRED",
                by_default=frozenset() if needed else frozenset({"mtls"}),
            )
        )
