"""nginx: the listeners of `server` blocks, of http and stream alike.

Directives of outer blocks are inherited; what `include` brings in is not in the file and stays unknown.
Of several servers on one port the default server decides, or the first, as nginx does it for versions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, Accepts, Found, Listener, enabled, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, host_of
from riskkit.words import count

_RECOGNIZED = re.compile(rb"(?:^|[\s;{}])server\s*\{")
_LISTEN = re.compile(rb"(?:^|[\s;{}])listen\s+[^;{}]{1,200};")
_TOKEN = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|[^\s{};"'#][^\s{};]*""")
_ADDRESS = re.compile(r"(?:(\[[0-9a-fA-F:.]+\]|[\w.*-]+):)?(\d{1,5})")
_CLIENT = {"on": "REQUIRED", "optional": "OPTIONAL", "optional_no_ca": "OPTIONAL", "off": "DISABLED"}
_FILES = r"nginx(?:\.conf)?|default|sites-enabled|conf\.d"
_HARMLESS = re.compile(r"(?:.*/)?(?:mime\.types|\w+_params|fastcgi\.conf|modules-enabled/.*)")
"""Files that nginx brings along and that say nothing of listeners."""

_INCLUDED = "a file that is included may say otherwise"
_BY_RULES = "rules of the server look at the certificate after the handshake"
_PASSES = "it passes on what it gets, which may be TLS"
_TLS_PORT = "443"
_DEPTH = 32
_EVERY = frozenset({"", "*", "0.0.0.0", "[::]"})  # noqa: S104 - addresses that are read, not bound


@dataclass
class _Block:
    """One block: its directives, each with its arguments, and the blocks in it."""

    name: str
    number: int
    outer: _Block | None = None
    directives: dict[str, list[list[str]]] = field(default_factory=dict)
    looks_at_certificates: bool = False

    @property
    def includes(self) -> bool:
        """Whether files that may hold anything are included here."""
        files = [" ".join(words) for words in self.directives.get("include", ())]
        return any(not _HARMLESS.fullmatch(file) for file in files)

    def open(self, name: str) -> bool:
        """Whether a file that is included may set a directive that none of these blocks sets before it."""
        if name in self.directives:
            return False
        return self.includes or (self.outer is not None and self.outer.open(name))

    def versions(self) -> Accepts | None:
        """The versions of `ssl_protocols`, all of one block together; an include may add some."""
        if "ssl_protocols" not in self.directives:
            return self.outer.versions() if self.outer and not self.includes else None
        named = enabled(word for words in self.directives["ssl_protocols"] for word in words)
        return {one: accepted or (None if self.includes else accepted) for one, accepted in named.items()}

    def last(self, name: str) -> list[str] | None:
        """The arguments of a directive, inherited when this block has none."""
        if name in self.directives:
            return self.directives[name][-1]
        return self.outer.last(name) if self.outer else None


def _recognize(head: bytes, _name: str) -> bool:
    return _RECOGNIZED.search(head) is not None and _LISTEN.search(head) is not None


@reader(
    id="nginx_conf",
    title="nginx configuration",
    version=2,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per `listen` directive; offsets count them from 0."""
    try:
        servers, includes = _parsed(text_of(member))
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found = Found(notes=(f"{count(includes, 'include')} not followed",) if includes else ())
    offset, ordered = 0, []
    for server in servers:
        if "listen" not in server.directives and server.includes:
            found.refused.append((offset, "missing_required", "the address is in a file that is included"))
            offset += 1
            continue
        for words in server.directives.get("listen", [["80"]]):
            ordered.append(
                (("default_server" not in words and "default" not in words), offset, server, words)
            )
            offset += 1
    for _, number, server, words in sorted(ordered, key=lambda item: item[:2]):
        _add(found, number, server, words)
    yield observations(member, host_of(member.name, _FILES), found)


def _parsed(text: str) -> tuple[list[_Block], int]:
    """Server blocks and the number of includes; raises DocumentError where braces do not match."""
    here, depth, includes = _Block("", 0), 0, 0
    servers: list[_Block] = []
    words: list[str] = []
    for piece in _TOKEN.findall(text):
        if piece.startswith("#"):
            continue
        if piece == "{":
            depth += 1
            if depth > _DEPTH:
                raise DocumentError("bad_framing", "blocks nest too deep")
            here = _Block(words[0] if words else "", len(servers), here)
            # The `server` of an upstream is a directive, not a block.
            if here.name == "server":
                servers.append(here)
            words = []
        elif piece == "}":
            if here.outer is None:
                raise DocumentError("bad_framing", "a closing brace too many")
            here, depth, words = here.outer, depth - 1, []
        elif piece == ";":
            if words:
                includes += words[0] == "include"
                here.directives.setdefault(words[0], []).append(words[1:])
            words = []
        else:
            if "$ssl_client_" in piece:
                _server_of(here).looks_at_certificates = True
            words.append(piece[1:-1] if piece[0] in "\"'" else piece)
    if depth:
        raise DocumentError("truncated", "the file ends within a block")
    return servers, includes


def _server_of(block: _Block) -> _Block:
    """The server block around a block, else the block itself."""
    here: _Block | None = block
    while here is not None and here.name != "server":
        here = here.outer
    return here or block


def _tls(server: _Block, words: list[str], port: str) -> tuple[bool | None, bool]:
    """Whether a listener speaks TLS, None where the file does not tell, and whether it only passes TLS on."""
    if "ssl" in words or _said(server, "ssl") == "on":
        return True, False
    passes = _said(server, "ssl_preread") == "on"
    # `ssl on`, of old releases, may stand in a file that is included.
    hints = port == _TLS_PORT or any(key.startswith("ssl_") for key in server.directives)
    return (None if passes or (hints and server.open("ssl")) else False), passes


def _client_auth(server: _Block) -> tuple[str | None, str]:
    """Whether clients must show a certificate, and why it is not known."""
    if server.open("ssl_verify_client"):
        return None, _INCLUDED
    asked = _CLIENT.get(_said(server, "ssl_verify_client") or "off")
    if asked == "OPTIONAL" and server.looks_at_certificates:
        return None, _BY_RULES
    return asked, _INCLUDED if server.includes else ""


def _add(found: Found, offset: int, server: _Block, words: list[str]) -> None:
    address = words[0] if words else ""
    if address.startswith("unix:"):
        found.ignore("a socket of this host")
        return
    if address.isdigit():
        host, port = "", address
    elif place := _ADDRESS.fullmatch(address):
        host, port = place[1] or "", place[2]
    elif re.fullmatch(r"\[[0-9a-fA-F:.]+\]|[\w.*-]+", address):
        host, port = address, "80"
    else:
        found.refused.append((offset, "bad_value", "an address that cannot be read"))
        return
    if "quic" in words:
        found.ignore("QUIC, beside a listener of its own")
        return
    tls, passes = _tls(server, words, port)
    asked, why = _client_auth(server)
    if tls is None:
        why = _PASSES if passes else _INCLUDED
    found.listeners.append(
        Listener(
            offset,
            port,
            tls,
            accepts=server.versions(),
            ciphers=None if server.open("ssl_ciphers") else _said(server, "ssl_ciphers"),
            client_auth=asked,
            untold=why or (_INCLUDED if server.open("ssl_protocols") else BY_DEFAULT),
            detail="" if host in _EVERY else "on one address of the host",
        )
    )


def _said(server: _Block, name: str) -> str | None:
    words = server.last(name)
    return words[0] if words else None
