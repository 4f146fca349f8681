"""What may be probed and by whose authority: network/endpoints.yaml, read strictly.

A probe that nobody approved may disturb a device that treats patients, so everything that is not
clear is refused before the first packet leaves.
"""

from __future__ import annotations

import csv
import hashlib
import math
import re
import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from riskkit.collectors.tls.endpoint import (
    DEVICE,
    Address,
    Authorization,
    Endpoint,
    EndpointsFile,
    Network,
    Window,
    address_of,
)
from riskkit.errors import CollectError

_FINGERPRINT = re.compile(r"(?:[0-9A-Fa-f]{2}:?){32}")


@dataclass(frozen=True, slots=True)
class Authority:
    """What one endpoints.yaml permits: endpoints in the order of the file, and where they may lie."""

    path: Path
    sha256: str
    endpoints: tuple[Endpoint, ...]
    allowed_networks: tuple[Network, ...] | None
    window: Window
    authorization: Authorization
    vantage: str | None

    def permits(self, endpoint: Endpoint, instant: datetime) -> bool:
        """Whether the scan windows of the file and of the endpoint are open."""
        return self.window.holds(instant) and endpoint.holds(instant)

    def has_window(self, endpoint: Endpoint) -> bool:
        """Whether file or endpoint state both a start and an end."""
        windows = (self.window, endpoint)
        return any(one.window_start for one in windows) and any(one.window_end for one in windows)

    def closed(self, endpoint: Endpoint, instant: datetime) -> str:
        """Why the endpoint must not be looked at now, such as `its window opens ...`; empty when it may."""
        if self.permits(endpoint, instant):
            return ""
        starts = [start for start in (self.window.window_start, endpoint.window_start) if start]
        if starts and instant < max(starts):
            return f"its window opens {max(starts):%Y-%m-%d %H:%M %Z}"
        ends = [end for end in (self.window.window_end, endpoint.window_end) if end]
        return f"its window closed {min(ends):%Y-%m-%d %H:%M %Z}"

    def seconds_left(self, endpoint: Endpoint, instant: datetime) -> float:
        """Until the first window closes."""
        ends = [end for end in (self.window.window_end, endpoint.window_end) if end]
        return (min(ends) - instant).total_seconds() if ends else math.inf

    def certificate(self, endpoint: Endpoint) -> tuple[Path, Path] | None:
        """Files of the client certificate and of its key, which may be one."""
        if not endpoint.client_certificate:
            return None
        folder = self.path.parent
        certificate = folder / endpoint.client_certificate
        return certificate, folder / endpoint.client_key if endpoint.client_key else certificate

    def anchor(self, endpoint: Endpoint) -> Path | None:
        """File of the authorities that peers of the endpoint trust; None when only a fingerprint is known."""
        if not endpoint.trust_anchor or _FINGERPRINT.fullmatch(endpoint.trust_anchor):
            return None
        return self.path.parent / endpoint.trust_anchor


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint with the one address that its name resolved to; None when it did not resolve."""

    endpoint: Endpoint
    ip: str | None


def read_authority(path: Path, now: datetime, only: tuple[str, ...]) -> Authority:
    """Read what may be probed now; `only` limits it to these endpoint ids.

    Raises CollectError as `read_list` does, and when a window is closed.
    """
    authority = read_list(path, only)
    closed = [
        one.endpoint_id
        for one in authority.endpoints
        if not one.barred and not authority.permits(one, now)
    ]  # fmt: skip
    if closed:
        raise CollectError(
            f"the scan window is not open for {', '.join(closed)}",
            file=path,
            do="Scan within window_start and window_end, or have another window approved",
        )
    return authority


def read_list(path: Path, only: tuple[str, ...]) -> Authority:
    """Read what may be probed within its windows; `only` limits it to these endpoint ids.

    Raises CollectError when the file is missing or unclear, names an endpoint without an approver,
    a range of hosts or the same host and port twice, when authorization (who, when, reference) or a
    window is missing, and when a client certificate cannot be used.
    """
    raw = _read(path)
    content = _load(raw, path)
    try:
        file = EndpointsFile.model_validate(content)
    except ValidationError as error:
        raise CollectError(
            _explain(error, content), file=path, do="Correct it; nothing was connected to"
        ) from error
    _refuse_doubles(file.endpoints, path)
    if unknown := sorted(set(only) - {endpoint.endpoint_id for endpoint in file.endpoints}):
        raise CollectError(f"has no endpoint {', '.join(unknown)}", file=path)
    kinds = _kinds(path)
    chosen = tuple(
        _of_kind(endpoint, kinds) for endpoint in file.endpoints if not only or endpoint.endpoint_id in only
    )
    authority = Authority(
        path,
        hashlib.sha256(raw).hexdigest(),
        chosen,
        file.allowed_networks,
        file,
        file.authorization,
        file.vantage,
    )
    looked_at = [endpoint for endpoint in chosen if not endpoint.barred]
    if without := [one.endpoint_id for one in looked_at if not authority.has_window(one)]:
        raise CollectError(
            f"has no scan window for {', '.join(without)}",
            file=path,
            do="Write window_start and window_end, with time zone; nothing was connected to",
        )
    for endpoint in looked_at:
        _refuse_unreadable(authority, endpoint)
    return authority


def resolve(authority: Authority) -> list[Target]:
    """Resolve every name once; the address found is the only one that is connected to.

    Raises CollectError when an address lies outside the allowed networks, or is no single host's.
    """
    targets = []
    outside = []
    for endpoint in authority.endpoints:
        if endpoint.barred:
            targets.append(Target(endpoint, None))
            continue
        found = _addresses(endpoint)
        permitted = [address for address in found if _permitted(address, authority.allowed_networks)]
        if found and not permitted:
            outside.append(endpoint.endpoint_id)
        # Many networks announce IPv6 addresses that lead nowhere: the first IPv4 one goes first.
        permitted.sort(key=lambda address: address.version)
        targets.append(Target(endpoint, str(permitted[0]) if permitted else None))
    if outside:
        raise CollectError(
            f"the address of {', '.join(outside)} lies outside allowed_networks, or is no single host's",
            file=authority.path,
            do="Correct the host or have its network approved; nothing was connected to",
        )
    return targets


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CollectError(
            f"cannot be read ({error.strerror})",
            file=path,
            do="List what may be probed and who approved it; without that nothing is",
        ) from error


def _load(raw: bytes, path: Path) -> Any:
    try:
        return yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        raise CollectError(
            "is not YAML" + (f" at line {mark.line + 1}" if mark else ""), file=path
        ) from error


def _kinds(path: Path) -> dict[str, str]:
    """What the inventory of the same pack says of each system's kind."""
    inventory = path.parent.parent / "inventory" / "systems.csv"
    try:
        with inventory.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return {row.get("system_id") or "": row.get("kind") or "" for row in csv.DictReader(file)}
    except (OSError, csv.Error):
        return {}


