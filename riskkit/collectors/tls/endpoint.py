"""What endpoints.yaml may say: listeners, windows and approvals, in types that refuse the rest."""

from __future__ import annotations

import re
from datetime import date as Day  # noqa: N812 - a field is named date
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

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


class Window(_Strict):
    """When it may be scanned: from `window_start` (inclusive) to `window_end` (exclusive)."""

    window_start: AwareDatetime | None = None
    window_end: AwareDatetime | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.window_start and self.window_end and self.window_start >= self.window_end:
            raise ValueError("window_end is not after window_start")
        return self

    def holds(self, instant: datetime) -> bool:
        """Whether the window is open."""
        return (self.window_start is None or self.window_start <= instant) and (
            self.window_end is None or instant < self.window_end
        )


_AE_TITLE = re.compile(r"[\x21-\x5b\x5d-\x7e](?:[\x20-\x5b\x5d-\x7e]{0,14}[\x21-\x5b\x5d-\x7e])?")
"""PS3.5 6.2: at most 16 characters of the default repertoire, no backslash."""
_DICOM = frozenset({"dicom", "dicom-tls"})
DEVICE = re.compile(r"(?i)modality|medical")


def _title(value: str | None) -> str | None:
    if value is not None and not _AE_TITLE.fullmatch(value):
        raise ValueError("is no AE title")
    return value


def _filled(value: object) -> object:
    if value is None or (isinstance(value, str) and not value.strip()):
        raise ValueError("is empty")
    return value


Stated = Annotated[str, BeforeValidator(_filled)]
Title = Annotated[str | None, AfterValidator(_title)]


class Authorization(_Strict):
    """Who permitted the scans of an endpoints.yaml, when, and where that is written."""

    by: Stated
    date: Day
    reference: Stated


class Endpoint(Window):
    """One listener of endpoints.yaml: the columns of the `endpoints` table and a scan window."""

    endpoint_id: Stated
    system_id: str | None = None
    host: str
    port: Annotated[int, Field(ge=1, le=65535, strict=True)]
    protocol: Annotated[str, _listed("protocol")]
    ephi: bool | None = None
    vantage: Annotated[str | None, _listed("vantage")] = None
    owner: str | None = None
    approved_by: Stated
    scan_level: Annotated[str | None, _listed("scan_level")] = None
    trust: Annotated[str | None, _listed("trust")] = None
    trust_anchor: str | None = None
    fips_module: str | int | None = None
    kind: str | None = None
    owner_approval: str | None = None
    dicom_probe: Annotated[bool, Field(strict=True)] = False
    called_aet: Title = None
    calling_aet: Title = None
    client_certificate: str | None = None
    client_key: str | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Endpoint:
        if self.dicom_probe and self.protocol not in _DICOM:
            raise ValueError("dicom_probe is for protocol dicom and dicom-tls")
        if self.dicom_probe and not self.owner_agrees:
            raise ValueError("dicom_probe needs owner_approval: who, when, reference")
        if self.client_key and not self.client_certificate:
            raise ValueError("client_key without client_certificate")
        return self

    @field_validator("host")
    @classmethod
    def _one_host(cls, host: str) -> str:
        if re.search(r"[/*?,\s]", host):
            raise ValueError("names more than one host; list every listener by itself")
        if address_of(host) is None and not (_HOST_NAME.fullmatch(host) and len(host) <= _HOST_NAME_LENGTH):
            raise ValueError("is neither an address nor a host name (ranges are refused; write IDNs as xn--)")
        return host

    @property
    def level(self) -> str:
        """How deep the scan may go; where nothing is said `standard`, and `preflight` for a device."""
        return self.scan_level or ("preflight" if self.is_device else "standard")

    @property
    def steps(self) -> tuple[str, ...]:
        """What a run sends to it, in order; the deeper ones only if it speaks TLS."""
        deep = self.level in {"standard", "full"}
        return tuple(
            step
            for step, taken in (
                ("one TLS hello", not self.barred),
                ("groups of TLS 1.3", deep),
                ("sslyze with probes for flaws" if self.level == "full" else "sslyze", deep),
                ("again with its client certificate", deep and bool(self.client_certificate)),
                ("DICOM associations with C-ECHO", self.dicom_probe),
            )
            if taken and not self.barred
        )

    @property
    def is_device(self) -> bool:
        """Whether it is said to be a modality or another medical device."""
        return self.kind is not None and DEVICE.search(self.kind) is not None

    @property
    def owner_agrees(self) -> bool:
        """Whether the owner's own approval is written."""
        return bool(self.owner_approval and self.owner_approval.strip())

    @property
    def barred(self) -> str:
        """Why it must get no connection at all; empty when it may."""
        if self.level == "none":
            return "scan_level none"
        if self.is_device and not self.owner_agrees:
            return "a modality or medical device, and owner_approval is missing"
        return ""


class EndpointsFile(Window):
    """The whole file."""

    authorization: Authorization
    vantage: Annotated[str | None, _listed("vantage")] = None
    endpoints: Annotated[tuple[Endpoint, ...], Field(min_length=1)]
    allowed_networks: tuple[Network, ...] | None = None


def address_of(host: str) -> Address | None:
    """The address that a host is written as; None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
