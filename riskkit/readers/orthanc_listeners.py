"""Orthanc's configuration (`orthanc.json`, comments and all): its DICOM and its web listener.

Written for Orthanc 1.5.8 and later, by its documented options. Options may lie in several files and in
the environment: what a file leaves at its default is of low confidence. Which versions the default
profile of DICOM TLS accepts depends on the release and is not assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from riskkit.declare import reader
from riskkit.model import Batch, Context, Member
from riskkit.readers.configured import BY_DEFAULT, Accepts, Found, Listener, at_least, observations
from riskkit.readers.documents import DocumentError, load_json, refused, without_comments
from riskkit.readers.listeners import OBSERVATIONS, VERSIONS, host_of

_KEYS = re.compile(
    rb'"(DicomAet|DicomPort|DicomServerEnabled|DicomTls\w+|HttpPort|HttpServerEnabled|Ssl\w+|OrthancPeers'
    rb'|DicomModalities|StorageDirectory|IndexDirectory|RemoteAccessAllowed|RegisteredUsers|DicomCheckCalledAet)"\s*:'
)
_ENOUGH = 2
_FILES = "orthanc|configuration|config"
_HTTP_LOWEST = dict(enumerate(VERSIONS))
_DICOM_LOWEST = {1: "ssl3_0", 2: "tls1_0", 3: "tls1_1", 4: "tls1_2", 5: "tls1_3"}
_HTTP_DEFAULT = 4
_STRANGERS = ("DicomAlwaysAllowEcho", "DicomAlwaysAllowStore")
_STRANGERS_TOO = (
    "DicomAlwaysAllowFind", "DicomAlwaysAllowFindWorklist", "DicomAlwaysAllowGet", "DicomAlwaysAllowMove",
)  # fmt: skip
"""What a caller may do that is no known modality: allowed by default, and forbidden by default."""

_VARIABLE = "the value is no yes or no, such as a variable"


def _recognize(head: bytes, _name: str) -> bool:
    plain = without_comments(head.removeprefix(b"\xef\xbb\xbf")).lstrip()
    return plain.startswith(b"{") and len(set(_KEYS.findall(plain))) >= _ENOUGH


@reader(
    id="orthanc_listeners",
    title="Orthanc configuration: DICOM and web listener",
    version=2,
    tables=("channel_observations",),
    recognize=_recognize,
    offset_unit="item",
)
def read(member: Member, _context: Context) -> Iterator[Batch]:
    """Two records: the DICOM listener (offset 0) and the web listener (1), where the file tells of them."""
    try:
        document = load_json(member, comments=True)
        if not isinstance(document, dict):
            raise DocumentError("json_malformed", "not an object")
    except DocumentError as error:
        yield refused(OBSERVATIONS.name, error, member)
        return
    found = Found()
    for offset, (enabled, keys, made) in enumerate(
        (
            ("DicomServerEnabled", ("DicomPort", "DicomTls"), _dicom),
            ("HttpServerEnabled", ("HttpPort", "Ssl"), _web),
        )
    ):
        if document.get(enabled) is False:
            found.ignore("switched off")
        elif any(key.startswith(keys) for key in document):
            found.listeners.append(made(offset, document))
        else:
            found.ignore("not in this file")
    yield observations(member, host_of(member.name, _FILES), found)


def _dicom(offset: int, document: Mapping[str, Any]) -> Listener:
    lowest = document.get("DicomTlsMinimumProtocolVersion")
    named = _DICOM_LOWEST.get(lowest) if type(lowest) is int else None
    required = document.get("DicomTlsRemoteCertificateRequired", True)
    return Listener(
        offset,
        document.get("DicomPort", 4242),
        _switch(document, "DicomTlsEnabled"),
        accepts=at_least(named) if named else None,
        ciphers=_joined(document.get("DicomTlsCiphersAccepted")),
        client_auth={True: "REQUIRED", False: "DISABLED"}.get(required)
        if isinstance(required, bool)
        else None,
        any_aet=_any_aet(document),
        untold=BY_DEFAULT if isinstance(document.get("DicomTlsEnabled", False), bool) else _VARIABLE,
        by_default=_defaults(
            document,
            dicom=_STRANGERS,
            connectivity=("DicomTlsEnabled", "DicomPort"),
            mtls=("DicomTlsRemoteCertificateRequired",),
        ),
    )


def _any_aet(document: Mapping[str, Any]) -> str | None:
    """Whether a caller that is no known modality may do anything: echo and store are the default."""
    allowed = [document.get(option, True) for option in _STRANGERS]
    allowed += [document.get(option, False) for option in _STRANGERS_TOO]
    if True in allowed:
        return "yes"
    return "no" if all(isinstance(one, bool) for one in allowed) else None


def _switch(document: Mapping[str, Any], name: str) -> bool | None:
    """An option that is off by default; None for a value that is neither yes nor no."""
    value = document.get(name, False)
    return value if isinstance(value, bool) else None


def _web(offset: int, document: Mapping[str, Any]) -> Listener:
    verifies = _switch(document, "SslVerifyPeers")
    lowest = document.get("SslMinimumProtocolVersion", _HTTP_DEFAULT)
    accepts: Accepts | None = (
        at_least(_HTTP_LOWEST[lowest]) if type(lowest) is int and lowest in _HTTP_LOWEST else None
    )
    return Listener(
        offset,
        document.get("HttpPort", 8042),
        _switch(document, "SslEnabled"),
        accepts=accepts,
        ciphers=_joined(document.get("SslCiphersAccepted")),
        client_auth={True: "REQUIRED", False: "DISABLED"}.get(verifies) if verifies is not None else None,
        detail="" if document.get("RemoteAccessAllowed") is not False else "reachable from this host alone",
        untold=BY_DEFAULT if isinstance(document.get("SslEnabled", False), bool) else _VARIABLE,
        by_default=_defaults(
            document,
            connectivity=("SslEnabled", "HttpPort"),
            protocol=("SslMinimumProtocolVersion",),
            mtls=("SslVerifyPeers",),
        ),
    )


def _defaults(document: Mapping[str, Any], **keys: tuple[str, ...]) -> frozenset[str]:
    """The facts of which an option is not in the file."""
    return frozenset(fact for fact, options in keys.items() if any(one not in document for one in options))


def _joined(value: object) -> str | None:
    names = [name for name in value if isinstance(name, str)] if isinstance(value, list) else []
    return ":".join(names) or None
