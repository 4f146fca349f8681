"""DCMTK: servers (storescp, dcmqrscp, wlmscpfs, dcmrecv, dcmpsrcv) as command lines start them.

Units of systemd and scripts of shells. Options as the manual of 3.6 has them: +tls with key and certificate,
+tla without, -rc, -vc and -ic for the client's certificate, and the profiles of DICOM PS3.15 annex B.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from itertools import pairwise

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_SERVERS = r"(?:storescp|dcmqrscp|wlmscpfs|dcmrecv|dcmpsrcv)"
_LINE = re.compile(
    rb"(?m)^[ \t]*(?:ExecStart[ \t]*=[ \t]*[-@:+!]*|exec[ \t]+|nohup[ \t]+|sudo[ \t]+)?(?:/[^\s]*/)?"
    + _SERVERS.encode()
    + rb"(?:[ \t]|\\?$)"
)
_COMMAND = re.compile(
    rf"\s*(?:ExecStart\s*=\s*[-@:+!]*|exec\s+|nohup\s+|sudo\s+)?((?:/\S*/)?{_SERVERS})(?:\s+(.*))?"
)
_ENDS = frozenset({"&", "&&", "||", "|", ";", ">", ">>", "2>", "2>&1", "<"})
_TLS = {"+tls": 2, "--enable-tls": 2, "+tla": 0, "--anonymous-tls": 0}
_CLIENT = {
    "-rc": "REQUIRED", "--require-peer-cert": "REQUIRED", "-vc": "OPTIONAL", "--verify-peer-cert": "OPTIONAL",
    "-ic": "DISABLED", "--ignore-peer-cert": "DISABLED",
}  # fmt: skip
_MODERN = frozenset({
    "+py", "--profile-bcp195-nd", "+pz", "--profile-bcp195-ex", "+pg", "--profile-8996", "+pm",
    "--profile-8996-mod",
})  # fmt: skip
_OLD = frozenset({
    "+px", "--profile-bcp195", "+pb", "--profile-basic", "+pa", "--profile-aes", "+pn", "--profile-null",
})  # fmt: skip
_BARE = frozenset({"-v", "+v", "-d", "-q", "--verbose", "--debug", "--quiet", "--fork", "--single-process"})
_SUITE = frozenset({"+cs", "--cipher"})
_DICOM_PORT = 104


def _recognize(head: bytes, _name: str) -> bool:
    return _LINE.search(head) is not None


@reader(
    id="dcmtk_command",
    title="DCMTK servers in systemd units and scripts",
    version=1,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per command line of a server; offsets count them from 0."""
    try:
        text = text_of(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found, offset = Found(), 0
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if command := _COMMAND.fullmatch(line):
            _add(found, offset, command[1].rpartition("/")[2], command[2] or "")
            offset += 1
    yield observations(member, host_of(member.name, _SERVERS), found)


def _add(found: Found, offset: int, server: str, written: str) -> None:
    try:
        words = shlex.split(written, comments=True)
    except ValueError:
        found.refused.append((offset, "bad_value", "a command line with an open quotation"))
        return
    ends = [number for number, word in enumerate(words) if word in _ENDS]
    words = words[: ends[0]] if ends else words
    port = _port(words)
    if port is None and server == "dcmqrscp":
        found.ignore("the port is in another file")
        return
    if port is None and server != "wlmscpfs":
        found.refused.append((offset, "missing_required", "a command line without a port as a number"))
        return
    tls = [word for word in words if word in _TLS or word in {"-tls", "--disable-tls"}]
    asked = [_CLIENT[word] for word in words if word in _CLIENT]
    secured = bool(tls) and tls[-1] in _TLS
    found.listeners.append(
        Listener(
            offset,
            port or _DICOM_PORT,
            secured,
            accepts=_accepts(words),
            ciphers=_suites(words),
            # Without keys of its own a server cannot ask for those of others.
            client_auth="DISABLED"
            if secured and _TLS[tls[-1]] == 0
            else (asked[-1] if asked else "REQUIRED"),
            by_default=frozenset() if asked else frozenset({"mtls"}),
        )
    )


def _port(words: Sequence[str]) -> str | None:
    """The port, which the manual puts last; None where a number may be the value of an option instead."""
    numbers = [word for word in words if word.isdigit()]
    if not numbers:
        return None
    before = words[-2] if len(words) > 1 else ""
    is_last = words[-1].isdigit() and (not before.startswith(("-", "+")) or before in _BARE | _CLIENT.keys())
    return numbers[-1] if is_last or len(numbers) == 1 else None


def _accepts(words: Sequence[str]) -> Accepts | None:
    """Versions by the last profile that is named; TLS 1.3 depends on the release, as does the default."""
    profiles = [word for word in words if word in _MODERN | _OLD]
    if not profiles:
        return None
    old = profiles[-1] in _OLD
    found: dict[str, bool | None] = {version: version == "tls1_2" for version in VERSIONS}
    return {**found, "tls1_0": old, "tls1_1": old, "tls1_3": None}


def _suites(words: Sequence[str]) -> str | None:
    return ":".join(value for word, value in pairwise(words) if word in _SUITE) or None