def _of_kind(endpoint: Endpoint, kinds: dict[str, str]) -> Endpoint:
    """A device is one when either file says so."""
    kind = kinds.get(endpoint.system_id or "", "")
    if endpoint.is_device or not DEVICE.search(kind):
        return endpoint
    return endpoint.model_copy(update={"kind": kind})


def _refuse_unreadable(authority: Authority, endpoint: Endpoint) -> None:
    """Raise CollectError when a certificate, key or trust anchor of the endpoint cannot be used."""
    files, anchor = authority.certificate(endpoint), authority.anchor(endpoint)
    try:
        if anchor is not None:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(anchor)
    except (OSError, ValueError) as error:
        raise CollectError(
            f"endpoint {endpoint.endpoint_id}: the trust anchor is no certificate file and no fingerprint",
            file=authority.path,
            do="Give a PEM file beside endpoints.yaml, or a SHA-256 fingerprint",
        ) from error
    if files is None:
        return
    try:
        # An encrypted key is asked for its password here, and not on a terminal in the middle of a run.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(*files, password=lambda: "")
    except (OSError, ValueError) as error:
        raise CollectError(
            f"endpoint {endpoint.endpoint_id}: the client certificate or its key cannot be read",
            file=authority.path,
            do="Give PEM files beside endpoints.yaml, the key without a password",
        ) from error


def _refuse_doubles(endpoints: tuple[Endpoint, ...], path: Path) -> None:
    for what, keys in (
        ("endpoint_id", [endpoint.endpoint_id for endpoint in endpoints]),
        ("host and port", [f"{endpoint.host.lower()}:{endpoint.port}" for endpoint in endpoints]),
    ):
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise CollectError(f"names the same {what} twice: {', '.join(doubled)}", file=path)


def _addresses(endpoint: Endpoint) -> list[Address]:
    literal = address_of(endpoint.host)
    if literal is not None:
        return [literal]
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(entry[4][0])) for entry in found]


def _permitted(address: Address, allowed: tuple[Network, ...] | None) -> bool:
    if address.is_multicast or address.is_unspecified or address == IPv4Address("255.255.255.255"):
        return False
    return allowed is None or any(address in network for network in allowed)


def _explain(error: ValidationError, content: object) -> str:
    return "; ".join(
        f"{_where(problem['loc'], content)}: {_plain(problem['msg'])}" for problem in error.errors()
    )


def _where(location: tuple[int | str, ...], content: object) -> str:
    """`endpoint pacs-1, port` rather than `endpoints.0.port`."""
    if location[:1] == ("endpoints",) and len(location) > 1 and isinstance(content, dict):
        number = int(location[1])
        entry = content["endpoints"][number]
        name = entry.get("endpoint_id") if isinstance(entry, dict) else None
        return ", ".join([f"endpoint {name or number + 1}", *map(str, location[2:])])
    return ".".join(map(str, location)) or "the file"


def _plain(message: str) -> str:
    known = {"Extra inputs are not permitted": "unknown key", "Field required": "is missing"}
    return known.get(message, message.removeprefix("Value error, "))
