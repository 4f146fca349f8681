"""WireGuard: `wg0.conf` and `wg show all dump`. Private and preshared keys are never kept.

WireGuard knows one set of algorithms (Noise_IKpsk2 with Curve25519, ChaCha20-Poly1305, BLAKE2s); they are
not among those that FIPS 140 approves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import host_of, instant
from riskkit.readers.tunnels import TUNNELS, Tunnels, networks, word

_SECTIONS = re.compile(rb"(?im)^[ \t]*\[(Interface|Peer)\][ \t]*\r?$")
_KEY = re.compile(rb"(?im)^[ \t]*(?:PrivateKey|PublicKey|AllowedIPs)[ \t]*=")
_BASE64 = r"[A-Za-z0-9+/]{42,43}=|\(none\)|\(hidden\)|[Rr][Ee][Dd][Aa][Cc][Tt][Ee][Dd]|-"
_DUMP = re.compile(
    rf"[^\t\n]{{1,64}}\t(?:{_BASE64})\t(?:{_BASE64})\t\d{{1,5}}\t(?:off|0x[0-9a-f]+|\d+)[ ]*".encode()
)
_FILES = r"wg-show|wg-dump|wireguard|wg\d*"
_ALGORITHMS = "Curve25519|ChaCha20-Poly1305|BLAKE2s"
_NO_KEYS = frozenset({"(none)", "-", ""})
_INTERFACE, _PEER = 5, 9
_KEPT = frozenset({"listenport", "address", "publickey", "endpoint", "allowedips"})
_LINE = re.compile(r"\s*(\w+)\s*=\s*(.*?)\s*")


def _recognize(head: bytes, _name: str) -> bool:
    if _DUMP.match(head.partition(b"\n")[0].rstrip(b"\r")):
        return True
    return _SECTIONS.search(head) is not None and _KEY.search(head) is not None


@reader(
    id="wireguard",
    title="WireGuard: wg0.conf, wg show all dump",
    version=1,
    tables=("tunnels",),
    recognize=_recognize,
    offset_unit="line",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per peer, and per interface in a dump; `collected_at` is the last handshake of a dump.

    A tunnel is named by its interface (the file's name, as wg-quick does) and the first letters of the
    peer's public key. An end without an address may be anywhere.
    """
    try:
        text = text_of(member)
    except DocumentError as error:
        yield refused(TUNNELS.name, error, member)
        return
    tunnels = Tunnels(member, host_of(member.name, _FILES))
    if _DUMP.match(text.partition("\n")[0].rstrip("\r").encode()):
        yield _dump(tunnels, text)
    else:
        yield _configuration(tunnels, text)


def _dump(tunnels: Tunnels, text: str) -> Batch:
    ports: dict[str, str] = {}
    times: list[datetime] = []
    records = 0
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        records += 1
        cells = line.split("\t")
        if len(cells) == _INTERFACE:
            ports[cells[0]] = cells[3]
            tunnels.ignore("an interface")
        elif len(cells) != _PEER:
            tunnels.refuse(number, "bad_framing", "neither an interface nor a peer")
        else:
            interface, peer, secret, endpoint, allowed, handshake = cells[:6]
            at = instant(handshake)
            times += [at] if at else []
            has_secret = secret not in _NO_KEYS
            port = ports.get(interface, "")
            row = _row(interface, peer, endpoint, allowed, port, has_secret=has_secret)
            _keep(tunnels, number, {**row, "last_handshake": at, "confidence": "high"}, allowed)
    return tunnels.batch(records, max(times, default=None))


def _configuration(tunnels: Tunnels, text: str) -> Batch:
    interface = tunnels.member.name.replace("!", "/").rpartition("/")[2].partition(".")[0]
    local: dict[str, str] = {}
    peers: list[tuple[int, dict[str, str]]] = []
    here: dict[str, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        written = line.partition("#")[0]
        heading = written.strip().lower()
        if heading == "[interface]":
            here = local
        elif heading == "[peer]":
            here = {}
            peers.append((number, here))
        elif here is not None and (said := _LINE.fullmatch(written)):
            key = said[1].lower()
            if key == "presharedkey":
                here["has secret"] = "yes"
            elif key in _KEPT:
                # AllowedIPs may stand more than once, and counts together.
                here[key] = f"{here[key]},{said[2]}" if key == "allowedips" and key in here else said[2]
    for number, peer in peers:
        allowed = peer.get("allowedips", "")
        row = _row(
            interface,
            peer.get("publickey", ""),
            peer.get("endpoint", "(none)"),
            allowed,
            local.get("listenport", ""),
            has_secret="has secret" in peer,
        )
        behind = [text for text in local.get("address", "").split(",") if text.strip()]
        _keep(tunnels, number, {**row, "local_cidrs": networks(behind)[0], "confidence": "medium"}, allowed)
    return tunnels.batch(len(peers))


def _row(
    interface: str, peer: str, endpoint: str, allowed: str, port: str, *, has_secret: bool
) -> dict[str, object]:
    named = re.sub(r"[^A-Za-z0-9]", "", peer)[:8] or "unnamed"
    return {
        "tunnel_id": f"{word(interface) or 'wg'}:{named}",
        "type": "wireguard",
        "endpoint_a": f":{port}" if port.isdigit() and port != "0" else None,
        "endpoint_b": None if endpoint in _NO_KEYS else word(endpoint),
        "remote_cidrs": networks(_listed(allowed))[0],
        "algorithms": _ALGORITHMS,
        "key_exchange": "noise",
        "authentication": "public key and preshared key" if has_secret else "public key",
    }


def _listed(allowed: str) -> list[str]:
    return [text for text in allowed.split(",") if text.strip() and text.strip() not in _NO_KEYS]


def _keep(tunnels: Tunnels, offset: int, row: dict[str, object], allowed: str) -> None:
    if networks(_listed(allowed))[1]:
        tunnels.add(offset, row)
    else:
        tunnels.refuse(offset, "bad_value", "AllowedIPs holds what is no network")
