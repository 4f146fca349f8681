"""dcm4chee's devices in JSON, as its REST interface and its configuration export write them.

Connections mean what they mean in LDIF: suites make one of TLS. Only their settings are read, so nothing of
accounts and keys is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import Found, Listener, enabled, observations
from riskkit.readers.documents import DocumentError, load_json, refused
from riskkit.readers.items import elements
from riskkit.readers.listeners import OBSERVATIONS, host_of

_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:\[\s*)?\{")
_KEYS = (b'"dicomDeviceName"', b'"dicomNetworkConnection"')
_HERE = frozenset({"", "localhost", "127.0.0.1", "::1", "0.0.0.0"})  # noqa: S104 - names that are read
_FILES = "dcm4chee(?:-arc)?|devices?|export"


def _recognize(head: bytes, _name: str) -> bool:
    return _START.match(head) is not None and all(key in head for key in _KEYS)


@reader(
    id="dcm4chee_json",
    title="dcm4chee devices in JSON: network connections",
    version=2,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """One record per network connection of a device; offsets count them from 0."""
    try:
        document = load_json(member)
        devices = document if isinstance(document, list) else [document]
        if not all(isinstance(device, dict) for device in devices):
            raise DocumentError("json_malformed", "a device that is no object")
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found, offset = Found(), 0
    for device in devices:
        for connection in elements(device.get("dicomNetworkConnection")) or ():
            _add(found, offset, connection)
            offset += 1
    yield observations(member, host_of(member.name, _FILES), found)


def _add(found: Found, offset: int, connection: Any) -> None:
    if not isinstance(connection, dict):
        found.refused.append((offset, "bad_value", "a connection that is no object"))
        return
    more = connection.get("dcmNetworkConnection")
    more = more if isinstance(more, dict) else {}
    if connection.get("dicomInstalled") is False:
        found.ignore("not installed")
    elif "dicomPort" not in connection:
        found.ignore("a connection that only goes out")
    else:
        suites, versions = _listed(connection, "dicomTLSCipherSuite"), _listed(more, "dcmTLSProtocol")
        host, needed = connection.get("dicomHostname"), more.get("dcmTLSNeedClientAuth")
        named = host if isinstance(host, str) and host.lower() not in _HERE else ""
        found.listeners.append(
            Listener(
                offset,
                connection["dicomPort"],
                bool(suites),
                host=named,
                accepts=enabled(versions) if versions else None,
                ciphers=":".join(suites) or None,
                # dcm4che asks for a certificate unless it is told not to.
                client_auth="DISABLED" if needed is False else "REQUIRED",
                by_default=frozenset() if isinstance(needed, bool) else frozenset({"mtls"}),
            )
        )


def _listed(values: Mapping[str, Any], key: str) -> list[str]:
    found = values.get(key)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
