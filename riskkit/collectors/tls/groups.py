"""The named groups of TLS 1.3 that a listener accepts, the post-quantum ones among them.

A hello without a key share makes the server choose a group by HelloRetryRequest (RFC 8446, 4.1.4). The
chosen one is left out of the next hello, until none is left that it takes. So N accepted groups cost
N + 1 connections; no handshake is completed and no certificate needed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from riskkit.collectors.tls.facts import Fact, fact
from riskkit.collectors.tls.hello import STEP_S, client_hello
from riskkit.collectors.tls.line import line

GROUPS: Mapping[str, int] = {
    "X25519MLKEM768": 0x11EC,
    "SecP256r1MLKEM768": 0x11EB,
    "SecP384r1MLKEM1024": 0x11ED,
    "X25519": 0x001D,
    "X448": 0x001E,
    "secp256r1": 0x0017,
    "secp384r1": 0x0018,
    "secp521r1": 0x0019,
}
"""Registry of TLS Supported Groups, IANA; the hybrids are those of draft-ietf-tls-ecdhe-mlkem."""

POST_QUANTUM = tuple(GROUPS)[:3]

_TLS13 = 0x0304
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random of a ServerHello that is a HelloRetryRequest (RFC 8446, 4.1.3)."""
_KEY_SHARE, _ALERT, _SERVER_HELLO = 51, 0x15, b"\x16\x02"
_HEAD, _LONGEST = 5, 512
_HANDSHAKE_FAILURE, _PROTOCOL_VERSION = 40, 70


def groups(host: str, ip: str, port: int, stopped: threading.Event | None = None) -> list[Fact]:
    """Facts `group.NAME`; what the server did not answer plainly is unknown."""
    left = dict(GROUPS)
    accepted: list[str] = []
    while left:
        answer = _answer(host, ip, port, tuple(left.values()), stopped)
        name = next((name for name, number in left.items() if number == _chosen(answer)), None)
        if name is None:
            break
        accepted.append(name)
        del left[name]
    else:
        answer = b""
    found = [fact(f"group.{name}", "accepted") for name in accepted]
    refusal = answer[_HEAD + 1] if answer[:1] == bytes([_ALERT]) and len(answer) > _HEAD + 1 else None
    if refusal in (_HANDSHAKE_FAILURE, _PROTOCOL_VERSION):
        if accepted:
            return found + [fact(f"group.{name}", "rejected") for name in left]
        # Old servers answer a hello of TLS 1.3 alone as one without a suite in common.
        return [fact(f"group.{name}", "rejected", detail="no TLS 1.3") for name in POST_QUANTUM]
    reason = "a hello of TLS 1.3 without key share got no plain answer"
    return found + [fact(f"group.{name}", "unknown", reason=reason) for name in left]


def _answer(
    host: str, ip: str, port: int, offered: tuple[int, ...], stopped: threading.Event | None
) -> bytes:
    """The first record of the answer; empty when there was none."""
    try:
        with line(ip, port, STEP_S, stopped) as connection:
            head, _ = connection.ask(client_hello(host, offered, (_TLS13,)), _HEAD)
            length = min(int.from_bytes(head[3:5]), _LONGEST)
            return head + connection.ask(b"", length)[0] if len(head) == _HEAD else b""
    except OSError:
        return b""


def _chosen(record: bytes) -> int | None:
    """The group that a HelloRetryRequest names; None for every other answer."""
    message = record[_HEAD:]
    if record[:1] + message[:1] != _SERVER_HELLO or message[6:38] != _RETRY:
        return None
    at = 39 + message[38] if len(message) > 38 else len(message)  # noqa: PLR2004 - behind the session id
    extensions = message[at + 5 :]  # suite, compression, length of the extensions
    while len(extensions) >= 4:  # noqa: PLR2004 - type and length
        kind, length = int.from_bytes(extensions[:2]), int.from_bytes(extensions[2:4])
        if kind == _KEY_SHARE:
            return int.from_bytes(extensions[4:6])
        extensions = extensions[4 + length :]
    return None
