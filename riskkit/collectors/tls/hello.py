"""Whether a listener answers a TLS hello at all, the first question to it.

One connection, one ClientHello, one look at what comes back; no handshake is completed and no
application data is sent. It takes milliseconds, and spares a deeper scanner from listeners that
would keep it waiting: silent ones (MLLP), slow ones, and those that speak plain DICOM or HTTP.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal

STEP_S = 2.0
"""Seconds for connecting, and again for the answer."""

Kind = Literal["tls", "plaintext", "not_tls", "refused", "timeout", "error"]

# Old suites and NULL ones too: a listener that takes only those must still be recognized as TLS.
_SUITES = bytes.fromhex(
    "130213011303c02cc030c02bc02fcca9cca8c024c028c023c027c00ac014c009c013"
    "009f009e00390033009d009c003d003c0035002f000a00050004003b0002000100ff"
)
_GROUPS = bytes.fromhex("001d001700180019001e01000101")
_SIGNATURES = bytes.fromhex("040305030603080708080804080508060401050106010203020103020402")
_VERSIONS = bytes.fromhex("0304030303020301")

_ALERT, _HANDSHAKE, _SERVER_HELLO = 0x15, 0x16, 0x02
_RECORD_HEAD = 6
_LARGEST_RECORD = (1 << 14) + 2048
_UPGRADED = frozenset({"ldap", "postgres", "smtp"})
"""Protocols that may turn to TLS later on the same connection (StartTLS), which is not tried here."""
_PLAIN_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"HTTP/", "answers in plain HTTP"),
    (b"<!DOCTYPE", "answers in plain HTTP"),
    (b"<html", "answers in plain HTTP"),
    (b"\x07\x00\x00\x00\x00\x04", "answers with a DICOM A-ABORT in plaintext"),
    (b"\x03\x00\x00\x00\x00\x04", "answers with a DICOM A-ASSOCIATE-RJ in plaintext"),
    (b"\x0b", "answers with a plain MLLP frame"),
    (b"SSH-", "answers in plain text (SSH)"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener made of a TLS hello, in words that name no data it sent."""

    kind: Kind
    reason: str
    source_ip: str = ""


def client_hello(host: str) -> bytes:
    """A ClientHello for TLS 1.0 to 1.3 (RFC 8446, 4.1.2); without a key share, no key exchange begins."""
    name = b"" if _is_address(host) else host.rstrip(".").encode()
    extensions = b"".join(
        (
            _extension(0, _vector(b"\x00" + _vector(name, 2), 2)) if name else b"",
            _extension(10, _vector(_GROUPS, 2)),
            _extension(11, _vector(b"\x00", 1)),
            _extension(13, _vector(_SIGNATURES, 2)),
            _extension(43, _vector(_VERSIONS, 1)),
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


def preflight(host: str, ip: str, port: int, protocol: str) -> Answer:
    """Connect to the pinned address, say a TLS hello and judge the answer; never waits over 2 x `STEP_S`."""
    try:
        connection = socket.create_connection((ip, port), timeout=STEP_S)
    except ConnectionRefusedError:
        return Answer("refused", "refuses the connection")
    except TimeoutError:
        return Answer("timeout", f"no connection within {STEP_S:g} s")
    except OSError as error:
        return Answer("error", f"cannot be connected to ({error.strerror or type(error).__name__})")
    with connection:
        source_ip = str(connection.getsockname()[0])
        answer, ended = _ask(connection, client_hello(host))
    kind, reason = _judge(answer, ended, protocol)
    if kind == "plaintext" and protocol in _UPGRADED:
        kind, reason = "not_tls", f"{reason}; StartTLS of {protocol} is not tried in this version"
    return Answer(kind, reason, source_ip)


def connects(ip: str, port: int) -> bool:
    """Whether a connection can still be made; used after a scan that went wrong."""
    try:
        socket.create_connection((ip, port), timeout=STEP_S).close()
    except OSError:
        return False
    return True


def _ask(connection: socket.socket, hello: bytes) -> tuple[bytes, Literal["open", "closed", "reset"]]:
    """The first bytes of the answer and how it ended; the deadline holds for all of them together."""
    deadline = time.monotonic() + STEP_S
    answer = b""
    try:
        connection.sendall(hello)
        while len(answer) < _RECORD_HEAD and (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            piece = connection.recv(64)
            if not piece:
                return answer, "closed"
            answer += piece
    except TimeoutError:
        pass
    except OSError:
        # The bytes that came before the reset may still wait.
        with contextlib.suppress(OSError):
            answer += connection.recv(64)
        return answer, "reset"
    return answer, "open"


def _judge(answer: bytes, ended: str, protocol: str) -> tuple[Kind, str]:
    if _is_tls(answer):
        alert = answer[0] == _ALERT
        return "tls", "answers a TLS hello with an alert" if alert else "answers a TLS hello"
    plain = next((reason for start, reason in _PLAIN_STARTS if answer.startswith(start)), "")
    if plain or len(answer) >= _RECORD_HEAD or not _may_become_tls(answer):
        return "plaintext", plain or "answers, but not with TLS"
    if answer:
        return "timeout", f"sent {len(answer)} byte(s) in {STEP_S:g} s: too slow to tell what it speaks"
    if ended == "reset" and protocol == "dicom":
        return "plaintext", "resets the connection on a TLS hello, as listeners of plain DICOM do"
    how = {
        "open": f"is silent for {STEP_S:g} s",
        "closed": "closes the connection",
        "reset": "resets the connection",
    }
    return "not_tls", f"{how[ended]} on a TLS hello"


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


def _vector(content: bytes, length_bytes: int) -> bytes:
    return len(content).to_bytes(length_bytes) + content


def _extension(number: int, content: bytes) -> bytes:
    return number.to_bytes(2) + _vector(content, 2)
