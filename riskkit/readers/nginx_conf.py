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
from riskkit.readers.configured import Found, Listener, enabled, observations, text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import OBSERVATIONS, host_of
from riskkit.words import count

_RECOGNIZED = re.compile(rb"(?:^|[\s;{}])server\s*\{")
_LISTEN = re.compile(rb"(?:^|[\s;{}])listen\s+[^;{}]{1,200};")
_TOKEN = re.compile(r"""#[^\n]*|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[{};]|[^\s{};"'#][^\s{};]*""")
_ADDRESS = re.compile(r"(?:(\[[0-9a-fA-F:.]+\]|[\w.*-]+):)?(\d{1,5})")
_CLIENT = {"on": "REQUIRED", "optional": "OPTIONAL", "optional_no_ca": "OPTIONAL", "off": "DISABLED"}
_FILES = r"nginx(?:\.conf)?|default|sites-enabled|conf\.d"
_DEPTH = 32
_EVERY = frozenset({"", "*", "0.0.0.0", "[::]"})  # noqa: S104 - addresses that are read, not bound


@dataclass
class _Block:
    """One block: its directives, each with its arguments, and the blocks in it."""

    name: str
    number: int
    outer: _Block | None = None
    directives: dict[str, list[list[str]]] = field(default_factory=dict)

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
    version=1,
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
            words.append(piece[1:-1] if piece[0] in "\"'" else piece)
    if depth:
        raise DocumentError("truncated", "the file ends within a block")
    return servers, includes


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
    tls = "ssl" in words or _said(server, "ssl") == "on"
    versions = server.last("ssl_protocols")
    verify = _said(server, "ssl_verify_client")
    found.listeners.append(
        Listener(
            offset,
            port,
            tls,
            accepts=enabled(versions) if versions else None,
            ciphers=_said(server, "ssl_ciphers"),
            client_auth=_CLIENT.get(verify) if verify else "DISABLED",
            detail="" if host in _EVERY else "on one address of the host",
        )
    )


def _said(server: _Block, name: str) -> str | None:
    words = server.last(name)
    return words[0] if words else None
