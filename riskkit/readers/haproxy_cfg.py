"""HAProxy: the `bind` lines of frontends, with the defaults of the global section."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import WORDS, Accepts, Found, Listener, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_SECTION = re.compile(rb"(?m)^(?:frontend|listen)\s+\S+")
_BIND = re.compile(rb"(?m)^[ \t]+bind[ \t]+\S+")
_FILES = "haproxy"
_OFF = {
    "no-sslv3": "ssl3_0",
    "no-tlsv10": "tls1_0",
    "no-tlsv11": "tls1_1",
    "no-tlsv12": "tls1_2",
    "no-tlsv13": "tls1_3",
}
_CLIENT = {"required": "REQUIRED", "optional": "OPTIONAL", "none": "DISABLED"}
_BINDING = frozenset({"frontend", "listen"})
_SECTIONS = _BINDING | {
    "global", "defaults", "backend", "userlist", "peers", "resolvers", "cache", "mailers", "program",
    "http-errors", "ring", "log-forward", "crt-store", "traces",
}  # fmt: skip


def _recognize(head: bytes, _name: str) -> bool:
    return _SECTION.search(head) is not None and _BIND.search(head) is not None


@reader(
    id="haproxy_cfg",
    title="HAProxy configuration",
    version=1,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per address of a `bind` line; offsets count them from 0."""
    try:
        text = text_of(member)
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    section, defaults, ciphers = "", [], None
    binds: list[list[str]] = []
    for line in text.splitlines():
        words = _words(line)
        if words and words[0] in _SECTIONS and not line[:1].isspace():
            section = words[0]
        elif section == "global" and words[:1] == ["ssl-default-bind-options"]:
            defaults = words[1:]
        elif section == "global" and words[:1] == ["ssl-default-bind-ciphers"] and len(words) > 1:
            ciphers = words[1]
        elif section in _BINDING and words[:1] == ["bind"] and len(words) > 1:
            binds.append(words[1:])
    found, offset = Found(), 0
    for bind in binds:
        for address in bind[0].split(","):
            _add(found, offset, address, bind[1:], (defaults, ciphers))
            offset += 1
    yield observations(member, host_of(member.name, _FILES), found)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return []


def _add(
    found: Found, offset: int, address: str, words: Sequence[str], common: tuple[Sequence[str], str | None]
) -> None:
    port = address.rpartition(":")[2]
    if re.match(r"(?:unix|abns|fd|sockpair)@|/", address):
        found.ignore("a socket of this host")
    elif not port.isdigit():
        found.refused.append((offset, "bad_value", "an address that names no one port"))
    else:
        options = _options(words)
        found.listeners.append(
            Listener(
                offset,
                port,
                "ssl" in options,
                accepts=_accepts([*common[0], *words]),
                ciphers=options.get("ciphers") or common[1],
                client_auth=_CLIENT.get(options.get("verify", "none")),
            )
        )


def _options(words: Sequence[str]) -> dict[str, str]:
    """Every word with the one after it, which is its value if it takes one."""
    return dict(zip(words, [*words[1:], ""], strict=False))


def _accepts(words: Sequence[str]) -> Accepts | None:
    """Versions between ssl-min-ver and ssl-max-ver without those switched off; later words override.

    Without a lowest version HAProxy takes that of its release: what lies below is not said.
    """
    options = _options(words)
    lowest = WORDS.get(options.get("ssl-min-ver", "").upper())
    highest = WORDS.get(options.get("ssl-max-ver", "").upper())
    off = {_OFF[word] for word in words if word in _OFF}
    if lowest is None and highest is None and not off:
        return None
    found: dict[str, bool | None] = {"ssl2_0": False}
    for number, version in enumerate(VERSIONS[1:], 1):
        below = lowest is not None and number < VERSIONS.index(lowest)
        above = highest is not None and number > VERSIONS.index(highest)
        found[version] = False if below or above or version in off else (True if lowest else None)
    return found
