"""What may be probed and by whose authority: network/endpoints.yaml, read strictly.

A probe that nobody approved may disturb a device that treats patients, so everything that is not
clear is refused before the first packet leaves.
"""

from __future__ import annotations

import hashlib
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from riskkit.errors import CollectError
from riskkit.tables import TABLES

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
# The last label holds a letter: 10.0.0.1-20 would else pass for a name.
_HOST_NAME = re.compile(rf"(?:{_LABEL}\.)*(?=[A-Za-z0-9_-]*[A-Za-z]){_LABEL}")
_HOST_NAME_LENGTH = 253


def _listed(column: str) -> BeforeValidator:
    values = TABLES["endpoints"].by_name[column].values

    def check(value: object) -> object:
        if value is not None and value not in values:
            raise ValueError(f"must be one of {', '.join(values)}")
        return value

    return BeforeValidator(check)


class _Strict(BaseModel):
    # A misspelt scan_level must not turn into a deeper scan than was approved.
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Window(_Strict):
    window_start: AwareDatetime | None = None
    window_end: AwareDatetime | None = None

    def holds(self, instant: datetime) -> bool:
        """Whether the window is open."""
        return (self.window_start is None or self.window_start <= instant) and (
            self.window_end is None or instant < self.window_end
        )


class Endpoint(_Window):
    """One listener of endpoints.yaml: the columns of the `endpoints` table and a scan window."""

    endpoint_id: Annotated[str, Field(min_length=1)]
    system_id: str | None = None
    host: str
    port: Annotated[int, Field(ge=1, le=65535, strict=True)]
    protocol: Annotated[str, _listed("protocol")]
    ephi: bool | None = None
    vantage: Annotated[str | None, _listed("vantage")] = None
    owner: str | None = None
    approved_by: Annotated[str, Field(min_length=1)]
    scan_level: Annotated[str | None, _listed("scan_level")] = None

    @field_validator("endpoint_id", "approved_by", mode="before")
    @classmethod
    def _stated(cls, value: object) -> object:
        if value is None or (isinstance(value, str) and not value.strip()):
            raise ValueError("is empty")
        return value

    @field_validator("host")
    @classmethod
    def _one_host(cls, host: str) -> str:
        if re.search(r"[/*?,\s]", host):
            raise ValueError("names more than one host; list every listener by itself")
        if _address(host) is None and not (_HOST_NAME.fullmatch(host) and len(host) <= _HOST_NAME_LENGTH):
            raise ValueError("is neither an address nor a host name (ranges are refused; write IDNs as xn--)")
        return host

    @property
    def level(self) -> str:
        """How deep the scan may go; `standard` where nothing is said."""
        return self.scan_level or "standard"


class _EndpointsFile(_Window):
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    allowed_networks: tuple[Network, ...] | None = None


@dataclass(frozen=True, slots=True)
class Authority:
    """What one endpoints.yaml permits: endpoints in the order of the file, and where they may lie."""

    path: Path
    sha256: str
    endpoints: tuple[Endpoint, ...]
    allowed_networks: tuple[Network, ...] | None
    window: _Window

    def permits(self, endpoint: Endpoint, instant: datetime) -> bool:
        """Whether the scan windows of the file and of the endpoint are open."""
        return self.window.holds(instant) and endpoint.holds(instant)


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint with the one address that its name resolved to; None when it did not resolve."""

    endpoint: Endpoint
    ip: str | None


def read_authority(path: Path, now: datetime, only: tuple[str, ...]) -> Authority:
    """Read what may be probed now; `only` limits it to these endpoint ids.

    Raises CollectError when the file is missing or unclear, names an endpoint without an approver,
    a range of hosts, the same host and port twice, or when a window is closed.
    """
    raw = _read(path)
    content = _load(raw, path)
    try:
        file = _EndpointsFile.model_validate(content)
    except ValidationError as error:
        raise CollectError(
            _explain(error, content), file=path, do="Correct it; nothing was connected to"
        ) from error
    _refuse_doubles(file.endpoints, path)
    if unknown := sorted(set(only) - {endpoint.endpoint_id for endpoint in file.endpoints}):
        raise CollectError(f"has no endpoint {', '.join(unknown)}", file=path)
    chosen = tuple(endpoint for endpoint in file.endpoints if not only or endpoint.endpoint_id in only)
    authority = Authority(path, hashlib.sha256(raw).hexdigest(), chosen, file.allowed_networks, file)
    closed = [
        endpoint.endpoint_id
        for endpoint in chosen
        if endpoint.level != "none" and not authority.permits(endpoint, now)
    ]
    if closed:
        raise CollectError(
            f"the scan window is not open for {', '.join(closed)}",
            file=path,
            do="Scan within window_start and window_end, or have another window approved",
        )
    return authority


def resolve(authority: Authority) -> list[Target]:
    """Resolve every name once; the address found is the only one that is connected to.

    Raises CollectError when an address lies outside the allowed networks, or is no single host's.
    """
    targets = []
    outside = []
    for endpoint in authority.endpoints:
        if endpoint.level == "none":
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


def _refuse_doubles(endpoints: tuple[Endpoint, ...], path: Path) -> None:
    for what, keys in (
        ("endpoint_id", [endpoint.endpoint_id for endpoint in endpoints]),
        ("host and port", [f"{endpoint.host.lower()}:{endpoint.port}" for endpoint in endpoints]),
    ):
        if doubled := sorted({key for key in keys if keys.count(key) > 1}):
            raise CollectError(f"names the same {what} twice: {', '.join(doubled)}", file=path)


def _address(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _addresses(endpoint: Endpoint) -> list[Address]:
    literal = _address(endpoint.host)
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
