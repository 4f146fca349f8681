"""Whether a listener answers a TLS hello at all, the first question to it.

One connection, one ClientHello, one look at what comes back; no handshake is completed and no
application data is sent. It takes milliseconds, and spares a deeper scanner from listeners that
would keep it waiting: silent ones (MLLP), slow ones, and those that speak plain DICOM or HTTP.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

from riskkit.collectors.tls.line import End, line
from riskkit.words import count

STEP_S = 2.0
"""Seconds for connecting, and again for the answer."""

Kind = Literal["tls", "plaintext", "not_tls", "refused", "timeout", "error"]

# Old suites and NULL ones too: a listener that takes only those must still be recognized as TLS.
_SUITES = bytes.fromhex(
    "130213011303c02cc030c02bc02fcca9cca8c024c028c023c027c00ac014c009c013"
    "009f009e00390033009d009c003d003c0035002f000a00050004003b0002000100ff"
)
_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019, 0x001E, 0x0100, 0x0101)
_SIGNATURES = bytes.fromhex("040305030603080708080804080508060401050106010203020103020402")
_VERSIONS = (0x0304, 0x0303, 0x0302, 0x0301)

_ALERT, _HANDSHAKE, _SERVER_HELLO = 0x15, 0x16, 0x02
_RECORD_HEAD = 6
_LARGEST_RECORD = (1 << 14) + 2048
_UPGRADED = frozenset({"ldap", "postgres", "smtp"})
"""Protocols that may turn to TLS later on the same connection (StartTLS), which is not tried here."""
_PLAIN_STARTS: tuple[tuple[bytes, str, str], ...] = (
    (b"HTTP/", "http", "answers in plain HTTP"),
    (b"<!DOCTYPE", "http", "answers in plain HTTP"),
    (b"<html", "http", "answers in plain HTTP"),
    (b"\x07\x00\x00\x00\x00\x04", "dicom", "answers with a DICOM A-ABORT in plaintext"),
    (b"\x03\x00\x00\x00\x00\x04", "dicom", "answers with a DICOM A-ASSOCIATE-RJ in plaintext"),
    (b"\x0b", "hl7", "answers with a plain MLLP frame"),
    (b"SSH-", "ssh", "answers in plain text (SSH)"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener made of a TLS hello, in words that name no data it sent."""

    kind: Kind
    reason: str
    source_ip: str = ""
    said: str = ""
    """The fact `answer`; empty without a connection."""
    inferred: bool = False
    """Whether `kind` is what usually follows from such an answer, rather than shown by it."""


def client_hello(host: str, groups: Sequence[int] = _GROUPS, versions: Sequence[int] = _VERSIONS) -> bytes:
    """A ClientHello (RFC 8446, 4.1.2); without a key share, no key exchange begins."""
    name = b"" if _is_address(host) else host.rstrip(".").encode()
    extensions = b"".join(
        (
            _extension(0, _vector(b"\x00" + _vector(name, 2), 2)) if name else b"",
            _extension(10, _vector(_numbers(groups), 2)),
            _extension(11, _vector(b"\x00", 1)),
            _extension(13, _vector(_SIGNATURES, 2)),
            _extension(43, _vector(_numbers(versions), 1)),
            _extension(51, _vector(b"", 2)),
        )
    )
    body = (
        b"\x03\x03"
        + os.urandom(32)
        + _vector(os.urandom(32), 1)
        + _vector(_SUITES, 2)
        + _vector(b"\x00", 1)
        + _vector(extensions, 2)
    )
    return b"\x16\x03\x01" + _vector(b"\x01" + struct.pack(">I", len(body))[1:] + body, 2)


def preflight(host: str, ip: str, port: int, protocol: str, stopped: threading.Event | None = None) -> Answer:
    """Connect to the pinned address, say a TLS hello and judge the answer; never waits over 2 x `STEP_S`."""
    try:
        with line(ip, port, STEP_S, stopped) as connection:
            source_ip = connection.source_ip
            connection.again(STEP_S)
            answer, ended = connection.ask(client_hello(host), _RECORD_HEAD)
    except ConnectionRefusedError:
        return Answer("refused", "refuses the connection")
    except TimeoutError:
        return Answer("timeout", f"no connection within {STEP_S:g} s")
    except OSError as error:
        return Answer("error", f"cannot be connected to ({error.strerror or type(error).__name__})")
    kind, said, reason = _judge(answer, ended)
    if kind == "plaintext" and protocol in _UPGRADED:
        return Answer("not_tls", f"{reason}; StartTLS of {protocol} is not tried", source_ip, said)
    if said == "resets" and protocol == "dicom":
        reason = "resets the connection on a TLS hello, as listeners of plain DICOM do"
        return Answer("plaintext", reason, source_ip, said, inferred=True)
    return Answer(kind, reason, source_ip, said)


def connects(ip: str, port: int, stopped: threading.Event | None = None) -> bool:
    """Whether a connection can still be made; used after a scan that went wrong."""
    try:
        with line(ip, port, STEP_S, stopped):
            return True
    except OSError:
        return False


def _judge(answer: bytes, ended: End) -> tuple[Kind, str, str]:
    if _is_tls(answer):
        alert = answer[0] == _ALERT
        return "tls", "tls", "answers a TLS hello with an alert" if alert else "answers a TLS hello"
    for start, said, reason in _PLAIN_STARTS:
        if answer.startswith(start):
            return "plaintext", said, reason
    if len(answer) >= _RECORD_HEAD or not _may_become_tls(answer):
        return "plaintext", "other", "answers, but not with TLS"
    if answer:
        reason = f"sent {count(len(answer), 'byte')} in {STEP_S:g} s: too slow to tell what it speaks"
        return "timeout", "slow", reason
    said, how = {
        "open": ("silent", f"is silent for {STEP_S:g} s"),
        "closed": ("closes", "closes the connection"),
        "reset": ("resets", "resets the connection"),
    }[ended]
    return "not_tls", said, f"{how} on a TLS hello"


def _is_tls(answer: bytes) -> bool:
    """A record of an alert or of a ServerHello (RFC 8446, 5.1)."""
    if len(answer) < _RECORD_HEAD or not _may_become_tls(answer):
        return False
    length = int.from_bytes(answer[3:5])
    if answer[0] == _ALERT:
        return length == 2  # noqa: PLR2004 - level and description
    return 0 < length <= _LARGEST_RECORD and answer[5] == _SERVER_HELLO


def _may_become_tls(answer: bytes) -> bool:
    return (
        answer[:1] in (b"", bytes([_ALERT]), bytes([_HANDSHAKE]))
        and answer[1:2] in (b"", b"\x03")
        and answer[2:3] in (b"", b"\x00", b"\x01", b"\x02", b"\x03", b"\x04")
    )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _numbers(values: Sequence[int]) -> bytes:
    return b"".join(value.to_bytes(2) for value in values)


def _vector(content: bytes, length_bytes: int) -> bytes:
    return len(content).to_bytes(length_bytes) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(content, 2)
