"""HAProxy: the `bind` lines of frontends, with the defaults of the global section."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, WORDS, Accepts, Found, Listener, observations, text_of
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
_FORCED = re.compile(r"force-(sslv3|tlsv1\d)")
_RULES = re.compile(r"\bssl_(?:c_\w+|fc_has_crt)\b")
_BY_RULES = "rules of the file look at the certificate after the handshake"
_OTHER_FILE = "a list of certificates in another file may say otherwise"
_IGNORES = "some errors of client certificates are ignored"
_HELLO = re.compile(r"\breq[._]ssl_")
_PASSES = "it passes on what it gets, which may be TLS"
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
    version=2,
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
    has_rules, passes = _RULES.search(text) is not None, _HELLO.search(text) is not None
    found, offset = Found(), 0
    for bind in binds:
        for address in bind[0].split(","):
            _add(found, offset, address, bind[1:], (defaults, ciphers), has_rules=has_rules, passes=passes)
            offset += 1
    yield observations(member, host_of(member.name, _FILES), found)


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line, comments=True)
    except ValueError:
        return line.split()


def _add(
    found: Found,
    offset: int,
    address: str,
    words: Sequence[str],
    common: tuple[Sequence[str], str | None],
    *,
    has_rules: bool,
    passes: bool,
) -> None:
    port = address.rpartition(":")[2]
    if re.match(r"(?:unix|abns|fd|sockpair)@|/", address):
        found.ignore("a socket of this host")
    elif not port.isdigit():
        found.refused.append((offset, "bad_value", "an address that names no one port"))
    else:
        options = _options(words)
        elsewhere = "crt-list" in options
        asked, why = _client(options, has_rules=has_rules)
        secured = True if "ssl" in options else None if passes else False
        found.listeners.append(
            Listener(
                offset,
                port,
                secured,
                accepts=None if elsewhere else _accepts([*common[0], *words]),
                ciphers=None if elsewhere else options.get("ciphers") or common[1],
                client_auth=None if elsewhere else asked,
                untold=_OTHER_FILE if elsewhere else _PASSES if secured is None else why or BY_DEFAULT,
            )
        )


def _client(options: dict[str, str], *, has_rules: bool) -> tuple[str | None, str]:
    """Whether clients must show a certificate, and why it is not known.

    One that is required and whose every error is ignored may be anybody's, unless rules look at it later.
    """
    asked = _CLIENT.get(options.get("verify", "none"))
    ignored = [options[name] for name in ("crt-ignore-err", "ca-ignore-err") if name in options]
    if asked == "OPTIONAL" or (asked == "REQUIRED" and ignored):
        if has_rules:
            return None, _BY_RULES
        if asked == "REQUIRED":
            return ("ANY", "") if "all" in ignored else (None, _IGNORES)
    return asked, ""


def _options(words: Sequence[str]) -> dict[str, str]:
    """Every word with the one after it, which is its value if it takes one."""
    return dict(zip(words, [*words[1:], ""], strict=False))


def _spelt_out(word: str) -> list[str]:
    """`force-tlsv12` as the lowest and the highest version, which it is short for."""
    if not (forced := _FORCED.fullmatch(word)):
        return [word]
    name = forced[1].upper()
    version = f"{name[:-1]}.{name[-1]}" if name.startswith("TLS") else name
    return ["ssl-min-ver", version, "ssl-max-ver", version]


def _accepts(words: Sequence[str]) -> Accepts | None:
    """Versions between ssl-min-ver and ssl-max-ver without those switched off; later words override.

    Without a lowest version HAProxy takes that of its release: what lies below is not said.
    """
    words = [one for word in words for one in _spelt_out(word)]
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
