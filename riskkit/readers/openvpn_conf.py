"""OpenVPN: the configuration of a server, a client or a static tunnel. Keys in the file are passed over."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from ipaddress import ip_network

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import text_of
from riskkit.readers.documents import DocumentError, refused
from riskkit.readers.listeners import host_of
from riskkit.readers.tunnels import TUNNELS, Tunnels, networks, spelled, word, words

_DEVICE = re.compile(rb"(?m)^[ \t]*dev[ \t]+(?:tun|tap)\w*[ \t]*\r?$")
_OTHER = re.compile(
    rb"(?m)^[ \t]*(?:client|tls-client|tls-server|server|remote|ifconfig|secret|ca|<ca>|<secret>)"
    rb"(?:[ \t]|\r?$)"
)
_OPEN = re.compile(r"<([a-z0-9-]{1,30})>")
_FILES = "openvpn|ovpn"
_ALGORITHMS = ("data-ciphers", "ncp-ciphers", "cipher", "data-ciphers-fallback", "auth", "tls-cipher")
_WITH_TLS = ("server", "client", "tls-server", "tls-client")
_KEPT = frozenset({
    *_ALGORITHMS, "server", "route", "push", "remote", "port", "lport", "secret", "ca", "cert", "pkcs12",
    "peer-fingerprint", "verify-client-cert", "client-cert-not-required", "auth-user-pass",
    "auth-user-pass-verify", "local", "client", "tls-client", "tls-server", "plugin", "config",
})  # fmt: skip


def _recognize(head: bytes, _name: str) -> bool:
    return _DEVICE.search(head) is not None and _OTHER.search(head) is not None


@reader(
    id="openvpn_conf",
    title="OpenVPN configuration",
    version=1,
    tables=("tunnels",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record: the file is one tunnel, named as the file is."""
    tunnels = Tunnels(member, host_of(member.name, _FILES))
    try:
        said = _directives(text_of(member))
    except DocumentError as error:
        yield refused(TUNNELS.name, error, member)
        return
    name = member.name.replace("!", "/").rpartition("/")[2].partition(".")[0]
    is_server = "server" in said or "tls-server" in said
    behind, whole = networks(_routes(said, "route") + _servers(said))
    pushed, known = networks(_pushed(said))
    if whole and known:
        remote = [parts[0] for parts in said.get("remote", []) if parts]
        port = next((parts[0] for key in ("port", "lport") for parts in said.get(key, []) if parts), "")
        row: dict[str, object] = {
            "tunnel_id": word(name) or "unnamed",
            "type": "openvpn",
            "endpoint_a": f":{port}" if port.isdigit() and is_server else None,
            "endpoint_b": None if is_server else words(remote),
            "local_cidrs": pushed if is_server else None,
            "remote_cidrs": behind,
            "algorithms": _algorithms(said),
            "key_exchange": "static" if "secret" in said else "tls",
            "authentication": _authentication(said, is_server=is_server),
            "confidence": "medium",
        }
        tunnels.add(0, row)
    else:
        tunnels.refuse(0, "bad_value", "a route that is no network")
    yield tunnels.batch(1)


def _directives(text: str) -> dict[str, list[list[str]]]:
    """Directives that are kept, with their arguments; of an inline block only that it is there."""
    said: dict[str, list[list[str]]] = {}
    inside = ""
    for line in text.splitlines():
        written = line.strip()
        if inside:
            inside = "" if written == f"</{inside}>" else inside
        elif block := _OPEN.fullmatch(written):
            inside = block[1]
            if inside in _KEPT:
                said.setdefault(inside, []).append([])
        elif written and written[0] not in "#;":
            try:
                parts = shlex.split(written, comments=True)
            except ValueError:
                parts = written.split()
            if parts and parts[0].lstrip("-") in _KEPT:
                said.setdefault(parts[0].lstrip("-"), []).append(parts[1:])
    return said


def _routes(said: dict[str, list[list[str]]], key: str) -> list[str]:
    return ["/".join(_net(parts)) for parts in said.get(key, []) if parts]


def _servers(said: dict[str, list[list[str]]]) -> list[str]:
    return ["/".join(_net(parts)) for parts in said.get("server", []) if parts]


def _pushed(said: dict[str, list[list[str]]]) -> list[str]:
    routes = [parts[0].split() for parts in said.get("push", []) if parts]
    return ["/".join(_net(parts[1:])) for parts in routes if parts[:1] == ["route"] and len(parts) > 1]


def _net(parts: list[str]) -> tuple[str, ...]:
    """Address and mask; a route without a mask is to one host."""
    mask = parts[1] if len(parts) > 1 else "255.255.255.255"
    try:
        return (str(ip_network(f"{parts[0]}/{mask}", strict=False)),)
    except ValueError:
        return (parts[0], mask)


def _algorithms(said: dict[str, list[list[str]]]) -> str | None:
    """As they are named; without TLS and without a static key OpenVPN encrypts nothing."""
    if not said.keys() & {"secret", "config", *_WITH_TLS}:
        return "none"
    return spelled(one for key in _ALGORITHMS for parts in said.get(key, []) for one in _split(parts))


def _split(parts: list[str]) -> list[str]:
    return [one for part in parts[:1] for one in part.split(":")]


def _authentication(said: dict[str, list[list[str]]], *, is_server: bool) -> str | None:
    if "secret" in said:
        return "shared secret"
    waived = "client-cert-not-required" in said or ["none"] in said.get("verify-client-cert", [])
    if is_server and waived:
        asked = {"auth-user-pass-verify", "plugin"} & said.keys()
        return "password" if asked else "none"
    if {"ca", "cert", "pkcs12", "peer-fingerprint"} & said.keys():
        return "public key"
    return None
